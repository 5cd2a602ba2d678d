"""An account that may write in any way is found out; and what SQL Server would be told."""

from pathlib import Path
from typing import Any

import pymssql
import pytest
import sqlalchemy as sa

from rsonline.hospital.config import load
from rsonline.hospital.source import Source, SourceError, Writable, attempts, connecting, first_words
from tests.agent.sources import simrs

TABLES = {
    "mariadb": "CREATE TABLE catatan (nomor INTEGER AUTO_INCREMENT PRIMARY KEY, isi VARCHAR(20) NOT NULL,"
    " panjang INTEGER AS (LENGTH(isi)))",
    "postgresql": "CREATE TABLE catatan (nomor INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " isi VARCHAR(20) NOT NULL, panjang INTEGER GENERATED ALWAYS AS (LENGTH(isi)) STORED)",
}


SQL_SERVER: sa.Dialect = sa.make_url("mssql+pymssql://").get_dialect()()


def source(folder: Path, url: str, more: str = "") -> Source:
    """The source of a configuration with one SELECT."""
    file = folder / "agent.toml"
    file.write_text(
        '[hospital]\ncode = "9100001"\nzone = "Asia/Jakarta"\naddress = "http://127.0.0.1:1/fo"\n'
        f'password_file = "x"\n[source]\nurl = "{url}"\nzone = "Asia/Jakarta"\n{more}\n'
        '[[feed]]\nreport = "sdm"\nsql = "SELECT 1"\n'
    )
    return Source(load(file))


@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "INSERT"])
@pytest.mark.parametrize("engine", list(TABLES))
def test_one_right_to_write_is_enough_to_be_refused(engine: str, right: str, tmp_path: Path) -> None:
    with simrs(engine, tmp_path) as hospital:
        user = sa.make_url(hospital.writer).username
        who = f"'{user}'@'%'" if engine == "mariadb" else f'"{user}"'
        hospital.write(TABLES[engine])
        on = f"{hospital.owner}.*" if engine == "mariadb" else "catatan"
        hospital.write(f"REVOKE ALL ON {on} FROM {who}", f"GRANT SELECT ON {on} TO {who}")
        reading = source(tmp_path, hospital.writer)
        assert reading.prove_read_only() == 1
        reading.close()
        hospital.write(f"GRANT {right} ON {on} TO {who}")
        writing = source(tmp_path, hospital.writer)
        with pytest.raises(Writable, match="catatan"):
            writing.prove_read_only()
        writing.close()


# ---- SQL Server: never run against one (docs/agent.md)


def test_the_attempts_are_written_as_sql_server_reads_them() -> None:
    columns: list[dict[str, Any]] = [
        {"name": "no", "identity": {"start": 1}, "autoincrement": True},
        {"name": "umur", "computed": {"sqltext": "1"}},
        {"name": "order", "autoincrement": False},
        {"name": "nama]pasien", "autoincrement": False},
    ]
    assert attempts(SQL_SERVER, "kamar inap", columns) == (
        "UPDATE [kamar inap] SET [order]=[order] WHERE 1=0",
        "DELETE FROM [kamar inap] WHERE 1=0",
        "INSERT INTO [kamar inap] ([order], [nama]]pasien]) SELECT [order], [nama]]pasien] FROM [kamar inap] WHERE 1=0",
    )
    assert attempts(SQL_SERVER, "kosong", []) == ()


def test_a_statement_of_sql_server_has_its_limit_from_the_driver() -> None:
    url = sa.make_url("mssql+pymssql://rsonline_baca@10.0.0.5:1433/SIMRS")
    assert connecting(url, 10.0) == {"timeout": 10, "login_timeout": 10}
    assert connecting(url, 0.2)["timeout"] == 1
    assert connecting(sa.make_url("mysql+pymysql://a@b/c"), 10.0) == {}
    assert first_words("mssql", 10.0) == ("SET LOCK_TIMEOUT 10000", "SET DATEFORMAT ymd", "SET DEADLOCK_PRIORITY LOW")


def test_the_driver_of_sql_server_gets_what_the_configuration_says_and_its_error_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    def connect(**said: Any) -> None:
        told.update(said)
        raise pymssql.OperationalError((18456, b"Login failed for user 'rsonline_baca'."))

    monkeypatch.setattr(pymssql, "connect", connect)
    (tmp_path / "rahasia").write_text("p@ss/w:ord%\n")
    url = "mssql+pymssql://rsonline_baca@10.0.0.5:1433/SIMRS?charset=UTF-8"
    made = source(tmp_path, url, 'password_file = "rahasia"\nstatement_seconds = 7')
    for ask in (made.prove_read_only, made.tables):
        with pytest.raises(SourceError) as failed:
            ask()
        assert "Login failed" in str(failed.value)
        assert "p@ss" not in str(failed.value)
    assert (told["host"], told["database"], told["user"]) == ("10.0.0.5:1433", "SIMRS", "rsonline_baca")
    assert (told["password"], told["timeout"], told["charset"]) == ("p@ss/w:ord%", 7, "UTF-8")
    made.close()


def test_a_hospital_that_gives_files_needs_no_database(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("tanggal;p_cair\n2026-01-02;1,5\n")
    (tmp_path / "agent.toml").write_text(
        '[hospital]\ncode = "9100001"\nzone = "Asia/Jayapura"\naddress = "http://127.0.0.1:1/fo"\n'
        'password_file = "x"\n[[feed]]\nreport = "oksigen"\nfile = "o.csv"\n'
    )
    config = load(tmp_path / "agent.toml")
    made = Source(config)
    assert made.prove_read_only() == 0
    assert list(made.rows(config.feeds[0])) == [{"tanggal": "2026-01-02", "p_cair": "1,5"}]
    assert config.source_zone.key == "Asia/Jayapura"
    made.close()
