"""Structured logs in UTC, one JSON line an event, built from a list of allowed fields (SR-50)."""

import io
import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import msgspec
import structlog

ALLOWED = frozenset(
    {
        *("event", "level", "timestamp", "logger", "request_id", "hospital", "address", "report", "method", "status"),
        *("clock", "repairs", "warnings", "ms", "error", "exception", "database", "reports", "host", "port", "count"),
    }
)
"""Fields that a log line may have. Whatever else is bound is dropped: a body or a password cannot slip in by name."""


def only_allowed(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop fields that are not on the list, and empty ones."""
    return {k: v for k, v in event.items() if k in ALLOWED and v is not None}


def new_request_id() -> str:
    """What an answer, its log line and its journal lines name a request by: 32 hexadecimal digits."""
    return os.urandom(16).hex()


class Lasting(io.TextIOBase):
    """The stream of the log. A line that finds no room (the log may lie on the disk that is full) must not cost a
    request its answer: it is counted, and the count is told when there is room again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> int:
        """Write a line, or count it."""
        try:
            if self._lost:
                told = {"count": self._lost, "event": "log.lost", "level": "warning"}
                # What came before may have been torn.
                self._stream.write("\n" + msgspec.json.encode(told).decode() + "\n")
                self._lost = 0
            self._stream.write(text)
        except OSError:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Bring it to the reader, or count it."""
        try:
            self._stream.flush()
        except OSError:
            self._lost += 1


class _ToStructlog(logging.Handler):
    """Passes what libraries log on to structlog, text only."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record of the standard library."""
        # Only the kind of an exception: its text may repeat what somebody sent.
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger(record.name).log(record.levelno, record.getMessage()[:500], error=error)


def configure(level: str = "info", form: str = "json", stream: TextIO | None = None) -> None:
    """Set up logging for the process; `form` is json or console."""
    render: list[Any] = [structlog.processors.format_exc_info, only_allowed]
    if form == "json":
        render.append(
            structlog.processors.JSONRenderer(serializer=lambda event, **_: msgspec.json.encode(event).decode())
        )
    else:
        render.append(structlog.dev.ConsoleRenderer())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, Lasting(stream or sys.stderr))),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(logging.WARNING)
