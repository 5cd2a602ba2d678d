"""Kill the primary database three times while hospitals write, and count what was acknowledged and is no longer there.

`python -m tests.long.ha --kills 3`. Ends with 1 where anything acknowledged was lost, where the journal does not match
the rows, or where anything was answered but 2xx or 503 with Retry-After. Needs root and what `deploy/ha/install`
installs.
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
import uuid
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

from rsonline.reports import ANTRIAN
from rsonline.store.database import Database
from tests.long import audit
from tests.long.cluster import LOOPBACK, Cluster, Member, until
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.long.senders import Connection, Contradiction, NoWord, Sender, everything

HOSPITALS = [str(9_270_001 + n) for n in range(4)]
NEWCOMERS = [str(9_271_001 + n) for n in range(400)]
"""Each asks once, so that passwords are verified at every moment, also while there is no primary."""
SENDERS = 8
PAUSE, AGAIN, PROBING = 0.01, 0.25, 0.5
ROUND = 5.0
"""Seconds after which the newborns' samples get another day, which keeps the lists of a day short."""


@dataclass
class Watch:
    """Everything that was answered."""

    over: threading.Event = field(default_factory=threading.Event)
    begun: float = field(default_factory=time.monotonic)
    answers: Counter[str] = field(default_factory=Counter)
    otherwise: list[str] = field(default_factory=list)
    written: dict[int, list[float]] = field(default_factory=dict)
    """Of each process, when it acknowledged a write."""
    slowest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begun

    def note(self, what: str, status: int, retry_after: str | None, seconds: float) -> None:
        """An answer that came."""
        with self._lock:
            self.slowest = max(self.slowest, seconds)
            self.answers[str(status)] += 1
            if not (200 <= status < 300 or (status == 503 and (retry_after or "").isdigit())):
                self.otherwise.append(f"{self.now:.1f} s: {what}: {status}, Retry-After {retry_after}")

    def note_none(self, what: str, error: Exception) -> None:
        """An answer that did not come: the service stays, so there is no reason for it."""
        with self._lock:
            self.answers["none"] += 1
            self.otherwise.append(f"{self.now:.1f} s: {what}: {error!r}")

    def longest_silence(self, since: float, until: float) -> float:
        """The longest time in which one of the processes acknowledged no write."""
        silences = [0.0]
        for times in self.written.values():
            before = max((t for t in times if t <= since), default=0.0)
            within = [before, *(t for t in times if since < t <= until), until]
            silences += [later - earlier for earlier, later in pairwise(within)]
        return max(silences)


