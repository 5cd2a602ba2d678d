"""Reference lists that follow the operator's files."""

import os
from pathlib import Path

import pytest

from rsonline.reports.current_lists import CurrentLists
from rsonline.reports.references import shipped


def put(folder: Path, text: str, name: str = "terapi") -> None:
    """Replace a file of a list as the command line does."""
    folder.mkdir(exist_ok=True)
    beside = folder / f".{name}.csv"
    beside.write_text(text, "utf-8")
    beside.replace(folder / f"{name}.csv")


def test_files_that_come_change_and_go_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "references"
    lists = CurrentLists(folder)
    held = lists
    assert dict(lists) == dict(shipped())
    assert (lists.refresh(), lists.version) == (False, 1)
    put(folder, "id,nama\n77,Obat baru\n")
    assert "77" not in held["terapi"].entries
    assert lists.refresh()
    assert held["terapi"].entries["77"].nama == "Obat baru"
    assert not lists.refresh()
    # The same size within the same second.
    put(folder, "id,nama\n77,Obat lain\n")
    assert lists.refresh()
    assert held["terapi"].entries["77"].nama == "Obat lain"
    (folder / "terapi.csv").unlink()
    assert lists.refresh()
    assert dict(held) == dict(shipped())
    assert (lists.version, len(lists), lists.fault) == (4, len(shipped()), None)


@pytest.mark.parametrize("text", ["id,nama\n77,\n", "id,nama\n,x\n"])
def test_a_faulty_file_is_told_once_and_changes_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path, "id,nama\n77,Obat baru\n")
    lists = CurrentLists(tmp_path)
    put(tmp_path, text)
    assert lists.refresh()
    assert "without id or nama" in (lists.fault or "")
    assert lists.version == 1
    assert lists["terapi"].entries["77"].nama == "Obat baru"
    assert not lists.refresh()
    put(tmp_path, "id,nama\n77,Obat lain\n")
    assert lists.refresh()
    assert (lists.fault, lists["terapi"].entries["77"].nama) == (None, "Obat lain")


def test_a_file_that_is_no_list_or_no_text_is_a_fault(tmp_path: Path) -> None:
    lists = CurrentLists(tmp_path)
    put(tmp_path, "id,nama\n1,x\n", "obat")
    assert lists.refresh()
    assert "obat.csv" in (lists.fault or "")
    with pytest.raises(ValueError, match=r"obat\.csv"):
        CurrentLists(tmp_path)
    os.replace(tmp_path / "obat.csv", tmp_path / "terapi.csv")
    (tmp_path / "terapi.csv").write_bytes(b"id,nama\n1,\xff\n")
    assert lists.refresh()
    assert lists.fault
    assert lists.version == 1
