"""Conversations: what is asked, in which order, and what is concluded, without a network.

A talk is a generator. It yields a `Request` and is sent its `Answer` (or `Lost`), or yields a `Pause` and is sent
anything at all when it is over; what it returns is the result. `Client` and `AsyncClient` only carry talks out, so both
behave alike by construction.
"""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import SystemRandom
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from rsonline.hospital import wire
from rsonline.hospital.answers import http_date, judged, rows_of
from rsonline.hospital.outcome import Accepted, Failed, Later, LockedOut, Outcome, Refused, Unknown
from rsonline.hospital.wire import Answer, Body, Lost, Request
from rsonline.reports import codec
from rsonline.reports.fields import At
from rsonline.reports.report import Numbered, PerDay, PerItem, Record, Report, Row, key_of, members
from rsonline.reports.verdict import Problem, ReportWarning
from rsonline.reports.verdict import Refused as Broken

R = TypeVar("R", bound=Record)
T = TypeVar("T")
FIRST, LONGEST = 1.0, 60.0
"""Seconds: at most before the second try, and at most between two tries of one call."""
CLOCK_WRONG = 2.0
"""A clock that differs by less is right: `Date` knows whole seconds only."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Talk = Generator[Request | Pause, Answer | Lost, T]
PAUSED = Lost(False, "")
"""What is sent after a pause; nobody looks at it."""


@dataclass(slots=True)
class Side:
    """This side of the line: who speaks, and what was learnt of the other side."""

    hospital: str
    zone: ZoneInfo
    retries: int = 3
    clock: Callable[[], float] = time.time
    draw: Callable[[float, float], float] = field(default_factory=lambda: SystemRandom().uniform)
    skew: float = 0.0
    """Seconds that the service's clock is ahead of ours, learnt from its `Date`."""
    once: bool = False
    """The service was seen to carry out an Idempotency-Key only once."""

    @property
    def now(self) -> float:
        """Seconds since 1970 on the service's clock, as far as it is known."""
        return self.clock() + self.skew

    @property
    def at(self) -> At:
        """Where and when records are read and checked."""
        return At(self.hospital, self.zone, datetime.fromtimestamp(self.now, UTC), unlisted=True)

    def learn(self, answer: Answer, begun: float, ended: float) -> None:
        """Take from an answer what it shows of the service: its clock, and whether it knows Idempotency-Keys."""
        if "x-rsonline-receipt" in answer.headers or "idempotent-replayed" in answer.headers:
            self.once = True
        # What a cache kept tells an old time.
        said = None if "age" in answer.headers else http_date(answer.headers.get("date", ""))
        if said is not None:
            skew = said.timestamp() + 0.5 - (begun + ended) / 2
            self.skew = skew if abs(skew) >= CLOCK_WRONG else 0.0


class Found(NamedTuple, Generic[R]):
    """One row of a GET: the record, the service's number of it, and the row as it came.

    `record` is None where `problems` tell what in it cannot be understood.
    """

    record: R | None
    number: str | None
    said: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        return f"Found(record={self.record!r}, number={self.number!r})"


