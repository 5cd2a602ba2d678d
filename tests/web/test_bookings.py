"""Bookings of a day and the times of their steps, through the pages."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.hospital import Hospital, Service
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
CODE = "CONTOH-RAHASIA-7788"


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


async def officer(service: Service, hospital: Hospital) -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"antre-{hospital.code}", "petugas", code=hospital.code))
    return visitor


async def test_a_booking_and_its_times(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    day = f"/antrian/{today()}"
    said = {
        "kodebooking": CODE,
        "jenispasien": "JKN",
        "kodepoli": "INT",
        "tanggalperiksa": today(),
        "norm": "RM-CONTOH-1",
    }
    wrong = await visitor.post(f"{day}/baru", {**said, "jenispasien": ""})
    assert wrong.status_code == 422
    assert "wajib diisi" in wrong.text
    assert (await visitor.post(f"{day}/baru", said)).status_code == 303
    listed = (await visitor.get(day)).text
    assert CODE not in listed
    assert "••••7788" in listed
    [handle] = re.findall(rf'href="{day}/([0-9a-f]{{32}})"', listed)
    one = f"{day}/{handle}"
    assert f'value="{CODE}"' in (await visitor.get(one)).text
    assert (
        await visitor.post(f"{one}/waktu", {"taskid": "3", "waktu": f"{today()}T08:00:00"}, page=one)
    ).status_code == 303
    assert (await visitor.post(f"{one}/waktu", {"taskid": "4", "sekarang": "1"}, page=one)).status_code == 303
    tasks = (await hospital.send("GET", "/Antrian/Task", {"kodebooking": CODE})).json()
    times = {row["taskid"]: row["waktu"] for row in next(iter(tasks.values()))}
    eight = datetime.fromisoformat(f"{today()}T08:00:00").replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    assert times["3"] == str(int(eight.timestamp() * 1000))
    assert set(times) == {"3", "4"}
    corrected = await visitor.post(f"{one}/waktu", {"taskid": "3", "waktu": f"{today()}T08:05:00"}, page=one)
    assert corrected.status_code == 303
    changed = await visitor.post(one, {**said, "keterangan": "Peserta datang lebih awal"})
    assert changed.status_code == 303
    rows = (await hospital.send("GET", "/Antrian", {"tanggal": today()})).json()
    assert [row["keterangan"] for row in next(iter(rows.values()))] == ["Peserta datang lebih awal"]
    with transaction(service.database) as access:
        lines = list(audit.lines(access, code=hospital.code))
    assert [line["verb"] for line in lines if line["object"] == "antrian"].count("view") >= 1
    assert (await visitor.post(f"{one}/hapus", {}, page=one)).status_code == 303
    assert handle not in (await visitor.get(day)).text


async def test_a_booking_of_another_hospital_is_not_there(service: Service, hospital: Hospital) -> None:
    other = service.hospital()
    theirs = await officer(service, other)
    await theirs.post(
        f"/antrian/{today()}/baru",
        {"kodebooking": CODE, "jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": today()},
    )
    [handle] = re.findall(r"/([0-9a-f]{32})\"", (await theirs.get(f"/antrian/{today()}")).text)
    visitor = await officer(service, hospital)
    assert (await visitor.get(f"/antrian/{today()}/{handle}")).status_code == 404
    assert (await visitor.get(f"/antrian/{today()}/{'0' * 32}")).status_code == 404
    assert (await visitor.get("/antrian/bukan-tanggal")).status_code == 404
