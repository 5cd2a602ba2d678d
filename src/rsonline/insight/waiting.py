"""Waiting times of outpatients: registration to doctor (the national indicator), the clinic wait, the whole stay, and
the six segments between the steps; median, P90, and the share within target.

The readings stand side by side over the same visits: what one of them leaves out, another may well know.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from rsonline.insight.counting import oldest
from rsonline.insight.indicator import Indicator, Tile, median, percentile, share, sort_out
from rsonline.insight.places import Places
from rsonline.insight.visits import (
    CLINIC,
    LEFT_OUT,
    REASONS,
    RULES,
    SEGMENTS,
    STAY,
    By,
    Span,
    Visit,
    WaitingRules,
    ends_of,
    grouped_by,
    minutes,
    without,
)
from rsonline.reports.verdict import Words

MINUTES = Words("menit", "minutes")
NATIONAL = Words(
    "Indikator nasional mutu, Permenkes 30/2022 (≤ 60 menit, sasaran ≥ 80 %); pemetaan ke task lokal",
    "National quality indicator, Permenkes 30/2022 (≤ 60 minutes, goal ≥ 80 %); which tasks they are is our reading",
)
GUIDE = Words("Petunjuk teknis RS Online versi 3, V; rumus lokal", "RS Online guide version 3, V; own formula")

WITHIN = Indicator(
    name="waktu_tunggu_rawat_jalan",
    title=Words("Waktu tunggu rawat jalan dalam batas", "Outpatients seen in time"),
    formula=Words(
        "Kunjungan dengan (task 4 − task 2, atau task 3 bila task 2 tidak dikirim) ≤ 60 menit ÷ kunjungan yang "
        "dihitung × 100",
        "Visits with (task 4 − task 2, or task 3 where task 2 was not sent) ≤ 60 minutes ÷ visits that count × 100",
    ),
    version=1,
    source=NATIONAL,
    unit=Words("%", "%"),
    reasons={**REASONS, **LEFT_OUT},
)
_NAMES: Mapping[Span | None, tuple[str, Words]] = {
    None: ("tunggu_dokter", Words("Registrasi sampai dokter", "Registration to doctor")),
    STAY: ("lama_kunjungan", Words("Lama seluruh kunjungan", "Whole stay")),
    ("1", "2"): ("tunggu_admisi", Words("Tunggu admisi", "Waiting for admission")),
    ("2", "3"): ("layan_admisi", Words("Layanan admisi", "Admission")),
    CLINIC: ("tunggu_poli", Words("Tunggu poli", "Waiting for the clinic")),
    ("4", "5"): ("layan_poli", Words("Layanan poli", "Clinic")),
    ("5", "6"): ("tunggu_farmasi", Words("Tunggu farmasi", "Waiting for the pharmacy")),
    ("6", "7"): ("layan_farmasi", Words("Layanan farmasi", "Pharmacy")),
}


def _lasting(span: Span | None) -> Indicator:
    name, title = _NAMES[span]
    first, last = ("2 atau 3", "4") if span is None else span
    return Indicator(
        name=name,
        title=title,
        formula=Words(
            f"Median (task {last} − task {first}) dalam menit; di sampingnya P90",
            f"Median of (task {last} − task {first.replace('atau', 'or')}) in minutes; beside it P90",
        ),
        version=1,
        source=NATIONAL if span is None else GUIDE,
        unit=MINUTES,
        reasons={**REASONS, **LEFT_OUT} if span is None else REASONS,
    )


READINGS: Mapping[Span | None, Indicator] = {span: _lasting(span) for span in _NAMES}
"""What a median is made of, by its two steps; None is the national reading."""
INDICATORS = (WITHIN, *READINGS.values())


def within_target(found: Iterable[Visit], now: datetime, rules: WaitingRules = RULES) -> Tile[Visit]:
    """Patients seen by the doctor within the target, in percent. `parts` say from which step they were counted."""
    included, excluded = sort_out(found, lambda v: without(v, None, now, rules))
    good = sum(minutes(visit, None, rules) <= rules.target for visit in included)
    begins = [ends_of(visit, None, rules)[0] for visit in included]
    parts = {"dalam_batas": good, "dihitung": len(included)}
    parts |= {f"sejak_task_{step}": begins.count(step) for step in rules.begins}
    return Tile(WITHIN, share(good, len(included)), included, excluded, now, oldest(included), parts)


def reaches_goal(tile: Tile[Visit], rules: WaitingRules = RULES) -> bool | None:
    """Whether a tile of `within_target` reaches the goal; None where it has no value."""
    return None if tile.value is None else tile.value >= rules.goal


def lasting(span: Span | None, found: Iterable[Visit], now: datetime, rules: WaitingRules = RULES) -> Tile[Visit]:
    """The median minutes of a reading, P90 beside it, and how many kept the target where it has one.

    Raises KeyError for a span that is not in `READINGS`.
    """
    included, excluded = sort_out(found, lambda v: without(v, span, now, rules))
    took = [minutes(visit, span, rules) for visit in included]
    target = rules.target if span is None else rules.targets.get(span)
    parts: dict[str, float] = {"dihitung": len(took)}
    upper = percentile(took, 90)
    if upper is not None:
        parts["p90"] = upper
    if target is not None:
        parts["dalam_batas"] = sum(value <= target for value in took)
    return Tile(READINGS[span], median(took), included, excluded, now, oldest(included), parts)


class Line(NamedTuple):
    """All readings of one group of visits: `segments` by their steps; the clinic wait is the one from 3 to 4."""

    code: str
    within: Tile[Visit]
    doctor: Tile[Visit]
    stay: Tile[Visit]
    segments: Mapping[Span, Tile[Visit]]

    @property
    def clinic(self) -> Tile[Visit]:
        """The wait for the clinic."""
        return self.segments[CLINIC]


def line(code: str, found: Iterable[Visit], now: datetime, rules: WaitingRules = RULES) -> Line:
    """The readings of some visits, side by side."""
    some = list(found)
    return Line(
        code,
        within_target(some, now, rules),
        lasting(None, some, now, rules),
        lasting(STAY, some, now, rules),
        {span: lasting(span, some, now, rules) for span in SEGMENTS},
    )


def board(by: By, found: Iterable[Visit], places: Places, now: datetime, rules: WaitingRules = RULES) -> list[Line]:
    """A line for each clinic, hour, patient type or place; every visit is in exactly one."""
    return [line(code, some, now, rules) for code, some in grouped_by(by, found, places).items()]
