"""The loop report × verb → route, and the one endpoint that serves them all.

`GuideDoor` is an ASGI application for everything below `/fo/`. It finds the route by its tidied path, lets the gate
verify the caller, hands the members to the verb and words the outcome. It holds no rule of any report.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call, Verb, viewing
from rsonline.logs import new_request_id
from rsonline.reports import REPORTS
from rsonline.reports.lenient import Malformed
from rsonline.reports.references import Reference
from rsonline.reports.report import Numbered, Report, Steps
from rsonline.reports.verdict import Problem, Refused, Repair, ReportWarning
from rsonline.service import calls, dialects, metrics, once
from rsonline.service.calls import CallLog
from rsonline.service.denied import Denied
from rsonline.service.dialects import Answer, Incoming, Sent
from rsonline.service.gate import Caller, Gate
from rsonline.service.once import BadKey, Carrier
from rsonline.service.signed import presented, require_covered
from rsonline.store.change import Busy, Change, Full, Outcome, Stale
from rsonline.store.engines import Store
from rsonline.store.journal import note_refusal

PREFIX = "/fo/index.php"
LARGEST_BODY = 256 * 1024
_JUNK = re.compile(r"(/index\.php)+")
_SAFE = re.compile(r"[^!-~]")
_METHODS = ("GET", "POST", "PUT", "DELETE")
log = structlog.get_logger("rsonline.service")
_encode = msgspec.json.Encoder().encode

_FIXED: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A report at its path, with the verb of each method."""

    report: Report[Any]
    verbs: Mapping[str, Verb]


@dataclass(frozen=True, slots=True)
class List:
    """A reference list at its path; the guide calls the columns of the bed types by other names."""

    name: str
    columns: tuple[str, str]


LISTS: Mapping[str, List] = {
    "/referensi/tempat_tidur": List("tempat_tidur", ("kode_tt", "nama_tt")),
    "/referensi/kebutuhan_sdm": List("kebutuhan_sdm", ("id_kebutuhan", "kebutuhan")),
    "/referensi/kebutuhan_apd": List("kebutuhan_apd", ("id_kebutuhan", "kebutuhan")),
}


def endpoints(reports: Sequence[Report[Any]] = REPORTS) -> dict[str, Endpoint]:
    """Every report by its path in lower case."""
    return {report.path.lower(): Endpoint(report, verbs_of(report)) for report in reports}


def tidied(path: str) -> str:
    """The path in lower case without what clients leave on it: `/`, `\\`, blanks at the end, a doubled `index.php`."""
    tidy = re.sub("/{2,}", "/", path.strip()).rstrip("/\\ ").lower()
    return _JUNK.sub("/index.php", tidy)


def path_as_in_guide(route: Endpoint, path: str) -> bool:
    """Whether the path is spelled as the guide spells it, apart from a number behind it."""
    canonical = PREFIX + route.report.path
    return path == canonical or (path.startswith(canonical + "/") and path[len(canonical) + 1 :].isdigit())


