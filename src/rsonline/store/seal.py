"""The vault: personal values sealed to their place, blind indexes to find them again, and the signing key.

A sealed value is one byte of form, four bytes with the number of its data key, a random nonce of twelve bytes and the
ciphertext of AES-256-GCM. Its place (table, column, hospital, row) is associated data: moved elsewhere it does not
open (SR-43). A blind index is the first half of an HMAC-SHA-256 under a key of its own for each column (SR-44).
"""

import hmac
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rsonline.reports.nik import placeholder
from rsonline.store.keys import KeysError, Masters
from rsonline.store.schema import data_key

FORM = b"\x01"
_HEAD = struct.Struct(">cI")
_NONCE = 12
_NONCE_AT = _HEAD.size
_TEXT_AT = _NONCE_AT + _NONCE
_LEAST = _TEXT_AT + 16
_MOST_INDEXES = 4096
TAKEN_UP = 90.0
"""Seconds after which every process of the service uses a new key: it asks for new ones each minute."""
_ASKED_EACH = 60
TOKENS_LIVE = 600
"""Seconds for which an access token is valid (pasien-covid 1.2)."""
_PURPOSES = ("seal", "index", "receipt", "token")


class Unreadable(Exception):
    """A sealed value does not open at its place: it was changed, moved, or its key is gone."""


class KeyGone(Unreadable):
    """Its key is not among those of the database: destroyed at the end of its time, or of another database."""


class DataKey(NamedTuple):
    """One wrapped key of a database."""

    number: int
    purpose: str
    wrapped: bytes
    master: str
    created_at: datetime


class Vault:
    """Seals and opens. Safe to be used from several threads.

    `masters` reads the key file and `load` the wrapped keys; they are asked again when a value names a key that is not
    known yet. Whoever runs the service calls `refresh` once a minute, so that every process takes up a new key soon
    after it was made.
    """

    def __init__(self, masters: Callable[[], Masters], load: Callable[[], Sequence[DataKey]]) -> None:
        self._masters = masters
        self._load = load
        self._sealing: dict[bytes, AESGCM] = {}
        """Keys by the first bytes of what they sealed."""
        self._columns: dict[str, bytes] = {}
        # One message asks several times for the index of one text: by each lookup, by its row, by its journal line.
        self._indexes: dict[tuple[str, str], bytes] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the keys again. Raises KeysError where they are wrapped by a master key that is not in the file."""
        masters = self._masters()
        stored = self._load()
        opened = {key.number: (key.purpose, unwrap(masters, key)) for key in stored}
        found = {purpose: number for number, (purpose, _) in sorted(opened.items())}
        if missing := [purpose for purpose in _PURPOSES if purpose not in found]:
            raise KeysError(f"The database has no key for {', '.join(missing)}.")
        self._sealing = {
            _HEAD.pack(FORM, number): AESGCM(key) for number, (purpose, key) in opened.items() if purpose == "seal"
        }
        self._root = next(key for _, (purpose, key) in sorted(opened.items()) if purpose == "index")
        self._signing = Ed25519PrivateKey.from_private_bytes(opened[found["receipt"]][1])
        self._tokens = tuple(opened[number][1] for number in token_numbers(stored, datetime.now(UTC)))
        self._newest = found["seal"]
        # Taken up in one step: another thread that seals now must not write the new number over the old key's work.
        head = _HEAD.pack(FORM, self._newest)
        self._writing = (head, self._sealing[head])

    @property
    def newest(self) -> int:
        """The number of the key that seals what is written now."""
        return self._newest

    def seal(self, text: str, place: str) -> bytes:
        """Seal one text to its place."""
        head, key = self._writing
        nonce = os.urandom(_NONCE)
        return head + nonce + key.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """What was sealed. Raises Unreadable."""
        key = self._sealing.get(sealed[:_NONCE_AT])
        if key is None or len(sealed) < _LEAST:
            number = key_number(sealed)
            self.refresh()
            key = self._sealing.get(sealed[:_NONCE_AT])
            if key is None:
                raise KeyGone(f"there is no key {number}")
        try:
            opened = key.decrypt(sealed[_NONCE_AT:_TEXT_AT], sealed[_TEXT_AT:], place.encode())
        except InvalidTag:
            raise Unreadable("a sealed value does not open at its place") from None
        return opened.decode()

    def index(self, column: str, text: str) -> bytes:
        """The blind index of a text in a column: 16 bytes."""
        known = self._indexes.get((column, text))
        if known is None:
            if len(self._indexes) >= _MOST_INDEXES:
                self._indexes.clear()
            key = self._columns.get(column)
            if key is None:
                key = self._columns[column] = hmac.digest(self._root, column.encode(), "sha256")
            known = self._indexes[column, text] = hmac.digest(key, text.encode(), "sha256")[:16]
        return known

    def person(self, number: str | None) -> str | None:
        """The index by which the journal is searched for a person; None for what is no number of anybody."""
        text = number or ""
        digits = (text if text.isalnum() else "".join(c for c in text if c.isalnum())).casefold()
        return None if placeholder(digits) else self.index("journal.person", digits).hex()

    @property
    def token_keys(self) -> tuple[bytes, ...]:
        """The secrets of access tokens: the first signs, all verify."""
        return self._tokens

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of a receipt, 64 bytes."""
        return self._signing.sign(message)

    @property
    def public_key(self) -> bytes:
        """The key that verifies receipts, 32 bytes."""
        return self._signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def token_numbers(stored: Sequence[DataKey], now: datetime) -> list[int]:
    """The keys of access tokens that count now, the one that signs first.

    A new one verifies at once and signs when every process must know it; an old one ends when nothing that it signed
    can still be valid, so that a secret that leaked is worth nothing soon after it was replaced.
    """
    keys = sorted((key for key in stored if key.purpose == "token"), reverse=True)
    taken_up = [key for key in keys if (now - key.created_at).total_seconds() >= TAKEN_UP] or keys[-1:]
    signs = taken_up[0]
    still = [
        key
        for newer, key in pairwise(keys)
        if key is signs or (now - newer.created_at).total_seconds() < TAKEN_UP + _ASKED_EACH + TOKENS_LIVE
    ]
    return [signs.number, *(key.number for key in [keys[0], *still] if key is not signs)]


