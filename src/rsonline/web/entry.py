"""Entry of the daily kinds: the form of a day, its verdict, the receipt; and what is due.

The form is derived from the declaration; what it sends goes through the same verb as a machine's message.
"""

import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from rsonline.intake import duty
from rsonline.intake.edits import confirming, expecting
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import named
from rsonline.reports.report import PerDay, Report, Row
from rsonline.reports.verdict import Problem, Refused, ReportWarning, Words
from rsonline.store import drafts, quiet, reads
from rsonline.store.access import Access
from rsonline.store.drafts import Draft
from rsonline.store.quiet import Quiet
from rsonline.web import drafts as kept
from rsonline.web import forms, render, submit
from rsonline.web.attention import attention
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

_BACK = 10


async def home(house: House, visit: Visit) -> Response:
    """What is due, what is late, what is done; for whoever has no hospital, what needs attention and where to go."""
    if visit.hospital is None:
        return render.page(visit, "beranda_umum.html", **await attention(house, visit))
    code, at = visit.own.code, visit.here
    days = [at.today - timedelta(days=n) for n in range(3)]

    def look(access: Access) -> tuple[dict[str, dict[date, Row]], list[Row], dict[str, Any], list[Quiet]]:
        sent = {
            report.name: {row["tanggal"]: row for row in reads.between(code, report, "tanggal", days[-1])(access)}
            for report in duty.DAILY
        }
        rooms = reads.having(code, named("tempat_tidur"), {})(access)
        declared = quiet.about(access, [code], days[-1])
        return sent, rooms, drafts.forms(access, code, visit.person.user_name), declared

    sent, rooms, begun, declared = await house.store.read(visit.origin, look)
    duties = [
        duty.daily(
            report,
            day,
            None if day not in sent[report.name] else sent[report.name][day]["updated_at"],
            at,
            declared,
            visit.own.where,
        )
        for day in days
        for report in duty.DAILY
    ]
    beds = duty.beds(min((row["updated_at"] for row in rooms), default=None), at, declared, visit.own.where)
    ahead = [each for each in declared if each.names(visit.own.where) and each.last >= at.today]
    return render.page(
        visit,
        "beranda.html",
        duties=duties,
        beds=beds,
        days=days,
        begun=begun,
        rooms=len(rooms),
        ahead=ahead,
        kinds=quiet.KINDS,
    )


def daily_report(name: str) -> Report[Any]:
    """The daily kind of that name; raise Wrong for none."""
    for report in duty.DAILY:
        if report.name == name:
            return report
    raise Wrong(404, "Halaman ini tidak ada.", "There is no such page.")


def day_of(visit: Visit) -> date:
    """The local day in the address; raise Wrong for none."""
    try:
        return date.fromisoformat(visit.request.path_params["day"])
    except ValueError:
        raise Wrong(404, "Tanggal ini tidak ada.", "There is no such day.") from None


async def days(house: House, visit: Visit) -> Response:
    """The last days of a daily kind, each with its state."""
    report = daily_report(visit.request.path_params["name"])
    at = visit.here
    first = at.today - timedelta(days=30)
    code = visit.own.code

    def look(access: Access) -> tuple[list[Row], list[Quiet]]:
        return reads.between(code, report, "tanggal", first)(access), quiet.about(access, [code], first)

    rows, declared = await house.store.read(visit.origin, look)
    sent = {row["tanggal"]: row for row in rows}
    shown = [
        (
            day,
            sent.get(day),
            duty.daily(report, day, sent[day]["updated_at"] if day in sent else None, at, declared, visit.own.where),
        )
        for day in (at.today - timedelta(days=n) for n in range(31))
    ]
    return render.page(visit, "harian.html", report=report, shown=shown)


async def day_form(house: House, visit: Visit) -> Response:
    """The form of one day: what is stored, what was typed before, and yesterday's values to be confirmed."""
    report, day = daily_report(visit.request.path_params["name"]), day_of(visit)
    stored, before, draft = await _known(house, visit, report, day)
    typed = None if draft is None else draft.typed
    values = typed or (forms.texts(report, stored, visit.here) if stored is not None else {})
    if typed and stored is not None and submit.version_in(typed) != stored["version"]:
        # What was typed was typed against another record than there is now: both are shown before anything is sent.
        visit.flash.append(("warning", submit.CHANGED))
        return _shown(visit, report, day, stored, before, values, draft=draft, theirs=stored)
    return _shown(visit, report, day, stored, before, values, draft=draft)


async def _known(
    house: House, visit: Visit, report: Report[Any], day: date
) -> tuple[Row | None, Row | None, Draft | None]:
    """The record of the day, that of the day before, and the draft."""
    code, person = visit.own.code, visit.person

    def look(access: Access) -> tuple[Row | None, Row | None, Draft | None]:
        rows = reads.between(code, report, "tanggal", day - timedelta(days=1), day)(access)
        known = {row["tanggal"]: row for row in rows}
        draft = drafts.find(access, code, person.user_name, form_name(report, day))
        return known.get(day), known.get(day - timedelta(days=1)), draft

    return await house.store.read(visit.origin, look)


def form_name(report: Report[Any], day: date) -> str:
    """By which name the draft of a day's form is kept."""
    return f"{report.name}/{day.isoformat()}"


