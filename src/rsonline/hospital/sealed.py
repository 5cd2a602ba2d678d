"""The key of the agent: it seals what lies on a hospital's disk, and digests what is compared but not read (SR-55)."""

import base64
import binascii
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from rsonline.hospital.words import InWords
from rsonline.reports.verdict import Words


class KeyFileError(InWords):
    """The key cannot be used; the text says why."""


class Sealer:
    """Seals and digests under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        # Whoever only sends a file keeps nothing, and need not have it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(key) != 32:
            raise KeyFileError(Words("kunci harus 32 byte", "the key must have 32 bytes"))
        self._root = key
        self._seal = AESGCM(hmac.digest(key, b"seal", "sha256"))

    def digest(self, purpose: str, text: bytes) -> str:
        """A keyed digest of 128 bits, in hexadecimal; another purpose gives another one."""
        return hmac.digest(self._root, purpose.encode() + b"\0" + text, "sha256").hex()[:32]

    def seal(self, value: object, place: str) -> bytes:
        """A value as JSON, sealed to its place."""
        nonce = os.urandom(12)
        return nonce + self._seal.encrypt(nonce, canonical(value), place.encode())

    def open(self, sealed: bytes, place: str) -> Any:
        """The value that was sealed there. Raises KeyFileError."""
        from cryptography.exceptions import InvalidTag

        try:
            return json.loads(self._seal.decrypt(sealed[:12], sealed[12:], place.encode()))
        except InvalidTag:
            raise KeyFileError(
                Words("yang tersimpan tidak terbuka dengan kunci ini", "what lies there does not open by this key")
            ) from None


def canonical(value: object) -> bytes:
    """The one spelling of a value as JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()


def create(path: Path) -> None:
    """A new key in a file that only its owner reads; one that is there stays."""
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(made, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> Sealer:
    """The key of a file. Raises KeyFileError where others may read it, or where it holds none."""
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyFileError(
                Words(f"{path} dapat dibaca pengguna lain: chmod 600", f"{path} can be read by others: chmod 600 it")
            )
        return Sealer(base64.b64decode(path.read_bytes(), validate=False))
    except binascii.Error:
        raise KeyFileError(Words(f"{path} tidak berisi kunci", f"{path} holds no key")) from None
    except OSError as error:
        raise KeyFileError(
            Words(f"{path} tidak dapat dibaca: {error.strerror}", f"{path} cannot be read: {error.strerror}")
        ) from None
