"""Live births: told by a hospital, kept with a line for each change, and what screening coverage makes of them."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.insight.screening import covered_months
from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.test_insight import as_role, listed, placed, whole

pytestmark = pytest.mark.asyncio(loop_scope="session")
MONTHS = covered_months(datetime.now(ZoneInfo("Asia/Jakarta")).date())


def field(month: date) -> str:
    return f"b-{month:%Y-%m}"


async def screened(hospital: Hospital, month: date, many: int) -> None:
    """Some babies of a month, each with a sample."""
    for n in range(many):
        born = month + timedelta(days=n)
        sample = {"tgllahir": born, "tgl_ambil_sampel": born + timedelta(days=2)}
        sample |= {name: born + timedelta(days=3) for name in ("tgl_kirim_sampel", "tgl_lapor")}
        said: dict[str, Any] = {name: day.isoformat() for name, day in sample.items()}
        said["nik_ibu"] = f"9999{int(hospital.code) % 10**7:07}{month.month:02}{n:03}"
        answer = await hospital.send("POST", "/Pasien/shk", {**MESSAGES["shk"], **said})
        assert answer.status_code == 200, answer.text


async def test_coverage_is_of_the_months_that_were_told(service: Service) -> None:
    one, other = placed(service, "8171"), placed(service, "8171")
    for hospital in (one, other):
        await screened(hospital, MONTHS[0], 4)
    await screened(one, MONTHS[1], 2)
    officer = await as_role(service, "petugas", code=one.code)
    office = await as_role(service, "dinkes", region="8171")
    page = (await officer.get("/wawasan/shk_cakupan")).text
    assert (whole(page, "dihitung"), whole(page, "semua")) == (0, 6)
    assert "tidak dapat dihitung" in page
    assert (await officer.post("/shk-kelahiran", {field(MONTHS[0]): "5"})).status_code == 303
    page = (await officer.get("/wawasan/shk_cakupan")).text
    assert (whole(page, "dihitung"), whole(page, "semua")) == (4, 6)
    assert listed(page) == (4, 2)
    assert "80 %" in page
    assert "Kelahiran hidup rumah sakit pada bulan itu tidak diketahui" in page
    stranger = await as_role(service, "admin-rs", code=other.code)
    assert (await stranger.post("/shk-kelahiran", {field(MONTHS[0]): "11"})).status_code == 303
    # Of a region babies and births are added up, not percentages.
    page = (await office.get("/wawasan/shk_cakupan")).text
    assert "50 %" in page
    assert (whole(page, "dihitung"), whole(page, "semua")) == (8, 10)
    # What was told is of the own hospital only.
    shown = (await officer.get("/shk-kelahiran")).text
    assert f'name="{field(MONTHS[0])}" value="5"' in shown
    assert 'value="11"' not in shown


async def test_each_change_has_a_line_and_none_has_none(service: Service) -> None:
    hospital = placed(service, "8171")
    officer = await as_role(service, "petugas", code=hospital.code)
    for typed in ("12", "12", "13", ""):
        assert (await officer.post("/shk-kelahiran", {field(MONTHS[1]): typed})).status_code == 303
    with transaction(service.database) as access:
        lines = [line for line in audit.lines(access, code=hospital.code) if line["object"] == "live_births"]
    assert [line["verb"] for line in lines] == ["set", "set", "remove"]
    assert rows(service.database, "SELECT births FROM live_births WHERE kode_rs = :c", c=hospital.code) == []


@pytest.mark.parametrize("typed", ["-1", "1,5", "1.000", "20001", "dua", "١٢"])
async def test_what_is_no_number_is_named_and_nothing_is_kept(service: Service, typed: str) -> None:
    hospital = placed(service, "8171")
    officer = await as_role(service, "petugas", code=hospital.code)
    answer = await officer.post("/shk-kelahiran", {field(MONTHS[0]): "7", field(MONTHS[1]): typed})
    assert answer.status_code == 422
    assert f'id="{field(MONTHS[1])}-kata"' in answer.text
    assert f'id="{field(MONTHS[0])}-kata"' not in answer.text
    assert f'value="{typed}"' in answer.text
    assert rows(service.database, "SELECT births FROM live_births WHERE kode_rs = :c", c=hospital.code) == []


async def test_a_month_that_is_not_over_is_not_told(service: Service) -> None:
    hospital = placed(service, "8171")
    officer = await as_role(service, "petugas", code=hospital.code)
    now = datetime.now(ZoneInfo("Asia/Jakarta")).date().replace(day=1)
    page = (await officer.get("/shk-kelahiran")).text
    assert page.count('name="b-') == 13
    assert field(now) not in page
    await officer.post("/shk-kelahiran", {field(now): "3"})
    assert rows(service.database, "SELECT births FROM live_births WHERE kode_rs = :c", c=hospital.code) == []


async def test_who_has_no_hospital_tells_no_births(service: Service) -> None:
    for role, more in (("dinkes", {"region": "8171"}), ("kemenkes", {})):
        visitor = await as_role(service, role, **more)
        assert (await visitor.get("/shk-kelahiran")).status_code == 403
