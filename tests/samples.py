"""One sound message for each report kind; numbers of persons begin with 9999 and belong to nobody."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.hospital import Hospital

# The hospitals of the tests are in Jakarta, wherever the tests run.
TODAY = datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat()

MESSAGES: dict[str, dict[str, Any]] = {
    "tempat_tidur": {"id_tt": "3", "ruang": "Irina A atas", "jumlah_ruang": "3", "jumlah": "7", "terpakai": "3"},
    "sdm": {"id_kebutuhan": "26", "jumlah_eksisting": "154", "jumlah": "3", "jumlah_diterima": "1"},
    "apd": {"id_kebutuhan": "1", "jumlah_eksisting": "150", "jumlah": "30", "jumlah_diterima": "1"},
    "pcr_nakes": {"tanggal": "2021-07-21", "jumlah_tenaga_perawat": "10", "sudah_periksa_perawat": "4"},
    "nakes_terinfeksi": {"tanggal": "2021-07-21", "perawat": "8", "perawat_dirawat": "1"},
    "oksigen": {"tanggal": "2021-07-01", "p_cair": "120", "k_isi_tabung_sedang": "8999.09"},
    "shk": {
        "nik_ibu": "9999000000000011",
        "nama_ibu": "Ibu Contoh",
        "nama_anak": "By Ny Contoh",
        "tgllahir": "2022-11-25",
        "gender": "Laki-Laki",
        "alamat": "Jalan Contoh 1",
        "provinsi": "34",
        "kabkota": "3404",
        "kecamatan": "DEPOK",
        "tgl_ambil_sampel": "2022-11-27",
        "tgl_kirim_sampel": "2022-11-28",
        "tgl_lapor": "2022-11-29",
    },
    "shk_hasil": {
        "jenis_pemeriksaan": "1",
        "hasil_pemeriksaan": "1",
        "tgl_periksa": "2022-12-16",
        "tgl_hasil": "2023-01-02",
        "layak_sampel": "2",
    },
    "antrian": {
        "kodebooking": "CONTOH-0001",
        "jenispasien": "JKN",
        "kodepoli": "INT",
        "tanggalperiksa": TODAY,
        "norm": "RM-CONTOH-1",
    },
    "antrian_task": {"kodebooking": "CONTOH-0001", "taskid": 3, "waktu": 1_712_023_200_000},
}

FILTERS: dict[str, dict[str, Any]] = {
    "pcr_nakes": {"tanggal": "2021-07-21"},
    "nakes_terinfeksi": {"tanggal": "2021-07-21"},
    "oksigen": {"tanggal": "2021-07-01"},
    "antrian": {"tanggal": TODAY},
    "antrian_task": {"kodebooking": "CONTOH-0001"},
}
"""What a GET must ask for to see the message above."""

PARENTS = {"shk_hasil": "shk", "antrian_task": "antrian"}


async def stored(hospital: Hospital, name: str, path: str) -> dict[str, Any]:
    """Store the message of a kind, its parent's first; the message with the number that the service gave."""
    from rsonline.reports import named

    message = dict(MESSAGES[name])
    if name in PARENTS:
        parent = named(PARENTS[name])
        kept = await stored(hospital, parent.name, parent.path)
        if name == "shk_hasil":
            message["id_shk"] = kept["id_shk"]
    answer = await hospital.send("POST", path, message)
    assert answer.status_code == 200, answer.text
    (elements,) = answer.json().values()
    numbers = {k: v for k, v in elements[0].items() if k.startswith("id_")}
    return {**message, **numbers}
