"""Logins and refused logins, taken to the journal (SR-47).

A hospital's program sends its password with every request. Its login is the first request of ten minutes with one
credential from one source; the others write nothing. A refused login is written beside the request, so that its time
tells nothing (SR-04), and counted so that nobody can fill the disk by guessing.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from rsonline.login.attempts import Attempts, Door, Line, Whose
from rsonline.login.waiting import lasts, put
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Busy, Full, Origin
from rsonline.store.engines import Store

log = structlog.get_logger("rsonline.login")
LASTS: Final = 600.0
"""Seconds for which one login stands, as long as a verifier lives."""
EACH: Final = 1.0
"""Seconds that a refused login may wait for its line."""
MOST: Final = 20_000
_WAITING: Final = 5000
NOBODY: Final = Whose(OPERATOR, "credential", "?", "-")
"""A login that named nobody who is known: what was typed there may be a password, so it is not kept."""


class Logins:
    """Takes logins to the journal. One for the process, used from one event loop."""

    def __init__(
        self,
        store: Store,
        *,
        attempts: Attempts | None = None,
        clock: Callable[[], float] = time.time,
        each: float = EACH,
    ) -> None:
        self._store = store
        self._attempts = Attempts() if attempts is None else attempts
        self._clock = clock
        self._each = each
        self._stands: dict[tuple[str, str], float] = {}
        self._waiting: deque[Line] = deque(maxlen=_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._new = asyncio.Event()
        self._ending = asyncio.Event()

    def stands(self, account: str, source: str) -> bool:
        """Whether a login of this account from there was written less than ten minutes ago. Under a microsecond."""
        at = self._stands.get((account, source))
        return at is not None and lasts(at, LASTS, self._clock())

    async def came_in(self, origin: Origin, credential: int, source: str, kind: str = "credential") -> None:
        """Write the login of a hospital's program by a credential or another kind; durable when this returns.

        Where the store has no room for it the login is not refused: the next request tries again.
        """
        key = (origin.account, source)
        # Taken before the writing, so that a hospital that begins with fifty requests at once writes one line.
        put(self._stands, key, self._clock(), MOST)
        try:
            await self._store.perform(lambda access: journal.append(access, origin, kind, [credential], journal.LOGIN))
        except (Busy, Full) as error:
            self._stands.pop(key, None)
            log.warning("login.not_written", error=type(error).__name__, request_id=origin.request_id)
        except BaseException:
            self._stands.pop(key, None)
            raise

    def refused(
        self, whose: Whose, door: Door, source: str, address: str, request_id: str, *, limited: bool = False
    ) -> None:
        """Count a refused login, and have it written where that is due. Costs a few microseconds."""
        now = self._clock()
        self._waiting.extend(self._attempts.ended(now))
        line = self._attempts.add(whose, door, source, address, request_id, now, limited=limited)
        if line is not None:
            self._waiting.append(line)
            self._new.set()
        if self._task is None and not self._ending.is_set():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="rsonline-logins")

    async def close(self) -> None:
        """Write what waits and what was counted so far."""
        self._ending.set()
        self._new.set()
        if self._task is not None:
            await self._task
        self._waiting.extend(self._attempts.ended(self._clock(), all=True))
        await self._write()

    async def _run(self) -> None:
        """Write what waits, a second's worth at a time, for as long as something waits or is counted."""
        try:
            while not self._ending.is_set() and (self._waiting or self._attempts.ends_at is not None):
                if not self._waiting:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._new.wait(), self._until_the_end())
                self._new.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self._each)
                self._waiting.extend(self._attempts.ended(self._clock()))
                await self._write()
        finally:
            self._task = None

    def _until_the_end(self) -> float:
        end = self._attempts.ends_at
        return self._each if end is None else max(self._each, min(end - self._clock(), 60.0))

    async def _write(self) -> None:
        """Write what waits, one transaction for each hospital: two heads are never locked at once."""
        lines = list(self._waiting)
        self._waiting.clear()
        chains: dict[str, list[Line]] = {}
        for line in lines:
            chains.setdefault(line.whose.chain, []).append(line)
        for chain, some in chains.items():
            try:
                await self._store.perform(partial(_write_lines, some))
            except (Busy, Full) as error:
                # They wait for the next time; where too many wait the oldest are lost.
                self._waiting.extend(some)
                log.warning("logins.not_written", error=type(error).__name__, lines=len(some))
            except Exception as error:
                log.error("logins.not_written", error=type(error).__name__, hospital=chain, lines=len(some))


def _write_lines(lines: Sequence[Line], access: Access) -> None:
    for line in lines:
        whose = line.whose
        said: dict[str, object] = {"attempts": line.attempts}
        if line.limited:
            said["limited"] = line.limited
        if line.sources:
            said |= {"since": _moment(line.begun), "until": _moment(line.ended), "sources": dict(line.sources)}
        if line.more:
            said["from_more_sources"] = line.more
        who = Origin(whose.chain, 0, whose.account, source=line.door, address=line.address, request_id=line.request_id)
        journal.append(access, who, whose.kind, [whose.name], journal.LOGIN_FAILED, said)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
