"""Outpatient visits: each booking with the times of its steps, and on which reading of them it says nothing.

Rows are those of `antrian` (one booking) and `antrian_task` (one step of it, guide V). Who the patient was is not
looked at. Days and hours are the hospital's local ones.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.places import NATION, Places, Scope, code_at, local_day, province_zone, within
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

STEPS = ("1", "2", "3", "4", "5", "6", "7")
CANCELLED = "99"
Span = tuple[str, str]
"""Two steps: the time from the first to the second."""
CLINIC: Span = ("3", "4")
STAY: Span = ("1", "7")
SEGMENTS: tuple[Span, ...] = (("1", "2"), ("2", "3"), ("3", "4"), ("4", "5"), ("5", "6"), ("6", "7"))
CLOCKS = timedelta(minutes=5)
"""So far ahead of ours may a hospital's clock be, as the intake has it."""


@dataclass(frozen=True, slots=True)
class WaitingRules:
    """Configuration. The target is public; how it is read from the steps of the guide is ours.

    begins     the steps that may begin the national reading, the first one that was sent: the contact with the
               registration is step 2; where a hospital sends no steps 1 and 2 it is the end of it, step 3
    ends       the step that ends it, the contact with the doctor
    target     minutes within which a patient of the national reading should be seen
    goal       percent of patients for whom the target should be kept
    targets    minutes for other readings; nothing public names any
    longest    what takes longer than this is no visit but a slip
    polis      clinics (kodepoli) that the national reading leaves out
    words      and those whose name (namapoli) has one of these words
    late       who arrives so much later than the estimated service (estimasidilayani) is left out; None: nobody
    """

    begins: tuple[str, ...] = ("2", "3")
    ends: str = "4"
    target: float = 60
    goal: float = 80
    targets: Mapping[Span, float] = field(default_factory=dict)
    longest: timedelta = timedelta(days=1)
    polis: frozenset[str] = frozenset({"GIG", "MCU"})
    words: tuple[str, ...] = ("gigi", "mcu", "medical check up", "medical checkup")
    late: timedelta | None = timedelta(minutes=60)


RULES = WaitingRules()


class Visit(NamedTuple):
    """One booking. `times` are the times of its steps, `arrived` when each of them was first received; both by step.

    `heard` is when anything of it was last received, `zone_day` the local day of its first step.
    """

    kode_rs: str
    kodebooking: str
    poli: str
    namapoli: str | None
    dokter: str | None
    jenispasien: str
    pasienbaru: int | None
    jeniskunjungan: str | None
    day: date
    estimated: datetime | None
    times: Mapping[str, datetime]
    arrived: Mapping[str, datetime]
    deleted: bool
    today: date
    zone_day: date | None
    hour: int | None
    heard: datetime

    @property
    def begun(self) -> datetime | None:
        """The earliest time of a step; None where none was sent."""
        return min((at for step, at in self.times.items() if step != CANCELLED), default=None)


def visits(
    bookings: Iterable[Row], tasks: Iterable[Row], places: Places, now: datetime, *, scope: Scope = NATION
) -> list[Visit]:
    """One visit per booking of a scope, in the order of the bookings. Times of bookings that are not given are dropped.

    Whoever asks for the bookings of a day brings the tasks of those bookings, whenever they came.
    """
    marks: dict[tuple[str, str], list[Row]] = {}
    for task in tasks:
        if task["deleted_at"] is None:
            marks.setdefault((task["kode_rs"], task["kodebooking"]), []).append(task)
    return [
        _visit(row, marks.get((row["kode_rs"], row["kodebooking"]), ()), places, now)
        for row in within(bookings, places, scope)
    ]


def _visit(row: Row, marks: Iterable[Row], places: Places, now: datetime) -> Visit:
    found = list(marks)
    place = places.get(row["kode_rs"])
    zone = province_zone(None) if place is None else place.zone
    begun = min((m["waktu"] for m in found if m["taskid"] != CANCELLED), default=None)
    return Visit(
        kode_rs=row["kode_rs"],
        kodebooking=row["kodebooking"],
        poli=row["kodepoli"],
        namapoli=row["namapoli"],
        dokter=row["kodedokter"],
        jenispasien=row["jenispasien"],
        pasienbaru=row["pasienbaru"],
        jeniskunjungan=row["jeniskunjungan"],
        day=row["tanggalperiksa"],
        estimated=row["estimasidilayani"],
        times={m["taskid"]: m["waktu"] for m in found},
        arrived={m["taskid"]: m["received_at"] for m in found},
        deleted=row["deleted_at"] is not None,
        today=local_day(now, zone),
        zone_day=None if begun is None else local_day(begun, zone),
        hour=None if begun is None else begun.astimezone(zone).hour,
        heard=max(r["updated_at"] for r in (row, *found)),
    )


# ---- what a visit says nothing about

