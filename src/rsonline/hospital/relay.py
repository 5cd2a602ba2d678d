"""The relay: an older program of the hospital speaks the guide's protocol to it, and it delivers in its own way.

What can be kept is checked by the service's own rules, put into the outbox, and answered when it is on the disk; the
agent delivers it over verified TLS. What only the service can answer (a GET, a change of some members, a number that
this side has not seen) is passed on at once, and answered 503 where the service is away: nothing is said to be done
that is not (SR-56).
"""

import asyncio
import hmac
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rsonline.hospital.client import AsyncClient
from rsonline.hospital.collect import EVENTS, PARENTS
from rsonline.hospital.config import Config
from rsonline.hospital.guesses import Guesses, source_of
from rsonline.hospital.identity import names_of, natural_key
from rsonline.hospital.listening import STANDARD, Limits, fault_of
from rsonline.hospital.messages import Key, Offer
from rsonline.hospital.outbox import Outbox, OutboxFull
from rsonline.hospital.talks import Talk
from rsonline.hospital.wire import LISTS, Answer, Lost, Request
from rsonline.reports import REPORTS
from rsonline.reports.codec import complete, read
from rsonline.reports.fields import At
from rsonline.reports.lenient import Malformed, parse
from rsonline.reports.report import Numbered, PerDay, PerItem, Report, Steps
from rsonline.reports.verdict import Problem, Refused
from rsonline.reports.wording import malformed_text, problem_text

PREFIX = "/fo/index.php"
PATIENCE = 30.0
"""Seconds for an answer of the service to what is passed on."""
_DONE = {"POST": "telah disimpan", "PUT": "telah diupdate", "PATCH": "telah diupdate", "DELETE": "telah dihapus"}
_PATHS: Mapping[str, Report[Any]] = {report.path.casefold(): report for report in REPORTS if report.root}
_NEEDS_ALL = frozenset({"required", "missing"})


