"""`python -m bench.journal_search`: who saw or changed a person, in a journal of ten million lines.

The lines are written straight into the table, with the indexes and columns that real ones have. Their chain is not a
real one, since no search looks at it; their contents are one sealed text, opened once for each line that is found.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench import places
from rsonline.store import audit, migrate
from rsonline.store.access import Access
from rsonline.store.columns import to_millis
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from rsonline.store.journal import COLUMNS
from rsonline.store.sqlite_batch import INSERT_LINE
from rsonline.store.sqlite_engine import connect

HOSPITALS = 3228
LINES_OF_A_PERSON = 10
TARGET = 10.0
_AT_ONCE = 50_000
_END = datetime(2026, 11, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)
Line = tuple[Any, ...]


def nik(person: int) -> str:
    """A number that nobody has."""
    return f"9999{person:012}"


def generated(count: int, database: Database) -> Iterator[Line]:
    """Lines by hospital and number; each person is in about ten of them, each hospital has one account."""
    draw = random.Random(4711)
    persons = count // LINES_OF_A_PERSON
    first = to_millis(_END - _YEAR)
    each = count // HOSPITALS + 1
    step = int(_YEAR.total_seconds() * 1000) // each
    with transaction(database) as access:
        vault = access.vault
        sealed = vault.seal("{}", "journal")
        index = [bytes.fromhex(vault.person(nik(n)) or "").hex() for n in range(min(persons, 1000))]
    made = 0
    for hospital in range(HOSPITALS):
        code = str(9_200_001 + hospital)
        for seq in range(1, each + 1):
            if made == count:
                return
            made += 1
            who = draw.randrange(persons)
            # Only the persons that are looked for need their real index; the others' are as long and as random.
            person = index[who] if who < len(index) else f"{draw.getrandbits(128):032x}"
            yield (
                *(code, seq, first + seq * step, "antrian", '["0123456789abcdef0123456789abcdef"]', "add", "api"),
                *(f"{code}/1", "10.0.0.1", f"{draw.getrandbits(128):032x}", "1790000000", "exact", person, None),
                *(None, sealed, bytes(32)),
            )


def fill(database: Database, count: int) -> float:
    """Write the lines; the seconds that it took."""
    begun = time.monotonic()
    lines = generated(count, database)
    if database.embedded:
        db = connect(database.path)
        db.execute("PRAGMA synchronous=OFF")
        while batch := [line for _, line in zip(range(_AT_ONCE), lines, strict=False)]:
            db.execute("BEGIN")
            db.executemany(INSERT_LINE, batch)
            db.execute("COMMIT")
        db.execute("ANALYZE")
        db.close()
        return time.monotonic() - begun
    with psycopg.connect(database.url, autocommit=True) as server:
        with server.cursor().copy(f"COPY journal ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)
        server.execute("ANALYZE journal")
    return time.monotonic() - begun


def timed(database: Database, search: Callable[[Access], Iterator[Any]], rounds: int) -> tuple[float, float, int]:
    """Median and longest seconds of a search, and how many lines it found."""
    took, found = [], 0
    for _ in range(rounds):
        begun = time.monotonic()
        with transaction(database) as access:
            found = sum(1 for _ in search(access))
        took.append(time.monotonic() - begun)
    return statistics.median(took), max(took), found


def main() -> int:
    """Fill, search, print."""
    asked = argparse.ArgumentParser(prog="python -m bench.journal_search", description=__doc__)
    asked.add_argument("--millions", type=float, default=10)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--folder", type=Path, help="where databases are made")
    asked.add_argument("--short", action="store_true", help="a hundred thousand lines")
    said = asked.parse_args()
    count = 100_000 if said.short else int(said.millions * 1_000_000)
    day = _END - timedelta(days=30)
    searches: dict[str, Callable[[Access], Iterator[Any]]] = {
        "by NIK": lambda a: audit.lines(a, nik=nik(7)),
        "by NIK, in one year": lambda a: audit.lines(a, nik=nik(11), since=_END - _YEAR, until=_END),
        "by account": lambda a: audit.lines(a, account="9200005/1"),
        "by account, in one day": lambda a: audit.lines(a, account="9200005/1", since=day, until=day + timedelta(1)),
        "by hospital": lambda a: audit.lines(a, code="9200005"),
    }
    for engine in said.engine or ("sqlite", *(["postgresql"] if places.answers() else [])):
        temporary = tempfile.TemporaryDirectory(prefix="rsonline-journal-", dir=said.folder)
        with temporary as name, places.empty(engine, Path(name)) as database:
            migrate.upgrade(database)
            seconds = fill(database, count)
            print(f"{engine}: {count:,} lines of {HOSPITALS:,} hospitals, written in {seconds:.0f} s", flush=True)
            for what, search in searches.items():
                median, longest, found = timed(database, search, said.rounds)
                met = "met   " if longest <= TARGET else "MISSED"
                print(f"  {met} {what:24} {found:6,} lines  median {median:7.3f} s  longest {longest:7.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
