"""Kinds of member: how a value is read from the wire, its bounds, and what the API description says of it.

A member of a record is written `p_cair: Annotated[float, CubicMetres(), Label("Pemakaian cair", unit="m³")]`. The
kind reads whatever real clients send (numbers as text, padded codes, blanks around) and raises `Fault` for what
cannot be understood. It never judges plausibility: that is what warnings are for.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import msgspec

from rsonline.reports.references import Reference, shipped
from rsonline.reports.verdict import Detail, Repair, Words

Scalar = int | float | str | date | datetime
Schema = dict[str, Any]
ColumnType = Literal["whole", "decimal", "text", "day", "instant"]

LARGEST_COUNT = 2**31 - 1
# Directional overrides and zero-width characters hide what a name says (SR-27). The BOM counts as one of them.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u061c]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}(?:\.0{1,20})?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)

_PLAIN = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    r"\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]*$"
)
_AROUND = r"[ \t\r\n]*"
_NULL: Schema = {"type": "null"}
_BLANK: Schema = {"type": "string", "pattern": f"^{_AROUND}$"}
_NO_DAY: Schema = {"type": "string", "pattern": f"^{_AROUND}0000-00-00"}
_IN_A_YEAR = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_LEAP = "(0[48]|[2468][048]|[13579][26])"


class Fault(Exception):
    """One value cannot be understood; `code` and `detail` become a Problem of the member that was being read."""

    def __init__(self, code: str, **detail: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.detail: Detail = detail


class At(msgspec.Struct, frozen=True):
    """Where and when a record is read: whose it is, the hospital's zone, and the server's time (UTC)."""

    hospital: str
    zone: ZoneInfo
    now: datetime
    references: Mapping[str, Reference] = msgspec.field(default_factory=shipped)
    name: str = ""
    """The hospital's name."""
    unlisted: bool = False
    """Take ids that an incomplete reference list does not know, with a warning."""
    outdated: bool = False
    """Pass over members that a kind no longer has, with a warning."""

    @property
    def today(self) -> date:
        """The hospital's local day."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Label:
    """How a member is called, what it counts and where the guide says so."""

    id: str
    en: str
    unit: str | None = None
    group: Words | None = None
    meaning: Words | None = None


@dataclass(frozen=True)
class Alias:
    """Other spellings of a member that real clients send."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True)
class Personal:
    """Identifies a person: never in logs, never echoed in a refusal, sealed where it is kept.

    `person` marks a number that is one person's own wherever it occurs (a NIK): the journal can be searched by it.
    Records are found by one that is `sought`, through a blind index of its own.
    """

    person: bool = False
    sought: bool = False


@dataclass(frozen=True)
class Within:
    """Stands inside an object of the body (`gejala`)."""

    group: str


@dataclass(frozen=True)
class Own:
    """The service's own: worked out or set by another message, never sent with the record."""


class Kind:
    """A kind of member. `read` gives the value, or None where what was sent means "nothing sent"."""

    column: ClassVar[ColumnType] = "text"
    nothing: ClassVar[tuple[Schema, ...]] = (_NULL, _BLANK)
    """Schemas of what means "nothing sent"."""

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> Scalar | None:
        """Raise `Fault` where the value cannot be understood."""
        raise NotImplementedError

    def wire(self, value: Any, at: At) -> str:
        """The value as the service sends it: always text (wire 1.2)."""
        return str(value)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """JSON Schemas of what is read as a value, the plainest form first."""
        raise NotImplementedError

    def schema(self, references: Mapping[str, Reference], *, required: bool = False) -> Schema:
        """JSON Schema of exactly what `read` takes; where `required`, without what means "nothing sent"."""
        return {"anyOf": [*self.values(references), *(() if required else self.nothing)]}


def _at_most(most: int) -> str:
    """A pattern of the whole numbers from 0 to `most`, padded or not."""
    digits = str(most)
    shorter = [f"[0-9]{{1,{len(digits) - 1}}}"] if len(digits) > 1 else []
    same = [
        f"{digits[:i]}[{'1' if i == 0 else '0'}-{int(d) - 1}]" + (f"[0-9]{{{rest}}}" if rest else "")
        for i, d in enumerate(digits)
        if int(d) > (1 if i == 0 else 0)
        for rest in [len(digits) - i - 1]
    ]
    return f"0{{0,24}}({'|'.join([*shorter, *same, digits])})"


def _text_of(raw: object) -> str | None:
    """The scalar as text without surrounding blanks; raise Fault for anything that is no scalar."""
    if type(raw) is str:
        return raw.strip(" \t\r\n")
    if type(raw) is int:
        return str(raw)
    if type(raw) is float:
        return repr(raw)
    if raw is None:
        return None
    raise Fault("not_a_scalar")


