"""Spreadsheets in: templates, an uploaded file with the verdict on each row, the same file back with its faults marked.

Nothing of a file is written before a person has seen what each row means; what is then sent goes through the verbs
that every message goes through (SR-28: what is kept are values, never the file).
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from rsonline.intake import sheet_rows
from rsonline.intake.sheet_rows import Judged
from rsonline.intake.verbs import Call
from rsonline.reports import EVERY_REPORT, REPORTS
from rsonline.reports.fields import At
from rsonline.reports.references import Reference
from rsonline.reports.report import Report, key_of, members
from rsonline.reports.verdict import Words
from rsonline.reports.wording import problem_text, warning_text
from rsonline.sheets import columns, reading, stream
from rsonline.sheets.cells import MOST_BYTES, Cell, Form, Line, NotASheet, shielded, written
from rsonline.sheets.columns import Holds, Said
from rsonline.sheets.stream import CsvWriting, Writing, XlsxWriting
from rsonline.store import exports
from rsonline.store.access import Access
from rsonline.store.seal import Vault
from rsonline.store.trial import tried
from rsonline.web import render, sheets_draft
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.records import report_named
from rsonline.web.sheets_draft import Change, Checked, Upload
from rsonline.web.visit import Visit

PATH = "/lembar/"
FORM_BYTES = MOST_BYTES + 16 * 1024
"""A file, and what a form says around it."""
SHOWN = 100
_AT_ONCE = 2000
_TYPES: dict[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_one_file = asyncio.Semaphore(1)
"""Files are read one after another: what one may cost is bounded, what many cost together would not be."""
NUMBER_UNKNOWN = Words("{member} tidak ditemukan di rumah sakit ini", "{member} is no record of this hospital")
NAME_TAKEN = Words("Data lain sudah memakai nama ini", "Another record already has this name")
TWICE = Words("Baris ini tentang data yang sama dengan baris {row}", "This row is about the same record as row {row}")


def body_limit(path: bytes, usual: int) -> int:
    """The most bytes of a body: files are taken below one address only (SR-21, SR-28)."""
    return FORM_BYTES if path.startswith(PATH.encode()) else usual


async def writing_in(form: str, holds: Sequence[Holds]) -> Writing:
    """What writes a file of this form. In a thread: the first workbook of a process loads openpyxl."""
    return await asyncio.to_thread(CsvWriting if form == "csv" else XlsxWriting, holds)


def download(body: bytes, name: str, form: str) -> Response:
    """A file for the person to keep."""
    return Response(body, 200, {"Content-Disposition": f'attachment; filename="{name}.{form}"'}, _TYPES[form])


def form_in(visit: Visit) -> Form:
    """The kind of file that the address asks for; raise Wrong for another."""
    match visit.request.path_params["form"]:
        case "xlsx":
            return "xlsx"
        case "csv":
            return "csv"
    raise Wrong(404, "Halaman ini tidak ada.", "There is no such page.")


def sheet_report(visit: Visit) -> Report[Any]:
    """The report of the guide's service in the address: what files may bring; raise Wrong for none."""
    report = report_named(visit.request.path_params["name"])
    if report not in REPORTS:
        raise Wrong(404, "Laporan ini diisi di halamannya sendiri.", "This report has a page of its own.")
    return report


async def overview(house: House, visit: Visit) -> Response:
    """All kinds with their files, and, for whoever may see it, which lists were taken away."""
    taken = []
    if visit.may("audit"):
        code = visit.own.code
        taken = await house.store.read(visit.origin, lambda access: exports.taken(access, code))
    titles = {report.name: report.title for report in EVERY_REPORT}
    return render.page(visit, "lembar.html", reports=EVERY_REPORT, incoming=REPORTS, taken=taken, titles=titles)


async def kind(house: House, visit: Visit) -> Response:
    """One kind: its template, the upload, the export."""
    report = report_named(visit.request.path_params["name"])
    return _kind(visit, report)


def _kind(visit: Visit, report: Report[Any], status: int = 200, wrong: Words | None = None) -> Response:
    return render.page(
        visit,
        "lembar_jenis.html",
        status,
        report=report,
        incoming=report in REPORTS,
        wrong=wrong,
        personal=any(m.personal for m in members(report.record)),
        columns=columns.columns(report) if report in REPORTS else (),
    )


