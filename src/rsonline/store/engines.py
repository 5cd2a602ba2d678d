"""The two engines behind the same few calls: where a database is, its vault, a transaction on it, the store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import sqlalchemy as sa

from rsonline.store import keys, seal, sqlite, sqlite_engine
from rsonline.store.access import Access
from rsonline.store.change import Change, Origin, Outcome
from rsonline.store.database import Database
from rsonline.store.seal import DataKey, Vault

T = TypeVar("T")


class Store(Protocol):
    """What the rest of the house knows of a store."""

    vault: Vault

    @property
    def waiting(self) -> int:
        """How many changes wait or are being written."""

    async def submit(self, change: Change) -> Outcome:
        """Apply one change; return when it is durable. Raises Stale, Busy, Full, Broken, what the decision raised."""

    async def perform(self, task: Callable[[Access], T]) -> T:
        """Run a function in a transaction that writes."""

    async def read(self, origin: Origin | None, look: Callable[[Access], T]) -> T:
        """Run a function on one snapshot. Raises Stale, Busy."""

    async def close(self) -> None:
        """Write what waits, then close."""


def engine_of(database: Database) -> sa.Engine:
    """SQLAlchemy on one connection of a database."""
    if database.embedded:
        path = database.path
        return sqlite_engine.engine_on(lambda: sqlite_engine.connect(path))
    from rsonline.store import postgres_engine

    return postgres_engine.engine_on(database.url)


@contextmanager
def connected(database: Database) -> Iterator[sa.Connection]:
    """One transaction on a connection, without a vault."""
    if database.embedded:
        with sqlite_engine.transaction(database.path) as connection:
            yield connection
    else:
        from rsonline.store import postgres_engine

        with postgres_engine.transaction(database.url, patient=True) as connection:
            yield connection


@contextmanager
def transaction(database: Database) -> Iterator[Access]:
    """One writing transaction on an existing database, for a command beside the service. Raises KeysError."""
    vault = vault_of(database)
    with connected(database) as connection:
        yield Access(connection, vault)


def vault_of(database: Database) -> Vault:
    """The vault of a migrated database. Raises KeysError."""

    def load() -> Sequence[DataKey]:
        # A reading connection: it may be asked for in the middle of the one writing transaction.
        engine = engine_of(database)
        try:
            with engine.connect() as connection:
                return seal.stored(connection)
        finally:
            engine.dispose()

    return Vault(lambda: keys.read(database.keys), load)


def open_store(
    database: Database,
    *,
    waiting: int = 4096,
    readers: int = 4,
    commit_each: bool = False,
    clock: Callable[[], float] | None = None,
    on_broken: Callable[[BaseException], None],
) -> Store:
    """The store on a migrated database. Raises KeysError, and Broken for a server that does not keep what it promises.

    `commit_each` gives each change a commit of its own (for measuring); `clock` gives other receipt times than now.
    """
    vault = vault_of(database)
    if database.embedded:
        return sqlite.SqliteStore(
            database.path,
            vault,
            waiting=waiting,
            readers=readers,
            commit_each=commit_each,
            clock=clock,
            on_broken=on_broken,
        )
    from rsonline.store.postgres import PostgresStore
    from rsonline.store.postgres_engine import require_durable

    if not database.unsafe:
        with connected(database) as connection:
            require_durable(connection)
    return PostgresStore(
        database.url,
        vault,
        waiting=waiting,
        readers=readers,
        commit_each=commit_each,
        clock=clock,
        unsafe=database.unsafe,
    )
