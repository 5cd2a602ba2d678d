"""The journal on each engine: it only grows, proves itself, and tells who did what to whom."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy as sa

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call, Reading, viewing
from rsonline.reports import ANTRIAN, OKSIGEN, SHK
from rsonline.reports.fields import At
from rsonline.reports.report import Report
from rsonline.store import audit, hospitals, migrate
from rsonline.store.audit import Fault
from rsonline.store.change import Change, Decision, Found, Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, connected, open_store, transaction
from rsonline.store.journal import COLUMNS, START, Head, link, note_refusal
from rsonline.store.schema import journal as table
from tests.databases import ENGINES, fresh, journal, rows
from tests.hospital import password_hash
from tests.store.changes import oksigen

CODES = ("9200001", "9200002", "9200003")
LINES = sa.Table("journal", sa.MetaData(), *[sa.Column(c.name, c.type) for c in table.columns])
_FIRST_NIK = 9_999_000_000_100_000


def origin_of(code: str) -> Origin:
    """Whoever speaks for a hospital."""
    return Origin(code, 1, f"{code}/1", address="10.0.0.1", request_id="r1", claimed="1", clock="exact")


def asked(origin: Origin, report: Report[Any], method: str, **sent: object) -> Change:
    """The change of one message."""
    at = At(origin.hospital, ZoneInfo("Asia/Jakarta"), datetime.now(UTC))
    made = verbs_of(report)[method](Call(origin, report, sent, at))
    assert isinstance(made, Asked)
    return made.change


def booking(origin: Origin, number: int) -> Change:
    """The change that adds one booking of a person."""
    sent = {"kodebooking": f"B-{number}", "jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": "2026-01-02"}
    return asked(origin, ANTRIAN, "POST", **sent, nik=str(_FIRST_NIK + number))


def add_hospitals(database: Database) -> None:
    """Three hospitals that have reported nothing."""
    with transaction(database) as access:
        for code in CODES:
            hospitals.add(access, code, f"RS {code}", "WIB", password_hash())


async def fill(store: Store, days: int) -> None:
    """Oxygen of so many days, each told twice, and a booking a day, of every hospital, all at once."""
    origins = [origin_of(code) for code in CODES]
    changes = [oksigen(f"2026-01-{d:02}", d + n, o) for o in origins for d in range(1, days + 1) for n in (0, 1)]
    changes += [booking(o, d) for o in origins for d in range(days)]
    outcomes = await asyncio.gather(*[store.submit(change) for change in changes])
    assert {o.kind for o in outcomes} == {"saved", "updated"}


def filled(database: Database, days: int) -> None:
    """Three hospitals that have reported."""
    add_hospitals(database)

    async def work() -> None:
        store = open_store(database, on_broken=lambda error: None)
        await fill(store, days)
        await store.close()

    asyncio.run(work())


@pytest.fixture(scope="module", params=ENGINES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A copy of a journal of three hospitals without what keeps it from being changed. Whoever changes it, undoes it."""
    with fresh(request.param, tmp_path_factory.mktemp("written")) as made:
        filled(made, 7)
        with connected(made) as connection:
            if made.embedded:
                connection.exec_driver_sql("DROP TRIGGER journal_no_update")
                connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
            else:
                connection.exec_driver_sql("DROP TRIGGER journal_only_grows ON journal")
        yield made


def with_everything_undone(connection: sa.Connection, act: Callable[[], Any]) -> Any:
    """What an act gives; what it changed is taken back. An act that the database refuses gives None."""
    connection.exec_driver_sql("SAVEPOINT tried")
    try:
        return act()
    except sa.exc.IntegrityError:
        return None
    finally:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT tried")


def at(line: dict[str, Any]) -> sa.ColumnElement[bool]:
    """Where a line stands."""
    return sa.and_(LINES.c.kode_rs == line["kode_rs"], LINES.c.seq == line["seq"])


def other_value(draw: random.Random, line: dict[str, Any], column: str) -> Any:
    """A value that the column may have and does not have."""
    old, nullable = line[column], table.c[column].nullable
    ways: list[Any] = []
    if column == "at":
        return old + timedelta(milliseconds=draw.choice((-1, 1, 1000, 86_400_000)))
    if isinstance(old, int):
        return old + draw.choice((-1, 1, 100, 10_000))
    if isinstance(old, str):
        place = draw.randrange(len(old))
        ways = [old + "x", old[:place] + chr(ord(old[place]) ^ 1) + old[place + 1 :], old[:place] + old[place + 1 :]]
        if column == "kode_rs":
            ways += list(CODES)
    elif isinstance(old, bytes):
        place = draw.randrange(len(old))
        flipped = old[:place] + bytes([old[place] ^ 1 << draw.randrange(8)]) + old[place + 1 :]
        ways = [flipped, old[:place], old + b"\0", draw.randbytes(len(old))]
    else:
        ways = [draw.randbytes(40)] if column in ("old", "new") else ["x", ""]
    if nullable and old is not None:
        ways.append(None)
    return draw.choice([way for way in ways if way != old])