async def template(house: House, visit: Visit) -> Response:
    """An empty file to fill in."""
    report, form = sheet_report(visit), form_in(visit)
    if form == "xlsx":
        body = await asyncio.to_thread(_empty_workbook, report, house.references, visit.language)
    else:
        chosen = columns.columns(report)
        head = [c.name for c in chosen], columns.remarks(chosen, visit.language)
        body = b"\xef\xbb\xbf" + "".join(stream.csv_row(cells) for cells in head).encode()
    return download(body, f"templat-{report.name}", form)


def _empty_workbook(report: Report[Any], references: Mapping[str, Reference], language: str) -> bytes:
    # openpyxl is loaded in this thread, when the first workbook is wanted.
    from rsonline.sheets import workbook

    return workbook.template(report, references, language)


async def upload(house: House, visit: Visit) -> Response:
    """Read a file, judge each of its rows, keep both; nothing is written yet."""
    report = sheet_report(visit)
    form = await visit.request.form(max_files=1, max_fields=50)
    given = form.get("berkas")
    if not isinstance(given, UploadFile):
        return _kind(visit, report, 422, Words("Pilih berkas lebih dulu.", "Choose a file first."))
    try:
        # One byte more than is allowed tells that there is more.
        found = await _judged(house, visit, report, await given.read(MOST_BYTES + 1))
    except NotASheet as refused:
        return _kind(visit, report, 422, refused.words)
    finally:
        await given.close()
    token = sheets_draft.new_token()
    await house.store.perform(lambda access: sheets_draft.keep(access, visit, report, token, found))
    return RedirectResponse(f"{PATH}{report.name}/{token}", 303)


async def _judged(house: House, visit: Visit, report: Report[Any], body: bytes) -> Upload:
    """A file with the verdict on each row. Raises NotASheet."""
    async with _one_file:
        sheet = await asyncio.to_thread(reading.read, body)
    header = columns.headed(sheet, report)
    if not header.lines:
        raise NotASheet("Berkas ini tidak berisi baris data.", "This file has no rows of data.")
    reading.require_few(header.lines)
    rows: list[Checked] = []
    known: dict[str, int] = {}
    for first in range(0, len(header.lines), _AT_ONCE):
        some = header.lines[first : first + _AT_ONCE]

        def look(access: Access, some: Sequence[Line] = some) -> list[Checked]:
            return [_checked(access, visit, report, header.names, line, known) for line in some]

        rows += await house.store.read(visit.origin, look)
    return sheets_draft.upload_of(sheet, header, rows)


def _checked(
    access: Access, visit: Visit, report: Report[Any], names: Sequence[str], line: Line, known: dict[str, int]
) -> Checked:
    """The verdict on one row. `known` are the records that the rows before it are about."""
    at = visit.here
    sent, lost = columns.sent(report, names, line.cells, at)
    if lost:
        return Checked(line.number, "refused", errors=lost)
    call = Call(visit.on_behalf, report, sent, at)
    judged = sheet_rows.judge(call, lambda change: tried(access, change, visit.now))
    made = Checked(
        line.number,
        judged.kind,
        _what(report, sent),
        judged.method,
        judged.version,
        errors=_errors(report, judged),
        warnings=[Said(w.member, *warning_text(w, None)) for w in judged.warnings],
        changes=_changes(report, judged, at),
    )
    if not judged.same_as:
        return made
    before = known.setdefault(judged.same_as, line.number)
    if before != line.number:
        made.kind = "twice"
        made.errors.append(Said("", TWICE.id.format(row=before), TWICE.en.format(row=before)))
    elif made.accepted:
        made.once = _once(access.vault, visit, report, sent, judged)
    return made


def _once(vault: Vault, visit: Visit, report: Report[Any], sent: dict[str, object], judged: Judged) -> str:
    """By what a row is carried out once: the hospital, the kind, what it says, and what it was judged beside.

    A keyed hash: of a plain one, the NIK that it was made of could be found by trying (SR-44).
    """
    said = sheet_rows.content({name: str(value) for name, value in sent.items()})
    text = hashlib.sha256(f"{visit.own.code}\n{report.name}\n{judged.seen}\n{said}".encode()).hexdigest()
    return vault.index("lembar", text).hex()


def _errors(report: Report[Any], judged: Judged) -> list[Said]:
    found = [Said(p.member, *problem_text(p, None)) for p in judged.problems]
    if judged.kind == "unknown":
        number = getattr(report.identity, "number", "")
        found.append(Said(number, NUMBER_UNKNOWN.id.format(member=number), NUMBER_UNKNOWN.en.format(member=number)))
    elif judged.kind == "conflict":
        found.append(Said("", *NAME_TAKEN))
    return found


