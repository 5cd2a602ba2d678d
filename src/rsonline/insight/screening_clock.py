"""The clock of each newborn's screening: which step is open, until when, and whether it waits, is late or lost.

Birth → sample at 48–72 h → dispatch → arrival → result → and, where TSH was high, recall → confirmation → treatment.
The guide's records carry days, not hours, and know neither recall nor treatment: those are told by an `Action` that a
person records. Days are the hospital's local days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.places import NATION, Places, Scope, today_of, within
from rsonline.reports.report import Row

Step = Literal["sampel", "kirim", "terima", "hasil", "panggil", "konfirmasi", "obat"]
STEPS: tuple[Step, ...] = ("sampel", "kirim", "terima", "hasil", "panggil", "konfirmasi", "obat")
State = Literal["waiting", "late", "lost", "done", "closed"]
Number = tuple[str, int]
"""What names a record: the hospital's code and `id_shk`."""


class Leg(NamedTuple):
    """A step's time: how many days after it opened it is due, and on which day the alarm rises at each level."""

    days: int
    hospital: int
    regency: int
    province: int


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Configuration. PMK 78/2014 has the 48–72 hours, TSH ≥ 20 µU/mL and treatment in the first two weeks of life;
    all other figures are our defaults.

    legs       by step; the alarm days count from the day on which the step opened
    youngest   the first day of life (birth is 0) on which a sample is in time, by days 48 h at the earliest
    oldest     and the last one, 72 h
    treat_by   the day of life by which treatment should have begun
    lost       days after the due day until a baby counts as lost
    """

    legs: Mapping[Step, Leg] = field(
        default_factory=lambda: {
            "sampel": Leg(1, 2, 4, 8),
            "kirim": Leg(3, 4, 7, 14),
            "terima": Leg(7, 8, 11, 18),
            "hasil": Leg(7, 8, 11, 18),
            # A child that needs treatment is its hospital's business on the very day.
            "panggil": Leg(1, 0, 2, 4),
            "konfirmasi": Leg(3, 2, 4, 6),
            "obat": Leg(1, 0, 2, 3),
        }
    )
    youngest: int = 2
    oldest: int = 3
    treat_by: int = 14
    lost: int = 14


RULES = ClockRules()

UNFIT, TSH = "1", "1"
"""`layak_sampel` of a rejected sample; `jenis_pemeriksaan` of the first test."""
HIGH, POSITIVE, NEGATIVE = "2", "3", "4"
"""`hasil_pemeriksaan`: TSH ≥ 20 µU/mL, and the two results of the confirmation."""


class Action(NamedTuple):
    """What a person recorded about a baby, by one of its records.

    `recalled`: the family was reached; `treated`: treatment began; `arrived`: the laboratory has the sample; `lost`:
    cannot be found; `closed`: followed elsewhere, died, refused. `day` is local, `at` when it was recorded.
    """

    kode_rs: str
    id_shk: int
    kind: Literal["recalled", "treated", "arrived", "lost", "closed"]
    day: date
    at: datetime


class Decision(NamedTuple):
    """What a person said of two records: whether they are of the same baby."""

    first: Number
    second: Number
    same: bool
    at: datetime


class Baby(NamedTuple):
    """One baby and what is known of it; `records` are the rows it is made of, the newest last.

    The days of sample, dispatch, arrival and result are those of the newest sample. `fit` is None where nobody said;
    `high` and `positive` are None without such a result. `heard` is when its oldest row was last received, `learnt`
    when what opened its step was.
    """

    kode_rs: str
    id_shk: int
    records: tuple[Row, ...]
    born: date
    sampled: date | None
    sent: date | None
    arrived: date | None
    known: date | None
    fit: bool | None
    high: bool | None
    high_on: date | None
    recalled: date | None
    positive: bool | None
    confirmed: date | None
    treated: date | None
    ended: Literal["lost", "closed"] | None
    heard: datetime
    learnt: datetime


class Clock(NamedTuple):
    """A baby's open step: `opened` and `due` are local days of its hospital; None where nothing is open any more.

    `over` are the days past due, 0 while in time. `urgent`: TSH was high.
    """

    baby: Baby
    state: State
    step: Step | None
    opened: date | None
    due: date | None
    over: int
    urgent: bool

    @property
    def kode_rs(self) -> str:
        """The hospital that answers for it: that of the newest sample."""
        return self.baby.kode_rs

    @property
    def id_shk(self) -> int:
        """Its newest record."""
        return self.baby.id_shk

    @property
    def heard(self) -> datetime:
        """When its oldest row was last received."""
        return self.baby.heard


def number_of(row: Row) -> Number:
    """What names a record."""
    return row["kode_rs"], row["id_shk"]


def same_baby(records: Sequence[Row], decisions: Iterable[Decision]) -> list[list[Row]]:
    """Records put together as persons decided, the latest word on a pair counting; all others stay alone.

    Two that a person said to differ are never together, not even by way of a third.
    """
    last: dict[frozenset[Number], Decision] = {}
    for decision in sorted(decisions, key=lambda d: d.at):
        last[frozenset((decision.first, decision.second))] = decision
    differ = {pair for pair, decision in last.items() if not decision.same}
    group = {number_of(row): [row] for row in records}
    for decision in last.values():
        if not decision.same or decision.first not in group or decision.second not in group:
            continue
        one, other = group[decision.first], group[decision.second]
        if one is other or any(frozenset((number_of(a), number_of(b))) in differ for a in one for b in other):
            continue
        one.extend(other)
        for row in other:
            group[number_of(row)] = one
    return list({id(some): some for some in group.values()}.values())


def newborn(kode_rs: str, born: date, heard: datetime) -> Baby:
    """A baby that a hospital's register of births knows and of which no sample was reported: its clock runs too."""
    nothing = (None, None, None, None, None, None, None, None, None, None, None, None)
    return Baby(kode_rs, 0, (), born, *nothing, heard, heard)


