"""Who is calling: headers once, the credentials, the clock, the address (SR-03 to SR-16, SR-30)."""

import ctypes
import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from rsonline.login.doorkeeper import (
    USER,
    Busy,
    Doorkeeper,
    StoredCredential,
    StoredHospital,
    TooMany,
    Verified,
    source_of,
)
from rsonline.reports.fields import At
from rsonline.reports.references import Reference
from rsonline.service.clock import Claimed, judge
from rsonline.service.tokens import Claims
from rsonline.settings import Settings
from rsonline.store import accounts, hospitals, people
from rsonline.store.accounts import Account
from rsonline.store.change import Full, Origin
from rsonline.store.engines import Store
from rsonline.store.hospitals import ZONES, Hospital
from rsonline.store.schema import from_millis, to_millis

_CODE = re.compile(r"[0-9A-Za-z]{1,16}")
_LONGEST_PASSWORD = 128
ACCOUNT = "account/"
"""Before the name of an account where the doorkeeper knows hospitals by code: no code has a stroke."""
_MOST_ACCOUNTS = 20_000
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


class Denied(Exception):
    """The request is not let in. `status` is the HTTP status, `reason` a key of the table of texts."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None, **detail: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.detail = detail


class StoredCredentials:
    """What the doorkeeper asks of the store, and the hospitals' switches as of the version that it read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Hospital] = {}
        self.accounts: dict[tuple[str, int], Account] = {}
        """Accounts by name and the version that their tokens carry."""

    def facts(self, code: str, version: int) -> Hospital | None:
        """The hospital as it was when this version of it was verified."""
        known = self._known.get(code)
        return known if known is not None and known.version == version else None

    def known(self, code: str) -> Hospital:
        """The hospital as it was last read; raise KeyError for one that never was."""
        return self._known[code]

    async def hospital(self, code: str) -> StoredHospital | None:
        """The hospital with its valid credentials, or an account of the patient API."""
        if code.startswith(ACCOUNT):
            return await self._account(code)
        if code.startswith(USER):
            return await self._person(code)
        now = datetime.now(UTC)
        found = await self._store.read(None, lambda access: hospitals.find(access, code, now))
        if found is None:
            return None
        self._known[code] = found
        until = [None if c.valid_until is None else c.valid_until.timestamp() for c in found.credentials]
        stored = tuple(StoredCredential(c.number, c.hash, u) for c, u in zip(found.credentials, until, strict=True))
        return StoredHospital(found.code, found.version, found.active, stored)

    async def _account(self, key: str) -> StoredHospital | None:
        found = await self.account(key.removeprefix(ACCOUNT))
        if found is None:
            return None
        until = None if found.valid_until is None else found.valid_until.timestamp()
        stored = StoredCredential(1, found.hash, until)
        return StoredHospital(key, _version(found), found.active, (stored,))

    async def _person(self, key: str) -> StoredHospital | None:
        found = await self._store.read(None, lambda access: people.find(access, key.removeprefix(USER)))
        if found is None or found.hash is None:
            return None
        return StoredHospital(key, found.version, found.active, (StoredCredential(1, found.hash, None),))

    async def account(self, name: str) -> Account | None:
        """An account as it is now."""
        found = await self._store.read(None, lambda access: accounts.find(access, name))
        if found is not None:
            if len(self.accounts) > _MOST_ACCOUNTS:
                self.accounts.clear()
            self.accounts[found.name, found.token_version] = found
        return found

    async def last_good(self, code: str, source: str) -> float | None:
        """When the hospital last logged in from there, in seconds since 1970."""
        found = await self._store.read(None, lambda access: hospitals.last_good(access, code, source))
        return None if found is None else to_millis(found) / 1000

    async def note_good(self, code: str, source: str, at: float) -> None:
        """Remember a good login from there; a full disk keeps nobody out."""
        with suppress(Full):
            await self._store.perform(
                lambda access: hospitals.note_good(access, code, source, from_millis(int(at * 1000)))
            )

    async def rehash(self, code: str, credential: int, hash: str) -> None:
        """Keep a stronger hash of the same password, where there is room for it."""
        with suppress(Full):
            if code.startswith(USER):
                await self._store.perform(lambda access: people.rehash(access, code.removeprefix(USER), hash))
            elif code.startswith(ACCOUNT):
                await self._store.perform(lambda access: accounts.rehash(access, code.removeprefix(ACCOUNT), hash))
            else:
                await self._store.perform(lambda access: hospitals.rehash(access, code, credential, hash))


