"""The embedded store: what is acknowledged is durable, and one change never harms another."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pysqlite3.dbapi2 as driver
import pytest

from rsonline.intake.verbs import Asked, Call, save
from rsonline.reports import OKSIGEN
from rsonline.reports.fields import At
from rsonline.store import hospitals, migrate, reads
from rsonline.store.change import Broken, Busy, Change, Decision, Found, Full, Origin, Outcome, Stale
from rsonline.store.sqlite import Applier, SqliteStore, connect, transaction
from tests.hospital import password_hash

CODE = "9200001"
ORIGIN = Origin(CODE, 1, 1, request_id="r1", claimed="1", clock="exact")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one hospital."""
    file = tmp_path / "rsonline.sqlite3"
    migrate.upgrade(file)
    with transaction(file) as connection:
        hospitals.add(connection, CODE, "RS Tiruan", "WIB", password_hash())
    return file


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """A store on it that must not break."""
    broken: list[BaseException] = []
    made = SqliteStore(path, on_broken=broken.append)
    yield made
    made.close()
    assert broken == []


def oksigen(day: str, litres: float, origin: Origin = ORIGIN) -> Change:
    """A change that saves one day."""
    at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC))
    asked = save(Call(origin, OKSIGEN, {"tanggal": day, "p_cair": litres}, at))
    assert isinstance(asked, Asked)
    return asked.change


def stored(path: Path) -> dict[str, float]:
    """What the file holds, read by a connection of its own."""
    db = connect(path)
    found = dict(db.execute("SELECT tanggal, p_cair FROM oksigen").fetchall())
    db.close()
    return found


def journal_lines(path: Path) -> list[tuple[Any, ...]]:
    """The lines of the reports, in order."""
    db = connect(path)
    lines = db.execute(
        "SELECT seq, object, key, verb, old, new FROM journal WHERE object = 'oksigen' ORDER BY seq"
    ).fetchall()
    db.close()
    return [tuple(line) for line in lines]


async def test_what_is_acknowledged_can_be_read_by_another_connection(store: SqliteStore, path: Path) -> None:
    outcome = await store.submit(oksigen("2026-01-01", 12.5))
    assert outcome.kind == "saved"
    assert stored(path) == {"2026-01-01": 12.5}


async def test_changes_that_wait_together_are_all_kept_and_all_answered(store: SqliteStore, path: Path) -> None:
    outcomes = await asyncio.gather(*[store.submit(oksigen(f"2026-01-{d:02}", d)) for d in range(1, 29)])
    assert [o.kind for o in outcomes] == ["saved"] * 28
    assert stored(path) == {f"2026-01-{d:02}": float(d) for d in range(1, 29)}


async def test_the_last_of_several_writers_of_one_key_wins_and_each_has_its_line(
    store: SqliteStore, path: Path
) -> None:
    outcomes = await asyncio.gather(*[store.submit(oksigen("2026-01-01", n)) for n in range(50)])
    assert [o.kind for o in outcomes] == ["saved"] + ["updated"] * 49
    assert stored(path) == {"2026-01-01": 49.0}
    assert len(journal_lines(path)) == 50


async def test_the_journal_holds_old_and_new_and_counts_without_a_gap(store: SqliteStore, path: Path) -> None:
    await store.submit(oksigen("2026-01-01", 1))
    await store.submit(oksigen("2026-01-01", 2))
    first, second = journal_lines(path)
    assert (first[1], first[2], first[3], first[4]) == ("oksigen", '["2026-01-01"]', "save", None)
    assert '"p_cair":1.0' in second[4]
    assert '"p_cair":2.0' in second[5]
    assert second[0] == first[0] + 1


async def test_a_change_that_fails_does_not_touch_its_neighbours(store: SqliteStore, path: Path) -> None:
    def fail(found: Found, now: datetime) -> Decision:
        raise ZeroDivisionError("planned")

    def write_nonsense(found: Found, now: datetime) -> Decision:
        good = oksigen("2026-02-02", 1).decide([[]], now)
        put = good.writes[0]
        put.values["tanggal"] = None
        return good

    changes = [
        oksigen("2026-01-01", 1),
        Change(ORIGIN, OKSIGEN, "save", (), fail),
        oksigen("2026-01-02", 2),
        Change(ORIGIN, OKSIGEN, "save", (), write_nonsense),
        oksigen("2026-01-03", 3),
    ]
    results = await asyncio.gather(*[store.submit(c) for c in changes], return_exceptions=True)
    assert [getattr(r, "kind", type(r).__name__) for r in results[::2]] == ["saved"] * 3
    assert isinstance(results[1], ZeroDivisionError)
    assert isinstance(results[3], Exception)
    assert set(stored(path)) == {"2026-01-01", "2026-01-02", "2026-01-03"}
    lines = journal_lines(path)
    assert [line[0] for line in lines] == list(range(lines[0][0], lines[0][0] + 3))


async def test_a_change_of_credentials_that_has_committed_stops_what_was_verified_before(
    store: SqliteStore, path: Path
) -> None:
    await store.submit(oksigen("2026-01-01", 1))
    with transaction(path) as connection:
        hospitals.new_password(connection, CODE, password_hash(), at_once=True)
    with pytest.raises(Stale):
        await store.submit(oksigen("2026-01-02", 1))
    with pytest.raises(Stale):
        await store.read(ORIGIN, reads.having(CODE, OKSIGEN, {}))
    assert (await store.submit(oksigen("2026-01-02", 1, ORIGIN._replace(version=2)))).kind == "saved"