def _shown(
    visit: Visit,
    report: Report[Any],
    day: date,
    stored: Row | None,
    before: Row | None,
    values: Mapping[str, str],
    *,
    status: int = 200,
    problems: list[Problem] | None = None,
    warnings: list[ReportWarning] | None = None,
    draft: Draft | None = None,
    version: int | None = None,
    theirs: Row | None = None,
) -> Response:
    at = visit.here
    found = forms.fields(report, at, visit.language, values, leave_out=("tanggal", "tgllapor"))
    yesterday = {} if before is None else forms.texts(report, before, at)
    other = {} if theirs is None else forms.texts(report, theirs, at)
    for each in found:
        each.before = yesterday.get(each.name)
    told = forms.mark(found, problems or [], warnings or [], visit.language)
    groups, grid = forms.grid(forms.grouped(report, found, visit.language))
    return render.page(
        visit,
        "formulir_harian.html",
        status,
        report=report,
        day=day,
        groups=groups,
        grid=grid,
        told=told,
        stored=stored,
        before=before is not None,
        draft=draft,
        theirs=other,
        version=(0 if stored is None else stored["version"]) if version is None else version,
        once=secrets.token_urlsafe(16),
        errors=sum(len(f.errors) for f in found),
    )


async def send_day(house: House, visit: Visit) -> Response:
    """Send a day: the verdict beside the fields, or the receipt. To a script the same, as JSON (see `_said`)."""
    report, day = daily_report(visit.request.path_params["name"]), day_of(visit)
    form = await visit.request.form(max_files=1, max_fields=2000)
    typed = {name: text for name, text in form.items() if isinstance(text, str)}
    version = submit.version_in(typed)
    try:
        asked = ask(visit, report, day, typed)
    except Refused as refused:
        if visit.wants_json:
            return _said(visit, report, 422, problems=refused.problems)
        stored, before, _ = await _known(house, visit, report, day)
        return _shown(visit, report, day, stored, before, typed, status=422, problems=refused.problems, version=version)
    stored, before, _ = await _known(house, visit, report, day)
    if before is not None and confirmed(report, visit, before, typed):
        asked = confirming(asked)
    done = await submit.send(house, visit, expecting(asked, version), report, typed)
    if done.seq is not None:
        await kept.sent(house, visit, form_name(report, day))
        if visit.wants_json:
            return JSONResponse({"status": True, "seq": done.seq, "version": done.row.get("version")})
        return RedirectResponse(f"/resi/{done.seq}", 303)
    if done.kind == "changed":
        # A form that arrives once more is answered as before, and then the row is the one that was just read.
        now = done.row or stored
        if visit.wants_json:
            return _said(visit, report, 409, submit.CHANGED, theirs=now)
        visit.flash.append(("warning", submit.CHANGED))
        return _shown(visit, report, day, now, before, typed, status=409, theirs=now)
    reused = submit.SENT_BEFORE if done.kind == "key_reused" else None
    if visit.wants_json:
        return _said(visit, report, 422, reused, problems=list(done.problems))
    if reused is not None:
        visit.flash.append(("warning", reused))
    return _shown(visit, report, day, stored, before, typed, status=422, problems=list(done.problems), version=version)


def _said(
    visit: Visit,
    report: Report[Any],
    status: int,
    words: Words | None = None,
    *,
    problems: list[Problem] | None = None,
    theirs: Row | None = None,
) -> Response:
    """A refusal for a script: `message`; `problems`, lists of texts by field; of a changed record what is stored now.

    `stored` holds the values as the form writes them, `version` is what a form that has seen them sends along.
    """
    found = forms.fields(report, visit.here, visit.language, {}, leave_out=("tanggal", "tgllapor"))
    told = forms.mark(found, problems or [], [], visit.language)
    wrong = {f.name: f.errors for f in found if f.errors}
    if words is None:
        words = Words(f"{len(wrong)} isian perlu diperbaiki.", f"{len(wrong)} fields need correction.")
    said: dict[str, Any] = {"status": False, "message": " ".join((visit.words(words), *told)), "problems": wrong}
    if status == 409:
        said["stored"] = {} if theirs is None else forms.texts(report, theirs, visit.here)
        said["version"] = 0 if theirs is None else theirs["version"]
    return JSONResponse(said, status)


def ask(visit: Visit, report: Report[Any], day: date, typed: Mapping[str, str]) -> Asked:
    """What the form asks for; the day stands in its address. A field that was emptied is emptied, not left."""
    identity = report.identity
    assert isinstance(identity, PerDay)  # noqa: S101 (only daily kinds have such a form)
    said = {**forms.sent(report, typed, visit.here), identity.day: day.isoformat()}
    asked = verbs_of(report)["POST"](Call(visit.on_behalf, report, said, visit.here, whole=True))
    assert isinstance(asked, Asked)  # noqa: S101 (POST changes)
    return asked


def confirmed(report: Report[Any], visit: Visit, before: Row, typed: Mapping[str, str]) -> bool:
    """Whether everything that is sent is yesterday's, and a person said of each value that it still holds."""
    yesterday = forms.texts(report, before, visit.here)
    sent = {
        f.name: typed.get(f.name, "").strip()
        for f in forms.fields(report, visit.here, "id", {}, leave_out=("tanggal", "tgllapor"))
    }
    given = {name: text for name, text in sent.items() if text}
    return bool(given) and all(
        yesterday.get(name) == text and typed.get(f"tetap-{name}") == "1" for name, text in given.items()
    )


SAME = Words("Sama dengan kemarin", "Same as yesterday")

PAGES = (
    Page("/beranda", ("GET",), "person", home),
    Page("/harian/{name}", ("GET",), "view", days, hospital=True),
    Page("/harian/{name}/{day}", ("GET",), "view", day_form, hospital=True),
    Page("/harian/{name}/{day}", ("POST",), "enter", send_day, hospital=True),
)
