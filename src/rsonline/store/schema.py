"""The tables. Those of the reports are derived from their declarations; every key starts with the hospital's code.

Nothing points across hospitals: no foreign key and no unique rule, so that the tables can be spread by `kode_rs`.
Instants are UTC milliseconds, days are the hospital's local days.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from rsonline.reports import EVERY_REPORT, TEMPAT_TIDUR
from rsonline.reports.report import Member, Named, Numbered, Report, Steps, key_of, members
from rsonline.store import schema_login as schema_login  # its tables stand in the same list
from rsonline.store.columns import Instant
from rsonline.store.columns import metadata as metadata

HEAD = "0008"
"""The revision of the migrations that this code works on."""


_TYPES: dict[str, sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]] = {
    "whole": sa.BigInteger,
    "decimal": sa.Double,
    "text": sa.Text,
    "day": sa.Date,
    "instant": Instant,
}

draft = sa.Table(
    "draft",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("user_name", sa.Text, primary_key=True),
    sa.Column("form", sa.Text, primary_key=True, comment="which form, with the key of its record"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False, comment="sealed JSON of what was typed"),
)
"""Drafts: what somebody typed and has not sent yet."""

api_call = sa.Table(
    "api_call",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("status", sa.BigInteger, nullable=False),
    sa.Column("ms", sa.Double, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("clock", sa.Text, comment="class of its X-Timestamp"),
    sa.Column("repairs", sa.Text, nullable=False),
    sa.Column("warnings", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, comment="sealed body"),
    sa.Column("answer", sa.LargeBinary, comment="sealed answer"),
)
sa.Index("api_call_at", api_call.c.kode_rs, api_call.c.at)
"""The last calls of each hospital's programs, for whoever looks after them."""

