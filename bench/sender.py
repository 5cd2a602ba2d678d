"""Many hospitals as one cheap program: `python -m bench.sender PLAN` sends what a plan says, prints what came of it.

Each hospital has an address of its own (127.x.y.z, which Linux gives to everybody), one connection at a time, and sends
one message after the other. A 503 is sent again after its Retry-After; a message without an answer is not.
"""

import asyncio
import contextlib
import gc
import sys
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import Literal, cast

import msgspec
import uvloop

Kind = Literal["bed", "booking", "task", "look"]
Pace = Literal["timed", "bounded", "chained"]
Send = tuple[float, Kind, int, int]
"""Second, kind, and of what: room and occupied beds, booking, or booking and step."""
STEPS = ("1", "2", "3", "4", "5", "6", "7")
_MOST_TRIES = 60
_ALONE = 2.0
"""Seconds without a message after which a hospital ends its connection."""
_WHERE = {
    "bed": "PUT /fo/index.php/Fasyankes",
    "booking": "POST /fo/index.php/Antrian",
    "task": "POST /fo/index.php/Antrian/Task",
    "look": "GET /fo/index.php/Referensi/tempat_tidur",
}


class Plan(msgspec.Struct):
    """What is to be sent, by hospital.

    `timed`: each at its second, and measured from there; `bounded`: as fast as answers come, so many at once;
    `chained`: a hospital begins at its first second and goes on as fast as answers come to it.
    """

    ports: list[int]
    """Of the processes of the service; a hospital keeps to one of them, as behind a proxy that spreads by hospital."""
    password: str
    pace: Pace
    hospitals: dict[str, tuple[str, list[Send]]]
    """Address and messages by code."""
    at_once: int = 64
    patience: float = 10.0


class Times(msgspec.Struct):
    """Milliseconds of so many messages or requests."""

    count: int
    p50: float
    p99: float
    longest: float


class Said(msgspec.Struct):
    """What came of a plan: seconds to the last answer, times, and what was no plain success by status or name.

    A message's time begins when it was due, so it contains its repetitions and the wait for those before it. A
    request's begins when it is sent, as a client's time-out does; those that a 503 answered are not among them.
    """

    seconds: float
    times: Times
    first_minute: Times
    later: Times
    requests: Times
    busy: int
    """Answers 503 after which the message was sent again."""
    unwritten: int
    """Answers 200 without a receipt: nothing was stored."""
    failed: dict[str, int]
    unknown: int
    """Messages whose outcome nobody knows: no answer in time, or a connection that ended."""
    cpu: float


