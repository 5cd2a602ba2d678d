"""The patient API's addresses, below `/api`, as one ASGI application (pasien-covid 0 to 7).

The same store, verbs and journal as the guide's door behind other addresses, another login and other words.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from rsonline.intake import patients as verbs
from rsonline.intake.patients import Message, Reading, Viewing
from rsonline.logs import new_request_id
from rsonline.reports.references import Reference
from rsonline.reports.verdict import Refused
from rsonline.service import calls, dialects, metrics, once, tokens
from rsonline.service import patient_answers as answers
from rsonline.service.calls import CallLog
from rsonline.service.denied import Denied
from rsonline.service.gate import Bearer, Gate
from rsonline.service.hooks import Completed, Hooks
from rsonline.service.once import Carrier
from rsonline.service.patient_answers import Answer
from rsonline.service.patient_directories import Directory, read_query
from rsonline.service.patient_lists import ListRoute, items_of
from rsonline.service.patient_login import log_in
from rsonline.service.patient_routes import LOGINS, Endpoint, Route, number_of, offers, route_of
from rsonline.service.patient_wire import (
    LARGEST_BODY,
    TEXTS,
    Served,
    failure,
    headers_of,
    json_of,
    query_of,
    warnings_of,
)
from rsonline.service.routes import body_of, header_lists
from rsonline.service.signed import presented
from rsonline.store import accounts
from rsonline.store.access import Access
from rsonline.store.change import Change, Origin, Outcome, Stale
from rsonline.store.engines import Store

log = structlog.get_logger("rsonline.service")
_encode = msgspec.json.Encoder().encode


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
        request_id = new_request_id()
        headers = header_lists(scope)
        served = Served(scope["method"])
        try:
            answer = await self._answer(scope, receive, headers, served, request_id)
        except Exception as error:
            answer = failure(error, served)
            if answer.status == 500:
                error.add_note(f"{served.name} {served.method}")
                log.exception("request.failed", request_id=request_id, report=served.name, method=served.method)
        served.warnings = answer.warnings
        body = b"" if answer.status == 204 else _encode(answer.body)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": headers_of(answer.status, served, request_id, len(body)),
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
            warned = {"warnings": warnings_of(served)}
            told = calls.told(served, request_id, answer.status, seconds, said, **warned)
            self._calls.note(told._replace(report=f"api/{served.name}"))

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[str, Sequence[str]], served: Served, request_id: str
    ) -> Answer:
        if not self._gate.arrival.host_allowed(headers):
            return answers.said(400, "host not allowed")
        if served.method == "OPTIONS":
            return Answer(204, {})
        route, served.name, segment = route_of(scope["path"])
        if route is None or not offers(route, served.method, segment):
            return answers.said(404, "page not found")
        peer = (scope.get("client") or ("", 0))[0]
        served.address = self._gate.arrival.address(peer, headers)
        line = self._gate.arrival.line(scope.get("scheme", "http"), peer, headers)
        # Before the body is read: a login's password stands in it.
        self._gate.arrival.require_line(line)
        query = query_of(scope)
        if isinstance(route, str):
            raw = await body_of(receive, LARGEST_BODY)
            body = json_of(raw, headers)
            signer = None
            if route == "/rslogin" and (signed := presented(scope, headers)) is not None:
                signer = await self._gate.log_in_signed(headers, signed, raw or b"", served.address, request_id)
            return await log_in(self._gate, self._store, route, body, served, request_id, line, signer)
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
        sent = json_of(raw, headers) if served.method in ("POST", "PATCH") else None
        page = answers.asked(query)
        new = served.method == "POST" and not route.discharge
        completed = await self._hooks.completed(route.report, sent, bearer.at) if new else Completed(sent)
        message = Message(
            bearer.origin,
            bearer.at,
            route.report,
            completed.body,
            number_of(segment),
            query,
            page.first,
            page.limit,
            completed.doses,
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
        # The large lists are read from their packages when they are first asked for: that takes a moment.
        items = await asyncio.to_thread(items_of, route, self._references, query)
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
        at = bearer.at or self._gate.at(None)
        try:
            asked = read_query(route, query, at)
        except Refused as refused:
            return answers.refused(refused.problems)._replace(status=route.bad_query)
        pages: Mapping[str, str] = {name: str(asked[name]) for name in answers.LIMITS if name in asked}
        page = answers.asked(pages, route.most, route.usual)
        if route.one:
            asked["kode"] = segment

        def look(access: Access) -> Any:
            _require_account(access, bearer)
            return route.look(access, asked, page.first, page.limit, at)

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
            return answers.said(409 if reason == "key_running" else 422, TEXTS[reason])
        served.receipt, served.replayed = done.receipt, done.replayed
        return Answer(done.answer.status, dict(done.answer.elements[0]), done.answer.warnings)


def once_request(
    origin: Origin, served: Served, headers: Mapping[str, Sequence[str]], body: bytes, segment: str | None
) -> once.Request:
    """What makes this request the same one again."""
    route = f"{served.method} {served.name}"
    outside = () if segment is None else (("segment", segment),)
    return once.Request(origin.hospital, origin.request_id or "", route, headers, body, outside=outside)


def _require_account(access: Access, bearer: Bearer) -> None:
    """Raise Stale where a consumer's account changed after its token was made."""
    if bearer.origin is None and bearer.account is not None:
        now = accounts.find(access, bearer.account.name)
        if now is None or not now.active or now.version != bearer.account.version:
            raise Stale
