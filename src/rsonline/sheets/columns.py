"""Which columns a report's file has, which column of a stranger's file is which member, and what a row says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from rsonline.reports.fields import (
    At,
    Count,
    CubicMetres,
    Day,
    Flag,
    Ignored,
    Label,
    Milliseconds,
    Moment,
    OneOf,
    Owner,
    ServiceNumber,
    Text,
)
from rsonline.reports.joi import JoiDay, JoiNumber
from rsonline.reports.report import Member, Numbered, Report, Row, members
from rsonline.reports.verdict import Words
from rsonline.sheets.cells import Cell, Line, NotASheet, Sheet, day_or_moment, moment, written

Holds = Literal["text", "code", "whole", "decimal", "day", "moment", "flag"]
FAULTS: Final = "kesalahan"
"""The column of a CSV file that we gave back in which the faults of its rows stand."""
UPDATED: Final = "diperbarui"
"""The column of an export that says when a row was last changed."""
_OURS = frozenset({FAULTS, UPDATED})
_REMARK = "# "
_ROUNDED = 10**15
"""A spreadsheet keeps fifteen digits of a number: of one that is longer the last are lost."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind` is None for the service's own number of a record, which may stand first."""

    name: str
    label: Label
    holds: Holds
    required: bool
    personal: bool
    kind: Any = None

    @property
    def of(self) -> str | None:
        """The reference list of its values."""
        return getattr(self.kind, "of", None) or None

    @property
    def most(self) -> float | None:
        """The largest number, or the longest text."""
        most: float | None = getattr(self.kind, "most", None)
        return most


@cache
def columns(report: Report[Any], *, whole: bool = False) -> tuple[Column, ...]:
    """The columns of a report's file, in the guide's order; `whole` adds what only the service sets, for an export."""
    found = []
    identity = report.identity
    named = {m.name for m in members(report.record)}
    if isinstance(identity, Numbered) and identity.number not in named:
        label = Label("Nomor dari layanan (kosong bila baru)", "Number of the service (empty for a new one)")
        found.append(Column(identity.number, label, "code", False, False))
    for m in members(report.record):
        if isinstance(m.kind, Ignored | Owner) or (not whole and (m.own or m.name in report.record.renewed)):
            continue
        found.append(Column(m.name, m.label, _holds(m), m.required, m.personal, m.kind))
    return tuple(found)


def _holds(m: Member) -> Holds:
    match m.kind:
        case Count():
            return "whole"
        case CubicMetres():
            return "decimal"
        case Day() | JoiDay():
            return "day"
        case Moment() | Milliseconds():
            return "moment"
        case Flag():
            return "flag"
        case OneOf() | ServiceNumber():
            return "code"
        case JoiNumber():
            return "decimal" if m.kind.column == "decimal" else "whole"
        case _:
            return "text"


class Header(NamedTuple):
    """Which column of a file is which member: names by place, empty for a column that says nothing to us."""

    names: list[str]
    lines: list[Line]
    """The rows of data below it."""
    head: list[Line]
    """The header itself, and the row of remarks below it where there is one."""
    notes: list[Words]


def headed(sheet: Sheet, report: Report[Any]) -> Header:
    """The header of a file and its data. Raises NotASheet where none of its columns is known."""
    if not sheet.lines:
        raise NotASheet("Berkas ini kosong.", "This file is empty.")
    first = sheet.lines[0]
    spellings = _spellings(report)
    titles = [written(cell).strip() for cell in first.cells]
    names = [spellings.get(_folded(title), "") for title in titles]
    known = [name for name in names if name]
    if not known:
        wanted = ", ".join(c.name for c in columns(report)[:4])
        raise NotASheet(
            f"Baris pertama harus berisi nama kolom ({wanted}, …). Pakai templat dari halaman ini.",
            f"The first row must name the columns ({wanted}, …). Use the template of this page.",
        )
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise NotASheet(
            f"Kolom {', '.join(twice)} ada lebih dari sekali.", f"Column {', '.join(twice)} is there more than once."
        )
    notes = list(sheet.notes)
    strange = [t for t, name in zip(titles, names, strict=True) if t and not name and _folded(t) not in _OURS]
    if strange:
        shown = ", ".join(t[:40] for t in strange[:10])
        notes.append(
            Words(f"Kolom ini tidak dikenal dan diabaikan: {shown}", f"Unknown columns, which are ignored: {shown}")
        )
    absent = [c.name for c in columns(report) if c.required and c.name not in known]
    if absent:
        notes.append(
            Words(
                f"Kolom wajib ini tidak ada: {', '.join(absent)}", f"Required columns are missing: {', '.join(absent)}"
            )
        )
    rest = sheet.lines[1:]
    head = [first]
    if rest and any(isinstance(c, str) and c.startswith(_REMARK) for c in rest[0].cells[:1]):
        head.append(rest[0])
        rest = rest[1:]
    data = [line for line in rest if any(names[i] for i, c in enumerate(line.cells[: len(names)]) if c is not None)]
    return Header(names, data, head, notes)


