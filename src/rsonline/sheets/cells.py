"""A file of rows as values, and why a file is none of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from rsonline.reports.verdict import Words

Cell = str | int | float | bool | datetime | None
"""What a cell holds. A day is its midnight; a datetime has no zone: it is what the hospital's wall clock shows."""
Form = Literal["xlsx", "csv"]

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_ROWS: Final = 20_000
"""Rows of data, without the header."""
LAST_ROW: Final = 30_000
"""The last row in which something may stand: between the data may be blank rows, but not a desert of them."""
MOST_COLUMNS: Final = 256
LONGEST_TEXT: Final = 32_767
"""As many characters has a cell at most in a spreadsheet."""
# A program takes such a cell for a formula (SR-41), also where it only looks like one to people.
_DANGEROUS = frozenset("=+-@\t\r\n\0＝＋－＠")
_SHIELDED = re.compile("'[=+\\-@\t\r\n\0＝＋－＠]")


class Line(NamedTuple):
    """One row: its number in the file, counted from 1, and its cells from the first column on."""

    number: int
    cells: list[Cell]


@dataclass(slots=True)
class Sheet:
    """The rows of a file that hold something. `notes` is what is to be said about the file as a whole."""

    form: Form
    lines: list[Line]
    delimiter: str = ","
    notes: list[Words] = field(default_factory=list)


class NotASheet(Exception):
    """A file that is not taken, and why, in words for whoever sent it."""

    def __init__(self, id: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(id, en)


TOO_MANY_ROWS = ("Berkas berisi lebih dari 20.000 baris. Bagi menjadi beberapa berkas.", "More than 20,000 rows.")
TOO_MANY_COLUMNS = ("Berkas berisi lebih dari 256 kolom.", "The file has more than 256 columns.")
TOO_LARGE = ("Berkas lebih besar dari 5 MiB.", "The file is larger than 5 MiB.")


def dangerous(text: str) -> bool:
    """Whether a program could take a cell with this text for a formula."""
    return text[:1] in _DANGEROUS and text != ""


def shielded(text: str) -> str:
    """The text with an apostrophe before it where a program could take it for a formula (SR-41)."""
    return f"'{text}" if dangerous(text) else text


def unshielded(text: str) -> str:
    """The text without the apostrophe of `shielded`, so that what was exported comes back as it was."""
    return text[1:] if _SHIELDED.match(text) else text


def written(cell: Cell) -> str:
    """A cell as text: days as `2026-11-23`, moments as `2026-11-23 14:05:00`, numbers without an exponent."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return day_or_moment(cell)
    if isinstance(cell, float):
        return plain(cell)
    return str(cell)


def day_or_moment(value: datetime) -> str:
    """`2026-11-23` for a midnight, else with the time, with milliseconds where there are some."""
    if (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
        return value.date().isoformat()
    return moment(value)


def moment(value: datetime) -> str:
    """`2026-11-23 14:05:00`, with milliseconds where there are some."""
    return value.isoformat(" ", "milliseconds" if value.microsecond >= 1000 else "seconds")


def plain(value: float) -> str:
    """A number without an exponent and without `.0`."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return text if "e" not in text else f"{value:.15f}".rstrip("0").rstrip(".")


def packed(cells: Sequence[Cell]) -> list[Any]:
    """Cells as JSON can keep them: a datetime is a list of one text."""
    return [[c.isoformat()] if isinstance(c, datetime) else c for c in cells]


def unpacked(cells: Sequence[Any]) -> list[Cell]:
    """The cells that `packed` made these of."""
    return [datetime.fromisoformat(c[0]) if isinstance(c, list) else c for c in cells]