def babies(
    records: Iterable[Row],
    results: Iterable[Row],
    actions: Iterable[Action],
    decisions: Iterable[Decision],
    places: Places,
    *,
    scope: Scope = NATION,
) -> list[Baby]:
    """The babies of a scope, from rows of `shk` and `shk_hasil`, what persons recorded, and what they put together.

    Rows outside the scope are dropped before anything else: a baby shows nothing of a hospital that its reader may
    not see, even where records were put together.
    """
    living = [r for r in within(records, places, scope) if r["deleted_at"] is None]
    tests: dict[Number, list[Row]] = {}
    for row in results:
        if row["deleted_at"] is None:
            tests.setdefault(number_of(row), []).append(row)
    done: dict[Number, list[Action]] = {}
    for action in actions:
        done.setdefault((action.kode_rs, action.id_shk), []).append(action)
    return [_baby(group, tests, done) for group in same_baby(living, decisions)]


def _baby(group: list[Row], tests: Mapping[Number, Sequence[Row]], done: Mapping[Number, Sequence[Action]]) -> Baby:
    group.sort(key=lambda r: (r["tgl_ambil_sampel"], r["received_at"], r["id_shk"]))
    newest = group[-1]
    all_tests = sorted((t for r in group for t in tests.get(number_of(r), ())), key=_order)
    last_tests = [t for t in all_tests if number_of(t) == number_of(newest)]
    said = sorted((a for r in group for a in done.get(number_of(r), ())), key=lambda a: a.at)
    screened = [t for t in last_tests if t["jenis_pemeriksaan"] == TSH]
    # A high TSH is never argued away: not by a rejected sample, not by a normal result beside it, not by a negative
    # confirmation from before it. Only what follows settles it.
    high = [t for t in all_tests if t["hasil_pemeriksaan"] == HIGH]
    settled = [t for t in all_tests if t["hasil_pemeriksaan"] in (POSITIVE, NEGATIVE)]
    if high and settled and settled[-1]["hasil_pemeriksaan"] == NEGATIVE:
        after = high[-1:] if _order(high[-1]) > _order(settled[-1]) else []
        high, settled = (after, []) if after else (high, settled)
    fitness = [t["layak_sampel"] != UNFIT for t in screened if t["layak_sampel"] is not None]
    called = [a.day for a in said if a.kind == "recalled"]
    if high:
        called = [day for day in called if day >= high[0]["tgl_hasil"]]
        # A later sample means that the family was reached.
        called += [
            r["tgl_ambil_sampel"]
            for r in group
            if number_of(r) != number_of(high[0]) and r["tgl_ambil_sampel"] >= high[0]["tgl_hasil"]
        ]
    elif fitness and not fitness[-1]:
        called = [day for day in called if day >= screened[-1]["tgl_hasil"]]
    else:
        called = []
    treated = [a.day for a in said if a.kind == "treated"]
    # A person's last word counts, and only about what was known when it was said.
    last_high = max((t["received_at"] for t in high), default=None)
    word = said[-1] if said and (last_high is None or said[-1].at >= last_high) else None
    arrivals = [t["tgl_terima"] for t in last_tests if t["tgl_terima"] is not None]
    arrivals += [a.day for a in said if a.kind == "arrived" and (a.kode_rs, a.id_shk) == number_of(newest)]
    told = settled[-1:] or (high[:1] if not called else []) or (screened[-1:] if not called else [])
    return Baby(
        kode_rs=newest["kode_rs"],
        id_shk=newest["id_shk"],
        records=tuple(group),
        born=newest["tgllahir"],
        sampled=newest["tgl_ambil_sampel"],
        sent=newest["tgl_kirim_sampel"],
        arrived=min(arrivals, default=None),
        known=screened[-1]["tgl_hasil"] if screened else None,
        fit=fitness[-1] if fitness else None,
        high=bool(high) if high or screened else None,
        high_on=high[0]["tgl_hasil"] if high else None,
        recalled=min(called, default=None),
        positive=settled[-1]["hasil_pemeriksaan"] == POSITIVE if settled else None,
        confirmed=settled[-1]["tgl_hasil"] if settled else None,
        treated=min(treated, default=None),
        ended=word.kind if word is not None and word.kind in ("lost", "closed") else None,
        heard=min(r["updated_at"] for r in group),
        learnt=(told or [newest])[0]["received_at"],
    )


