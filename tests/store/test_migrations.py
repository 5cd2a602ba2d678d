"""The migrations are written by hand: they must make what the declarations derive, and refuse what they do not know."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rsonline.reports import ANTRIAN, ANTRIAN_TASK, SHK
from rsonline.store import audit, keys, migrate, reads
from rsonline.store.database import Database, embedded
from rsonline.store.engines import connected, engine_of, transaction
from rsonline.store.keys import KeysError
from rsonline.store.schema import HEAD, MONTHLY, for_postgresql, metadata
from tests.databases import ENGINES, blank, rows

Shape = dict[str, Any]
engines = pytest.mark.parametrize("engine", ENGINES)


def shape(connection: sa.Connection) -> Shape:
    """Tables with columns, types, keys and indexes, as the database tells them."""
    told = sa.inspect(connection)
    found: Shape = {}
    for name in told.get_table_names():
        if name == "alembic_version" or any(
            name.startswith(f"{table}_") for table in MONTHLY if name in partitions(told)
        ):
            continue
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in told.get_columns(name)}
        key = told.get_pk_constraint(name)["constrained_columns"]
        indexes = sorted(
            (
                i["name"],
                tuple(i["column_names"]),
                bool(i["unique"]),
                str(i.get("dialect_options", {}).get("sqlite_where")),
                str(i.get("dialect_options", {}).get("postgresql_where")).strip("()"),
            )
            for i in told.get_indexes(name)
        )
        found[name] = (columns, key, indexes)
    return found


def partitions(told: sa.Inspector) -> set[str]:
    """Tables that are one month of another, or its default."""
    names = told.get_table_names()
    ends = ("_default", *(f"_{year}_{month:02}" for year in (2026, 2027, 2028, 2029) for month in range(1, 13)))
    return {name for name in names for table in MONTHLY if name in {f"{table}{end}" for end in ends}}


@engines
def test_the_migrations_make_what_the_declarations_derive(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path / "migrated") as migrated, blank(engine, tmp_path / "derived") as derived:
        migrate.upgrade(migrated)
        with connected(derived) as connection:
            for_postgresql(metadata).create_all(connection)
        with connected(migrated) as one, connected(derived) as other:
            assert shape(one) == shape(other)


def test_every_key_starts_with_the_hospital_and_nothing_points_across() -> None:
    everybodys = {"numbers", "data_key", "account", "web_user", "web_session", "quiet_region"}
    # Searches of the auditor and the purge look at all hospitals; neither is a rule between them.
    across = {"journal_person1", "journal_person2", "journal_account", "idempotency_at"}
    for table in metadata.tables.values():
        if table.name in everybodys:
            continue
        assert next(c.name for c in table.primary_key) == "kode_rs"
        assert not table.foreign_keys
        for index in table.indexes:
            assert index.name in across or next(c.name for c in index.columns) == "kode_rs"
            assert not index.unique or index.name not in across


@engines
def test_a_second_upgrade_changes_nothing(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        assert migrate.upgrade(database) is None
        before = rows(database, "SELECT * FROM data_key ORDER BY number")
        assert migrate.upgrade(database) == HEAD
        assert rows(database, "SELECT * FROM data_key ORDER BY number") == before


def test_the_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    database = embedded(tmp_path / "new")
    migrate.upgrade(database)
    for file in (database.path, database.keys):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700


@engines
def test_a_database_of_a_newer_release_is_refused_in_words_and_left_alone(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        migrate.upgrade(database)
        with connected(database) as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(migrate.MigrationError, match="newer rsonline"):
            migrate.upgrade(database)
        assert migrate.revision(database) == "9999"


@engines
def test_a_migration_that_fails_leaves_nothing(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        with connected(database) as connection:
            connection.execute(sa.text("CREATE TABLE tempat_tidur (x INTEGER)"))
        with pytest.raises(sa.exc.DBAPIError):
            migrate.upgrade(database)
        with connected(database) as connection:
            assert sa.inspect(connection).get_table_names() == ["tempat_tidur"]


def test_a_server_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.json")
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "keys.json")
    with pytest.raises(migrate.MigrationError, match="cannot be used"):
        migrate.upgrade(nowhere)


@engines
def test_another_databases_keys_are_refused(engine: str, tmp_path: Path) -> None:
    with blank(engine, tmp_path) as database:
        migrate.upgrade(database)
        strange = tmp_path / "strange.json"
        keys.create(strange)
        with pytest.raises(KeysError, match="key file does not have"), transaction(database._replace(keys=strange)):
            pass


BEFORE = Path(__file__).parent / "fixtures" / "0001.sql"


@engines
def test_a_database_of_0001_is_taken_along_sealed_and_chained(engine: str, tmp_path: Path) -> None:
    """The fixture was written by the code of 0001: two hospitals, bookings, times, samples, results, rooms."""
    with blank(engine, tmp_path) as database:
        migrate.upgrade(database, to="0001")
        load(database, BEFORE.read_text("utf-8"))
        was = {
            name: rows_of_0001(database, f"SELECT * FROM {name} ORDER BY 1, 2, 3")
            for name in ("antrian", "antrian_task", "shk", "journal")
        }
        assert migrate.upgrade(database) == "0001"
        with transaction(database) as access:
            assert audit.verify(access.connection).faults == []
            found = {
                report.name: [
                    row for code in ("9100001", "9100002") for row in reads.having(code, report, {}, ())(access)
                ]
                for report in (ANTRIAN, ANTRIAN_TASK, SHK)
            }
            lines = list(audit.lines(access))
        for name, then in was.items():
            if name == "journal":
                assert [json.loads(line["new"]) for line in lines if line["new"]] == [
                    json.loads(line["new"])
                    for line in sorted(then, key=lambda r: (r["at"], r["kode_rs"], r["seq"]))
                    if line["new"]
                ]
                continue
            kept = [row for row in then if row["deleted_at"] is None]
            assert len(kept) == len(found[name]) > 0
            personal = ("kodebooking", "nik", "norm", "nik_ibu", "nama_ibu", "nik_anak", "nama_anak", "alamat")
            shown = [{k: row[k] for k in personal if k in row} for row in found[name]]
            assert sorted(map(str, shown)) == sorted(str({k: row[k] for k in personal if k in row}) for row in kept)
        raw = "".join(str(rows(database, f"SELECT * FROM {name}")) for name in was)
        for row in was["shk"] + was["antrian"]:
            for name in ("nik_ibu", "nama_ibu", "nik", "kodebooking"):
                if row.get(name):
                    assert str(row[name]) not in raw


def load(database: Database, script: str) -> None:
    """Run the statements of a script."""
    with connected(database) as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def rows_of_0001(database: Database, query: str) -> list[dict[str, Any]]:
    """Rows of a database that has no keys yet."""
    engine = engine_of(database)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text(query)).mappings()]
    finally:
        engine.dispose()
