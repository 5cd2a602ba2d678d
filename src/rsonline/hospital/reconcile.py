"""Reconciliation: what the hospital's own data says beside what the service holds, and healing what differs.

Four kinds of difference: `missing` at the service; `different` content; `extra` at the service (of a snapshot only,
which alone says all that there is); `double`, the same record more than once at the service. What is still on its way
in the outbox is none of them. Nothing is changed before somebody confirms.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from rsonline.hospital.client import Client
from rsonline.hospital.collect import Judged, judge, offer_of
from rsonline.hospital.config import Config, Feed
from rsonline.hospital.identity import called, names_of
from rsonline.hospital.messages import Key, Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.outcome import Accepted, Outcome
from rsonline.hospital.sender import folded, same
from rsonline.hospital.source import Source
from rsonline.hospital.talks import Found
from rsonline.reports.codec import read
from rsonline.reports.fields import At
from rsonline.reports.report import Named, Numbered, PerDay, Report, Steps

What = Literal["missing", "different", "extra", "double"]


class Difference(NamedTuple):
    """One record that is not at the service as it is at the hospital.

    `number` is the service's number of the row that is wrong; `offer` what the hospital says, None of what it has not.
    """

    what: What
    feed: str
    report: str
    called: str
    key: Key
    number: str | None
    offer: Offer | None


class Compared(NamedTuple):
    """A feed beside the service: rows of each side, and what differs."""

    feed: str
    source: int
    service: int
    on_the_way: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Window:
    """The local days that are compared, both included. Kinds without a day are compared as a whole."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each day."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


def compare(config: Config, feed: Feed, source: Source, client: Client, outbox: Outbox, window: Window) -> Compared:
    """Compare one feed. Raises SourceError, and Failed where the service does not say what it holds."""
    at = At(config.code, config.zone, datetime.now(UTC), unlisted=True)
    report = feed.report
    mine = {j.key: j for j in _said(feed, source, at, window)}
    if report.name == "antrian_task":
        # A time has no day of its own: it is that of its booking.
        parents = sorted({str(j.sent.get("kodebooking", "")) for j in mine.values()})
    elif report.name == "shk_hasil":
        numbers = outbox.numbers("shk")
        parents = sorted({numbers[each] for j in mine.values() if (each := _parent(outbox, j)) in numbers})
    else:
        parents = []
    theirs = list(_held(report, client, window, parents))
    found: dict[Key, list[Found[Any]]] = {}
    for row in theirs:
        found.setdefault(key_of_row(report, row), []).append(row)
    open_objects = outbox.unfinished(report.name)
    differences: list[Difference] = []
    waiting = 0
    for key, judged in mine.items():
        folded_key = _folded(key)
        rows = found.pop(folded_key, [])
        if outbox.object_of(report.name, key) in open_objects:
            waiting += 1
            continue
        differences += _differing(feed, judged, rows, at)
    if feed.snapshot:
        for key, rows in found.items():
            differences += [_difference("extra", feed, key, row, None) for row in rows]
    return Compared(feed.name, len(mine), len(theirs), waiting, differences)


def _said(feed: Feed, source: Source, at: At, window: Window) -> Iterator[Judged]:
    """What the hospital says within the window and can be sent."""
    for row in source.rows(feed, window.first.isoformat() if feed.since else None):
        row.pop(feed.since, None)
        judged = judge(feed, row, at)
        if judged.problems:
            continue
        day = _day(feed.report, judged, at)
        if day is None or window.first <= day <= window.last:
            yield judged


def _day(report: Report[Any], judged: Judged, at: At) -> date | None:
    name = {"shk": "tgl_ambil_sampel"}.get(report.name)
    if isinstance(report.identity, PerDay | Named):
        name = report.identity.day
    if name is None:
        return None
    value = read(report, judged.sent, at, partial=True).values.get(name)
    return value if isinstance(value, date) else None


def _parent(outbox: Outbox, judged: Judged) -> str:
    return outbox.object_of("shk", judged.parent or ())


def _held(report: Report[Any], client: Client, window: Window, parents: Sequence[str]) -> Iterable[Found[Any]]:
    """What the service holds within the window."""
    match report.identity:
        case PerDay() | Named():
            for day in window.days():
                yield from client.rows(report, day=day)
        case Steps() | Numbered(parent=str()):
            for parent in parents:
                yield from client.rows(report, parent=parent)
        case Numbered() if report.name == "shk":
            for day in window.days():
                yield from client.rows(report, day=day)
        case _:
            yield from client.rows(report)


def key_of_row(report: Report[Any], row: Found[Any]) -> Key:
    """By what the hospital would know a row of the service."""
    return tuple(str(folded(_text(_value(row, name)))) for name in names_of(report))


def _value(row: Found[Any], name: str) -> object:
    return row.said.get(name) if row.record is None else getattr(row.record, name, None)


def _text(value: object) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _folded(key: Key) -> Key:
    return tuple(str(folded(part)) for part in key)


def _differing(feed: Feed, judged: Judged, rows: list[Found[Any]], at: At) -> Iterator[Difference]:
    report = feed.report
    offer = offer_of(feed, judged)
    if not rows:
        yield Difference("missing", feed.name, report.name, called(report, judged.sent), judged.key, None, offer)
        return
    wanted = dict(read(report, judged.sent, at, partial=True).values)
    alike = [row for row in rows if row.record is not None and same(report, wanted, row)]
    kept = alike[0] if alike else rows[0]
    if not alike:
        yield _difference("different", feed, judged.key, kept, offer)
    for row in rows:
        if row is not kept:
            yield _difference("double", feed, judged.key, row, None)


def _difference(what: What, feed: Feed, key: Key, row: Found[Any], offer: Offer | None) -> Difference:
    named = {name: _text(_value(row, name)) for name in names_of(feed.report)}
    return Difference(what, feed.name, feed.report.name, called(feed.report, named), key, row.number, offer)


def heal(
    differences: Sequence[Difference],
    outbox: Outbox,
    client: Client,
    reports: Mapping[str, Report[Any]],
    told: Callable[[Difference, Outcome], None] = lambda difference, outcome: None,
) -> int:
    """Heal what was confirmed; how many messages went into the outbox.

    What the hospital says goes through the outbox, like everything else. What must go at the service is removed by the
    service's number, and `told` gets what became of it: a double has no place in the outbox, which knows one of each.
    """
    made = 0
    for each in differences:
        if each.offer is not None:
            # The number that the outbox remembers may be that of a record that is gone.
            made += outbox.offer_again(each.offer, number=each.number)
    for each in differences:
        if each.offer is None:
            report = reports[each.report]
            key = each.number if isinstance(report.identity, Numbered) and each.number else each.key[0]
            outcome = client.remove(report, key)
            told(each, outcome)
            if isinstance(outcome, Accepted) and each.what == "extra":
                outbox.forget(each.report, each.key)
    return made
