"""A judged file: what each row means, and sending those that are right, each once, as far as the time allows."""

import asyncio
import time
from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from rsonline.intake import sheet_rows
from rsonline.intake.receipts import WRITTEN
from rsonline.intake.verbs import Call
from rsonline.reports.report import Report
from rsonline.reports.verdict import Refused, Words
from rsonline.sheets import columns
from rsonline.sheets.cells import Cell, unpacked
from rsonline.store import history
from rsonline.store.access import Access
from rsonline.store.change import Busy, Full, Once, Outcome, Stale
from rsonline.web import render, sheets_draft
from rsonline.web.pages import House, Page
from rsonline.web.sheets import SHOWN, found_upload, sheet_report
from rsonline.web.sheets_draft import Checked
from rsonline.web.visit import Visit

SECONDS = 12.0
"""So long one request sends; what is left waits for the next, and the page says how far it came."""
_TOGETHER = 200
_MOST_ATTEMPTS = 5
FILTERS = {
    "wrong": Words("Perlu diperbaiki", "To be corrected"),
    "unsent": Words("Tidak tersimpan", "Not stored"),
    "new": Words("Baru", "New"),
    "change": Words("Mengubah", "Changes"),
    "stored": Words("Tersimpan", "Stored"),
    "same": Words("Sudah ada", "Already there"),
}
ENDED = {
    "changed": Words("Diubah orang lain sejak pratinjau; unggah kembali", "Changed since the preview; upload again"),
    "refused": Words("Ditolak saat disimpan; unggah kembali", "Refused while storing; upload again"),
}


class _Kept(msgspec.Struct):
    """What is kept of a row's sending: how it ended, and the request and key of its journal line."""

    kind: str
    request_id: str
    key: str


async def preview(house: House, visit: Visit) -> Response:
    """The rows with their verdicts, those to be corrected first."""
    report = sheet_report(visit)
    found = await found_upload(house, visit, report)
    counts = found.counts
    wanted = visit.request.query_params.get("tampil", "")
    chosen = wanted if wanted in FILTERS else next((f for f in FILTERS if counts[f]), "new")
    rows = [row for row in found.rows if row.shown_as == chosen]
    page = _number(visit.request.query_params.get("hal", "1"))
    shown = rows[(page - 1) * SHOWN : page * SHOWN]
    receipts = await house.store.read(visit.origin, lambda access: _receipts(access, visit, report, shown))
    return render.page(
        visit,
        "lembar_periksa.html",
        report=report,
        found=found,
        counts=counts,
        filters=FILTERS,
        chosen=chosen,
        rows=shown,
        page=page,
        pages=max(1, -(-len(rows) // SHOWN)),
        waiting=len(found.waiting),
        ended=ENDED,
        receipts=receipts,
        here=visit.request.url.path,
        sent=sum(1 for row in found.rows if row.result),
    )


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _receipts(access: Access, visit: Visit, report: Report[Any], rows: list[Checked]) -> dict[int, int]:
    """The number of the receipt of each row that was stored."""
    found = {}
    for row in rows:
        if row.key:
            seq = history.written(access, visit.own.code, report, row.key, row.request_id)
            if seq is not None:
                found[row.number] = seq
    return found


async def send(house: House, visit: Visit) -> Response:
    """Send the rows that are right. Sent again, nothing happens twice."""
    report = sheet_report(visit)
    found = await found_upload(house, visit, report)
    cells = {number: unpacked(packed) for number, packed in found.data}
    until = time.monotonic() + SECONDS
    waiting = found.waiting
    failed: BaseException | None = None
    for first in range(0, len(waiting), _TOGETHER):
        some = waiting[first : first + _TOGETHER]
        ended = await asyncio.gather(
            *(_send(house, visit, report, found.names, row, cells[row.number]) for row in some),
            return_exceptions=True,
        )
        failed = next((error for error in ended if isinstance(error, BaseException)), None)
        if failed is not None or time.monotonic() > until:
            break
    token = visit.request.path_params["token"]
    await house.store.perform(lambda access: sheets_draft.keep(access, visit, report, token, found))
    # What was stored is stored and shown so; the rest waits for another try.
    if failed is not None and not isinstance(failed, Busy | Full | Stale):
        raise failed
    return RedirectResponse(f"/lembar/{report.name}/{token}", 303)


async def _send(
    house: House, visit: Visit, report: Report[Any], names: list[str], row: Checked, cells: list[Cell]
) -> None:
    """Carry out one row and note how it ended. Raises what the store raises."""
    sent, _ = columns.sent(report, names, cells, visit.here)
    origin = visit.on_behalf._replace(source="file")
    try:
        asked = sheet_rows.carried_out(Call(origin, report, sent, visit.here), row.method, row.version)
    except Refused:
        row.result = "refused"
        return

    def word(outcome: Outcome) -> bytes:
        key = history.record_key(report, outcome.row) if outcome.kind in WRITTEN else ""
        return msgspec.json.encode(_Kept(outcome.kind, visit.request_id, key))

    for attempt in range(_MOST_ATTEMPTS):
        once = Once(f"lembar {report.name}", f"{row.once}.{attempt}", bytes.fromhex(row.once), word)
        outcome = await house.store.submit(msgspec.structs.replace(asked.change, once=once))
        kept = _Kept(outcome.kind, visit.request_id, "")
        if outcome.kind == "repeated":
            kept = msgspec.json.decode(outcome.answer, type=_Kept)
            if kept.kind not in WRITTEN:
                # It was tried before and stood in nobody's way; what hindered it then may be gone.
                continue
        elif outcome.kind in WRITTEN:
            kept.key = history.record_key(report, outcome.row)
        row.result, row.key, row.request_id = kept.kind, kept.key, kept.request_id
        return
    row.result = "refused"


PAGES = (
    Page("/lembar/{name}/{token}", ("GET",), "enter", preview, hospital=True),
    Page("/lembar/{name}/{token}", ("POST",), "enter", send, hospital=True),
)
