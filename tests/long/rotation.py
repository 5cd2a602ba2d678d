"""Seal a million values anew while the service writes, kill the rotation again and again, and look at every value.

`python -m tests.long.rotation --engine postgresql --values 1000000 --kills 20`. Ends with 1 where a value is still
under the old key, does not open or is not what was written, where an acknowledged write is gone, a sender was turned
away, or the journal does not verify.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.reports import ANTRIAN
from rsonline.store import audit
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.journal import Head
from rsonline.store.rotation import sealed_tables
from rsonline.store.rows import shape_of
from rsonline.store.schema import table_of
from rsonline.store.seal import FORM, place, stored
from tests.databases import fresh
from tests.long.process import Service, hospitals_in
from tests.long.senders import Connection, Key, Sender, everything

HOSPITALS = [str(9_250_001 + n) for n in range(4)]
SENDERS = 2
_PAUSE = 0.05
_DAY = date(2024, 1, 8)
_AT_ONCE = 5000
_PROGRAM = "from rsonline.cli import main; main()"


class LightSender(Sender):
    """A sender that rests after each request and knows how long the longest answer took."""

    longest = 0.0

    def _one(self, connection: Connection, round_: int) -> None:
        begun = time.monotonic()
        super()._one(connection, round_)
        self.longest = max(self.longest, time.monotonic() - begun)
        time.sleep(_PAUSE)


class Load:
    """Senders that write to a service until it is killed, and what they were told."""

    def __init__(self, service: Service, senders: Sequence[Sender]) -> None:
        self.senders = senders
        self._service = service
        self._threads = [threading.Thread(target=sender.write, args=(service.port, 0)) for sender in self.senders]
        for thread in self._threads:
            thread.start()

    @property
    def writing(self) -> int:
        """How many senders have not been turned away."""
        return sum(thread.is_alive() for thread in self._threads)

    def kill(self) -> None:
        """Kill the service; the senders end with it."""
        self._service.kill()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> int:
        """How many writes were answered for."""
        return sum(sender.ledger.acknowledged for sender in self.senders)

    def found(self, port: int) -> dict[Key, str]:
        """What a service has."""
        bookings = sorted({key for sender in self.senders for key in sender.ledger if key.kind == "antrian"})
        return everything(port, HOSPITALS, bookings, 1, self.senders[0].today)

    def lost(self, port: int) -> list[str]:
        """What a service has, against what was acknowledged; contradictory answers too. Each in words."""
        found = self.found(port)
        return [text for sender in self.senders for text in sender.contradictions] + [
            f"{each.key}: acknowledged {each.acknowledged!r}, found {each.found!r}"
            for sender in self.senders
            for each in sender.ledger.settle({k: v for k, v in found.items() if k.sender == sender.number})
        ]


@contextmanager
def command(database: Database, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """An `rsonline` command on a database, as a process; killed where it still runs at the end."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("RSONLINE_")}
    line = [sys.executable, "-c", _PROGRAM, *words, "--database", database.url, "--keys", str(database.keys)]
    with subprocess.Popen(line, env=others, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


def run(database: Database, *words: str) -> str:
    """What such a command printed. Raises RuntimeError where it fails."""
    with command(database, *words) as process:
        said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"rsonline {' '.join(words)} ended with {process.returncode}: {said}")
    return said


def members(number: int) -> dict[str, str]:
    """The personal members of one made-up booking."""
    return {
        "kodebooking": f"R-{number:07}",
        "nik": str(9_999_000_000_000_000 + number),
        "norm": f"RM-CONTOH-{number}",
        "namadokter": f"Dokter Contoh {number}",
        "nomorreferensi": f"REF-{number}",
    }


def fill(database: Database, rows: int) -> None:
    """So many bookings, written past the service: that many at once it would not take."""
    table, shape = table_of(ANTRIAN), shape_of(ANTRIAN)
    now = datetime.now(UTC)
    with transaction(database) as access:
        for first in range(0, rows, _AT_ONCE):
            made = []
            for number in range(first, min(first + _AT_ONCE, rows)):
                row: dict[str, Any] = dict.fromkeys(shape.columns) | members(number)
                row |= {"kode_rs": HOSPITALS[number % len(HOSPITALS)], "jenispasien": "JKN", "kodepoli": "INT"}
                row |= {"tanggalperiksa": _DAY, "version": 1, "received_at": now, "updated_at": now}
                shape.find_again(ANTRIAN, row, access.vault)
                key = shape.key_of(row)
                for _, name, _ in shape.sealed:
                    row[name] = access.vault.seal(row[name], place(shape.table, name, row["kode_rs"], key))
                made.append(row)
            access.connection.execute(sa.insert(table), made)


def under_another_key(database: Database, newest: int) -> int:
    """How many sealed values of all tables are not under this key."""
    head = FORM + newest.to_bytes(4, "big")
    with connected(database) as connection:
        return sum(
            connection.execute(
                sa.select(sa.func.count()).where(sa.func.substr(sealed.table.c[name], 1, len(head)) != head)
            ).scalar_one()
            for sealed in sealed_tables()
            for name in sealed.columns
        )


