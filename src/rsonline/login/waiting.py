"""Who has to wait and until when: counted guesses, the bounded line, and when to come back (SR-05, SR-06).

Nothing here reads a clock or a database; all of it lives on one event loop.
"""

import asyncio
import math
from collections import deque
from collections.abc import Hashable
from typing import Any


class Counter:
    """Guesses per key in fixed windows, each begun by its first guess. Keys idle for longest make room for new ones."""

    def __init__(self, limit: int, seconds: float, most: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._most = most
        self._windows: dict[Hashable, tuple[float, int]] = {}

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until the key may be used again; 0 while it may."""
        began, count = self._windows.get(key, (now, 0))
        return began + self._seconds - now if count >= self._limit and lasts(began, self._seconds, now) else 0.0

    def add(self, key: Hashable, now: float) -> None:
        began, count = self._windows.get(key, (now, 0))
        window = (began, count + 1) if lasts(began, self._seconds, now) else (now, 1)
        put(self._windows, key, window, self._most)


class Line:
    """Places at work and places to wait. Sources known as good go first, and half of the waiting is theirs."""

    def __init__(self, workers: int, places: int) -> None:
        self._free = self._workers = workers
        self._places = places
        self._known: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nobody is at work, so that nobody waits either."""
        return self._free == self._workers

    def full(self, known: bool) -> bool:
        """Whether there is no place to wait. While a place at work is free, there is one."""
        if self._free:
            return False
        taken = len(self._known) + len(self._others)
        return taken >= self._places or (not known and len(self._others) >= self._places // 2)

    async def enter(self, known: bool) -> bool:
        """Wait for a place at work; False at once if there is no place to wait. Each True needs a `leave`."""
        if self._free:
            self._free -= 1
            return True
        if self.full(known):
            return False
        queue = self._known if known else self._others
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Give the place at work to the next."""
        while self._known or self._others:
            turn = (self._known or self._others).popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Book:
    """When those whom the line could not take shall come back: each at a time of its own, one after another.

    Told the same second, a crowd would come back as a crowd. A place costs `seconds`, which the doorkeeper corrects
    by what the last computation took. Who asks again early is told the rest of the time; nobody more than `longest`.
    """

    def __init__(self, most: int, *, seconds: float = 0.02, longest: float = 30.0) -> None:
        self.seconds = seconds
        self._most = most
        self._longest = longest
        self._end = -math.inf
        self._times: dict[Hashable, float] = {}

    def later(self, key: Hashable, now: float) -> int:
        """Whole seconds, at least 1, after which this one shall come back."""
        at = self._times.get(key, -math.inf)
        if not now < at <= now + self._longest:
            # A clock that was set back leaves times too far ahead; they are given anew.
            begin = self._end if now < self._end <= now + self._longest else now
            at = min(begin + self.seconds, now + self._longest)
            self._end = at
            put(self._times, key, at, self._most)
        return max(1, math.ceil(at - now))


def lasts(began: float, seconds: float, now: float) -> bool:
    """Whether a span that began then goes on."""
    # What began in the future is from before the clock was set back.
    return 0 <= now - began < seconds


def put(memory: dict[Any, Any], key: Hashable, value: object, most: int) -> None:
    """Set a key as the newest; the oldest go where there are more than `most`."""
    memory.pop(key, None)
    memory[key] = value
    while len(memory) > most:
        del memory[next(iter(memory))]