REASONS: Mapping[str, Words] = {
    "deleted": Words("Booking sudah dihapus", "The booking was deleted"),
    "cancelled": Words("Tidak hadir atau batal (task 99)", "Absent or cancelled (task 99)"),
    "future": Words("Tanggal periksa belum tiba", "The day of the visit is still to come"),
    "no_steps": Words("Tidak ada waktu sama sekali", "No times at all"),
    "no_begin": Words("Waktu awal tidak dikirim", "The time of the beginning was not sent"),
    "no_end": Words("Waktu akhir tidak dikirim", "The time of the end was not sent"),
    "not_yet": Words("Hari ini, belum sampai di situ", "Today, not that far yet"),
    "ahead": Words("Waktu belum tiba", "A time that is still to come"),
    "out_of_order": Words("Urutan waktu terbalik", "Times out of order"),
    "other_day": Words("Waktu bukan dari tanggal periksa", "Times of another day than the visit's"),
    "zero": Words("Lamanya nol", "It took no time at all"),
    "too_long": Words("Lebih lama dari satu hari", "Longer than a day"),
}
LEFT_OUT: Mapping[str, Words] = {
    "clinic": Words("Poli tidak termasuk (gigi, medical check up)", "A clinic left out (dental, medical check-up)"),
    "came_late": Words(
        "Datang lebih dari 60 menit sesudah perkiraan dilayani", "Came over 60 minutes after the estimated service"
    ),
}
"""What the national reading leaves out besides."""


def ends_of(visit: Visit, span: Span | None, rules: WaitingRules = RULES) -> tuple[str | None, str]:
    """The steps that begin and end a reading (None: the national one); without a beginning where none was sent."""
    if span is not None:
        return (span[0] if span[0] in visit.times else None), span[1]
    return next((step for step in rules.begins if step in visit.times), None), rules.ends


def minutes(visit: Visit, span: Span | None, rules: WaitingRules = RULES) -> float:
    """How many minutes a reading of a visit is. Raises KeyError where `without` has a reason for a missing step."""
    begin, end = ends_of(visit, span, rules)
    return (visit.times[end] - visit.times[begin or ""]).total_seconds() / 60


def without(visit: Visit, span: Span | None, now: datetime, rules: WaitingRules = RULES) -> str | None:
    """Why a visit says nothing on a reading (None: the national one): a key of REASONS or LEFT_OUT; None if it does."""
    if visit.deleted:
        return "deleted"
    if CANCELLED in visit.times:
        return "cancelled"
    if visit.day > visit.today:
        return "future"
    if span is None:
        left_out = _left_out(visit, rules)
        if left_out is not None:
            return left_out
    begin, end = ends_of(visit, span, rules)
    if begin is None or end not in visit.times:
        return _missing(visit, begin)
    between = [visit.times[s] for s in STEPS if s in visit.times and _from(begin, s) and _from(s, end)]
    if max(between) > now + CLOCKS:
        return "ahead"
    if between != sorted(between):
        return "out_of_order"
    if visit.zone_day != visit.day:
        return "other_day"
    took = visit.times[end] - visit.times[begin]
    if not took:
        return "zero"
    return "too_long" if took > rules.longest else None


def _missing(visit: Visit, begin: str | None) -> str:
    if visit.day == visit.today:
        return "not_yet"
    if visit.begun is None:
        return "no_steps"
    return "no_begin" if begin is None else "no_end"


def _from(step: str, other: str) -> bool:
    """Whether a step comes before another one, or is it."""
    return STEPS.index(step) <= STEPS.index(other)


def _left_out(visit: Visit, rules: WaitingRules) -> str | None:
    name = f" {(visit.namapoli or '').casefold()} "
    if visit.poli.upper() in rules.polis or any(f" {word} " in name for word in rules.words):
        return "clinic"
    # Only the patient's own coming counts: that a doctor was late must never take a visit away.
    came = next((visit.times[s] for s in ("1", "2", "3") if s in visit.times), None)
    if (
        rules.late is not None
        and came is not None
        and visit.estimated is not None
        and came > visit.estimated + rules.late
    ):
        return "came_late"
    return None


# ---- groups

By = Literal["poli", "dokter", "hour", "jenispasien", "pasienbaru", "jeniskunjungan", "hospital", "regency", "province"]


def grouped_by(by: By, found: Iterable[Visit], places: Places) -> dict[str, list[Visit]]:
    """Visits by clinic, doctor, local hour of the first step (`07`), patient or place, in the order of the codes.

    Every visit is in exactly one group; "" is of those of which it is not known.
    """
    groups: dict[str, list[Visit]] = {}
    for visit in found:
        groups.setdefault(_KEYS[by](visit, places), []).append(visit)
    return dict(sorted(groups.items()))


def _text(value: object) -> str:
    return "" if value is None else str(value)


_KEYS: Mapping[By, Callable[[Visit, Places], str]] = {
    "poli": lambda visit, _: visit.poli,
    "dokter": lambda visit, _: _text(visit.dokter),
    "hour": lambda visit, _: "" if visit.hour is None else f"{visit.hour:02}",
    "jenispasien": lambda visit, _: visit.jenispasien,
    "pasienbaru": lambda visit, _: _text(visit.pasienbaru),
    "jeniskunjungan": lambda visit, _: _text(visit.jeniskunjungan),
    "hospital": lambda visit, places: code_at("hospital", places.get(visit.kode_rs)),
    "regency": lambda visit, places: code_at("regency", places.get(visit.kode_rs)),
    "province": lambda visit, places: code_at("province", places.get(visit.kode_rs)),
}
