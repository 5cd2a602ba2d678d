"""Prints the table of docs/indikator/waktu-tunggu.md: how often simulated days show a sign, by kind and size.

Run as `python -m tests.insight.measure_honest [days]`; 1,000 days of each kind unless told.
"""

import sys
from collections import Counter
from datetime import timedelta
from random import Random

from rsonline.insight.honest import judge
from tests.insight import clinic_days

SIZES = ((5, 9), (10, 14), (15, 19), (20, 29), (30, 60))
HONEST = {"jujur": clinic_days.honest, "jujur, rumah lain": clinic_days.honest_elsewhere}


def cell(states: Counter[str]) -> str:
    """Found of all days, and the part that was too small to judge."""
    total = sum(states.values())
    small = states["too_small"] / total
    return f"{100 * states['odd'] / total:.1f}" + (f" ({100 * small:.0f})" if small else "")


def table(days: int) -> str:
    """The table in Markdown."""
    lines = [
        "| Hari | " + " | ".join(f"{a}–{b} pasien" for a, b in SIZES) + " | semua | dari yang dinilai |",
        "|---|" + "---|" * (len(SIZES) + 2),
    ]
    for name, make in (HONEST | dict(clinic_days.ROBOTS)).items():
        by_size: dict[tuple[int, int], Counter[str]] = {size: Counter() for size in SIZES}
        for seed in range(days):
            random = Random(f"tabel {name} {seed}")
            patients = random.randrange(5, 61)
            found = [v._replace(today=v.day + timedelta(days=1)) for v in make(random, patients)]
            by_size[next(size for size in SIZES if size[0] <= patients <= size[1])][judge(found).state] += 1
        every = sum(by_size.values(), Counter[str]())
        judged = every["odd"] + every["plausible"]
        cells = [*(cell(by_size[size]) for size in SIZES), cell(every), f"{100 * every['odd'] / judged:.1f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
