"""The journal on each engine: it only grows, stays whole, and tells who did what to whom."""

import asyncio
import random
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy as sa

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Call, Reading, viewing
from rsonline.reports import ANTRIAN, OKSIGEN, SHK
from rsonline.reports.fields import At
from rsonline.store import audit, migrate
from rsonline.store.change import Change, Decision, Found, Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, connected, open_store, transaction
from rsonline.store.journal import note_refusal
from tests.databases import ENGINES, fresh, journal, rows
from tests.store.changes import oksigen
from tests.store.several import CODES, FIRST_NIK, add_hospitals, asked, booking, filled, origin_of

# ---- it only grows

CHANGES = (
    "UPDATE journal SET account = 'x'",
    "UPDATE journal SET hash = new WHERE seq = 2",
    "UPDATE journal SET seq = seq + 1000",
    "UPDATE journal SET at = at + 1 WHERE seq = 1",
    "DELETE FROM journal",
    "DELETE FROM journal WHERE seq = 1",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_trigger_refuses_whoever_changes_or_removes_a_line(database: Database, statement: str) -> None:
    filled(database, 2)
    before = rows(database, "SELECT kode_rs, seq, account, hash FROM journal ORDER BY kode_rs, seq")
    with pytest.raises(sa.exc.DBAPIError, match="only grows"), connected(database) as connection:
        connection.exec_driver_sql(statement)
    assert rows(database, "SELECT kode_rs, seq, account, hash FROM journal ORDER BY kode_rs, seq") == before
    # Of a table without such a trigger the same statement changes something: it is the trigger that refused.
    with connected(database) as connection:
        if database.embedded:
            connection.exec_driver_sql("DROP TRIGGER journal_no_update")
            connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
        else:
            connection.exec_driver_sql("DROP TRIGGER journal_only_grows ON journal")
        assert connection.exec_driver_sql(statement).rowcount > 0


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server here")
def test_a_partition_has_the_same_trigger_and_a_role_of_the_service_no_right(tmp_path: Path) -> None:
    role = f"rsonline_journal_{random.randrange(10**9)}"
    with fresh("postgresql", tmp_path) as database:
        filled(database, 1)
        with psycopg.connect(database.url, autocommit=True) as owner:
            owner.execute(f'CREATE ROLE "{role}" LOGIN')
            try:
                with connected(database) as connection:
                    migrate.grant(connection, role)
                parts = [
                    r[0]
                    for r in owner.execute(
                        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'journal'::regclass"
                    )
                ]
                assert len(parts) > 3
                for name in parts:
                    # The owner has every right: here the trigger of the partition itself has to refuse.
                    for statement in (f"UPDATE {name} SET account = 'x'", f"DELETE FROM {name}"):
                        if owner.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,):
                            continue
                        with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
                            owner.execute(statement)
                with psycopg.connect(database.url.replace("postgres@", f"{role}@"), autocommit=True) as mine:
                    for name in ("journal", *parts):
                        for statement in (
                            f"UPDATE {name} SET account = 'x'",
                            f"DELETE FROM {name}",
                            f"TRUNCATE {name}",
                            f"DROP TABLE {name}",
                        ):
                            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                                mine.execute(statement)
                    # What it needs it has.
                    assert mine.execute("SELECT count(*) FROM journal").fetchone() == (12,)
            finally:
                owner.execute(f'DROP OWNED BY "{role}"')
                owner.execute(f'DROP ROLE "{role}"')


# ---- it stays whole


def write_until_killed(url: str, keys: str, seed: str) -> None:
    """What a process does that is going to be killed: say a word, then write as fast as it can."""
    database, draw = Database(url, Path(keys)), random.Random(seed)

    async def work() -> None:
        store = open_store(database, on_broken=lambda error: None)
        print("ready", flush=True)  # noqa: T201 (the test waits for it)
        while True:
            origins = [origin_of(draw.choice(CODES)) for _ in range(20)]
            await asyncio.gather(
                *[store.submit(oksigen(f"2026-02-{draw.randrange(1, 29):02}", draw.random(), o)) for o in origins]
            )

    asyncio.run(work())