@dataclass(frozen=True)
class Count(Kind):
    """A whole number of things or people, 0 or more."""

    most: int = LARGEST_COUNT
    column: ClassVar[ColumnType] = "whole"

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> int | None:
        """`7`, `"7"`, `" 07 "`, `7.0`. Faults: not_a_number, not_whole, negative, too_large."""
        if type(raw) is int:
            value = raw
        elif type(raw) is float:
            if not raw.is_integer():
                raise Fault("not_whole")
            value = int(raw)
        elif type(raw) is str:
            text = raw.strip(" \t\r\n")
            if not text:
                return None
            if text.isascii() and text.isdigit() and len(text) < 12:
                value = int(text)
            elif _WHOLE.fullmatch(text):
                value = int(text.partition(".")[0])
            else:
                raise Fault("not_whole" if _DECIMAL.fullmatch(text) else "not_a_number")
        elif raw is None:
            return None
        else:
            raise Fault("not_a_number")
        if value < 0:
            raise Fault("negative")
        if value > self.most:
            raise Fault("too_large", most=self.most)
        return value

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """A whole number, or text that spells one."""
        spelled = rf"^{_AROUND}([+]?{_at_most(self.most)}|-0{{1,25}})(\.0{{1,20}})?{_AROUND}$"
        return (
            {"type": "integer", "minimum": 0, "maximum": self.most},
            {"type": "string", "pattern": spelled},
        )


@dataclass(frozen=True)
class CubicMetres(Kind):
    """A volume in m³ with decimals, 0 or more (III.G). The service never converts."""

    most: float = 1e12
    column: ClassVar[ColumnType] = "decimal"

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> float | None:
        """`120`, `"8999.09"`; not `1,234`: a thousand? Faults: not_a_number, decimal_comma, negative, too_large."""
        if raw is None:
            return None
        if type(raw) is str:
            text = raw.strip(" \t\r\n")
            if not text:
                return None
            if not _DECIMAL.fullmatch(text):
                raise Fault("decimal_comma" if "," in text else "not_a_number")
            value = float(text)
        elif type(raw) is int or type(raw) is float:
            value = float(raw)
        else:
            raise Fault("not_a_number")
        if value < 0:
            raise Fault("negative")
        if value > self.most:
            raise Fault("too_large", most=self.most)
        return value

    def wire(self, value: float, at: At) -> str:
        """`120` and not `120.0`, as the captured service writes it; never an exponent."""
        if value.is_integer():
            return str(int(value))
        text = repr(float(value))
        return text if "e" not in text else f"{value:.15f}".rstrip("0").rstrip(".")

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """A number, or text that spells one with a decimal point."""
        fraction = r"(\.[0-9]{1,40})?"
        below = _at_most(int(self.most) - 1) + fraction
        spelled = (
            rf"^{_AROUND}([+]?({below}|0{{0,24}}{int(self.most)}(\.0{{1,40}})?)|-0{{1,25}}(\.0{{1,40}})?){_AROUND}$"
        )
        return (
            {"type": "number", "minimum": 0, "maximum": self.most},
            {"type": "string", "pattern": spelled},
        )


@dataclass(frozen=True)
class Day(Kind):
    """A local calendar day, `yyyy-mm-dd`."""

    ahead: int | None = None
    """Refuse days more than so many days after the hospital's today; None: any day."""
    column: ClassVar[ColumnType] = "day"
    nothing: ClassVar[tuple[Schema, ...]] = (_NULL, _BLANK, _NO_DAY)

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> date | None:
        """Faults: not_a_date, date_too_far_ahead. MySQL's `0000-00-00` and blank mean nothing sent."""
        if type(raw) is not str:
            if raw is None:
                return None
            raise Fault("not_a_date")
        text = raw.strip(" \t\r\n")
        if not text or text.startswith("0000-00-00"):
            return None
        match = _DAY.fullmatch(text) if text.isascii() else None
        if match is None:
            raise Fault("not_a_date")
        try:
            value = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            raise Fault("not_a_date") from None
        if value.year < 1900:
            raise Fault("not_a_date")
        if self.ahead is not None and value > at.today + timedelta(days=self.ahead):
            raise Fault("date_too_far_ahead", latest=(at.today + timedelta(days=self.ahead)).isoformat())
        return value

    def wire(self, value: date, at: At) -> str:
        """`yyyy-mm-dd`."""
        return value.isoformat()

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """`yyyy-mm-dd`; how far ahead it may lie depends on today and is said in words."""
        century = "(19|[2-9][0-9])"
        leap = f"({century}{_LEAP}|([2468][048]|[3579][26])00)"
        day = f"({century}[0-9]{{2}}-{_IN_A_YEAR}|{leap}-02-29)"
        midnight = "([T ]00:00(:00)?)?"
        return (
            {"type": "string", "format": "date", "pattern": f"^{day}$"},
            {"type": "string", "pattern": f"^{_AROUND}{day}{midnight}{_AROUND}$"},
        )


