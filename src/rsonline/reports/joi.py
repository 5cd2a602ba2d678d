"""The patient API's own verdict (pasien-covid 0.3): the first problem, in the order of the declaration.

Its clients know the wording of the Joi library, which tells one problem and reads types more strictly than the guide's
service: numbers may be spelled as text, text is never a number. What only looks odd to us but passed there (a date that
does not exist, an id of no list) is told apart: `read` is the schema, `settled` the sense.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, ClassVar, NamedTuple

from rsonline.reports import icd10, regions
from rsonline.reports.fields import _CONTROL, _HIDDEN, At, ColumnType, Fault, Kind, Scalar, Schema
from rsonline.reports.references import VILLAGES, Reference
from rsonline.reports.report import Member, Record, Row, members
from rsonline.reports.verdict import Problem, Refused, Repair, ReportWarning

SAFE = 2**53 - 1
_SHORT = 15
"""So many digits are always a safe number."""
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\s*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ICD = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?")
_SPELLED: Schema = {
    "type": "string",
    "pattern": r"^[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?[ \t\r\n]*$",
}
_ABSENT = object()
Sent = Mapping[str, object]


@dataclass(frozen=True)
class JoiText(Kind):
    """A text; a number is none."""

    most: int = 255
    nullable: bool = False

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> str | None:
        """Faults: must_be_text, empty. None is only given where it is allowed."""
        if raw is None and self.nullable:
            return None
        if not isinstance(raw, str):
            raise Fault("must_be_text")
        if not raw:
            raise Fault("empty")
        return raw

    def sense(self, value: Any, at: At) -> Scalar:
        """The value as it is kept. Faults: too_long, forbidden_character."""
        if len(value) > self.most:
            raise Fault("too_long", most=self.most)
        if not value.isprintable() and (_CONTROL.search(value) or _HIDDEN.search(value)):
            raise Fault("forbidden_character")
        return str(value)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """Text that is not empty."""
        return ({"type": "string", "minLength": 1, "maxLength": self.most},)

    def schema(self, references: Mapping[str, Reference], *, required: bool = False) -> Schema:
        """With null where it is allowed, whether or not the key must be there."""
        allowed = (*self.values(references), *(({"type": "null"},) if self.nullable else ()))
        return allowed[0] if len(allowed) == 1 else {"anyOf": list(allowed)}


@dataclass(frozen=True)
class JoiDay(JoiText):
    """A calendar day, `YYYY-MM-DD`, sent as text."""

    column: ClassVar[ColumnType] = "day"

    def sense(self, value: Any, at: At) -> date:
        """Fault: not_a_date, also for a day before 1900: MySQL's `0000-00-00` stands for none here (3.6)."""
        if not _DAY.fullmatch(value):
            raise Fault("not_a_date")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise Fault("not_a_date") from None
        if day.year < 1900:
            raise Fault("not_a_date")
        return day

    def wire(self, value: date, at: At) -> str:
        """`YYYY-MM-DD`."""
        return value.isoformat()

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """`YYYY-MM-DD`."""
        return ({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},)


@dataclass(frozen=True)
class JoiCode(JoiText):
    """An id that is text: of a reference list, of ICD-10 (`of="icd10"`), or of the countries."""

    of: str = ""

    def sense(self, value: Any, at: At) -> str:
        """Fault: unknown_reference."""
        if self.of == "icd10":
            if not _ICD.fullmatch(value):
                raise Fault("unknown_reference", of=self.of)
            return str(value)
        reference = at.references[self.of]
        if value in reference.entries or (not reference.complete and len(value) <= 20 and value.isprintable()):
            return str(value)
        raise Fault("unknown_reference", of=self.of)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """The ids of a list that is complete."""
        reference = references.get(self.of)
        if reference is None:
            return ({"type": "string", "pattern": f"^{_ICD.pattern}$"},)
        if reference.complete:
            return ({"type": "string", "enum": list(reference.entries)},)
        return ({"type": "string", "minLength": 1, "maxLength": 20},)


