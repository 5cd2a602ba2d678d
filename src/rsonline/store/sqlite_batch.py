"""Batches of changes on SQLite: one transaction on the one writing connection."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as driver
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rsonline.reports.report import Report, Row
from rsonline.store import bed_rounds, journal
from rsonline.store.access import Access
from rsonline.store.apply import Work, repeated, work
from rsonline.store.bed_rounds import Heard
from rsonline.store.change import Broken, Busy, Change, Full, Lookup, Outcome, Stale
from rsonline.store.columns import to_millis
from rsonline.store.journal import Head
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import BED_HISTORY, bed_round, idempotency, table_of
from rsonline.store.seal import Vault
from rsonline.store.sqlite_engine import connect, engine_on

LOG_PAGES = 1000
"""Pages of the log from which on they are moved to the database before the next batch."""
Task = Callable[[Access], Any]
Tallies = dict[tuple[str, str, str], int]
"""Counts by hospital, day and what was counted."""

_DIALECT = sqlite.dialect(paramstyle="qmark")
_BEDS = ", ".join(bed_rounds.COLUMNS)
_STATE = (
    f"SELECT version, aktif, seq, hash, {_BEDS}"  # noqa: S608 (fixed text)
    " FROM hospital JOIN journal_head USING (kode_rs) WHERE kode_rs = ?"
)
_HEAD = f"UPDATE journal_head SET (seq, hash, {_BEDS}) = (?, ?, ?, ?, ?, ?, ?) WHERE kode_rs = ?"  # noqa: S608 (ours)
_OLD_ROUNDS = "DELETE FROM bed_round WHERE kode_rs = ? AND at < ?"
_LAST = "SELECT last FROM numbers WHERE object = ?"
_NUMBERS = "INSERT INTO numbers (object, last) VALUES (?, ?) ON CONFLICT (object) DO UPDATE SET last = excluded.last"
_TALLY = (
    "INSERT INTO tally (kode_rs, day, what, count) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kode_rs, day, what) DO UPDATE SET count = count + excluded.count"
)
_ANSWERED = "SELECT digest, at, answer FROM idempotency WHERE kode_rs = ? AND route = ? AND key = ?"
# What concerns one change only; every other error of the database concerns the whole batch.
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_BUSY", "SQLITE_LOCKED")
_OWN_FAULT = (driver.IntegrityError, driver.DataError, driver.ProgrammingError, driver.InterfaceError)


@cache
def upsert(table: sa.Table) -> str:
    """The INSERT of a whole row, which replaces the row of the same key; parameters in the order of the columns."""
    insert = sqlite.insert(table)
    key = [c.name for c in table.primary_key]
    rest = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key}
    compiled = insert.on_conflict_do_update(index_elements=key, set_=rest).compile(dialect=_DIALECT)
    if tuple(compiled.positiontup or ()) != tuple(c.name for c in table.columns):
        raise RuntimeError(f"{table.name}: the compiled order of parameters is not the order of the columns")
    return str(compiled)


@cache
def lookup(report: Report[Any], where: tuple[str, ...], deleted: bool) -> str:
    """A SELECT of all columns by the hospital and the named columns, in that order."""
    table = table_of(report)
    query = sa.select(table).where(table.c.kode_rs == sa.bindparam("kode_rs"))
    for name in where:
        query = query.where(table.c[name] == sa.bindparam(name))
    if not deleted:
        query = query.where(table.c.deleted_at.is_(None))
    return str(query.compile(dialect=_DIALECT))


def as_text(values: list[Any], days: Sequence[int]) -> list[Any]:
    """The values with days as SQLite keeps them, in place."""
    for position in days:
        if values[position] is not None:
            values[position] = values[position].isoformat()
    return values


def as_days(values: list[Any], days: Sequence[int]) -> list[Any]:
    """The values with days as days, in place."""
    for position in days:
        if values[position] is not None:
            values[position] = date.fromisoformat(values[position])
    return values


def parameter(value: Any) -> Any:
    """One value of a lookup as the database has it."""
    if isinstance(value, datetime):
        return to_millis(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


INSERT_LINE = f"INSERT INTO journal VALUES ({', '.join('?' * len(journal.COLUMNS))})"  # noqa: S608 (fixed text)
INSERT_HISTORY = f"INSERT INTO bed_history VALUES ({', '.join('?' * len(BED_HISTORY.columns))})"  # noqa: S608 (ours)


class _Torn(Exception):
    """Something of a change was written, and then it failed."""


class Applier:
    """Applies batches on the one writing connection. Used by the writer's thread only.

    What it remembers of the database (the state of each hospital and the end of its journal) holds as long as no
    other connection has committed, which SQLite tells by `data_version`.
    """

    def __init__(
        self, path: Path, vault: Vault, *, commit_each: bool = False, clock: Callable[[], float] | None = None
    ) -> None:
        self._db = connect(path)
        # SQLite's own checkpoint says nothing of a sync that fails.
        self._db.execute("PRAGMA wal_autocheckpoint=0")
        self._access = Access(engine_on(lambda: self._db).connect(), vault)
        self._vault = vault
        self._commit_each = commit_each
        self._clock = clock
        self._others: int | None = None
        self._states: dict[str, tuple[int, bool] | None] = {}
        self._heads: dict[str, Head] = {}
        self._heard: dict[str, Heard] = {}
        self._moved: set[str] = set()
        """Hospitals whose head is further than the table says."""
        self._numbers: dict[str, int] = {}
        """The last number of each report that was given in this transaction, to the table or not yet."""
        self._latest = 0.0

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __call__(self, batch: Sequence[Change | Task]) -> list[Any]:
        """A result or an exception for each item. Raises Busy, Full or Broken where nothing of the batch was kept."""
        if self._commit_each:
            return [result for item in batch for result in self._commit([item])]
        return self._commit(batch)

    def _commit(self, batch: Sequence[Change | Task]) -> list[Any]:
        tallies: Tallies = {}
        self._move_log()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            others = self._db.execute("PRAGMA data_version").fetchone()[0]
            if others != self._others:
                self._forget()
                self._others = others
            self._db.execute("SAVEPOINT batch")
            try:
                results = [self._trusted(item, tallies) for item in batch]
            except _Torn:
                # Under the same lock, and no number twice: only what was remembered of the batch's own work is gone.
                self._db.execute("ROLLBACK TO batch")
                self._forget_hospitals()
                tallies.clear()
                results = [self._guarded(item, tallies) for item in batch]
            for (code, day, what), count in tallies.items():
                self._db.execute(_TALLY, (code, day, what, count))
            self._write_heads()
            self._db.execute("COMMIT")
            self._numbers.clear()
        except driver.Error as error:
            self._forget()
            self._roll_back()
            raise _named(error) from error
        return results

    def _move_log(self) -> None:
        """Move a long log to the database. Raises Broken where that fails; what was committed stays in the log."""
        try:
            _, pages, _ = self._db.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
            if pages >= LOG_PAGES:
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except driver.Error as error:
            # Where there is no room the log stays, and the next batch tries again.
            if isinstance(named := _named(error), Broken):
                raise named from error

    def _write_heads(self) -> None:
        """Bring the table to what is remembered: the ends of journals, and the numbers that were given."""
        for code in self._moved:
            self._db.execute(_HEAD, (*self._heads[code], *self._heard[code], code))
        self._moved.clear()
        # They stay known until the commit: a batch that begins again must not give one of them a second time.
        for given in self._numbers.items():
            self._db.execute(_NUMBERS, given)

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except driver.Error as error:
            raise Broken(f"roll back: {_code(error)}") from error

    def _forget(self) -> None:
        self._forget_hospitals()
        self._numbers.clear()
        self._others = None

    def _forget_hospitals(self) -> None:
        self._heads.clear()
        self._heard.clear()
        self._moved.clear()
        self._states.clear()

    def _trusted(self, item: Change | Task, tallies: Tallies) -> Any:
        """One item without a savepoint: nearly all that fails does so before anything of it was written.

        Raises _Torn where something was: then the batch begins again, each item guarded.
        """
        if not isinstance(item, Change):
            return self._guarded(item, tallies)
        try:
            done = self._decided(item)
        except Exception as error:
            return _of_one(error)
        try:
            return self._kept(item, done, tallies)
        except Exception as error:
            raise _Torn from _of_one(error)

    def _guarded(self, item: Change | Task, tallies: Tallies) -> Any:
        """One item inside a savepoint, so that what is wrong with it does not touch its neighbours."""
        if not isinstance(item, Change):
            # A task reads and writes heads itself.
            self._write_heads()
        self._db.execute("SAVEPOINT one")
        try:
            if isinstance(item, Change):
                result: Any = self._kept(item, self._decided(item), tallies)
            else:
                result = item(self._access)
                self._forget_hospitals()
        except Exception as error:
            result = _of_one(error)
            self._db.execute("ROLLBACK TO one")
        self._db.execute("RELEASE one")
        return result

    def _decided(self, change: Change) -> Work | Outcome:
        """What a change becomes, or what was said to it before. Writes nothing. Raises Stale, what it decides."""
        origin = change.origin
        code = origin.hospital
        if code not in self._states:
            row = self._db.execute(_STATE, (code,)).fetchone()
            self._states[code] = None if row is None else (row[0], bool(row[1]))
            if row is not None:
                self._heads[code] = Head(row[2], bytes(row[3]))
                self._heard[code] = Heard(*row[4:])
        if self._states[code] != (origin.version, True):
            raise Stale
        # Receipt times never run backwards, whatever the machine's clock does.
        self._latest = max(self._latest, time.time() if self._clock is None else self._clock())
        now = datetime.fromtimestamp(self._latest, UTC)
        if change.once is not None:
            stored = self._db.execute(_ANSWERED, (code, change.once.route, change.once.key)).fetchone()
            said = repeated(self._vault, code, change.once, stored, now)
            if said is not None:
                return said
        found: list[list[Row]] = []
        for each in change.lookups:
            wanted = each if isinstance(each, Lookup) else each(found)
            found.append([] if wanted is None else self._find(code, wanted))
        return work(self._vault, change, found, now, self._heads[code], self._heard[code], self._number)

    def _kept(self, change: Change, done: Work | Outcome, tallies: Tallies) -> Outcome:
        """Write what a change became; how it ended."""
        if isinstance(done, Outcome):
            return done
        code = change.origin.hospital
        self._write(code, done)
        # Only now, when nothing of this change can fail any more.
        self._heads[code] = done.head
        self._heard[code] = done.heard
        if done.lines:
            self._moved.add(code)
        for what in done.tallies:
            day = datetime.fromtimestamp(self._latest, UTC).date().isoformat()
            tallies[code, day, what] = tallies.get((code, day, what), 0) + 1
        return done.outcome

    def _number(self, report: Report[Any]) -> int:
        """The next number of a report. One that was given is not given again, whatever becomes of its change."""
        last = self._numbers.get(report.name)
        if last is None:
            row = self._db.execute(_LAST, (report.name,)).fetchone()
            last = 0 if row is None else int(row[0])
        self._numbers[report.name] = last + 1
        return last + 1

    def _find(self, code: str, wanted: Lookup) -> list[Row]:
        shape = shape_of(wanted.report)
        where = condition(wanted.report, wanted.where, self._vault)
        sql = lookup(wanted.report, tuple(name for name, _ in where), wanted.deleted)
        found = self._db.execute(sql, (code, *[parameter(v) for _, v in where])).fetchall()
        return [shape.row(as_days(list(values), shape.days), self._vault, whole=wanted.whole) for values in found]

    def _write(self, code: str, done: Work) -> None:
        for report, row in done.rows:
            shape = shape_of(report)
            self._db.execute(upsert(table_of(report)), as_text(shape.values(row, self._vault), shape.days))
        for values in done.history:
            self._db.execute(INSERT_HISTORY, values)
        for values in done.rounds:
            self._db.execute(upsert(bed_round), values)
            self._db.execute(_OLD_ROUNDS, (code, bed_rounds.oldest_kept(values)))
        for line in done.lines:
            self._db.execute(INSERT_LINE, line)
        if done.answer is not None:
            self._db.execute(upsert(idempotency), done.answer)


def _of_one(error: Exception) -> Exception:
    """An error that concerns one item. Raises it where it concerns the whole batch.

    A task speaks through SQLAlchemy, which wraps what the driver says. Where there is no room SQLite may have ended the
    whole transaction, so that there is no savepoint to return to. A wrong statement of a task concerns only the task.
    """
    if isinstance(error, driver.Error) and not isinstance(error, _OWN_FAULT):
        raise error
    inner = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    if isinstance(inner, driver.Error) and _code(inner).startswith(_OF_THE_DISK):
        raise inner
    return error


def _code(error: driver.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _named(error: driver.Error) -> Exception:
    """What an error of the whole batch means to whoever waits."""
    name = _code(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy()
    if name == "SQLITE_FULL":
        return Full()
    return Broken(name)
