"""What a section of figures is: which rows it looks at, and the tiles made of what it prepared once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from rsonline.insight.digest import How, Rule
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.places import Places, local_day, province_zone
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

Rows = Mapping[str, Sequence[Any]]
"""Rows by the name of their table."""


class Ready(NamedTuple):
    """What a section prepared, for whoever makes its tiles."""

    rows: Any
    places: Places
    now: datetime

    @property
    def today(self) -> date:
        """The day in Jakarta."""
        return local_day(self.now, province_zone(None))


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One number of the product. `key` is its address; `columns` are the members shown of each row behind it.

    `good` says which way is better: up, down, or none that can be told. `minor` ones stand behind the others.
    """

    key: str
    rule: Rule
    tile: Callable[[Ready], Tile[Any]]
    columns: tuple[str, ...]
    title: Words | None = None
    good: str = ""
    minor: bool = False

    @property
    def indicator(self) -> Indicator:
        """What it is a figure of."""
        return self.rule.indicator

    @property
    def called(self) -> Words:
        """What pages call it."""
        return self.title or self.indicator.title


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """Figures that are made of the same rows. `tables` are read; `prepare` turns them into what the tiles need.

    `groups` splits what was prepared (by bed type), and `grouped` are the figures that are made of each group too.
    """

    name: str
    title: Words
    tables: tuple[str, ...]
    figures: tuple[Figure, ...]
    prepare: Callable[[Rows, Places, datetime], Any]
    groups: Callable[[Any], Mapping[str, Any]] | None = None
    grouped: tuple[str, ...] = ()
    daily: bool = False
    """About complete days only: counted once on each local day, and not whenever something arrives."""
    written: tuple[str, ...] = ()
    """The reports whose messages change the section, where `tables` are not theirs."""
    until: Callable[[Ready], datetime | None] | None = None
    """The moment from which what was prepared says something else although nothing arrives."""

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The reports whose messages change the section."""
        return self.written or self.tables


def figure(
    indicator: Indicator,
    tile: Callable[[Ready], Tile[Any]],
    columns: str,
    how: How = "sum",
    *,
    key: str = "",
    names: tuple[str, str] = ("", ""),
    spread: Callable[[Any], float] | None = None,
    title: Words | None = None,
    good: str = "",
    minor: bool = False,
) -> Figure:
    """A figure of an indicator; `key` where one indicator has several."""
    rule = Rule(indicator=indicator, how=how, names=names, spread=spread)
    return Figure(
        key=key or indicator.name,
        rule=rule,
        tile=tile,
        columns=tuple(columns.split()),
        title=title,
        good=good,
        minor=minor,
    )


def by(member: str) -> Callable[[list[Row]], Mapping[str, list[Row]]]:
    """Rows by a member."""

    def split(rows: list[Row]) -> Mapping[str, list[Row]]:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[member], []).append(row)
        return groups

    return split
