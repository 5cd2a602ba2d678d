"""Rows of many hospitals at once, without anything that identifies a person: what insight looks at.

How far back is looked is bounded for every table, so that a figure costs no more in an installation's tenth year.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from rsonline.reports import (
    ANTRIAN,
    ANTRIAN_TASK,
    APD,
    NAKES_TERINFEKSI,
    OKSIGEN,
    PASIEN_COVID,
    PCR_NAKES,
    SDM,
    SHK,
    SHK_HASIL,
    TEMPAT_TIDUR,
)
from rsonline.reports.report import Report, Row
from rsonline.store import births, quiet
from rsonline.store.access import Access
from rsonline.store.bed_rounds import KEPT, ROUND, Round, Told
from rsonline.store.hospitals import ZONES
from rsonline.store.rows import shape_of
from rsonline.store.schema import BED_HISTORY, bed_round, journal, journal_head, shk_action, shk_merge, table_of
from rsonline.store.schema_login import hospital

DAYS: Mapping[str, int] = {
    "tempat_tidur": 31,
    "oksigen": 31,
    "sdm": 31,
    "apd": 31,
    "nakes_terinfeksi": 31,
    "pcr_nakes": 31,
    "pasien_covid": 31,
    "shk": 190,
    "shk_hasil": 190,
    "quiet": 62,
    "live_births": 190,
}
"""How many days back rows are looked at: by their day, or for lists that are kept current, since they were deleted."""
_REPORTS: Mapping[str, Report[Any]] = {
    r.name: r for r in (TEMPAT_TIDUR, OKSIGEN, SDM, APD, NAKES_TERINFEKSI, PCR_NAKES, PASIEN_COVID, SHK, SHK_HASIL)
}
_AT_ONCE = 200
"""How many hospitals one query names."""


class Where(NamedTuple):
    """A hospital and where it lies: `regency` has four digits, None where that is not known.

    `since` is the local day on which it was registered.
    """

    kode_rs: str
    nama: str
    zone: ZoneInfo
    regency: str | None
    since: date


class Said(NamedTuple):
    """What a person recorded about a newborn."""

    kode_rs: str
    id_shk: int
    kind: str
    day: date
    at: datetime


class Merged(NamedTuple):
    """Whether a person said that two records are of one newborn."""

    kode_rs: str
    first: int
    second: int
    same: bool
    at: datetime


def places(access: Access, *, region: str = "", code: str | None = None) -> dict[str, Where]:
    """The active hospitals of a region (a code of its province or regency; empty: all), or one of them, by code."""
    query = sa.select(*[hospital.c[n] for n in ("kode_rs", "nama", "zona", "kab_kota", "created_at")]).where(
        hospital.c.aktif.is_(True)
    )
    if region:
        query = query.where(hospital.c.kab_kota.startswith(region, autoescape=True))
    if code is not None:
        query = query.where(hospital.c.kode_rs == code)
    return {row.kode_rs: _where(row) for row in access.connection.execute(query.order_by(hospital.c.kode_rs))}


def _where(row: sa.Row[Any]) -> Where:
    zone = _zone(row.zona)
    return Where(row.kode_rs, row.nama, zone, row.kab_kota, row.created_at.astimezone(zone).date())


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(ZONES[name])


def heads(access: Access, codes: Collection[str]) -> dict[str, int]:
    """The number of these hospitals' last lines in the journal: it rises with every change."""
    query = sa.select(journal_head.c.kode_rs, journal_head.c.seq)
    if len(codes) <= _AT_ONCE:
        query = query.where(journal_head.c.kode_rs.in_(list(codes)))
    return {row.kode_rs: row.seq for row in access.connection.execute(query)}


def changed(access: Access, code: str, since: int) -> set[str]:
    """The tables of which a hospital's journal has lines behind number `since`."""
    query = sa.select(journal.c.object).where(journal.c.kode_rs == code, journal.c.seq > since).distinct()
    return set(access.connection.execute(query).scalars())


