"""Refused logins as journal lines: the first of each source at once, the rest counted until a window ends.

A guesser chooses how often it asks, and where it can, from how many addresses. So what it can make the journal grow
by is bounded here: in a window at most `lines` lines at once, at most `sources` for one account, and one for each
account at the end. Nothing here reads a clock or a database.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rsonline.login.waiting import lasts

Door = Literal["api", "web"]


class Whose(NamedTuple):
    """What a login named: in whose chain its line stands, which kind of credential (a table), which one of them."""

    chain: str
    kind: str
    name: str
    account: str
    """As the journal calls it."""


class Line(NamedTuple):
    """One line to be written. `begun` and `ended` are in seconds since 1970; of one attempt they are the same."""

    whose: Whose
    door: Door
    address: str | None
    """None where attempts of several sources are told together."""
    request_id: str | None
    attempts: int
    limited: int
    """How many of the attempts were answered without a look at the password, since guesses were used up."""
    begun: float
    ended: float
    sources: tuple[tuple[str, int], ...] = ()
    """The sources that came most often, with their attempts. Of one attempt: none, since its address is told."""
    more: int = 0
    """Attempts from sources beyond those that are counted one by one."""


@dataclass(slots=True)
class _Account:
    door: Door
    attempts: int = 0
    limited: int = 0
    told: int = 0
    told_limited: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    more: int = 0


class Attempts:
    """Counts refused logins in fixed windows, each begun by its first one. Used from one event loop."""

    def __init__(self, *, seconds: float = 3600.0, lines: int = 500, sources: int = 20, shown: int = 5) -> None:
        self._seconds = seconds
        self._lines = lines
        self._sources = sources
        self._shown = shown
        self._began: float | None = None
        self._used = 0
        self._accounts: dict[Whose, _Account] = {}

    @property
    def ends_at(self) -> float | None:
        """When the window ends; None while nothing is counted."""
        return None if self._began is None else self._began + self._seconds

    def add(
        self, whose: Whose, door: Door, source: str, address: str, request_id: str, now: float, *, limited: bool
    ) -> Line | None:
        """Count one refused login; the line to be written at once, if any. `ended` comes before it."""
        if self._began is None:
            self._began = now
        known = self._accounts.get(whose)
        if known is None:
            known = self._accounts[whose] = _Account(door)
        known.attempts += 1
        known.limited += limited
        first = source not in known.sources
        if first and len(known.sources) >= self._sources:
            known.more += 1
            return None
        known.sources[source] = known.sources.get(source, 0) + 1
        if not first or self._used >= self._lines:
            return None
        self._used += 1
        known.told += 1
        known.told_limited += limited
        return Line(whose, door, address, request_id, 1, int(limited), now, now)

    def ended(self, now: float, *, all: bool = False) -> list[Line]:
        """Once the window is over (or at the end of `all`): one line for each account with more than was told."""
        if self._began is None or (not all and lasts(self._began, self._seconds, now)):
            return []
        lines = []
        for whose, each in self._accounts.items():
            rest = each.attempts - each.told
            if rest:
                most = sorted(each.sources.items(), key=lambda pair: (-pair[1], pair[0]))[: self._shown]
                limited = each.limited - each.told_limited
                lines.append(
                    Line(whose, each.door, None, None, rest, limited, self._began, now, tuple(most), each.more)
                )
        self._began, self._used, self._accounts = None, 0, {}
        return lines
