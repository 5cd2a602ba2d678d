"""The way between a record and its row: what is sealed, what is indexed, what the columns hold.

The same on both engines but for days, which SQLite keeps as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from rsonline.reports.report import Numbered, Report, Row, members, recognised
from rsonline.store.columns import Instant, from_millis, to_millis
from rsonline.store.schema import kept_as, kept_key, named_by_persons, table_of
from rsonline.store.seal import Vault, place_of_column, place_of_row


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a report are kept. Numbers are positions among the columns."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """The key behind the hospital's code, as columns."""
    indexed: tuple[tuple[str, str], ...]
    """Column and member of each blind index."""
    index_of: dict[str, str]
    """The same, by member."""
    sealed: tuple[tuple[int, str, str], ...]
    """Position and name of each personal member, and how the place of its values begins."""
    closed: frozenset[str]
    """The members that are sealed."""
    persons: tuple[str, ...]
    instants: tuple[int, ...]
    days: tuple[int, ...]

    def key_of(self, row: Row) -> list[Any]:
        """The kept key of a row that has its indexes."""
        return [row[c] for c in self.key]

    def values(self, row: Row, vault: Vault) -> list[Any]:
        """The row as values in the order of the columns: personal members sealed, instants as milliseconds."""
        values: list[Any] = [row.get(c) for c in self.columns]
        if self.sealed:
            end = place_of_row(row["kode_rs"], self.key_of(row))
            for position, _, begin in self.sealed:
                if values[position] is not None:
                    values[position] = vault.seal(values[position], begin + end)
        for position in self.instants:
            if values[position] is not None:
                values[position] = to_millis(values[position])
        return values

    def row(self, values: list[Any], vault: Vault, *, whole: bool = True) -> Row:
        """A database row, which is used up, as a record; without its personal members where not `whole`.

        Raises Unreadable.
        """
        for position in self.instants:
            if values[position] is not None:
                values[position] = from_millis(values[position])
        return self.opened(dict(zip(self.columns, values, strict=True)), vault, whole=whole)

    def opened(self, row: Row, vault: Vault, *, whole: bool = True) -> Row:
        """A row whose personal members are opened, in place; left out where not `whole`. Raises Unreadable."""
        if self.sealed:
            end = place_of_row(row["kode_rs"], self.key_of(row))
            for _, name, begin in self.sealed:
                if not whole:
                    row[name] = None
                elif row[name] is not None:
                    row[name] = vault.open(row[name], begin + end)
        return row

    def find_again(self, report: Report[Any], row: Row, vault: Vault) -> None:
        """Give a record, in place, the columns by which it is found again."""
        for column, member in self.indexed:
            row[column] = None if row.get(member) is None else vault.index(member, row[member])
        identity = report.identity
        if isinstance(identity, Numbered):
            row["recognised"] = _recognised(report, recognised(identity, row), vault)
        if self.persons:
            row["persons"] = " ".join(filter(None, (vault.person(row.get(m)) for m in self.persons))) or None


@cache
def shape_of(report: Report[Any]) -> Shape:
    """The shape of a report's rows."""
    table = table_of(report)
    columns = tuple(c.name for c in table.columns)
    found = members(report.record)
    indexed = tuple((kept_as(report, m), m.name) for m in found if kept_as(report, m) != m.name)
    return Shape(
        table=report.name,
        columns=columns,
        key=kept_key(report),
        indexed=indexed,
        index_of={member: column for column, member in indexed},
        sealed=tuple(
            (columns.index(m.name), m.name, place_of_column(report.name, m.name)) for m in found if m.personal
        ),
        closed=frozenset(m.name for m in found if m.personal),
        persons=tuple(m.name for m in found if m.person),
        instants=tuple(i for i, c in enumerate(table.columns) if isinstance(c.type, Instant)),
        days=tuple(i for i, c in enumerate(table.columns) if isinstance(c.type, sa.Date)),
    )


def condition(report: Report[Any], where: Mapping[str, Any], vault: Vault) -> list[tuple[str, Any]]:
    """Columns and the values they must have for a record that is looked for by members.

    A value of None finds nothing: SQL's equality says so on both engines. Raises TypeError for a personal member that
    has no index.
    """
    shape = shape_of(report)
    found: list[tuple[str, Any]] = []
    for name, value in where.items():
        if name == "recognised":
            found.append((name, None if value is None else _recognised(report, value, vault)))
        elif name in shape.index_of:
            found.append((shape.index_of[name], None if value is None else vault.index(name, value)))
        elif name in shape.closed:
            raise TypeError(f"{report.name}.{name} is sealed: nothing is found by it")
        else:
            found.append((name, value))
    return found


def _recognised(report: Report[Any], text: str, vault: Vault) -> str | None:
    """What is kept of the text by which a hospital knows a record: itself, or a blind index of it.

    Nothing where it names its person by a placeholder: two mothers without a NIK are not the same mother (SR-44).
    """
    if not named_by_persons(report):
        return text
    identity = report.identity
    assert isinstance(identity, Numbered)  # noqa: S101 (named_by_persons says so)
    parts = dict(zip(identity.recognised_by, text.split("\x1f"), strict=True))
    if any(vault.person(parts[m]) is None for m in shape_of(report).persons if m in parts):
        return None
    return vault.index(f"{report.name}.recognised", text).hex()
