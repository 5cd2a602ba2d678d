"""Group commit: many changes, one durable commit, then the answers.

Callers wait in a bounded queue. One thread takes all that wait, applies it in a single transaction and only after
its commit lets the callers go on. While one commit is under way the next batch gathers by itself; what the event loop
met in one of its rounds is handed over together, so that a commit is not spent on the first of many.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from rsonline.store.change import Broken, Busy

Apply = Callable[[Sequence[Any]], list[Any]]
"""Applies a batch in one transaction: a result or an exception for each item, after the durable commit."""

_LARGEST_BATCH = 256

_Waiting = tuple[Any, asyncio.AbstractEventLoop, asyncio.Future[Any]]


class Writer:
    """The queue in front of one writing connection.

    `apply` runs in the writer's thread. When it raises `Broken` nothing more is acknowledged: every waiting caller
    gets the error and `on_broken` is called, which is expected to end the process.
    """

    def __init__(self, apply: Apply, *, waiting: int, on_broken: Callable[[BaseException], None]) -> None:
        self._apply = apply
        self._limit = waiting
        self._on_broken = on_broken
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        """What each round of a loop gathered; None ends the thread."""
        self._waiting = 0
        self._closed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rsonline-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many changes wait or are being written."""
        return self._waiting

    async def submit(self, item: Any) -> Any:
        """The result of one item once it is durable. Raises Busy when the queue is full, and what `apply` said."""
        if self._closed is not None:
            raise self._closed
        if self._waiting >= self._limit:
            raise Busy
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting += 1
        gathered = self._gathered.get(loop)
        if gathered is None:
            gathered = self._gathered[loop] = []
            loop.call_soon(self._hand_over, loop)
        gathered.append((item, loop, future))
        # The caller may go away, and its future with it; the change is written all the same, its result is dropped.
        return await future

    def close(self) -> None:
        """Take nothing more, write all that waits, end the thread."""
        self._closed = self._closed or Busy()
        for loop in list(self._gathered):
            self._hand_over(loop)
        self._queue.put(None)
        self._thread.join()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        gathered = self._gathered.pop(loop, None)
        if gathered is not None:
            self._queue.put(gathered)

    def _run(self) -> None:
        taken: list[_Waiting] | None = []
        while taken is not None:
            batch: list[_Waiting] = []
            taken = self._queue.get()
            while taken is not None:
                batch += taken
                if len(batch) >= _LARGEST_BATCH or self._queue.empty():
                    break
                taken = self._queue.get()
            for first in range(0, len(batch), _LARGEST_BATCH):
                self._write(batch[first : first + _LARGEST_BATCH])

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            if isinstance(self._closed, Broken):
                raise self._closed
            results = self._apply([item for item, _, _ in batch])
        except Broken as error:
            self._closed = error
            results = [error] * len(batch)
            self._on_broken(error)
        except Exception as error:
            results = [error] * len(batch)
        ready: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for (_, loop, future), result in zip(batch, results, strict=True):
            ready.setdefault(loop, []).append((future, result))
        for loop, pairs in ready.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._tell, pairs)

    def _tell(self, pairs: list[tuple[asyncio.Future[Any], Any]]) -> None:
        self._waiting -= len(pairs)
        for future, result in pairs:
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
