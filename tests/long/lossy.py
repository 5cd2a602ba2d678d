"""A proxy on loopback that loses answers after the service has carried the request out, and can play a plain server.

A plain server knows no Idempotency-Key and announces none: the key is taken out of the request, the receipt out of the
answer, and what only this project's service has is not found.
"""

import asyncio
import random
import threading
from dataclasses import dataclass, field

_OURS = (b"idempotency-key:", b"x-rsonline-receipt:", b"idempotent-replayed:")


@dataclass
class Lossy:
    """Listens on a port of its own and passes on to `upstream`; loses a `share` of the answers to changes."""

    upstream: int
    share: float
    plain: bool = False
    seed: str = "1"
    lost: int = 0
    passed: int = 0
    port: int = 0
    _draw: random.Random = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def __enter__(self) -> "Lossy":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        def serve() -> None:
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", 0))
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()
            server.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

        self._thread = threading.Thread(target=serve)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *args: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while (asked := await _message(reader)) is not None:
                head, body = asked
                if self.plain and b"/.well-known/" in head.split(b"\r\n", 1)[0]:
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                    continue
                up = up or await asyncio.open_connection("127.0.0.1", self.upstream)
                up[1].write(self._shown(head) + body)
                await up[1].drain()
                told = await _message(up[0])
                if told is None:
                    return
                changing = not head.startswith(b"GET ")
                self.passed += changing
                if changing and self._draw.random() < self.share:
                    self.lost += 1
                    return
                writer.write(self._shown(told[0]) + told[1])
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # A side that goes away ends the passing on, as it would with a wire; so does the end of the proxy.
            return
        finally:
            writer.close()
            if up is not None:
                up[1].close()

    def _shown(self, head: bytes) -> bytes:
        if not self.plain:
            return head
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(_OURS)]
        return b"\r\n".join(lines)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """One head and its body; None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head, await reader.readexactly(length)