def key_number(sealed: bytes) -> int:
    """The number of the data key of a sealed value. Raises Unreadable for what is no sealed value."""
    if len(sealed) < _LEAST or sealed[:1] != FORM:
        raise Unreadable("this is no sealed value")
    number: int = _HEAD.unpack_from(sealed)[1]
    return number


def place(table: str, column: str, code: str, key: Iterable[object]) -> str:
    """Where a value stands, as associated data."""
    return place_of_column(table, column) + place_of_row(code, key)


def place_of_column(table: str, column: str) -> str:
    """What the places of all values of a column begin with."""
    return f"{table}\x1f{column}\x1f"


def place_of_row(code: str, key: Iterable[object]) -> str:
    """What the places of all values of a row end with."""
    return "\x1f".join((code, *[k.hex() if isinstance(k, bytes) else str(k) for k in key]))


def unwrap(masters: Masters, key: DataKey) -> bytes:
    """The data key. Raises KeysError where the master key is not there or the wrapping was changed."""
    if key.master not in masters.keys:
        raise KeysError(
            f"The database's keys are wrapped by the master key {key.master}, which the key file does not have."
        )
    nonce, wrapped = key.wrapped[:_NONCE], key.wrapped[_NONCE:]
    try:
        return AESGCM(masters.keys[key.master]).decrypt(nonce, wrapped, _purpose(key.number, key.purpose))
    except InvalidTag:
        raise KeysError(f"The key {key.number} of the database does not open: it was changed.") from None


def wrap(masters: Masters, number: int, purpose: str, key: bytes) -> DataKey:
    """The data key as the database keeps it."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(masters.keys[masters.current]).encrypt(nonce, key, _purpose(number, purpose))
    return DataKey(number, purpose, nonce + sealed, masters.current, datetime.now(UTC))


def _purpose(number: int, purpose: str) -> bytes:
    """The associated data of a wrapped key: it opens as what it is, and as nothing else."""
    return f"{number}\x1f{purpose}".encode()


def stored(connection: sa.Connection) -> list[DataKey]:
    """The wrapped keys of a database."""
    query = sa.select(data_key).order_by(data_key.c.number)
    return [
        DataKey(r["number"], r["purpose"], bytes(r["wrapped"]), r["master"], r["created_at"])
        for r in connection.execute(query).mappings()
    ]


def add(connection: sa.Connection, masters: Masters, purpose: str) -> int:
    """Give the database one more key for a purpose; its number. Inside a transaction."""
    number = (connection.execute(sa.select(sa.func.max(data_key.c.number))).scalar_one() or 0) + 1
    made = wrap(masters, number, purpose, os.urandom(32))
    connection.execute(sa.insert(data_key).values(**made._asdict()))
    return number


def provide(connection: sa.Connection, masters: Masters) -> None:
    """Give a database a key for each purpose that has none yet. Inside a transaction."""
    known = {key.purpose for key in stored(connection)}
    for purpose in _PURPOSES:
        if purpose not in known:
            add(connection, masters, purpose)


def rewrap(connection: sa.Connection, masters: Masters) -> int:
    """Wrap every key that another master key wraps by the one in use; how many. Inside a transaction."""
    old = [key for key in stored(connection) if key.master != masters.current]
    for key in old:
        made = wrap(masters, key.number, key.purpose, unwrap(masters, key))
        connection.execute(
            sa.update(data_key).where(data_key.c.number == key.number).values(wrapped=made.wrapped, master=made.master)
        )
    return len(old)