class Client:
    """One kept-alive connection to a process."""

    def __init__(self, port: int, watch: Watch) -> None:
        self.port = port
        self._watch = watch
        self._http = http.client.HTTPConnection(LOOPBACK, port, timeout=60)

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of the answer, which is noted; 0 where none came."""
        what = f"{method} {path.removeprefix('/fo/index.php')} at {self.port}"
        begun = time.monotonic()
        try:
            self._http.request(method, path, body, headers)
            answer = self._http.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._watch.note_none(what, error)
            self._http.close()
            return 0, b""
        self._watch.note(what, answer.status, answer.headers["Retry-After"], time.monotonic() - begun)
        return answer.status, said

    def close(self) -> None:
        """Close it."""
        self._http.close()


def _headers(hospital: str, **more: str) -> dict[str, str]:
    return {"X-rs-id": hospital, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time())), **more}


class Persistent(Connection):
    """Asks the same again, of one process and the other, until it is told more than 503.

    The Idempotency-Key lets the service see that it is the same request, whatever became of the first.
    """

    def __init__(self, ports: list[int], watch: Watch) -> None:
        self._watch = watch
        self._clients = [Client(port, watch) for port in ports]

    def ask(self, hospital: str, method: str, path: str, body: object = None) -> tuple[int, list[dict[str, Any]]]:
        """The status and the elements of the answer. Raises NoWord where none came until the end."""
        key = str(uuid.uuid4())
        sent = json.dumps(body).encode()
        for client in cycle(self._clients):
            asked = _headers(hospital, **{"Idempotency-Key": key})
            status, said = client.ask(method, f"/fo/index.php{path}", asked, sent)
            if status in (0, 503) or client is not self._clients[0]:
                # It may be long until it is asked again, and the service closes connections on which nothing comes.
                client.close()
            if status not in (0, 503):
                if status == 200:
                    self._watch.written[client.port].append(self._watch.now)
                (elements,) = json.loads(said).values()
                return status, elements
            if self._watch.over.wait(AGAIN):
                break
        raise NoWord

    def close(self) -> None:
        """Close them."""
        for client in self._clients:
            client.close()


class Hospital(Sender):
    """A sender that goes on until the watch is over."""

    def persist(self, ports: list[int], watch: Watch) -> None:
        """Write, first at the first of these processes."""
        connection = Persistent(ports, watch)
        while not watch.over.wait(PAUSE):
            try:
                self._one(connection, int(watch.now / ROUND))
            except Contradiction as contradiction:
                self.contradictions.append(str(contradiction))
            except NoWord:
                pass
        connection.close()


def probe(port: int, newcomers: list[str], watch: Watch) -> None:
    """Ask a process whether it answers, read, and come as a hospital that it does not know yet."""
    client = Client(port, watch)
    for number, newcomer in enumerate(newcomers):
        client.ask("GET", "/healthz", {})
        client.ask("GET", "/fo/index.php/Fasyankes", _headers(HOSPITALS[number % len(HOSPITALS)]))
        client.ask("GET", "/fo/index.php/Logistik/oksigen", _headers(newcomer))
        if watch.over.wait(PROBING):
            break
    client.close()


class Drill:
    """A cluster, two processes of the service, their hospitals, and the kills."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.watch = Watch()
        self.silences: list[float] = []
        self._random = random.Random(seed)
        self._cluster = Cluster(folder / "cluster")
        self._folder = folder
        self._services: list[Service] = []
        self._threads: list[threading.Thread] = []
        self.senders = [Hospital(number, HOSPITALS, seed) for number in range(SENDERS)]
        self.database: Database

    def start(self) -> None:
        """Start the cluster, the two processes, and the load."""
        self._cluster.start()
        self.database = self._cluster.database()
        hospitals_in(self.database, [*HOSPITALS, *NEWCOMERS])
        for name in ("one", "two"):
            (self._folder / name).mkdir()
            self._services.append(Service(self._folder / name, self.database))
            self._services[-1].start()
        ports = [service.port for service in self._services]
        self.watch.written = {port: [] for port in ports}
        self.watch.begun = time.monotonic()
        for sender in self.senders:
            first = sender.number % 2
            order = [ports[first], ports[1 - first]]
            self._threads.append(threading.Thread(target=sender.persist, args=(order, self.watch)))
        for n, port in enumerate(ports):
            self._threads.append(threading.Thread(target=probe, args=(port, NEWCOMERS[n::2], self.watch)))
        for thread in self._threads:
            thread.start()

    def kill(self, frozen: bool) -> str:
        """Kill or freeze the primary, wait for another, let that member come back; what happened, in words."""
        time.sleep(self._random.uniform(3, 6))
        victim = self._cluster.primary()
        if victim is None:
            raise RuntimeError("no primary")
        seen = victim.program.log.stat().st_size
        killed = self.watch.now
        if frozen:
            victim.freeze()
        else:
            victim.kill()
        until("another primary", lambda: self._cluster.primary() not in (None, victim))
        elected = self.watch.now
        until("an acknowledged write of both", lambda: all(t[-1] > elected for t in self.watch.written.values()))
        time.sleep(self._random.uniform(2, 4))
        returned = self.watch.now
        if frozen:
            victim.thaw()
        else:
            victim.program.start()
        self._cluster.wait_settled()
        settled = self.watch.now
        time.sleep(1)
        self.silences.append(self.watch.longest_silence(killed, self.watch.now))
        return (
            f"{victim.name} dead at {killed:.0f} s, another primary after {elected - killed:.1f} s, longest"
            f" time without an acknowledged write {self.silences[-1]:.1f} s, {victim.name} let back,"
            f" a standby {settled - returned:.1f} s later ({_way_back(victim, seen)})"
        )

    def finish(self) -> tuple[list[str], list[str]]:
        """End the load; what was lost according to the ledgers, and what the audit finds."""
        self.watch.over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        return self._compare(), audit.faults(self.database)

    def planted(self) -> bool:
        """Take one acknowledged booking away by hand: whether comparison and audit find this one and nothing else."""
        stored = [key for s in self.senders for key in s.ledger if key.kind == "antrian" and s.ledger[key] is not None]
        victim = self._random.choice(sorted(stored))
        audit.remove_row(self.database, ANTRIAN, {"kode_rs": victim.hospital, "kodebooking": victim.name})
        lost, faults = self._compare(), audit.faults(self.database)
        return len(lost) == 1 and str(victim) in lost[0] and len(faults) == 1

    def _compare(self) -> list[str]:
        """Everything that is stored against everything that was acknowledged; each difference in words."""
        bookings = sorted({key for sender in self.senders for key in sender.ledger if key.kind == "antrian"})
        rounds = int(self.watch.now / ROUND) + 1
        found = everything(self._services[0].port, HOSPITALS, bookings, rounds, self.senders[0].today)
        return [f"{key}: no sender wrote it" for key in found if not 0 <= key.sender < SENDERS] + [
            f"{each.key}: acknowledged {each.acknowledged!r}, unanswered {sorted(map(repr, each.unanswered))},"
            f" found {each.found!r}"
            for sender in self.senders
            for each in sender.ledger.settle({k: v for k, v in found.items() if k.sender == sender.number})
        ]

    def stop(self) -> None:
        """End everything that was started."""
        self.watch.over.set()
        for thread in self._threads:
            thread.join()
        for service in self._services:
            service.kill()
        self._cluster.stop()


