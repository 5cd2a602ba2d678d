"""Refused logins as lines: what a guesser can make the journal grow by, and that no attempt is lost in the counting."""

from hypothesis import given
from hypothesis import strategies as st

from rsonline.login.attempts import Attempts, Line, Whose


def named(name: str) -> Whose:
    return Whose(name, "credential", "?", f"{name}/?")


def told(attempts: Attempts, *asked: tuple[str, str, float, bool]) -> list[Line]:
    """The lines of these attempts (whose, from where, when, limited), in the order in which they are written."""
    lines: list[Line] = []
    for name, source, now, limited in asked:
        lines += attempts.ended(now)
        line = attempts.add(named(name), "api", source, source, "r", now, limited=limited)
        lines += [] if line is None else [line]
    return lines


def test_the_first_of_a_source_is_told_at_once_and_the_others_together() -> None:
    attempts = Attempts(seconds=100)
    lines = told(attempts, *[("A", "10.0.0.1", float(at), at >= 3) for at in range(5)], ("A", "10.0.0.2", 6.0, False))
    assert [(line.address, line.attempts, line.limited) for line in lines] == [("10.0.0.1", 1, 0), ("10.0.0.2", 1, 0)]
    assert attempts.ended(99.9) == []
    assert attempts.ends_at == 100.0
    [rest] = attempts.ended(100.0)
    assert rest == Line(named("A"), "api", None, None, 4, 2, 0.0, 100.0, (("10.0.0.1", 5), ("10.0.0.2", 1)))
    # The next window begins with its first attempt, told at once again.
    assert [line.begun for line in told(attempts, ("A", "10.0.0.1", 250.0, False))] == [250.0]
    assert attempts.ends_at == 350.0


def test_a_clock_that_was_set_back_ends_the_window() -> None:
    attempts = Attempts(seconds=100)
    told(attempts, ("A", "s", 1000.0, False), ("A", "s", 1001.0, False))
    assert [line.attempts for line in attempts.ended(10.0)] == [1]


def test_many_sources_and_many_names_cannot_make_many_lines() -> None:
    attempts = Attempts(seconds=3600, lines=50, sources=20)
    asked = [(f"{n % 7}", f"2001:db8::{n}", n / 10, False) for n in range(10_000)]
    lines = told(attempts, *asked)
    assert len(lines) == 50
    ends = attempts.ended(3600.0)
    assert len(ends) == 7
    assert sum(line.attempts for line in lines + ends) == 10_000
    assert all(len(line.sources) == 5 for line in ends)
    assert sum(line.more for line in ends) == 10_000 - 7 * 20


@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from("pqrst"), st.floats(0, 1000, allow_nan=False), st.booleans()),
        max_size=60,
    ),
    st.integers(0, 4),
    st.integers(1, 3),
)
def test_every_attempt_is_in_exactly_one_line(
    asked: list[tuple[str, str, float, bool]], lines: int, sources: int
) -> None:
    attempts = Attempts(seconds=100, lines=lines, sources=sources)
    made = [*told(attempts, *asked), *attempts.ended(0.0, all=True)]
    for name in "ABC":
        of = [line for line in made if line.whose.chain == name]
        assert sum(line.attempts for line in of) == sum(a[0] == name for a in asked)
        assert sum(line.limited for line in of) == sum(a[0] == name and a[3] for a in asked)
    assert attempts.ends_at is None
