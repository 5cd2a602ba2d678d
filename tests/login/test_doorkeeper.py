"""Who is let in, what it costs, who is stopped, and whom nobody can stop."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from rsonline.login import passwords
from rsonline.login.doorkeeper import (
    Answer,
    Busy,
    Denied,
    Doorkeeper,
    StoredCredential,
    StoredHospital,
    TooMany,
    Verified,
    source_of,
)
from rsonline.login.waiting import Book, Line

DAY = 86_400.0
START = 1_711_972_800.25
A, B, NOBODY = "9999001", "9999002", "9999999"
GOOD, WRONG = "made-up-right", "made-up-wrong"
HOME, AWAY = "192.0.2.1", "198.51.100.7"


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Hasher:
    """A hash that is the password itself, counts its work, and can be held."""

    def __init__(self) -> None:
        self.computed = 0
        self.most_at_once = 0
        self.go = threading.Event()
        self.go.set()
        self._at_once = 0
        self._lock = threading.Lock()

    def hash_password(self, text: str) -> str:
        return self._compute(f"hash:{text}")

    def matches(self, hash: str, text: str) -> bool:
        return self._compute(hash).partition(":")[2] == text

    def needs_rehash(self, hash: str) -> bool:
        return hash.startswith("weak:")

    def dummy(self) -> str:
        return "hash"

    def _compute(self, result: str) -> str:
        with self._lock:
            self.computed += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        assert self.go.wait(20)
        with self._lock:
            self._at_once -= 1
        return result


class Stored:
    """Hospitals in memory, as the store keeps them."""

    def __init__(self) -> None:
        self.hospitals: dict[str, StoredHospital] = {}
        self.good: dict[tuple[str, str], float] = {}
        self.notes: list[tuple[str, str, float]] = []
        self.rehashed: list[tuple[str, int, str]] = []
        self.asked: Counter[str] = Counter()
        self.failure: Exception | None = None

    def put(self, code: str, *hashes: str, version: int = 1, active: bool = True, until: float | None = None) -> None:
        credentials = tuple(StoredCredential(n, hash, until) for n, hash in enumerate(hashes, start=1))
        self.hospitals[code] = StoredHospital(code, version, active, credentials)

    async def hospital(self, code: str) -> StoredHospital | None:
        self.asked["hospital"] += 1
        found = self.hospitals.get(code)
        await asyncio.sleep(0)
        return found

    async def last_good(self, code: str, source: str) -> float | None:
        self.asked["last_good"] += 1
        await asyncio.sleep(0)
        return self.good.get((code, source))

    async def note_good(self, code: str, source: str, at: float) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.notes.append((code, source, at))
        self.good[code, source] = at

    async def rehash(self, code: str, credential: int, hash: str) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.rehashed.append((code, credential, hash))


class Door:
    """A doorkeeper with everything around it in the test's hands."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hasher = Hasher()
        self.stored = Stored()
        self.stored.put(A, f"hash:{GOOD}")
        self.stored.put(B, "hash:another")
        self._opened: list[Doorkeeper] = []
        self.keeper = self.restart()

    async def renewed(self) -> None:
        """Wait for a verification that nobody waits for, if there is one."""
        task = self.keeper.renewal
        if task is not None:
            await asyncio.wait([task])
            await asyncio.sleep(0)

    def restart(self, workers: int = 2, line: int = 32, most_remembered: int = 20_000) -> Doorkeeper:
        """A new process: what only memory knew is gone."""
        self.keeper = Doorkeeper(
            self.stored,
            clock=self.clock,
            workers=workers,
            line=line,
            most_remembered=most_remembered,
            hasher=self.hasher,
        )
        self._opened.append(self.keeper)
        return self.keeper

    def close(self) -> None:
        self.hasher.go.set()
        for keeper in self._opened:
            keeper.close()

    async def fail(self, code: str, source: str, times: int, *, tag: str = "") -> list[object]:
        """Different wrong passwords, one after the other."""
        return [await self.keeper.verify(code, f"{WRONG}-{tag}-{n}", source) for n in range(times)]


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


async def test_a_right_password_is_verified_with_its_version_and_credential(door: Door) -> None:
    door.stored.put(A, "hash:older", f"hash:{GOOD}", version=7)
    assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 7, 2)
    assert door.keeper.remembered(A, GOOD) == Verified(A, 7, 2)


