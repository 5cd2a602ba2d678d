"""The log of each hospital's own calls: taken down after the answer was sent, written in batches beside the requests.

A request only puts one value into a bounded queue. What cannot be written is dropped and counted: a log that is short
of something never costs a report.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Protocol

import prometheus_client
import structlog

from rsonline.reports.report import Report, members
from rsonline.service import metrics
from rsonline.store import calls
from rsonline.store.access import Access
from rsonline.store.calls import Asked
from rsonline.store.change import Busy, Full
from rsonline.store.engines import Store

log = structlog.get_logger("rsonline.service")
EACH: Final = 1.0
"""Seconds between two transactions."""
MOST: Final = 1000
"""Calls that may wait; beyond it the oldest are dropped."""
TRIM_EACH: Final = 60
SWEEP_EACH: Final = 3600
"""Seconds after which what is too many, and what is too old, is looked for."""
dropped = prometheus_client.Counter(
    "rsonline_calls_dropped_total",
    "Calls that the log of the hospitals' calls had no room for",
    registry=metrics.registry,
)


class CallLog:
    """Writes calls down. One for the process; everything but the sealing is on its event loop."""

    def __init__(self, store: Store, *, most: int = MOST, each: float = EACH) -> None:
        self._store = store
        self._most = most
        self._each = each
        self._waiting: deque[Asked] = deque()
        self._missed: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._trimmed = self._swept = datetime.now(UTC)
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def note(self, call: Asked) -> None:
        """Take a call down. Costs a microsecond, and never fails."""
        if len(self._waiting) >= self._most:
            self._drop([self._waiting.popleft()])
        self._waiting.append(call)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write(), name="rsonline-calls")

    async def close(self) -> None:
        """Write what waits."""
        self._ending.set()
        if self._task is not None:
            await self._task
        if self._waiting or self._missed:
            await self._batch()

    async def _write(self) -> None:
        """One transaction a second for as long as something waits."""
        try:
            while (self._waiting or self._missed) and not self._ending.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self._each)
                await self._batch()
        finally:
            self._task = None

    async def _batch(self) -> None:
        batch = _newest(self._waiting)
        self._waiting.clear()
        missed, self._missed = self._missed, Counter()
        try:
            rows = await asyncio.to_thread(calls.sealed, self._store.vault, batch)
            await self._store.perform(lambda access: calls.keep(access, rows, missed))
        except Exception as error:
            self._missed.update(missed)
            self._drop(batch)
            _tell("calls.not_written", error, calls=len(batch))
            return
        self._touched.update(call.code for call in batch)
        try:
            await self._tidy(datetime.now(UTC))
        except Exception as error:
            _tell("calls.not_trimmed", error)

    async def _tidy(self, now: datetime) -> None:
        """Look for what is too much with a reader; only what there is takes the writer's time."""
        much: list[str] = []
        if (now - self._trimmed).total_seconds() >= TRIM_EACH:
            touched, self._touched, self._trimmed = sorted(self._touched), set(), now
            much = await self._store.read(None, lambda access: calls.crowded(access, touched))
        if (now - self._swept).total_seconds() >= SWEEP_EACH:
            self._swept = now
            much = sorted({*much, *await self._store.read(None, lambda access: calls.outdated(access, now))})
        for code in much:

            def trim(access: Access, code: str = code) -> int:
                return calls.trim(access, [code], now)

            await self._store.perform(trim)

    def _drop(self, gone: list[Asked]) -> None:
        dropped.inc(len(gone))
        self._missed.update(call.code for call in gone)


def _newest(waiting: Sequence[Asked]) -> list[Asked]:
    """The calls without those of a hospital that would be too many at once: nobody needs to seal them first."""
    kept: Counter[str] = Counter()
    newest = []
    for call in reversed(waiting):
        kept[call.code] += 1
        if kept[call.code] <= calls.MOST:
            newest.append(call)
    return newest[::-1]


def _tell(event: str, error: Exception, **more: Any) -> None:
    """A service that is busy or full has better to do; anything else is a fault that somebody should look at."""
    told = log.warning if isinstance(error, Busy | Full) else log.error
    told(event, error=type(error).__name__, **more)


def clock_of(clock: str | None, ahead: float | None) -> str | None:
    """The class of a clock, with the seconds that it is ahead where it is not right."""
    return clock if clock in (None, "exact") or ahead is None else f"{clock}:{ahead:.0f}"


@cache
def about_persons(report: Report[Any]) -> bool:
    """Whether an answer about such records may name somebody."""
    return any(m.personal for m in members(report.record))


class Known(Protocol):
    """What both doors know of a request while they serve it."""

    method: str
    name: str
    hospital: str | None
    address: str | None
    clock: str | None
    ahead: float | None
    report: Report[Any] | None
    body: bytes | None
    outside: Mapping[str, str]


def told(
    served: Known,
    request_id: str,
    status: int,
    seconds: float,
    answer: bytes | None,
    *,
    repairs: bytes = b"",
    warnings: bytes = b"",
) -> Asked:
    """One call as the log takes it; the time is now. What a GET shows of persons is not kept a second time."""
    shows = served.method == "GET" and served.report is not None and about_persons(served.report)
    return Asked(
        served.hospital or "",
        request_id,
        datetime.now(UTC),
        served.method,
        served.name,
        status,
        round(seconds * 1000, 1),
        served.address,
        clock_of(served.clock, served.ahead),
        repairs.decode("ascii"),
        warnings.decode("ascii"),
        served.body or None,
        None if shows else answer,
        served.outside,
    )
