"""What was sent → a record: the one verdict for the API, the form, the spreadsheet and the hospital's client."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rsonline.reports.fields import At, Fault
from rsonline.reports.report import Member, Record, Report, Row, members
from rsonline.reports.verdict import Problem, Refused, Repair, ReportWarning

_SHOWN_NAME = 40


class Read(NamedTuple):
    """What a message says: only members that were really sent (null and blank are not), with repairs and warnings."""

    values: Row
    repairs: list[Repair]
    warnings: list[ReportWarning]


def read(report: Report[Any], sent: Mapping[str, object], at: At, *, partial: bool = False) -> Read:
    """The values of `sent`, each through the reader of its member.

    `partial` lets required members be absent (a PUT that changes some of a stored record). Raises Refused with all
    problems in the order of the declaration. Members that the guide does not know are named in a warning.
    """
    values: Row = {}
    problems: list[Problem] = []
    repairs: list[Repair] = []
    warnings: list[ReportWarning] = []
    used = 0
    for member in members(report.record):
        name = member.name
        raw = sent.get(name)
        if name in sent:
            used += 1
        for alias in member.aliases:
            if alias in sent:
                used += 1
                repairs.append(Repair("alias", alias))
                if raw is None or raw == "":
                    raw = sent[alias]
                elif sent[alias] not in (None, "") and str(sent[alias]) != str(raw):
                    warnings.append(ReportWarning(member=name, code="alias_differs", detail={"alias": alias}))
        try:
            value = None if raw is None else member.kind.read(raw, at, repairs, name)
        except Fault as fault:
            problems.append(Problem(member=name, code=fault.code, received=_received(member, raw), detail=fault.detail))
            continue
        if value is not None and not _says_nothing(member, value):
            values[name] = value
        elif member.required and not partial:
            problems.append(Problem(member=name, code="required"))
    if used < len(sent):
        warnings += _unknown(report, sent)
    if problems:
        raise Refused(problems, tuple(repairs))
    return Read(values, repairs, warnings)


def missing(report: Report[Any], values: Mapping[str, Any]) -> list[Problem]:
    """A problem for each required member that a merged record still lacks."""
    return [
        Problem(member=m.name, code="required")
        for m in members(report.record)
        if m.required and (values.get(m.name) is None or _says_nothing(m, values[m.name]))
    ]


def complete(report: Report[Any], values: Row, at: At) -> list[ReportWarning]:
    """Give a new or merged record its defaults, in place; what is odd about it."""
    for member in members(report.record):
        if member.stored and values.get(member.name) is None:
            values[member.name] = member.default
    report.record.settle(values, at)
    return list(report.record.odd(values, at))


def record_of(report: Report[Any], values: Mapping[str, Any]) -> Record:
    """The typed record of complete values."""
    made: Record = report.record(
        **{m.name: values[m.name] for m in members(report.record) if m.stored and values.get(m.name) is not None}
    )
    return made


def _says_nothing(member: Member, value: object) -> bool:
    """Whether an empty text stands where something is required."""
    return value == "" and member.required and not getattr(member.kind, "blank", False)


def _received(member: Member, raw: object) -> str | None:
    """What may be repeated in a refusal: never something personal, never more than a glance."""
    if member.personal:
        return None
    if isinstance(raw, dict | list):
        return "{…}" if isinstance(raw, dict) else "[…]"
    text = {True: "true", False: "false", None: "null"}[raw] if raw is None or isinstance(raw, bool) else str(raw)
    shown = "".join(c if c.isprintable() else "�" for c in text[:_SHOWN_NAME])
    return shown + ("…" if len(text) > _SHOWN_NAME else "")


def _unknown(report: Report[Any], sent: Mapping[str, object]) -> list[ReportWarning]:
    known = {n for m in members(report.record) for n in (m.name, *m.aliases)} | {getattr(report.identity, "number", "")}
    return [
        ReportWarning(member=name[:_SHOWN_NAME], code="unknown_member")
        for name in sent
        if name not in known and name.isascii() and name.isprintable()
    ]
