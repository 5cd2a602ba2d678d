"""What a hospital owes, and since when: the duty list of one local day.

No public text of the ministry names hours; so they are settings with these defaults: the daily kinds by the end of
the reporting day plus twelve hours, beds each twelve hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.report import Report
from rsonline.store.quiet import Quiet, among

DAILY: Final[tuple[Report[Any], ...]] = (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)
"""One report for each local day."""
GRACE: Final = timedelta(hours=12)
"""After the end of its day a daily report is late."""
BEDS_FRESH: Final = timedelta(hours=12)
"""For how long what was said of the beds counts as true."""

Where = Sequence[str]
State = Literal["done", "due", "late", "quiet"]


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a hospital owes. `day` is the local day of a daily kind; `at` is when it was last sent."""

    report: Report[Any]
    state: State
    by: datetime
    day: date | None = None
    at: datetime | None = None
    reason: str = ""
    """Of what is quiet: why."""


def daily(
    report: Report[Any], day: date, sent: datetime | None, at: At, quiet: Sequence[Quiet] = (), where: Where = ()
) -> Duty:
    """A daily report of one local day: due from the beginning of that day, late after its grace.

    `quiet` is what was declared, `where` the codes of the hospital and of all it lies in.
    """
    by = datetime.combine(day + timedelta(days=1), time(), at.zone) + GRACE
    state: State = "done" if sent is not None else "late" if at.now > by else "due"
    excuse = None if sent is not None else among(quiet, where, day, report.name)
    return Duty(report, "quiet" if excuse else state, by, day, sent, "" if excuse is None else excuse.reason)


def beds(oldest: datetime | None, at: At, quiet: Sequence[Quiet] = (), where: Where = ()) -> Duty:
    """The beds: `oldest` is when the room was updated that was left longest; None where there is none at all."""
    by = at.now if oldest is None else oldest + BEDS_FRESH
    if oldest is not None and at.now <= by:
        return Duty(TEMPAT_TIDUR, "done", by, None, oldest)
    excuse = among(quiet, where, at.today, TEMPAT_TIDUR.name)
    return Duty(TEMPAT_TIDUR, "quiet" if excuse else "late", by, None, oldest, "" if excuse is None else excuse.reason)
