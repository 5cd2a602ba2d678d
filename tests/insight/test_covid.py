"""COVID-19 patients: who came and who left make who is there; groups add up; each hospital's own day."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.insight import covid
from rsonline.insight.places import Scope
from rsonline.reports import PASIEN_COVID
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, inside, kept
from tests.insight.tiles_of_covid import patient

SEEDS = st.integers(0, 2**32)


def stay(came: date, left: date | None = None, ended: int | None = None, code: str = "3404015", **more: object) -> Row:
    """A stay in isolation with mild symptoms."""
    values = {
        "laporanCovid19Versi3Id": 1,
        "tanggalMasuk": came,
        "tanggalKeluar": left,
        "statusKeluarId": ended,
        "statusRawatId": 28,
        "severityLevelId": 1,
    }
    return kept(PASIEN_COVID, code, **{**values, **more})  # type: ignore[arg-type]


@given(SEEDS, st.integers(0, 9), st.sampled_from(["nation", "34", "91"]))
def test_who_came_less_who_left_is_the_change_of_who_is_there(seed: int, ago: int, where: str) -> None:
    random = Random(seed)
    rows = [patient(random, n) for n in range(40)]
    scope = Scope() if where == "nation" else Scope("province", where)
    day = TODAY - timedelta(days=ago)
    after, before = (
        len(covid.in_care(rows, PLACES, NOW, scope=scope, day=then).included) for then in (day, day - timedelta(days=1))
    )
    came = covid.admitted(rows, PLACES, day, NOW, scope=scope)
    left = covid.discharged(rows, PLACES, day, NOW, scope=scope)
    died = covid.deaths(rows, PLACES, day, NOW, scope=scope)
    discarded = [each for each in left.excluded if each.reason == "discarded"]
    assert after - before == len(came.included) - len(left.included) - len(died.included) - len(discarded)


@given(SEEDS)
def test_groups_add_up_to_all(seed: int) -> None:
    random = Random(seed)
    rows = [patient(random, n) for n in range(30)]
    whole = covid.in_care(rows, PLACES, NOW)
    for by in covid.MEMBERS:
        tiles = covid.in_care_by(by, rows, PLACES, NOW)
        assert sum(tile.value or 0 for _, tile in tiles) == whole.value
        assert sum(tile.of for _, tile in tiles) == whole.of
        assert all(covid.named(by, code).id for code, _ in tiles)


@given(SEEDS, st.sampled_from(["34", "73", "91"]))
def test_a_province_sees_its_own_patients_only(seed: int, province: str) -> None:
    random = Random(seed)
    rows = [patient(random, n) for n in range(20)]
    scope = Scope("province", province)
    tile = covid.in_care(rows, PLACES, NOW, scope=scope)
    assert [*tile.included, *(each.row for each in tile.excluded)] != [] or not inside(rows, scope)
    assert tile.of == len(inside(rows, scope))
    assert all(PLACES[row["kode_rs"]].province == province for row in tile.included)


@pytest.mark.parametrize(("code", "there"), [("3404015", 0), ("7371023", 0), ("9171001", 1)])
def test_in_care_goes_by_the_hospitals_day(code: str, there: int) -> None:
    """Admitted on the 11th; at 15:30 UTC on the 10th that has begun in WIT only."""
    now = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
    assert covid.in_care([stay(date(2026, 3, 11), code=code)], PLACES, now).value == there


def test_who_is_not_counted_and_why() -> None:
    yesterday = TODAY - timedelta(days=1)
    rows = [
        stay(yesterday),
        stay(yesterday, statusRawatId=0),
        stay(yesterday, deleted_at=NOW),
        stay(yesterday, TODAY, 1),
        stay(TODAY + timedelta(days=1)),
    ]
    tile = covid.in_care(rows, PLACES, NOW)
    assert (tile.value, [each.reason for each in tile.excluded]) == (1, ["at_home", "deleted", "left", "not_yet"])
    assert covid.in_care([], PLACES, NOW).value is None
    assert covid.in_care(rows[1:2], PLACES, NOW).value == 0


def test_how_they_left() -> None:
    yesterday = TODAY - timedelta(days=1)
    rows = [stay(yesterday, TODAY, ended) for ended in (1, 3, 5, 2, 6)]
    ((day, came, left, died),) = covid.by_day(rows, PLACES, TODAY, TODAY, NOW)
    assert (day, came.value, left.value, died.value) == (TODAY, None, 3, 1)
    assert [each.reason for each in left.excluded] == ["died", "discarded"]


def test_severity_is_in_its_own_order_and_named() -> None:
    rows = [stay(TODAY, severityLevelId=level) for level in (None, 3, 1, 2, 4)]
    assert [code for code, _ in covid.in_care_by("severity", rows, PLACES, NOW)] == [4, 1, 2, 3, None]
    assert [covid.named("severity", code).en for code in (4, 1, 2, 3, 9)] == [
        "No symptoms",
        "Mild",
        "Moderate",
        "Severe",
        "9",
    ]
    assert [covid.named("age", code).id for code in (1, 2, 9, 10)] == [
        "0–10 tahun",
        "11–20 tahun",
        "81–100 tahun",
        "lebih dari 100 tahun",
    ]
    assert covid.named("device", 4).en == "Ventilator"
    assert covid.named("bed", 28).en == "Negative-pressure isolation"
    assert covid.named("device", None).en == "None, or not known"
