"""What only a server can do: have unsafe settings, go away in the middle of everything, and come back."""

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rsonline.store import hospitals, keys, migrate
from rsonline.store.change import Broken, Busy
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from tests.databases import ENGINES
from tests.hospital import PASSWORD, password_hash, service_on
from tests.long import audit
from tests.own_server import Server, own_server
from tests.store.changes import CODE, oksigen, stored

pytestmark = pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server here")


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, not running yet."""
    with own_server() as made:
        yield made


def on(server: Server, folder: Path, *, unsafe: bool = False) -> Database:
    """A migrated database with one hospital on a running server."""
    folder.mkdir(parents=True, exist_ok=True)
    keys.create(folder / "keys.json")
    database = Database(server.url, folder / "keys.json", unsafe)
    migrate.upgrade(database)
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
    return database


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_what_was_acknowledged_is_refused(setting: str, server: Server, tmp_path: Path) -> None:
    server.start(**{setting: "off"})
    database = on(server, tmp_path)

    async def write(place: Database) -> str:
        store = open_store(place, on_broken=lambda error: None)
        outcome = await store.submit(oksigen("2026-01-01", 1))
        await store.close()
        return outcome.kind

    with pytest.raises(Broken, match=f"{setting} is off"):
        asyncio.run(write(database))
    assert stored(database) == {}
    assert asyncio.run(write(database._replace(unsafe=True))) == "saved"


@pytest.mark.slow
def test_restarts_under_load_answer_only_200_or_503_and_heal_without_a_restart_of_the_service(
    server: Server, tmp_path: Path
) -> None:
    server.start()
    database = on(server, tmp_path)
    answered: dict[str, float] = {}
    statuses: dict[int, int] = {}
    draw = random.Random(4711)

    async def load() -> None:
        async with service_on(tmp_path, database) as service:
            end = asyncio.Event()

            async def send(number: int) -> None:
                last = 0
                while not end.is_set():
                    last += 1
                    day = f"2026-01-{number + 1:02}"
                    method, body = (
                        ("POST", {"tanggal": day, "p_cair": str(last)}) if draw.random() < 0.8 else ("GET", {})
                    )
                    answer = await service.client.request(
                        method,
                        "/fo/index.php/Logistik/oksigen",
                        json=body,
                        headers={"X-rs-id": CODE, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))},
                    )
                    statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                    if answer.status_code == 503:
                        assert int(answer.headers["retry-after"]) >= 1
                        await asyncio.sleep(0.05)
                    elif method == "POST" and answer.status_code == 200:
                        answered[day] = float(last)

            senders = [asyncio.create_task(send(number)) for number in range(12)]
            await asyncio.sleep(1)
            for end_it in (server.stop, server.kill, server.stop, server.kill):
                before = dict(answered)
                await asyncio.to_thread(end_it)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.start)
                until = time.monotonic() + 15
                while any(answered.get(day, 0) <= before.get(day, 0) for day in before):
                    assert time.monotonic() < until, "it does not heal"
                    await asyncio.sleep(0.05)
            end.set()
            await asyncio.gather(*senders)

    asyncio.run(load())
    assert set(statuses) == {200, 503}
    assert statuses[200] > 200
    kept = stored(database)
    assert all(kept[day] >= value for day, value in answered.items())
    assert audit.faults(database) == []


def test_while_the_server_is_away_everybody_is_asked_to_come_again(server: Server, tmp_path: Path) -> None:
    server.start()
    database = on(server, tmp_path)

    async def ask() -> None:
        store = open_store(database, on_broken=lambda error: None)
        assert (await store.submit(oksigen("2026-01-01", 1))).kind == "saved"
        server.stop()
        with pytest.raises(Busy):
            await store.submit(oksigen("2026-01-02", 1))
        with pytest.raises(Busy):
            await store.read(None, lambda access: access.connection.exec_driver_sql("SELECT 1"))
        with pytest.raises(Busy):
            await store.perform(lambda access: access.connection.exec_driver_sql("SELECT 1"))
        server.start()
        until = time.monotonic() + 10
        while True:
            try:
                assert (await store.submit(oksigen("2026-01-02", 2))).kind == "saved"
                break
            except Busy:
                assert time.monotonic() < until
                await asyncio.sleep(0.05)
        await store.close()

    asyncio.run(ask())
    assert stored(database) == {"2026-01-01": 1.0, "2026-01-02": 2.0}


def test_a_role_of_the_service_alone_can_write_the_journal_but_not_change_it(server: Server, tmp_path: Path) -> None:
    server.start()
    database = on(server, tmp_path)
    with psycopg.connect(server.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE layanan LOGIN")
    with transaction(database) as access:
        migrate.grant(access.connection, "layanan")
    serving = database._replace(url=database.url.replace("postgres@", "layanan@"))

    async def write() -> str:
        store = open_store(serving, on_broken=lambda error: None)
        outcome = await store.submit(oksigen("2026-01-01", 1))
        await store.perform(lambda access: hospitals.set_state(access, CODE, always_200=True))
        await store.close()
        return outcome.kind

    assert asyncio.run(write()) == "saved"
    for statement in (
        "UPDATE journal SET verb = 'x'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "DROP TABLE journal",
        "UPDATE journal_default SET verb = 'x'",
    ):
        with psycopg.connect(serving.url) as mine, pytest.raises(psycopg.errors.InsufficientPrivilege):
            mine.execute(statement)
    assert migrate.upgrade(serving) is not None
