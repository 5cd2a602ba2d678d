"""`Patients` and `AsyncPatients`: the COVID-19 patient API for a hospital's program; the token renews itself.

```python
with Patients("https://rsonline.example/api", "3404015", "rs@contoh.test", password) as patients:
    outcome = patients.send(PasienCovid(...))
    patients.send(StatusKeluar(laporanCovid19Versi3Id=int(outcome.number), ...))
```
"""

import asyncio
import builtins
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from rsonline.hospital import patient_rows as rows
from rsonline.hospital import patient_wire as wire
from rsonline.hospital import talks
from rsonline.hospital.line import TIMEOUT, AsyncLine, Concurrent, Credentials, Line, Waiting, side_of
from rsonline.hospital.outcome import Accepted, Failed, Later, LockedOut, Outcome, Refused, Unknown
from rsonline.hospital.patient_wire import Page, Token
from rsonline.hospital.signing import is_key, signed
from rsonline.hospital.talks import Side, Talk
from rsonline.hospital.wire import Answer, Lost, Request
from rsonline.reports.kinds.kematian import Kematian
from rsonline.reports.kinds.pasien_covid import (
    Diagnosa,
    Komorbid,
    PasienCovid,
    PemeriksaanLab,
    StatusKeluar,
    Terapi,
    Vaksinasi,
)
from rsonline.reports.report import Report

PatientRecord = PasienCovid | Diagnosa | Komorbid | Terapi | Vaksinasi | PemeriksaanLab | StatusKeluar | Kematian
"""The records of the patient API."""
Shown = dict[str, Any]
"""A row as the API gives it: it does not give back what was sent (2.2)."""
MOST_PAGES = 1000
RENEW_AT = 0.8
"""The part of its life after which a token is not used any more: what is under way may take its time."""


@dataclass(slots=True)
class Login:
    """An account and its token."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    by_code: bool = False
    token: Token | None = None
    until: float = 0.0
    """On the monotonic clock of this side: it does not matter what anybody's wall clock says."""

    def __post_init__(self) -> None:
        if is_key(self.password) and not self.by_code:
            raise ValueError("a signing key signs the older login only: by_code with the hospital's code")

    @property
    def signs(self) -> bool:
        """Whether the login is signed by a key of the hospital, which never leaves it."""
        return self.by_code and is_key(self.password)


