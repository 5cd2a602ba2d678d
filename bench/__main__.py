"""`python -m bench`: what the service can do on one core, beside itself without what is measured."""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import machine, measure, places, stock
from bench.measure import Plan, Run
from rsonline.store.database import Database

WORK = {
    "task": "POST Antrian/Task",
    "room": "PUT Fasyankes",
    "task_once": "POST Antrian/Task with an Idempotency-Key",
}
MAIN = ("nothing", "full", "each")
PARTS = (("task", "no_vault"), ("task", "no_chain"), ("task", "bare"), ("task_once", "full"))
"""What the vault, the chain and idempotency cost, each and together."""
NAMES = {
    "nothing": "without a database",
    "full": "the service",
    "each": "one commit a request",
    "no_vault": "nothing sealed",
    "no_chain": "no chain",
    "bare": "nothing sealed, no chain",
}
Runs = dict[tuple[str, str, bool], list[Run]]


def main() -> int:
    """Measure and print; 1 where a measurement failed."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument("--short", action="store_true", help="a few seconds: shows that it runs, measures little")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=4, help="of each measurement")
    asked.add_argument("--folder", type=Path, help="where the databases are made (default: the system's)")
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), help="only this one (default: what is there)")
    said = asked.parse_args()
    engines = [said.engine] if said.engine else ["sqlite", *(["postgresql"] if places.answers() else [])]
    for engine in engines:
        with (
            tempfile.TemporaryDirectory(prefix="rsonline-bench-", dir=said.folder) as name,
            places.empty(engine, Path(name) / "stock") as database,
        ):
            plan = planned(said, Path(name), database)
            stock.make(plan.made, plan.size)
            print(f"\n== {engine}", flush=True)
            try:
                report(plan, short=said.short)
            except measure.Failed as failed:
                print(f"FAILED: {failed}", *getattr(failed, "__notes__", ()), sep="\n", file=sys.stderr)
                return 1
    return 0


def planned(said: argparse.Namespace, folder: Path, made: Database) -> Plan:
    """The plan of the arguments."""
    server, load = machine.cores()
    size = stock.Size(hospitals=4, bookings=600, rooms=20) if said.short else stock.Size()
    seconds, rounds = (1, 1) if said.short else (said.seconds, said.rounds)
    rows = 2000 if said.short else 20_000
    return Plan(folder, machine.load_program(), seconds, rounds, size, rows, server, load, made)


def report(plan: Plan, *, short: bool) -> None:
    """All measurements, then the table, then the targets."""
    # The shim slows this process's syncs; a server's are its own.
    shim = machine.slow_sync(plan.folder) if plan.made.embedded else None
    kinds = ["task"] if short else ["task", "room"]
    print(
        f"{os.cpu_count()} cores, service on core {plan.server_core}, load on core {plan.load_core};"
        f" {measure.CONNECTIONS} connections, {plan.rounds} rounds of {plan.seconds:g} s; median (least to most)",
        flush=True,
    )
    if plan.server_core == plan.load_core:
        print("Only one core: service and load share it, the rates mean little.")
    if plan.made.embedded:
        alone(plan, shim)
    runs = measured(plan, kinds, shim)
    for kind in (*kinds, "task_once"):
        table(kind, runs)
    targets(plan, kinds, runs)
    if plan.made.embedded:
        starts(plan, short=short)


def alone(plan: Plan, shim: Path | None) -> None:
    """The embedded database without a service."""
    print(f"one row, one commit, nothing else: {1000 / measure.raw(plan, 1):.2f} ms", end="")
    print("" if shim is None else f"; with slower syncs {1000 / measure.raw(plan, 1, shim):.2f} ms")
    if shim is None:
        print("No C compiler: the measurements with slower syncs are left out.")
    for batch in (64, 256):
        rates = [measure.raw(plan, batch) for _ in range(plan.rounds)]
        print(f"the database alone, {batch} rows a commit: {spread(rates)} rows/s", flush=True)


def starts(plan: Plan, *, short: bool) -> None:
    """How long a start takes, beside an empty application."""
    found = rounds_of(5 if not short else 1, ("empty", "service"), lambda variant: measure.start(plan, variant))
    print(f"\nstart to first 200: {spread(found['service'], 2)} s; empty Starlette {spread(found['empty'], 2)} s")
    pairs = zip(found["service"], found["empty"], strict=True)
    judge("start to first 200, times an empty Starlette", [a / b for a, b in pairs], 3, most=True)


def rounds_of(rounds: int, names: Sequence[str], run: Callable[[str], float]) -> dict[str, list[float]]:
    """Each in turn, the order turned round every time, so that a machine that slows down slows all of them."""
    results: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(run(name))
    return results


def measured(plan: Plan, kinds: Sequence[str], shim: Path | None) -> Runs:
    """Every variant with every kind of message, with and without slower syncs, in turns."""
    cases = [(kind, variant, False) for kind in kinds for variant in MAIN]
    if shim is not None:
        cases += [(kind, variant, True) for kind in kinds for variant in MAIN if variant != "nothing"]
    cases += [(kind, variant, False) for kind, variant in PARTS]
    runs: Runs = {case: [] for case in cases}
    for number in range(plan.rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            kind, variant, slow = case
            runs[case].append(measure.served(plan, variant, kind, shim if slow else None))
    return runs


def table(kind: str, runs: Runs) -> None:
    """The runs of one kind of message."""
    print(f"\n{WORK[kind]}\n{'':34}{'requests/s':>22}{'p50 ms':>8}{'p99 ms':>8}{'CPU µs':>8}{'RSS MiB':>9}")
    for (its, variant, slow), found in runs.items():
        if its == kind:
            name = NAMES[variant] + (", syncs +1 ms" if slow else "")
            p50, p99, busy, memory = (
                statistics.median(getattr(run, of) for run in found) for of in ("p50", "p99", "busy", "resident")
            )
            rates = spread([run.rate for run in found])
            print(f"{name:34}{rates:>22}{p50:8.1f}{p99:8.1f}{busy:8.0f}{memory:9.1f}")


def targets(plan: Plan, kinds: Sequence[str], runs: Runs) -> None:
    """What was aimed at, what came out."""
    print("\ntargets")
    for kind in kinds:
        full = runs[kind, "full", False]
        judge(f"{WORK[kind]}: of the same without a database", ratios(full, runs[kind, "nothing", False]), 0.5)
        times = 2.5 if plan.made.embedded else 2
        judge(f"{WORK[kind]}: times one commit a request", ratios(full, runs[kind, "each", False]), times)
        if (kind, "full", True) in runs:
            slow = ratios(runs[kind, "full", True], runs[kind, "each", True])
            judge(f"{WORK[kind]}: the same, each sync 1 ms slower", slow, 10)
        judge(f"{WORK[kind]}: p99 in times of p50", [r.p99 / r.p50 for r in full], 5, most=True)
    once, full, bare = runs["task_once", "full", False], runs["task", "full", False], runs["task", "bare", False]
    judge("with vault, chain and key, of the same without", ratios(once, bare), 0.7)
    for variant in ("no_vault", "no_chain"):
        found = ratios(full, runs["task", variant, False])
        print(f"         the service, of the same with {NAMES[variant]:37} {spread(found, 2):>22}")
    print(f"         with an Idempotency-Key, of the same without one {spread(ratios(once, full), 2):>29}")
    judge("resident memory after the load, MiB", [r.resident for r in full], 80, most=True)


def ratios(ours: Sequence[Run], other: Sequence[Run]) -> list[float]:
    """Rates of the same round, divided."""
    return [a.rate / b.rate for a, b in zip(ours, other, strict=True)]


def judge(what: str, found: Sequence[float], target: float, *, most: bool = False) -> None:
    """One target: met or missed, and by how much."""
    middle = statistics.median(found)
    met = middle <= target if most else middle >= target
    by = abs(middle / target - 1)
    side = "at most" if most else "at least"
    print(f"  {'met   ' if met else 'MISSED'} {what:55} {spread(found, 2):>22}  {side} {target:g} (by {by:.0%})")


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


if __name__ == "__main__":
    sys.exit(main())
