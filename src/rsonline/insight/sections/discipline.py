"""Reporting discipline: expected, received, in time, silent."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from rsonline.insight import discipline
from rsonline.insight.places import Places
from rsonline.insight.section import Rows, Section, figure
from rsonline.reports.verdict import Words


class DisciplineReady(NamedTuple):
    """What is expected of the hospitals, when each was last heard of, and by which rules."""

    expected: list[discipline.Expected]
    heard: list[discipline.Heard]
    rules: discipline.DisciplineRules


def _discipline(rows: Rows, places: Places, now: datetime) -> DisciplineReady:
    rules = replace(discipline.RULES, quiet=tuple(rows.get("quiet", ())))
    found = discipline.expected(rows, places, now, rules)
    return DisciplineReady(found, discipline.heard(rows, places, now), rules)


_EXPECTED = "kode_rs kind day by received"
DISCIPLINE = Section(
    name="disiplin",
    title=Words("Kedisiplinan pelaporan, 30 hari", "Reporting discipline, 30 days"),
    tables=(*discipline.KINDS, "tempat_tidur", "quiet"),
    prepare=_discipline,
    until=lambda r: discipline.until(r.rows.expected, r.rows.heard, r.places, r.now, r.rows.rules),
    figures=(
        figure(
            discipline.SILENT,
            lambda r: discipline.silent(r.rows.heard, r.places, r.now, r.rows.rules),
            "kode_rs heard hours since",
            good="down",
        ),
        figure(discipline.MISSING, lambda r: discipline.missing(r.rows.expected, r.now), _EXPECTED, good="down"),
        figure(
            discipline.RECEIVED,
            lambda r: discipline.received(r.rows.expected, r.now),
            _EXPECTED,
            "ratio",
            names=("diterima", "diharapkan"),
            good="up",
        ),
        figure(
            discipline.IN_TIME,
            lambda r: discipline.in_time(r.rows.expected, r.now),
            _EXPECTED,
            "ratio",
            names=("tepat_waktu", "diharapkan"),
            good="up",
        ),
    ),
)
