"""Whether figures still live: changed, confirmed by a person, merely unchanged, copied by a program, or silent.

Looked at per hospital, not per room: one room may well stay the same for days, all rooms of a hospital hardly. What
a sender posts within a few minutes is one round (`bed_rounds`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, oldest
from rsonline.insight.indicator import Indicator, Tile, median, share, sort_out
from rsonline.insight.places import NATION, Places, Scope
from rsonline.reports.verdict import Words
from rsonline.store.bed_rounds import Told

State = Literal["changed", "confirmed", "unchanged", "copied", "silent", "never"]


@dataclass(frozen=True, slots=True)
class StaleRules:
    """Configuration. The defaults suit beds, which are reported several times a day.

    fresh       how long figures count as lively after they changed or a person confirmed them
    silent      how long without any message until a hospital is silent
    repeats     at least so many identical rounds make a pattern
    tolerance   how far a program's clock may stray from its rhythm
    share       which part of the steps between rounds must keep the rhythm
    """

    fresh: timedelta = timedelta(hours=24)
    silent: timedelta = timedelta(hours=24)
    repeats: int = 6
    tolerance: timedelta = timedelta(minutes=2)
    share: float = 0.8


RULES = StaleRules()


class Standing(NamedTuple):
    """How a hospital's figures stand. `tick` is the green one.

    `changed` and `confirmed` are the last such moments, `heard` the last message of any sort; `repeats` the rounds of
    the last days since the last change that said the same again, `rhythm` the minutes between them where a program
    keeps a beat.
    """

    kode_rs: str
    state: State
    tick: bool
    changed: datetime | None
    confirmed: datetime | None
    heard: datetime | None
    repeats: int
    rhythm: int | None


def rhythm(times: Sequence[datetime], rules: StaleRules = RULES) -> timedelta | None:
    """The step that moments keep, if a program makes them: a fixed distance (or a multiple, where one was missed), or
    the same hours every day. None for what a person's hand would also do.
    """
    if len(times) < rules.repeats:
        return None
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = timedelta(seconds=median([s.total_seconds() for s in steps]) or 0)
    if usual > 2 * rules.tolerance and _part(_keeps(s, usual, rules) for s in steps) >= rules.share:
        return usual
    day = timedelta(days=1)
    later_days = [t for t in times if t - times[0] > day - rules.tolerance]
    # The same hours every day: nearly each moment has one a day before it.
    ordered = sorted(times)
    if len(later_days) >= rules.repeats and _part(_near(t - day, ordered, rules) for t in later_days) >= rules.share:
        return day
    return None


def _near(moment: datetime, ordered: Sequence[datetime], rules: StaleRules) -> bool:
    """Whether one of the moments, which are in order, is about this one."""
    first = bisect_left(ordered, moment - rules.tolerance)
    return first < len(ordered) and ordered[first] <= moment + rules.tolerance


def _keeps(step: timedelta, usual: timedelta, rules: StaleRules) -> bool:
    times = max(round(step / usual), 1)
    return abs(step - times * usual) <= rules.tolerance


def _part(said: Iterable[bool]) -> float:
    found = list(said)
    return sum(found) / len(found) if found else 0.0


def standing(kode_rs: str, told: Told | None, now: datetime, rules: StaleRules = RULES) -> Standing:
    """How one hospital's figures stand at a moment; `told` is None for one that never sent."""
    if told is None or told.last is None:
        return Standing(kode_rs, "never", False, None, None, None, 0, None)
    state: State
    if now - told.last > rules.silent:
        state = "silent"
    elif told.changed is not None and now - told.changed <= rules.fresh:
        state = "changed"
    elif told.confirmed is not None and now - told.confirmed <= rules.fresh:
        state = "confirmed"
    else:
        state = "unchanged"
    same = [r for r in told.rounds if not r.changed and not r.confirmed]
    # The change itself starts the pattern: a program posts it at the same beat as what follows.
    step = rhythm([r.at for r in told.rounds if not r.person], rules)
    if state == "unchanged" and step is not None:
        state = "copied"
    tick = state in ("changed", "confirmed")
    minutes = None if step is None else round(step / timedelta(minutes=1))
    return Standing(kode_rs, state, tick, told.changed, told.confirmed, told.last, len(same), minutes)


