"""`python -m bench.national`: the nation's ten busiest minutes, and fifteen hundred hospitals in one second.

3,228 made-up hospitals in three zones send 40 rooms an hour; 500,000 visits a day are booked and give 6.5 times of
their steps each. The busiest minutes of that day are replayed on the real service, at the speed of life and as fast as
it answers; then the herd: many hospitals begin to send their rooms in the same second. Afterwards each acknowledged
message has one line in the journal, found by its request id, and the tables have what the journal says.
"""

import argparse
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from bench import machine, measure, places, sender, stock
from bench.measure import Failed
from bench.sender import STEPS, Kind, Pace, Plan, Said, Send, Times
from rsonline.login.passwords import hash_password
from rsonline.reports import ANTRIAN, TEMPAT_TIDUR
from rsonline.store import hospitals, migrate
from rsonline.store.change import Change
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.schema import journal, table_of

NATION = 3228
VISITS = 500_000
ROOMS = 40
ZONES = (("WIB", 0.80, 0), ("WITA", 0.16, 1), ("WIT", 0.04, 2))
"""Part of the hospitals, and hours ahead of Jakarta."""
ARRIVALS = {6: 3, 7: 12, 8: 20, 9: 17, 10: 13, 11: 9, 12: 5, 13: 7, 14: 5, 15: 3, 16: 2, 17: 2, 18: 1, 19: 1}
"""How patients arrive by the hospital's own hour."""
AT_THE_HOUR = 0.1
"""Part of the hospitals whose program starts on the full hour; the others' seconds are spread over it."""
_A_ROW = 0.1
"""Seconds that a hospital's program takes from one room to the next."""
MINUTES = 10
COLD_MINUTES = 2
AT_ONCE = 64
_IN_LINE = 32
"""How many callers may wait for their passwords to be verified; see the doorkeeper's line."""
HERD = 1500
_PROGRAM = "from rsonline.cli import main; main()"
Event = tuple[float, Kind, int, int]


@dataclass(frozen=True)
class Nation:
    """How many hospitals, and the seed from which their day follows."""

    hospitals: int
    seed: int

    def zone(self, number: int) -> tuple[str, int]:
        """A hospital's zone and its hours ahead of Jakarta: the last fifth of the hospitals is the east."""
        part, reached = (number + 0.5) / self.hospitals, 0.0
        for name, its, ahead in ZONES:
            reached += its
            if part < reached:
                return name, ahead
        return ZONES[-1][0], ZONES[-1][2]

    def visits(self) -> list[int]:
        """Visits of the day by hospital: few large hospitals have many."""
        draw = random.Random(self.seed)
        weights = [draw.lognormvariate(0, 1) for _ in range(self.hospitals)]
        each = VISITS * self.hospitals / NATION / sum(weights)
        return [int(weight * each + draw.random()) for weight in weights]

    def day(self, number: int, visits: int) -> Iterator[Event]:
        """What a hospital sends between midnight and midnight in Jakarta, in no order."""
        draw = random.Random(f"{self.seed}/{number}")
        ahead = self.zone(number)[1] * 3600
        start = 0 if draw.random() < AT_THE_HOUR else draw.randrange(3600)
        for hour in range(24):
            for room in range(ROOMS):
                yield (hour * 3600 + start + room * _A_ROW) % 86_400, "bed", room, (hour * 7 + room * 3) % 21
        for visit, hour in enumerate(draw.choices(list(ARRIVALS), list(ARRIVALS.values()), k=visits)):
            at = (hour + draw.random()) * 3600 - ahead
            yield (at - 300 - draw.random() * 3300) % 86_400, "booking", visit, 0
            # Every second visit leaves out one step, so that a visit has 6.5 on average.
            left_out = draw.choice((0, 1, 5, 6)) if visit % 2 else -1
            for step in range(len(STEPS)):
                if step != left_out:
                    yield at % 86_400, "task", visit, step
                at += 60 + draw.random() * 900


