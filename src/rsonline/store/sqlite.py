"""SQLite: one writing connection, many readers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from rsonline.store.access import Access
from rsonline.store.change import Change, Origin, Outcome
from rsonline.store.reads import require_current
from rsonline.store.seal import Vault
from rsonline.store.sqlite_batch import Applier
from rsonline.store.sqlite_engine import connect, engine_on
from rsonline.store.writer import Writer

T = TypeVar("T")


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