class Opened(NamedTuple):
    """Values that say what was written, and rows that do not, in words."""

    values: int
    faults: list[str]


def opened(database: Database, rows: int) -> Opened:
    """Open every value that `fill` wrote."""
    table, shape = table_of(ANTRIAN), shape_of(ANTRIAN)
    seen, faults = set(), []
    with transaction(database) as access:
        query = sa.select(table).where(table.c.tanggalperiksa == _DAY).execution_options(yield_per=_AT_ONCE)
        for found in access.connection.execute(query).mappings():
            row = shape.opened(dict(found), access.vault)
            number = int(row["kodebooking"].removeprefix("R-"))
            seen.add(number)
            if any(row[name] != value for name, value in members(number).items()):
                faults.append(f"booking {number} is not what was written")
            if row["kodebooking_index"] != access.vault.index("kodebooking", row["kodebooking"]):
                faults.append(f"booking {number} is not found by its code")
    faults += [f"booking {number} is gone" for number in set(range(rows)) - seen]
    return Opened(len(seen) * len(members(0)), faults)


def seal_keys(database: Database) -> list[int]:
    """The numbers of the keys that seal, the newest last."""
    with connected(database) as connection:
        return [key.number for key in stored(connection) if key.purpose == "seal"]


class Killed(NamedTuple):
    """What the kills showed."""

    while_sealing: int
    left: int
    """How many values the last kill left under the old key."""


def kill_again_and_again(database: Database, kills: int, values: int, seed: str) -> Killed:
    """Begin the rotation and kill it, so many times."""
    draw = random.Random(seed)
    while_sealing, left = 0, values
    for _ in range(kills):
        with command(database, "key", "rotate") as process:
            if draw.random() < 0.2:
                # While it starts, makes its key or begins.
                time.sleep(draw.uniform(0, 0.8))
            else:
                # At work, of which something must be left for the next.
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(draw.uniform(0, 1.2 * values / 1_000_000))
            process.kill()
        numbers = seal_keys(database)
        before, left = left, values if len(numbers) == 1 else under_another_key(database, numbers[-1])
        while_sealing += 0 < left < before
    return Killed(while_sealing, left)


def ends_of(database: Database) -> dict[str, Head]:
    """Where every journal ends."""
    with connected(database) as connection:
        return audit.heads(connection)


def drill(database: Database, folder: Path, said: argparse.Namespace) -> int:
    """The whole of it; the exit code."""
    begun = time.monotonic()
    rows = said.values // len(members(0))
    service = Service(folder, database)
    hospitals_in(database, HOSPITALS)
    fill(database, rows)
    filled = time.monotonic()
    service.start()
    senders = [LightSender(number, HOSPITALS, said.seed) for number in range(SENDERS)]
    load = Load(service, senders)
    try:
        time.sleep(1.0)
        before = ends_of(database)
        killed = kill_again_and_again(database, said.kills, said.values, said.seed)
        last = time.monotonic()
        printed = run(database, "key", "rotate").strip().splitlines()[-1]
        finished = time.monotonic()
        time.sleep(1.0)
        writing = load.writing
    finally:
        load.kill()
    numbers = seal_keys(database)
    left = under_another_key(database, numbers[-1])
    values, faults = opened(database, rows)
    service.start()
    try:
        lost = load.lost(service.port)
    finally:
        service.stop()
    with connected(database) as connection:
        verified = audit.verify(connection, known=before)
    for text in (*faults[:10], *lost[:10], *verified.faults[:10]):
        print(f"  {text}")
    print(
        f"{said.engine}: {rows * len(members(0))} values in {rows} rows; killed {said.kills} times,"
        f" {killed.while_sealing} of them while sealing, {killed.left} values left, then finished ({printed})"
        f" in {finished - last:.0f} s; {left} values under an old key, {values} opened, {len(faults)} faults;"
        f" {load.acknowledged} acknowledged writes, {len(lost)} lost, {writing} of {SENDERS} senders served to the end,"
        f" longest answer {max(sender.longest for sender in senders):.2f} s;"
        f" {verified.lines} journal lines, {len(verified.faults)} faults;"
        f" filled in {filled - begun:.0f} s, rotated in {finished - filled:.0f} s, all {time.monotonic() - begun:.0f} s"
    )
    bad = left or faults or lost or verified.faults or writing < SENDERS or not load.acknowledged
    if len(numbers) != 2:
        print(f"  there are {len(numbers)} keys that seal: a rotation that was cut off was begun anew")
        return 1
    if said.kills and (not killed.while_sealing or not killed.left):
        print("  the kills came too late to show anything: more values, or fewer kills")
        return 1
    return 1 if bad or values != rows * len(members(0)) else 0


def main() -> int:
    """Ask for the engine and the numbers, and run it."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.rotation", description=__doc__)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--values", type=int, default=1_000_000)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the moments; printed")
    said = asked.parse_args()
    print(f"{said.engine}, seed {said.seed}: {said.values} values, {said.kills} kills", flush=True)
    with tempfile.TemporaryDirectory(prefix="rsonline-rotation-") as name:
        data = Path(name) / "data"
        with fresh(said.engine, data) as database:
            return drill(database, data, said)


if __name__ == "__main__":
    sys.exit(main())