class Stretch(NamedTuple):
    """The busiest minutes one after the other: what is sent by hospital, and which bookings are there before."""

    sends: dict[int, list[Send]]
    booked: list[tuple[int, int]]
    minutes: list[int]
    day: int
    """Messages of the whole day."""
    most: int
    """Messages of the busiest minute."""


def busiest(nation: Nation, count: int) -> Stretch:
    """The busiest minutes of the day, in the order of time."""
    visits = nation.visits()
    minutes: Counter[int] = Counter()
    for number in range(nation.hospitals):
        minutes.update(int(at) // 60 for at, *_ in nation.day(number, visits[number]))
    chosen = sorted(minute for minute, _ in minutes.most_common(count))
    place = {minute: index for index, minute in enumerate(chosen)}
    sends: dict[int, list[Send]] = {}
    booked: list[tuple[int, int]] = []
    for number in range(nation.hospitals):
        needed: set[int] = set()
        known: set[int] = set()
        its: list[Send] = []
        for at, kind, which, more in nation.day(number, visits[number]):
            index = place.get(int(at) // 60)
            if index is None:
                continue
            its.append((index * 60 + at % 60, kind, which, more))
            if kind == "task":
                needed.add(which)
            elif kind == "booking":
                known.add(which)
        sends[number] = sorted(its)
        booked += [(number, which) for which in sorted(needed - known)]
    return Stretch(sends, booked, chosen, minutes.total(), max(minutes.values()))


def prepare(database: Database, nation: Nation, stretch: Stretch) -> None:
    """Hospitals with one password hash, known where they call from; their rooms, the bookings made before."""
    migrate.upgrade(database)
    hashed = hash_password(stock.PASSWORD)
    with transaction(database) as access:
        for number in range(nation.hospitals):
            hospitals.add(access, code_of(number), f"RS Tiruan {number}", nation.zone(number)[0], hashed)
            # They called from there yesterday: half of the doorkeeper's line is for such as them.
            hospitals.note_good(access, code_of(number), sender.address_of(number), datetime.now(UTC))

    def changes() -> Iterator[Change]:
        for number in range(nation.hospitals):
            for room in range(ROOMS):
                yield stock.change(number, TEMPAT_TIDUR, "POST", stock.room(room))
        for number, which in stretch.booked:
            yield stock.change(number, ANTRIAN, "POST", sender.content(code_of(number), "booking", which, 0))

    stock.apply(database, changes())


def code_of(number: int) -> str:
    """A made-up code."""
    return str(stock.FIRST_CODE + number)


class Kept(NamedTuple):
    """What a database has: times, bookings, versions of all rooms."""

    tasks: int
    bookings: int
    rooms: int


def kept(database: Database) -> Kept:
    """Count."""
    rooms = table_of(TEMPAT_TIDUR)
    with connected(database) as connection:
        counted = [
            connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
            for name in ("antrian_task", "antrian")
        ]
        versions = connection.execute(sa.select(sa.func.sum(rooms.c.version))).scalar_one()
    return Kept(int(counted[0]), int(counted[1]), int(versions or 0))


def checked(database: Database, before: Kept, acknowledged: list[str], unknown: int) -> str:
    """In words, that nothing was lost or doubled. Raises Failed."""
    lines: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    with connected(database) as connection:
        # A request that is the first of its address has one more line: that somebody logged in.
        query = sa.select(journal.c.request_id, journal.c.object).where(
            journal.c.request_id.is_not(None), journal.c.object.in_(("antrian_task", "antrian", "tempat_tidur"))
        )
        for request, name in connection.execute(query.execution_options(yield_per=5000)):
            lines[request] += 1
            objects[name] += 1
    lost = sum(1 for each in acknowledged if each not in lines)
    doubled = sum(1 for count in lines.values() if count > 1)
    more = len(lines) - len(set(acknowledged) & lines.keys())
    after = kept(database)
    grown = [after.tasks - before.tasks, after.bookings - before.bookings, after.rooms - before.rooms]
    said = [objects["antrian_task"], objects["antrian"], objects["tempat_tidur"]]
    text = f"{len(acknowledged):,} acknowledged: {lost} lost, {doubled} doubled, {more} written without an answer"
    if lost or doubled or more > unknown or grown != said:
        raise Failed(f"{text}; the journal has {said} lines of times, bookings and rooms, the tables grew by {grown}")
    return text


class Phase:
    """A fresh copy of the stock with the real service on it, in so many processes."""

    def __init__(self, stack: ExitStack, made: Database, folder: Path, processes: int) -> None:
        self.folder = folder
        self.database = stack.enter_context(places.copy_of(made, folder))
        self._before = kept(self.database)
        self._acknowledged: list[str] = []
        self._unknown = 0
        self._ports: list[int] = []
        self._pids: list[int] = []
        settings = [f"RSONLINE_DATABASE={self.database.url}", f"RSONLINE_KEYS={self.database.keys}"]
        for number in range(processes):
            port = measure.free_port()
            command = ["env", *settings, sys.executable, "-c", _PROGRAM, "serve", "--port", str(port)]
            command += ["--data", str(folder if processes == 1 else folder / f"{number}")]
            pid, _ = stack.enter_context(measure.running(command, port, folder / f"service{number}.log"))
            self._ports.append(port)
            self._pids.append(pid)

    def send(self, title: str, pace: Pace, sends: dict[int, list[Send]], at_once: int = AT_ONCE) -> Said:
        """Let the sender do it and print the row of the table."""
        by_code = {code_of(n): (sender.address_of(n), each) for n, each in sends.items() if each}
        plan = Plan(self._ports, stock.PASSWORD, pace, by_code, at_once)
        path = self.folder / "plan"
        path.write_bytes(msgspec.msgpack.encode(plan))
        busy = self._busy()
        done = subprocess.run(
            [sys.executable, "-m", "bench.sender", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failed(f"{title}: the sender ended with {done.returncode}: {done.stderr[-500:]}")
        said = msgspec.json.decode(done.stdout, type=Said)
        self._acknowledged += path.with_suffix(".acknowledged").read_text("ascii").split()
        self._unknown += said.unknown
        all_, count = said.times, said.times.count
        print(
            f"{title:38}{count:9,}{count / said.seconds:9,.0f}{all_.p50:9.1f}{all_.p99:9.0f}{all_.longest:9.0f}"
            f"{said.busy:8,}{sum(said.failed.values()) + said.unwritten:7,}"
            f"{(self._busy() - busy) / said.seconds:9.0%}{said.cpu / said.seconds:8.0%}",
            flush=True,
        )
        print(f"    from sending a request to its answer: {spread(said.requests)}", flush=True)
        if said.failed or said.unwritten:
            print(f"    failed: {said.failed}, not written: {said.unwritten}, outcome unknown: {said.unknown}")
        return said

    def know(self, stretch: Stretch) -> None:
        """Have every password verified once, no more at a time than may wait for that."""
        self.send("every password once", "bounded", {n: [(0.0, "look", 0, 0)] for n in stretch.sends}, _IN_LINE)

    def check(self) -> None:
        """Say that all is there once. Raises Failed."""
        text = checked(self.database, self._before, self._acknowledged, self._unknown)
        memory = ", ".join(f"{machine.resident(pid)[1]:.0f}" for pid in self._pids)
        print(f"    {text}; the service's memory {memory} MiB at most", flush=True)

    def _busy(self) -> float:
        return sum(map(machine.busy, self._pids))


def spread(times: Times) -> str:
    """In words."""
    return f"p50 {times.p50:.1f}, p99 {times.p99:.0f}, max {times.longest:.0f} ms"


def report(engine: str, folder: Path, nation: Nation, stretch: Stretch, minutes: int, processes: int) -> None:
    """Everything on one engine."""
    with places.empty(engine, folder / "stock") as made:
        prepare(made, nation, stretch)
        title = engine if processes == 1 else f"{engine}, {processes} processes"
        print(
            f"\n{title:38}{'messages':>9}{'a second':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'503':>8}{'bad':>7}"
            f"{'service':>9}{'sender':>8}",
            flush=True,
        )
        for known, length in ((False, min(COLD_MINUTES, minutes)), (True, minutes)):
            with ExitStack() as stack:
                phase = Phase(stack, made, folder / "run", processes)
                if known:
                    phase.know(stretch)
                life = {n: [each for each in its if each[0] < length * 60] for n, its in stretch.sends.items()}
                title = f"as in life, {length} min, {'passwords known' if known else 'just started'}"
                said = phase.send(title, "timed", life)
                for name, part in (("first minute", said.first_minute), ("later", said.later)):
                    print(f"    {name}: {part.count:,}, {spread(part)}")
                phase.check()
        with ExitStack() as stack:
            phase = Phase(stack, made, folder / "run", processes)
            phase.know(stretch)
            phase.send(f"the busiest minutes, {AT_ONCE} at a time", "bounded", stretch.sends)
            phase.check()
        with ExitStack() as stack:
            phase = Phase(stack, made, folder / "run", processes)
            many = min(HERD, nation.hospitals)
            for turn, title in enumerate(("just started", "passwords known")):
                phase.send(f"{many:,} hospitals at once, {title}", "chained", herd(nation, many, turn))
            phase.check()


def herd(nation: Nation, many: int, turn: int) -> dict[int, list[Send]]:
    """So many hospitals of all zones that begin within a second; each turn has other numbers."""
    draw = random.Random(nation.seed)
    return {
        number: [(begin, "bed", room, (room + turn * 5 + 1) % 21) for room in range(ROOMS)]
        for number in draw.sample(range(nation.hospitals), many)
        for begin in [draw.random()]
    }


def main() -> int:
    """Measure and print; 1 where something was lost or doubled."""
    asked = argparse.ArgumentParser(prog="python -m bench.national", description=__doc__)
    asked.add_argument("--short", action="store_true", help="60 hospitals, one minute: shows that it runs")
    asked.add_argument("--hospitals", type=int, default=NATION)
    asked.add_argument("--minutes", type=int, default=MINUTES, help="of the ten, how many at the speed of life")
    asked.add_argument("--seed", type=int, default=4711)
    asked.add_argument("--folder", type=Path, help="where the databases are made (default: the system's)")
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), help="only this one (default: what is there)")
    asked.add_argument("--processes", type=int, default=1, help="of the service, on PostgreSQL; spread by hospital")
    said = asked.parse_args()
    # One connection a hospital, on either side.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    nation = Nation(60 if said.short else said.hospitals, said.seed)
    stretch = busiest(nation, MINUTES)
    shown = ", ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in stretch.minutes)
    count = sum(map(len, stretch.sends.values()))
    print(
        f"{nation.hospitals:,} hospitals, {stretch.day:,} messages a day ({stretch.day / 86_400:.0f} a second), the"
        f" busiest minute {stretch.most / 60:.0f} a second\n{count:,} messages in the busiest minutes: {shown}"
        f"\n{os.cpu_count()} cores for service, sender and database server; processor time of service and"
        " sender in parts of one core",
        flush=True,
    )
    for engine in [said.engine] if said.engine else ["sqlite", *(["postgresql"] if places.answers() else [])]:
        with tempfile.TemporaryDirectory(prefix="rsonline-national-", dir=said.folder) as name:
            try:
                minutes = min(MINUTES, math.ceil(1 if said.short else said.minutes))
                # The embedded engine has one process, however many are asked for.
                report(engine, Path(name), nation, stretch, minutes, 1 if engine == "sqlite" else said.processes)
            except Failed as failed:
                print(f"FAILED: {failed}", *getattr(failed, "__notes__", ()), sep="\n", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
