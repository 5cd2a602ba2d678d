"""SQLite: one writing connection, many readers, WAL with synchronous=FULL.

The driver is a wheel that carries its own SQLite: the system's may have the WAL-reset bug that was mended in 3.51.3.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pysqlite3.dbapi2 as driver
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from rsonline.reports.report import Numbered, Row, recognised
from rsonline.store import journal
from rsonline.store.change import Broken, Busy, Change, Full, Lookup, Origin, Outcome, Put, Stale
from rsonline.store.rows import lookup, parameter, statements
from rsonline.store.schema import hospital
from rsonline.store.writer import Writer

LEAST_VERSION = (3, 51, 3)
T = TypeVar("T")
Task = Callable[[sa.Connection], Any]

_STATE = "SELECT version, aktif FROM hospital WHERE kode_rs = ?"
_NUMBER = (
    "INSERT INTO numbers (object, last) VALUES (?, 1) ON CONFLICT (object) DO UPDATE SET last = last + 1 RETURNING last"
)
_TALLY = (
    "INSERT INTO tally (kode_rs, day, what, count) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kode_rs, day, what) DO UPDATE SET count = count + excluded.count"
)
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


class Applier:
    """Applies batches on the one writing connection. Used by the writer's thread only.

    What it remembers of the database (the end of each journal, the state of each hospital) holds as long as no other
    connection has committed, which SQLite tells by `data_version`.
    """

    def __init__(self, path: Path, *, commit_each: bool = False, clock: Callable[[], float] | None = None) -> None:
        self._db = connect(path)
        self._sa = engine_on(lambda: self._db).connect()
        self._commit_each = commit_each
        self._clock = clock
        self._others: int | None = None
        self._heads: dict[str, int] = {}
        self._states: dict[str, tuple[int, bool] | None] = {}
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
        try:
            self._db.execute("BEGIN IMMEDIATE")
            others = self._db.execute("PRAGMA data_version").fetchone()[0]
            if others != self._others:
                self._forget()
                self._others = others
            results = [self._guarded(item, tallies) for item in batch]
            for (code, day, what), count in tallies.items():
                self._db.execute(_TALLY, (code, day, what, count))
            self._db.execute("COMMIT")
        except driver.Error as error:
            self._forget()
            self._roll_back()
            raise _named(error) from error
        return results

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except driver.Error as error:
            raise Broken(f"roll back: {_code(error)}") from error

    def _forget(self) -> None:
        self._heads.clear()
        self._states.clear()
        self._others = None

    def _guarded(self, item: Change | Task, tallies: dict[tuple[str, str, str], int]) -> Any:
        """One item inside a savepoint, so that what is wrong with it does not touch its neighbours."""
        self._db.execute("SAVEPOINT one")
        try:
            if isinstance(item, Change):
                result: Any = self._change(item, tallies)
            else:
                result = item(self._sa)
                self._heads.clear()
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
            self._heads.clear()
        self._db.execute("RELEASE one")
        return result

    def _change(self, change: Change, tallies: dict[tuple[str, str, str], int]) -> Outcome:
        origin = change.origin
        code = origin.hospital
        if code not in self._states:
            row = self._db.execute(_STATE, (code,)).fetchone()
            self._states[code] = None if row is None else (row[0], bool(row[1]))
        if self._states[code] != (origin.version, True):
            raise Stale
        # Receipt times never run backwards, whatever the machine's clock does.
        self._latest = max(self._latest, time.time() if self._clock is None else self._clock())
        now = datetime.fromtimestamp(self._latest, UTC)
        found: list[list[Row]] = []
        for each in change.lookups:
            wanted = each if isinstance(each, Lookup) else each(found)
            found.append([] if wanted is None else self._find(code, wanted))
        decision = change.decide(found, now)
        for put in decision.writes:
            self._put(origin, change.verb, put, now)
        day = now.date().isoformat()
        for what in (*change.tallies, *decision.tallies):
            tallies[code, day, what] = tallies.get((code, day, what), 0) + 1
        return decision.outcome

    def _find(self, code: str, wanted: Lookup) -> list[Row]:
        compiled = statements(wanted.report)
        sql = lookup(wanted.report, tuple(wanted.where), wanted.deleted)
        found = self._db.execute(sql, (code, *[parameter(v) for v in wanted.where.values()])).fetchall()
        return [compiled.row(row) for row in found]

    def _put(self, origin: Origin, verb: str, put: Put, now: datetime) -> None:
        row, old, identity = put.values, put.old, put.report.identity
        row["kode_rs"] = origin.hospital
        if isinstance(identity, Numbered):
            if row.get(identity.number) is None:
                row[identity.number] = self._db.execute(_NUMBER, (put.report.name,)).fetchone()[0]
            row["recognised"] = recognised(identity, row)
        row["version"] = 1 if old is None else old["version"] + 1
        row["received_at"] = now if old is None or old["deleted_at"] is not None else old["received_at"]
        row["updated_at"] = now
        row["deleted_at"] = now if put.deleted else None
        row["claimed_at"] = origin.claimed_at
        row["warnings"] = msgspec.json.encode(list(put.warnings)).decode() if put.warnings else None
        compiled = statements(put.report)
        self._db.execute(compiled.upsert, compiled.values(row))
        seq = self._heads.get(origin.hospital)
        if seq is None:
            seq = self._db.execute(journal.LAST, (origin.hospital,)).fetchone()[0] or 0
        self._heads[origin.hospital] = seq + 1
        line = journal.line(
            origin,
            seq + 1,
            now,
            put.report.name,
            journal.key_text(put.report, row),
            verb,
            journal.content(old),
            journal.content(row),
        )
        self._db.execute(journal.INSERT, line)


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
        *,
        waiting: int = 4096,
        readers: int = 4,
        commit_each: bool = False,
        clock: Callable[[], float] | None = None,
        on_broken: Callable[[BaseException], None],
    ) -> None:
        self._applier = Applier(path, commit_each=commit_each, clock=clock)
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

    async def perform(self, task: Callable[[sa.Connection], T]) -> T:
        """Run a function in the writing transaction, between the changes."""
        result: T = await self._writer.submit(task)
        return result

    async def read(self, origin: Origin | None, look: Callable[[sa.Connection], T]) -> T:
        """Run a function on one snapshot. Raises Stale; without an origin nothing is checked."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, origin, look)

    def _read(self, origin: Origin | None, look: Callable[[sa.Connection], T]) -> T:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            if origin is not None:
                state = connection.execute(
                    sa.select(hospital.c.version, hospital.c.aktif).where(hospital.c.kode_rs == origin.hospital)
                ).one_or_none()
                if state is None or (state.version, state.aktif) != (origin.version, True):
                    raise Stale
            return look(connection)

    def close(self) -> None:
        """Write what waits, then close. Readers that are at work finish first."""
        self._writer.close()
        self._readers.shutdown()
        self._engine.dispose()
        self._applier.close()


__all__ = ["SqliteStore", "connect", "engine_on", "transaction"]
