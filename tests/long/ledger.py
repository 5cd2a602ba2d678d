"""What a service answered for, so that what it kept can be held against it."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Difference(Generic[K, V]):
    """A key whose stored value is none that it may have. None is: nothing is stored."""

    key: K
    acknowledged: V | None
    unanswered: frozenset[V | None]
    found: V | None


class Ledger(Generic[K, V]):
    """The last acknowledged value of each key, and those of requests that nobody answered.

    Each key is written by one sender, one request at a time; so after an unanswered request a key has either the
    value before it or the one that was asked for.
    """

    def __init__(self) -> None:
        self._settled: dict[K, V | None] = {}
        self._open: dict[K, set[V | None]] = {}
        self.acknowledged = 0
        self.unanswered = 0

    def __getitem__(self, key: K) -> V | None:
        """The last acknowledged value; None where nothing is or ever was stored."""
        return self._settled.get(key)

    def acknowledge(self, key: K, value: V | None) -> None:
        """The service said that the key now has this value."""
        self.acknowledged += 1
        self._settled[key] = value
        self.unanswered -= len(self._open.pop(key, ()))

    def leave_open(self, key: K, value: V | None) -> None:
        """This value was asked for and no answer came."""
        self.unanswered += 1
        self._settled.setdefault(key, None)
        self._open.setdefault(key, set()).add(value)

    def __iter__(self) -> Iterator[K]:
        """All keys that were ever written."""
        return iter(self._settled)

    def settle(self, found: Mapping[K, V]) -> list[Difference[K, V]]:
        """Hold what is stored against what was said; from here on what is stored counts, nothing is open."""
        differences = []
        for key in {**self._settled, **found}:
            value, said = found.get(key), self._settled.get(key)
            may_be = frozenset(self._open.get(key, ()))
            if value != said and value not in may_be:
                differences.append(Difference(key, said, may_be, value))
            self._settled[key] = value
        self._open.clear()
        return differences
