"""Where a measurement's database is: copies of one stock, on either engine."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from rsonline.store import keys
from rsonline.store.database import Database, embedded

SERVER = os.environ.get("RSONLINE_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
_numbers = itertools.count(1)


def answers() -> bool:
    """Whether there is a PostgreSQL server to measure on."""
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def on_server(statement: str) -> None:
    """One statement outside a transaction."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(statement)


def on(name: str, folder: Path) -> Database:
    """A database of that name on the server, with the folder's keys."""
    return Database(f"{SERVER.rpartition('/')[0]}/{name}", folder / "keys.json")


@contextmanager
def empty(engine: str, folder: Path) -> Iterator[Database]:
    """A database that was never migrated, and its keys; one on the server is dropped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    keys.create(folder / "keys.json")
    if engine == "sqlite":
        yield embedded(folder)
        return
    name = f"rsonline_bench_{os.getpid()}_{next(_numbers)}"
    on_server(f'CREATE DATABASE "{name}"')
    try:
        yield on(name, folder)
    finally:
        on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def copy_of(made: Database, folder: Path) -> Iterator[Database]:
    """A fresh copy in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(made.keys, folder / "keys.json")
    if made.embedded:
        place = embedded(folder)
        shutil.copy(made.path, place.path)
        yield place
        return
    name = f"rsonline_bench_{os.getpid()}_{next(_numbers)}"
    on_server(f'CREATE DATABASE "{name}" TEMPLATE "{made.shown}"')
    try:
        # The first vacuum of a copy must not fall into somebody's measurement.
        with psycopg.connect(on(name, folder).url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        yield on(name, folder)
    finally:
        on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