async def test_a_disabled_hospital_writes_nothing(store: SqliteStore, path: Path) -> None:
    with transaction(path) as connection:
        hospitals.set_state(connection, CODE, aktif=False)
    for version in (1, 2):
        with pytest.raises(Stale):
            await store.submit(oksigen("2026-01-02", 1, ORIGIN._replace(version=version)))
    assert stored(path) == {}


async def test_a_full_queue_is_told_at_once(path: Path) -> None:
    store = SqliteStore(path, waiting=3, on_broken=lambda error: None)
    blocker = connect(path)
    blocker.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(store.submit(oksigen(f"2026-01-0{d}", 1))) for d in (1, 2, 3)]
    await asyncio.sleep(0.05)
    with pytest.raises(Busy):
        await store.submit(oksigen("2026-01-04", 1))
    blocker.execute("COMMIT")
    blocker.close()
    assert [o.kind for o in await asyncio.gather(*waiting)] == ["saved"] * 3
    store.close()


async def test_closing_writes_what_waits_and_takes_nothing_more(path: Path) -> None:
    store = SqliteStore(path, on_broken=lambda error: None)
    waiting = [asyncio.create_task(store.submit(oksigen(f"2026-01-0{d}", 1))) for d in range(1, 8)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    assert [o.kind for o in await asyncio.gather(*waiting)] == ["saved"] * 7
    with pytest.raises(Busy):
        await store.submit(oksigen("2026-01-09", 1))
    assert len(stored(path)) == 7


async def test_a_caller_that_goes_away_does_not_undo_its_change(store: SqliteStore, path: Path) -> None:
    task = asyncio.create_task(store.submit(oksigen("2026-01-01", 1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.submit(oksigen("2026-01-02", 1))
    assert set(stored(path)) == {"2026-01-01", "2026-01-02"}


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
    path: Path, place: int
) -> None:
    broken: list[BaseException] = []
    store = SqliteStore(path, on_broken=broken.append)
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
    store.close()
    assert set(acknowledged) == set(stored(path))
    assert len(journal_lines(path)) == len(acknowledged)


async def test_a_full_disk_refuses_the_batch_and_heals(path: Path) -> None:
    store = SqliteStore(path, on_broken=lambda error: None)
    applier: Any = store._applier
    sound, applier._db = applier._db, Faulty(applier._db, 6, "SQLITE_FULL")
    with pytest.raises(Full):
        await store.submit(oksigen("2026-01-01", 1))
    applier._db = sound
    assert (await store.submit(oksigen("2026-01-01", 1))).kind == "saved"
    store.close()
    assert stored(path) == {"2026-01-01": 1.0}


async def test_a_task_runs_between_the_changes_and_rolls_back_alone(store: SqliteStore, path: Path) -> None:
    def break_off(connection: Any) -> None:
        hospitals.note_good(connection, CODE, "127.0.0.1", datetime.now(UTC))
        raise ValueError("planned")

    results = await asyncio.gather(
        store.submit(oksigen("2026-01-01", 1)),
        store.perform(break_off),
        store.submit(oksigen("2026-01-02", 1)),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert set(stored(path)) == {"2026-01-01", "2026-01-02"}
    assert await store.read(None, lambda connection: hospitals.last_good(connection, CODE, "127.0.0.1")) is None


async def test_receipt_times_never_run_backwards(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([1_800_000_000.0, 1_700_000_000.0, 1_800_000_001.0, 1_600_000_000.0])
    monkeypatch.setattr("rsonline.store.sqlite.time.time", lambda: next(times))
    for number in range(1, 5):
        await store.submit(oksigen("2026-01-01", number))
    db = connect(path)
    at = [row[0] for row in db.execute("SELECT at FROM journal WHERE object = 'oksigen' ORDER BY seq")]
    db.close()
    assert at == sorted(at)


async def test_the_driver_is_new_enough_and_syncs(path: Path) -> None:
    db = connect(path)
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert driver.sqlite_version_info >= (3, 51, 3)
    db.close()


async def test_an_outcome_does_not_carry_another_hospitals_rows(store: SqliteStore, path: Path) -> None:
    with transaction(path) as connection:
        hospitals.add(connection, "9200002", "RS Lain", "WIT", password_hash())
    await store.submit(oksigen("2026-01-01", 1))
    other = ORIGIN._replace(hospital="9200002")
    outcome: Outcome = await store.submit(oksigen("2026-01-01", 2, other))
    assert outcome.kind == "saved"
    mine = await store.read(None, reads.between(CODE, OKSIGEN, "tanggal", date(2026, 1, 1)))
    assert [row["p_cair"] for row in mine] == [1.0]


def test_one_commit_each_gives_the_same_rows(path: Path) -> None:
    applier = Applier(path, commit_each=True)
    results = applier([oksigen(f"2026-01-0{d}", d) for d in range(1, 6)])
    applier.close()
    assert [r.kind for r in results] == ["saved"] * 5
    assert len(stored(path)) == 5
