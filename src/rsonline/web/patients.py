"""COVID-19 patients of a hospital: who is in care, an admission, its parts, the discharge (III.A)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from rsonline.intake import patients as verbs
from rsonline.reports import PARTS, PASIEN_COVID
from rsonline.reports.joi import label
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, StatusKeluar
from rsonline.reports.report import Report, Row, members
from rsonline.reports.verdict import Words
from rsonline.store import history, patients, reads
from rsonline.store.access import Access
from rsonline.store.drafts import Draft
from rsonline.web import drafts, forms, lines, record_form, render
from rsonline.web.door import Wrong
from rsonline.web.lines import Line
from rsonline.web.pages import House, Page
from rsonline.web.patient_forms import FIXED, dressed, send
from rsonline.web.persons import masked, note_seen
from rsonline.web.screening import first_in, number_in
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

PATH = "/pasien"
AT_ONCE = 50
_NEW = "pasien/baru"
"""By which name the draft of a new one is kept."""
BY_NAME: Mapping[str, Report[Any]] = {report.name.removeprefix("pasien_"): report for report in PARTS}
_IN_CARE = Words("Pasien dengan identitas ini masih dirawat di sini.", "Somebody with this identity is in care here.")


async def table(house: House, visit: Visit) -> Response:
    """The patients in care, or all that were reported. Persons are masked."""
    code, first = visit.own.code, first_in(visit)
    everybody = visit.request.query_params.get("semua") == "1"

    def look(access: Access) -> tuple[list[Row], int]:
        if everybody:
            return reads.newest(code, PASIEN_COVID, first, AT_ONCE)(access)
        page = patients.in_care(access, code, None, first, AT_ONCE)
        return page.rows, page.total

    rows, total = await house.store.read(visit.origin, look)
    at = visit.here
    return render.page(
        visit,
        "pasien.html",
        rows=[(row, masked(row["noRM"]), label(at, "statusrawat", row["statusRawatId"]) or "–") for row in rows],
        total=total,
        first=first,
        at_once=AT_ONCE,
        everybody=everybody,
        saved=lines.just_saved(visit),
    )


async def search(house: House, visit: Visit) -> Response:
    """To the newest stay of a medical record number, which never stands in an address."""
    norm = (await lines.typed_in(visit)).get("norm", "").strip()[:50]
    rows = []
    if norm:
        rows = await house.store.read(
            visit.origin, reads.having(visit.own.code, PASIEN_COVID, {"noRM": norm}, (PASIEN_NUMBER,))
        )
    if not rows:
        raise Wrong(404, "Tidak ada pasien dengan nomor rekam medis itu.", "No patient has that record number.")
    return RedirectResponse(f"{PATH}/{rows[-1][PASIEN_NUMBER]}", 303)


async def new(house: House, visit: Visit) -> Response:
    """The form of an admission."""
    draft = await drafts.begun(house, visit, _NEW)
    usual = {"kewarganegaraanId": "ID", "tanggalMasuk": visit.here.today.isoformat()}
    return _new(visit, usual if draft is None else draft.typed, draft=draft)


def _new(visit: Visit, typed: Mapping[str, str], done: Done | None = None, draft: Draft | None = None) -> Response:
    return record_form.shown(
        visit,
        PASIEN_COVID,
        title=visit.t("Pasien masuk", "Admission"),
        action=f"{PATH}/baru",
        back=PATH,
        typed=typed,
        done=_worded(visit, done),
        template="pasien_baru.html",
        dress=dressed(visit),
        keep_as=_NEW,
        draft=draft,
    )


def _worded(visit: Visit, done: Done | None) -> Done | None:
    """Say in the words of a ward why a patient cannot be admitted twice."""
    if done is not None and done.kind == "exists":
        visit.flash.append(("danger", _IN_CARE))
    return done


async def admit(house: House, visit: Visit) -> Response:
    """Admit somebody."""
    typed = await lines.typed_in(visit)
    done = await send(house, visit, verbs.admit, PASIEN_COVID, forms.body(PASIEN_COVID.record, typed), typed)
    if done.seq is None:
        return _new(visit, typed, done)
    await drafts.sent(house, visit, _NEW)
    if PASIEN_NUMBER in done.row:
        return lines.back(f"{PATH}/{done.row[PASIEN_NUMBER]}", done.seq)
    return lines.back(PATH, done.seq)


async def _found(house: House, visit: Visit) -> Row:
    number = number_in(visit, "number")
    rows = await house.store.read(visit.origin, reads.having(visit.own.code, PASIEN_COVID, {PASIEN_NUMBER: number}))
    if not rows:
        raise Wrong(404, "Pasien ini tidak ada.", "There is no such patient.")
    return rows[0]


async def one(house: House, visit: Visit) -> Response:
    """A patient with all that was reported; seeing it leaves a line."""
    row = await _found(house, visit)
    await note_seen(house, visit, PASIEN_COVID, [row])
    return await _one(house, visit, row)


async def _one(
    house: House,
    visit: Visit,
    row: Row,
    *,
    typed: Mapping[str, str] | None = None,
    done: Done | None = None,
    part: Line | None = None,
    leaving: Line | None = None,
    status: int | None = None,
) -> Response:
    """The page. `part` and `leaving` are lines that were just refused, in place of those that would stand there."""
    number, code = row[PASIEN_NUMBER], visit.own.code

    def look(access: Access) -> dict[str, list[Row]]:
        return {n: reads.having(code, r, {PASIEN_NUMBER: number}, ("id",))(access) for n, r in BY_NAME.items()}

    found = await house.store.read(visit.origin, look)
    sections = []
    for name, report in BY_NAME.items():
        shown = [_line(visit, report, f"{name}-{each['id']}", each) for each in found[name]]
        adding = _line(visit, report, f"{name}-baru", None)
        if part is not None:
            shown = [part if part.id == each.id else each for each in shown]
            adding = part if part.id == adding.id else adding
        sections.append((name, report, [(_summary(visit, report, s.stored or {}), s) for s in shown], adding))
    response = record_form.shown(
        visit,
        PASIEN_COVID,
        title=f"{visit.t('Pasien', 'Patient')} {number}",
        action=f"{PATH}/{number}",
        back=PATH,
        stored=row,
        typed=typed,
        done=_worded(visit, done),
        template="pasien_satu.html",
        dress=dressed(visit),
        row=row,
        sections=sections,
        leaving=leaving or _leaving(visit, row),
        outcome=label(visit.here, "statuskeluar", row["statusKeluarId"]),
        severity=row["severityLevelId"],
        number_of=number,
        key=history.record_key(PASIEN_COVID, row),
        saved=lines.just_saved(visit),
    )
    if status is not None:
        response.status_code = status
    return response


def _line(
    visit: Visit, report: Report[Any], id: str, stored: Row | None, typed: Mapping[str, str] | None = None
) -> Line:
    """A part as a form of its own. Whose it is stands in the address."""
    made = lines.line(visit, report, id, "", stored, typed)
    made.fields.pop(PASIEN_NUMBER, None)
    for each in made.fields.values():
        dressed(visit)(each)
    return made


def _summary(visit: Visit, report: Report[Any], row: Row) -> str:
    """A part in one line."""
    texts = []
    for m in members(report.record)[1:]:
        value = row.get(m.name)
        of = getattr(m.kind, "of", "")
        told = label(visit.here, of, value) if of and value is not None else None
        if m.name in FIXED:
            told = next((visit.words(words) for id, words in FIXED[m.name] if id == str(value)), None)
        texts.append(f"{value} {told}" if told and of in ("icd10", "komorbid") else told or _plain(visit, value))
    return " · ".join(texts)


def _plain(visit: Visit, value: Any) -> str:
    if hasattr(value, "isoformat"):
        return render.day(value, visit.language)
    if value is None or isinstance(value, str):
        return value or "–"
    return render.number(value, visit.language)


def _leaving(visit: Visit, row: Row, typed: Mapping[str, str] | None = None) -> Line:
    """The discharge as a form of its own."""
    report = _DISCHARGE
    made = lines.line(visit, report, "keluar", "", row if row["tanggalKeluar"] is not None else None, typed)
    made.version = row["version"]
    made.fields.pop(PASIEN_NUMBER, None)
    return made


class _Leaving:
    """The discharge as far as a form needs it: a record that is laid on the patient's."""

    name = PASIEN_COVID.name
    record = StatusKeluar
    identity = PASIEN_COVID.identity


