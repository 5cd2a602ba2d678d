"""Who is calling: verified passwords in memory, guesses counted, argon2 in a bounded line (SR-02 to SR-08).

All of it lives on one event loop; only the argon2 work runs in threads. A wrong guess costs as much of it as the
hospital with the most passwords that this process has met, and never less than for two (SR-04, `passwords.find`).
"""

import asyncio
import hmac
import math
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple, Protocol

import structlog

from rsonline.login import passwords
from rsonline.login.waiting import Book, Counter, Line, lasts, put

log = structlog.get_logger("rsonline.login")
USER = "user/"
"""Before the name of a person of the web application, where others are known by code: no code has a stroke."""
_DAY = 86_400.0
_DENIED_FOR = 60.0
_RENEWED_FROM, _RENEWED_TO = 0.6, 0.95
"""The part of a verifier's life from which on it is renewed by the next request that matches it."""
_UNKNOWN_FOR = 10.0
"""As long may another process's note that a source is good go unseen here, where the line is full."""


class StoredCredential(NamedTuple):
    """One password of a hospital as stored; `valid_until` in seconds since 1970, None for no end."""

    id: int
    hash: str
    valid_until: float | None


class StoredHospital(NamedTuple):
    """A hospital as stored, with the version that every change of its credentials raises."""

    code: str
    version: int
    active: bool
    credentials: tuple[StoredCredential, ...]


class Credentials(Protocol):
    """What the doorkeeper asks of the store. Times are in seconds since 1970."""

    async def hospital(self, code: str) -> StoredHospital | None:
        """The hospital, or None if there is none of that code."""

    async def last_good(self, code: str, source: str) -> float | None:
        """When the hospital last logged in from there, or None."""

    async def note_good(self, code: str, source: str, at: float) -> None:
        """Keep that the hospital logged in from there."""

    async def rehash(self, code: str, credential: int, hash: str) -> None:
        """Keep a stronger hash of the same password."""


class Verified(NamedTuple):
    """The password is right. The version is to be compared with the database by whoever does the work (SR-03)."""

    code: str
    version: int
    credential: int


class Denied(NamedTuple):
    """Unknown hospital, disabled hospital or wrong password: nobody is told which."""


class TooMany(NamedTuple):
    """Too many wrong guesses; seconds until the next may be made."""

    retry_after: int


class Busy(NamedTuple):
    """The line is full; seconds until it is worth coming back."""

    retry_after: int


Answer = Verified | Denied | TooMany | Busy


@lru_cache(maxsize=4096)
def source_of(address: str) -> str:
    """What counts as one source: an IPv4 address or an IPv6 /64 (SR-06).

    IPv4 inside IPv6 is the IPv4 address. What is no address stands for itself, cut to 64 characters.
    """
    try:
        found = ip_address(address.strip())
    except ValueError:
        return address[:64]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


