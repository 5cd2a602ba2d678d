"""The store that keeps nothing: the same service with everything but the database."""

from datetime import UTC, datetime
from typing import Any

from bench.stock import FIRST_CODE, booking, change, room
from rsonline.reports import ANTRIAN, TEMPAT_TIDUR
from rsonline.reports.report import Numbered, Report, Row
from rsonline.store.change import Change, Decision, Lookup, Outcome
from rsonline.store.rows import statements
from rsonline.store.sqlite import SqliteStore


class NothingStore(SqliteStore):
    """Lets every change decide beside rows that were prepared once, writes nothing, answers at once.

    Credentials are read from the database as always; that happens once in ten minutes for a hospital.
    """

    _prepared: dict[str, Row] | None = None

    async def submit(self, change: Change) -> Outcome:
        """What the change decides beside the prepared rows. A booking and a room exist, a task time does not."""
        if self._prepared is None:
            self._prepared = {ANTRIAN.name: _row(ANTRIAN, booking(1)), TEMPAT_TIDUR.name: _row(TEMPAT_TIDUR, room(1))}
        found: list[list[Row]] = []
        for each in change.lookups:
            wanted = each if isinstance(each, Lookup) else each(found)
            row = None if wanted is None else self._prepared.get(wanted.report.name)
            found.append([] if row is None else [dict(row)])
        decision: Decision = change.decide(found, datetime.now(UTC))
        return decision.outcome


def _row(report: Report[Any], sent: dict[str, object]) -> Row:
    """A stored row of a message, as the writer would have written it."""
    now = datetime.now(UTC)
    made = change(0, report, "POST", sent)
    values = made.decide([[] for _ in made.lookups], now).writes[0].values
    if isinstance(report.identity, Numbered):
        values[report.identity.number] = 1
    system = {"version": 1, "received_at": now, "updated_at": now, "deleted_at": None, "warnings": None}
    columns: Row = dict.fromkeys(statements(report).columns)
    return {**columns, **values, "kode_rs": str(FIRST_CODE), "recognised": "", **system}
