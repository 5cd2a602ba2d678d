"""`make demo` as somebody meets it who has just cloned the repository."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rsonline.demo import history, seed
from rsonline.demo.hospitals import places
from rsonline.reports import ANTRIAN
from rsonline.store import reads
from rsonline.store.database import embedded
from rsonline.store.engines import transaction
from rsonline.store.hospitals import ZONES
from rsonline.store.sqlite_engine import connect

COMMAND = [sys.executable, "-c", "from rsonline.cli import main; main()", "demo"]


class Demo:
    """A running demonstration and what it printed."""

    def __init__(self, data: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--data", str(data), "--port", "18431", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.printed = ""

    def wait(self, for_: str, seconds: float = 150) -> str:
        """Everything printed until a text appears."""
        assert self.process.stdout is not None
        end = time.monotonic() + seconds
        while for_ not in self.printed:
            assert time.monotonic() < end, self.printed
            line = self.process.stdout.readline()
            assert line, self.printed
            self.printed += line
        return self.printed

    def stop(self) -> tuple[int, str]:
        """Ctrl-C; the exit code and the rest of what was printed."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=30)
        return self.process.returncode, rest


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demonstration."""
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def demo(data: Path) -> Iterator[Demo]:
    """A demonstration on an empty folder, with its senders."""
    running = Demo(data)
    running.wait("Ctrl-C")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def curl_lines(printed: str) -> list[str]:
    """The six lines to paste."""
    return re.findall(r"^# \d\. .*\n((?:.|\n)*?)\n\n", printed, re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the printed lines are for curl")
def test_each_printed_line_works_when_pasted(demo: Demo) -> None:
    answers = []
    lines = curl_lines(demo.printed)
    assert len(lines) == 6
    for line in lines:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=True)
        answers.append(json.loads(done.stdout))
    types, beds, oxygen, broken, bed, patients = answers
    assert len(types["tempat_tidur"]) == 32
    assert any(row["ruang"] == "Mawar 1" for row in beds["fasyankes"])
    assert oxygen["Oksigenasi"][0]["status"] == "200"
    assert broken["fasyankes"][0]["status"] == "400"
    assert "baris 3" in broken["fasyankes"][0]["message"]
    assert "telah diupdate" in bed["fasyankes"][0]["message"]
    assert patients["message"] == "data found"
    assert all(item["namaInisialPasien"] == "PP" for item in patients["data"])


def test_live_reports_arrive_in_several_dialects(demo: Demo, data: Path) -> None:
    def clocks() -> set[str]:
        db = connect(data / "rsonline.sqlite3", read_only=True)
        found = {row[0] for row in db.execute("SELECT DISTINCT clock FROM journal WHERE source = 'api'")}
        db.close()
        return found

    end = time.monotonic() + 60
    while not {"exact", "whole_hour"} <= clocks():
        assert time.monotonic() < end
        time.sleep(0.5)


def test_the_hospitals_are_made_up_and_in_all_zones(demo: Demo, data: Path) -> None:
    db = connect(data / "rsonline.sqlite3", read_only=True)
    rows = db.execute("SELECT kode_rs, nama, zona FROM hospital").fetchall()
    with transaction(embedded(data)) as access:
        bookings = [row for code, _, _ in rows for row in reads.having(code, ANTRIAN, {})(access)]
    niks = [row["nik"] for row in bookings if row["nik"]]
    days = db.execute("SELECT count(DISTINCT tanggal) FROM oksigen").fetchone()[0]
    warned = db.execute("SELECT count(*) FROM journal WHERE object = 'tempat_tidur'").fetchone()[0]
    db.close()
    assert len(rows) == 40
    assert {row[2] for row in rows} == set(ZONES)
    assert all(row[0].startswith("99") and "Peragaan" in row[1] for row in rows)
    assert niks
    assert all(nik.startswith("9999") for nik in niks)
    assert days >= 14
    assert warned > 1000


def test_ctrl_c_ends_all_of_it_and_a_second_start_keeps_the_passwords(demo: Demo, data: Path) -> None:
    code, rest = demo.stop()
    assert code == 0
    assert "Traceback" not in demo.printed + rest
    assert "berhenti" in rest
    again = Demo(data, "--quiet")
    printed = again.wait("Ctrl-C", 60)
    password = re.findall(r"X-pass:  (\S+)", demo.printed)
    assert password == re.findall(r"X-pass:  (\S+)", printed)
    assert again.stop()[0] == 0
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(data) not in listed


def test_a_folder_of_somebody_else_is_neither_used_nor_reset(tmp_path: Path) -> None:
    kept = tmp_path / "rsonline.sqlite3"
    kept.write_text("mine")
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path), "--reset"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "sudah berisi data lain" in done.stderr
    assert kept.read_text() == "mine"


def test_the_history_is_the_same_each_time_and_in_order() -> None:
    now = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    first = seed.first_day(now)

    def told() -> list[Any]:
        return [m for place in list(places())[:6] for m in history.tell(place, first, 15, now)]

    one, other = told(), told()
    assert one == other
    assert all(m.at <= now for m in one)
    silent = [p for p in places() if p.habit == "silent"]
    assert max(m.at for m in history.tell(silent[0], first, 15, now)).date() < now.date()
