"""The loop members → fields, and what a posted form says: the same members that a machine would send.

A form gives the same verdict as the API because it is read by the same codec. Here is only what a browser needs: a
label, the kind of input, its bounds, the choices of a list; and the way back from a browser's moment to milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, NamedTuple

from rsonline.reports import joi
from rsonline.reports.fields import (
    At,
    Count,
    CubicMetres,
    Day,
    Flag,
    Ignored,
    Milliseconds,
    Moment,
    OneOf,
    Owner,
    ServiceNumber,
    Text,
)
from rsonline.reports.references import Reference
from rsonline.reports.report import Member, Record, Report, members
from rsonline.reports.verdict import Problem, ReportWarning, Words
from rsonline.reports.wording import problem_text, warning_text

InputType = Literal["number", "decimal", "date", "moment", "text", "choice", "flag"]
FEW = 60
"""As many choices are shown in a list; of more, a text field with suggestions."""


class Option(NamedTuple):
    """One choice."""

    id: str
    label: str


@dataclass(slots=True)
class Field:
    """One field of a form, with what is to be said beside it. `value` is text, as a browser sends it."""

    name: str
    input: InputType
    label: str
    unit: str | None = None
    meaning: str | None = None
    required: bool = False
    most: float | None = None
    longest: int | None = None
    options: Sequence[Option] = ()
    value: str = ""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    personal: bool = False
    fixed: bool = False
    """Part of the record's key: shown, not changed."""
    before: str | None = None
    """Yesterday's value, as text."""
    suggest: str = ""
    """Where suggestions come from while typing."""
    prefix: str = "f"
    """What stands before its name in its id: the line, where a page has several forms."""

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"{self.prefix}-{self.name}"


@dataclass(slots=True)
class Group:
    """Fields that the guide shows together."""

    title: str | None
    fields: list[Field]


@dataclass(slots=True)
class Grid:
    """A wide form as rows and columns: the label of each column, and each row with its fields."""

    columns: list[str]
    rows: list[Group]


def typed(member: Member) -> bool:
    """Whether a person types this member: not what the service works out, what says nothing, or whose it is."""
    return not member.own and not isinstance(member.kind, Ignored | Owner | ServiceNumber)


@cache
def _typed(report: Report[Any]) -> tuple[Member, ...]:
    """The members of a kind that a person types: a table of forty rooms asks for them forty times."""
    return tuple(m for m in members(report.record) if typed(m))


def fields(
    report: Report[Any], at: At, language: str, values: Mapping[str, str], leave_out: Iterable[str] = ()
) -> list[Field]:
    """The fields of a form, in the guide's order, with values as text."""
    out = set(leave_out)
    return [_field(m, at, language, values.get(m.name, "")) for m in _typed(report) if m.name not in out]


def grouped(report: Report[Any], found: Sequence[Field], language: str) -> list[Group]:
    """The fields in groups, as the guide groups them; those before the first group stand without a title."""
    labels = {m.name: m.label.group for m in members(report.record)}
    groups: list[Group] = []
    for each in found:
        words = labels[each.name]
        title = None if words is None else _text(words, language)
        if not groups or groups[-1].title != title:
            groups.append(Group(title, []))
        groups[-1].fields.append(each)
    return groups


def grid(groups: Sequence[Group]) -> tuple[list[Group], Grid | None]:
    """The groups that are no rows, and the rest as a grid: five or more groups with the same columns.

    The guide lists some wide forms column by column, so that a row's fields stand apart: they are put together.
    """
    rows: dict[str, Group] = {}
    for group in groups:
        if group.title and all(f.label.startswith(f"{group.title}: ") for f in group.fields):
            rows.setdefault(group.title, Group(group.title, [])).fields.extend(group.fields)
    columns: list[str] = []
    for row in rows.values():
        columns += [c for c in map(_column, row.fields) if c not in columns]
    same = [row for row in rows.values() if sorted(map(_column, row.fields)) == sorted(columns)]
    if len(same) < 5 or len(same) < len(rows):
        return list(groups), None
    for row in same:
        row.fields.sort(key=lambda f: columns.index(_column(f)))
    return [g for g in groups if g.title not in rows], Grid(columns, same)


def _column(found: Field) -> str:
    """What a field of a grid is called above its column."""
    return found.label.partition(": ")[2]


def texts(report: Report[Any], row: Mapping[str, Any], at: At) -> dict[str, str]:
    """A stored row as the values of a form."""
    return {m.name: _shown(m, row[m.name], at) for m in _typed(report) if row.get(m.name) is not None}