@dataclass(slots=True)
class _Desk:
    """One side of the patient API."""

    side: Side
    login: Login
    ticks: Callable[[], float] = time.monotonic

    def let_in(self, talk: Callable[[Request], Talk[Any]], request: Request) -> Talk[Any]:
        """Carry a request out with a token; with a new one, once, where the service does not take the old one.

        A request with a bad token is not carried out, so that it may be sent again whatever it is.
        """
        for last in (False, True):
            token = yield from self.token()
            if not isinstance(token, Token):
                return token
            begun = talk(replace(request, bearer=token.text))
            try:
                outcome = yield from begun
            except Failed as failed:
                outcome = failed.outcome
                if last or not (isinstance(outcome, LockedOut) and outcome.why in ("token", "credentials")):
                    raise
            if last or not (isinstance(outcome, LockedOut) and outcome.why in ("token", "credentials")):
                return outcome
            self.login.token = None
        raise AssertionError

    def token(self) -> Talk[Token | Outcome]:
        """The token, new where there is none or it is old; an outcome where there is none to be had."""
        if self.login.token is not None and self.ticks() < self.login.until:
            return self.login.token
        password = None if self.login.signs else self.login.password
        request = wire.login(self.login.user, password, by_code=self.login.by_code)
        begun = self.ticks()
        try:
            token = yield from talks.asked(self.side, request, wire.token_of)
        except Failed as failed:
            # Nothing but the login was sent: whatever was to follow surely did not arrive.
            outcome = failed.outcome
            return Later(why="no_login", said="") if isinstance(outcome, Unknown) else outcome
        self.login.token, self.login.until = token, begun + RENEW_AT * token.lives
        return token

    def sending(self, record: PatientRecord, number: str | None, once: str | None) -> Talk[Outcome]:
        request = wire.written(record, number=number)
        again = number is not None
        verdict = wire.checked(type(record), wire.body_of(record, again=again), self.side.at, again=again)
        if isinstance(verdict, Refused):
            return verdict
        outcome: Outcome = yield from self._changing(request, once)
        return replace(outcome, warnings=_joined(verdict, outcome)) if isinstance(outcome, Accepted) else outcome

    def saving(self, report: Report[Any], said: Mapping[str, object], once: str | None) -> Talk[Outcome]:
        row = rows.read(report, said, self.side.at)
        if isinstance(row, Refused):
            return row
        request = wire.posted(report, row.body, number=row.number, discharge=report is rows.DISCHARGE)
        outcome: Outcome = yield from self._changing(request, once)
        return replace(outcome, warnings=_joined(row.warnings, outcome)) if isinstance(outcome, Accepted) else outcome

    def removing(self, report: Report[Any], number: str) -> Talk[Outcome]:
        outcome: Outcome = yield from self._changing(wire.removed(report, number), None)
        return outcome

    def _changing(self, request: Request, once: str | None) -> Talk[Any]:
        named = replace(request, once=once or uuid4().hex)

        def carry(signed: Request) -> Talk[Outcome]:
            return talks.carried(self.side, signed, lambda a: wire.judged(signed, a, self.side.hospital))

        return (yield from self.let_in(carry, named))

    def listing(self, of: Callable[[int], Request]) -> Talk[list[Shown]]:
        found: list[Shown] = []
        for number in range(1, MOST_PAGES + 1):
            page: Page = yield from self._asking(of(number), wire.page_of)
            found += page.rows
            if not page.more:
                break
        return found

    def one(self, report: Report[Any], number: str) -> Talk[Shown | None]:
        request = wire.one(report, number)
        found: list[Shown] = yield from self._asking(request, wire.one_of(request))
        return found[0] if found else None

    def _asking(self, request: Request, read: Callable[[Answer | Lost], Any]) -> Talk[Any]:
        def carry(signed: Request) -> Talk[Any]:
            return talks.asked(self.side, signed, read)

        found = yield from self.let_in(carry, request)
        if isinstance(found, Accepted | Refused | Later | LockedOut | Unknown):
            raise Failed(found)
        return found


def _joined(before: tuple[Any, ...], outcome: Accepted) -> tuple[Any, ...]:
    known = {(w.member, w.code) for w in before}
    return (*before, *[w for w in outcome.warnings if (w.member, w.code) not in known])


def _credentials(login: Login) -> Credentials:
    """The token; for the older login itself a signature, where the hospital has a signing key instead of an X-pass."""

    def headers(side: Side, request: Request, target: str) -> Mapping[str, str]:
        if request.bearer is not None:
            return {"Authorization": f"Bearer {request.bearer}"}
        return signed(login.password, side, request, target) if login.signs else {}

    return headers


