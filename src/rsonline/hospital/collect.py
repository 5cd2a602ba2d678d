"""From rows to messages: what is new, what changed, what went away, and what cannot be sent as it is.

A row goes through the same codec as at the service, so a hospital sees its faults before anything is sent. What is
unchanged makes no message; of a snapshot, what is missing was removed, with a brake on mass deletion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rsonline.hospital.config import Config, Feed
from rsonline.hospital.identity import called, names_of, natural_key
from rsonline.hospital.messages import Key, Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.source import Row, Source
from rsonline.reports.codec import read
from rsonline.reports.fields import At
from rsonline.reports.report import Report
from rsonline.reports.verdict import Problem, Refused
from rsonline.reports.wording import problem_text

BRAKE = 0.2
"""More than this part of a snapshot gone at once is not believed without a person."""
PART = 1000
"""So many records are kept at a time."""
MOST_REJECTED = 1000
"""So many rows that cannot be sent are listed; the others are counted."""
EVENTS = frozenset({"antrian", "antrian_task", "shk", "shk_hasil"})
"""The kinds of which each message counts; of the others only the newest state does."""
PARENTS = {"antrian_task": "antrian", "shk_hasil": "shk"}


class Braked(NamedTuple):
    """A snapshot that would remove too much."""

    gone: int
    of: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What one reading of a feed gave."""

    rows: int
    messages: int
    rejected: int
    removed: int
    braked: Braked | None = None


class Judged(NamedTuple):
    """A row as it would be sent, with its key; or what is wrong with it."""

    key: Key
    sent: Row
    problems: str
    """In Indonesian, as the outbox keeps it."""
    warnings: tuple[str, ...]
    parent: Key | None
    found: tuple[Problem, ...] = ()


def collect(config: Config, feed: Feed, source: Source, outbox: Outbox, *, allow_removals: bool = False) -> Collected:
    """Read a feed once and keep what has to be sent; durable when this returns.

    Raises SourceError where the source cannot be read, OutboxFull where nothing more can be kept: then the reading does
    not count, and what of it was kept already makes no message when it is read again.
    """
    at = At(config.code, config.zone, datetime.now(UTC), unlisted=True)
    mark = outbox.mark(feed.name)
    newest = mark
    offers: dict[Key, Offer] = {}
    rejected: list[tuple[Key, str]] = []
    there: set[Key] = set()
    rows = made = wrong = 0
    for row in source.rows(feed, mark):
        rows += 1
        if feed.since:
            seen = row.pop(feed.since, None)
            newest = max(filter(None, (newest, None if seen is None else str(seen))), default=None)
        judged = judge(feed, row, at)
        if feed.snapshot:
            there.add(judged.key)
        if judged.problems:
            wrong += 1
            if len(rejected) < MOST_REJECTED:
                rejected.append((judged.key, f"{called(feed.report, judged.sent)}: {judged.problems}"))
        else:
            offers[judged.key] = offer_of(feed, judged)
        if len(offers) >= PART:
            # Whoever dies in the middle of a first load has kept this much of it.
            made += outbox.offer(offers.values())
            offers.clear()
    removals, braked = _removals(feed, outbox, there, allow=allow_removals)
    made += outbox.offer([*offers.values(), *removals], feed=feed.name, mark=newest, rejected=rejected)
    return Collected(rows, made, wrong, len(removals), braked)


def judge(feed: Feed, row: Mapping[str, object], at: At) -> Judged:
    """What a row would be as a message, by the service's own rules."""
    report = feed.report
    sent = {name: value for name, value in row.items() if value is not None}
    parent_of_row = sent.pop("induk", None)
    key = natural_key(report, sent)
    try:
        # What only the service knows (the number of the parent) is filled in when the parent has arrived.
        said = read(report, sent, at, partial=report.name == "shk_hasil")
    except Refused as refused:
        told = "; ".join(problem_text(p, None).id for p in refused.problems)
        return Judged(key, sent, told, (), None, tuple(refused.problems))
    parent: Key | None = None
    if report.name in PARENTS:
        parent = tuple(str(parent_of_row).split("|")) if parent_of_row is not None else (key[0],)
    return Judged(key, sent, "", tuple(w.code for w in said.warnings), parent)


def offer_of(feed: Feed, judged: Judged) -> Offer:
    """A row that can be sent, for the outbox."""
    name = feed.report.name
    parent = (PARENTS[name], judged.parent) if judged.parent is not None else None
    return Offer(name, judged.key, judged.sent, event=name in EVENTS, parent=parent)


def _removals(feed: Feed, outbox: Outbox, there: set[Key], *, allow: bool) -> tuple[list[Offer], Braked | None]:
    """What a snapshot no longer holds, as messages; none where that is too much to be believed."""
    if not feed.snapshot:
        return [], None
    known = outbox.known(feed.report.name)
    seen = {outbox.object_of(feed.report.name, key) for key in there}
    gone = [key for object_, key in known.items() if object_ not in seen]
    if gone and not allow and len(gone) > BRAKE * len(known):
        return [], Braked(len(gone), len(known))
    return [Offer(feed.report.name, key, _by_key(feed.report, key), verb="remove") for key in gone], None


def _by_key(report: Report[Any], key: Key) -> dict[str, str]:
    """What a removal says: the members by which the record is known."""
    return dict(zip(names_of(report), key, strict=True))


def preview(config: Config, feed: Feed, source: Source, most: int = 20) -> Iterator[Judged]:
    """The first rows of a feed as they would be sent; nothing is kept."""
    at = At(config.code, config.zone, datetime.now(UTC), unlisted=True)
    for number, row in enumerate(source.rows(feed)):
        if number >= most:
            return
        row.pop(feed.since, None)
        yield judge(feed, row, at)