@dataclass(slots=True)
class Relay:
    """What the relay knows. `password` is its own; the hospital's stays with the client."""

    config: Config
    password: str
    outbox: Outbox
    client: AsyncClient
    clock: Callable[[], float] = time.time
    limits: Limits = STANDARD
    _guesses: Guesses = field(default_factory=Guesses)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Starlette:
        """The application that a server serves."""
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])

    async def answer(self, request: Incoming) -> Response:
        """One request of an older program."""
        path = request.url.path
        below = path[len(PREFIX) :] if path.casefold().startswith(PREFIX) else path
        report = _PATHS.get(below.rstrip("/").casefold())
        denied = self._denied(request, report)
        if denied is not None:
            return denied
        try:
            body = await _body(request, self.limits.body_bytes)
        except ClientDisconnect:
            # It took too long or went away: nobody is there to be answered.
            return Response(status_code=408)
        if body is None:
            return _said(413, report, f"Isi permintaan lebih dari {self.limits.body_bytes} byte")
        listed = below.casefold().removeprefix("/referensi/").rstrip("/") in LISTS
        if report is None and not listed:
            return _said(404, None, "Alamat tidak dikenal")
        if request.method == "DELETE" and report is not None and isinstance(report.identity, Steps):
            words = "Waktu pelayanan tidak boleh dihapus, hanya dibatalkan dengan mengirim task 99"
            return _said(405, report, words, {"Allow": "GET, POST, PUT"})
        if report is None or request.method == "GET":
            return await self._passed_on(request, below, body, report)
        return await self._change(request, report, below, body)

    def _denied(self, request: Incoming, report: Report[Any] | None) -> Response | None:
        """Who may not come in: strangers, heads beyond the limits, wrong passwords, who tries too many of them."""
        settings = self.config.relay
        address = request.client.host if request.client else ""
        if settings is None or address not in settings.allow:
            return _said(403, report, "Alamat ini tidak diizinkan memakai relai")
        fault = fault_of(request.scope, self.limits)
        if fault is not None:
            return _said(fault[0], report, fault[1])
        now, source = self.clock(), source_of(address)
        given, named = request.headers.getlist("X-pass"), request.headers.getlist("X-rs-id")
        right = len(given) == 1 and hmac.compare_digest(given[0].encode(), self.password.encode())
        if right and named == [self.config.code]:
            wait, status, words = self._guesses.right(source, now), 0, ""
        else:
            wait = self._guesses.wrong(source, "\0".join((*named, *given)).encode(), now)
            status, words = 401, "X-rs-id atau X-pass salah"
        if wait > 0:
            return _said(429, report, "Terlalu banyak percobaan gagal", {"Retry-After": str(math.ceil(wait))})
        return _said(status, report, words) if status else None

    async def _change(self, request: Incoming, report: Report[Any], below: str, body: bytes) -> Response:
        at = At(self.config.code, self.config.zone, datetime.fromtimestamp(self.clock(), UTC), unlisted=True)
        try:
            sent = _members(request, report, body)
            offer = self._offered(report, request.method, sent, at)
        except Malformed as fault:
            return _said(400, report, malformed_text(fault).id)
        except Refused as refused:
            return _refused(report, refused.problems)
        if offer is None:
            return await self._passed_on(request, below, body, report)
        try:
            await anyio.to_thread.run_sync(self._keep, offer)
        except OutboxFull:
            return _said(503, report, "Antrean relai penuh, data gagal disimpan", {"Retry-After": "300"})
        words = f"Data {report.title.id.lower()} {_DONE[request.method]} di antrean rumah sakit"
        return _said(200, report, words, {"X-RSOnline-Relay": "queued"})

    def _keep(self, offer: Offer) -> None:
        with self._writing:
            self.outbox.offer([offer])

    def _offered(self, report: Report[Any], method: str, sent: dict[str, object], at: At) -> Offer | None:
        """The message that a change becomes, None where only the service can carry it out. Raises Refused."""
        identity = report.identity
        number = str(sent.get(identity.number) or "").strip() if isinstance(identity, Numbered) else ""
        key: Key | None = None
        if number:
            key = self.outbox.called(report.name, number)
            if key is None:
                return None
        if method == "DELETE":
            if key is None and not all(sent.get(name) for name in names_of(report)):
                return None
            named = key or natural_key(report, sent)
            return Offer(report.name, named, dict(zip(names_of(report), named, strict=True)), verb="remove")
        try:
            said = read(report, sent, at)
            complete(report, dict(said.values), at)
        except Refused as refused:
            if method != "POST" and all(problem.code in _NEEDS_ALL for problem in refused.problems):
                # Some members only: the others are known to the service alone.
                return None
            raise
        members = {name: value for name, value in sent.items() if value is not None}
        parent = None
        if report.name == "antrian_task":
            booking = (str(sent.get("kodebooking", "")).strip(),)
            parent = (PARENTS[report.name], booking) if self.outbox.knows(PARENTS[report.name], booking) else None
        return Offer(
            report.name, key or natural_key(report, members), members, event=report.name in EVENTS, parent=parent
        )

    async def _passed_on(self, request: Incoming, below: str, body: bytes, report: Report[Any] | None) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        named = {}
        if report is not None and isinstance(report.identity, PerDay):
            named = {name: v for name, v in request.headers.items() if name.casefold() == f"x-{report.identity.day}"}
        asked = Request(
            method=request.method, path=below + query, headers={"Content-Type": "application/json", **named}, body=body
        )
        try:
            answer = await asyncio.wait_for(self.client.carry(_passing(asked)), PATIENCE)
        except TimeoutError:
            answer = Lost(True, "TimeoutError")
        if isinstance(answer, Lost):
            return _said(503, report, "Layanan tidak terjangkau, coba lagi", {"Retry-After": "60"})
        return Response(answer.body, answer.status, media_type="application/json")


def _passing(request: Request) -> Talk[Answer | Lost]:
    return (yield request)


async def _body(request: Incoming, most: int) -> bytes | None:
    """The body; None where it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


def _members(request: Incoming, report: Report[Any], body: bytes) -> dict[str, object]:
    """What a request says: its body, and the header by which the guide names what is to be removed."""
    sent: dict[str, object] = dict(parse(body, empty_ok=request.method == "DELETE").members)
    identity = report.identity
    for name in names_of(report):
        header = request.headers.get(f"X-{name}" if isinstance(identity, PerDay) else name)
        if header is not None and sent.get(name) in (None, "") and isinstance(identity, PerDay | PerItem):
            sent[name] = header
    return sent


def _refused(report: Report[Any], problems: list[Problem]) -> Response:
    texts = [problem_text(problem, None).id for problem in problems]
    errors = [{"field": p.member, "code": p.code, "message": text} for p, text in zip(problems, texts, strict=True)]
    message = f"Data {report.title.id.lower()} gagal disimpan: {'; '.join(texts)}"
    return JSONResponse({report.root: [{"status": "422", "message": message, "errors": errors}]}, 422)


def _said(status: int, report: Report[Any] | None, message: str, headers: Mapping[str, str] | None = None) -> Response:
    root = report.root if report is not None else "error"
    return JSONResponse({root: [{"status": str(status), "message": message}]}, status, headers)
