"""What an indicator is, and a tile: a number that can always show the rows that it was made of, and those left out.

An indicator is data: how it is called, its formula in words, the version of that formula, where it comes from, and
every reason for leaving a row out. A tile is one result of it. What cannot be told is None, never 0.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from rsonline.reports.verdict import Words

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Indicator:
    """One indicator. `version` rises with every change of the formula; `source` says who defines it.

    Where no official definition is public, `local` is True: the definition is ours, and every page says so.
    """

    name: str
    title: Words
    formula: Words
    version: int
    source: Words
    unit: Words
    reasons: Mapping[str, Words] = field(default_factory=dict)
    local: bool = True


@dataclass(frozen=True, slots=True)
class Excluded(Generic[T]):
    """A row that does not count, and why: a key of the indicator's reasons."""

    row: T
    reason: str


@dataclass(frozen=True, slots=True)
class Tile(Generic[T]):
    """One result. `included` and `excluded` together are all the rows that were looked at.

    `per` is the time for which it holds; `oldest` is when the oldest of its data was received, None without data.
    `parts` are the numbers that the value is made of (`terpakai`, `jumlah`), for whoever recalculates it.
    """

    indicator: Indicator
    value: float | None
    included: Sequence[T]
    excluded: Sequence[Excluded[T]]
    per: datetime
    oldest: datetime | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def of(self) -> int:
        """How many rows were looked at."""
        return len(self.included) + len(self.excluded)


def sort_out(rows: Iterable[T], reason: Callable[[T], str | None]) -> tuple[list[T], list[Excluded[T]]]:
    """The rows that count, and the others with their reason. `reason` gives None for a row that counts."""
    included: list[T] = []
    excluded: list[Excluded[T]] = []
    for row in rows:
        why = reason(row)
        if why is None:
            included.append(row)
        else:
            excluded.append(Excluded(row, why))
    return included, excluded


def check(indicator: Indicator, tile: Tile[T]) -> list[str]:
    """What is wrong with a tile, in words: a reason that nobody declared, a value without a row."""
    faults = [
        f"{indicator.name}: nobody declared the reason {each.reason}"
        for each in tile.excluded
        if each.reason not in indicator.reasons
    ]
    if tile.value is not None and not tile.included and not tile.parts:
        faults.append(f"{indicator.name}: a value that no row stands behind")
    return faults


def share(part: float, whole: float) -> float | None:
    """A part of a whole in percent; None of nothing."""
    return None if whole == 0 else 100 * part / whole


def median(values: Sequence[float]) -> float | None:
    """The middle value, the mean of the two middle ones; None of nothing."""
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value below which so many percent lie, between neighbours in a straight line; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
