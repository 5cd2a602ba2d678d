"""The patient API's addresses, below `/api`, as one ASGI application (pasien-covid 0 to 7).

The same store, verbs and journal as the guide's door behind other addresses, another login and other words.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from rsonline.intake import patients as verbs
from rsonline.intake.patients import VERBS, Message, Reading, Verb, Viewing
from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS
from rsonline.reports.kinds.pasien_covid import PASIEN_LAB, PASIEN_NUMBER
from rsonline.reports.references import Reference
from rsonline.reports.report import Report
from rsonline.reports.verdict import Refused
from rsonline.service import calls, dialects, metrics, once, tokens
from rsonline.service import patient_answers as answers
from rsonline.service.calls import CallLog
from rsonline.service.gate import Bearer, Denied, Gate, Line
from rsonline.service.hooks import Hooks
from rsonline.service.once import BadKey, Carrier
from rsonline.service.patient_answers import Answer
from rsonline.service.patient_lists import DIRECTORIES, LISTS, Directory, ListRoute, read_query
from rsonline.service.routes import body_of, header_lists
from rsonline.store import accounts
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Busy, Change, Full, Origin, Outcome, Stale
from rsonline.store.engines import Store

PREFIX = "/api"
LARGEST_BODY = 100 * 1024
LOGINS = ("/rslogin", "/login")
_ZONES = {7: "GMT+0700", 8: "GMT+0800", 9: "GMT+0900"}
log = structlog.get_logger("rsonline.service")
_encode = msgspec.json.Encoder().encode

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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A report at an address: its verbs by method, and what its answers are worded by."""

    report: Report[Any]
    verbs: Mapping[tuple[str, bool], Verb]
    worded: Callable[[Outcome, str | None], Answer]
    group_b: bool = False
    discharge: bool = False


def _worded(report: Report[Any]) -> Callable[[Outcome, str | None], Answer]:
    if report is KEMATIAN:
        return lambda outcome, segment: answers.died(outcome)
    number = PASIEN_NUMBER if report is PASIEN_COVID else "id"
    return lambda outcome, segment: answers.outcome(outcome, number, segment)


@cache
def endpoints() -> Mapping[str, Endpoint]:
    """Every report of this API by its path; the discharge is a message about the patient's report."""
    found = {
        report.path: Endpoint(
            report,
            {(method, one): verb for (of, method, one), verb in VERBS.items() if of is report},
            _worded(report),
            group_b=report in (PASIEN_LAB, KEMATIAN),
        )
        for report in PATIENT_REPORTS
    }
    leave = {("POST", False): verbs.discharge}
    found["/laporancovid19versi3statuskeluar"] = Endpoint(
        PASIEN_COVID, leave, lambda outcome, segment: answers.discharged(outcome), discharge=True
    )
    return found


Route = Endpoint | ListRoute | Directory | str


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


