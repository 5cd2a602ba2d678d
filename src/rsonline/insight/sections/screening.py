"""Newborn screening: coverage, the days of each leg, who waits, is late or lost."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from rsonline.insight import screening
from rsonline.insight.indicator import Tile
from rsonline.insight.places import Places, local_day
from rsonline.insight.screening_alarm import Receiver
from rsonline.insight.screening_clock import Action, Baby, Clock, Decision, babies, clocks
from rsonline.insight.section import Figure, Ready, Rows, Section, figure
from rsonline.reports.verdict import Words


class ScreeningReady(NamedTuple):
    """The babies, their clocks, and what they are measured against."""

    babies: list[Baby]
    clocks: list[Clock]
    births: Mapping[tuple[str, date], int]
    """Live births by hospital and month."""


def _screening(rows: Rows, places: Places, now: datetime) -> ScreeningReady:
    actions: Sequence[Action] = rows.get("shk_action", ())
    decisions: Sequence[Decision] = rows.get("shk_merge", ())
    found = babies(rows["shk"], rows["shk_hasil"], actions, decisions, places)
    told = {(each.kode_rs, each.month): each.births for each in rows.get("live_births", ())}
    return ScreeningReady(found, clocks(found, places, now), told)


def _coverage(ready: Ready) -> Tile[Baby]:
    """Coverage over the last complete months of each hospital."""
    months = {code: screening.covered_months(local_day(ready.now, p.zone)) for code, p in ready.places.items()}
    found = [baby for baby in ready.rows.babies if baby.born.replace(day=1) in months.get(baby.kode_rs, ())]
    told = {(code, month): n for (code, month), n in ready.rows.births.items() if month in months.get(code, ())}
    return screening.coverage(found, told, ready.places, ready.now)


_BABY = "kode_rs id_shk born sampled sent arrived known high recalled confirmed treated heard"
_CLOCK = "kode_rs id_shk step state opened due over urgent heard"


def _leg(span: screening.Span) -> Figure:
    first, last = span

    def days(baby: Baby) -> float:
        return float((getattr(baby, last) - getattr(baby, first)).days)

    def tile(ready: Ready) -> Tile[Baby]:
        return screening.days_of(span, ready.rows.babies, ready.now)

    return figure(screening.LEGS[span], tile, _BABY, "median", spread=days, good="down", minor=True)


def _alarm(level: Receiver) -> Figure:
    def tile(ready: Ready) -> Tile[Clock]:
        return screening.alarmed(level, ready.rows.clocks, ready.places, ready.now)

    return figure(screening.ALARMS[level], tile, _CLOCK, good="down")


def _listed(state: screening.Listed) -> Figure:
    def tile(ready: Ready) -> Tile[Clock]:
        return screening.listed(state, ready.rows.clocks, ready.now)

    return figure(screening.LISTS[state], tile, _CLOCK, good="" if state == "waiting" else "down")


SCREENING = Section(
    name="shk",
    title=Words("Skrining hipotiroid kongenital", "Newborn thyroid screening"),
    tables=("shk", "shk_hasil", "shk_action", "shk_merge", "live_births"),
    prepare=_screening,
    figures=(
        _alarm("hospital"),
        _alarm("regency"),
        _alarm("province"),
        _listed("waiting"),
        _listed("late"),
        _listed("lost"),
        figure(
            screening.COVERAGE,
            _coverage,
            _BABY,
            "ratio",
            names=("bayi", "kelahiran_hidup"),
            title=Words("Cakupan SHK, 3 bulan terakhir yang lengkap", "Screening coverage, last 3 complete months"),
            good="up",
        ),
        figure(
            screening.IN_TIME,
            lambda r: screening.in_time(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("tepat", ""),
            good="up",
        ),
        figure(
            screening.UNFIT,
            lambda r: screening.unfit(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("ditolak", "dinilai"),
            good="down",
        ),
        figure(
            screening.HIGH,
            lambda r: screening.high(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("tsh_tinggi", "dengan_hasil"),
        ),
        *(_leg(span) for span in screening.SPANS),
    ),
)
