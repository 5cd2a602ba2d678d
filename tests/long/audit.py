"""The file of a service that does not run: does every row have its journal, and every line its row."""

import json
import shutil
from pathlib import Path
from typing import Any

from rsonline.reports import REPORTS
from rsonline.reports.report import Report
from rsonline.store import journal
from rsonline.store.rows import statements
from rsonline.store.sqlite import connect


def copied(database: Path, folder: Path) -> Path:
    """A copy of the file and its log, so that looking at it does not do the recovery that is to be tested."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in database.parent.glob(f"{database.name}*"):
        # The shared-memory index holds nothing that the log does not; SQLite makes it anew.
        if not part.name.endswith("-shm"):
            shutil.copy(part, folder / part.name)
    return folder / database.name


def faults(database: Path) -> list[str]:
    """Everything that is wrong with the file, in words: its pages, and rows and journal lines that do not match."""
    db = connect(database)
    try:
        found = [f"integrity: {row[0]}" for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [
            f"journal of {code}: {count} lines, the last is number {last}"
            for code, count, last in db.execute("SELECT kode_rs, count(*), max(seq) FROM journal GROUP BY kode_rs")
            if count != last
        ]
        for report in REPORTS:
            found += _faults_of(db, report)
    finally:
        db.close()
    return found


def _faults_of(db: Any, report: Report[Any]) -> list[str]:
    """A row's version is the number of its lines; its last line says what the row says."""
    lines = {
        (code, key): (count, new)
        # A bare column beside max() is that of the row with the maximum.
        for code, key, count, _last, new in db.execute(
            "SELECT kode_rs, key, count(*), max(seq), new FROM journal WHERE object = ? GROUP BY kode_rs, key",
            (report.name,),
        )
    }
    compiled = statements(report)
    found = []
    for values in db.execute(f"SELECT {', '.join(compiled.columns)} FROM {report.name}").fetchall():  # noqa: S608
        row = compiled.row(values)
        key = journal.key_text(report, row)
        where = f"{report.name} {row['kode_rs']} {key}"
        count, new = lines.pop((row["kode_rs"], key), (0, None))
        if count != row["version"]:
            found.append(f"{where}: version {row['version']}, {count} lines")
        elif _said(new) != _said(journal.content(row)):
            found.append(f"{where}: the last line says something else")
    found += [f"{report.name} {code} {key}: {count} lines, no row" for (code, key), (count, _) in lines.items()]
    return found


def _said(text: str | None) -> object:
    return None if text is None else json.loads(text)


def remove_row(database: Path, report: Report[Any], where: dict[str, object]) -> None:
    """Take one row away behind the service's back: a loss, planted to see whether it is found.

    Raises LookupError where there is no such row.
    """
    db = connect(database)
    try:
        condition = " AND ".join(f"{name} = ?" for name in where)
        gone = db.execute(f"DELETE FROM {report.name} WHERE {condition}", tuple(where.values()))  # noqa: S608
        if gone.rowcount != 1:
            raise LookupError(f"{report.name}: {gone.rowcount} rows")
    finally:
        db.close()
