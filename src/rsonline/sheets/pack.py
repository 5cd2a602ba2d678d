"""Tables as files that are the same wherever they are made: CSV, one XLSX, one PDF, and the digests of all of them.

Nothing in them comes from a clock, a locale or a compressor: two machines give the same bytes.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.styles import Font
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getFont, registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from rsonline.reports.verdict import Words
from rsonline.sheets.cells import shielded
from rsonline.sheets.stream import clean, csv_row

Cell = str | int | float | None
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_SAVED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_ALIKE: Final = str.maketrans({"Σ": "∑", "µ": "\N{MICRO SIGN}", "μ": "\N{MICRO SIGN}"})
"""Characters for which the font has another one of the same look."""
_MOST_ROWS = 400
"""So many rows of a table are printed; all of them stand in the other files."""


class Table(NamedTuple):
    """One table: a name for files, a title, the names of its columns, its rows."""

    name: str
    title: Words
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def files(tables: Sequence[Table], head: Sequence[tuple[str, str]], title: str, lang: str) -> dict[str, bytes]:
    """The pack: content by file name, with `SHA256SUMS` over the others. `head` says what it is about."""
    made = {f"{table.name}.csv": csv_of(table) for table in tables}
    made["laporan.xlsx"] = workbook(tables, head, lang)
    made["laporan.pdf"] = document(tables, head, title, lang)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(made.items()))
    made["SHA256SUMS"] = sums.encode()
    return made


def csv_of(table: Table) -> bytes:
    """A table as CSV: UTF-8 with a byte order mark, no cell that a program takes for a formula."""
    lines = [csv_row(table.columns), *(csv_row([_text(cell) for cell in row]) for row in table.rows)]
    return b"\xef\xbb\xbf" + "".join(lines).encode()


def _text(cell: Cell) -> str:
    return "" if cell is None else shielded(cell) if isinstance(cell, str) else str(cell)


def workbook(tables: Sequence[Table], head: Sequence[tuple[str, str]], lang: str) -> bytes:
    """One XLSX with a sheet for each table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    first = book.create_sheet("paket")
    for name, value in head:
        first.append([name, shielded(value)])
    for table in tables:
        sheet = book.create_sheet(table.name[:31])
        sheet.append([table.title.en if lang == "en" else table.title.id])
        sheet.append(list(table.columns))
        for cell in sheet[2]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A3"
        for row in table.rows:
            sheet.append([clean(shielded(cell)) if isinstance(cell, str) else cell for cell in row])
    raw = BytesIO()
    book.save(raw)
    return _settled(raw)


def _settled(raw: BytesIO) -> bytes:
    """The same archive without the hour at which it was saved, and uncompressed: compressors differ."""
    into = BytesIO()
    with ZipFile(raw) as found, ZipFile(into, "w", ZIP_STORED) as made:
        for name in sorted(found.namelist()):
            info = ZipInfo(name, _EPOCH)
            info.external_attr = 0o600 << 16
            content = found.read(name)
            if name == "docProps/core.xml":
                content = _SAVED.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            made.writestr(info, content)
    return into.getvalue()


def document(tables: Sequence[Table], head: Sequence[tuple[str, str]], title: str, lang: str) -> bytes:
    """A PDF to be read and signed: A4 across, every table, pages numbered."""
    for font in ("Vera", "VeraBd"):
        registerFont(TTFont(font, f"{font}.ttf"))
    normal = ParagraphStyle("normal", fontName="Vera", fontSize=7.5, leading=9)
    heading = ParagraphStyle("heading", fontName="VeraBd", fontSize=11, leading=14, spaceBefore=8, spaceAfter=4)
    large = ParagraphStyle("large", fontName="VeraBd", fontSize=15, leading=20, spaceAfter=6)
    into = BytesIO()
    page = landscape(A4)
    made = SimpleDocTemplate(
        into,
        pagesize=page,
        leftMargin=14 * mm,
        rightMargin=14 * mm,
        topMargin=14 * mm,
        bottomMargin=16 * mm,
        title=title,
        author="rsonline",
        invariant=1,
        pageCompression=0,
    )
    width = page[0] - 28 * mm
    story: list[Any] = [Paragraph(_safe(title), large)]
    about = [[Paragraph(_safe(name), normal), Paragraph(_safe(value), normal)] for name, value in head]
    story.append(LongTable(about, colWidths=[width * 0.22, width * 0.78], style=_style(head=False)))
    for table in tables:
        story += [Spacer(1, 4), Paragraph(_safe(table.title.en if lang == "en" else table.title.id), heading)]
        if not table.rows:
            story.append(Paragraph("No rows." if lang == "en" else "Tidak ada baris.", normal))
            continue
        story += [*_printed(table, width, normal)]
        if len(table.rows) > _MOST_ROWS:
            more = len(table.rows) - _MOST_ROWS
            words = (
                f"… and {more} more rows in {table.name}.csv"
                if lang == "en"
                else f"… dan {more} baris lagi di {table.name}.csv"
            )
            story.append(Paragraph(words, normal))
    made.build(story, onFirstPage=_numbered, onLaterPages=_numbered)
    return into.getvalue()


def _printed(table: Table, width: float, style: ParagraphStyle) -> list[Any]:
    """A table for paper: what has too many columns is printed in parts, each with its first column."""
    most = 10
    parts = []
    rest = list(range(1, len(table.columns)))
    while True:
        shown = [0, *rest[: most - 1]]
        rest = rest[most - 1 :]
        lines = [
            [Paragraph(f'<font name="VeraBd">{_safe(table.columns[n])}</font>', style) for n in shown],
            *([Paragraph(_safe(_shown(row[n])), style) for n in shown] for row in table.rows[:_MOST_ROWS]),
        ]
        sizes = _widths(table, shown, width)
        parts += [LongTable(lines, colWidths=sizes, repeatRows=1, style=_style(head=True)), Spacer(1, 4)]
        if not rest:
            return parts


def _widths(table: Table, shown: Sequence[int], width: float) -> list[float]:
    """Widths in proportion to the longest text of each column, none below a readable one."""
    wanted = [
        min(max(len(table.columns[n]), *(len(_shown(row[n])) for row in table.rows[:_MOST_ROWS]), 7) + 3, 63)
        for n in shown
    ]
    whole = sum(wanted)
    return [width * each / whole for each in wanted]


def _shown(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _safe(text: str) -> str:
    """A text as the paragraph's markup can hold it, in characters that the font has."""
    known = getFont("Vera").face.charToGlyph
    plain = "".join(c if ord(c) in known else "?" for c in text.translate(_ALIKE))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _style(*, head: bool) -> TableStyle:
    rules: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    if head:
        rules.append(("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke))
    return TableStyle(rules)


def _numbered(canvas: Canvas, made: SimpleDocTemplate) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawRightString(made.pagesize[0] - 14 * mm, 8 * mm, f"{made.title} - {canvas.getPageNumber()}")


def moment(value: datetime) -> str:
    """A moment with its zone, as the head of a pack shows it."""
    return value.isoformat(timespec="seconds")


def summed(content: Mapping[str, bytes]) -> str:
    """The digest of a whole pack: that of its list of digests."""
    return hashlib.sha256(content["SHA256SUMS"]).hexdigest()
