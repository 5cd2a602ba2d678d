"""Short forms of the long runs of the agent: killed while it works, answers lost, power cut, disk full."""

import pytest

from tests.long import agent_disk, agent_kills, agent_lossy, agent_powercut

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("source", ["mariadb", "postgresql"])
def test_twenty_kills_lose_and_double_nothing(source: str) -> None:
    assert agent_kills.run(20 if source == "mariadb" else 5, 4000, source, "sqlite", "ci") == []


@pytest.mark.parametrize("plain", [False, True])
def test_a_fifth_of_the_answers_lost_loses_and_doubles_nothing(plain: bool) -> None:
    assert agent_lossy.run(500, plain, 0.2, "sqlite") == []


def test_a_power_cut_leaves_what_was_told() -> None:
    wrong, found = agent_powercut.run(60)
    assert wrong == []
    assert found > 20


def test_a_full_disk_loses_nothing() -> None:
    said = agent_disk.run(20_000, 4 << 20)
    if said is None:
        pytest.skip("mounting is not permitted here")
    assert said == []
