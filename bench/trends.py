"""`python -m bench.trends`: the nation's days added up from what is kept of 3,228 hospitals, young and old.

The rows are written straight into the table, with numbers that nobody reported: only adding up is measured.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import places
from rsonline.insight.places import NATION
from rsonline.insight.trends import Section
from rsonline.store import migrate
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from rsonline.store.schema import rollup, rollup_mark
from rsonline.store.schema_login import hospital
from rsonline.web.trends import look

HOSPITALS = 3228
TIMES = 5
NAMES: dict[Section, tuple[tuple[str, int], ...]] = {
    "tempat-tidur": (
        ("hunian_harian/n", 40),
        ("hunian_harian/h", 1),
        ("hunian_harian/p/terpakai", 200),
        ("hunian_harian/p/jumlah", 250),
    ),
    "disiplin": tuple((f"{kind}/{of}", 1) for kind in ("oksigen", "pcr_nakes", "nakes_terinfeksi") for of in "dt"),
}
"""By section the names that a month has, each with the most that a day may have."""


def main() -> int:
    """Measure on each engine; always 0."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    engines = asked.parse_args().engine or ["sqlite", "postgresql"]
    now = datetime.now(UTC)
    for engine in engines:
        with tempfile.TemporaryDirectory() as folder, places.empty(engine, Path(folder)) as database:
            migrate.upgrade(database)
            codes = add_hospitals(database, now)
            for years in (range(1), range(1, 6)):
                fill(database, codes, now, years)
                measure(database, engine, 1 if 0 in years else 6, now)
    return 0


def add_hospitals(database: Database, now: datetime) -> list[str]:
    """Hospitals in every province, counted to the end."""
    made = []
    for n in range(HOSPITALS):
        regency = f"{11 + n % 38:02}{n % 10 + 1:02}"
        made.append(
            {
                "kode_rs": f"{regency}{n:05}",
                "nama": f"RS {n}",
                "zona": "WIB",
                "kab_kota": regency,
                "aktif": True,
                "version": 1,
                "create_on_put": False,
                "always_200": False,
                "clock_mode": "lenient",
                "created_at": now - timedelta(days=4000),
            }
        )
    mark = {"seq": 0, "day": now.date(), "zona": "Asia/Jakarta", "at": now}
    with transaction(database) as access:
        access.connection.execute(sa.insert(hospital), made)
        access.connection.execute(sa.insert(rollup_mark), [{"kode_rs": each["kode_rs"], **mark} for each in made])
    return [str(each["kode_rs"]) for each in made]


def fill(database: Database, codes: list[str], now: datetime, years: range) -> None:
    """Months of some years back, of every hospital."""
    draw = random.Random(4711)

    def months() -> Iterator[dict[str, Any]]:
        for year in years:
            for month in range(1, 13):
                for section, names in NAMES.items():
                    body = {name: [draw.randint(0, most) for _ in range(31)] for name, most in names}
                    text = json.dumps(body, separators=(",", ":"))
                    for code in codes:
                        first = date(now.year - year, month, 1)
                        yield {"kode_rs": code, "section": section, "month": first, "at": now, "body": text}

    with transaction(database) as access:
        some: list[dict[str, Any]] = []
        for row in months():
            some.append(row)
            if len(some) == 5000:
                access.connection.execute(sa.insert(rollup), some)
                some = []
        if some:
            access.connection.execute(sa.insert(rollup), some)


def measure(database: Database, engine: str, years: int, now: datetime) -> None:
    """How long the nation takes, in the middle of some times."""
    for section in NAMES:
        for span in (30, 90, 365):
            took = []
            for _ in range(TIMES):
                with transaction(database) as access:
                    begun = time.perf_counter()
                    found = look(access, scope=NATION, section=section, span=span, now=now)
                    took.append(time.perf_counter() - begun)
                assert found[0].state.counted == HOSPITALS
            sys.stdout.write(
                f"{engine}, {years} years kept: {section} {span} days {statistics.median(took):.2f} s"
                f" (worst {max(took):.2f} s)\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
