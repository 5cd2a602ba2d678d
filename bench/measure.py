"""One measurement: start a service on a fresh copy of the stock, load it, read what it did, stop it."""

import http.client
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import machine, places, stock
from bench.raw import DATABASE, STATEMENTS
from rsonline.store.database import Database

CONNECTIONS = 64
_PATIENCE = 60.0


@dataclass(frozen=True)
class Plan:
    """Where and how long: a working folder, the program of the load, seconds of each measurement, the stock.

    `rows` is how many the database alone writes.
    """

    folder: Path
    wrk: str
    seconds: float
    rounds: int
    size: stock.Size
    rows: int
    server_core: int
    load_core: int
    made: Database
    """The database that every measurement starts from."""


@dataclass(frozen=True)
class Run:
    """What one load got: requests a second, milliseconds, processor time of a request in µs, MiB."""

    rate: float
    p50: float
    p99: float
    busy: float
    resident: float
    highest: float


class Failed(Exception):
    """A measurement that measured nothing: refused requests, rows that are not there, a service that does not start."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until_ready(port: int, process: subprocess.Popen[bytes]) -> float:
    """Ask until the first 200; the time of it. Raises Failed when the process ends or takes too long."""
    limit = time.perf_counter() + _PATIENCE
    while time.perf_counter() < limit:
        if process.poll() is not None:
            raise Failed(f"the service ended with {process.returncode}")
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            asking.request("GET", "/healthz")
            if asking.getresponse().status == 200:
                return time.perf_counter()
        except ConnectionRefusedError:
            time.sleep(0.002)
        finally:
            asking.close()
    raise Failed("the service was not ready in time")


@contextmanager
def running(command: list[str], port: int, log: Path, preload: Path | None = None) -> Iterator[tuple[int, float]]:
    """A process that serves; its number and the seconds from its start to the first 200. Stopped at the end."""
    env = dict(os.environ) | ({} if preload is None else {"LD_PRELOAD": str(preload)})
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=env)
        try:
            yield process.pid, until_ready(port, process) - begun
        except Failed as failed:
            failed.add_note(log.read_text("utf-8", errors="replace")[-500:])
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)


def token(port: int) -> str:
    """An access token of the stock's first hospital, of us or of a peer."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    body = json.dumps({"kode_rs": str(stock.FIRST_CODE), "password": stock.PASSWORD})
    asking.request("POST", "/api/rslogin", body, {"Content-Type": "application/json"})
    said = json.loads(asking.getresponse().read())
    asking.close()
    return str(said["data"]["access_token"])


@dataclass(frozen=True)
class Warm:
    """The first second of a load, and what the rest of it needs: the secret, how many reports there are to be read."""

    said: dict[str, float]
    secret: str = stock.PASSWORD
    there: int = 0


def warmed(plan: Plan, port: int, what: str) -> Warm:
    """Verify the passwords and fill the caches for a second, with keys that are not those of the measurement."""
    if not what.startswith("patient"):
        return Warm(load(plan, port, what, 1, plan.size.tasks * 3 // 4))
    secret = token(port)
    said = load(plan, port, "patient_post", 1, 10**9, secret)
    return Warm(said, secret, max(1, int(said["requests"]) - CONNECTIONS))


def load(
    plan: Plan, port: int, what: str, seconds: float, first: int, secret: str = stock.PASSWORD, there: int = 0
) -> dict[str, float]:
    """Run wrk for that long, counting from `first`."""
    size = plan.size
    script = str(Path(__file__).with_name("load.lua"))
    command = [plan.wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    # As long as the clients in the field wait.
    command += ["--timeout", "10s", "-s", script]
    command += [f"http://127.0.0.1:{port}", "--", what, str(first), str(there or size.hospitals), str(size.rooms)]
    command += [str(stock.FIRST_CODE), secret]
    done = subprocess.run(["taskset", "-c", str(plan.load_core), *command], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            said: dict[str, float] = json.loads(line.removeprefix("RESULT "))
            return said
    raise Failed(f"wrk ended with {done.returncode}, without a result: {done.stdout[-300:]}{done.stderr[-300:]}")


def served(plan: Plan, variant: str, what: str, preload: Path | None = None) -> Run:
    """Load one variant (see bench.served) with one kind of message; every answered write is looked for in the file."""
    folder = plan.folder / "run"
    with places.copy_of(plan.made, folder) as database:
        before = stock.lines(database)
        port = free_port()
        command = [sys.executable, "-m", "bench.served", variant, str(folder), str(port), str(plan.server_core)]
        command.append(database.url)
        with running(command, port, folder / "service.log", preload) as (pid, _seconds):
            first = warmed(plan, port, what)
            warm, before_load = first.said, machine.busy(pid)
            said = load(plan, port, what, plan.seconds, 0, first.secret, first.there)
            busy = (machine.busy(pid) - before_load) / said["requests"] * 1e6
            resident, highest = machine.resident(pid)
        asked = int(warm["requests"] + said["requests"])
        if warm["failed"] or said["failed"]:
            raise Failed(f"{variant} {what}: {warm['failed'] + said['failed']:.0f} of {asked} requests failed")
        if variant != "nothing" and stock.lines(database) - before < asked:
            raise Failed(f"{variant} {what}: {asked} answers, only {stock.lines(database) - before} journal lines")
    return Run(said["requests"] / said["seconds"], said["p50"], said["p99"], busy, resident, highest)


def raw(plan: Plan, batch: int, preload: Path | None = None) -> float:
    """Rows a second of the database alone; with one row a commit a fortieth of the rows."""
    count = plan.rows if batch > 1 else plan.rows // 40
    folder = plan.folder / "raw"
    folder.mkdir(exist_ok=True)
    if not (folder / STATEMENTS).exists():
        with places.copy_of(plan.made, folder / "scratch") as scratch:
            (folder / STATEMENTS).write_bytes(pickle.dumps(stock.statements_of_tasks(scratch, plan.size, plan.rows)))
    for left in folder.glob(f"{DATABASE}*"):
        left.unlink()
    shutil.copy(plan.made.path, folder / DATABASE)
    env = dict(os.environ) | ({} if preload is None else {"LD_PRELOAD": str(preload)})
    command = [sys.executable, "-m", "bench.raw", str(folder), str(plan.server_core), str(batch), str(count)]
    return float(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)


def start(plan: Plan, variant: str) -> float:
    """Seconds from the start of the process to its first 200: `service` is the real command, `empty` see served."""
    folder = plan.folder / "start"
    folder.mkdir(exist_ok=True)
    if not (folder / DATABASE).exists():
        shutil.copy(plan.made.path, folder / DATABASE)
        shutil.copy(plan.made.keys, folder / "keys.json")
    port = free_port()
    command = [sys.executable, "-m", "bench.served", "empty", str(folder), str(port), str(plan.server_core)]
    if variant == "service":
        program = "from rsonline.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", "--data", str(folder), "--port", str(port)]
        command = ["taskset", "-c", str(plan.server_core), *command]
    with running(command, port, folder / "service.log") as (_pid, seconds):
        return seconds
