"""`python -m bench.growth`: what it costs that there is much already, at 1, 10 and 100 million task times.

Bookings and times of 3,228 hospitals over two years are written straight into the tables; then the service runs on that
database: new task times of hospitals that have such a past, the bed list of one of them, and the waiting times of the
last thirty days of a hospital that sees a hundred patients a day, whatever the size of all the others. Its rows lie
between theirs.
"""

import argparse
import http.client
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

from bench import machine, measure, places, stock
from bench.__main__ import spread
from bench.measure import Failed, Plan
from rsonline.reports import ANTRIAN, ANTRIAN_TASK
from rsonline.store import partitions
from rsonline.store.columns import to_millis
from rsonline.store.database import Database
from rsonline.store.engines import connected
from rsonline.store.schema import table_of
from rsonline.store.sqlite_engine import connect

HOSPITALS = 3228
WRITING = stock.Size(hospitals=16, bookings=4000)
"""The first of the hospitals, with bookings whose times are not there yet."""
STEPS = ("1", "2", "3", "4", "5", "6")
MONTHS = 24
ASKED = str(stock.FIRST_CODE + HOSPITALS)
PATIENTS_A_DAY = 100
TARGET = 2.0
_AT_ONCE = 20_000
BOOKING = table_of(ANTRIAN)
TASK = table_of(ANTRIAN_TASK)
_SEALED = bytes(45)
"""As long as a sealed booking code; nothing here opens it."""


Booking = tuple[str, bytes, date, int]


class Point(NamedTuple):
    """What was measured at one size; rates a second and milliseconds."""

    rate: list[float]
    beds: list[float]
    kpi: list[float]


def bookings(first: int, count: int, now: datetime) -> Iterator[Booking]:
    """Hospital, index, day and receipt (ms) of the bookings from number `first` on; the same for the same number."""
    begin = to_millis(now) - MONTHS * 30 * 86_400_000
    for number in range(first, first + count):
        draw = random.Random(number)
        received = begin + int(draw.random() * MONTHS * 30 * 86_400_000)
        day = datetime.fromtimestamp(received / 1000, UTC).date()
        # As an index is: without any order.
        yield str(stock.FIRST_CODE + number % HOSPITALS), draw.randbytes(16), day, received


