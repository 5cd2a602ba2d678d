"""`rsonline backup`, `restore` and `maintain` as an operator uses them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rsonline.store import hospitals
from rsonline.store.apply import KEPT_FOR
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Change, Once
from rsonline.store.columns import to_millis
from rsonline.store.database import Database, embedded
from rsonline.store.engines import connected, open_store, transaction
from rsonline.store.partitions import attached, month_of
from rsonline.store.schema import MONTHLY
from tests.cli.command import of, run, with_keys
from tests.databases import blank, journal, rows
from tests.hospital import password_hash
from tests.store.changes import CODE, oksigen, stored
from tests.store.several import CODES, filled

LINES = len(CODES) * 7


@pytest.fixture
def reported(database: Database) -> Database:
    """Three hospitals that have reported two days."""
    filled(database, 2)
    return database


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Iterator[Database]:
    """A place of the same kind without a database, for which the same key file is there."""
    with blank("sqlite" if database.embedded else "postgresql", tmp_path / "empty") as made:
        yield made._replace(keys=database.keys)


def test_a_backup_is_made_beside_the_service_and_restored_elsewhere(
    reported: Database, empty: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "cadangan"
    store = open_store(reported, on_broken=lambda error: None)

    async def beside() -> None:
        await store.submit(oksigen("2026-02-01", 1))
        said = await asyncio.to_thread(run, "backup", folder, *with_keys(reported))
        assert said.out.startswith(f"Cadangan di {folder}: ")
        # What comes later is not in it.
        await store.submit(oksigen("2026-02-02", 2))
        await store.close()

    asyncio.run(beside())
    assert len(list(folder.iterdir())) == 2
    assert reported.keys.name not in [path.name for path in folder.iterdir()]
    made = json.loads(json.loads((folder / "manifest.json").read_text("utf-8"))["manifest"])
    said = run("restore", folder, *with_keys(empty)).out
    assert said == f"Dikembalikan: keadaan {made['made_at']}, 3 rumah sakit, {LINES + 1} baris jurnal.\n"
    assert "2026-02-01" in stored(empty, CODE)
    assert "2026-02-02" not in stored(empty, CODE)
    assert stored(reported, CODE) == stored(empty, CODE) | {"2026-02-02": 2.0}
    assert journal(empty, CODE) == journal(reported, CODE)[:-1]
    assert run("journal", "verify", *of(empty)).out == f"3 rumah sakit, {LINES + 1} baris, 0 kesalahan.\n"
    assert "sudah pada revisi" in run("migrate", *with_keys(empty)).out


def test_what_is_there_is_not_overwritten(reported: Database, tmp_path: Path) -> None:
    folder, full = tmp_path / "cadangan", tmp_path / "full"
    run("backup", folder, *with_keys(reported))
    full.mkdir()
    (full / "note").write_text("mine", "utf-8")
    for place in (folder, full):
        assert "is not empty" in run("backup", place, *with_keys(reported), code=1).err
    assert [path.name for path in full.iterdir()] == ["note"]
    said = run("restore", folder, *with_keys(reported), code=1)
    assert "overwrites nothing" in said.err
    assert "0 kesalahan" in run("journal", "verify", *of(reported)).out


def test_a_backup_that_is_not_whole_or_has_no_key_is_not_restored(
    reported: Database, empty: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "cadangan"
    run("backup", folder, *with_keys(reported))
    nothing = run("restore", tmp_path / "none", *with_keys(empty), code=1)
    assert "no backup that can be read" in nothing.err
    without = run("restore", folder, *with_keys(empty._replace(keys=tmp_path / "none.json")), code=1)
    assert "none.json is missing" in without.err
    (copy,) = folder.glob("database.*")
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "its digest differs" in run("restore", folder, *with_keys(empty), code=1).err
    # None of it left anything that would stand in the way of the whole one.
    copy.write_bytes(content)
    assert "3 rumah sakit" in run("restore", folder, *with_keys(empty)).out


def test_where_no_database_is_nothing_is_backed_up(empty: Database, tmp_path: Path) -> None:
    said = run("backup", tmp_path / "cadangan", *with_keys(empty), code=1)
    assert said.err == "There is no database to be copied.\n"
    assert not (tmp_path / "cadangan").exists()
    assert not empty.embedded or not empty.path.exists()


def answered(database: Database, *ages: timedelta) -> None:
    """Answers to requests with a key, so long ago."""
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())

    async def work() -> None:
        store = open_store(database, on_broken=lambda error: None)
        for number, _ in enumerate(ages):
            made = oksigen(f"2026-01-{number + 1:02}", 1)
            once = Once("POST oksigen", f"kunci-{number}", bytes(32), lambda outcome: b"{}")
            await store.submit(Change(made.origin, made.report, made.verb, made.lookups, made.decide, once=once))
        await store.close()

    asyncio.run(work())
    now = datetime.now(UTC)
    with connected(database) as connection:
        for number, age in enumerate(ages):
            connection.exec_driver_sql(
                f"UPDATE idempotency SET at = {to_millis(now - age)} WHERE key = 'kunci-{number}'"
            )


def test_maintenance_forgets_answers_that_nobody_may_ask_for_any_more(database: Database) -> None:
    hour = timedelta(hours=1)
    answered(database, timedelta(0), KEPT_FOR - hour, KEPT_FOR + hour / 2, KEPT_FOR + 2 * hour, 10 * KEPT_FOR)
    said = run("maintain", *of(database)).out
    assert said == "0 partisi dibuat, 0 dilepas, 2 jawaban lama dihapus.\n"
    kept = [row["key"] for row in rows(database, "SELECT key FROM idempotency ORDER BY key")]
    assert kept == ["kunci-0", "kunci-1", "kunci-2"]
    assert "0 jawaban lama dihapus" in run("maintain", *of(database)).out
    # It is about answers: what was stored stays.
    assert len(stored(database)) == 5
    assert "0 kesalahan" in run("journal", "verify", *of(database)).out


def test_maintenance_provides_months_and_takes_old_ones_off(reported: Database) -> None:
    this = month_of(datetime.now(UTC))
    after = f"{this.next.year:04}-{this.next.month:02}"
    words = ("maintain", "--detach-before", after, *with_keys(reported))
    if reported.embedded:
        # One file has no parts: there is nothing to do, and that is no failure.
        assert run(*words).out == "0 partisi dibuat, 0 dilepas, 0 jawaban lama dihapus.\n"
        assert "0 kesalahan" in run("journal", "verify", *of(reported)).out
        return
    with connected(reported) as connection:
        gone = {t: max(name for name in attached(connection, t) if name != f"{t}_default") for t in MONTHLY}
        for table, name in gone.items():
            connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {name}")
            connection.exec_driver_sql(f"DROP TABLE {name}")
    said = run("maintain", *of(reported)).out
    assert said.splitlines()[0] == f"{len(MONTHLY)} partisi dibuat, 0 dilepas, 0 jawaban lama dihapus."
    assert sorted(line.strip() for line in said.splitlines()[1:]) == sorted(gone.values())
    said = run(*words).out
    old = [f"{table}_{this}" for table in MONTHLY]
    assert said.startswith(f"0 partisi dibuat, {len(old)} dilepas, ")
    assert sorted(line.strip() for line in said.splitlines()[1:]) == sorted(old)
    [line] = rows(
        reported, "SELECT last_analyze IS NOT NULL AS counted FROM pg_stat_user_tables WHERE relname = 'journal'"
    )
    assert line["counted"]
    with connected(reported) as connection:
        assert not any(name in attached(connection, table) for table in MONTHLY for name in old)
    [line] = journal(reported, OPERATOR, "partition")
    assert (line["verb"], json.loads(line["new"])["tables"]) == ("detach", old)
    # They stay as tables of their own.
    assert rows(reported, f"SELECT count(*) AS lines FROM journal_{this}") == [{"lines": LINES}]


@pytest.mark.parametrize("month", ["2026", "2026-13", "yesterday", "2026-01-01", ""])
def test_a_month_that_is_none_is_told_and_nothing_done(reported: Database, month: str) -> None:
    said = run("maintain", "--detach-before", month, *of(reported), code=2)
    assert (said.out, said.err) == ("", "--detach-before: tulis seperti 2026-01.\n")


def test_where_no_database_is_there_is_nothing_to_maintain(tmp_path: Path) -> None:
    assert "rsonline migrate" in run("maintain", "--data", tmp_path, code=1).err
    assert not embedded(tmp_path).path.exists()
