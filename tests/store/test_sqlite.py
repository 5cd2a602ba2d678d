"""What only the embedded store can meet: a disk that fails in the middle of a statement, a full one, an old driver."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as driver
import pytest
import sqlalchemy as sa

from rsonline.store import hospitals
from rsonline.store.access import Access
from rsonline.store.change import Broken, Full
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from rsonline.store.sqlite_engine import connect
from tests.databases import fresh, journal
from tests.hospital import password_hash
from tests.store.changes import CODE, oksigen, stored


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An embedded database with one hospital."""
    with fresh("sqlite", tmp_path) as made:
        with transaction(made) as access:
            hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
        yield made


class Faulty:
    """A connection whose n-th statement fails as a broken disk would make it fail."""

    def __init__(self, db: Any, fail_at: int, error: str) -> None:
        self._db = db
        self._left = fail_at
        self._error = error

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Count down to the failure."""
        self._left -= 1
        if self._left == 0:
            error = driver.OperationalError("made to fail")
            error.sqlite_errorname = self._error
            raise error
        return self._db.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


@pytest.mark.parametrize("place", range(1, 51))
async def test_after_a_storage_error_nothing_is_acknowledged_and_the_process_is_told_to_end(
    database: Database, place: int
) -> None:
    broken: list[BaseException] = []
    store: Any = open_store(database, on_broken=broken.append)
    applier: Any = store._applier
    applier._db = Faulty(applier._db, place, "SQLITE_IOERR_FSYNC")
    acknowledged = {}
    for number in range(1, 12):
        day = f"2026-01-{number:02}"
        try:
            acknowledged[day] = await store.submit(oksigen(day, number))
        except Broken:
            break
    assert len(broken) == 1
    with pytest.raises(Broken):
        await store.submit(oksigen("2026-02-01", 1))
    await store.close()
    assert set(acknowledged) == set(stored(database))
    assert len(journal(database, CODE, "oksigen")) == len(acknowledged)


async def test_a_full_disk_refuses_the_batch_and_heals(database: Database) -> None:
    store: Any = open_store(database, on_broken=lambda error: None)
    applier: Any = store._applier
    sound, applier._db = applier._db, Faulty(applier._db, 6, "SQLITE_FULL")
    with pytest.raises(Full):
        await store.submit(oksigen("2026-01-01", 1))
    applier._db = sound
    assert (await store.submit(oksigen("2026-01-01", 1))).kind == "saved"
    await store.close()
    assert stored(database) == {"2026-01-01": 1.0}


def failing_in_a_task(name: str, *, rolled_back: bool) -> Any:
    """A task in which the driver fails, as SQLAlchemy tells it; SQLite may have ended the transaction by itself."""

    def task(access: Access) -> None:
        if rolled_back:
            access.connection.exec_driver_sql("ROLLBACK")
        error = driver.OperationalError("made to fail")
        error.sqlite_errorname = name
        raise sa.exc.OperationalError("INSERT", None, error)

    return task


@pytest.mark.parametrize("rolled_back", [False, True])
async def test_a_full_disk_that_a_task_meets_refuses_the_batch_and_heals(database: Database, rolled_back: bool) -> None:
    broken: list[BaseException] = []
    store = open_store(database, on_broken=broken.append)
    said = await asyncio.gather(
        store.submit(oksigen("2026-01-01", 1)),
        store.perform(failing_in_a_task("SQLITE_FULL", rolled_back=rolled_back)),
        store.submit(oksigen("2026-01-02", 2)),
        return_exceptions=True,
    )
    assert broken == []
    assert isinstance(said[1], Full)
    kept = {day for day, one in zip(("2026-01-01", "2026-01-02"), said[::2], strict=True) if not isinstance(one, Full)}
    assert set(stored(database)) == kept
    assert (await store.submit(oksigen("2026-01-03", 3))).kind == "saved"
    await store.close()
    assert set(stored(database)) == kept | {"2026-01-03"}


async def test_a_broken_disk_that_a_task_meets_ends_the_process(database: Database) -> None:
    broken: list[BaseException] = []
    store = open_store(database, on_broken=broken.append)
    with pytest.raises(Broken):
        await store.perform(failing_in_a_task("SQLITE_IOERR_WRITE", rolled_back=False))
    assert len(broken) == 1
    await store.close()


async def test_a_task_whose_own_statement_is_wrong_harms_nobody(database: Database) -> None:
    broken: list[BaseException] = []
    store = open_store(database, on_broken=broken.append)
    said = await asyncio.gather(
        store.submit(oksigen("2026-01-01", 1)),
        store.perform(lambda access: access.connection.exec_driver_sql("SELECT * FROM nowhere")),
        return_exceptions=True,
    )
    assert isinstance(said[1], sa.exc.OperationalError)
    assert broken == []
    await store.close()
    assert set(stored(database)) == {"2026-01-01"}


async def test_the_driver_is_new_enough_and_syncs(database: Database) -> None:
    db = connect(database.path)
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert driver.sqlite_version_info >= (3, 51, 3)
    db.close()


async def test_nobody_changes_or_removes_a_line(database: Database) -> None:
    db = connect(database.path)
    for statement in ("UPDATE journal SET verb = 'x'", "DELETE FROM journal", "DELETE FROM journal WHERE seq = 1"):
        with pytest.raises(driver.IntegrityError, match="only grows"):
            db.execute(statement)
    db.close()