class GuideDoor:
    """The guide's addresses as one ASGI application."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        references: Mapping[str, Reference],
        calls: CallLog | None = None,
        reports: Sequence[Report[Any]] = REPORTS,
    ) -> None:
        self._calls = calls
        self._store = store
        self._gate = gate
        self._references = references
        self._endpoints = endpoints(reports)
        self._carrier = Carrier(store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = time.perf_counter()
        request_id = new_request_id()
        headers = header_lists(scope)
        language = "en" if (headers.get("accept-language") or [""])[0].lower().startswith("en") else "id"
        served = Served(scope["method"], language)
        path = scope["path"]
        route, segment = self._route(path)
        if route is not None:
            served.root = route.report.root if isinstance(route, Endpoint) else route.name
            served.name = route.report.name if isinstance(route, Endpoint) else f"referensi/{route.name}"
        if served.method not in _METHODS:
            served.method = "OTHER"
        try:
            answer = await self._answer(scope, receive, headers, route, segment, served, request_id)
        except Exception as error:
            answer = _failure(error, served)
            if answer.status == 500:
                error.add_note(f"{served.name} {served.method}")
                log.exception("request.failed", request_id=request_id, report=served.name, method=served.method)
        status = 200 if served.always_200 and answer.status in (400, 404, 409, 422) else answer.status
        body = _encode({served.root: answer.elements})
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": _headers(answer, served, request_id, len(body)),
            }
        )
        await send({"type": "http.response.body", "body": body})
        seconds = time.perf_counter() - begun
        metrics.note(served.name, served.method, answer.status, seconds, served.repairs)
        log.info(
            "request",
            request_id=request_id,
            hospital=served.hospital,
            address=served.address,
            report=served.name,
            method=served.method,
            status=answer.status,
            clock=served.clock,
            repairs=[r.code for r in served.repairs] or None,
            warnings=[w.code for w in answer.warnings] or None,
            ms=round(seconds * 1000, 1),
        )
        if self._calls is not None and served.hospital is not None:
            said = {"repairs": _listed(served.repairs, "where"), "warnings": _listed(answer.warnings, "member")}
            self._calls.note(calls.told(served, request_id, answer.status, seconds, body, **said))

    def _route(self, path: str) -> tuple[Endpoint | List | None, str | None]:
        tidy = tidied(path)
        if not tidy.startswith(PREFIX):
            return None, None
        below = tidy[len(PREFIX) :]
        found = self._endpoints.get(below) or LISTS.get(below)
        if found is not None:
            return found, None
        above, _, last = below.rpartition("/")
        endpoint = self._endpoints.get(above)
        return (endpoint, last) if endpoint is not None and last.isascii() and last.isdigit() else (None, None)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[str, Sequence[str]],
        route: Endpoint | List | None,
        segment: str | None,
        served: "Served",
        request_id: str,
    ) -> Answer:
        language = served.language
        if not self._gate.arrival.host_allowed(headers):
            return dialects.failed(400, "host", language)
        if route is None:
            return dialects.failed(404, "not_found", language, path=_SAFE.sub("?", scope["path"][:80]))
        served.allow = _allowed(route)
        if served.method not in served.allow:
            reason = "task_delete" if served.method == "DELETE" and _is_steps(route) else "method"
            return dialects.failed(405, reason, language, method=_SAFE.sub("?", scope["method"][:16]))
        peer = (scope.get("client") or ("", 0))[0]
        served.address = self._gate.arrival.address(peer, headers)
        line = self._gate.arrival.line(scope.get("scheme", "http"), peer, headers)
        if headers.get("content-encoding", ["identity"])[0].lower() not in ("", "identity"):
            return dialects.failed(415, "encoding", language)
        body: bytes | None = None
        path = scope["path"]
        signed, accepted = presented(scope, headers), False
        if signed is not None and isinstance(route, Endpoint):
            require_covered(signed, headers, dialects.member_headers(route.report, served.method)[1])
        for _attempt in (1, 2):
            caller = await self._gate.enter(headers, served.address, request_id, line, signed)
            served.hospital, served.clock, served.always_200 = (
                caller.origin.hospital,
                caller.origin.clock,
                caller.always_200,
            )
            served.ahead = caller.ahead
            if body is None:
                body = served.body = await body_of(receive, LARGEST_BODY)
                if body is None:
                    return dialects.failed(413, "too_large", language, most=LARGEST_BODY)
            try:
                if signed is not None and not accepted:
                    await self._gate.accept(caller, signed, body)
                    accepted = True
                if isinstance(route, List):
                    return await self._list(route, caller)
                served.repairs = () if path_as_in_guide(route, path) else (Repair("path", path.strip()),)
                incoming = Incoming(served.method, headers, _query(scope), body, segment)
                return await self._serve(route, incoming, caller, served)
            except Refused as refused:
                return await self._refuse(route, refused, caller, served)
            except Stale:
                self._gate.forget(caller.origin)
        return dialects.failed(503, "busy", language)

    async def _list(self, route: List, caller: Caller) -> Answer:
        await self._store.read(caller.origin, lambda access: None)
        id_column, name_column = route.columns
        entries = self._references[route.name].entries.values()
        return Answer(200, [{id_column: e.id, name_column: e.nama} for e in entries])

    async def _serve(self, route: Endpoint, incoming: Incoming, caller: Caller, served: "Served") -> Answer:
        report = served.report = route.report
        if incoming.segment is not None and isinstance(report.identity, Numbered):
            served.outside = {report.identity.number: incoming.segment}
        sent = dialects.unwrap(report, incoming)
        served.outside = {name: str(value) for name, value in sent.outside}
        served.repairs = (*served.repairs, *sent.repairs)
        call = Call(caller.origin, report, sent.members, caller.at, caller.create_on_put)
        asked = route.verbs[served.method](call)
        served.repairs = (*served.repairs, *asked.repairs)
        if isinstance(asked, Asked):
            return await self._change(counted(asked.change, sent.repairs), incoming, sent, caller, served)
        rows = await self._store.read(caller.origin, asked.look)
        seen = viewing(call, rows)
        if seen is not None:
            # The line is durable before anything is shown.
            await self._store.submit(seen)
        return dialects.rows(report, asked.show(rows))

    async def _change(self, change: Change, incoming: Incoming, sent: Sent, caller: Caller, served: "Served") -> Answer:
        """Carry out a change, at most once where it has an Idempotency-Key, and answer with its receipt."""

        def worded(outcome: Outcome) -> Answer:
            return dialects.outcome(change.report, served.method, outcome, served.language)

        origin = caller.origin
        route = f"{served.method} {served.name}"
        request = once.Request(
            origin.hospital,
            origin.request_id or "",
            route,
            incoming.headers,
            incoming.body,
            served.repairs,
            sent.outside,
        )
        done = await self._carrier.carry(change, request, worded)
        if done.answer is None:
            return dialects.failed(409 if done.refused == "key_running" else 422, str(done.refused), served.language)
        if done.outcome is not None and done.outcome.kind == "missing":
            metrics.put_miss(change.report.name)
        served.repairs, served.receipt, served.replayed = done.repairs, done.receipt, done.replayed
        return done.answer

    async def _refuse(self, route: Endpoint | List, refused: Refused, caller: Caller, served: "Served") -> Answer:
        served.repairs = (*served.repairs, *[r for r in refused.repairs if r not in served.repairs])
        if isinstance(route, List):
            return dialects.failed(400, "query", served.language)
        if any(problem.code == "other_hospital" for problem in refused.problems):
            # Somebody named another hospital: nothing was selected by it, and it leaves a line (SR-16).
            await self._store.perform(
                lambda access: note_refusal(access, caller.origin, route.report, "other_hospital")
            )
        return dialects.refused(route.report, served.method, refused.problems, served.language)


def counted(change: Change, repairs: Sequence[Repair]) -> Change:
    """The change, with what was mended in its body counted for the hospital."""
    if not repairs:
        return change
    return msgspec.structs.replace(change, tallies=(*change.tallies, *sorted({f"repair:{r.code}" for r in repairs})))


@dataclass(slots=True)
class Served:
    """What is known of a request while it is served: for its answer's headers, the log and the counters."""

    method: str
    language: str
    root: str = "error"
    name: str = "-"
    hospital: str | None = None
    address: str | None = None
    clock: str | None = None
    always_200: bool = False
    repairs: Sequence[Repair] = ()
    allow: tuple[str, ...] = ()
    retry_after: int = 2
    receipt: str | None = None
    replayed: bool = False
    report: Report[Any] | None = None
    ahead: float | None = None
    """Seconds that its clock is ahead."""
    body: bytes | None = None
    outside: Mapping[str, str] = field(default_factory=dict)
    """Members that did not stand in the body."""


