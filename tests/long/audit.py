"""The database of a service that does not run: is it whole, does every row have its journal, and every line its row."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rsonline.reports import EVERY_REPORT
from rsonline.reports.report import Report
from rsonline.store import audit as store_audit
from rsonline.store import backup, journal
from rsonline.store.access import Access
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import table_of


def copied(database: Database, folder: Path) -> Database:
    """A copy of the file and its log, so that looking at it does not do the recovery that is to be tested.

    A server does its recovery itself: its database is looked at where it is.
    """
    if not database.embedded:
        return database
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in database.path.parent.glob(f"{database.path.name}*"):
        # The shared-memory index holds nothing that the log does not; SQLite makes it anew.
        if not part.name.endswith("-shm"):
            shutil.copy(part, folder / part.name)
    return database._replace(url=f"sqlite:///{folder / database.path.name}")


def faults(database: Database) -> list[str]:
    """Everything that is wrong, in words: its pages, its chains, and rows and journal lines that do not match."""
    found = backup.check(database)
    with transaction(database) as access:
        said = _said_by_object(access)
        for report in EVERY_REPORT:
            found += _faults_of(access, report, said.get(report.name, {}))
    return found


Lines = dict[tuple[str, str], tuple[int, str | None]]


def _said_by_object(access: Access) -> dict[str, Lines]:
    """Of each table's keys the number of lines and what the last one says."""
    found: dict[str, Lines] = {}
    ordered = sorted(store_audit.lines(access), key=lambda line: (line["kode_rs"], line["seq"]))
    for line in ordered:
        if line["verb"] in ("view", "refused"):
            continue
        lines = found.setdefault(line["object"], {})
        key = (line["kode_rs"], line["key"])
        lines[key] = (lines.get(key, (0, None))[0] + 1, line["new"])
    return found


def _rows(access: Access, report: Report[Any]) -> Iterator[dict[str, Any]]:
    shape = shape_of(report)
    for row in access.connection.execute(sa.select(table_of(report))).mappings():
        yield shape.opened(dict(row), access.vault)


def _faults_of(access: Access, report: Report[Any], lines: Lines) -> list[str]:
    """A row's version is the number of its lines; its last line says what the row says."""
    found = []
    for row in _rows(access, report):
        key = journal.key_text(report, row)
        where = f"{report.name} {row['kode_rs']} {key}"
        count, new = lines.pop((row["kode_rs"], key), (0, None))
        if count != row["version"]:
            found.append(f"{where}: version {row['version']}, {count} lines")
        elif _parsed(new) != _parsed(journal.content(report, row)):
            found.append(f"{where}: the last line says something else")
    found += [f"{report.name} {code} {key}: {count} lines, no row" for (code, key), (count, _) in lines.items()]
    return found


def _parsed(text: str | None) -> object:
    return None if text is None else json.loads(text)


def remove_row(database: Database, report: Report[Any], where: dict[str, object]) -> None:
    """Take one row away behind the service's back: a loss, planted to see whether it is found.

    `where` are the hospital and members. Raises LookupError where there is no such row.
    """
    with transaction(database) as access:
        vault = access.vault
    table = table_of(report)
    members = {name: value for name, value in where.items() if name != "kode_rs"}
    query = sa.delete(table).where(table.c.kode_rs == where["kode_rs"])
    for name, value in condition(report, members, vault):
        query = query.where(table.c[name] == value)
    with connected(database) as connection:
        gone = connection.execute(query)
        if gone.rowcount != 1:
            raise LookupError(f"{report.name}: {gone.rowcount} rows")
