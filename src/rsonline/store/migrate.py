"""The database's revision: made, raised, or refused when it is newer than the code.

Alembic is loaded only when there is something to do: a service that finds its database as it should be starts
without it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rsonline.store.schema import HEAD
from rsonline.store.sqlite import connect, engine_on

if TYPE_CHECKING:
    from alembic.config import Config


class MigrationError(Exception):
    """The database cannot be used by this release; the text says why."""


def revision(path: Path) -> str | None:
    """The revision of a database, None for a file that does not exist or has no tables of ours."""
    if not path.exists():
        return None
    db = connect(path)
    try:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])
    finally:
        db.close()


def upgrade(path: Path) -> str | None:
    """Bring a database to this release's revision; say the one it had before.

    Makes the folder and the file, readable by their owner only. Raises MigrationError for a database that is newer
    than the code.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = revision(path)
    if before == HEAD:
        return before
    if before is not None and before not in _known():
        raise MigrationError(
            f"The database has revision {before}, which this release does not know (its newest is {HEAD})."
            " It was made by a newer rsonline: install that one, or restore a backup."
        )
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    _run(path)
    return before


def _known() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _run(path: Path) -> None:
    from alembic import command

    config = _config()
    engine = engine_on(lambda: connect(path))
    with engine.connect() as connection:
        # The driver is in autocommit mode: without this a migration that fails half-way would leave half of it.
        connection.execute(sa.text("BEGIN IMMEDIATE"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            connection.execute(sa.text("COMMIT"))
        except BaseException:
            connection.execute(sa.text("ROLLBACK"))
            raise
    engine.dispose()
