"""The usual verbs: what GET, POST, PUT and DELETE mean for each identity.

A verb is a function `Call → Change` or `Call → Reading`. It sees neither HTTP nor SQL.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from rsonline.reports import EVERY_REPORT
from rsonline.reports.codec import Read, complete, missing, read
from rsonline.reports.fields import At, Fault, ServiceNumber
from rsonline.reports.report import (
    Identity,
    Named,
    Numbered,
    PerDay,
    PerItem,
    Report,
    Row,
    Steps,
    key_of,
    members,
    recognised,
)
from rsonline.reports.verdict import Problem, Refused, Repair, ReportWarning
from rsonline.store import reads
from rsonline.store.change import Change, Decision, Found, LaterLookup, Lookup, Origin, Outcome, Put, Seen

DAYS_BACK = 10
Shown = dict[str, Any]


class Call(msgspec.Struct, frozen=True):
    """One message: who asks, for which report, and what was sent."""

    origin: Origin
    report: Report[Any]
    sent: dict[str, object]
    at: At
    create_on_put: bool = False
    """This hospital's clients know only PUT: a PUT that finds nothing adds (wire 16.6)."""
    whole: bool = False
    """What was sent is the whole record, as of a form: a member that is absent is emptied, not left as it was."""


class Reading(msgspec.Struct, frozen=True):
    """What a GET asks for, and how the rows that are found are shown."""

    look: reads.Look
    show: Callable[[list[Row]], list[Shown]]
    repairs: Sequence[Repair] = ()


class Asked(msgspec.Struct, frozen=True):
    """A change together with what was already said of the message while it was read."""

    change: Change
    repairs: Sequence[Repair] = ()
    values: Row = msgspec.field(default_factory=dict)
    """The members that were sent, as read."""


Verb = Callable[[Call], Asked | Reading]


@cache
def parent_of(report: Report[Any], reports: tuple[Report[Any], ...] = EVERY_REPORT) -> Report[Any] | None:
    """The report that this one's records belong to."""
    identity = report.identity
    for other in reports:
        its = other.identity
        if isinstance(identity, Steps) and isinstance(its, Named) and its.name == identity.parent:
            return other
        if isinstance(identity, Numbered) and isinstance(its, Numbered) and identity.parent == its.number:
            return other
    return None


@cache
def children_of(report: Report[Any], reports: tuple[Report[Any], ...] = EVERY_REPORT) -> list[Report[Any]]:
    """The numbered reports that go when this record goes. Steps stay: recorded times are never taken away."""
    return [r for r in reports if isinstance(r.identity, Numbered) and parent_of(r, reports) is report]


def live(rows: list[Row]) -> Row | None:
    """The first row that is not deleted."""
    return next((r for r in rows if r["deleted_at"] is None), None)


def merge(report: Report[Any], old: Row | None, sent: Row) -> Row:
    """The stored record with what was sent laid over it; without an old one, what was sent."""
    if old is None:
        return dict(sent)
    return {**{k: v for k, v in old.items() if k not in report.record.renewed}, **sent}


def keyed(call: Call, said: Read) -> Row:
    """The key that was sent; raise Refused for a member of it that was not."""
    key = key_of(call.report.identity)
    absent = [Problem(member=name, code="required") for name in key if said.values.get(name) in (None, "")]
    if absent:
        raise Refused(absent, tuple(said.repairs))
    return {name: said.values[name] for name in key}


def number_in(call: Call, repairs: list[Repair]) -> int | None:
    """The service's number that was sent with a message of a numbered report."""
    identity = call.report.identity
    assert isinstance(identity, Numbered)  # noqa: S101 (the table of verbs says so)
    try:
        return ServiceNumber().read(call.sent.get(identity.number), call.at, repairs, identity.number)
    except Fault as fault:
        raise Refused([Problem(member=identity.number, code=fault.code)], tuple(repairs)) from None


