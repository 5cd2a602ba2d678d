"""Holidays and declared maintenance: who may say them, what they excuse, and what they never hide."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.people import Visitor
from tests.web.test_insight import as_role, listed, placed, whole

pytestmark = pytest.mark.asyncio(loop_scope="session")
ALL = ["tempat_tidur", "oksigen", "nakes_terinfeksi", "pcr_nakes"]


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


def ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


def form(first: str, last: str, **more: Any) -> dict[str, Any]:
    return {"jenis": ALL, "mulai": first, "sampai": last, "alasan": "Ganti peladen", **more}


async def declare(visitor: Visitor, data: dict[str, Any]) -> Any:
    page = (await visitor.get("/pengumuman")).text
    found = re.search(r'name="csrf" value="([^"]*)"', page)
    assert found is not None
    return await visitor.send("/pengumuman", {"csrf": found[1], **data})


async def registered(service: Service, regency: str, days: int = 40) -> Hospital:
    """A hospital that is expected to report since some days."""
    made = placed(service, regency)
    at = int((datetime.now().timestamp() - days * 86_400) * 1000)
    rows(
        service.database,
        "UPDATE hospital SET created_at = :a WHERE kode_rs = :c RETURNING kode_rs",
        a=at,
        c=made.code,
    )
    return made


async def test_an_admin_declares_maintenance_and_the_duty_list_shows_it(service: Service) -> None:
    hospital = await registered(service, "1804")
    admin = await as_role(service, "admin-rs", code=hospital.code)
    assert "libur atau pemeliharaan" not in (await admin.get("/beranda")).text
    answer = await declare(admin, form(ago(0), ago(-2), jenis=["oksigen", "tempat_tidur"]))
    assert answer.status_code == 303, answer.text
    home = (await admin.get("/beranda")).text
    # The beds and today's oxygen; the other kinds are owed as ever.
    assert home.count("libur atau pemeliharaan</span>") == 2
    assert home.count("Ganti peladen") >= 2
    page = (await admin.get("/harian/oksigen")).text
    assert page.count("libur atau pemeliharaan") == 1
    assert "libur atau pemeliharaan" not in (await admin.get("/harian/pcr_nakes")).text
    # What comes all the same is done.
    await hospital.send("POST", "/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": ago(0)})
    assert "libur atau pemeliharaan" not in (await admin.get("/harian/oksigen")).text
    ministry = await as_role(service, "kemenkes")
    assert "Ganti peladen" in (await ministry.get("/pengumuman")).text
    with transaction(service.database) as access:
        lines = [line for line in audit.lines(access, code=hospital.code) if line["object"] == "quiet"]
    assert [line["verb"] for line in lines] == ["add"]
    assert lines[0]["account"].startswith("user/admin-rs")
    # Sent twice it is said once.
    assert (await declare(admin, form(ago(0), ago(-2), jenis=["tempat_tidur", "oksigen"]))).status_code == 303
    assert (await admin.get("/pengumuman")).text.count("/pengumuman/tarik") == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"mulai": ""}, "mulai"),
        ({"sampai": "2026-13-01"}, "sampai"),
        ({"mulai": ago(1)}, "mulai"),
        ({"mulai": ago(-3), "sampai": ago(-2)}, "sampai"),
        ({"sampai": ago(-14)}, "sampai"),
        ({"jenis": []}, "jenis"),
        ({"jenis": ["oksigen", "shk"]}, "jenis"),
        ({"alasan": " "}, "alasan"),
        ({"alasan": "x" * 201}, "alasan"),
        ({"alasan": "a\x00b"}, "alasan"),
    ],
)
async def test_a_wrong_declaration_names_its_field(service: Service, more: dict[str, Any], field: str) -> None:
    hospital = await registered(service, "1804")
    admin = await as_role(service, "admin-rs", code=hospital.code)
    answer = await declare(admin, form(ago(0), ago(0)) | more)
    assert answer.status_code == 422
    assert f'id="{field}-kata"' in answer.text
    assert "/pengumuman/tarik" not in (await admin.get("/pengumuman")).text


async def test_nobody_declares_beyond_their_own(service: Service) -> None:
    hospital, other = await registered(service, "1805"), await registered(service, "1805")
    regency = await as_role(service, "dinkes", region="1805")
    province = await as_role(service, "dinkes", region="18")
    ministry = await as_role(service, "kemenkes")
    wanted = form(ago(0), ago(0), sifat="holiday", alasan="Libur daerah")
    for visitor, places in (
        (regency, ("", "18", "1806", "16", hospital.code)),
        (province, ("", "16", "1601", hospital.code)),
        (ministry, (hospital.code, "99", "1899")),
    ):
        for place in places:
            answer = await declare(visitor, {**wanted, "wilayah": place})
            assert answer.status_code == 422, place
            assert 'id="wilayah-kata"' in answer.text
    admin = await as_role(service, "admin-rs", code=hospital.code)
    # The form of a hospital has no place: whatever is sent, it is about that hospital.
    await declare(admin, {**form(ago(0), ago(0), alasan="Milik sendiri"), "wilayah": other.code, "sifat": "holiday"})
    assert rows(service.database, "SELECT kode_rs, sort FROM quiet WHERE reason = 'Milik sendiri'") == [
        {"kode_rs": hospital.code, "sort": "maintenance"}
    ]
    stranger = await as_role(service, "admin-rs", code=other.code)
    page = (await stranger.get("/pengumuman")).text
    assert "Milik sendiri" not in page
    csrf = re.search(r'name="csrf" value="([^"]*)"', page)
    assert csrf is not None
    for visitor, place in ((stranger, hospital.code), (stranger, "")):
        data = {"csrf": csrf[1], "wilayah": place, "nomor": "1"}
        assert (await visitor.send("/pengumuman/tarik", data)).status_code == 403
    for role, more in (("petugas", {"code": hospital.code}), ("operator", {})):
        visitor = await as_role(service, role, **more)
        assert (await visitor.get("/pengumuman")).status_code == 403


async def test_a_regional_holiday_excuses_what_is_absent_there_and_nothing_else(service: Service) -> None:
    inside, outside = await registered(service, "1807"), await registered(service, "1603")
    for hospital in (inside, outside):
        for kind, path in (("oksigen", "/Logistik/oksigen"), ("pcr_nakes", "/Pasien/pcr_nakes")):
            if kind == "oksigen" or hospital is inside:
                answer = await hospital.send("POST", path, {**MESSAGES[kind], "tanggal": ago(3)})
                assert answer.status_code == 200, answer.text
    before = {}
    office = await as_role(service, "dinkes", region="1807")
    other = await as_role(service, "dinkes", region="1603")
    for key in ("lapor_diterima", "lapor_belum_ada"):
        before[key] = [whole((await v.get(f"/wawasan/{key}")).text, "dihitung") for v in (office, other)]
    ministry = await as_role(service, "kemenkes")
    wanted = {"wilayah": "18", "sifat": "holiday", "alasan": "Libur Lampung"}
    answer = await declare(ministry, form(ago(4), ago(3), jenis=["oksigen", "nakes_terinfeksi"], **wanted))
    assert answer.status_code == 303, answer.text
    # Of two days and two kinds one report came: three are excused. It and the kind that was not named count.
    for key in ("lapor_diterima", "lapor_belum_ada"):
        page = (await office.get(f"/wawasan/{key}")).text
        assert whole(page, "dihitung") == before[key][0] - 3, key
        counted, left_out = listed(page)
        assert counted <= whole(page, "dihitung")
        assert counted + left_out <= whole(page, "semua")
        assert "Libur atau pemeliharaan yang diumumkan" in page
        assert page.count('class="k-quiet"') == 3
        assert whole((await other.get(f"/wawasan/{key}")).text, "dihitung") == before[key][1]
    trend = (await office.get("/api/wawasan/tren/lapor_diterima")).json()
    days = {day["tanggal"]: day for day in trend["hari"]}
    assert (days[ago(3)]["bagian"], days[ago(3)]["tidak_dihitung"]) == (
        {"diterima": 2, "diharapkan": 2},
        {"quiet": 1},
    )
    assert (days[ago(4)]["bagian"], days[ago(4)]["tidak_dihitung"]) == (
        {"diterima": 0, "diharapkan": 1},
        {"quiet": 2},
    )
    beyond = (await other.get("/api/wawasan/tren/lapor_diterima")).json()
    assert all(day["tidak_dihitung"] == {} for day in beyond["hari"])
    # The office of the province did not declare it, but reads it and may take back what is not over: this is.
    page = (await office.get("/pengumuman")).text
    assert "Libur Lampung" in page
    assert "/pengumuman/tarik" not in page
    assert "Libur Lampung" not in (await other.get("/pengumuman")).text
    line = (await office.get("/rumah-sakit/" + inside.code)).text
    assert "libur atau pemeliharaan" not in line  # Three days back are looked at there, and no further.


async def test_a_silent_hospital_is_excused_while_its_beds_are(service: Service) -> None:
    hospital = await registered(service, "1808")
    await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
    long_ago = int((datetime.now().timestamp() - 30 * 3600) * 1000)
    rows(
        service.database,
        "UPDATE tempat_tidur SET updated_at = :a WHERE kode_rs = :c RETURNING kode_rs",
        a=long_ago,
        c=hospital.code,
    )
    office = await as_role(service, "dinkes", region="1808")
    assert whole((await office.get("/wawasan/lapor_diam")).text, "dihitung") == 1
    line = (await office.get("/rumah-sakit")).text
    assert "terlambat" in line
    admin = await as_role(service, "admin-rs", code=hospital.code)
    ministry = await as_role(service, "kemenkes")
    wanted = form(ago(1), ago(0), jenis=["tempat_tidur"], wilayah="1808", sifat="maintenance", alasan="Layanan pindah")
    assert (await declare(ministry, wanted)).status_code == 303
    page = (await office.get("/wawasan/lapor_diam")).text
    assert (whole(page, "dihitung"), whole(page, "semua")) == (0, 1)
    assert "Libur atau pemeliharaan yang diumumkan" in page
    assert "Layanan pindah" in (await admin.get("/beranda")).text
    # Taken back it counts again.
    shown = (await ministry.get("/pengumuman")).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.split("Layanan pindah")[1]))
    assert hidden["wilayah"] == "1808"
    assert (await ministry.send("/pengumuman/tarik", hidden)).status_code == 303
    assert (await ministry.send("/pengumuman/tarik", hidden)).status_code == 409
    assert whole((await office.get("/wawasan/lapor_diam")).text, "dihitung") == 1
    with transaction(service.database) as access:
        verbs = [x["verb"] for x in audit.lines(access, code=audit.OPERATOR) if x["object"] == "quiet_region"]
    assert verbs[-2:] == ["add", "remove"]
