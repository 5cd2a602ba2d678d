"""The journal: one line per change or view, in the transaction that makes it, chained by hash in each hospital.

A line's hash covers the line before it, so that no line can be edited, taken out or moved without breaking every
later one; `journal_head` says where the chain ends (SR-47, SR-48).
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.reports.report import Report, Row
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.columns import to_millis
from rsonline.store.rows import shape_of
from rsonline.store.schema import journal, journal_head
from rsonline.store.seal import Vault, place

COLUMNS = tuple(c.name for c in journal.columns)
_SYSTEM = frozenset(
    ("recognised", "persons", "version", "received_at", "updated_at", "deleted_at", "claimed_at", "warnings", "kode_rs")
)
_encode = msgspec.json.Encoder().encode


class Head(NamedTuple):
    """Where a hospital's chain ends: the number of its last line and that line's hash."""

    seq: int
    hash: bytes


START = Head(0, bytes(32))
"""The head of a journal without lines."""
LOGIN, LOGIN_FAILED = "login", "login_failed"


def content(report: Report[Any], row: Row | None) -> str | None:
    """What a line keeps of a row: its members, without the store's own columns and without what was never sent."""
    if row is None or row.get("deleted_at") is not None:
        return None
    indexes = [column for column, _ in shape_of(report).indexed]
    said = {k: v for k, v in row.items() if v is not None and k not in _SYSTEM and k not in indexes}
    return _encode(said).decode()


def key_text(report: Report[Any], row: Row) -> str:
    """The key of a row behind the hospital's code, as it is kept, as JSON."""
    return as_key(shape_of(report).key_of(row))


def as_key(values: Sequence[object]) -> str:
    """Key values as JSON; a blind index is shown in hexadecimal."""
    return _encode(
        [v.hex() if isinstance(v, bytes) else v.isoformat() if isinstance(v, date | datetime) else v for v in values]
    ).decode()


def as_text(said: dict[str, object]) -> str:
    """What a line keeps, as JSON."""
    return _encode(said).decode()


def line(
    vault: Vault,
    origin: Origin,
    head: Head,
    now: datetime,
    name: str,
    key: str,
    verb: str,
    persons: Sequence[str] = (),
    old: str | None = None,
    new: str | None = None,
) -> tuple[tuple[Any, ...], Head]:
    """A line behind a head, as values in the order of COLUMNS, and the head after it."""
    seq = head.seq + 1
    code = origin.hospital
    first, second = (*persons, None, None)[:2]
    said = (
        code,
        seq,
        to_millis(now),
        name,
        key,
        verb,
        origin.source,
        origin.account,
        origin.address,
        origin.request_id,
        origin.claimed,
        origin.clock,
        first,
        second,
        None if old is None else vault.seal(old, place("journal", "old", code, [seq])),
        None if new is None else vault.seal(new, place("journal", "new", code, [seq])),
    )
    digest = link(head.hash, said)
    return (*said, digest), Head(seq, digest)


def link(before: bytes, said: Sequence[object]) -> bytes:
    """The hash of a line: of the one before it and everything that the line says."""
    return hashlib.sha256(before + _encode(said)).digest()


def append(
    access: Access,
    origin: Origin,
    name: str,
    key: Sequence[object],
    verb: str,
    new: dict[str, object] | None = None,
    persons: Sequence[str] = (),
    old: dict[str, object] | None = None,
) -> None:
    """A line about something that is no report."""
    connection, vault = access
    code = origin.hospital
    found = connection.execute(
        sa.select(journal_head.c.seq, journal_head.c.hash).where(journal_head.c.kode_rs == code).with_for_update()
    ).one_or_none()
    head = START if found is None else Head(found.seq, bytes(found.hash))
    now = datetime.now(UTC)
    before, after = (None if said is None else as_text(said) for said in (old, new))
    values, head = line(vault, origin, head, now, name, as_key(key), verb, persons, before, after)
    connection.execute(sa.insert(journal).values({**dict(zip(COLUMNS, values, strict=True)), "at": now}))
    if found is None:
        connection.execute(sa.insert(journal_head).values(kode_rs=code, seq=head.seq, hash=head.hash))
    else:
        connection.execute(
            sa.update(journal_head).where(journal_head.c.kode_rs == code).values(seq=head.seq, hash=head.hash)
        )


def note_refusal(access: Access, origin: Origin, report: Report[Any], code: str) -> None:
    """A line about a message that was refused for what it tried."""
    append(access, origin, report.name, [], "refused", {"code": code})
