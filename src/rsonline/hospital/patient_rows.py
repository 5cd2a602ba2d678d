"""Records of the patient API by names and texts, as a file holds them: a row → a body, and how it is known again.

A file may be flat (a spreadsheet: one column for each member) or nested as the API's own body is (`gejala`). What the
service works out itself is left out; what may say nothing and is not there is null.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from rsonline.hospital import patient_wire as wire
from rsonline.hospital.outcome import Refused
from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS, joi
from rsonline.reports.fields import At
from rsonline.reports.joi import JoiNumber
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, StatusKeluar
from rsonline.reports.report import Numbered, Report, members
from rsonline.reports.verdict import ReportWarning, Words

DISCHARGE: Final = Report(
    name="pasien_statuskeluar",
    title=Words("Status keluar pasien", "Discharges"),
    path=wire.DISCHARGE,
    root="data",
    record=StatusKeluar,
    identity=Numbered(PASIEN_NUMBER, (PASIEN_NUMBER,)),
    guide="III.A",
)
"""A discharge as a kind of its own: it can be sent, but neither listed nor removed (3.6)."""
KINDS: Final[Mapping[str, Report[Any]]] = {report.name: report for report in (*PATIENT_REPORTS, DISCHARGE)}
"""What the command line can send to the patient API, by name."""
PERSONAL: Final = frozenset(
    m.name for report in (PASIEN_COVID, KEMATIAN) for m in members(report.record) if m.personal
) | {"tanggalLahir"}
"""The members of shown rows that identify a person, also where a part repeats them (`noRM`)."""
_KNOWN_BY: Mapping[str, tuple[str, ...]] = {
    # `dirawat` is the service's own; the record number is what a hospital looks for.
    PASIEN_COVID.name: ("noRM", "tanggalMasuk"),
    KEMATIAN.name: ("nik", "tanggal_kematian"),
}


class Sent(NamedTuple):
    """A row as it is sent: the body, the service's number where the row names one, and what looks odd."""

    body: dict[str, object]
    values: dict[str, Any]
    number: str | None
    warnings: tuple[ReportWarning, ...]


def read(report: Report[Any], said: Mapping[str, object], at: At) -> Sent | Refused:
    """A row by the service's own verdict: what is to be sent of it, or the first problem."""
    number = number_of(report, said)
    again = number is not None
    body = _spread(report, said, again=again)
    verdict = wire.checked(report.record, body, at, again=again)
    if isinstance(verdict, Refused):
        return verdict
    left_out = wire.fixed(report.record) if again else ()
    values = joi.read(report.record, body, at, leave_out=left_out).values
    return Sent(wire.nested(report.record, values, left_out), values, number, verdict)


def number_of(report: Report[Any], said: Mapping[str, object]) -> str | None:
    """The service's number of the record; None for a new one, and where the number is a member like others."""
    identity = report.identity
    name = identity.number if isinstance(identity, Numbered) else ""
    if any(m.name == name for m in members(report.record)):
        return None
    text = _text(said.get(name)).strip()
    return text or None


def _spread(report: Report[Any], said: Mapping[str, object], *, again: bool) -> dict[str, object]:
    """What a row says, as the API's body; names that it does not know stay, for the verdict to name them."""
    record = report.record
    known = {m.name: m for m in members(record)}
    groups = {m.within for m in known.values() if m.within is not None}
    flat: dict[str, object] = {}
    for name, value in said.items():
        if name in groups and isinstance(value, Mapping):
            flat |= value
        else:
            flat[name] = value
    identity = report.identity
    own = {m.name for m in known.values() if m.own} | {identity.number if isinstance(identity, Numbered) else ""}
    left_out = {*wire.fixed(record)} if again else set()
    values: dict[str, object] = {name: v for name, v in flat.items() if name not in known and name not in own}
    for name, m in known.items():
        if m.own or name in left_out:
            continue
        value = flat.get(name)
        empty = value is None or (isinstance(value, str) and not value.strip())
        if empty and getattr(m.kind, "nullable", False):
            values[name] = None
        elif not empty:
            values[name] = value.strip() if isinstance(value, str) else _as(m.kind, value)
    return wire.nested(record, values, tuple(left_out))


