"""What a row of a file means: something new, a change, what is there already, or nothing that can be taken.

A row goes through the verbs that a machine's message goes through: POST where there is nothing yet, PUT where there is.
It is carried out only as it was judged: while the record is as it was then, and once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from rsonline.intake.edits import expecting
from rsonline.intake.rules import also, verbs_of
from rsonline.intake.verbs import Asked, Call, live, number_in
from rsonline.reports import nik
from rsonline.reports.report import Numbered, Report, Row, key_of, members, recognised
from rsonline.reports.verdict import Problem, Refused, ReportWarning
from rsonline.store.change import Change, Decision, Found, LaterLookup, Lookup, Outcome

Kind = Literal["new", "change", "same", "refused", "unknown", "conflict"]
"""`unknown`: the service's number is no record here; `conflict`: another record has that name."""
Try = Callable[[Change], Decision]
"""What a change would decide, without carrying it out."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a row. `version` and `seen` say what it was judged beside, `same_as` tells rows of one record."""

    kind: Kind
    method: str = "POST"
    version: int = 0
    seen: str = ""
    same_as: str = ""
    problems: Sequence[Problem] = ()
    warnings: Sequence[ReportWarning] = ()
    old: Row | None = None
    new: Row | None = None


def judge(call: Call, decide: Try) -> Judged:
    """The verdict on what a row says. Nothing is written."""
    report = call.report
    try:
        asked = ask(call, "POST")
        numbered = isinstance(report.identity, Numbered) and number_in(call, []) is not None
        method = "PUT" if numbered else "POST"
        if numbered:
            asked = ask(call, method)
        decision = decide(asked.change)
        repeated = isinstance(report.identity, Numbered) and not report.identity.unique
        if decision.outcome.kind == "exists" and not repeated:
            method = "PUT"
            asked = ask(call, method)
            decision = decide(asked.change)
    except Refused as refused:
        return Judged("refused", problems=refused.problems)
    outcome = decision.outcome
    same_as = _same_as(call, asked.values, numbered)
    if outcome.kind == "exists":
        return Judged("same", method, same_as=same_as, warnings=outcome.warnings)
    if outcome.kind == "unknown" or outcome.kind == "conflict":
        return Judged(outcome.kind, method)
    if outcome.kind == "refused" or not decision.writes:
        return Judged("refused", method, problems=outcome.problems)
    put = decision.writes[0]
    old = put.old if put.old is not None and put.old["deleted_at"] is None else None
    if old is not None and same(report, put.values, old, asked.values):
        return Judged("same", method, old["version"], same_as=same_as, warnings=outcome.warnings)
    seen = str(put.old["version"]) if put.old is not None else _seen(call, asked.values, decide)
    version = 0 if old is None else old["version"]
    kind: Kind = "new" if old is None else "change"
    return Judged(kind, method, version, seen, same_as, (), outcome.warnings, old, put.values)


def carried_out(call: Call, judged_method: str, version: int) -> Asked:
    """What a row asks for, as it was judged. Raises Refused."""
    return expecting(ask(call, judged_method), version)


def ask(call: Call, method: str) -> Asked:
    """What a row asks for by a method. Raises Refused."""
    asked = verbs_of(call.report)[method](msgspec.structs.replace(call, whole=True))
    assert isinstance(asked, Asked)  # noqa: S101 (POST and PUT change)
    return _once(call, asked) if method == "POST" else asked


def same(report: Report[Any], values: Row, old: Row, said: Row) -> bool:
    """Whether a record would stay as it is; the time of a message counts only where the message says it."""
    return all(
        _told(values.get(m.name)) == _told(old.get(m.name))
        if m.name in report.record.renewed
        else values.get(m.name) == old.get(m.name)
        for m in members(report.record)
        if m.stored and (m.name not in report.record.renewed or m.name in said)
    )


def _told(value: object) -> object:
    """The time of a message as one can be told: to the second."""
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def _once(call: Call, asked: Asked) -> Asked:
    """Of a kind that lets a hospital add the same record twice: what is there word for word is not added again."""
    identity = call.report.identity
    if not isinstance(identity, Numbered) or identity.unique:
        return asked
    usual = asked.change.decide

    def decide(found: Found, now: datetime) -> Decision:
        decision = usual(found[:-1], now)
        if decision.outcome.kind != "saved":
            return decision
        values = decision.writes[0].values
        there = live([row for row in (*found[0], *found[-1]) if same(call.report, values, row, asked.values)])
        return decision if there is None else Decision(Outcome("exists", there))

    beside = _beside(call.report, asked.values)
    return also(asked, beside if beside is not None else Lookup(call.report, {"recognised": None}), decide)


def _beside(report: Report[Any], values: Row, *, deleted: bool = False) -> Lookup | None:
    """Where a record names its person by a placeholder, it is not recognised: those of the same days."""
    identity = report.identity
    assert isinstance(identity, Numbered)  # noqa: S101 (only asked for one)
    named = {m.name: m for m in members(report.record)}
    persons = [m for m in members(report.record) if m.person and m.name in identity.recognised_by]
    if not any(nik.placeholder(_digits(values.get(m.name))) for m in persons):
        return None
    return Lookup(
        report,
        {name: values.get(name) for name in identity.recognised_by if not named[name].personal},
        deleted=deleted,
    )


def _digits(text: object) -> str:
    return "".join(c for c in str(text or "") if c.isalnum()).casefold()


def _seen(call: Call, values: Row, decide: Try) -> str:
    """What there was of such a record before, deleted ones too: after a deletion the same row is new again."""
    identity = call.report.identity
    if not isinstance(identity, Numbered):
        return ""
    defaults = {m.name: m.default for m in members(call.report.record)}
    key = recognised(identity, {**defaults, **values})
    lookups: list[Lookup | LaterLookup] = [Lookup(call.report, {"recognised": key}, deleted=True, whole=False)]
    beside = _beside(call.report, values, deleted=True)
    if beside is not None:
        lookups.append(msgspec.structs.replace(beside, whole=False))

    def look(found: Found, now: datetime) -> Decision:
        rows = {row[identity.number]: row["version"] for rows in found for row in rows}
        return Decision(Outcome("saved", {"seen": " ".join(f"{n}:{v}" for n, v in sorted(rows.items()))}))

    return str(decide(Change(call.origin, call.report, "view", tuple(lookups), look)).outcome.row["seen"])


def _same_as(call: Call, values: Row, numbered: bool) -> str:
    """By what two rows of a file are about one record; for a kind that takes the same one twice, word for word."""
    report, identity = call.report, call.report.identity
    if numbered:
        return f"#{number_in(call, [])}"
    if isinstance(identity, Numbered) and identity.unique:
        defaults = {m.name: m.default for m in members(report.record)}
        return recognised(identity, {**defaults, **values})
    if isinstance(identity, Numbered):
        return content(values)
    return content({name: values.get(name) for name in key_of(identity)})


def content(values: Mapping[str, Any]) -> str:
    """Values as one text, the same for the same values."""
    return msgspec.json.encode(sorted(values.items())).decode()


__all__ = ["Judged", "carried_out", "content", "judge"]
