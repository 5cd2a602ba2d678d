"""Who only repeats itself loses its tick, and a person or a change brings it back; on every page that shows it."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rsonline.insight.staleness import COUNTED
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.insight.sending import ROOM, sending
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def copying(service: Service, regency: str, since: timedelta) -> Hospital:
    """A hospital whose program posts the same room every hour, from so long ago until a few minutes ago."""
    made = service.hospital()
    statement = "UPDATE hospital SET kab_kota = :k WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, k=regency, c=made.code)
    begin, hours = datetime.now(UTC) - since, since // timedelta(hours=1)
    async with sending(service.database) as at:
        await at.copies(made.code, [begin + timedelta(hours=n) for n in range(hours + 1)])
    return made


async def as_role(service: Service, role: str, **more: str | None) -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{role}-{time.monotonic_ns()}", role, **more))
    return visitor


async def confirm(visitor: Visitor) -> None:
    """Press Tetap beside the only room, as a person does."""
    page = (await visitor.get("/tempat-tidur")).text
    line = re.search(r'<tbody class="baris" id="r(\d+)">.*?</tbody>', page, re.DOTALL)
    assert line is not None
    said = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)" form=', line[0]))
    said |= dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', line[0]))
    assert (await visitor.send(f"/tempat-tidur/{line[1]}", {**said, "tetap": "1"})).status_code == 303


async def standing_of(visitor: Visitor, code: str) -> str:
    """What the list of hospitals says about one, in its badge."""
    page = (await visitor.get(f"/rumah-sakit?cari={code}")).text
    cell = re.search(r'<td data-kolom="Data tempat tidur"><span class="badge[^>]*>(.*?)</span><', page)
    if cell is None:
        cell = re.search(r'<td data-kolom="Data tempat tidur"><span class="badge[^>]*>(.*?)</span></td>', page)
    assert cell is not None
    return re.sub("<[^>]+>", "", cell[1])


async def test_copying_loses_the_tick_after_a_day_and_a_confirmation_brings_it_back(service: Service) -> None:
    hospital = await copying(service, "6201", timedelta(hours=25, minutes=3))
    night = await copying(service, "6201", timedelta(hours=20))
    province, officer = (
        await as_role(service, "dinkes", region="62"),
        await as_role(service, "petugas", code=hospital.code),
    )
    assert await standing_of(province, hospital.code) == "disalin program"
    assert await standing_of(province, night.code) == "✓ berubah"
    page = (await officer.get("/tempat-tidur")).text
    assert "Disalin program sejak" in page
    assert "25 kali, tiap 1 jam" in page
    assert "untuk mendapat centang hijau" in page
    told = (await province.get(f"/api/wawasan/data_disalin?wilayah={hospital.code}")).json()
    assert (told["nilai"], told["dihitung"], told["tidak_dihitung"]) == (1, 1, {})
    await confirm(officer)
    page = (await officer.get("/tempat-tidur")).text
    assert "✓ Data hidup: tetap sejak" in page
    assert "Disalin program" not in page
    assert (await officer.get("/tempat-tidur/kesegaran")).text.lstrip().startswith('<p class="text-success')
    assert await standing_of(province, hospital.code) == "✓ dikonfirmasi orang"
    assert "dikonfirmasi orang" in (await province.get(f"/rumah-sakit/{hospital.code}")).text
    # The program goes on as before: the confirmation holds.
    assert (await hospital.send("PUT", "/Fasyankes", ROOM)).status_code == 200
    assert await standing_of(province, hospital.code) == "✓ dikonfirmasi orang"
    told = (await province.get("/api/wawasan/data_hidup?wilayah=6201")).json()
    assert (told["nilai"], told["bagian"]) == (100, {"centang": 2, "rumah_sakit": 2})


async def test_a_change_brings_the_tick_back_and_a_program_cannot_confirm(service: Service) -> None:
    hospital = await copying(service, "6202", timedelta(hours=26))
    ministry = await as_role(service, "kemenkes")
    assert (await hospital.send("PUT", "/Fasyankes", {**ROOM, "tetap": "1"})).status_code == 200
    assert await standing_of(ministry, hospital.code) == "disalin program"
    assert (await hospital.send("PUT", "/Fasyankes", {**ROOM, "terpakai": "3"})).status_code == 200
    assert await standing_of(ministry, hospital.code) == "✓ berubah"


async def test_each_standing_has_its_tile_with_its_hospitals(service: Service) -> None:
    regency = "6203"
    copied = await copying(service, regency, timedelta(hours=27))
    confirmed = await copying(service, regency, timedelta(hours=28))
    await confirm(await as_role(service, "petugas", code=confirmed.code))
    live = await copying(service, regency, timedelta(hours=2))
    silent, irregular, never = service.hospital(), service.hospital(), service.hospital()
    for each in (silent, irregular, never):
        statement = "UPDATE hospital SET kab_kota = :k WHERE kode_rs = :c RETURNING kode_rs"
        rows(service.database, statement, k=regency, c=each.code)
    now = datetime.now(UTC)
    async with sending(service.database) as at:
        await at.copies(silent.code, [now - timedelta(hours=40)])
        await at.copies(irregular.code, [now - timedelta(hours=n) for n in (50, 30.2, 9, 1)])
    visitor = await as_role(service, "dinkes", region=regency)
    wanted = {"changed": live, "confirmed": confirmed, "unchanged": irregular, "copied": copied, "silent": silent}
    for state, hospital in wanted.items():
        key = COUNTED[state].name  # type: ignore[index]
        told = (await visitor.get(f"/api/wawasan/{key}")).json()
        assert (told["nilai"], told["dihitung"], told["tidak_dihitung"]) == (1, 1, {"never": 1, "other": 4}), key
        page = (await visitor.get(f"/wawasan/{key}")).text
        first = re.search(r"<td>(?:<[^>]+>)*RS Tiruan (\d+) \(", page)
        assert first is not None
        # Those that count come first in the list.
        assert first[1] == hospital.code
        assert len(re.findall(r"RS Tiruan \d+ \(", page)) == 6
        csv = (await visitor.get(f"/wawasan/{key}/baris.csv")).text
        assert len(csv.splitlines()) == 7
        assert hospital.code in csv
    whole = (await visitor.get("/api/wawasan/data_hidup")).json()
    assert (whole["nilai"], whole["dihitung"], whole["tidak_dihitung"]) == (40, 5, {"never": 1})
    page = (await visitor.get("/wawasan")).text
    assert "Tempat tidur: kesegaran data" in page
    assert "belum pernah mengirim" in (await visitor.get(f"/rumah-sakit?cari={never.code}")).text


async def test_everybody_sees_who_has_the_tick(service: Service) -> None:
    copied = await copying(service, "6204", timedelta(hours=27))
    live = await copying(service, "6204", timedelta(hours=3))
    anybody = Visitor(service)

    async def found() -> dict[str, Any]:
        listed = (await anybody.get("/ketersediaan.json?wilayah=6204")).json()["rumah_sakit"]
        return {each["kode_rs"]: each for each in listed}

    for _ in range(120):
        # Figures are at most a minute old: the test asks again instead of waiting for that.
        if len(await found()) == 2:
            break
        await asyncio.sleep(0.5)
    known = await found()
    assert (known[copied.code]["centang"], known[live.code]["centang"]) == (False, True)
    assert datetime.fromisoformat(known[copied.code]["kabar_terakhir"]) > datetime.now(UTC) - timedelta(hours=1)
    page = (await anybody.get("/ketersediaan?wilayah=6204")).text
    # One hospital has it, and a line says what it means.
    assert page.count("data hidup") == 2
    assert "disalin" not in page