def sent(report: Report[Any], form: Mapping[str, Any], at: At) -> dict[str, object]:
    """What a posted form says, as the members that a machine would send. Fields that are empty say nothing."""
    found: dict[str, object] = {}
    for m in members(report.record):
        text = form.get(m.name)
        if not typed(m) or not isinstance(text, str):
            continue
        if isinstance(m.kind, Milliseconds):
            found[m.name] = _milliseconds(text, at)
        elif isinstance(m.kind, joi.JoiNumber | joi.JoiId) and text.strip():
            found[m.name] = text.strip()
        else:
            found[m.name] = text
    return found


def mark(
    found: Sequence[Field], problems: Sequence[Problem], warnings: Sequence[ReportWarning], language: str
) -> list[str]:
    """Put problems and warnings beside their fields; those of no field are given back, for the top of the form."""
    named = {f.name: f for f in found}
    rest = []
    for problem in problems:
        text = _text(problem_text(problem, None), language)
        # A member of a group is told by its path.
        name = problem.member.rpartition(".")[2]
        if name in named:
            named[name].errors.append(_named(text, problem.member, named[name].label))
        else:
            rest.append(text)
    for warning in warnings:
        text = _text(warning_text(warning, None), language)
        if warning.member in named:
            named[warning.member].warnings.append(_named(text, warning.member, named[warning.member].label))
        else:
            rest.append(text)
    return rest


def body(record: type[Record], form: Mapping[str, Any], leave_out: Iterable[str] = ()) -> dict[str, object]:
    """What a posted form says, as the body of a message to the patient API: null where that may be, groups nested."""
    out: set[str] = set(leave_out)
    said: dict[str, Any] = {}
    for m in members(record):
        if not typed(m) or m.name in out:
            continue
        text = str(form.get(m.name, "")).strip()
        value: object = None if text == "" and getattr(m.kind, "nullable", False) else text
        inside = said if m.within is None else said.setdefault(m.within, {})
        inside[m.name] = value
    return said


def told(problem: Problem, language: str) -> str:
    """A problem in words, for a form that has no field for it."""
    return _text(problem_text(problem, None), language)


def _named(text: str, member: str, label: str) -> str:
    """A text with the field's label in place of the guide's spelling, which a person at a form never sees."""
    return text.replace(member, label, 1)


def _field(m: Member, at: At, language: str, value: str) -> Field:
    made = Field(
        m.name,
        _input(m, at),
        m.label.en if language == "en" else m.label.id,
        m.label.unit,
        None if m.label.meaning is None else _text(m.label.meaning, language),
        # A key that must be there may still say nothing.
        m.required and not getattr(m.kind, "nullable", False),
        most=float(m.kind.most) if isinstance(m.kind, Count | CubicMetres) else None,
        longest=m.kind.most if isinstance(m.kind, Text) else None,
        value=value,
        personal=m.personal,
    )
    if made.input == "choice":
        made.options = options(str(getattr(m.kind, "of", "")), at, language)
    return made


def _input(m: Member, at: At) -> InputType:
    match m.kind:
        case Count():
            return "number"
        case CubicMetres() | joi.JoiNumber():
            return "choice" if getattr(m.kind, "of", None) else "decimal"
        case Day() | joi.JoiDay():
            return "date"
        case Moment() | Milliseconds():
            return "moment"
        case Flag():
            return "flag"
        case OneOf():
            return "choice"
        case _:
            return "choice" if getattr(m.kind, "of", None) else "text"


def options(of: str, at: At, language: str) -> list[Option]:
    """The choices of a reference list."""
    reference = at.references.get(of)
    if reference is None:
        return []
    # A page of forty rooms asks forty times for the same list.
    known = _CHOICES.get((id(reference), language))
    if known is None or known[0] is not reference:
        made = [Option(e.id, e.name if language == "en" else e.nama) for e in reference.entries.values()]
        known = _CHOICES[id(reference), language] = (reference, made)
    return known[1]


_CHOICES: dict[tuple[int, str], tuple[Reference, list[Option]]] = {}


@cache
def _epoch() -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(text: str, at: At) -> str:
    """A browser's moment on the hospital's wall clock, as milliseconds; anything else as it is."""
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if local.tzinfo is None:
        local = local.replace(tzinfo=at.zone)
    return str(int((local.astimezone(UTC) - _epoch()).total_seconds() * 1000))


def _shown(m: Member, value: Any, at: At) -> str:
    if isinstance(m.kind, Moment | Milliseconds):
        return str(value.astimezone(at.zone).strftime("%Y-%m-%dT%H:%M"))
    return m.kind.wire(value, at)


def _text(words: Words, language: str) -> str:
    return words.en if language == "en" else words.id