def test_the_chains_stay_whole_whatever_happens_and_when_processes_are_killed(database: Database) -> None:
    draw = random.Random(7)
    filled(database, 3)
    program = "from tests.store.test_journal import write_until_killed as w; import sys; w(*sys.argv[1:])"
    lengths = []
    for number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", program, database.url, str(database.keys), str(number)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5 + draw.random() / 2)
            process.kill()
        with connected(database) as connection:
            verified = audit.verify(connection)
        assert verified.faults == []
        lengths.append(verified.lines)
        with_versions(database)
    # Each of them had written before it was killed.
    assert lengths == sorted(set(lengths))
    assert lengths[0] > 30


def with_versions(database: Database) -> None:
    """A row's version counts its changes: there are as many lines, no record without a line and no line without one."""
    kept = rows(database, "SELECT kode_rs, tanggal, version FROM oksigen")
    lines = rows(
        database,
        "SELECT kode_rs, key, count(*) AS lines FROM journal"
        " WHERE object = 'oksigen' AND verb <> 'refused' GROUP BY 1, 2",
    )
    by_key = {(line["kode_rs"], line["key"][2:-2]): line["lines"] for line in lines}
    assert {(row["kode_rs"], str(row["tanggal"])): row["version"] for row in kept} == by_key
    assert len(by_key) > 0


def test_concurrent_changes_refusals_tasks_failures_and_views_share_whole_chains(database: Database) -> None:
    draw = random.Random(11)
    add_hospitals(database)

    def fail(found: Found, now: datetime) -> Decision:
        raise ZeroDivisionError("planned")

    def write_nonsense(found: Found, now: datetime) -> Decision:
        good = oksigen("2026-02-02", 1).decide([[]], now)
        good.writes[0].values["tanggal"] = None
        return good

    async def view(store: Store, origin: Origin) -> int:
        call = Call(origin, ANTRIAN, {}, At(origin.hospital, ZoneInfo("UTC"), NOW))
        reading = verbs_of(ANTRIAN)["GET"](call)
        assert isinstance(reading, Reading)
        found = await store.read(origin, reading.look)
        seen = viewing(call, found)
        if seen is not None:
            await store.submit(seen)
        return len(found)

    def task_that_fails(access: Any) -> None:
        note_refusal(access, origin_of(CODES[0]), OKSIGEN, "never")
        raise ValueError("planned")

    async def work() -> dict[str, int]:
        stores = [open_store(database, on_broken=lambda error: None)]
        if not database.embedded:
            stores.append(open_store(database, on_broken=lambda error: None))
        happened: dict[str, int] = dict.fromkeys(("change", "refusal", "failure", "nonsense", "task", "view"), 0)
        await asyncio.gather(*[stores[0].submit(booking(origin_of(code), n)) for code in CODES for n in range(10)])

        async def one() -> None:
            origin, store = origin_of(draw.choice(CODES)), draw.choice(stores)
            what = draw.choices(tuple(happened), (10, 2, 1, 1, 1, 3))[0]
            match what:
                case "change":
                    await store.submit(oksigen(f"2026-01-{draw.randrange(1, 29):02}", draw.random(), origin))
                case "refusal":
                    await store.perform(lambda access: note_refusal(access, origin, OKSIGEN, "planned"))
                case "failure":
                    with pytest.raises(ZeroDivisionError):
                        await store.submit(Change(origin, OKSIGEN, "save", (), fail))
                case "nonsense":
                    with pytest.raises(Exception):  # noqa: B017, PT011 (each engine says it in its own words)
                        await store.submit(Change(origin, OKSIGEN, "save", (), write_nonsense))
                case "task":
                    with pytest.raises(ValueError, match="planned"):
                        await store.perform(task_that_fails)
                case "view":
                    assert await view(store, origin) == 10
            happened[what] += 1

        for _ in range(8):
            await asyncio.gather(*[one() for _ in range(50)])
        for store in stores:
            await store.close()
        return happened

    happened = asyncio.run(work())
    assert sum(happened.values()) == 400
    assert min(happened.values()) > 0
    with connected(database) as connection:
        verified = audit.verify(connection)
    assert verified.faults == []
    # Three hospitals, their bookings, a line for each thing that did not fail, and one for each person seen.
    assert verified.lines == 3 + 30 + happened["change"] + happened["refusal"] + 10 * happened["view"]
    with_versions(database)


NOW = datetime(2026, 1, 2, 5, tzinfo=UTC)


# ---- who, what, whom


