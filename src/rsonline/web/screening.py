"""Newborn screening: the samples of a hospital, each with its results. High TSH stands first."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from rsonline.reports import SHK, SHK_HASIL
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words
from rsonline.store import history, newborns, reads
from rsonline.store.drafts import Draft
from rsonline.web import drafts, forms, lines, record_form, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.persons import initials, masked, note_seen
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

PATH = "/shk"
AT_ONCE = 50
_NEW = "shk/baru"
"""By which name the draft of a new one is kept."""
ACTIONS = {
    "arrived": Words("Sampel diterima laboratorium", "The laboratory has the sample"),
    "recalled": Words("Keluarga dihubungi untuk datang lagi", "The family was called back"),
    "treated": Words("Pengobatan dimulai", "Treatment began"),
    "lost": Words("Tidak dapat ditemukan", "Cannot be found"),
    "closed": Words("Ditangani di tempat lain, meninggal, atau menolak", "Followed elsewhere, died, or refused"),
}
"""What a person may record about a child, beyond the guide's reports."""


def number_in(visit: Visit, name: str) -> int:
    """A number of the service in the address; raise Wrong for none."""
    text = visit.request.path_params[name]
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Wrong(404, "Data ini tidak ada.", "There is no such record.")
    return int(text)


def first_in(visit: Visit) -> int:
    """How many rows the page passes over."""
    text = visit.request.query_params.get("mulai", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


async def table(house: House, visit: Visit) -> Response:
    """The samples, newest first; those without a result can be seen at a glance. Persons are masked."""
    code, first = visit.own.code, first_in(visit)

    def look(access: Any) -> tuple[list[Row], int, list[Row]]:
        rows, total = reads.newest(code, SHK, first, AT_ONCE)(access)
        results = reads.among(code, SHK_HASIL, "id_shk", [row["id_shk"] for row in rows])(access)
        return rows, total, results

    rows, total, results = await house.store.read(visit.origin, look)
    by_sample: dict[int, list[Row]] = {}
    for result in results:
        by_sample.setdefault(result["id_shk"], []).append(result)
    names = visit.here.references["hasil_pemeriksaan"].entries
    return render.page(
        visit,
        "shk.html",
        rows=[
            (
                row,
                masked(row["nik_ibu"]),
                initials(row["nama_ibu"]),
                [
                    (names[r["hasil_pemeriksaan"]].nama if r["hasil_pemeriksaan"] in names else "–", r)
                    for r in by_sample.get(row["id_shk"], [])
                ],
            )
            for row in rows
        ],
        total=total,
        first=first,
        at_once=AT_ONCE,
        saved=lines.just_saved(visit),
    )


async def new(house: House, visit: Visit) -> Response:
    """The form of a new sample."""
    draft = await drafts.begun(house, visit, _NEW)
    return _new(visit, None if draft is None else draft.typed, draft=draft)


def _new(
    visit: Visit, typed: Mapping[str, str] | None, done: Done | None = None, draft: Draft | None = None
) -> Response:
    return record_form.shown(
        visit,
        SHK,
        title=visit.t("Sampel baru", "New sample"),
        action=f"{PATH}/baru",
        back=PATH,
        typed=typed,
        done=done,
        keep_as=_NEW,
        draft=draft,
    )


async def add(house: House, visit: Visit) -> Response:
    """A new sample."""
    typed = await lines.typed_in(visit)
    done = await lines.send(house, visit, SHK, "POST", forms.sent(SHK, typed, visit.here), typed)
    if done.seq is None:
        return _new(visit, typed, done)
    await drafts.sent(house, visit, _NEW)
    return lines.back(PATH, done.seq)


async def _found(house: House, visit: Visit) -> Row:
    number = number_in(visit, "number")
    rows = await house.store.read(visit.origin, reads.having(visit.own.code, SHK, {"id_shk": number}))
    if not rows:
        raise Wrong(404, "Sampel ini tidak ada.", "There is no such sample.")
    return rows[0]


async def one(house: House, visit: Visit) -> Response:
    """A sample with its results; seeing it leaves a line."""
    row = await _found(house, visit)
    await note_seen(house, visit, SHK, [row])
    return await _one(house, visit, row)


async def _one(house: House, visit: Visit, row: Row, **more: Any) -> Response:
    number = row["id_shk"]
    results = await house.store.read(
        visit.origin, reads.having(visit.own.code, SHK_HASIL, {"id_shk": number}, ("id_hasil",))
    )
    done = await house.store.read(None, lambda access: newborns.actions(access, visit.own.code, number))
    at = visit.here
    made = []
    for result in results:
        shown = lines.line(visit, SHK_HASIL, f"h{result['id_hasil']}", "", result)
        made.append((result, shown))
    adding = more.pop("adding", None) or lines.line(visit, SHK_HASIL, "hbaru", "", None)
    return record_form.shown(
        visit,
        SHK,
        title=f"SHK {number}",
        action=f"{PATH}/{number}",
        back=PATH,
        stored=row,
        template="shk_satu.html",
        results=made,
        adding=adding,
        sample=number,
        actions=[(ACTIONS[each.kind], each.day, each.at) for each in done],
        choices=ACTIONS,
        today=at.today.isoformat(),
        key=history.record_key(SHK, row),
        names={e.id: e.nama for e in at.references["hasil_pemeriksaan"].entries.values()},
        **more,
    )


async def change(house: House, visit: Visit) -> Response:
    """Correct a sample."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    said = {**forms.sent(SHK, typed, visit.here), "id_shk": str(row["id_shk"])}
    done = await lines.send(house, visit, SHK, "PUT", said, typed)
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    return await _one(house, visit, row, typed=typed, done=done)


async def remove(house: House, visit: Visit) -> Response:
    """Take a sample and its results away."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    done = await lines.send(house, visit, SHK, "DELETE", {"id_shk": str(row["id_shk"])}, typed)
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    return await _one(house, visit, row, done=done)


async def add_result(house: House, visit: Visit) -> Response:
    """A result of a sample."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    said = {**forms.sent(SHK_HASIL, typed, visit.here), "id_shk": str(row["id_shk"])}
    done = await lines.send(house, visit, SHK_HASIL, "POST", said, typed)
    if done.seq is not None:
        return RedirectResponse(f"{PATH}/{row['id_shk']}", 303)
    adding = lines.after(visit, SHK_HASIL, lines.line(visit, SHK_HASIL, "hbaru", "", None, typed), done)
    response = await _one(house, visit, row, adding=adding)
    response.status_code = lines.status_of(done)
    return response


async def change_result(house: House, visit: Visit) -> Response:
    """Correct a result, or take it away."""
    row, number = await _found(house, visit), number_in(visit, "result")
    typed = await lines.typed_in(visit)
    known = {"id_hasil": str(number), "id_shk": str(row["id_shk"])}
    away = typed.get("hapus") == "1"
    said = known if away else {**forms.sent(SHK_HASIL, typed, visit.here), **known}
    done = await lines.send(house, visit, SHK_HASIL, "DELETE" if away else "PUT", said, typed)
    if done.seq is not None:
        return RedirectResponse(f"{PATH}/{row['id_shk']}", 303)
    response = await _one(house, visit, row, done=done)
    response.status_code = lines.status_of(done)
    return response


PAGES = (
    Page(PATH, ("GET",), "view", table, hospital=True),
    Page(f"{PATH}/baru", ("GET",), "enter", new, hospital=True),
    Page(f"{PATH}/baru", ("POST",), "enter", add, hospital=True),
    Page(f"{PATH}/{{number}}", ("GET",), "persons", one, hospital=True),
    Page(f"{PATH}/{{number}}", ("POST",), "correct", change, hospital=True),
    Page(f"{PATH}/{{number}}/hapus", ("POST",), "correct", remove, hospital=True),
    Page(f"{PATH}/{{number}}/hasil", ("POST",), "enter", add_result, hospital=True),
    Page(f"{PATH}/{{number}}/hasil/{{result}}", ("POST",), "correct", change_result, hospital=True),
)
