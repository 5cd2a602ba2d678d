"""Kill the agent while the hospital's data changes, and compare both sides at the end.

`python -m tests.long.agent_kills --kills 200 --changes 100000 --source mariadb`. Ends with 1 where anything was lost
or doubled.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.agent.sources import simrs
from tests.databases import fresh
from tests.long.agent_world import CODE, Running, World, configured, settled
from tests.long.process import Service, hospitals_in


def run(kills: int, changes: int, source: str, engine: str, seed: str) -> list[str]:
    """Carry it out; what was lost or doubled."""
    draw = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="rsonline-agent-") as name,
        simrs(source, Path(name)) as database,
        fresh(engine, Path(name) / "data") as stored,
    ):
        folder = Path(name)
        (folder / "data").mkdir(exist_ok=True)
        service = Service(folder / "data", stored)
        hospitals_in(service.database, [CODE])
        service.start()
        agent = Running(configured(folder / "agent", f"http://127.0.0.1:{service.port}/fo/index.php", database))
        world = World(database, seed)
        begun = time.monotonic()
        try:
            for number in range(kills):
                agent.start()
                for _ in range(5):
                    world.change(changes // kills // 5)
                # Python needs most of a second to start: from before the first reading to far into the delivery.
                time.sleep(draw.uniform(0.3, 3.0))
                agent.kill()
                if number % 20 == 19:
                    print(f"{number + 1} kills, {world.changes} changes", flush=True)
            agent.start()
            said = settled(world, service, 600)
            agent.stop()
        finally:
            service.stop()
        print(
            f"{source} -> {engine}: {kills} kills, {world.changes} changes, {len(world.bookings)} bookings,"
            f" {len(world.times)} times, {len(world.babies)} newborns, {len(world.rooms)} rooms,"
            f" {time.monotonic() - begun:.0f} s: {'; '.join(said) or '0 lost, 0 doubled'}"
        )
    return said


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--source", choices=("mariadb", "postgresql"), default="mariadb")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", default="1")
    told = parser.parse_args()
    return 1 if run(told.kills, told.changes, told.source, told.engine, told.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
