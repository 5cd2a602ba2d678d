"""The job that removes records at the end of their time (SR-51): named, noted, and the only one that removes any.

A record goes when nobody wrote to it for as many days as its table's rule says, after everything that belongs to it.
Its journal lines stay, and one more says that it went. What lines hold of persons is sealed; it ends with its key.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rsonline.reports import EVERY_REPORT
from rsonline.reports.report import Numbered, Report, Steps, members
from rsonline.store import audit, journal, rotation
from rsonline.store.access import Access
from rsonline.store.database import Database
from rsonline.store.engines import connected, transaction
from rsonline.store.journal import Head
from rsonline.store.keeping import JOURNAL, parent_of, parts_of
from rsonline.store.schema import data_key, journal_head, kept_as, table_of
from rsonline.store.schema import journal as journal_table
from rsonline.store.seal import TAKEN_UP

VERB: Final = "retention"
AT_ONCE: Final = 200
"""Records of one hospital in one transaction: the service waits no longer than for these."""
Tell = Callable[[str, int], None]


class Due(NamedTuple):
    """What a rule would remove now: of a table so many records, or for the journal so many keys."""

    table: str
    days: int
    going: int
    held: int = 0
    """Records that are old enough and stay, since something that belongs to them is younger."""


def due(database: Database, rules: Mapping[str, int], now: datetime) -> list[Due]:
    """What would be removed, without removing it."""
    found = []
    with connected(database) as connection:
        for report, days in _in_order(rules):
            old, free = _old(report, now - timedelta(days=days)), _free(report, rules, now)
            table = table_of(report)
            count = sa.select(sa.func.count()).select_from(table)
            all_ = connection.execute(count.where(old)).scalar_one()
            going = all_ if free is None else connection.execute(count.where(old, free)).scalar_one()
            found.append(Due(report.name, days, going, all_ - going))
        if JOURNAL in rules:
            keys = _ended_keys(connection, now - timedelta(days=rules[JOURNAL]))
            found.append(Due(JOURNAL, rules[JOURNAL], len(keys)))
    return found


def run(
    database: Database, rules: Mapping[str, int], now: datetime, tell: Tell = lambda table, count: None
) -> list[Due]:
    """Remove what is due; how much. Killed anywhere it can be begun again. Raises KeysError.

    The parts go first, so that records they belong to are free in the same run.
    """
    name = now.isoformat(timespec="seconds")
    with transaction(database) as access:
        audit.note_change(access, VERB, [name], "begin", dict(rules))
    done = []
    for report, days in _in_order(rules):
        count = 0
        while some := _some(database, report, now - timedelta(days=days), {"days": days, "run": name}):
            count += some
            tell(report.name, count)
        done.append(Due(report.name, days, count))
    if JOURNAL in rules:
        done.append(Due(JOURNAL, rules[JOURNAL], _destroy_keys(database, now - timedelta(days=rules[JOURNAL]), name)))
    with transaction(database) as access:
        audit.note_change(access, VERB, [name], "end", {each.table: each.going for each in done})
    return done


def _in_order(rules: Mapping[str, int]) -> Iterator[tuple[Report[Any], int]]:
    """The reports with a rule, parts before what they belong to."""
    for report in sorted(EVERY_REPORT, key=lambda report: bool(parts_of(report))):
        if report.name in rules:
            yield report, rules[report.name]


def _old(report: Report[Any], before: datetime) -> sa.ColumnElement[bool]:
    return table_of(report).c.updated_at < before


def _free(
    report: Report[Any], rules: Mapping[str, int] | None = None, now: datetime | None = None
) -> sa.ColumnElement[bool] | None:
    """That nothing belongs to a record any more; None where nothing can.

    With rules and a time: that nothing will, once the rules' parts are gone that are due by then.
    """
    table = table_of(report)
    conditions = []
    for part in parts_of(report):
        other, column = table_of(part), _link(part)
        belongs = [other.c.kode_rs == table.c.kode_rs, other.c[column] == table.c[column]]
        if rules is not None and now is not None:
            belongs.append(other.c.updated_at >= now - timedelta(days=rules[part.name]))
        conditions.append(~sa.exists().where(*belongs))
    return sa.and_(*conditions) if conditions else None


def _link(part: Report[Any]) -> str:
    """The column by which a record says what it belongs to; it is called the same on both sides."""
    identity = part.identity
    name = identity.parent if isinstance(identity, Steps | Numbered) else None
    return next(kept_as(part, m) for m in members(part.record) if m.name == name)


def _some(database: Database, report: Report[Any], before: datetime, said: dict[str, object]) -> int:
    """Remove some records of one hospital, with their lines, in one transaction; how many."""
    table = table_of(report)
    key = list(table.primary_key)
    conditions = [_old(report, before)]
    free = _free(report)
    if free is not None:
        conditions.append(free)
    with connected(database) as connection:
        code = connection.execute(
            sa.select(table.c.kode_rs).where(*conditions).order_by(table.c.kode_rs).limit(1)
        ).scalar_one_or_none()
    if code is None:
        return 0
    with transaction(database) as access:
        connection = access.connection
        # The head first, as the service does: whoever holds it is alone with this hospital's records.
        head = _locked(access, code)
        query = sa.select(table).where(table.c.kode_rs == code, *conditions).order_by(*key).limit(AT_ONCE)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return 0
        origin = audit.operator()._replace(hospital=code)
        now = datetime.now(UTC)
        lines = []
        for row in rows:
            text = journal.key_text(report, row)
            about = said | {"last_written": row["updated_at"].isoformat(timespec="seconds")}
            persons = _persons(access, report, row)
            for first in range(0, max(1, len(persons)), 2):
                values, head = journal.line(
                    access.vault,
                    origin,
                    head,
                    now,
                    report.name,
                    text,
                    VERB,
                    persons[first : first + 2],
                    None,
                    journal.as_text(about),
                )
                lines.append({**dict(zip(journal.COLUMNS, values, strict=True)), "at": now})
        connection.execute(
            sa.delete(table).where(sa.and_(*[c == sa.bindparam(f"k_{c.name}", type_=c.type) for c in key])),
            [{f"k_{c.name}": row[c.name] for c in key} for row in rows],
        )
        connection.execute(sa.insert(journal_table), lines)
        connection.execute(
            sa.update(journal_head).where(journal_head.c.kode_rs == code).values(seq=head.seq, hash=head.hash)
        )
        return len(rows)


def _locked(access: Access, code: str) -> Head:
    found = access.connection.execute(
        sa.select(journal_head.c.seq, journal_head.c.hash).where(journal_head.c.kode_rs == code).with_for_update()
    ).one()
    return Head(found.seq, bytes(found.hash))


def _persons(access: Access, report: Report[Any], row: dict[str, Any]) -> list[str]:
    """The indexes of those whom a record is about, or whom the record is about that it belongs to."""
    parent = parent_of(report)
    text = row.get("persons")
    if not text and parent is not None and "persons" in table_of(parent).c:
        whole, column = table_of(parent), _link(report)
        text = access.connection.execute(
            sa.select(whole.c.persons).where(whole.c.kode_rs == row["kode_rs"], whole.c[column] == row[column]).limit(1)
        ).scalar_one_or_none()
    return list(dict.fromkeys((text or "").split()))


# ---- what lines hold


def _ended_keys(connection: sa.Connection, before: datetime) -> list[int]:
    """The keys that nothing but journal lines from before are sealed by."""
    query = sa.select(data_key.c.number, data_key.c.created_at).where(data_key.c.purpose == "seal")
    keys = connection.execute(query.order_by(data_key.c.number)).all()
    ended = [
        one.number
        for one, after in pairwise(keys)
        # Other processes went on with the older key until they had taken up the newer one.
        if after.created_at + timedelta(seconds=TAKEN_UP) < before
    ]
    return [number for number in ended if not rotation.seals(connection, number)]


def _destroy_keys(database: Database, before: datetime, name: str) -> int:
    """Destroy them: what they sealed cannot be opened any more, by anybody; how many."""
    with transaction(database) as access:
        numbers = _ended_keys(access.connection, before)
        for number in numbers:
            access.connection.execute(sa.delete(data_key).where(data_key.c.number == number))
            audit.note_change(access, "data_key", [number], "destroy", {"run": name})
    return len(numbers)


__all__ = ["AT_ONCE", "VERB", "Due", "due", "run"]
