"""Writing many rows while they are read: CSV (RFC 4180) and XLSX, piece by piece, without a file in between.

The library that writes workbooks gives one only as a whole. An export is one plain sheet, so its few parts are written
here, each cell as a number, a date or a string, never as a formula (SR-41).
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import IO, Protocol
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from rsonline.sheets.cells import Cell, dangerous, moment, plain, shielded, written
from rsonline.sheets.columns import Holds

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="Data" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="5"><xf/><xf fontId="1" applyFont="1"/>'
        '<xf numFmtId="49" applyNumberFormat="1" quotePrefix="1"/><xf numFmtId="164" applyNumberFormat="1"/>'
        '<xf numFmtId="165" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
_BOLD, _TEXT, _DAY, _MOMENT = 1, 2, 3, 4


def clean(text: str) -> str:
    """A text as a cell's markup can hold it: what it cannot is shown as unreadable, what looks escaped is escaped."""
    return _LOOKS_ESCAPED.sub("_x005F_", _UNWRITABLE.sub("�", text))


class Writing(Protocol):
    """A file in the making. Each call gives the bytes that are ready."""

    def begin(self, names: Sequence[str]) -> bytes:
        """The header."""

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Some rows."""

    def end(self) -> bytes:
        """What is left."""


def csv_row(cells: Sequence[str], delimiter: str = ",") -> str:
    """One line of CSV as RFC 4180 has it."""
    into = StringIO()
    csv.writer(into, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return into.getvalue()


class CsvWriting:
    """UTF-8 with a byte order mark, which spreadsheet programs ask for."""

    def __init__(self, holds: Sequence[Holds], delimiter: str = ",") -> None:
        self._holds = holds
        self._delimiter = delimiter

    def begin(self, names: Sequence[str]) -> bytes:
        """The header."""
        return b"\xef\xbb\xbf" + csv_row(names, self._delimiter).encode()

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Some rows."""
        into = StringIO()
        writer = csv.writer(into, delimiter=self._delimiter, lineterminator="\r\n")
        for row in rows:
            writer.writerow([self._text(c, h) for c, h in zip(row, self._holds, strict=True)])
        return into.getvalue().encode("utf-8", "replace")

    def _text(self, cell: Cell, holds: Holds) -> str:
        if isinstance(cell, str):
            return shielded(cell)
        if isinstance(cell, datetime) and holds == "moment":
            return moment(cell)
        return written(cell)

    def end(self) -> bytes:
        """Nothing is left."""
        return b""


class _Sink:
    """Takes what the archive writes, until it is handed on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        """Take a piece."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """What was taken stays to be handed on."""

    def taken(self) -> bytes:
        """What came since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


class XlsxWriting:
    """One sheet, whose rows are compressed as they come."""

    def __init__(self, holds: Sequence[Holds]) -> None:
        # openpyxl takes a tenth of a second and 8 MiB: only where a workbook is wanted.
        from openpyxl.utils import get_column_letter

        self._holds = holds
        self._letters = [get_column_letter(n) for n in range(1, len(holds) + 1)]
        self._sink = _Sink()
        # The archive needs nothing of a file but `write` and `flush`: it notices that it cannot seek.
        self._archive = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=4)
        self._sheet: IO[bytes] | None = None
        self._row = 0

    def begin(self, names: Sequence[str]) -> bytes:
        """The header."""
        for name, text in _PARTS.items():
            self._archive.writestr(name, _HEAD + text)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w")
        columns = "".join(
            f'<col min="{n}" max="{n}" width="{min(30, max(12, len(name) + 3))}" customWidth="1"/>'
            for n, name in enumerate(names, 1)
        )
        self._sheet.write(
            (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                f"<cols>{columns}</cols><sheetData>"
            ).encode()
        )
        self._write([[_string(f"{a}1", name, _BOLD) for a, name in zip(self._letters, names, strict=True)]])
        return self._sink.taken()

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Some rows."""
        self._write(
            [
                self._cell(f"{a}{number}", c, h)
                for a, c, h in zip(self._letters, row, self._holds, strict=True)
                if c is not None
            ]
            for number, row in enumerate(rows, self._row + 1)
        )
        return self._sink.taken()

    def _write(self, rows: Iterable[list[str]]) -> None:
        if self._sheet is None:
            raise RuntimeError("rows before the header")
        parts = []
        for cells in rows:
            self._row += 1
            parts.append(f'<row r="{self._row}">{"".join(cells)}</row>')
        self._sheet.write("".join(parts).encode())

    def _cell(self, place: str, cell: Cell, holds: Holds) -> str:
        if isinstance(cell, str):
            return _string(place, cell, _TEXT if dangerous(cell) or holds in ("text", "code") else 0)
        if isinstance(cell, datetime):
            style = _MOMENT if holds == "moment" else _DAY
            return f'<c r="{place}" s="{style}"><v>{_serial(cell)}</v></c>'
        if isinstance(cell, bool):
            return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        return f'<c r="{place}"><v>{plain(cell) if isinstance(cell, float) else cell}</v></c>'

    def end(self) -> bytes:
        """The end of the sheet and the archive's directory."""
        if self._sheet is not None:
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
        self._archive.close()
        return self._sink.taken()


def _string(place: str, text: str, style: int) -> str:
    safe = escape(clean(text))
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{safe}</t></is></c>'


def _serial(value: datetime) -> float:
    """A day and time as the number that spreadsheet programs keep."""
    from openpyxl.utils.datetime import to_excel

    serial: float = to_excel(value)  # type: ignore[no-untyped-call]  # it says no types
    return serial
