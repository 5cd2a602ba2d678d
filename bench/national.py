"""`python -m bench.national`: the nation's ten busiest minutes, and everybody at once.

3,228 made-up hospitals in three zones report 40 rooms an hour, three in ten of them at the full hour; 500,000 visits a
day give 6.5 task times each, most of them in the morning. The ten busiest minutes of that day are replayed against a
real service at the speed of life and as fast as possible; then 1,500 hospitals send 40 rooms in the same second, each
over one connection, one row after the other, as their programs do. Whoever is told to come back (503, 429) does.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bench import machine, places, stock
from bench.measure import free_port, running
from rsonline.reports import ANTRIAN, TEMPAT_TIDUR
from rsonline.service.passwords import hash_password
from rsonline.store import hospitals, migrate
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.schema import journal

ZONES = (("WIB", 0, 0.80), ("WITA", -60, 0.16), ("WIT", -120, 0.04))
"""Zone, how many minutes before Jakarta its morning comes, its part of the hospitals."""
ROOMS = 40
VISITS = 500_000
STEPS_OF_A_VISIT = 6.5
AT_FULL_HOUR = 0.3
MORNING = (3, 8, 10, 9, 7, 5, 4, 2)
"""How the visits of a day are spread over the hours from seven to three o'clock."""
HERD = 1500
PATIENCE = 10.0
"""Seconds after which real clients give up."""


_PROGRAM = """
import sys
from pathlib import Path
from rsonline.app import run
from rsonline.settings import Settings
run(Settings(data=Path(sys.argv[1]), database=sys.argv[2], port=int(sys.argv[3]), connections_per_source=5000,
             trusted_proxies=("127.0.0.1",)))
"""


class Request(NamedTuple):
    """One message: seconds from the beginning, hospital, method, path, body."""

    at: float
    hospital: int
    method: str
    path: str
    body: bytes


@dataclass
class Seen:
    """What the clients saw: seconds from when a request should have been sent to its answer, and how it went."""

    took: list[float] = field(default_factory=list)
    status: Counter[int] = field(default_factory=Counter)
    given_up: int = 0
    begun: float = 0.0
    ended: float = 0.0


def minutes(count: int, draw: random.Random) -> tuple[Counter[int], Counter[int], list[int]]:
    """How many rooms and how many task times fall into each minute of the day, and each hospital's own minute."""
    rooms: Counter[int] = Counter()
    tasks: Counter[int] = Counter()
    own = [0 if draw.random() < AT_FULL_HOUR else draw.randrange(60) for _ in range(count)]
    for minute in own:
        for hour in range(24):
            rooms[hour * 60 + minute] += ROOMS
    total = VISITS * STEPS_OF_A_VISIT * count / 3228
    for _, offset, part in ZONES:
        for hour, weight in enumerate(MORNING):
            for minute in range(60):
                tasks[(7 + hour) * 60 + minute + offset] += round(total * part * weight / sum(MORNING) / 60)
    return rooms, tasks, own


