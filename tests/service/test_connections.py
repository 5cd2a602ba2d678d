"""The limits of a connection hold for what really goes over a socket (SR-21, SR-29, SR-30, SR-32)."""

import asyncio
import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from rsonline.service.connections import Limits, server, source

LIMITS = Limits(
    header_seconds=0.5,
    body_seconds=0.5,
    handler_seconds=0.9,
    idle_seconds=0.5,
    connections_per_source=3,
    header_bytes=400,
    header_fields=6,
    url_bytes=60,
    body_bytes=50,
)
GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
CLOSING = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the path, the length of the body, the names of the headers; `/slow/0.3` waits first."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    path = scope["path"]
    if path == "/early":
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    if path == "/half":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(5)
    if path.startswith("/slow/"):
        await asyncio.sleep(float(path.removeprefix("/slow/")))
    names = ",".join(name.decode() for name, _ in scope["headers"])
    text = f"{path} {len(body)} {names}".encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Heard(NamedTuple):
    """What came until the server closed, and how many seconds that took."""

    answers: list[Answer]
    seconds: float

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


def parse(raw: bytes) -> list[Answer]:
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        length = int(headers["content-length"])
        found.append(Answer(int(line.split()[1]), headers, raw[:length]))
        raw = raw[length:]
    return found


def listen(sock: socket.socket) -> Heard:
    begun, raw = time.monotonic(), b""
    while data := sock.recv(65536):
        raw += data
    return Heard(parse(raw), time.monotonic() - begun)


def connect(port: int, origin: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=8, source_address=(origin, 0))


def talk(port: int, *parts: bytes, pause: float = 0.05) -> Heard:
    """Send the parts with pauses between, then listen until the server closes."""
    with connect(port) as sock:
        for part in parts[:-1]:
            sock.sendall(part)
            time.sleep(pause)
        sock.sendall(parts[-1])
        return listen(sock)


def drip(port: int, start: bytes, drop: bytes = b"x") -> Heard:
    """Send the start, then one drop every 50 ms for at most 5 s, until the server closes."""
    with connect(port) as sock:
        begun = time.monotonic()
        sock.sendall(start)
        sock.settimeout(0.05)
        raw = b""
        while time.monotonic() - begun < 5:
            try:
                data = sock.recv(65536)
            except TimeoutError:
                try:
                    sock.sendall(drop)
                except OSError:
                    break
                continue
            except ConnectionResetError:
                break
            if not data:
                break
            raw += data
        return Heard(parse(raw), time.monotonic() - begun)


@contextmanager
def serving(limits: Limits) -> Iterator[tuple[int, Callable[[], None]]]:
    """The port of a running server, and a function that begins its stop."""
    running = server(app, host="127.0.0.1", port=0, limits=limits)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        until = time.monotonic() + 5
        while not running.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)
        yield running.servers[0].sockets[0].getsockname()[1], lambda: setattr(running, "should_exit", True)
    finally:
        running.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(LIMITS) as (port, _):
        yield port


def head(*fields: bytes, line: bytes = b"GET /a HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: h", b"Connection: close", *fields, b"", b""])


def head_of(size: int) -> bytes:
    """A request whose header section has exactly this many bytes."""
    return head(b"X: " + b"v" * (size - len(b"Host: h\r\nConnection: close\r\nX: \r\n\r\n")))


def chunks(*bodies: bytes, trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies) + b"0\r\n" + trailer + b"\r\n"


def post(size: int) -> bytes:
    return head(b"Content-Length: %d" % size, line=b"POST /a HTTP/1.1") + b"b" * size


REFUSED = [
    ("header_too_large", 431, head_of(400), head_of(401)),
    ("header_too_large", 431, head(*[b"X: 1"] * 4), head(*[b"X: 1"] * 5)),
    (
        "url_too_long",
        414,
        head(line=b"GET /" + b"u" * 59 + b" HTTP/1.1"),
        head(line=b"GET /" + b"u" * 60 + b" HTTP/1.1"),
    ),
    ("too_large", 413, post(50), post(51)),
    (
        "too_large",
        413,
        CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + chunks(b"b" * 25, b"b" * 25),
        CHUNKED + chunks(b"b" * 25, b"b" * 26),
    ),
    ("encoding", 415, head(b"Content-Encoding: Identity"), head(b"Content-Encoding: gzip")),
]
NAMES = ["header bytes", "header fields", "url", "body", "chunked body", "content encoding"]


