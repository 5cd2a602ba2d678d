"""Reading comma-separated text, as spreadsheet programs of this country write it: with semicolons as often."""

import csv
from io import StringIO

from rsonline.reports.verdict import Words
from rsonline.sheets.cells import (
    LAST_ROW,
    MOST_COLUMNS,
    MOST_ROWS,
    TOO_MANY_COLUMNS,
    TOO_MANY_ROWS,
    Cell,
    Line,
    NotASheet,
    Sheet,
    unshielded,
)

OLD_ENCODING = Words(
    "Berkas dibaca sebagai Windows-1252 (bukan UTF-8). Periksa huruf khusus, misalnya é.",
    "The file was read as Windows-1252 (not UTF-8). Check special letters, such as é.",
)
_DELIMITERS = (",", ";", "\t")
_MARKUP = ("<", "{", "[", "%PDF")


def read(body: bytes) -> Sheet:
    """The rows of a text. Raises NotASheet for what is no such text."""
    text, notes = _decoded(body)
    if text.lstrip(" \r\n").startswith(_MARKUP) or any(ord(c) < 32 and c not in "\t\r\n" for c in text[:4096]):
        raise none()
    delimiter, text, skipped = _delimiter(text)
    lines: list[Line] = []
    try:
        for number, record in enumerate(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > LAST_ROW or len(lines) > MOST_ROWS + 10:
                raise NotASheet(*TOO_MANY_ROWS)
            if len(record) > MOST_COLUMNS:
                raise NotASheet(*TOO_MANY_COLUMNS)
            if any(record):
                cells: list[Cell] = [unshielded(cell) or None for cell in record]
                lines.append(Line(number + skipped, cells))
    except csv.Error as error:
        raise NotASheet(
            "Berkas CSV ini gagal dibaca: tanda kutip tidak ditutup atau isi sel terlalu panjang.",
            "This CSV file cannot be read: a quote is not closed, or a cell is too long.",
        ) from error
    return Sheet("csv", lines, delimiter, notes)


def none() -> NotASheet:
    """A file of another kind."""
    return NotASheet(
        "Berkas ini bukan XLSX atau CSV. Simpan sebagai XLSX, atau CSV UTF-8.",
        "This file is neither XLSX nor CSV. Save it as XLSX, or as CSV UTF-8.",
    )


def _decoded(body: bytes) -> tuple[str, list[Words]]:
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotASheet(
            "Berkas ini XLS lama atau dikunci dengan kata sandi. Simpan sebagai XLSX.",
            "This file is an old XLS, or locked by a password. Save it as XLSX.",
        )
    if b"\0" in body:
        raise none()
    try:
        return body.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        try:
            return body.decode("windows-1252"), [OLD_ENCODING]
        except UnicodeDecodeError:
            raise none() from None


def _delimiter(text: str) -> tuple[str, str, int]:
    """What separates the cells, the text, and how many lines before it said so (`sep=;`)."""
    first, _, rest = text.partition("\n")
    told = first.strip().casefold()
    if told.startswith("sep=") and told[4:] in _DELIMITERS:
        return told[4:], rest, 1
    head = next((line for line in text[:20_000].splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=head.count), text, 0
