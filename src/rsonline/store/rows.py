"""Statements of the hot path, compiled once per report, and the way between rows and database values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rsonline.reports.report import Report, Row
from rsonline.store.schema import Instant, from_millis, table_of, to_millis

_DIALECT = sqlite.dialect(paramstyle="qmark")
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Statements:
    """The upsert of a report and its columns with their conversions."""

    upsert: str
    columns: tuple[str, ...]
    out: tuple[tuple[int, Convert], ...]
    back: tuple[tuple[int, Convert], ...]

    def values(self, row: Row) -> list[Any]:
        """The row as parameters of the upsert."""
        values = [row.get(c) for c in self.columns]
        for index, convert in self.out:
            if values[index] is not None:
                values[index] = convert(values[index])
        return values

    def row(self, values: tuple[Any, ...]) -> Row:
        """A database row as Python values."""
        row = list(values)
        for index, convert in self.back:
            if row[index] is not None:
                row[index] = convert(row[index])
        return dict(zip(self.columns, row, strict=True))


@cache
def statements(report: Report[Any]) -> Statements:
    """The compiled statements of a report."""
    table = table_of(report)
    insert = sqlite.insert(table)
    key = [c.name for c in table.primary_key]
    rest = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key}
    compiled = insert.on_conflict_do_update(index_elements=key, set_=rest).compile(dialect=_DIALECT)
    columns = tuple(c.name for c in table.columns)
    if tuple(compiled.positiontup or ()) != columns:
        raise RuntimeError(f"{report.name}: the compiled order of parameters is not the order of the columns")
    out: list[tuple[int, Convert]] = []
    back: list[tuple[int, Convert]] = []
    for index, column in enumerate(table.columns):
        if isinstance(column.type, Instant):
            out.append((index, to_millis))
            back.append((index, from_millis))
        elif isinstance(column.type, sa.Date):
            out.append((index, date.isoformat))
            back.append((index, date.fromisoformat))
    return Statements(str(compiled), columns, tuple(out), tuple(back))


@cache
def lookup(report: Report[Any], where: tuple[str, ...], deleted: bool) -> str:
    """A SELECT of all columns by the hospital and the named columns, in that order."""
    table = table_of(report)
    query = sa.select(table).where(table.c.kode_rs == sa.bindparam("kode_rs"))
    for name in where:
        query = query.where(table.c[name] == sa.bindparam(name))
    if not deleted:
        query = query.where(table.c.deleted_at.is_(None))
    return str(query.compile(dialect=_DIALECT))


def parameter(value: Any) -> Any:
    """One value of a lookup as the database has it."""
    if isinstance(value, datetime):
        return to_millis(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
