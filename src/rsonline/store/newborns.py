"""What people did for newborns, and which records they said are of one: beyond the guide's reports."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.schema import shk_action, shk_merge

KINDS = ("recalled", "treated", "arrived", "lost", "closed")
"""What may be recorded: the family was reached, treatment began, the laboratory has the sample, the child cannot be
found, or is followed elsewhere."""


def actions(access: Access, code: str, id_shk: int) -> list[Any]:
    """What was recorded about one sample's child, the newest last: kind, day, at, account."""
    query = sa.select(shk_action).where(shk_action.c.kode_rs == code, shk_action.c.id_shk == id_shk)
    return list(access.connection.execute(query.order_by(shk_action.c.number)))


def record(access: Access, by: Origin, id_shk: int, kind: str, day: date) -> None:
    """Record what was done, with a line in the journal. Raises ValueError for a kind that there is not.

    The line comes first: its lock keeps the numbers of two writers apart.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    said: dict[str, object] = {"kind": kind, "day": day.isoformat()}
    journal.append(access, by, "shk_action", [id_shk], "add", said)
    last = sa.select(sa.func.coalesce(sa.func.max(shk_action.c.number), 0)).where(shk_action.c.kode_rs == by.hospital)
    access.connection.execute(
        sa.insert(shk_action).values(
            kode_rs=by.hospital,
            number=access.connection.execute(last).scalar_one() + 1,
            id_shk=id_shk,
            kind=kind,
            day=day,
            at=datetime.now(UTC),
            account=by.account,
        )
    )


def decide(access: Access, by: Origin, one: int, other: int, *, same: bool) -> None:
    """Say whether two records are of one newborn; what was said last counts. Raises ValueError for one record."""
    first, second = sorted((one, other))
    if first == second:
        raise ValueError("one record")
    journal.append(access, by, "shk_merge", [first, second], "decide", {"same": same})
    here = (shk_merge.c.kode_rs == by.hospital, shk_merge.c.first == first, shk_merge.c.second == second)
    access.connection.execute(sa.delete(shk_merge).where(*here))
    access.connection.execute(
        sa.insert(shk_merge).values(
            kode_rs=by.hospital, first=first, second=second, same=same, at=datetime.now(UTC), account=by.account
        )
    )


def decisions(access: Access, code: str) -> list[Any]:
    """What was said of pairs of records: first, second, same, at."""
    return list(access.connection.execute(sa.select(shk_merge).where(shk_merge.c.kode_rs == code)))