class PatientDoor:
    """The patient API."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        references: Mapping[str, Reference],
        hooks: Hooks,
        calls: CallLog | None = None,
    ) -> None:
        self._calls = calls
        self._store = store
        self._gate = gate
        self._references = references
        self._hooks = hooks
        self._carrier = Carrier(store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = time.perf_counter()
        request_id = uuid.uuid4().hex
        headers = header_lists(scope)
        served = Served(scope["method"])
        try:
            answer = await self._answer(scope, receive, headers, served, request_id)
        except Exception as error:
            answer = _failure(error, served)
            if answer.status == 500:
                error.add_note(f"{served.name} {served.method}")
                log.exception("request.failed", request_id=request_id, report=served.name, method=served.method)
        served.warnings = answer.warnings
        body = b"" if answer.status == 204 else _encode(answer.body)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": _headers(answer.status, served, request_id, len(body)),
            }
        )
        await send({"type": "http.response.body", "body": body})
        seconds = time.perf_counter() - begun
        method = served.method if served.method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS") else "OTHER"
        metrics.note(f"api/{served.name}", method, answer.status, seconds, ())
        log.info(
            "request",
            request_id=request_id,
            hospital=served.hospital,
            address=served.address,
            report=served.name,
            method=method,
            status=answer.status,
            warnings=[w.code for w in answer.warnings] or None,
            ms=round(seconds * 1000, 1),
        )
        if self._calls is not None and served.hospital is not None:
            # Neither the password nor the token of a login is written down.
            said = None if f"/{served.name}" in LOGINS else body
            warned = {"warnings": _warnings(served)}
            told = calls.told(served, request_id, answer.status, seconds, said, **warned)
            self._calls.note(told._replace(report=f"api/{served.name}"))

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[str, Sequence[str]], served: Served, request_id: str
    ) -> Answer:
        if not self._gate.host_allowed(headers):
            return answers.said(400, "host not allowed")
        if served.method == "OPTIONS":
            return Answer(204, {})
        route, segment = route_of(scope["path"], served)
        if route is None or not _offers(route, served.method, segment):
            return answers.said(404, "page not found")
        peer = (scope.get("client") or ("", 0))[0]
        served.address = self._gate.address(peer, headers)
        line = self._gate.line(scope.get("scheme", "http"), peer, headers)
        # Before the body is read: a login's password stands in it.
        self._gate.require_line(line)
        query = _query(scope)
        if isinstance(route, str):
            body = _json(await body_of(receive, LARGEST_BODY), headers)
            return await self._log_in(route, body, served, request_id, line)
        bearer = await self._bearer(route, headers, served, request_id)
        if isinstance(route, ListRoute):
            return await self._list(route, query, bearer)
        if isinstance(route, Directory):
            return await self._directory(route, segment, query, bearer)
        if bearer.origin is None or bearer.at is None:
            # A consumer owns no reports (1.3).
            raise Denied(403, "token")
        raw = served.body = await body_of(receive, LARGEST_BODY)
        served.report = route.report
        served.outside = {} if segment is None else {"segment": segment}
        sent = _json(raw, headers) if served.method in ("POST", "PATCH") else None
        page = answers.asked(query)
        message = Message(
            bearer.origin,
            bearer.at,
            route.report,
            await self._hooks.completed(route.report, sent)
            if served.method == "POST" and not route.discharge
            else sent,
            _number(segment),
            query,
            page.first,
            page.limit,
        )
        asked = route.verbs[served.method, segment is not None](message)
        if isinstance(asked, Reading):
            return await self._read(message, asked, page)
        if isinstance(asked, Viewing):
            outcome = await self._store.submit(asked.change)
            found = outcome.kind == "saved"
            return answers.one(asked.report.shown(outcome.row, asked.report, message.at) if found else None)
        return await self._change(
            asked, route, segment, once_request(bearer.origin, served, headers, raw or b"", segment), served
        )

    async def _bearer(
        self, route: Route, headers: Mapping[str, Sequence[str]], served: Served, request_id: str
    ) -> Bearer:
        group_b = getattr(route, "group_b", False)
        words = (headers.get("authorization") or [""])[0].split(" ")
        if len(words) < 2 or not words[1]:
            raise Denied(401 if group_b else 403, "no_token")
        try:
            claims = tokens.read(self._store.vault.token_keys, words[1], time.time())
        except tokens.BadToken:
            raise Denied(403, "token") from None
        served.hospital = claims.code
        return await self._gate.bearer(claims, served.address or "", request_id)

    # ---- logging in

    async def _log_in(self, route: str, body: object, served: Served, request_id: str, line: Line) -> Answer:
        """A token for an account, or for a hospital by its own code and X-pass (1.2, 1.3)."""
        said = body if isinstance(body, dict) else {}
        name, code, password = said.get("userName"), said.get("kode_rs"), said.get("password")
        failed = 401 if route == "/rslogin" else 403
        address = served.address or ""
        password_number: int | None = None
        # Types first: nothing is compared with what is no text (8.2).
        if not isinstance(password, str) or not password or len(password) > 128:
            raise Denied(failed, "no_token")
        try:
            if isinstance(name, str) and name and len(name) <= 100:
                account = await self._gate.log_in(name, password, address, request_id)
                if (account.code is None) is (route == "/rslogin"):
                    raise Denied(failed, "no_token")
                claims = tokens.Claims(account.name, account.code, account.token_version)
                bearer = await self._gate.bearer(claims, address, request_id)
            elif route == "/rslogin" and isinstance(code, str) and code:
                verified, hospital = await self._gate.log_in_hospital(code, password, address, request_id)
                password_number = verified.credential
                claims = tokens.Claims(None, hospital.code, hospital.version)
                bearer = await self._gate.bearer(claims, address, request_id)
            else:
                raise Denied(failed, "no_token")
        except Denied as denied:
            if denied.status == 401:
                raise Denied(failed, "no_token") from None
            raise
        served.hospital = claims.code
        now = int(time.time())
        origin = bearer.origin or Origin(OPERATOR, 0, claims.user_name or "-", address=address)
        origin = origin._replace(request_id=request_id)
        if line == "clear":
            await self._gate.expose_login(origin, claims.user_name, password_number)
        await self._store.perform(lambda access: accounts.note_login(access, origin, claims.user_name or "rslogin"))
        zone = bearer.at.zone if bearer.at is not None else self._gate.at(None).zone
        token = {
            "access_token": tokens.issue(self._store.vault.token_keys, claims, now),
            "issued_at": _clock(now, zone),
            "expired_at": _clock(now + tokens.LIFETIME, zone),
            "expires_in": f"{tokens.LIFETIME // 60}m",
        }
        return Answer(201, {"status": True, "message": "access token created", "data": token})

    # ---- reading

    async def _read(self, message: Message, asked: Reading, page: answers.Asked) -> Answer:
        found = await self._store.read(message.origin, asked.look)
        seen = verbs.seen(message, asked.report, found.rows)
        if seen is not None:
            # The line is durable before anything is shown.
            await self._store.submit(seen)
        shown = [asked.report.shown(row, asked.report, message.at) for row in found.rows]
        return answers.listed(shown, found.total, page)

    async def _list(self, route: ListRoute, query: Mapping[str, str], bearer: Bearer) -> Answer:
        await self._store.read(bearer.origin, lambda access: _require_account(access, bearer))
        items = route.items(self._references)
        if route.filter and query.get(route.filter):
            items = [item for item in items if str(item[route.filter]) == query[route.filter]]
        page = answers.asked(query)
        if not route.paged:
            return answers.listed(items, len(items), page, paged=False)
        rows = items[page.first : page.first + page.limit]
        return answers.listed(rows, len(items), page, always_paged=True)

    async def _directory(
        self, route: Directory, segment: str | None, query: Mapping[str, str], bearer: Bearer
    ) -> Answer:
        if route.right and (bearer.account is None or route.right not in bearer.account.rights or bearer.origin):
            return answers.said(422, "not allowed")
        try:
            asked = read_query(route, query)
        except Refused as refused:
            return answers.refused(refused.problems)._replace(status=route.bad_query)
        page = answers.asked(query, route.most, route.usual)
        if route.one:
            asked["kode"] = segment
        at = bearer.at or self._gate.at(None)

        def look(access: Access) -> Any:
            _require_account(access, bearer)
            return route.look(access, asked, page.first, page.limit)

        found = await self._store.read(bearer.origin, look)
        shown = [route.show(row, at) for row in found.rows]
        if route.one:
            return answers.one(shown[0] if shown else None)
        return answers.listed(shown, found.total, page, always_paged=True)

    # ---- writing

    async def _change(
        self, change: Change, route: Endpoint, segment: str | None, request: once.Request, served: Served
    ) -> Answer:
        def worded(outcome: Outcome) -> dialects.Answer:
            answer = route.worded(outcome, segment)
            return dialects.Answer(answer.status, [answer.body], answer.warnings)

        done = await self._carrier.carry(change, request, worded)
        if done.answer is None:
            reason = str(done.refused)
            return answers.said(409 if reason == "key_running" else 422, _TEXTS[reason])
        served.receipt, served.replayed = done.receipt, done.replayed
        return Answer(done.answer.status, dict(done.answer.elements[0]), done.answer.warnings)


def once_request(
    origin: Origin, served: Served, headers: Mapping[str, Sequence[str]], body: bytes, segment: str | None
) -> once.Request:
    """What makes this request the same one again."""
    route = f"{served.method} {served.name}"
    outside = () if segment is None else (("segment", segment),)
    return once.Request(origin.hospital, origin.request_id or "", route, headers, body, outside=outside)


def route_of(path: str, served: Served) -> tuple[Route | None, str | None]:
    """What is at an address, in any letter case, with one stroke at its end or none; what stands behind it."""
    below = path.lower()[len(PREFIX) :]
    below = below.removesuffix("/")
    served.name = "-"
    if below in LOGINS:
        served.name = below[1:]
        return below, None
    found: Route | None = endpoints().get(below) or LISTS.get(below) or DIRECTORIES.get(below)
    if found is not None:
        served.name = below[1:]
        return found, None
    above, _, _last = below.rpartition("/")
    found = endpoints().get(above) or DIRECTORIES.get(f"{above}/:id")
    if found is None:
        return None, None
    served.name = above[1:]
    # The number is echoed as it was sent.
    return found, path.removesuffix("/").rpartition("/")[2]


def _offers(route: Route, method: str, segment: str | None) -> bool:
    if isinstance(route, str):
        return method == "POST"
    if isinstance(route, Endpoint):
        return (method, segment is not None) in route.verbs
    return method == "GET"


def _number(segment: str | None) -> int | None:
    """The number in an address; 0, which no record has, for what is no number."""
    if segment is None:
        return None
    return int(segment) if segment.isascii() and segment.isdigit() and len(segment) <= 18 else 0


def _require_account(access: Access, bearer: Bearer) -> None:
    """Raise Stale where a consumer's account changed after its token was made."""
    if bearer.origin is None and bearer.account is not None:
        now = accounts.find(access, bearer.account.name)
        if now is None or not now.active or now.version != bearer.account.version:
            raise Stale