def put(call: Call, said: Read, old: Row | None, kind: str, *, extra: Sequence[ReportWarning] = ()) -> Decision:
    """Write the merged record, or refuse it where a required member is still lacking."""
    report = call.report
    kept = None if call.whole or old is None or old["deleted_at"] is not None else old
    values = merge(report, kept, said.values)
    if old is not None and isinstance(report.identity, Numbered):
        values[report.identity.number] = old[report.identity.number]
    lacking = missing(report, values)
    if lacking:
        return Decision(Outcome("refused", problems=lacking))
    warnings = [*said.warnings, *complete(report, values, call.at), *extra]
    if older(call.origin, old):
        if call.origin.strict:
            return Decision(Outcome("refused", problems=[Problem(member="X-Timestamp", code="older_timestamp")]))
        warnings.append(ReportWarning(member="X-Timestamp", code="older_timestamp"))
    assert kind in ("saved", "updated")  # noqa: S101
    return Decision(
        Outcome("saved" if kind == "saved" else "updated", values, warnings),
        (Put(report, values, old, warnings),),
    )


def older(origin: Origin, old: Row | None) -> bool:
    """Whether a message claims to be older than the last accepted one about the same record. Receipt decides order."""
    if old is None or origin.claimed_at is None or old["claimed_at"] is None:
        return False
    return bool(origin.claimed_at < old["claimed_at"])


def asked(
    call: Call,
    verb: str,
    lookups: Sequence[Lookup | LaterLookup],
    decide: Callable[[Found, datetime], Decision],
    said: Read,
) -> Asked:
    """The change of a message, with a count of its repairs for the hospital."""
    tallies = tuple(sorted({f"repair:{r.code}" for r in said.repairs})) if said.repairs else ()
    if call.origin.clock not in (None, "exact"):
        tallies = (*tallies, f"clock:{call.origin.clock}")
    return Asked(Change(call.origin, call.report, verb, tuple(lookups), decide, tallies), said.repairs, said.values)


# ---- writing


def save(call: Call) -> Asked:
    """Insert or update the record of the day (III.E, III.F, III.G)."""
    said = read(call.report, call.sent, call.at, partial=True)
    key = keyed(call, said)

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        return put(call, said, old or next(iter(found[0]), None), "saved" if old is None else "updated")

    return asked(call, "save", [Lookup(call.report, key, deleted=True)], decide, said)


def add(call: Call) -> Asked:
    """Add a record; what is there already is left as it is and said so."""
    said = read(call.report, call.sent, call.at)
    identity = call.report.identity
    lookups = [*_same(call, said), *_parent(call, said)]

    def decide(found: Found, now: datetime) -> Decision:
        if len(found) > 1 and not found[1]:
            return _no_parent(call)
        same = live(found[0])
        extra: list[ReportWarning] = []
        if same is not None:
            if not isinstance(identity, Numbered) or identity.unique:
                return Decision(Outcome("exists", same))
            extra = [
                ReportWarning(
                    member=identity.recognised_by[0],
                    code="duplicate_suspected",
                    detail={"number": same[identity.number]},
                )
            ]
        old = None if isinstance(identity, Numbered) else next(iter(found[0]), None)
        return put(call, said, old, "saved", extra=extra)

    return asked(call, "add", lookups, decide, said)


def replace(call: Call) -> Asked:
    """Change a record; members that are absent keep their value. What is not there is said so and counted."""
    if isinstance(call.report.identity, Numbered):
        return _replace_numbered(call, call.report.identity)
    said = read(call.report, call.sent, call.at, partial=True)
    lookups = [Lookup(call.report, keyed(call, said), deleted=True), *_parent(call, said)]

    def decide(found: Found, now: datetime) -> Decision:
        if len(found) > 1 and not found[1]:
            return _no_parent(call)
        old = live(found[0])
        if old is None:
            return put_miss(call, said, next(iter(found[0]), None))
        return put(call, said, old, "updated")

    return asked(call, "replace", lookups, decide, said)


