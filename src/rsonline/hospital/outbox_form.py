"""The form of the outbox's file: its tables, and how a file of an earlier program becomes one of this program."""

import sqlite3
from typing import Final

from rsonline.hospital.words import InWords
from rsonline.reports.verdict import Words

FORM: Final = 2
"""The form of the file; a newer program raises it and takes older files along."""

_FIRST: Final = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    report TEXT NOT NULL,
    object TEXT NOT NULL,
    parent TEXT,
    verb TEXT NOT NULL,
    event INTEGER NOT NULL,
    once TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    body BLOB,
    size INTEGER NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    due REAL NOT NULL,
    offered REAL NOT NULL,
    ended REAL,
    said BLOB
);
CREATE INDEX message_open ON message (object, id) WHERE state IN ('waiting', 'sent', 'refused');
CREATE INDEX message_due ON message (due, id) WHERE state IN ('waiting', 'sent');
CREATE INDEX message_ended ON message (ended) WHERE ended IS NOT NULL;
CREATE INDEX message_count ON message (report, state, offered) WHERE state IN ('waiting', 'sent', 'refused');
CREATE TABLE object (
    object TEXT PRIMARY KEY,
    report TEXT NOT NULL,
    digest TEXT NOT NULL,
    gone INTEGER NOT NULL,
    confirmed TEXT,
    number TEXT,
    named BLOB NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX object_report ON object (report) WHERE NOT gone;
CREATE INDEX object_number ON object (report, number) WHERE number IS NOT NULL;
CREATE TABLE rejected (
    feed TEXT NOT NULL,
    object TEXT NOT NULL,
    said BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (feed, object)
);
CREATE TABLE mark (feed TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE consent (feed TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE confirmed (report TEXT PRIMARY KEY, messages INTEGER NOT NULL, at REAL NOT NULL);
CREATE TABLE total (messages INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0, 0);
"""
_ORPHAN: Final = "CREATE INDEX message_orphan ON message (parent) WHERE state='refused' AND parent IS NOT NULL"
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    0: (*_FIRST.split(";\n"), _ORPHAN),
    1: (_ORPHAN,),
}
"""What makes a file of a form one of the newest; 0 is an empty file."""


class OutboxError(InWords):
    """The file cannot be used; the text says why."""


def prepared(connection: sqlite3.Connection) -> bool:
    """Whether a file has the form that this program knows."""
    return bool(_form(connection) == FORM)


def prepare(connection: sqlite3.Connection, name: str) -> None:
    """Bring a file to the form that this program knows, inside a transaction of the caller.

    Raises OutboxError where a newer program wrote it.
    """
    form = _form(connection)
    if form > FORM:
        raise OutboxError(
            Words(
                f"{name} berbentuk {form}, program ini mengenal {FORM}: pasang yang lebih baru",
                f"{name} has form {form}, this program knows {FORM}: install a newer one",
            )
        )
    for statement in _STEPS.get(form, ()):
        connection.execute(statement)
    if form != FORM:
        connection.execute(f"PRAGMA user_version={FORM}")


def _form(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