def _order(test: Row) -> tuple[date, int]:
    return test["tgl_hasil"], test["id_hasil"]


def open_step(baby: Baby, rules: ClockRules = RULES) -> tuple[Step, date] | None:
    """The step that a baby is at and the local day on which it opened; None where all is done."""
    if baby.treated is not None:
        return None
    if baby.positive is not None:
        return ("obat", baby.confirmed or baby.born) if baby.positive else None
    if baby.high:
        return ("konfirmasi", baby.recalled) if baby.recalled is not None else ("panggil", baby.high_on or baby.born)
    if baby.fit is False and baby.known is not None:
        # Called back for another sample, whose record begins its own count.
        return ("sampel", baby.recalled) if baby.recalled is not None else ("panggil", baby.known)
    if baby.sampled is None:
        return "sampel", baby.born + timedelta(days=rules.youngest)
    if baby.sent is None:
        return "kirim", baby.sampled
    if baby.known is None:
        return ("terima", baby.sent) if baby.arrived is None else ("hasil", baby.arrived)
    return None


def due_day(baby: Baby, step: Step, opened: date, rules: ClockRules = RULES) -> date:
    """The last local day on which a step is in time."""
    due = opened + timedelta(days=rules.legs[step].days)
    if step in ("panggil", "konfirmasi", "obat") and baby.high:
        # Two weeks of life come before any leg's own time; what is past that is due at once.
        due = max(opened, min(due, baby.born + timedelta(days=rules.treat_by)))
    return due


def clock(baby: Baby, today: date, rules: ClockRules = RULES) -> Clock:
    """A baby's clock on a local day of its hospital."""
    urgent = bool(baby.high or baby.positive) and baby.treated is None and baby.positive is not False
    found = open_step(baby, rules)
    if baby.ended == "closed" or found is None:
        return Clock(baby, "closed" if baby.ended == "closed" else "done", None, None, None, 0, False)
    step, opened = found
    due = due_day(baby, step, opened, rules)
    over = max((today - due).days, 0)
    state: State = "waiting" if over == 0 else "late" if over <= rules.lost else "lost"
    return Clock(baby, "lost" if baby.ended == "lost" else state, step, opened, due, over, urgent)


def clocks(found: Iterable[Baby], places: Places, now: datetime, rules: ClockRules = RULES) -> list[Clock]:
    """Every baby's clock, each on its own hospital's local day; the most urgent and longest overdue first."""
    ticking = [clock(baby, today_of(baby.kode_rs, places, now), rules) for baby in found]
    return sorted(ticking, key=lambda c: (not c.urgent, -c.over, c.due or date.max, c.kode_rs, c.baby.id_shk))
