"""New keys: everything is sealed anew while a store writes, killed or not, and stays readable."""

import asyncio
import hashlib
import shutil
import time
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest
import sqlalchemy as sa

from rsonline.reports import ANTRIAN, SHK
from rsonline.reports.report import Row
from rsonline.store import audit, keys, rotation, seal
from rsonline.store.change import Change, Once, Outcome
from rsonline.store.database import Database
from rsonline.store.engines import Store, connected, open_store, transaction, vault_of
from rsonline.store.keys import KeysError
from rsonline.store.rotation import rewrap, rotate
from rsonline.store.rows import shape_of
from rsonline.store.schema import idempotency, journal, table_of
from rsonline.store.seal import key_number, stored
from tests.databases import ENGINES, fresh, rows
from tests.samples import MESSAGES
from tests.store.several import CODES, add_hospitals, asked, origin_of

TABLES = (table_of(SHK), table_of(ANTRIAN), idempotency)


class Cut(Exception):
    """The power was cut."""


@pytest.fixture(autouse=True)
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table takes several transactions, as a large one does."""
    monkeypatch.setattr(rotation, "AT_ONCE", 7)


def change(number: int) -> Change:
    """One message about the person of this number, to be carried out once."""
    origin, name = origin_of(CODES[number % 3]), f"By Ny Contoh {number}"
    if number % 2:
        made = asked(origin, SHK, "POST", **{**MESSAGES["shk"], "nama_anak": name})
    else:
        said = {**MESSAGES["antrian"], "kodebooking": f"B-{number}", "namadokter": name}
        made = asked(origin, ANTRIAN, "POST", **said)
    digest = hashlib.sha256(name.encode()).digest()
    return msgspec.structs.replace(
        made, once=Once(f"POST /{made.report.name}", f"k{number}", digest, lambda o: answer(o))
    )


def answer(outcome: Outcome) -> bytes:
    """What is kept of an answer."""
    return f"{outcome.kind} {outcome.row.get('nama_anak') or outcome.row.get('namadokter')}".encode()


async def tell(store: Store, first: int, end: int) -> None:
    """Tell a store of so many persons."""
    outcomes = await asyncio.gather(*[store.submit(change(number)) for number in range(first, end)])
    assert {outcome.kind for outcome in outcomes} == {"saved"}


def opened(database: Database) -> set[str]:
    """The names in all rows, as they open."""
    found: set[str] = set()
    with transaction(database) as access:
        for report, member in ((SHK, "nama_anak"), (ANTRIAN, "namadokter")):
            kept = access.connection.execute(sa.select(table_of(report))).mappings().all()
            found |= {shape_of(report).opened(dict(row), access.vault)[member] for row in kept}
    return found


def names(count: int) -> set[str]:
    """The names of so many persons."""
    return {f"By Ny Contoh {number}" for number in range(count)}


def numbers(database: Database) -> set[int]:
    """The keys by which anything is sealed outside of the journal."""
    with connected(database) as connection:
        return {
            key_number(bytes(value))
            for table in TABLES
            for row in connection.execute(sa.select(*[c for c in table.columns if c.comment == "sealed"]))
            for value in row
            if value is not None
        }


def seal_keys(database: Database) -> list[int]:
    """The keys that seal or sealed."""
    with connected(database) as connection:
        return [key.number for key in stored(connection) if key.purpose == "seal"]


def lines(database: Database) -> dict[tuple[str, int], Row]:
    """The journal as it is kept."""
    with connected(database) as connection:
        return {(r["kode_rs"], r["seq"]): dict(r) for r in connection.execute(sa.select(journal)).mappings()}


async def filled(database: Database, count: int) -> None:
    """Hospitals that told of so many persons."""
    add_hospitals(database)
    store = open_store(database, on_broken=lambda error: None)
    await tell(store, 0, count)
    await store.close()


async def keep_new(store: Store) -> None:
    """Look for new keys as the service does, only more often."""
    while True:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(store.vault.refresh)


async def test_everything_is_sealed_anew_and_stays_readable(database: Database) -> None:
    await filled(database, 60)
    before, (old,) = lines(database), seal_keys(database)
    with connected(database) as connection:
        ends = audit.heads(connection)
    assert numbers(database) == {old}
    store = open_store(database, on_broken=lambda error: None)
    keeping = asyncio.create_task(keep_new(store))
    rotating = asyncio.create_task(asyncio.to_thread(rotate, database, taken_up=0.6))
    count = 60
    while not rotating.done():
        await tell(store, count, count + 5)
        count += 5
        await asyncio.sleep(0.02)
    number, done = await rotating
    assert count > 80
    assert done >= 120
    assert seal_keys(database) == [old, number]
    await tell(store, count, count + 5)
    # Nothing is under the old key, and the running store takes up the new one.
    assert numbers(database) == {number}
    assert opened(database) == names(count + 5)
    for known in (0, 1, 60, 61, count):
        said = await store.submit(change(known))
        assert (said.kind, said.answer) == ("repeated", f"saved By Ny Contoh {known}".encode())
    keeping.cancel()
    await store.close()
    # The journal only grew, and is whole.
    after = lines(database)
    assert {key: after[key] for key in before} == before
    with connected(database) as connection:
        # The fourth chain is the operator's: it says that a key was made.
        assert audit.verify(connection, known=ends) == (4, len(after), [])
    with transaction(database) as access:
        assert all(line["new"].startswith("{") for line in audit.lines(access) if line["new"])


async def test_what_is_sealed_by_the_old_key_after_the_first_look_is_found_by_the_second(database: Database) -> None:
    await filled(database, 10)
    (old,) = seal_keys(database)
    store = open_store(database, on_broken=lambda error: None)
    rotating = asyncio.create_task(asyncio.to_thread(rotate, database, taken_up=1.0))
    while old in numbers(database):  # noqa: ASYNC110 (only the database tells)
        await asyncio.sleep(0.01)
    # This store has not heard of the new key yet.
    await tell(store, 10, 15)
    assert old in numbers(database)
    number, done = await rotating
    assert numbers(database) == {number}
    # A row and an answer of each.
    assert done == 30
    assert opened(database) == names(15)
    await store.close()


async def test_a_rotation_that_is_killed_goes_on_at_the_next_call(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(database, 60)
    (old,) = seal_keys(database)
    rounds = waits = 0

    def killed(table: str, count: int) -> None:
        raise Cut

    def killed_once(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 1:
            raise Cut

    monkeypatch.setattr(time, "sleep", killed_once)
    while True:
        rounds += 1
        try:
            number, last = rotate(database, tell=killed)
        except Cut:
            assert opened(database) == names(60)
            assert len(seal_keys(database)) == 2
            continue
        break
    # Thirty samples, thirty bookings, sixty answers in steps of seven; once while it waited; once to the end.
    assert (rounds, waits) == (5 + 5 + 9 + 1 + 1, 2)
    assert last == 0
    assert seal_keys(database) == [old, number]
    assert numbers(database) == {number}
    assert opened(database) == names(60)


async def test_a_finished_rotation_is_followed_by_one_with_a_key_of_its_own(database: Database) -> None:
    await filled(database, 4)
    first, rows_of_first = rotate(database, taken_up=0)
    second, rows_of_second = rotate(database, taken_up=0)
    assert second > first
    assert rows_of_first == rows_of_second == 8
    assert numbers(database) == {second}
    assert opened(database) == names(4)


async def test_a_rotation_leaves_alone_what_a_newer_one_sealed(database: Database) -> None:
    await filled(database, 20)
    newer: list[int] = []

    def overtake(table: str, count: int) -> None:
        if not newer:
            with transaction(database) as access:
                newer.append(seal.add(access.connection, keys.read(database.keys), "seal"))
            assert rotate(database, taken_up=0)[0] == newer[0]

    number, _ = rotate(database, tell=overtake, taken_up=0)
    assert number < newer[0]
    assert numbers(database) == set(newer)
    assert opened(database) == names(20)


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server here")
async def test_a_batch_that_locks_the_rows_in_another_order_does_not_end_a_rotation(tmp_path: Any) -> None:
    with fresh("postgresql", tmp_path) as database:
        await filled(database, 13)
        code = CODES[0]
        kept = rows(database, "SELECT kodebooking_index AS k FROM antrian WHERE kode_rs = :code ORDER BY k", code=code)
        touch = "UPDATE antrian SET version = version WHERE kode_rs = %s AND kodebooking_index = %s"
        first, *_, last = (row["k"] for row in kept)
        waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with psycopg.connect(database.url) as batch, psycopg.connect(database.url, autocommit=True) as looking:
            batch.execute(touch, (code, last))
            rotating = asyncio.create_task(asyncio.to_thread(rotate, database, taken_up=0))
            while looking.execute(f"SELECT count(*) {waiting}").fetchone() == (0,):  # noqa: ASYNC110 (only the server tells)
                await asyncio.sleep(0.01)
            # Now each waits for the other; the server ends the one that waited first.
            await asyncio.to_thread(batch.execute, touch, (code, first))
            batch.commit()
            number, _ = await rotating
        assert numbers(database) == {number}


# ---- a new master key


async def test_a_new_master_key_keeps_everything_readable(database: Database) -> None:
    await filled(database, 10)
    before = keys.read(database.keys)
    seen = database.keys.with_name("seen.json")
    shutil.copy(database.keys, seen)
    store = open_store(database, on_broken=lambda error: None)
    assert rewrap(database) == 4
    after = keys.read(database.keys)
    assert len(after.keys) == 1
    assert after.current not in before.keys
    assert opened(database) == names(10)
    # The one that somebody has seen opens nothing any more.
    with pytest.raises(KeysError, match="which the key file does not have"):
        vault_of(database._replace(keys=seen))
    # A service that ran meanwhile follows, also to a data key that it never saw wrapped by the old one.
    number, _ = rotate(database, taken_up=0)
    await tell(store, 10, 15)
    store.vault.refresh()
    assert (await store.submit(change(0))).kind == "repeated"
    await tell(store, 15, 20)
    assert number in numbers(database)
    assert opened(database) == names(20)
    await store.close()


def after(count: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which is cut off when it was called so many times."""
    calls = 0

    def cut(*said: Any, **more: Any) -> Any:
        nonlocal calls
        if calls == count:
            raise Cut
        calls += 1
        return real(*said, **more)

    return cut


@pytest.mark.parametrize(
    ("where", "name", "count"),
    [(keys, "add", 0), (seal, "rewrap", 0), (seal, "wrap", 0), (seal, "wrap", 2), (keys, "keep_current", 0)],
)
async def test_a_master_key_that_is_changed_half_way_is_changed_by_the_next_call(
    database: Database, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, count: int
) -> None:
    await filled(database, 4)
    before = keys.read(database.keys)
    with monkeypatch.context() as patched:
        patched.setattr(where, name, after(count, getattr(where, name)))
        with pytest.raises(Cut):
            rewrap(database)
    assert opened(database) == names(4)
    # The file still has what a copy of the database from before needs.
    assert before.keys.items() <= keys.read(database.keys).keys.items()
    assert rewrap(database) == 4
    assert len(keys.read(database.keys).keys) == 1
    assert opened(database) == names(4)
    assert len(rows(database, "SELECT DISTINCT master FROM data_key")) == 1
