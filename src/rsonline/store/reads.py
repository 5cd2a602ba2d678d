"""Reads. The hospital is always the first argument, so that no read can forget it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from rsonline.reports.report import Report, Row, key_of
from rsonline.store.access import Access
from rsonline.store.change import Origin, Stale
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import table_of
from rsonline.store.schema_login import hospital

Look = Callable[[Access], list[Row]]


def _alive(code: str, report: Report[Any]) -> tuple[sa.Table, sa.Select[Any]]:
    table = table_of(report)
    return table, sa.select(table).where(table.c.kode_rs == code, table.c.deleted_at.is_(None))


def _rows(access: Access, report: Report[Any], query: sa.Select[Any]) -> list[Row]:
    shape = shape_of(report)
    return [shape.opened(dict(row), access.vault) for row in access.connection.execute(query).mappings()]


def having(code: str, report: Report[Any], where: Mapping[str, object], order: tuple[str, ...] = ()) -> Look:
    """The hospital's rows whose members have these values, ordered by the named columns."""
    table, query = _alive(code, report)
    ordered = query.order_by(*[table.c[name] for name in order])

    def look(access: Access) -> list[Row]:
        narrowed = ordered
        for name, value in condition(report, where, access.vault):
            # SQLAlchemy would make IS NULL of None, and find everybody who has a placeholder.
            narrowed = narrowed.where(sa.false() if value is None else table.c[name] == value)
        return _rows(access, report, narrowed)

    return look


def between(code: str, report: Report[Any], column: str, first: date, last: date | None = None) -> Look:
    """The hospital's rows of the days from `first` to `last`, both included, newest first."""
    table, query = _alive(code, report)
    query = query.where(table.c[column] >= first).order_by(table.c[column].desc())
    if last is not None:
        query = query.where(table.c[column] <= last)
    return lambda access: _rows(access, report, query)


def newest(code: str, report: Report[Any], first: int, count: int) -> Callable[[Access], tuple[list[Row], int]]:
    """A page of the hospital's numbered records, the newest first, and how many there are in all."""
    table, query = _alive(code, report)
    number = table.c[key_of(report.identity)[0]]
    page = query.order_by(number.desc()).offset(first).limit(count)
    total = sa.select(sa.func.count()).select_from(table).where(table.c.kode_rs == code, table.c.deleted_at.is_(None))
    return lambda access: (_rows(access, report, page), access.connection.execute(total).scalar_one())


def among(code: str, report: Report[Any], column: str, values: Sequence[int]) -> Look:
    """The hospital's rows whose number of another record is one of these."""
    table, query = _alive(code, report)
    query = query.where(table.c[column].in_(list(values)))
    return lambda access: _rows(access, report, query)


def require_current(connection: sa.Connection, origin: Origin) -> None:
    """Raise Stale where the hospital's credentials are no longer those that were verified (SR-03)."""
    state = connection.execute(
        sa.select(hospital.c.version, hospital.c.aktif).where(hospital.c.kode_rs == origin.hospital)
    ).one_or_none()
    if state is None or (state.version, state.aktif) != (origin.version, True):
        raise Stale
