"""Passwords of hospitals: how they are made, stored and compared (SR-01, SR-04, SR-09).

Errors of the library other than a plain mismatch are raised as they are: a stored text that is no hash is
a fault of the database, not a wrong password.
"""

import hmac
import secrets
import string
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

_HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1, hash_len=32, salt_len=16)
_LETTERS = string.ascii_letters + string.digits
# log2(62) is 5.95 bits a character: 24 characters carry 142 bits.
_LENGTH = 24


class Hasher(Protocol):
    """What can be asked of this module, so that another hash can take its place."""

    def hash_password(self, text: str) -> str:
        """A new hash."""

    def matches(self, hash: str, text: str) -> bool:
        """Whether the password belongs to the hash."""

    def needs_rehash(self, hash: str) -> bool:
        """Whether the hash was made with older parameters."""

    def dummy(self) -> str:
        """A hash that no password belongs to."""


def hash_password(text: str) -> str:
    """An argon2id hash with its parameters inside the text. About 18 ms and 19 MiB."""
    return _HASHER.hash(text)


def matches(hash: str, text: str) -> bool:
    """Whether the password belongs to the hash, compared in constant time.

    Raises argon2.exceptions.InvalidHashError for a text that is no argon2 hash, and
    argon2.exceptions.VerificationError where the computation itself fails.
    """
    try:
        return _HASHER.verify(hash, text)
    except VerifyMismatchError:
        return False


def needs_rehash(hash: str) -> bool:
    """Whether the hash was made with parameters other than those of today."""
    return _HASHER.check_needs_rehash(hash)


def generate() -> str:
    """A new password: 24 letters and digits, 142 random bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@cache
def dummy() -> str:
    """The hash of a password that nobody knows, to do equal work where there is nothing to compare (SR-04)."""
    return hash_password(generate())


class Match(NamedTuple):
    """Which of the hashes a password belongs to, and a new hash where that one was made with older parameters."""

    place: int
    rehashed: str | None


def find(hashes: Sequence[str], text: str, work: int, hasher: Hasher) -> Match | None:
    """The hash that the password belongs to, or None.

    Where there is none, `work` computations are done, filled up with a dummy hash, so that the time tells
    neither whether there is a hospital nor how many passwords it has (SR-04). A right password stops at its
    match, which tells only its owner.
    """
    for place, hash in enumerate(hashes):
        if hasher.matches(hash, text):
            return Match(place, hasher.hash_password(text) if hasher.needs_rehash(hash) else None)
    for _ in range(work - len(hashes)):
        hasher.matches(hasher.dummy(), text)
    return None


def digest(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA-256 of texts, each with its length before it so that none can pass for part of another."""
    return hmac.digest(key, "".join(f"{len(part)}:{part}" for part in parts).encode(), "sha256")