# What is remembered (SR-02)


async def test_a_thousand_good_requests_at_once_cost_one_computation(door: Door) -> None:
    answers = await asyncio.gather(*(door.keeper.verify(A, GOOD, HOME) for _ in range(1_000)))
    assert set(answers) == {Verified(A, 1, 1)}
    assert door.hasher.computed == 1
    assert len(door.stored.notes) == 1


async def test_a_thousand_good_requests_in_turn_cost_one_computation(door: Door) -> None:
    for _ in range(1_000):
        assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
        door.clock.now += 0.06
    assert door.hasher.computed == 1


async def test_good_requests_from_many_places_at_once_cost_one_computation_a_worker_at_most(door: Door) -> None:
    sources = [f"192.0.2.{n}" for n in range(12)]
    answers = await asyncio.gather(*(door.keeper.verify(A, GOOD, source) for source in sources))
    assert set(answers) == {Verified(A, 1, 1)}
    assert door.hasher.computed <= 2


async def test_a_verifier_lives_ten_minutes_from_its_making_however_often_used(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    for _ in range(10):
        door.clock.now += 59.9
        assert door.keeper.remembered(A, GOOD) is not None
    door.clock.now = START + 600
    assert door.keeper.remembered(A, GOOD) is None
    await door.keeper.verify(A, GOOD, HOME)
    assert door.hasher.computed == 2


async def used_until(door: Door, seconds: int, code: str = A) -> None:
    """A hospital that calls each second from its known address for so long; nobody is made to wait."""
    for second in range(seconds):
        door.clock.now = START + second
        assert door.keeper.remembered(code, GOOD, HOME) == Verified(code, 1, 1), second
        await door.renewed()


async def test_a_verifier_in_use_is_renewed_before_it_ends_by_a_verification_of_its_own(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    await used_until(door, 3_600)
    # One in ten minutes at least, none in the first six of any.
    assert 6 < door.hasher.computed <= 10
    assert door.stored.asked["hospital"] == door.hasher.computed


async def test_those_that_began_together_are_renewed_one_after_another(door: Door) -> None:
    codes = [f"99{n:05}" for n in range(60)]
    for code in codes:
        door.stored.put(code, f"hash:{GOOD}")
        await door.keeper.verify(code, GOOD, HOME)
    began = door.hasher.computed
    renewed = []
    for second in range(600):
        door.clock.now, before = START + second, door.hasher.computed
        for code in codes:
            assert door.keeper.remembered(code, GOOD, HOME) is not None
            await door.renewed()
        renewed.append(door.hasher.computed - before)
    assert sum(renewed) == door.hasher.computed - began == len(codes)
    assert sum(renewed[:360]) == 0
    assert max(renewed) <= 6
    assert door.hasher.most_at_once == 1


async def test_where_anybody_is_at_work_nothing_is_renewed(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.hasher.go.clear()
    waiting = asyncio.create_task(door.keeper.verify(B, GOOD, HOME))
    await asyncio.sleep(0.05)
    door.clock.now = START + 599
    computed = door.hasher.computed
    assert door.keeper.remembered(A, GOOD, HOME) is not None
    await asyncio.sleep(0.05)
    door.hasher.go.set()
    assert await waiting == Denied()
    assert door.hasher.computed <= computed + 1
    door.clock.now = START + 600
    assert door.keeper.remembered(A, GOOD, HOME) is None


@pytest.mark.parametrize("changed", ["password", "disabled", "ended"])
async def test_what_does_not_count_any_more_is_not_renewed(door: Door, changed: str) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.clock.now = START + 599
    match changed:
        case "password":
            door.stored.put(A, "hash:new", version=2)
        case "disabled":
            door.stored.put(A, f"hash:{GOOD}", version=2, active=False)
        case "ended":
            door.stored.put(A, f"hash:{GOOD}", until=START + 10)
    assert door.keeper.remembered(A, GOOD, HOME) == Verified(A, 1, 1)
    await door.renewed()
    door.clock.now = START + 601
    assert door.keeper.remembered(A, GOOD, HOME) is None


async def test_a_store_that_fails_meanwhile_leaves_the_verifier_as_it_is(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.clock.now = START + 580
    there, door.stored.hospitals = door.stored.hospitals, None  # type: ignore[assignment]  # any error will do
    assert door.keeper.remembered(A, GOOD, HOME) == Verified(A, 1, 1)
    await door.renewed()
    door.stored.hospitals = there
    assert door.keeper.remembered(A, GOOD, HOME) == Verified(A, 1, 1)
    await door.renewed()
    door.clock.now = START + 601
    assert door.keeper.remembered(A, GOOD, HOME) == Verified(A, 1, 1)


async def test_a_verifier_ends_with_its_credential(door: Door) -> None:
    door.stored.put(A, f"hash:{GOOD}", until=START + 5)
    await door.keeper.verify(A, GOOD, HOME)
    door.clock.now = START + 4.9
    assert door.keeper.remembered(A, GOOD) is not None
    door.clock.now = START + 5
    assert door.keeper.remembered(A, GOOD) is None
    assert await door.keeper.verify(A, GOOD, HOME) == Denied()


async def test_a_verifier_from_before_the_clock_was_set_back_does_not_count(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.clock.now -= 3_600
    assert door.keeper.remembered(A, GOOD) is None


async def test_both_passwords_of_a_change_over_are_remembered(door: Door) -> None:
    door.stored.put(A, "hash:older", "hash:newer")
    for _ in range(3):
        assert await door.keeper.verify(A, "older", HOME) == Verified(A, 1, 1)
        assert await door.keeper.verify(A, "newer", HOME) == Verified(A, 1, 2)
    assert door.keeper.remembered(A, "older") == Verified(A, 1, 1)
    assert door.keeper.remembered(A, "newer") == Verified(A, 1, 2)
    assert door.hasher.computed == 3


@given(st.text("ab1:", max_size=4), st.text("ab1:", max_size=6))
async def test_only_the_same_hospital_and_password_are_remembered(code: str, password: str) -> None:
    door = Door()
    try:
        door.stored.put("1:a", "hash:b:1")
        await door.keeper.verify("1:a", "b:1", HOME)
        assert (door.keeper.remembered(code, password) is not None) == ((code, password) == ("1:a", "b:1"))
    finally:
        door.close()


async def test_the_memory_is_bounded_and_the_newest_stay(door: Door) -> None:
    keeper = door.restart(most_remembered=3)
    for n in range(5):
        door.stored.put(f"99991{n}", f"hash:{GOOD}")
        await keeper.verify(f"99991{n}", GOOD, HOME)
    kept = [n for n in range(5) if keeper.remembered(f"99991{n}", GOOD) is not None]
    assert kept == [2, 3, 4]


async def test_remembering_is_fast(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    fastest = min(_seconds_of_a_thousand(door.keeper) for _ in range(5))
    assert fastest / 1_000 < 50e-6


def _seconds_of_a_thousand(keeper: Doorkeeper) -> float:
    began = time.perf_counter()
    for _ in range(1_000):
        keeper.remembered(A, GOOD, HOME)
    return time.perf_counter() - began


# The version (SR-03)


async def test_after_forgetting_the_store_is_asked_again(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.stored.put(A, "hash:new", version=2)
    door.keeper.forget(A)
    assert door.keeper.remembered(A, GOOD) is None
    assert await door.keeper.verify(A, GOOD, HOME) == Denied()
    assert await door.keeper.verify(A, "new", HOME) == Verified(A, 2, 1)


async def test_a_newer_version_once_read_voids_what_was_verified_before(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.stored.put(A, "hash:new", version=2)
    await door.keeper.verify(A, "new", HOME)
    assert door.keeper.remembered(A, GOOD) is None


async def test_a_disabling_once_read_voids_what_was_verified_before(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.stored.put(A, f"hash:{GOOD}", version=2, active=False)
    await door.fail(A, AWAY, 1)
    assert door.keeper.remembered(A, GOOD) is None


async def test_a_crowd_that_forgets_the_same_old_version_verifies_once(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.stored.put(A, f"hash:{GOOD}", version=2)

    async def once_more() -> object:
        door.keeper.forget(A, 1)
        return await door.keeper.verify(A, GOOD, HOME)

    crowd = [asyncio.create_task(once_more()) for _ in range(100)]
    assert set(await asyncio.gather(*crowd)) == {Verified(A, 2, 1)}
    door.keeper.forget(A, 1)
    assert door.keeper.remembered(A, GOOD) == Verified(A, 2, 1)
    assert door.hasher.computed == 2


async def test_a_verification_overtaken_by_a_change_is_neither_remembered_nor_shared(door: Door) -> None:
    door.hasher.go.clear()
    early = asyncio.create_task(door.keeper.verify(A, GOOD, HOME))
    await until(lambda: door.hasher.computed == 1)
    door.stored.put(A, f"hash:{GOOD}", version=2)
    door.keeper.forget(A, 1)
    late = asyncio.create_task(door.keeper.verify(A, GOOD, HOME))
    await until(lambda: door.hasher.computed == 2)
    door.hasher.go.set()
    assert await early == Verified(A, 1, 1)
    assert await late == Verified(A, 2, 1)
    assert door.keeper.remembered(A, GOOD) == Verified(A, 2, 1)


async def test_a_wrong_guess_overtaken_by_a_change_is_not_held_against_the_new_password(door: Door) -> None:
    door.hasher.go.clear()
    early = asyncio.create_task(door.keeper.verify(A, "new", HOME))
    await until(lambda: door.hasher.computed == 1)
    door.stored.put(A, "hash:new", version=2)
    door.keeper.forget(A, 1)
    door.hasher.go.set()
    assert await early == Denied()
    assert await door.keeper.verify(A, "new", HOME) == Verified(A, 2, 1)


async def until(done: Callable[[], bool]) -> None:
    """Let others run until a condition holds; fails after ten seconds."""
    for _ in range(10_000):
        if done():
            return
        await asyncio.sleep(0.001)
    pytest.fail("it did not come to that")


# Nobody is told why (SR-04)


@pytest.mark.parametrize("kind", ["unknown", "disabled", "one password", "two passwords", "ended password"])
async def test_every_refusal_is_the_same_answer_after_the_same_work(door: Door, kind: str) -> None:
    door.stored.put("disabled", f"hash:{GOOD}", active=False)
    door.stored.put("one password", "hash:else")
    door.stored.put("two passwords", "hash:else", "hash:more")
    door.stored.put("ended password", f"hash:{GOOD}", until=START - 1)
    assert await door.keeper.verify(kind, GOOD, HOME) == Denied()
    assert door.hasher.computed == 2


async def test_more_than_two_passwords_raise_the_work_for_everyone(door: Door) -> None:
    door.stored.put(B, "hash:b1", "hash:b2", "hash:b3", "hash:b4")
    await door.fail(B, HOME, 1)
    before = door.hasher.computed
    await door.fail(NOBODY, HOME, 1)
    await door.fail(A, HOME, 1)
    assert (before, door.hasher.computed) == (4, 12)


async def test_real_hashes_let_in_the_right_one_only_and_make_weak_ones_strong() -> None:
    stored = Stored()
    weak = PasswordHasher(memory_cost=8_192, time_cost=1, parallelism=1).hash(GOOD)
    stored.put(A, weak)
    keeper = Doorkeeper(stored)
    try:
        assert await keeper.verify(A, WRONG, HOME) == Denied()
        assert await keeper.verify(NOBODY, GOOD, HOME) == Denied()
        assert await keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
        assert keeper.remembered(A, GOOD) == Verified(A, 1, 1)
        [(code, credential, strong)] = stored.rehashed
        assert (code, credential) == (A, 1)
        assert passwords.matches(strong, GOOD)
        assert not passwords.needs_rehash(strong)
    finally:
        keeper.close()


# The line (SR-05)


async def test_two_hundred_wrong_at_once_fill_half_the_line_and_the_rest_is_told_at_once(door: Door) -> None:
    door.hasher.go.clear()
    attack = [asyncio.create_task(door.keeper.verify(A, f"{WRONG}{n}", f"198.51.100.{n}")) for n in range(200)]
    await until(lambda: sum(task.done() for task in attack) == 182)
    assert door.hasher.computed == 2
    door.hasher.go.set()
    answers = await asyncio.gather(*attack)
    assert Counter(type(a) for a in answers) == {Busy: 182, Denied: 18}
    assert door.hasher.most_at_once == 2


async def test_those_who_find_the_line_full_are_called_back_one_after_another(door: Door) -> None:
    door.hasher.go.clear()
    attack = [asyncio.create_task(door.keeper.verify(A, f"{WRONG}{n}", f"198.51.100.{n}")) for n in range(200)]
    await until(lambda: sum(task.done() for task in attack) == 182)
    told = [task.result() for task in attack if task.done()]
    seconds = Counter(answer.retry_after for answer in told if isinstance(answer, Busy))
    # 20 ms a place until a computation has told what one takes.
    assert seconds == {1: 50, 2: 50, 3: 50, 4: 32}
    door.clock.now += 1
    again = await door.keeper.verify(A, f"{WRONG}199", "198.51.100.199")
    assert again == Busy(3)
    door.hasher.go.set()
    await asyncio.gather(*attack)


async def test_a_crowd_at_a_full_line_asks_the_store_once_each(door: Door) -> None:
    door.hasher.go.clear()

    async def knock(count: int) -> list[asyncio.Task[Answer]]:
        crowd = [asyncio.create_task(door.keeper.verify(A, f"{WRONG}{n}", f"198.51.100.{n}")) for n in range(count)]
        await until(lambda: sum(task.done() for task in crowd) == count - 18)
        return crowd

    crowd = await knock(100)
    assert door.stored.asked["last_good"] == 100
    for _ in range(5):
        crowd += await knock(100)
    assert door.stored.asked["last_good"] == 100
    # A hospital that logged in from there meanwhile, through another process, is served by its half of the line.
    door.stored.good[A, "198.51.100.99"] = START
    assert isinstance(await door.keeper.verify(A, GOOD, "198.51.100.99"), Busy)
    door.clock.now += 10
    late = asyncio.create_task(door.keeper.verify(A, GOOD, "198.51.100.99"))
    await until(lambda: door.stored.asked["last_good"] == 101)
    assert not late.done()
    door.hasher.go.set()
    assert isinstance(await late, Verified)
    await asyncio.gather(*crowd)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(-40, 40)), min_size=1, max_size=60),
    st.floats(0.001, 5),
)
def test_nobody_is_sent_away_for_longer_than_half_a_minute(steps: list[tuple[int, float]], seconds: float) -> None:
    book, now = Book(10, seconds=seconds), START
    for key, pause in steps:
        now += pause
        assert 1 <= book.later(key, now) <= 31


async def test_a_remembered_password_never_waits(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    door.hasher.go.clear()
    attack = [asyncio.create_task(door.keeper.verify(A, f"{WRONG}{n}", f"198.51.100.{n}")) for n in range(200)]
    await until(lambda: sum(task.done() for task in attack) == 182)
    assert door.keeper.remembered(A, GOOD, HOME) == Verified(A, 1, 1)
    async with asyncio.timeout(1):
        assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
        assert await door.keeper.verify(A, GOOD, "192.0.2.99") == Verified(A, 1, 1)
    door.hasher.go.set()
    await asyncio.gather(*attack)


async def test_known_sources_have_half_the_line_to_themselves_and_go_first(door: Door) -> None:
    keeper = door.restart(workers=1, line=4)
    for n in range(5):
        door.stored.put(f"99991{n}", f"hash:{GOOD}")
        door.stored.good[f"99991{n}", HOME] = START - DAY
    order: list[str] = []

    async def ask(name: str, code: str, password: str, source: str) -> object:
        answer = await keeper.verify(code, password, source)
        order.append(name)
        return answer

    door.hasher.go.clear()
    others = [asyncio.create_task(ask("other", B, f"{WRONG}{n}", f"198.51.100.{n}")) for n in range(5)]
    await until(lambda: len(order) == 2)
    known = [asyncio.create_task(ask("known", f"99991{n}", GOOD, HOME)) for n in range(5)]
    await until(lambda: len(order) == 5)
    assert order == ["other", "other", "known", "known", "known"]
    order.clear()
    door.hasher.go.set()
    answers = await asyncio.gather(*others, *known)
    assert order == ["other", "known", "known", "other", "other"]
    assert Counter(type(a) for a in answers) == {Busy: 5, Denied: 3, Verified: 2}


async def test_the_line_is_empty_again_afterwards(door: Door) -> None:
    keeper = door.restart(workers=1, line=2)
    for turn in range(5):
        burst = [keeper.verify(NOBODY, f"{turn}-{n}", f"198.51.{turn}.{n}") for n in range(6)]
        answers = Counter(type(a) for a in await asyncio.gather(*burst))
        assert answers == {Denied: 2, Busy: 4}


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(door: Door) -> None:
    door.hasher.go.clear()
    first = asyncio.create_task(door.keeper.verify(A, GOOD, HOME))
    second = asyncio.create_task(door.keeper.verify(A, GOOD, HOME))
    await until(lambda: door.hasher.computed == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    door.hasher.go.set()
    assert await second == Verified(A, 1, 1)
    assert door.hasher.computed == 1


async def test_work_that_is_called_off_gives_its_place_to_one_that_still_waits(door: Door) -> None:
    keeper = door.restart(workers=1, line=8)
    door.hasher.go.clear()
    before = asyncio.all_tasks()
    first = asyncio.create_task(keeper.verify(NOBODY, WRONG, OTHERS[0]))
    await until(lambda: door.hasher.computed == 1)
    second = asyncio.create_task(keeper.verify(NOBODY, WRONG, OTHERS[1]))
    await asyncio.sleep(0.01)
    called_off = asyncio.all_tasks() - before
    third = asyncio.create_task(keeper.verify(A, GOOD, OTHERS[2]))
    await asyncio.sleep(0.01)
    for task in called_off:
        task.cancel()
    await asyncio.wait(called_off)
    door.hasher.go.set()
    assert first.cancelled()
    assert second.cancelled()
    async with asyncio.timeout(5):
        assert await third == Verified(A, 1, 1)
        assert await keeper.verify(B, "another", OTHERS[3]) == Verified(B, 1, 1)


async def test_a_turn_given_to_work_that_is_called_off_before_it_begins_is_passed_on() -> None:
    line = Line(1, 8)
    assert await line.enter(known=False)
    second = asyncio.create_task(line.enter(known=False))
    await asyncio.sleep(0)
    line.leave()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    async with asyncio.timeout(5):
        assert await line.enter(known=False)


# Counters (SR-06)

MINUTES_5 = 300.0
OTHERS = [f"198.51.100.{n}" for n in range(200)]


@pytest.mark.parametrize(
    ("guesses", "stopped", "passing", "lasts"),
    [
        # (hospital, source): ten; other hospitals from there and other sources of this one go on.
        ([(A, AWAY)] * 10, (A, AWAY), [(B, AWAY), (A, OTHERS[1]), (A, HOME)], MINUTES_5),
        # source: thirty over any hospitals; other sources go on.
        ([(f"99990{n}", AWAY) for n in range(30)], (A, AWAY), [(A, OTHERS[1]), (B, OTHERS[1]), (A, HOME)], MINUTES_5),
        # hospital: a hundred over unknown sources; other hospitals and the hospital's known source go on.
        ([(A, source) for source in OTHERS[:100]], (A, OTHERS[150]), [(B, OTHERS[150]), (A, HOME)], DAY),
        # a hospital that does not exist is counted like one that does.
        ([(NOBODY, s) for s in OTHERS[:100]], (NOBODY, OTHERS[150]), [(B, OTHERS[150])], DAY),
    ],
    ids=["pair", "source", "hospital", "unknown hospital"],
)
async def test_a_used_up_counter_stops_its_own_traffic_until_its_window_ends(
    door: Door, guesses: list[tuple[str, str]], stopped: tuple[str, str], passing: list[tuple[str, str]], lasts: float
) -> None:
    door.stored.good[A, HOME] = START - DAY
    for n, (code, source) in enumerate(guesses):
        assert await door.keeper.verify(code, f"{WRONG}{n}", source) == Denied(), f"guess {n}"
    before = door.hasher.computed
    assert await door.keeper.verify(stopped[0], "again", stopped[1]) == TooMany(int(lasts))
    assert door.hasher.computed == before, "a stopped guess does no work"
    for code, source in passing:
        assert await door.keeper.verify(code, "passing", source) == Denied()
    door.clock.now += lasts - 1
    assert await door.keeper.verify(stopped[0], "again", stopped[1]) == TooMany(1)
    door.clock.now += 1
    assert await door.keeper.verify(stopped[0], "again", stopped[1]) == Denied()


async def test_whoever_used_up_its_own_guesses_costs_the_store_nothing(door: Door) -> None:
    await door.fail(A, AWAY, 10)
    before = door.stored.asked.copy()
    assert await door.fail(A, AWAY, 5, tag="more") == [TooMany(300)] * 5
    assert door.stored.asked == before


async def test_right_passwords_are_not_counted(door: Door) -> None:
    for _ in range(150):
        assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
        door.keeper.forget(A)
    assert door.hasher.computed == 150
    assert set(await door.fail(A, HOME, 10)) == {Denied()}


async def test_many_at_once_get_past_a_limit_by_the_workers_at_most(door: Door) -> None:
    burst = [door.keeper.verify(A, f"{WRONG}{n}", AWAY) for n in range(18)]
    answers = Counter(type(answer) for answer in await asyncio.gather(*burst))
    assert 10 <= answers[Denied] <= 11
    assert answers[Denied] + answers[TooMany] == 18


async def test_counters_are_bounded_and_end_when_the_clock_is_set_back(door: Door) -> None:
    await door.fail(A, AWAY, 10)
    assert isinstance(await door.keeper.verify(A, "more", AWAY), TooMany)
    door.clock.now -= 7_200
    assert await door.keeper.verify(A, "more", AWAY) == Denied()
    keeper = door.restart(most_remembered=5)
    await door.fail(A, AWAY, 10)
    for n in range(5):
        await keeper.verify(B, WRONG, OTHERS[n])
    assert await keeper.verify(A, "more", AWAY) == Denied()


# Nobody locks a hospital out (SR-07)


@pytest.mark.parametrize("restarts", [False, True])
async def test_ten_thousand_wrong_from_fifty_sources_never_stop_the_hospital(door: Door, restarts: bool) -> None:
    assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
    refused: Counter[type] = Counter()
    for turn in range(1_000):
        if restarts and turn % 250 == 125:
            door.restart()
        if turn % 100 == 50:
            door.clock.now += 601
        attack = [door.keeper.verify(A, f"{WRONG}{turn}-{n}", OTHERS[(turn * 10 + n) % 50]) for n in range(10)]
        mine, *theirs = await asyncio.gather(door.keeper.verify(A, GOOD, HOME), *attack)
        assert mine == Verified(A, 1, 1), f"turn {turn}"
        refused.update(type(answer) for answer in theirs)
    assert refused[Verified] == 0
    assert refused.total() == 10_000
    assert refused[TooMany] > 9_000


@pytest.mark.parametrize(("days", "known"), [(0, True), (29.99, True), (30, False), (400, False)])
async def test_a_source_is_known_for_thirty_days(door: Door, days: float, known: bool) -> None:
    door.stored.good[A, HOME] = START - days * DAY
    for source in OTHERS[:100]:
        await door.keeper.verify(A, WRONG, source)
    answer = await door.keeper.verify(A, GOOD, HOME)
    assert answer == (Verified(A, 1, 1) if known else TooMany(86_400))


async def test_a_known_source_is_stopped_by_its_own_failures_but_not_its_verifier(door: Door) -> None:
    door.stored.put(A, f"hash:{GOOD}", "hash:second")
    await door.keeper.verify(A, GOOD, HOME)
    assert set(await door.fail(A, HOME, 10)) == {Denied()}
    assert await door.keeper.verify(A, "second", HOME) == TooMany(300)
    assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
    assert door.keeper.remembered(A, GOOD) == Verified(A, 1, 1)


async def test_a_verifier_opens_also_from_a_source_whose_guesses_are_used_up(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    await door.fail(A, AWAY, 10)
    assert isinstance(await door.keeper.verify(A, "more", AWAY), TooMany)
    assert await door.keeper.verify(A, GOOD, AWAY) == Verified(A, 1, 1)


async def test_failures_of_known_sources_do_not_use_up_the_hospitals_counter(door: Door) -> None:
    for n in range(15):
        door.stored.good[A, f"192.0.2.{n}"] = START - DAY
        await door.fail(A, f"192.0.2.{n}", 9)
    assert await door.keeper.verify(A, GOOD, AWAY) == Verified(A, 1, 1)


async def test_a_source_is_noted_once_a_day_and_once_for_all_processes(door: Door) -> None:
    for hours in range(49):
        door.clock.now = START + hours * 3_600
        if hours == 3:
            door.restart()
        await door.keeper.verify(A, GOOD, HOME)
    assert door.stored.notes == [(A, HOME, START), (A, HOME, START + DAY), (A, HOME, START + 2 * DAY)]


async def test_two_passwords_at_once_note_once(door: Door) -> None:
    door.stored.put(A, "hash:older", "hash:newer")
    await asyncio.gather(door.keeper.verify(A, "older", HOME), door.keeper.verify(A, "newer", HOME))
    assert door.stored.notes == [(A, HOME, START)]


async def test_a_second_source_that_uses_a_verifier_becomes_known_without_work(door: Door) -> None:
    await door.keeper.verify(A, GOOD, HOME)
    assert door.keeper.remembered(A, GOOD, AWAY) is None
    assert await door.keeper.verify(A, GOOD, AWAY) == Verified(A, 1, 1)
    assert door.keeper.remembered(A, GOOD, AWAY) == Verified(A, 1, 1)
    assert door.stored.good == {(A, HOME): START, (A, AWAY): START}
    assert door.hasher.computed == 1


# Repeats (SR-08)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("code", [A, NOBODY])
async def test_a_thousand_repeats_of_one_wrong_password_are_one_guess(door: Door, code: str, at_once: bool) -> None:
    if at_once:
        answers = await asyncio.gather(*(door.keeper.verify(code, WRONG, AWAY) for _ in range(1_000)))
    else:
        answers = []
        for _ in range(1_000):
            answers.append(await door.keeper.verify(code, WRONG, AWAY))
            door.clock.now += 0.05
    assert set(answers) == {Denied()}
    assert door.hasher.computed == 2
    assert set(await door.fail(code, AWAY, 9)) == {Denied()}, "the counter stood at one"
    assert isinstance(await door.keeper.verify(code, "more", AWAY), TooMany)


async def test_a_wrong_password_is_judged_anew_after_a_minute_or_from_elsewhere(door: Door) -> None:
    await door.keeper.verify(A, WRONG, AWAY)
    door.stored.put(A, f"hash:{WRONG}", version=2)
    door.clock.now += 59.9
    assert await door.keeper.verify(A, WRONG, AWAY) == Denied()
    door.clock.now = START + 60
    assert await door.keeper.verify(A, WRONG, AWAY) == Verified(A, 2, 1)
    await door.keeper.verify(A, "other", AWAY)
    computed = door.hasher.computed
    await door.keeper.verify(A, "other", OTHERS[0])
    assert door.hasher.computed == computed + 2


async def test_the_memory_of_wrong_passwords_is_bounded(door: Door) -> None:
    keeper = door.restart(most_remembered=3)
    for n in range(4):
        await keeper.verify(A, f"{WRONG}{n}", OTHERS[n])
    computed = door.hasher.computed
    await keeper.verify(A, f"{WRONG}3", OTHERS[3])
    assert door.hasher.computed == computed
    await keeper.verify(A, f"{WRONG}0", OTHERS[0])
    assert door.hasher.computed == computed + 2


# Failures of the store


async def test_a_failed_note_is_an_error_and_is_tried_again(door: Door) -> None:
    door.stored.failure = OSError("disk")
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            await door.keeper.verify(A, GOOD, HOME)
    door.stored.failure = None
    assert await door.keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
    assert door.stored.notes == [(A, HOME, START)]


async def test_a_failed_rehash_is_an_error_and_gives_its_place_back(door: Door) -> None:
    keeper = door.restart(workers=1, line=2)
    door.stored.put(A, f"weak:{GOOD}")
    door.stored.failure = OSError("disk")
    for _ in range(5):
        with pytest.raises(OSError, match="disk"):
            await keeper.verify(A, GOOD, HOME)
    assert keeper.remembered(A, GOOD) is None
    door.stored.failure = None
    assert await keeper.verify(A, GOOD, HOME) == Verified(A, 1, 1)
    assert door.stored.rehashed == [(A, 1, f"hash:{GOOD}")]


# Sources


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("testclient", "testclient"),
        ("192.0.2.256", "192.0.2.256"),
        ("x" * 500, "x" * 64),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(address: str, source: str) -> None:
    assert source_of(address) == source


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_addresses_share_a_source_exactly_within_one_network(low: int, other: int, network: int) -> None:
    def spelled(network: int, low: int) -> str:
        digits = f"{network:016x}{low:016x}"
        return ":".join(digits[n : n + 4] for n in range(0, 32, 4))

    assert source_of(spelled(network, low)) == source_of(spelled(network, other))
    assert source_of(spelled(network, low)) != source_of(spelled(network ^ 1 or 2, low))