class Doorkeeper:
    """Verifies passwords of hospitals. One for the process, used from one event loop.

    At most `workers` argon2 computations run at once (default: one a core) and `line` requests wait for them.
    A right password is remembered for `verifier_seconds`, a wrong one for a minute. Each memory holds
    at most `most_remembered` entries. The three limits are (guesses, seconds) of the counters of SR-06. They are
    looked at before the line and again at its end, so at most `workers` - 1 guesses get past a limit.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
        workers: int | None = None,
        line: int = 32,
        verifier_seconds: float = 600.0,
        most_remembered: int = 20_000,
        pair_limit: tuple[int, float] = (10, 300.0),
        source_limit: tuple[int, float] = (30, 300.0),
        hospital_limit: tuple[int, float] = (100, _DAY),
        hasher: passwords.Hasher = passwords,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._hasher = hasher
        self._verifier_seconds = verifier_seconds
        self._most = most_remembered
        self._verifier_key = secrets.token_bytes(32)
        self._guess_key = secrets.token_bytes(32)
        self._hospitals: dict[str, _Memory] = {}
        self._denied: dict[bytes, tuple[str, float]] = {}
        self._good: dict[tuple[str, str], float] = {}
        self._unknown: dict[tuple[str, str], float] = {}
        self._flights: dict[tuple[str, bytes], asyncio.Task[Answer]] = {}
        self._by_pair = Counter(*pair_limit, most_remembered)
        self._by_source = Counter(*source_limit, most_remembered)
        self._by_hospital = Counter(*hospital_limit, most_remembered)
        self._work = 2
        count = workers or os.cpu_count() or 1
        self._line = Line(count, line)
        self._books = {known: Book(most_remembered) for known in (True, False)}
        self._workers = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="argon2")
        self.renewal: asyncio.Task[None] | None = None
        """The verification under way that nobody waits for."""

    def remembered(self, code: str, password: str, source: str | None = None) -> Verified | None:
        """The fast path: the password was verified here at most ten minutes ago (SR-02). A few microseconds.

        With a source, None also where that source has yet to be noted as good: `verify` then notes it,
        without any argon2 work, so that it is known when the verifier has ended (SR-07). Where the verifier will end
        soon, it has the password verified anew while nobody waits for that.
        """
        memory = self._hospitals.get(code)
        if memory is None or not memory.verifiers:
            return None
        now = self._clock()
        given = passwords.digest(self._verifier_key, code, str(memory.version), password)
        # No early end, so that the time does not tell which of two passwords it was.
        same = [v for v in memory.verifiers if hmac.compare_digest(v.digest, given)]
        found = [v for v in same if v.made <= now < v.until]
        if not found or (source is not None and not self._noted(code, source, now)):
            return None
        if source is not None and now >= found[0].renewed_from and self.renewal is None and self._line.idle:
            self.renewal = asyncio.create_task(self._renew(code, password))
            self.renewal.add_done_callback(self._renewal_done)
        return Verified(code, memory.version, found[0].credential)

    async def verify(self, code: str, password: str, source: str) -> Answer:
        """Verify a password given by a source (see `source_of`), in full where it is not remembered.

        Equal requests under way share one computation. Errors of the store and of the hasher are raised.
        """
        verified = self.remembered(code, password, source)
        if verified is not None:
            return verified
        guess = passwords.digest(self._guess_key, code, source, password)
        denied = self._denied.get(guess)
        if denied is not None and lasts(denied[1], _DENIED_FOR, self._clock()):
            return Denied()
        flight = self._flights.get((code, guess))
        if flight is None:
            flight = self._flights[code, guess] = asyncio.create_task(self._settle(code, password, source, guess))
            flight.add_done_callback(partial(_land, self._flights, (code, guess)))
        # A caller that goes away must not take the answer from the others.
        return await asyncio.shield(flight)

    def forget(self, code: str, version: int | None = None) -> None:
        """The database says that the hospital's version moved on: nothing verified before it counts any more.

        With the version that proved old, nothing happens where a newer one is remembered already; so a crowd
        of requests with the old one causes one new verification instead of one each.
        """
        memory = self._hospitals.get(code)
        if version is not None and (memory is None or memory.version != version):
            return
        self._hospitals.pop(code, None)
        for guess in [guess for guess, (of, _) in self._denied.items() if of == code]:
            del self._denied[guess]
        # Who comes from now on must not be served by a reading of before.
        for key in [key for key in self._flights if key[0] == code]:
            del self._flights[key]

    def guess(self, what: str, source: str, *, right: bool) -> int:
        """Count a guess at something else than a password (a one-time code): whole seconds to wait, 0 to go on.

        A right guess is not counted; but it does not count as right either while there is to wait.
        """
        now = self._clock()
        wait = max(
            self._by_pair.wait((what, source), now),
            self._by_source.wait(source, now),
            self._by_hospital.wait(what, now),
        )
        if not wait and not right:
            self._count(what, source, known=False)
        return math.ceil(wait)

    async def compute(self, work: Callable[[str], str], text: str) -> str:
        """Hash in the threads that verify, so that no more such computations run at once than there are cores."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, text)

    def close(self) -> None:
        """End the threads; computations that wait are dropped, those that run are waited for."""
        if self.renewal is not None:
            self.renewal.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _settle(self, code: str, password: str, source: str, guess: bytes) -> Answer:
        # The own counter comes before any question to the store, but not before a verifier (SR-07).
        answer: Answer | None = self._at_once(code, password, source, known=True)
        if isinstance(answer, TooMany):
            return answer
        # A crowd that cannot be served must not cost a question to the store each.
        if self._line.full(known=True) or (self._line.full(known=False) and self._lately_unknown(code, source)):
            return self._busy(guess, known=(code, source) in self._good)
        known = await self._known(code, source)
        answer = self._at_once(code, password, source, known)
        if answer is None:
            answer = await self._in_line(code, password, source, guess, known)
        if isinstance(answer, Verified):
            await self._note(code, source)
        return answer

    def _at_once(self, code: str, password: str, source: str, known: bool) -> Verified | TooMany | None:
        """What can be said without work, if anything. A known source answers for its own failures only."""
        verified = self.remembered(code, password)
        if verified is not None:
            return verified
        now = self._clock()
        wait = self._by_pair.wait((code, source), now)
        if not known:
            wait = max(wait, self._by_source.wait(source, now), self._by_hospital.wait(code, now))
        return TooMany(math.ceil(wait)) if wait else None

    async def _in_line(self, code: str, password: str, source: str, guess: bytes, known: bool) -> Answer:
        if not await self._line.enter(known):
            return self._busy(guess, known)
        try:
            answer = self._at_once(code, password, source, known)
            if answer is not None:
                return answer
            memory, valid = await self._read(code)
            match, seconds = await asyncio.get_running_loop().run_in_executor(
                self._pool, _timed_find, [c.hash for c in valid], password, self._work, self._hasher
            )
            for book in self._books.values():
                book.seconds = seconds / self._workers
            if memory is None or match is None:
                self._count(code, source, known)
                # A reading that was overtaken meanwhile says nothing about the passwords of now.
                if self._hospitals.get(code) is memory:
                    put(self._denied, guess, (code, self._clock()), self._most)
                return Denied()
        finally:
            self._line.leave()
        credential = valid[match.place]
        if match.rehashed is not None:
            await self._credentials.rehash(code, credential.id, match.rehashed)
        if self._hospitals.get(code) is memory:
            self._remember(memory, code, password, credential)
        return Verified(code, memory.version, credential.id)

    async def _renew(self, code: str, password: str) -> None:
        """Verify what is remembered once more, in full, before it ends.

        After a start all hospitals come within a minute, so all verifiers would end within a minute too, and the line
        would be as full as at the start. Nobody waits for this one; where anybody waits it is left out.
        """
        if not self._line.idle or not await self._line.enter(True):
            return
        try:
            memory, valid = await self._read(code)
            match, _ = await asyncio.get_running_loop().run_in_executor(
                self._pool, _timed_find, [c.hash for c in valid], password, len(valid), self._hasher
            )
        finally:
            self._line.leave()
        if memory is not None and match is not None and self._hospitals.get(code) is memory:
            self._remember(memory, code, password, valid[match.place])

    def _renewal_done(self, task: asyncio.Task[None]) -> None:
        self.renewal = None
        if not task.cancelled() and task.exception() is not None:
            # The verifier still counts; when it ends, the next request verifies, and is told what is wrong.
            log.warning("login.not_renewed", error=type(task.exception()).__name__)

    async def _read(self, code: str) -> tuple["_Memory | None", tuple[StoredCredential, ...]]:
        """The place to remember this hospital's verifiers and its valid credentials; nothing if not to be let in."""
        stored = await self._credentials.hospital(code)
        now = self._clock()
        memory = self._hospitals.get(code)
        if memory is not None and (stored is None or not stored.active or stored.version != memory.version):
            self.forget(code)
            memory = None
        if stored is None or not stored.active:
            return None, ()
        if memory is None:
            memory = _Memory(stored.version)
            put(self._hospitals, code, memory, self._most)
        valid = tuple(c for c in stored.credentials if c.valid_until is None or now < c.valid_until)
        self._work = max(self._work, len(valid))
        return memory, valid

    def _remember(self, memory: "_Memory", code: str, password: str, credential: StoredCredential) -> None:
        now = self._clock()
        end = math.inf if credential.valid_until is None else credential.valid_until
        digest = passwords.digest(self._verifier_key, code, str(memory.version), password)
        others = tuple(v for v in memory.verifiers if v.digest != digest and v.made <= now < v.until)
        # The digest is as good as drawn by lot: those that were made together are renewed one after another.
        part = _RENEWED_FROM + (_RENEWED_TO - _RENEWED_FROM) * digest[0] / 256
        renewed_from = now + part * self._verifier_seconds
        until = min(end, now + self._verifier_seconds)
        memory.verifiers = (*others, _Verifier(digest, credential.id, now, until, renewed_from))
        put(self._hospitals, code, memory, self._most)

    def _busy(self, guess: bytes, known: bool) -> Busy:
        return Busy(self._books[known].later(guess, self._clock()))

    def _lately_unknown(self, code: str, source: str) -> bool:
        at = self._unknown.get((code, source))
        return at is not None and lasts(at, _UNKNOWN_FOR, self._clock())

    async def _known(self, code: str, source: str) -> bool:
        """Whether the hospital logged in from there during the last 30 days (SR-07)."""
        now = self._clock()
        at = self._good.get((code, source))
        if at is None or now - at >= 30 * _DAY:
            at = await self._credentials.last_good(code, source)
            if at is None:
                put(self._unknown, (code, source), now, self._most)
                return False
            put(self._good, (code, source), at, self._most)
        return now - at < 30 * _DAY

    def _noted(self, code: str, source: str, now: float) -> bool:
        return now - self._good.get((code, source), -math.inf) < _DAY

    async def _note(self, code: str, source: str) -> None:
        now = self._clock()
        if self._noted(code, source, now):
            return
        self._unknown.pop((code, source), None)
        # Taken before the writing, so that two passwords of one hospital at once write once.
        put(self._good, (code, source), now, self._most)
        try:
            await self._credentials.note_good(code, source, now)
        except BaseException:
            self._good.pop((code, source), None)
            raise

    def _count(self, code: str, source: str, known: bool) -> None:
        now = self._clock()
        self._by_pair.add((code, source), now)
        self._by_source.add(source, now)
        if not known:
            self._by_hospital.add(code, now)


class _Verifier(NamedTuple):
    digest: bytes
    credential: int
    made: float
    until: float
    renewed_from: float


class _Memory:
    """The verifiers of one hospital at one version. Its identity tells whether a reading was overtaken."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.verifiers: tuple[_Verifier, ...] = ()


def _timed_find(
    hashes: list[str], password: str, work: int, hasher: passwords.Hasher
) -> tuple[passwords.Match | None, float]:
    began = time.perf_counter()
    return passwords.find(hashes, password, work, hasher), time.perf_counter() - began


def _land(flights: dict[tuple[str, bytes], asyncio.Task[Answer]], key: tuple[str, bytes], done: object) -> None:
    if flights.get(key) is done:
        del flights[key]
