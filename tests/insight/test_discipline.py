"""Reporting discipline: a year in three zones without a false alarm, and none too late."""

from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.insight import discipline
from rsonline.insight.discipline import DisciplineRules, Expected
from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES
from rsonline.reports.report import Row
from rsonline.store.quiet import Quiet
from tests.insight.country import PLACES, TODAY, kept

REPORTS = (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)
THREE = {code: PLACES[code] for code in ("3404015", "7371023", "9171001")}
"""One hospital in each zone."""
MINUTE = timedelta(minutes=1)


def at_local(code: str, day_back: int, hour: float) -> datetime:
    """A moment on a hospital's wall clock; hours may go beyond the day."""
    midnight = datetime.combine(TODAY - timedelta(days=day_back), time(), THREE[code].zone)
    return midnight + timedelta(hours=hour)


def missing_at(rows: dict[str, list[Row]], now: datetime, rules: DisciplineRules) -> set[tuple[str, str, str]]:
    """What is alarmed at a moment, knowing only what had come by then."""
    known = {name: [r for r in some if r["received_at"] <= now] for name, some in rows.items()}
    tile = discipline.missing(discipline.expected(known, THREE, now, rules), now)
    return {(one.kode_rs, one.kind, one.day.isoformat()) for one in tile.included}


@pytest.mark.parametrize("seed", range(4))
def test_a_year_in_three_zones_has_no_false_alarm_and_no_silence_unheard(seed: int) -> None:
    random = Random(seed)
    rules = DisciplineRules(window=4, quiet=(Quiet("73", TODAY - timedelta(days=30), TODAY - timedelta(days=20)),))
    rows: dict[str, list[Row]] = {report.name: [] for report in REPORTS}
    silent: list[tuple[str, str, int]] = []
    for code in THREE:
        for back in range(365, 2, -1):
            for report in REPORTS:
                declared = code == "7371023" and 20 <= back <= 30
                if declared or random.random() < 0.02:
                    if not declared:
                        silent.append((code, report.name, back))
                    continue
                # From the day's beginning to the last minute of the grace.
                came = at_local(code, back, random.uniform(0, 36) if random.random() < 0.8 else 36)
                rows[report.name].append(kept(report, code, came, tanggal=TODAY - timedelta(days=back)))
    wanted = {(code, kind, (TODAY - timedelta(days=back)).isoformat()) for code, kind, back in silent}
    for code, kind, back in silent:
        key = (code, kind, (TODAY - timedelta(days=back)).isoformat())
        deadline = at_local(code, back, 36)
        assert key not in missing_at(rows, deadline, rules)
        assert key in missing_at(rows, deadline + MINUTE, rules)
    for _ in range(300):
        now = at_local(random.choice(list(THREE)), random.randrange(6, 360), random.uniform(0, 24))
        assert missing_at(rows, now, rules) <= wanted


def test_a_late_report_is_received_and_not_in_time() -> None:
    code = "3404015"
    place = {code: THREE[code]}
    now = at_local(code, 0, 12)
    came = {0: at_local(code, 0, 6), 1: at_local(code, 0, 1), 2: at_local(code, 0, 11)}
    rows: dict[str, list[Row]] = {report.name: [] for report in REPORTS}
    rows["oksigen"] = [kept(OKSIGEN, code, at, tanggal=TODAY - timedelta(days=back)) for back, at in came.items()]
    found = [one for one in discipline.expected(rows, place, now, DisciplineRules(window=3)) if one.kind == "oksigen"]
    # Three days ago nothing came; two days ago a day late; yesterday and today in time.
    assert [one.state(now) for one in found] == ["missing", "late", "in_time", "in_time"]
    assert discipline.received(found, now).value == 75
    assert discipline.in_time(found, now).value == 50
    assert [one.day for one in discipline.missing(found, now).included] == [TODAY - timedelta(days=3)]


def test_nothing_is_expected_before_a_hospital_was_registered() -> None:
    code = "9171001"
    place = {code: THREE[code]._replace(since=TODAY - timedelta(days=1))}
    found = discipline.expected({name: [] for name in discipline.KINDS}, place, at_local(code, 0, 23))
    assert {one.day for one in found} == {TODAY - timedelta(days=1), TODAY}
    assert all(isinstance(one, Expected) for one in found)


def test_the_day_is_the_hospitals_own() -> None:
    # 23:30 in Jakarta is 01:30 of the next day in Jayapura: there a day more is expected.
    now = at_local("3404015", 0, 23.5)
    found = discipline.expected({name: [] for name in discipline.KINDS}, THREE, now, DisciplineRules(window=0))
    assert {one.kode_rs: one.day for one in found} == {
        "3404015": TODAY,
        "7371023": TODAY + timedelta(days=1),
        "9171001": TODAY + timedelta(days=1),
    }


QUIET = st.builds(
    lambda code, back, days: Quiet(code, TODAY - timedelta(days=back), TODAY - timedelta(days=back - days)),
    st.sampled_from(("7371023", "73", "", "34")),
    st.integers(0, 12),
    st.integers(0, 5),
)


@given(st.lists(QUIET, max_size=4), st.integers(0, 14 * 24), st.integers(1, 60), st.integers(0, 20 * 24))
def test_the_hours_of_declared_days_are_no_silence(
    declared: list[Quiet], heard_back: int, hours: int, later: int
) -> None:
    place = PLACES["7371023"]
    rules = DisciplineRules(silent=timedelta(hours=hours), quiet=tuple(declared))
    # Half past an hour, so that no moment is the very last one of something.
    heard = datetime.combine(TODAY, time(0, 30), place.zone) - timedelta(hours=heard_back)
    now = heard + timedelta(hours=later, minutes=15)

    def counts(moment: datetime) -> bool:
        day: date = moment.astimezone(place.zone).date()
        return not any(q.first <= day <= q.last and q.code != "34" for q in declared)

    quarters = sum(counts(heard + timedelta(minutes=15 * n + 1)) for n in range(later * 4 + 1))
    silent = quarters > hours * 4
    assert (now > discipline.silent_from(place, heard, rules)) == silent
    told = [discipline.Heard("7371023", heard, None, 0.0)]
    assert discipline.silent(told, {"7371023": place}, now, rules).value == silent
    # Whoever is not silent yet has a moment from which it is.
    assert silent or discipline.until([], told, {"7371023": place}, now, rules) is not None
