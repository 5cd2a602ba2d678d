"""Lists as files: every kind, written while it is read. What identifies a person only for a stated reason (SR-42)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import msgspec
from starlette.responses import Response, StreamingResponse

from rsonline.intake.verbs import Call, viewing
from rsonline.reports import KEMATIAN, PASIEN_COVID, SHK, SHK_HASIL
from rsonline.reports.fields import Label
from rsonline.reports.report import Named, PerDay, Report, Row, Steps, members
from rsonline.reports.verdict import Words
from rsonline.sheets import columns
from rsonline.sheets.cells import Cell, Form
from rsonline.sheets.columns import UPDATED, Column
from rsonline.sheets.stream import Writing
from rsonline.store import exports
from rsonline.store.exports import Span
from rsonline.web import render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.records import report_named
from rsonline.web.sheets import download, form_in, local_name, writing_in
from rsonline.web.visit import Visit

MOST_ROWS: Final = 50_000
_AT_ONCE = 1000
_DAYS: dict[str, str] = {
    SHK.name: "tgl_lapor",
    SHK_HASIL.name: "tgl_hasil",
    PASIEN_COVID.name: "tanggalMasuk",
    KEMATIAN.name: "tanggal_kematian",
}
"""The member by which people look for a record of these kinds."""
_UPDATED = Column(UPDATED, Label("Diperbarui", "Updated"), "moment", False, False)


def day_column(report: Report[Any]) -> str:
    """The column that `dari` and `sampai` are about: the record's own day, else when it was last changed."""
    identity = report.identity
    if isinstance(identity, PerDay | Named):
        return identity.day
    if isinstance(identity, Steps):
        return "waktu"
    return _DAYS.get(report.name, "updated_at")


async def export(house: House, visit: Visit) -> Response:
    """A list without what identifies a person."""
    report, form = report_named(visit.request.path_params["name"]), form_in(visit)
    return await _exported(house, visit, report, form, visit.request.query_params, None)


async def ask_persons(house: House, visit: Visit) -> Response:
    """Ask for the reason of an export with what identifies a person."""
    return _asking(visit, _with_persons(visit))


async def export_persons(house: House, visit: Visit) -> Response:
    """A list with what identifies a person: for a reason, with a line for each person that is in it."""
    report = _with_persons(visit)
    form = await visit.request.form(max_files=1, max_fields=50)
    reason = " ".join(str(form.get("alasan", "")).split())[:300]
    if len(reason) < 10:
        words = Words("Tulis alasan paling sedikit 10 huruf.", "Give a reason of at least 10 letters.")
        return _asking(visit, report, 422, words, reason)
    wanted: Form = "csv" if form.get("bentuk") == "csv" else "xlsx"
    asked = {name: str(form.get(name, "")) for name in ("dari", "sampai")}
    return await _exported(house, visit, report, wanted, asked, reason)


def _with_persons(visit: Visit) -> Report[Any]:
    report = report_named(visit.request.path_params["name"])
    if not any(m.personal for m in members(report.record)):
        raise Wrong(404, "Laporan ini tidak berisi data pribadi.", "This report names no persons.")
    return report


def _asking(
    visit: Visit, report: Report[Any], status: int = 200, wrong: Words | None = None, reason: str = ""
) -> Response:
    return render.page(visit, "lembar_pribadi.html", status, report=report, wrong=wrong, reason=reason)


async def _exported(
    house: House, visit: Visit, report: Report[Any], form: Form, asked: Any, reason: str | None
) -> Response:
    span, said = _span(visit, report, asked)
    code, origin = visit.own.code, visit.on_behalf
    count = await house.store.read(origin, lambda access: exports.count(access, code, report, span))
    if count > MOST_ROWS:
        raise Wrong(
            422,
            f"Daftar ini berisi {count} baris; paling banyak {MOST_ROWS} sekali ambil. Persempit tanggalnya.",
            f"The list has {count} rows; at most {MOST_ROWS} at a time. Narrow the days.",
        )
    noted: dict[str, object] = {"rows": count, "form": form, "persons": reason is not None, **said}
    if reason is not None:
        noted["reason"] = reason
    await house.store.perform(lambda access: exports.note(access, origin, report, noted))
    chosen = [c for c in columns.columns(report, whole=True) if reason is not None or not c.personal] + [_UPDATED]
    writing = await writing_in(form, [c.holds for c in chosen])
    first = download(b"", local_name(visit, report.name, visit.now), form)
    headers = {"Content-Disposition": first.headers["content-disposition"], "X-Baris": str(count)}
    body = _written(house, visit, report, span, chosen, writing, persons=reason is not None)
    return StreamingResponse(body, 200, headers, first.media_type)


async def _written(
    house: House,
    visit: Visit,
    report: Report[Any],
    span: Span,
    chosen: list[Column],
    writing: Writing,
    *,
    persons: bool,
) -> AsyncIterator[bytes]:
    """The file, piece by piece. Rows that name persons leave after they were noted as seen (SR-47)."""
    code, origin, at = visit.own.code, visit.on_behalf, visit.here
    yield await asyncio.to_thread(writing.begin, [c.name for c in chosen])
    after: Row | None = None
    left = MOST_ROWS
    while left > 0:
        some = min(left, _AT_ONCE)
        last = after
        rows = await house.store.read(
            origin,
            lambda access, last=last, some=some: exports.part(  # type: ignore[misc]  # each part has its own
                access, code, report, span, last, some, whole=persons
            ),
        )
        if not rows:
            break
        seen = viewing(Call(origin, report, {}, at), rows) if persons else None
        if seen is not None:
            await house.store.submit(msgspec.structs.replace(seen, verb="export"))
        yield await asyncio.to_thread(writing.rows, [_cells(chosen, row, visit) for row in rows])
        after = rows[-1]
        left -= len(rows)
    yield await asyncio.to_thread(writing.end)


def _cells(chosen: list[Column], row: Row, visit: Visit) -> list[Cell]:
    return columns.values(chosen, {**row, UPDATED: row["updated_at"].replace(microsecond=0)}, visit.here)


def _span(visit: Visit, report: Report[Any], asked: Any) -> tuple[Span, dict[str, object]]:
    """The rows that are asked for by local days, both included; raise Wrong for what is no day."""
    column = day_column(report)
    days = {name: _day(asked.get(name, "")) for name in ("dari", "sampai")}
    first, last = days["dari"], days["sampai"]
    end = None if last is None else last + timedelta(days=1)
    moments = column in ("updated_at", "waktu")
    low, high = (_midnight(day, visit) if moments and day is not None else day for day in (first, end))
    said: dict[str, object] = {name: day.isoformat() for name, day in days.items() if day is not None}
    return Span(column, low, high), said


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(422, "Tanggal ditulis yyyy-mm-dd.", "A day is written yyyy-mm-dd.") from None


def _midnight(day: date, visit: Visit) -> datetime:
    return datetime.combine(day, time(), visit.zone)


PAGES = (
    Page("/lembar/{name}/ekspor.{form}", ("GET",), "export", export, hospital=True, fragment=True),
    Page("/lembar/{name}/ekspor-pribadi", ("GET",), "export_persons", ask_persons, fresh=True, hospital=True),
    Page("/lembar/{name}/ekspor-pribadi", ("POST",), "export_persons", export_persons, fresh=True, hospital=True),
)
