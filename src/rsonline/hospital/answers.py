"""The guide's web service from the hospital's side: answer → outcome. It believes nothing that is not said plainly.

What is known of the real service (wire 1.2 to 1.7): HTTP 200 with a failure inside; `status` as text or as a number;
the list under the name of the report, an object or a bare text in its place, or nothing but `status` and `message`;
a refused duplicate with `status` 200; an expired clock as JSON inside a text. What has been seen of others on the way:
pages in HTML, empty bodies, redirects, an answer that belongs to somebody else's request.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import msgspec

from rsonline.hospital.outcome import Accepted, Later, LockedOut, Outcome, Refused, Unknown, What, shown
from rsonline.hospital.wire import Answer, Lost, Request
from rsonline.reports.receipt import digest_of
from rsonline.reports.verdict import Problem, ReportWarning

LARGEST: Final = 1024 * 1024
"""Bytes of an answer that are read (SR-57)."""
LATER: Final = frozenset({429, 503, 507})
"""HTTP statuses that say that nothing was carried out."""
NO_DATA: Final = 202
_MOST = 500
_FAILURE = re.compile(r"\b(gagal|error|galat|tidak|salah|invalid|failed|failure|expired|exception|denied|ditolak)\b")
_DONE: Final[tuple[tuple[str, What], ...]] = (
    ("disimpan", "saved"),
    ("diupdate", "updated"),
    ("diubah", "updated"),
    ("dihapus", "removed"),
)
_DIGITS = re.compile(r"[0-9]{1,18}")
_RECEIPT = re.compile(r"v=1; id=[0-9a-f]{32}; rs=([0-9A-Za-z]{1,16}); digest=sha-256:([0-9a-f]{64}); .{1,300}")
_CLOCK = re.compile(r"timestamp|x-timestamp", re.IGNORECASE)


class Elements(NamedTuple):
    """The objects of an answer, and whether they stood under the key of the report."""

    rows: list[dict[str, Any]]
    rooted: bool


class NotUnderstood(Exception):
    """The body is no answer of this service; `why` is `empty`, `too_large`, `not_json`, `wrong_kind`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def elements(answer: Answer, root: str) -> Elements:
    """The objects of an answer. Raises NotUnderstood."""
    said = decoded(answer)
    if not isinstance(said, dict):
        raise NotUnderstood("wrong_kind")
    for name, value in said.items():
        if isinstance(name, str) and name.lower() in (root.lower(), "error"):
            rooted = name.lower() == root.lower()
            if isinstance(value, list) and all(isinstance(each, dict) for each in value):
                return Elements(value, rooted)
            if isinstance(value, dict):
                return Elements([value], rooted)
            if isinstance(value, str):
                # Older answers say what is wrong as a bare text (wire 1.2); it has no status, so it confirms nothing.
                return Elements([{"message": value}], rooted)
    if "status" in said and "message" in said:
        return Elements([said], False)
    raise NotUnderstood("wrong_kind")


def decoded(answer: Answer) -> object:
    """The JSON of an answer. Raises NotUnderstood."""
    body = answer.body
    if len(body) > LARGEST:
        raise NotUnderstood("too_large")
    if not body.strip():
        raise NotUnderstood("empty")
    try:
        said: object = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotUnderstood("not_json") from None
    return said


def judged(request: Request, answer: Answer | Lost, hospital: str) -> Outcome:
    """What became of a change."""
    if isinstance(answer, Lost):
        return Unknown(why="no_answer", said=answer.why) if answer.sent else Later(why="not_reached", said=answer.why)
    early = _by_status(answer)
    if early is not None:
        return early
    try:
        found = elements(answer, request.root)
    except NotUnderstood as fault:
        return not_understood(answer, fault.why)
    if not found.rows:
        return Unknown(why="nothing_said")
    element = found.rows[0]
    failure = failed(answer, element, rooted=found.rooted)
    if failure is not None:
        return failure
    return _success(request, answer, element, hospital, rooted=found.rooted)


