"""Reading XLSX: the values of the first sheet, row by row, in bounded memory. Formulas are never evaluated."""

import re
from datetime import datetime
from typing import Any, Final
from zipfile import ZipFile

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from rsonline.sheets import archive
from rsonline.sheets.cells import (
    LAST_ROW,
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_ROWS,
    TOO_MANY_COLUMNS,
    TOO_MANY_ROWS,
    Cell,
    Line,
    NotASheet,
    Sheet,
)

MOST_TEXTS: Final = 600_000
_MOST_STYLES = 70_000
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{0,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?")


def read(body: bytes) -> Sheet:
    """The first sheet of a workbook. Raises NotASheet."""
    opened = archive.opened(body)
    names = set(opened.namelist())
    if _WORKBOOK not in names:
        raise NotASheet(
            "Berkas ini arsip, tetapi bukan XLSX. Yang diterima: XLSX atau CSV.",
            "This file is an archive but no XLSX. XLSX and CSV are taken.",
        )
    relation, since_1904 = _first_sheet(opened)
    path = _target(opened, relation) if _RELATIONS in names else "xl/worksheets/sheet1.xml"
    if path not in names:
        raise archive.damaged()
    texts = _shared_texts(opened) if "xl/sharedStrings.xml" in names else []
    dates = _date_styles(opened) if "xl/styles.xml" in names else frozenset[int]()
    reader = _Reader(texts, dates, since_1904)
    archive.parse(opened, path, reader.start, reader.end, reader.text)
    return Sheet("xlsx", reader.lines)


def _pairs(attributes: list[str]) -> dict[str, str]:
    return {name.rpartition("}")[2]: value for name, value in zip(attributes[::2], attributes[1::2], strict=True)}


def _nothing(*said: Any) -> None:
    return None


def _first_sheet(opened: ZipFile) -> tuple[str, bool]:
    """The relation of the first sheet, and whether days are counted from 1904."""
    relations: list[str] = []
    since_1904 = False

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal since_1904
        if tag == "sheet":
            relations.append(_pairs(attributes).get("id", ""))
        elif tag == "workbookPr":
            since_1904 = _pairs(attributes).get("date1904", "0") in ("1", "true")

    archive.parse(opened, _WORKBOOK, start, _nothing, _nothing)
    if not relations:
        raise archive.damaged()
    return relations[0], since_1904


def _target(opened: ZipFile, relation: str) -> str:
    """The member that a relation of the workbook points to."""
    found: list[str] = []

    def start(tag: str, attributes: list[str]) -> None:
        if tag == "Relationship":
            said = _pairs(attributes)
            if said.get("Id") == relation and said.get("TargetMode", "Internal") == "Internal":
                found.append(said.get("Target", ""))

    archive.parse(opened, _RELATIONS, start, _nothing, _nothing)
    if not found:
        raise archive.damaged()
    return found[0].lstrip("/") if found[0].startswith("/") else f"xl/{found[0]}"


def _shared_texts(opened: ZipFile) -> list[str]:
    """The texts that cells point to. Readings of characters (`rPh`) are none of them."""
    texts: list[str] = []
    parts: list[str] = []
    inside = reading = False
    length = 0

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal inside, reading, length
        if tag == "si":
            parts.clear()
            length = 0
        elif tag == "t":
            inside = not reading
        elif tag == "rPh":
            reading = True

    def end(tag: str) -> None:
        nonlocal inside, reading
        if tag == "t":
            inside = False
        elif tag == "rPh":
            reading = False
        elif tag == "si":
            if len(texts) >= MOST_TEXTS:
                raise archive.bomb()
            texts.append(_unescaped("".join(parts)))

    def text(said: str) -> None:
        nonlocal length
        if inside:
            length += len(said)
            if length <= LONGEST_TEXT:
                parts.append(said)

    archive.parse(opened, "xl/sharedStrings.xml", start, end, text)
    return texts


def _unescaped(text: str) -> str:
    """Characters that markup cannot hold are written as `_x0009_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _date_styles(opened: ZipFile) -> frozenset[int]:
    """The numbers of the styles that show a number as a date."""
    formats: dict[int, str] = dict(BUILTIN_FORMATS)
    dates: list[int] = []
    count = 0
    inside = False

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal inside, count
        if tag == "numFmt":
            said = _pairs(attributes)
            number = said.get("numFmtId", "")
            if number.isascii() and number.isdigit() and len(formats) < _MOST_STYLES:
                formats[int(number[:9])] = said.get("formatCode", "")[:255]
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            number = _pairs(attributes).get("numFmtId", "0")
            code = formats.get(int(number[:9])) if number.isascii() and number.isdigit() else None
            if code is not None and is_date_format(code):
                dates.append(count)
            count += 1
            if count > _MOST_STYLES:
                raise archive.bomb()

    def end(tag: str) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = False

    archive.parse(opened, "xl/styles.xml", start, end, _nothing)
    return frozenset(dates)


class _Reader:
    """Collects the rows of one sheet while its markup goes by."""

    def __init__(self, texts: list[str], dates: frozenset[int], since_1904: bool) -> None:
        self.lines: list[Line] = []
        self._texts = texts
        self._dates = dates
        self._epoch = MAC_EPOCH if since_1904 else WINDOWS_EPOCH
        self._row = self._column = 0
        self._cells: list[Cell] = []
        self._seen = 0
        self._type = self._style = ""
        self._inside = False
        self._parts: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: list[str]) -> None:
        """A tag opens."""
        if tag == "c":
            said = _pairs(attributes)
            self._begin_cell(said.get("r", ""))
            self._type, self._style = said.get("t", "n"), said.get("s", "")
        elif tag in ("v", "t"):
            self._inside = True
        elif tag == "row":
            number = _pairs(attributes).get("r", "")
            self._row = int(number[:9]) if number.isascii() and number.isdigit() else self._row + 1
            self._column = -1
            self._cells = []
            self._seen = 0

    def _begin_cell(self, place: str) -> None:
        match = _PLACE.fullmatch(place)
        column = self._column + 1
        if match is not None:
            column = 0
            for letter in match[1]:
                column = column * 26 + ord(letter) - 64
            column -= 1
        # Cells of a row stand in their order; one that goes back would be a second value of the same place.
        if column <= self._column:
            raise archive.damaged()
        self._seen += 1
        if self._seen > 4 * MOST_COLUMNS:
            raise NotASheet(*TOO_MANY_COLUMNS)
        self._column = column
        self._parts = []
        self._length = 0

    def text(self, said: str) -> None:
        """Text goes by."""
        if self._inside:
            self._length += len(said)
            if self._length <= LONGEST_TEXT:
                self._parts.append(said)

    def end(self, tag: str) -> None:
        """A tag closes."""
        if tag in ("v", "t"):
            self._inside = False
        elif tag == "c" and self._parts:
            value = self._value("".join(self._parts))
            if value is None or value == "":
                return
            if self._column >= MOST_COLUMNS:
                raise NotASheet(*TOO_MANY_COLUMNS)
            self._cells += [None] * (self._column - len(self._cells))
            self._cells.append(value)
        elif tag == "row" and self._cells:
            if self._row > LAST_ROW or len(self.lines) > MOST_ROWS + 10:
                raise NotASheet(*TOO_MANY_ROWS)
            if self.lines and self._row <= self.lines[-1].number:
                raise archive.damaged()
            self.lines.append(Line(self._row, self._cells))
            self._cells = []

    def _value(self, text: str) -> Cell:
        match self._type:
            case "s":
                if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) < len(self._texts)):
                    raise archive.damaged()
                return self._texts[int(text)]
            case "n":
                return self._number(text.strip())
            case "b":
                return text.strip() == "1"
            case "d":
                try:
                    return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
                except ValueError:
                    return text
            case _:
                return _unescaped(text)

    def _number(self, text: str) -> Cell:
        if self._style and self._style.isdigit() and int(self._style[:9]) in self._dates:
            shown = self._date(text)
            if shown is not None:
                return shown
        if _WHOLE.fullmatch(text):
            return int(text)
        if not text or not any(c.isdigit() for c in text) or not _NUMBER.fullmatch(text):
            return text
        value = float(text)
        if value in (float("inf"), float("-inf")):
            return text
        return int(value) if value.is_integer() and abs(value) < 1e18 else value

    def _date(self, text: str) -> datetime | None:
        """A serial number as the day and time that the cell shows; None for what is none, such as a bare time."""
        try:
            found = from_excel(float(text), self._epoch)
        except (ValueError, OverflowError, TypeError):
            return None
        return found if isinstance(found, datetime) else None
