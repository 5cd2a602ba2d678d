"""The short form of tests/long/powercut.py, whose controls say whether it would have seen a loss."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

_SAID = re.compile(
    r"60 cuts, (\d+) acknowledged writes, (\d+) restarts of the log, (\d+) cuts with a loss;"
    r" controls: synchronous=NORMAL (\d+) of (\d+) cuts with a loss, a disk that lies about the database: (.+) at cut"
)


@pytest.mark.slow
def test_sixty_power_cuts_lose_nothing_that_was_acknowledged_and_both_controls_do() -> None:
    command = [sys.executable, "-m", "tests.long.powercut", "--cuts", "60", "--seconds", "2", "--seed", "sixty cuts"]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    said = _SAID.search(done.stdout)
    assert said is not None, done.stdout + done.stderr
    acknowledged, restarts, lost, loose, of, lying = said.groups()
    assert int(lost) == 0, done.stdout
    assert int(acknowledged) > 100
    assert int(restarts) > 0
    assert 0 < int(loose) <= int(of)
    assert lying == "found"
    assert done.returncode == 0