def rows_of(request: Request, answer: Answer | Lost) -> list[dict[str, Any]] | Outcome:
    """The rows of a GET; an outcome where there are none to trust."""
    if isinstance(answer, Lost):
        return Later(why="no_answer" if answer.sent else "not_reached", said=answer.why)
    early = _by_status(answer)
    if early is not None:
        return early
    try:
        found = elements(answer, request.root)
    except NotUnderstood as fault:
        return not_understood(answer, fault.why)
    first = found.rows[0] if found.rows else {}
    if "message" in first:
        if status_of(first.get("status")) == NO_DATA and answer.status < 300:
            return []
        failure = failed(answer, first, rooted=found.rooted)
        return failure if failure is not None else Unknown(why="no_rows", said=shown(first.get("message", "")))
    if not 200 <= answer.status < 300 or not found.rooted:
        return Unknown(why="wrong_kind")
    return [row for row in found.rows if _asked_for(request, row)]


def failed(answer: Answer, element: Mapping[str, Any], *, rooted: bool = True) -> Outcome | None:
    """The failure that one element tells of; None where it may be a success."""
    status, message, code = status_of(element.get("status")), element.get("message"), element.get("code")
    inner = _response_in(message)
    said = shown(inner if inner is not None else message or "")
    word = code if isinstance(code, str) and len(code) <= 40 else ""
    if word == "nonce_used":
        # Somebody on the way sent a signed request twice: the first one may have been carried out.
        return Unknown(why="sent_twice", said=said)
    if word == "signature_expired":
        return LockedOut(why="clock", said=said)
    if inner is not None or status in (401, 403) or answer.status in (401, 403):
        return LockedOut(why="clock" if _CLOCK.search(said) and "salah" not in said else "credentials", said=said)
    if word in ("not_found", "host") or (not rooted and 404 in (status, answer.status)):
        # The record is not at fault: nothing will arrive at this address.
        return LockedOut(why="address", said=said)
    if status in LATER or answer.status in LATER or word == "key_running":
        return Later(why=word or "busy", after=retry_after(answer), said=said)
    if (status or 0) >= 500 or answer.status >= 500:
        return Unknown(why=word or "broken", said=said)
    if (status or 0) >= 400 or answer.status >= 400:
        of_status = {404: "unknown", 409: "conflict", 422: "invalid"}.get(status or answer.status, "refused")
        problems = _problems(element)
        return Refused(code="invalid" if problems else word or of_status, problems=problems, said=said)
    if element.get("errors") or element.get("error"):
        return Refused(code="invalid", problems=_problems(element), said=said)
    return None


def _success(request: Request, answer: Answer, element: Mapping[str, Any], hospital: str, *, rooted: bool) -> Outcome:
    """An element with nothing wrong in its status: accepted only where its words and its names agree."""
    message = element.get("message")
    said = shown(message or "")
    if not isinstance(message, str) or not said:
        return Unknown(why="nothing_said")
    bare = _without(said.lower(), request)
    if "sudah ada" in bare:
        return Refused(code="exists", said=said, warnings=_warnings(element))
    if "belum ada" in bare:
        return Refused(code="missing", said=said)
    if "tidak ditemukan" in bare:
        return Refused(code="unknown", said=said)
    if _FAILURE.search(bare):
        done = any(f"telah {word}" in bare for word, _ in _DONE)
        return Unknown(why="unclear_words", said=said) if done else Refused(code="refused", said=said)
    if status_of(element.get("status")) not in (200, 201) or answer.status not in (200, 201) or not rooted:
        return Unknown(why="unclear_status", said=said)
    if _about_another(request, said):
        return Unknown(why="another_record", said=said)
    number: str | None = None
    if request.number and element.get(request.number) is not None:
        number = str(element[request.number]).strip()
        if not _DIGITS.fullmatch(number) or request.about.get(request.number, number) != number:
            return Unknown(why="another_record", said=said)
    if number is None and request.promised:
        return Unknown(why="no_number", said=said)
    receipt = answer.headers.get("x-rsonline-receipt")
    if receipt is not None:
        signed = _RECEIPT.fullmatch(receipt)
        if signed is None or signed[1] != hospital or signed[2] != digest_of(request.body):
            return Unknown(why="another_receipt", said=said)
    what: What = next((kind for word, kind in _DONE if word in bare), "stored")
    if (what == "removed") != (request.method == "DELETE") and what != "stored":
        return Unknown(why="another_verb", said=said)
    return Accepted(
        what="removed" if request.method == "DELETE" else what,
        number=number or (request.about.get(request.number) if request.number else None),
        warnings=_warnings(element),
        receipt=receipt,
        replayed=answer.headers.get("idempotent-replayed") == "true",
        said=said,
    )


