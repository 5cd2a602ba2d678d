"""Where hospitals lie, whose rows a reader may see, and which day it is at each level.

Whoever asks has a scope. Rows outside it are never looked at: they are in no number, no list and no reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from rsonline.store.quiet import where_is

T = TypeVar("T")
Level = Literal["nation", "province", "regency", "hospital"]


class Place(NamedTuple):
    """A hospital: its code, name, zone, and the four digits of its regency (None where that is not known).

    `since` is the local day on which it was registered; None where nobody said.
    """

    kode_rs: str
    nama: str
    zone: ZoneInfo
    regency: str | None
    since: date | None = None

    @property
    def province(self) -> str | None:
        """The two digits of its province."""
        return None if self.regency is None else self.regency[:2]

    @property
    def where(self) -> tuple[str, ...]:
        """The codes under which something is declared for it."""
        return where_is(self.kode_rs, self.regency)


Places = Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the country that somebody may see: the nation, or what has this code at this level."""

    level: Level = "nation"
    code: str = ""

    def holds(self, place: Place | None) -> bool:
        """Whether a hospital lies in it. One that nobody knows lies in the nation only."""
        if self.level == "nation":
            return True
        return place is not None and code_at(self.level, place) == self.code


NATION = Scope()


def code_at(level: Level, place: Place | None) -> str:
    """The code of a hospital's hospital, regency or province; empty for the nation and for what is not known."""
    if place is None or level == "nation":
        return ""
    if level == "hospital":
        return place.kode_rs
    return (place.regency if level == "regency" else place.province) or ""


def kode_rs(row: Any) -> str:
    """The hospital of a row, be it a dictionary or a tuple with that member."""
    code: str = row["kode_rs"] if isinstance(row, Mapping) else row.kode_rs
    return code


def within(rows: Iterable[T], places: Places, scope: Scope) -> list[T]:
    """The rows of the hospitals in a scope, in their order."""
    if scope == NATION:
        return list(rows)
    return [row for row in rows if scope.holds(places.get(kode_rs(row)))]


def grouped(rows: Iterable[T], places: Places, level: Level) -> dict[str, list[T]]:
    """Rows by the code of their hospital, regency or province, in the order of the codes."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(code_at(level, places.get(kode_rs(row))), []).append(row)
    return dict(sorted(found.items()))


_WITA = frozenset({"51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"})
_WIT = frozenset({"81", "82", "91", "92", "93", "94", "95", "96", "97"})


@cache
def province_zone(province: str | None) -> ZoneInfo:
    """The zone of a province's office: each province has one. Jakarta's for the nation and for an unknown one."""
    return ZoneInfo("Asia/Makassar" if province in _WITA else "Asia/Jayapura" if province in _WIT else "Asia/Jakarta")


def zone_at(level: Level, place: Place) -> ZoneInfo:
    """The zone of whoever looks after a hospital at a level: its own, its province's, or Jakarta's."""
    if level == "hospital":
        return place.zone
    if level == "nation":
        return province_zone(None)
    return place.zone if place.province is None else province_zone(place.province)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day on the calendar of a zone."""
    return instant.astimezone(zone).date()


def today_of(code: str, places: Places, now: datetime) -> date:
    """The local day of a hospital; Jakarta's for one that nobody knows."""
    place = places.get(code)
    return local_day(now, province_zone(None) if place is None else place.zone)
