"""The tables. Those of the reports are derived from their declarations; every key starts with the hospital's code.

Nothing points across hospitals: no foreign key and no unique rule, so that the tables can be spread by `kode_rs`.
Instants are UTC milliseconds, days are the hospital's local days.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from rsonline.reports import REPORTS
from rsonline.reports.report import Named, Numbered, Report, Steps, key_of, members

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEAD = "0001"
"""The revision of the migrations that this code works on."""


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as UTC milliseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """To milliseconds."""
        return None if value is None else to_millis(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From milliseconds."""
        return None if value is None else from_millis(value)


def to_millis(value: datetime) -> int:
    """UTC milliseconds of an aware datetime."""
    return (value - EPOCH) // timedelta(milliseconds=1)


def from_millis(value: int) -> datetime:
    """The aware datetime of UTC milliseconds."""
    return EPOCH + timedelta(milliseconds=value)


_TYPES: dict[str, sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]] = {
    "whole": sa.BigInteger,
    "decimal": sa.Double,
    "text": sa.Text,
    "day": sa.Date,
    "instant": Instant,
}

metadata = sa.MetaData()

hospital = sa.Table(
    "hospital",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("nama", sa.Text, nullable=False),
    sa.Column("zona", sa.Text, nullable=False),
    sa.Column("aktif", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="counts every change of its credentials and state"),
    sa.Column("create_on_put", sa.Boolean, nullable=False),
    sa.Column("always_200", sa.Boolean, nullable=False),
    sa.Column("clock_mode", sa.Text, nullable=False),
    sa.Column("absent_clock_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="generated, imported or md5 (of another one)"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("valid_until", Instant),
    sa.Column("revoked_at", Instant),
)

known_source = sa.Table(
    "known_source",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("last_good", Instant, nullable=False),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, comment="1, 2, 3 … within the hospital"),
    sa.Column("at", Instant, nullable=False, comment="server time of the change"),
    sa.Column("object", sa.Text, nullable=False, comment="the table"),
    sa.Column("key", sa.Text, nullable=False, comment="JSON of the key behind kode_rs"),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, comment="api, web, file or cli"),
    sa.Column("credential", sa.BigInteger),
    sa.Column("address", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("claimed", sa.Text, comment="X-Timestamp as received"),
    sa.Column("clock", sa.Text),
    sa.Column("old", sa.Text),
    sa.Column("new", sa.Text),
)

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("object", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)


def report_table(report: Report[Any], into: sa.MetaData) -> sa.Table:
    """The table of one report kind: its members, and what the store itself knows of a row."""
    key = key_of(report.identity)
    identity = report.identity
    columns: list[sa.Column[Any]] = [sa.Column("kode_rs", sa.Text, primary_key=True)]
    if isinstance(identity, Numbered):
        columns.append(sa.Column(identity.number, sa.BigInteger, primary_key=True, autoincrement=False))
    columns += [
        sa.Column(m.name, _TYPES[m.kind.column], primary_key=m.name in key, autoincrement=False)
        for m in members(report.record)
        if m.stored
    ]
    if isinstance(identity, Numbered):
        columns.append(sa.Column("recognised", sa.Text, nullable=False))
    columns += [
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
        sa.Column("claimed_at", Instant),
        sa.Column("warnings", sa.Text),
    ]
    table = sa.Table(report.name, into, *columns)
    alive = table.c.deleted_at.is_(None)
    if isinstance(identity, Numbered):
        sa.Index(
            f"{report.name}_recognised",
            table.c.kode_rs,
            table.c.recognised,
            unique=identity.unique,
            sqlite_where=alive,
        )
        if identity.parent:
            sa.Index(f"{report.name}_parent", table.c.kode_rs, table.c[identity.parent])
    if isinstance(identity, Named):
        sa.Index(f"{report.name}_day", table.c.kode_rs, table.c[identity.day])
    if isinstance(identity, Steps):
        # The primary key starts with the parent: its marks are found without another index.
        pass
    return table


def derive(reports: Iterable[Report[Any]], into: sa.MetaData) -> dict[str, sa.Table]:
    """The tables of the reports by name."""
    return {report.name: report_table(report, into) for report in reports}


TABLES = derive(REPORTS, metadata)


@cache
def table_of(report: Report[Any]) -> sa.Table:
    """A report's table; for one that is not of the guide (a toy in a test), made on the spot."""
    table = TABLES.get(report.name)
    return table if table is not None else report_table(report, sa.MetaData())
