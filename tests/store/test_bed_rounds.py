"""The rounds that the writer keeps are those that the raw journal gives, whoever sends what and whenever."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from rsonline.insight import staleness
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.verdict import Refused
from rsonline.store import bed_rounds, hospitals, migrate, wide
from rsonline.store.bed_rounds import KEPT, Told
from rsonline.store.change import Change, Origin
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.journal import note_refusal
from rsonline.store.schema import HEAD
from tests.databases import rows
from tests.hospital import password_hash
from tests.insight.posts import raw, recount
from tests.insight.sending import ROOM, Sending, sending

NOW = datetime.now(UTC).replace(microsecond=0)
CODES = ("9200001", "9200002", "9200003")


def registered(database: Database) -> None:
    with transaction(database) as access:
        for code in CODES:
            hospitals.add(access, code, f"RS Tiruan {code}", "WIB", password_hash())


def kept(database: Database, code: str, now: datetime) -> Told | None:
    """What the writer kept of a hospital."""
    with transaction(database) as access:
        return next(iter(wide.bed_rounds(access, [code], now)), None)


def anything(random: Random, made: Sending, code: str, numbers: list[int]) -> Change | None:
    """Any message about one of a few rooms; None for one that is refused before it comes to the store."""
    room: dict[str, Any] = {**ROOM, "ruang": f"R{random.randrange(3)}", "terpakai": str(random.choice((2, 2, 2, 3)))}
    number = {"id_t_tt": str(random.choice(numbers))} if numbers else {}
    method, said, more = random.choice(
        (
            ("POST", room, {}),
            ("PUT", room, {}),
            ("PUT", room, {}),
            ("PUT", {**room, "jumlah": "-1"}, {}),
            ("PUT", {**room, **number}, {"source": "web"}),
            ("PUT", {**room, **number}, {"source": "web", "confirm": True}),
            ("PUT", room, {"source": "file"}),
            ("PUT", room, {"confirm": True}),
            ("DELETE", number or room, {}),
            ("RESTORE", number, {}),
        )
    )
    if method == "RESTORE":
        said = {"id_t_tt": random.choice(numbers or [0])}
    try:
        return made.change(code, method, said, **more)
    except Refused:
        return None


@pytest.mark.parametrize("seed", range(8))
async def test_what_the_writer_keeps_is_what_the_raw_journal_gives(database: Database, seed: int) -> None:
    random = Random(seed)
    registered(database)
    states = set()
    async with sending(database) as made:
        made.now = NOW - timedelta(days=12)
        numbers: dict[str, list[int]] = {code: [] for code in CODES}
        while made.now < NOW:
            # Together, as many senders at once: on a server they become one batch of one moment.
            batch = [
                (code, change)
                for code in random.choices(CODES, k=random.randrange(1, 6))
                if (change := anything(random, made, code, numbers[code])) is not None
            ]
            done = await asyncio.gather(*[made.store.submit(change) for _, change in batch])
            for (code, _), outcome in zip(batch, done, strict=True):
                if outcome.kind == "saved" and outcome.row.get("id_t_tt"):
                    numbers[code].append(outcome.row["id_t_tt"])
            if random.random() < 0.1:
                with transaction(database) as access:
                    note_refusal(access, Origin(random.choice(CODES), 1), TEMPAT_TIDUR, "unknown_room")
            made.now += timedelta(seconds=random.choice((0.2, 30, 290, 301, 900, 3600, 6 * 3600, 20 * 3600)))
            if random.random() < 0.15:
                for code in CODES:
                    again = recount(raw(database, code), made.now)
                    assert kept(database, code, made.now) == again
                    states.add(staleness.standing(code, again, made.now).state)
    assert {"changed"} < states


async def test_rounds_are_kept_for_some_days_and_the_last_change_for_ever(database: Database) -> None:
    registered(database)
    begin = NOW - timedelta(days=60)
    async with sending(database) as made:
        await made.copies(CODES[0], [begin + timedelta(hours=6 * n) for n in range(240)])
        made.now = begin + timedelta(days=60)
    assert kept(database, CODES[0], NOW) == recount(raw(database, CODES[0]), NOW)
    told = kept(database, CODES[0], NOW)
    assert told is not None
    assert told.changed == begin
    there = rows(database, "SELECT at FROM bed_round")
    # Four a day, and the moment on either edge.
    assert len(there) in (KEPT.days * 4, KEPT.days * 4 + 1)


async def test_another_process_with_a_slower_clock_takes_nothing_back(database: Database) -> None:
    registered(database)
    async with sending(database) as one, sending(database) as other:
        one.now = NOW
        await one.send(CODES[0], "POST", dict(ROOM))
        other.now = NOW - timedelta(minutes=20)
        await other.send(CODES[0], "PUT", {**ROOM, "terpakai": "5"})
    told = kept(database, CODES[0], NOW + timedelta(seconds=1))
    assert told is not None
    assert (told.last, told.changed, len(told.rounds)) == (NOW, NOW, 1)


async def test_the_migration_counts_what_the_writer_would_have_kept(database: Database) -> None:
    registered(database)
    random = Random(5)
    now = datetime.now(UTC)
    async with sending(database) as made:
        made.now = now - timedelta(days=7)
        while made.now < now - timedelta(hours=3):
            for code in CODES[:2]:
                change = anything(random, made, code, [])
                if change is not None:
                    await made.store.submit(change)
            made.now += timedelta(minutes=random.choice((1, 4, 60, 400)))
    was = [kept(database, code, now) for code in CODES]
    assert was[0] is not None
    assert was[2] is None
    before = tables(database)
    with connected(database) as connection:
        for table in ("bed_round", "rollup_mark", "quiet", "quiet_region", "live_births", "signing_key", "used_nonce"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("ALTER TABLE hospital DROP COLUMN signed_only")
        for column in bed_rounds.COLUMNS:
            connection.exec_driver_sql(f"ALTER TABLE journal_head DROP COLUMN {column}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    assert migrate.upgrade(database) == "0005"
    assert migrate.revision(database) == HEAD
    assert tables(database) == before
    assert [kept(database, code, now) for code in CODES] == was


def tables(database: Database) -> list[list[dict[str, Any]]]:
    """Everything that is kept about rounds."""
    heads = f"SELECT kode_rs, {', '.join(bed_rounds.COLUMNS)} FROM journal_head ORDER BY kode_rs"
    return [rows(database, query) for query in ("SELECT * FROM bed_round ORDER BY kode_rs, at", heads)]
