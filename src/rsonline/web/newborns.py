"""The safety net of newborn screening: what was done for a child, and records that may be of one child."""

from datetime import date, timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from rsonline.insight.places import Place
from rsonline.insight.screening_clock import Decision
from rsonline.insight.screening_merging import Proposal, proposals
from rsonline.reports import SHK, SHK_HASIL
from rsonline.reports.report import Row
from rsonline.store import newborns, reads
from rsonline.store.access import Access
from rsonline.web import lines, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.persons import note_seen
from rsonline.web.screening import ACTIONS, PATH, number_in
from rsonline.web.visit import Visit

MERGING = f"{PATH}-gabungan"
BACK = timedelta(days=190)
_MOST = 50


async def act(house: House, visit: Visit) -> Response:
    """Record what was done for a child."""
    number, typed = number_in(visit, "number"), await lines.typed_in(visit)
    kind, day = typed.get("tindakan", ""), _day(typed.get("hari", ""))
    if kind not in ACTIONS or day is None or day > visit.here.today:
        raise Wrong(422, "Pilih tindakan dan hari yang sudah lewat.", "Choose what was done and a day until today.")

    def work(access: Access) -> bool:
        if not reads.having(visit.own.code, SHK, {"id_shk": number})(access):
            return False
        said = [(row.kind, row.day) for row in newborns.actions(access, visit.own.code, number)]
        # The same form sent twice says nothing new.
        if (kind, day) not in said:
            newborns.record(access, visit.on_behalf, number, kind, day)
        return True

    if not await house.store.perform(work):
        raise Wrong(404, "Sampel ini tidak ada.", "There is no such sample.")
    return RedirectResponse(f"{PATH}/{number}", 303)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def merging(house: House, visit: Visit) -> Response:
    """Pairs of records that may be of one child, for a person to decide on. Seeing them leaves lines."""
    found = [each for each in await _proposals(house, visit) if each.said is None][:_MOST]
    await note_seen(house, visit, SHK, [row for each in found for row in (each.first, each.second)])
    return render.page(visit, "shk_gabungan.html", found=found, path=MERGING)


async def _proposals(house: House, visit: Visit) -> list[Proposal]:
    code, since = visit.own.code, (visit.now - BACK).date()

    def look(access: Access) -> tuple[list[Row], list[Row], list[Any]]:
        rows = reads.between(code, SHK, "tgllahir", since)(access)
        results = reads.between(code, SHK_HASIL, "tgl_hasil", since)(access)
        return rows, results, newborns.decisions(access, code)

    rows, results, said = await house.store.read(visit.origin, look)
    place = Place(code, visit.own.name, visit.zone, visit.own.regency)
    decided = [Decision((code, each.first), (code, each.second), each.same, each.at) for each in said]
    return proposals(rows, results, decided, {code: place})


async def decide(house: House, visit: Visit) -> Response:
    """Say whether two records are of one child. Nothing is put together in what the hospital reported."""
    typed = await lines.typed_in(visit)
    parts = typed.get("pasangan", "").split("-")
    pair = [int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0 for text in parts]
    same = typed.get("sama")
    if len(pair) != 2 or pair[0] == pair[1] or same not in ("0", "1"):
        raise Wrong(422, "Pilih sama atau berbeda.", "Choose the same or different.")

    def work(access: Access) -> bool:
        if any(not reads.having(visit.own.code, SHK, {"id_shk": number})(access) for number in pair):
            return False
        newborns.decide(access, visit.on_behalf, pair[0], pair[1], same=same == "1")
        return True

    if not await house.store.perform(work):
        raise Wrong(404, "Sampel ini tidak ada.", "There is no such sample.")
    return RedirectResponse(MERGING, 303)


PAGES = (
    Page(f"{PATH}/{{number}}/tindakan", ("POST",), "enter", act, hospital=True),
    Page(MERGING, ("GET",), "persons", merging, hospital=True),
    Page(MERGING, ("POST",), "correct", decide, hospital=True),
)
