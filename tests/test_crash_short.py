"""The short form of tests/long/crash.py, and whether what it rests on can fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.store.database import Database
from tests.long.crash import Crash
from tests.long.ledger import Ledger

VALUES = st.one_of(st.none(), st.integers(0, 5))


@pytest.fixture
def crash(tmp_path: Path, database: Database) -> Iterator[Crash]:
    """A running service with its senders; killed at the end, whatever happened."""
    running = Crash(tmp_path, seed="three kills", database=database)
    try:
        running.service.start()
        yield running
    finally:
        running.service.kill()


@pytest.mark.slow
def test_three_kills_lose_nothing_that_was_acknowledged_and_a_planted_loss_is_found(crash: Crash) -> None:
    for _ in range(3):
        crash.round()
    tally = crash.tally
    assert (tally.lost, tally.contradictions, tally.faults) == ([], [], [])
    assert tally.acknowledged > 100
    victim, lost, faults = crash.planted()
    assert len(lost) == 1
    assert str(victim) in lost[0]
    assert len(faults) == 1
    assert victim.hospital in faults[0]


@given(said=VALUES, unanswered=st.lists(VALUES, max_size=3), stored=VALUES)
def test_a_stored_value_is_a_loss_exactly_when_it_was_neither_acknowledged_nor_asked_for(
    said: int | None, unanswered: list[int | None], stored: int | None
) -> None:
    ledger: Ledger[str, int] = Ledger()
    ledger.acknowledge("key", said)
    for value in unanswered:
        ledger.leave_open("key", value)
    differences = ledger.settle({} if stored is None else {"key": stored})
    assert bool(differences) == (stored != said and stored not in unanswered)
    assert ledger.settle({} if stored is None else {"key": stored}) == []


def test_what_nobody_wrote_is_a_difference() -> None:
    ledger: Ledger[str, int] = Ledger()
    (difference,) = ledger.settle({"stranger": 1})
    assert (difference.key, difference.acknowledged, difference.found) == ("stranger", None, 1)