def _what(report: Report[Any], sent: dict[str, object]) -> str:
    """By which words people know a row, without what identifies a person."""
    identity = report.identity
    names = getattr(identity, "recognised_by", None) or (*key_of(identity), getattr(identity, "day", ""))
    names = dict.fromkeys(names)
    personal = {m.name for m in members(report.record) if m.personal}
    return " · ".join(str(sent[name])[:60] for name in names if name in sent and name not in personal)


def _changes(report: Report[Any], judged: Judged, at: At) -> list[Change]:
    """What a row changes, as text; what identifies a person is not repeated."""
    if judged.old is None or judged.new is None:
        return []
    found = []
    for m in members(report.record):
        old, new = judged.old.get(m.name), judged.new.get(m.name)
        if not m.stored or old == new or (m.name in report.record.renewed):
            continue
        shown = ["–" if v is None else "•••" if m.personal else m.kind.wire(v, at) for v in (old, new)]
        found.append(Change(m.name, *shown))
    return found


async def found_upload(house: House, visit: Visit, report: Report[Any]) -> Upload:
    """The upload in the address; raise Wrong where it is not there, or not this person's."""
    token = visit.request.path_params["token"]
    found = await house.store.read(visit.origin, lambda access: sheets_draft.find(access, visit, report, token))
    if found is None:
        raise Wrong(404, "Unggahan ini tidak ada lagi. Unggah kembali.", "This upload is gone. Upload it again.")
    return found


async def marked(house: House, visit: Visit) -> Response:
    """The same rows back, with what is wrong beside each cell."""
    report, form = sheet_report(visit), form_in(visit)
    found = await found_upload(house, visit, report)
    if form == "csv":
        body = await asyncio.to_thread(_marked_csv, found, visit.language)
    else:
        body = await asyncio.to_thread(_marked_workbook, report, house.references, found, visit.language)
    return download(body, f"{report.name}-diperiksa", form)


def _marks(found: Upload, language: str) -> dict[tuple[int, int], tuple[bool, str]]:
    """The comments by place; those of no column stand at the first cell of their row."""
    places = {name: place for place, name in enumerate(found.names, 1) if name}
    texts: dict[tuple[int, int], list[tuple[bool, str]]] = {}
    for row in found.rows:
        for fault, said in (*((True, s) for s in row.errors), *((False, s) for s in row.warnings)):
            place = (row.number, places.get(said.member, 1))
            texts.setdefault(place, []).append((fault, said.en if language == "en" else said.id))
    return {
        place: (any(fault for fault, _ in told), "\n".join(text for _, text in told)) for place, told in texts.items()
    }


def _marked_workbook(report: Report[Any], references: Mapping[str, Reference], found: Upload, language: str) -> bytes:
    from rsonline.sheets import workbook

    first = found.head[-1][0] + 1
    return workbook.marked(report, references, language, found.lines(), found.names, first, _marks(found, language))


def _marked_csv(found: Upload, language: str) -> bytes:
    told = {
        row.number: "; ".join(said.en if language == "en" else said.id for said in (*row.errors, *row.warnings))
        for row in found.rows
    }
    width = len(found.names)
    lines = []
    for number, cells in found.lines():
        texts = [_csv_text(cell) for cell in [*cells, *[None] * (width - len(cells))][:width]]
        last = columns.FAULTS if number == found.head[0][0] else shielded(told.get(number, ""))
        lines.append(stream.csv_row([*texts, last], found.delimiter))
    return b"\xef\xbb\xbf" + "".join(lines).encode("utf-8", "replace")


def _csv_text(cell: Cell) -> str:
    return shielded(cell) if isinstance(cell, str) else written(cell)


def local_name(visit: Visit, name: str, now: datetime) -> str:
    """A file's name with the hospital and its local day."""
    return f"{name}-{visit.own.code}-{now.astimezone(visit.zone).date().isoformat()}"


PAGES = (
    Page("/lembar", ("GET",), "view", overview, hospital=True),
    Page("/lembar/{name}", ("GET",), "view", kind, hospital=True),
    Page("/lembar/{name}", ("POST",), "enter", upload, most=FORM_BYTES, hospital=True),
    Page("/lembar/{name}/templat.{form}", ("GET",), "view", template, hospital=True, fragment=True),
    Page("/lembar/{name}/{token}/berkas.{form}", ("GET",), "enter", marked, hospital=True, fragment=True),
)