def busiest(count: int, length: int, draw: random.Random) -> tuple[list[Request], int, float]:
    """The messages of the busiest minutes by time, the first of those minutes, and their part of the day's messages."""
    rooms, tasks, own = minutes(count, draw)
    whole = rooms + tasks
    first = max(range(24 * 60 - length), key=lambda m: sum(whole[m + n] for n in range(length)))
    found: list[Request] = []
    number = 0
    for minute in range(first, first + length):
        begin = (minute - first) * 60.0
        for hospital, its in enumerate(own):
            if its == minute % 60:
                found += room_rows(hospital, begin + draw.random() * 5, draw)
        for _ in range(tasks[minute]):
            hospital = draw.randrange(count)
            step = stock.STEPS[number // count % 6]
            body = f'{{"kodebooking":"B-{number}","taskid":"{step}","waktu":"{int(time.time())}000"}}'
            # The booking comes with its first step: nobody waits for a row that is not there.
            found.append(Request(begin + draw.random() * 60, hospital, "POST", "/Antrian/Task", body.encode()))
            number += 1
    part = len(found) / sum(whole.values())
    return sorted(found), first, part


def room_rows(hospital: int, at: float, draw: random.Random) -> Iterable[Request]:
    """All rooms of a hospital, a fifth of a second apart."""
    for number in range(ROOMS):
        body = {"id_tt": "3", "ruang": f"Ruang {number}", "jumlah_ruang": "4", "jumlah": "20"}
        body["terpakai"] = str(draw.randrange(21))
        yield Request(at + number * 0.2, hospital, "PUT", "/Fasyankes", json.dumps(body).encode())


def prepare(database: Database, count: int, requests: Sequence[Request]) -> None:
    """Hospitals with their rooms, and the bookings of the replay."""
    migrate.upgrade(database)
    hashed = hash_password(stock.PASSWORD)
    cut = [round(count * part) for _, _, part in ZONES]
    zones = [zone for (zone, _, _), many in zip(ZONES, cut, strict=True) for _ in range(many)]
    with transaction(database) as access:
        for number in range(count):
            zone = zones[number] if number < len(zones) else "WIB"
            hospitals.add(access, str(stock.FIRST_CODE + number), f"RS Tiruan {number}", zone, hashed)
    wanted = (stock.change(n, TEMPAT_TIDUR, "POST", stock.room(r)) for n in range(count) for r in range(ROOMS))
    stock.apply(database, wanted)
    tasks = (r for r in requests if r.method == "POST")
    booked = (
        stock.change(
            r.hospital,
            ANTRIAN,
            "POST",
            {
                "kodebooking": json.loads(r.body)["kodebooking"],
                "jenispasien": "JKN",
                "kodepoli": "INT",
                "tanggalperiksa": date.today().isoformat(),
            },
        )
        for r in tasks
    )
    stock.apply(database, booked)


class Connection:
    """One kept-alive connection that sends one request after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> tuple[int, float]:
        """Status and the seconds to wait before coming back. Raises OSError, TimeoutError and IncompleteReadError.

        A kept connection that the service has closed meanwhile is opened anew, once, as client libraries do.
        """
        kept = self._streams is not None
        async with asyncio.timeout(PATIENCE):
            try:
                return await self._send(request)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if not kept:
                    raise
            except BaseException:
                self.close()
                raise
            return await self._send(request)

    async def _send(self, request: Request) -> tuple[int, float]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        code = stock.FIRST_CODE + request.hospital
        # Each hospital calls from an address of its own, as in life.
        source = f"10.{request.hospital >> 16 & 255}.{request.hospital >> 8 & 255}.{request.hospital & 255}"
        writer.write(
            b"%b /fo/index.php%b HTTP/1.1\r\nHost: rs\r\nX-rs-id: %d\r\nX-pass: %b\r\nX-Timestamp: %d\r\n"
            b"X-Forwarded-For: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (
                *(request.method.encode(), request.path.encode(), code, stock.PASSWORD.encode(), int(time.time())),
                *(source.encode(), len(request.body), request.body),
            )
        )
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (x.partition(b":") for x in head.split(b"\r\n")[1:])}
        await reader.readexactly(int(fields.get(b"content-length", b"0")))
        return int(head[9:12]), float(fields.get(b"retry-after", b"1"))

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def one(connection: Connection, request: Request, due: float, seen: Seen) -> None:
    """Send until it is answered otherwise than by 'come back', or until whoever sent it gives up."""
    for _ in range(30):
        try:
            status, wait = await connection.send(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            seen.given_up += 1
            return
        if status not in (429, 503):
            seen.status[status] += 1
            seen.took.append(time.monotonic() - due)
            return
        seen.status[status] += 1
        await asyncio.sleep(wait * (1 + random.random()))
    seen.given_up += 1


async def replay(port: int, requests: Sequence[Request], *, speed: bool, connections: int = 64) -> Seen:
    """Send all of it: at its times, or as fast as so many connections can."""
    seen = Seen(begun=time.monotonic())
    queue: asyncio.Queue[tuple[Request, float] | None] = asyncio.Queue()

    async def worker() -> None:
        connection = Connection(port)
        while (item := await queue.get()) is not None:
            await one(connection, item[0], item[1] if speed else time.monotonic(), seen)
        connection.close()

    workers = [asyncio.create_task(worker()) for _ in range(connections)]
    for request in requests:
        due = seen.begun + request.at
        if speed and (ahead := due - time.monotonic()) > 0:
            await asyncio.sleep(ahead)
        queue.put_nowait((request, due))
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    seen.ended = time.monotonic()
    return seen


async def herd(port: int, count: int) -> Seen:
    """So many hospitals at once, each its rooms one after the other over its one connection."""
    seen = Seen(begun=time.monotonic())
    draw = random.Random(7)

    async def hospital(number: int) -> None:
        connection = Connection(port)
        for request in room_rows(number, 0.0, draw):
            await one(connection, request, time.monotonic(), seen)
        connection.close()

    await asyncio.gather(*[hospital(number) for number in range(count)])
    seen.ended = time.monotonic()
    return seen


def report(title: str, seen: Seen, lines: int) -> bool:
    """One row of the table; whether nothing was lost or doubled."""
    took = sorted(seen.took)
    at = statistics.quantiles(took, n=1000) if len(took) > 1 else took * 999
    good = seen.status[200]
    bad = sum(n for status, n in seen.status.items() if status not in (200, 429, 503))
    again = seen.status[429] + seen.status[503]
    seconds = seen.ended - seen.begun
    whole = good <= lines <= good + seen.given_up and not bad
    print(
        f"{title:34}{good:9,}{good / seconds:9,.0f}{at[499] * 1000:10.1f}{at[989] * 1000:10.1f}{took[-1] * 1000:10.0f}"
        f"{again:9,}{seen.given_up:9,}{max(0, good - lines):7,}{max(0, lines - good - seen.given_up):9,}"
        f"  {'sound' if whole else f'NOT SOUND {dict(seen.status)}'}",
        flush=True,
    )
    return whole


def lines_of(database: Database) -> int:
    """How many lines rooms and task times have."""
    with connected(database) as connection:
        query = sa.select(sa.func.count()).where(journal.c.object.in_(("tempat_tidur", "antrian_task")))
        return int(connection.execute(query).scalar_one())


def later(requests: Sequence[Request]) -> list[Request]:
    """The same messages about another step: a repeated time changes nothing and leaves no line."""
    found = []
    for request in requests:
        if request.method == "POST":
            said = json.loads(request.body) | {"taskid": "7"}
            request = request._replace(body=json.dumps(said).encode())
        found.append(request)
    return found


def measured(database: Database, folder: Path, many: int, requests: Sequence[Request]) -> bool:
    """All four parts against one service; whether nothing was lost or doubled."""
    port = free_port()
    command = [sys.executable, "-c", _PROGRAM, str(folder), database.url, str(port)]
    parts: list[tuple[str, Callable[[], Coroutine[Any, Any, Seen]]]] = [
        ("everybody at once, just started", lambda: herd(port, many)),
        ("everybody at once", lambda: herd(port, many)),
        ("the busiest minutes, as in life", lambda: replay(port, requests, speed=True)),
        ("the busiest minutes, at once", lambda: replay(port, later(requests), speed=False)),
    ]
    sound = True
    with running(command, port, folder / "service.log") as (pid, _):
        for title, run in parts:
            before = lines_of(database)
            seen = asyncio.run(run())
            sound &= report(title, seen, lines_of(database) - before)
        print(f"the service's memory: {machine.resident(pid)[1]:.0f} MiB at most", flush=True)
    return sound


def main() -> int:
    """Prepare, replay, print; 1 where something was lost or doubled."""
    asked = argparse.ArgumentParser(prog="python -m bench.national", description=__doc__)
    asked.add_argument("--hospitals", type=int, default=3228)
    asked.add_argument("--minutes", type=int, default=10)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked.add_argument("--folder", type=Path, help="where databases are made")
    asked.add_argument("--short", action="store_true", help="sixty hospitals for one minute")
    said = asked.parse_args()
    count, length = (60, 1) if said.short else (said.hospitals, said.minutes)
    requests, first, part = busiest(count, length, random.Random(4711))
    print(
        f"{count:,} hospitals, {len(requests):,} messages in the {length} minutes from {first // 60:02}:{first % 60:02}"
        f" ({part:.1%} of the day's); two cores for service, clients and database server",
        flush=True,
    )
    names = ("", "written", "a second", "p50 ms", "p99 ms", "max ms", "again", "gave up", "lost", "doubled")
    widths = (34, 9, 9, 10, 10, 10, 9, 9, 7, 9)
    sound = True
    for engine in said.engine or ("sqlite", *(["postgresql"] if places.answers() else [])):
        print(f"\n{engine:34}" + "".join(f"{n:>{w}}" for n, w in zip(names[1:], widths[1:], strict=True)))
        temporary = tempfile.TemporaryDirectory(prefix="rsonline-national-", dir=said.folder)
        with temporary as name, places.empty(engine, Path(name)) as database:
            prepare(database, count, requests)
            sound &= measured(database, Path(name), min(HERD, count), requests)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
