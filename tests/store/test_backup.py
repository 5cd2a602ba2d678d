"""A backup holds everything that was acknowledged before it, and a restore is told of one flipped bit."""

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rsonline.reports import ANTRIAN
from rsonline.store import audit, keys
from rsonline.store.backup import MANIFEST, BackupError, backup, check, restore
from rsonline.store.database import Database
from rsonline.store.engines import connected, open_store, transaction, vault_of
from rsonline.store.keys import KeysError
from rsonline.store.rows import shape_of
from tests.databases import ENGINES, blank, fresh, rows
from tests.store.changes import oksigen
from tests.store.several import CODES, add_hospitals, booking, filled, origin_of


@contextmanager
def elsewhere(database: Database, folder: Path) -> Iterator[Database]:
    """An empty place of the same engine, with the same master key."""
    with blank("sqlite" if database.embedded else "postgresql", folder) as place:
        place.keys.write_bytes(database.keys.read_bytes())
        yield place


def empty(place: Database) -> bool:
    """Whether nothing is left in a place."""
    if place.embedded:
        return [path.name for path in place.path.parent.iterdir()] == ["keys.json"]
    with psycopg.connect(place.url) as connection:
        found = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        functions = "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        return connection.execute(f"{found} UNION {functions}").fetchall() == []


async def test_a_backup_under_load_has_everything_that_was_acknowledged_before_it(
    database: Database, tmp_path: Path
) -> None:
    add_hospitals(database)
    store = open_store(database, on_broken=lambda error: None)
    acknowledged = 0

    async def write() -> None:
        nonlocal acknowledged
        for number in range(100_000):
            code = CODES[number % 3]
            await store.submit(booking(origin_of(code), number))
            await store.submit(oksigen(f"2026-01-{number % 28 + 1:02}", number, origin_of(code)))
            acknowledged = number + 1

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.3)
    before = acknowledged
    said = await asyncio.to_thread(backup, database, tmp_path / "backup")
    during = acknowledged
    await asyncio.sleep(0.1)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.close()
    # It was written to before, meanwhile and after.
    assert 0 < before <= during < acknowledged
    with elsewhere(database, tmp_path / "elsewhere") as place:
        assert restore(tmp_path / "backup", place) == said
        if not place.embedded:
            # The server has counted the rows already: its first plans are no guesses.
            assert rows(place, "SELECT reltuples FROM pg_class WHERE relname = 'oksigen'")[0]["reltuples"] > 0
        found = rows(place, "SELECT * FROM antrian")
        with transaction(place) as access:
            kept = {shape_of(ANTRIAN).opened(row, access.vault)["nik"] for row in found}
        assert {str(9_999_000_000_100_000 + number) for number in range(before)} <= kept
        assert len(kept) <= acknowledged
        with connected(place) as connection:
            assert audit.verify(connection).faults == []
            assert {code: [h.seq, h.hash.hex()] for code, h in audit.heads(connection).items()} == said["heads"]
        # It lives on there: the numbers go on, the chains too.
        later = open_store(place, on_broken=lambda error: None)
        outcome = await later.submit(booking(origin_of(CODES[0]), 100_000))
        await later.close()
        assert outcome.kind == "saved"
        assert check(place) == []


def test_a_backup_is_its_owners_alone_and_without_the_key_file(database: Database, tmp_path: Path) -> None:
    filled(database, 1)
    backup(database, tmp_path / "backup")
    parts = sorted((tmp_path / "backup").iterdir())
    assert [part.name for part in parts] == ["database.sqlite3" if database.embedded else "database.pgdump", MANIFEST]
    assert {part.stat().st_mode & 0o777 for part in parts} == {0o600}
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    (master,) = keys.read(database.keys).keys.values()
    for part in parts:
        assert master not in part.read_bytes()
        assert base64.b64encode(master) not in part.read_bytes()


