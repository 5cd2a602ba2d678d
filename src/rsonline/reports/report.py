"""A report kind as a value: its record, where it lives, and what makes two records the same.

`Report` is data. What its members mean is written in their annotations; what is irregular about a kind is a function
in `intake/rules.py`, never an option here.
"""

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from rsonline.reports.fields import Alias, At, Ignored, Kind, Label, Own, Personal, Within
from rsonline.reports.verdict import ReportWarning, Words

Row = dict[str, Any]
"""A stored record: its members as Python values, and the store's own columns."""


class Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A report's record. Members are spelled as the guide spells them; one without a default is required."""

    renewed: ClassVar[frozenset[str]] = frozenset({"tgllapor"})
    """Members that speak of one message: a later message that lacks them does not keep the old value."""

    def __repr__(self) -> str:
        """Its members, but of what identifies a person only that it is there (SR-50)."""
        said = (f"{name}={value if value == '…' else repr(value)}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(said)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for the terminal."""
        shown = ((m.name, getattr(self, m.name), m.personal) for m in members(type(self)))
        return [(name, "…" if hidden else value) for name, value, hidden in shown if value is not None]

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """Fill in, in place, what the guide lets a client leave out. The values are complete but for that."""

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """What is implausible about the complete values."""
        return iter(())


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class PerDay:
    """One record per hospital and day."""

    day: str


@dataclass(frozen=True, slots=True)
class PerItem:
    """One record per entry of the reference list `of`."""

    item: str
    of: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """The service numbers the record as `number`; `recognised_by` is how the hospital knows it again.

    `unique` refuses a second record recognised by the same values. `parent` is the number of the report that it
    belongs to, a member of the record that is fixed at creation.
    """

    number: str
    recognised_by: tuple[str, ...]
    unique: bool = False
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The hospital names the record."""

    name: str
    day: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Marks on a parent (`name` is its key): corrected, never taken away."""

    parent: str
    step: str


Identity = PerDay | PerItem | Numbered | Named | Steps


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a record, as its annotation declares it."""

    name: str
    kind: Kind
    label: Label
    required: bool
    default: Any
    personal: bool
    person: bool
    aliases: tuple[str, ...]
    sought: bool = False
    within: str | None = None
    own: bool = False

    @property
    def stored(self) -> bool:
        """Whether it has a column."""
        return not isinstance(self.kind, Ignored)


def as_sent(row: Row, report: "Report[Any]", at: At) -> dict[str, str | None]:
    """A row as a GET gives it: the members in the guide's order, as text, null where nothing was sent."""
    return {
        m.name: None if row.get(m.name) is None else m.kind.wire(row[m.name], at)
        for m in members(report.record)
        if m.stored
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Report(Generic[R]):
    """A report kind of the guide.

    `name` is its table, page, command and test folder; `path` stands below `/fo/index.php`; `root` is the one key of
    every answer; `shown` makes a stored row what a GET gives; `guide` is the chapter.
    """

    name: str
    title: Words
    path: str
    root: str
    record: type[R]
    identity: Identity
    guide: str
    shown: "Callable[[Row, Report[Any], At], dict[str, Any]]" = as_sent


_MEMBERS: dict[type[Record], tuple[Member, ...]] = {}


def members(record: type[Record]) -> tuple[Member, ...]:
    """The members of a record in the order of its declaration; raise TypeError for one that is not declared whole."""
    known = _MEMBERS.get(record)
    if known is None:
        known = _MEMBERS[record] = _declared(record)
    return known


def _declared(record: type[Record]) -> tuple[Member, ...]:
    hints = typing.get_type_hints(record, include_extras=True)
    found = []
    for field in msgspec.structs.fields(record):
        marks = getattr(hints[field.name], "__metadata__", ())
        kinds = [m for m in marks if isinstance(m, Kind)]
        labels = [m for m in marks if isinstance(m, Label)]
        if len(kinds) != 1 or len(labels) != 1:
            raise TypeError(f"{record.__name__}.{field.name} needs one kind and one Label")
        aliases = tuple(name for m in marks if isinstance(m, Alias) for name in m.names)
        found.append(
            Member(
                name=field.name,
                kind=kinds[0],
                label=labels[0],
                required=field.required,
                default=None if field.default is msgspec.NODEFAULT else field.default,
                personal=any(isinstance(m, Personal) for m in marks),
                person=any(isinstance(m, Personal) and m.person for m in marks),
                aliases=aliases,
                sought=any(isinstance(m, Personal) and m.sought for m in marks),
                within=next((m.group for m in marks if isinstance(m, Within)), None),
                own=any(isinstance(m, Own) for m in marks),
            )
        )
    return tuple(found)


def key_of(identity: Identity) -> tuple[str, ...]:
    """The members that, behind the hospital's code, are the primary key."""
    match identity:
        case PerDay(day):
            return (day,)
        case PerItem(item, _):
            return (item,)
        case Numbered(number, _, _, _):
            return (number,)
        case Named(name, _):
            return (name,)
        case Steps(parent, step):
            return (parent, step)


def recognised(identity: Numbered, values: Mapping[str, Any]) -> str:
    """The text by which two records are the same to the hospital: blanks collapsed, case folded (wire 3.3)."""
    return "\x1f".join(
        " ".join(str(values.get(m) if values.get(m) is not None else "").casefold().split())
        for m in identity.recognised_by
    )


def check(reports: tuple[Report[Any], ...]) -> list[str]:
    """Every fault that the declarations have, in words; an empty list is a sound set."""
    faults = []
    for seen in ("name", "path"):
        values = [getattr(r, seen) for r in reports]
        faults += [f"two reports have the {seen} {v!r}" for v in sorted(set(values)) if values.count(v) > 1]
    for report in reports:
        declared = {m.name for m in members(report.record)}
        number = {report.identity.number} if isinstance(report.identity, Numbered) else set()
        wanted = set(key_of(report.identity)) | (
            set(report.identity.recognised_by) if isinstance(report.identity, Numbered) else set()
        )
        faults += [
            f"{report.name}: its identity names {m!r}, which the record lacks"
            for m in sorted(wanted - declared - number)
        ]
        if not re.fullmatch("[a-z][a-z_]*", report.name):
            faults.append(f"{report.name}: a name is lower-case letters and underscores")
        if not re.fullmatch("(/[A-Za-z_0-9]+)+", report.path):
            faults.append(f"{report.name}: a path is made of letters, digits and underscores")
        taken = [n for m in members(report.record) for n in (m.name, *m.aliases)]
        faults += [f"{report.name}: {n!r} is spelled by two members" for n in sorted(set(taken)) if taken.count(n) > 1]
        faults += [f"{report.name}.{m.name}: no English label" for m in members(report.record) if not m.label.en]
        faults += [
            f"{report.name}.{m.name}: only text can be sealed"
            for m in members(report.record)
            if m.personal and m.kind.column != "text"
        ]
    return faults
