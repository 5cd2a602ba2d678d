"""The COVID-19 patient API from the hospital's side: record → request, answer → outcome (pasien-covid 0 to 7).

Another login, other bodies and other words than the guide's service. A failure is told by `status` false whatever the
HTTP status; validation is 404, two rules are 401, and a discharge of an unknown report is a 201 with `no row matched`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from rsonline.hospital.answers import (
    LATER,
    NotUnderstood,
    decoded,
    not_understood,
    retry_after,
)
from rsonline.hospital.outcome import Accepted, Later, LockedOut, Outcome, Refused, Unknown, shown
from rsonline.hospital.wire import Answer, Lost, Request, encoded, invalid
from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS, joi
from rsonline.reports.fields import At
from rsonline.reports.kinds import kematian, pasien_covid
from rsonline.reports.kinds.kematian import FIXED_AFTERWARDS
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, PRIMARY_ICD, Diagnosa, StatusKeluar
from rsonline.reports.receipt import digest_of
from rsonline.reports.report import Record, Report, members
from rsonline.reports.verdict import Problem, ReportWarning
from rsonline.reports.verdict import Refused as Broken

LOGIN: Final = "/rslogin"
DISCHARGE: Final = "/laporancovid19versi3statuskeluar"
PAGE: Final = 1000
"""Rows to a page, the most that the service gives."""
LIFETIME: Final = 600.0
"""Seconds of a token where the service does not say (1.2)."""
IN_CARE: Final = "masih dalam perawatan"
_OF_RECORD: Final[Mapping[type[Record], Report[Any]]] = {report.record: report for report in PATIENT_REPORTS}
_LIFETIME = re.compile(r"([0-9]{1,6}) ?(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME = re.compile("[a-z0-9]{1,40}")
_DONE = {"POST": "inserted", "PATCH": "updated", "DELETE": "deleted"}


class Token(NamedTuple):
    """An access token and the seconds that it lives."""

    text: str
    lives: float

    def __repr__(self) -> str:
        return f"Token(lives={self.lives})"


class Page(NamedTuple):
    """One page of a list; whether there is another."""

    rows: list[dict[str, Any]]
    more: bool


def login(user: str, password: str | None, *, by_code: bool = False) -> Request:
    """The login: an account, or the older form with the hospital's code and X-pass, none where it is signed (1.2)."""
    body = {"kode_rs" if by_code else "userName": user}
    if password is not None:
        body["password"] = password
    return _request("POST", LOGIN, body, name="rslogin")


def token_of(answer: Answer | Lost) -> Token | Outcome:
    """The token of a login."""
    said = _said(answer)
    if not isinstance(said, dict):
        return said
    data = said.get("data")
    text = data.get("access_token") if isinstance(data, dict) else None
    ok = isinstance(answer, Answer) and answer.status in (200, 201) and said.get("status") is True
    if not ok or not isinstance(text, str) or not re.fullmatch(r"[!-~]{1,8192}", text):
        return Unknown(why="no_token", said=shown(said.get("message") or ""))
    lives = _LIFETIME.fullmatch(str(data.get("expires_in", "")).strip()) if isinstance(data, dict) else None
    return Token(text, int(lives[1]) * _SECONDS[lives[2] or "s"] if lives else LIFETIME)


def body_of(record: Record, *, again: bool = False) -> dict[str, object]:
    """What a record says, as this API takes it: numbers as numbers, null for what is None, symptoms in their object.

    `again` leaves out what a PATCH does not take: the patient of a part, the fixed members of a death.
    """
    values = {m.name: getattr(record, m.name) for m in members(type(record)) if not m.own}
    said = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return nested(type(record), said, fixed(type(record)) if again else ())


def nested(record: type[Record], values: Mapping[str, object], left_out: tuple[str, ...]) -> dict[str, object]:
    """Values by member as a body, in the order of the members; names that are none of them come last."""
    sent: dict[str, object] = {}
    groups: dict[str, dict[str, object]] = {}
    known = members(record)
    for member in known:
        if member.own or member.name in left_out:
            continue
        if member.within is not None:
            sent[member.within] = groups.setdefault(member.within, {})
        if member.name in values:
            (sent if member.within is None else groups[member.within])[member.name] = values[member.name]
    strange = values.keys() - {member.name for member in known}
    return sent | {name: values[name] for name in values if name in strange}