@dataclass(frozen=True)
class JoiNumber(Kind):
    """A number, or text that spells one."""

    nullable: bool = False
    column: ClassVar[ColumnType] = "decimal"

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> float | int | None:
        """Faults: must_be_number, must_be_safe (beyond 2^53 - 1)."""
        if type(raw) is int and -SAFE <= raw <= SAFE:
            return raw
        if raw is None and self.nullable:
            return None
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise Fault("must_be_number")
        value: float | int
        if isinstance(raw, str):
            if len(raw) <= _SHORT and raw.isdecimal() and raw.isascii():
                return int(raw)
            if not _NUMBER.fullmatch(raw):
                raise Fault("must_be_number")
            value = float(raw)
            if not _keeps(raw.strip(), value):
                raise Fault("must_be_safe")
        else:
            value = raw
        if not -SAFE <= value <= SAFE:
            raise Fault("must_be_safe")
        return int(value) if float(value).is_integer() else value

    def sense(self, value: Any, at: At) -> Scalar:
        """The value as it is kept."""
        return float(value)

    def wire(self, value: Any, at: At) -> str:
        """Without `.0`."""
        return str(int(value) if float(value).is_integer() else value)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """A number, or text that spells one."""
        return (
            {"type": "number"},
            _SPELLED,
        )

    def schema(self, references: Mapping[str, Reference], *, required: bool = False) -> Schema:
        """With null where it is allowed, whether or not the key must be there."""
        return {"anyOf": [*self.values(references), *(({"type": "null"},) if self.nullable else ())]}


@dataclass(frozen=True)
class JoiId(JoiNumber):
    """A whole number that is an id: of a reference list, of a region (`of="regions"`), or of a record (no list)."""

    of: str = ""
    column: ClassVar[ColumnType] = "whole"

    def sense(self, value: Any, at: At) -> int:
        """Fault: unknown_reference, also for a number that is not whole."""
        if value != int(value):
            raise Fault("unknown_reference", of=self.of)
        text = str(int(value))
        if self.of == "regions":
            # `11` is not a padded code of another length: provinces have two digits, districts six.
            known = {2: regions.province, 4: regions.regency, 6: regions.district}.get(len(text))
            if not (_may_be_village(text, at) if known is None else known(text)):
                raise Fault("unknown_reference", of=self.of)
        elif self.of:
            reference = at.references[self.of]
            if text not in reference.entries and (reference.complete or not 0 <= int(text) <= 99_999):
                raise Fault("unknown_reference", of=self.of)
        return int(text)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """The ids of a list that is complete, as numbers or as text."""
        reference = references.get(self.of)
        if reference is None or not reference.complete:
            return (
                {"type": "integer", "minimum": 0, "maximum": 99_999 if reference else 10**12},
                _SPELLED,
            )
        ids = list(reference.entries)
        return ({"type": "integer", "enum": [int(i) for i in ids]}, _SPELLED)


def _may_be_village(code: str, at: At) -> bool:
    """Villages come and go each year: one is taken that is listed, or lies in a regency that is."""
    return len(code) == 10 and (regions.regency(code[:4]) is not None or code in at.references[VILLAGES].entries)


def _keeps(text: str, value: float) -> bool:
    """Whether a number keeps every digit that was sent, as Joi asks of text."""
    if value in (float("inf"), float("-inf")):
        return False
    shown = repr(value)
    if "e" in text.lower() or "e" in shown:
        return True
    return _plain(text) == _plain(shown)


def _plain(text: str) -> str:
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    digits = f"{whole}.{fraction}" if fraction else whole
    return digits if digits == "0" else sign + digits


class Read(NamedTuple):
    """What a body says, by member: `values` as the schema reads them, `raw` as they were sent."""

    values: Row
    raw: Row
    dropped: tuple[str, ...] = ()
    """Members of the body that were passed over."""


class _Part(NamedTuple):
    """The members that stand together: in the body itself, or in one object of it."""

    group: str | None
    members: tuple[tuple[str, bool, Callable[..., Scalar | None]], ...]
    """Name, whether it must be there, and what reads it."""
    known: frozenset[str]


@cache
def _parts(record: type[Record], leave_out: tuple[str, ...]) -> tuple[tuple[_Part, ...], frozenset[str]]:
    """The parts of a body in their order, and the keys of the body itself."""
    known = [m for m in members(record) if not m.own and m.name not in leave_out]
    found = []
    for group in dict.fromkeys(m.within for m in known):
        inside = tuple((m.name, m.required, m.kind.read) for m in known if m.within == group)
        found.append(_Part(group, inside, frozenset(name for name, _, _ in inside)))
    return tuple(found), frozenset(m.within or m.name for m in known)


