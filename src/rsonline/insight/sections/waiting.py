"""Waiting times of outpatients, and whether they look measured."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rsonline.insight import honest, waiting
from rsonline.insight.indicator import Tile
from rsonline.insight.places import Places
from rsonline.insight.section import Figure, Ready, Rows, Section, figure
from rsonline.insight.visits import CLINIC, SEGMENTS, STAY, Span, Visit, minutes, visits
from rsonline.reports.verdict import Words

WAITING_DAYS = 7
"""How many complete local days the figures are about."""


class WaitingReady(NamedTuple):
    """The visits of the last complete days, and what each clinic's day looks like."""

    visits: list[Visit]
    days: list[honest.ClinicDay]


def _waiting(rows: Rows, places: Places, now: datetime) -> WaitingReady:
    found = [
        visit
        for visit in visits(rows["antrian"], rows["antrian_task"], places, now)
        if visit.today - timedelta(days=WAITING_DAYS) <= visit.day < visit.today
    ]
    return WaitingReady(found, honest.clinic_days(found))


_VISIT = "kode_rs day poli jenispasien hour heard"
_CLINIC_DAY = "kode_rs poli day state kinds patients gaps heard"


def _reading(span: Span | None, *, minor: bool = False) -> Figure:
    def tile(ready: Ready) -> Tile[Visit]:
        return waiting.lasting(span, ready.rows.visits, ready.now)

    def spread(visit: Visit) -> float:
        return minutes(visit, span)

    return figure(waiting.READINGS[span], tile, _VISIT, "median", spread=spread, good="down", minor=minor)


def _sign(kind: honest.Kind) -> Figure:
    def tile(ready: Ready) -> Tile[honest.ClinicDay]:
        return honest.with_sign(kind, ready.rows.days, ready.now)

    return figure(honest.SIGNS[kind], tile, _CLINIC_DAY, good="down", minor=True)


def _by_clinic(ready: WaitingReady) -> Mapping[str, WaitingReady]:
    groups: dict[str, list[Visit]] = {}
    for visit in ready.visits:
        groups.setdefault(visit.poli, []).append(visit)
    return {poli: WaitingReady(some, []) for poli, some in groups.items()}


WAITING = Section(
    name="waktu-tunggu",
    title=Words("Waktu tunggu rawat jalan, 7 hari sampai kemarin", "Outpatient waiting times, 7 days until yesterday"),
    tables=("antrian", "antrian_task"),
    prepare=_waiting,
    groups=_by_clinic,
    grouped=(waiting.WITHIN.name, waiting.READINGS[None].name),
    daily=True,
    figures=(
        figure(
            waiting.WITHIN,
            lambda r: waiting.within_target(r.rows.visits, r.now),
            _VISIT,
            "ratio",
            names=("dalam_batas", "dihitung"),
            good="up",
        ),
        _reading(None),
        _reading(CLINIC),
        _reading(STAY),
        figure(
            honest.ODD,
            lambda r: honest.odd_days(r.rows.days, r.now),
            _CLINIC_DAY,
            "ratio",
            names=("patut_ditanyakan", "dinilai"),
            good="down",
        ),
        *(_reading(span, minor=True) for span in SEGMENTS if span != CLINIC),
        *(_sign(kind) for kind in honest.KINDS),
    ),
)
