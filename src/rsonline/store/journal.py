"""The journal: one line per change, in the transaction that makes it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from rsonline.reports.report import Report, Row, key_of
from rsonline.store.change import Origin
from rsonline.store.schema import journal, to_millis

COLUMNS = tuple(c.name for c in journal.columns)
INSERT = f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 (fixed names)
LAST = "SELECT max(seq) FROM journal WHERE kode_rs = ?"

_SYSTEM = ("recognised", "version", "received_at", "updated_at", "deleted_at", "claimed_at", "warnings", "kode_rs")
_encode = msgspec.json.Encoder().encode


def content(row: Row | None) -> str | None:
    """What a line keeps of a row: its members, without the store's own columns and without what was never sent."""
    if row is None or row.get("deleted_at") is not None:
        return None
    return _encode({k: v for k, v in row.items() if v is not None and k not in _SYSTEM}).decode()


def key_text(report: Report[Any], row: Row) -> str:
    """The key of a row behind the hospital's code, as JSON."""
    values = [row[name] for name in key_of(report.identity)]
    return _encode([v.isoformat() if isinstance(v, date | datetime) else v for v in values]).decode()


def append(
    connection: sa.Connection, origin: Origin, name: str, key: Sequence[object], verb: str, new: Mapping[str, object]
) -> None:
    """A line about something that is no report, on a connection inside a transaction."""
    last = connection.execute(
        sa.select(sa.func.max(journal.c.seq)).where(journal.c.kode_rs == origin.hospital)
    ).scalar_one()
    now = datetime.now(UTC)
    values = line(
        origin, (last or 0) + 1, now, name, _encode(list(key)).decode(), verb, None, _encode(dict(new)).decode()
    )
    connection.execute(sa.insert(journal).values({**dict(zip(COLUMNS, values, strict=True)), "at": now}))


def note_refusal(connection: sa.Connection, origin: Origin, report: Report[Any], code: str) -> None:
    """A line about a message that was refused for what it tried."""
    append(connection, origin, report.name, [], "refused", {"code": code})


def line(
    origin: Origin, seq: int, now: datetime, name: str, key: str, verb: str, old: str | None, new: str | None
) -> tuple[Any, ...]:
    """The parameters of INSERT, in the order of COLUMNS."""
    return (
        origin.hospital,
        seq,
        to_millis(now),
        name,
        key,
        verb,
        origin.source,
        origin.credential,
        origin.address,
        origin.request_id,
        origin.claimed,
        origin.clock,
        old,
        new,
    )
