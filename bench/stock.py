"""The data that a measurement starts from: hospitals with bookings and rooms, made by the service's own verbs."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.login.passwords import hash_password
from rsonline.reports import ANTRIAN, ANTRIAN_TASK, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.reports.report import Report
from rsonline.store import hospitals, migrate
from rsonline.store.change import Change, Origin
from rsonline.store.database import Database
from rsonline.store.engines import connected, open_store, transaction
from rsonline.store.schema import journal, table_of
from rsonline.store.sqlite_batch import INSERT_LINE, upsert
from rsonline.store.sqlite_engine import connect

FIRST_CODE = 9_200_001
PASSWORD = "made-up-for-measuring-4711"
STEPS = ("1", "2", "3", "4", "5", "6", "7", "99")
_AT_ONCE = 2000

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Size:
    """How much there is: hospitals, and of each its bookings and rooms."""

    hospitals: int = 16
    bookings: int = 1500
    rooms: int = 40

    @property
    def tasks(self) -> int:
        """How many distinct task times can be posted."""
        return self.hospitals * self.bookings * len(STEPS)


def booking(number: int) -> dict[str, object]:
    """One booking of today."""
    return {
        "kodebooking": f"B-{number}",
        "jenispasien": "JKN",
        "kodepoli": "INT",
        "tanggalperiksa": date.today().isoformat(),
        "norm": f"RM-{number}",
    }


def room(number: int) -> dict[str, object]:
    """One room."""
    return {"id_tt": "3", "ruang": f"Ruang {number}", "jumlah_ruang": "4", "jumlah": "20", "terpakai": "3"}


def change(number: int, report: Report[Any], method: str, sent: dict[str, object]) -> Change:
    """The change that the service would make of a message of hospital `number`."""
    code = str(FIRST_CODE + number)
    at = At(code, ZoneInfo("Asia/Jakarta"), datetime.now(UTC), shipped(), f"RS {code}", True)
    asked = verbs_of(report)[method](Call(Origin(code, 1, address="127.0.0.1"), report, sent, at))
    if not isinstance(asked, Asked):
        raise TypeError(f"{method} of {report.name} changes nothing")
    return asked.change


def task(number: int, size: Size) -> Change:
    """The change of the `number`th distinct task time, counted as the load counts."""
    item = number // size.hospitals
    sent: dict[str, object] = {
        "kodebooking": f"B-{item // len(STEPS)}",
        "taskid": STEPS[item % len(STEPS)],
        "waktu": int(time.time()) * 1000,
    }
    return change(number % size.hospitals, ANTRIAN_TASK, "POST", sent)


def make(database: Database, size: Size) -> None:
    """A database with all of it, closed; an embedded one in one file."""
    migrate.upgrade(database)
    hashed = hash_password(PASSWORD)
    with transaction(database) as access:
        for number in range(size.hospitals):
            hospitals.add(access, str(FIRST_CODE + number), f"RS Tiruan {number}", "WIB", hashed)
    apply(database, _stock(size))


def _stock(size: Size) -> Iterator[Change]:
    for number in range(size.hospitals):
        for each in range(size.bookings):
            yield change(number, ANTRIAN, "POST", booking(each))
        for each in range(size.rooms):
            yield change(number, TEMPAT_TIDUR, "POST", room(each))


def apply(database: Database, changes: Iterator[Change]) -> None:
    """Let the service's own store carry them out. Raises what one of them raised, and RuntimeError for a refusal."""

    async def all_of_them() -> None:
        store = open_store(database, on_broken=lambda error: None)
        try:
            while batch := list(itertools.islice(changes, _AT_ONCE)):
                for outcome in await asyncio.gather(*[store.submit(each) for each in batch]):
                    if outcome.kind != "saved":
                        raise RuntimeError(f"{outcome.kind}: {outcome.problems}")
        finally:
            await store.close()

    asyncio.run(all_of_them())


def statements_of_tasks(database: Database, size: Size, count: int) -> list[tuple[Statement, Statement]]:
    """What the embedded store executes for `count` task times: the upsert of each and its journal line, with values.

    The database was made by `make`, and is changed: the service's own store carries the changes out there, and what it
    left in the tables are the values.
    """
    apply(database, (task(number, size) for number in range(count)))
    db = connect(database.path)
    try:
        rows = db.execute("SELECT * FROM antrian_task ORDER BY rowid").fetchall()
        lines = db.execute("SELECT * FROM journal WHERE object = 'antrian_task' ORDER BY rowid").fetchall()
    finally:
        db.close()
    # Both are written in the order of the changes.
    text = upsert(table_of(ANTRIAN_TASK))
    return [((text, row), (INSERT_LINE, line)) for row, line in zip(rows, lines, strict=True)]


def lines(database: Database) -> int:
    """How many lines the journal has."""
    with connected(database) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(journal)).scalar_one())
