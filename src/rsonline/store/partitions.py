"""Tables by month on PostgreSQL: made ahead, and taken off when they are old.

A table whose month has no partition keeps its rows in a default partition, so that nothing is ever refused for a
calendar that nobody looked after; `provide` moves such rows to where they belong. SQLite has nothing of this.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from rsonline.store.columns import to_millis
from rsonline.store.schema import MONTHLY

AHEAD = 3
"""How many months are made before they begin."""


class Month(NamedTuple):
    """A calendar month in UTC."""

    year: int
    month: int

    @property
    def begin(self) -> int:
        """Its first millisecond since 1970."""
        return to_millis(datetime(self.year, self.month, 1, tzinfo=UTC))

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}_{self.month:02}"


def month_of(moment: datetime) -> Month:
    """The month of an aware datetime."""
    moment = moment.astimezone(UTC)
    return Month(moment.year, moment.month)


def months(first: Month, count: int) -> Iterator[Month]:
    """So many months from the first."""
    for _ in range(count):
        yield first
        first = first.next


def monthly(connection: sa.Connection) -> bool:
    """Whether this engine keeps tables by month."""
    return connection.dialect.name == "postgresql"


def provide(connection: sa.Connection, now: datetime | None = None) -> list[str]:
    """Make the partitions of this month and the next three where they are missing; the names of the new ones."""
    if not monthly(connection):
        return []
    made = []
    for table, column in MONTHLY.items():
        there = set(attached(connection, table))
        for month in months(month_of(now or datetime.now(UTC)), AHEAD + 1):
            name = f"{table}_{month}"
            if name not in there:
                _make(connection, table, column, month)
                made.append(name)
    return made


def _make(connection: sa.Connection, table: str, column: str, month: Month) -> None:
    name, first, after = f"{table}_{month}", month.begin, month.next.begin
    run = connection.exec_driver_sql
    run(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    # Rows that came before their month had a place stand in the default partition.
    waiting = connection.exec_driver_sql(
        f"SELECT 1 FROM {table}_default WHERE {column} >= {first} AND {column} < {after} LIMIT 1"  # noqa: S608
    ).first()
    if waiting:
        # The journal's lines are moved whole; its trigger knows only that they would leave a table.
        run(f"ALTER TABLE {table}_default DISABLE TRIGGER USER")
        run(
            f"WITH moved AS (DELETE FROM {table}_default WHERE {column} >= {first} AND {column} < {after} RETURNING *)"  # noqa: S608
            f" INSERT INTO {name} SELECT * FROM moved"
        )
        run(f"ALTER TABLE {table}_default ENABLE TRIGGER USER")
    run(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({after})")


def attached(connection: sa.Connection, table: str) -> list[str]:
    """The partitions of a table by name, the default one among them."""
    query = sa.text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = CAST(:table AS regclass) ORDER BY c.relname"
    )
    return [row.relname for row in connection.execute(query, {"table": table})]


def count_anew(connection: sa.Connection) -> None:
    """Renew the statistics of the tables by month as a whole: the server does so for their partitions only."""
    if monthly(connection):
        connection.exec_driver_sql(f"ANALYZE {', '.join(MONTHLY)}")


def detach_before(connection: sa.Connection, table: str, first_kept: Month) -> list[str]:
    """Take the partitions of older months off a table; they stay as tables of their own, to be archived by hand."""
    if not monthly(connection):
        return []
    old = [
        name for name in attached(connection, table) if name != f"{table}_default" and name < f"{table}_{first_kept}"
    ]
    for name in old:
        connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {name}")
    return old
