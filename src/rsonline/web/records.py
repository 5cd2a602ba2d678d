"""One record through time: its receipt, its history with what changed, and the way back from a deletion."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import segno
from starlette.responses import RedirectResponse, Response

from rsonline.intake.edits import UNDO, restore
from rsonline.intake.verbs import Call
from rsonline.reports import EVERY_REPORT, named
from rsonline.reports.receipt import digest_of, key_id
from rsonline.reports.report import Report, Row, key_of, members
from rsonline.reports.verdict import Words
from rsonline.store import history
from rsonline.store.history import Version
from rsonline.web import render, submit
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
VERBS = {
    "add": Words("ditambah", "added"),
    "save": Words("disimpan", "saved"),
    "replace": Words("diubah", "changed"),
    "confirm": Words("dikonfirmasi tetap", "confirmed unchanged"),
    "remove": Words("dihapus", "removed"),
    "restore": Words("dikembalikan", "brought back"),
    "view": Words("dilihat", "seen"),
    "retention": Words("dihapus di akhir masa simpan", "removed at the end of its time"),
}
DOORS = {
    "api": Words("program rumah sakit (API)", "the hospital's program (API)"),
    "web": Words("aplikasi ini", "this application"),
    "file": Words("berkas", "a file"),
    "cli": Words("operator", "the operator"),
}


class Difference(NamedTuple):
    """One member that a version changed; texts, None where there was nothing."""

    label: str
    old: str | None
    new: str | None


def report_named(name: str) -> Report[Any]:
    """The report in the address; raise Wrong for none."""
    try:
        return named(name)
    except KeyError:
        raise Wrong(404, "Halaman ini tidak ada.", "There is no such page.") from None


def verb_words(verb: str) -> Words:
    """What a line of the journal says was done."""
    return VERBS.get(verb, Words(verb, verb))


def differences(
    report: Report[Any], version: Version, language: str, zone: ZoneInfo, *, persons: bool = True
) -> list[Difference]:
    """What a version changed, in the guide's order; what identifies a person only for whoever may see it."""
    old, new = version.old or {}, version.new or {}
    found = []
    for m in members(report.record):
        before, after = old.get(m.name), new.get(m.name)
        if before == after or not m.stored:
            continue
        hidden = m.personal and not persons
        label = m.label.en if language == "en" else m.label.id
        found.append(
            Difference(
                label,
                None if before is None else "•••" if hidden else _told(before, zone),
                None if after is None else "•••" if hidden else _told(after, zone),
            )
        )
    return found


def _told(value: object, zone: ZoneInfo) -> str:
    """A value of the journal for a person: a moment on the wall clock, without its microseconds."""
    text = str(value)
    if _MOMENT.fullmatch(text) is None:
        return text
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S}"


async def receipt(house: House, visit: Visit) -> Response:
    """The receipt of one submission: printable, and verifiable without us."""
    text = visit.request.path_params["seq"]
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Wrong(404, "Resi ini tidak ada.", "There is no such receipt.")
    code = visit.own.code
    line = await house.store.read(visit.origin, lambda access: history.line(access, code, int(text)))
    if line is None or line.source == "cli" or line.request_id is None or not line.said:
        raise Wrong(404, "Resi ini tidak ada.", "There is no such receipt.")
    report = report_named(line.report)
    signed = house.receipts.sign(line.request_id, line.at, code, line.said.encode())
    public = base64.b64encode(house.store.vault.public_key).decode()
    return render.page(
        visit,
        "resi.html",
        report=report,
        line=line,
        verb=verb_words(line.verb),
        door=DOORS[line.source],
        digest=digest_of(line.said.encode()),
        receipt=signed,
        key=key_id(house.store.vault.public_key),
        public=public,
        picture=_picture(f"{line.seq} {line.request_id}"),
        values=differences(
            report, line._replace(old={} if line.new else line.old), visit.language, visit.zone, persons=False
        ),
    )


def _picture(text: str) -> tuple[int, list[tuple[int, int]]]:
    matrix = segno.make(text, error="m").matrix
    return len(matrix), [(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark]


async def versions(house: House, visit: Visit) -> Response:
    """Every version of one record, newest first."""
    report = report_named(visit.request.path_params["name"])
    key, code = visit.request.query_params.get("kunci", "")[:400], visit.own.code
    found = await house.store.read(visit.origin, lambda access: history.versions(access, code, report, key))
    if not found:
        raise Wrong(404, "Riwayat ini tidak ada.", "There is no such history.")
    shown = [
        (v, verb_words(v.verb), DOORS[v.source], differences(report, v, visit.language, visit.zone)) for v in found
    ]
    return render.page(visit, "riwayat.html", report=report, shown=shown, key=key)


async def removed(house: House, visit: Visit) -> Response:
    """What was deleted during the last thirty days and can be brought back."""
    code, since = visit.own.code, visit.now - UNDO

    def look(access: Any) -> list[tuple[Report[Any], Row, str]]:
        return [
            (report, row, history.record_key(report, row))
            for report in EVERY_REPORT
            for row in history.deleted(access, code, report, since)
        ]

    found = await house.store.read(visit.origin, look)
    return render.page(
        visit,
        "terhapus.html",
        found=[(report, describe(report, row, visit), row["deleted_at"], key) for report, row, key in found],
        days=UNDO // timedelta(days=1),
    )


def describe(report: Report[Any], row: Mapping[str, Any], visit: Visit) -> str:
    """By which words people know a record, without what identifies a person."""
    identity = report.identity
    named_by = getattr(identity, "recognised_by", None) or key_of(identity)
    hidden = {m.name for m in members(report.record) if m.personal}
    parts = [str(row[name]) for name in named_by if name not in hidden and row.get(name) is not None]
    number = getattr(identity, "number", None)
    return " · ".join(parts) or f"no. {row.get(number) if number else '?'}"


async def bring_back(house: House, visit: Visit) -> Response:
    """Take a deletion back."""
    report = report_named(visit.request.path_params["name"])
    form = await visit.request.form(max_files=1, max_fields=50)
    wanted, code = str(form.get("kunci", ""))[:400], visit.own.code
    since = visit.now - UNDO
    rows = await house.store.read(visit.origin, lambda access: history.deleted(access, code, report, since))
    row = next((r for r in rows if history.record_key(report, r) == wanted), None)
    if row is None:
        raise Wrong(404, "Data ini sudah tidak dapat dikembalikan.", "This record cannot be brought back any more.")
    key = {name: row[name] for name in key_of(report.identity)}
    outcome = await house.store.submit(restore(Call(visit.on_behalf, report, {}, visit.here), key))
    if outcome.kind == "conflict":
        visit.flash.append(("danger", Words("Sudah ada data lain dengan nama yang sama.", "There is another one now.")))
        return await removed(house, visit)
    if outcome.kind != "saved":
        raise Wrong(404, "Data ini sudah tidak dapat dikembalikan.", "This record cannot be brought back any more.")
    seq = await submit.line_of(house, visit, report, outcome.row)
    return RedirectResponse(f"/resi/{seq}" if seq is not None else "/terhapus", 303)


PAGES = (
    Page("/resi/{seq}", ("GET",), "view", receipt, hospital=True),
    Page("/riwayat/{name}", ("GET",), "persons", versions, hospital=True),
    Page("/terhapus", ("GET",), "correct", removed, hospital=True),
    Page("/terhapus/{name}", ("POST",), "correct", bring_back, hospital=True),
)