_DISCHARGE: Any = _Leaving()


async def amend(house: House, visit: Visit) -> Response:
    """Correct the admission."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    said, number = forms.body(PASIEN_COVID.record, typed), row[PASIEN_NUMBER]
    done = await send(house, visit, verbs.amend, PASIEN_COVID, said, typed, number=number, seen=True)
    if done.seq is not None:
        return lines.back(f"{PATH}/{number}", done.seq)
    return await _one(house, visit, row, typed=typed, done=done)


async def remove(house: House, visit: Visit) -> Response:
    """Take a wrong report away with its parts."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    number = row[PASIEN_NUMBER]
    done = await send(house, visit, verbs.withdraw, PASIEN_COVID, None, typed, number=number, seen=True)
    if done.seq is not None:
        return lines.back(PATH, done.seq)
    return await _one(house, visit, row, done=done)


async def discharge(house: House, visit: Visit) -> Response:
    """Set the day and the outcome."""
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    number = row[PASIEN_NUMBER]
    said = {**forms.body(StatusKeluar, typed), PASIEN_NUMBER: number}
    done = await send(house, visit, verbs.discharge, PASIEN_COVID, said, typed, seen=True)
    if done.seq is not None:
        return lines.back(f"{PATH}/{number}", done.seq)
    leaving = lines.after(visit, _DISCHARGE, _leaving(visit, row, typed), done)
    return await _one(house, visit, row, leaving=leaving, status=lines.status_of(done))


