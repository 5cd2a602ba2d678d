"""The guide's dialect: how a request is unwrapped, how an outcome or a problem is worded (wire 1.2 to 1.7)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rsonline.intake.verbs import Shown
from rsonline.reports.lenient import Malformed, parse
from rsonline.reports.report import Numbered, PerDay, PerItem, Report, members
from rsonline.reports.verdict import Problem, Refused, Repair, ReportWarning, Words
from rsonline.reports.wording import malformed_text, problem_text, warning_text
from rsonline.service import texts
from rsonline.store.change import Outcome

Language = str
_NOTHING = ("", "null", "undefined")


class Incoming(msgspec.Struct, frozen=True):
    """The parts of a request that can hold members. Header names are lower case; `segment` is what follows the path."""

    method: str
    headers: Mapping[str, Sequence[str]]
    query: Mapping[str, str]
    body: bytes
    segment: str | None = None


class Sent(NamedTuple):
    """The members that were sent, wherever they stood, and what was mended."""

    members: dict[str, object]
    repairs: tuple[Repair, ...]
    outside: tuple[tuple[str, object], ...] = ()
    """Of the members those that did not stand in the body."""


class Answer(NamedTuple):
    """An answer in the guide's envelope: HTTP status, the list under the root key."""

    status: int
    elements: Sequence[Mapping[str, Any]]
    warnings: Sequence[ReportWarning] = ()


def unwrap(report: Report[Any], incoming: Incoming) -> Sent:
    """The members of a request: from the body, then the query, then the header that the guide or real clients use.

    Raises Malformed for a body that cannot be read and Refused where body and header of a DELETE contradict each other.
    """
    bodiless = incoming.method in ("GET", "DELETE")
    parsed = parse(incoming.body, empty_ok=bodiless)
    found: dict[str, object] = dict(parsed.members)
    repairs = parsed.repairs
    if incoming.query and bodiless:
        for name, text in incoming.query.items():
            found.setdefault(name, text)
    elif incoming.query and isinstance(report.identity, Numbered) and report.identity.number in incoming.query:
        found.setdefault(report.identity.number, incoming.query[report.identity.number])
    if incoming.segment and isinstance(report.identity, Numbered) and incoming.segment.isdigit():
        found.setdefault(report.identity.number, incoming.segment)
    for member, value in _from_headers(report, incoming).items():
        if found.get(member) in (None, ""):
            found[member] = value
        elif incoming.method == "DELETE" and str(found[member]).strip() != value:
            raise Refused([Problem(member=member, code="conflict_body_header")], repairs)
    in_body = parsed.members
    outside = tuple((k, v) for k, v in found.items() if k not in in_body or in_body[k] is not v)
    return Sent(found, repairs, outside)


def member_headers(report: Report[Any], method: str) -> tuple[str, tuple[str, ...]]:
    """The member that a header may carry, and that header's spellings in lower case; none for most.

    `X-tanggal` of the dated reports; `Id_kebutuhan`, and `Id-kebutuhan` that gateways make of it (SR-31).
    """
    match report.identity:
        case PerDay(day):
            return day, (f"x-{day}",)
        case PerItem(item, _) if method in ("GET", "DELETE"):
            return item, (item.lower(), item.lower().replace("_", "-"))
        case _:
            return "", ()


def _from_headers(report: Report[Any], incoming: Incoming) -> dict[str, str]:
    name, spellings = member_headers(report, incoming.method)
    values = [v.strip() for s in spellings for v in incoming.headers.get(s, ()) if v.strip().lower() not in _NOTHING]
    if len(set(values)) > 1:
        raise Refused([Problem(member=name, code="conflict_headers")])
    return {name: values[0]} if values else {}


def outcome(report: Report[Any], method: str, outcome: Outcome, language: Language) -> Answer:
    """The answer to a change."""
    if outcome.kind == "refused":
        return refused(report, method, outcome.problems, language)
    status = texts.STATUS[outcome.kind]
    element: dict[str, Any] = {
        "status": str(status),
        "message": texts.sentence(report, outcome.row, outcome.kind),
    }
    number = report.identity.number if isinstance(report.identity, Numbered) else None
    if number and outcome.kind in ("saved", "updated"):
        element[number] = str(outcome.row[number])
    if status != 200:
        element["code"] = outcome.kind
    if outcome.warnings:
        element["warnings"] = [_worded(report, w, warning_text, language) for w in outcome.warnings]
    return Answer(status, [element], outcome.warnings)


def rows(report: Report[Any], shown: Sequence[Shown]) -> Answer:
    """The answer to a GET. Dated reports and numbered records say 202 when there is nothing; the rest an empty list."""
    if not shown and isinstance(report.identity, PerDay | Numbered):
        return Answer(200, [{"status": "202", "message": texts.NO_DATA}])
    return Answer(200, shown)


def refused(report: Report[Any], method: str, problems: Sequence[Problem], language: Language) -> Answer:
    """The answer to members that cannot be stored or understood: every problem, the first ones in the sentence."""
    worded = [_worded(report, p, problem_text, language) for p in problems]
    doing = texts.DOING[method].en if language == "en" else texts.DOING[method].id
    more = len(worded) - 3
    first = "; ".join(str(w["message"]).rstrip(".") for w in worded[:3])
    rest = "" if more <= 0 else (f"; and {more} more" if language == "en" else f"; dan {more} lagi")
    begin = f"{report.title.en}" if language == "en" else f"Data {texts.noun(report)}"
    element = {
        "status": "422",
        "message": f"{begin} {doing}: {first}{rest}",
        "code": problems[0].code,
        "errors": worded,
    }
    return Answer(422, [element])


def malformed(fault: Malformed, language: Language) -> Answer:
    """The answer to a body that cannot be read: line, column and what was expected there."""
    words = malformed_text(fault)
    error: dict[str, Any] = {"code": fault.code, "line": fault.line, "column": fault.column}
    error |= {
        "field": fault.member,
        "received": fault.found,
        "expected": _in(language, Words(*fault.expected)),
    }
    if fault.also:
        error["also"] = {"line": fault.also[0], "column": fault.also[1]}
    message = _in(language, words)
    return Answer(400, [{"status": "400", "message": message, "code": fault.code, "errors": [error]}])


def denied(status: int, reason: str, language: Language, **detail: object) -> Answer:
    """An authentication failure: the message is a text that itself holds JSON (wire 1.4)."""
    text = (
        texts.TIMESTAMP_EXPIRED
        if reason == "timestamp_expired"
        else _in(language, texts.REASONS[reason]).format(**detail)
    )
    message = msgspec.json.encode({"response": text}).decode()
    return Answer(status, [{"status": str(status), "message": message, "code": reason}])


def failed(status: int, reason: str, language: Language, **detail: object) -> Answer:
    """Any other failure that is not about a member."""
    text = _in(language, texts.REASONS[reason]).format(**detail)
    return Answer(status, [{"status": str(status), "message": text, "code": reason}])


def _in(language: Language, words: Words) -> str:
    return words.en if language == "en" else words.id


def _worded(report: Report[Any], said: Any, text_of: Any, language: Language) -> dict[str, Any]:
    label = next((m.label for m in members(report.record) if m.name == said.member), None)
    worded: dict[str, Any] = {
        "field": said.member,
        "code": said.code,
        "message": _in(language, text_of(said, label)),
    }
    if getattr(said, "received", None) is not None:
        worded["received"] = said.received
    if said.detail:
        worded["detail"] = said.detail
    return worded