@dataclass(frozen=True)
class Moment(Kind):
    """A date and time of day on the hospital's wall clock, `yyyy-mm-dd hh:mm:ss`; kept as an instant."""

    column: ClassVar[ColumnType] = "instant"
    nothing: ClassVar[tuple[Schema, ...]] = (_NULL, _BLANK, _NO_DAY)

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> datetime | None:
        """Also `T` between, no seconds, a zone, or only a day (midnight). Fault: not_a_time."""
        if type(raw) is not str:
            if raw is None:
                return None
            raise Fault("not_a_time")
        text = raw.strip(" \t\r\n")
        if not text or text.startswith("0000-00-00"):
            return None
        match = _MOMENT.fullmatch(text) if text.isascii() else None
        try:
            if match:
                value = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ':00'}")
                zone = datetime.fromisoformat(f"2000-01-01T00:00{match[4]}").tzinfo if match[4] else at.zone
            elif text.isascii() and _DAY.fullmatch(text):
                value, zone = datetime.fromisoformat(text[:10]), at.zone
            else:
                raise Fault("not_a_time")
        except ValueError:
            raise Fault("not_a_time") from None
        if value.year < 1900 or value.year > 9000:
            raise Fault("not_a_time")
        return value.replace(tzinfo=zone).astimezone(UTC)

    def wire(self, value: datetime, at: At) -> str:
        """On the hospital's wall clock."""
        return value.astimezone(at.zone).strftime("%Y-%m-%d %H:%M:%S")

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """`yyyy-mm-dd hh:mm:ss` and the other forms that `read` names."""
        century = "(19|[2-8][0-9])"
        leap = f"({century}{_LEAP}|([2468][048]|[357][26])00)"
        day = f"(({century}[0-9]{{2}}|9000)-{_IN_A_YEAR}|{leap}-02-29)"
        clock = "([01][0-9]|2[0-3]):[0-5][0-9]"
        rest = rf"([T ]{clock}(:[0-5][0-9])?(\.[0-9]{{1,6}})?(Z|[+-]{clock})?)?"
        return ({"type": "string", "pattern": f"^{_AROUND}{day}{rest}{_AROUND}$"},)