def fixed(record: type[Record]) -> tuple[str, ...]:
    """The members that a PATCH does not take: of a death some, of a part its patient."""
    if record is KEMATIAN.record:
        return FIXED_AFTERWARDS
    return () if record is PASIEN_COVID.record else (PASIEN_NUMBER,)


def checked(
    record: type[Record], body: Mapping[str, object], at: At, *, again: bool = False
) -> Refused | tuple[ReportWarning, ...]:
    """The service's own verdict before anything is sent; of several problems the first, as there."""
    try:
        said = joi.read(record, body, at, leave_out=fixed(record) if again else ())
        values, warnings = joi.settled(record, said, at)
    except Broken as broken:
        return invalid(broken.problems)
    problem: Problem | None = None
    if record is PASIEN_COVID.record:
        problem = pasien_covid.broken_rule(values, said.raw, at)
    elif record is KEMATIAN.record and not again:
        problem = kematian.unlisted_cause(values, at) or kematian.broken_rule(values, at)
    elif record is Diagnosa and values["diagnosaLevelId"] == 1 and values["diagnosaId"] not in PRIMARY_ICD:
        problem = Problem(member="diagnosaId", code="primary_icd", detail={"icd": values["diagnosaId"]})
    return invalid([problem]) if problem is not None else tuple(warnings)


def report_of(record: Record) -> Report[Any]:
    """The report kind of a record; raise TypeError for one that this API does not take."""
    if isinstance(record, StatusKeluar):
        return PASIEN_COVID
    report = _OF_RECORD.get(type(record))
    if report is None:
        raise TypeError(f"{type(record).__name__} is not a report of the patient API")
    return report


def written(record: Record, *, number: str | None = None) -> Request:
    """A POST, or with the service's number a PATCH. Raises TypeError and ValueError for what there is no request for.

    The ministry's service does not take a PATCH of a laboratory test; this one does.
    """
    report = report_of(record)
    discharge = isinstance(record, StatusKeluar)
    if discharge and number is not None:
        raise ValueError("a discharge has no number of its own: send it again")
    return posted(report, body_of(record, again=number is not None), number=number, discharge=discharge)


def posted(report: Report[Any], body: Mapping[str, object], *, number: str | None, discharge: bool = False) -> Request:
    """The same for a body. Raises ValueError for a number that is none."""
    if discharge:
        about = {"id": str(body[PASIEN_NUMBER])}
        return _request("POST", DISCHARGE, body, name="statuskeluar", about=about, repeatable=True)
    if number is None:
        return _request("POST", report.path, body, name=report.name)
    path = f"{report.path}/{_number(number)}"
    return _request("PATCH", path, body, name=report.name, about={"id": number}, repeatable=True)


def removed(report: Report[Any], number: str) -> Request:
    """A DELETE: of deaths everywhere, of other kinds where the service offers it."""
    return _request("DELETE", f"{report.path}/{_number(number)}", None, name=report.name, about={"id": number})


def listed(report: Report[Any], page: int) -> Request:
    """A page of the reports in care, of their parts, or of deaths. A record number is never put into an address."""
    return _request("GET", f"{report.path}?page={page}&limit={PAGE}", None, name=report.name)


def one(report: Report[Any], number: str) -> Request:
    """One record by the service's number."""
    return _request("GET", f"{report.path}/{_number(number)}", None, name=report.name, about={"id": number})


def reference(name: str, page: int) -> Request:
    """A page of a reference list (4). Raises ValueError for what can be no name."""
    if not _NAME.fullmatch(name):
        raise ValueError("the name of a list is lower-case letters and digits")
    return _request("GET", f"/{name}?page={page}&limit={PAGE}", None, name=f"referensi/{name}")


def judged(request: Request, answer: Answer | Lost, hospital: str) -> Outcome:
    """What became of a change."""
    said = _said(answer)
    if isinstance(answer, Lost):
        return Unknown(why="no_answer", said=answer.why) if answer.sent else Later(why="not_reached", said=answer.why)
    if not isinstance(said, dict):
        return said
    message = said.get("message")
    text = shown(message or "")
    data = said.get("data")
    if data == "no row matched":
        return Refused(code="missing", said=text)
    if answer.status not in (200, 201) or said.get("status") is not True:
        return Unknown(why="unclear_status", said=text)
    if not isinstance(message, str) or _DONE[request.method] not in message.lower():
        return Unknown(why="unclear_words", said=text)
    number: str | None = None
    if request.method != "DELETE":
        raw = data.get("id") if isinstance(data, dict) else None
        number = str(raw).strip() if isinstance(raw, int | str) and not isinstance(raw, bool) else ""
        if not re.fullmatch("[0-9]{1,18}", number):
            return Unknown(why="no_number", said=text)
        if int(number) != int(request.about.get("id", number)):
            return Unknown(why="another_record", said=text)
    receipt = answer.headers.get("x-rsonline-receipt")
    if receipt is not None and (f"; rs={hospital};" not in receipt or digest_of(request.body) not in receipt):
        return Unknown(why="another_receipt", said=text)
    return Accepted(
        what={"POST": "saved", "PATCH": "updated", "DELETE": "removed"}[request.method],  # type: ignore[arg-type]  # literals
        number=number or request.about.get("id"),
        warnings=_warnings(answer),
        receipt=receipt,
        replayed=answer.headers.get("idempotent-replayed") == "true",
        said=text,
    )


