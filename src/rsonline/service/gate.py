"""Who is calling: headers once, the credentials, the clock (SR-03 to SR-16)."""

import ctypes
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from rsonline.login.doorkeeper import (
    Busy,
    Doorkeeper,
    TooMany,
    Verified,
    source_of,
)
from rsonline.login.logins import Logins
from rsonline.login.signatures import Signed
from rsonline.login.waiting import put
from rsonline.reports.fields import At
from rsonline.reports.references import Reference
from rsonline.service.arrival import Arrival, Line, within
from rsonline.service.clock import Claimed, judge
from rsonline.service.credentials import ACCOUNT, StoredCredentials, version_of
from rsonline.service.denied import Denied
from rsonline.service.signed import Signers, account_of, require_body, require_password
from rsonline.service.tokens import Claims
from rsonline.settings import Settings
from rsonline.store import accounts, hospitals
from rsonline.store.access import Access
from rsonline.store.accounts import Account
from rsonline.store.change import Full, Origin, Stale
from rsonline.store.columns import from_millis
from rsonline.store.engines import Store
from rsonline.store.hospitals import ZONES, Hospital

_CODE = re.compile(r"[0-9A-Za-z]{1,16}")
_LONGEST_PASSWORD = 128
_MOST_MARKED = 20_000
_M_MMAP_THRESHOLD = -3
"""From glibc's malloc.h."""


class Caller(msgspec.Struct, frozen=True):
    """A hospital whose credentials were verified, with its switches, and where and when it speaks."""

    origin: Origin
    at: At
    create_on_put: bool
    always_200: bool
    ahead: float | None = None
    """Seconds that its clock is ahead of the server's; None where it named no time."""


class Bearer(NamedTuple):
    """Whoever holds an access token: an account (none of the older form), and the hospital that it speaks for."""

    account: Account | None
    origin: Origin | None
    at: At | None


