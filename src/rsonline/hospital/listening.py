"""What a connection to the hospital's own doors, the relay and the agent's page, may do: absolute times, sizes, counts.

As at the service (SR-21, SR-29): nothing is prolonged by traffic. A client that sends one byte a second runs out of
time like one that sends none. The limits stand below the application; only what a whole head says is judged in it.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, Literal

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from rsonline.hospital.guesses import source_of

_log = logging.getLogger("rsonline.agent")
_LINGER: Final = 2.0
"""Seconds for a client to read why it is sent away; to close over unread bytes would take the answer from it."""
Phase = Literal["head", "body", "busy", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, bytes and counts; each is the most that is still allowed. `header_bytes` is without the request line."""

    header_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 15.0
    connections_per_source: int = 50
    connections: int = 200
    header_bytes: int = 16 * 1024
    header_fields: int = 64
    url_bytes: int = 4096
    body_bytes: int = 256 * 1024


STANDARD: Final = Limits()


class LimitedProtocol(H11Protocol):
    """One connection of uvicorn that ends by absolute limits. `server` fills in the class attributes."""

    limits: ClassVar[Limits] = STANDARD
    allow: ClassVar[Collection[str]] = ()
    open_by_source: ClassVar[Counter[str]] = Counter()

    _source: str | None = None
    _phase: Phase = "head"
    _first = True
    _ended = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request's header time runs from here; strangers, and who has too many already, are sent away."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if address not in self.allow:
            # Strangers have no place here that they could fill.
            self._ended = True
            transport.write(_answer(403, "address", "Alamat ini tidak diizinkan"))
            transport.close()
            return
        source = self._source = source_of(address)
        self.open_by_source[source] += 1
        count, most = self.open_by_source[source], self.limits.connections_per_source
        if count > 2 * most:
            # So many are reading why they are sent away that one more is not worth a file descriptor.
            self._ended = True
            transport.abort()
        elif count > most:
            if count == most + 1:
                _log.warning("lebih dari %d koneksi dari %s: sisanya ditolak", most, address)
            self._refuse(503, "too_many_connections", "Terlalu banyak koneksi dari alamat ini", "Retry-After: 5\r\n")
        else:
            self._arm(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._disarm()
        if self._source is not None:
            self.open_by_source[self._source] -= 1
            if not self.open_by_source[self._source]:
                del self.open_by_source[self._source]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What is read after the end is thrown away."""
        if not self._ended:
            super().data_received(data)
            self._step()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._step()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read, or does not end where it must."""
        held, most = len(self.conn.trailing_data[0]), self.config.h11_max_incomplete_event_size or 0
        if held > most:
            self._refuse(431, "header_too_large", "Header terlalu besar")
        else:
            self._refuse(400, "malformed", "Permintaan HTTP gagal dibaca")

    def _step(self) -> None:
        """Where the reader is now; a limit begins where its phase begins, and no byte moves it."""
        if self._ended:
            return
        phase = self._reading()
        if phase == self._phase:
            return
        self._phase = phase
        limits = self.limits
        seconds = {"head": limits.header_seconds, "body": limits.body_seconds, "idle": limits.idle_seconds}.get(phase)
        self._disarm()
        if seconds is not None:
            self._arm(seconds)

    def _reading(self) -> Phase:
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._first = False
            return "body"
        if state is h11.IDLE:
            return "head" if self._first or self.conn.trailing_data[0] else "idle"
        self._first = False
        return "busy"

    def _arm(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._expired)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        # In a head the newest request is an earlier one, which has its answer.
        if self._phase == "idle" or (self._phase == "body" and self.cycle.response_started):
            self._end()
        else:
            self._refuse(408, "request_timeout", "Permintaan tidak lengkap dalam batas waktu")

    def _refuse(self, status: int, code: str, message: str, more: str = "") -> None:
        self.transport.write(_answer(status, code, message, more))
        self._end()

    def _end(self) -> None:
        """Close; whatever the client does, the connection is gone soon. The handler may finish what it does."""
        self._ended = True
        self._disarm()
        self._unset_keepalive_if_required()
        running: RequestResponseCycle | None = self.cycle
        if running is not None:
            running.disconnected = True
            running.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER, self.transport.abort)


def _answer(status: int, code: str, message: str, more: str = "") -> bytes:
    """A whole answer that the connection itself gives before it ends."""
    body = json.dumps({"error": [{"status": str(status), "code": code, "message": message}]}).encode()
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def fault_of(scope: Any, limits: Limits = STANDARD) -> tuple[int, str] | None:
    """What is wrong with a whole head: a status and words, None where nothing is. `scope` is ASGI's."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > limits.url_bytes:
        return 414, "Alamat (URL) terlalu panjang"
    if len(headers) > limits.header_fields or sum(len(n) + len(v) + 4 for n, v in headers) + 2 > limits.header_bytes:
        return 431, "Header terlalu besar atau terlalu banyak"
    named = dict(headers)
    if named.get(b"content-encoding", b"identity").lower() not in (b"", b"identity"):
        return 415, "Content-Encoding tidak didukung"
    if b"content-length" in named and b"transfer-encoding" in named:
        return 400, "Content-Length dan Transfer-Encoding bersamaan"
    length = named.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limits.body_bytes:
        return 413, f"Isi permintaan lebih dari {limits.body_bytes} byte"
    return None


def server(app: Any, *, host: str, port: int, allow: Collection[str], limits: Limits = STANDARD) -> uvicorn.Server:
    """A server of an application under these limits, not yet started, for the addresses in `allow` only."""
    known = {"limits": limits, "allow": frozenset(allow), "open_by_source": Counter[str]()}
    how: dict[str, Any] = {"host": host, "port": port, "loop": "asyncio", "lifespan": "off", "ws": "none"}
    # A line for each connection that says nonsense would fill a disk.
    how |= {"log_level": "error", "access_log": False, "server_header": False, "proxy_headers": False}
    how |= {"http": type("Protocol", (LimitedProtocol,), known), "limit_concurrency": limits.connections}
    # A head that is whole is judged by the application; one that never ends is cut here.
    how |= {"h11_max_incomplete_event_size": limits.url_bytes + limits.header_bytes + 4096}
    return uvicorn.Server(uvicorn.Config(app, timeout_keep_alive=int(limits.idle_seconds) + 1, **how))
