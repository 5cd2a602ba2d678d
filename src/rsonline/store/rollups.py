"""Figures of days, kept by hospital and month, and the raw rows from which a day is counted.

What is read of raw rows is bounded by the days that are counted, never by the age of the installation.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PASIEN_COVID, PCR_NAKES, TEMPAT_TIDUR
from rsonline.reports.report import Report, Row, members
from rsonline.store.access import Access
from rsonline.store.schema import BED_HISTORY, journal, rollup, rollup_mark, table_of

Body = dict[str, list[int]]
"""By name a number for each of the 31 days of a month."""
GONE = timedelta(days=366)
"""A room that said nothing for so long has gone, whatever it last said."""
_SLACK = timedelta(days=1)
"""How far the clocks of two processes may lie apart."""
_AT_ONCE = 200
_DECODER = msgspec.json.Decoder(Body)
DAILY: Mapping[str, Report[Any]] = {r.name: r for r in (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)}


class Mark(NamedTuple):
    """How far a hospital's rollups go: the journal's line, the last evening, and in which zone."""

    seq: int
    day: date
    zone: str
    at: datetime


class Counted(NamedTuple):
    """What was counted of a hospital: the mark before, the mark after, and the months that are new or changed."""

    kode_rs: str
    before: Mark | None
    after: Mark
    months: Mapping[tuple[str, date], Body]


def marks(access: Access, codes: Collection[str]) -> dict[str, Mark]:
    """How far the rollups of these hospitals go; a hospital never counted has none."""
    query = sa.select(rollup_mark)
    if len(codes) <= _AT_ONCE:
        query = query.where(rollup_mark.c.kode_rs.in_(list(codes)))
    return {row.kode_rs: _mark(row) for row in access.connection.execute(query)}


def _mark(row: sa.Row[Any]) -> Mark:
    return Mark(row.seq, row.day, row.zona, row.at)


def moved(access: Access, code: str, mark: Mark, objects: Iterable[str]) -> list[tuple[str, list[Any], datetime]]:
    """What changed behind a mark, of some tables: the table, the key of the record, when it changed first."""
    query = (
        sa.select(journal.c.object, journal.c.key, sa.func.min(journal.c.at).label("first"))
        .where(
            journal.c.kode_rs == code,
            journal.c.seq > mark.seq,
            journal.c.at >= mark.at - _SLACK,
            journal.c.object.in_(list(objects)),
        )
        .group_by(journal.c.object, journal.c.key)
    )
    return [(row.object, msgspec.json.decode(row.key), row.first) for row in access.connection.execute(query)]


def evenings(access: Access, code: str, first: datetime, last: datetime) -> list[Row]:
    """What the rooms of a hospital said from one moment to another, with what each had said last before the first.

    Rooms are looked for by their key, from their newest word back, so that older years cost nothing.
    """
    room, said, before = table_of(TEMPAT_TIDUR), BED_HISTORY, BED_HISTORY.alias()
    held = (
        sa.select(before.c.version)
        .where(
            before.c.kode_rs == room.c.kode_rs,
            before.c.id_t_tt == room.c.id_t_tt,
            before.c.at <= first,
            before.c.at >= first - GONE,
        )
        .order_by(before.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    names = ("kode_rs", "id_t_tt", "version", "at", "id_tt", "ruang", "jumlah", "terpakai", "deleted")
    query = (
        sa.select(*[said.c[name] for name in names])
        .select_from(room.join(said, sa.and_(said.c.kode_rs == room.c.kode_rs, said.c.id_t_tt == room.c.id_t_tt)))
        .where(
            room.c.kode_rs == code,
            sa.or_(room.c.deleted_at.is_(None), room.c.deleted_at >= first),
            said.c.version >= sa.func.coalesce(held, 0),
            said.c.at >= first - GONE,
            said.c.at <= last,
        )
    )
    return [dict(row) for row in access.connection.execute(query).mappings()]


def daily(access: Access, report: Report[Any], code: str, since: date, days: Collection[date] | None) -> list[Row]:
    """A hospital's records of a daily kind, of some days or of all since one. Personal members there are none."""
    table = table_of(report)
    said = [m.name for m in members(report.record) if m.stored and not m.personal]
    columns = [table.c[n] for n in dict.fromkeys(("kode_rs", *said, "received_at", "updated_at", "deleted_at"))]
    query = sa.select(*columns).where(table.c.kode_rs == code, table.c.tanggal >= since)
    if days is not None:
        query = query.where(table.c.tanggal.in_(sorted(days)))
    return [dict(row) for row in access.connection.execute(query).mappings()]


def patients(access: Access, code: str, since: date) -> list[Row]:
    """Who was admitted to a hospital, or left it, since a day: only what days are counted by."""
    table = table_of(PASIEN_COVID)
    names = ("kode_rs", "tanggalMasuk", "tanggalKeluar", "statusRawatId", "statusKeluarId", "updated_at", "deleted_at")
    recent = sa.or_(table.c.tanggalMasuk >= since, table.c.tanggalKeluar >= since)
    query = sa.select(*[table.c[n] for n in names]).where(table.c.kode_rs == code, recent)
    return [dict(row) for row in access.connection.execute(query).mappings()]


def months(
    access: Access, codes: Sequence[str], section: str, first: date, last: date | None = None
) -> Iterator[tuple[str, date, Body]]:
    """The months of some hospitals from that of one day to that of another (none: to the newest)."""
    for start in range(0, len(codes), _AT_ONCE):
        query = sa.select(rollup.c.kode_rs, rollup.c.month, rollup.c.body).where(
            rollup.c.kode_rs.in_(codes[start : start + _AT_ONCE]),
            rollup.c.section == section,
            rollup.c.month >= first.replace(day=1),
        )
        if last is not None:
            query = query.where(rollup.c.month <= last)
        for code, month, body in access.connection.execute(query):
            yield code, month, _DECODER.decode(body)


def keep(access: Access, found: Sequence[Counted], now: datetime) -> int:
    """Write what was counted, of whoever nobody else counted meanwhile; of how many hospitals that was."""
    codes = [each.kode_rs for each in found]
    held = sa.select(rollup_mark).where(rollup_mark.c.kode_rs.in_(codes)).order_by(rollup_mark.c.kode_rs)
    known = {row.kode_rs: _mark(row) for row in access.connection.execute(held.with_for_update())}
    kept = 0
    for each in found:
        if known.get(each.kode_rs) != each.before:
            continue
        kept += 1
        for (section, month), body in each.months.items():
            own = (rollup.c.kode_rs == each.kode_rs, rollup.c.section == section, rollup.c.month == month)
            values = {"at": now, "body": msgspec.json.encode(body).decode()}
            if access.connection.execute(sa.update(rollup).where(*own).values(values)).rowcount == 0:
                access.connection.execute(
                    sa.insert(rollup).values(kode_rs=each.kode_rs, section=section, month=month, **values)
                )
        mark = {"seq": each.after.seq, "day": each.after.day, "zona": each.after.zone, "at": each.after.at}
        if each.before is None:
            access.connection.execute(sa.insert(rollup_mark).values(kode_rs=each.kode_rs, **mark))
        else:
            access.connection.execute(
                sa.update(rollup_mark).where(rollup_mark.c.kode_rs == each.kode_rs).values(**mark)
            )
    return kept
