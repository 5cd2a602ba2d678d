"""The hospital's own doors against slow, many and shapeless clients: real sockets, the limits' times cut short."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rsonline.hospital.guesses import source_of
from rsonline.hospital.listening import STANDARD, Limits, fault_of, server

SHORT = Limits(header_seconds=0.6, body_seconds=0.9, idle_seconds=0.5, connections_per_source=5)
HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"


async def _app(request: Request) -> Response:
    """Judges the head, then reads the body, as the relay does; `/early` answers before it."""
    fault = fault_of(request.scope, SHORT)
    if fault is not None:
        return JSONResponse({"message": fault[1]}, fault[0])
    if request.url.path == "/early":
        return JSONResponse({"early": True})
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=408)
    return JSONResponse({"bytes": len(body)})


@contextmanager
def served(limits: Limits = SHORT, allow: tuple[str, ...] = ("127.0.0.1",)) -> Iterator[int]:
    """A server in a thread of its own; its port."""
    app = Starlette(routes=[Route("/{path:path}", _app, methods=["GET", "POST"])])
    made = server(app, host="127.0.0.1", port=0, allow=allow, limits=limits)
    thread = threading.Thread(target=made.run)
    thread.start()
    while not made.started:
        time.sleep(0.01)
    try:
        yield int(made.servers[0].sockets[0].getsockname()[1])
    finally:
        made.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as found:
        yield found


def opened(port: int, first: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
    if first:
        made.sendall(first)
    return made


def rest(client: socket.socket) -> bytes:
    """What still comes, until the other side ends the connection."""
    found = b""
    while True:
        try:
            part = client.recv(65_536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


def trickled(client: socket.socket, byte: bytes = b"a") -> tuple[bytes, float]:
    """Send a byte each 50 ms until the other side ends it; what it said, and after how many seconds."""
    begun = time.monotonic()
    client.settimeout(0.05)
    found = b""
    while time.monotonic() - begun < 10:
        try:
            client.sendall(byte)
            part = client.recv(65_536)
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            break
        if not part:
            break
        found += part
    return found, time.monotonic() - begun


def status_of(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def test_a_head_that_trickles_ends_by_its_limit(port: int) -> None:
    with opened(port, HEAD + b"X-a: ") as client:
        said, seconds = trickled(client)
    assert status_of(said) == 408
    assert 0.4 < seconds < 6


def test_a_connection_that_says_nothing_ends_too(port: int) -> None:
    begun = time.monotonic()
    with opened(port) as client:
        assert status_of(rest(client)) == 408
    assert time.monotonic() - begun < 6


@pytest.mark.parametrize("more", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"])
def test_a_body_that_trickles_ends_by_its_limit(more: bytes, port: int) -> None:
    with opened(port, HEAD + more) as client:
        said, seconds = trickled(client)
    assert status_of(said) == 408
    assert 0.7 < seconds < 6


def test_a_body_that_nobody_waits_for_ends_as_well(port: int) -> None:
    with opened(port, HEAD.replace(b"/x", b"/early") + b"Content-Length: 1000\r\n\r\n") as client:
        said, seconds = trickled(client)
    assert status_of(said) == 200
    assert 0.7 < seconds < 6


def test_between_two_requests_there_is_less_time(port: int) -> None:
    with opened(port, HEAD + b"Content-Length: 2\r\n\r\nab") as client:
        begun = time.monotonic()
        said = rest(client)
    assert said.count(b"HTTP/1.1 200") == 1
    assert b"408" not in said
    assert 0.3 < time.monotonic() - begun < 6


def test_requests_that_follow_each_other_are_served_for_longer_than_any_limit() -> None:
    limits = Limits(header_seconds=0.8, body_seconds=0.8, idle_seconds=20)
    with served(limits) as port, opened(port) as client:
        for _ in range(5):
            client.sendall(HEAD + b"Content-Length: 3\r\n\r\nabc")
            time.sleep(0.25)
            assert b'{"bytes":3}' in client.recv(65_536)
        client.sendall((HEAD + b"Content-Length: 1\r\n\r\nx") * 3)
        said = b""
        while said.count(b'{"bytes":1}') < 3:
            said += client.recv(65_536)


def test_more_connections_of_a_source_than_allowed_are_sent_away_and_places_come_back(port: int) -> None:
    with ExitStack() as stack:
        several = [stack.enter_context(opened(port, HEAD)) for _ in range(5)]
        time.sleep(0.1)
        with opened(port) as one_more:
            said = rest(one_more)
        assert status_of(said) == 503
        assert b"Retry-After: 5" in said
        flood = [stack.enter_context(opened(port)) for _ in range(40)]
        ended = [rest(client) for client in flood]
        assert all(not each or status_of(each) == 503 for each in ended)
        assert all(status_of(rest(client)) == 408 for client in several)
    time.sleep(0.3)
    with opened(port, HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n") as client:
        assert status_of(rest(client)) == 200


def test_another_source_has_places_of_its_own_and_strangers_have_none() -> None:
    with served(allow=("127.0.0.1", "127.0.0.2")) as port, ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(opened(port, HEAD))
        for _ in range(100):
            stranger = stack.enter_context(opened(port, source="127.0.0.3"))
            said = rest(stranger)
            assert not said or status_of(said) == 403
        answer = HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        client = stack.enter_context(opened(port, answer, source="127.0.0.2"))
        assert status_of(rest(client)) == 200


def test_what_is_no_http_is_refused(port: int) -> None:
    with opened(port, b"\x16\x03\x01\x02\x00 hallo\r\n\r\n") as client:
        assert status_of(rest(client)) == 400


def test_a_head_without_end_is_cut(port: int) -> None:
    with opened(port, HEAD + b"X-a: " + b"a" * 200_000) as client:
        assert status_of(rest(client)) == 431


def request(**said: Any) -> bytes:
    """One request that ends its connection, of these sizes."""
    fields = said.get("fields", 0)
    body: bytes = said.get("body", b"")
    head: bytes = b"POST /" + b"u" * said.get("url", 0) + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    head += b"".join(b"X-%d: 1\r\n" % n for n in range(fields))
    head += b"X-Big: " + b"b" * said["header"] + b"\r\n" if "header" in said else b""
    head += said.get("more", b"Content-Length: 0\r\n")
    return head + b"\r\n" + body


# `Host: a`, `Connection: close`, `Content-Length: 0`, `X-Big: …` and the blank line, as they are counted.
_REST = len(b"Host: a\r\nConnection: close\r\nContent-Length: 0\r\nX-Big: \r\n\r\n")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"url": SHORT.url_bytes - 1}, 200),
        ({"url": SHORT.url_bytes}, 414),
        ({"fields": SHORT.header_fields - 3}, 200),
        ({"fields": SHORT.header_fields - 2}, 431),
        ({"header": SHORT.header_bytes - _REST}, 200),
        ({"header": SHORT.header_bytes - _REST + 1}, 431),
        ({"more": b"Content-Length: 262144\r\n", "body": b"a" * 262_144}, 200),
        ({"more": b"Content-Length: 262145\r\n"}, 413),
        ({"more": b"Content-Encoding: gzip\r\nContent-Length: 0\r\n"}, 415),
        ({"more": b"Content-Encoding: identity\r\nContent-Length: 0\r\n"}, 200),
    ],
)
def test_the_limit_is_taken_and_one_more_is_not(said: dict[str, Any], status: int, port: int) -> None:
    with opened(port, request(**said)) as client:
        found = rest(client)
    assert status_of(found) == status, found[:200]
    assert json.loads(found.partition(b"\r\n\r\n")[2])


def test_slow_clients_hold_up_nobody() -> None:
    with served(Limits(body_seconds=60)) as port, ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(opened(port, HEAD + b"Content-Length: 9\r\n\r\n"))
        begun = time.monotonic()
        with opened(port, HEAD + b"Content-Length: 1\r\nConnection: close\r\n\r\nx") as client:
            assert status_of(rest(client)) == 200
        assert time.monotonic() - begun < 6


def test_the_standard_is_what_the_requirement_says() -> None:
    assert (STANDARD.header_seconds, STANDARD.body_seconds, STANDARD.idle_seconds) == (10, 30, 15)
    assert (STANDARD.connections_per_source, STANDARD.header_fields) == (50, 64)
    assert (STANDARD.header_bytes, STANDARD.url_bytes, STANDARD.body_bytes) == (16_384, 4096, 262_144)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_source_is_an_address_or_its_network(address: str, source: str) -> None:
    assert source_of(address) == source
