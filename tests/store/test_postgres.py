"""What only a server can do: have unsafe settings, go away in the middle of everything, and come back."""

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.store import hospitals, keys, migrate
from rsonline.store.change import Broken, Busy, Change
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from tests.databases import ENGINES
from tests.hospital import PASSWORD, password_hash, service_on
from tests.long import audit
from tests.own_server import Server, own_server
from tests.store.changes import CODE, ORIGIN, oksigen, stored

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


@pytest.mark.parametrize("by", ["name", "number"])
def test_a_row_is_looked_up_by_its_index_on_a_server_that_has_counted_nothing_yet(
    by: str, server: Server, tmp_path: Path
) -> None:
    server.start(autovacuum="off")
    database = on(server, tmp_path)
    rooms, again = 400, 40

    def room(number: int, taken: str, method: str) -> Change:
        at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC), shipped())
        sent: dict[str, object] = {"id_tt": "3", "ruang": f"R {number}", "jumlah_ruang": "1", "jumlah": "4"}
        sent["terpakai"] = taken
        if method == "PUT" and by == "number":
            sent["id_t_tt"] = str(number + 1)
        asked = verbs_of(TEMPAT_TIDUR)[method](Call(ORIGIN, TEMPAT_TIDUR, sent, at))
        assert isinstance(asked, Asked)
        return asked.change

    def read() -> int:
        with psycopg.connect(server.url) as connection:
            query = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables WHERE relname = 'tempat_tidur'"
            found = connection.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    async def write() -> int:
        # The connection makes its plans while the table is empty, and keeps them.
        store = open_store(database, on_broken=lambda error: None)
        for number in range(20):
            await store.submit(room(number, "1", "POST"))
        await asyncio.gather(*[store.submit(room(number, "1", "POST")) for number in range(20, rooms)])
        # A server tells what it read once a second at most, at the end of a transaction.
        await asyncio.sleep(1.2)
        await store.submit(room(0, "3", "PUT"))
        before = read()
        for number in range(again):
            assert (await store.submit(room(number, "2", "PUT"))).kind == "updated"
        await store.close()
        return read() - before

    # Found once, and once more to be replaced: not all rooms each time.
    assert asyncio.run(write()) < rooms


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