def _query(scope: Scope) -> dict[str, str]:
    raw = scope.get("query_string", b"")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: text for name, text in pairs if "\x00" not in text}


class NotJson(Exception):
    """The body says that it is JSON and is not."""


def _json(body: bytes | None, headers: Mapping[str, Sequence[str]]) -> object:
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


def _clock(now: int, zone: ZoneInfo) -> str:
    """`2022-02-02 12:28:05 PM GMT+0700`, on a clock of twelve hours."""
    moment = datetime.fromtimestamp(now, zone)
    offset = moment.utcoffset()
    hours = 0 if offset is None else int(offset.total_seconds() // 3600)
    return f"{moment:%Y-%m-%d %I:%M:%S %p} {_ZONES.get(hours, 'UTC')}"


_TEXTS = {
    "no_token": "Unauthorized",
    "token": "Forbidden",
    "credentials": "Unauthorized",
    "tls": "use https, not http: what is sent in clear can be read on the way",
    "tls_unknown": "the service's proxy does not say whether this request came by https",
    "too_many": "too many failed logins, try again later",
    "too_large": "request entity too large",
    "busy": "service busy, try again",
    "key_running": "a request with this Idempotency-Key is still running",
    "key_reused": "this Idempotency-Key came before with another body",
}


def _failure(error: Exception, served: Served) -> Answer:
    """An exception as an answer; what nobody expected is a 500 that says nothing of its inside (SR-33)."""
    match error:
        case Denied(reason="address"):
            return answers.said(403, f"{served.address} not registered")
        case Denied():
            served.retry_after = error.retry_after or served.retry_after
            return answers.said(error.status, _TEXTS.get(error.reason, "Forbidden"))
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


def _warnings(served: Served) -> bytes:
    return ", ".join(f"{w.code}:{w.member}" for w in served.warnings).encode("ascii", "replace")


def _headers(status: int, served: Served, request_id: str, length: int) -> list[tuple[bytes, bytes]]:
    headers = [*_FIXED, (b"content-length", str(length).encode()), (b"x-request-id", request_id.encode())]
    if status == 204:
        headers += _PREFLIGHT
    if served.warnings:
        headers.append((b"x-rsonline-warnings", _warnings(served)))
    if served.receipt:
        headers.append((b"x-rsonline-receipt", served.receipt.encode()))
    if served.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    if status in (429, 503):
        headers.append((b"retry-after", str(served.retry_after).encode()))
    return headers
