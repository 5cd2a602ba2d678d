"""A small country for the insight tests: hospitals of three zones, scopes, rows as the store has them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rsonline.insight.indicator import Tile
from rsonline.insight.places import NATION, Place, Scope
from rsonline.reports.report import Report, Row, members

WIB, WITA, WIT = (ZoneInfo(name) for name in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"))
NOW = datetime(2026, 3, 20, 5, 0, tzinfo=UTC)
TODAY = NOW.date()
"""The same day in all three zones."""
PLACES = {
    place.kode_rs: place
    for place in (
        Place("3404015", "RS Contoh Sleman", WIB, "3404"),
        Place("3404016", "RS Contoh Depok", WIB, "3404"),
        Place("3471011", "RS Contoh Yogyakarta", WIB, "3471"),
        Place("7371023", "RS Contoh Makassar", WITA, "7371"),
        Place("5171001", "RS Contoh Denpasar", WITA, "5171"),
        Place("9171001", "RS Contoh Jayapura", WIT, "9171"),
        Place("9900001", "RS Tanpa Wilayah", WIB, None),
    )
}
SCOPES = (
    NATION,
    *(Scope("province", code) for code in ("34", "73", "91", "12")),
    *(Scope("regency", code) for code in ("3404", "3471")),
    *(Scope("hospital", code) for code in PLACES),
)


class Made(NamedTuple):
    """A tile, and every row that it had to look at."""

    tile: Tile[Any]
    rows: Sequence[Any]


def kept(report: Report[Any], kode_rs: str, at: datetime = NOW, **values: Any) -> Row:
    """A row of a report as the store gives it: members that are not given are as after a message without them."""
    row: Row = {m.name: m.default for m in members(report.record)} | {
        "kode_rs": kode_rs,
        "version": 1,
        "received_at": at,
        "updated_at": at,
        "deleted_at": None,
        "claimed_at": None,
        "warnings": None,
    }
    unknown = set(values) - set(row) - ({report.identity.number} if hasattr(report.identity, "number") else set())
    assert not unknown, unknown
    return row | values


def some_time(random: Random, days: int = 60) -> datetime:
    """A moment in the last days."""
    return NOW - timedelta(seconds=random.randrange(days * 86400))


def some_day(random: Random, days: int) -> date:
    """One of the last days, with today."""
    return TODAY - timedelta(days=random.randrange(days))


def maybe(random: Random, value: Any, chance: float = 0.2) -> Any:
    """The value, or now and then None."""
    return None if random.random() < chance else value


def inside(rows: Sequence[Any], scope: Scope) -> list[Any]:
    """The rows of a scope, found another way than the product does."""
    found = []
    for row in rows:
        code = row["kode_rs"] if isinstance(row, dict) else row.kode_rs
        regency = PLACES[code].regency or "----"
        whole = {"nation": "", "province": regency[:2], "regency": regency, "hospital": code}[scope.level]
        if whole == scope.code:
            found.append(row)
    return found