class Patients(Waiting):
    """A hospital's connection to the patient API, for a program that waits. Not to be shared between threads.

    `address` ends in `/api`; `code` is the hospital's, `user` its account (`by_code`: the older login with the code and
    the X-pass or a signing key, `user` is then the code). The rest as of `Client`.
    """

    def __init__(
        self,
        address: str,
        code: str,
        user: str,
        password: str,
        *,
        by_code: bool = False,
        zone: str = "Asia/Jakarta",
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        draw: Callable[[float, float], float] | None = None,
    ) -> None:
        side, login = side_of(code, zone, retries, clock, draw), Login(user, password, by_code)
        self._desk = _Desk(side, login, ticks)
        self._line = Line(
            address, side, _credentials(login), ca_file=ca_file, timeout=timeout, transport=transport, sleep=sleep
        )

    def send(self, record: PatientRecord, *, number: str | None = None, once: str | None = None) -> Outcome:
        """Add a report, a part, a discharge or a death; with the service's `number`, replace it."""
        return self._line.carry(self._desk.sending(record, number, once))

    def save(self, report: Report[Any], members: Mapping[str, object], *, once: str | None = None) -> Outcome:
        """As `send`, by names and texts: as the API's body has them, or flat as a spreadsheet has them.

        The service's number among them (`id`, of a report `laporanCovid19Versi3Id`) replaces a record.
        """
        return self._line.carry(self._desk.saving(report, members, once))

    def remove(self, report: Report[Any], number: str) -> Outcome:
        """Remove a record: a death; others only where the service offers it (`Refused(code="not_offered")`)."""
        return self._line.carry(self._desk.removing(report, number))

    def list(self, report: Report[Any]) -> builtins.list[Shown]:
        """All patients in care, their parts, or the deaths, page by page. Raises Failed."""
        return self._line.carry(self._desk.listing(lambda page: wire.listed(report, page)))

    def one(self, report: Report[Any], number: str) -> Shown | None:
        """One record, None where there is none (or where the patient has left). Raises Failed."""
        return self._line.carry(self._desk.one(report, number))

    def reference(self, name: str) -> builtins.list[Shown]:
        """A reference list (`pekerjaan`, `kecamatan`, …) as it is given. Raises Failed."""
        return self._line.carry(self._desk.listing(lambda page: wire.reference(name, page)))

    @property
    def side(self) -> Side:
        """Who speaks, and what was learnt of the service."""
        return self._desk.side

    def discover(self) -> bool:
        """Ask, without credentials, whether the service knows Idempotency-Keys; what it has shown before counts."""
        return self._line.carry(talks.discovering(self._desk.side))


class AsyncPatients(Concurrent):
    """The same for a program that does other things meanwhile: see `Patients`, method by method."""

    def __init__(
        self,
        address: str,
        code: str,
        user: str,
        password: str,
        *,
        by_code: bool = False,
        zone: str = "Asia/Jakarta",
        ca_file: Path | str | None = None,
        timeout: float = TIMEOUT,
        retries: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        draw: Callable[[float, float], float] | None = None,
    ) -> None:
        side, login = side_of(code, zone, retries, clock, draw), Login(user, password, by_code)
        self._desk = _Desk(side, login, ticks)
        self._line = AsyncLine(
            address, side, _credentials(login), ca_file=ca_file, timeout=timeout, transport=transport, sleep=sleep
        )

    async def send(self, record: PatientRecord, *, number: str | None = None, once: str | None = None) -> Outcome:
        """See `Patients.send`."""
        return await self._line.carry(self._desk.sending(record, number, once))

    async def save(self, report: Report[Any], members: Mapping[str, object], *, once: str | None = None) -> Outcome:
        """See `Patients.save`."""
        return await self._line.carry(self._desk.saving(report, members, once))

    async def remove(self, report: Report[Any], number: str) -> Outcome:
        """See `Patients.remove`."""
        return await self._line.carry(self._desk.removing(report, number))

    async def list(self, report: Report[Any]) -> builtins.list[Shown]:
        """See `Patients.list`."""
        return await self._line.carry(self._desk.listing(lambda page: wire.listed(report, page)))

    async def one(self, report: Report[Any], number: str) -> Shown | None:
        """See `Patients.one`."""
        return await self._line.carry(self._desk.one(report, number))

    async def reference(self, name: str) -> builtins.list[Shown]:
        """See `Patients.reference`."""
        return await self._line.carry(self._desk.listing(lambda page: wire.reference(name, page)))

    @property
    def side(self) -> Side:
        """See `Patients.side`."""
        return self._desk.side

    async def discover(self) -> bool:
        """See `Patients.discover`."""
        return await self._line.carry(talks.discovering(self._desk.side))
