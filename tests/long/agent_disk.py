"""The agent's disk fills up while the service is away: it stops reading, calls somebody, and loses nothing.

`python -m tests.long.agent_disk`: a file system of 16 MB (where mounting is permitted), once with a margin that the
agent keeps free, so that it can still deliver, and once filled to the last byte. Ends with 1 where something was lost
or nobody was called, with 2 where mounting is not permitted.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsonline import AsyncClient
from rsonline.hospital import assembly
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms
from rsonline.hospital.config import load
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.sender import Sending
from tests.agent.sources import simrs
from tests.databases import fresh
from tests.long.agent_lossy import Hurried
from tests.long.agent_world import CODE, World, configured, differences
from tests.long.process import PASSWORD, Service, hospitals_in

SIZE = 16 << 20


@contextmanager
def small(place: Path) -> Iterator[bool]:
    """A file system of 16 MB; False where mounting is not permitted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def run(changes: int, margin: int) -> list[str] | None:
    """Carry it out; what was not as promised, None where mounting is not permitted."""
    with (
        tempfile.TemporaryDirectory(prefix="rsonline-disk-") as name,
        simrs("mariadb", Path(name)) as database,
        fresh("sqlite", Path(name) / "data") as stored,
        small(Path(name) / "kecil") as mounted,
    ):
        if not mounted:
            return None
        folder = Path(name)
        (folder / "data").mkdir(exist_ok=True)
        service = Service(folder / "data", stored)
        hospitals_in(service.database, [CODE])
        world = World(database, "1")
        config = configured(folder / "kecil" / "agen", f"http://127.0.0.1:{service.port}/fo/index.php", database)
        filler = folder / "kecil" / "isi"
        filler.write_bytes(bytes(SIZE - (margin + (3 << 20))))
        return _through(world, service, replace(load(config), least_free=margin), filler, changes)


def _through(world: World, service: Service, config: Any, filler: Path, changes: int) -> list[str]:
    said: list[str] = []
    told: list[tuple[str, str]] = []
    clock = Hurried()
    outbox = assembly.outbox_of(config)
    outbox.clock = clock
    sending = Sending(AsyncClient(config.address, config.code, PASSWORD))
    agent = Agent(
        config=config,
        outbox=outbox,
        delivery=Delivery(outbox, sending, clock),
        alarms=Alarms(CODE, [lambda subject, body: told.append((body["tingkat"], str(body["masalah"])))], clock),
        clock=clock,
    )

    def steps(seconds: int) -> None:
        for _ in range(seconds):
            agent.step()
            clock.ahead += 1

    try:
        while ("critical", "full") not in told and world.changes < changes:
            world.change(500)
            steps(12)
        if ("critical", "full") not in told:
            said.append(f"nobody was called after {world.changes} changes")
        kept, at_full = outbox.size()[0], world.changes
        world.change(1000)
        steps(60)
        service.start()
        steps(400)
        if config.least_free and outbox.size()[0] == kept:
            said.append("nothing was delivered while the reading stood still")
        filler.unlink()
        ends = time.monotonic() + 300
        while (outbox.size()[0] or agent.full_since) and time.monotonic() < ends:
            steps(5)
        steps(60)
        # What was read last needs its time, on a machine that does other things too.
        while outbox.size()[0] and time.monotonic() < ends:
            steps(5)
        said += [f"refused: {each.report}: {each.said}" for each in outbox.set_aside(10)]
        said += differences(world, service)
        print(
            f"margin {config.least_free >> 20} MB: full after {at_full} changes with {kept} messages kept,"
            f" {world.changes} changes in all: {'; '.join(said) or '0 lost, 0 doubled'}"
        )
        if ("pulih", "None") not in told:
            said.append("nobody heard that it was over")
        return said
    finally:
        agent.close()
        sending.close()
        outbox.close()
        service.stop()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=60_000, help="give up where it is not full by then")
    told = parser.parse_args()
    found = [run(told.changes, margin) for margin in (4 << 20, 0)]
    if None in found:
        print("mounting is not permitted here")
        return 2
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
