"""Hospitals seen from above, their switches, and the reference lists."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from rsonline.reports.references import with_own_rows
from rsonline.store import hospitals, overview, signing
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from rsonline.store.schema_login import hospital as hospital_table
from rsonline.web.reference_lists import RowError, add_row
from tests.databases import journal, rows
from tests.hospital import Hospital, Service, service_on
from tests.samples import MESSAGES
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
JAKARTA = ZoneInfo("Asia/Jakarta")


def placed(service: Service, regency: str, name: str = "RS Tiruan") -> Hospital:
    """A hospital in a regency."""
    made = service.hospital()
    statement = "UPDATE hospital SET kab_kota = :k, nama = :n WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, k=regency, n=f"{name} {made.code}", c=made.code)
    return made


async def as_role(service: Service, role: str, region: str | None = None) -> Visitor:
    name = f"{role}-{region or ''}-{time.monotonic_ns()}"
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, name, role, region=region))
    return visitor


async def test_a_health_office_sees_its_region_and_nothing_else(service: Service) -> None:
    inside, beside, far = placed(service, "3404"), placed(service, "3402"), placed(service, "5171")
    province, regency = await as_role(service, "dinkes", "34"), await as_role(service, "dinkes", "3404")
    ministry = await as_role(service, "kemenkes")
    for visitor, seen in ((province, (inside, beside)), (regency, (inside,)), (ministry, (inside, beside, far))):
        for hospital in (inside, beside, far):
            found = (await visitor.get(f"/rumah-sakit?cari={hospital.code}")).text
            assert (f"/rumah-sakit/{hospital.code}" in found) == (hospital in seen)
            answer = await visitor.get(f"/rumah-sakit/{hospital.code}")
            assert answer.status_code == (200 if hospital in seen else 404)
    assert "DI YOGYAKARTA" in (await province.get("/rumah-sakit")).text.upper()
    for path in (f"/rumah-sakit/{inside.code}/setelan", "/rumah-sakit-baru", "/daftar", "/pengguna"):
        assert (await province.get(path)).status_code == 403


async def test_what_came_and_what_is_late_is_shown(service: Service) -> None:
    hospital = placed(service, "3404", "RS Rajin")
    lazy = placed(service, "3404", "RS Malas")
    today = datetime.now(UTC).astimezone(JAKARTA).date()
    for n in range(3):
        day = (today - timedelta(days=n)).isoformat()
        for name, path in (
            ("oksigen", "/Logistik/oksigen"),
            ("pcr_nakes", "/Pasien/pcr_nakes"),
            ("nakes_terinfeksi", "/Pasien/harian_nakes_terinfeksi"),
        ):
            answer = await hospital.send("POST", path, {**MESSAGES[name], "tanggal": day})
            assert answer.status_code == 200, answer.text
    await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
    await hospital.send("POST", "/Fasyankes/sdm", MESSAGES["sdm"])
    await hospital.send("POST", "/Antrian", MESSAGES["antrian"])
    visitor = await as_role(service, "kemenkes")
    page = (await visitor.get(f"/rumah-sakit?cari={hospital.code}")).text
    assert "lengkap" in page
    assert page.count(today.strftime("%d-%m-%y")) >= 6
    page = (await visitor.get(f"/rumah-sakit?cari={lazy.code}")).text
    late = re.search(r"(\d+) terlambat", page)
    assert late is not None
    # Three daily kinds of the day before yesterday at least, and the beds.
    assert int(late[1]) >= 4
    one = (await visitor.get(f"/rumah-sakit/{hospital.code}")).text
    assert one.count(">sudah<") >= 10


async def test_no_person_is_seen_from_above(service: Service) -> None:
    hospital = placed(service, "3404")
    await hospital.send("POST", "/Pasien/shk", MESSAGES["shk"])
    visitor = await as_role(service, "kemenkes")
    for path in (f"/rumah-sakit?cari={hospital.code}", f"/rumah-sakit/{hospital.code}"):
        page = (await visitor.get(path)).text
        assert "Ibu Contoh" not in page
        assert "9999" not in page
    assert "Skrining" in page


async def test_a_whole_country_is_paged_and_searched(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        await paged_and_searched(service)


async def paged_and_searched(service: Service) -> None:
    now = datetime.now(UTC)
    with transaction(service.database) as access:
        access.connection.execute(
            hospital_table.insert(),
            [
                {
                    "kode_rs": f"96{n:05}",
                    "nama": f"RS Papua {n:04}",
                    "zona": "WIT",
                    "kab_kota": "9601",
                    "aktif": True,
                    "version": 1,
                    "create_on_put": False,
                    "always_200": False,
                    "clock_mode": "lenient",
                    "created_at": now,
                }
                for n in range(3228)
            ],
        )
    visitor = await as_role(service, "dinkes", "96")
    page = (await visitor.get("/rumah-sakit")).text
    assert "Halaman 1 dari 130" in page
    assert "RS Papua 0024" in page
    assert "RS Papua 0025" not in page
    assert "RS Papua 3227" in (await visitor.get("/rumah-sakit?hal=130")).text
    found = (await visitor.get("/rumah-sakit?cari=papua+0123")).text
    assert found.count("/rumah-sakit/96") == 1
    assert (await visitor.get("/rumah-sakit?cari=9600123")).text.count("/rumah-sakit/96") == 1
    assert "Tidak ada rumah sakit" in (await visitor.get("/rumah-sakit?hal=4000")).text
    for odd in ("%25", "_", "'--", "%00", "\\"):
        assert (await visitor.get(f"/rumah-sakit?cari={odd}")).status_code == 200
    statements: list[str] = []
    with transaction(service.database) as access:
        sa.event.listen(access.connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        found_rows, total = overview.page(access, region="96", search="", since=now.date(), first=100, count=50)
    assert (len(found_rows), total) == (50, 3228)
    # Four for the hospitals and what they sent, two for what was declared.
    assert sum(text.startswith("SELECT") for text in statements) == 6


# ---- managing


async def test_a_hospital_is_added_and_its_program_comes_in(service: Service) -> None:
    visitor = await as_role(service, "kemenkes")
    typed = {"kode": "3404777", "nama": "RS Baru <b>", "zona": "WIB", "kab_kota": ""}
    answer = await visitor.post("/rumah-sakit-baru", typed)
    assert answer.status_code == 200
    assert "<b>" not in answer.text
    password = re.findall(r'id="sandi-sekali">([^<]+)<', answer.text)[0]
    made = Hospital("3404777", service)
    assert (await made.send("GET", "/Fasyankes", headers={"X-pass": password})).status_code == 200
    assert "Sleman" in (await visitor.get("/rumah-sakit/3404777")).text.title()
    assert (await visitor.post("/rumah-sakit-baru", typed)).status_code == 422
    lines = journal(service.database, "3404777", "hospital")
    assert [(x["verb"], x["source"]) for x in lines] == [("add", "web")]
    for wrong in ({"kode": "x/y"}, {"zona": "GMT"}, {"nama": ""}, {"kab_kota": "00"}, {"nama": "a\x07"}):
        again = await visitor.post("/rumah-sakit-baru", {**typed, "kode": "3404778", **wrong})
        assert again.status_code == 422, wrong
    with transaction(service.database) as access:
        assert hospitals.find(access, "3404778", datetime.now(UTC)) is None


@pytest.mark.parametrize("role", ["kemenkes", "operator"])
async def test_switches_are_set_and_noted(service: Service, hospital: Hospital, role: str) -> None:
    visitor = await as_role(service, role)
    page = f"/rumah-sakit/{hospital.code}/setelan"
    said = {"aktif": "1", "create_on_put": "1", "clock_mode": "strict", "absent_clock_until": "2099-01-02"}
    assert (await visitor.post(page, said)).status_code == 303
    with transaction(service.database) as access:
        found = hospitals.find(access, hospital.code, datetime.now(UTC))
    assert found is not None
    assert (found.active, found.create_on_put, found.always_200, found.clock_mode) == (True, True, False, "strict")
    assert found.absent_clock_until == datetime(2099, 1, 2, tzinfo=UTC)
    # The same once more changes nothing and leaves no line.
    assert (await visitor.post(page, said)).status_code == 303
    lines = [x for x in journal(service.database, hospital.code, "hospital") if x["verb"] == "change"]
    assert [x["source"] for x in lines] == ["web"]
    assert (await visitor.post(page, {"clock_mode": "lenient"})).status_code == 303
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 401
    for wrong in ({"clock_mode": "besok"}, {"clock_mode": "off", "absent_clock_until": "32"}):
        assert (await visitor.post(page, wrong)).status_code == 422


async def test_the_door_of_passwords_is_closed_only_where_there_is_a_key(service: Service, hospital: Hospital) -> None:
    visitor = await as_role(service, "operator")
    page = f"/rumah-sakit/{hospital.code}/setelan"
    said = {"aktif": "1", "create_on_put": "1", "clock_mode": "lenient", "signed_only": "1"}
    refused = await visitor.post(page, said)
    assert (refused.status_code, "belum punya kunci" in refused.text) == (409, True)
    with transaction(service.database) as access:
        found = hospitals.find(access, hospital.code, datetime.now(UTC))
        # Nothing of it was set.
        assert found is not None
        assert not found.create_on_put
        signing.add(access, hospital.code, "0123456789abcdefABCDEFGH")
    assert (await visitor.post(page, said)).status_code == 303
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 401
    shown = (await visitor.get(page)).text
    assert "Kunci tanda tangan: nomor 1" in shown
    assert (await visitor.post(page, {k: v for k, v in said.items() if k != "signed_only"})).status_code == 303
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 200


async def test_a_new_password_for_a_hospital_is_made_once(service: Service, hospital: Hospital) -> None:
    visitor = await as_role(service, "operator")
    page = f"/rumah-sakit/{hospital.code}/setelan"
    shown = (await visitor.get(page)).text
    hidden = dict(re.findall(r'<input type="hidden" name="(csrf|nomor)" value="([^"]*)"', shown))
    answer = await visitor.send(f"/rumah-sakit/{hospital.code}/sandi", hidden)
    new = re.findall(r'id="sandi-sekali">([^<]+)<', answer.text)[0]
    for headers in ({"X-pass": new}, {}):
        given: dict[str, str | None] = {**headers}
        assert (await hospital.send("GET", "/Fasyankes", headers=given)).status_code == 200
    assert (await visitor.send(f"/rumah-sakit/{hospital.code}/sandi", hidden)).status_code == 409


# ---- reference lists


async def test_own_rows_are_added_and_count_at_once(service: Service) -> None:
    visitor = await as_role(service, "operator")
    assert "terapi" in (await visitor.get("/daftar")).text
    page = (await visitor.get("/daftar/terapi")).text
    assert '<th scope="row">1</th>' in page
    answer = await visitor.post("/daftar/terapi", {"id": "77", "nama": 'Obat "baru", tablet', "name": "New drug"})
    assert answer.status_code == 303
    page = (await visitor.get("/daftar/terapi")).text
    assert '<tr><th scope="row">77</th><td>Obat &#34;baru&#34;, tablet</td><td lang="en">New drug</td></tr>' in page
    assert "terapi" in (await visitor.get("/daftar")).text
    folder = service.settings.data / "references"
    entry = with_own_rows(folder)["terapi"].entries["77"]
    assert (entry.nama, entry.name) == ('Obat "baru", tablet', "New drug")
    assert [x["verb"] for x in journal(service.database, "-", "reference") if '"77"' in x["key"]] == ["add"]
    assert (await visitor.get("/daftar/tidak-ada")).status_code == 404
    assert (await visitor.get("/daftar/terapi?cari=remdesivir")).status_code == 200
    before = len(journal(service.database, "-", "reference"))
    for wrong in ({"id": "#1"}, {"id": ""}, {"nama": ""}, {"nama": "a\nb"}, {"nama": "x" * 201}, {"name": "a\u2028b"}):
        answer = await visitor.post("/daftar/terapi", {"id": "78", "nama": "Obat", **wrong})
        assert answer.status_code == 422, wrong
    assert len(journal(service.database, "-", "reference")) == before
    # What somebody else writes there and cannot be read is told, and what was read before still counts.
    (folder / "terapi.csv").write_text("id,nama\n77,\n", "utf-8")
    for path in ("/daftar", "/daftar/terapi"):
        assert "tidak dapat dibaca" in (await visitor.get(path)).text
    assert "Obat &#34;baru&#34;" in (await visitor.get("/daftar/terapi?cari=77")).text
    (folder / "terapi.csv").unlink()
    assert "Obat &#34;baru&#34;" not in (await visitor.get("/daftar/terapi?cari=77")).text


async def test_a_row_replaces_its_own_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "taskid.csv").write_text("# source: kami\nid,nama,alias\n8,Delapan,VIII\n", "utf-8")
    add_row(tmp_path, "taskid", "9", "Sembilan", "")
    add_row(tmp_path, "taskid", "9", "Sembilan lagi", "Nine")
    found = with_own_rows(tmp_path)["taskid"]
    assert found.entries["8"].more == {"alias": "VIII"}
    assert (found.entries["9"].nama, found.entries["9"].name) == ("Sembilan lagi", "Nine")
    assert "kami" in found.source
    text = (tmp_path / "taskid.csv").read_text("utf-8")
    with pytest.raises(RowError):
        add_row(tmp_path, "taskid", "9", "a\u0085b", "")
    assert (tmp_path / "taskid.csv").read_text("utf-8") == text


async def test_whoever_has_no_hospital_starts_at_what_it_may_do(service: Service) -> None:
    for role, links in (("kemenkes", 3), ("operator", 3)):
        answer = await (await as_role(service, role)).get("/beranda")
        assert answer.status_code == 200
        page = answer.text
        assert sum(f'href="{to}"' in page for to in ("/rumah-sakit", "/pengguna", "/daftar")) == links
    page = (await (await as_role(service, "dinkes", "34")).get("/beranda")).text
    assert 'href="/rumah-sakit"' in page
    assert 'href="/pengguna"' not in page
