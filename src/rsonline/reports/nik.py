"""What a NIK says about itself: sixteen digits with a region, a birth date and a sex. Odd ones are only flagged."""

import re
from collections.abc import Iterator
from datetime import date

from rsonline.reports import regions
from rsonline.reports.report import Row
from rsonline.reports.verdict import ReportWarning

_SIXTEEN = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")


def placeholder(text: str) -> bool:
    """Whether it only fills the place of a NIK: nothing, or one digit repeated (the guide's zeros)."""
    return len(set(text)) <= 1


def masked(text: str) -> str:
    """A text in which every number of sixteen digits shows only its ends: `9999**********12`."""
    return _SIXTEEN.sub(lambda found: f"{found[0][:4]}{'*' * 10}{found[0][-2:]}", text)


def odd_nik(
    member: str, text: str | None, *, born: date | None = None, girl: bool | None = None
) -> Iterator[ReportWarning]:
    """Not sixteen digits, an unknown region, or a birth date that is not the one reported."""
    if not text or placeholder(text):
        return
    if not (text.isascii() and text.isdigit() and len(text) == 16):
        yield ReportWarning(member=member, code="nik_not_16_digits")
        return
    if not regions.district(text[:6]):
        yield ReportWarning(member=member, code="nik_region_unknown")
    if born is not None and girl is not None and text[6:12] != f"{born.day + (40 if girl else 0):02}{born:%m%y}":
        yield ReportWarning(member=member, code="nik_contradicts_birth_date")


def odd_region(values: Row) -> Iterator[ReportWarning]:
    """A province or regency that the list of regions does not know, or that do not belong together."""
    if not regions.province(values["provinsi"]):
        yield ReportWarning(member="provinsi", code="region_unknown")
    if not regions.regency(values["kabkota"]):
        yield ReportWarning(member="kabkota", code="region_unknown")
    elif regions.digits(values["kabkota"])[:2] != regions.digits(values["provinsi"])[:2]:
        yield ReportWarning(member="kabkota", code="region_contradicts")
