"""The last calls of each hospital's programs: written in batches after the answers, sealed, kept for a while only.

Bodies and answers may name persons; so both are sealed to their place, and whoever shows them masks them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.store.access import Access
from rsonline.store.schema import api_call as kept
from rsonline.store.schema import tally
from rsonline.store.seal import Vault, place

MOST = 500
"""As many of a hospital are kept."""
LIVES = timedelta(days=7)
LONGEST = 32 * 1024
"""Bytes of a body, and of an answer, that are kept."""
DROPPED = "calls_dropped"
"""As what the calls that were not written down are counted for their hospital."""


class Asked(NamedTuple):
    """One call as a door hands it over. `outside` are the members that did not stand in the body."""

    code: str
    request_id: str
    at: datetime
    method: str
    report: str
    status: int
    ms: float
    address: str | None
    clock: str | None
    """The class of its X-Timestamp; behind a colon the whole seconds that it was ahead, where they are known."""
    repairs: str
    warnings: str
    body: bytes | None
    answer: bytes | None
    outside: Mapping[str, str] = {}


class Body(msgspec.Struct):
    """What is kept of what was sent. `cut` says that it was longer."""

    text: str
    outside: dict[str, str] = {}
    cut: bool = False


class Call(NamedTuple):
    """One call without what it said."""

    request_id: str
    at: datetime
    method: str
    report: str
    status: int
    ms: float
    address: str | None
    clock: str | None
    repairs: str
    warnings: str


class Whole(NamedTuple):
    """One call with what was sent and answered; None where that is not kept."""

    call: Call
    body: Body | None
    answer: Body | None


_SHORT = [kept.c[name] for name in Call._fields]


def sealed(vault: Vault, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """Calls as rows. Takes a few microseconds each: not for the event loop."""
    rows = []
    for each in asked:
        row: dict[str, Any] = {name: getattr(each, name) for name in Call._fields}
        for name, raw in (("body", each.body), ("answer", each.answer)):
            said = None if raw is None else _said(raw, dict(each.outside) if name == "body" else {})
            row[name] = None if said is None else vault.seal(said, _place(name, each.code, each.request_id))
        rows.append({"kode_rs": each.code, **row})
    return rows


def _said(raw: bytes, outside: dict[str, str]) -> str:
    body = Body(raw[:LONGEST].decode("utf-8", "replace"), outside, len(raw) > LONGEST)
    return msgspec.json.encode(body).decode()


def keep(access: Access, rows: Sequence[dict[str, Any]], dropped: Mapping[str, int]) -> None:
    """Write calls down, and for each hospital how many were not."""
    if rows:
        access.connection.execute(sa.insert(kept), rows)
    day = datetime.now(UTC).date()
    for code, count in sorted(dropped.items()):
        where = (tally.c.kode_rs == code, tally.c.day == day, tally.c.what == DROPPED)
        more = sa.update(tally).where(*where).values(count=tally.c.count + count)
        if access.connection.execute(more).rowcount == 0:
            access.connection.execute(sa.insert(tally).values(kode_rs=code, day=day, what=DROPPED, count=count))


def crowded(access: Access, codes: Sequence[str]) -> list[str]:
    """Those of the hospitals that have more calls than are kept."""
    query = sa.select(kept.c.kode_rs).where(kept.c.kode_rs.in_(codes)).group_by(kept.c.kode_rs)
    return list(access.connection.execute(query.having(sa.func.count() > MOST)).scalars())


def outdated(access: Access, now: datetime) -> list[str]:
    """The hospitals that have calls older than are kept."""
    query = sa.select(kept.c.kode_rs).where(kept.c.at < now - LIVES).distinct()
    return list(access.connection.execute(query).scalars())


def trim(access: Access, codes: Sequence[str], now: datetime) -> int:
    """Forget, of these hospitals, what is more or older than is kept; how many calls."""
    gone = 0
    for code in codes:
        more = sa.select(kept.c.request_id).where(kept.c.kode_rs == code).order_by(kept.c.at.desc(), kept.c.request_id)
        unwanted = sa.or_(kept.c.at < now - LIVES, kept.c.request_id.in_(more.offset(MOST)))
        gone += access.connection.execute(sa.delete(kept).where(kept.c.kode_rs == code, unwanted)).rowcount
    return gone


def page(
    access: Access, code: str, *, refused: bool = False, report: str | None = None, count: int = MOST
) -> list[Call]:
    """The newest calls of a hospital; those that were refused, or of one report, where that is asked for."""
    query = sa.select(*_SHORT).where(kept.c.kode_rs == code).order_by(kept.c.at.desc(), kept.c.request_id)
    if refused:
        query = query.where(kept.c.status >= 400)
    if report:
        query = query.where(kept.c.report == report)
    return [Call(*row) for row in access.connection.execute(query.limit(min(count, MOST)))]


def reports(access: Access, code: str) -> list[str]:
    """The reports that a hospital's calls were about."""
    query = sa.select(kept.c.report).where(kept.c.kode_rs == code).distinct().order_by(kept.c.report)
    return list(access.connection.execute(query).scalars())


def find(access: Access, code: str, request_id: str) -> Whole | None:
    """One call of a hospital with what was said."""
    query = sa.select(kept).where(kept.c.kode_rs == code, kept.c.request_id == request_id)
    row = access.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    said = [
        None
        if row[name] is None
        else msgspec.json.decode(access.vault.open(row[name], _place(name, code, request_id)), type=Body)
        for name in ("body", "answer")
    ]
    return Whole(Call(*[row[name] for name in Call._fields]), said[0], said[1])


def clocks(access: Access, code: str, count: int = 200) -> list[str]:
    """The clock of each of the newest calls that have one, newest first."""
    query = (
        sa.select(kept.c.clock)
        .where(kept.c.kode_rs == code, kept.c.clock.is_not(None))
        .order_by(kept.c.at.desc())
        .limit(count)
    )
    return list(access.connection.execute(query).scalars())


def _place(column: str, code: str, request_id: str) -> str:
    return place("api_call", column, code, [request_id])