shk_action = sa.Table(
    "shk_action",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 … within the hospital"),
    sa.Column("id_shk", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="recalled, treated, arrived, lost or closed"),
    sa.Column("day", sa.Date, nullable=False, comment="local day on which it was done"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
)
sa.Index("shk_action_sample", shk_action.c.kode_rs, shk_action.c.id_shk)
"""What people did for a newborn that no report of the guide can tell."""

shk_merge = sa.Table(
    "shk_merge",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False, comment="the smaller id_shk of the two"),
    sa.Column("second", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("same", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
)
"""Whether two records are of one newborn, as a person said last."""

live_births = sa.Table(
    "live_births",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True, comment="its first day"),
    sa.Column("births", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
)
"""How many children were born alive in a hospital, as it told: no report of the guide says so."""

rollup = sa.Table(
    "rollup",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("section", sa.Text, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True, comment="its first day"),
    sa.Column("at", Instant, nullable=False, comment="when it was counted"),
    sa.Column("body", sa.Text, nullable=False, comment="JSON: by name a number for each of 31 days, without persons"),
)
"""Figures of a hospital's days, by month: a day is counted again when one of its records changes."""

rollup_mark = sa.Table(
    "rollup_mark",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="the line of its journal up to which days are counted"),
    sa.Column("day", sa.Date, nullable=False, comment="the last local day whose evening is counted"),
    sa.Column("zona", sa.Text, nullable=False, comment="the zone whose days they are"),
    sa.Column("at", Instant, nullable=False),
)
"""How far the rollups of a hospital go."""

quiet = sa.Table(
    "quiet",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 … within the hospital"),
    sa.Column("sort", sa.Text, nullable=False, comment="holiday or maintenance"),
    sa.Column("kinds", sa.Text, nullable=False, comment="reports that may be absent, with blanks between"),
    sa.Column("first", sa.Date, nullable=False, comment="local day"),
    sa.Column("last", sa.Date, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
)
"""When a hospital said beforehand that its own system will be silent."""

quiet_region = sa.Table(
    "quiet_region",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("region", sa.Text, nullable=False, comment="code of a province or regency; empty: the nation"),
    sa.Column("sort", sa.Text, nullable=False, comment="holiday or maintenance"),
    sa.Column("kinds", sa.Text, nullable=False, comment="reports that may be absent, with blanks between"),
    sa.Column("first", sa.Date, nullable=False, comment="local day"),
    sa.Column("last", sa.Date, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
)
"""Holidays, and maintenance of the service. Few and read whole: not spread by hospital."""

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, comment="1, 2, 3 … within the hospital"),
    sa.Column("at", Instant, primary_key=True, comment="server time of the change"),
    sa.Column("object", sa.Text, nullable=False, comment="the table"),
    sa.Column("key", sa.Text, nullable=False, comment="JSON of the key behind kode_rs, as it is kept"),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, comment="api, web, file or cli"),
    sa.Column("account", sa.Text, nullable=False, comment="who: hospital/credential, or a user"),
    sa.Column("address", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("claimed", sa.Text, comment="X-Timestamp as received"),
    sa.Column("clock", sa.Text),
    sa.Column("person1", sa.Text, comment="index of the first person whom the line is about"),
    sa.Column("person2", sa.Text, comment="and of the second"),
    sa.Column("old", sa.LargeBinary, comment="sealed"),
    sa.Column("new", sa.LargeBinary, comment="sealed"),
    sa.Column("hash", sa.LargeBinary, nullable=False, comment="SHA-256 over the line before it and this one"),
)
for _person in (journal.c.person1, journal.c.person2):
    sa.Index(f"journal_{_person.name}", _person, sqlite_where=_person.is_not(None))
sa.Index("journal_account", journal.c.account, journal.c.at)
sa.Index("journal_record", journal.c.kode_rs, journal.c.object, journal.c.key)

journal_head = sa.Table(
    "journal_head",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("beds_round", Instant, comment="when the newest round of bed messages began"),
    sa.Column("beds_last", Instant, comment="the last bed message"),
    sa.Column("beds_changed", Instant, comment="the last one that changed a value"),
    sa.Column("beds_confirmed", Instant, comment="the last one by which a person said that nothing changed"),
    sa.Column("beds_person", Instant, comment="the last one that a person typed"),
)
"""The end of each hospital's journal. Whoever writes for a hospital holds the lock of its row until the commit.

So what is known of its bed messages stands there too: keeping it costs no further statement.
"""

bed_round = sa.Table(
    "bed_round",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("at", Instant, primary_key=True, comment="its first message"),
    sa.Column("changed", sa.Boolean, nullable=False, comment="a value changed"),
    sa.Column("confirmed", sa.Boolean, nullable=False, comment="a person said that nothing changed"),
    sa.Column("person", sa.Boolean, nullable=False, comment="a person typed one of its messages"),
)
"""Rounds of bed messages (`bed_rounds`) of the last days. Counted from the journal, and dropped when they are old."""

data_key = sa.Table(
    "data_key",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("purpose", sa.Text, nullable=False, comment="seal, index, receipt or token"),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("master", sa.Text, nullable=False, comment="name of the master key that wraps it"),
    sa.Column("created_at", Instant, nullable=False),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True, comment="Idempotency-Key as received"),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the body"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False, comment="sealed"),
)
sa.Index("idempotency_at", idempotency.c.at)

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


def kept_as(report: Report[Any], member: Member) -> str:
    """The column by which rows are found by this member: its blind index where it is personal and looked for."""
    found = member.sought or member.name in key_of(report.identity)
    return f"{member.name}_index" if member.personal and found else member.name


def kept_key(report: Report[Any]) -> tuple[str, ...]:
    """The columns that, behind the hospital's code, are the primary key."""
    named = {m.name: m for m in members(report.record)}
    return tuple(kept_as(report, named[name]) if name in named else name for name in key_of(report.identity))


@cache
def parent_of_steps(report: Report[Any]) -> sa.Table | None:
    """The table of the records that a kind of marks belongs to; None for any other kind."""
    identity = report.identity
    if not isinstance(identity, Steps):
        return None
    return next(
        table_of(r) for r in EVERY_REPORT if isinstance(r.identity, Named) and r.identity.name == identity.parent
    )