def test_a_line_says_who_what_when_and_from_where(database: Database) -> None:
    add_hospitals(database)
    begun = datetime.now(UTC) - timedelta(milliseconds=1)
    origin = Origin(CODES[0], 1, "9200001/1", "api", "10.1.2.3", "f" * 32, "1790000000", "off")
    number = str(FIRST_NIK)

    async def work() -> None:
        store = open_store(database, on_broken=lambda error: None)
        shk = {"nik_ibu": number, "nama_ibu": "Ibu Contoh"}
        assert (await store.submit(booking(origin, 0))).kind == "saved"
        assert (await store.submit(booking(origin, 0))).kind == "exists"
        assert (await store.submit(asked(origin, ANTRIAN, "PUT", kodebooking="B-0", norm="RM-1"))).kind == "updated"
        assert (await store.submit(asked(origin, ANTRIAN, "PUT", kodebooking="B-9", norm="RM-1"))).kind == "missing"
        assert (await store.submit(asked(origin, ANTRIAN, "DELETE", kodebooking="B-0"))).kind == "removed"
        assert (await store.submit(asked(origin, SHK, "PUT", id_shk="77", **shk))).kind == "unknown"
        await store.close()

    asyncio.run(work())
    lines = journal(database, CODES[0], "antrian")
    # What changed nothing leaves no line.
    assert [(line["seq"], line["verb"]) for line in lines] == [(2, "add"), (3, "replace"), (4, "remove")]
    for line in lines:
        said = {name: line[name] for name in ("account", "source", "address", "request_id", "claimed", "clock")}
        assert said == {
            "account": "9200001/1",
            "source": "api",
            "address": "10.1.2.3",
            "request_id": "f" * 32,
            "claimed": "1790000000",
            "clock": "off",
        }
        assert begun <= line["at"] <= datetime.now(UTC)
        # A booking code is a person's: its index stands for it.
        assert (line["object"], line["key"]) == ("antrian", lines[0]["key"])
        assert re.fullmatch(r'\["[0-9a-f]{32}"\]', line["key"])
    added, changed, removed = lines
    assert (added["old"], removed["new"]) == (None, None)
    assert number in added["new"]
    assert "RM-1" not in changed["old"]
    assert "RM-1" in changed["new"]
    assert removed["old"] == changed["new"]
    # As it is kept, nobody can read it.
    raw = rows(database, "SELECT * FROM journal WHERE object = 'antrian'")
    assert len(raw) == 3
    assert not any(number in str(value) or number.encode() in bytes_of(value) for r in raw for value in r.values())


def bytes_of(value: object) -> bytes:
    """The bytes of a value of bytes."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def test_a_journal_is_read_by_account_by_hospital_and_by_time(database: Database) -> None:
    add_hospitals(database)
    moments = iter(1_790_000_000 + 60 * n for n in range(100))

    async def work() -> None:
        store = open_store(database, clock=lambda: float(next(moments)), on_broken=lambda error: None)
        for number in range(6):
            origin = origin_of(CODES[number % 2])._replace(account=f"{CODES[number % 2]}/{number // 2 + 1}")
            await store.submit(oksigen(f"2026-01-0{number + 1}", number, origin))
        await store.close()

    asyncio.run(work())
    begin = datetime.fromtimestamp(1_790_000_000, UTC)

    def days(**asked: Any) -> list[str]:
        with transaction(database) as access:
            return [line["key"][-4:-2] for line in audit.lines(access, **asked) if line["object"] == "oksigen"]

    assert days() == ["01", "02", "03", "04", "05", "06"]
    assert days(code=CODES[1]) == ["02", "04", "06"]
    assert days(account=f"{CODES[0]}/2") == ["03"]
    assert days(since=begin + timedelta(minutes=2)) == ["03", "04", "05", "06"]
    # The end does not belong to it, the beginning does.
    assert days(since=begin + timedelta(minutes=2), until=begin + timedelta(minutes=4)) == ["03", "04"]
    assert days(account=f"{CODES[0]}/2", until=begin + timedelta(minutes=2)) == []
    assert days(code="9200009") == []


def test_a_search_for_nobody_finds_nothing(database: Database) -> None:
    """A placeholder is no number of anybody: it must not stand for all lines that name no person."""
    filled(database, 2)
    with transaction(database) as access:
        assert len(list(audit.lines(access, nik=str(FIRST_NIK)))) == len(CODES)
        for nobody in ("9999999999999999", "0000000000000000", "-", ""):
            assert list(audit.lines(access, nik=nobody)) == [], nobody
