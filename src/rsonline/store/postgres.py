"""PostgreSQL: one connection that writes batches, many that read.

A batch is one transaction: it locks the journal heads of its hospitals in one order, finds all rows that its changes
depend on with one statement for each kind of lookup, lets the changes decide one after the other beside what the
earlier ones of the batch decided, and writes everything with one statement for each table. The head's lock makes every
hospital's changes one sequence, whatever processes write them; so no rule needs a stronger isolation.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa
import structlog

from rsonline.store.access import Access
from rsonline.store.change import Busy, Change, Full, Origin, Outcome
from rsonline.store.postgres_batch import Batches
from rsonline.store.postgres_engine import GONE, NEEDED, away, engine_on, faults
from rsonline.store.reads import require_current
from rsonline.store.seal import Vault

T = TypeVar("T")
log = structlog.get_logger("rsonline.store")
_LARGEST_BATCH = 256
_AT_A_TIME = 32
"""How many numbers are taken from a sequence at once."""
_PATIENCE = 30.0
_Key = tuple[str, str, tuple[tuple[str, Any], ...], bool, bool]
_Waiting = tuple[Change, "asyncio.Future[Outcome]"]

_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class PostgresStore:
    """The store on a PostgreSQL server, which other processes of the service may use too.

    Belongs to the event loop in which it is first used. While the server is away every call raises Busy; when it
    comes back, so does the store.
    """

    def __init__(
        self,
        url: str,
        vault: Vault,
        *,
        waiting: int = 4096,
        readers: int = 4,
        commit_each: bool = False,
        clock: Callable[[], float] | None = None,
        unsafe: bool = False,
    ) -> None:
        self.vault = vault
        self._url = url
        self._limit = waiting
        self._largest = 1 if commit_each else _LARGEST_BATCH
        self._unsafe = unsafe
        self._batch = Batches(vault, clock)
        self._queue: list[_Waiting] = []
        self._waiting = 0
        self._wake = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[Any] | None = None
        self._batches = 0
        """How many this connection has begun."""
        self._retry_at = 0.0
        self._engine = engine_on(url, pooled=readers, isolation_level="REPEATABLE READ")
        self._tasks = engine_on(url, pooled=2)
        self._readers = ThreadPoolExecutor(readers + 2, thread_name_prefix="rsonline-reader")

    @property
    def waiting(self) -> int:
        """How many changes wait or are being written."""
        return self._waiting

    async def submit(self, change: Change) -> Outcome:
        """Apply one change; return when it is durable. Raises Stale, Busy, Full, what the decision raised."""
        if self._closed or self._waiting >= self._limit:
            raise Busy
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="rsonline-writer")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.append((change, future))
        self._wake.set()
        # The caller may go away, and its future with it; the change is written all the same, its result is dropped.
        return await future

    async def perform(self, task: Callable[[Access], T]) -> T:
        """Run a function in a transaction that writes. Raises Busy."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._perform, task)

    async def read(self, origin: Origin | None, look: Callable[[Access], T]) -> T:
        """Run a function on one snapshot. Raises Stale, Busy; without an origin nothing is checked."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, origin, look)

    def _perform(self, task: Callable[[Access], T]) -> T:
        for attempt in (1, 2, 3):
            try:
                with self._tasks.begin() as connection:
                    return task(Access(connection, self.vault))
            except sa.exc.IntegrityError:
                # Another process put the same row there first: this time it is found.
                if attempt == 3:
                    raise
            except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
                if isinstance(error, sa.exc.TimeoutError) or away(error):
                    raise Busy from error
                raise
        raise AssertionError

    def _read(self, origin: Origin | None, look: Callable[[Access], T]) -> T:
        try:
            with self._engine.connect() as connection:
                if origin is not None:
                    require_current(connection, origin)
                return look(Access(connection, self.vault))
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            if isinstance(error, sa.exc.TimeoutError) or away(error):
                raise Busy from error
            raise

    async def close(self) -> None:
        """Write what waits, then close. Readers that are at work finish first."""
        self._closed = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._drop()
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()
        self._tasks.dispose()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch, self._queue = self._queue[: self._largest], self._queue[self._largest :]
            if batch:
                results = await self._results([change for change, _ in batch])
                self._waiting -= len(batch)
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():
                        continue
                    if isinstance(result, BaseException):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
            elif self._closed:
                return
            else:
                self._wake.clear()

    async def _results(self, batch: list[Change]) -> Sequence[Outcome | BaseException]:
        """A result or an exception for each change, after the durable commit."""
        try:
            return await self._attempt(batch)
        except _AGAIN:
            pass
        except (asyncpg.DiskFullError, asyncpg.OutOfMemoryError):
            return [Full() for _ in batch]
        except (*GONE, Busy) as error:
            return await self._away(error, batch)
        except Exception as error:
            if isinstance(error, asyncpg.InterfaceError) and self._closed_under():
                return await self._away(error, batch)
            if len(batch) == 1:
                return [error]
        # Something in the batch cannot be written: each by itself, so that it fails alone.
        return [result for change in batch for result in await self._results_alone(change)]

    def _closed_under(self) -> bool:
        return self._connection is None or self._connection.is_closed()

    async def _results_alone(self, change: Change) -> Sequence[Outcome | BaseException]:
        for _ in range(3):
            try:
                return await self._attempt([change])
            except _AGAIN:
                continue
            except (asyncpg.DiskFullError, asyncpg.OutOfMemoryError):
                return [Full()]
            except (*GONE, Busy) as error:
                return await self._away(error, [change])
            except Exception as error:
                return [error]
        return [Busy()]

    async def _away(self, error: BaseException, batch: Sequence[Change]) -> Sequence[Outcome | BaseException]:
        """Nobody knows whether it was kept: nothing is acknowledged, everybody is asked to come again."""
        await self._drop()
        if not isinstance(error, Busy):
            log.warning("store.away", error=type(error).__name__, changes=len(batch))
        return [Busy() for _ in batch]

    async def _attempt(self, batch: list[Change]) -> Sequence[Outcome | BaseException]:
        connection = await self._connected()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._plan_anew(connection)
                await connection.execute("BEGIN")
                results = await self._batch.apply(connection, batch)
                await connection.execute("COMMIT")
                return results
        except BaseException:
            self._batch.forget()
            if not connection.is_closed():
                with contextlib.suppress(Exception):
                    # A connection that cannot even be rolled back is dropped by whoever looks at the error.
                    async with asyncio.timeout(5):
                        await connection.execute("ROLLBACK")
            raise

    async def _plan_anew(self, connection: "asyncpg.Connection[Any]") -> None:
        """Have plans made again before batches 1, 2, 4, 8 … of a connection.

        The server keeps a plan until it has counted the table's rows anew. One that was made on an empty table, as all
        are on a new or restored database, may read every row of a hospital where it could look one up.
        """
        self._batches += 1
        if self._batches & (self._batches - 1) == 0:
            await connection.execute("DISCARD PLANS")

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        if time.monotonic() < self._retry_at:
            raise Busy
        self._retry_at = time.monotonic() + 0.2
        connection = await asyncpg.connect(self._url, timeout=5, command_timeout=_PATIENCE)
        said = dict(await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(NEEDED)))
        wrong = [] if self._unsafe else faults(said)
        if wrong or await connection.fetchval("SELECT pg_is_in_recovery()"):
            # At the start such a server is refused in words; one that came by a fail-over is left for a better one.
            log.error("store.unfit", error="; ".join(wrong) or "a standby")
            await connection.close()
            raise Busy
        self._connection, self._batches = connection, 0
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._batch.forget()
        if connection is not None:
            with contextlib.suppress(Exception):
                # Whatever state it is in, it is not used again.
                connection.terminate()
