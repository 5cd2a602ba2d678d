"""Waiting times: twelve bookings worked out by hand, the rules that are configuration, and the laws."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.insight import visits, waiting
from rsonline.insight.digest import Rule, digest, together
from rsonline.insight.indicator import Tile
from rsonline.insight.visits import CLINIC, SEGMENTS, STAY, Visit, WaitingRules, without
from rsonline.reports import ANTRIAN, ANTRIAN_TASK
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, kept
from tests.insight.tiles_of_waiting import outpatients

HOSPITAL = "3404015"
DAY = date(2026, 3, 18)

# Hours and minutes of steps 1 to 7 on 18 March in Sleman (WIB), then what is said besides. Worked out by hand:
#
#     to the doctor (4 − 2, else 4 − 3)       clinic (4 − 3)   whole (7 − 1)
#  A  8:05 → 8:50               45            40               110
#  B  8:20 → 9:20               60            50               145
#  C  9:00 → 10:30              90            80               200
#  D  no 1, 2: 8:30 → 8:40      10            10               – (no begin)
#  E  no 1, 2: 9:00 → 10:20     80            80               – (no begin)
#  F  no 7: 10:05 → 10:30       25            20               – (no end)
#  G  cancelled
#  H  no 4                      – (no end)    – (no end)       105
#  I  4 before 3                – (order)     – (order)        – (order)
#  J  dental: left out          –             10               60
#  K  came 61 min after the estimate: left out  30             95
#  L  times of the 17th         –             –                – (other day)
#
# Doctor: 10 25 45 60 80 90 → 4 of 6 within 60, median (45 + 60) / 2 = 52.5, P90 at place 4.5: (80 + 90) / 2 = 85.
# Clinic: 10 10 20 30 40 50 80 80 → median (30 + 40) / 2 = 35, P90 at place 6.3: 80.
# Whole: 60 95 105 110 145 200 → median (105 + 110) / 2 = 107.5, P90 at place 4.5: (145 + 200) / 2 = 172.5.
TWELVE: Mapping[str, tuple[tuple[str | None, ...], Mapping[str, str]]] = {
    "A": (("8:00", "8:05", "8:10", "8:50", "9:05", "9:20", "9:50"), {}),
    "B": (("8:10", "8:20", "8:30", "9:20", "9:35", "10:05", "10:35"), {}),
    "C": (("8:40", "9:00", "9:10", "10:30", "10:45", "11:15", "12:00"), {"jenispasien": "NON JKN"}),
    "D": ((None, None, "8:30", "8:40", "8:50", "9:00", "9:10"), {}),
    "E": ((None, None, "9:00", "10:20", "10:30", "10:40", "11:00"), {"kodepoli": "ANA"}),
    "F": (("10:00", "10:05", "10:10", "10:30", "10:40", "10:50", None), {"kodepoli": "ANA"}),
    "G": (("8:00", "8:05", "8:10", "8:50", "9:05", "9:20", "9:50"), {"99": "10:00"}),
    "H": (("11:00", "11:05", "11:10", None, "12:00", "12:20", "12:45"), {}),
    "I": (("8:00", "8:05", "8:40", "8:30", "8:50", "9:00", "9:10"), {}),
    "J": (("9:00", "9:05", "9:10", "9:20", "9:40", "9:50", "10:00"), {"kodepoli": "GIG"}),
    "K": (("10:01", "10:05", "10:10", "10:40", "11:00", "11:20", "11:36"), {"estimasidilayani": "9:00"}),
    "L": (("8:00", "8:05", "8:10", "8:50", "9:05", "9:20", "9:50"), {"day": "17"}),
}


def clock(text: str, day: date = DAY) -> datetime:
    """A moment of a day in Sleman, seven hours before UTC."""
    hour, minute = text.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), UTC) - timedelta(hours=7)


def twelve() -> tuple[list[Row], list[Row]]:
    """The bookings of the table, and their times."""
    bookings, tasks = [], []
    for name, (times, more) in TWELVE.items():
        row = {"jenispasien": "JKN", "kodepoli": "INT", **more}
        estimated = row.get("estimasidilayani")
        bookings.append(
            kept(
                ANTRIAN,
                HOSPITAL,
                kodebooking=name,
                tanggalperiksa=DAY,
                jenispasien=row["jenispasien"],
                kodepoli=row["kodepoli"],
                estimasidilayani=None if estimated is None else clock(estimated),
            )
        )
        day = DAY if "day" not in row else DAY.replace(day=int(row["day"]))
        sent = dict(zip(visits.STEPS, times, strict=True)) | {"99": row.get("99")}
        tasks += [
            kept(ANTRIAN_TASK, HOSPITAL, kodebooking=name, taskid=step, waktu=clock(at, day))
            for step, at in sent.items()
            if at is not None
        ]
    return bookings, tasks


def found() -> list[Visit]:
    """The visits of the table."""
    return visits.visits(*twelve(), PLACES, NOW)


def reasons(tile: Tile[Visit]) -> dict[str, str]:
    """Why each booking was left out."""
    return {each.row.kodebooking: each.reason for each in tile.excluded}


def test_twelve_hand_worked_bookings_give_the_hand_worked_figures() -> None:
    line = waiting.line("", found(), NOW)
    assert line.within.value == pytest.approx(100 * 4 / 6)
    assert line.within.parts == {"dalam_batas": 4, "dihitung": 6, "sejak_task_2": 4, "sejak_task_3": 2}
    assert reasons(line.within) == {
        "G": "cancelled",
        "H": "no_end",
        "I": "out_of_order",
        "J": "clinic",
        "K": "came_late",
        "L": "other_day",
    }
    assert waiting.reaches_goal(line.within) is False
    assert line.doctor.value == 52.5
    assert line.doctor.parts == {"dihitung": 6, "p90": 85, "dalam_batas": 4}
    assert line.clinic.value == 35
    assert line.clinic.parts == {"dihitung": 8, "p90": 80}
    assert reasons(line.clinic) == {"G": "cancelled", "H": "no_end", "I": "out_of_order", "L": "other_day"}
    assert line.stay.value == 107.5
    assert line.stay.parts == {"dihitung": 6, "p90": 172.5}
    assert reasons(line.stay) == {
        "D": "no_begin",
        "E": "no_begin",
        "F": "no_end",
        "G": "cancelled",
        "I": "out_of_order",
        "L": "other_day",
    }


def test_the_segments_of_the_twelve() -> None:
    """1→2: A 5, B 10, C 20, F 5, H 5, I 5, J 5, K 4. 4→5: A 15, B 15, C 15, D 10, E 10, F 10, I 20, J 20, K 20."""
    segments = waiting.line("", found(), NOW).segments
    assert segments["1", "2"].value == 5
    assert len(segments["1", "2"].included) == 8
    assert segments["4", "5"].value == 15
    assert len(segments["4", "5"].included) == 9


def test_groups_of_the_twelve() -> None:
    clinics = {line.code: line for line in waiting.board("poli", found(), PLACES, NOW)}
    assert {code: line.within.of for code, line in clinics.items()} == {"ANA": 2, "GIG": 1, "INT": 9}
    assert clinics["ANA"].within.value == 50
    assert clinics["GIG"].within.value is None
    hours = {line.code: line.clinic.value for line in waiting.board("hour", found(), PLACES, NOW)}
    # 8: A 40, B 50, C 80, D 10; G, I, L left out. 9: E 80, J 10. 10: F 20, K 30. 11: H without.
    assert hours == {"08": 45, "09": 45, "10": 25, "11": None}
    payers = {line.code: line.within.value for line in waiting.board("jenispasien", found(), PLACES, NOW)}
    assert payers == {"JKN": 80, "NON JKN": 0}


def test_pair_target_and_exclusions_are_configuration() -> None:
    rules = WaitingRules(
        begins=("1",), ends="5", target=70, polis=frozenset(), words=(), late=None, targets={CLINIC: 40}
    )
    line = waiting.line("", found(), NOW, rules)
    # 5 − 1: A 65, B 85, C 125, F 40, H 60, J 40, K 59.
    assert line.within.parts == {"dalam_batas": 5, "dihitung": 7, "sejak_task_1": 7}
    assert line.doctor.value == 60
    assert line.clinic.parts["dalam_batas"] == 5
    assert waiting.reaches_goal(line.within, WaitingRules(goal=70)) is True


def test_nothing_is_told_of_nothing() -> None:
    assert waiting.reaches_goal(waiting.within_target((), NOW)) is None


def one(times: Mapping[str, datetime], day: date = DAY, **values: Any) -> Visit:
    """A visit with these times."""
    row = kept(ANTRIAN, HOSPITAL, kodebooking="X", jenispasien="JKN", kodepoli="INT", tanggalperiksa=day, **values)
    tasks = [kept(ANTRIAN_TASK, HOSPITAL, kodebooking="X", taskid=s, waktu=at) for s, at in times.items()]
    (visit,) = visits.visits([row], tasks, PLACES, NOW)
    return visit


def test_an_unfinished_visit_of_today_is_no_gap_yet() -> None:
    today = one({"3": NOW - timedelta(minutes=20)}, NOW.date())
    assert without(today, CLINIC, NOW) == "not_yet"
    assert without(one({"3": clock("8:00")}), CLINIC, NOW) == "no_end"
    assert without(one({"4": clock("8:00")}), CLINIC, NOW) == "no_begin"
    assert without(one({}), CLINIC, NOW) == "no_steps"
    assert without(one({}, NOW.date() + timedelta(days=1)), CLINIC, NOW) == "future"


def test_slips_are_named() -> None:
    late = clock("8:00") + timedelta(days=1, minutes=1)
    assert without(one({"3": clock("8:00"), "4": late}), CLINIC, NOW) == "too_long"
    assert without(one({"3": clock("8:00"), "4": clock("8:00")}), CLINIC, NOW) == "zero"
    soon = NOW + timedelta(hours=1)
    assert without(one({"3": NOW, "4": soon}, NOW.date()), CLINIC, NOW) == "ahead"
    assert without(one({"3": clock("8:00"), "4": clock("9:00")}, deleted_at=NOW), CLINIC, NOW) == "deleted"


def test_steps_outside_a_reading_do_not_spoil_it() -> None:
    """The pharmacy that closed a visit too early says nothing about the wait for the doctor."""
    visit = one({"3": clock("8:00"), "4": clock("8:30"), "6": clock("9:00"), "7": clock("8:50")})
    assert without(visit, CLINIC, NOW) is None
    assert without(visit, ("6", "7"), NOW) == "out_of_order"


@pytest.mark.parametrize("name", ["Poli Gigi", "GIGI ANAK", "Medical Check Up", "Poli MCU"])
def test_clinics_are_left_out_by_name_too(name: str) -> None:
    times = {"3": clock("8:00"), "4": clock("8:30")}
    assert without(one(times, namapoli=name), None, NOW) == "clinic"
    assert without(one(times, namapoli="Poli Gigitan Ular"), None, NOW) is None


def test_a_late_doctor_never_takes_a_visit_away() -> None:
    times = {"3": clock("8:00"), "4": clock("11:30")}
    assert without(one(times, estimasidilayani=clock("8:10")), None, NOW) is None


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_segments_add_up_and_the_order_of_rows_does_not_matter(seed: int) -> None:
    bookings, tasks = outpatients(Random(seed))
    some = visits.visits(bookings, tasks, PLACES, NOW)
    whole = [v for v in some if without(v, STAY, NOW) is None and len(v.times) == len(visits.STEPS)]
    for visit in whole:
        assert sum(visits.minutes(visit, span) for span in SEGMENTS) == pytest.approx(visits.minutes(visit, STAY))
    Random(seed).shuffle(tasks)
    Random(seed).shuffle(bookings)
    mixed = waiting.line("", visits.visits(bookings, tasks, PLACES, NOW), NOW)
    line = waiting.line("", some, NOW)
    assert mixed.within.value == line.within.value
    assert {s: t.value for s, t in mixed.segments.items()} == {s: t.value for s, t in line.segments.items()}


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_digests_of_hospitals_put_together_are_the_digest_of_all(seed: int) -> None:
    some = visits.visits(*outpatients(Random(seed)), PLACES, NOW)
    share_of = Rule(indicator=waiting.WITHIN, how="ratio", names=("dalam_batas", "dihitung"))
    median_of = Rule(indicator=waiting.READINGS[CLINIC], how="median", spread=lambda v: visits.minutes(v, CLINIC))
    lines = waiting.board("hospital", some, PLACES, NOW)
    whole = waiting.line("", some, NOW)
    made = together(share_of, [digest(share_of, line.within) for line in lines])
    assert made.value == pytest.approx(whole.within.value)
    assert made.of == len(some)
    made = together(median_of, [digest(median_of, line.clinic) for line in lines])
    assert made.value == pytest.approx(whole.clinic.value)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.floats(0, 240), st.floats(0, 240))
def test_a_wider_target_is_kept_by_no_fewer(seed: int, first: float, second: float) -> None:
    some = visits.visits(*outpatients(Random(seed)), PLACES, NOW)
    narrow, wide = (
        waiting.within_target(some, NOW, WaitingRules(target=t)).value or 0 for t in sorted((first, second))
    )
    assert narrow <= wide