class Gate:
    """Lets requests in. One for the process."""

    def __init__(self, settings: Settings, store: Store, references: Mapping[str, Reference]) -> None:
        self._settings = settings
        self._stored = StoredCredentials(store)
        _return_large_blocks()
        self.doorkeeper = self._doorkeeper = Doorkeeper(self._stored)
        """Who verifies the passwords of both doors: argon2 has one bounded line in a process (SR-05)."""
        self._references = references
        self._proxies = tuple(ip_network(p) for p in settings.trusted_proxies)
        self._hosts = frozenset(h.lower() for h in settings.allowed_hosts)

    def close(self) -> None:
        """End the threads that verify passwords."""
        self._doorkeeper.close()

    def forget(self, origin: Origin) -> None:
        """The database says that the hospital's credentials changed since this origin was verified."""
        self._doorkeeper.forget(origin.hospital, origin.version)

    def address(self, peer: str, headers: Mapping[str, Sequence[str]]) -> str:
        """The caller's address: the peer's, unless the peer is a trusted proxy that names another (SR-30)."""
        if self._proxies and _within(peer, self._proxies):
            chain = [
                part.strip() for text in headers.get("x-forwarded-for", ()) for part in text.split(",") if part.strip()
            ]
            for hop in reversed(chain):
                if not _within(hop, self._proxies):
                    return hop if _readable(hop) else peer
        return peer

    def host_allowed(self, headers: Mapping[str, Sequence[str]]) -> bool:
        """Whether the Host header names this service."""
        if not self._hosts:
            return True
        host = (headers.get("host") or [""])[0].lower()
        return host in self._hosts or host.rpartition(":")[0] in self._hosts

    async def enter(self, headers: Mapping[str, Sequence[str]], address: str, request_id: str) -> Caller:
        """Verify a request's three headers. Raises Denied."""
        code = _one(headers, "x-rs-id")
        password = _one(headers, "x-pass")
        claimed = _one(headers, "x-timestamp", needed=False)
        if code is None or not _CODE.fullmatch(code):
            raise Denied(400, "header_malformed", header="X-rs-id")
        if password is None or len(password.encode()) > _LONGEST_PASSWORD:
            raise Denied(400, "header_malformed", header="X-pass")
        if claimed is None and not await self._may_lack_timestamp(code):
            raise Denied(401, "header_missing", header="X-Timestamp")
        verified, facts = await self._verified(code, password, source_of(address))
        # Whole milliseconds, as the database keeps them: a journal line says what the row says.
        now = time.time_ns() // 1_000_000 / 1000
        judged = judge(
            claimed,
            now,
            mode=facts.clock_mode if self._settings.clock_check else "off",
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
        origin = Origin(
            hospital=facts.code,
            version=verified.version,
            account=f"{facts.code}/{verified.credential}",
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

    async def log_in(self, name: str, password: str, address: str) -> Account:
        """An account whose password is right. Raises Denied."""
        key = f"{ACCOUNT}{name}"
        for _attempt in (1, 2):
            verified = await self._verify(key, password, source_of(address))
            found = await self._stored.account(name)
            if found is not None and found.active and _version(found) == verified.version:
                return found
            self._doorkeeper.forget(key)
        raise Denied(401, "credentials")

    async def log_in_hospital(self, code: str, password: str, address: str) -> Hospital:
        """A hospital whose X-pass is right (the older form of the login). Raises Denied."""
        if not _CODE.fullmatch(code):
            raise Denied(401, "credentials")
        return (await self._verified(code, password, source_of(address)))[1]

    async def bearer(self, claims: Claims, address: str, request_id: str) -> Bearer:
        """Whoever holds a token. Raises Denied where it ended with its credentials, or for a foreign address."""
        account: Account | None = None
        if claims.user_name is not None:
            account = self._stored.accounts.get((claims.user_name, claims.version))
            if account is None:
                account = await self._stored.account(claims.user_name)
            if account is None or not account.active or account.token_version != claims.version:
                raise Denied(403, "token")
            if account.addresses and not _within(address, tuple(ip_network(a) for a in account.addresses)):
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
        )

    async def _may_lack_timestamp(self, code: str) -> bool:
        """Whether the operator lets this hospital leave X-Timestamp out for now; asked before any hashing (SR-10)."""
        if await self._stored.hospital(code) is None:
            return False
        until = self._stored.known(code).absent_clock_until
        return until is not None and until.timestamp() > time.time()

    async def _verified(self, code: str, password: str, source: str) -> tuple[Verified, Hospital]:
        """The verified hospital with its switches as of the version that was verified."""
        for _attempt in (1, 2):
            verified = self._doorkeeper.remembered(code, password, source)
            if verified is None or self._stored.facts(code, verified.version) is None:
                verified = await self._verify(code, password, source)
            facts = self._stored.facts(code, verified.version)
            if facts is not None:
                return verified, facts
            # The hospital changed while its password was being verified, or only its switches were read anew.
            self._doorkeeper.forget(code)
        raise Denied(503, "busy", retry_after=1)

    async def _verify(self, code: str, password: str, source: str) -> Verified:
        result = await self._doorkeeper.verify(code, password, source)
        if isinstance(result, Verified):
            return result
        if isinstance(result, TooMany):
            raise Denied(429, "too_many", retry_after=result.retry_after)
        if isinstance(result, Busy):
            raise Denied(503, "busy", retry_after=result.retry_after)
        raise Denied(401, "credentials")


def _version(account: Account) -> int:
    """What ends a verification of an account: a change of it or of its hospital. Both only rise."""
    return account.version + (account.hospital_version or 0)


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


def _readable(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _within(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


__all__ = ["Caller", "Denied", "Gate"]
