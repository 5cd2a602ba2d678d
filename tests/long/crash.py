"""Kill the service while it writes, start it again, and count what it had answered for and no longer has.

`python -m tests.long.crash --rounds 50 --engine postgresql`. Ends with 1 where anything acknowledged was lost,
anything was stored that nobody asked for, or the journal does not match the rows.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rsonline.reports import ANTRIAN
from rsonline.store.database import Database
from tests.databases import fresh
from tests.long import audit
from tests.long.process import Service, hospitals_in
from tests.long.senders import Key, Sender, everything

HOSPITALS = [str(9_300_001 + n) for n in range(4)]
SENDERS = 8


@dataclass
class Tally:
    """What the rounds showed."""

    rounds: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    lost: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    longest_restart: float = 0.0

    @property
    def harmed(self) -> bool:
        """Whether something was lost."""
        return bool(self.lost or self.contradictions or self.faults)

    @property
    def sound(self) -> bool:
        """Whether there was something to lose and nothing was lost. A first round may end before its first answer."""
        return self.acknowledged > 0 and not self.harmed


class Crash:
    """A service on a folder, its senders, and the rounds."""

    def __init__(self, folder: Path, seed: str, database: Database | None = None) -> None:
        self.tally = Tally()
        self._folder = folder
        self._random = random.Random(seed)
        data = folder / "data"
        data.mkdir(exist_ok=True)
        self.service = Service(data, database)
        hospitals_in(self.service.database, HOSPITALS)
        self.senders = [Sender(number, HOSPITALS, seed) for number in range(SENDERS)]

    def round(self) -> None:
        """Write, kill, look at the file, start again, compare. The service runs before and after."""
        threads = [
            threading.Thread(target=sender.write, args=(self.service.port, self.tally.rounds), name=f"sender {n}")
            for n, sender in enumerate(self.senders)
        ]
        for thread in threads:
            thread.start()
        time.sleep(self._random.uniform(0.2, 2.0))
        self.service.kill()
        for thread in threads:
            thread.join()
        self.tally.unanswered = sum(sender.ledger.unanswered for sender in self.senders)
        self.tally.faults += audit.faults(audit.copied(self.service.database, self._folder / "copy"))
        self.tally.longest_restart = max(self.tally.longest_restart, self.service.start())
        self.tally.rounds += 1
        self.tally.lost += self.compare()
        self.tally.acknowledged = sum(sender.ledger.acknowledged for sender in self.senders)
        self.tally.contradictions = [text for sender in self.senders for text in sender.contradictions]

    def compare(self) -> list[str]:
        """Everything that is stored against everything that was acknowledged; each difference in words."""
        bookings = sorted({key for sender in self.senders for key in sender.ledger if key.kind == "antrian"})
        found = everything(self.service.port, HOSPITALS, bookings, self.tally.rounds, self.senders[0].today)
        strange = [f"{key}: no sender wrote it" for key in found if not 0 <= key.sender < SENDERS]
        return strange + [
            f"{each.key}: acknowledged {each.acknowledged!r}, unanswered {sorted(map(repr, each.unanswered))},"
            f" found {each.found!r}"
            for sender in self.senders
            for each in sender.ledger.settle({k: v for k, v in found.items() if k.sender == sender.number})
        ]

    def planted(self) -> tuple[Key, list[str], list[str]]:
        """Take one acknowledged booking out of the stopped file: its key, what the comparison and the audit say."""
        stored = [key for s in self.senders for key in s.ledger if key.kind == "antrian" and s.ledger[key] is not None]
        victim = self._random.choice(sorted(stored))
        self.service.stop()
        audit.remove_row(self.service.database, ANTRIAN, {"kode_rs": victim.hospital, "kodebooking": victim.name})
        faults = audit.faults(audit.copied(self.service.database, self._folder / "copy"))
        self.service.start()
        return victim, self.compare(), faults


def main() -> int:
    """Run the rounds and print what they showed."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.crash", description=__doc__)
    asked.add_argument("--rounds", type=int, default=50)
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the moments; printed")
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    said = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="rsonline-crash-") as name, fresh(said.engine, Path(name) / "data") as made:
        crash = Crash(Path(name), said.seed, made)
        tally = crash.tally
        begun = f"{said.engine}, seed {said.seed}: {SENDERS} senders, {len(HOSPITALS)} hospitals, {said.rounds} kills"
        print(begun, flush=True)
        try:
            crash.service.start()
            for _ in range(said.rounds):
                crash.round()
                if tally.rounds % 10 == 0:
                    print(f"  {tally.rounds} kills, {tally.acknowledged} acknowledged", flush=True)
                if tally.harmed:
                    break
            victim, lost, faults = crash.planted() if tally.sound else (None, [], [])
        finally:
            crash.service.kill()
    for text in (*tally.lost, *tally.contradictions, *tally.faults):
        print(f"  {text}")
    print(
        f"{tally.rounds} kills, {tally.acknowledged} acknowledged writes, {len(tally.lost)} lost,"
        f" {len(tally.contradictions)} contradictory answers, {len(tally.faults)} faults of the journal;"
        f" {tally.unanswered} requests without an answer; longest restart {tally.longest_restart:.2f} s"
    )
    if not tally.sound:
        return 1
    found = len(lost) == 1 and str(victim) in lost[0] and len(faults) == 1
    print(f"one row taken out of the file by hand: {'found' if found else f'NOT FOUND: {victim} {lost} {faults}'}")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
