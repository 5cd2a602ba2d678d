"""`python -m bench.peers`: task times and patients a second, beside an Express service on MariaDB (express/README.md).

Where Node, npm or MariaDB is missing it says so and ends with 0. `RSONLINE_BENCH_MARIADB` says where the server is, as
`mariadb://user:password@host:port`; databases are made there and dropped again.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bench import machine, measure, places, stock
from bench.__main__ import judge, spread
from bench.measure import Failed, Plan, Run

EXPRESS = Path(__file__).with_name("express")
SERVER = os.environ.get("RSONLINE_BENCH_MARIADB", "mariadb://root@127.0.0.1:3306")
LEAST_NODE = 20
TARGET = 3.0
MESSAGES = {
    "task": "POST Antrian/Task",
    "patient_post": "POST laporancovid19versi3",
    "patient_get": "GET laporancovid19versi3/:id",
}
KEPT = {"express_persons": "persons", "express_all": "all"}
"""The peers that keep what is promised about persons, or all that we keep (express/kept.js)."""
NAMES = {
    "sqlite": "rsonline, SQLite",
    "postgresql": "rsonline, PostgreSQL",
    "express": "Express, MariaDB",
    "express_persons": "Express, persons kept",
    "express_all": "Express, all promises",
}
PEERS = {"express": "pasien", **dict.fromkeys(KEPT, "pasien_terjaga")}
"""Where each keeps its patients."""


class Maria(NamedTuple):
    """A MariaDB server and the one database on it that is ours."""

    host: str
    port: int
    user: str
    password: str
    name: str = ""


class Peer(NamedTuple):
    """The installed peer: its folder, its database, how many connections its pool has."""

    folder: Path
    database: Maria
    pool: int


def main() -> int:
    """Measure and print; 1 where a measurement failed."""
    asked = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    asked.add_argument("--short", action="store_true", help="a few seconds: shows that it runs, measures little")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=4, help="of each measurement")
    asked.add_argument("--only", choices=tuple(MESSAGES), help="this message alone")
    asked.add_argument("--pool", type=int, default=64, help="connections of the peer's pool")
    asked.add_argument("--folder", type=Path, help="where databases are made and the peer is installed")
    said = asked.parse_args()
    server = server_of(SERVER)
    if missing := what_is_missing(server):
        print(f"Nothing is measured: {missing}.")
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsonline-peers-", dir=said.folder)))
        try:
            peer = stack.enter_context(installed(server, folder / "express", said.pool))
            plans = planned(stack, folder, short=said.short, rounds=said.rounds, seconds=said.seconds)
            introduce(peer, plans["sqlite"])
            for what, title in MESSAGES.items():
                if said.only not in (None, what):
                    continue
                report(title, measured(plans, peer, what))
        except Failed as failed:
            print(f"FAILED: {failed}", *getattr(failed, "__notes__", ()), sep="\n", file=sys.stderr)
            return 1
    return 0


def server_of(url: str) -> Maria:
    """The server of a URL; port 3306 and the user root where it says none."""
    said = urlsplit(url)
    user, password = unquote(said.username or "root"), unquote(said.password or "")
    return Maria(said.hostname or "127.0.0.1", said.port or 3306, user, password)


def what_is_missing(server: Maria) -> str:
    """What the peer needs and is not here, in words; empty where all is."""
    for program in ("node", "npm", "mariadb"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < LEAST_NODE:
        return f"node {version} is older than {LEAST_NODE}"
    try:
        asked_of(server, "SELECT 1")
    except Failed as failed:
        return f"MariaDB does not answer ({failed})"
    return ""


def asked_of(server: Maria, statement: str) -> list[list[str]]:
    """The rows of one or more statements, as texts. Raises Failed with the server's words."""
    command = ["mariadb", f"--host={server.host}", f"--port={server.port}", f"--user={server.user}", "--batch"]
    command += ["--skip-column-names", "--protocol=tcp", *([server.name] if server.name else [])]
    env = dict(os.environ) | {"MYSQL_PWD": server.password}
    done = subprocess.run(command, input=statement, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(done.stderr.strip() or f"mariadb ended with {done.returncode}")
    return [line.split("\t") for line in done.stdout.splitlines()]


@contextmanager
def installed(server: Maria, folder: Path, pool: int) -> Iterator[Peer]:
    """The peer with its packages and an empty database, which is dropped at the end. Raises Failed."""
    shutil.copytree(EXPRESS, folder)
    command = ["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"npm could not install the peer: {done.stderr[-500:]}")
    name = f"rsonline_bench_{os.getpid()}"
    asked_of(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        database = server._replace(name=name)
        asked_of(database, (folder / "schema.sql").read_text("utf-8"))
        yield Peer(folder, database, pool)
    finally:
        asked_of(server, f"DROP DATABASE IF EXISTS {name}")


def planned(stack: ExitStack, folder: Path, *, short: bool, rounds: int, seconds: float) -> dict[str, Plan]:
    """A plan of each engine that is there, with its stock made; the databases live as long as the stack."""
    server_core, load_core = machine.cores()
    size = stock.Size(hospitals=4, bookings=600, rooms=1) if short else stock.Size(rooms=1)
    wrk = machine.load_program()
    plans = {}
    for engine in ("sqlite", *(["postgresql"] if places.answers() else [])):
        its = folder / engine
        made = stack.enter_context(places.empty(engine, its / "stock"))
        stock.make(made, size)
        plans[engine] = Plan(
            its, wrk, 1 if short else seconds, 1 if short else rounds, size, 0, server_core, load_core, made
        )
    return plans


def introduce(peer: Peer, plan: Plan) -> None:
    """Say what is measured. Raises Failed where the peer's database would answer before it has synced."""
    names = "version(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@innodb_flush_method, @@innodb_doublewrite"
    version, flush, binlog, method, twice = asked_of(peer.database, f"SELECT {names}")[0]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    packages = json.loads((peer.folder / "package.json").read_text("utf-8"))["dependencies"]
    print(f"{os.cpu_count()} cores, services on core {plan.server_core}, load on core {plan.load_core};", end=" ")
    print(f"{measure.CONNECTIONS} connections, {plan.rounds} rounds of {plan.seconds:g} s; median (least to most)")
    print(f"peer: node {node}, {', '.join(f'{k} {v}' for k, v in packages.items())}, pool of {peer.pool}")
    print(
        f"MariaDB {version}: innodb_flush_log_at_trx_commit={flush}, log_bin={binlog}, innodb_flush_method={method},"
        f" innodb_doublewrite={twice}; database servers may use all cores",
        flush=True,
    )
    if flush != "1":
        raise Failed("MariaDB does not sync before it answers: innodb_flush_log_at_trx_commit must be 1")


def measured(plans: Mapping[str, Plan], peer: Peer, what: str) -> dict[str, list[Run]]:
    """Everybody in turns, the order turned round every time."""
    cases = [*PEERS, *plans] if what.startswith("patient") else ["express", *plans]
    runs: dict[str, list[Run]] = {case: [] for case in cases}
    for number in range(plans["sqlite"].rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            if case in PEERS:
                runs[case].append(served(plans["sqlite"], peer, what, case))
            else:
                runs[case].append(measure.served(plans[case], "full", what))
    return runs


def served(plan: Plan, peer: Peer, what: str, case: str) -> Run:
    """Load the peer as `measure.served` loads us; then its table has a row of each answered write."""
    refill(peer.database, plan.size)
    port = measure.free_port()
    database = peer.database
    settings = {
        "PORT": port,
        "NODE_ENV": "production",
        "DB_HOST": database.host,
        "DB_PORT": database.port,
        "DB_USER": database.user,
        "DB_PASSWORD": database.password,
        "DB_NAME": database.name,
        "DB_POOL": peer.pool,
        "PROMISES": KEPT.get(case, "none"),
    }
    env = peer.folder / "settings.env"
    env.write_text("".join(f"{name}={json.dumps(str(value))}\n" for name, value in settings.items()), "utf-8")
    command = ["taskset", "-c", str(plan.server_core), "node", f"--env-file={env}", str(peer.folder / "server.js")]
    with measure.running(command, port, peer.folder / "service.log") as (pid, _seconds):
        first = measure.warmed(plan, port, what)
        warm = first.said
        before, server_before = machine.busy(pid), server_busy(database)
        said = measure.load(plan, port, what, plan.seconds, 0, first.secret, first.there)
        busy = (machine.busy(pid) - before) / said["requests"] * 1e6
        beside = (server_busy(database) - server_before) / said["requests"] * 1e6
        if beside:
            print(f"  (MariaDB used {beside:.0f} µs a request beside {busy:.0f} µs of {NAMES[case]})", flush=True)
        resident, highest = machine.resident(pid)
    if warm["failed"] or said["failed"]:
        raise Failed(f"{case}: {warm['failed'] + said['failed']:.0f} requests failed")
    table, distinct = PEERS[case], int(warm["requests"]) + (int(said["requests"]) if what == "patient_post" else 0)
    if what == "task":
        # The keys of the two loads are apart until one of them has gone round.
        spare = plan.size.tasks * 3 // 4
        table, distinct = (
            "antrian_task",
            min(int(warm["requests"]), plan.size.tasks - spare) + min(int(said["requests"]), spare),
        )
    rows = int(asked_of(database, f"SELECT COUNT(*) FROM {table}")[0][0])  # noqa: S608 (one of our names)
    if rows < distinct:
        raise Failed(f"{case} {what}: {distinct} writes were answered, only {rows} rows")
    if case in KEPT:
        lines, asked = (
            int(asked_of(database, "SELECT COUNT(*) FROM jurnal")[0][0]),
            int(warm["requests"] + said["requests"]),
        )
        if lines < asked:
            raise Failed(f"{case} {what}: {asked} answers, only {lines} journal lines")
    return Run(said["requests"] / said["seconds"], said["p50"], said["p99"], busy, resident, highest)


def server_busy(database: Maria) -> float:
    """Seconds of processor time that the MariaDB server has used; 0 where it runs elsewhere or hides its number."""
    try:
        where = Path(asked_of(database, "SELECT @@pid_file")[0][0])
        return machine.busy(int(where.read_text("ascii")))
    except (OSError, ValueError):
        return 0.0


def refill(database: Maria, size: stock.Size) -> None:
    """No task times, and the hospitals of the stock with their one password."""
    codes = [str(stock.FIRST_CODE + number) for number in range(size.hospitals)]
    values = ", ".join(f"('{code}', 'RS Tiruan {code}', MD5('{stock.PASSWORD}'))" for code in codes)
    emptied = ("antrian_task", *dict.fromkeys(PEERS.values()), "jurnal", "jurnal_ujung", "rumah_sakit")
    asked_of(database, " ".join(f"TRUNCATE {table};" for table in emptied))
    # Codes and password are this benchmark's own constants.
    asked_of(database, f"INSERT INTO rumah_sakit (kode_rs, nama, password) VALUES {values};")  # noqa: S608


def report(title: str, runs: Mapping[str, list[Run]]) -> None:
    """The table, then how many times the peer we are; each round is compared with itself."""
    print(f"\n{title}\n{'':24}{'requests/s':>24}{'p50 ms':>8}{'p99 ms':>8}{'CPU µs':>8}{'RSS MiB':>9}")
    for case, found in runs.items():
        p50, p99, busy, memory = (
            statistics.median(getattr(run, of) for run in found) for of in ("p50", "p99", "busy", "resident")
        )
        rates = spread([run.rate for run in found])
        print(f"{NAMES[case]:24}{rates:>24}{p50:8.1f}{p99:8.1f}{busy:8.0f}{memory:9.1f}")
    print("CPU µs is that of the service's process; a database server needs more beside it.\n\ntargets")
    for other in (each for each in PEERS if each in runs):
        for case in (each for each in runs if each not in PEERS):
            times = [ours.rate / its.rate for ours, its in zip(runs[case], runs[other], strict=True)]
            judge(f"{NAMES[case]}: times {NAMES[other]}", times, TARGET)


if __name__ == "__main__":
    sys.exit(main())
