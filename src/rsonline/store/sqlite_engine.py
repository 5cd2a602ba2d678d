"""Connections to an SQLite database: WAL with synchronous=FULL, by a driver that brings its own SQLite.

The system's SQLite may have the WAL-reset bug that was mended in 3.51.3.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as driver
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from rsonline.store.change import Broken

LEAST_VERSION = (3, 51, 3)


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
