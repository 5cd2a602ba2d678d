"""The bar of the first load: how much of what the agent found has arrived, on a terminal only."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rsonline.cli.line import say

if TYPE_CHECKING:
    from rich.console import Console

    from rsonline.hospital.outbox import Outbox

EVERY = 1.0
"""Seconds between two looks: counting a full outbox takes time that delivery needs."""
Moved = Callable[[str], None]
"""To be called again and again, with what is being read (empty while nothing is)."""


@contextmanager
def first_load(
    outbox: "Outbox",
    console: "Console | None" = None,
    clock: Callable[[], float] = time.monotonic,
    *,
    lang: str = "id",
) -> Iterator[Moved]:
    """Show a bar while nothing of this outbox has ever arrived and until all that is known has; else show nothing.

    Only what the service confirmed counts as done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = console or Console(stderr=True)
    if not console.is_terminal or any(counts.arrived for counts in outbox.counts()):
        yield lambda reading: None
        return
    words = TextColumn("{task.description}")
    with Progress(
        SpinnerColumn(), words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    ) as bar:
        load = say(lang, "Muatan pertama", "First load")
        task = bar.add_task(load, total=None)
        looked, over = -EVERY, False

        def moved(reading: str) -> None:
            nonlocal looked, over
            now = clock()
            if over or (now - looked < EVERY and not reading):
                return
            looked = now
            counts = outbox.counts()
            done = sum(c.arrived for c in counts)
            left = sum(c.waiting + c.sent for c in counts)
            refused = sum(c.refused for c in counts)
            aside = say(lang, f", {refused} ditolak", f", {refused} refused") if refused else ""
            text = say(lang, f"Membaca {reading}", f"Reading {reading}") if reading else f"{load}{aside}"
            bar.update(task, description=text, completed=done, total=done + left or None, refresh=True)
            if done and not left and not reading:
                over = True
                bar.stop()

        yield moved
