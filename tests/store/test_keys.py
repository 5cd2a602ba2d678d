"""The key file: never overwritten, never half written, and of no use to anybody else."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsonline.store import keys
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction, vault_of
from rsonline.store.keys import KeysError, Masters


def mode_of(path: Path) -> int:
    """Who may do what with a file."""
    return path.stat().st_mode & 0o777


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A key file."""
    path = tmp_path / "here" / "keys.json"
    keys.create(path)
    return path


def test_a_new_file_has_one_key_of_32_bytes_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    before = os.umask(0)
    try:
        made = keys.create(path)
    finally:
        os.umask(before)
    assert keys.read(path) == made
    assert [len(key) for key in made.keys.values()] == [32]
    assert list(made.keys) == [made.current]
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert keys.create(tmp_path / "other.json").keys != made.keys


def test_a_file_that_is_there_is_never_overwritten(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(KeysError, match="is there already"):
        keys.create(file)
    assert file.read_bytes() == before
    # Nor one that is empty, or a link to nothing.
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("empty", "link"):
        with pytest.raises(KeysError, match="is there already"):
            keys.create(tmp_path / name)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777, 0o601])
def test_a_file_that_others_can_use_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(KeysError, match="chmod 600"):
        keys.read(file)
    file.chmod(0o400)
    assert keys.read(file).keys


def said(keys: object, current: object = "a") -> bytes:
    """A file that says this."""
    return json.dumps({"current": current, "keys": keys}).encode()


def coded(key: bytes) -> str:
    """A key as a file has it."""
    return base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b"{" * 100,
        said({}),
        said({"a": "%%%"}),
        said({"a": coded(bytes(range(31)))}),
        said({"a": coded(bytes(range(33)))}),
        said({"a": 7}),
        said([coded(bytes(range(32)))]),
        said("a"),
        said({"b": coded(bytes(range(32)))}),
        said({"a": coded(bytes(range(32))), "b": ""}),
        said({"a": coded(bytes(range(32)))}, current=["a"]),
    ],
)
def test_what_is_no_key_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(KeysError, match="no key file of rsonline"):
        keys.read(file)


@pytest.mark.parametrize("byte", [0, 1, 0x41, 0xFF])
def test_an_example_key_is_refused(file: Path, byte: int) -> None:
    file.write_bytes(said({"a": coded(bytes(range(32)))}))
    assert keys.read(file).current == "a"
    # Also where it is not the one in use.
    file.write_bytes(said({"a": coded(bytes(range(32))), "b": coded(bytes([byte]) * 32)}))
    with pytest.raises(KeysError, match="example key"):
        keys.read(file)


def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="rsonline key create"):
        keys.read(tmp_path / "keys.json")
    tmp_path.chmod(0o700)
    with pytest.raises(KeysError, match="cannot be read"):
        keys.read(tmp_path)


def test_a_key_is_added_beside_the_others_and_the_others_are_taken_out(file: Path) -> None:
    first = keys.read(file)
    second = keys.add(file)
    assert keys.read(file) == second
    assert second.keys[first.current] == first.keys[first.current]
    assert second.current not in first.keys
    third = keys.add(file)
    assert set(third.keys) == {first.current, second.current, third.current}
    assert mode_of(file) == 0o600
    last = keys.keep_current(file)
    assert last == keys.read(file) == Masters(third.current, {third.current: third.keys[third.current]})
    assert mode_of(file) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


class Cut(Exception):
    """The power was cut."""


@pytest.mark.parametrize("change", [keys.add, keys.keep_current])
@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "replace"])
def test_a_change_that_is_cut_off_leaves_the_old_file_or_the_new_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], Masters], call: str
) -> None:
    keys.add(file)
    real = getattr(os, call)
    cuts = 0
    for survived in range(5):
        before = keys.read(file)
        seen = 0

        def cut(*said: Any, survived: int = survived, **more: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen > survived:
                raise Cut
            return real(*said, **more)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, cut)
            try:
                change(file)
            except Cut:
                cuts += 1
        after = keys.read(file)
        if after != before:
            kept, added = before.keys.items() & after.keys.items(), after.keys.keys() - before.keys.keys()
            whole = (len(before.keys), {after.current}) if change is keys.add else (1, set())
            assert (len(kept), added) == whole
        # The one that the database needs is in both.
        assert after.keys[before.current] == before.keys[before.current]
        assert mode_of(file) == 0o600
    assert cuts
    # What was left lying is in nobody's way.
    assert change(file) == keys.read(file)
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


def test_a_new_file_takes_the_place_only_when_it_is_on_the_disk(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(number: int) -> None:
        done.append("synced " + Path(os.readlink(f"/proc/self/fd/{number}")).name)
        fsync(number)

    def replaced(old: Any, new: Any) -> None:
        done.append(f"{Path(old).name} to {Path(new).name}")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    keys.add(file)
    assert done == ["synced keys.json.new", "synced here", "keys.json.new to keys.json", "synced here"]


def test_a_master_key_of_another_database_is_told(database: Database) -> None:
    with transaction(database) as access:
        sealed = access.vault.seal("Ibu Contoh", "here")
    right = database.keys.read_bytes()
    wrapped_by = keys.read(database.keys).current
    database.keys.unlink()
    other = keys.create(database.keys)
    for use in (vault_of, open_with, lambda d: transaction(d).__enter__()):
        with pytest.raises(KeysError, match=f"wrapped by the master key {wrapped_by}, which the key file does not"):
            use(database)
    # The right name alone is not enough.
    database.keys.write_bytes(said({wrapped_by: coded(other.keys[other.current])}, current=wrapped_by))
    with pytest.raises(KeysError, match="does not open: it was changed"):
        vault_of(database)
    database.keys.write_bytes(right)
    assert vault_of(database).open(sealed, "here") == "Ibu Contoh"


def open_with(database: Database) -> object:
    """The store, as the service opens it."""
    return open_store(database, on_broken=lambda error: None)
