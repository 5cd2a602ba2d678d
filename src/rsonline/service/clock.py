"""When a request says that it is: the fixed grammar of X-Timestamp and its verdict (SR-13, SR-14).

What a clock says is evidence, never a decision about order or a stored time (SR-15).
"""

import enum
import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

LONGEST = 40
EXACT_WITHIN = 300.0
# Local time sent as UTC, by hospitals in WIB, WITA and WIT.
_LOCAL_AS_UTC = (7 * 3600.0, 8 * 3600.0, 9 * 3600.0)

_SECONDS = re.compile(r"[0-9]{10,11}(?:[.,][0-9]{1,28})?")
_MILLISECONDS = re.compile(r"[0-9]{13}")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})([.,][0-9]{1,12})?"
    r"(?:Z|([+-])(0[0-9]|1[0-4]):?([0-5][0-9]))"
)


class ClockClass(enum.StrEnum):
    """How a claimed time relates to the server's."""

    EXACT = "exact"
    WHOLE_HOUR = "whole_hour"
    OFF = "off"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


class Claimed(NamedTuple):
    """A claimed time and what to think of it.

    `text` is as received, cut to 40 characters; `instant` is in seconds since 1970; `skew` is claimed minus
    server time in seconds. Both are None where there is nothing readable.
    """

    text: str
    instant: float | None
    clock: ClockClass
    skew: float | None
    refused: bool


def instant(text: str) -> float | None:
    """Seconds since 1970 that a text names, or None if it is in none of the forms of SR-13.

    The forms: seconds of 10 or 11 digits with an optional fraction after a point or comma; milliseconds of
    13 digits; an ISO 8601 date and time to the second, with an optional fraction and a zone (`Z`, `+07:00` or
    `+0700`, at most 14 hours). Blanks and tabs around it do not count; 40 characters are the limit.
    """
    text = text.strip(" \t")
    if len(text) > LONGEST:
        return None
    if _SECONDS.fullmatch(text):
        return float(text.replace(",", "."))
    if _MILLISECONDS.fullmatch(text):
        return int(text) / 1000
    found = _ISO.fullmatch(text)
    return _from_iso(found) if found else None


def judge(
    text: str | None,
    now: float,
    *,
    mode: Literal["lenient", "strict", "off"] = "lenient",
    window: float = 86_400.0,
    absent_allowed: bool = False,
) -> Claimed:
    """Classify a claimed time against `now` (seconds since 1970) and say whether the request is refused.

    Lenient takes what is at most `window` seconds away, and an absent or unreadable one if `absent_allowed`.
    Strict takes what is at most five minutes away and nothing else. Off takes any value, also an unreadable
    one, but an absent one only if `absent_allowed`: a client that sends a fixed value does send one (SR-14).
    """
    if text is None or not text.strip(" \t"):
        return Claimed("", None, ClockClass.ABSENT, None, mode == "strict" or not absent_allowed)
    kept = text[:LONGEST]
    claimed = instant(text)
    if claimed is None:
        refused = mode == "strict" or (mode == "lenient" and not absent_allowed)
        return Claimed(kept, None, ClockClass.UNREADABLE, None, refused)
    skew = claimed - now
    limit = {"lenient": window, "strict": EXACT_WITHIN, "off": float("inf")}[mode]
    return Claimed(kept, claimed, _class_of(skew), skew, abs(skew) > limit)


def _class_of(skew: float) -> ClockClass:
    if abs(skew) <= EXACT_WITHIN:
        return ClockClass.EXACT
    if any(abs(skew - ahead) <= EXACT_WITHIN for ahead in _LOCAL_AS_UTC):
        return ClockClass.WHOLE_HOUR
    return ClockClass.OFF


def _from_iso(found: re.Match[str]) -> float | None:
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:  # no such day or time of day
        return None
    ahead = 0 if sign is None else int(zone_hours) * 3600 + int(zone_minutes) * 60
    part = float("0." + fraction[1:]) if fraction else 0.0
    return local.timestamp() + part - (-ahead if sign == "-" else ahead)
