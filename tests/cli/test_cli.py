"""The `rsonline` command as an operator uses it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rsonline.reports import REPORTS
from rsonline.reports.report import members
from rsonline.settings import Settings

ENVIRONMENT = {**os.environ, "RSONLINE_LOG_LEVEL": "warning", "COLUMNS": "200"}


def rsonline(*words: str, told: str = "", code: int = 0, **environ: str) -> str:
    """Run the command; what it printed, both streams."""
    done = subprocess.run(
        [sys.executable, "-c", "from rsonline.cli import main; main()", *words],
        input=told,
        capture_output=True,
        text=True,
        timeout=60,
        env={**ENVIRONMENT, **environ},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_hospital_is_added_to_an_empty_folder_with_a_password_shown_once(tmp_path: Path) -> None:
    data = str(tmp_path / "new")
    printed = rsonline("hospital", "add", "9400001", "--name", "RS Contoh", "--zone", "WITA", "--data", data)
    password = printed.strip().splitlines()[-1]
    assert re.fullmatch(r"[!-~]{20,}", password)
    listed = rsonline("hospital", "list", "--data", data)
    assert "9400001" in listed
    assert "WITA" in listed
    assert password not in listed
    assert password not in rsonline("hospital", "show", "9400001", "--data", data)


def test_a_password_from_the_input_is_not_repeated_and_listed_as_old(tmp_path: Path) -> None:
    words = (
        "hospital",
        "add",
        "9400002",
        "--name",
        "RS Contoh",
        "--zone",
        "wib",
        "--password-stdin",
        "--data",
        str(tmp_path),
    )
    assert "rahasia-lama" not in rsonline(*words, told="rahasia-lama\n")
    assert "perlu diganti" in rsonline("hospital", "list", "--data", str(tmp_path))


@pytest.mark.parametrize(
    ("words", "told", "says"),
    [
        (("add", "94/0001", "--name", "RS", "--zone", "WIB"), "", "tidak sah"),
        (("add", "9400003", "--name", "RS", "--zone", "GMT"), "", "WIB, WITA atau WIT"),
        (("add", "9400003", "--name", " ", "--zone", "WIB"), "", "kosong"),
        (("password", "9400009"), "", "tidak ditemukan"),
        (("revoke", "9400009", "1"), "", "tidak ditemukan"),
        (("disable", "9400009"), "", "tidak ditemukan"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    tmp_path: Path, words: tuple[str, ...], told: str, says: str
) -> None:
    assert says in rsonline("hospital", *words, "--data", str(tmp_path), told=told, code=1)
    assert "9400003" not in rsonline("hospital", "list", "--data", str(tmp_path))


def test_the_same_hospital_is_not_added_twice(tmp_path: Path) -> None:
    words = ("hospital", "add", "9400004", "--name", "RS", "--zone", "WIB", "--data", str(tmp_path))
    rsonline(*words)
    assert "sudah ada" in rsonline(*words, code=1)


def test_hospitals_come_from_a_csv_all_or_none(tmp_path: Path) -> None:
    file = tmp_path / "rs.csv"
    file.write_text("kode,nama,zona,password\n9400005,RS Satu,WIB,\n9400006,RS Dua,WIT,lama-punya\n", "utf-8")
    printed = rsonline("hospital", "import", str(file), "--data", str(tmp_path))
    assert "kode,password" in printed
    assert "9400005," in printed
    assert "lama-punya" not in printed
    file.write_text("kode,nama,zona\n9400007,RS Tiga,WIB\n9400005,RS Satu,WIB\n", "utf-8")
    assert "sudah ada" in rsonline("hospital", "import", str(file), "--data", str(tmp_path), code=1)
    assert "9400007" not in rsonline("hospital", "list", "--data", str(tmp_path))


def test_passwords_change_over_and_end_alone(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    rsonline("hospital", "add", "9400008", "--name", "RS", "--zone", "WIB", *data)
    rsonline("hospital", "password", "9400008", *data)
    shown = rsonline("hospital", "show", "9400008", *data)
    assert "nomor 1: generated, berlaku sampai" in shown
    assert "nomor 2: generated" in shown
    rsonline("hospital", "revoke", "9400008", "1", *data)
    assert "nomor 1" not in rsonline("hospital", "show", "9400008", *data)
    rsonline("hospital", "password", "9400008", "--at-once", "--also-md5", *data)
    shown = rsonline("hospital", "show", "9400008", *data)
    assert "nomor 2" not in shown
    assert "nomor 4: md5" in shown


def test_switches_are_set_and_shown(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    rsonline("hospital", "add", "9400010", "--name", "RS", "--zone", "WIB", *data)
    rsonline("hospital", "set", "9400010", "--create-on-put", "--always-200", "--clock", "strict", *data)
    shown = rsonline("hospital", "show", "9400010", *data)
    assert "PUT menambah: True; selalu HTTP 200: True; jam: strict" in shown
    assert "lenient, strict" in rsonline("hospital", "set", "9400010", "--clock", "later", *data, code=2)
    rsonline("hospital", "disable", "9400010", *data)
    assert "nonaktif" in rsonline("hospital", "show", "9400010", *data)
    rsonline("hospital", "enable", "9400010", *data)


@pytest.mark.parametrize("report", REPORTS, ids=lambda r: r.name)
def test_show_tells_everything_that_is_derived(report: object) -> None:
    assert hasattr(report, "name")
    printed = rsonline("show", report.name)
    for member in members(report.record):  # type: ignore[attr-defined]  # a Report, as the parametrization says
        assert member.name in printed
    assert "intake/verbs.py:" in printed
    assert "telah disimpan" in printed


def test_show_without_a_name_lists_the_reports_and_an_unknown_name_is_an_error() -> None:
    printed = rsonline("show")
    assert all(report.name in printed for report in REPORTS)
    assert "tidak dikenal" in rsonline("show", "nothing", code=1)


def test_serve_explains_every_setting() -> None:
    printed = rsonline("serve", "--help")
    for name in Settings.__dataclass_fields__:
        assert f"RSONLINE_{name.upper()}" in printed


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "no", "whole number"),
        ("PORT", "70000", "more than"),
        ("LOG_LEVEL", "loud", "one of"),
        ("CREATE_ON_PUT", "maybe", "neither"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: str, says: str) -> None:
    printed = rsonline("serve", "--data", str(tmp_path), code=2, **{f"RSONLINE_{name}": value})
    assert name.lower() in printed
    assert says in printed


def test_settings_come_from_a_file_below_the_environment_below_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "rsonline.toml"
    file.write_text('port = 1\nreaders = 2\nlog_level = "error"\n', "utf-8")
    from rsonline.settings import load

    found = load({"port": 3}, environ={"RSONLINE_CONFIG": str(file), "RSONLINE_READERS": "7"})
    assert (found.port, found.readers, found.log_level) == (3, 7, "error")
    file.write_text("prot = 1\n", "utf-8")
    assert "prot is no setting" in rsonline("migrate", "--data", str(tmp_path), code=2, RSONLINE_CONFIG=str(file))


def test_migrate_makes_a_database_and_says_so(tmp_path: Path) -> None:
    assert "kosong" in rsonline("migrate", "--data", str(tmp_path / "x"))
    assert "sudah pada revisi" in rsonline("migrate", "--data", str(tmp_path / "x"))
