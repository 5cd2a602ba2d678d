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
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, Protocol

from rsonline.service import passwords

_DAY = 86_400.0
_DENIED_FOR = 60.0


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
        self._flights: dict[tuple[str, bytes], asyncio.Task[Answer]] = {}
        self._by_pair = _Counter(*pair_limit, most_remembered)
        self._by_source = _Counter(*source_limit, most_remembered)
        self._by_hospital = _Counter(*hospital_limit, most_remembered)
        self._work = 2
        count = workers or os.cpu_count() or 1
        self._line = _Line(count, line)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="argon2")

    def remembered(self, code: str, password: str, source: str | None = None) -> Verified | None:
        """The fast path: the password was verified here at most ten minutes ago (SR-02). A few microseconds.

        With a source, None also where that source has yet to be noted as good: `verify` then notes it,
        without any argon2 work, so that it is known when the verifier has ended (SR-07).
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
        if denied is not None and _lasts(denied[1], _DENIED_FOR, self._clock()):
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

    def close(self) -> None:
        """End the threads; computations that wait are dropped, those that run are waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _settle(self, code: str, password: str, source: str, guess: bytes) -> Answer:
        # The own counter comes before any question to the store, but not before a verifier (SR-07).
        answer: Answer | None = self._at_once(code, password, source, known=True)
        if isinstance(answer, TooMany):
            return answer
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
            return Busy(1)
        try:
            answer = self._at_once(code, password, source, known)
            if answer is not None:
                return answer
            memory, valid = await self._read(code)
            match = await asyncio.get_running_loop().run_in_executor(
                self._pool, passwords.find, [c.hash for c in valid], password, self._work, self._hasher
            )
            if memory is None or match is None:
                self._count(code, source, known)
                # A reading that was overtaken meanwhile says nothing about the passwords of now.
                if self._hospitals.get(code) is memory:
                    _put(self._denied, guess, (code, self._clock()), self._most)
                return Denied()
        finally:
            self._line.leave()
        credential = valid[match.place]
        if match.rehashed is not None:
            await self._credentials.rehash(code, credential.id, match.rehashed)
        if self._hospitals.get(code) is memory:
            self._remember(memory, code, password, credential)
        return Verified(code, memory.version, credential.id)

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
            _put(self._hospitals, code, memory, self._most)
        valid = tuple(c for c in stored.credentials if c.valid_until is None or now < c.valid_until)
        self._work = max(self._work, len(valid))
        return memory, valid

    def _remember(self, memory: "_Memory", code: str, password: str, credential: StoredCredential) -> None:
        now = self._clock()
        end = math.inf if credential.valid_until is None else credential.valid_until
        digest = passwords.digest(self._verifier_key, code, str(memory.version), password)
        others = tuple(v for v in memory.verifiers if v.digest != digest and v.made <= now < v.until)
        memory.verifiers = (*others, _Verifier(digest, credential.id, now, min(end, now + self._verifier_seconds)))
        _put(self._hospitals, code, memory, self._most)

    async def _known(self, code: str, source: str) -> bool:
        """Whether the hospital logged in from there during the last 30 days (SR-07)."""
        now = self._clock()
        at = self._good.get((code, source))
        if at is None or now - at >= 30 * _DAY:
            at = await self._credentials.last_good(code, source)
            if at is None:
                return False
            _put(self._good, (code, source), at, self._most)
        return now - at < 30 * _DAY

    def _noted(self, code: str, source: str, now: float) -> bool:
        return now - self._good.get((code, source), -math.inf) < _DAY

    async def _note(self, code: str, source: str) -> None:
        now = self._clock()
        if self._noted(code, source, now):
            return
        # Taken before the writing, so that two passwords of one hospital at once write once.
        _put(self._good, (code, source), now, self._most)
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


class _Memory:
    """The verifiers of one hospital at one version. Its identity tells whether a reading was overtaken."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.verifiers: tuple[_Verifier, ...] = ()


class _Counter:
    """Guesses per key in fixed windows, each begun by its first guess. Keys idle for longest make room for new ones."""

    def __init__(self, limit: int, seconds: float, most: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._most = most
        self._windows: dict[Hashable, tuple[float, int]] = {}

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until the key may be used again; 0 while it may."""
        began, count = self._windows.get(key, (now, 0))
        return began + self._seconds - now if count >= self._limit and _lasts(began, self._seconds, now) else 0.0

    def add(self, key: Hashable, now: float) -> None:
        began, count = self._windows.get(key, (now, 0))
        window = (began, count + 1) if _lasts(began, self._seconds, now) else (now, 1)
        _put(self._windows, key, window, self._most)


class _Line:
    """Places at work and places to wait. Sources known as good go first, and half of the waiting is theirs."""

    def __init__(self, workers: int, places: int) -> None:
        self._free = workers
        self._places = places
        self._known: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def enter(self, known: bool) -> bool:
        """Wait for a place at work; False at once if there is no place to wait. Each True needs a `leave`."""
        if self._free:
            self._free -= 1
            return True
        queue = self._known if known else self._others
        full = len(self._known) + len(self._others) >= self._places
        if full or (not known and len(queue) >= self._places // 2):
            return False
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Give the place at work to the next."""
        while self._known or self._others:
            turn = (self._known or self._others).popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _land(flights: dict[tuple[str, bytes], asyncio.Task[Answer]], key: tuple[str, bytes], done: object) -> None:
    if flights.get(key) is done:
        del flights[key]


def _lasts(began: float, seconds: float, now: float) -> bool:
    # What began in the future is from before the clock was set back.
    return 0 <= now - began < seconds


def _put(memory: dict[Any, Any], key: Hashable, value: object, most: int) -> None:
    """Set a key as the newest; the oldest go where there are more than `most`."""
    memory.pop(key, None)
    memory[key] = value
    while len(memory) > most:
        del memory[next(iter(memory))]
