"""The key file: the master keys that wrap the data keys of a database (SR-45, SR-46).

The file lies outside the database and is readable by the service's user only. It holds the master key in use and,
while keys are being rewrapped, the one before it.
"""

import base64
import binascii
import json
import os
import secrets
import stat
from pathlib import Path
from typing import NamedTuple

LENGTH = 32


class KeysError(Exception):
    """The keys cannot be used; the text says why and what to do."""


class Masters(NamedTuple):
    """The master keys by name; `current` wraps what is new."""

    current: str
    keys: dict[str, bytes]


def create(path: Path) -> Masters:
    """A new key file with one random key. Raises KeysError where there already is a file: nothing is overwritten."""
    masters = _with_new(Masters("", {}))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write(path, masters, os.O_EXCL)
    except FileExistsError:
        raise KeysError(f"{path} is there already. A key file is never overwritten: its database needs it.") from None
    return masters


def read(path: Path) -> Masters:
    """The keys of a file. Raises KeysError for one that is missing, readable by others, or no key file."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeysError(f"{path} can be read by others: chmod 600 it, and think of its keys as seen.")
            said = json.loads(file.read())
        masters = Masters(str(said["current"]), {name: base64.b64decode(text) for name, text in said["keys"].items()})
    except FileNotFoundError:
        raise KeysError(f"The key file {path} is missing: make one with `rsonline key create`.") from None
    except OSError as error:
        raise KeysError(f"The key file {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeysError(f"{path} is no key file of rsonline.") from None
    if masters.current not in masters.keys or any(len(key) != LENGTH for key in masters.keys.values()):
        raise KeysError(f"{path} is no key file of rsonline.")
    if any(len(set(key)) == 1 for key in masters.keys.values()):
        raise KeysError(f"{path} holds an example key, which protects nothing.")
    return masters


def add(path: Path) -> Masters:
    """Put a new master key beside those of the file and make it the one in use."""
    masters = _with_new(read(path))
    _replace(path, masters)
    return masters


def keep_current(path: Path) -> Masters:
    """Take every key out of the file but the one in use."""
    masters = read(path)
    masters = Masters(masters.current, {masters.current: masters.keys[masters.current]})
    _replace(path, masters)
    return masters


def _with_new(masters: Masters) -> Masters:
    name = secrets.token_hex(4)
    return Masters(name, {**masters.keys, name: secrets.token_bytes(LENGTH)})


def _replace(path: Path, masters: Masters) -> None:
    """The new file is whole on the disk before it takes the old one's place."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    _write(beside, masters, os.O_EXCL)
    beside.replace(path)
    _sync(path.parent)


def _write(path: Path, masters: Masters, flags: int) -> None:
    said = {
        "current": masters.current,
        "keys": {name: base64.b64encode(key).decode() for name, key in masters.keys.items()},
    }
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | flags, 0o600), "w") as file:
        json.dump(said, file)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
