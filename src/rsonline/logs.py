"""Structured logs in UTC, one JSON line an event, built from a list of allowed fields (SR-50)."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

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
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(logging.WARNING)