def _replace_numbered(call: Call, identity: Numbered) -> Asked:
    """By the service's number; else, for a unique kind, by what the hospital knows it by (wire 3.3)."""
    report = call.report
    said = read(report, call.sent, call.at, partial=True)
    number = number_in(call, said.repairs)
    # The first of the recognising members must be there; the others may rest on their defaults (a room without a name).
    named = identity.unique and said.values.get(identity.recognised_by[0]) is not None
    if number is None and not named:
        what = identity.recognised_by[0] if identity.unique else identity.number
        raise Refused([Problem(member=what, code="required")], tuple(said.repairs))
    defaults = {m.name: m.default for m in members(report.record)}
    key = recognised(identity, {**defaults, **said.values})

    def by_new_name(found: Found) -> Lookup | None:
        """Who already is called what this record would be called."""
        if not identity.unique or not found[0]:
            return None
        return Lookup(report, {"recognised": recognised(identity, {**found[0][0], **said.values})})

    lookups = [
        Lookup(report, {identity.number: number}) if number is not None else (lambda _found: None),
        Lookup(report, {"recognised": key}) if named else (lambda _found: None),
        by_new_name,
    ]

    def decide(found: Found, now: datetime) -> Decision:
        by_number, by_name, taken = live(found[0]), live(found[1]), live(found[2])
        if by_number is None:
            if by_name is not None:
                return put(call, said, by_name, "updated")
            return put_miss(call, said, None) if named else Decision(Outcome("unknown", {identity.number: number}))
        if taken is not None and taken[identity.number] != by_number[identity.number]:
            return Decision(Outcome("conflict", taken))
        if identity.parent and said.values.get(identity.parent) not in (None, by_number[identity.parent]):
            return Decision(Outcome("unknown", {identity.number: number}))
        return put(call, said, by_number, "updated")

    return asked(call, "replace", lookups, decide, said)


def put_miss(call: Call, said: Read, deleted: Row | None) -> Decision:
    """A PUT that finds nothing: told to use POST, unless this hospital's clients know only PUT."""
    if call.create_on_put:
        decision = put(call, said, deleted, "saved")
        return Decision(decision.outcome, decision.writes, ("created_on_put",))
    shown = {**{m.name: m.default for m in members(call.report.record)}, **said.values}
    return Decision(Outcome("missing", shown), (), ("put_miss",))


def remove(call: Call) -> Asked:
    """Take a record away; it can be brought back from where it is kept."""
    said = read(call.report, call.sent, call.at, partial=True)
    identity = call.report.identity
    if isinstance(identity, Numbered):
        number = number_in(call, said.repairs)
        if number is None:
            raise Refused([Problem(member=identity.number, code="required")], tuple(said.repairs))
        key: Row = {identity.number: number}
    else:
        key = keyed(call, said)
    children = children_of(call.report)
    lookups = [Lookup(call.report, key), *[Lookup(child, dict(key)) for child in children]]

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None or _of_another_parent(call.report, old, said.values):
            return Decision(Outcome("unknown", key))
        return taken_away(call.report, old, list(zip(children, found[1:], strict=True)))

    return asked(call, "remove", lookups, decide, said)


def taken_away(report: Report[Any], old: Row, children: Sequence[tuple[Report[Any], list[Row]]]) -> Decision:
    """Delete a row and the numbered rows that belong to it."""
    writes = [Put(report, dict(old), old, deleted=True)]
    writes += [Put(child, dict(row), row, deleted=True) for child, rows in children for row in rows]
    return Decision(Outcome("removed", old), tuple(writes))


def _of_another_parent(report: Report[Any], old: Row, sent: Row) -> bool:
    identity = report.identity
    if not isinstance(identity, Numbered) or identity.parent is None:
        return False
    return sent.get(identity.parent) not in (None, old[identity.parent])


def _same(call: Call, said: Read) -> list[Lookup]:
    """The rows that an added record would be the same as."""
    identity = call.report.identity
    if isinstance(identity, Numbered):
        defaults = {m.name: m.default for m in members(call.report.record)}
        return [Lookup(call.report, {"recognised": recognised(identity, {**defaults, **said.values})})]
    return [Lookup(call.report, keyed(call, said), deleted=True)]


def _parent(call: Call, said: Read) -> list[Lookup]:
    """The record that this one belongs to."""
    parent = parent_of(call.report)
    if parent is None:
        return []
    name = key_of(parent.identity)[0]
    return [Lookup(parent, {name: said.values.get(name)}, whole=False)]


def _no_parent(call: Call) -> Decision:
    parent = parent_of(call.report)
    assert parent is not None  # noqa: S101 (only asked for a report with one)
    code = "unknown_booking" if isinstance(parent.identity, Named) else "unknown_parent"
    return Decision(Outcome("refused", problems=[Problem(member=key_of(parent.identity)[0], code=code)]))


# ---- reading


def shows_persons(report: Report[Any]) -> bool:
    """Whether a record tells of its person more than whoever asks for it must already know."""
    key = key_of(report.identity)
    return any(m.personal and m.name not in key for m in members(report.record))


