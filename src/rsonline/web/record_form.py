"""The form of one record: its fields in the guide's groups, what is wrong beside each, what somebody else stored."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.responses import Response

from rsonline.reports.report import Report, Row
from rsonline.store.drafts import Draft
from rsonline.web import forms, lines, render
from rsonline.web.submit import Done
from rsonline.web.visit import Visit


def shown(
    visit: Visit,
    report: Report[Any],
    *,
    title: str,
    action: str,
    back: str,
    stored: Row | None = None,
    typed: Mapping[str, str] | None = None,
    done: Done | None = None,
    leave_out: Iterable[str] = (),
    fixed: Iterable[str] = (),
    template: str = "formulir_data.html",
    dress: Callable[[forms.Field], None] = lambda field: None,
    keep_as: str = "",
    draft: Draft | None = None,
    **more: Any,
) -> Response:
    """The form, before sending or with what became of it.

    `fixed` members are shown and not changed;
    `dress` gives a field what its declaration does not say, such as choices;
    `keep_as` is the name under which what is typed is kept, `draft` what was kept under it."""
    at = visit.here
    values = typed if typed is not None else {} if stored is None else forms.texts(report, stored, at)
    found = forms.fields(report, at, visit.language, values, leave_out)
    unchanged = set(fixed)
    for each in found:
        each.fixed = each.name in unchanged
        dress(each)
    told: list[str] = []
    theirs: Mapping[str, str] = {}
    version = 0 if stored is None else stored["version"]
    if done is not None:
        if done.kind in lines.ENDED:
            told.append(visit.words(lines.ENDED[done.kind]))
        if done.kind == "changed" and done.row:
            theirs, version = forms.texts(report, done.row, at), done.row["version"]
        told += forms.mark(found, list(done.problems), list(done.warnings), visit.language)
    return render.page(
        visit,
        template,
        200 if done is None else lines.status_of(done),
        report=report,
        title=title,
        action=action,
        back=back,
        groups=forms.grouped(report, found, visit.language),
        told=told,
        theirs=theirs,
        version=version,
        once=secrets.token_urlsafe(16),
        errors=sum(len(f.errors) for f in found),
        stored=stored,
        keep_as=keep_as,
        draft=draft,
        **more,
    )
