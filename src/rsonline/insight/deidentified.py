"""Data for research and for other programs: rows that say what happened, and of nobody to whom.

What a hospital counts is given as it was reported. Of persons only what an analysis needs is given: lengths of time in
place of days, an age group in place of a birthday, a month, a province; nothing that was typed freely, and no group so
small that who knows one of its members would find them in it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, cast

from rsonline.insight.places import Place, Places
from rsonline.insight.screening_clock import Baby, babies
from rsonline.insight.visits import CANCELLED, STEPS, Visit, visits
from rsonline.reports import APD, NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, SDM, TEMPAT_TIDUR
from rsonline.reports.fields import Count, CubicMetres, Flag, OneOf
from rsonline.reports.report import Member, Report, Row, members
from rsonline.reports.verdict import Words

RULES = 1
"""The version of what is left out and how; it rises with every change."""
FEWEST = 5
"""A group of persons with fewer than this is not given."""
Kind = Literal["text", "whole", "number", "day", "moment", "flag"]
Values = tuple[Any, ...]


class Column(NamedTuple):
    """One column. A `moment` is UTC; a `day` the hospital's local day."""

    name: str
    kind: Kind


class Dataset(NamedTuple):
    """One table. `monthly`: one file a month; otherwise as it is now."""

    name: str
    title: Words
    columns: tuple[Column, ...]
    monthly: bool = True


class Given(NamedTuple):
    """Rows of a dataset, and how many were held back because their group was too small."""

    rows: list[Values]
    held_back: int = 0


def _columns(*texts: str) -> tuple[Column, ...]:
    """`name:kind` as columns."""
    return tuple(Column(name, cast("Kind", kind)) for name, kind in (text.split(":") for text in texts))


def _kind(member: Member) -> Kind:
    match member.kind:
        case Count():
            return "whole"
        case CubicMetres():
            return "number"
        case Flag():
            return "flag"
        case OneOf():
            return "text"
    raise TypeError(member.name)


def _counted(report: Report[Any]) -> list[Member]:
    """The members of a kind that are numbers or choices: never a text, which may say anything."""
    plain = (Count, CubicMetres, Flag, OneOf)
    return [m for m in members(report.record) if m.stored and not m.personal and isinstance(m.kind, plain)]


def _values(report: Report[Any], row: Row) -> Values:
    """What those members say in a row."""
    return tuple(
        bool(row[m.name]) if isinstance(m.kind, Flag) and row[m.name] is not None else row[m.name]
        for m in _counted(report)
    )


def _of(report: Report[Any], *before: str, after: Sequence[str] = ()) -> tuple[Column, ...]:
    own = [Column(m.name, _kind(m)) for m in _counted(report)]
    return (*_columns(*before), *own, *_columns(*after))


DAILY: tuple[Report[Any], ...] = (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)
NEEDS: tuple[Report[Any], ...] = (SDM, APD)
HOSPITALS = Dataset(
    "rumah_sakit",
    Words("Rumah sakit", "Hospitals"),
    _columns("kode_rs:text", "nama:text", "zona:text", "kabkota:text", "provinsi:text"),
    monthly=False,
)
BEDS = Dataset(
    "tempat_tidur",
    Words("Ruang setiap kali isinya berubah", "Each room whenever what it says changed"),
    _of(TEMPAT_TIDUR, "kode_rs:text", "kamar:whole", "pada:moment", after=("dihapus:flag",)),
)
VISITS = Dataset(
    "kunjungan",
    Words("Kunjungan rawat jalan", "Outpatient visits"),
    _columns(
        *("kode_rs:text", "kodepoli:text", "jenispasien:text", "pasienbaru:flag", "jeniskunjungan:text"),
        *("hari:whole", "jam:whole", "batal:flag", *(f"menit_{step}:number" for step in STEPS)),
    ),
)
SCREENINGS = Dataset(
    "skrining",
    Words("Skrining hipotiroid kongenital", "Newborn thyroid screening"),
    _columns(
        *("provinsi:text", "bulan:text", "gender:text", "hari_sampel:whole", "hari_kirim:whole", "hari_terima:whole"),
        *("hari_hasil:whole", "layak:flag", "tsh_tinggi:flag", "positif:flag"),
    ),
)
PATIENTS = Dataset(
    "pasien_covid",
    Words("Pasien COVID-19", "COVID-19 patients"),
    _columns(
        *("provinsi:text", "bulan:text", "kelompok_umur:whole", "jenis_kelamin:text", "keparahan:whole"),
        *("status_rawat:whole", "alat_oksigen:whole", "status_keluar:whole", "hari_rawat:whole"),
    ),
)
DATASETS: tuple[Dataset, ...] = (
    HOSPITALS,
    *(Dataset(r.name, r.title, _of(r, "kode_rs:text", "tanggal:day", after=("diperbarui:moment",))) for r in DAILY),
    *(Dataset(r.name, r.title, _of(r, "kode_rs:text", after=("diperbarui:moment",)), monthly=False) for r in NEEDS),
    BEDS,
    VISITS,
    SCREENINGS,
    PATIENTS,
)