def _as(kind: Any, value: object) -> object:
    """A number of a spreadsheet as text where the API takes text only."""
    if isinstance(kind, JoiNumber) or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# ---- known again


def called(report: Report[Any], said: Mapping[str, object]) -> str:
    """Which record a row is, for a person's eyes; of what identifies a person only the end is shown."""
    identity = report.identity
    names = _KNOWN_BY.get(report.name) or (identity.recognised_by if isinstance(identity, Numbered) else ())
    parts = []
    for name in names:
        text = _text(said.get(name)).strip()
        parts.append(f"{name}={'…' + text[-3:] if name in PERSONAL and text else text}")
    return ", ".join(parts)


def numbers(report: Report[Any], values: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], at: At) -> list[str]:
    """The service's numbers of the rows of a list that say what a record says, as far as a list shows it."""
    wanted = _told(report, values)
    return [str(row["id"]) for row in rows if row.get("id") is not None and _shown(report, row, at) == wanted]


def _told(report: Report[Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    """What a record says of itself in a list, in the order of `_shown`."""
    return tuple(_folded(values.get(name)) for name in _SHOWN[report.name])


def _shown(report: Report[Any], row: Mapping[str, Any], at: At) -> tuple[str, ...]:
    found = []
    for name, path in _SHOWN[report.name].items():
        value: Any = row
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        found.append(_folded(_day(value, at) if name.startswith("tanggal") else value))
    return tuple(found)


def _day(value: object, at: At) -> object:
    """A day; the ministry's service gives the day of a test as the moment at which it began (3.5)."""
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value).astimezone(at.zone).date()
        except ValueError:
            return value
    return value


def _folded(value: object) -> str:
    """Ids come as numbers or as text (2.2): as text they are alike."""
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(_text(value).split()).casefold()


_SHOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pasien_covid": {
        "noRM": ("noRM",),
        "namaInisialPasien": ("namaInisialPasien",),
        "tanggalLahir": ("tanggalLahir",),
        "tanggalMasuk": ("tanggalMasuk",),
    },
    "pasien_diagnosa": {
        PASIEN_NUMBER: (PASIEN_NUMBER,),
        "diagnosaId": ("icd",),
        "diagnosaLevelId": ("diagnosa", "diagnosaLevelId"),
    },
    "pasien_komorbid": {PASIEN_NUMBER: (PASIEN_NUMBER,), "komorbidId": ("icd",)},
    "pasien_terapi": {
        PASIEN_NUMBER: (PASIEN_NUMBER,),
        "terapiId": ("terapi", "terapiId"),
        "jumlahTerapi": ("jumlah",),
    },
    "pasien_vaksinasi": {
        PASIEN_NUMBER: (PASIEN_NUMBER,),
        "dosisVaksinId": ("dosisVaksin", "id"),
        "jenisVaksinId": ("jenisVaksin", "id"),
    },
    "pasien_pemeriksaanlab": {
        PASIEN_NUMBER: (PASIEN_NUMBER,),
        "jenisPemeriksaanLabId": ("jenisPemeriksaanLab", "jenisPemeriksaanLabId"),
        "hasilPemeriksaanLabId": ("hasilPemeriksaanLab", "hasilPemeriksaanLabId"),
        "tanggalHasilPemeriksaanLab": ("tanggalHasilPemeriksaanLab",),
    },
    "kematian": {
        "nik": ("nik",),
        "tanggal_masuk": ("tanggal_masuk",),
        "tanggal_kematian": ("tanggal_kematian",),
        "saturasi_oksigen": ("saturasi_oksigen",),
        "penyebab_kematian_langsung_id": ("penyebab_kematian_langsung_id",),
    },
}
"""Where a list shows a member, by kind; lists do not give back all that was sent (2.2, 3.1 to 3.5, 6.1)."""
