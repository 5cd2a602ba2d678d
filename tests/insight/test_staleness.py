"""Simulated senders: who lives, who confirms, who only repeats, and which program copies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.insight import staleness
from rsonline.insight.places import Scope
from rsonline.insight.staleness import StaleRules, Standing
from tests.insight.country import NOW, PLACES
from tests.insight.posts import TOGETHER, Post, recount

CODE = "3404015"
WEEK = timedelta(days=7)


def standing(posts: Sequence[Post], now: datetime = NOW, rules: StaleRules = staleness.RULES) -> Standing:
    """How a hospital stands that sent these messages."""
    return staleness.standing(CODE, recount(posts, now), now, rules)


def post(at: datetime, used: int, room: int = 1, source: str = "api", verb: str = "replace") -> Post:
    """A room's message. Its time of report always differs and says nothing."""
    return Post(CODE, str(room), at, source, verb, {"jumlah": 10, "terpakai": used, "tgllapor": at.isoformat()})


def burst(at: datetime, used: Sequence[int], random: Random) -> list[Post]:
    """All rooms, one after another within some seconds."""
    return [post(at + timedelta(seconds=random.uniform(0, 20)), many, room) for room, many in enumerate(used)]


def program(random: Random, every: timedelta, *, live_until: datetime, missed: float = 0.0) -> list[Post]:
    """A program that sends ten rooms at a rhythm; until a moment patients come and go, then nothing changes."""
    used, at, found = [5] * 10, NOW - WEEK, []
    while at <= NOW:
        if at < live_until:
            used[random.randrange(10)] = random.randrange(11)
        if random.random() >= missed:
            found += burst(at + timedelta(seconds=random.uniform(-20, 20)), used, random)
        at += every
    return [p for p in found if p.at <= NOW]


def at_hours(random: Random, hours: Sequence[int], spread: timedelta, source: str) -> list[Post]:
    """The same figures every day at about these hours, a week long."""
    found = []
    for days in range(8):
        for hour in hours:
            at = (NOW - timedelta(days=days)).replace(hour=hour, minute=0)
            at += timedelta(seconds=random.gauss(0, spread.total_seconds()))
            found.append(post(at, 5, source=source))
    return [p for p in found if p.at <= NOW]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("every", [timedelta(minutes=3), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6)])
def test_a_program_that_copies_is_found_and_loses_its_tick(every: timedelta, seed: int) -> None:
    stopped = NOW - timedelta(days=3)
    found = standing(program(Random(seed), every, live_until=stopped, missed=0.05), NOW)
    assert found.state == "copied"
    assert not found.tick
    assert found.rhythm is not None
    assert found.changed is not None
    assert found.changed < stopped + every + timedelta(minutes=5)


@pytest.mark.parametrize("seed", range(20))
def test_the_same_program_is_green_while_patients_come_and_go(seed: int) -> None:
    found = standing(program(Random(seed), timedelta(minutes=15), live_until=NOW), NOW)
    assert (found.state, found.tick) == ("changed", True)


@pytest.mark.parametrize("seed", range(20))
def test_copying_for_a_few_hours_is_an_ordinary_night(seed: int) -> None:
    night = program(Random(seed), timedelta(minutes=15), live_until=NOW - timedelta(hours=9))
    found = standing(night, NOW)
    assert (found.state, found.tick) == ("changed", True)
    assert found.repeats > 20


@pytest.mark.parametrize("seed", range(20))
def test_a_program_with_fixed_hours_is_found_too(seed: int) -> None:
    found = standing(at_hours(Random(seed), (0, 3, 23), timedelta(seconds=10), "api"), NOW)
    assert found.state == "copied"


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("hours", [(1,), (1, 9), (0, 3, 23)])
def test_a_person_who_types_the_same_every_day_is_no_program(hours: tuple[int, ...], seed: int) -> None:
    """Through the hospital's own system, so that the source does not tell."""
    found = standing(at_hours(Random(seed), hours, timedelta(minutes=20), "api"), NOW)
    assert (found.state, found.tick) == ("unchanged", False)


def test_the_form_is_never_a_program() -> None:
    found = standing(at_hours(Random(1), (0, 3, 23), timedelta(0), "web"), NOW)
    assert found.state == "unchanged"