def hospitals(places: Iterable[Place]) -> Given:
    """The hospitals themselves."""
    return Given([(p.kode_rs, p.nama, p.zone.key, p.regency, p.province) for p in places])


def daily(report: Report[Any], rows: Iterable[Row]) -> Given:
    """A daily kind as it was reported; rows that were deleted are not in it."""
    return Given(
        [
            (row["kode_rs"], row["tanggal"], *_values(report, row), row["updated_at"].astimezone(UTC))
            for row in rows
            if row["deleted_at"] is None
        ]
    )


def needs(report: Report[Any], rows: Iterable[Row]) -> Given:
    """Staff or equipment as it stands."""
    return Given([(row["kode_rs"], *_values(report, row), row["updated_at"].astimezone(UTC)) for row in rows])


def beds(history: Iterable[Row], place: Place, last: date) -> Given:
    """What each room said, from what it said when the month began to its last day. Rooms have numbers, not names."""
    over = datetime.combine(last + timedelta(days=1), time(), place.zone)
    return Given(
        [
            (
                row["kode_rs"],
                row["id_t_tt"],
                row["at"].astimezone(UTC),
                *_values(TEMPAT_TIDUR, row),
                bool(row["deleted"]),
            )
            for row in sorted(history, key=lambda r: (r["id_t_tt"], r["at"], r["version"]))
            if row["at"] < over
        ]
    )


def outpatients(bookings: Iterable[Row], tasks: Iterable[Row], places: Places, now: datetime) -> Given:
    """Visits by clinic: weekday (1 is Monday) and hour of the first step, and the minutes from there to each step."""
    seen = [v for v in visits(bookings, tasks, places, now) if not v.deleted]
    return _enough([((v.kode_rs, v.poli), _visit(v)) for v in seen])


def _visit(visit: Visit) -> Values:
    begun, weekday = visit.begun, None if visit.zone_day is None else visit.zone_day.isoweekday()
    after = [
        round((visit.times[step] - begun).total_seconds() / 60, 1) if begun and step in visit.times else None
        for step in STEPS
    ]
    new = None if visit.pasienbaru is None else bool(visit.pasienbaru)
    kinds = (visit.kode_rs, visit.poli, visit.jenispasien, new, visit.jeniskunjungan)
    return (*kinds, weekday, visit.hour, CANCELLED in visit.times, *after)


def screenings(records: Iterable[Row], results: Iterable[Row], places: Places) -> Given:
    """Newborns by the month of their newest sample: the days of life of each step."""
    found = babies(records, results, (), (), places)
    grouped = []
    for baby in found:
        place = places.get(baby.kode_rs)
        if baby.sampled is None or place is None:
            continue
        key = (place.province, f"{baby.sampled:%Y-%m}", baby.records[-1]["gender"])
        grouped.append((key, (*key, *_steps(baby))))
    return _enough(grouped)


def _steps(baby: Baby) -> Values:
    def age(day: date | None) -> int | None:
        return None if day is None else (day - baby.born).days

    return (age(baby.sampled), age(baby.sent), age(baby.arrived), age(baby.known), baby.fit, baby.high, baby.positive)


def patients(rows: Iterable[Row], places: Places, first: date, last: date) -> Given:
    """Who was admitted in a month: group of age, sex, how severe, by what helped, and for how many days in care."""
    grouped = []
    for row in rows:
        place = places.get(row["kode_rs"])
        if place is None or row["deleted_at"] is not None or not first <= row["tanggalMasuk"] <= last:
            continue
        left = row["tanggalKeluar"]
        key = (place.province, f"{first:%Y-%m}", row["kelompokUmurId"], _text(row["jenisKelaminId"]))
        said = tuple(row[n] for n in ("severityLevelId", "statusRawatId", "alatOksigenId", "statusKeluarId"))
        grouped.append((key, (*key, *said, None if left is None else (left - row["tanggalMasuk"]).days)))
    return _enough(grouped)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _enough(grouped: Sequence[tuple[Values, Values]]) -> Given:
    """The rows of groups that are large enough, in an order that says nothing about when they came."""
    size: Mapping[Values, int] = Counter(key for key, _ in grouped)
    kept = [values for key, values in grouped if size[key] >= FEWEST]
    return Given(sorted(kept, key=_order), len(grouped) - len(kept))


def _order(values: Values) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in values]
