"""What consumers of the patient API read of all hospitals (pasien-covid 7)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from rsonline.reports import regions
from rsonline.reports.fields import At
from rsonline.reports.verdict import Problem, Refused
from rsonline.store import patients
from rsonline.store.access import Access
from rsonline.store.patients import Page

Item = dict[str, Any]


class Directory(NamedTuple):
    """A read of all hospitals: what its query may hold, what it looks at, how rows are shown."""

    right: str | None
    """What an account needs to be allowed; None: every token may."""
    query: Mapping[str, type] | None
    """Its parameters and their types; None: unknown ones are ignored."""
    bad_query: int
    look: Callable[[Access, Mapping[str, Any], int, int], Page]
    show: Callable[[dict[str, Any], At], Item]
    one: bool = False
    required: str | None = None
    usual: int = 1000
    most: int = 1000


def _region_of(code: str) -> tuple[str, str]:
    """Province and regency of a hospital: its code begins with them."""
    return (code[:2], code[:4]) if code[:4].isdigit() else ("", "")


_HOSPITAL = (
    *("kode", "nama", "jenis", "kelas", "kepemilikan", "statusBLU", "namaPenyelenggara", "luasTanah", "luasBangunan"),
    *("direktur", "alamat", "email", "website", "noSuratIzinOperasional", "tanggalSuratIzinOperasional"),
    *("masaBerlakuSuratIzinOperasional", "pentahapanAkreditasi", "statusAkreditasi", "tanggalAkreditasi"),
    *("masaBerlakuAkreditasi", "layananUnggulan", "simRS", "bankDarah", "provinsiIdKemDagri", "kabKotaIdKemDagri"),
    *("kab_kota", "propinsi", "telepon"),
)
_RUMAHSAKIT = (
    *("kode", "nama", "jenis", "kelas", "telepon", "website", "statusBLU", "noSuratIjinOperasional"),
    *("tanggalSuratIjinOperasional", "direktur", "ketersediaanSIMRS", "luasTanah", "luasBangunan", "kepemilikan"),
    *("urlTarif", "statusValidasiTarif", "alamat", "provinsiId", "provinsiNama", "kabKotaId", "kabKotaNama"),
    *("longitude", "latitude", "statusAktivasi", "urlFotoDepan", "modified_at"),
)


def _hospital(row: dict[str, Any], at: At) -> Item:
    province, regency = _region_of(row["kode_rs"])
    return dict.fromkeys(_HOSPITAL) | {
        "kode": row["kode_rs"],
        "nama": row["nama"],
        "provinsiIdKemDagri": province if regions.province(province) else None,
        "kabKotaIdKemDagri": regency if regions.regency(regency) else None,
        "kab_kota": regions.regency(regency),
        "propinsi": regions.province(province),
    }


def _rumahsakit(row: dict[str, Any], at: At) -> Item:
    province, regency = _region_of(row["kode_rs"])
    return dict.fromkeys(_RUMAHSAKIT) | {
        "kode": row["kode_rs"],
        "nama": row["nama"],
        "provinsiId": province if regions.province(province) else None,
        "provinsiNama": regions.province(province),
        "kabKotaId": regency if regions.regency(regency) else None,
        "kabKotaNama": regions.regency(regency),
        "statusAktivasi": 1,
        "modified_at": row["created_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _bed(row: dict[str, Any], at: At) -> Item:
    entry = at.references["tempat_tidur"].entries.get(row["id_tt"])
    count, taken = row["jumlah"] or 0, row["terpakai"] or 0
    return {
        "rsId": row["kode_rs"],
        "rsNama": row["nama"],
        "tt": entry.nama if entry else None,
        "ruang": row["ruang"],
        "jumlah": count,
        "terpakai": taken,
        "kosong": count - taken,
        "antrian": row["antrian"] or 0,
        "tglUpdate": row["updated_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _find_hospitals(access: Access, asked: Mapping[str, Any], first: int, count: int) -> Page:
    where = {"nama": asked.get("nama"), "kode": asked.get("kode"), "wilayah": _wilayah(asked)}
    if asked.get("pelayanan") or asked.get("aktive", 1) != 1:
        # No hospital reports its services here, and only active ones are listed.
        return Page([], 0)
    return patients.directory(access, where, first, count)


def _wilayah(asked: Mapping[str, Any]) -> str | None:
    for name in ("kabKotaId", "provinsiId"):
        if asked.get(name) not in (None, ""):
            return str(asked[name])
    return None


def _find_beds(access: Access, asked: Mapping[str, Any], first: int, count: int) -> Page:
    where: dict[str, Any] = {"kode": asked.get("rsId"), "wilayah": _wilayah(asked)}
    if asked.get("tanggalUpdate"):
        begin = datetime.combine(asked["tanggalUpdate"], datetime.min.time(), UTC) - timedelta(hours=7)
        where["since"] = (begin, begin + timedelta(days=1))
    return patients.beds(access, where, first, count)


def _nothing(access: Access, asked: Mapping[str, Any], first: int, count: int) -> Page:
    """Staff, equipment and services by name are kept by other registries; no report of this service holds them."""
    return Page([], 0)


_PAGE = {"page": float, "limit": float}
_OF_ONE = {"kode_rs": str, **_PAGE}
DIRECTORIES: Mapping[str, Directory] = {
    "/hospital": Directory(None, None, 400, _find_hospitals, _hospital),
    "/rumahsakit": Directory(
        "rumahsakit",
        {"provinsiId": str, "kabKotaId": str, "nama": str, "pelayanan": str, "aktive": float, **_PAGE},
        400,
        _find_hospitals,
        _rumahsakit,
        most=100,
    ),
    "/rumahsakit/:id": Directory("rumahsakit", {"pelayanan": str}, 400, _find_hospitals, _rumahsakit, one=True),
    "/ketersediaantempattidur": Directory(
        "ketersediaantempattidur",
        {"provinsiId": float, "kabKotaId": float, "rsId": str, "tanggalUpdate": date, **_PAGE},
        404,
        _find_beds,
        _bed,
        usual=100,
        most=100,
    ),
    **{
        f"/{name}": Directory(name, _OF_ONE, 400, _nothing, lambda row, at: row, required="kode_rs")
        for name in ("ketersediaannakes", "ketersediaanalkes", "ketersediaanpelayanan")
    },
}


def read_query(directory: Directory, query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a query by their types. Raises Refused with the first that is wrong."""
    if directory.query is None:
        return dict(query)
    found: dict[str, Any] = {}
    if directory.required and directory.required not in query:
        raise Refused([Problem(member=directory.required, code="required")])
    for name, kind in directory.query.items():
        text = query.get(name)
        if text is None:
            continue
        if kind is float:
            if not text.strip().removeprefix("-").isdecimal():
                raise Refused([Problem(member=name, code="must_be_number")])
            found[name] = int(text)
        elif kind is date:
            try:
                found[name] = date.fromisoformat(text) if len(text) == 10 else date.fromisoformat("")
            except ValueError:
                raise Refused([Problem(member=name, code="not_a_date")]) from None
        else:
            found[name] = text
    for name in query:
        if name not in directory.query:
            raise Refused([Problem(member=name, code="not_allowed")])
    return found
