"""Lists that leave the house as files: their rows a part at a time, and the line that says who took them and why."""

from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.reports.report import Report, Row
from rsonline.store import journal as chain
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.rows import shape_of
from rsonline.store.schema import journal, table_of
from rsonline.store.seal import place

OBJECT = "export"
"""As what an export stands in the journal."""


class Span(NamedTuple):
    """Which rows: those whose `column` is at least `low` and less than `high`, where these are given."""

    column: str
    low: date | datetime | None = None
    high: date | datetime | None = None


class Taken(NamedTuple):
    """One export: when, by whom, from where, of which report, and what was said of it."""

    at: datetime
    account: str
    address: str | None
    report: str
    said: dict[str, Any]


def count(access: Access, code: str, report: Report[Any], span: Span) -> int:
    """How many rows of a hospital lie in a span."""
    query = sa.select(sa.func.count()).select_from(table_of(report)).where(*_where(code, report, span))
    return int(access.connection.execute(query).scalar_one())


def part(
    access: Access, code: str, report: Report[Any], span: Span, after: Row | None, most: int, *, whole: bool
) -> list[Row]:
    """The next rows of a span behind the row `after`, in its order; without personal members where not `whole`."""
    table = table_of(report)
    order = [table.c[span.column], *[c for c in table.primary_key if c.name not in ("kode_rs", span.column)]]
    query = sa.select(table).where(*_where(code, report, span)).order_by(*order).limit(most)
    if after is not None:
        last = sa.tuple_(*[sa.literal(after[c.name], c.type) for c in order])
        query = query.where(sa.tuple_(*order) > last)
    shape = shape_of(report)
    return [shape.opened(dict(row), access.vault, whole=whole) for row in access.connection.execute(query).mappings()]


def _where(code: str, report: Report[Any], span: Span) -> list[sa.ColumnElement[bool]]:
    table = table_of(report)
    where = [table.c.kode_rs == code, table.c.deleted_at.is_(None)]
    if span.low is not None:
        where.append(table.c[span.column] >= span.low)
    if span.high is not None:
        where.append(table.c[span.column] < span.high)
    return where


def note(access: Access, origin: Origin, report: Report[Any], said: dict[str, object]) -> None:
    """A line about an export, before its first row leaves (SR-42, SR-47)."""
    chain.append(access, origin, OBJECT, [report.name], "export", said)


def taken(access: Access, code: str, most: int = 50) -> list[Taken]:
    """The last exports of a hospital's lists, newest first."""
    query = (
        sa.select(journal)
        .where(journal.c.kode_rs == code, journal.c.object == OBJECT)
        .order_by(journal.c.seq.desc())
        .limit(most)
    )
    found = []
    for row in access.connection.execute(query).mappings():
        said = access.vault.open(bytes(row["new"]), place("journal", "new", code, [row["seq"]]))
        report = msgspec.json.decode(row["key"], type=list[str])[0]
        found.append(Taken(row["at"], row["account"], row["address"], report, msgspec.json.decode(said)))
    return found
