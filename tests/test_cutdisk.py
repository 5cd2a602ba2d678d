"""The model of a disk under tests/long/powercut.py: what it keeps for certain, and what it may lose."""

import random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.long.cutdisk import SECTOR, Disk
from tests.long.filetrace import Call, NotModelled, Step

CUTS = 300
OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR
Kind = Literal["create", "write", "resize", "sync", "remove", "answer"]


class Played:
    """A disk with one file, and the calls that are made on it one after the other."""

    def __init__(self, lying: frozenset[str] = frozenset()) -> None:
        self.disk = Disk({"file": OLD}, lying)
        self._number = 0

    def begin(self, kind: Kind, name: str = "file", offset: int = 0, data: bytes = b"", failed: bool = False) -> Call:
        """The beginning of a call."""
        self._number += 1
        call = Call(self._number, 1, kind, name, offset, data, failed)
        self.disk.step(Step(call, False, 0.0))
        return call

    def end(self, call: Call) -> None:
        """Its end."""
        self.disk.step(Step(call, True, 0.0))

    def call(self, kind: Kind, name: str = "file", offset: int = 0, data: bytes = b"", failed: bool = False) -> None:
        """A whole call."""
        self.end(self.begin(kind, name, offset, data, failed))

    def left(self, name: str = "file") -> set[bytes | None]:
        """What many cuts leave of a file; None where its name is gone."""
        return {self.disk.after_a_cut(random.Random(seed)).get(name) for seed in range(CUTS)}


@pytest.fixture
def played() -> Played:
    """A disk that says the truth."""
    return Played()


def sectors(content: bytes | None) -> list[bytes]:
    """The parts that are written as one."""
    assert content is not None
    return [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]


def test_a_synced_write_survives_every_cut(played: Played) -> None:
    played.call("write", data=NEW)
    played.call("sync")
    assert played.left() == {NEW}


@given(
    data=st.binary(min_size=1, max_size=3 * SECTOR),
    offset=st.integers(0, 5 * SECTOR),
    later=st.binary(min_size=1, max_size=3 * SECTOR),
    seed=st.integers(),
)
def test_what_was_synced_survives_whatever_is_written_beside_it(
    data: bytes, offset: int, later: bytes, seed: int
) -> None:
    played = Played()
    played.call("write", offset=offset, data=data)
    played.call("sync")
    played.call("write", offset=offset + len(data), data=later)
    left = played.disk.after_a_cut(random.Random(seed))["file"]
    assert left[offset : offset + len(data)] == data


def test_an_unsynced_write_may_stay_may_vanish_and_may_be_torn_between_sectors_only(played: Played) -> None:
    played.call("write", data=NEW)
    left = played.left()
    assert {OLD, NEW} < left
    assert all(sector in (OLD[:SECTOR], NEW[:SECTOR]) for content in left for sector in sectors(content))


def test_a_write_across_sectors_is_torn_at_their_borders(played: Played) -> None:
    played.call("write", offset=SECTOR - 10, data=b"n" * 20)
    pieces = {(content[SECTOR - 10 : SECTOR], content[SECTOR : SECTOR + 10]) for content in played.left() if content}
    whole, none = b"n" * 10, b"o" * 10
    assert pieces == {(whole, whole), (whole, none), (none, whole), (none, none)}


def test_of_two_unsynced_writes_either_may_be_there_without_the_other(played: Played) -> None:
    played.call("write", data=NEW[:SECTOR])
    played.call("write", offset=2 * SECTOR, data=NEW[:SECTOR])
    found = {(sectors(content)[0][:1], sectors(content)[2][:1]) for content in played.left()}
    assert found == {(b"o", b"o"), (b"n", b"o"), (b"o", b"n"), (b"n", b"n")}


def test_a_write_that_grows_a_file_may_leave_its_size_without_its_bytes(played: Played) -> None:
    played.call("write", offset=len(OLD), data=NEW)
    assert {OLD, OLD + NEW, OLD + bytes(len(NEW))} <= played.left()


def test_a_sync_covers_only_what_had_been_written_when_it_began(played: Played) -> None:
    sync = played.begin("sync")
    played.call("write", data=NEW)
    played.end(sync)
    assert OLD in played.left()


def test_a_sync_covers_only_writes_that_had_returned(played: Played) -> None:
    write = played.begin("write", data=NEW)
    played.call("sync")
    played.end(write)
    assert OLD in played.left()
    played.call("sync")
    assert played.left() == {NEW}


def test_a_sync_that_has_not_returned_makes_nothing_certain(played: Played) -> None:
    played.call("write", data=NEW)
    played.begin("sync")
    assert OLD in played.left()


def test_a_sync_that_failed_loses_what_it_covered_and_the_next_one_does_not_bring_it_back(played: Played) -> None:
    played.call("write", data=NEW)
    played.call("sync", failed=True)
    assert played.left() == {OLD}
    played.call("sync")
    assert played.left() == {OLD}
    played.call("write", data=NEW)
    played.call("sync")
    assert played.left() == {NEW}


def test_a_write_that_failed_changes_nothing(played: Played) -> None:
    played.call("write", data=NEW, failed=True)
    played.call("sync")
    assert played.left() == {OLD}


@pytest.mark.parametrize("size", [SECTOR, 6 * SECTOR])
def test_a_new_size_is_certain_after_a_sync_only(played: Played, size: int) -> None:
    wanted = (OLD + bytes(size))[:size] if size > len(OLD) else OLD[:size]
    played.call("resize", offset=size)
    assert {OLD, wanted} <= played.left()
    played.call("sync")
    assert played.left() == {wanted}


def test_the_name_of_a_new_file_is_certain_only_after_the_folders_sync(played: Played) -> None:
    played.call("create", name="new")
    played.call("write", name="new", data=NEW)
    played.call("sync", name="new")
    assert played.left("new") == {None, NEW}
    played.call("sync", name=".")
    assert played.left("new") == {NEW}


def test_a_removed_name_may_come_back_until_the_folders_sync(played: Played) -> None:
    played.call("remove")
    assert played.left() == {None, OLD}
    played.call("sync", name=".")
    assert played.left() == {None}


def test_a_sync_of_the_folder_that_failed_makes_no_name_certain(played: Played) -> None:
    played.call("create", name="new")
    played.call("sync", name=".", failed=True)
    assert played.left("new") == {None, b""}


def test_opening_a_file_that_is_there_changes_nothing(played: Played) -> None:
    played.call("create")
    assert played.left() == {OLD}


def test_a_lying_file_loses_what_it_said_it_had_synced() -> None:
    played = Played(frozenset({"file"}))
    played.call("write", data=NEW)
    played.call("sync")
    assert {OLD, NEW} < played.left()


def test_a_file_beside_a_lying_one_keeps_what_was_synced() -> None:
    played = Played(frozenset({"other"}))
    played.call("write", data=NEW)
    played.call("sync")
    assert played.left() == {NEW}


def test_a_write_to_a_file_that_was_never_made_is_refused(played: Played) -> None:
    with pytest.raises(NotModelled, match="never made"):
        played.call("write", name="stranger", data=NEW)