def standings(
    said: Iterable[Told], places: Places, now: datetime, *, scope: Scope = NATION, rules: StaleRules = RULES
) -> list[Standing]:
    """The standing of each hospital of a scope, by code; also of those that never sent."""
    known = {told.kode_rs: told for told in said}
    codes = sorted(code for code, place in places.items() if scope.holds(place))
    return [standing(code, known.get(code), now, rules) for code in codes]


def until(found: Iterable[Standing], now: datetime, rules: StaleRules = RULES) -> datetime | None:
    """The next moment at which one of them stands otherwise although nobody sends; None where that never comes."""
    ends = [
        moment + lasting
        for one in found
        for moment, lasting in ((one.heard, rules.silent), (one.changed, rules.fresh), (one.confirmed, rules.fresh))
        if moment is not None
    ]
    return min((end for end in ends if end >= now), default=None)


# ---- tiles

SOURCE = Words("Definisi sendiri, dari jurnal pesan", "Own definition, from the journal of messages")
NEVER = Words("Belum pernah mengirim", "Never sent anything")
LIVELY = Indicator(
    name="data_hidup",
    title=Words("Rumah sakit dengan data hidup", "Hospitals whose figures live"),
    formula=Words(
        "Rumah sakit dengan centang hijau ÷ rumah sakit yang pernah mengirim × 100; centang: berubah atau dikonfirmasi "
        "orang dalam batas waktu",
        "Hospitals with a green tick ÷ hospitals that ever sent × 100; tick: changed, or confirmed by a person, within "
        "the limit",
    ),
    version=1,
    source=SOURCE,
    unit=Words("%", "%"),
    reasons={"never": NEVER},
)
NOT_THIS = Words("Keadaannya lain", "It stands otherwise")


def _counting(name: str, title: Words, formula: Words) -> Indicator:
    return Indicator(
        name=name,
        title=title,
        formula=formula,
        version=1,
        source=SOURCE,
        unit=Words("rumah sakit", "hospitals"),
        reasons={"other": NOT_THIS, "never": NEVER},
    )


COUNTED: Mapping[State, Indicator] = {
    "changed": _counting(
        "data_berubah",
        Words("Data berubah", "Figures that changed"),
        Words("Ada nilai yang berubah dalam batas waktu", "Some value changed within the limit"),
    ),
    "confirmed": _counting(
        "data_dikonfirmasi",
        Words("Data tetap, dikonfirmasi orang", "Unchanged, confirmed by a person"),
        Words(
            "Tidak berubah; seseorang memeriksa di halaman web dan menyatakan tetap dalam batas waktu",
            "Nothing changed; somebody looked at it in the web pages and said so within the limit",
        ),
    ),
    "unchanged": _counting(
        "data_tetap",
        Words("Data tetap tanpa konfirmasi", "Unchanged, confirmed by nobody"),
        Words(
            "Masih mengirim, tidak berubah lebih lama dari batas, tanpa irama program",
            "Still sends, unchanged for longer than the limit, without the rhythm of a program",
        ),
    ),
    "copied": _counting(
        "data_disalin",
        Words("Data disalin program", "Copied by a program"),
        Words(
            "Tidak berubah lebih lama dari batas, dan program mengirim nilai yang sama dengan irama tetap",
            "Unchanged for longer than the limit, and a program posts the same at a fixed rhythm",
        ),
    ),
    "silent": _counting(
        "data_diam",
        Words("Tidak ada kabar", "Silent"),
        Words("Tidak ada pesan lebih lama dari batas", "No message for longer than the limit"),
    ),
}
INDICATORS = (LIVELY, *COUNTED.values())


def lively(found: Iterable[Standing], now: datetime) -> Tile[Standing]:
    """Hospitals with a green tick in percent of those that ever sent."""
    included, excluded = sort_out(found, lambda s: "never" if s.state == "never" else None)
    ticks = sum(s.tick for s in included)
    parts = {"centang": ticks, "rumah_sakit": len(included)}
    return Tile(LIVELY, share(ticks, len(included)), included, excluded, now, oldest(included), parts)


def standing_as(state: State, found: Iterable[Standing], now: datetime) -> Tile[Standing]:
    """The hospitals that stand in one way. Raises KeyError for `never`, which is a reason and not a tile."""
    return count(
        COUNTED[state],
        found,
        lambda s: None if s.state == state else "never" if s.state == "never" else "other",
        now,
    )