def test_a_confirmation_by_a_person_brings_the_tick_back_for_a_day() -> None:
    copied = program(Random(1), timedelta(minutes=15), live_until=NOW - timedelta(days=3))
    at = NOW - timedelta(hours=2)
    said = post(at, 5, source="web", verb="confirm")._replace(values=copied[-1].values, key=copied[-1].key)
    assert standing(copied, NOW).state == "copied"
    found = standing([*copied, said], NOW)
    assert (found.state, found.tick) == ("confirmed", True)
    assert found.confirmed is not None
    assert abs(found.confirmed - at) <= TOGETHER
    later = standing([*copied, said._replace(at=NOW - timedelta(hours=30))], NOW)
    assert (later.state, later.tick) == ("copied", False)


def test_a_program_cannot_confirm() -> None:
    copied = program(Random(1), timedelta(minutes=15), live_until=NOW - timedelta(days=3))
    told = [p._replace(verb="confirm") for p in copied]
    assert standing(told, NOW).state == "copied"


def test_silence_comes_before_all_else() -> None:
    last = NOW - timedelta(hours=25)
    found = standing([post(last, 3)], NOW)
    assert (found.state, found.tick, found.heard) == ("silent", False, last)
    assert standing([], NOW).state == "never"


def test_what_is_still_to_come_is_not_looked_at() -> None:
    posts = [post(NOW - timedelta(hours=30), 3), post(NOW + timedelta(hours=1), 4)]
    assert standing(posts, NOW).state == "silent"


def test_a_deleted_room_is_a_change() -> None:
    gone = post(NOW - timedelta(hours=1), 3)._replace(values=None)
    found = standing([post(NOW - timedelta(days=5), 3), gone], NOW)
    assert found.state == "changed"


def test_thresholds_are_configuration() -> None:
    posts = program(Random(1), timedelta(hours=1), live_until=NOW - timedelta(hours=9))
    assert standing(posts, NOW).state == "changed"
    assert standing(posts, NOW, StaleRules(fresh=timedelta(hours=6))).state == "copied"
    rules = StaleRules(fresh=timedelta(hours=6), repeats=20)
    assert standing(posts, NOW, rules).state == "unchanged"


MOMENTS = st.lists(st.integers(0, 7 * 86400).map(lambda s: NOW - timedelta(seconds=s)), max_size=40)


@settings(max_examples=200)
@given(MOMENTS, st.lists(st.integers(0, 2), min_size=40, max_size=40), st.randoms(use_true_random=False))
def test_a_standing_does_not_hang_on_the_order_of_the_lines(
    times: list[datetime], used: list[int], random: Random
) -> None:
    posts = [post(at, many) for at, many in zip(sorted(set(times)), used, strict=False)]
    found = standing(posts, NOW)
    mixed = list(posts)
    random.shuffle(mixed)
    assert standing(mixed, NOW) == found
    assert found.tick == (found.state in ("changed", "confirmed"))
    assert (found.state == "never") == (not posts)


@settings(max_examples=100)
@given(MOMENTS.filter(bool), st.integers(0, 86400))
def test_who_goes_on_saying_the_same_never_gets_greener(times: list[datetime], wait: int) -> None:
    posts = [post(at, 5) for at in times]
    later = NOW + timedelta(seconds=wait)
    before = standing(posts, NOW)
    after = standing([*posts, post(later, 5)], later)
    assert before.tick or not after.tick


def test_every_hospital_of_a_scope_stands_somewhere() -> None:
    scope = Scope("province", "34")
    sent = [[post(NOW - timedelta(hours=1), 5)], [post(NOW, 5)._replace(kode_rs="9171001")]]
    said = [told for posts in sent if (told := recount(posts, NOW)) is not None]
    found = staleness.standings(said, PLACES, NOW, scope=scope)
    assert [(one.kode_rs, one.state) for one in found] == [
        ("3404015", "changed"),
        ("3404016", "never"),
        ("3471011", "never"),
    ]
    assert staleness.lively(found, NOW).value == 100
    assert staleness.standing_as("copied", found, NOW).value == 0
