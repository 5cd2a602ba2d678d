"""Cut the power at every moment of a recorded run and look whether an acknowledged row is lost (SQLite).

`python -m tests.long.powercut --cuts 2000`. The real service is recorded by strace while hospitals write; its file
calls are then replayed on a model of a disk that keeps for certain only what was synced. Ends with 1 where a cut loses
something or where a control (synchronous=NORMAL; a disk that only says that it synced) loses nothing, with 2 where
strace is missing.
"""

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pysqlite3.dbapi2 as driver

from rsonline.store import audit, sqlite_engine
from tests.long import filetrace
from tests.long.cutdisk import Disk
from tests.long.filetrace import Step, Trace, Traced
from tests.long.process import PASSWORD, hospitals_in

DATABASE = "rsonline.sqlite3"
HOSPITALS = [str(9_400_001 + n) for n in range(3)]
SENDERS, ROOMS = 6, 5
CONTROL_CUTS = 400
NORMAL = """
import rsonline.store.sqlite_batch as store
opened = store.connect
def connect(path, **how):
    db = opened(path, **how)
    db.execute("PRAGMA synchronous=NORMAL")
    return db
store.connect = connect
from rsonline.cli import main
main()
"""
"""The service with the setting that does not sync each commit."""


class Key(NamedTuple):
    """A room or a day's oxygen of one hospital; one sender alone writes it, its values rise from 1."""

    table: str
    hospital: str
    name: str


@dataclass
class Said:
    """What one sender asked for and was told."""

    answers: dict[str, tuple[Key, int]] = field(default_factory=dict)
    """The write that each answer acknowledged, by the answer's request id."""
    asked: dict[Key, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Answers that acknowledge nothing: status and words."""


class Sender:
    """Writes rooms and days of its own, one request after the other, over one connection."""

    def __init__(self, number: int, seed: str) -> None:
        self.said = Said()
        self._number = number
        self._stored: set[Key] = set()
        self._random = random.Random(f"{seed}/{number}")
        self._today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()

    def write(self, port: int, until: float) -> None:
        """Write until a moment of `time.monotonic`, or until the connection breaks."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            while time.monotonic() < until:
                self.one(connection)
        except (OSError, http.client.HTTPException):
            # What was asked last is open: it may be there or not.
            return
        finally:
            connection.close()

    def one(self, connection: http.client.HTTPConnection) -> int:
        """One write; the status of its answer. Raises OSError and HTTPException where there is none."""
        hospital = self._random.choice(HOSPITALS)
        if self._random.random() < 0.2:
            day = (self._today - timedelta(days=self._number)).isoformat()
            key = Key("oksigen", hospital, day)
        else:
            key = Key("tempat_tidur", hospital, f"Ruang {self._number}-{self._random.randrange(ROOMS)}")
        stored = key in self._stored
        value = self.said.asked[key] = self.said.asked.get(key, 0) + 1
        if key.table == "oksigen":
            method, path, body = "POST", "/Logistik/oksigen", {"tanggal": key.name, "p_cair": str(value)}
        else:
            method, path = "PUT" if stored else "POST", "/Fasyankes"
            body = {"id_tt": "3", "ruang": key.name, "jumlah_ruang": "1", "jumlah": str(value), "terpakai": "0"}
        headers = {"X-rs-id": hospital, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))}
        connection.request(method, f"/fo/index.php{path}", json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status == 200 and "telah di" in text:
            self.said.answers[answer.headers["x-request-id"]] = (key, value)
            self._stored.add(key)
        else:
            self.said.refused.append(f"{answer.status} {text}")
        return answer.status


class Recorded(NamedTuple):
    """A run that was recorded: what the disk held before, every step, what the senders were told."""

    before: dict[str, bytes]
    trace: Trace
    said: Said


def merged(senders: Sequence[Sender]) -> Said:
    """What all senders asked for and were told."""
    whole = Said()
    for sender in senders:
        whole.answers |= sender.said.answers
        whole.asked |= sender.said.asked
        whole.refused += sender.said.refused
    return whole


def files(folder: Path) -> dict[str, bytes]:
    """The database and what belongs to it, without the shared-memory index."""
    return {p.name: p.read_bytes() for p in folder.glob(f"{DATABASE}*") if not p.name.endswith("-shm")}


def record(folder: Path, seconds: float, seed: str, program: str | None = None) -> Recorded:
    """Let senders write to a service that strace watches, then stop it. Raises RuntimeError, NotModelled."""
    data = folder / "data"
    data.mkdir()
    service = Traced(data, folder / "trace", program)
    hospitals_in(service.database, HOSPITALS)
    before = files(data)
    senders = [Sender(number, seed) for number in range(SENDERS)]
    try:
        service.start()
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=s.write, args=(service.port, until)) for s in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        service.stop()
    finally:
        service.kill()
    trace = filetrace.read(service.trace, data)
    said = merged(senders)
    seen = {step.call.data.decode() for step in trace.steps if step.call.kind == "answer"}
    if unseen := said.answers.keys() - seen:
        raise RuntimeError(f"{len(unseen)} answers are not in the record: it is not whole")
    if said.refused:
        raise RuntimeError(f"refused: {said.refused[0]}")
    return Recorded(before, trace, said)


