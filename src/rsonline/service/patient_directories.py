"""What consumers of the patient API read of all hospitals (pasien-covid 7)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from rsonline.reports import regions
from rsonline.reports.fields import At, Fault
from rsonline.reports.joi import JoiDay, JoiNumber
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
    look: Callable[[Access, Mapping[str, Any], int, int, At], Page]
    show: Callable[[dict[str, Any], At], Item]
    one: bool = False
    required: str | None = None
    empty: bool = False
    """Whether its texts may be empty."""
    usual: int = 1000
    most: int = 1000


def _region_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Province and regency of a hospital."""
    regency = row["kab_kota"] or ""
    return regency[:2], regency


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
    province, regency = _region_of(row)
    return dict.fromkeys(_HOSPITAL) | {
        "kode": row["kode_rs"],
        "nama": row["nama"],
        "provinsiIdKemDagri": province if regions.province(province) else None,
        "kabKotaIdKemDagri": regency if regions.regency(regency) else None,
        "kab_kota": regions.regency(regency),
        "propinsi": regions.province(province),
    }


def _rumahsakit(row: dict[str, Any], at: At) -> Item:
    province, regency = _region_of(row)
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


def _find_by_name(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    return patients.directory(access, {"nama": asked.get("nama")}, first, count)


def _find_one(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    # No hospital reports its services here.
    return Page([], 0) if asked.get("pelayanan") else patients.directory(access, {"kode": asked["kode"]}, first, count)


def _find_hospitals(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    where = {"nama": asked.get("nama"), **_where(asked)}
    if asked.get("pelayanan") or asked.get("aktive", 1) != 1:
        # Only active ones are listed.
        return Page([], 0)
    return patients.directory(access, where, first, count)


def _where(asked: Mapping[str, Any]) -> dict[str, str]:
    """Where a hospital must lie, as codes of regions."""
    return {name: str(asked[name]) for name in ("provinsiId", "kabKotaId") if asked.get(name) not in (None, "")}


def _find_beds(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    where: dict[str, Any] = {"kode": asked.get("rsId"), **_where(asked)}
    if asked.get("tanggalUpdate"):
        begin = datetime.combine(asked["tanggalUpdate"], datetime.min.time(), UTC) - timedelta(hours=7)
        where["since"] = (begin, begin + timedelta(days=1))
    return patients.beds(access, where, first, count)


def _find_equipment(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    """What a hospital says in `apd` that it has, by name."""
    entries = at.references["kebutuhan_apd"].entries

    def name(row: dict[str, Any]) -> str:
        entry = entries.get(row["id_kebutuhan"])
        return entry.nama if entry else ""

    found = [row | {"kebutuhan": name(row)} for row in patients.equipment(access, asked["kode_rs"])]
    found.sort(key=lambda row: (row["kebutuhan"], row["id_kebutuhan"]))
    return Page(found[first : first + count], len(found))


def _equipment(row: dict[str, Any], at: At) -> Item:
    """Of standard, broken pieces and room `apd` says nothing."""
    return {
        "alkes_code": row["id_kebutuhan"],
        "nama": row["kebutuhan"] or None,
        "standar": None,
        "jumlah": row["jumlah_eksisting"],
        "rusak": None,
        "ruang": None,
    }


def _nothing(access: Access, asked: Mapping[str, Any], first: int, count: int, at: At) -> Page:
    """Staff by name and licence, and the services of a hospital: no report holds them (`sdm` counts heads)."""
    return Page([], 0)


_NUMBER, _DAY = JoiNumber(), JoiDay()
_PAGE = {"page": float, "limit": float}
_OF_ONE = {"kode_rs": str, **_PAGE}
DIRECTORIES: Mapping[str, Directory] = {
    "/hospital": Directory(None, None, 400, _find_by_name, _hospital),
    "/rumahsakit": Directory(
        "rumahsakit",
        {"provinsiId": str, "kabKotaId": str, "nama": str, "pelayanan": str, "aktive": float, **_PAGE},
        400,
        _find_hospitals,
        _rumahsakit,
        most=100,
        empty=True,
    ),
    "/rumahsakit/:id": Directory("rumahsakit", None, 400, _find_one, _rumahsakit, one=True),
    "/ketersediaantempattidur": Directory(
        "ketersediaantempattidur",
        {"provinsiId": float, "kabKotaId": float, "rsId": str, "tanggalUpdate": date, **_PAGE},
        404,
        _find_beds,
        _bed,
        usual=100,
        most=100,
    ),
    "/ketersediaanalkes": Directory("ketersediaanalkes", _OF_ONE, 400, _find_equipment, _equipment, required="kode_rs"),
    **{
        f"/{name}": Directory(name, _OF_ONE, 400, _nothing, lambda row, at: row, required="kode_rs")
        for name in ("ketersediaannakes", "ketersediaanpelayanan")
    },
}


def read_query(directory: Directory, query: Mapping[str, str], at: At) -> dict[str, Any]:
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
        try:
            found[name] = _read(kind, name, text, directory.empty, at)
        except Fault as fault:
            raise Refused([Problem(member=name, code=fault.code)]) from None
    for name in query:
        if name not in directory.query:
            raise Refused([Problem(member=name, code="not_allowed")])
    return found


def _read(kind: type, name: str, text: str, empty: bool, at: At) -> object:
    """One parameter as the schema of the bodies reads it. Raises Fault."""
    if kind is float:
        return _NUMBER.read(text, at, [], name)
    if not text and not empty:
        raise Fault("empty")
    return _DAY.sense(text, at) if kind is date else text