def page_of(answer: Answer | Lost) -> Page | Outcome:
    """A page of a list."""
    said = _said(answer)
    if not isinstance(said, dict):
        return said
    data = said.get("data")
    fine = isinstance(answer, Answer) and answer.status == 200 and said.get("status") is True
    if not fine or not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        return Unknown(why="wrong_kind")
    paging = said.get("pagination")
    return Page(data, isinstance(paging, dict) and isinstance(paging.get("next"), dict) and bool(data))


def one_of(request: Request) -> Callable[[Answer | Lost], list[dict[str, Any]] | Outcome]:
    """How one record is read: a list of it, empty where there is none."""

    def read(answer: Answer | Lost) -> list[dict[str, Any]] | Outcome:
        said = _said(answer)
        if not isinstance(said, dict):
            return [] if isinstance(said, Refused) and said.code == "missing" else said
        data = said.get("data")
        if data is None and "data" in said and said.get("status") is True:
            return []
        if not isinstance(data, dict) or said.get("status") is not True or str(data.get("id")) != request.about["id"]:
            return Unknown(why="another_record")
        return [data]

    return read


def _request(
    method: str,
    path: str,
    body: Mapping[str, object] | None,
    *,
    name: str,
    about: Mapping[str, str] | None = None,
    repeatable: bool = False,
) -> Request:
    return Request(
        method=method,
        path=path,
        name=name,
        # Without this type the service sees an empty body (0.3).
        headers={"Content-Type": "application/json"} if body is not None else {},
        body=b"" if body is None else encoded(body),
        about=about or {},
        repeatable=repeatable or method == "GET",
    )


def _number(text: str) -> str:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError("a number of the service is digits")
    return text


def _said(answer: Answer | Lost) -> dict[str, Any] | Outcome:
    """The body of an answer; an outcome where it is a failure or no answer of this service."""
    if isinstance(answer, Lost):
        return Later(why="no_answer" if answer.sent else "not_reached", said=answer.why)
    if not 200 <= answer.status < 300 and answer.status < 400:
        return Unknown(why="redirect")
    try:
        said = decoded(answer)
    except NotUnderstood as fault:
        return not_understood(answer, fault.why)
    if not isinstance(said, dict) or "status" not in said:
        return Unknown(why="wrong_kind")
    message = said.get("message")
    text = shown(message if isinstance(message, str) else "")
    if answer.status in LATER:
        return Later(why="busy", after=retry_after(answer), said=text)
    if answer.status >= 500:
        return Unknown(why="broken", said=text)
    if answer.status in (401, 403) and text in ("Unauthorized", "Forbidden"):
        return LockedOut(why="token" if text == "Forbidden" else "credentials", said=text)
    if answer.status == 403:
        return LockedOut(why="address" if "not registered" in text else "credentials", said=text)
    if answer.status >= 400 or said["status"] is False:
        if answer.status == 409:
            return Later(why="key_running", said=text)
        return Refused(code=_code(answer.status, text), said=text)
    return said


def _code(status: int, text: str) -> str:
    if IN_CARE in text:
        return "exists"
    if text in ("data not found", "page not found"):
        return "missing" if text.startswith("data") else "not_offered"
    return "invalid"


def _warnings(answer: Answer) -> tuple[ReportWarning, ...]:
    """Those of `X-RSOnline-Warnings`: `code:member, …`."""
    pairs = [part.strip().partition(":") for part in answer.headers.get("x-rsonline-warnings", "")[:8000].split(",")]
    return tuple(ReportWarning(member=shown(m)[:60], code=shown(c)[:60]) for c, _, m in pairs if c and m)
