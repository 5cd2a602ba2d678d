"""What remains of a tile without its rows, and how those of many hospitals become the one of their region.

A digest is small enough to be kept for every hospital of the country. Put together, digests give the very figures that
a recount of all rows gives.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from rsonline.insight.indicator import Indicator, Tile, share

How = Literal["sum", "ratio", "median"]
"""How the values of hospitals become one: added up, as part of a whole, or by their middle one."""


class Digest(NamedTuple):
    """A tile without its rows: `included` and `excluded` are how many there were, these by reason.

    `parts` are the numbers behind a sum or a ratio; `spread` has the values that a median is made of, in order, each
    with how often it occurs.
    """

    value: float | None
    included: int
    excluded: tuple[tuple[str, int], ...]
    parts: tuple[tuple[str, float], ...]
    spread: tuple[tuple[float, int], ...]
    oldest: datetime | None

    @property
    def of(self) -> int:
        """How many rows were looked at."""
        return self.included + sum(n for _, n in self.excluded)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """How digests of an indicator are put together. `spread` is what an included row gives to a median.

    `names` are, of a ratio, the part and the whole; without the latter the whole is the included rows.
    """

    indicator: Indicator
    how: How
    names: tuple[str, str] = ("", "")
    spread: Callable[[Any], float] | None = None


NOTHING = Digest(None, 0, (), (), (), None)


def digest(rule: Rule, tile: Tile[Any]) -> Digest:
    """A tile without its rows."""
    spread = () if rule.spread is None else tuple(sorted(Counter(map(rule.spread, tile.included)).items()))
    return Digest(
        tile.value,
        len(tile.included),
        tuple(sorted(Counter(each.reason for each in tile.excluded).items())),
        tuple(sorted(_ends(spread).items() if rule.how == "median" else tile.parts.items())),
        spread,
        tile.oldest,
    )


def together(rule: Rule, digests: Iterable[Digest]) -> Digest:
    """The digest of all rows together; NOTHING of none."""
    excluded: Counter[str] = Counter()
    parts: dict[str, float] = {}
    spread: Counter[float] = Counter()
    included, total, oldest = 0, None, None
    for each in digests:
        included += each.included
        if each.excluded:
            excluded.update(dict(each.excluded))
        for name, amount in each.parts:
            parts[name] = parts.get(name, 0) + amount
        if each.spread:
            spread.update(dict(each.spread))
        if each.value is not None:
            total = each.value if total is None else total + each.value
        if each.oldest is not None and (oldest is None or each.oldest < oldest):
            oldest = each.oldest
    value, ordered = total, tuple(sorted(spread.items()))
    if rule.how == "median":
        parts, value = _ends(ordered), _percentile(ordered, 50)
    elif rule.how == "ratio":
        part, whole = rule.names
        value = share(parts.get(part, 0), parts.get(whole, 0) if whole else included)
    return Digest(value, included, tuple(sorted(excluded.items())), tuple(sorted(parts.items())), ordered, oldest)


def _ends(spread: tuple[tuple[float, int], ...]) -> dict[str, float]:
    """The least of the values and the one below which nine of ten lie."""
    upper = _percentile(spread, 90)
    return {} if upper is None else {"paling_sedikit": spread[0][0], "p90": upper}


def _percentile(spread: tuple[tuple[float, int], ...], percent: float) -> float | None:
    """The value below which so many percent lie, between neighbours in a straight line; None of nothing."""
    many = sum(n for _, n in spread)
    if not many:
        return None
    place = (many - 1) * percent / 100
    below = _at(spread, int(place))
    above = _at(spread, min(int(place) + 1, many - 1))
    return below + (above - below) * (place - int(place))


def _at(spread: tuple[tuple[float, int], ...], place: int) -> float:
    for value, n in spread:
        if place < n:
            return value
        place -= n
    raise IndexError(place)
