"""What the service counts of itself, for Prometheus."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rsonline.reports.verdict import Repair

registry = CollectorRegistry()
_requests = Counter(
    "rsonline_requests_total",
    "Requests by report, method and status",
    ["report", "method", "status"],
    registry=registry,
)
_seconds = Histogram(
    "rsonline_request_seconds",
    "Time from the head of a request to its answer",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=registry,
)
_repairs = Counter("rsonline_repairs_total", "Bodies that were mended, by what was mended", ["code"], registry=registry)
_put_misses = Counter(
    "rsonline_put_misses_total",
    "PUTs that found nothing: data that a PUT-only client is losing",
    ["report"],
    registry=registry,
)
waiting = Gauge("rsonline_waiting_writes", "Changes that wait for the next commit", registry=registry)


@cache
def _children(report: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Both metrics with their labels: few, since reports, methods and statuses are few."""
    return _requests.labels(report, method, str(status)), _seconds.labels(method)


def note(report: str, method: str, status: int, seconds: float, repairs: Sequence[Repair]) -> None:
    """Count one request."""
    counted, timed = _children(report, method, status)
    counted.inc()
    timed.observe(seconds)
    for repair in repairs:
        _repairs.labels(repair.code).inc()


def put_miss(report: str) -> None:
    """Count a PUT that found nothing."""
    _put_misses.labels(report).inc()


def text() -> bytes:
    """All of it in Prometheus' text form."""
    return generate_latest(registry)
