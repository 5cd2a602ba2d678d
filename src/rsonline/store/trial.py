"""What a change would decide now, found out without writing anything."""

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from rsonline.reports.report import Report, Row
from rsonline.store.access import Access
from rsonline.store.change import Change, Decision, Lookup
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import table_of


def tried(access: Access, change: Change, now: datetime) -> Decision:
    """The decision of a change beside what is stored. Raises what the decision raises."""
    found: list[list[Row]] = []
    for each in change.lookups:
        wanted = each if isinstance(each, Lookup) else each(found)
        found.append([] if wanted is None else find(access, change.origin.hospital, wanted))
    return change.decide(found, now)


def find(access: Access, code: str, wanted: Lookup) -> list[Row]:
    """The hospital's rows that a lookup means."""
    where = condition(wanted.report, wanted.where, access.vault)
    # As in SQL, nothing equals nothing.
    if any(value is None for _, value in where):
        return []
    query = _query(wanted.report, tuple(name for name, _ in where), wanted.deleted)
    given = {f"v{place}": value for place, (_, value) in enumerate(where)}
    shape = shape_of(wanted.report)
    rows = access.connection.execute(query, {"code": code, **given}).mappings()
    return [shape.opened(dict(row), access.vault, whole=wanted.whole) for row in rows]


@cache
def _query(report: Report[Any], where: tuple[str, ...], deleted: bool) -> sa.Select[Any]:
    table = table_of(report)
    query = sa.select(table).where(table.c.kode_rs == sa.bindparam("code", type_=sa.Text))
    for place, name in enumerate(where):
        query = query.where(table.c[name] == sa.bindparam(f"v{place}", type_=table.c[name].type))
    return query if deleted else query.where(table.c.deleted_at.is_(None))