def _failure(error: Exception, served: Served) -> Answer:
    """An exception as an answer; what nobody expected is a 500 that says nothing of its inside (SR-33)."""
    match error:
        case Denied():
            served.retry_after = error.retry_after or served.retry_after
            # Named only where the password was right.
            served.hospital = error.detail.get("hospital", served.hospital)
            served.clock = error.detail.get("clock", served.clock)
            if error.status in (401, 400):
                return dialects.denied(error.status, error.reason, served.language, **error.detail)
            return dialects.failed(error.status, error.reason, served.language, **error.detail)
        case BadKey():
            return dialects.failed(400, "header_malformed", served.language, header="Idempotency-Key")
        case Malformed():
            return dialects.malformed(error, served.language)
        case Busy():
            return dialects.failed(503, "busy", served.language)
        case Full():
            return dialects.failed(507, "full", served.language)
        case _:
            return dialects.failed(500, "internal", served.language)


def _headers(answer: Answer, served: Served, request_id: str, length: int) -> list[tuple[bytes, bytes]]:
    headers = [*_FIXED, (b"content-length", str(length).encode()), (b"x-request-id", request_id.encode())]
    if served.repairs:
        headers.append((b"x-rsonline-repairs", _listed(served.repairs, "where")))
    if answer.warnings:
        headers.append((b"x-rsonline-warnings", _listed(answer.warnings, "member")))
    if served.receipt:
        headers.append((b"x-rsonline-receipt", served.receipt.encode()))
    if served.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    if answer.status in (429, 503):
        headers.append((b"retry-after", str(served.retry_after).encode()))
    if answer.status == 405:
        headers.append((b"allow", ", ".join(served.allow).encode()))
    return headers


def _listed(said: Sequence[Repair] | Sequence[ReportWarning], where: str) -> bytes:
    """`code:where, code:where`; what is not plain ASCII is left out, since it came from outside."""
    parts = [f"{s.code}:{_SAFE.sub('_', str(getattr(s, where)))[:60]}" for s in said[:40]]
    return ", ".join(parts).encode("ascii")


def _allowed(route: Endpoint | List) -> tuple[str, ...]:
    return tuple(route.verbs) if isinstance(route, Endpoint) else ("GET",)


def _is_steps(route: Endpoint | List) -> bool:
    return isinstance(route, Endpoint) and isinstance(route.report.identity, Steps)


def _query(scope: Scope) -> dict[str, str]:
    raw = scope.get("query_string", b"")
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise Refused([Problem(member="query", code="not_text")]) from None
    return dict(pairs)


def header_lists(scope: Scope) -> dict[str, list[str]]:
    """The headers by their names in lower case, each value on its own."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


async def body_of(receive: Receive, most: int) -> bytes | None:
    """The whole body, or None where it is larger than allowed. The connection's own limits end a slow one."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Denied(400, "header_malformed", header="body")
        part = message.get("body", b"")
        length += len(part)
        if length > most:
            return None
        if not message.get("more_body"):
            return part if not parts else b"".join([*parts, part])
        parts.append(part)