class Unreadable(Failed):
    """A row of a GET cannot be understood as a record; `rows` shows it as it came."""

    def __init__(self, report: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(Unknown(why=f"unreadable {report}: " + ", ".join(f"{p.member} {p.code}" for p in problems)))


# ---- one request


def carried(side: Side, request: Request, judge: Callable[[Answer | Lost], Outcome]) -> Talk[Outcome]:
    """Carry out one change: again after a pause where that cannot do harm, at once where only our clock was wrong."""
    # A key that only the second try carries protects nothing.
    keyed = request.once is not None and side.once
    sent = request if keyed else replace(request, once=None)
    tries, unsure, clock_set = 0, None, False
    while True:
        skew = side.skew
        answer = yield sent
        outcome = judge(answer)
        if isinstance(outcome, LockedOut) and outcome.why == "clock" and not clock_set and side.skew != skew:
            clock_set = True
            continue
        if isinstance(outcome, Unknown):
            unsure = outcome
        again = isinstance(outcome, Later) or (isinstance(outcome, Unknown) and (keyed or request.repeatable))
        wait = _pause(side, tries, outcome) if again else None
        if wait is None:
            # Once a try may have arrived, a later one that surely did not changes nothing about that.
            return unsure if unsure is not None and isinstance(outcome, Later | LockedOut) else outcome
        tries += 1
        yield Pause(wait)


def _pause(side: Side, tries: int, outcome: Outcome) -> float | None:
    """Full jitter below 1 s doubled with each try, never less than asked for; None where it is enough, or too long."""
    wanted = outcome.after if isinstance(outcome, Later) else None
    if tries >= side.retries or (wanted is not None and wanted > LONGEST):
        return None
    return max(side.draw(0.0, min(LONGEST, FIRST * 2 ** min(tries, 10))), wanted or 0.0)


def asked(side: Side, request: Request, read: Callable[[Answer | Lost], T | Outcome]) -> Talk[T]:
    """Carry out one question, with the same patience. Raises Failed."""
    tries, clock_set = 0, False
    while True:
        skew = side.skew
        answer = yield request
        found = read(answer)
        if not isinstance(found, Accepted | Refused | Later | LockedOut | Unknown):
            return found
        if isinstance(found, LockedOut) and found.why == "clock" and not clock_set and side.skew != skew:
            clock_set = True
            continue
        wait = _pause(side, tries, found) if isinstance(found, Later | Unknown) else None
        if wait is None:
            raise Failed(found)
        tries += 1
        yield Pause(wait)


# ---- changes


def sending(side: Side, record: Record, *, number: str | None = None, once: str | None = None) -> Talk[Outcome]:
    """Make the service say what the record says, whether or not it has one already."""
    report = wire.report_of(record)
    return (yield from saving(side, report, wire.body_of(record, side.at), number=number, once=once))


def saving(
    side: Side, report: Report[Any], body: Body, *, number: str | None = None, once: str | None = None
) -> Talk[Outcome]:
    """The same for members as text.

    A kind that is known by names of the hospital is sent by one method and, where the service says that it is (not)
    there, by the other, once. Others are added without `number` and replaced with it.
    """
    identity = report.identity
    if isinstance(identity, PerDay):
        return (yield from writing(side, report, "POST", body, once=once))
    if isinstance(identity, Numbered) and not identity.unique:
        method = "POST" if number is None else "PUT"
        return (yield from writing(side, report, method, body, number=number, once=once))
    first, second = ("PUT", "POST") if report.name in wire.PUT_FIRST or number is not None else ("POST", "PUT")
    outcome = yield from writing(side, report, first, body, number=number, once=once)
    turned = {"PUT": ("missing", "unknown"), "POST": ("exists",)}[first]
    if isinstance(outcome, Refused) and outcome.sent and outcome.code in turned:
        outcome = yield from writing(side, report, second, body, once=once)
    return outcome


def posting(side: Side, record: Record, *, once: str | None = None) -> Talk[Outcome]:
    """One POST of a record."""
    report = wire.report_of(record)
    return (yield from writing(side, report, "POST", wire.body_of(record, side.at), once=once, cautious=True))


def writing(
    side: Side,
    report: Report[Any],
    method: str,
    body: Body,
    *,
    number: str | None = None,
    once: str | None = None,
    partial: bool = False,
    cautious: bool = False,
) -> Talk[Outcome]:
    """One POST or PUT of members as text, checked before it is sent.

    `cautious` does not repeat what may have arrived: the repetition would be told that its own record exists.
    """
    verdict = wire.checked(report, body, side.at, partial=partial)
    if isinstance(verdict, Refused):
        return verdict
    request = replace(wire.written(report, method, body, number=number), once=once or uuid4().hex)
    if cautious:
        request = replace(request, repeatable=False)
    outcome = yield from carried(side, request, lambda answer: judged(request, answer, side.hospital))
    return _warned(outcome, verdict)


def removing(
    side: Side,
    report: Report[Any],
    body: Body,
    *,
    number: str | None = None,
    parent: str | None = None,
    once: str | None = None,
) -> Talk[Outcome]:
    """One DELETE by what the record is known by. Raises ValueError as `wire.removed` does."""
    request = replace(wire.removed(report, side.hospital, body, number=number, parent=parent), once=once or uuid4().hex)
    return (yield from carried(side, request, lambda answer: judged(request, answer, side.hospital)))


def removed_by(report: Report[Any], key: str | date) -> tuple[dict[str, object], str | None]:
    """What names a record that is to be removed: its members, or the service's number."""
    text = key.isoformat() if isinstance(key, date) else key
    if isinstance(report.identity, Numbered):
        return {}, text
    return {key_of(report.identity)[0]: text}, None


# ---- questions


def finding(
    side: Side,
    report: Report[R],
    *,
    day: date | None = None,
    number: str | None = None,
    parent: str | None = None,
) -> Talk[list[Found[R]]]:
    """What the service has: rows that say something. Raises Failed, and ValueError as `wire.listed` does."""
    request = wire.listed(report, day=day, number=number, parent=parent)
    rows = yield from asked(side, request, lambda answer: rows_of(request, answer))
    at = side.at
    return [found(report, row, at) for row in rows if _says_something(report, row)]


def listing(
    side: Side, report: Report[R], *, day: date | None = None, number: str | None = None, parent: str | None = None
) -> Talk[list[R]]:
    """The records of `finding`. Raises Failed, also for a row that cannot be understood."""
    rows = yield from finding(side, report, day=day, number=number, parent=parent)
    for row in rows:
        if row.record is None:
            raise Unreadable(report.name, row.problems)
    return [row.record for row in rows if row.record is not None]


def referring(side: Side, name: str) -> Talk[dict[str, str]]:
    """A reference list: name by id. Raises Failed, and ValueError for a list that is none."""
    request = wire.reference(name)
    rows = yield from asked(side, request, lambda answer: rows_of(request, answer))
    id_of, name_of = ("kode_tt", "nama_tt") if name == "tempat_tidur" else ("id_kebutuhan", "kebutuhan")
    return {str(row[id_of]): str(row.get(name_of) or "") for row in rows if row.get(id_of) is not None}


def discovering(side: Side) -> Talk[bool]:
    """Whether the service knows Idempotency-Keys: ours shows the key of its receipts to everybody. Raises nothing."""
    if not side.once:
        answer = yield Request(method="GET", path=wire.RECEIPT_KEY, plain=True, repeatable=True)
        # Any site may have a page there.
        side.once = isinstance(answer, Answer) and answer.status == 200 and wire.is_receipt_key(answer.body)
    return side.once


def found(report: Report[R], row: Mapping[str, Any], at: At) -> Found[R]:
    """A row as a record, as far as it can be understood."""
    identity = report.identity
    number = row.get(identity.number) if isinstance(identity, Numbered) else None
    known = {m.name for m in members(report.record)} | {n for m in members(report.record) for n in m.aliases}
    said = {name: value for name, value in row.items() if name in known}
    try:
        values = codec.read(report, said, at, partial=True).values
        problems = tuple(codec.missing(report, values))
    except Broken as broken:
        values, problems = {}, tuple(broken.problems)
    record = None if problems else _record(report, values)
    return Found(record, None if number is None else str(number), row, problems)


def _record(report: Report[R], values: Row) -> R:
    record: Any = codec.record_of(report, values)
    return record  # type: ignore[no-any-return]  # it is of the report's own class


def _says_something(report: Report[Any], row: Mapping[str, Any]) -> bool:
    """Whether a row is more than the blank that stands for a type or a need that was never reported (3.1, 5)."""
    identity = report.identity
    if isinstance(identity, Numbered) and report.name == "tempat_tidur":
        return row.get(identity.number) is not None or row.get("jumlah") is not None
    if isinstance(identity, PerItem):
        names = [m.name for m in members(report.record) if m.name != identity.item]
        return any(row.get(name) is not None for name in (*names, "tglupdate"))
    return True


def _warned(outcome: Outcome, before: tuple[ReportWarning, ...]) -> Outcome:
    """The outcome with the warnings of the check in front, each told once."""
    if not isinstance(outcome, Accepted | Refused) or not before:
        return outcome
    known = {(w.member, w.code) for w in before}
    return replace(outcome, warnings=(*before, *[w for w in outcome.warnings if (w.member, w.code) not in known]))
