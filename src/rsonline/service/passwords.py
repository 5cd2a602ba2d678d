"""Passwords of hospitals: how they are made, stored and compared (SR-01, SR-04, SR-09).

Errors of the library other than a plain mismatch are raised as they are: a stored text that is no hash is
a fault of the database, not a wrong password.
"""

import secrets
import string
from functools import cache
from typing import Protocol

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
