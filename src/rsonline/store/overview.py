"""Hospitals as seen from above: a page of them with what each last reported. One question for a page, not for each.

Newest records are found through keys and indexes that are there anyway, so that a year of reports costs no more than
a day of them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.reports import (
    ANTRIAN,
    APD,
    KEMATIAN,
    NAKES_TERINFEKSI,
    OKSIGEN,
    PASIEN_COVID,
    PCR_NAKES,
    SDM,
    SHK,
    TEMPAT_TIDUR,
)
from rsonline.reports.report import Named, Numbered, PerDay, Report
from rsonline.store import hospitals, quiet
from rsonline.store.access import Access
from rsonline.store.columns import Instant
from rsonline.store.hospitals import Hospital
from rsonline.store.quiet import Quiet
from rsonline.store.schema import table_of
from rsonline.store.schema_login import hospital

KINDS: tuple[Report[Any], ...] = (
    TEMPAT_TIDUR,
    OKSIGEN,
    NAKES_TERINFEKSI,
    PCR_NAKES,
    SDM,
    APD,
    SHK,
    ANTRIAN,
    PASIEN_COVID,
    KEMATIAN,
)
"""What a hospital reports by itself; parts and marks belong to one of these."""


class Seen(NamedTuple):
    """A hospital, when each kind last came (its newest record), the days of the daily kinds, its stalest room."""

    hospital: Hospital
    last: Mapping[str, datetime]
    days: Mapping[tuple[str, date], datetime]
    oldest_room: datetime | None
    declared: Sequence[Quiet] = ()
    """What was declared for it and for others, and is not over since the first day that is looked at."""


def page(
    access: Access, *, region: str | None, search: str, since: date, first: int, count: int
) -> tuple[list[Seen], int]:
    """Hospitals by name with what they sent, and how many there are on all pages.

    `region` is a code of a province or regency, `search` a part of the name or the beginning of the code, `since` the
    first day of the daily kinds that is looked at.
    """
    where = _where(region, search)
    total = access.connection.execute(sa.select(sa.func.count()).select_from(hospital).where(*where)).scalar_one()
    query = sa.select(hospital).where(*where).order_by(hospital.c.nama, hospital.c.kode_rs).offset(first).limit(count)
    found = [hospitals.of_row(row, "") for row in access.connection.execute(query).mappings()]
    return _with_reports(access, found, since), total


def one(access: Access, code: str, *, region: str | None, since: date) -> Seen | None:
    """One hospital; None where there is none of that code in the region."""
    query = sa.select(hospital).where(hospital.c.kode_rs == code, *_where(region, ""))
    found = [hospitals.of_row(row, "") for row in access.connection.execute(query).mappings()]
    return next(iter(_with_reports(access, found, since)), None)


def _where(region: str | None, search: str) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if region is not None:
        where.append(hospital.c.kab_kota.startswith(region, autoescape=True))
    if search:
        by_name = hospital.c.nama.icontains(search, autoescape=True)
        where.append(sa.or_(by_name, hospital.c.kode_rs.startswith(search, autoescape=True)))
    return where


def _with_reports(access: Access, found: list[Hospital], since: date) -> list[Seen]:
    codes = [each.code for each in found]
    if not codes:
        return []
    asked = {"codes": codes, "since": since}
    newest = {code: (stalest, last) for code, stalest, *last in access.connection.execute(_all_newest(), asked).all()}
    days: dict[str, dict[tuple[str, date], datetime]] = {code: {} for code in codes}
    for code, kind, day, updated_at in access.connection.execute(_days(), asked).all():
        days[code][kind, day] = updated_at
    declared = quiet.about(access, codes, since)
    seen = []
    for each in found:
        stalest, last = newest[each.code]
        came = {report.name: at for report, at in zip(KINDS, last, strict=True) if at is not None}
        seen.append(Seen(each, came, days[each.code], stalest, declared))
    return seen


# Both questions are put together once: that costs more than asking them.
_CODES: sa.BindParameter[Any] = sa.bindparam("codes", expanding=True)
_SINCE: sa.BindParameter[date] = sa.bindparam("since", type_=sa.Date)


@cache
def _all_newest() -> sa.Select[Any]:
    """When each kind last came, and the stalest room, of some hospitals."""
    rooms = table_of(TEMPAT_TIDUR)
    stalest = _aggregate(rooms, sa.func.min(rooms.c.updated_at))
    columns = [_newest(report).label(report.name) for report in KINDS]
    return sa.select(hospital.c.kode_rs, stalest.label("stalest"), *columns).where(hospital.c.kode_rs.in_(_CODES))


def _newest(report: Report[Any]) -> sa.ScalarSelect[Any]:
    """When the newest record of a hospital was last written; of lists that it keeps up to date, the last of all."""
    table = table_of(report)
    match report.identity:
        case PerDay(day) | Named(_, day):
            order: sa.ColumnElement[Any] = table.c[day]
        case Numbered(number) if report is not TEMPAT_TIDUR:
            order = table.c[number]
        case _:
            return _aggregate(table, sa.func.max(table.c.updated_at))
    query = sa.select(table.c.updated_at).where(table.c.kode_rs == hospital.c.kode_rs, table.c.deleted_at.is_(None))
    return query.order_by(order.desc()).limit(1).scalar_subquery()


def _aggregate(table: sa.Table, value: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    query = sa.select(sa.type_coerce(value, Instant)).where(
        table.c.kode_rs == hospital.c.kode_rs, table.c.deleted_at.is_(None)
    )
    return query.scalar_subquery()


@cache
def _days() -> sa.CompoundSelect[Any]:
    """The days since then for which the daily kinds came."""
    parts = []
    for report in (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES):
        table = table_of(report)
        parts.append(
            sa.select(
                table.c.kode_rs,
                sa.literal(report.name).label("kind"),
                table.c.tanggal.label("day"),
                table.c.updated_at.label("updated_at"),
            ).where(table.c.kode_rs.in_(_CODES), table.c.tanggal >= _SINCE, table.c.deleted_at.is_(None))
        )
    return sa.union_all(*parts)
