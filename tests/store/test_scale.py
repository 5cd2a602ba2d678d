"""The page about growth: what it says of the schema must be true of the schema."""

import re
from pathlib import Path

from rsonline.store.schema import metadata

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")
SQL = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)[0]
SPREAD = re.compile(r"SELECT create_distributed_table\('([a-z_]+)', 'kode_rs'(?:, colocate_with => '([a-z_]+)')?\);")
EVERYWHERE = re.compile(r"SELECT create_reference_table\('([a-z_]+)'\);")


def test_every_statement_has_a_known_form_and_every_table_stands_there_once() -> None:
    lines = [line for line in SQL.splitlines() if line]
    assert all(SPREAD.fullmatch(line) or EVERYWHERE.fullmatch(line) for line in lines)
    named = [match[1] for line in lines if (match := SPREAD.fullmatch(line) or EVERYWHERE.fullmatch(line))]
    assert sorted(named) == sorted(metadata.tables)


def test_what_is_spread_fulfils_the_rules_of_the_engine() -> None:
    seen: list[str] = []
    for line in SQL.splitlines():
        match = SPREAD.fullmatch(line)
        if match is None:
            continue
        table = metadata.tables[match[1]]
        # The distribution column is part of every primary key and unique rule, and has one type everywhere.
        assert "kode_rs" in table.primary_key.columns, table.name
        assert str(table.c.kode_rs.type) == "TEXT"
        for index in table.indexes:
            assert not index.unique or "kode_rs" in [column.name for column in index.columns], index.name
        # A foreign key would need its target on the same shard; there is none at all.
        assert not table.foreign_keys
        # A table can only be placed beside one that is there already.
        assert match[2] is None or match[2] in seen
        seen.append(table.name)
    assert len(seen) > 15


def test_what_stands_everywhere_belongs_to_no_hospital() -> None:
    for name in EVERYWHERE.findall(SQL):
        assert "kode_rs" not in metadata.tables[name].primary_key.columns
