"""`rsonline quiet`: holidays and maintenance from the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.test_cli import rsonline

DAY = (datetime.now(UTC) + timedelta(days=5)).date()


def test_a_holiday_is_added_listed_and_taken_back(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    said = ("--from", DAY.isoformat(), "--reason", "Libur nasional", "--kind", "oksigen")
    assert "Pengumuman 1 tersimpan" in rsonline("quiet", "add", *said, *data)
    maintenance = ("--place", "34", "--maintenance", "--from", DAY.isoformat(), "--reason", "Pindah peladen")
    assert "Pengumuman 2 tersimpan" in rsonline("quiet", "add", *maintenance, *data)
    lines = [line.split("\t") for line in rsonline("quiet", "list", *data).splitlines()]
    every = "tempat_tidur oksigen nakes_terinfeksi pcr_nakes"
    day = DAY.isoformat()
    assert lines == [
        ["-", "1", day, day, "holiday", "oksigen", "Libur nasional"],
        ["34", "2", day, day, "maintenance", every, "Pindah peladen"],
    ]
    assert "Libur nasional" not in rsonline("quiet", "list", "--place", "34", *data)
    assert "tidak ada" in rsonline("quiet", "remove", "1", "--place", "34", *data, code=1)
    assert "ditarik" in rsonline("quiet", "remove", "1", *data)
    assert "Libur nasional" not in rsonline("quiet", "list", *data)
    assert "quiet_region" in rsonline("journal", "search", "--account", "cli", *data)


def test_a_hospital_has_its_own(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    rsonline("hospital", "add", "9400031", "--name", "RS", "--zone", "WIT", *data)
    said = ("--place", "9400031", "--from", DAY.isoformat(), "--reason", "Listrik padam")
    assert "sifat: " in rsonline("quiet", "add", *said, *data, code=1)
    assert "Pengumuman 1 tersimpan" in rsonline("quiet", "add", *said, "--maintenance", *data)
    assert "9400031\t1\t" in rsonline("quiet", "list", *data)


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("--from", "besok", "--reason", "x"), "--from: 'besok' bukan tanggal", 2),
        (("--from", DAY.isoformat(), "--to", "2026-01-01", "--reason", "x"), "sampai: ", 1),
        (("--from", "2020-01-01", "--reason", "x"), "mulai: ", 1),
        (("--from", DAY.isoformat(), "--reason", ""), "alasan: ", 1),
        (("--from", DAY.isoformat(), "--reason", "x", "--kind", "shk"), "jenis: ", 1),
        (("--from", DAY.isoformat(), "--reason", "x", "--place", "9999999"), "wilayah: ", 1),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, words: tuple[str, ...], says: str, code: int) -> None:
    assert says in rsonline("quiet", "add", *words, "--data", str(tmp_path), code=code)
    assert rsonline("quiet", "list", "--data", str(tmp_path)).strip() == ""
