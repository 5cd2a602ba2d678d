"""How fast an outbox drains: `python -m bench.drain --messages 630000`, beside what the service alone accepts.

One hospital after a long outage: bookings and seven times each wait in its outbox. Before and after, messages of the
same mixture are sent to the same service by a program that does nothing but send (`bench.sender`, as many at once).
Printed: the rates, their ratio, the agent's largest memory, and what the service holds at the end.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec

from bench import machine
from bench.sender import Plan, Said, Send
from rsonline import AsyncClient
from rsonline.hospital import sealed
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.messages import Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sender import Sending
from tests.databases import fresh, rows
from tests.long.process import PASSWORD, Service, hospitals_in

AGENT, OTHER = "9300001", "9300002"
AT_ONCE = 8
STEPS = 7


def offers(messages: int) -> Iterator[Offer]:
    """Bookings with seven times each."""
    for number in range(messages // (STEPS + 1)):
        code = f"B{number:07}"
        day = (date(2026, 1, 1) + timedelta(days=number % 30)).isoformat()
        body = {"kodebooking": code, "tanggalperiksa": day, "jenispasien": "JKN", "kodepoli": "INT", "norm": code}
        yield Offer("antrian", (code,), body, event=True)
        for step in range(1, STEPS + 1):
            time_ = {"kodebooking": code, "taskid": str(step), "waktu": str(1_767_225_600_000 + step * 60_000)}
            yield Offer("antrian_task", (code, str(step)), time_, event=True, parent=("antrian", (code,)))


def filled(folder: Path, messages: int) -> float:
    """Put them into an outbox; the seconds that took."""
    sealed.create(folder / "antrean.key")
    box = Outbox(folder / "antrean.sqlite3", sealed.read(folder / "antrean.key"))
    begun = time.monotonic()
    part: list[Offer] = []
    for offer in offers(messages):
        part.append(offer)
        if len(part) == 1000:
            box.offer(part)
            part.clear()
    box.offer(part)
    box.close()
    return time.monotonic() - begun


def drain(folder: Path, port: int) -> None:
    """Deliver everything; prints seconds and the largest memory. Run in a process of its own."""
    box = Outbox(folder / "antrean.sqlite3", sealed.read(folder / "antrean.key"))
    sending = Sending(AsyncClient(f"http://127.0.0.1:{port}/fo/index.php", AGENT, PASSWORD), at_once=AT_ONCE)
    delivery = Delivery(box, sending)
    # The spread after an outage is patience, not speed.
    delivery._begin = 0.0
    begun, whole = time.monotonic(), box.size()[0]
    while box.size()[0]:
        if not delivery.step():
            time.sleep(0.05)
    seconds = time.monotonic() - begun
    sending.close()
    box.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"messages": whole, "seconds": seconds, "mib": peak, "cpu": time.process_time()}))


def alone(folder: Path, port: int, messages: int, first: int) -> Said:
    """What the service takes from a program that only sends: the same mixture, as many at once."""
    bookings = first + messages // (STEPS + 1)
    sent: dict[str, tuple[str, list[Send]]] = {}
    for lane in range(AT_ONCE):
        own: list[Send] = []
        for number in range(first + lane, bookings, AT_ONCE):
            own.append((0.0, "booking", number, 0))
            own += [(0.0, "task", number, step) for step in range(STEPS)]
        sent[f"{int(OTHER) + lane}"] = (f"127.0.9.{lane + 1}", own)
    plan = folder / "plan"
    plan.write_bytes(msgspec.msgpack.encode(Plan([port], PASSWORD, "bounded", sent, AT_ONCE, 30.0)))
    done = subprocess.run([sys.executable, "-m", "bench.sender", str(plan)], capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Said)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=16_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--drain", nargs=2, default=None, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.drain:
        drain(Path(told.drain[0]), int(told.drain[1]))
        return 0
    print(f"{len(set(machine.cores()))} cores or more")
    with (
        tempfile.TemporaryDirectory(prefix="rsonline-drain-") as name,
        fresh(told.engine, Path(name) / "data") as stored,
    ):
        folder = Path(name)
        (folder / "data").mkdir(exist_ok=True)
        service = Service(folder / "data", stored)
        hospitals_in(service.database, [AGENT, *(f"{int(OTHER) + lane}" for lane in range(AT_ONCE))])
        took = filled(folder, told.messages)
        service.start()
        try:
            # Before and after: a machine is not equally fast for half an hour.
            beside = min(told.messages, 40_000)
            before = alone(folder, service.port, beside, 0)
            words = [sys.executable, "-m", "bench.drain", "--drain", str(folder), str(service.port)]
            said = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
            after = alone(folder, service.port, beside, beside)
        finally:
            service.stop()
        held = {
            table: rows(stored, f"SELECT COUNT(*) AS n FROM {table} WHERE kode_rs=:c", c=AGENT)[0]["n"]  # noqa: S608 (two names)
            for table in ("antrian", "antrian_task")
        }
    rate = said["messages"] / said["seconds"]
    limits = [each.times.count / each.seconds for each in (before, after)]
    limit = sum(limits) / len(limits)
    print(f"{told.engine}: {said['messages']} messages kept in {took:.0f} s, drained in {said['seconds']:.0f} s")
    print(
        f"agent {rate:.0f}/s ({said['cpu'] / said['messages'] * 1000:.2f} ms of processor each, {said['mib']:.0f} MiB)"
    )
    told_of = ", ".join(f"{each:.0f}/s" for each in limits)
    print(f"service alone {told_of} ({before.failed or after.failed or 'no failures'}); ratio {rate / limit:.2f}")
    print(f"the service holds {held}")
    return 0 if sum(held.values()) == said["messages"] else 1


if __name__ == "__main__":
    sys.exit(main())