class Acknowledged:
    """What had been answered for at a moment."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self.values: dict[Key, int] = {}
        self.ids: set[str] = set()

    def step(self, step: Step) -> None:
        """An answer counts from the beginning of its sending."""
        if step.call.kind == "answer" and not step.end:
            request = step.call.data.decode()
            if request in self._said.answers:
                key, value = self._said.answers[request]
                self.values[key] = max(value, self.values.get(key, 0))
                self.ids.add(request)

    def missing(self, content: dict[str, bytes], folder: Path) -> list[str]:
        """What is wrong with a database after a cut, in words; nothing when all is there."""
        for old in folder.iterdir():
            old.unlink()
        for name, each in content.items():
            (folder / name).write_bytes(each)
        if DATABASE not in content:
            return ["the database is gone"]
        try:
            with closing(sqlite_engine.connect(folder / DATABASE)) as db:
                return list(self._faults(db))
        except driver.Error as error:
            return [f"the database cannot be read: {error}"]

    def _faults(self, db: Any) -> Iterator[str]:
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
        if whole != "ok":
            yield f"integrity: {whole}"
        stored = {
            **{
                Key("tempat_tidur", c, n): v
                for c, n, v in db.execute("SELECT kode_rs, ruang, jumlah FROM tempat_tidur")
            },
            **{Key("oksigen", c, d): v for c, d, v in db.execute("SELECT kode_rs, tanggal, p_cair FROM oksigen")},
        }
        for key, value in self.values.items():
            if stored.get(key) is None or stored[key] < value:
                yield f"lost: {key} was acknowledged with {value}, found {stored.get(key)}"
        for key, value in stored.items():
            if value > self._said.asked.get(key, 0):
                yield f"{key} has {value}, for which nobody asked"
        lines = {row[0] for row in db.execute("SELECT request_id FROM journal")}
        if gone := len(self.ids - lines):
            yield f"lost: {gone} journal lines of acknowledged writes"
        for table in ("tempat_tidur", "oksigen"):
            query = f"SELECT (SELECT total(version) FROM {table}), (SELECT count(*) FROM journal WHERE object = ?)"
            versions, count = db.execute(query, (table,)).fetchone()
            if versions != count:
                yield f"{table}: {count} journal lines for {versions:g} changes"
        with sqlite_engine.engine_on(lambda: db).connect() as connection:
            yield from (f"journal: {fault}" for fault in audit.verify(connection).faults)


def restarts(trace: Trace) -> int:
    """How often the log was begun anew after a checkpoint: the order that is most delicate."""
    headers = [s for s in trace.steps if not s.end and s.call.kind == "write" and s.call.name.endswith("-wal")]
    return max(0, sum(1 for step in headers if step.call.offset == 0) - 1)


def cut_points(steps: Sequence[Step], count: int, chance: random.Random) -> list[int]:
    """Numbers of the steps after which the power goes, rising: half anywhere, half after each kind of call in turn."""
    kinds: dict[tuple[str, str, bool], list[int]] = {}
    for number, step in enumerate(steps):
        kinds.setdefault((step.call.kind, step.call.name, step.end), []).append(number)
    groups = list(kinds.values())
    anywhere = [chance.randrange(len(steps)) for _ in range(count - count // 2)]
    return sorted(anywhere + [chance.choice(groups[n % len(groups)]) for n in range(count // 2)])


def replay(
    recorded: Recorded, count: int, seed: str, folder: Path, *, lying: frozenset[str] = frozenset(), enough: int = 20
) -> tuple[int, list[str]]:
    """Cut the power so often: how many cuts were made, and of each cut that lost something what; at most `enough`."""
    chance = random.Random(seed)
    disk, acknowledged = Disk(recorded.before, lying), Acknowledged(recorded.said)
    steps = recorded.trace.steps
    lost: list[str] = []
    next_step, made = 0, 0
    for point in cut_points(steps, count, chance):
        for step in steps[next_step : point + 1]:
            disk.step(step)
            acknowledged.step(step)
        next_step = max(next_step, point + 1)
        made += 1
        found = acknowledged.missing(disk.after_a_cut(chance), folder)
        if found:
            call = steps[point].call
            where = f"{'end' if steps[point].end else 'beginning'} of {call.kind} {call.name}"
            lost.append(f"cut {made} after step {point} ({where}): {'; '.join(found[:3])}")
            if len(lost) >= enough:
                break
    return made, lost


def scratch() -> str | None:
    """A folder in memory for the many copies, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (a folder of our own is made in it)


