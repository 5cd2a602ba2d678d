"""Syncs that fail and a disk that is full, against the real service (SQLite).

`python -m tests.long.diskfaults --places 50`. Three parts: a sync of the database or its log is told EIO by strace; a
small file system of our own is filled and emptied again, where mounting is permitted; writes are told ENOSPC by
strace. Ends with 1 where an answer, the end of the process or what is stored is not as promised, or where a service
that goes on after a failed sync is not found; with 2 where strace is missing.
"""

import argparse
import http.client
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rsonline.app import EXIT_STORAGE
from rsonline.store import sqlite_engine
from rsonline.store.database import embedded
from tests.long import filetrace
from tests.long.cutdisk import Disk
from tests.long.filetrace import Step, Trace, Traced
from tests.long.powercut import DATABASE, HOSPITALS, SENDERS, Acknowledged, Key, Said, Sender, files, merged
from tests.long.process import PASSWORD, Service, hospitals_in

LATEST_END = 1.0
"""Seconds within which the process ends after a sync that failed."""
PATIENCE, CUTS = 20.0, 3
NEVER_SEEN = [str(9_400_011 + n) for n in range(3)]
"""Hospitals that do not log in before the disk is full."""
WITHOUT_ROOM = 60
"""Writes to the disk that fail one after the other."""
SHORT_LOG = "import rsonline.store.sqlite_batch as s; s.LOG_PAGES = 60; from rsonline.cli import main; main()"
"""The service with a log that is moved to the database so often that many syncs belong to that."""
GOES_ON = (
    "import rsonline.store.sqlite_batch as s; from rsonline.store.change import Busy; s._named = lambda error: Busy();"
    " from rsonline.cli import main; main()"
)
"""A service that takes an error of the disk for one that passes."""


class Place(NamedTuple):
    """Which sync of the writing thread fails, alone or with all that follow, in which service."""

    number: int
    for_good: bool = False
    program: str | None = None


@dataclass
class Seen:
    """What one part showed."""

    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    late: int = 0
    """Answers sent after the failure, of commits that were synced before it."""
    statuses: Counter[int] = field(default_factory=Counter)


class Answers(NamedTuple):
    """Statuses of a stretch of writing and reading; 0 where a connection broke."""

    writes: Counter[int]
    reads: Counter[int]


def stretch(port: int, senders: Sequence[Sender], seconds: float, reader: str = HOSPITALS[0]) -> Answers:
    """Write with all senders, and read as one hospital, for so long or until the connections break."""
    said, until = Answers(Counter(), Counter()), time.monotonic() + seconds
    asking = [(said.writes, sender.one) for sender in senders] + [(said.reads, partial(_look, reader))]
    with ThreadPoolExecutor(len(asking)) as pool:
        for ended in [pool.submit(_ask, port, until, *each) for each in asking]:
            ended.result()
    return said


