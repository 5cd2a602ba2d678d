"""What one connection may do: absolute times, sizes, framing, connections per source (SR-21, SR-29, SR-32).

The limits stand below the application, so that they hold with a proxy in front and without one. Nothing here
is prolonged by traffic: a client that sends one byte a second runs out of time like one that sends none.
"""

import asyncio
import json
import math
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, ClassVar, Final

import httptools
import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from rsonline.logs import new_request_id
from rsonline.service.whole_answers import in_one_piece

log = structlog.get_logger("rsonline")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds, bytes and counts; each is the most that is still allowed.

    `header_bytes` counts the header fields as `Name: value` with their line ends, without the request line.
    `body_limit` gives the most bytes of a body by its path and replaces `body_bytes`. `exempt` are addresses
    or networks that `connections_per_source` does not count, such as a trusted proxy (SR-30).
    """

    header_seconds: float = 10.0
    body_seconds: float = 30.0
    handler_seconds: float = 30.0
    idle_seconds: float = 15.0
    connections_per_source: int = 50
    header_bytes: int = 16 * 1024
    header_fields: int = 64
    url_bytes: int = 4096
    body_bytes: int = 256 * 1024
    body_limit: Callable[[bytes], int] | None = None
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that the connection itself gives before it ends."""

    status: int
    code: str
    message: str
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def answer(self, request_id: str, common: list[tuple[bytes, bytes]]) -> bytes:
        """The whole response, with the `common` header fields of the server."""
        body = json.dumps({"status": False, "code": self.code, "message": self.message}).encode()
        fields = [*common, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        fields += [(b"x-request-id", request_id.encode()), (b"connection", b"close"), *self.fields]
        return b"".join([STATUS_LINE[self.status], *(b"%s: %s\r\n" % each for each in fields), b"\r\n", body])


_LATER = ((b"retry-after", b"5"),)
_METHODS = ((b"allow", b"GET, POST, PUT, DELETE"),)
_PLAIN = ((b"accept-encoding", b"identity"),)
MALFORMED: Final = Refusal(400, "malformed", "Permintaan HTTP gagal dibaca")
METHOD: Final = Refusal(405, "method", "Metode CONNECT tidak tersedia", _METHODS)
TOO_SLOW: Final = Refusal(408, "request_timeout", "Permintaan gagal dibaca: tidak lengkap dalam batas waktu")
TOO_LARGE: Final = Refusal(413, "too_large", "Isi permintaan gagal dibaca: terlalu besar")
TOO_LONG: Final = Refusal(414, "url_too_long", "Alamat (URL) terlalu panjang")
ENCODED: Final = Refusal(415, "encoding", "Content-Encoding tidak didukung", _PLAIN)
HEADER_TOO_LARGE: Final = Refusal(431, "header_too_large", "Header terlalu besar atau terlalu banyak")
NO_ANSWER: Final = Refusal(503, "handler_timeout", "Layanan gagal menjawab, coba lagi", _LATER)
TOO_MANY: Final = Refusal(503, "too_many_connections", "Terlalu banyak koneksi dari alamat ini", _LATER)

_NEVER: Final = math.inf
_PIECE: Final = 16 * 1024
# The shortest chunk spends six bytes on one, `1 CR LF x CR LF`; more than eight is padding or trailers.
_CHUNK_OVERHEAD: Final = 8
_LINGER_SECONDS: Final = 2.0
# Timers of an event loop have a resolution of about a millisecond.
_TICK: Final = 0.002
_STANDARD: Final = Limits()


class _Refused(Exception):
    """Ends the parser from within one of its callbacks; its only argument is the refusal."""


def source(address: str, exempt: tuple[IPv4Network | IPv6Network, ...] = ()) -> str | None:
    """What connections are counted by: the IPv4 address or the IPv6 /64; None where they are not counted."""
    ip = ip_address(address.partition("%")[0])
    if ip.version == 6:
        ip = ip.ipv4_mapped or ip
    if any(ip in network for network in exempt):
        return None
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))


