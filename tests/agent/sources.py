"""Databases of a hospital, for tests: MariaDB, PostgreSQL and SQLite, each with an account that only reads."""

import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pymysql

MARIADB = os.environ.get("RSONLINE_TEST_MARIADB_HOST", "127.0.0.1")
POSTGRES = os.environ.get("RSONLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
ENGINES = ("mariadb", "postgresql", "sqlite")
READER_PASSWORD = "made-up-reader-4711"
_numbers = itertools.count(1)


class Simrs(NamedTuple):
    """A database: how its owner writes, how the agent may read, and how it must not."""

    engine: str
    owner: str
    reader: str
    writer: str

    def write(self, *statements: str) -> None:
        """Carry statements out, as the hospital's own program does."""
        match self.engine:
            case "mariadb":
                connection = pymysql.connect(host=MARIADB, user="root", database=self.owner, autocommit=True)
                with connection, connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)
            case "postgresql":
                with psycopg.connect(self.owner, autocommit=True) as server:
                    for statement in statements:
                        server.execute(statement)
            case _:
                with sqlite3.connect(self.owner) as file:
                    for statement in statements:
                        file.execute(statement)
                file.close()


@contextmanager
def simrs(engine: str, folder: Path) -> Iterator[Simrs]:
    """An empty database; dropped at the end."""
    name = f"rsonline_agent_{os.getpid()}_{next(_numbers)}"
    if engine == "sqlite":
        path = folder / "simrs.sqlite3"
        sqlite3.connect(path).close()
        yield Simrs(engine, str(path), f"sqlite:///{path}", f"sqlite:///{path}")
        return
    if engine == "mariadb":
        root = pymysql.connect(host=MARIADB, user="root", autocommit=True)
        with root, root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            for user, rights in ((f"{name}_r", "SELECT"), (f"{name}_w", "SELECT, UPDATE")):
                cursor.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{READER_PASSWORD}'")
                cursor.execute(f"GRANT {rights} ON {name}.* TO '{user}'@'%'")
        try:
            urls = [f"mysql+pymysql://{name}_{who}:{READER_PASSWORD}@{MARIADB}/{name}" for who in "rw"]
            yield Simrs(engine, name, *urls)
        finally:
            root = pymysql.connect(host=MARIADB, user="root", autocommit=True)
            with root, root.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")
                for who in "rw":
                    cursor.execute(f"DROP USER '{name}_{who}'@'%'")
        return
    base = POSTGRES.rpartition("/")[0]
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        for who in "rw":
            server.execute(f'CREATE ROLE "{name}_{who}" LOGIN')
    with psycopg.connect(f"{base}/{name}", autocommit=True) as server:
        for who, rights in (("r", "SELECT"), ("w", "SELECT, DELETE")):
            server.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON TABLES TO "{name}_{who}"')
    host = base.rpartition("@")[2]
    try:
        urls = [f"postgresql+psycopg://{name}_{who}@{host}/{name}" for who in "rw"]
        yield Simrs(engine, f"{base}/{name}", *urls)
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            for who in "rw":
                server.execute(f'DROP ROLE "{name}_{who}"')