def status_of(value: object) -> int | None:
    """A `status` of the body as a number, however it is spelled; None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if re.fullmatch("[0-9]{3}", text) else None


def retry_after(answer: Answer) -> float | None:
    """The seconds that a service asks to wait: a number, or a date held against its own `Date`."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return float(text)
    until, now = http_date(text), http_date(answer.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds()) if until else None


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date; None for what is none."""
    try:
        found = parsedate_to_datetime(text[:60])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def not_understood(answer: Answer, why: str) -> Outcome:
    """A body that is no answer: whoever wrote it, the status says at most that the record did not arrive."""
    if answer.status in LATER:
        return Later(why="busy", after=retry_after(answer))
    if answer.status in (401, 403):
        return LockedOut(why="credentials")
    return Unknown(why=why)


def _by_status(answer: Answer) -> Outcome | None:
    """What the HTTP status decides whatever the body says: a redirect is never followed, never a success."""
    if 300 <= answer.status < 400:
        return Unknown(why="redirect")
    if answer.status < 200:
        return Unknown(why="no_answer")
    return None


def _response_in(message: object) -> str | None:
    """The reason of an authentication failure: JSON inside the message (wire 1.4)."""
    if isinstance(message, dict):
        inner: object = message
    elif isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            inner = msgspec.json.decode(message.encode())
        except (msgspec.DecodeError, RecursionError):
            return None
    else:
        return None
    return str(inner["response"]) if isinstance(inner, dict) and "response" in inner else None


def _without(message: str, request: Request) -> str:
    """The sentence without the names that it echoes: a ward may be called `Gagal Ginjal`."""
    for value in sorted(request.about.values(), key=len, reverse=True):
        name = " ".join(value.lower().split())
        if len(name) > 1:
            message = message.replace(name, "…")
    return message


def _about_another(request: Request, message: str) -> bool:
    """Whether a sentence names another record than the one that was sent."""
    folded = " ".join(message.split()).casefold() + " "
    for member, value in request.about.items():
        wanted = " ".join(value.split()).casefold()
        called = "di ruangan" if member == "ruang" else member.casefold()
        named = re.search(rf"(?<!\w){re.escape(called)} (?:.*? )??(?:telah|di ruangan|untuk) ", folded)
        if named is not None and f"{called} {wanted} ".replace("  ", " ") not in folded:
            return True
    return False


def _asked_for(request: Request, row: Mapping[str, Any]) -> bool:
    """Whether a row is one that was asked for: on the way, the body of a GET may have been lost."""
    return all(row.get(name) is None or str(row[name]).strip() == value for name, value in request.about.items())


def _problems(element: Mapping[str, Any]) -> tuple[Problem, ...]:
    return tuple(Problem(member=member, code=code) for member, code in _named(element.get("errors")))


def _warnings(element: Mapping[str, Any]) -> tuple[ReportWarning, ...]:
    return tuple(ReportWarning(member=member, code=code) for member, code in _named(element.get("warnings")))


def _named(said: object) -> list[tuple[str, str]]:
    """Member and code of what an answer lists, if it does as this service does."""
    if not isinstance(said, list):
        return []
    coded = (each for each in said[:_MOST] if isinstance(each, dict) and isinstance(each.get("code"), str))
    return [(shown(each.get("field") or "")[:60], shown(each["code"])[:60]) for each in coded]
