"""The history of one record: every line that the journal has of it, opened, newest first."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.reports.report import Report, Row
from rsonline.store.access import Access
from rsonline.store.journal import key_text
from rsonline.store.rows import shape_of
from rsonline.store.schema import journal, table_of
from rsonline.store.seal import KeyGone, place

_CHANGES = ("view", "refused")


class Version(NamedTuple):
    """One line about a record: who wrote what, when and through which door. `old` and `new` are its members then.

    `seq` is its number in the hospital's journal; `said` is the text whose digest a receipt names.
    """

    seq: int
    at: datetime
    report: str
    verb: str
    source: str
    account: str
    address: str | None
    request_id: str | None
    old: Row | None
    new: Row | None
    said: str


def record_key(report: Report[Any], row: Row) -> str:
    """By what the journal knows a record. `row` needs its key columns as they are kept."""
    return key_text(report, row)


def versions(access: Access, code: str, report: Report[Any], key: str, most: int = 200) -> list[Version]:
    """The changes of one record (see `record_key`), newest first."""
    query = (
        sa.select(journal)
        .where(
            journal.c.kode_rs == code,
            journal.c.object == report.name,
            journal.c.key == key,
            journal.c.verb.not_in(_CHANGES),
        )
        .order_by(journal.c.seq.desc())
        .limit(most)
    )
    return [_version(access, found) for found in access.connection.execute(query).mappings()]


def line(access: Access, code: str, seq: int) -> Version | None:
    """One line of a hospital's journal, by its number."""
    query = sa.select(journal).where(journal.c.kode_rs == code, journal.c.seq == seq)
    found = access.connection.execute(query).mappings().one_or_none()
    return None if found is None else _version(access, found)


def written(access: Access, code: str, report: Report[Any], key: str, request_id: str) -> int | None:
    """The number of the line that a request wrote about a record."""
    query = (
        sa.select(journal.c.seq)
        .where(
            journal.c.kode_rs == code,
            journal.c.object == report.name,
            journal.c.key == key,
            journal.c.request_id == request_id,
        )
        .order_by(journal.c.seq)
        .limit(1)
    )
    found: int | None = access.connection.execute(query).scalar_one_or_none()
    return found


def deleted(access: Access, code: str, report: Report[Any], since: datetime) -> list[Row]:
    """The records of a hospital that were deleted since then, newest first."""
    table = table_of(report)
    query = (
        sa.select(table)
        .where(table.c.kode_rs == code, table.c.deleted_at >= since)
        .order_by(table.c.deleted_at.desc())
        .limit(200)
    )
    shape = shape_of(report)
    return [shape.opened(dict(row), access.vault) for row in access.connection.execute(query).mappings()]


def _opened(access: Access, sealed: Any, where: str) -> str | None:
    """What a line holds; nothing where its key was destroyed at the end of its time (SR-51)."""
    if sealed is None:
        return None
    try:
        return access.vault.open(bytes(sealed), where)
    except KeyGone:
        return None


def _version(access: Access, found: sa.RowMapping) -> Version:
    code, seq = found["kode_rs"], found["seq"]
    texts = {name: _opened(access, found[name], place("journal", name, code, [seq])) for name in ("old", "new")}
    old, new = (None if text is None else msgspec.json.decode(text) for text in (texts["old"], texts["new"]))
    return Version(
        seq,
        found["at"],
        found["object"],
        found["verb"],
        found["source"],
        found["account"],
        found["address"],
        found["request_id"],
        old,
        new,
        texts["new"] or texts["old"] or "",
    )