def main() -> int:
    """Record, cut, print what was seen."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.powercut", description=__doc__)
    asked.add_argument("--cuts", type=int, default=2000)
    asked.add_argument("--seconds", type=float, default=4.0, help="how long hospitals write while strace records")
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the cuts; printed")
    said = asked.parse_args()
    if not filetrace.available():
        print(filetrace.MISSING)
        return 2
    print(f"seed {said.seed}: {SENDERS} senders, {said.seconds:g} s, {said.cuts} cuts", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rsonline-cut-") as name, tempfile.TemporaryDirectory(dir=scratch()) as at:
        home, copies = Path(name), Path(at)
        for part in ("full", "normal"):
            (home / part).mkdir()
        recorded = record(home / "full", said.seconds, said.seed)
        crossed = restarts(recorded.trace)
        print(f"  {len(recorded.said.answers)} acknowledged writes, {len(recorded.trace.steps) // 2} calls,", end=" ")
        print(f"log begun anew {crossed} times, {time.monotonic() - begun:.0f} s", flush=True)
        made, lost = replay(recorded, said.cuts, said.seed, copies)
        for text in lost:
            print(f"  {text}", flush=True)
        lying = frozenset((DATABASE,))
        lied, by_lies = replay(recorded, CONTROL_CUTS, said.seed, copies, lying=lying, enough=1)
        normal = record(home / "normal", min(said.seconds, 2.0), said.seed, NORMAL)
        loose, by_normal = replay(normal, CONTROL_CUTS, said.seed, copies, enough=CONTROL_CUTS)
    print(
        f"{made} cuts, {len(recorded.said.answers)} acknowledged writes, {crossed} restarts of the log,"
        f" {len(lost)} cuts with a loss; controls: synchronous=NORMAL {len(by_normal)} of {loose} cuts with a loss,"
        f" a disk that lies about the database: {'found' if by_lies else 'NOT FOUND'} at cut {lied};"
        f" {time.monotonic() - begun:.0f} s"
    )
    if not by_normal or not by_lies or not crossed:
        print("VOID: a control lost nothing, or no checkpoint was crossed: this run would not have seen a loss")
        return 1
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
