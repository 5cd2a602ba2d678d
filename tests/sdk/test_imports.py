"""What a hospital's program loads: nothing of the server, and its types hold."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import rsonline

ROOT = Path(__file__).parents[2]
SERVER = (
    *("starlette", "uvicorn", "sqlalchemy", "jinja2", "alembic", "asyncpg", "psycopg", "pysqlite3", "structlog"),
    *("prometheus_client", "argon2", "jwt", "openpyxl", "cryptography"),
)


def run(program: str) -> str:
    """What a program prints in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_loads_nothing_of_the_server() -> None:
    loaded = run(
        """
        import sys
        from rsonline import AsyncClient, AsyncPatients, Client, Patients, Oksigen, OKSIGEN, Accepted
        import rsonline.hospital.fake, rsonline.hospital.oxygen
        print("\\n".join(sys.modules))
        """
    ).split()
    own = {name for name in loaded if name.startswith("rsonline.")}
    assert not set(SERVER) & {name.partition(".")[0] for name in loaded}
    assert {name.split(".")[1] for name in own} == {"hospital", "reports"}


def test_the_way_of_the_outbox_loads_no_server_either() -> None:
    loaded = run("import sys, rsonline.hospital.sender\nprint('\\n'.join(sys.modules))").split()
    assert not set(SERVER) & {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--help", "agent"),
        ("send oksigen {data} --dry-run", "1 / 1 lolos pemeriksaan."),
        ("doctor --help", "--ca-file"),
        ("show oksigen", "rsonline[server]"),
        ("agent --help", "reconcile"),
        ("agent example khanza", "CREATE TABLE"),
        ("agent status", "tidak dapat dibaca"),
        ("agent page", "rsonline[agent]"),
        ("send pasien_komorbid {data} --dry-run", "laporanCovid19Versi3Id"),
    ],
)
def test_the_command_works_without_the_server(words: str, said: str, tmp_path: Path) -> None:
    data = tmp_path / "oksigen.json"
    data.write_text('[{"tanggal": "2025-01-01", "p_cair": "1.5"}]')
    told = words.format(data=data).split()
    program = f"""
        import sys
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {SERVER!r}:
                    raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        sys.meta_path.insert(0, Absent())
        sys.argv = ["rsonline", *{told!r}]
        sys.stderr = sys.stdout
        from rsonline.cli import main
        try:
            main()
        except SystemExit:
            pass
        """
    assert said in run(program)


def test_the_service_does_not_load_the_client() -> None:
    loaded = run("import sys, rsonline.app\nprint('\\n'.join(sys.modules))").split()
    assert "httpx" not in loaded
    assert not [name for name in loaded if name.startswith("rsonline.hospital")]


def test_the_service_loads_what_makes_files_only_when_one_is_wanted() -> None:
    loaded = run("import sys, rsonline.app\nprint('\\n'.join(sys.modules))").split()
    assert not {"openpyxl", "reportlab", "PIL", "duckdb"} & set(loaded)


def test_every_name_is_there() -> None:
    for name in rsonline._HOME:
        assert getattr(rsonline, name) is not None
    assert set(rsonline._HOME) <= set(dir(rsonline))
    assert not hasattr(rsonline, "Nothing")


RIGHT = """
    from datetime import date
    from rsonline import OKSIGEN, TEMPAT_TIDUR, Accepted, AsyncClient, Client, Oksigen, TempatTidur

    def program(client: Client) -> None:
        outcome = client.send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.5))
        if isinstance(outcome, Accepted):
            reveal_type(outcome.number)
        reveal_type(client.list(OKSIGEN))
        reveal_type(client.rows(TEMPAT_TIDUR)[0].record)

    async def meanwhile(client: AsyncClient) -> None:
        reveal_type(await client.list(TEMPAT_TIDUR))
"""
WRONG = {
    "Oksigen(tanggal=date(2026, 1, 2), p_gas=1.5)": 'Unexpected keyword argument "p_gas"',
    "Oksigen(p_cair=1.5)": 'Missing named argument "tanggal"',
    'Oksigen(tanggal="2026-01-02")': 'incompatible type "str"',
    'Oksigen(tanggal=date(2026, 1, 2), p_cair="banyak")': 'incompatible type "str"',
    "client.list(OKSIGEN)[0].p_gas": 'has no attribute "p_gas"',
    "client.send(OKSIGEN)": "incompatible type",
    "client.send(pasien)": 'incompatible type "PasienCovid"',
    "patients.send(Oksigen(tanggal=date(2026, 1, 2)))": 'incompatible type "Oksigen"',
    'client.list(OKSIGEN, hari="x")': 'Unexpected keyword argument "hari"',
    "client.send(Oksigen(tanggal=date(2026, 1, 2))).number": 'has no attribute "number"',
}


def checked(program: str, folder: Path) -> str:
    """What the strict type checker says of a program."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={folder / 'cache'}", str(path)]
    environment = {"PYTHONPATH": str(ROOT / "src"), "MYPYPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=folder)
    return done.stdout


@pytest.mark.slow
def test_an_editor_knows_every_member_and_a_wrong_one_is_a_type_error(tmp_path: Path) -> None:
    said = checked(RIGHT, tmp_path)
    assert "error" not in said, said
    for kind in ("str | None", "list[rsonline.reports.kinds.oksigen.Oksigen]", "TempatTidur | None"):
        assert kind in said
    assert "list[rsonline.reports.kinds.tempat_tidur.TempatTidur]" in said
    head = """
    from datetime import date
    from rsonline import OKSIGEN, Client, Oksigen, PasienCovid, Patients

    def program(client: Client, patients: Patients, pasien: PasienCovid) -> None:
"""
    said = checked(head + "".join(f"        {line}\n" for line in WRONG), tmp_path)
    for number, (line, error) in enumerate(WRONG.items(), 6):
        of_line = [each for each in said.splitlines() if f"program.py:{number}:" in each]
        assert any(error in each for each in of_line), (line, said)
