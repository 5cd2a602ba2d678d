"""Workbooks for people to fill in: the template of a report, and a file given back with its faults marked.

A file is never given back as it came (SR-28): it is written anew from its values, on the template's own form.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from rsonline.reports.references import Reference
from rsonline.reports.report import Report
from rsonline.sheets.cells import LAST_ROW, Cell
from rsonline.sheets.columns import Column, columns, remarks
from rsonline.sheets.stream import clean

DATA: Final = "Data"
LISTS: Final = "Daftar"
GUIDE: Final = "Petunjuk"
_FORMATS = {"text": "@", "code": "@", "day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss"}
_HEAD = Font(bold=True)
_PALE = Font(italic=True, color="FF55606E")
_GREY = PatternFill("solid", fgColor="FFE9EDF2")
_RED = PatternFill("solid", fgColor="FFF8C9C9")
_YELLOW = PatternFill("solid", fgColor="FFFFF0C2")
_TOP = Alignment(wrap_text=True, vertical="top")
Marks = Mapping[tuple[int, int], tuple[bool, str]]
"""What to say at a cell, by row and column counted from 1: whether it is a fault (else a warning), and the text."""


def template(report: Report[Any], references: Mapping[str, Reference], language: str) -> bytes:
    """An empty workbook of a report, with the lists and bounds of its columns."""
    chosen = columns(report)
    book = Workbook(write_only=True)
    sheet = _data_sheet(book, chosen)
    sheet.append([_head(sheet, c.name) for c in chosen])
    sheet.append([_styled(sheet, text, _PALE) for text in remarks(chosen, language)])
    _restrict(sheet, chosen, references, 3)
    _guide_sheet(book, report, chosen, language)
    _lists_sheet(book, chosen, references)
    return _saved(book)


def marked(
    report: Report[Any],
    references: Mapping[str, Reference],
    language: str,
    lines: Sequence[tuple[int, Sequence[Cell]]],
    names: Sequence[str],
    first: int,
    marks: Marks,
) -> bytes:
    """The rows of a file at their places, with a comment and a colour on each cell that `marks` speaks of.

    `names` are the members of its columns, `first` is the first row of data.
    """
    known = {c.name: c for c in columns(report, whole=True)}
    chosen = [known.get(name) for name in names]
    book = Workbook(write_only=True)
    sheet = _data_sheet(book, chosen)
    at = 1
    for number, cells in lines:
        for _ in range(at, number):
            sheet.append([])
        at = number + 1
        placed = [*cells, *[None] * (len(names) - len(cells))]
        sheet.append([_marked(sheet, c, marks.get((number, i)), number < first) for i, c in enumerate(placed, 1)])
    _restrict(sheet, chosen, references, first)
    own = columns(report)
    _guide_sheet(book, report, own, language)
    _lists_sheet(book, own, references)
    return _saved(book)


def _marked(sheet: Any, value: Cell, mark: tuple[bool, str] | None, head: bool) -> Any:
    if mark is None:
        return _head(sheet, value) if head and value is not None else _plain(sheet, value)
    made = _plain(sheet, value) or WriteOnlyCell(sheet, value=None)
    fault, text = mark
    made.fill = _RED if fault else _YELLOW
    made.comment = Comment(clean(text), "rsonline", height=40 + 18 * (len(text) // 36 + text.count("\n")), width=280)
    return made


def _plain(sheet: Any, value: Cell) -> Any:
    if value is None:
        return None
    made = WriteOnlyCell(sheet, value=clean(value) if isinstance(value, str) else value)
    if isinstance(value, str):
        # The library makes a formula of what begins with `=`: here text is text (SR-41).
        made.data_type = "s"
        made.number_format = "@"
    elif made.is_date:
        made.number_format = _FORMATS["moment" if (value.hour or value.minute or value.second) else "day"]  # type: ignore[union-attr]  # is_date
    return made


def _head(sheet: Any, value: Cell) -> Any:
    made = _plain(sheet, value)
    made.font, made.fill = _HEAD, _GREY
    return made


def _styled(sheet: Any, text: str, font: Font) -> Any:
    made = _plain(sheet, text)
    made.font, made.alignment = font, _TOP
    return made


def _data_sheet(book: Workbook, chosen: Sequence[Column | None]) -> Any:
    sheet: Any = book.create_sheet(DATA)
    sheet.freeze_panes = "A3"
    for place, column in enumerate(chosen, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = 18 if column is None else min(30, max(14, len(column.name) + 4))
        if column is not None and column.holds in _FORMATS:
            # Codes are text, so that their leading zeros stay.
            sheet.column_dimensions[letter].number_format = _FORMATS[column.holds]
    return sheet


def _restrict(sheet: Any, chosen: Sequence[Column | None], references: Mapping[str, Reference], first: int) -> None:
    """What the program lets people type into each column; what is pasted is judged when it arrives."""
    listed = _listed([c for c in chosen if c is not None], references)
    for place, column in enumerate(chosen, 1):
        rule = None if column is None else _rule(column, references, listed)
        if rule is None or column is None:
            continue
        letter = get_column_letter(place)
        rule.promptTitle = column.name[:32]
        rule.prompt = column.label.id[:255]
        rule.errorTitle = column.name[:32]
        rule.showInputMessage = rule.showErrorMessage = True
        rule.add(f"{letter}{first}:{letter}{LAST_ROW}")
        sheet.data_validations.append(rule)


def _rule(column: Column, references: Mapping[str, Reference], listed: Mapping[str, int]) -> DataValidation | None:
    blank = not column.required
    of = column.of
    if of is not None and of in listed:
        letter = get_column_letter(listed[of])
        count = len(references[of].entries)
        rule = DataValidation("list", formula1=f"{LISTS}!${letter}$2:${letter}${count + 1}", allow_blank=blank)
        rule.errorStyle = "stop" if references[of].complete else "warning"
        rule.error = f"Pilih dari lembar {LISTS}."
        return rule
    match column.holds:
        case "flag":
            rule = DataValidation("list", formula1='"0,1"', allow_blank=blank)
            rule.error = "1 (ya) atau 0 (tidak)."
        case "whole" | "decimal":
            most = "2147483647" if column.most is None else str(int(column.most))
            whole = column.holds == "whole"
            rule = DataValidation(
                "whole" if whole else "decimal", operator="between", formula1="0", formula2=most, allow_blank=blank
            )
            rule.error = f"Angka 0 sampai {most}."
        case "day" | "moment":
            # Days as the program counts them: 1900-01-01 to 9000-12-31.
            rule = DataValidation("date", operator="between", formula1="1", formula2="2593585", allow_blank=blank)
            rule.error = "Tanggal, misalnya 2026-11-23."
        case "text":
            longest = int(column.most or 255)
            rule = DataValidation("textLength", operator="lessThanOrEqual", formula1=str(longest), allow_blank=blank)
            rule.error = f"Paling panjang {longest} karakter."
        case _:
            return None
    return rule


def _listed(chosen: Sequence[Column], references: Mapping[str, Reference]) -> dict[str, int]:
    """In which column of the sheet of lists the ids of each list stand."""
    lists = dict.fromkeys(c.of for c in chosen if c.of and c.of in references and references[c.of].entries)
    return {of: 1 + 3 * place for place, of in enumerate(lists)}


def _lists_sheet(book: Workbook, chosen: Sequence[Column], references: Mapping[str, Reference]) -> None:
    places = _listed(chosen, references)
    if not places:
        return
    sheet: Any = book.create_sheet(LISTS)
    for place in places.values():
        sheet.column_dimensions[get_column_letter(place)].width = 16
        sheet.column_dimensions[get_column_letter(place)].number_format = "@"
        sheet.column_dimensions[get_column_letter(place + 1)].width = 40
    head: list[Any] = []
    for of in places:
        head += [_head(sheet, of), _head(sheet, "nama"), None]
    sheet.append(head)
    entries = [list(references[of].entries.values()) for of in places]
    for row in range(max(len(each) for each in entries)):
        cells: list[Any] = []
        for each in entries:
            found = each[row] if row < len(each) else None
            cells += [None, None, None] if found is None else [_plain(sheet, found.id), _plain(sheet, found.nama), None]
        sheet.append(cells)


def _guide_sheet(book: Workbook, report: Report[Any], chosen: Sequence[Column], language: str) -> None:
    english = language == "en"
    sheet: Any = book.create_sheet(GUIDE)
    for letter, width in zip("ABCDEF", (26, 32, 16, 8, 24, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    title = report.title.en if english else report.title.id
    sheet.append([_styled(sheet, f"{title} · {'guide' if english else 'petunjuk teknis'} {report.guide}", _HEAD)])
    words = (
        ("Column", "Label", "Unit", "Required", f"List (sheet {LISTS})", "Meaning")
        if english
        else ("Kolom", "Label", "Satuan", "Wajib", f"Daftar (lembar {LISTS})", "Arti")
    )
    sheet.append([_head(sheet, word) for word in words])
    for column in chosen:
        meaning = column.label.meaning
        texts = (
            column.name,
            column.label.en if english else column.label.id,
            column.label.unit,
            ("yes" if english else "ya") if column.required else None,
            column.of,
            None if meaning is None else meaning.en if english else meaning.id,
        )
        sheet.append([_plain(sheet, text) for text in texts])


def _saved(book: Workbook) -> bytes:
    into = BytesIO()
    book.save(into)
    return into.getvalue()