@pytest.mark.parametrize(("code", "status", "within", "beyond"), REFUSED, ids=NAMES)
def test_the_limit_is_accepted_and_one_more_is_refused(
    port: int, code: str, status: int, within: bytes, beyond: bytes
) -> None:
    assert talk(port, within).statuses == [200]
    [answer] = talk(port, beyond).answers
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)


def test_a_refusal_is_small_json_with_a_number_of_its_own_and_the_time(port: int) -> None:
    first, second = (talk(port, post(51)).answers[0] for _ in range(2))
    assert first.headers["content-type"] == "application/json"
    assert first.headers["connection"] == "close"
    assert re.fullmatch("[0-9a-f]{32}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["date"].endswith("GMT")
    assert "server" not in first.headers
    assert json.loads(first.body) == {
        "status": False,
        "code": "too_large",
        "message": "Isi permintaan gagal dibaca: terlalu besar",
    }


def test_a_body_too_large_is_refused_before_it_is_sent(port: int) -> None:
    asked = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n"
    with connect(port) as sock:
        sock.sendall(asked)
        begun = time.monotonic()
        assert sock.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert time.monotonic() - begun < 0.3


def test_a_client_that_sends_all_of_a_large_body_first_still_reads_the_refusal(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + b"b" * 3_000_000)
        sock.shutdown(socket.SHUT_WR)
        assert listen(sock).statuses == [413]


@pytest.mark.parametrize("start", [b"GET /" + b"u" * 100_000, b"GET / HTTP/1.1\r\nX: " + b"v" * 100_000])
def test_a_head_without_an_end_is_refused_while_it_arrives(port: int, start: bytes) -> None:
    heard = talk(port, start)
    assert heard.statuses in ([414], [431])


def test_blanks_around_a_header_value_count_against_an_unfinished_head(port: int) -> None:
    assert talk(port, b"GET / HTTP/1.1\r\nX:" + b" " * 60_000).statuses == [431]


def test_trailers_without_an_end_are_refused(port: int) -> None:
    assert talk(port, CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000).statuses == [413]


def test_trailers_do_not_become_headers(port: int) -> None:
    [answer] = talk(port, CHUNKED + chunks(b"ab", trailer=b"X-rs-id: 9999999\r\n")).answers
    assert answer.body == b"/ 2 host,transfer-encoding"


MALFORMED = {
    "length and transfer coding": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer coding and length": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 3\r\n\r\n0\r\n\r\n",
    "length repeated, equal": head(b"Content-Length: 0", b"Content-Length: 0"),
    "length repeated, unequal": head(b"Content-Length: 0", b"Content-Length: 5"),
    "length as a list": head(b"Content-Length: 0, 0"),
    "length with a sign": head(b"Content-Length: +0"),
    "length beyond 64 bits": head(b"Content-Length: 99999999999999999999999"),
    "transfer coding repeated": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "transfer coding other than chunked": head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "transfer coding unknown": head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "transfer coding in HTTP/1.0": head(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0"),
    "chunk size that is no number": CHUNKED + b"zz\r\n",
    "chunk longer than its size": CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    "bare line feed": b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
    "bare carriage return": b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
    "folded header": head(b"X: y\r\n z"),
    "blank before the colon": head(b"X : y"),
    "blank before the first header": b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    "null in a value": head(b"X: a\x00b"),
    "another version": head(line=b"GET / HTTP/2.0"),
    "no version": b"GET /\r\n\r\n",
    "unknown method": head(line=b"FOO / HTTP/1.1"),
    "port in the address that is no port": head(line=b"GET http://a:99999999/ HTTP/1.1"),
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_framing_is_refused_and_what_follows_is_not_read(port: int, sent: bytes) -> None:
    [answer] = talk(port, sent + GET).answers
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "malformed")


def test_connect_is_no_method_here(port: int) -> None:
    [answer] = talk(port, b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n").answers
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, PUT, DELETE")


@pytest.mark.parametrize("cut", [1, 40, 90, 118, 120])
def test_a_wish_for_another_protocol_is_ignored_and_the_body_is_kept(port: int, cut: int) -> None:
    asked = (
        b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAA\r\nContent-Length: 5\r\n\r\nhello"
    )
    [answer] = talk(port, asked[:cut], asked[cut:]).answers
    assert answer.body == b"/a 5 host,connection,http2-settings,content-length"


def test_slow_headers_are_closed_by_the_limit(port: int) -> None:
    heard = drip(port, b"GET / HTTP/1.1\r\nX: ")
    assert heard.statuses == [408]
    assert 0.45 < heard.seconds < 1.0


def test_the_headers_of_a_second_request_have_their_own_time(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(GET)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.35)
        sock.sendall(b"GET / HT")
        heard = listen(sock)
    assert heard.statuses == [408]
    assert 0.4 < heard.seconds < 1.0


def test_empty_lines_before_a_request_prolong_nothing(port: int) -> None:
    heard = drip(port, b"\r\n", b"\r\n")
    assert heard.statuses == []
    assert heard.seconds < 1.0


@pytest.mark.parametrize("sent", [b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n", CHUNKED + b"30\r\n"])
def test_a_slow_body_is_closed_by_the_limit(port: int, sent: bytes) -> None:
    heard = drip(port, sent)
    assert heard.statuses == [408]
    assert 0.45 < heard.seconds < 1.0


def test_a_slow_body_that_was_answered_early_is_closed_too(port: int) -> None:
    heard = drip(port, b"POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n")
    assert heard.statuses == [401]
    assert heard.seconds < 3.5


def test_a_handler_within_its_time_is_heard(port: int) -> None:
    assert talk(port, head(line=b"GET /slow/0.4 HTTP/1.1")).statuses == [200]


def test_a_slow_handler_is_answered_for_and_closed(port: int) -> None:
    heard = talk(port, b"GET /slow/1.2 HTTP/1.1\r\nHost: h\r\n\r\n")
    [answer] = heard.answers
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "handler_timeout")
    assert 0.5 < heard.seconds < 1.1


def test_half_an_answer_is_cut_off_without_a_second_one(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(b"GET /half HTTP/1.1\r\nHost: h\r\n\r\n")
        raw = b""
        while data := sock.recv(65536):
            raw += data
    assert raw.endswith(b"\r\n\r\nhalf")


def test_two_requests_go_over_one_connection_and_then_it_is_idle(port: int) -> None:
    with connect(port) as sock:
        for _ in range(2):
            sock.sendall(GET)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.3)
        heard = listen(sock)
    assert heard.statuses == []
    assert heard.seconds < 0.8


def test_a_silent_connection_is_closed_without_a_word(port: int) -> None:
    with connect(port) as sock:
        heard = listen(sock)
    assert heard.statuses == []
    assert 0.45 < heard.seconds < 1.0


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    sent = [b"GET /slow/0.%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in (3, 2, 1)]
    heard = talk(port, b"".join(sent) + head(line=b"GET /last HTTP/1.1"))
    assert [answer.body.split()[0] for answer in heard.answers] == [
        b"/slow/0.3",
        b"/slow/0.2",
        b"/slow/0.1",
        b"/last",
    ]


@pytest.mark.parametrize(
    ("second", "status"),
    [(b"BROKEN\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX:", 408), (CHUNKED + b"zz\r\n", 400), (post(51), 413)],
)
def test_a_refusal_waits_for_the_answer_before_it(port: int, second: bytes, status: int) -> None:
    heard = talk(port, b"GET /slow/0.55 HTTP/1.1\r\nHost: h\r\n\r\n" + second)
    assert heard.statuses == [200, status]


def test_the_body_of_a_pipelined_request_may_come_when_it_is_its_turn(port: int) -> None:
    start = b"GET /slow/0.5 HTTP/1.1\r\nHost: h\r\n\r\nPOST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
    heard = talk(port, start + b"Content-Length: 5\r\n\r\n", b"hello", pause=0.7)
    assert heard.statuses == [200, 200]
    assert heard.answers[1].body.startswith(b"/a 5 ")


def test_the_body_limit_can_differ_by_path() -> None:
    by_path = replace(LIMITS, body_limit=lambda path: 70 if path == b"/a" else 10)
    with serving(by_path) as (port, _):
        assert talk(port, post(70)).statuses == [200]
        assert talk(port, post(71)).statuses == [413]
        assert talk(port, post(11).replace(b"/a", b"/b?/a")).statuses == [413]


def test_one_connection_more_than_a_source_may_have_is_refused_until_one_ends(port: int) -> None:
    with ExitStack() as held:
        mine = [held.enter_context(connect(port, "127.0.0.9")) for _ in range(3)]
        with connect(port, "127.0.0.9") as surplus:
            surplus.sendall(GET)
            [answer] = listen(surplus).answers
        assert (answer.status, json.loads(answer.body)["code"]) == (503, "too_many_connections")
        assert answer.headers["retry-after"] == "5"
        with connect(port, "127.0.0.8") as other:
            other.sendall(CLOSING)
            assert listen(other).statuses == [200]
        mine[0].close()
        time.sleep(0.1)
        with connect(port, "127.0.0.9") as again:
            again.sendall(CLOSING)
            assert listen(again).statuses == [200]


def test_a_flood_of_surplus_connections_is_dropped_without_an_answer(port: int) -> None:
    with ExitStack() as held:
        for _ in range(6):
            held.enter_context(connect(port, "127.0.0.7"))
        with connect(port, "127.0.0.7") as surplus:
            try:
                heard = surplus.recv(65536)
            except ConnectionResetError:
                heard = b""
        assert heard == b""


def test_connections_of_a_trusted_proxy_are_not_counted() -> None:
    with serving(replace(LIMITS, exempt=frozenset({"127.0.1.0/24"}))) as (port, _), ExitStack() as held:
        for _ in range(10):
            sock = held.enter_context(connect(port, "127.0.1.5"))
        sock.sendall(CLOSING)
        assert listen(sock).statuses == [200]


def test_an_exempt_name_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"proxy\.example"):
        server(app, host="127.0.0.1", port=0, limits=Limits(exempt=frozenset({"proxy.example"})))


def test_a_normal_client_is_served_during_slow_connections_and_all_of_those_end() -> None:
    with serving(replace(LIMITS, header_seconds=3.0)) as (port, _), ExitStack() as held:
        slow = []
        for n in range(200):
            sock = held.enter_context(connect(port, f"127.0.2.{1 + n // 3}"))
            sock.sendall(b"GET / HTTP/1.1\r\nX: ")
            slow.append(sock)
        for _ in range(5):
            assert talk(port, CLOSING).statuses == [200]
        # Served beside them, not after them: all of them still wait.
        assert select.select(slow, [], [], 0)[0] == []
        assert all(listen(sock).statuses == [408] for sock in slow)


def test_a_stop_answers_the_requests_that_run() -> None:
    with serving(LIMITS) as (port, stop), connect(port) as sock:
        sock.sendall(b"GET /slow/0.5 HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.1)
        stop()
        [answer] = listen(sock).answers
    assert (answer.status, answer.headers["connection"]) == (200, "close")


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_one_source_however_it_is_written(address: object) -> None:
    assert source(str(address)) == source(f"::ffff:{address}") == str(address)


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_addresses_of_one_ipv6_network_are_one_source(one: bytes, two: bytes) -> None:
    prefix = bytes.fromhex("20010db800010002")
    first, second = (socket.inet_ntop(socket.AF_INET6, prefix + rest) for rest in (one, two))
    assert source(first) == source(second) == "2001:db8:1:2::/64"
