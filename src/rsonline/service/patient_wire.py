"""A request of the patient API as it comes in, and its answer as it goes out: bodies, queries, failures, headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Scope

from rsonline.reports.report import Report
from rsonline.reports.verdict import Refused
from rsonline.service import patient_answers as answers
from rsonline.service.denied import Denied
from rsonline.service.once import BadKey
from rsonline.service.patient_answers import Answer
from rsonline.store.change import Busy, Full, Stale

LARGEST_BODY = 100 * 1024

_FIXED: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"application/json; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-request-id, x-rsonline-receipt, x-rsonline-warnings, idempotent-replayed"),
)
_PREFLIGHT: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-methods", b"GET, POST, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key"),
    (b"access-control-max-age", b"86400"),
)


@dataclass(slots=True)
class Served:
    """What is known of a request while it is served: for its answer's headers, the log and the counters."""

    method: str
    name: str = "-"
    hospital: str | None = None
    address: str | None = None
    retry_after: int = 2
    receipt: str | None = None
    replayed: bool = False
    warnings: Sequence[Any] = field(default=())
    clock: str | None = None
    ahead: float | None = None
    """It is sent no X-Timestamp."""
    report: Report[Any] | None = None
    body: bytes | None = None
    outside: Mapping[str, str] = field(default_factory=dict)


def query_of(scope: Scope) -> dict[str, str]:
    """The parameters of the address, the last of each name; none at all where they cannot be read."""
    raw = scope.get("query_string", b"")
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: text for name, text in pairs if "\x00" not in text}


class NotJson(Exception):
    """The body says that it is JSON and is not."""


def json_of(body: bytes | None, headers: Mapping[str, Sequence[str]]) -> object:
    """The body, an empty object where it is not said to be JSON (0.3). Raises NotJson, Denied for one too large."""
    if body is None:
        raise Denied(413, "too_large")
    kind = (headers.get("content-type") or [""])[0].partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        return {}
    if not body:
        return {}
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


TEXTS: Mapping[str, str] = {
    "no_token": "Unauthorized",
    "token": "Forbidden",
    "credentials": "Unauthorized",
    "tls": "use https, not http: what is sent in clear can be read on the way",
    "tls_unknown": "the service's proxy does not say whether this request came by https",
    "key_as_password": "this is a signing key, not a password: never send it, and replace it",
    "signature": "the signature is not that of a valid key of this hospital",
    "signature_body": "the body is not the one that was signed (Content-Digest)",
    "signature_expired": "the signature was made more than 5 minutes from this service's time",
    "signature_malformed": "the headers of a signed request cannot be read: see docs/signed-requests.md",
    "signature_required": "this hospital's programs sign their requests: use an account, or sign this one",
    "nonce_used": "a request with this nonce was accepted before: sign each request anew",
    "header_malformed": "X-rs-id must be there once, with the hospital's code",
    "header_missing": "X-rs-id must be there once, with the hospital's code",
    "header_repeated": "X-rs-id must be there once, with the hospital's code",
    "too_many": "too many failed logins, try again later",
    "too_large": "request entity too large",
    "busy": "service busy, try again",
    "key_running": "a request with this Idempotency-Key is still running",
    "key_reused": "this Idempotency-Key came before with another body",
}


def failure(error: Exception, served: Served) -> Answer:
    """An exception as an answer; what nobody expected is a 500 that says nothing of its inside (SR-33)."""
    match error:
        case Denied(reason="address"):
            return answers.said(403, f"{served.address} not registered")
        case Denied():
            served.retry_after = error.retry_after or served.retry_after
            return answers.said(error.status, TEXTS.get(error.reason, "Forbidden"))
        case Stale():
            return answers.said(403, "Forbidden")
        case Refused():
            return answers.refused(error.problems)
        case NotJson():
            return answers.said(400, "the body is not valid JSON")
        case BadKey():
            return answers.said(400, "Idempotency-Key must be one text of 1 to 200 printable characters")
        case Busy():
            return answers.said(503, "service busy, try again")
        case Full():
            return answers.said(507, "storage full, nothing was kept")
        case _:
            return answers.said(500, "internal error")


def warnings_of(served: Served) -> bytes:
    """What was odd about a message, as a header."""
    return ", ".join(f"{w.code}:{w.member}" for w in served.warnings).encode("ascii", "replace")


def headers_of(status: int, served: Served, request_id: str, length: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer."""
    headers = [*_FIXED, (b"content-length", str(length).encode()), (b"x-request-id", request_id.encode())]
    if status == 204:
        headers += _PREFLIGHT
    if served.warnings:
        headers.append((b"x-rsonline-warnings", warnings_of(served)))
    if served.receipt:
        headers.append((b"x-rsonline-receipt", served.receipt.encode()))
    if served.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    if status in (429, 503):
        headers.append((b"retry-after", str(served.retry_after).encode()))
    return headers
