"""Digests of hospitals put together are the digest of all their rows, for every figure of the product."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from rsonline.insight import honest
from rsonline.insight.catalogue import FIGURES, SECTIONS
from rsonline.insight.digest import NOTHING, Digest, digest, together
from rsonline.insight.places import kode_rs
from rsonline.insight.section import Figure, Ready, Rows, Section
from tests.insight import (
    tiles_of_beds,
    tiles_of_covid,
    tiles_of_oxygen,
    tiles_of_screening,
    tiles_of_staff,
    tiles_of_staleness,
    tiles_of_waiting,
)
from tests.insight.country import NOW, PLACES

EVERY = [pytest.param(section, figure, id=figure.key) for section, figure in FIGURES.values()]


def country(random: Random) -> dict[str, Sequence[Any]]:
    """Random rows of every table, of all hospitals."""
    shk, results, actions, decisions = tiles_of_screening.nation(random)
    infected, tested = tiles_of_staff.infections(random), tiles_of_staff.tests(random)
    bookings, tasks = tiles_of_waiting.outpatients(random)
    return {
        "tempat_tidur": tiles_of_beds.rooms(random),
        "bed_round": tiles_of_staleness.said(random),
        "oksigen": tiles_of_oxygen.reports(random),
        "sdm": tiles_of_staff.needs(random),
        "apd": tiles_of_staff.needs(random),
        "nakes_terinfeksi": infected,
        "pcr_nakes": tested,
        "pasien_covid": tiles_of_covid.patients(random),
        "antrian": bookings,
        "antrian_task": tasks,
        "shk": shk,
        "shk_hasil": results,
        "shk_action": actions,
        "live_births": tiles_of_screening.live_births(random),
        # A baby is one hospital's: records of two hospitals are put together by nobody here.
        "shk_merge": [d for d in decisions if d.first[0] == d.second[0]],
    }


def of_hospital(rows: Rows, code: str) -> Rows:
    """The rows of one hospital."""
    own = {name: [r for r in some if name != "shk_merge" and kode_rs(r) == code] for name, some in rows.items()}
    return own | {"shk_merge": [d for d in rows["shk_merge"] if d.first[0] == code]}


def digested(section: Section, figure: Figure, rows: Rows, codes: Sequence[str]) -> Digest:
    """The digest of a figure of some hospitals."""
    places = {code: PLACES[code] for code in codes}
    return digest(figure.rule, figure.tile(Ready(section.prepare(rows, places, NOW), places, NOW)))


@pytest.mark.parametrize(("section", "figure"), EVERY)
def test_put_together_is_the_same_as_counted_at_once(section: Section, figure: Figure) -> None:
    told = set()
    for seed in range(100):
        rows = country(Random(seed))
        whole = digested(section, figure, rows, list(PLACES))
        parts = [digested(section, figure, of_hospital(rows, code), [code]) for code in PLACES]
        made = together(figure.rule, parts)
        assert made.value == pytest.approx(whole.value), seed
        assert dict(made.parts) == pytest.approx(dict(whole.parts))
        assert made[1:3] == whole[1:3]
        assert dict(made.spread) == dict(whole.spread)
        assert made.oldest == whole.oldest
        told.add(whole.value is not None)
    # Random bookings are too few for a clinic's day to be judged; test_honest has days of sixty patients.
    assert True in told or figure.indicator is honest.ODD


def test_nothing_together_is_nothing() -> None:
    for section in SECTIONS:
        for figure in section.figures:
            made = together(figure.rule, [NOTHING, NOTHING])
            assert made == NOTHING
            assert made.of == 0


def test_every_figure_has_columns_that_its_rows_have() -> None:
    for seed in range(8):
        rows = country(Random(seed))
        for section in SECTIONS:
            ready = Ready(section.prepare(rows, PLACES, NOW), PLACES, NOW)
            for figure in section.figures:
                tile = figure.tile(ready)
                for row in [*tile.included, *(each.row for each in tile.excluded)]:
                    for column in figure.columns:
                        assert column in row if isinstance(row, dict) else hasattr(row, column), (figure.key, column)
