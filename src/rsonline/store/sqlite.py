"""SQLite: one writing connection, many readers, WAL with synchronous=FULL.

The driver is a wheel that carries its own SQLite: the system's may have the WAL-reset bug that was mended in 3.51.3.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pysqlite3.dbapi2 as driver
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import StaticPool

from rsonline.reports.report import Report, Row
from rsonline.store import bed_rounds, journal
from rsonline.store.access import Access
from rsonline.store.apply import Work, repeated, work
from rsonline.store.bed_rounds import Heard
from rsonline.store.change import Broken, Busy, Change, Full, Lookup, Origin, Outcome, Stale
from rsonline.store.journal import Head
from rsonline.store.reads import require_current
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import BED_HISTORY, bed_round, idempotency, table_of, to_millis
from rsonline.store.seal import Vault
from rsonline.store.writer import Writer

LEAST_VERSION = (3, 51, 3)
LOG_PAGES = 1000
"""Pages of the log from which on they are moved to the database before the next batch."""
T = TypeVar("T")
Task = Callable[[Access], Any]

_DIALECT = sqlite.dialect(paramstyle="qmark")
_BEDS = ", ".join(bed_rounds.COLUMNS)
_STATE = (
    f"SELECT version, aktif, seq, hash, {_BEDS}"  # noqa: S608 (fixed text)
    " FROM hospital JOIN journal_head USING (kode_rs) WHERE kode_rs = ?"
)
_HEAD = f"UPDATE journal_head SET (seq, hash, {_BEDS}) = (?, ?, ?, ?, ?, ?, ?) WHERE kode_rs = ?"  # noqa: S608
_OLD_ROUNDS = "DELETE FROM bed_round WHERE kode_rs = ? AND at < ?"
_NUMBER = (
    "INSERT INTO numbers (object, last) VALUES (?, 1) ON CONFLICT (object) DO UPDATE SET last = last + 1 RETURNING last"
)
_TALLY = (
    "INSERT INTO tally (kode_rs, day, what, count) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kode_rs, day, what) DO UPDATE SET count = count + excluded.count"
)
_ANSWERED = "SELECT digest, at, answer FROM idempotency WHERE kode_rs = ? AND route = ? AND key = ?"
# What concerns one change only; every other error of the database concerns the whole batch.
_OWN_FAULT = (driver.IntegrityError, driver.DataError, driver.ProgrammingError, driver.InterfaceError)


def connect(path: Path, *, read_only: bool = False) -> Any:
    """A connection with the settings that durability rests on; raise Broken for a driver with an old SQLite."""
    if driver.sqlite_version_info < LEAST_VERSION:
        raise Broken(f"SQLite {driver.sqlite_version} is older than {'.'.join(map(str, LEAST_VERSION))}")
    db = driver.connect(str(path), timeout=5.0, isolation_level=None, check_same_thread=False, cached_statements=512)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA busy_timeout=5000")
    if read_only:
        db.execute("PRAGMA query_only=1")
    return db


def engine_on(creator: Callable[[], Any], *, pooled: int | None = None) -> sa.Engine:
    """SQLAlchemy over connections that this module opens; transactions are begun and ended by hand."""
    if pooled is None:
        return sa.create_engine("sqlite://", module=driver, creator=creator, poolclass=StaticPool, hide_parameters=True)
    return sa.create_engine(
        "sqlite://",
        module=driver,
        creator=creator,
        poolclass=sa.QueuePool,
        pool_size=pooled,
        max_overflow=0,
        # The text of an error goes to the log: it must not repeat what somebody sent (SR-50).
        hide_parameters=True,
    )


@contextmanager
def transaction(path: Path) -> Iterator[sa.Connection]:
    """One writing transaction on an existing database, for a command beside the service; waits up to 30 s."""
    engine = engine_on(lambda: connect(path))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


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


def as_days(values: Sequence[Any], days: Sequence[int]) -> tuple[Any, ...]:
    """The values with days as days."""
    if not days:
        return tuple(values)
    return tuple(date.fromisoformat(v) if i in days and v is not None else v for i, v in enumerate(values))


def parameter(value: Any) -> Any:
    """One value of a lookup as the database has it."""
    if isinstance(value, datetime):
        return to_millis(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


INSERT_LINE = f"INSERT INTO journal VALUES ({', '.join('?' * len(journal.COLUMNS))})"  # noqa: S608 (fixed text)
INSERT_HISTORY = f"INSERT INTO bed_history VALUES ({', '.join('?' * len(BED_HISTORY.columns))})"  # noqa: S608


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
        tallies: dict[tuple[str, str, str], int] = {}
        self._move_log()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            others = self._db.execute("PRAGMA data_version").fetchone()[0]
            if others != self._others:
                self._forget()
                self._others = others
            results = [self._guarded(item, tallies) for item in batch]
            for (code, day, what), count in tallies.items():
                self._db.execute(_TALLY, (code, day, what, count))
            self._write_heads()
            self._db.execute("COMMIT")
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
        for code in self._moved:
            self._db.execute(_HEAD, (*self._heads[code], *self._heard[code], code))
        self._moved.clear()

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except driver.Error as error:
            raise Broken(f"roll back: {_code(error)}") from error

    def _forget(self) -> None:
        self._heads.clear()
        self._heard.clear()
        self._moved.clear()
        self._states.clear()
        self._others = None

    def _guarded(self, item: Change | Task, tallies: dict[tuple[str, str, str], int]) -> Any:
        """One item inside a savepoint, so that what is wrong with it does not touch its neighbours."""
        if not isinstance(item, Change):
            # A task reads and writes heads itself.
            self._write_heads()
        self._db.execute("SAVEPOINT one")
        try:
            if isinstance(item, Change):
                result: Any = self._change(item, tallies)
            else:
                result = item(self._access)
                self._heads.clear()
                self._heard.clear()
                self._states.clear()
        except Stale as stale:
            result = stale
        except driver.Error as error:
            if not isinstance(error, _OWN_FAULT):
                raise
            result = error
        except Exception as error:
            result = error
        if isinstance(result, BaseException):
            self._db.execute("ROLLBACK TO one")
        self._db.execute("RELEASE one")
        return result

    def _change(self, change: Change, tallies: dict[tuple[str, str, str], int]) -> Outcome:
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
        done = work(self._vault, change, found, now, self._heads[code], self._heard[code], self._number)
        self._write(code, done)
        # Only now, when nothing of this change can fail any more.
        self._heads[code] = done.head
        self._heard[code] = done.heard
        if done.lines:
            self._moved.add(code)
        day = now.date().isoformat()
        for what in done.tallies:
            tallies[code, day, what] = tallies.get((code, day, what), 0) + 1
        return done.outcome

    def _number(self, report: Report[Any]) -> int:
        number: int = self._db.execute(_NUMBER, (report.name,)).fetchone()[0]
        return number

    def _find(self, code: str, wanted: Lookup) -> list[Row]:
        shape = shape_of(wanted.report)
        where = condition(wanted.report, wanted.where, self._vault)
        sql = lookup(wanted.report, tuple(name for name, _ in where), wanted.deleted)
        found = self._db.execute(sql, (code, *[parameter(v) for _, v in where])).fetchall()
        return [shape.row(as_days(values, shape.days), self._vault, whole=wanted.whole) for values in found]

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


class SqliteStore:
    """The embedded store in one file.

    `read` and `submit` are the two ways in; both check that the credentials behind the origin still are what was
    verified, inside the transaction that does the work (SR-03). A `clock` gives other receipt times than now, for
    history that is made up.
    """

    def __init__(
        self,
        path: Path,
        vault: Vault,
        *,
        waiting: int = 4096,
        readers: int = 4,
        commit_each: bool = False,
        clock: Callable[[], float] | None = None,
        on_broken: Callable[[BaseException], None],
    ) -> None:
        self.vault = vault
        self._applier = Applier(path, vault, commit_each=commit_each, clock=clock)
        self._writer = Writer(self._applier, waiting=waiting, on_broken=on_broken)
        self._engine = engine_on(lambda: connect(path, read_only=True), pooled=readers)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="rsonline-reader")

    @property
    def waiting(self) -> int:
        """How many changes wait or are being written."""
        return self._writer.waiting

    async def submit(self, change: Change) -> Outcome:
        """Apply one change; return when it is durable. Raises Stale, Busy, Full, Broken, what the decision raised."""
        outcome: Outcome = await self._writer.submit(change)
        return outcome

    async def perform(self, task: Callable[[Access], T]) -> T:
        """Run a function in the writing transaction, between the changes."""
        result: T = await self._writer.submit(task)
        return result

    async def read(self, origin: Origin | None, look: Callable[[Access], T]) -> T:
        """Run a function on one snapshot. Raises Stale; without an origin nothing is checked."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, origin, look)

    def _read(self, origin: Origin | None, look: Callable[[Access], T]) -> T:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            if origin is not None:
                require_current(connection, origin)
            return look(Access(connection, self.vault))

    async def close(self) -> None:
        """Write what waits, then close. Readers that are at work finish first."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.close()
        self._readers.shutdown()
        self._engine.dispose()
        self._applier.close()


__all__ = ["Applier", "SqliteStore", "connect", "engine_on", "transaction"]
