"""The `rsonline` command inside this process: a start of Python for each would be most of a test's time."""

from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from rsonline.cli import app
from rsonline.store.database import Database


class Said(NamedTuple):
    """What a command printed."""

    out: str
    err: str


def run(*words: str | Path, told: str = "", code: int = 0) -> Said:
    """Run the command, which must end with this code and not by an exception."""
    done = CliRunner().invoke(app, [str(word) for word in words], input=told)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == code, done.output
    return Said(done.stdout, done.stderr)


def of(database: Database) -> tuple[str, str]:
    """The words that name a database."""
    return ("--database", database.url)


def with_keys(database: Database) -> tuple[str, ...]:
    """The words that name a database and its key file."""
    return (*of(database), "--keys", str(database.keys))
