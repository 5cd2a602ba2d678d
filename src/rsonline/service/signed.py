"""Who signs a request (SR-12): a hospital's keys, the five minutes, and each nonce once."""

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.types import Scope

from rsonline.login import signatures
from rsonline.login.attempts import Whose
from rsonline.login.doorkeeper import source_of
from rsonline.login.logins import NOBODY, Logins
from rsonline.login.signatures import REMEMBERED, WINDOW, Malformed, Signed, Target
from rsonline.login.waiting import put
from rsonline.service.denied import Denied
from rsonline.store import hospitals, signing
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.columns import from_millis
from rsonline.store.engines import Store
from rsonline.store.hospitals import Hospital
from rsonline.store.signing import SigningKey

_MOST = 20_000
_READ_EACH = 1.0
"""Seconds for which a wrong signature costs no further question to the store about the same hospital."""
_READ_MOST = 500
"""Questions a second: whoever makes up hospitals does not keep the store from the others."""
_KEY = re.compile(rf"{signing.PREFIX}[0-9]+-[0-9A-Za-z]+")


class _Signer(NamedTuple):
    hospital: Hospital | None
    keys: tuple[SigningKey, ...]
    missed_at: float = -math.inf
    """When the store was last asked in vain."""


def target_of(scope: Scope) -> Target:
    """What was asked for, as it stood on the wire."""
    path = scope.get("raw_path") or scope["path"].encode()
    return Target(scope["method"], path.decode("latin-1"), scope.get("query_string", b"").decode("latin-1"))


def presented(scope: Scope, headers: Mapping[str, Sequence[str]]) -> Signed | None:
    """The signature of a request, None where it has none. Raises Denied for one that cannot be read."""
    if not signatures.presented(headers):
        return None
    try:
        return signatures.read(target_of(scope), headers)
    except Malformed as malformed:
        raise _denied(malformed) from None


def require_covered(signed: Signed, headers: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
    """Raise Denied where a header that means something is not signed."""
    try:
        signatures.require_covered(signed, headers, names)
    except Malformed as malformed:
        raise _denied(malformed) from None


def _denied(malformed: Malformed) -> Denied:
    needed = malformed.needed
    return Denied(400, "signature_malformed", header=malformed.header, id=needed.id, en=needed.en)


def account_of(code: str, signed: Signed) -> str:
    """How the journal calls whoever signs by this key."""
    return f"{code}/s{signed.key}"


def require_password(text: str) -> None:
    """Raise Denied where somebody sends a key as if it were a password: it would be known to all on the way."""
    if _KEY.fullmatch(text):
        raise Denied(401, "key_as_password")


def require_body(signed: Signed, body: bytes) -> None:
    """Raise Denied where this is not the body that was signed."""
    if not signatures.of_body(signed, body):
        raise Denied(400, "signature_body")


class Signers:
    """The hospitals that sign, with their keys as they were last read. One for the process."""

    def __init__(self, store: Store, logins: Logins, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._logins = logins
        self._clock = clock
        self._known: dict[str, _Signer] = {}
        self._asked = (0, 0)
        """A second, and how often the store was asked in it."""

    async def verified(self, code: str, signed: Signed, address: str, request_id: str) -> Hospital:
        """The hospital that signed this within the last five minutes. Raises Denied.

        Nobody can guess a key, so wrong signatures are noted and keep nobody out.
        """
        now = self._clock()
        signer = self._known.get(code)
        if signer is None or not (_made_by(signer, signed, now) or 0 <= now - signer.missed_at < _READ_EACH):
            # A key may have been made since.
            signer = await self._read(code, signed, now)
        hospital = signer.hospital
        if hospital is None or not hospital.active or not _made_by(signer, signed, now):
            self._refused(None if hospital is None else code, address, request_id)
            raise Denied(401, "signature")
        if abs(signed.created - now) > WINDOW:
            raise Denied(401, "signature_expired", hospital=code, now=str(int(now)))
        return hospital

    async def _read(self, code: str, signed: Signed, now: float) -> _Signer:
        """What the store says of a hospital and its keys. Raises Denied where too much is asked at once."""
        second, count = self._asked
        self._asked = (second, count + 1) if int(now) == second else (int(now), 1)
        if self._asked[1] > _READ_MOST:
            raise Denied(503, "busy", retry_after=1)
        signer = await self._store.read(None, lambda access: _find(access, code, now))
        if not _made_by(signer, signed, now):
            signer = signer._replace(missed_at=now)
        put(self._known, code, signer, _MOST)
        return signer

    async def spend(self, origin: Origin, signed: Signed) -> None:
        """Take the nonce; durable when this returns. Raises Denied where it was taken before, Stale, and Full."""
        until = from_millis((signed.created + WINDOW + REMEMBERED) * 1000)
        now = from_millis(int(self._clock() * 1000))
        if not await self._store.perform(lambda access: signing.use(access, origin, signed.nonce, until, now)):
            self._refused(origin.hospital, origin.address or "", origin.request_id or "")
            raise Denied(401, "nonce_used", hospital=origin.hospital)

    def _refused(self, code: str | None, address: str, request_id: str) -> None:
        whose = NOBODY if code is None else Whose(code, "signing_key", "?", f"{code}/?")
        self._logins.refused(whose, "api", source_of(address), address, request_id)

    def forget(self, code: str) -> None:
        """The database says that the hospital changed since its keys were read."""
        self._known.pop(code, None)


def _made_by(signer: _Signer, signed: Signed, now: float) -> bool:
    valid = [k for k in signer.keys if k.valid_until is None or now < k.valid_until.timestamp()]
    return signatures.verify(signed, [(key.number, key.text) for key in valid])


def _find(access: Access, code: str, now: float) -> _Signer:
    moment = datetime.fromtimestamp(now, UTC)
    return _Signer(hospitals.find(access, code, moment), signing.keys(access, code, moment))
