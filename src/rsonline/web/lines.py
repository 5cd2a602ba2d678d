"""A table whose lines are saved one by one: what a line shows, and what became of sending it.

Each line is a form of its own, so it works without scripts; a script that asks for the line alone gets the line alone.
"""

import dataclasses
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from rsonline.intake.edits import confirming, expecting
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports.report import Report, Row
from rsonline.reports.verdict import Problem, Refused, ReportWarning, Words
from rsonline.store import history
from rsonline.web import forms, render, submit
from rsonline.web.forms import Field
from rsonline.web.pages import House
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

ENDED = {
    "exists": Words("Data ini sudah ada.", "This record exists already."),
    "conflict": Words("Nama ini sudah dipakai data lain.", "Another record has this name."),
    "unknown": Words("Data ini sudah tidak ada.", "This record is not there any more."),
    "missing": Words("Data ini sudah tidak ada.", "This record is not there any more."),
    "changed": submit.CHANGED,
    "key_reused": submit.SENT_BEFORE,
}
"""What is said of a line that was not written."""


@dataclasses.dataclass(slots=True)
class Line:
    """One line. `id` names it in the page; `stored` is its record, None where there is none yet."""

    id: str
    title: str
    fields: dict[str, Field]
    stored: Row | None
    version: int = 0
    once: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(16))
    told: list[str] = dataclasses.field(default_factory=list)
    theirs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    seq: int | None = None
    """The receipt of what was just saved."""
    key: str = ""
    """By what the journal knows it."""

    @property
    def open(self) -> bool:
        """Whether something is said beside one of its fields."""
        return bool(self.theirs) or any(f.errors or f.warnings for f in self.fields.values())


def line(
    visit: Visit,
    report: Report[Any],
    id: str,
    title: str,
    stored: Row | None,
    typed: Mapping[str, str] | None = None,
    leave_out: Iterable[str] = (),
) -> Line:
    """A line with what is stored, or with what was typed over it; without the fields that it is not to show."""
    at = visit.here
    values = forms.texts(report, stored, at) if stored is not None else {}
    found = forms.fields(report, at, visit.language, values if typed is None else typed, leave_out)
    for each in found:
        each.prefix = id
    return Line(
        id,
        title,
        {f.name: f for f in found},
        stored,
        0 if stored is None else stored["version"],
        key="" if stored is None else history.record_key(report, stored),
    )


async def send(
    house: House, visit: Visit, report: Report[Any], method: str, said: Mapping[str, object], typed: Mapping[str, str]
) -> Done:
    """Send a line by a verb, against the version that it showed. A refusal comes back as an outcome."""
    call = Call(visit.on_behalf, report, dict(said), visit.here, whole=True)
    try:
        asked = verbs_of(report)[method](call)
    except Refused as refused:
        return Done("refused", problems=refused.problems)
    assert isinstance(asked, Asked)  # noqa: S101 (a method that changes)
    if typed.get("tetap") == "1":
        asked = confirming(asked)
    if method != "POST":
        asked = expecting(asked, submit.version_in(typed))
    return await submit.send(house, visit, asked, report, typed)


def after(visit: Visit, report: Report[Any], shown: Line, done: Done, title: str = "") -> Line:
    """The line as it is after sending: saved, or with what is wrong beside its fields."""
    if done.seq is not None:
        made = line(visit, report, shown.id, title or shown.title, done.row or shown.stored)
        made.seq = done.seq
        return _marked(visit, made, (), done.warnings)
    if done.kind == "changed" and done.row:
        shown.theirs = forms.texts(report, done.row, visit.here)
        shown.version = done.row["version"]
        shown.stored = done.row
    if done.kind in ENDED:
        shown.told.append(visit.words(ENDED[done.kind]))
    return _marked(visit, shown, done.problems, done.warnings)


def _marked(visit: Visit, shown: Line, problems: Any, warnings: Any) -> Line:
    given: tuple[list[Problem], list[ReportWarning]] = (list(problems), list(warnings))
    shown.told += forms.mark(list(shown.fields.values()), *given, visit.language)
    return shown


def status_of(done: Done) -> int:
    """The HTTP status of what became of a line."""
    if done.seq is not None:
        return 200
    return 409 if done.kind in ("changed", "exists", "conflict") else 422 if done.kind == "refused" else 404


def wants_line(visit: Visit) -> bool:
    """Whether a script asks for the line alone."""
    return visit.request.headers.get("x-bagian") == "1"


def only(visit: Visit, template: str, status: int, **values: Any) -> Response:
    """A line alone, for a script that puts it in its place."""
    return HTMLResponse(render.text(visit, template, **values), status)


def back(path: str, seq: int | None) -> Response:
    """To the table, with the receipt of what was just saved."""
    return RedirectResponse(path if seq is None else f"{path}?resi={seq}", 303)


def just_saved(visit: Visit) -> int | None:
    """The receipt of what was just saved, as the address of the table has it."""
    text = visit.request.query_params.get("resi", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


async def typed_in(visit: Visit) -> dict[str, str]:
    """The texts of the posted form."""
    form = await visit.request.form(max_files=1, max_fields=2000)
    return {name: text for name, text in form.items() if isinstance(text, str)}