def test_nothing_is_overwritten(database: Database, tmp_path: Path) -> None:
    filled(database, 1)
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    with pytest.raises(BackupError, match="is not empty"):
        backup(database, full)
    assert [path.name for path in full.iterdir()] == ["something"]
    backup(database, tmp_path / "backup")
    with pytest.raises(BackupError, match="is not empty"):
        backup(database, tmp_path / "backup")
    before = rows(database, "SELECT * FROM oksigen")
    with pytest.raises(BackupError, match="overwrites nothing"):
        restore(tmp_path / "backup", database)
    assert rows(database, "SELECT * FROM oksigen") == before
    assert check(database) == []


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server here")
@pytest.mark.parametrize(("made", "wanted"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_backup_of_the_other_engine_is_refused(made: str, wanted: str, tmp_path: Path) -> None:
    with fresh(made, tmp_path / "made") as source, blank(wanted, tmp_path / "wanted") as place:
        backup(source, tmp_path / "backup")
        with pytest.raises(BackupError, match="other kind of database"):
            restore(tmp_path / "backup", place)
        assert empty(place)


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file over; a second time turns it back."""
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


@pytest.mark.slow
def test_one_hundred_flipped_bits_are_found(database: Database, tmp_path: Path) -> None:
    filled(database, 3)
    backup(database, tmp_path / "backup")
    parts = sorted((tmp_path / "backup").iterdir())
    draw = random.Random(4711)
    found, missed = 0, []
    with elsewhere(database, tmp_path / "elsewhere") as place:
        # Ten in the manifest, which is small: what is flipped there may show only when everything is in its place.
        for number in range(100):
            part = parts[number % 10 == 0]
            bit = draw.randrange(part.stat().st_size * 8)
            flip(part, bit)
            try:
                restore(tmp_path / "backup", place)
            except BackupError:
                found += 1
                assert empty(place)
            else:
                missed.append((part.name, bit))
                break
            flip(part, bit)
        assert (found, missed) == (100, [])
        # The control: turned back, the same backup is put in the same place.
        restore(tmp_path / "backup", place)
        assert rows(place, "SELECT * FROM oksigen") == rows(database, "SELECT * FROM oksigen")


def test_every_flipped_bit_of_a_signature_is_found(tmp_path: Path) -> None:
    with fresh("sqlite", tmp_path / "data") as database:
        backup(database, tmp_path / "backup")
        manifest = tmp_path / "backup" / MANIFEST
        first = manifest.read_text().index('"signature"') * 8
        with elsewhere(database, tmp_path / "elsewhere") as place:
            # Its end: Base64 has bits there that say nothing.
            for bit in range(max(first, manifest.stat().st_size * 8 - 64), manifest.stat().st_size * 8):
                flip(manifest, bit)
                with pytest.raises(BackupError):
                    restore(tmp_path / "backup", place)
                flip(manifest, bit)
            restore(tmp_path / "backup", place)


def signed(folder: Path, said: dict[str, Any], signature: str) -> None:
    """Write a manifest."""
    (folder / MANIFEST).write_text(json.dumps({"manifest": json.dumps(said, sort_keys=True), "signature": signature}))


@pytest.mark.slow
def test_a_changed_manifest_is_found(database: Database, tmp_path: Path) -> None:
    filled(database, 2)
    folder = tmp_path / "backup"
    said = backup(database, folder)
    signature = json.loads((folder / MANIFEST).read_text())["signature"]
    seq, head = said["heads"][CODES[0]]
    changes: list[dict[str, Any]] = [
        {"made_at": "2020-01-01T00:00:00+00:00"},
        {"revision": "0001"},
        {"heads": {}},
        {"heads": {**said["heads"], CODES[0]: [seq - 1, head]}},
        {"heads": {**said["heads"], CODES[0]: [seq, "00" * 32]}},
        {"heads": {**said["heads"], CODES[0]: [seq, "no hash"]}},
        {"heads": None},
        {"size": said["size"] + 1},
        {"sha256": "0" * 64},
        {"copy": MANIFEST},
        {"copy": "../elsewhere/keys.json"},
        {"copy": 7},
        {"more": 1},
    ]
    with elsewhere(database, tmp_path / "elsewhere") as place:
        for change in changes:
            signed(folder, {**said, **change}, signature)
            with pytest.raises(BackupError):
                restore(folder, place)
            assert empty(place), change
        for missing in said:
            signed(folder, {k: v for k, v in said.items() if k != missing}, signature)
            with pytest.raises(BackupError):
                restore(folder, place)
        for content in (b"", b"{}", b"[]", b'{"manifest": "7", "signature": ""}', b"\xff"):
            (folder / MANIFEST).write_bytes(content)
            with pytest.raises(BackupError, match="no backup that can be read"):
                restore(folder, place)
        (folder / MANIFEST).unlink()
        with pytest.raises(BackupError, match="no backup that can be read"):
            restore(folder, place)
        signed(folder, said, signature)
        assert restore(folder, place) == said


def test_a_copy_that_was_changed_together_with_its_digest_is_found(tmp_path: Path) -> None:
    """Whoever can write to the folder can work out the digest anew, but not sign it."""
    with fresh("sqlite", tmp_path / "data") as database:
        filled(database, 2)
        one, other = tmp_path / "one", tmp_path / "other"
        said = backup(database, one)
        with connected(database) as connection:
            connection.exec_driver_sql("UPDATE oksigen SET p_cair = 7")
        forged = backup(database, other)
        signature = json.loads((one / MANIFEST).read_text())["signature"]
        signed(other, {**said, "sha256": forged["sha256"], "size": forged["size"]}, signature)
        with elsewhere(database, tmp_path / "elsewhere") as place:
            with pytest.raises(BackupError, match="not the one that was signed"):
                restore(other, place)
            assert empty(place)


def test_a_journal_that_was_cut_before_the_backup_is_found(tmp_path: Path) -> None:
    """A backup of a database that is not whole is signed all the same; the restore says what is wrong with it."""
    with fresh("sqlite", tmp_path / "data") as database:
        filled(database, 2)
        with connected(database) as connection:
            connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
            connection.exec_driver_sql("DELETE FROM journal WHERE seq = 3")
        backup(database, tmp_path / "backup")
        with elsewhere(database, tmp_path / "elsewhere") as place:
            with pytest.raises(BackupError, match="line 4: stands behind line 2"):
                restore(tmp_path / "backup", place)
            assert empty(place)


def test_without_its_key_file_a_backup_is_not_restored(database: Database, tmp_path: Path) -> None:
    filled(database, 1)
    backup(database, tmp_path / "backup")
    engine = "sqlite" if database.embedded else "postgresql"
    with blank(engine, tmp_path / "elsewhere") as place:
        with pytest.raises(KeysError, match="which the key file does not have"):
            restore(tmp_path / "backup", place)
        assert empty(place)
        place.keys.write_bytes(database.keys.read_bytes())
        restore(tmp_path / "backup", place)
        assert vault_of(place).public_key == vault_of(database).public_key
