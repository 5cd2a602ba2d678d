"""`Client` and `AsyncClient`: the guide's web service for a program of a hospital. Thin shells around `talks`.

```python
with Client("https://rsonline.example/fo/index.php", "3404015", password) as client:
    outcome = client.send(Oksigen(tanggal=date(2026, 1, 2), p_cair=120.5))
    days = client.list(OKSIGEN)
```

A change ends in an `Outcome` and raises nothing for what the network or the service does. A question gives rows, or
raises `Failed` with the outcome. Both raise ValueError for what no service could be asked (a filter that a kind does
not have).
"""

import asyncio
import builtins
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx

from rsonline.hospital import talks
from rsonline.hospital.line import TIMEOUT, AsyncLine, Concurrent, Credentials, Line, Waiting, secret_of, side_of
from rsonline.hospital.outcome import Outcome
from rsonline.hospital.signing import is_key, signed
from rsonline.hospital.talks import Found, Side, Talk
from rsonline.hospital.wire import Request
from rsonline.reports.kinds.antrian import Antrian, AntrianTask
from rsonline.reports.kinds.apd import Apd
from rsonline.reports.kinds.nakes_terinfeksi import NakesTerinfeksi
from rsonline.reports.kinds.oksigen import Oksigen
from rsonline.reports.kinds.pcr_nakes import PcrNakes
from rsonline.reports.kinds.sdm import Sdm
from rsonline.reports.kinds.shk import Shk, ShkHasil
from rsonline.reports.kinds.tempat_tidur import TempatTidur
from rsonline.reports.report import Record, Report

R = TypeVar("R", bound=Record)
T = TypeVar("T")
GuideRecord = TempatTidur | Sdm | Apd | PcrNakes | NakesTerinfeksi | Oksigen | Shk | ShkHasil | Antrian | AntrianTask
"""The records of the guide's own service."""


Password = str | Callable[[], str]
"""A password or a signing key (`rsk-…`), or what gives it anew for each request: for a program that goes on when it
is changed."""


def _credentials(password: Password) -> Credentials:
    """The three headers of the guide (II), with the service's time; a signature where the password is a signing key."""
    known = secret_of(password if isinstance(password, str) else password())

    def headers(side: Side, request: Request, target: str) -> Mapping[str, str]:
        secret = known if isinstance(password, str) else secret_of(password())
        if is_key(secret):
            return signed(secret, side, request, target)
        return {"X-rs-id": side.hospital, "X-Timestamp": str(int(side.now)), "X-pass": secret}

    return headers


class Client(Waiting):
    """A hospital's connection to the guide's service, for a program that waits. Not to be shared between threads.

    `address` ends before the paths of the guide (`https://sirs.kemkes.go.id/fo/index.php`); `zone` is the hospital's
    (for `tgllapor` and for today); `ca_file` adds certificate authorities; `retries` is how often one call tries again;
    `transport` takes the place of the network in tests. Raises ValueError and OSError for what cannot be used.
    """

    def __init__(
        self,
        address: str,
        code: str,
        password: Password,
        *,
        zone: str = "Asia/Jakarta",
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        draw: Callable[[float, float], float] | None = None,
    ) -> None:
        self._side = side_of(code, zone, retries, clock, draw)
        self._line = Line(
            address,
            self._side,
            _credentials(password),
            ca_file=ca_file,
            timeout=timeout,
            transport=transport,
            sleep=sleep,
        )

    def send(self, record: GuideRecord, *, number: str | None = None, once: str | None = None) -> Outcome:
        """Make the service say what the record says: added where it is not there, else replaced.

        Screenings and their results are numbered by the service: without `number` they are added. `once` is an
        Idempotency-Key of your own, used where the service knows such keys.
        """
        return self._line.carry(talks.sending(self._side, record, number=number, once=once))

    def save(
        self,
        report: Report[Any],
        members: Mapping[str, object],
        *,
        number: str | None = None,
        once: str | None = None,
    ) -> Outcome:
        """As `send`, for members by name, with values as the guide writes them."""
        return self._line.carry(talks.saving(self._side, report, members, number=number, once=once))

    def add(self, record: GuideRecord, *, once: str | None = None) -> Outcome:
        """One POST: `Refused(code="exists")` where it is there already."""
        return self._line.carry(talks.posting(self._side, record, once=once))

    def change(
        self,
        report: Report[Any],
        members: Mapping[str, object],
        *,
        number: str | None = None,
        once: str | None = None,
    ) -> Outcome:
        """One PUT of some members by name, the others stay; `Refused(code="missing")` where there is nothing."""
        return self._line.carry(
            talks.writing(self._side, report, "PUT", members, number=number, once=once, partial=True)
        )

    def remove(self, report: Report[Any], key: str | date, *, parent: str | None = None) -> Outcome:
        """One DELETE: by the day, the item, the booking's code, or the service's number (`parent`: of a result)."""
        body, number = talks.removed_by(report, key)
        return self._line.carry(talks.removing(self._side, report, body, number=number, parent=parent))

    def rows(
        self, report: Report[R], *, day: date | None = None, number: str | None = None, parent: str | None = None
    ) -> builtins.list[Found[R]]:
        """What the service has, each with its number and as it came. Raises Failed."""
        return self._line.carry(talks.finding(self._side, report, day=day, number=number, parent=parent))

    def list(
        self, report: Report[R], *, day: date | None = None, number: str | None = None, parent: str | None = None
    ) -> builtins.list[R]:
        """What the service has, as records. Raises Failed, also for a row that cannot be understood (see `rows`)."""
        return self._line.carry(talks.listing(self._side, report, day=day, number=number, parent=parent))

    def reference(self, name: str) -> dict[str, str]:
        """`tempat_tidur`, `kebutuhan_sdm` or `kebutuhan_apd`: name by id. Raises Failed."""
        return self._line.carry(talks.referring(self._side, name))

    def carry(self, talk: Talk[T]) -> T:
        """Carry out a conversation of your own (see `rsonline.hospital.talks`)."""
        return self._line.carry(talk)

    @property
    def side(self) -> Side:
        """Who speaks, and what was learnt of the service."""
        return self._side

    def discover(self) -> bool:
        """Ask, without credentials, whether the service knows Idempotency-Keys; what it has shown before counts."""
        return self._line.carry(talks.discovering(self._side))

    @property
    def knows_once(self) -> bool:
        """Whether the service has shown that it carries out the same Idempotency-Key only once."""
        return self._side.once


