"""A copy of the whole database, and the way back.

A backup is a folder with the copy and a signed manifest: its digest, its revision and the end of every journal at
that moment. Whoever restores is told of one flipped bit. The key file is not in it: keep that elsewhere.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pysqlite3.dbapi2 as driver
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from rsonline.store import audit, migrate, sqlite_engine
from rsonline.store.database import Database
from rsonline.store.engines import connected, vault_of
from rsonline.store.journal import Head

MANIFEST = "manifest.json"
_COPY = {True: "database.sqlite3", False: "database.pgdump"}


class BackupError(Exception):
    """A backup cannot be made, is not whole, or cannot be put where it should go; the text says why."""


def backup(database: Database, folder: Path) -> dict[str, Any]:
    """Copy a database while the service runs; the manifest. Raises BackupError where the folder has something in it."""
    revision = migrate.revision(database)
    if revision is None:
        raise BackupError("There is no database to be copied.")
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / _COPY[database.embedded]
    with os.fdopen(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600)):
        pass
    heads = _copy_file(database, copy) if database.embedded else _dump(database, copy)
    _sync(copy)
    said = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision,
        "copy": copy.name,
        "size": copy.stat().st_size,
        "sha256": _digest(copy),
        "heads": {code: [head.seq, head.hash.hex()] for code, head in heads.items()},
    }
    text = json.dumps(said, sort_keys=True)
    signature = base64.b64encode(vault_of(database).sign(text.encode())).decode()
    with os.fdopen(os.open(folder / MANIFEST, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        json.dump({"manifest": text, "signature": signature}, file)
    _sync(folder / MANIFEST)
    _sync(folder)
    return said


def restore(folder: Path, database: Database) -> dict[str, Any]:
    """Put a backup where there is no database yet; the manifest. Raises BackupError, also for a backup not whole.

    The copy is checked before and after: its digest, the database's own integrity, every chain of the journal up to
    the ends that the manifest names, and the manifest's signature. What fails the checks is taken away again.
    Raises KeysError for a key file that is not the database's.
    """
    said, text, signature = _manifest(folder)
    copy = folder / said["copy"]
    if said["copy"] == _COPY[not database.embedded]:
        raise BackupError("This backup is of the other kind of database.")
    if said["copy"] != _COPY[database.embedded]:
        raise BackupError(f"{folder} holds no backup that can be read.")
    if not copy.is_file() or copy.stat().st_size != said["size"] or _digest(copy) != said["sha256"]:
        raise BackupError(f"{copy.name} is not what was backed up: its digest differs.")
    if database.embedded:
        _place_file(copy, database)
    else:
        _load(copy, database)
    try:
        # What is not signed is not worth reading.
        Ed25519PublicKey.from_public_bytes(vault_of(database).public_key).verify(signature, text.encode())
        faults = check(database, {code: Head(seq, bytes.fromhex(h)) for code, (seq, h) in said["heads"].items()})
        if faults:
            raise BackupError("; ".join(faults[:5]))
    except InvalidSignature:
        _take_away(database)
        raise BackupError("The manifest is not the one that was signed.") from None
    except sa.exc.DatabaseError as error:
        _take_away(database)
        raise BackupError(f"The database cannot be read: {error.orig}") from None
    except BaseException:
        _take_away(database)
        raise
    return said


def _take_away(database: Database) -> None:
    """Leave the place as empty as it was before."""
    if database.embedded:
        for ending in ("", "-wal", "-shm", "-journal"):
            database.path.with_name(database.path.name + ending).unlink(missing_ok=True)
        return
    with connected(database) as connection:
        quoted = connection.dialect.identifier_preparer.quote
        for name in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted(name)} CASCADE")
        for name in sa.inspect(connection).get_sequence_names():
            connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {quoted(name)}")
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS journal_only_grows()")


def check(database: Database, known: Mapping[str, Head] | None = None) -> list[str]:
    """Everything that is wrong with a database: its own integrity, and its journal against known ends."""
    with connected(database) as connection:
        found = []
        if database.embedded:
            told = connection.exec_driver_sql("PRAGMA integrity_check").all()
            found += [f"integrity: {row[0]}" for row in told if row[0] != "ok"]
        verified = audit.verify(connection, known=known)
    return found + [f"journal of {f.hospital}, line {f.seq}: {f.what}" for f in verified.faults]


def _manifest(folder: Path) -> tuple[dict[str, Any], str, bytes]:
    try:
        outer = json.loads((folder / MANIFEST).read_text("utf-8"))
        said = json.loads(outer["manifest"])
        signature = base64.b64decode(outer["signature"], validate=True)
        # The last character of Base64 has bits that say nothing: a flipped one is told too.
        whole = {"copy", "size", "sha256", "heads"} <= said.keys() and isinstance(said["copy"], str)
        if whole and base64.b64encode(signature).decode() == outer["signature"]:
            return said, outer["manifest"], signature
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise BackupError(f"{folder} holds no backup that can be read.")


def _copy_file(database: Database, copy: Path) -> dict[str, Head]:
    source, target = sqlite_engine.connect(database.path), driver.connect(str(copy))
    try:
        source.backup(target)
        # The copy stands alone: no log beside it that could be forgotten.
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
        source.close()
    engine = sqlite_engine.engine_on(lambda: driver.connect(str(copy)))
    try:
        with engine.connect() as connection:
            return audit.heads(connection)
    finally:
        engine.dispose()


def _dump(database: Database, copy: Path) -> dict[str, Head]:
    with connected(database) as connection:
        # pg_dump reads the very state that these heads are of.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
        heads = audit.heads(connection)
        _run(database, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={copy}")
    return heads


def _place_file(copy: Path, database: Database) -> None:
    if database.path.exists():
        raise BackupError(f"{database.path} is there already; a restore overwrites nothing.")
    database.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(database.path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
        with copy.open("rb") as source:
            shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    _sync(database.path.parent)


def _load(copy: Path, database: Database) -> None:
    with connected(database) as connection:
        if sa.inspect(connection).get_table_names():
            raise BackupError("The database has tables already; a restore overwrites nothing.")
    _run(
        database,
        "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        f"--dbname={database.shown}",
        str(copy),
    )
    with connected(database) as connection:
        # A dump has rows and no statistics: without them the first plans are guesses.
        connection.exec_driver_sql("ANALYZE")


def _run(database: Database, *command: str) -> None:
    """One of PostgreSQL's own tools; where the server is and its password go by the environment, not the command."""
    url = urlsplit(database.url)
    where = {
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": database.shown,
    }
    environment = {**os.environ, **{name: value for name, value in where.items() if value}}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise BackupError(f"{command[0]} is not installed: it comes with PostgreSQL's client programs.") from None
    if done.returncode:
        raise BackupError(f"{command[0]}: {done.stderr.strip()}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