class LimitedProtocol(HttpToolsProtocol):
    """One connection of uvicorn that ends by absolute limits. `server` fills in the class attributes.

    The reading side and the handler have a deadline each. One timer stands for both; it is moved only when a
    deadline comes before it, so a request that arrives and is answered at once touches no timer.
    """

    limits: ClassVar[Limits] = _STANDARD
    exempt: ClassVar[tuple[IPv4Network | IPv6Network, ...]] = ()
    open_by_source: ClassVar[Counter[str]] = Counter()

    _source: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _timer_at = _read_by = _answer_by = _NEVER
    # Where the reader is: in a head, in a body, or between messages.
    _in_head = _in_body = False
    _first = True
    _upgrading = _refused = _ending = False
    _received = _body_most = _body_left = 0
    _last_words: Refusal | None = None
    # `cycle` is the newest request; with pipelining the one being answered is an earlier one.
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request's header time runs from here."""
        super().connection_made(transport)
        self._read_by = self.loop.time() + self.limits.header_seconds
        self._source = source(self.client[0], self.exempt) if self.client else None
        if self._source is not None:
            self.open_by_source[self._source] += 1
            already, most = self.open_by_source[self._source], self.limits.connections_per_source
            if already > 2 * most:
                # So many are reading their refusals that one more is not worth a file descriptor.
                self._refused = True
                transport.abort()
            elif already > most:
                self._refuse(TOO_MANY, None)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._source is not None:
            self.open_by_source[self._source] -= 1
            if not self.open_by_source[self._source]:
                del self.open_by_source[self._source]
        if self._running is not None:
            _disconnect(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse in pieces, so that what an unfinished head may hold does not depend on how it arrives."""
        if self._refused:
            return
        try:
            view = data if len(data) <= _PIECE else memoryview(data)
            for start in range(0, len(data), _PIECE):
                self._feed(view[start : start + _PIECE])
        except _Refused as refused:
            self._refuse(refused.args[0], self.cycle if self._in_body else None)
        self._watch()

    def _feed(self, piece: bytes | memoryview) -> None:
        while True:
            try:
                self.parser.feed_data(piece)
                break
            except httptools.HttpParserUpgrade as upgrade:
                piece = self._head_without_upgrade() + bytes(piece[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                raise _fault(error) from error
        self._received += len(piece)
        # The parser tells of a field when it is complete; what is not yet is bounded here, roughly.
        if self._in_head:
            if len(self.url) > self.limits.url_bytes:
                raise _Refused(TOO_LONG)
            if self._received > self.limits.url_bytes + self.limits.header_bytes + 2 * _PIECE:
                raise _Refused(HEADER_TOO_LARGE)
        elif self._in_body and self._received > _CHUNK_OVERHEAD * self._body_most + 2 * _PIECE:
            raise _Refused(TOO_LARGE)

    def _head_without_upgrade(self) -> bytes:
        """The head as if it had not asked for another protocol, for a new parser (RFC 9110, 7.8).

        The parser would skip the body of such a request; Java's HTTP client asks for h2c in every first one.
        """
        version = self.parser.get_http_version().encode()
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)
        kept = [(name, value) for name, value in self.headers if name != b"upgrade"]
        for at, (name, value) in enumerate(kept):
            if name == b"connection":
                tokens = [token.strip() for token in value.lower().split(b",")]
                kept[at] = (name, b", ".join(token for token in tokens if token != b"upgrade"))
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn does: what follows a request with `Connection: close` is ignored.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._upgrading = False
        return b"\r\n".join([line, *(b"%s: %s" % field for field in kept), b"", b""])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._received = True, 0
        if not self._first:
            self._read_by = self.loop.time() + self.limits.header_seconds
        self._first = False

    def on_headers_complete(self) -> None:
        """Judge the head before the application hears of it."""
        self._judge_head()
        if self.parser.should_upgrade():
            self._upgrading = True
            return
        super().on_headers_complete()
        self._in_head, self._in_body = False, True
        self._received, self._body_left = 0, self._body_most
        # The client cannot send the body of a queued request while reading is paused.
        seconds = self.limits.body_seconds if self.cycle is self._running else _NEVER
        self._read_by = self.loop.time() + seconds
        # Trailers must not join the headers that were judged.
        self.headers = []

    def _judge_head(self) -> None:
        limits, version = self.limits, self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise _Refused(MALFORMED)
        if self.parser.get_method() == b"CONNECT":
            raise _Refused(METHOD)
        if len(self.url) > limits.url_bytes:
            raise _Refused(TOO_LONG)
        size, length, encoded, codings = 2, 0, False, list[bytes]()
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                codings.append(value.lower())
            elif name == b"content-encoding" and value.lower() not in (b"", b"identity"):
                encoded = True
        if size > limits.header_bytes or len(self.headers) > limits.header_fields:
            raise _Refused(HEADER_TOO_LARGE)
        # The parser lets `gzip, chunked` pass, and chunked from HTTP/1.0, whose proxies do not know it.
        if codings and (codings != [b"chunked"] or version == "1.0"):
            raise _Refused(MALFORMED)
        if encoded:
            raise _Refused(ENCODED)
        by_path = limits.body_limit
        self._body_most = limits.body_bytes if by_path is None else by_path(self.url.partition(b"?")[0])
        if length > self._body_most:
            raise _Refused(TOO_LARGE)

    def on_body(self, body: bytes) -> None:
        """Part of a body; only a chunked one can turn out to be too large here."""
        if self._upgrading:
            return
        self._body_left -= len(body)
        if self._body_left < 0:
            raise _Refused(TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is complete: the handler's time begins, if it is this request's turn."""
        if self._upgrading:
            return
        super().on_message_complete()
        self._in_body = False
        now = self.loop.time()
        self._read_by = now + self.limits.idle_seconds if self._running is None else _NEVER
        if self._running is self.cycle:
            self._answer_by = now + self.limits.handler_seconds

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, partial(in_one_piece, app, cycle))

    def on_response_complete(self) -> None:
        """Turn to the next request, or wait for one. In place of uvicorn's, which sets a timer each time."""
        self.server_state.total_requests += 1
        self._running, self._answer_by = None, _NEVER
        if self.transport.is_closing():
            self._end(seconds=self.limits.body_seconds)
            return
        now = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            if cycle.more_body:
                self._read_by = now + self.limits.body_seconds
            else:
                self._answer_by = now + self.limits.handler_seconds
        elif self._last_words is not None:
            self._say(self._last_words)
        elif not self._in_head and not self._in_body:
            self._read_by = now + self.limits.idle_seconds
        self._watch()

    def _watch(self) -> None:
        """Have the timer fire by the next deadline. A later one than it stands for is seen when it fires."""
        due = min(self._read_by, self._answer_by)
        if due >= self._timer_at or self.parser is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self.loop.call_later(max(0.0, due - self.loop.time()), self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_at = None, _NEVER
        now = self.loop.time() + _TICK
        if self._answer_by <= now:
            self.pipeline.clear()
            self._refuse(NO_ANSWER, self._running)
        elif self._read_by <= now:
            if self._ending:
                self._read_by = _NEVER
                self.transport.abort()
            elif self._in_head or self._in_body:
                self._refuse(TOO_SLOW, self.cycle if self._in_body else None)
            else:
                self._end(seconds=self.limits.body_seconds if self.transport.get_write_buffer_size() else 0)
        self._watch()

    def _refuse(self, refusal: Refusal, cycle: RequestResponseCycle | None) -> None:
        """End with this answer to `cycle` (None: its head is incomplete), after those to earlier requests."""
        self._refused, self._read_by = True, _NEVER
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
            cycle = None
        if cycle is None and self._running is not None:
            self._last_words = refusal
            return
        self._running, self._answer_by = None, _NEVER
        if cycle is not None:
            _disconnect(cycle)
        if cycle is None or not cycle.response_started:
            self._say(refusal)
        elif cycle.response_complete:
            self._end(linger=True)
        else:
            # Half an answer is out: a cut connection is the only way to say that the rest will not come.
            self.transport.abort()

    def _say(self, refusal: Refusal) -> None:
        request_id = new_request_id()
        # The first connection over the limit says it; a flood of them must not become a flood of lines.
        over = self.open_by_source[self._source or ""] - self.limits.connections_per_source
        if refusal is not TOO_MANY or over == 1:
            told = {"address": self.client[0] if self.client else None, "status": refusal.status}
            log.info("connection.refused", request_id=request_id, error=refusal.code, **told)
        self.flow.resume_reading()
        self.transport.write(refusal.answer(request_id, self.server_state.default_headers))
        self._end(linger=refusal not in (TOO_SLOW, NO_ANSWER))

    def _end(self, *, linger: bool = False, seconds: float = _LINGER_SECONDS) -> None:
        """Close; whatever the client does, the connection is gone after `seconds`.

        To close over unread data makes the kernel reset the connection, and the client then loses an answer
        that it has not read. With `linger` it sees the answer's end while what it still sends is discarded.
        """
        self._refused = self._ending = True
        self._read_by = self.loop.time() + seconds
        if linger and self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
        self._watch()


def _fault(error: httptools.HttpParserError) -> Exception:
    """What ended the parser: a refusal of ours, a request that cannot be read, or a mistake in a callback."""
    inner = error.__context__
    if isinstance(inner, Exception) and not isinstance(inner, httptools.HttpParserError):
        return inner
    return _Refused(MALFORMED)


def _disconnect(cycle: RequestResponseCycle) -> None:
    """The handler may finish what it does, such as a commit; nothing that it still answers is sent."""
    cycle.disconnected = True
    cycle.message_event.set()


class _Beside(uvicorn.Server):
    """A second server in a process: the signals are the first one's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def beside(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an application at one more address for as long as this is open."""
    host, port = listening.getsockname()[:2]
    other = server(app, host=host, port=port, kind=_Beside)
    task = asyncio.create_task(other.serve(sockets=[listening]), name="rsonline-beside")
    try:
        yield
    finally:
        other.should_exit = True
        await task


def server(
    app: ASGIApp, *, host: str, port: int, limits: Limits = _STANDARD, kind: type[uvicorn.Server] = uvicorn.Server
) -> uvicorn.Server:
    """A server of the application under these limits, not yet started; `run()` serves until a signal.

    It logs no access, does not name itself, keeps the Date header (clients learn their clock's error from it)
    and leaves forwarding headers to the application. A stop waits for running requests, at most as long as a
    handler may take. Raises ValueError if `limits.exempt` holds something that is no address or network.
    """
    exempt = tuple(ip_network(text) for text in limits.exempt)
    known = {"limits": limits, "exempt": exempt, "open_by_source": Counter[str]()}
    how: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "ws": "none"}
    how |= {"proxy_headers": False, "lifespan": "on", "interface": "asgi3", "host": host, "port": port}
    # `auto` is uvloop wherever that exists.
    how |= {"loop": "auto", "http": type("Protocol", (LimitedProtocol,), known)}
    patience = math.ceil(limits.handler_seconds) + 2
    return kind(uvicorn.Config(app, timeout_graceful_shutdown=patience, **how))
