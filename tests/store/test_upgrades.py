"""Databases of released schemas are taken along whole: sealed members stay readable, and a kill leaves old or new."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rsonline.reports import ANTRIAN, PASIEN_COVID, SHK, SHK_HASIL
from rsonline.store import audit, backup, hospitals, migrate, reads
from rsonline.store.database import Database
from rsonline.store.engines import connected, engine_of, transaction
from rsonline.store.schema import HEAD
from tests.databases import ENGINES, blank

FIXTURES = Path(__file__).parent / "fixtures"
CODES = ("9100001", "9100002")
engines = pytest.mark.parametrize("engine", ENGINES)
KILLED = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from rsonline.store import migrate
from rsonline.store.database import Database
count, last = 0, int(sys.argv[3])

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def counting(*said):
    global count
    count += 1
    if count == last:
        os.kill(os.getpid(), signal.SIGKILL)

migrate.upgrade(Database(sys.argv[1], Path(sys.argv[2])))
print(count)
"""


def load(database: Database, name: str) -> None:
    """Make a database of an older revision and put what a fixture holds into it."""
    revision = name.partition(".")[0]
    if name.endswith(".sql"):
        migrate.upgrade(database, to=revision)
        with connected(database) as connection:
            for statement in filter(str.strip, (FIXTURES / name).read_text("utf-8").split(";\n")):
                connection.exec_driver_sql(statement)
        return
    said = json.loads((FIXTURES / name).read_text("utf-8"))
    database.keys.write_text(json.dumps(said["keys"]))
    migrate.upgrade(database, to=revision)
    with connected(database) as connection:
        connection.exec_driver_sql("DELETE FROM data_key")
        for table, rows in said["tables"].items():
            if rows:
                made = sa.Table(table, sa.MetaData(), autoload_with=connection)
                connection.execute(sa.insert(made), [{k: value_of(made, k, v) for k, v in row.items()} for row in rows])
        if not database.embedded:
            # On a server numbers come from sequences.
            for row in said["tables"]["numbers"]:
                connection.exec_driver_sql(f"SELECT setval('number_{row['object']}', {row['last']})")


def value_of(table: sa.Table, column: str, value: Any) -> Any:
    """A value of the fixture as the table takes it."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    kind = table.c[column].type
    if value is not None and isinstance(kind, sa.Date):
        return kind.python_type.fromisoformat(value)
    return bool(value) if isinstance(kind, sa.Boolean) and value is not None else value


def content(database: Database) -> dict[str, Any]:
    """What hospitals see of it: persons opened, and every journal line in its order."""
    with transaction(database) as access:
        assert audit.verify(access.connection).faults == []
        found: dict[str, Any] = {
            report.name: [row for code in CODES for row in reads.having(code, report, {}, ())(access)]
            for report in (ANTRIAN, SHK, SHK_HASIL)
        }
        found["lines"] = [(x["kode_rs"], x["seq"], x["old"], x["new"]) for x in audit.lines(access)]
    return found


@engines
def test_a_database_of_0002_is_taken_along_with_its_sealed_members(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        load(database, "0002.json")
        assert migrate.revision(database) == "0002"
        assert migrate.upgrade(database) == "0002"
        found = content(database)
        assert [row["nama_ibu"] for row in found["shk"]] == ["Ibu Contoh"] * 2
        assert sorted(row["nik"][:4] for row in found["antrian"]) == ["9999"] * 4
        assert len(found["lines"]) == 24
        assert any("CONTOH-0-0" in (new or "") for *_, new in found["lines"])
        assert backup.check(database) == []
        # What it had no key for before, it has one for now.
        with transaction(database) as access:
            assert len(access.vault.token_keys) == 1


@engines
def test_a_database_of_0003_is_taken_along_with_its_patient(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        load(database, "0003.json")
        assert migrate.upgrade(database) == "0003"
        with transaction(database) as access:
            [patient] = reads.having(CODES[0], PASIEN_COVID, {})(access)
            assert patient["namaLengkapPasien"] == "Pasien Contoh"
            found = hospitals.find(access, CODES[0], patient["received_at"])
        assert found is not None
        # A code of the ministry begins with that of the regency.
        assert found.regency == "9100"
        assert backup.check(database) == []


@pytest.mark.slow
@engines
@pytest.mark.parametrize("fixture", ["0001.sql", "0002.json", "0003.json"])
def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new(engine: str, fixture: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path / "whole") as database:
        load(database, fixture)
        statements = int(upgraded(database, 0).stdout)
    assert statements > 15
    killed = 0
    with blank(engine, tmp_path / "killed") as database:
        load(database, fixture)
        before = rows_of(database)
        for point in range(20):
            done = upgraded(database, 1 + point * (statements - 1) // 19)
            assert done.returncode == -signal.SIGKILL, done.stderr
            killed += 1
            assert migrate.revision(database) == fixture.partition(".")[0]
            assert rows_of(database) == before
        assert upgraded(database, 0).returncode == 0
        assert migrate.revision(database) == HEAD
        assert content(database)["shk"]
    assert killed == 20


def upgraded(database: Database, last: int) -> subprocess.CompletedProcess[str]:
    """Upgrade in a process that kills itself at its statement number `last`; 0: never."""
    command = [sys.executable, "-c", KILLED, database.url, str(database.keys), str(last)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a database holds, by table."""
    engine = engine_of(database)
    try:
        with engine.connect() as connection:
            names = sa.inspect(connection).get_table_names()
            return {
                name: sorted(
                    tuple(map(repr, row)) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
                )
                for name in names
            }
    finally:
        engine.dispose()