@dataclass(frozen=True)
class Milliseconds(Kind):
    """An instant as milliseconds since 1970 (V); real clients send seconds as often, told apart by their digits."""

    column: ClassVar[ColumnType] = "instant"

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> datetime | None:
        """9-11 digits are seconds (repair `seconds_as_milliseconds`), 12-13 milliseconds. Fault: not_an_instant."""
        text = None if type(raw) is bool else _text_of(raw)
        if not text:
            if type(raw) is bool:
                raise Fault("not_an_instant")
            return None
        whole = text.partition(".")[0] if type(raw) is float else text
        if not (whole.isascii() and whole.isdigit()):
            raise Fault("not_an_instant")
        if 9 <= len(whole) <= 11:
            repairs.append(Repair("seconds_as_milliseconds", member))
            millis = int(whole) * 1000
        elif 12 <= len(whole) <= 13:
            millis = int(whole)
        else:
            raise Fault("not_an_instant")
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)

    def wire(self, value: datetime, at: At) -> str:
        """Milliseconds since 1970."""
        return str((value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """12 or 13 digits, or 9 to 11 for seconds."""
        return (
            {"type": "number", "minimum": 100_000_000, "exclusiveMaximum": 10_000_000_000_000},
            {"type": "string", "pattern": f"^{_AROUND}[0-9]{{9,13}}{_AROUND}$"},
        )


@dataclass(frozen=True)
class Text(Kind):
    """A text, kept as received after Unicode NFC (SR-27)."""

    most: int = 255
    blank: bool = False
    """An empty text is an answer, even where the member is required (a NIK that nobody has yet)."""
    nothing: ClassVar[tuple[Schema, ...]] = (_NULL, {"type": "string", "maxLength": 0})

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> str | None:
        """Numbers become their digits. Faults: not_text, too_long, forbidden_character."""
        if type(raw) is str:
            text = raw if raw.isascii() else unicodedata.normalize("NFC", raw)
        elif raw is None:
            return None
        elif type(raw) is int or type(raw) is float:
            text = str(raw)
        else:
            raise Fault("not_text")
        if len(text) > self.most:
            raise Fault("too_long", most=self.most)
        if not text.isprintable() and (_CONTROL.search(text) or _HIDDEN.search(text)):
            raise Fault("forbidden_character")
        return text

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """Text without control or hidden characters, or a whole number."""
        empty = 0 if self.blank else 1
        return (
            {"type": "string", "minLength": empty, "maxLength": self.most, "pattern": _PLAIN},
            {
                "type": "integer",
                "minimum": max(1 - 10 ** (self.most - 1), -(2**63)),
                "maximum": min(10**self.most - 1, 2**63 - 1),
            },
        )


@dataclass(frozen=True)
class OneOf(Kind):
    """An id of a reference list; codes made of digits may be padded (`"03"` is 3)."""

    of: str

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> str | None:
        """The id as the list spells it. Fault: unknown_reference."""
        if type(raw) is bool:
            raise Fault("unknown_reference", of=self.of)
        try:
            text = _text_of(raw)
        except Fault:
            raise Fault("unknown_reference", of=self.of) from None
        if not text:
            return None
        if type(raw) is float and raw.is_integer():
            text = str(int(raw))
        reference = at.references[self.of]
        if text in reference.entries:
            return text
        tidy = reference.tidied(text)
        if tidy is not None:
            if tidy != text:
                repairs.append(Repair(reference.repair_of(text), member))
            return tidy
        if not reference.complete and at.unlisted and text.isascii() and text.isdigit() and len(text) <= 6:
            return str(int(text))
        raise Fault("unknown_reference", of=self.of)

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """The ids, as text or as numbers; also ids that an incomplete list does not show."""
        reference = references[self.of]
        ids = list(reference.entries)
        if not all(i.isdigit() for i in ids):
            return ({"type": "string", "enum": ids},)
        known: tuple[Schema, ...] = (
            {"type": "string", "enum": ids},
            {"type": "integer", "enum": [int(i) for i in ids]},
        )
        if reference.complete:
            return known
        return (
            *known,
            {"type": "string", "pattern": f"^{_AROUND}[0-9]{{1,6}}{_AROUND}$"},
            {"type": "integer", "minimum": 0, "maximum": 999_999},
        )


@dataclass(frozen=True)
class Flag(Kind):
    """Yes (1) or no (0), as text, number or JSON boolean."""

    column: ClassVar[ColumnType] = "whole"

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> int | None:
        """Fault: not_a_flag."""
        if type(raw) is bool:
            return int(raw)
        try:
            text = _text_of(raw)
        except Fault:
            raise Fault("not_a_flag") from None
        if not text:
            return None
        if text in ("0", "1", "0.0", "1.0"):
            return int(text[0])
        raise Fault("not_a_flag")

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """0 or 1."""
        return (
            {"type": "string", "enum": ["0", "1"]},
            {"type": "integer", "enum": [0, 1]},
            {"type": "boolean"},
            {"type": "string", "pattern": rf"^{_AROUND}[01](\.0)?{_AROUND}$"},
        )


@dataclass(frozen=True)
class ServiceNumber(Kind):
    """A number that the service gave out (`id_t_tt`, `id_shk`). Null, blank and 0 mean "not known yet"."""

    column: ClassVar[ColumnType] = "whole"
    nothing: ClassVar[tuple[Schema, ...]] = (
        _NULL,
        {"type": "integer", "const": 0},
        {"type": "string", "maxLength": 18, "pattern": "^0*$"},
    )

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> int | None:
        """Fault: not_a_number."""
        text = None if type(raw) is bool else _text_of(raw)
        if type(raw) is float and raw.is_integer():
            text = str(int(raw))
        if not text:
            if type(raw) is bool:
                raise Fault("not_a_number")
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Fault("not_a_number")
        return int(text) or None

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """A whole number, as number or text."""
        return (
            {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
            {"type": "string", "maxLength": 18, "pattern": "^0*[1-9][0-9]*$"},
        )


@dataclass(frozen=True)
class Owner(Kind):
    """The hospital's own code inside a body (`koders`, IV): compared with the caller, selects nothing (SR-16)."""

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> str | None:
        """Fault: other_hospital."""
        text = None if type(raw) is bool else _text_of(raw)
        if type(raw) is bool or (text and text.casefold() != at.hospital.casefold()):
            raise Fault("other_hospital")
        return at.hospital if text else None

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """The caller's own code; anything else is refused."""
        return ({"type": "string", "pattern": "^[0-9A-Za-z]{1,16}$"}, {"type": "integer", "minimum": 0})


@dataclass(frozen=True)
class Ignored(Kind):
    """A member that clients send and that says nothing new (`nama_hasil` follows from `hasil_pemeriksaan`)."""

    nothing: ClassVar[tuple[Schema, ...]] = ()

    def read(self, raw: object, at: At, repairs: list[Repair], member: str) -> None:
        """Whatever it is, it is not kept."""
        return

    def values(self, references: Mapping[str, Reference]) -> tuple[Schema, ...]:
        """Anything."""
        return ({},)
