"""What a hospital owes, and since when: the duty list of one local day.

No public text of the ministry names hours; so they are settings with these defaults: the daily kinds by the end of
the reporting day plus twelve hours, beds each twelve hours.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.report import Report

DAILY: Final[tuple[Report[Any], ...]] = (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)
"""One report for each local day."""
GRACE: Final = timedelta(hours=12)
"""After the end of its day a daily report is late."""
BEDS_FRESH: Final = timedelta(hours=12)
"""For how long what was said of the beds counts as true."""

State = Literal["done", "due", "late"]


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a hospital owes. `day` is the local day of a daily kind; `at` is when it was last sent."""

    report: Report[Any]
    state: State
    by: datetime
    day: date | None = None
    at: datetime | None = None


def daily(report: Report[Any], day: date, sent: datetime | None, at: At) -> Duty:
    """A daily report of one local day: due from the beginning of that day, late after its grace."""
    by = datetime.combine(day + timedelta(days=1), time(), at.zone) + GRACE
    state: State = "done" if sent is not None else "late" if at.now > by else "due"
    return Duty(report, state, by, day, sent)


def beds(oldest: datetime | None, at: At) -> Duty:
    """The beds: `oldest` is when the room was updated that was left longest; None where there is none at all."""
    if oldest is None:
        return Duty(TEMPAT_TIDUR, "late", at.now)
    by = oldest + BEDS_FRESH
    return Duty(TEMPAT_TIDUR, "late" if at.now > by else "done", by, None, oldest)