class Gate:
    """Lets requests in. One for the process."""

    def __init__(self, settings: Settings, store: Store, references: Mapping[str, Reference]) -> None:
        self._settings = settings
        self.arrival = Arrival(settings)
        """From where and how requests come."""
        self._stored = StoredCredentials(store)
        _return_large_blocks()
        self.doorkeeper = self._doorkeeper = Doorkeeper(self._stored)
        """Who verifies the passwords of both doors: argon2 has one bounded line in a process (SR-05)."""
        self.logins = Logins(store)
        """Who takes the logins of both doors to the journal (SR-47)."""
        self.signers = Signers(store, self.logins)
        """Who signs its requests instead of sending a password (SR-12)."""
        self._store = store
        self._exposed: dict[tuple[str, int | str], None] = {}
        """Passwords that this process has marked, so that a marked one costs no further write."""
        self._references = references

    async def close(self) -> None:
        """Write what is still to be said about logins, and end the threads that verify passwords."""
        await self.logins.close()
        self._doorkeeper.close()

    def forget(self, origin: Origin) -> None:
        """The database says that the hospital's credentials changed since this origin was verified."""
        self._doorkeeper.forget(origin.hospital, origin.version)
        self.signers.forget(origin.hospital)

    async def enter(
        self,
        headers: Mapping[str, Sequence[str]],
        address: str,
        request_id: str,
        line: Line = "inside",
        signed: Signed | None = None,
    ) -> Caller:
        """Verify a request's three headers, or its signature instead of two of them. Raises Denied."""
        code = _one(headers, "x-rs-id")
        password = None if signed is not None else _one(headers, "x-pass")
        if code is None or not _CODE.fullmatch(code):
            raise Denied(400, "header_malformed", header="X-rs-id")
        if signed is not None:
            # Nobody on the way learns a key from a signature, but what the body says is for nobody either.
            self.arrival.require_line(line)
            claimed: str | None = str(signed.created)
            facts = await self.signers.verified(code, signed, address, request_id)
            account, version = account_of(code, signed), facts.version
        else:
            claimed = _one(headers, "x-timestamp", needed=False)
            verified, facts = await self._by_password(code, password, claimed, address, request_id, line)
            account, version = f"{code}/{verified.credential}", verified.version
        # Whole milliseconds, as the database keeps them: a journal line says what the row says.
        now = time.time_ns() // 1_000_000 / 1000
        judged = judge(
            claimed,
            now,
            mode=facts.clock_mode if self._settings.clock_check and signed is None else "off",
            window=float(self._settings.clock_window),
            absent_allowed=claimed is None,
        )
        if judged.refused:
            # The password was right: whose clock it is may stand in the hospital's own log of its calls.
            raise Denied(
                401,
                "timestamp_unreadable" if judged.instant is None else "timestamp_expired",
                hospital=facts.code,
                clock=_with_skew(judged),
            )
        if signed is None:
            came = Origin(facts.code, version, account, address=address, request_id=request_id)
            await self._came_in(came, verified.credential, "credential")
        origin = Origin(
            hospital=facts.code,
            version=version,
            account=account,
            address=address,
            request_id=request_id,
            claimed=judged.text or None,
            clock=judged.clock,
            claimed_at=None if judged.instant is None else from_millis(int(judged.instant * 1000)),
            strict=facts.clock_mode == "strict",
        )
        at = At(
            facts.code,
            _zone(facts.zone),
            datetime.fromtimestamp(now, UTC),
            self._references,
            facts.name,
            self._settings.unlisted_references,
        )
        return Caller(
            origin,
            at,
            facts.create_on_put or self._settings.create_on_put,
            facts.always_200 or self._settings.always_200,
            judged.skew,
        )

    async def accept(self, caller: Caller, signed: Signed, body: bytes) -> None:
        """Take a signed request for the one that it is; its hospital has come in now. Raises Denied, Stale, Full."""
        require_body(signed, body)
        await self.signers.spend(caller.origin, signed)
        await self._came_in(caller.origin, signed.key, "signing_key")

    async def _came_in(self, origin: Origin, number: int, kind: str) -> None:
        source = source_of(origin.address or "")
        if not self.logins.stands(origin.account, source):
            await self.logins.came_in(origin, number, source, kind)

    async def _by_password(
        self, code: str, password: str | None, claimed: str | None, address: str, request_id: str, line: Line
    ) -> tuple[Verified, Hospital]:
        """The hospital whose password this is, where it lets its programs in by one."""
        if password is None or len(password.encode()) > _LONGEST_PASSWORD:
            raise Denied(400, "header_malformed", header="X-pass")
        require_password(password)
        if claimed is None and not await self._may_lack_timestamp(code):
            raise Denied(401, "header_missing", header="X-Timestamp")
        if line != "tls" and line != "inside":
            return await self._unsigned(401, lambda: self._in_clear(code, password, address, request_id, line))
        return await self._unsigned(401, lambda: self._verified(code, password, address, request_id))

    async def _unsigned(
        self, status: int, verify: Callable[[], Awaitable[tuple[Verified, Hospital]]]
    ) -> tuple[Verified, Hospital]:
        """The hospital whose password is right, where that is enough. Raises Denied."""
        for _attempt in (1, 2):
            verified, facts = await verify()
            if not facts.signed_only:
                return verified, facts
            await self._stored.hospital(facts.code)
            if self._stored.known(facts.code).version == facts.version:
                break
            # What is remembered is of before a change, which may have been this one.
            self._doorkeeper.forget(facts.code, facts.version)
        raise Denied(status, "signature_required", hospital=facts.code)

    async def _in_clear(
        self, code: str, password: str, address: str, request_id: str, line: Line
    ) -> tuple[Verified, Hospital]:
        """Verify a password that anybody on the way could read: it is marked, and refused where TLS is required.

        The refusal is the same whether or not the password is right. Only a right one is marked: else anybody could
        have any hospital's password replaced.
        """
        if line == "unknown":
            self.arrival.require_line(line)
        try:
            verified, facts = await self._verified(code, password, address, request_id)
        except Denied as denied:
            if denied.status == 401:
                self.arrival.require_line(line)
            raise
        if line == "clear":
            who = Origin(code, verified.version, f"{code}/{verified.credential}", "api", address, request_id)
            await self._expose(
                (code, verified.credential), lambda access: hospitals.expose(access, who, verified.credential)
            )
        self.arrival.require_line(line)
        return verified, facts

    async def expose_login(self, origin: Origin, account: str | None, password: int | None) -> None:
        """Mark what was given to a login of the patient API in clear: an account, or a hospital's password."""
        if account is not None:
            await self._expose(("account", account), lambda access: accounts.expose(access, origin, account))
        elif password is not None:
            await self._expose((origin.hospital, password), lambda access: hospitals.expose(access, origin, password))

    async def _expose(self, key: tuple[str, int | str], work: Callable[[Access], object]) -> None:
        if key in self._exposed:
            return
        put(self._exposed, key, None, _MOST_MARKED)
        try:
            await self._store.perform(work)
        except Full:
            # A full disk keeps nobody out; the next request tries again.
            self._exposed.pop(key, None)
        except BaseException:
            self._exposed.pop(key, None)
            raise

    async def log_in(self, name: str, password: str, address: str, request_id: str) -> Account:
        """An account whose password is right. Raises Denied."""
        key = f"{ACCOUNT}{name}"
        for _attempt in (1, 2):
            verified = await self._verify(key, password, address, request_id)
            found = await self._stored.account(name)
            if found is not None and found.active and version_of(found) == verified.version:
                return found
            self._doorkeeper.forget(key)
        raise Denied(401, "credentials")

    async def log_in_hospital(
        self, code: str, password: str, address: str, request_id: str
    ) -> tuple[Verified, Hospital]:
        """A hospital whose X-pass is right (the older form of the login). Raises Denied."""
        if not _CODE.fullmatch(code):
            raise Denied(401, "credentials")
        return await self._unsigned(403, lambda: self._verified(code, password, address, request_id))

    async def log_in_signed(
        self, headers: Mapping[str, Sequence[str]], signed: Signed, body: bytes, address: str, request_id: str
    ) -> Hospital:
        """A hospital that signs its login instead of sending its X-pass. Raises Denied."""
        code = _one(headers, "x-rs-id")
        if code is None or not _CODE.fullmatch(code):
            raise Denied(400, "header_malformed", header="X-rs-id")
        for last in (False, True):
            facts = await self.signers.verified(code, signed, address, request_id)
            require_body(signed, body)
            try:
                who = Origin(code, facts.version, account_of(code, signed), "api", address, request_id)
                await self.signers.spend(who, signed)
            except Stale:
                self.signers.forget(code)
                if last:
                    raise
            else:
                return facts
        raise AssertionError

    async def bearer(self, claims: Claims, address: str, request_id: str) -> Bearer:
        """Whoever holds a token. Raises Denied where it ended with its credentials, or for a foreign address."""
        account: Account | None = None
        if claims.user_name is not None:
            account = self._stored.accounts.get((claims.user_name, claims.version))
            if account is None:
                account = await self._stored.account(claims.user_name)
            if account is None or not account.active or account.token_version != claims.version:
                raise Denied(403, "token")
            if account.addresses and not within(address, tuple(ip_network(a) for a in account.addresses)):
                raise Denied(403, "address")
        if claims.code is None:
            return Bearer(account, None, None)
        hospital = self._stored.facts(claims.code, claims.version)
        if hospital is None:
            await self._stored.hospital(claims.code)
            hospital = self._stored.facts(claims.code, claims.version)
        if hospital is None or not hospital.active:
            raise Denied(403, "token")
        who = f"{claims.code}/{claims.user_name or 'rslogin'}"
        origin = Origin(claims.code, claims.version, who, address=address, request_id=request_id)
        return Bearer(account, origin, self.at(hospital))

    def at(self, hospital: Hospital | None) -> At:
        """Where and when a message is read; of nobody's hospital, in Jakarta."""
        now = datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
        if hospital is None:
            return At("", _zone("WIB"), now, self._references)
        return At(
            hospital.code,
            _zone(hospital.zone),
            now,
            self._references,
            hospital.name,
            self._settings.unlisted_references,
            self._settings.outdated_members,
        )

    async def _may_lack_timestamp(self, code: str) -> bool:
        """Whether the operator lets this hospital leave X-Timestamp out for now; asked before any hashing (SR-10)."""
        if await self._stored.hospital(code) is None:
            return False
        until = self._stored.known(code).absent_clock_until
        return until is not None and until.timestamp() > time.time()

    async def _verified(self, code: str, password: str, address: str, request_id: str) -> tuple[Verified, Hospital]:
        """The verified hospital with its switches as of the version that was verified."""
        source = source_of(address)
        for _attempt in (1, 2):
            verified = self._doorkeeper.remembered(code, password, source)
            if verified is None or self._stored.facts(code, verified.version) is None:
                verified = await self._verify(code, password, address, request_id)
            facts = self._stored.facts(code, verified.version)
            if facts is not None:
                return verified, facts
            # The hospital changed while its password was being verified, or only its switches were read anew.
            self._doorkeeper.forget(code)
        raise Denied(503, "busy", retry_after=1)

    async def _verify(self, key: str, password: str, address: str, request_id: str) -> Verified:
        """Verify a password in full where it is not remembered. Raises Denied, and has that noted."""
        source = source_of(address)
        result = await self._doorkeeper.verify(key, password, source)
        if isinstance(result, Verified):
            return result
        if isinstance(result, Busy):
            raise Denied(503, "busy", retry_after=result.retry_after)
        limited = isinstance(result, TooMany)
        self.logins.refused(self._stored.whose(key), "api", source, address, request_id, limited=limited)
        if isinstance(result, TooMany):
            raise Denied(429, "too_many", retry_after=result.retry_after)
        raise Denied(401, "credentials")


def _with_skew(judged: Claimed) -> str:
    return judged.clock if judged.skew is None else f"{judged.clock}:{judged.skew:.0f}"


def _return_large_blocks() -> None:
    """Let glibc give the 19 MiB of a password's hashing back to the system instead of keeping one for each thread.

    Its threshold for that rises with the first large block that is freed, unless it was set.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def _one(headers: Mapping[str, Sequence[str]], name: str, *, needed: bool = True) -> str | None:
    """A header that must occur exactly once (SR-10)."""
    values = headers.get(name, ())
    shown = {"x-rs-id": "X-rs-id", "x-pass": "X-pass", "x-timestamp": "X-Timestamp"}[name]
    if len(values) > 1:
        raise Denied(400, "header_repeated", header=shown)
    text = values[0].strip() if values else ""
    if text:
        return text
    if needed:
        raise Denied(401, "header_missing", header=shown)
    return None


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(ZONES[name])


__all__ = ["Caller", "Gate"]