def _part_in(visit: Visit) -> Report[Any]:
    report = BY_NAME.get(visit.request.path_params["part"])
    if report is None:
        raise Wrong(404, "Halaman ini tidak ada.", "There is no such page.")
    return report


async def attach(house: House, visit: Visit) -> Response:
    """A new part of a patient."""
    report = _part_in(visit)
    row = await _found(house, visit)
    typed = await lines.typed_in(visit)
    said = {**forms.body(report.record, typed), PASIEN_NUMBER: row[PASIEN_NUMBER]}
    done = await send(house, visit, verbs.attach, report, said, typed)
    if done.seq is not None:
        return lines.back(f"{PATH}/{row[PASIEN_NUMBER]}", done.seq)
    name = visit.request.path_params["part"]
    line = lines.after(visit, report, _line(visit, report, f"{name}-baru", None, typed), done)
    return await _one(house, visit, row, part=line, status=lines.status_of(done))


async def change_part(house: House, visit: Visit) -> Response:
    """Correct a part, or take it away."""
    report, id = _part_in(visit), number_in(visit, "id")
    row = await _found(house, visit)
    stored = await house.store.read(
        visit.origin, reads.having(visit.own.code, report, {"id": id, PASIEN_NUMBER: row[PASIEN_NUMBER]})
    )
    if not stored:
        raise Wrong(404, "Data ini tidak ada.", "There is no such record.")
    typed = await lines.typed_in(visit)
    if typed.get("hapus") == "1":
        done = await send(house, visit, verbs.withdraw_part, report, None, typed, number=id, seen=True)
    else:
        said = forms.body(report.record, typed, (PASIEN_NUMBER,))
        done = await send(house, visit, verbs.amend_part, report, said, typed, number=id, seen=True)
    if done.seq is not None:
        return lines.back(f"{PATH}/{row[PASIEN_NUMBER]}", done.seq)
    name = visit.request.path_params["part"]
    line = lines.after(visit, report, _line(visit, report, f"{name}-{id}", stored[0], typed), done)
    return await _one(house, visit, row, part=line, status=lines.status_of(done))


PAGES = (
    Page(PATH, ("GET",), "view", table, hospital=True),
    Page(f"{PATH}/cari", ("POST",), "persons", search, hospital=True),
    Page(f"{PATH}/baru", ("GET",), "enter", new, hospital=True),
    Page(f"{PATH}/baru", ("POST",), "enter", admit, hospital=True),
    Page(f"{PATH}/{{number}}", ("GET",), "persons", one, hospital=True),
    Page(f"{PATH}/{{number}}", ("POST",), "correct", amend, hospital=True),
    Page(f"{PATH}/{{number}}/hapus", ("POST",), "correct", remove, hospital=True),
    Page(f"{PATH}/{{number}}/keluar", ("POST",), "enter", discharge, hospital=True),
    Page(f"{PATH}/{{number}}/{{part}}", ("POST",), "enter", attach, hospital=True),
    Page(f"{PATH}/{{number}}/{{part}}/{{id}}", ("POST",), "correct", change_part, hospital=True),
)
