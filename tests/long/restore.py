"""Back a database up under load, kill the service, restore elsewhere, look for everything, and flip bits.

`python -m tests.long.restore --engine postgresql --flips 100`. Ends with 1 where something that was acknowledged
before the backup began is not there, a chain does not verify, or a flipped bit goes unnoticed.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rsonline.store.backup import BackupError, check, restore
from rsonline.store.database import Database
from tests.databases import blank, fresh
from tests.long import audit
from tests.long.ledger import Ledger
from tests.long.process import Service, hospitals_in
from tests.long.rotation import HOSPITALS, Load, ends_of, run
from tests.long.senders import Key, Sender

SENDERS = 6


class History(Ledger[Key, str]):
    """A ledger that also knows everything that was ever asked for, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[Key, list[str | None]] = {}

    def leave_open(self, key: Key, value: str | None) -> None:
        """This value was asked for."""
        self.asked.setdefault(key, []).append(value)
        super().leave_open(key, value)


class Mark(NamedTuple):
    """What was acknowledged at one moment: of each key its value, and how many values had been asked for."""

    values: dict[Key, tuple[str | None, int]]
    writes: int


class MarkedSender(Sender):
    """A sender whose ledger can be marked while it writes."""

    def __init__(self, number: int, seed: str) -> None:
        super().__init__(number, HOSPITALS, seed)
        self.ledger = self.history = History()

    def mark(self) -> Mark:
        """What was acknowledged until now. A value that is acknowledged meanwhile counts as asked for."""
        counted = {key: len(asked) for key, asked in list(self.history.asked.items())}
        return Mark({key: (self.ledger[key], count) for key, count in counted.items()}, self.ledger.acknowledged)

    def lost(self, mark: Mark, found: dict[Key, str]) -> list[str]:
        """What is there against the mark, each difference in words. A later value may be there too."""
        differences = []
        for key in {**self.history.asked, **found}:
            value, count = mark.values.get(key, (None, 0))
            # The last one may have been on its way at the mark.
            may_be = {value, *self.history.asked.get(key, [])[max(0, count - 1) :]}
            if found.get(key) not in may_be:
                differences.append(f"{key}: acknowledged {value!r}, found {found.get(key)!r}")
        return differences


def planted_loss_is_found(sender: MarkedSender, mark: Mark, found: dict[Key, str]) -> bool:
    """The control: whether the same comparison says so where one record is taken away."""
    mine = {key: value for key, value in found.items() if key.sender == sender.number}
    # One that was told once: its absence can be nothing else.
    told_once = [key for key in mark.values if key in mine and len(sender.history.asked[key]) == 1]
    for key in told_once[:1]:
        del mine[key]
        (said,) = sender.lost(mark, mine)
        return str(key) in said
    return False


class Flips(NamedTuple):
    """Bits that were turned over and noticed, and those that were not."""

    found: int
    missed: list[str]


def flip_bits(folder: Path, place: Database, count: int, seed: str) -> Flips:
    """Turn one bit after the other over and back, and try to restore each time; a tenth of them in the manifest."""
    draw = random.Random(seed)
    small, large = sorted(folder.iterdir(), key=lambda part: part.stat().st_size)
    found, missed = 0, []
    for number in range(count):
        part = large if number % 10 else small
        bit = draw.randrange(part.stat().st_size * 8)
        _flip(part, bit)
        try:
            restore(folder, place)
        except BackupError:
            found += 1
        else:
            missed.append(f"bit {bit} of {part.name}")
            break
        finally:
            _flip(part, bit)
    return Flips(found, missed)


def _flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def drill(database: Database, place: Database, folder: Path, said: argparse.Namespace) -> int:
    """The whole of it; the exit code."""
    begun = time.monotonic()
    service = Service(database.keys.parent, database)
    hospitals_in(database, HOSPITALS)
    service.start()
    senders = [MarkedSender(number, said.seed) for number in range(SENDERS)]
    load = Load(service, senders)
    try:
        time.sleep(said.seconds)
        marks = [sender.mark() for sender in senders]
        ends = ends_of(database)
        at_mark = sum(mark.writes for mark in marks)
        started = time.monotonic()
        run(database, "backup", str(folder))
        backed_up = time.monotonic() - started
        meanwhile = load.acknowledged - at_mark
        time.sleep(0.5)
        writing = load.writing
    finally:
        load.kill()
    flips = flip_bits(folder, place, said.flips, said.seed)
    started = time.monotonic()
    run(place, "restore", str(folder))
    restored = time.monotonic() - started
    faults = check(place, ends) + audit.faults(audit.copied(place, folder.parent / "copy"))
    elsewhere = Service(place.keys.parent, place)
    elsewhere.start()
    try:
        found = load.found(elsewhere.port)
    finally:
        elsewhere.stop()
    lost = [
        text
        for sender, mark in zip(senders, marks, strict=True)
        for text in sender.lost(mark, {key: value for key, value in found.items() if key.sender == sender.number})
    ]
    lost += [text for sender in senders for text in sender.contradictions]
    planted = planted_loss_is_found(senders[0], marks[0], found)
    for text in (*lost[:10], *faults[:10], *flips.missed):
        print(f"  {text}")
    print(
        f"{said.engine}: {at_mark} writes acknowledged before the backup, {meanwhile} while it ran ({backed_up:.1f} s),"
        f" {writing} of {SENDERS} senders served to the end; restored in {restored:.1f} s: {len(found)} records,"
        f" {len(lost)} lost, {len(faults)} faults of chains and rows, a planted loss"
        f" {'found' if planted else 'NOT FOUND'}; {flips.found} of {said.flips} flipped bits found;"
        f" all {time.monotonic() - begun:.0f} s"
    )
    good = at_mark and meanwhile and found and writing == SENDERS and planted and flips.found == said.flips
    return 0 if good and not (lost or faults) else 1


def main() -> int:
    """Ask for the engine and the numbers, and run it."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.restore", description=__doc__)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--flips", type=int, default=100)
    asked.add_argument("--seconds", type=float, default=10.0, help="of load before the backup")
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the bits; printed")
    said = asked.parse_args()
    print(f"{said.engine}, seed {said.seed}: {SENDERS} senders, {said.flips} flips", flush=True)
    with tempfile.TemporaryDirectory(prefix="rsonline-restore-") as name:
        folder = Path(name)
        with fresh(said.engine, folder / "data") as database, blank(said.engine, folder / "elsewhere") as place:
            shutil.copy(database.keys, place.keys)
            return drill(database, place, folder / "backup", said)


if __name__ == "__main__":
    sys.exit(main())
