"""Whether the times of a clinic's day look measured, or made up: by chance, by a fixed step, by memory, or all at once.

One clinic day (a hospital, a clinic, a day) is judged by the time between one step and the next of all its patients.
What comes out is a reason to ask, never a proof: each finding names its evidence, and a day with too few gaps to tell
is said to be so.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, oldest
from rsonline.insight.indicator import Indicator, Tile, median, share, sort_out
from rsonline.insight.visits import CANCELLED, SEGMENTS, STEPS, Visit
from rsonline.reports.verdict import Words

Kind = Literal["random", "fixed", "batch", "round"]
KINDS: tuple[Kind, ...] = ("random", "fixed", "batch", "round")
State = Literal["odd", "plausible", "too_small", "not_over"]


@dataclass(frozen=True, slots=True)
class HonestRules:
    """Configuration. The defaults come from simulated days; what they find and miss stands in docs/indikator.

    fewest     so many gaps of one sort are looked at; fewer tell nothing
    enough     with so many gaps in all a day without a finding is called plausible, with fewer too small to tell
    odds       by chance: how many times likelier even chance between two bounds must be than a queue
    whole      by chance: which part of the gaps are whole minutes although the times have seconds
    fixed      fixed: which part of the gaps lie in one narrow window, beyond `slack` ÷ gaps
    slack      fixed: what few gaps may have more, since some always lie close together
    window     fixed: how wide that window is at most, and (`near`) of its gap
    near       fixed: see `window`
    least      fixed: gaps shorter than this many minutes are short for everybody
    round      round: which part of the times are full five minutes
    marks      round and batch: so many times are needed
    together   batch: within this time nearly all (`nearly`) of the day was received
    nearly     batch: see `together`
    delay      batch: and that so long after the middle one happened
    """

    fewest: int = 5
    enough: int = 80
    odds: float = 2000
    whole: float = 0.5
    fixed: float = 0.27
    slack: float = 6
    window: float = 1.0
    near: float = 0.1
    least: float = 3
    round: float = 0.75
    marks: int = 15
    together: timedelta = timedelta(minutes=15)
    nearly: float = 0.9
    delay: timedelta = timedelta(hours=1)


RULES = HonestRules()


class ClinicDay(NamedTuple):
    """One clinic day. `kinds` are what it looks like; `evidence` are the figures behind, by their Indonesian names."""

    kode_rs: str
    poli: str
    day: date
    state: State
    kinds: tuple[Kind, ...]
    patients: int
    gaps: int
    evidence: Mapping[str, float]
    heard: datetime


def clinic_days(found: Iterable[Visit], rules: HonestRules = RULES) -> list[ClinicDay]:
    """The clinic days of some visits, by hospital, clinic and day. Deleted and cancelled visits tell nothing."""
    days: dict[tuple[str, str, date], list[Visit]] = {}
    for visit in found:
        days.setdefault((visit.kode_rs, visit.poli, visit.day), []).append(visit)
    return [judge(some, rules) for _, some in sorted(days.items())]


def judge(found: Sequence[Visit], rules: HonestRules = RULES) -> ClinicDay:
    """The verdict on one clinic day. Raises IndexError without a visit."""
    first = found[0]
    counted = [v for v in found if not v.deleted and CANCELLED not in v.times]
    gaps = gaps_of(counted, rules)
    many = sum(map(len, gaps.values()))
    evidence: dict[str, float] = {"jeda": many}
    kinds = [
        kind
        for kind, looks in (
            ("random", _by_chance(counted, gaps, evidence, rules)),
            ("fixed", _fixed(gaps, evidence, rules)),
            ("batch", _batch(counted, evidence, rules)),
            ("round", _round(counted, evidence, rules)),
        )
        if looks
    ]
    state: State = "odd" if kinds else "plausible" if many >= rules.enough else "too_small"
    if first.day >= first.today:
        state, kinds = "not_over", []
    heard = max(v.heard for v in found)
    named = tuple(kind for kind in KINDS if kind in kinds)
    return ClinicDay(first.kode_rs, first.poli, first.day, state, named, len(counted), many, evidence, heard)


def gaps_of(found: Iterable[Visit], rules: HonestRules = RULES) -> dict[tuple[str, str], list[float]]:
    """Minutes between neighbouring steps, by those steps, in the order in which they began. None is not a gap."""
    gaps: dict[tuple[str, str], list[float]] = {}
    some = list(found)
    for begin, end in SEGMENTS:
        both = sorted((v.times[begin], v.times[end]) for v in some if begin in v.times and end in v.times)
        took = [(later - earlier).total_seconds() / 60 for earlier, later in both if later > earlier]
        if len(took) >= rules.fewest:
            gaps[begin, end] = took
    return gaps


# ---- by chance


def likelier(gaps: Sequence[float], grain: float) -> float:
    """By how much likelier (natural logarithm) even chance between two bounds is than people in a queue.

    Chance: a uniform distribution, its bounds widened by what a sample of this size falls short of them. People: a
    log-normal one, in which a patient's gap follows the one before. `grain` is the precision in minutes.
    """
    n = len(gaps)
    chance = -n * math.log((max(gaps) - min(gaps)) * (n + 1) / (n - 1) + grain)
    # Half a minute more keeps very short waits from looking like a world of their own.
    logs = [math.log(gap + 0.5) for gap in gaps]
    mean = sum(logs) / n
    spread = max(sum((x - mean) ** 2 for x in logs) / n, 1e-6)
    follows = sum((x - mean) * (y - mean) for x, y in pairwise(logs)) / n / spread
    people = -n / 2 * math.log(2 * math.pi * math.e * spread) - sum(logs)
    if follows > 0:
        people -= n / 2 * math.log(1 - follows**2)
    return chance - people


def _by_chance(
    found: Sequence[Visit],
    gaps: Mapping[tuple[str, str], Sequence[float]],
    evidence: dict[str, float],
    rules: HonestRules,
) -> bool:
    times = [at for v in found for step, at in v.times.items() if step in STEPS]
    grain = 1.0 if sum(at.second == 0 for at in times) >= 0.9 * len(times) else 1 / 60
    each = sum(likelier(some, grain) for some in gaps.values())
    # A program often draws all its gaps from the same range; people never take as long for everything.
    pooled = likelier([gap for some in gaps.values() for gap in some], grain) if gaps else 0.0
    evidence["log_acak"] = max(each, pooled)
    between = [pair for v in found for pair in pairwise(v.times[s] for s in STEPS if s in v.times)]
    between = [(a, b) for a, b in between if a.second or b.second]
    whole = sum((b - a) % timedelta(minutes=1) == timedelta(0) for a, b in between)
    part = whole / len(between) if len(between) >= rules.marks else 0.0
    evidence["menit_utuh"] = part
    return evidence["log_acak"] >= math.log(rules.odds) or part >= rules.whole


# ---- by a fixed step


def densest(gaps: Sequence[float], rules: HonestRules = RULES) -> int:
    """How many gaps lie in the fullest narrow window."""
    ordered = sorted(gaps)
    best, end = 0, 0
    for start, gap in enumerate(ordered):
        upper = gap + min(rules.window, rules.near * gap)
        while end < len(ordered) and ordered[end] <= upper:
            end += 1
        best = max(best, end - start)
    return best


def _fixed(gaps: Mapping[tuple[str, str], Sequence[float]], evidence: dict[str, float], rules: HonestRules) -> bool:
    long = [[gap for gap in some if gap >= rules.least] for some in gaps.values()]
    long = [some for some in long if len(some) >= rules.fewest]
    many = sum(map(len, long))
    evidence["jeda_serupa"] = sum(densest(some, rules) for some in long) / many if many else 0.0
    return bool(many) and evidence["jeda_serupa"] >= rules.fixed + rules.slack / many


# ---- all at once, and from memory


def _batch(found: Sequence[Visit], evidence: dict[str, float], rules: HonestRules) -> bool:
    marks = sorted((v.arrived[s], at) for v in found for s, at in v.times.items() if s in STEPS)
    if len(marks) < rules.marks:
        return False
    came, happened = [c for c, _ in marks], [at for _, at in marks]
    best = end = 0
    for start, at in enumerate(came):
        while end < len(came) and came[end] <= at + rules.together:
            end += 1
        best = max(best, end - start)
    delay = median([(c - at).total_seconds() for c, at in marks]) or 0.0
    evidence["sekaligus"], evidence["jam_sesudahnya"] = best / len(marks), delay / 3600
    # Where all happened within one such time there was nothing to tell earlier.
    long = max(happened) - min(happened) > rules.together
    return long and evidence["sekaligus"] >= rules.nearly and delay >= rules.delay.total_seconds()


def _round(found: Sequence[Visit], evidence: dict[str, float], rules: HonestRules) -> bool:
    times = [at for v in found for step, at in v.times.items() if step in STEPS]
    if len(times) < rules.marks:
        return False
    evidence["lima_menit"] = sum(at.second == 0 and at.minute % 5 == 0 for at in times) / len(times)
    return evidence["lima_menit"] >= rules.round


# ---- tiles

SOURCE = Words(
    "Definisi sendiri, dari waktu task dan waktu diterimanya", "Own definition, from steps and their receipt"
)
TOO_SMALL = Words("Terlalu sedikit untuk dinilai", "Too little to tell")
NOT_OVER = Words("Harinya belum selesai", "The day is not over")
DAYS = Words("hari poli", "clinic days")
ODD = Indicator(
    name="waktu_patut_ditanyakan",
    title=Words("Hari poli yang waktunya patut ditanyakan", "Clinic days whose times call for a question"),
    formula=Words(
        "Hari poli dengan sekurang-kurangnya satu tanda (acak, tetap, sekaligus, bulat) ÷ hari poli yang dapat "
        "dinilai × 100",
        "Clinic days with at least one sign (random, fixed, batch, round) ÷ clinic days that can be judged × 100",
    ),
    version=1,
    source=SOURCE,
    unit=Words("%", "%"),
    reasons={"too_small": TOO_SMALL, "not_over": NOT_OVER},
)


def _sign(name: str, title: Words, formula: Words) -> Indicator:
    return Indicator(
        name=name,
        title=title,
        formula=formula,
        version=1,
        source=SOURCE,
        unit=DAYS,
        reasons={
            "other": Words("Tanpa tanda ini", "Without this sign"),
            "too_small": TOO_SMALL,
            "not_over": NOT_OVER,
        },
    )


SIGNS: Mapping[Kind, Indicator] = {
    "random": _sign(
        "waktu_acak",
        Words("Waktu seperti diundi", "Times as if drawn by chance"),
        Words(
            "Jeda antar task 2.000 kali lebih mungkin undian rata antara dua batas daripada antrian, atau separuh jeda "
            "tepat menit utuh walaupun waktunya berdetik",
            "Gaps 2,000 times likelier to be even chance between two bounds than a queue, or half of the gaps whole "
            "minutes although the times have seconds",
        ),
    ),
    "fixed": _sign(
        "waktu_tetap",
        Words("Jeda selalu sama", "Gaps always the same"),
        Words(
            "Bagian jeda (≥ 3 menit) dalam satu jendela sempit (10 %, paling lebar 1 menit) ≥ 0,27 + 6 ÷ jumlah jeda",
            "Part of the gaps (≥ 3 minutes) in one narrow window (10 %, 1 minute at most) ≥ 0.27 + 6 ÷ number of gaps",
        ),
    ),
    "batch": _sign(
        "waktu_sekaligus",
        Words("Dikirim sekaligus", "Sent all at once"),
        Words(
            "90 % waktu sehari diterima dalam 15 menit, mediannya sejam atau lebih sesudah kejadian",
            "90 % of the day's times received within 15 minutes, in the middle an hour or more after they happened",
        ),
    ),
    "round": _sign(
        "waktu_bulat",
        Words("Waktu dibulatkan", "Rounded times"),
        Words("75 % waktu tepat pada kelipatan lima menit", "75 % of the times are full five minutes"),
    ),
}
INDICATORS = (ODD, *SIGNS.values())


def odd_days(found: Iterable[ClinicDay], now: datetime) -> Tile[ClinicDay]:
    """Days with a sign in percent of those that can be judged; a sign on a small day counts, its absence does not."""
    included, excluded = sort_out(found, lambda d: d.state if d.state in ODD.reasons else None)
    odd = sum(d.state == "odd" for d in included)
    parts = {"patut_ditanyakan": odd, "dinilai": len(included)}
    return Tile(ODD, share(odd, len(included)), included, excluded, now, oldest(included), parts)


def with_sign(kind: Kind, found: Iterable[ClinicDay], now: datetime) -> Tile[ClinicDay]:
    """The clinic days that show one sign."""

    def without(day: ClinicDay) -> str | None:
        if kind in day.kinds:
            return None
        return day.state if day.state in ODD.reasons else "other"

    return count(SIGNS[kind], found, without, now)
