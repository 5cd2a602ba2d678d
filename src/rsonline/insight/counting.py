"""The three ways in which rows become a number: how many, how much, and what part."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from rsonline.insight.indicator import Indicator, Tile, share, sort_out

T = TypeVar("T")
Reason = Callable[[T], str | None]


def count(indicator: Indicator, rows: Iterable[T], reason: Reason[T], per: datetime) -> Tile[T]:
    """How many rows count. None where there was no row to look at, 0 where all were left out."""
    included, excluded = sort_out(rows, reason)
    of = len(included) + len(excluded)
    value = None if of == 0 else float(len(included))
    return Tile(indicator, value, included, excluded, per, oldest(included), {"baris": len(included), "dari": of})


def total(
    indicator: Indicator,
    rows: Iterable[T],
    reason: Reason[T],
    amount: Callable[[T], float],
    per: datetime,
    **parts: Callable[[T], float],
) -> Tile[T]:
    """The sum of an amount over the rows that count; None without such a row. `parts` are summed beside it."""
    included, excluded = sort_out(rows, reason)
    value = float(sum(map(amount, included))) if included else None
    return Tile(indicator, value, included, excluded, per, oldest(included), sums(included, parts))


def ratio(
    indicator: Indicator,
    rows: Iterable[T],
    reason: Reason[T],
    part: Callable[[T], float],
    whole: Callable[[T], float],
    per: datetime,
    names: tuple[str, str],
) -> Tile[T]:
    """The sum of one thing in percent of the sum of another; None of nothing. `names` are what the two are called."""
    included, excluded = sort_out(rows, reason)
    parts = sums(included, {names[0]: part, names[1]: whole})
    return Tile(indicator, share(parts[names[0]], parts[names[1]]), included, excluded, per, oldest(included), parts)


def sums(rows: list[T], parts: Mapping[str, Callable[[T], float]]) -> dict[str, float]:
    """Each part summed over the rows."""
    return {name: sum(map(amount, rows)) for name, amount in parts.items()}


def oldest(rows: Iterable[Any]) -> datetime | None:
    """When the oldest of the rows was last received: `updated_at` of a stored row, `heard` of one made here."""
    times = (row.get("updated_at") if isinstance(row, Mapping) else row.heard for row in rows)
    return min((time for time in times if time is not None), default=None)
