"""Cut the power in a replay of the outbox's file calls: what it said is kept is there, and nothing is half there.

`python -m tests.long.agent_powercut --cuts 400`. A program works on an outbox under strace and tells after each thing
that it did (a record offered, a message sent, answered, refused) that it was done. At a random moment of the replay the
power goes: of what was not synced, any part is on the disk. The outbox that opens then must be as after the last thing
that was told, or as after the one that was under way. A disk that only pretends to sync must be found out. Ends with 1
where that does not hold, with 2 where strace is missing.
"""

import argparse
import hashlib
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rsonline.hospital.messages import Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer
from tests.long import filetrace
from tests.long.cutdisk import Disk

NAME = "rsonline.sqlite3"
WORK = 160
"""Things that the program does."""
Dump = tuple[tuple[Any, ...], ...]


class Work:
    """The same things in the same order, on whichever outbox."""

    def __init__(self, path: Path) -> None:
        self._now = 1_767_225_600.0
        self.box = Outbox(path, Sealer(bytes(32)), clock=lambda: self._now, least_free=0)
        self._draw = random.Random("outbox")

    def do(self) -> None:
        """The next thing."""
        self._now += 60
        draw = self._draw
        if draw.random() < 0.5:
            many = draw.choice((1, 1, 3, 40))
            self.box.offer(
                [self._offer() for _ in range(many)], feed="f", mark=str(self._now), rejected=[(("x",), "y")]
            )
            return
        due = self.box.due(draw.choice((1, 5, 20)))
        if not due:
            self.box.offer([self._offer()])
            return
        if draw.random() < 0.5:
            self.box.begin([message.id for message in due])
            return
        with self.box.together():
            for message in due:
                match draw.randrange(4):
                    case 0:
                        self.box.refused(message.id, "gagal")
                    case 1:
                        self.box.later(message.id, self._now + 30, unsent=True)
                    case _:
                        self.box.accepted(message.id, number=str(message.id), receipt="r")

    def _offer(self) -> Offer:
        number = self._draw.randrange(60)
        body = {
            "ruang": f"R{number}",
            "terpakai": str(self._draw.randrange(99)),
            "isi": "x" * self._draw.randrange(900),
        }
        return Offer("tempat_tidur", (f"R{number}",), body, event=number % 2 == 0)


def dumped(path: Path) -> Dump:
    """What an outbox holds, without what is random in it. Raises sqlite3.DatabaseError."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found: list[tuple[Any, ...]] = []
        for query in (
            "SELECT id, report, object, verb, event, digest, size, state, tries, due, offered, ended FROM message",
            "SELECT object, report, digest, gone, confirmed, number, at FROM object",
            "SELECT feed, value FROM mark",
            "SELECT feed, object, at FROM rejected",
            "SELECT report, messages, at FROM confirmed",
            "SELECT messages, bytes FROM total",
        ):
            found += sorted(map(tuple, connection.execute(query)), key=str)
        return tuple(found)
    finally:
        connection.close()


def child(folder: Path) -> None:
    """Do everything, and tell after each thing that it was done, in words that the trace understands."""
    ours, other = socket.socketpair()
    work = Work(folder / NAME)
    for number in range(WORK):
        work.do()
        ours.send(b"\r\nx-request-id: " + _mark(number) + b"\r\n")
        other.recv(100)
    work.box.close()


def _mark(number: int) -> bytes:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest().encode()


def expected(folder: Path) -> list[Dump]:
    """What the outbox holds after each thing, before the first one too."""
    work = Work(folder / NAME)
    made = [dumped(folder / NAME)]
    for _ in range(WORK):
        work.do()
        made.append(dumped(folder / NAME))
    work.box.close()
    return made


def replayed(
    trace: filetrace.Trace, cuts: int, seed: str, wanted: list[Dump], folder: Path, lying: frozenset[str] = frozenset()
) -> list[str]:
    """What was wrong after so many cuts."""
    chance = random.Random(seed)
    marks = {_mark(number): number + 1 for number in range(WORK)}
    # Before the outbox is made there is nothing to lose.
    first = next(n for n, s in enumerate(trace.steps) if s.call.kind == "answer" and s.call.data in marks)
    places = sorted(chance.randrange(first, len(trace.steps)) for _ in range(cuts))
    wrong: list[str] = []
    disk, done, at = Disk({}, lying), 0, 0
    for place in places:
        while at <= place:
            step = trace.steps[at]
            at += 1
            if step.call.kind == "answer":
                # Said from its beginning on: the other side may have read it.
                done = max(done, marks.get(step.call.data, 0))
            else:
                disk.step(step)
        fault = _opened(disk.after_a_cut(chance), done, wanted, folder)
        if fault:
            wrong.append(f"step {place}, {done} told: {fault}")
    return wrong


def _opened(files: dict[str, bytes], done: int, wanted: list[Dump], folder: Path) -> str:
    for each in folder.glob(f"{NAME}*"):
        each.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if NAME not in files:
        return "there is no file"
    try:
        Outbox(folder / NAME, Sealer(bytes(32)), least_free=0).close()
        found = dumped(folder / NAME)
    except (sqlite3.DatabaseError, AssertionError) as error:
        return f"{type(error).__name__}: {error}"
    if found not in wanted[done : done + 2]:
        return f"as after {wanted.index(found)}" if found in wanted else "as never"
    return ""


def run(cuts: int, seed: str = "1") -> tuple[list[str], int]:
    """What was wrong on an honest disk, and how many faults of a lying one were found."""
    with tempfile.TemporaryDirectory(prefix="rsonline-cut-") as name:
        folder = Path(name)
        for part in ("worked", "plain", "cut"):
            (folder / part).mkdir()
        trace = folder / "trace"
        words = [sys.executable, "-m", "tests.long.agent_powercut", "--child", str(folder / "worked")]
        subprocess.run([*filetrace.recording(trace, None), *words], check=True, timeout=300)
        steps = filetrace.read(trace, folder / "worked")
        wanted = expected(folder / "plain")
        wrong = replayed(steps, cuts, seed, wanted, folder / "cut")
        lying = frozenset({NAME, f"{NAME}-journal"})
        found = len(replayed(steps, 40, seed, wanted, folder / "cut", lying))
    return wrong, found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(Path(told.child))
        return 0
    if not filetrace.available():
        print(filetrace.MISSING)
        return 2
    wrong, found = run(told.cuts, told.seed)
    for each in wrong[:20]:
        print(each)
    print(f"{told.cuts} cuts: {len(wrong)} wrong; of 40 on a disk that only pretends to sync, {found} found out")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
