"""The short form of tests/long/diskfaults.py, and whether it finds a service that does not keep the promise."""

from pathlib import Path

import pytest

from tests.long import diskfaults
from tests.long.diskfaults import GOES_ON, Place
from tests.long.powercut import DATABASE

SEED = "short"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the hospitals."""
    return diskfaults.prepared(tmp_path_factory.mktemp("disk") / "template")


@pytest.mark.slow
def test_after_a_sync_that_failed_nothing_is_acknowledged_the_process_ends_and_nothing_is_lost(template: Path) -> None:
    chosen = diskfaults.places(6, template, SEED)
    seen = diskfaults.failing_syncs(chosen, template, SEED)
    assert seen.faults == []
    assert seen.failed.total() == len(chosen)
    # Also a sync that moves the log to the database, of which SQLite itself says nothing.
    assert seen.failed[DATABASE] > 0
    assert seen.acknowledged > 100


@pytest.mark.slow
def test_a_service_that_goes_on_after_a_failed_sync_is_found(template: Path) -> None:
    faults = diskfaults.failing_syncs([Place(9, program=GOES_ON)], template, SEED).faults
    assert any("answers acknowledge what was not synced" in fault for fault in faults)
    assert any("it had to be stopped" in fault for fault in faults)


@pytest.mark.slow
def test_a_full_disk_refuses_writes_answers_reads_and_is_written_to_again_once_there_is_room(template: Path) -> None:
    seen = diskfaults.full_disk(template, SEED)
    if seen is None:
        # Where mounting is not permitted strace says that there is no room: the next test.
        return
    assert seen.faults == []
    assert seen.statuses[507] > 0
    assert seen.acknowledged > 100


@pytest.mark.slow
def test_writes_that_find_no_room_are_refused_and_those_after_them_kept(template: Path) -> None:
    seen = diskfaults.no_room(2, template, SEED)
    assert seen.faults == []
    assert seen.failed[DATABASE] > 0
    assert seen.failed[f"{DATABASE}-wal"] > 0
    assert seen.statuses[507] > 0
