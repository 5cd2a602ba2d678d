"""Every kind of report entered by a person at a browser, seen by a program, corrected, and found in its history."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.patients import api
from tests.samples import MESSAGES
from tests.web.hostile import send
from tests.web.site import CODE, PASSWORD, Site
from tests.web.test_patients import PARTS, typed

pytestmark = pytest.mark.slow
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()
GUIDE = "/fo/index.php"


def asked(site: Site, path: str, body: Mapping[str, object]) -> str:
    """What a program of the hospital reads at the guide's service."""
    headers = {"X-rs-id": CODE, "X-pass": PASSWORD, "X-Timestamp": str(int(datetime.now(UTC).timestamp()))}
    request = urllib.request.Request(  # noqa: S310 (our own service)
        site.base + GUIDE + path,
        json.dumps(body).encode(),
        {**headers, "Content-Type": "application/json"},
        method="GET",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


def patients(site: Site, path: str) -> Any:
    """What a program reads at the patient API."""
    login = send(site, "/api/rslogin", {"kode_rs": CODE, "password": PASSWORD}, token="-")
    headers = {"Authorization": f"Bearer {login['data']['access_token']}"}
    request = urllib.request.Request(site.base + path, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)["data"]


def fill(page: Page, action: str, values: Mapping[str, object], button: str = "Simpan") -> None:
    """Fill a form as a person does, and press its button; what the browser itself refuses is not sent."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    form = page.locator(f'form[action="{action}"]' if action else "form.entri")
    name = form.get_attribute("id")
    inside = page.locator(f'[form="{name}"]') if name else form
    for member, value in values.items():
        control = inside.locator(f'xpath=self::*[@name="{member}"]') if name else inside.locator(f'[name="{member}"]')
        if control.evaluate("each => each.tagName") == "SELECT":
            control.select_option(str(value))
        else:
            control.fill(str(value))
    pressed = inside if name else form.get_by_role("button", name=button)
    if name:
        pressed = page.locator(f'button[form="{name}"]').first
    pressed.first.click()


@dataclass(frozen=True)
class Daily:
    """A daily kind: what is typed first, and then instead; where a program reads it."""

    name: str
    path: str
    first: Mapping[str, str]
    then: Mapping[str, str]


DAILY = (
    Daily("oksigen", "/Logistik/oksigen", {"p_cair": "121"}, {"p_cair": "137"}),
    Daily("nakes_terinfeksi", "/Pasien/harian_nakes_terinfeksi", {"perawat": "41"}, {"perawat": "43"}),
    Daily("pcr_nakes", "/Pasien/pcr_nakes", {"jumlah_tenaga_perawat": "61"}, {"jumlah_tenaga_perawat": "67"}),
)


@pytest.fixture
def officer(site: Site, visitor: BrowserContext) -> Page:
    """An officer who has logged in."""
    page = visitor.new_page()
    page.set_default_timeout(10_000)
    site.log_in(page, "petugas")
    return page


@pytest.mark.parametrize("kind", DAILY, ids=[d.name for d in DAILY])
def test_a_daily_kind(site: Site, officer: Page, kind: Daily) -> None:
    for said in (kind.first, kind.then):
        officer.goto(f"/harian/{kind.name}/{TODAY}")
        fill(officer, "", said, "Kirim laporan")
        officer.wait_for_url("**/resi/*")
        [(member, value)] = said.items()
        told = json.loads(asked(site, kind.path, {"tanggal": TODAY}))
        [row] = next(iter(told.values()))
        assert str(row[member]) in (value, f"{value}.0")
    history(officer, f'/riwayat/{kind.name}?kunci=["{TODAY}"]', *kind.first.values(), *kind.then.values())


def history(page: Page, address: str, *texts: str) -> None:
    """The versions of a record: what was said first, and what then."""
    page.goto(address)
    for text in texts:
        expect(page.get_by_role("main")).to_contain_text(text)


@pytest.mark.parametrize("name", ["sdm", "apd"])
def test_a_need(site: Site, officer: Page, name: str) -> None:
    item = MESSAGES[name]["id_kebutuhan"]
    for value in ("151", "157"):
        officer.goto(f"/kebutuhan/{name}")
        fill(officer, f"/kebutuhan/{name}/{item}", {"jumlah_eksisting": value, "jumlah": "9", "jumlah_diterima": "2"})
        expect(officer.get_by_text("tersimpan").first).to_be_visible()
        assert value in asked(site, f"/Fasyankes/{name}", {})
    history(officer, f'/riwayat/{name}?kunci=["{item}"]', "151", "157")


def test_a_room(site: Site, officer: Page) -> None:
    officer.goto("/tempat-tidur")
    values = {"id_tt": "3", "ruang": "Kamboja Peramban", "jumlah_ruang": "2", "jumlah": "11", "terpakai": "7"}
    fill(officer, "/tempat-tidur/baru", values, "Tambah ruang")
    expect(officer.get_by_text("Kamboja Peramban").first).to_be_visible()
    rooms = json.loads(asked(site, "/Fasyankes", {}))["fasyankes"]
    [room] = [each for each in rooms if each["ruang"] == "Kamboja Peramban"]
    assert (int(room["jumlah"]), int(room["terpakai"])) == (11, 7)
    fill(officer, f"/tempat-tidur/{room['id_t_tt']}", {"terpakai": "9"})
    expect(officer.locator(f"#r{room['id_t_tt']}").get_by_text("tersimpan")).to_be_visible()
    rooms = json.loads(asked(site, "/Fasyankes", {}))["fasyankes"]
    assert [int(each["terpakai"]) for each in rooms if each["ruang"] == "Kamboja Peramban"] == [9]
    officer.goto(f"/tempat-tidur/{room['id_t_tt']}/hapus")
    expect(officer.get_by_role("heading", level=1)).to_be_visible()


def test_a_booking_and_its_times(site: Site, officer: Page) -> None:
    officer.goto(f"/antrian/{TODAY}/baru")
    fill(officer, f"/antrian/{TODAY}/baru", {**MESSAGES["antrian"], "kodebooking": "PERAMBAN-0001"})
    officer.wait_for_url("**/antrian/*")
    officer.get_by_role("link", name="0001").first.click()
    officer.get_by_role("button", name="Sekarang").nth(2).click()
    expect(officer.locator("#waktu-3")).not_to_have_value("")
    assert '"taskid":"3"' in asked(site, "/Antrian/Task", {"kodebooking": "PERAMBAN-0001"}).replace(" ", "")
    assert "PERAMBAN-0001" in asked(site, "/Antrian", {"tanggal": TODAY})


def test_a_newborn_and_its_result(site: Site, officer: Page) -> None:
    officer.goto("/shk/baru")
    sample = {**MESSAGES["shk"], "nik_ibu": "9999000000000088", "nama_ibu": "Ibu Peramban"}
    fill(officer, "/shk/baru", sample)
    officer.wait_for_url("**/shk?resi=*")
    officer.locator("tbody th a").first.click()
    page = officer.url.removeprefix(site.base)
    fill(officer, f"{page}/hasil", MESSAGES["shk_hasil"], "Simpan hasil")
    number = page.rpartition("/")[2]
    expect(officer.get_by_text("Belum ada hasil")).not_to_be_visible()
    assert "2023-01-02" in asked(site, "/Pasien/hasilShk", {"id_shk": number})
    fill(officer, page, {"alamat": "Jalan Peramban 2"})
    officer.wait_for_url("**/shk?resi=*")
    history(officer, f"/riwayat/shk?kunci=[{number}]", "Jalan Contoh 1", "Jalan Peramban 2")


def test_a_patient_from_admission_to_discharge(site: Site, officer: Page) -> None:
    officer.goto("/pasien/baru")
    said = typed(noRM="RM-PERAMBAN", nik="9999000000000099")
    fill(officer, "/pasien/baru", said)
    officer.wait_for_url("**/pasien/*?resi=*")
    page = officer.url.removeprefix(site.base).partition("?")[0]
    number = int(page.rpartition("/")[2])
    assert patients(site, f"{api.REPORT}/{number}")["noRM"] == "RM-PERAMBAN"
    for name, (first, then) in PARTS.items():
        fill(officer, f"{page}/{name}", first)
        officer.wait_for_url("**/pasien/*?resi=*")
        [part] = [each for each in patients(site, api.REPORT + name) if each["laporanCovid19Versi3Id"] == number]
        officer.goto(page)
        fill(officer, f"{page}/{name}/{part['id']}", then, "Perbaiki")
        officer.wait_for_url("**/pasien/*?resi=*")
        [now] = [each for each in patients(site, api.REPORT + name) if each["id"] == part["id"]]
        assert now != part
        officer.goto(page)
    fill(officer, f"{page}/keluar", {"tanggalKeluar": "2026-02-09", "statusKeluarId": "1"}, "Simpan data keluar")
    officer.wait_for_url("**/pasien/*?resi=*")
    assert number not in [each["id"] for each in patients(site, api.REPORT)]
    history(officer, f"/riwayat/pasien_covid?kunci=[{number}]", "2026")


def test_a_death(site: Site, officer: Page) -> None:
    officer.goto("/kematian/baru")
    said = {name: "" if value is None else value for name, value in api.DEATH.items()}
    fill(officer, "/kematian/baru", {n: v for n, v in said.items() if v != ""})
    officer.wait_for_url("**/kematian?resi=*")
    death = max(patients(site, "/api/kematian"), key=lambda each: int(each["id"]))
    officer.locator("tbody th a").first.click()
    fill(officer, f"/kematian/{death['id']}", {"saturasi_oksigen": "81"})
    officer.wait_for_url("**/kematian?resi=*")
    corrected = [each for each in patients(site, "/api/kematian") if each["id"] == death["id"]]
    assert [each["saturasi_oksigen"] for each in corrected] == [81]
