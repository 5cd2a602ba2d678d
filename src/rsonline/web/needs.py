"""Staff and protective equipment: every entry of the list as a line, each saved by itself."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from rsonline.reports import APD, SDM
from rsonline.reports.report import PerItem, Report, Row
from rsonline.store import reads
from rsonline.web import forms, lines, render
from rsonline.web.door import Wrong
from rsonline.web.lines import Line
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

PATH = "/kebutuhan/"
KINDS: tuple[Report[Any], ...] = (SDM, APD)


def kind(visit: Visit) -> tuple[Report[Any], PerItem]:
    """The kind in the address; raise Wrong for none."""
    for report in KINDS:
        if report.name == visit.request.path_params["name"] and isinstance(report.identity, PerItem):
            return report, report.identity
    raise Wrong(404, "Halaman ini tidak ada.", "There is no such page.")


async def table(house: House, visit: Visit) -> Response:
    """Every entry of the list, with what was sent of it."""
    report, identity = kind(visit)
    return _shown(visit, report, await _stored(house, visit, report, identity))


async def _stored(house: House, visit: Visit, report: Report[Any], identity: PerItem) -> dict[str, Row]:
    rows = await house.store.read(visit.origin, reads.having(visit.own.code, report, {}))
    return {row[identity.item]: row for row in rows}


def _shown(
    visit: Visit, report: Report[Any], stored: Mapping[str, Row], *, status: int = 200, instead: Line | None = None
) -> Response:
    identity = report.identity
    assert isinstance(identity, PerItem)  # noqa: S101 (its kinds have no other)
    entries = visit.here.references[identity.of].entries
    ids = list(dict.fromkeys([*entries, *stored]))
    made = [item_line(visit, report, item, stored.get(item)) for item in ids]
    if instead is not None:
        made = [instead if each.id == instead.id else each for each in made]
    return render.page(
        visit,
        "kebutuhan.html",
        status,
        report=report,
        made=made,
        sent=len(stored),
        columns=[f for f in made[0].fields.values() if f.name != identity.item],
        item=identity.item,
        saved=lines.just_saved(visit),
    )


def item_line(
    visit: Visit, report: Report[Any], item: str, row: Row | None, typed: Mapping[str, str] | None = None
) -> Line:
    """One entry as a line."""
    identity = report.identity
    assert isinstance(identity, PerItem)  # noqa: S101 (its kinds have no other)
    entry = visit.here.references[identity.of].entries.get(item)
    name = item if entry is None else entry.name if visit.language == "en" else entry.nama
    return lines.line(visit, report, f"k{item}", name, row, typed)


async def save(house: House, visit: Visit) -> Response:
    """Save one entry, confirm it, or take it away."""
    report, identity = kind(visit)
    item = visit.request.path_params["item"][:20]
    stored = await _stored(house, visit, report, identity)
    if item not in stored and item not in visit.here.references[identity.of].entries:
        raise Wrong(404, "Kebutuhan ini tidak ada dalam daftar.", "There is no such entry.")
    typed = await lines.typed_in(visit)
    said = {**forms.sent(report, typed, visit.here), identity.item: item}
    there = stored.get(item)
    taking_away = typed.get("hapus") == "1"
    method = "DELETE" if taking_away else "POST" if there is None else "PUT"
    if taking_away:
        said = {identity.item: item}
    done = await lines.send(house, visit, report, method, said, typed)
    made = item_line(visit, report, item, there, typed)
    if taking_away and done.seq is not None:
        made = item_line(visit, report, item, None)
        made.seq = done.seq
    else:
        made = lines.after(visit, report, made, done)
    if lines.wants_line(visit):
        return lines.only(
            visit,
            "kebutuhan_baris.html",
            lines.status_of(done),
            l=made,
            report=report,
            item=identity.item,
            columns=[f for f in made.fields.values() if f.name != identity.item],
        )
    if done.seq is not None:
        return lines.back(f"{PATH}{report.name}", done.seq)
    return _shown(visit, report, stored, status=lines.status_of(done), instead=made)


PAGES = (
    Page(f"{PATH}{{name}}", ("GET",), "view", table, hospital=True),
    Page(f"{PATH}{{name}}/{{item}}", ("POST",), "enter", save, hospital=True),
)