@cache
def named_by_persons(report: Report[Any]) -> bool:
    """Whether the hospital recognises a record by something personal, so that only a blind index of it is kept."""
    identity = report.identity
    return isinstance(identity, Numbered) and any(
        m.personal for m in members(report.record) if m.name in identity.recognised_by
    )


def report_table(report: Report[Any], into: sa.MetaData) -> sa.Table:
    """The table of one report kind: its members, and what the store itself knows of a row."""
    key = kept_key(report)
    identity = report.identity
    columns: list[sa.Column[Any]] = [sa.Column("kode_rs", sa.Text, primary_key=True)]
    if isinstance(identity, Numbered):
        columns.append(sa.Column(identity.number, sa.BigInteger, primary_key=True, autoincrement=False))
    for m in members(report.record):
        if m.personal and kept_as(report, m) != m.name:
            index = kept_as(report, m)
            columns.append(sa.Column(index, sa.LargeBinary, primary_key=index in key, comment="blind index"))
        if m.personal:
            columns.append(sa.Column(m.name, sa.LargeBinary, comment="sealed"))
        elif m.stored:
            columns.append(sa.Column(m.name, _TYPES[m.kind.column], primary_key=m.name in key, autoincrement=False))
    if isinstance(identity, Numbered):
        # A record that nobody can recognise again (a mother without a NIK) has nothing there.
        columns.append(sa.Column("recognised", sa.Text, nullable=named_by_persons(report)))
    if any(m.person for m in members(report.record)):
        columns.append(sa.Column("persons", sa.Text, comment="indexes of the persons, as the journal has them"))
    # What grows without end is kept by month where the engine can: by the first receipt, which never changes.
    growing = isinstance(identity, Steps)
    columns += [
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("received_at", Instant, nullable=False, primary_key=growing),
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
    for m in members(report.record):
        if m.sought:
            sa.Index(f"{report.name}_{m.name}", table.c.kode_rs, table.c[kept_as(report, m)])
    if isinstance(identity, Named):
        sa.Index(f"{report.name}_day", table.c.kode_rs, table.c[identity.day])
    # The primary key of Steps starts with the parent: its marks are found without another index.
    return table


def derive(reports: Iterable[Report[Any]], into: sa.MetaData) -> dict[str, sa.Table]:
    """The tables of the reports by name."""
    return {report.name: report_table(report, into) for report in reports}


TABLES = derive(EVERY_REPORT, metadata)


@cache
def table_of(report: Report[Any]) -> sa.Table:
    """A report's table; for one that is not of the guide (a toy in a test), made on the spot."""
    table = TABLES.get(report.name)
    return table if table is not None else report_table(report, sa.MetaData())


def bed_history(into: sa.MetaData) -> sa.Table:
    """What each room said whenever that changed, for looking back at occupancy (III.A)."""
    now = table_of(TEMPAT_TIDUR)
    said = [m.name for m in members(TEMPAT_TIDUR.record) if m.stored]
    return sa.Table(
        "bed_history",
        into,
        sa.Column("kode_rs", sa.Text, primary_key=True),
        sa.Column("id_t_tt", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", Instant, primary_key=True),
        *[sa.Column(name, now.c[name].type) for name in said],
        sa.Column("deleted", sa.Boolean, nullable=False),
    )


BED_HISTORY = bed_history(metadata)
MONTHLY = {"journal": "at", "antrian_task": "received_at", "bed_history": "at"}
"""The tables that PostgreSQL keeps by month, and the column that says which."""


def for_postgresql(tables: sa.MetaData) -> sa.MetaData:
    """The same tables with what only PostgreSQL's DDL says: partitions and the conditions of partial indexes.

    Apart from the declarations, because mentioning it loads that dialect, which an embedded service never needs.
    """
    for table in tables.tables.values():
        if table.name in MONTHLY:
            table.dialect_options["postgresql"]["partition_by"] = f"RANGE ({MONTHLY[table.name]})"
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
    return tables
