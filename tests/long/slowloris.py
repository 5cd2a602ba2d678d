"""Hold many slow connections against a running server and measure a normal client meanwhile (SR-29).

    python tests/long/slowloris.py http://127.0.0.1:8080/healthz [--connections 500] [--seconds 90]

Half of the connections send their headers at one byte a second, half their body. Loopback only, from several
127.x addresses, so that the limit of connections per source is not what ends them. Exits with 1 unless the
server ended every one by its limit and the normal client's p99 stayed within 500 ms. A check shorter than the
limits needs a server with shorter ones, and `--header-limit` and `--body-limit` to tell them.
"""

import argparse
import asyncio
import contextlib
import math
import sys
import time
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_PER_SOURCE = 40
_MARGIN = 3.0
_P99_SECONDS = 0.5


@dataclass(frozen=True)
class Target:
    """The server, and what it promises in seconds."""

    host: str
    port: int
    path: str
    header_limit: float
    body_limit: float


async def slow(target: Target, number: int, until: float) -> float | None:
    """Drip into one connection: the seconds that it lived beyond its limit, None if it outlived the check."""
    in_body = number % 2 == 1
    origin = f"127.0.3.{1 + number // _PER_SOURCE}"
    reader, writer = await asyncio.open_connection(target.host, target.port, local_addr=(origin, 0))
    begun = time.monotonic()
    head = f"POST {target.path} HTTP/1.1\r\nHost: {target.host}\r\nContent-Length: 200\r\n"
    try:
        writer.write((head + ("\r\n" if in_body else "X-Slow: ")).encode())
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(1.0):
                    while await reader.read(4096):
                        pass
                break
            except TimeoutError:
                writer.write(b"x")
            except ConnectionError:
                break
        else:
            return None
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return time.monotonic() - begun - (target.body_limit if in_body else target.header_limit)


async def ask(target: Target) -> float:
    """Seconds that a normal client waits for one whole answer. Raises RuntimeError on a status from 500."""
    begun = time.monotonic()
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write(f"GET {target.path} HTTP/1.1\r\nHost: {target.host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    status = int(answer.split(b" ", 2)[1])
    if status >= 500:
        raise RuntimeError(f"the normal client was answered {status}")
    return time.monotonic() - begun


async def measure(target: Target, until: float) -> list[float]:
    """The normal client's times, 20 requests a second."""
    times = []
    while time.monotonic() < until:
        times.append(await ask(target))
        await asyncio.sleep(0.05)
    return sorted(times)


async def run(target: Target, connections: int, seconds: float) -> bool:
    """Whether every slow connection was ended in time and the normal client was served well."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        normal = group.create_task(measure(target, until))
        dripping = [group.create_task(slow(target, n, until)) for n in range(connections)]
    lived = [task.result() for task in dripping]
    late = [beyond for beyond in lived if beyond is not None and beyond > _MARGIN]
    still_open = lived.count(None)
    times = normal.result()
    p99 = times[math.ceil(0.99 * len(times)) - 1]
    print(f"slow connections: {connections}, still open: {still_open}, ended late: {len(late)}")
    print(f"normal client: {len(times)} requests, p99 {p99 * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms")
    return not still_open and not late and p99 <= _P99_SECONDS


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Hold many slow connections against a running server.")
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--header-limit", type=float, default=10.0)
    parser.add_argument("--body-limit", type=float, default=30.0)
    given = parser.parse_args()
    url = urlsplit(given.url)
    if url.scheme != "http" or not url.hostname or not url.port or not ip_address(url.hostname).is_loopback:
        parser.error("the URL must be http://127.x.x.x:port/...")
    if given.connections > 250 * _PER_SOURCE:
        parser.error(f"at most {250 * _PER_SOURCE} connections")
    if given.seconds < given.body_limit + _MARGIN:
        parser.error("the check must last longer than the body limit")
    target = Target(url.hostname, url.port, url.path or "/", given.header_limit, given.body_limit)
    return 0 if asyncio.run(run(target, given.connections, given.seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())