def edit(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Change one column of one line."""
    line, column = draw.choice(lines), draw.choice(COLUMNS)
    value = other_value(draw, line, column)
    connection.execute(sa.update(LINES).where(at(line)).values({column: value}))
    return f"edit {line['kode_rs']}/{line['seq']} {column}: {line[column]!r} -> {value!r}"


def removal(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Take one line out; one time in four a last one."""
    last = [line for line in lines if not any(at_same(line, later) for later in lines)]
    line = draw.choice(last if draw.random() < 0.25 else lines)
    connection.execute(sa.delete(LINES).where(at(line)))
    return f"removal {line['kode_rs']}/{line['seq']}"


def at_same(line: dict[str, Any], later: dict[str, Any]) -> bool:
    """Whether the second stands behind the first."""
    return bool(line["kode_rs"] == later["kode_rs"] and later["seq"] > line["seq"])


def swap(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Let two lines change places: what they say, their numbers, or their hospitals."""
    what = draw.choice(("contents", "contents without hash", "seq", "hospital"))
    one, two = draw.sample(lines, 2)
    if what == "seq":
        two = draw.choice([x for x in lines if x["kode_rs"] == one["kode_rs"] and x is not one])
    if what == "hospital":
        two = draw.choice([x for x in lines if x["kode_rs"] != one["kode_rs"]])
    taken = {
        "contents": [c for c in COLUMNS if c not in ("kode_rs", "seq")],
        "contents without hash": [c for c in COLUMNS if c not in ("kode_rs", "seq", "hash")],
        "seq": ["seq"],
        "hospital": ["kode_rs"],
    }[what]
    connection.execute(sa.delete(LINES).where(sa.or_(at(one), at(two))))
    for line, other in ((one, two), (two, one)):
        connection.execute(sa.insert(LINES).values({**line, **{c: other[c] for c in taken}}))
    return f"swap of {what} {one['kode_rs']}/{one['seq']} {two['kode_rs']}/{two['seq']}"


def every_line(connection: sa.Connection) -> list[dict[str, Any]]:
    """All lines as they are kept."""
    found = connection.execute(sa.select(LINES).order_by(LINES.c.kode_rs, LINES.c.seq)).mappings()
    return [{k: bytes(v) if isinstance(v, memoryview) else v for k, v in line.items()} for line in found]


def test_every_edit_removal_and_swap_is_found(written: Database) -> None:
    draw = random.Random(4711)
    found, told, missed = 0, 0, []
    with connected(written) as connection:
        lines = every_line(connection)
        assert audit.verify(connection) == (len(CODES), len(lines), [])

        def tamper() -> tuple[str, list[Fault]]:
            act = draw.choices((edit, removal, swap), (6, 2, 2))[0]
            said = act(draw, connection, lines)
            return said, audit.verify(connection).faults

        while told < 1000:
            result = with_everything_undone(connection, tamper)
            if result is None:
                # The key of a line that is there already: the database itself refused it.
                continue
            told += 1
            said, faults = result
            found += bool(faults)
            missed += [] if faults else [said]
        assert missed == []
        assert found == 1000
        # Nothing of it stayed, and a verification that always complains would complain here.
        assert audit.verify(connection).faults == []


def test_an_end_that_is_cut_off_with_its_head_is_found_by_heads_kept_elsewhere(written: Database) -> None:
    with connected(written) as connection:
        kept = audit.heads(connection)
        lines = {code: [x for x in every_line(connection) if x["kode_rs"] == code] for code in CODES}
        assert audit.verify(connection, known=kept).faults == []
        for code in CODES:
            for cut in (1, 2, len(lines[code]) - 1, len(lines[code])):

                def act(code: str = code, cut: int = cut) -> tuple[list[Fault], list[Fault]]:
                    rest = lines[code][:-cut]
                    connection.execute(sa.delete(LINES).where(LINES.c.kode_rs == code, LINES.c.seq > len(rest)))
                    move_head(connection, code, Head(rest[-1]["seq"], rest[-1]["hash"]) if rest else None)
                    return audit.verify(connection).faults, audit.verify(connection, known=kept).faults

                alone, beside_known = with_everything_undone(connection, act)
                # The control: by itself the shorter chain is whole.
                assert alone == []
                (fault,) = beside_known
                assert fault == (code, kept[code].seq, "the line that was kept elsewhere is not there")


def move_head(connection: sa.Connection, code: str, head: Head | None) -> None:
    """Say that a hospital's chain ends there."""
    where = {"code": code}
    if head is None:
        connection.execute(sa.text("DELETE FROM journal_head WHERE kode_rs = :code"), where)
        return
    said = sa.text("UPDATE journal_head SET seq = :seq, hash = :hash WHERE kode_rs = :code")
    connection.execute(said, {**where, "seq": head.seq, "hash": head.hash})


def test_a_chain_that_is_made_anew_behind_an_edit_is_found_by_heads_kept_elsewhere(written: Database) -> None:
    code = CODES[1]
    with connected(written) as connection:
        kept = audit.heads(connection)

        def forge() -> tuple[list[Fault], list[Fault]]:
            lines = [x for x in every_line(connection) if x["kode_rs"] == code]
            lines[3]["account"] = "somebody/else"
            head = START
            for line in lines:
                millis = int(line["at"].timestamp() * 1000 + 0.5)
                said = [millis if c == "at" else line[c] for c in COLUMNS[:-1]]
                head = Head(line["seq"], link(head.hash, said))
                connection.execute(
                    sa.update(LINES).where(at(line)).values(hash=head.hash, account=line["account"])
                )
            move_head(connection, code, head)
            return audit.verify(connection).faults, audit.verify(connection, known=kept).faults

        alone, beside_known = with_everything_undone(connection, forge)
        assert alone == []
        assert [(f.hospital, f.seq) for f in beside_known] == [(code, kept[code].seq)]


def test_an_inserted_line_is_found_wherever_it_stands(written: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are read a part at a time: one that repeats the number of a part's last line must not be stepped over."""
    monkeypatch.setattr(audit, "_AT_ONCE", 4)
    with connected(written) as connection:
        lines = every_line(connection)
        assert audit.verify(connection).lines == len(lines)
        missed = []
        for line in lines:

            def insert(line: dict[str, Any] = line) -> list[Fault]:
                later = line["at"] + timedelta(milliseconds=1)
                connection.execute(sa.insert(LINES).values({**line, "at": later, "account": "somebody/else"}))
                return audit.verify(connection).faults

            if database_takes_a_second_line_of_a_number(written) and not with_everything_undone(connection, insert):
                missed.append((line["kode_rs"], line["seq"]))
    assert missed == []


def database_takes_a_second_line_of_a_number(database: Database) -> bool:
    """Both engines do: the time is part of the key, since a partitioned table needs it there."""
    return "at" in table.primary_key.columns and bool(database.url)


def test_contents_turned_into_text_are_found(written: Database) -> None:
    """The hash is taken of what JSON makes of a line, which shows bytes as Base64: the same text must not pass."""
    if not written.embedded:
        pytest.skip("a server keeps bytes in a column of bytes")
    import base64

    with connected(written) as connection:
        line = next(line for line in every_line(connection) if line["new"])

        def act() -> int:
            text = base64.b64encode(line["new"]).decode()
            connection.exec_driver_sql(
                "UPDATE journal SET new = ? WHERE kode_rs = ? AND seq = ?", (text, line["kode_rs"], line["seq"])
            )
            return len(audit.verify(connection).faults)

        assert with_everything_undone(connection, act) > 0


def test_one_hospital_is_verified_beside_the_heads_of_all(written: Database) -> None:
    with connected(written) as connection:
        found = audit.verify(connection, code=CODES[0], known=audit.heads(connection))
    assert found.hospitals == 1
    assert found.faults == []


def test_no_more_faults_are_told_than_asked_for(written: Database) -> None:
    with connected(written) as connection:

        def act() -> int:
            connection.execute(sa.update(LINES).values(account="somebody/else"))
            return len(audit.verify(connection, most=7).faults)

        assert with_everything_undone(connection, act) == 7


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


def write_until_killed(url: str, keys: str, seed: int) -> None:
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
    command = "import sys; from tests.store.test_journal import write_until_killed as w; w(*sys.argv[1:3], int(sys.argv[3]))"
    lengths = []
    for number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", command, database.url, str(database.keys), str(number)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.1 + draw.random() / 5)
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
    lines = rows(database, "SELECT kode_rs, key, count(*) AS lines FROM journal WHERE object = 'oksigen' GROUP BY 1, 2")
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

    async def view(store: Store, origin: Origin, number: int) -> int:
        call = Call(origin, ANTRIAN, {"kodebooking": f"B-{number}"}, At(origin.hospital, ZoneInfo("UTC"), NOW))
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
                    assert await view(store, origin, draw.randrange(10)) == 1
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
    # Three hospitals, their bookings, and a line for each thing that did not fail.
    assert verified.lines == 3 + 30 + happened["change"] + happened["refusal"] + happened["view"]
    with_versions(database)


NOW = datetime(2026, 1, 2, 5, tzinfo=UTC)


# ---- who, what, whom


def test_a_line_says_who_what_when_and_from_where(database: Database) -> None:
    add_hospitals(database)
    begun = datetime.now(UTC) - timedelta(milliseconds=1)
    origin = Origin(CODES[0], 1, "9200001/1", "api", "10.1.2.3", "f" * 32, "1790000000", "off")
    number = str(_FIRST_NIK)

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
        assert (line["object"], line["key"]) == ("antrian", '["B-0"]')
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
        assert len(list(audit.lines(access, nik=str(_FIRST_NIK)))) == len(CODES)
        for nobody in ("9999999999999999", "0000000000000000", "-", ""):
            assert list(audit.lines(access, nik=nobody)) == [], nobody
