"""Rooms and beds: one table of all rooms, each saved by itself, confirmed unchanged, added, or taken away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from markupsafe import Markup, escape
from starlette.responses import Response

from rsonline.insight.staleness import Standing
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.report import Row, members
from rsonline.reports.verdict import Words
from rsonline.store import reads
from rsonline.store.access import Access
from rsonline.web import forms, freshness, lines, render
from rsonline.web.door import Wrong
from rsonline.web.lines import Line
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

PATH = "/tempat-tidur"
MAIN = ("jumlah_ruang", "jumlah", "terpakai", "antrian", "prepare", "prepare_plan")
"""The members that stand in the table's columns; the others fold out below."""
_HIDDEN = frozenset(m.name for m in members(TEMPAT_TIDUR.record)) - set(MAIN)
NEW = "baru"
FRESH = timedelta(hours=12)
_CELL = (
    '<td data-kolom="%(label)s"><input class="form-control form-control-sm" id="%(id)s-%(name)s" name="%(name)s"'
    ' value="%(value)s" form="form-%(id)s" type="number" min="0" step="1" inputmode="numeric"'
    ' aria-label="%(label)s, %(title)s"></td>'
)
"""A cell beside which nothing is said. All of them are whole numbers."""


async def table(house: House, visit: Visit) -> Response:
    """All rooms, by bed type."""
    return await shown(house, visit)


async def shown(house: House, visit: Visit, *, status: int = 200, instead: Line | None = None) -> Response:
    """The page; `instead` is a line that was just sent and takes the place of its stored form."""
    code = visit.own.code

    def look(access: Access) -> tuple[Sequence[Row], Standing]:
        rows = reads.having(code, TEMPAT_TIDUR, {}, ("id_t_tt",))(access)
        return rows, freshness.standings(access, [code], visit.now)[code]

    rows, standing = await house.store.read(visit.origin, look)
    told, ask = freshness.advice(visit, standing)
    types = visit.here.references["tempat_tidur"].entries
    order = {id_tt: place for place, id_tt in enumerate(types)}
    opened = _opened(visit)
    groups: dict[str, list[Line]] = {}
    for row in sorted(rows, key=lambda r: (order.get(r["id_tt"], 99), r["ruang"].casefold())):
        made = room_line(visit, row, brief=row["id_t_tt"] != opened)
        name = type_name(visit, row["id_tt"])
        groups.setdefault(name, []).append(instead if instead is not None and instead.id == made.id else made)
    adding = instead if instead is not None and instead.id == NEW else room_line(visit, None)
    return render.page(
        visit,
        "tempat_tidur.html",
        status,
        groups=groups,
        adding=adding,
        rows=rows,
        total={name: sum(row[name] or 0 for row in rows) for name in ("jumlah", "terpakai", "antrian")},
        main=MAIN,
        cells=cells,
        opened=opened,
        fresh_since=visit.now - FRESH,
        saved=lines.just_saved(visit),
        standing=standing,
        told=told,
        ask=ask,
    )


async def fresh(house: House, visit: Visit) -> Response:
    """How the figures stand, for a script that just saved a line."""
    code = visit.own.code
    found = await house.store.read(visit.origin, lambda access: freshness.standings(access, [code], visit.now))
    told, ask = freshness.advice(visit, found[code])
    return lines.only(visit, "tempat_tidur_segar.html", 200, standing=found[code], told=told, ask=ask)


