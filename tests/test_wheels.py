"""Everything that an installation takes comes as a wheel, on Windows too; and our own wheel works on its own."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.wheels import LINUX, ROOT, WINDOWS, Target, locked, needed, split

pytestmark = pytest.mark.slow
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
# What a hospital may ask for; MySQL, MariaDB and PostgreSQL, XLSX and the two doors are all of `agent`.
HOSPITAL = ((), ("agent",), ("agent", "mssql"), ("parquet",))
CASES = [(target, extras) for target in (WINDOWS, LINUX) for extras in HOSPITAL] + [(LINUX, ("server",))]


def done(*command: str | Path, code: int = 0) -> str:
    """What a command says; it must end with this code."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=600, env=environment, cwd=ROOT.parent
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


def offered(target: Target, folder: Path, *more: str) -> dict[str, str]:
    """The file that would be installed there for each package, by name. Fails where one has no wheel."""
    report = folder / "report.json"
    tags = [word for tag in target.platforms for word in ("--platform", tag)]
    command = (*PIP, "install", "--dry-run", "--ignore-installed", "--target", str(folder / "nowhere"), *tags)
    done(
        *command,
        *("--python-version", "3.11", "--implementation", "cp", "--only-binary=:all:", "--report", report),
        *more,
    )
    found = json.loads(report.read_text("utf-8"))["install"]
    return {
        str(each["metadata"]["name"]).lower().replace("_", "-").replace(".", "-"): str(
            each["download_info"]["url"]
        ).rsplit("/", 1)[1]
        for each in found
    }


@pytest.mark.parametrize(
    ("target", "extras"), CASES, ids=[f"{target.name}-{'+'.join(extras) or 'core'}" for target, extras in CASES]
)
def test_every_package_of_the_lock_has_a_wheel_there(target: Target, extras: tuple[str, ...], tmp_path: Path) -> None:
    wanted = needed(extras, target)
    pinned, unpinned = split(wanted)
    file = tmp_path / "pinned.txt"
    file.write_text(pinned)
    # Its digests are those of the lock: what would be installed is what was tested.
    files = offered(target, tmp_path, "--no-deps", "--require-hashes", "-r", str(file))
    if unpinned:
        files |= offered(target, tmp_path, *unpinned)
    assert set(wanted) <= set(files)
    assert all(name.endswith(".whl") for name in files.values()), files
    if target is LINUX:
        assert unpinned == []


def test_what_is_asked_for_there_is_what_is_asked_for_here() -> None:
    assert {"httpx", "msgspec", "typer", "h11"} <= set(needed((), WINDOWS))
    assert not {"starlette", "uvicorn", "sqlalchemy", "cryptography"} & set(needed((), WINDOWS))
    assert "colorama" in needed((), WINDOWS)
    assert "colorama" not in needed((), LINUX)
    assert {"psycopg-binary", "pymysql", "openpyxl", "starlette"} <= set(needed(("agent",), WINDOWS))
    assert "uvloop" not in needed(("server",), WINDOWS)
    assert len(locked()) > 80


class Installed:
    """A new environment with our own wheel and what it needs of the lock, nothing else."""

    def __init__(self, folder: Path, wheel: Path, *extras: str) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / "bin"
        file = folder / "pinned.txt"
        file.write_text(split(needed(extras, LINUX))[0])
        pip = (self.bin / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
        done(*pip, "install", "--only-binary=:all:", "--no-deps", "--require-hashes", "-r", file)
        done(*pip, "install", "--no-deps", "--no-index", wheel)
        done(*pip, "check")

    def rsonline(self, *words: str, code: int = 0) -> str:
        """What our command says there."""
        return done(self.bin / "rsonline", *words, code=code)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    done(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    [made] = folder.glob("rsonline-*-py3-none-any.whl")
    return made


def test_the_core_alone_sends_files_and_knows_what_is_wrong(wheel: Path, tmp_path: Path) -> None:
    place = Installed(tmp_path / "venv", wheel)
    assert "--ca-file" in place.rsonline("doctor", "--help")
    assert "reconcile" in place.rsonline("agent", "--help")
    assert "CREATE TABLE" in place.rsonline("agent", "example", "khanza")
    data = tmp_path / "oksigen.json"
    data.write_text('{"tanggal": "2026-01-02", "p_cair": "1.5"}')
    assert "1 / 1 lolos" in place.rsonline("send", "oksigen", str(data), "--dry-run")
    for module in ("starlette", "uvicorn", "sqlalchemy", "cryptography"):
        done(place.bin / "python", "-c", f"import {module}", code=1)
    assert done(place.bin / "python", "-c", "from rsonline import Client, Patients; print(Client.__name__)")


def test_the_agent_of_the_wheel_sets_itself_up_and_reads(wheel: Path, tmp_path: Path) -> None:
    place = Installed(tmp_path / "venv", wheel, "agent")
    loaded = "import rsonline.hospital.listening, rsonline.hospital.relay, rsonline.hospital.page, pymysql, psycopg"
    done(place.bin / "python", "-c", loaded)
    (tmp_path / "sandi").write_text("kata sandi tiruan")
    (tmp_path / "o.csv").write_text("tanggal,p_cair\n2026-01-02,1.5\n")
    file = tmp_path / "agent.toml"
    file.write_text(
        '[hospital]\ncode = "9100001"\nzone = "Asia/Jakarta"\naddress = "http://127.0.0.1:1/fo/index.php"\n'
        'password_file = "sandi"\n[source]\nurl = "sqlite://"\nzone = "Asia/Jakarta"\n'
        '[[feed]]\nname = "oksigen"\nreport = "oksigen"\nfile = "o.csv"\n'
    )
    assert "1.5" in place.rsonline("agent", "preview", "--config", str(file))
    assert "tidak berjalan" in place.rsonline("agent", "status", "--config", str(file), code=1)
