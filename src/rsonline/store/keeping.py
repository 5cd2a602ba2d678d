"""For how long records are kept, as the operator sets it: `pasien_covid=9125` days. Nothing is set by default.

Known to the settings, so nothing heavy is loaded here.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from rsonline.reports import EVERY_REPORT
from rsonline.reports.report import Named, Numbered, Report, Steps

LEAST: Final = 30
"""Days; as long a deleted record can be brought back."""
MOST: Final = 36_500
JOURNAL: Final = "journal"
"""The contents of journal lines. The lines themselves are never removed."""


@cache
def parts_of(report: Report[Any]) -> tuple[Report[Any], ...]:
    """The reports whose records belong to one of this report."""
    return tuple(other for other in EVERY_REPORT if parent_of(other) is report)


@cache
def parent_of(report: Report[Any]) -> Report[Any] | None:
    """The report to whose records the records of this one belong, if any."""
    identity = report.identity
    for other in EVERY_REPORT:
        whole = other.identity
        if isinstance(identity, Steps) and isinstance(whole, Named) and whole.name == identity.parent:
            return other
        if isinstance(identity, Numbered) and isinstance(whole, Numbered) and whole.number == identity.parent:
            return other
    return None


def rules(texts: Iterable[str]) -> dict[str, int]:
    """Days by table. Raises ValueError that names what is wrong and what is allowed."""
    found: dict[str, int] = {}
    known = [report.name for report in EVERY_REPORT]
    for text in texts:
        name, sign, days = (part.strip() for part in text.partition("="))
        if not sign:
            raise ValueError(f"{text!r} is not written as table=days")
        if name not in known and name != JOURNAL:
            raise ValueError(f"{name!r} is none of {', '.join(known)}, {JOURNAL}")
        if name in found:
            raise ValueError(f"{name} is there twice")
        if not days.isascii() or not days.isdigit() or not LEAST <= int(days) <= MOST:
            raise ValueError(f"{name}: {days!r} is no number of days from {LEAST} to {MOST}")
        found[name] = int(days)
    _require_parts(found)
    return found


def _require_parts(found: Mapping[str, int]) -> None:
    """A record goes after everything that belongs to it: a part without its whole says nothing of anybody."""
    for report in EVERY_REPORT:
        if report.name not in found:
            continue
        for part in parts_of(report):
            if found.get(part.name, MOST + 1) > found[report.name]:
                raise ValueError(
                    f"{report.name}={found[report.name]}: {part.name} belongs to it and needs a rule"
                    f" of at most {found[report.name]} days too"
                )
