"""A receipt: what the service signs about a change that is durable, and how anybody verifies it offline.

`v=1; id=…; rs=9100001; digest=sha-256:…; time=2026-11-23T08:15:30.123Z; key=…; sig=…` in the header
`X-RSOnline-Receipt`. The signature (Ed25519) covers everything before `; sig=`. The digest is that of the raw body.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

_FORM = re.compile(
    r"v=1; id=([0-9a-f]{32}); rs=([0-9A-Za-z]{1,16}); digest=sha-256:([0-9a-f]{64});"
    r" time=([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3})Z; key=([0-9a-f]{8});"
    r" sig=([0-9A-Za-z_-]{86})"
)


class NotReceipt(Exception):
    """This is no receipt of that service for that message; `reason` is form, key, signature, digest or hospital."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Receipt(NamedTuple):
    """What a receipt says."""

    id: str
    """The request id of the answer that it came with."""
    hospital: str
    digest: str
    """SHA-256 of the body, in hexadecimal."""
    time: datetime
    """When the service received it; whole milliseconds, UTC."""


def digest_of(body: bytes) -> str:
    """The digest of a body."""
    return hashlib.sha256(body).hexdigest()


def key_id(public: bytes) -> str:
    """The short name of a public key."""
    return hashlib.sha256(public).hexdigest()[:8]


def unsigned(receipt: Receipt, key: str) -> str:
    """Everything that is signed; `key` is the short name of the public key."""
    stamp = receipt.time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"v=1; id={receipt.id}; rs={receipt.hospital}; digest=sha-256:{receipt.digest}; time={stamp}Z; key={key}"


def signed(said: str, signature: bytes) -> str:
    """The text of the header."""
    return f"{said}; sig={base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def verify(text: str, public: bytes, *, body: bytes | None = None, hospital: str | None = None) -> Receipt:
    """What a genuine receipt says. Raises NotReceipt.

    With a body and a hospital also whether it is about that body, sent by that hospital.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise NotReceipt("form")
    if match[5] != key_id(public):
        raise NotReceipt("key")
    try:
        given = base64.b64decode(match[6] + "==", altchars=b"-_", validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(given, text.strip().rpartition("; sig=")[0].encode())
    except (InvalidSignature, binascii.Error):
        raise NotReceipt("signature") from None
    if base64.urlsafe_b64encode(given).decode().rstrip("=") != match[6]:
        # The last character has bits that mean nothing: only one spelling is a receipt.
        raise NotReceipt("signature")
    try:
        time = datetime.fromisoformat(match[4]).replace(tzinfo=UTC)
    except ValueError:
        raise NotReceipt("form") from None
    receipt = Receipt(match[1], match[2], match[3], time)
    if body is not None and digest_of(body) != receipt.digest:
        raise NotReceipt("digest")
    if hospital is not None and hospital != receipt.hospital:
        raise NotReceipt("hospital")
    return receipt