class AsyncClient(Concurrent):
    """The same for a program that does other things meanwhile: see `Client`, method by method."""

    def __init__(
        self,
        address: str,
        code: str,
        password: Password,
        *,
        zone: str = "Asia/Jakarta",
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        retries: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        draw: Callable[[float, float], float] | None = None,
    ) -> None:
        self._side = side_of(code, zone, retries, clock, draw)
        self._line = AsyncLine(
            address,
            self._side,
            _credentials(password),
            ca_file=ca_file,
            timeout=timeout,
            transport=transport,
            sleep=sleep,
        )

    async def send(self, record: GuideRecord, *, number: str | None = None, once: str | None = None) -> Outcome:
        """See `Client.send`."""
        return await self._line.carry(talks.sending(self._side, record, number=number, once=once))

    async def save(
        self,
        report: Report[Any],
        members: Mapping[str, object],
        *,
        number: str | None = None,
        once: str | None = None,
    ) -> Outcome:
        """See `Client.save`."""
        return await self._line.carry(talks.saving(self._side, report, members, number=number, once=once))

    async def add(self, record: GuideRecord, *, once: str | None = None) -> Outcome:
        """See `Client.add`."""
        return await self._line.carry(talks.posting(self._side, record, once=once))

    async def change(
        self,
        report: Report[Any],
        members: Mapping[str, object],
        *,
        number: str | None = None,
        once: str | None = None,
    ) -> Outcome:
        """See `Client.change`."""
        return await self._line.carry(
            talks.writing(self._side, report, "PUT", members, number=number, once=once, partial=True)
        )

    async def remove(self, report: Report[Any], key: str | date, *, parent: str | None = None) -> Outcome:
        """See `Client.remove`."""
        body, number = talks.removed_by(report, key)
        return await self._line.carry(talks.removing(self._side, report, body, number=number, parent=parent))

    async def rows(
        self, report: Report[R], *, day: date | None = None, number: str | None = None, parent: str | None = None
    ) -> builtins.list[Found[R]]:
        """See `Client.rows`."""
        return await self._line.carry(talks.finding(self._side, report, day=day, number=number, parent=parent))

    async def list(
        self, report: Report[R], *, day: date | None = None, number: str | None = None, parent: str | None = None
    ) -> builtins.list[R]:
        """See `Client.list`."""
        return await self._line.carry(talks.listing(self._side, report, day=day, number=number, parent=parent))

    async def reference(self, name: str) -> dict[str, str]:
        """See `Client.reference`."""
        return await self._line.carry(talks.referring(self._side, name))

    async def carry(self, talk: Talk[T]) -> T:
        """Carry out a conversation of your own (see `rsonline.hospital.talks`)."""
        return await self._line.carry(talk)

    @property
    def side(self) -> Side:
        """See `Client.side`."""
        return self._side

    async def discover(self) -> bool:
        """See `Client.discover`."""
        return await self._line.carry(talks.discovering(self._side))

    @property
    def knows_once(self) -> bool:
        """See `Client.knows_once`."""
        return self._side.once
