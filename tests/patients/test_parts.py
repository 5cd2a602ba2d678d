"""Parts of a patient's report, discharge, correction and withdrawal (pasien-covid 2.4, 3, 8.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.databases import journal, rows
from tests.hospital import Hospital, Service
from tests.patients.api import REPORT, Client, client_of, nik, report
from tests.patients.schemas import PARTS, good

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHOWN: dict[str, dict[str, Any]] = {
    "komorbid": {"icd": "E11", "icd10Description": "Type 2 diabetes mellitus"},
    "terapi": {
        "terapi": {"terapiId": 5, "terapiNama": "Deksametason inj 5 mg/mL (entri lokal)"},
        "jumlah": 2.5,
    },
    "vaksinasi": {
        "dosisVaksin": {"id": 1, "Nama": "Vaksinasi ke-1"},
        "jenisVaksin": {"id": 1, "nama": "Lainnya (entri lokal)"},
    },
    "pemeriksaanlab": {
        "jenisPemeriksaanLab": {"jenisPemeriksaanLabId": 1, "jenisPemeriksaanLabNama": "PCR (entri lokal)"},
        "hasilPemeriksaanLab": {"hasilPemeriksaanLabId": 1, "hasilPemeriksaanLabNama": "Positif"},
        "tanggalHasilPemeriksaanLab": "2026-02-01",
    },
}
LEAVE = {
    "tanggalKeluar": "2026-02-10",
    "statusKeluarId": 1,
    "penyebabKematianId": None,
    "penyebabKematianLangsungId": None,
    "statusPasienSaatMeninggalId": None,
    "komorbidCoInsidenId": None,
}


@pytest_asyncio.fixture(loop_scope="session")
async def client(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    return await client_of(hospital)


async def attach(client: Client, part: str, number: int, **more: object) -> int:
    """Add a part; its number."""
    answer = await client.send("POST", f"{REPORT}{part}", good(PARTS[part], laporanCovid19Versi3Id=number, **more))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["data"]["id"])


async def leave(client: Client, number: int, **more: object) -> Any:
    """Discharge a patient."""
    return await client.send("POST", f"{REPORT}statuskeluar", {**LEAVE, "laporanCovid19Versi3Id": number, **more})


@pytest.mark.parametrize("part", SHOWN)
async def test_a_part_is_kept_and_shown_in_its_own_spelling(client: Client, part: str) -> None:
    number = await client.admit(noRM="RM-CONTOH-7")
    made = await attach(client, part, number)
    shown = {"id": made, "laporanCovid19Versi3Id": number, "noRM": "RM-CONTOH-7", **SHOWN[part]}
    listed = (await client.send("GET", f"{REPORT}{part}")).json()
    assert (listed["message"], listed["data"]) == ("data found", [shown])
    assert listed["pagination"] == {"total_number_of_pages": 1, "current_page": 1}
    assert (await client.send("GET", f"{REPORT}{part}/{made}")).json()["data"] == shown


@pytest.mark.parametrize("part", [*SHOWN, "diagnosa"])
async def test_a_part_is_found_by_medical_record_number_changed_and_withdrawn(client: Client, part: str) -> None:
    one, two = await client.admit(noRM="RM-1"), await client.admit(noRM="RM-2")
    mine, other = await attach(client, part, one), await attach(client, part, two)
    found = (await client.send("GET", f"{REPORT}{part}?noRM=RM-2")).json()["data"]
    assert [item["id"] for item in found] == [other]
    body = good(PARTS[part][1:])
    changed = await client.send("PATCH", f"{REPORT}{part}/{mine}", body)
    assert (changed.status_code, changed.json()["data"]) == (200, {"id": str(mine)})
    named = await client.send("PATCH", f"{REPORT}{part}/{mine}", body | {"laporanCovid19Versi3Id": one})
    assert named.json()["message"] == '"laporanCovid19Versi3Id" is not allowed'
    gone = await client.send("DELETE", f"{REPORT}{part}/{mine}")
    assert (gone.status_code, gone.json()) == (200, {"status": True, "message": "data deleted successfully"})
    for method in ("PATCH", "DELETE"):
        again = await client.send(method, f"{REPORT}{part}/{mine}", body if method == "PATCH" else None)
        assert (again.status_code, again.json()["message"]) == (404, "data not found")
    lines = [x for x in journal(client.hospital.service.database, client.hospital.code) if x["object"].endswith(part)]
    assert [x["verb"] for x in lines if x["key"] == f"[{mine}]" and x["verb"] != "view"] == ["add", "replace", "remove"]


async def test_lists_show_patients_in_care_and_details_any(client: Client) -> None:
    number = await client.admit()
    part = await attach(client, "terapi", number)
    assert (await leave(client, number)).status_code == 201
    assert (await client.send("GET", f"{REPORT}terapi")).json()["data"] == []
    assert (await client.send("GET", f"{REPORT}terapi/{part}")).json()["data"]["id"] == part
    # A discharged parent still takes parts.
    assert await attach(client, "komorbid", number)


async def test_lists_have_the_order_of_the_service(client: Client) -> None:
    number = await client.admit()
    second = await attach(client, "diagnosa", number, diagnosaLevelId=2, diagnosaId="J18")
    first = await attach(client, "diagnosa", number)
    listed = (await client.send("GET", f"{REPORT}diagnosa")).json()["data"]
    assert [item["id"] for item in listed] == [first, second]
    remdesivir = await attach(client, "terapi", number, terapiId=1)
    azitromisin = await attach(client, "terapi", number, terapiId=4)
    listed = (await client.send("GET", f"{REPORT}terapi?limit=1")).json()
    assert [item["id"] for item in listed["data"]] == [azitromisin]
    listed = (await client.send("GET", f"{REPORT}terapi?limit=1&page=2")).json()
    assert [item["id"] for item in listed["data"]] == [remdesivir]


async def test_a_patch_replaces_all_and_who_was_discharged_stays_so(client: Client) -> None:
    person = nik()
    number = await client.admit(nik=person, namaInisialPasien="AA")
    changed = await client.send("PATCH", f"{REPORT}/{number}", report(nik=person, namaInisialPasien="BB"))
    assert changed.json() == {"status": True, "message": "data updated successfully", "data": {"id": str(number)}}
    assert (await client.send("GET", f"{REPORT}/{number}")).json()["data"]["namaInisialPasien"] == "BB"
    other = await client.admit()
    taken = await client.send("PATCH", f"{REPORT}/{other}", report(nik=person))
    assert taken.json()["message"] == "Pasien dengan NIK tersebut masih dalam perawatan"
    assert (await leave(client, number)).status_code == 201
    again = await client.send("PATCH", f"{REPORT}/{number}", report(nik=person, namaInisialPasien="CC"))
    assert again.status_code == 200
    assert (await client.send("GET", f"{REPORT}/{number}")).json()["data"] is None
    assert await client.admit(nik=person)


async def test_a_foreigner_is_known_by_the_passport(client: Client) -> None:
    number = nik()
    one = await client.admit(kewarganegaraanId="SG", noPassport="X-1", nik=number)
    refused = await client.send("POST", REPORT, report(kewarganegaraanId="MY", noPassport="X-1"))
    assert refused.json()["message"] == "Pasien dengan NIK tersebut masih dalam perawatan"
    # The text in `nik` is not this person's identity, before and after a PATCH.
    patched = await client.send(
        "PATCH", f"{REPORT}/{one}", report(kewarganegaraanId="SG", noPassport="X-1", nik=number)
    )
    assert patched.status_code == 200
    assert await client.admit(nik=number)


async def test_placeholders_are_not_one_person(client: Client) -> None:
    assert await client.admit(nik="0000000000000000") != await client.admit(nik="0000000000000000")


async def test_a_discharge_keeps_causes_only_of_the_dead_and_the_last_one_wins(client: Client) -> None:
    number = await client.admit()
    causes = {"penyebabKematianId": 1, "penyebabKematianLangsungId": "J80", "statusPasienSaatMeninggalId": 3}
    database = client.hospital.service.database

    def kept() -> list[Any]:
        columns = ["statusKeluarId", "penyebabKematianId", "penyebabKematianLangsungId", "statusPasienSaatMeninggalId"]
        query = f"SELECT {', '.join(chr(34) + c + chr(34) for c in columns)} FROM pasien_covid"
        (row,) = rows(
            database, f'{query} WHERE "laporanCovid19Versi3Id" = :n AND kode_rs = :c', n=number, c=client.hospital.code
        )
        return [row[c] for c in columns]

    assert (await leave(client, number, **causes)).status_code == 201
    assert kept() == [1, None, None, None]
    assert (await leave(client, number, **causes, statusKeluarId="2")).status_code == 201
    assert kept() == [2, 1, "J80", 3]


@pytest.mark.parametrize("number", [1.5, "1.5", 0, -1, 2**53 - 1])
async def test_what_is_the_number_of_nobody_is_told_so(client: Client, number: object) -> None:
    await client.admit()
    left = await client.send("POST", f"{REPORT}statuskeluar", {**LEAVE, "laporanCovid19Versi3Id": number})
    assert (left.status_code, left.json()) == (404, {"status": False, "message": "data not found"})
    for part in PARTS:
        if part == "statuskeluar":
            continue
        body = good(PARTS[part], laporanCovid19Versi3Id=number)
        refused = await client.send("POST", f"{REPORT}{part}", body)
        assert (refused.status_code, refused.json()["message"]) == (422, "laporanCovid19Versi3Id tidak ditemukan")


async def test_nobody_leaves_into_care(client: Client) -> None:
    number = await client.admit()
    for status in (0, "0"):
        refused = await leave(client, number, statusKeluarId=status)
        told = (422, "statusKeluarId tidak ada dalam daftar referensi")
        assert (refused.status_code, refused.json()["message"]) == told
    assert (await client.send("GET", f"{REPORT}/{number}")).json()["message"] == "data found"


async def test_a_discharge_has_a_sensible_day(client: Client) -> None:
    number = await client.admit(tanggalMasuk="2026-02-05")
    tomorrow = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()
    for day, message in (
        ("2026-02-04", "tanggalKeluar tidak diijinkan mendahului tanggalMasuk"),
        (tomorrow, "tanggalKeluar tidak diijinkan melebihi tanggal hari ini"),
        ("0000-00-00", "tanggalKeluar harus tanggal yang ada, YYYY-MM-DD"),
    ):
        refused = await leave(client, number, tanggalKeluar=day)
        assert (refused.status_code, refused.json()["message"]) == (422, message)
    assert (await client.send("GET", f"{REPORT}/{number}")).json()["message"] == "data found"


async def test_a_report_that_was_wrong_is_withdrawn_with_its_parts_and_stays_in_the_journal(client: Client) -> None:
    person = nik()
    number = await client.admit(nik=person)
    part = await attach(client, "komorbid", number)
    assert (await client.send("DELETE", f"{REPORT}/{number}")).json()["message"] == "data deleted successfully"
    assert (await client.send("GET", f"{REPORT}/{number}")).json()["data"] is None
    assert (await client.send("GET", f"{REPORT}komorbid/{part}")).json()["data"] is None
    assert await client.admit(nik=person) != number
    removed = [x for x in journal(client.hospital.service.database, client.hospital.code) if x["verb"] == "remove"]
    assert [x["object"] for x in removed] == ["pasien_covid", "pasien_komorbid"]
    assert person in removed[0]["old"]


@pytest.mark.parametrize(
    ("born", "group"), [("2026-01-01", 1), ("2015-01-01", 2), ("1990-01-31", 4), ("1926-06-01", 9), ("1901-01-01", 10)]
)
async def test_what_follows_from_a_report_is_worked_out(client: Client, born: str, group: int) -> None:
    number = await client.admit(tanggalLahir=born, kelompokGejalaId=4, alatOksigenId=4, statusRawatId=24)
    (row,) = rows(
        client.hospital.service.database,
        'SELECT "kelompokUmurId", "kelompokWargaId", "severityLevelId", "terapiOksigenId", "saturasiOksigen"'
        ' FROM pasien_covid WHERE kode_rs = :c AND "laporanCovid19Versi3Id" = :n',
        c=client.hospital.code,
        n=number,
    )
    assert list(row.values()) == [group, 1, 3, 1, "< 93"]


async def test_a_report_is_shown_in_the_shape_that_clients_read(client: Client) -> None:
    number = await client.admit(noRM="RM-9", email="x@contoh.test", jenisKelaminId="P")
    await attach(client, "komorbid", number)
    shown = (await client.send("GET", f"{REPORT}?noRM=RM-9")).json()["data"][0]
    assert list(shown) == [
        *("id", "noRM", "namaInisialPasien", "tanggalLahir", "jenisKelamin", "email", "domisiliAlamat", "noTelp"),
        *("tanggalMasuk", "pekerjaan", "jenisPasien", "varianCovid", "statusPasien", "statusKomorbid"),
        *("statusCoInsiden", "statusRawat", "alatOksigen", "saturasiOksigen", "terapiOksigen", "penyintas"),
        *("tanggalLapor", "kelompokGejala", "gejala"),
    ]
    assert shown["jenisKelamin"] == {"id": "P", "nama": "Perempuan"}
    assert shown["domisiliAlamat"]["kecamatan"]["id"] == 320710
    assert shown["domisiliAlamat"]["provinsi"] == {"id": 32, "nama": "Jawa Barat"}
    assert shown["alatOksigen"] == {"id": None, "nama": None}
    assert shown["statusKomorbid"] == {"id": 1, "nama": "ya"}
    assert shown["statusRawat"] == {"id": 29, "nama": "Isolasi Tanpa Tekanan Negatif"}
    said = datetime.strptime(shown["tanggalLapor"], "%Y-%m-%d %H:%M:%S")
    assert abs(said - (datetime.now(UTC) + timedelta(hours=7)).replace(tzinfo=None)) < timedelta(minutes=1)
    assert (await client.send("GET", f"{REPORT}?noRM=RM-8")).json()["data"] == []
    assert len((await client.send("GET", f"{REPORT}?noRM=")).json()["data"]) == 1


async def test_every_view_of_a_patient_leaves_a_line(client: Client, service: Service) -> None:
    number = await client.admit()
    await attach(client, "diagnosa", number)
    before = len(journal(service.database, client.hospital.code))
    for path in (REPORT, f"{REPORT}/{number}", f"{REPORT}diagnosa"):
        assert (await client.send("GET", path)).status_code == 200
    lines = journal(service.database, client.hospital.code)[before:]
    assert [(x["object"], x["verb"]) for x in lines] == [
        ("pasien_covid", "view"),
        ("pasien_covid", "view"),
        ("pasien_diagnosa", "view"),
    ]
    assert len({x["person1"] for x in lines}) == 1
    assert lines[0]["person1"]
    assert lines[0]["account"].startswith(f"{client.hospital.code}/akun")


async def test_the_same_key_is_carried_out_once_and_leaves_a_receipt(client: Client) -> None:
    body, headers = report(), {"Idempotency-Key": "kunci-1"}
    one = await client.send("POST", REPORT, body, headers=headers)
    two = await client.send("POST", REPORT, body, headers=headers)
    assert (one.status_code, one.content) == (two.status_code, two.content)
    assert one.headers["x-rsonline-receipt"] == two.headers["x-rsonline-receipt"]
    assert two.headers["idempotent-replayed"] == "true"
    other = await client.send("POST", REPORT, report(), headers=headers)
    assert other.status_code == 422
