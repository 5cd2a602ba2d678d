"""Reads. The hospital is always the first argument, so that no read can forget it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from rsonline.reports.report import Report, Row
from rsonline.store.schema import table_of

Connection = sa.Connection
Look = Callable[[Connection], list[Row]]


def _alive(code: str, report: Report[Any]) -> tuple[sa.Table, sa.Select[Any]]:
    table = table_of(report)
    return table, sa.select(table).where(table.c.kode_rs == code, table.c.deleted_at.is_(None))


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def having(code: str, report: Report[Any], where: Mapping[str, object], order: tuple[str, ...] = ()) -> Look:
    """The hospital's rows whose columns have these values, ordered by the named columns."""
    table, query = _alive(code, report)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    query = query.order_by(*[table.c[name] for name in order])
    return lambda connection: _rows(connection, query)


def between(code: str, report: Report[Any], column: str, first: date, last: date | None = None) -> Look:
    """The hospital's rows of the days from `first` to `last`, both included, newest first."""
    table, query = _alive(code, report)
    query = query.where(table.c[column] >= first).order_by(table.c[column].desc())
    if last is not None:
        query = query.where(table.c[column] <= last)
    return lambda connection: _rows(connection, query)