def read(record: type[Record], body: object, at: At, *, leave_out: tuple[str, ...] = ()) -> Read:
    """A body by the schema of a record, without some of its members. Raises Refused with the first problem.

    The problem's member is its path (`gejala.demamId`); `value` is the body itself.
    """
    if not isinstance(body, dict):
        raise Refused([Problem(member="value", code="must_be_object")])
    values: Row = {}
    raw: Row = {}
    parts, keys = _parts(record, leave_out)
    for part in parts:
        inside, path = (body, "") if part.group is None else (_group(body, part.group), f"{part.group}.")
        for name, required, reads in part.members:
            given = inside.get(name, _ABSENT)
            if given is _ABSENT:
                if required:
                    raise Refused([Problem(member=path + name, code="required")])
                values[name] = raw[name] = None
                continue
            try:
                values[name] = reads(given, at, [], name)
            except Fault as fault:
                raise Refused([Problem(member=path + name, code=fault.code, detail=fault.detail)]) from None
            raw[name] = given
        if part.group is not None:
            _only_known(inside, part.known, path)
    _only_known(body, keys, "")
    return Read(values, raw)


def _group(body: Sent, group: str) -> dict[str, object]:
    if group not in body:
        raise Refused([Problem(member=group, code="required")])
    inside = body[group]
    if not isinstance(inside, dict):
        raise Refused([Problem(member=group, code="must_be_object")])
    return inside


def _only_known(sent: Sent, known: frozenset[str], path: str) -> None:
    if sent.keys() <= known:
        return
    for name in sent:
        if name not in known:
            raise Refused([Problem(member=path + name, code="not_allowed")])


@cache
def _senses(record: type[Record], days: bool) -> tuple[tuple[Member, Any, str], ...]:
    """Each member with the function that makes sense of it and the list that it is of; only days where asked for."""
    return tuple(
        (m, m.kind.sense, getattr(m.kind, "of", ""))  # type: ignore[attr-defined]  # its kinds have it
        for m in members(record)
        if not m.own and (not days or m.kind.column == "day")
    )


def days_of(record: type[Record], said: Read, at: At) -> Row:
    """The days of a body. Raises Refused with the first that does not exist."""
    return {m.name: _sensible(m, sense, said.values[m.name], at) for m, sense, _ in _senses(record, True)}


def settled(record: type[Record], said: Read, at: At) -> tuple[Row, list[ReportWarning]]:
    """The values as they are kept, and a warning for each id of a list that is known to be incomplete.

    Raises Refused with the first member that makes no sense (8.2: no existence check, no date format check).
    """
    kept: Row = {}
    warnings = [ReportWarning(member=name, code="outdated_member") for name in said.dropped]
    references = at.references
    for member, sense, of in _senses(record, False):
        name = member.name
        if name not in said.values:
            continue
        value = said.values[name]
        listed = references[of].entries if of and of in references else None
        if value is None or (listed is not None and str(value) in listed):
            # An id of its list is kept as it was read.
            kept[name] = value
            continue
        kept[name] = _sensible(member, sense, value, at)
        if listed is not None:
            warnings.append(ReportWarning(member=name, code="unlisted_id", detail={"of": of}))
    return kept, warnings


def _sensible(member: Member, sense: Any, value: Any, at: At) -> Any:
    if value is None:
        return None
    try:
        return sense(value, at)
    except Fault as fault:
        path = f"{member.within}." if member.within else ""
        raise Refused([Problem(member=path + member.name, code=fault.code, detail=fault.detail)]) from None


def shown_number(value: float) -> int | float:
    """A number without a fraction that says nothing."""
    return int(value) if float(value).is_integer() else value


def label(at: At, of: str, value: object) -> str | None:
    """The text of an id: of a list, of ICD-10, or None."""
    if value is None:
        return None
    if of == "icd10":
        return icd10.text(str(value))
    entry = at.references[of].entries.get(str(value))
    return None if entry is None else entry.nama