def of_one(now: datetime) -> Iterator[Booking]:
    """The bookings of the hospital that is asked about."""
    draw = random.Random(4711)
    for number in range(30 * PATIENTS_A_DAY):
        received = now - timedelta(days=number // PATIENTS_A_DAY, seconds=number % PATIENTS_A_DAY * 300)
        yield ASKED, draw.randbytes(16), received.date(), to_millis(received)


def mixed(few: Iterator[Booking], many: Iterator[Booking], every: int) -> Iterator[Booking]:
    """One of the few behind each so many of the others, until there are none of either."""
    for number, each in enumerate(many):
        yield each
        if number % every == 0:
            yield from itertools.islice(few, 1)
    yield from few


_FILL = """
WITH booking AS (
    SELECT (%(code)s + n %% %(hospitals)s)::text AS code, decode(md5(n::text), 'hex') AS index,
           (%(begin)s + n * %(span)s / %(total)s)::bigint AS received
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    UNION ALL
    SELECT * FROM unnest(%(codes)s::text[], %(indexes)s::bytea[], %(receipts)s::bigint[])
), kept AS (
    INSERT INTO antrian (kode_rs, kodebooking_index, kodebooking, jenispasien, kodepoli, tanggalperiksa, version,
                         received_at, updated_at)
    SELECT code, index, %(sealed)s, 'JKN', 'INT', (to_timestamp(received / 1000.0) AT TIME ZONE 'UTC')::date, 1,
           received, received
    FROM booking ORDER BY received
)
INSERT INTO antrian_task (kode_rs, kodebooking_index, kodebooking, taskid, waktu, version, received_at, updated_at)
SELECT code, index, %(sealed)s, step, received + place * (300000 + get_byte(index, 15) * 1000), 1, received, received
FROM booking, unnest(%(steps)s::text[], %(places)s::bigint[]) AS step (step, place) ORDER BY received, place
"""
"""Some bookings with their times, made by the server itself: through a client a hundred million take hours."""


def fill(database: Database, count: int, few: list[Booking], now: datetime) -> None:
    """Write so many bookings into PostgreSQL in the order of their receipt, and a few among them."""
    span = MONTHS * 30 * 86_400_000
    begin = to_millis(now) - span
    few = sorted(few, key=lambda each: each[3])
    same: dict[str, Any] = {"code": stock.FIRST_CODE, "hospitals": HOSPITALS, "begin": begin, "span": span}
    same |= {"total": count, "sealed": _SEALED, "steps": list(STEPS), "places": list(range(len(STEPS)))}
    with psycopg.connect(database.url) as server:
        server.execute("SET synchronous_commit = off")
        for first in range(0, count, _AT_ONCE):
            last = min(first + _AT_ONCE, count) - 1
            part = [each for each in few if each[3] < begin + (last + 1) * span // count or last == count - 1]
            few = few[len(part) :]
            its = {"codes": [e[0] for e in part], "indexes": [e[1] for e in part], "receipts": [e[3] for e in part]}
            server.execute(_FILL, {**same, **its, "first": first, "last": last})
            server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE antrian")
        server.execute("VACUUM ANALYZE antrian_task")


def grow(database: Database, wanted: Iterator[Booking]) -> None:
    """Write bookings, each with its times, into a file."""
    names_of_booking = (
        *("kode_rs", "kodebooking_index", "kodebooking", "jenispasien", "kodepoli", "tanggalperiksa"),
        *("version", "received_at", "updated_at"),
    )
    names_of_task = (
        *("kode_rs", "kodebooking_index", "kodebooking", "taskid", "waktu", "version", "received_at"),
        "updated_at",
    )
    file = connect(database.path)
    file.execute("PRAGMA synchronous=OFF")
    try:
        while batch := list(itertools.islice(wanted, _AT_ONCE)):
            of_booking: list[tuple[Any, ...]] = []
            of_task: list[tuple[Any, ...]] = []
            for code, index, day, received in batch:
                of_booking.append((code, index, _SEALED, "JKN", "INT", day.isoformat(), 1, received, received))
                for place, step in enumerate(STEPS):
                    at = received + place * (300_000 + index[-1] * 1000)
                    of_task.append((code, index, _SEALED, step, at, 1, received, received))
            for table, names, rows in (
                ("antrian", names_of_booking, of_booking),
                ("antrian_task", names_of_task, of_task),
            ):
                marks = ", ".join("?" * len(names))
                file.execute("BEGIN")
                file.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608 (fixed names)
                file.execute("COMMIT")
        file.execute("ANALYZE")
    finally:
        file.close()


def waiting_times(database: Database, code: str, now: datetime) -> float:
    """Milliseconds of the question: the mean time from step 3 to step 4, by day, of a hospital's last thirty days."""
    three, four = TASK.alias(), TASK.alias()

    def of_booking(task: sa.FromClause, step: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            task.c.kode_rs == BOOKING.c.kode_rs,
            task.c.kodebooking_index == BOOKING.c.kodebooking_index,
            task.c.taskid == step,
            task.c.received_at >= BOOKING.c.received_at,
        )

    waited = sa.func.avg(sa.type_coerce(four.c.waktu, sa.BigInteger) - sa.type_coerce(three.c.waktu, sa.BigInteger))
    query = (
        sa.select(BOOKING.c.tanggalperiksa, waited)
        .join(three, of_booking(three, "3"))
        .join(four, of_booking(four, "4"))
        .where(BOOKING.c.kode_rs == code, BOOKING.c.tanggalperiksa >= (now - timedelta(days=30)).date())
        .group_by(BOOKING.c.tanggalperiksa)
    )
    with connected(database) as connection:
        begun = time.monotonic()
        rows = connection.execute(query).all()
        took = (time.monotonic() - begun) * 1000
    if not rows:
        raise Failed("the question about waiting times found nothing")
    return took


def bed_list(port: int) -> float:
    """Milliseconds of one GET of a hospital's beds."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-rs-id": str(stock.FIRST_CODE), "X-pass": stock.PASSWORD, "X-Timestamp": str(int(time.time()))}
    found = []
    for _ in range(50):
        begun = time.monotonic()
        asking.request("GET", "/fo/index.php/Fasyankes", headers=headers)
        answer = asking.getresponse()
        answer.read()
        if answer.status != 200:
            raise Failed(f"the bed list was answered with {answer.status}")
        found.append((time.monotonic() - begun) * 1000)
    asking.close()
    return statistics.median(found)


def measured(plan: Plan, first: int, now: datetime) -> tuple[tuple[float, float, float], int]:
    """One round on the database as it is: writes a second, bed list, question; and the number of the next task time.

    Raises Failed where an answered write left no line: a time that was there already would be answered without one.
    """
    port = measure.free_port()
    folder = plan.folder / "run"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "bench.served", "full", str(folder), str(port), str(plan.server_core)]
    command.append(plan.made.url)
    keys = folder / "keys.json"
    if not keys.exists():
        keys.symlink_to(plan.made.keys)
    before = stock.lines(plan.made)
    with measure.running(command, port, folder / "service.log"):
        # Two seconds: every password is verified before anything is measured.
        warm = measure.load(plan, port, "task", 2, first)
        second = first + int(warm["requests"]) + measure.CONNECTIONS
        said = measure.load(plan, port, "task", plan.seconds, second)
        beds = bed_list(port)
    # While passwords are verified somebody may be told to come back.
    requests = int(warm["requests"] - warm["failed"] + said["requests"])
    if said["failed"]:
        raise Failed(f"{said['failed']:.0f} of {said['requests']:.0f} requests failed")
    if stock.lines(plan.made) - before < requests:
        raise Failed(f"{requests} answers, only {stock.lines(plan.made) - before} journal lines")
    kpi = [waiting_times(plan.made, ASKED, now) for _ in range(5)]
    found = (said["requests"] / said["seconds"], beds, statistics.median(kpi))
    return found, second + int(said["requests"]) + measure.CONNECTIONS


def report(points: dict[float, Point]) -> None:
    """The table and how many times the smallest each size costs."""
    print(f"{'task times':>14}{'writes/s':>28}{'bed list ms':>26}{'waiting times ms':>26}")
    for size, found in points.items():
        print(f"{size * 1e6:14,.0f}{spread(found.rate):>28}{spread(found.beds, 1):>26}{spread(found.kpi, 1):>26}")
    least = points[min(points)]
    for size, found in points.items():
        times = [
            statistics.median(least.rate) / statistics.median(found.rate),
            statistics.median(found.beds) / statistics.median(least.beds),
            statistics.median(found.kpi) / statistics.median(least.kpi),
        ]
        shown = ", ".join(f"{each:.2f}" for each in times)
        met = "met" if max(times) <= TARGET else "MISSED"
        print(f"  {met}: at {size:g} million a write, a bed list and the question cost {shown} times the smallest")


@contextmanager
def grown(engine: str, millions: float, said: argparse.Namespace) -> Iterator[Plan]:
    """A database of that size, gone afterwards."""
    server_core, load_core = machine.cores()
    with (
        tempfile.TemporaryDirectory(prefix="rsonline-growth-", dir=said.folder) as name,
        places.empty(engine, Path(name) / "stock") as made,
    ):
        stock.make(made, WRITING)
        now = datetime.now(UTC)
        with connected(made) as connection:
            for month in range(MONTHS + 1):
                partitions.provide(connection, now - timedelta(days=30 * month))
        count = int(millions * 1e6) // len(STEPS)
        begun = time.monotonic()
        if made.embedded:
            grow(made, mixed(of_one(now), bookings(0, count, now), max(1, count // (30 * PATIENTS_A_DAY))))
        else:
            fill(made, count, list(of_one(now)), now)
        print(f"{engine}: grown to {millions:g} million in {time.monotonic() - begun:.0f} s", flush=True)
        wrk = machine.load_program()
        yield Plan(Path(name), wrk, said.seconds, said.rounds, WRITING, 0, server_core, load_core, made)


def main() -> int:
    """Grow, measure, print."""
    asked = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    asked.add_argument("--millions", type=float, nargs="+", default=[1, 10])
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=4)
    asked.add_argument("--folder", type=Path, help="where databases are made; 100 million need about 40 GB")
    asked.add_argument("--short", action="store_true", help="tens of thousands instead of millions")
    said = asked.parse_args()
    sizes = [0.02, 0.1] if said.short else sorted(said.millions)
    for engine in said.engine or ("sqlite", *(["postgresql"] if places.answers() else [])):
        with ExitStack() as stack:
            plans = {size: stack.enter_context(grown(engine, size, said)) for size in sizes}
            found: dict[float, list[tuple[float, float, float]]] = {size: [] for size in sizes}
            tasks = dict.fromkeys(sizes, 0)
            # In turns, so that a machine that slows down slows all of them.
            for number in range(1 if said.short else said.rounds):
                for size in sizes if number % 2 == 0 else reversed(sizes):
                    point, tasks[size] = measured(plans[size], tasks[size], datetime.now(UTC))
                    found[size].append(point)
            points = {size: Point(*map(list, zip(*found[size], strict=True))) for size in sizes}
            report(points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
