"""The line to a service: carries talks out over HTTP. One for programs that wait, one for programs that do not.

TLS 1.2 or later, chain and name always checked; a certificate authority of the hospital's own may be added, and nothing
turns the check off (SR-34). No redirect is followed, no cookie kept, at most 1 MiB of an answer read (SR-57).
"""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from rsonline.hospital.answers import LARGEST
from rsonline.hospital.outcome import shown
from rsonline.hospital.talks import PAUSED, Pause, Side, Talk
from rsonline.hospital.wire import Answer, Lost, Request

T = TypeVar("T")
Credentials = Callable[[Side, Request, str], Mapping[str, str]]
"""The headers that let a request in; the text is its path and query as they go on the wire."""
TIMEOUT = 30.0
MOST_AT_ONCE = 16
"""As many requests of a client are under way at the same time; others wait."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CODE = re.compile("[0-9A-Za-z]{1,16}")
_SECRET = re.compile("[\x21-\x7e\xa0-\xff](?:[\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def address_of(text: str) -> str:
    """The address of a service. Raises ValueError for one that is not https, but for this machine itself."""
    parts = urlsplit(text.strip())
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("the address must begin with https:// (http:// only for this machine itself)")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("the address must be a host and a path and nothing else")
    return text.strip().rstrip("/")


def trust(ca_file: Path | str | None) -> ssl.SSLContext:
    """What certificates are checked by: the system's authorities and those of a file. Raises OSError, SSLError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


def side_of(code: str, zone: str, retries: int, clock: Callable[[], float], draw: Any = None) -> Side:
    """Who speaks. Raises ValueError for a code that is none, ZoneInfoNotFoundError for an unknown zone."""
    if not _CODE.fullmatch(code):
        raise ValueError("a hospital's code is 1 to 16 letters and digits")
    side = Side(code, ZoneInfo(zone), retries, clock)
    if draw is not None:
        side.draw = draw
    return side


def secret_of(text: str) -> str:
    """A password that can stand in a header. Raises ValueError, whose text does not repeat it."""
    if not _SECRET.fullmatch(text):
        raise ValueError("the password has characters that no header can carry, or blanks at an end")
    return text


def _settings(ca_file: Path | str | None, timeout: float) -> dict[str, Any]:
    # Nothing that a service sets is sent back to it.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE)
    checked = trust(ca_file)
    return {"verify": checked, "timeout": timeout, "follow_redirects": False, "cookies": cookies, "limits": limits}


def _headers(side: Side, request: Request, credentials: Credentials, url: httpx.URL) -> list[tuple[bytes, bytes]]:
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "rsonline", **request.headers}
    if not request.plain:
        sent |= credentials(side, request, url.raw_path.decode("ascii"))
    if request.once is not None:
        sent["Idempotency-Key"] = request.once
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()]


def _lost(error: Exception) -> Lost:
    return Lost(not isinstance(error, _NOT_SENT), shown(f"{type(error).__name__}: {error}"))


def _answer(response: httpx.Response, parts: list[bytes]) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, b"".join(parts))


@lru_cache(1024)
def _url(address: str, path: str, plain: bool) -> httpx.URL:
    """Where a request goes; an agent asks for a few addresses again and again."""
    if plain:
        # Beside the service, not below it.
        parts = urlsplit(address)
        return httpx.URL(f"{parts.scheme}://{parts.netloc}{path}")
    return httpx.URL(address + path)


def _made(url: httpx.URL, request: Request, headers: list[tuple[bytes, bytes]], timeout: float) -> httpx.Request:
    """The whole request: nothing of a client's own (cookies, parameters, credentials) is to be laid over it."""
    return httpx.Request(
        request.method,
        url,
        headers=headers,
        content=request.body or None,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)},
    )


class Line:
    """The line of a program that waits. Not to be shared between threads."""

    def __init__(
        self,
        address: str,
        side: Side,
        credentials: Credentials,
        *,
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.address, self.side = address_of(address), side
        self._credentials, self._sleep, self._timeout = credentials, sleep, timeout
        self._http = httpx.Client(transport=transport, **_settings(ca_file, timeout))

    def carry(self, talk: Talk[T]) -> T:
        """Carry a talk out; its result."""
        try:
            step = next(talk)
            while True:
                if isinstance(step, Pause):
                    self._sleep(step.seconds)
                    step = talk.send(PAUSED)
                else:
                    step = talk.send(self._ask(step))
        except StopIteration as end:
            result: T = end.value
            return result

    def _ask(self, request: Request) -> Answer | Lost:
        begun = self.side.clock()
        try:
            url = _url(self.address, request.path, request.plain)
        except httpx.InvalidURL as error:
            return _lost(error)
        made = _made(url, request, _headers(self.side, request, self._credentials, url), self._timeout)
        try:
            with closing(self._http.send(made, stream=True)) as response:
                answer = _answer(response, list(_at_most(response.iter_bytes())))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return _lost(error)
        self.side.learn(answer, begun, self.side.clock())
        return answer

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()


class AsyncLine:
    """The line of a program that does other things meanwhile."""

    def __init__(
        self,
        address: str,
        side: Side,
        credentials: Credentials,
        *,
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.address, self.side = address_of(address), side
        self._credentials, self._sleep, self._timeout = credentials, sleep, timeout
        self._settings = {"transport": transport, **_settings(ca_file, timeout)}
        self._made: list[httpx.AsyncClient] = []
        self._free: list[httpx.AsyncClient] = []
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def carry(self, talk: Talk[T]) -> T:
        """Carry a talk out; its result."""
        try:
            step = next(talk)
            while True:
                if isinstance(step, Pause):
                    await self._sleep(step.seconds)
                    step = talk.send(PAUSED)
                else:
                    step = talk.send(await self._ask(step))
        except StopIteration as end:
            result: T = end.value
            return result

    async def _ask(self, request: Request) -> Answer | Lost:
        begun = self.side.clock()
        try:
            url = _url(self.address, request.path, request.plain)
        except httpx.InvalidURL as error:
            return _lost(error)
        made = _made(url, request, _headers(self.side, request, self._credentials, url), self._timeout)
        try:
            async with self._connection() as http, aclosing(await http.send(made, stream=True)) as response:
                answer = _answer(response, [part async for part in _at_most_async(response.aiter_bytes())])
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return _lost(error)
        self.side.learn(answer, begun, self.side.clock())
        return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of one connection: a pool looks at every connection that it has at every request, twice."""
        async with self._places:
            if not self._free:
                self._made.append(httpx.AsyncClient(**self._settings))
                self._free.append(self._made[-1])
            http = self._free.pop()
            try:
                yield http
            finally:
                self._free.append(http)

    async def close(self) -> None:
        """Give its connections back."""
        for http in self._made:
            await http.aclose()


def _at_most(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of a body, to a little more than is read."""
    length = 0
    for part in parts:
        yield part
        length += len(part)
        if length > LARGEST:
            return


async def _at_most_async(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    length = 0
    async for part in parts:
        yield part
        length += len(part)
        if length > LARGEST:
            return


class Waiting:
    """A client over a `Line`; ends it as a context manager."""

    _line: Line

    def close(self) -> None:
        """Give its connections back."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._line.address!r}, {self._line.side.hospital!r})"


class Concurrent:
    """A client over an `AsyncLine`; ends it as an asynchronous context manager."""

    _line: AsyncLine

    async def close(self) -> None:
        """Give its connections back."""
        await self._line.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._line.address!r}, {self._line.side.hospital!r})"
