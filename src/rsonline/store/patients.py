"""Reads of the patient API: patients in care, their parts, deaths, and what consumers may know of all hospitals.

The hospital is an argument of every read but two, which show no person.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.reports import APD, PASIEN_COVID, TEMPAT_TIDUR
from rsonline.reports.kinds.pasien_covid import PASIEN_KOMORBID, PASIEN_NUMBER
from rsonline.reports.report import Report, Row
from rsonline.store.access import Access
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import table_of
from rsonline.store.schema_login import hospital
from rsonline.store.seal import place

PASIEN = table_of(PASIEN_COVID)
_SHAPE = shape_of(PASIEN_COVID)


class Page(NamedTuple):
    """Rows of one page; `total` counts those of all pages."""

    rows: list[Row]
    total: int


def in_care(access: Access, code: str, norm: str | None, first: int, count: int) -> Page:
    """Patients in care by number, those with one medical record number where it is given."""
    where = [
        PASIEN.c.kode_rs == code,
        PASIEN.c.deleted_at.is_(None),
        PASIEN.c.tanggalKeluar.is_(None),
        *_norm(access, norm),
    ]
    total = access.connection.execute(sa.select(sa.func.count()).select_from(PASIEN).where(*where)).scalar_one()
    query = sa.select(PASIEN).where(*where).order_by(PASIEN.c[PASIEN_NUMBER]).offset(first).limit(count)
    return Page(_with_comorbidity(access, code, [dict(r) for r in access.connection.execute(query).mappings()]), total)


def _norm(access: Access, norm: str | None) -> list[sa.ColumnElement[bool]]:
    if not norm:
        return []
    return [PASIEN.c[column] == value for column, value in condition(PASIEN_COVID, {"noRM": norm}, access.vault)]


def _with_comorbidity(access: Access, code: str, rows: list[Row]) -> list[Row]:
    """The opened rows, `komorbid` 1 where a comorbidity was reported, 0 elsewhere."""
    parts = table_of(PASIEN_KOMORBID)
    numbers = [row[PASIEN_NUMBER] for row in rows]
    query = sa.select(parts.c[PASIEN_NUMBER]).where(
        parts.c.kode_rs == code, parts.c.deleted_at.is_(None), parts.c[PASIEN_NUMBER].in_(numbers)
    )
    have = set(access.connection.execute(query.distinct()).scalars())
    return [_SHAPE.opened(row, access.vault) | {"komorbid": int(row[PASIEN_NUMBER] in have)} for row in rows]


def parts(access: Access, code: str, report: Report[Any], norm: str | None) -> list[Row]:
    """The parts of all patients in care by number, each with its patient's `noRM` and persons."""
    table = table_of(report)
    where = [PASIEN.c.tanggalKeluar.is_(None), *_norm(access, norm)]
    same = sa.and_(PASIEN.c.kode_rs == table.c.kode_rs, PASIEN.c[PASIEN_NUMBER] == table.c[PASIEN_NUMBER])
    query = (
        sa.select(table, PASIEN.c.noRM, PASIEN.c.persons)
        .join_from(table, PASIEN, same)
        .where(table.c.kode_rs == code, table.c.deleted_at.is_(None), PASIEN.c.deleted_at.is_(None), *where)
        .order_by(table.c.id)
    )
    found = []
    for row in access.connection.execute(query).mappings():
        opened = dict(row)
        opened["noRM"] = access.vault.open(row["noRM"], place(PASIEN.name, "noRM", code, [row[PASIEN_NUMBER]]))
        found.append(opened)
    return found


def page_of(access: Access, code: str, report: Report[Any], first: int, count: int) -> Page:
    """A page of a hospital's records by number."""
    table = table_of(report)
    where = [table.c.kode_rs == code, table.c.deleted_at.is_(None)]
    total = access.connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    query = sa.select(table).where(*where).order_by(table.c.id).offset(first).limit(count)
    shape = shape_of(report)
    return Page([shape.opened(dict(r), access.vault) for r in access.connection.execute(query).mappings()], total)


def directory(access: Access, asked: Mapping[str, Any], first: int, count: int) -> Page:
    """Hospitals by name. `asked`: `nama` (a part of it), `kode`, `provinsiId` and `kabKotaId` as a whole."""
    where = [hospital.c.aktif.is_(True), *_asked(asked)]
    total = access.connection.execute(sa.select(sa.func.count()).select_from(hospital).where(*where)).scalar_one()
    query = sa.select(hospital).where(*where).order_by(hospital.c.nama, hospital.c.kode_rs).offset(first).limit(count)
    return Page([dict(r) for r in access.connection.execute(query).mappings()], total)


def beds(access: Access, asked: Mapping[str, Any], first: int, count: int) -> Page:
    """Rooms of all hospitals by hospital and number; `asked` as for the directory, and `since`, a moment."""
    table = table_of(TEMPAT_TIDUR)
    where = [hospital.c.aktif.is_(True), table.c.deleted_at.is_(None), *_asked(asked)]
    if asked.get("since") is not None:
        where += [table.c.updated_at >= asked["since"][0], table.c.updated_at < asked["since"][1]]
    joined = sa.join(table, hospital, table.c.kode_rs == hospital.c.kode_rs)
    total = access.connection.execute(sa.select(sa.func.count()).select_from(joined).where(*where)).scalar_one()
    query = (
        sa.select(table, hospital.c.nama)
        .select_from(joined)
        .where(*where)
        .order_by(table.c.kode_rs, table.c.id_t_tt)
        .offset(first)
        .limit(count)
    )
    return Page([dict(r) for r in access.connection.execute(query).mappings()], total)


def equipment(access: Access, code: str) -> list[Row]:
    """What an active hospital says that it has of each piece of equipment, those left out of which it said nothing."""
    table = table_of(APD)
    query = (
        sa.select(table)
        .join(hospital, table.c.kode_rs == hospital.c.kode_rs)
        .where(hospital.c.aktif.is_(True), table.c.kode_rs == code, table.c.deleted_at.is_(None))
        .where(table.c.jumlah_eksisting.is_not(None))
    )
    return [dict(row) for row in access.connection.execute(query).mappings()]


def _asked(asked: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if asked.get("nama"):
        where.append(hospital.c.nama.icontains(asked["nama"], autoescape=True))
    if asked.get("kode"):
        where.append(hospital.c.kode_rs == asked["kode"])
    if asked.get("provinsiId"):
        where.append(sa.func.substr(hospital.c.kab_kota, 1, 2) == asked["provinsiId"])
    if asked.get("kabKotaId"):
        where.append(hospital.c.kab_kota == asked["kabKotaId"])
    return where
