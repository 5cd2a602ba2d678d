"""An address for each page, so that no page goes unvisited. A page without one fails the tests."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx

from rsonline.reports import ANTRIAN, KEMATIAN, PASIEN_COVID, SHK, TEMPAT_TIDUR
from rsonline.store import audit, calls, people, reads, sessions
from rsonline.store.engines import transaction
from rsonline.web.bookings import handle
from tests.web.site import CODE, Site


def today() -> str:
    """The local day of the tests' hospital."""
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


def receipt(site: Site, role: str) -> str:
    """The receipt of a report of the hospital."""
    with transaction(site.database) as access:
        lines = list(audit.lines(access, code=CODE))
    return f"/resi/{next(line['seq'] for line in lines if line['object'] == 'oksigen')}"


def booking(site: Site, role: str) -> str:
    """One booking of today."""
    with transaction(site.database) as access:
        rows = reads.having(CODE, ANTRIAN, {"tanggalperiksa": date.fromisoformat(today())})(access)
    return f"/antrian/{today()}/{handle(rows[0])}"


def sample(site: Site, role: str) -> str:
    """One newborn's sample."""
    with transaction(site.database) as access:
        rows, _ = reads.newest(CODE, SHK, 0, 1)(access)
    return f"/shk/{rows[0]['id_shk']}"


def patient(site: Site, role: str) -> str:
    """One COVID-19 patient."""
    with transaction(site.database) as access:
        rows, _ = reads.newest(CODE, PASIEN_COVID, 0, 1)(access)
    return f"/pasien/{rows[0]['laporanCovid19Versi3Id']}"


def death(site: Site, role: str) -> str:
    """One death report."""
    with transaction(site.database) as access:
        rows, _ = reads.newest(CODE, KEMATIAN, 0, 1)(access)
    return f"/kematian/{rows[0]['id']}"


def removal(site: Site, role: str) -> str:
    """The page that asks whether a room shall go."""
    with transaction(site.database) as access:
        rows = reads.having(CODE, TEMPAT_TIDUR, {}, ("id_t_tt",))(access)
    return f"/tempat-tidur/{rows[0]['id_t_tt']}/hapus"


def checked_sheet(site: Site, role: str) -> str:
    """The page that shows what a file of this person holds."""
    with transaction(site.database) as access:
        person = people.find(access, site.people[role].user_name)
        assert person is not None
        token = sessions.open(access, person, datetime.now(UTC), second=True)
    csrf = hashlib.sha256(f"form:{token}".encode()).hexdigest()[:32]
    text = f"tanggal,p_cair,k_isi_cair\n{today()},120,445\n2026-01-01,-1,<b>\n"
    answer = httpx.post(
        f"{site.base}/lembar/oksigen",
        data={"csrf": csrf},
        files={"berkas": ("oksigen.csv", text.encode())},
        headers={"cookie": f"__Host-rsonline={token}", "origin": site.base},
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def call(site: Site, role: str) -> str:
    """A call of the hospital's own log: a mother's, with a text of hers that wants to be a script."""
    for _ in range(50):
        with transaction(site.database) as access:
            found = calls.page(access, CODE, report="shk")
        if found:
            return f"/integrasi/panggilan/{found[0].request_id}"
        time.sleep(0.1)
    raise AssertionError("nothing was written down")


Address = str | Callable[[Site, str], str]
ADDRESSES: dict[str, tuple[Address, ...]] = {
    "/masuk": ("/masuk",),
    "/masuk/kode": ("/masuk/kode",),
    "/masuk/faktor-kedua": ("/masuk/faktor-kedua",),
    "/masuk/ulang": ("/masuk/ulang",),
    "/akun": ("/akun",),
    "/beranda": ("/beranda",),
    "/harian/{name}": ("/harian/oksigen", "/harian/pcr_nakes", "/harian/nakes_terinfeksi"),
    "/harian/{name}/{day}": (
        f"/harian/oksigen/{today()}",
        f"/harian/pcr_nakes/{today()}",
        f"/harian/nakes_terinfeksi/{today()}",
    ),
    "/resi/{seq}": (receipt,),
    "/riwayat/{name}": (f'/riwayat/oksigen?kunci=["{today()}"]',),
    "/terhapus": ("/terhapus",),
    "/tempat-tidur": ("/tempat-tidur",),
    "/tempat-tidur/{number}/hapus": (removal,),
    "/kebutuhan/{name}": ("/kebutuhan/sdm", "/kebutuhan/apd"),
    "/antrian": ("/antrian",),
    "/antrian/{day}": (f"/antrian/{today()}",),
    "/antrian/{day}/baru": (f"/antrian/{today()}/baru",),
    "/antrian/{day}/{handle}": (booking,),
    "/shk": ("/shk",),
    "/shk/baru": ("/shk/baru",),
    "/shk/{number}": (sample,),
    "/shk-gabungan": ("/shk-gabungan",),
    "/shk-kelahiran": ("/shk-kelahiran",),
    "/pasien": ("/pasien", "/pasien?semua=1"),
    "/pasien/baru": ("/pasien/baru",),
    "/pasien/{number}": (patient,),
    "/kematian": ("/kematian",),
    "/kematian/baru": ("/kematian/baru",),
    "/kematian/{number}": (death,),
    "/pengguna": ("/pengguna", "/pengguna?cari=tidak-ada"),
    "/pengguna-baru": ("/pengguna-baru",),
    "/pengguna/{name}": ("/pengguna/petugas-tiruan",),
    "/integrasi": ("/integrasi",),
    "/integrasi/tanda-tangan": ("/integrasi/tanda-tangan",),
    "/integrasi/panggilan": ("/integrasi/panggilan", "/integrasi/panggilan?laporan=shk&ditolak=1"),
    "/integrasi/panggilan/{id}": (call,),
    "/rumah-sakit": ("/rumah-sakit", "/rumah-sakit?cari=tidak-ada"),
    "/rumah-sakit-baru": ("/rumah-sakit-baru",),
    "/rumah-sakit/{code}": (f"/rumah-sakit/{CODE}",),
    "/rumah-sakit/{code}/setelan": (f"/rumah-sakit/{CODE}/setelan",),
    "/daftar": ("/daftar",),
    "/daftar/{name}": ("/daftar/terapi", "/daftar/kewarganegaraan?hal=2"),
    "/lembar": ("/lembar",),
    "/lembar/{name}": ("/lembar/oksigen", "/lembar/tempat_tidur", "/lembar/antrian"),
    "/lembar/{name}/{token}": (checked_sheet,),
    "/lembar/{name}/ekspor-pribadi": ("/lembar/shk/ekspor-pribadi",),
    "/luring": ("/luring",),
    "/pengumuman": ("/pengumuman",),
    "/wawasan": ("/wawasan",),
    "/wawasan/tren": ("/wawasan/tren",),
    "/wawasan/tren/{key}": ("/wawasan/tren/hunian_harian", "/wawasan/tren/covid_masuk?hari=365"),
    "/wawasan/{key}": (
        "/wawasan/tempat_tidur_kosong",
        "/wawasan/shk_terlambat",
        "/wawasan/lapor_diterima",
        "/wawasan/hunian_sekarang",
    ),
    "/ketersediaan": ("/ketersediaan", "/ketersediaan?wilayah=34&jenis=3"),
    "/luring/{name}": ("/luring/oksigen", "/luring/pcr_nakes", "/luring/nakes_terinfeksi"),
}
"""By the page's own path. A function makes an address of what the site holds."""
