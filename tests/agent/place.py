"""An agent's folder over two rooms, and its commands as processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rsonline.hospital import assembly
from rsonline.hospital.config import load
from rsonline.hospital.outbox import Outbox
from tests.agent.sources import Simrs, simrs
from tests.long.process import PASSWORD

CODE = "9300001"
EN = ("--lang", "en")
AWAY = "http://127.0.0.1:1/fo/index.php"
ROOMS = "SELECT '3' AS id_tt, nama AS ruang, 1 AS jumlah_ruang, jumlah, terpakai FROM kamar"
_PROGRAM = "from rsonline.cli import main; main()"


@contextmanager
def two_rooms(folder: Path) -> Iterator[Simrs]:
    """A SIMRS with two rooms."""
    with simrs("sqlite", folder) as made:
        made.write(
            "CREATE TABLE kamar (nama TEXT, jumlah INTEGER, terpakai INTEGER)",
            "INSERT INTO kamar VALUES ('Mawar 1', 4, 1), ('Mawar 2', 4, 2)",
        )
        yield made


class Place(NamedTuple):
    """An agent's folder, and how its commands are given."""

    file: Path

    @property
    def where(self) -> tuple[str, str]:
        return ("--config", str(self.file))

    def outbox(self) -> Outbox:
        """Its outbox; to be closed."""
        return assembly.outbox_of(load(self.file))

    def process(self, *words: str) -> "subprocess.Popen[str]":
        """A command of the agent as a process of its own: it takes signals and writes a log."""
        return subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, "agent", *words, *self.where],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if k != "RSONLINE_LANG"},
        )

    def once(self, *words: str, code: int) -> tuple[str, str]:
        """`run --once`: what it said and what it logged."""
        process = self.process("run", "--once", *words)
        said, logged = process.communicate(timeout=60)
        assert process.returncode == code, logged
        return said, logged

    def begun(self, *words: str) -> str:
        """The first line of a command that goes on until it is ended."""
        process = self.process(*words)
        assert process.stdout is not None
        try:
            return process.stdout.readline()
        finally:
            process.terminate()
            process.communicate(timeout=60)


def placed(folder: Path, hospital: Simrs, address: str = AWAY, more: str = "") -> Place:
    """A configuration with one snapshot of the rooms."""
    (folder / "sandi").write_text(PASSWORD)
    (folder / "agent.toml").write_text(
        f'[hospital]\ncode="{CODE}"\nzone="Asia/Jakarta"\naddress="{address}"\npassword_file="sandi"\n'
        f'[source]\nurl="{hospital.reader}"\nzone="Asia/Jakarta"\n'
        f'[[feed]]\nname="kamar"\nreport="tempat_tidur"\nsnapshot=true\nsql="{ROOMS}"\n{more}'
    )
    return Place(folder / "agent.toml")
