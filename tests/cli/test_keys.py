"""`rsonline key …` as an operator uses it."""

import json
import stat
from functools import partial
from pathlib import Path

import pytest

from rsonline.store import keys, rotation
from rsonline.store.database import Database, embedded
from rsonline.store.engines import vault_of
from rsonline.store.seal import key_number
from tests.cli.command import run, with_keys
from tests.databases import journal, rows
from tests.store.several import CODES, FIRST_NIK, filled


@pytest.fixture(autouse=True)
def not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """No service runs beside these tests: nothing has to take up a new key first."""
    monkeypatch.setattr(rotation, "rotate", partial(rotation.rotate, taken_up=0.0))


def sealed_by(database: Database) -> set[int]:
    """The numbers of the keys that seal the bookings."""
    return {key_number(bytes(row["nik"])) for row in rows(database, "SELECT nik FROM antrian")}


def persons(database: Database) -> list[str]:
    """Whom the journal tells of, its contents opened."""
    lines = [line for code in CODES for line in journal(database, code, "antrian")]
    return [json.loads(line["new"])["nik"] for line in lines]


@pytest.mark.parametrize("named", [False, True])
def test_a_key_file_is_made_and_never_overwritten(tmp_path: Path, named: bool) -> None:
    file = tmp_path / "elsewhere" / "kunci.json" if named else tmp_path / "new" / "keys.json"
    words = ("key", "create", "--data", tmp_path / "new", *(("--keys", file) if named else ()))
    said = run(*words)
    assert str(file) in said.out
    assert "terpisah dari basis data" in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    # Where it is it may be said; what it is may not.
    for key in keys.read(file).keys.values():
        assert key.hex() not in said.out
    assert not any(text in said.out for text in json.loads(content)["keys"].values())
    again = run(*words, code=1)
    assert "never overwritten" in again.err
    assert again.out == ""
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_everything_is_sealed_by_a_new_key(database: Database) -> None:
    filled(database, 2)
    before, file = sealed_by(database), database.keys.read_bytes()
    said = run("key", "rotate", *with_keys(database))
    (number,) = sealed_by(database)
    assert number not in before
    assert said.out == f"Kunci nomor {number} dipakai; 6 baris disegel ulang.\n"
    assert "antrian: 6" in said.err
    assert vault_of(database).newest == number
    # The master key stays; the journal keeps its lines as they are, and both are read as before.
    assert database.keys.read_bytes() == file
    assert persons(database) == [str(FIRST_NIK), str(FIRST_NIK + 1)] * 3
    assert "6 baris" in run("key", "rotate", *with_keys(database)).out
    assert min(sealed_by(database)) > number


def test_the_master_key_is_changed_and_the_old_one_opens_nothing_any_more(database: Database, tmp_path: Path) -> None:
    filled(database, 1)
    kept = tmp_path / "old.json"
    kept.write_bytes(database.keys.read_bytes())
    kept.chmod(0o600)
    count = len(rows(database, "SELECT number FROM data_key"))
    before = sealed_by(database)
    said = run("key", "rewrap", *with_keys(database)).out
    assert said.startswith(f"{count} kunci dibungkus ulang.")
    assert str(database.keys) in said
    assert sealed_by(database) == before
    assert persons(database) == [str(FIRST_NIK)] * 3
    assert keys.read(kept).current not in keys.read(database.keys).keys
    for verb in ("rotate", "rewrap"):
        assert "the key file does not have" in run("key", verb, *with_keys(database._replace(keys=kept)), code=1).err
    # A refused command has changed nothing.
    assert sealed_by(database) == before
    assert len(rows(database, "SELECT number FROM data_key")) == count


def spoilt(file: Path, how: str) -> None:
    """A key file that cannot be used."""
    match how:
        case "missing":
            file.unlink()
        case "readable by others":
            file.chmod(0o644)
        case "no key file":
            file.write_text("{}", "utf-8")


@pytest.mark.parametrize(
    ("how", "says"),
    [("missing", "is missing"), ("readable by others", "can be read by others"), ("no key file", "is no key file")],
)
@pytest.mark.parametrize("verb", ["rotate", "rewrap"])
def test_a_key_file_that_cannot_be_used_is_told(database: Database, verb: str, how: str, says: str) -> None:
    before, content = rows(database, "SELECT * FROM data_key ORDER BY number"), database.keys.read_bytes()
    spoilt(database.keys, how)
    assert says in run("key", verb, *with_keys(database), code=1).err
    # With the right file again everything is as it was.
    database.keys.write_bytes(content)
    database.keys.chmod(0o600)
    assert rows(database, "SELECT * FROM data_key ORDER BY number") == before


@pytest.mark.parametrize("verb", ["rotate", "rewrap"])
def test_where_no_database_is_there_is_nothing_to_change(tmp_path: Path, verb: str) -> None:
    run("key", "create", "--data", tmp_path)
    content = embedded(tmp_path).keys.read_bytes()
    assert "rsonline migrate" in run("key", verb, "--data", tmp_path, code=1).err
    assert embedded(tmp_path).keys.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_new_token_secret_is_made_beside_the_old_one(database: Database) -> None:
    before = vault_of(database).token_keys
    said = run("key", "rotate-tokens", *with_keys(database))
    assert "Rahasia token baru" in said.out
    after = vault_of(database).token_keys
    # Which of the two signs depends on how old the first one is; both verify.
    assert len(after) == 2
    assert before[0] in after
    assert not any(key.hex() in said.out for key in after)
