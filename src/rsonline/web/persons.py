"""What identifies a person, on a page: masked in lists, shown whole only where a line of the journal says so first."""

from collections.abc import Sequence
from typing import Any

from rsonline.reports.report import Report, Row
from rsonline.store.change import Change, Decision, Outcome, Seen
from rsonline.web.pages import House
from rsonline.web.visit import Visit


def masked(text: str | None) -> str:
    """All but the last four characters."""
    return "–" if not text else "•" * min(8, max(0, len(text) - 4)) + text[-4:]


def initials(name: str | None) -> str:
    """The first letters of a name, for a list."""
    return "".join(f"{part[0]}." for part in (name or "").split()[:4] if part) or "–"


async def note_seen(house: House, visit: Visit, report: Report[Any], rows: Sequence[Row]) -> None:
    """Note that these persons are about to be shown; durable when this returns (SR-47)."""
    if rows:
        seen = tuple(Seen(report, row) for row in rows)
        await house.store.submit(
            Change(visit.on_behalf, report, "view", (), lambda found, now: Decision(Outcome("saved"), seen=seen))
        )
