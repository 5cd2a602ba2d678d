"""Fresh databases for tests, on each engine that is there.

SQLite always is. A PostgreSQL server is used where one answers at `RSONLINE_TEST_POSTGRES` (default: this machine, as
`postgres`); with `RSONLINE_TEST_ENGINES=both` its absence is an error instead of a shorter run.
"""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from rsonline.store import audit, keys, migrate
from rsonline.store.database import Database, embedded
from rsonline.store.engines import transaction

SERVER = os.environ.get("RSONLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
_numbers = itertools.count(1)


def _answers() -> bool:
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        if os.environ.get("RSONLINE_TEST_ENGINES") == "both":
            raise
        return False
    return True


ENGINES = ("sqlite", "postgresql") if _answers() else ("sqlite",)


@cache
def _template() -> tuple[Path, dict[str, Database]]:
    """A migrated database on each engine, made once and copied for each test."""
    folder = Path(tempfile.mkdtemp(prefix="rsonline-tests-"))
    made = {"sqlite": embedded(folder)}
    migrate.upgrade(made["sqlite"])
    if "postgresql" in ENGINES:
        name = f"rsonline_test_{os.getpid()}_template"
        _on_server(f'CREATE DATABASE "{name}"')
        # One key file for both: what is sealed is sealed by data keys, which each database has of its own.
        made["postgresql"] = Database(_url(name), made["sqlite"].keys)
        migrate.upgrade(made["postgresql"])
        atexit.register(_on_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, made


def _url(name: str) -> str:
    return SERVER.rpartition("/")[0] + "/" + name


def _on_server(statement: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def fresh(engine: str, folder: Path) -> Iterator[Database]:
    """A migrated database without hospitals, its keys in the folder; one on a server is dropped at the end."""
    _, made = _template()
    folder.mkdir(parents=True, exist_ok=True)
    file = embedded(folder)
    shutil.copy(made["sqlite"].keys, file.keys)
    if engine == "sqlite":
        shutil.copy(made["sqlite"].path, file.path)
        yield file
        return
    name = f"rsonline_test_{os.getpid()}_{next(_numbers)}"
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{_name(made["postgresql"])}"')
    try:
        yield Database(_url(name), file.keys)
    finally:
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def blank(engine: str, folder: Path) -> Iterator[Database]:
    """An empty database that was never migrated, with a key file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = embedded(folder)
    keys.create(file.keys)
    if engine == "sqlite":
        yield file
        return
    name = f"rsonline_test_{os.getpid()}_{next(_numbers)}"
    _on_server(f'CREATE DATABASE "{name}"')
    try:
        yield Database(_url(name), file.keys)
    finally:
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _name(database: Database) -> str:
    return database.url.rpartition("/")[2]


def rows(database: Database, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query, as they are kept."""
    import sqlalchemy as sa

    with transaction(database) as access:
        return [dict(row) for row in access.connection.execute(sa.text(query), parameters).mappings()]


def journal(database: Database, code: str, object: str | None = None) -> list[dict[str, Any]]:
    """The lines of a hospital in their order, contents opened; those about one table where it is named."""
    with transaction(database) as access:
        found = sorted(audit.lines(access, code=code), key=lambda line: line["seq"])
    return [line for line in found if object in (None, line["object"])]


__all__ = ["ENGINES", "blank", "fresh", "journal", "rows"]
