"""The database's revision: made, raised, or refused when it is newer than the code.

Alembic is loaded only when there is something to do: a service that finds its database as it should be starts
without it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rsonline.store import keys, partitions, seal
from rsonline.store.database import Database
from rsonline.store.engines import connected, engine_of
from rsonline.store.schema import HEAD

if TYPE_CHECKING:
    from alembic.config import Config


class MigrationError(Exception):
    """The database cannot be used by this release; the text says why."""


def revision(database: Database) -> str | None:
    """The revision of a database, None for one that does not exist or has no tables of ours."""
    if database.embedded and not database.path.exists():
        return None
    engine = engine_of(database)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def upgrade(database: Database, to: str = "head") -> str | None:
    """Bring a database to this release's revision, with its keys; say the revision it had before.

    `to` stops at an older revision, for tests. Makes the folder and file of an embedded database, readable by their
    owner only, and, for a new one, its key file. Raises MigrationError for a database that is newer than the code or
    a server that cannot be reached, KeysError for a key file that is missing or not this database's.
    """
    if database.embedded:
        database.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = _reached(database)
    if before == HEAD:
        return before
    if before is not None and before not in _known():
        raise MigrationError(
            f"The database has revision {before}, which this release does not know (its newest is {HEAD})."
            " It was made by a newer rsonline: install that one, or restore a backup."
        )
    if database.embedded:
        _provide_files(database, before)
    masters = keys.read(database.keys)
    _run(database, masters, to)
    return before


def require(database: Database) -> None:
    """Raise MigrationError unless there is a database in the form of this release."""
    found = _reached(database)
    if found != HEAD:
        there = "There is no database yet" if found is None else f"The database has revision {found}, not {HEAD}"
        raise MigrationError(f"{there}: run `rsonline migrate`.")


def _reached(database: Database) -> str | None:
    try:
        return revision(database)
    except sa.exc.OperationalError as error:
        if database.embedded:
            raise
        raise MigrationError(f"The database server cannot be used: {str(error.orig).strip()}") from None


def grant(connection: sa.Connection, role: str) -> None:
    """Give a role of the server what the service needs, and of the journal only adding and reading (SR-48).

    Names are quoted by the engine; the role must exist. Inside a transaction of the tables' owner.
    """
    quoted = connection.dialect.identifier_preparer.quote(role)
    known = sa.inspect(connection).get_table_names()
    for name in known:
        kept = name.startswith("journal") and name != "journal_head"
        rights = (
            "SELECT, INSERT" if kept else "SELECT" if name == "alembic_version" else "SELECT, INSERT, UPDATE, DELETE"
        )
        table = connection.dialect.identifier_preparer.quote(name)
        connection.exec_driver_sql(f"GRANT {rights} ON {table} TO {quoted}")
    for name in sa.inspect(connection).get_sequence_names():
        connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE {name} TO {quoted}")


def _provide_files(database: Database, before: str | None) -> None:
    if before in (None, "0001") and not database.keys.exists():
        # Nothing is sealed yet, so no key can be missing. A server's keys are made by hand: every machine needs them.
        keys.create(database.keys)
    if not database.path.exists():
        os.close(os.open(database.path, os.O_CREAT | os.O_RDWR, 0o600))


def _known() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _run(database: Database, masters: keys.Masters, to: str) -> None:
    """Everything in one transaction: what is killed half-way leaves nothing behind."""
    from alembic import command

    config = _config()
    with connected(database) as connection:
        if not database.embedded:
            from rsonline.store.postgres_engine import lock_schema

            # Several processes may start at once: the others wait, and then find everything done.
            lock_schema(connection)
        config.attributes["connection"] = connection
        config.attributes["masters"] = masters
        command.upgrade(config, to)
        if to == "head":
            seal.provide(connection, masters)
            partitions.provide(connection)