def _ask(port: int, until: float, said: Counter[int], one: Callable[[http.client.HTTPConnection], int]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        try:
            while time.monotonic() < until:
                said[one(connection)] += 1
        except (OSError, http.client.HTTPException):
            said[0] += 1


def _look(hospital: str, connection: http.client.HTTPConnection) -> int:
    time.sleep(0.02)
    headers = {"X-rs-id": hospital, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))}
    connection.request("GET", "/fo/index.php/Fasyankes", headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def prepared(folder: Path) -> Path:
    """A data folder with the hospitals, to be copied."""
    folder.mkdir()
    hospitals_in(embedded(folder), HOSPITALS + NEVER_SEEN)
    return folder


@contextmanager
def home_of(template: Path) -> Iterator[Path]:
    """A folder with a copy of the data, and one for what a power cut leaves."""
    with tempfile.TemporaryDirectory(dir=template.parent) as name:
        shutil.copytree(template, Path(name) / "data")
        (Path(name) / "copies").mkdir()
        yield Path(name)


def crew(program: str | None, seed: str) -> list[Sender]:
    """The senders; to the service with the short log one, so that every run makes the same calls in the same order."""
    return [Sender(number, seed) for number in range(1 if program == SHORT_LOG else SENDERS)]


def run(
    home: Path, senders: Sequence[Sender], seconds: float, program: str | None = None, inject: str | None = None
) -> tuple[Trace, Answers]:
    """Write to a service that strace watches, for so long or until it ends."""
    service = Traced(home / "data", home / "trace", program, inject)
    try:
        service.start()
        # The reader's login is a commit too: it is to be the first.
        stretch(service.port, [], 0.1)
        answers = stretch(service.port, senders, seconds)
        if answers.writes[0]:
            service.wait(LATEST_END)
        service.stop()
    finally:
        service.kill()
    return filetrace.read(service.trace, home / "data"), answers


def numbered(template: Path, seed: str, program: str | None, kind: str) -> list[tuple[int, str]]:
    """The number and file of each sync or write that the writing thread makes, in a run without a fault, from the
    first answer on: a start notes its settings, and one that cannot serves nobody."""
    with home_of(template) as home:
        steps = run(home, crew(program, seed), 3.0, program)[0].steps
    served = next(at for at, s in enumerate(steps) if s.call.kind == "answer")
    calls = [(at, s.call) for at, s in enumerate(steps) if s.end and s.call.kind == kind]
    # strace counts each thread on its own; what is done at the end is another thread's.
    ((writing, _),) = Counter(call.thread for _, call in calls).most_common(1)
    counted = enumerate(((at, call.name) for at, call in calls if call.thread == writing), 1)
    return [(number, name) for number, (at, name) in counted if at > served]


def spread(numbers: Sequence[int], count: int) -> list[int]:
    """So many of them, from the first to nearly the last."""
    return [numbers[n * len(numbers) * 9 // 10 // count] for n in range(count)]


def places(count: int, template: Path, seed: str) -> list[Place]:
    """Every third place where the log is moved, the others anywhere in a run; every second fails for good."""
    moving = [n for n, name in numbered(template, seed, SHORT_LOG, "sync") if name == DATABASE]
    # Beside the sync of the database there are that of the log before it and that of the new log's head after it.
    # The first of them, because the runs part where a reader holds up the moving.
    near = [n + (0, 0, -1, 1)[at % 4] for at, n in enumerate(spread(moving[:count], count // 3))]
    anywhere = [n for n, name in numbered(template, seed, None, "sync") if name != "."]
    commits = [Place(n, at % 2 == 1) for at, n in enumerate(spread(anywhere, count - len(near)))]
    return commits + [Place(n, at % 2 == 1, SHORT_LOG) for at, n in enumerate(near)]


def failing_syncs(chosen: Sequence[Place], template: Path, seed: str) -> Seen:
    """Part A: syncs that fail while hospitals write, the start after it, the power that goes after either."""
    seen = Seen()
    for place in chosen:
        with home_of(template) as home:
            seen.faults += [f"sync {place.number}: {fault}" for fault in _failing_sync(place, home, seed, seen)]
    return seen


def _failing_sync(place: Place, home: Path, seed: str, seen: Seen) -> Iterator[str]:
    senders, disk, chance = crew(place.program, seed), Disk(files(home / "data")), random.Random(f"{seed}/{place}")
    control = place.program == GOES_ON
    inject = f"fsync,fdatasync:error=EIO:when={place.number}{'+' if place.for_good else ''}"
    trace, _ = run(home, senders, 3.0 if control else PATIENCE, place.program, inject)
    said = merged(senders)
    failed = next((n for n, s in enumerate(trace.steps) if s.end and s.call.kind == "sync" and s.call.failed), None)
    if failed is None:
        yield "it was not reached"
        return
    seen.failed[trace.steps[failed].call.name] += 1
    yield from (f"refused: {text}" for text in said.refused if not text.startswith("50"))
    took = trace.ended_at - trace.steps[failed].at
    if trace.code != EXIT_STORAGE or took > LATEST_END:
        yield f"the process ended with {trace.code}, {took:.3f} s after the failure (None: it had to be stopped)"
    seen.slowest = max(seen.slowest, took)
    yield from _said_after(trace, failed, said, disk, home / "copies", seen)
    yield from _after_cuts(_all_of(said, said.answers), disk, home, chance)
    if not control:
        yield from _started_again(home, senders, disk, len(trace.steps), chance)
    seen.acknowledged += len(merged(senders).answers)


def _after_cuts(acknowledged: Acknowledged, disk: Disk, home: Path, chance: random.Random) -> Iterator[str]:
    for _ in range(CUTS):
        for fault in acknowledged.missing(disk.after_a_cut(chance), home / "copies"):
            yield f"power cut: {fault}"


def _said_after(trace: Trace, failed: int, said: Said, disk: Disk, copies: Path, seen: Seen) -> Iterator[str]:
    """Play the run on the disk; what is acknowledged after the failure has to be certain at the failure."""
    for step in trace.steps[: failed + 1]:
        disk.step(step)
    for name, content in disk.after_a_cut(random.Random(0)).items():
        (copies / name).write_bytes(content)
    with closing(sqlite_engine.connect(copies / DATABASE)) as db:
        certain = {row[0] for row in db.execute("SELECT request_id FROM journal")}
    rest = trace.steps[failed + 1 :]
    late = {_asked(step) for step in rest if step.call.kind == "answer" and not step.end} & said.answers.keys()
    seen.late += len(late & certain)
    if wrong := late - certain:
        yield f"{len(wrong)} answers acknowledge what was not synced before the failure"
    for step in rest:
        disk.step(step)


def _asked(step: Step) -> str:
    return step.call.data.decode()


def _all_of(said: Said, answers: Mapping[str, tuple[Key, int]]) -> Acknowledged:
    """What senders were told with these answers."""
    whole = Acknowledged(said)
    whole.ids.update(answers)
    for key, value in answers.values():
        whole.values[key] = max(value, whole.values.get(key, 0))
    return whole


def _started_again(
    home: Path, senders: Sequence[Sender], disk: Disk, first: int, chance: random.Random
) -> Iterator[str]:
    """Start without a fault, write on, look into the files and into what a power cut leaves of them.

    The system still shows what a failed sync did not bring to the disk; whether it got there since, the model tells.
    """
    earlier = merged(senders).answers
    trace, _ = run(home, senders, 0.5)
    said = merged(senders)
    yield from _all_of(said, said.answers).missing(files(home / "data"), home / "copies")
    # On the disk the calls of the second run follow those of the first.
    steps = [s._replace(call=s.call._replace(number=s.call.number + first)) for s in trace.steps]
    answered = [n for n, s in enumerate(steps) if s.call.kind == "answer" and _asked(s) in said.answers]
    if not answered:
        yield f"nothing was acknowledged after the next start: {said.refused[-1:]}"
    acknowledged = _all_of(said, earlier)
    points = {n for at in answered[:1] for n in (at, len(steps) - 1, chance.randrange(at, len(steps)))}
    for n, step in enumerate(steps):
        disk.step(step)
        acknowledged.step(step)
        if n in points:
            yield from _after_cuts(acknowledged, disk, home, chance)


def fill(path: Path, slack: int) -> None:
    """Take all room there is, then leave so many bytes of it."""
    size = 1 << 20
    with path.open("wb", buffering=0) as filler:
        while size:
            try:
                filler.write(bytes(size))
            except OSError:
                size //= 2
        filler.truncate(max(0, filler.tell() - slack))


def full_disk(template: Path, seed: str) -> Seen | None:
    """Part B: fill the disk under a service that writes, empty it again; None where mounting is not permitted."""
    seen = Seen()
    with home_of(template) as home:
        disk = home / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=32m,mode=700", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            return None
        try:
            shutil.copytree(template, disk / "data")
            seen.faults += _full_disk(disk, home / "copies", seed, seen)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return seen


def _full_disk(disk: Path, copies: Path, seed: str, seen: Seen) -> Iterator[str]:
    # The log of this service is on the same disk.
    service, senders, chance = Service(disk / "data"), crew(None, seed), random.Random(seed)
    try:
        service.start()
        for hospital in NEVER_SEEN:
            yield from _answered(stretch(service.port, senders, 1.0), room=True)
            timer = threading.Timer(0.2, fill, (disk / "filler", chance.randrange(200_000)))
            timer.start()
            full = stretch(service.port, senders, 3.0)
            timer.join()
            full.reads.update(stretch(service.port, [], 0.2, hospital).reads)
            yield from _answered(full, room=False)
            seen.statuses += full.writes
            (disk / "filler").unlink()
            yield from _answered(stretch(service.port, senders, 1.0), room=True)
        service.stop()
    finally:
        service.kill()
    said = merged(senders)
    seen.acknowledged += len(said.answers)
    yield from _all_of(said, said.answers).missing(files(disk / "data"), copies)


def _answered(said: Answers, *, room: bool) -> Iterator[str]:
    full = said.writes.keys() & {503, 507}
    if bool(full) == room or set(said.writes) - full - {200} or set(said.reads) != {200}:
        where = "with" if room else "without"
        yield f"{where} room on the disk: writes {dict(said.writes)}, reads {dict(said.reads)}"


def no_room(count: int, template: Path, seed: str) -> Seen:
    """Part C: some of the writes to the files find no room, those after them do; half begin where the log is moved."""
    seen = Seen()
    moving = [n for n, name in numbered(template, seed, SHORT_LOG, "write") if name == DATABASE]
    # The first writes are left out: the thread that starts the service may make as many.
    anywhere = [n for n, _ in numbered(template, seed, None, "write")][40:]
    chosen = [(n, SHORT_LOG) for n in spread(moving, count // 2)] + [(n, None) for n in spread(anywhere, count // 2)]
    for number, program in chosen:
        with home_of(template) as home:
            seen.faults += [f"write {number}: {fault}" for fault in _no_room(number, program, home, seed, seen)]
    return seen


def _no_room(number: int, program: str | None, home: Path, seed: str, seen: Seen) -> Iterator[str]:
    senders, disk = crew(program, seed), Disk(files(home / "data"))
    inject = f"pwrite64:error=ENOSPC:when={number}..{number + WITHOUT_ROOM - 1}"
    trace, answers = run(home, senders, 5.0, program, inject)
    said = merged(senders)
    whole = _all_of(said, said.answers)
    failed = [n for n, s in enumerate(trace.steps) if s.end and s.call.kind == "write" and s.call.failed]
    seen.failed += Counter(trace.steps[n].call.name for n in failed)
    seen.statuses += answers.writes
    seen.acknowledged += len(said.answers)
    yield from _answered(answers, room=False)
    # The thread that moves the log at the end has a count, and failures, of its own.
    last = failed[WITHOUT_ROOM - 1] if len(failed) >= WITHOUT_ROOM else len(trace.steps)
    if not any(step.call.kind == "answer" and _asked(step) in said.answers for step in trace.steps[last:]):
        yield f"{len(failed)} writes found no room, and nothing was acknowledged after them"
    yield from whole.missing(files(home / "data"), home / "copies")
    for step in trace.steps:
        disk.step(step)
    yield from _after_cuts(whole, disk, home, random.Random(f"{seed}/{number}"))


def main() -> int:
    """Run the parts, print a line for each."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.diskfaults", description=__doc__)
    asked.add_argument("--places", type=int, default=50, help="how many syncs fail, each in a run of its own")
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the places; printed")
    seed, count = (given := asked.parse_args()).seed, given.places
    if not filetrace.available():
        print(filetrace.MISSING)
        return 2
    print(f"seed {seed}: {SENDERS} senders, {count} places", flush=True)
    with tempfile.TemporaryDirectory(prefix="rsonline-disk-") as name:
        template = prepared(Path(name) / "template")
        a = failing_syncs(places(count, template, seed), template, seed)
        found = failing_syncs([Place(9, program=GOES_ON)], template, seed).faults
        print(
            f"A. syncs that fail: {_listed(a.failed)}; {a.acknowledged} acknowledged writes, {a.late} answers sent"
            f" after a failure for what was synced before it; ended with {EXIT_STORAGE} in {a.slowest:.3f} s at most;"
            f" {len(a.faults)} faults; control, a service that goes on: {'found' if found else 'NOT FOUND'}"
        )
        b = full_disk(template, seed)
        print(f"B. full disk: {_shown(b) if b else 'left out, mounting is not permitted here'}", flush=True)
        c = no_room(6, template, seed)
        print(f"C. writes that find no room: {_listed(c.failed)}; {_shown(c)}")
    faults = [*a.faults, *(b.faults if b else ()), *c.faults]
    for text in faults:
        print(f"  {text}")
    if void := not found or not a.failed[DATABASE]:
        print("VOID: the control was not found, or no sync of the database failed")
    return 1 if faults or void else 0


def _shown(seen: Seen) -> str:
    return f"writes answered {_listed(seen.statuses)}; {seen.acknowledged} acknowledged; {len(seen.faults)} faults"


def _listed(counts: Counter[str] | Counter[int]) -> str:
    return ", ".join(f"{each} {count} times" for each, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