def _folded(title: str) -> str:
    return " ".join(title.casefold().rstrip("*").split())


@cache
def _spellings(report: Report[Any]) -> Mapping[str, str]:
    """How a column may be headed: the guide's spelling, another one that clients send, or the label."""
    found: dict[str, str] = {}
    labels: dict[str, list[str]] = {}
    for c in columns(report, whole=True):
        found[c.name.casefold()] = c.name
        for label in {c.label.id, c.label.en}:
            labels.setdefault(_folded(label), []).append(c.name)
    for m in members(report.record):
        found |= {alias.casefold(): m.name for alias in m.aliases if m.name.casefold() in found}
    return {**{label: names[0] for label, names in labels.items() if len(set(names)) == 1}, **found}


class Said(NamedTuple):
    """What is to be said about a cell, or, with an empty member, about a whole row."""

    member: str
    id: str
    en: str


def sent(
    report: Report[Any], names: Sequence[str], cells: Sequence[Cell], at: At
) -> tuple[dict[str, object], list[Said]]:
    """What a row says, as the members that a machine would send; and the cells whose value the program has lost."""
    known = {c.name: c for c in columns(report, whole=True)}
    found: dict[str, object] = {}
    lost = []
    for name, cell in zip(names, cells, strict=False):
        if not name or cell is None:
            continue
        column = known[name]
        if column.holds in ("text", "code") and isinstance(cell, int | float) and abs(cell) >= _ROUNDED:
            lost.append(
                Said(
                    name,
                    f"{name} gagal: angka panjang ini sudah dibulatkan. Jadikan sel ini teks, lalu ketik ulang",
                    f"{name}: this long number has been rounded. Make the cell text, then type it again",
                )
            )
        found[name] = _said(column, cell, at)
    return found, lost


def _said(column: Column, cell: Cell, at: At) -> object:
    if isinstance(cell, datetime):
        if isinstance(column.kind, Milliseconds):
            return _milliseconds(cell, at)
        return moment(cell) if isinstance(column.kind, Moment) else day_or_moment(cell)
    if isinstance(cell, str) and isinstance(column.kind, Milliseconds) and not cell.strip().isdigit():
        try:
            return _milliseconds(datetime.fromisoformat(cell.strip()), at)
        except ValueError:
            return cell
    if isinstance(cell, float) and isinstance(column.kind, Text):
        return written(cell)
    return cell


def _milliseconds(value: datetime, at: At) -> str:
    local = value if value.tzinfo is not None else value.replace(tzinfo=at.zone)
    return str((local - _EPOCH) // timedelta(milliseconds=1))


def values(chosen: Sequence[Column], row: Row, at: At) -> list[Cell]:
    """A stored row as cells: days and moments as the hospital's wall clock shows them, numbers as numbers."""
    return [_cell(column, row.get(column.name), at) for column in chosen]


def _cell(column: Column, value: Any, at: At) -> Cell:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(at.zone).replace(tzinfo=None)
    if column.holds == "day":
        return datetime(value.year, value.month, value.day)
    if column.holds in ("text", "code"):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _ROUNDED:
        return int(value)
    return value  # type: ignore[no-any-return]  # whole numbers and decimals


def remark(column: Column, language: str) -> str:
    """What stands below a header: label, unit, what form a value has, whether it must be there."""
    label = column.label.en if language == "en" else column.label.id
    parts = [label] + ([f"({column.label.unit})"] if column.label.unit else [])
    form = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm", "flag": "1/0"}.get(column.holds)
    if form:
        parts.append(f"[{form}]")
    if column.required:
        parts.append("*")
    return " ".join(parts)


def remarks(chosen: Sequence[Column], language: str) -> list[str]:
    """The row of remarks; its first cell begins so that it is known again."""
    texts = [remark(column, language) for column in chosen]
    return [_REMARK + texts[0], *texts[1:]]
