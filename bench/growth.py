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
from contextlib import ExitStack
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
from rsonline.store.database import Database
from rsonline.store.engines import connected
from rsonline.store.schema import table_of, to_millis
from rsonline.store.sqlite import connect

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


def grow(database: Database, wanted: Iterator[Booking]) -> None:
    """Write bookings, each with its times."""
    names_of_booking = (
        *("kode_rs", "kodebooking_index", "kodebooking", "jenispasien", "kodepoli", "tanggalperiksa"),
        *("version", "received_at", "updated_at"),
    )
    names_of_task = (
        *("kode_rs", "kodebooking_index", "kodebooking", "taskid", "waktu", "version", "received_at"),
        "updated_at",
    )
    server = None if database.embedded else psycopg.connect(database.url)
    file = connect(database.path) if database.embedded else None
    if file is not None:
        file.execute("PRAGMA synchronous=OFF")
    try:
        while batch := list(itertools.islice(wanted, _AT_ONCE)):
            of_booking: list[tuple[Any, ...]] = []
            of_task: list[tuple[Any, ...]] = []
            for code, index, day, received in batch:
                shown: Any = day.isoformat() if file is not None else day
                of_booking.append((code, index, _SEALED, "JKN", "INT", shown, 1, received, received))
                for place, step in enumerate(STEPS):
                    at = received + place * (300_000 + index[-1] * 1000)
                    of_task.append((code, index, _SEALED, step, at, 1, received, received))
            for table, names, rows in (
                ("antrian", names_of_booking, of_booking),
                ("antrian_task", names_of_task, of_task),
            ):
                if file is not None:
                    marks = ", ".join("?" * len(names))
                    file.execute("BEGIN")
                    file.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608 (fixed names)
                    file.execute("COMMIT")
                elif server is not None:
                    with server.cursor().copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)
                    server.commit()
        if server is not None:
            server.autocommit = True
            server.execute("VACUUM ANALYZE antrian")
            server.execute("VACUUM ANALYZE antrian_task")
        if file is not None:
            file.execute("ANALYZE")
    finally:
        for opened in (file, server):
            if opened is not None:
                opened.close()


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
    server_core, load_core = machine.cores()
    for engine in said.engine or ("sqlite", *(["postgresql"] if places.answers() else [])):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsonline-growth-", dir=said.folder)))
            made = stack.enter_context(places.empty(engine, folder / "stock"))
            stock.make(made, WRITING)
            now = datetime.now(UTC)
            with connected(made) as connection:
                for month in range(MONTHS + 1):
                    partitions.provide(connection, now - timedelta(days=30 * month))
            wrk = machine.load_program()
            plan = Plan(folder, wrk, said.seconds, said.rounds, WRITING, 0, server_core, load_core, made)
            points: dict[float, Point] = {}
            done = task = 0
            one = of_one(now)
            for millions in sizes:
                count = int(millions * 1e6) // len(STEPS)
                begun = time.monotonic()
                grow(made, mixed(one, bookings(done, count - done, now), max(1, count // (30 * PATIENTS_A_DAY))))
                done = count
                print(f"{engine}: grown to {millions:g} million in {time.monotonic() - begun:.0f} s", flush=True)
                found = []
                for _ in range(1 if said.short else said.rounds):
                    point, task = measured(plan, task, now)
                    found.append(point)
                points[millions] = Point(*map(list, zip(*found, strict=True)))
            report(points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
