"""Live births by month, as a hospital tells them: what screening coverage is measured against. Beyond the guide."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.reports import SHK
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.schema import live_births, table_of

MOST = 20_000
"""More live births in a month than any hospital has."""
_AT_ONCE = 200


class Births(NamedTuple):
    """The live births of a hospital in a month, called by its first day."""

    kode_rs: str
    month: date
    births: int
    at: datetime


def of(access: Access, codes: Collection[str], first: date) -> list[Births]:
    """What some hospitals told, from the month of a day on."""
    wanted, found = sorted(codes), list[Births]()
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(live_births).where(
            live_births.c.kode_rs.in_(wanted[start : start + _AT_ONCE]), live_births.c.month >= first.replace(day=1)
        )
        ordered = query.order_by(live_births.c.kode_rs, live_births.c.month)
        found += [Births(row.kode_rs, row.month, row.births, row.at) for row in access.connection.execute(ordered)]
    return found


def screened(access: Access, code: str, first: date) -> dict[date, int]:
    """How many records of screening a hospital has of the children born in each month, repeated samples included."""
    table = table_of(SHK)
    query = sa.select(table.c.tgllahir).where(
        table.c.kode_rs == code, table.c.tgllahir >= first.replace(day=1), table.c.deleted_at.is_(None)
    )
    return dict(Counter(day.replace(day=1) for day in access.connection.execute(query).scalars()))


def tell(access: Access, by: Origin, month: date, births: int | None) -> bool:
    """Set the live births of the hospital's month, None: not known. Whether that changed anything.

    Every change has a line in the journal. Raises ValueError for a number that no hospital has, or a day within a
    month.
    """
    if month.day != 1 or (births is not None and not 0 <= births <= MOST):
        raise ValueError(month, births)
    code = by.hospital
    own = (live_births.c.kode_rs == code, live_births.c.month == month)
    known = access.connection.execute(sa.select(live_births.c.births).where(*own)).scalar_one_or_none()
    if known == births:
        return False
    said: dict[str, Any] = {"births": births, "before": known}
    journal.append(access, by, "live_births", [month.isoformat()], "remove" if births is None else "set", said)
    access.connection.execute(sa.delete(live_births).where(*own))
    if births is not None:
        access.connection.execute(
            sa.insert(live_births).values(
                kode_rs=code, month=month, births=births, at=datetime.now(UTC), account=by.account
            )
        )
    return True
