"""Changes of three hospitals at once, for tests of the journal."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import ANTRIAN
from rsonline.reports.fields import At
from rsonline.reports.report import Report
from rsonline.store import hospitals
from rsonline.store.change import Change, Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from tests.hospital import password_hash
from tests.store.changes import oksigen

CODES = ("9200001", "9200002", "9200003")
FIRST_NIK = 9_999_000_000_100_000


def origin_of(code: str) -> Origin:
    """Whoever speaks for a hospital."""
    return Origin(code, 1, f"{code}/1", address="10.0.0.1", request_id="r1", claimed="1", clock="exact")


def asked(origin: Origin, report: Report[Any], method: str, **sent: object) -> Change:
    """The change of one message."""
    at = At(origin.hospital, ZoneInfo("Asia/Jakarta"), datetime.now(UTC))
    made = verbs_of(report)[method](Call(origin, report, sent, at))
    assert isinstance(made, Asked)
    return made.change


def booking(origin: Origin, number: int) -> Change:
    """The change that adds one booking of a person."""
    sent = {"kodebooking": f"B-{number}", "jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": "2026-01-02"}
    return asked(origin, ANTRIAN, "POST", **sent, nik=str(FIRST_NIK + number))


def add_hospitals(database: Database) -> None:
    """Three hospitals that have reported nothing."""
    with transaction(database) as access:
        for code in CODES:
            hospitals.add(access, code, f"RS {code}", "WIB", password_hash())


async def fill(store: Store, days: int) -> None:
    """Oxygen of so many days, each told twice, and a booking a day, of every hospital, all at once."""
    origins = [origin_of(code) for code in CODES]
    changes = [oksigen(f"2026-01-{d:02}", d + n, o) for o in origins for d in range(1, days + 1) for n in (0, 1)]
    changes += [booking(o, d) for o in origins for d in range(days)]
    outcomes = await asyncio.gather(*[store.submit(change) for change in changes])
    assert {o.kind for o in outcomes} == {"saved", "updated"}


def filled(database: Database, days: int) -> None:
    """Three hospitals that have reported."""
    add_hospitals(database)

    async def work() -> None:
        store = open_store(database, on_broken=lambda error: None)
        await fill(store, days)
        await store.close()

    asyncio.run(work())