def viewing(call: Call, rows: Sequence[Row]) -> Change | None:
    """A line for each record of a person that is about to be shown (SR-47); None where there is nothing to note."""
    if not rows or not shows_persons(call.report):
        return None
    seen = tuple(Seen(call.report, row) for row in rows)
    return Change(call.origin, call.report, "view", (), lambda found, now: Decision(Outcome("saved"), seen=seen))


def _shown(call: Call) -> Callable[[list[Row]], list[Shown]]:
    return lambda rows: [call.report.shown(row, call.report, call.at) for row in rows]


def days(call: Call) -> Reading:
    """The record of one day, or those of the last ten local days with today, newest first (III.E, III.F, III.G)."""
    identity = call.report.identity
    assert isinstance(identity, PerDay)  # noqa: S101 (the table of verbs says so)
    said = read(call.report, {identity.day: call.sent.get(identity.day)}, call.at, partial=True)
    day = said.values.get(identity.day)
    first = day or call.at.today - timedelta(days=DAYS_BACK - 1)
    look = reads.between(call.origin.hospital, call.report, identity.day, first, day)
    return Reading(look, _shown(call), said.repairs)


def items(call: Call) -> Reading:
    """Every entry of the reference list, null where nothing was sent; one entry when its id is asked for."""
    identity = call.report.identity
    assert isinstance(identity, PerItem)  # noqa: S101 (the table of verbs says so)
    said = read(call.report, {identity.item: call.sent.get(identity.item)}, call.at, partial=True)
    wanted = said.values.get(identity.item)

    def show(rows: list[Row]) -> list[Shown]:
        sent = {row[identity.item]: row for row in rows}
        ids = list(dict.fromkeys([*call.at.references[identity.of].entries, *sorted(sent)]))
        blank = {identity.item: None, "updated_at": None}
        return [
            call.report.shown(sent.get(item) or {**blank, identity.item: item}, call.report, call.at)
            for item in ids
            if wanted in (None, item)
        ]

    return Reading(reads.having(call.origin.hospital, call.report, {}), show, said.repairs)


def numbered(call: Call) -> Reading:
    """The records with the number or the parent that is asked for; without either, those of a kind without a parent."""
    identity = call.report.identity
    assert isinstance(identity, Numbered)  # noqa: S101 (the table of verbs says so)
    repairs: list[Repair] = []
    where: Row = {}
    number = number_in(call, repairs)
    if number is not None:
        where[identity.number] = number
    if identity.parent:
        said = read(call.report, {identity.parent: call.sent.get(identity.parent)}, call.at, partial=True)
        where |= said.values
        if not where:
            raise Refused([Problem(member=identity.parent, code="required")])
    look = reads.having(call.origin.hospital, call.report, where, (identity.number,))
    return Reading(look, _shown(call), repairs)


def named(call: Call) -> Reading:
    """The records of one local day, else of today (V.A)."""
    identity = call.report.identity
    assert isinstance(identity, Named)  # noqa: S101 (the table of verbs says so)
    # The guide calls the filter `tanggal`, whatever the member is called.
    said = read(
        call.report,
        {identity.day: call.sent.get("tanggal", call.sent.get(identity.day))},
        call.at,
        partial=True,
    )
    day = said.values.get(identity.day) or call.at.today
    return Reading(reads.having(call.origin.hospital, call.report, {identity.day: day}), _shown(call), said.repairs)


def steps(call: Call) -> Reading:
    """The marks of one parent, in the order of their steps."""
    identity = call.report.identity
    assert isinstance(identity, Steps)  # noqa: S101 (the table of verbs says so)
    said = read(call.report, {identity.parent: call.sent.get(identity.parent)}, call.at, partial=True)
    if identity.parent not in said.values:
        raise Refused([Problem(member=identity.parent, code="required")])
    where = {identity.parent: said.values[identity.parent]}
    return Reading(reads.having(call.origin.hospital, call.report, where, (identity.step,)), _shown(call), said.repairs)


USUAL: dict[type[Identity], dict[str, Verb]] = {
    PerDay: {"GET": days, "POST": save, "PUT": save, "DELETE": remove},
    PerItem: {"GET": items, "POST": add, "PUT": replace, "DELETE": remove},
    Numbered: {"GET": numbered, "POST": add, "PUT": replace, "DELETE": remove},
    Named: {"GET": named, "POST": add, "PUT": replace, "DELETE": remove},
    Steps: {"GET": steps, "POST": add, "PUT": replace},
}