def rows(access: Access, tables: Iterable[str], codes: Sequence[str], now: datetime) -> dict[str, dict[str, list[Any]]]:
    """The rows of some tables by hospital and table; every hospital asked for has every table.

    Personal members are not in them. `shk_action` and `shk_merge` give what people recorded about newborns,
    `live_births` how many there were, `quiet` what was declared, `antrian` and `antrian_task` the bookings of the
    last days, `bed_round` one `Told` for each hospital.
    """
    wanted = list(tables)
    found: dict[str, dict[str, list[Any]]] = {code: {name: [] for name in wanted} for code in codes}
    for start in range(0, len(codes), _AT_ONCE):
        some = codes[start : start + _AT_ONCE]
        for name in wanted:
            if name == "shk_action":
                actions = sa.select(shk_action).where(shk_action.c.kode_rs.in_(some)).order_by(shk_action.c.number)
                for row in access.connection.execute(actions):
                    found[row.kode_rs][name].append(Said(row.kode_rs, row.id_shk, row.kind, row.day, row.at))
            elif name == "live_births":
                for born in births.of(access, some, (now - timedelta(days=DAYS["live_births"])).date()):
                    found[born.kode_rs][name].append(born)
            elif name == "quiet":
                _of_declared(access, some, now, found)
            elif name == "shk_merge":
                for row in access.connection.execute(sa.select(shk_merge).where(shk_merge.c.kode_rs.in_(some))):
                    found[row.kode_rs][name].append(Merged(row.kode_rs, row.first, row.second, row.same, row.at))
            elif name == "bed_round":
                for told in bed_rounds(access, some, now):
                    found[told.kode_rs][name].append(told)
            elif name in ("antrian", "antrian_task"):
                for record in _of_bookings(access, name, some, now):
                    found[record["kode_rs"]][name].append(record)
            else:
                for record in _rows(access, _REPORTS[name], some, now):
                    found[record["kode_rs"]][name].append(record)
    return found


def _of_declared(access: Access, codes: Sequence[str], now: datetime, found: dict[str, dict[str, list[Any]]]) -> None:
    """What was declared for each hospital, by itself or for where it lies."""
    query = sa.select(hospital.c.kode_rs, hospital.c.kab_kota).where(hospital.c.kode_rs.in_(codes))
    declared = quiet.about(access, codes, (now - timedelta(days=DAYS["quiet"])).date())
    for row in access.connection.execute(query):
        where = quiet.where_is(row.kode_rs, row.kab_kota)
        found[row.kode_rs]["quiet"] += [each for each in declared if each.names(where)]


def _rows(access: Access, report: Report[Any], codes: Sequence[str], now: datetime) -> Iterable[Row]:
    table, closed = table_of(report), shape_of(report).closed
    columns = [c for c in table.columns if c.name not in closed and not isinstance(c.type, sa.LargeBinary)]
    query = sa.select(*columns).where(table.c.kode_rs.in_(codes), _recent(report, table, now))
    for row in access.connection.execute(query).mappings():
        yield dict(row)


_BOOKING = (
    *("kode_rs", "kodepoli", "namapoli", "kodedokter", "jenispasien", "pasienbaru", "jeniskunjungan"),
    *("tanggalperiksa", "estimasidilayani", "updated_at", "deleted_at"),
)
_TASK = ("kode_rs", "taskid", "waktu", "received_at", "updated_at", "deleted_at")


def _of_bookings(access: Access, name: str, codes: Sequence[str], now: datetime) -> Iterable[Row]:
    """The bookings of the last days, or the times of their steps. A booking is called by its blind index."""
    booking, task = table_of(ANTRIAN), table_of(ANTRIAN_TASK)
    index = booking.c.kodebooking_index
    recent = (
        booking.c.kode_rs.in_(codes),
        booking.c.tanggalperiksa >= (now - timedelta(days=9)).date(),
        booking.c.tanggalperiksa <= (now + timedelta(days=1)).date(),
    )
    if name == "antrian":
        query = sa.select(index, *[booking.c[n] for n in _BOOKING]).where(*recent)
    else:
        same = sa.and_(task.c.kode_rs == booking.c.kode_rs, task.c.kodebooking_index == index)
        query = sa.select(index, *[task.c[n] for n in _TASK]).select_from(booking.join(task, same)).where(*recent)
    for row in access.connection.execute(query).mappings():
        known = dict(row)
        yield {**known, "kodebooking": bytes(known.pop("kodebooking_index")).hex()}


