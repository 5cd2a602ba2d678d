"""The guide's web service from the hospital's side: record → request. No network, no clock of its own.

All values go as text, as in every sample of the guide's appendix. What identifies a person stands in the body, never in
an address. Credentials are no part of a request: the line adds them when it sends.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from rsonline.hospital.outcome import Refused
from rsonline.reports import REPORTS, codec
from rsonline.reports.fields import At, Owner
from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Record, Report, Steps, members
from rsonline.reports.verdict import Problem, ReportWarning
from rsonline.reports.verdict import Refused as Broken
from rsonline.reports.wording import problem_text

Body = Mapping[str, object]
LISTS: Final = ("tempat_tidur", "kebutuhan_sdm", "kebutuhan_apd")
"""The reference lists of the guide's service (III.B to III.D)."""
RECEIPT_KEY: Final = "/.well-known/rsonline-receipt-key"
"""Where a service that gives receipts, and so knows Idempotency-Keys, shows the key of their signatures."""
PUT_FIRST: Final = frozenset({"tempat_tidur", "sdm", "apd"})
"""Kinds that are changed far more often than added."""
_OF_RECORD: Final[Mapping[type[Record], Report[Any]]] = {report.record: report for report in REPORTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without credentials. `path` stands below the address of the service.

    `about` is what the record is known by, member → text: an answer that names another one is not about this request.
    `repeatable` says that carrying it out twice ends as carrying it out once.
    """

    method: str
    path: str
    root: str = ""
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    about: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    once: str | None = None
    bearer: str | None = field(default=None, repr=False)
    plain: bool = False
    """Without any credentials."""
    number: str | None = None
    """The member of the answer that holds the service's number."""
    promised: bool = False
    """An answer without that number confirms nothing."""

    @property
    def changes(self) -> bool:
        """Whether it is more than a question."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case; of a repeated header the last."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came. `sent` is False where surely nothing of the request reached the service."""

    sent: bool
    why: str


def report_of(record: Record) -> Report[Any]:
    """The report kind of a record; raise TypeError for one that the guide's service does not take."""
    report = _OF_RECORD.get(type(record))
    if report is None:
        raise TypeError(f"{type(record).__name__} is not a report of this service; patients have a client of their own")
    return report


def body_of(record: Record, at: At) -> dict[str, object]:
    """What a record says, as text by member; members that are None are left out. `koders` is filled in (IV)."""
    sent: dict[str, object] = {}
    for member in members(type(record)):
        value = getattr(record, member.name)
        if value is None and isinstance(member.kind, Owner):
            value = at.hospital
        if value is not None:
            sent[member.name] = _text(member.kind, value, at)
    return sent


def _text(kind: Any, value: object, at: At) -> object:
    """The text of a value; one of a wrong type goes as it is, for the check to name it."""
    try:
        return kind.wire(value, at)
    except (AttributeError, TypeError, ValueError):
        return value if isinstance(value, str | int | float) else str(value)


def checked(report: Report[Any], body: Body, at: At, *, partial: bool = False) -> Refused | tuple[ReportWarning, ...]:
    """The service's own verdict before anything is sent: a refusal with every problem, or what looks odd."""
    try:
        said = codec.read(report, body, at, partial=partial)
        if partial:
            return tuple(said.warnings)
        return (*said.warnings, *codec.complete(report, said.values, at))
    except Broken as broken:
        return invalid(broken.problems)


def invalid(problems: list[Problem]) -> Refused:
    """A refusal of this side. Its text repeats nothing that identifies a person."""
    texts = []
    for problem in problems[:5]:
        try:
            texts.append(problem_text(problem, None).id)
        except KeyError:
            texts.append(f"{problem.member}: {problem.code}")
    return Refused(code="invalid", problems=tuple(problems), sent=False, said="; ".join(texts))


def key_of(report: Report[Any], body: Body, number: str | None = None) -> dict[str, str]:
    """What the record is known by, as text: the service's number first."""
    identity = report.identity
    match identity:
        case Numbered():
            names: tuple[str, ...] = identity.recognised_by if report.name == "tempat_tidur" else ()
        case PerDay(day):
            names = (day,)
        case PerItem(item, _):
            names = (item,)
        case Named(name, _):
            names = (name,)
        case Steps(parent, step):
            names = (parent, step)
    known = {name: str(body.get(name, "")).strip() for name in names if body.get(name) is not None}
    if number is not None and isinstance(identity, Numbered):
        known[identity.number] = number
    return known


def written(report: Report[Any], method: str, body: Body, *, number: str | None = None) -> Request:
    """A POST or PUT of what a record says. `number` is the service's, for a PUT of a numbered kind."""
    identity = report.identity
    sent = dict(body)
    of_number = identity.number if isinstance(identity, Numbered) else None
    if of_number and number is not None:
        sent[of_number] = number
    # A screening sent twice is two screenings; of everything else the service keeps one.
    twice_is_two = method == "POST" and isinstance(identity, Numbered) and not identity.unique
    return Request(
        method=method,
        path=report.path,
        root=report.root,
        name=report.name,
        headers={"Content-Type": "application/json"},
        body=encoded(sent),
        about=key_of(report, sent, number),
        repeatable=not twice_is_two,
        number=of_number,
        promised=report.name == "shk" and method == "POST",
    )


def removed(
    report: Report[Any], hospital: str, body: Body, *, number: str | None = None, parent: str | None = None
) -> Request:
    """A DELETE by what `body` says the record is known by, or by the service's number.

    Daily reports and needs are named in the header, as the guide does, and in the body, as most clients do. Raises
    ValueError for times of service, which the guide does not let anybody remove (V.B), and where nothing names it.
    """
    identity = report.identity
    sent: dict[str, object] = {}
    headers = {"Content-Type": "application/json"}
    match identity:
        case Steps():
            raise ValueError("a time of service is not removed; a booking is cancelled by task 99")
        case PerDay(day):
            sent = {day: body[day]}
            headers[f"X-{day}"] = str(body[day])
        case PerItem(item, _):
            sent = {item: body[item]}
            headers[item.capitalize()] = str(body[item])
        case Named(name, _):
            sent = {name: body[name]}
        case Numbered():
            if number is not None:
                sent = {identity.number: number}
                if identity.parent and parent is not None:
                    sent[identity.parent] = parent
            elif report.name == "tempat_tidur":
                sent = {name: body[name] for name in identity.recognised_by if name in body}
            if report.name == "shk":
                sent["koders"] = hospital
    if not sent or sent.keys() == {"koders"}:
        raise ValueError(f"{report.name} is removed by the number that the service gave it")
    return Request(
        method="DELETE",
        path=report.path,
        root=report.root,
        name=report.name,
        headers=headers,
        body=encoded(sent),
        about=key_of(report, sent, number),
        number=identity.number if isinstance(identity, Numbered) else None,
    )


def listed(
    report: Report[Any], *, day: date | None = None, number: str | None = None, parent: str | None = None
) -> Request:
    """A GET. `day` filters daily reports, bookings and samples (by `tgl_ambil_sampel`), `number` screenings, `parent`
    results (`id_shk`) and times of service (`kodebooking`). Raises ValueError for a filter that the kind does not have.
    """
    identity = report.identity
    asked: dict[str, object] = {}
    headers: dict[str, str] = {}
    usable: set[str] = set()
    match identity:
        case PerDay(of_day):
            usable = {"day"}
            if day is not None:
                headers[f"X-{of_day}"] = day.isoformat()
                asked[of_day] = day.isoformat()
        case Named():
            usable = {"day"}
            if day is not None:
                asked["tanggal"] = day.isoformat()
        case Steps(of_parent, _):
            usable = {"parent"}
            if parent is not None:
                asked[of_parent] = parent
        case Numbered() if report.name == "shk":
            usable = {"day", "number"}
            if day is not None:
                asked["tgl_ambil_sampel"] = day.isoformat()
            if number is not None:
                asked[identity.number] = number
        case Numbered() if identity.parent:
            usable = {"number", "parent"}
            asked = {k: v for k, v in ((identity.parent, parent), (identity.number, number)) if v is not None}
        case _:
            pass
    given = {"day": day, "number": number, "parent": parent}
    for name, value in given.items():
        if value is not None and name not in usable:
            raise ValueError(f"{report.name} is not listed by {name}")
    in_body = asked and not isinstance(identity, PerDay)
    if in_body:
        headers["Content-Type"] = "application/json"
    return Request(
        method="GET",
        path=report.path,
        root=report.root,
        name=report.name,
        headers=headers,
        body=encoded(asked) if in_body else b"",
        about={k: str(v) for k, v in asked.items()},
        repeatable=True,
    )


def reference(name: str) -> Request:
    """A GET of a reference list. Raises ValueError for none of the guide's."""
    if name not in LISTS:
        raise ValueError(f"{name!r} is none of {', '.join(LISTS)}")
    return Request(method="GET", path=f"/Referensi/{name}", root=name, name=f"referensi/{name}", repeatable=True)


def encoded(body: Body) -> bytes:
    """A body as JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def is_receipt_key(body: bytes) -> bool:
    """Whether a page is the key of a service's receipts: `{"alg": "Ed25519", "key": …, "public": …}`."""
    try:
        said = json.loads(body) if len(body) < 4096 else None
        return isinstance(said, dict) and said.get("alg") == "Ed25519" and len(b64decode(str(said["public"]))) == 32
    except (ValueError, KeyError, RecursionError):
        return False