def _way_back(member: Member, seen: int) -> str:
    """How a member came back, according to its log from this byte on."""
    said = member.program.log.read_bytes()[seen:]
    return "pg_rewind" if b"running pg_rewind" in said else "no pg_rewind needed"


def main() -> int:
    """Run the drill and print what it showed."""
    asked = argparse.ArgumentParser(prog="python -m tests.long.ha", description=__doc__)
    asked.add_argument("--kills", type=int, default=3)
    asked.add_argument("--seed", default=str(int(time.time())), help="of the senders and the moments; printed")
    asked.add_argument(
        "--freeze", action="store_true", help="stop the primary where it is, then let it go on, instead of killing it"
    )
    said = asked.parse_args()
    if os.geteuid() != 0:
        print("The drill starts PostgreSQL as postgres and HAProxy as haproxy: run it as root.", file=sys.stderr)
        return 2
    print(f"seed {said.seed}: {SENDERS} senders, 2 processes, 3 databases, {said.kills} kills", flush=True)
    with tempfile.TemporaryDirectory(prefix="rsonline-ha-") as name:
        drill = Drill(Path(name), said.seed)
        try:
            drill.start()
            for number in range(said.kills):
                print(f"  kill {number + 1}: {drill.kill(said.freeze)}", flush=True)
            lost, faults = drill.finish()
            contradictions = [text for sender in drill.senders for text in sender.contradictions]
            acknowledged = sum(sender.ledger.acknowledged for sender in drill.senders)
            sound = acknowledged > 0 and not (lost or faults or contradictions or drill.watch.otherwise)
            found = drill.planted() if sound else None
        finally:
            drill.stop()
    for text in (*lost, *contradictions, *faults, *drill.watch.otherwise[:40]):
        print(f"  {text}")
    answers = ", ".join(f"{status}: {number}" for status, number in sorted(drill.watch.answers.items()))
    print(f"  answers {answers}; the slowest took {drill.watch.slowest:.1f} s")
    print(
        f"{said.kills} kills, {acknowledged} acknowledged writes, {len(lost)} lost, {len(faults)} faults of the"
        f" journal, {len(contradictions)} contradictory answers, {len(drill.watch.otherwise)} other than 2xx or 503;"
        f" longest without a write {', '.join(f'{s:.1f}' for s in drill.silences)} s"
    )
    if found is not None:
        print(f"one row taken away by hand: {'found' if found else 'NOT FOUND'}")
    return 0 if sound and found else 1


if __name__ == "__main__":
    sys.exit(main())
