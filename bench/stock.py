"""The data that a measurement starts from: hospitals with bookings and rooms, made by the service's own verbs."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import ANTRIAN, ANTRIAN_TASK, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.reports.report import Report
from rsonline.service.passwords import hash_password
from rsonline.store import hospitals, journal, migrate
from rsonline.store.change import Change, Origin
from rsonline.store.rows import statements
from rsonline.store.sqlite import Applier, connect, transaction

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


def make(path: Path, size: Size) -> None:
    """A database with all of it, closed and in one file."""
    migrate.upgrade(path)
    hashed = hash_password(PASSWORD)
    with transaction(path) as connection:
        for number in range(size.hospitals):
            hospitals.add(connection, str(FIRST_CODE + number), f"RS Tiruan {number}", "WIB", hashed)
    _apply(path, _stock(size))


def _stock(size: Size) -> Iterator[Change]:
    for number in range(size.hospitals):
        for each in range(size.bookings):
            yield change(number, ANTRIAN, "POST", booking(each))
        for each in range(size.rooms):
            yield change(number, TEMPAT_TIDUR, "POST", room(each))


def _apply(path: Path, changes: Iterator[Change]) -> None:
    apply = Applier(path)
    try:
        while batch := list(itertools.islice(changes, _AT_ONCE)):
            for outcome in apply(batch):
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome.kind != "saved":
                    raise RuntimeError(f"{outcome.kind}: {outcome.problems}")
    finally:
        apply.close()


def statements_of_tasks(path: Path, size: Size, count: int) -> list[tuple[Statement, Statement]]:
    """What the store executes for `count` task times: the upsert of each and its journal line, with their values.

    `path` is a database made by `make`, and is changed: the service's own writer applies the changes there, and what
    it left in the tables are the values.
    """
    _apply(path, (task(number, size) for number in range(count)))
    db = connect(path)
    try:
        columns = ", ".join(statements(ANTRIAN_TASK).columns)
        rows = db.execute(f"SELECT {columns} FROM antrian_task ORDER BY rowid").fetchall()  # noqa: S608
        lines = db.execute(
            f"SELECT {', '.join(journal.COLUMNS)} FROM journal WHERE object = 'antrian_task'"  # noqa: S608
        ).fetchall()
    finally:
        db.close()
    key = {journal.COLUMNS.index("kode_rs"): "kode_rs", journal.COLUMNS.index("key"): "key"}
    by_key = {(line[min(key)], line[max(key)]): line for line in lines}
    upsert = statements(ANTRIAN_TASK).upsert
    pairs = []
    for row in rows:
        text = journal.key_text(ANTRIAN_TASK, statements(ANTRIAN_TASK).row(row))
        pairs.append(((upsert, row), (journal.INSERT, by_key[row[0], text])))
    return pairs


def count(path: Path, report: Report[Any]) -> int:
    """How many rows a report has."""
    db = connect(path)
    try:
        return int(db.execute(f"SELECT count(*) FROM {report.name}").fetchone()[0])  # noqa: S608
    finally:
        db.close()


def lines(path: Path) -> int:
    """How many lines the journal has."""
    db = connect(path)
    try:
        return int(db.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        db.close()