def address_of(number: int) -> str:
    """From where a hospital calls."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def content(code: str, kind: Kind, which: int, more: int) -> dict[str, object]:
    """The members of a message."""
    name = f"{code}-{which:06}"
    if kind == "bed":
        used = {"terpakai": str(more), "terpakai_suspek": "0", "terpakai_konfirmasi": "0"}
        return {"id_tt": "3", "ruang": f"Ruang {which}", "jumlah_ruang": "4", "jumlah": "20", **used}
    if kind == "task":
        return {"kodebooking": name, "taskid": STEPS[more], "waktu": time.time_ns() // 1_000_000}
    return {
        "kodebooking": name,
        "jenispasien": "JKN",
        "nik": f"9999{which:012}",
        "kodepoli": "INT",
        "norm": f"RM-{which}",
        "tanggalperiksa": time.strftime("%Y-%m-%d"),
        "nomorantrean": f"A-{which % 200}",
        "angkaantrean": which % 200,
    }


class Link(asyncio.Protocol):
    """A connection that asks one thing at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may be used."""
        self._transport, self.open = cast(asyncio.Transport, transport), True

    def data_received(self, data: bytes) -> None:
        """Collect until an answer is complete; the service says the length of each."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        _, _, rest = head.partition(b"content-length: ")
        if len(self._buffer) < end + 4 + int(rest.partition(b"\r\n")[0] or 0):
            return
        self._buffer = b""
        if b"connection: close" in head:
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), head))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits hears of it."""
        self.open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and head of the answer. Raises OSError."""
        if self._transport is None:
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End it."""
        self.open = False
        if self._transport is not None:
            self._transport.close()


class Run:
    """One plan under way, and what came of it so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.acknowledged: list[str] = []
        self.failed: Counter[str] = Counter()
        self.busy = self.unwritten = self.unknown = 0
        self.at, self.took, self.asked = array("d"), array("d"), array("d")
        self._places: contextlib.AbstractAsyncContextManager[object] = contextlib.nullcontext()
        if plan.pace == "bounded":
            self._places = asyncio.Semaphore(plan.at_once)

    async def all_of_it(self) -> float:
        """Send everything; the seconds to the last answer."""
        begin = time.monotonic() + 0.5
        await asyncio.gather(
            *(self._hospital(address, code, begin) for code, (address, _) in self.plan.hospitals.items())
        )
        return time.monotonic() - begin

    async def _hospital(self, address: str, code: str, begin: float) -> None:
        link = Link()
        port = self.plan.ports[int(code) % len(self.plan.ports)]
        for place, (at, kind, which, more) in enumerate(self.plan.hospitals[code][1]):
            wait = begin + at - time.monotonic()
            due: float | None = None
            if self.plan.pace == "timed" or (self.plan.pace == "chained" and place == 0):
                due = begin + at
                if wait > _ALONE:
                    link.close()
                if wait > 0:
                    await asyncio.sleep(wait)
            link, due = await self._send(link, (address, port), code, (kind, which, more), due)
            self.at.append(at)
            self.took.append(time.monotonic() - due)
        link.close()

    async def _send(
        self, link: Link, line: tuple[str, int], code: str, message: tuple[Kind, int, int], due: float | None
    ) -> tuple[Link, float]:
        """One message until it is answered by something else than 503; the connection to go on with."""
        loop = asyncio.get_running_loop()
        for _ in range(_MOST_TRIES):
            async with self._places:
                sent = time.monotonic()
                due = sent if due is None else due
                try:
                    async with asyncio.timeout(self.plan.patience):
                        if not link.open:
                            _, link = await loop.create_connection(Link, "127.0.0.1", line[1], local_addr=(line[0], 0))
                        status, head = await link.ask(self._request(code, *message))
                except (TimeoutError, OSError) as error:
                    link.close()
                    self.failed[type(error).__name__] += 1
                    self.unknown += 1
                    self.asked.append(time.monotonic() - sent)
                    return link, due
            if status != 503:
                break
            self.busy += 1
            await asyncio.sleep(float(head.partition(b"retry-after: ")[2].partition(b"\r\n")[0] or 1))
        self.asked.append(time.monotonic() - sent)
        if status != 200:
            self.failed[str(status)] += 1
        elif b"x-rsonline-receipt: " in head:
            self.acknowledged.append(head.partition(b"x-request-id: ")[2].partition(b"\r\n")[0].decode())
        elif message[0] != "look":
            self.unwritten += 1
        return link, due or 0.0

    def _request(self, code: str, kind: Kind, which: int, more: int) -> bytes:
        body = b"" if kind == "look" else msgspec.json.encode(content(code, kind, which, more))
        head = (
            f"{_WHERE[kind]} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-rs-id: {code}\r\nX-pass: {self.plan.password}\r\n"
            f"X-Timestamp: {int(time.time())}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def times(found: list[float]) -> Times:
    """Of seconds."""
    if not found:
        return Times(0, 0, 0, 0)
    found.sort()
    p50, p99 = (found[int((len(found) - 1) * part)] * 1000 for part in (0.5, 0.99))
    return Times(len(found), p50, p99, found[-1] * 1000)


def main() -> None:
    """Send; what was acknowledged is left beside the plan, by request id."""
    path = Path(sys.argv[1])
    run = Run(msgspec.msgpack.decode(path.read_bytes(), type=Plan))
    # What it makes while it sends has no cycles worth a pause.
    gc.freeze()
    gc.disable()
    seconds = uvloop.run(run.all_of_it())
    path.with_suffix(".acknowledged").write_text("".join(f"{each}\n" for each in run.acknowledged), "ascii")
    both = list(zip(run.at, run.took, strict=True))
    said = Said(
        seconds,
        times(list(run.took)),
        times([took for at, took in both if at < 60]),
        times([took for at, took in both if at >= 60]),
        times(list(run.asked)),
        run.busy,
        run.unwritten,
        dict(run.failed),
        run.unknown,
        time.process_time(),
    )
    sys.stdout.buffer.write(msgspec.json.encode(said))


if __name__ == "__main__":
    main()
