"""Deaths of a hospital (III.A; pasien-covid 6)."""

from collections.abc import Mapping

from starlette.responses import Response

from rsonline.intake import patients as verbs
from rsonline.reports import KEMATIAN
from rsonline.reports.joi import label
from rsonline.reports.kinds.kematian import FIXED_AFTERWARDS
from rsonline.reports.report import Row
from rsonline.store import history, reads
from rsonline.store.drafts import Draft
from rsonline.web import drafts, forms, lines, record_form, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.patient_forms import dressed, send
from rsonline.web.persons import initials, note_seen
from rsonline.web.screening import first_in, number_in
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

PATH = "/kematian"
AT_ONCE = 50
_NEW = "kematian/baru"
"""By which name the draft of a new one is kept."""


async def table(house: House, visit: Visit) -> Response:
    """The deaths, newest first. Persons are masked."""
    first = first_in(visit)
    rows, total = await house.store.read(visit.origin, reads.newest(visit.own.code, KEMATIAN, first, AT_ONCE))
    return render.page(
        visit,
        "kematian.html",
        rows=[
            (row, initials(row["nama"]), label(visit.here, "lokasikematian", row["lokasi_kematian_id"]) or "–")
            for row in rows
        ],
        total=total,
        first=first,
        at_once=AT_ONCE,
        saved=lines.just_saved(visit),
    )


async def new(house: House, visit: Visit) -> Response:
    """The form of a death."""
    draft = await drafts.begun(house, visit, _NEW)
    return _new(visit, {} if draft is None else draft.typed, draft=draft)


def _new(visit: Visit, typed: Mapping[str, str], done: Done | None = None, draft: Draft | None = None) -> Response:
    return record_form.shown(
        visit,
        KEMATIAN,
        title=visit.t("Laporan kematian", "Death report"),
        action=f"{PATH}/baru",
        back=PATH,
        typed=typed,
        done=done,
        template="pasien_baru.html",
        dress=dressed(visit),
        keep_as=_NEW,
        draft=draft,
    )


async def add(house: House, visit: Visit) -> Response:
    """Report a death."""
    typed = await lines.typed_in(visit)
    done = await send(house, visit, verbs.report_death, KEMATIAN, forms.body(KEMATIAN.record, typed), typed)
    if done.seq is None:
        return _new(visit, typed, done)
    await drafts.sent(house, visit, _NEW)
    return lines.back(PATH, done.seq)


async def _found(house: House, visit: Visit) -> Row:
    wanted = {"id": number_in(visit, "number")}
    rows = await house.store.read(visit.origin, reads.having(visit.own.code, KEMATIAN, wanted))
    if not rows:
        raise Wrong(404, "Laporan ini tidak ada.", "There is no such report.")
    return rows[0]


async def one(house: House, visit: Visit) -> Response:
    """A death report; seeing it leaves a line."""
    row = await _found(house, visit)
    await note_seen(house, visit, KEMATIAN, [row])
    return _one(visit, row)


def _one(visit: Visit, row: Row, typed: Mapping[str, str] | None = None, done: Done | None = None) -> Response:
    return record_form.shown(
        visit,
        KEMATIAN,
        title=f"{visit.t('Kematian', 'Death')} {row['id']}",
        action=f"{PATH}/{row['id']}",
        back=PATH,
        stored=row,
        typed=None if typed is None else {**forms.texts(KEMATIAN, row, visit.here), **typed},
        done=done,
        fixed=FIXED_AFTERWARDS,
        template="kematian_satu.html",
        dress=dressed(visit),
        number_of=row["id"],
        key=history.record_key(KEMATIAN, row),
    )


async def change(house: House, visit: Visit) -> Response:
    """Correct what a death was like; who died stays."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    said = forms.body(KEMATIAN.record, typed, FIXED_AFTERWARDS)
    done = await send(house, visit, verbs.amend_death, KEMATIAN, said, typed, number=row["id"], seen=True)
    return _one(visit, row, typed, done) if done.seq is None else lines.back(PATH, done.seq)


async def remove(house: House, visit: Visit) -> Response:
    """Take a death report away."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    done = await send(house, visit, verbs.take_away, KEMATIAN, None, typed, number=row["id"], seen=True)
    return _one(visit, row, None, done) if done.seq is None else lines.back(PATH, done.seq)


PAGES = (
    Page(PATH, ("GET",), "view", table, hospital=True),
    Page(f"{PATH}/baru", ("GET",), "enter", new, hospital=True),
    Page(f"{PATH}/baru", ("POST",), "enter", add, hospital=True),
    Page(f"{PATH}/{{number}}", ("GET",), "persons", one, hospital=True),
    Page(f"{PATH}/{{number}}", ("POST",), "correct", change, hospital=True),
    Page(f"{PATH}/{{number}}/hapus", ("POST",), "correct", remove, hospital=True),
)
