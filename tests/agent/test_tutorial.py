"""Both tutorials are carried out, block by block, as a hospital would: demonstration, MariaDB, the text's commands."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from tests.agent.sources import MARIADB

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """`make demo` of a checkout, in a folder of its own."""
    folder = tmp_path_factory.mktemp("belajar")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [_rsonline(), "demo", "--data", str(folder / ".demo"), "--port", str(port), "--quiet"]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        ends = time.monotonic() + 240
        while not _ready(port):
            assert process.poll() is None, (folder / "demo.log").read_text()
            assert time.monotonic() < ends, "the demonstration did not start"
            time.sleep(0.5)
        yield folder, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _rsonline() -> str:
    return str(Path(sys.executable).with_name("rsonline"))


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.mark.parametrize(("text", "number"), [("docs/panduan/agen.md", 1), ("docs/agent.md", 2)])
def test_the_tutorial_holds(text: str, number: int, demonstration: tuple[Path, int]) -> None:
    folder, port = demonstration
    blocks = _BLOCK.findall((ROOT / text).read_text("utf-8"))
    assert len(blocks) >= 4
    # Names that belong to this run: another one may go on at the same time.
    mine = f"{os.getpid()}_{number}"
    script = "set -euo pipefail\n" + "\n".join(blocks)
    for old, new in (
        ("latihan", f"latihan{number}"),
        ("sik_contoh", f"sik_contoh_{mine}"),
        ("rsonline_baca", f"baca_{mine}"),
        ("9999001", f"999900{number}"),
        (":8080", f":{port}"),
        ("127.0.0.1 -u root", f"{MARIADB} -u root"),
    ):
        assert old in script
        script = script.replace(old, new)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, timeout=300
        )
    finally:
        connection = pymysql.connect(host=MARIADB, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS sik_contoh_{mine}")
            cursor.execute(f"DROP USER IF EXISTS 'baca_{mine}'@'%'")
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    # Set-up shows the rooms; reconcile finds nothing to mend.
    assert "Mawar" in said
    assert "Tidak ada yang ditolak." in said
    assert "beda ini?" not in said
