"""Wrong passwords at the relay: what is counted, for how long, and against whom (SR-06 to SR-08)."""

from hypothesis import given
from hypothesis import strategies as st

from rsonline.hospital.guesses import DAY, KNOWN, SAME, STRANGERS, TRIES, WINDOW, Guesses


def guessed(guesses: Guesses, source: str, count: int, now: float, *, first: int = 0) -> list[float]:
    """So many different wrong passwords at once; what was answered."""
    return [guesses.wrong(source, b"%d" % n, now) for n in range(first, first + count)]


def test_a_source_has_so_many_guesses_in_its_window() -> None:
    guesses = Guesses()
    assert guessed(guesses, "a", TRIES, 0.0) == [0.0] * TRIES
    assert guesses.wrong("a", b"noch eins", 1.0) == WINDOW - 1
    assert guesses.right("a", 1.0) == WINDOW - 1
    assert guesses.right("b", 1.0) == 0
    assert guesses.right("a", WINDOW) == 0


def test_the_window_slides() -> None:
    guesses = Guesses()
    for n in range(TRIES):
        assert guesses.wrong("a", b"%d" % n, n * 10.0) == 0
    assert guesses.wait("a", 95.0) == WINDOW - 95
    assert guesses.wrong("a", b"x", WINDOW) == 0
    assert guesses.wait("a", WINDOW) == 10


def test_the_same_wrong_password_of_a_source_is_one_guess_a_minute() -> None:
    guesses = Guesses()
    assert [guesses.wrong("a", b"x", n * SAME / 1000) for n in range(1000)] == [0.0] * 1000
    # It stands at one: so many others are free.
    assert guessed(guesses, "a", TRIES - 1, SAME / 2) == [0.0] * (TRIES - 1)
    assert guesses.wrong("a", b"y", SAME / 2) > 0


def test_strangers_share_a_number_a_day_and_friends_do_not_count() -> None:
    guesses = Guesses()
    assert guesses.right("friend", 0.0) == 0
    for n in range(STRANGERS // TRIES):
        assert guessed(guesses, f"s{n}", TRIES, 1.0) == [0.0] * TRIES
    assert guesses.wrong("another", b"x", 2.0) == DAY - 1
    assert guesses.right("another", 2.0) == DAY - 1
    assert guesses.right("friend", 2.0) == 0
    assert guesses.wrong("friend", b"x", 2.0) == 0
    assert guesses.right("another", DAY + 1) == 0


def test_a_source_is_known_for_thirty_days() -> None:
    guesses = Guesses()
    guesses.right("a", 0.0)
    guessed(guesses, "a", TRIES, KNOWN - 1)
    assert guesses.right("a", KNOWN - 1) == 0
    guesses = Guesses()
    guesses.right("a", 0.0)
    guessed(guesses, "a", TRIES, KNOWN)
    assert guesses.right("a", KNOWN) > 0


def test_what_is_remembered_stays_small() -> None:
    guesses = Guesses()
    guesses.right("a", 0.0)
    for n in range(5000):
        guesses.wrong("a", b"%d" % n, n * WINDOW)
        guesses.wrong(f"s{n % 40}", b"%d" % n, n * DAY)
    assert len(guesses._seen) <= 1000
    assert all(len(times) <= TRIES for times in guesses._wrong.values())


_events = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 30), st.floats(0, 90)), max_size=150)


@given(_events)
def test_guesses_are_bounded_and_nobody_is_kept_out_by_others(events: list[tuple[str, bool, int, float]]) -> None:
    """In any window a source is answered at most so many different guesses; who is known always comes in."""
    guesses, now, known = Guesses(), 0.0, set[str]()
    counted: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    last: dict[tuple[str, int], float] = {}
    for source, right, password, pause in events:
        now += pause
        within = [at for at in counted[source] if now - at < WINDOW]
        if right:
            opened = guesses.right(source, now) == 0
            assert opened or source not in known
            # Nobody waits for less than a counter that is used up: the source's own, or that of all strangers.
            assert opened or len(within) == TRIES or sum(map(len, counted.values())) >= STRANGERS
            known |= {source} if opened else set()
        elif guesses.wrong(source, b"%d" % password, now) == 0:
            # The same password again within a minute is no new guess.
            if now - last.get((source, password), -SAME) >= SAME:
                last[source, password] = now
                counted[source].append(now)
                assert len(within) < TRIES
        else:
            assert len(within) == TRIES or sum(map(len, counted.values())) >= STRANGERS