def _recent(report: Report[Any], table: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
    """What is looked at of a table."""
    since = now - timedelta(days=DAYS[report.name])
    day = since.date()
    if "tanggal" in table.c:
        return table.c.tanggal >= day
    if report is PASIEN_COVID:
        return sa.or_(table.c.tanggalKeluar.is_(None), table.c.tanggalKeluar >= day)
    if report is SHK:
        return table.c.tgllahir >= day
    if report is SHK_HASIL:
        return table.c.tgl_hasil >= day
    return sa.or_(table.c.deleted_at.is_(None), table.c.deleted_at >= since)


def bed_rounds(access: Access, codes: Sequence[str], now: datetime) -> list[Told]:
    """How some hospitals were heard of: one for each that ever sent beds. At most KEPT back, and no message opened."""
    head, each = journal_head.c, bed_round.c
    rounds: dict[str, list[Round]] = {code: [] for code in codes}
    # The last change lies in its round, and every other round before it began earlier than that.
    since = sa.func.coalesce(sa.type_coerce(head.beds_changed, sa.BigInteger), 0) - ROUND
    query = (
        sa.select(each.kode_rs, each.at, each.changed, each.confirmed, each.person)
        .select_from(bed_round.join(journal_head, each.kode_rs == head.kode_rs))
        .where(each.kode_rs.in_(codes), each.at >= now - KEPT, sa.type_coerce(each.at, sa.BigInteger) >= since)
        .order_by(each.kode_rs, each.at)
    )
    for code, *said in access.connection.execute(query):
        rounds[code].append(Round(*said))
    heads = sa.select(head.kode_rs, head.beds_last, head.beds_changed, head.beds_confirmed).where(
        head.kode_rs.in_(codes), head.beds_last.is_not(None)
    )
    return [Told(*said, rounds[said[0]]) for said in access.connection.execute(heads)]


def bed_history(access: Access, codes: Sequence[str], since: datetime) -> list[Row]:
    """What the rooms of some hospitals said from a moment on, with what each had said last before it."""
    table = BED_HISTORY
    own = table.c.kode_rs.in_(codes)
    newest = sa.func.row_number().over(
        partition_by=(table.c.kode_rs, table.c.id_t_tt), order_by=(table.c.at.desc(), table.c.version.desc())
    )
    # A room that nobody touched for a year has gone, whatever it last said; and the search has an end.
    long_ago = since - timedelta(days=366)
    before = sa.select(table, newest.label("place")).where(own, table.c.at < since, table.c.at >= long_ago).subquery()
    held = sa.select(*[before.c[c.name] for c in table.columns]).where(before.c.place == 1)
    later = sa.select(table).where(own, table.c.at >= since)
    return [dict(row) for query in (held, later) for row in access.connection.execute(query).mappings()]


class Head(NamedTuple):
    """Where a hospital's journal stands: the number, the hash and the time of its last line."""

    seq: int
    hash: str
    at: datetime


def head(access: Access, code: str) -> Head | None:
    """The last line of a hospital's journal; None where it has none."""
    same = sa.and_(journal.c.kode_rs == journal_head.c.kode_rs, journal.c.seq == journal_head.c.seq)
    found = access.connection.execute(
        sa.select(journal_head.c.seq, journal_head.c.hash, journal.c.at)
        .select_from(journal_head.join(journal, same))
        .where(journal_head.c.kode_rs == code)
    ).first()
    return None if found is None else Head(found.seq, bytes(found.hash).hex(), found.at)


def month(access: Access, code: str, first: date, last: date) -> dict[str, list[Any]]:
    """The rows of one hospital about the local days from `first` to `last`, by table, in an order of their own.

    Daily kinds by their day, screenings by the day of their sample, bookings by the day of the visit; lists that are
    kept current as they are now. Personal members are not in them.
    """
    found: dict[str, list[Any]] = {}
    for name, report in _REPORTS.items():
        if report is SHK_HASIL:
            continue
        table, closed = table_of(report), shape_of(report).closed
        columns = [c for c in table.columns if c.name not in closed and not isinstance(c.type, sa.LargeBinary)]
        own = [table.c.kode_rs == code]
        if "tanggal" in table.c:
            own.append(table.c.tanggal.between(first, last))
        elif report is SHK:
            own.append(table.c.tgl_ambil_sampel.between(first, last))
        elif report is PASIEN_COVID:
            own += [
                table.c.tanggalMasuk <= last,
                sa.or_(table.c.tanggalKeluar.is_(None), table.c.tanggalKeluar >= first),
            ]
        else:
            own.append(table.c.deleted_at.is_(None))
        query = sa.select(*columns).where(*own).order_by(*table.primary_key.columns)
        found[name] = [dict(row) for row in access.connection.execute(query).mappings()]
    screened, result = table_of(SHK), table_of(SHK_HASIL)
    closed = shape_of(SHK_HASIL).closed
    columns = [c for c in result.columns if c.name not in closed and not isinstance(c.type, sa.LargeBinary)]
    same = sa.and_(result.c.kode_rs == screened.c.kode_rs, result.c.id_shk == screened.c.id_shk)
    found["shk_hasil"] = [
        dict(row)
        for row in access.connection.execute(
            sa.select(*columns)
            .select_from(result.join(screened, same))
            .where(screened.c.kode_rs == code, screened.c.tgl_ambil_sampel.between(first, last))
            .order_by(*result.primary_key.columns)
        ).mappings()
    ]
    booking, task = table_of(ANTRIAN), table_of(ANTRIAN_TASK)
    index = booking.c.kodebooking_index
    visited = (booking.c.kode_rs == code, booking.c.tanggalperiksa.between(first, last))
    joined = sa.and_(task.c.kode_rs == booking.c.kode_rs, task.c.kodebooking_index == index)
    for name, query in (
        ("antrian", sa.select(index, *[booking.c[n] for n in _BOOKING]).where(*visited)),
        (
            "antrian_task",
            sa.select(index, *[task.c[n] for n in _TASK]).select_from(booking.join(task, joined)).where(*visited),
        ),
    ):
        rows = []
        for each in access.connection.execute(query).mappings():
            known = dict(each)
            rows.append({**known, "kodebooking": bytes(known.pop("kodebooking_index")).hex()})
        found[name] = rows
    return found
