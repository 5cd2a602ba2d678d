"""The migrations are written by hand: they must make what the declarations derive, and refuse what they do not know."""

import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rsonline.store import migrate
from rsonline.store.schema import HEAD, metadata
from rsonline.store.sqlite import connect, engine_on

Shape = dict[str, Any]


def shape(engine: sa.Engine) -> Shape:
    """Tables with columns, types, keys and indexes, as the database tells them."""
    told = sa.inspect(engine)
    found: Shape = {}
    for name in told.get_table_names():
        if name == "alembic_version":
            continue
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in told.get_columns(name)}
        key = told.get_pk_constraint(name)["constrained_columns"]
        indexes = sorted(
            (
                i["name"],
                tuple(i["column_names"]),
                bool(i["unique"]),
                str(i.get("dialect_options", {}).get("sqlite_where")),
            )
            for i in told.get_indexes(name)
        )
        found[name] = (columns, key, indexes)
    return found


def test_the_migrations_make_what_the_declarations_derive(tmp_path: Path) -> None:
    migrated, derived = tmp_path / "migrated.sqlite3", tmp_path / "derived.sqlite3"
    migrate.upgrade(migrated)
    one, other = engine_on(lambda: connect(migrated)), engine_on(lambda: connect(derived))
    metadata.create_all(other)
    assert shape(one) == shape(other)
    one.dispose()
    other.dispose()


def test_every_key_starts_with_the_hospital_and_nothing_points_across() -> None:
    for table in metadata.tables.values():
        if table.name == "numbers":
            continue
        assert next(c.name for c in table.primary_key) == "kode_rs"
        assert not table.foreign_keys
        for index in table.indexes:
            assert next(c.name for c in index.columns) == "kode_rs"


def test_a_second_upgrade_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rs.sqlite3"
    assert migrate.upgrade(path) is None
    before = path.read_bytes()
    assert migrate.upgrade(path) == HEAD
    assert path.read_bytes() == before


def test_the_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rs.sqlite3"
    migrate.upgrade(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_database_of_a_newer_release_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rs.sqlite3"
    migrate.upgrade(path)
    db = connect(path)
    db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(migrate.MigrationError, match="newer rsonline"):
        migrate.upgrade(path)
    assert migrate.revision(path) == "9999"


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rs.sqlite3"
    db = connect(path)
    db.execute("CREATE TABLE tempat_tidur (x)")
    db.close()
    with pytest.raises(sa.exc.OperationalError):
        migrate.upgrade(path)
    db = connect(path)
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert names == {"tempat_tidur"}
