"""A fifth of the answers gets lost after the service has stored the record: all arrives, each once.

`python -m tests.long.agent_lossy --records 5000 --plain`: with `--plain` against a server without Idempotency-Keys.
Ends with 1 where anything was lost or doubled.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rsonline import AsyncClient
from rsonline.hospital import assembly
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms
from rsonline.hospital.config import Config, load
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.sender import Sending
from tests.agent.sources import simrs
from tests.databases import fresh, journal
from tests.long.agent_world import CODE, World, configured, differences
from tests.long.lossy import Lossy
from tests.long.process import PASSWORD, Service, hospitals_in


class Hurried:
    """A clock that runs ahead where the agent would only wait."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def run(records: int, plain: bool, share: float, engine: str) -> list[str]:
    """Carry it out; what was lost or doubled."""
    with (
        tempfile.TemporaryDirectory(prefix="rsonline-lossy-") as name,
        simrs("mariadb", Path(name)) as database,
        fresh(engine, Path(name) / "data") as stored,
    ):
        folder = Path(name)
        (folder / "data").mkdir(exist_ok=True)
        service = Service(folder / "data", stored)
        hospitals_in(service.database, [CODE])
        service.start()
        try:
            with Lossy(service.port, share, plain) as proxy:
                world = World(database, "1")
                world.change(records)
                config = load(configured(folder / "agent", f"http://127.0.0.1:{proxy.port}/fo/index.php", database))
                begun = time.monotonic()
                left = _deliver(config)
                took = time.monotonic() - begun
            said = differences(world, service)
            if left:
                said.append(f"{left} messages did not arrive")
            lines = journal(service.database, CODE)
        finally:
            service.stop()
        kind = "plain server" if plain else "Idempotency-Keys"
        print(
            f"{kind}, {engine}: {world.changes} changes, {proxy.passed} requests stored, {proxy.lost} answers lost,"
            f" {len(lines)} journal lines, {took:.0f} s: {'; '.join(said) or '0 lost, 0 doubled'}"
        )
        if proxy.lost < share / 2 * proxy.passed:
            said.append("too few answers were lost to show anything")
    return said


def _deliver(config: Config) -> int:
    clock = Hurried()
    outbox = assembly.outbox_of(config)
    outbox.clock = clock
    # The service sees the real time.
    sending = Sending(AsyncClient(config.address, config.code, PASSWORD))
    agent = Agent(
        config=config, outbox=outbox, delivery=Delivery(outbox, sending, clock), alarms=Alarms(CODE, []), clock=clock
    )
    try:
        for feed in config.feeds:
            agent.read(feed)
        ends = time.monotonic() + 1800
        while outbox.size()[0] and time.monotonic() < ends:
            if not agent.deliver():
                clock.ahead += 1
        return outbox.size()[0]
    finally:
        agent.close()
        sending.close()
        outbox.close()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    told = parser.parse_args()
    return 1 if run(told.records, told.plain, told.share, told.engine) else 0


if __name__ == "__main__":
    sys.exit(main())
