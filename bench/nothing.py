"""The store that keeps nothing: the same service with everything but the database."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from bench.stock import FIRST_CODE, booking, change, room
from rsonline.reports import ANTRIAN, TEMPAT_TIDUR
from rsonline.reports.report import Numbered, Report, Row
from rsonline.store.change import Change, Decision, Lookup, Outcome
from rsonline.store.engines import Store
from rsonline.store.rows import shape_of


def without_database(store: Store) -> Store:
    """The store, but every change decides beside rows that were prepared once, nothing is written, at once answered.

    A booking and a room exist, a task time does not. Credentials are read from the database as always; that happens
    once in ten minutes for a hospital.
    """
    prepared = {ANTRIAN.name: _row(ANTRIAN, booking(1)), TEMPAT_TIDUR.name: _row(TEMPAT_TIDUR, room(1))}

    async def submit(change: Change) -> Outcome:
        found: list[list[Row]] = []
        for each in change.lookups:
            wanted = each if isinstance(each, Lookup) else each(found)
            row = None if wanted is None else prepared.get(wanted.report.name)
            found.append([] if row is None else [dict(row)])
        now = datetime.now(UTC)
        decision: Decision = change.decide(found, now)
        return msgspec.structs.replace(decision.outcome, at=now)

    vars(store)["submit"] = submit
    return store


def _row(report: Report[Any], sent: dict[str, object]) -> Row:
    """A stored row of a message, as the writer would have written it."""
    now = datetime.now(UTC)
    made = change(0, report, "POST", sent)
    values = made.decide([[] for _ in made.lookups], now).writes[0].values
    if isinstance(report.identity, Numbered):
        values[report.identity.number] = 1
    system = {"version": 1, "received_at": now, "updated_at": now, "deleted_at": None, "warnings": None}
    columns: Row = dict.fromkeys(shape_of(report).columns)
    return {**columns, **values, "kode_rs": str(FIRST_CODE), "recognised": "", **system}
