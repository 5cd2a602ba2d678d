"""Connections to PostgreSQL, what has to be true of a server, and how it says that it went away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg
import psycopg
import sqlalchemy as sa

from rsonline.store.change import Broken

NEEDED = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply", "local"),
}
"""The settings without which an acknowledged change may be lost, and the values that keep it."""
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.QueryCanceledError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""The server went away, or is about to, or is not the one that writes any more: it has to be asked again."""
_MIGRATING = 0x72736F6E
"""The advisory lock of whoever changes the schema."""


def faults(said: Mapping[str, str]) -> list[str]:
    """What of a server's settings lets an acknowledged change be lost."""
    return [
        f"{name} is {said.get(name)}: an acknowledged change could be lost"
        for name, allowed in NEEDED.items()
        if said.get(name) not in allowed
    ]


def away(error: BaseException) -> bool:
    """Whether the server went away, is starting or stopping, or is not the one that writes any more."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error.orig, psycopg.OperationalError)
    # Connection exceptions, resources, operator intervention, read-only transaction, deadlock, serialization.
    return state[:2] in ("08", "53", "57") or state in ("25006", "40001", "40P01")


def sync_url(url: str) -> sa.URL:
    """The URL for SQLAlchemy's synchronous driver."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def engine_on(url: str, *, pooled: int = 1, **more: Any) -> sa.Engine:
    """SQLAlchemy on a server; a statement may take 30 s."""
    return sa.create_engine(
        sync_url(url),
        pool_size=pooled,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        # The text of an error goes to the log: it must not repeat what somebody sent (SR-50).
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": "-c statement_timeout=30s"},
        **more,
    )


@contextmanager
def transaction(url: str, *, patient: bool = False) -> Iterator[sa.Connection]:
    """One transaction for a command beside the service; `patient` has no limit for a statement."""
    engine = engine_on(url)
    try:
        with engine.begin() as connection:
            if patient:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            yield connection
    finally:
        engine.dispose()


def lock_schema(connection: sa.Connection) -> None:
    """Wait until nobody else changes the schema; until the end of the transaction."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))


def require_durable(connection: sa.Connection) -> None:
    """Raise Broken where the server's settings let an acknowledged change be lost."""
    said = dict(
        tuple(row)
        for row in connection.execute(
            sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"), {"names": list(NEEDED)}
        )
    )
    wrong = faults(said)
    if wrong:
        raise Broken("; ".join(wrong))