def _opened(visit: Visit) -> int | None:
    """The room whose further fields are to be shown: with those of all rooms the page would be five times as long."""
    text = visit.request.query_params.get("buka", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def type_name(visit: Visit, id_tt: str) -> str:
    """The name of a bed type."""
    entry = visit.here.references["tempat_tidur"].entries.get(id_tt)
    return id_tt if entry is None else entry.name if visit.language == "en" else entry.nama


def room_line(visit: Visit, row: Row | None, typed: dict[str, str] | None = None, *, brief: bool = False) -> Line:
    """One room as a line; without a row, the line for a new one. `brief` leaves out what stands in no column."""
    if row is None:
        return lines.line(visit, TEMPAT_TIDUR, NEW, visit.t("Ruang baru", "New room"), None, typed)
    hidden = _HIDDEN if brief else ()
    made = lines.line(visit, TEMPAT_TIDUR, f"r{row['id_t_tt']}", row["ruang"] or "–", row, typed, hidden)
    if brief:
        return made
    for name in ("id_tt", "ruang"):
        # What a room is known by: another name is another room to the hospital's programs.
        made.fields[name].fixed = True
    return made


def cells(shown: Line) -> Markup:
    """The cells of a line beside whose fields nothing is said.

    Forty rooms have 240 of them: put together by the template's engine, part by part, they cost half of the page.
    """
    line = {"id": escape(shown.id), "title": escape(shown.title)}
    made = [
        _CELL % {**line, "name": name, "label": escape(field.label), "value": escape(field.value)}
        for name, field in ((name, shown.fields[name]) for name in MAIN)
    ]
    return Markup("".join(made))  # noqa: S704 (every part was escaped)


async def _room(house: House, visit: Visit) -> Row:
    """The room in the address; raise Wrong for none."""
    text = visit.request.path_params["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Wrong(404, "Ruang ini tidak ada.", "There is no such room.")
    look = reads.having(visit.own.code, TEMPAT_TIDUR, {"id_t_tt": int(text)})
    rows = await house.store.read(visit.origin, look)
    if not rows:
        raise Wrong(404, "Ruang ini sudah tidak ada.", "This room is not there any more.")
    return rows[0]


async def save(house: House, visit: Visit) -> Response:
    """Save one room, or confirm that it is as it was."""
    row = await _room(house, visit)
    typed = await lines.typed_in(visit)
    known = {"id_tt": row["id_tt"], "ruang": row["ruang"]}
    # Fields that the line did not show are as they were; the version says that nobody changed them meanwhile.
    typed = {**forms.texts(TEMPAT_TIDUR, row, visit.here), **typed}
    said = {**forms.sent(TEMPAT_TIDUR, {**typed, **known}, visit.here), "id_t_tt": str(row["id_t_tt"])}
    done = await lines.send(house, visit, TEMPAT_TIDUR, "PUT", said, typed)
    if done.seq is not None and not done.row:
        done = replace(done, row=await _room(house, visit))
    made = lines.after(visit, TEMPAT_TIDUR, room_line(visit, row, {**typed, **known}), done)
    if lines.wants_line(visit):
        fresh = visit.now - FRESH
        status = lines.status_of(done)
        return lines.only(
            visit, "tempat_tidur_baris.html", status, l=made, main=MAIN, cells=cells, opened=None, fresh_since=fresh
        )
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    return await shown(house, visit, status=lines.status_of(done), instead=made)


async def add(house: House, visit: Visit) -> Response:
    """A new room."""
    typed = await lines.typed_in(visit)
    said = forms.sent(TEMPAT_TIDUR, typed, visit.here)
    done = await lines.send(house, visit, TEMPAT_TIDUR, "POST", said, typed)
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    made = lines.after(visit, TEMPAT_TIDUR, room_line(visit, None, typed), done)
    return await shown(house, visit, status=lines.status_of(done), instead=made)


async def ask_removal(house: House, visit: Visit) -> Response:
    """Ask whether a room shall really go."""
    row = await _room(house, visit)
    return render.page(
        visit,
        "hapus.html",
        what=f"{type_name(visit, row['id_tt'])} · {row['ruang'] or '–'}",
        made=room_line(visit, row),
        action=f"{PATH}/{row['id_t_tt']}/hapus",
        back=PATH,
    )


async def remove(house: House, visit: Visit) -> Response:
    """Take a room away; it can be brought back for thirty days."""
    row = await _room(house, visit)
    typed = await lines.typed_in(visit)
    done = await lines.send(house, visit, TEMPAT_TIDUR, "DELETE", {"id_t_tt": str(row["id_t_tt"])}, typed)
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    visit.flash.append(("warning", lines.ENDED.get(done.kind, Words("Tidak dihapus.", "Not deleted."))))
    return await table(house, visit)


PAGES = (
    Page(PATH, ("GET",), "view", table, hospital=True),
    Page(f"{PATH}/kesegaran", ("GET",), "view", fresh, hospital=True, fragment=True),
    Page(f"{PATH}/baru", ("POST",), "enter", add, hospital=True),
    Page(f"{PATH}/{{number}}", ("POST",), "enter", save, hospital=True),
    Page(f"{PATH}/{{number}}/hapus", ("GET",), "correct", ask_removal, hospital=True),
    Page(f"{PATH}/{{number}}/hapus", ("POST",), "correct", remove, hospital=True),
)
