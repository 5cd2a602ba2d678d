"""Rounds of bed messages, and what is known of a hospital after the last one: counted from the journal of the last
days, whose lines need not be opened for it."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_KEPT = 8 * 86_400_000
_ROUND = 5 * 60_000

_head = sa.table(
    "journal_head",
    *[
        sa.column(name)
        for name in ("kode_rs", "beds_round", "beds_last", "beds_changed", "beds_confirmed", "beds_person")
    ],
)
_round = sa.table("bed_round", *[sa.column(name) for name in ("kode_rs", "at", "changed", "confirmed", "person")])
# A message that changed something has a row in the history of its room, of the same moment.
_MESSAGES = sa.text(
    "SELECT j.at, j.verb, j.source, EXISTS ("
    "SELECT 1 FROM bed_history b WHERE b.kode_rs = j.kode_rs AND b.at = j.at AND j.key = '[' || b.id_t_tt || ']'"
    ") AS changed FROM journal j WHERE j.object = 'tempat_tidur' AND j.verb NOT IN ('view', 'refused')"
    " AND j.kode_rs = :code AND j.at >= :since ORDER BY j.seq"
)
_LONG_AGO = (
    "UPDATE journal_head SET beds_last = (SELECT max(updated_at) FROM tempat_tidur t"
    " WHERE t.kode_rs = journal_head.kode_rs),"
    " beds_changed = (SELECT max(at) FROM bed_history b WHERE b.kode_rs = journal_head.kode_rs)"
)


def upgrade() -> None:
    """Make the table and the columns, and fill them."""
    for column in ("beds_round", "beds_last", "beds_changed", "beds_confirmed", "beds_person"):
        op.add_column("journal_head", sa.Column(column, sa.BigInteger()))
    op.create_table(
        "bed_round",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("person", sa.Boolean(), nullable=False),
    )
    op.execute(_LONG_AGO)
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Hospital by hospital: each one's messages in the order of its journal."""
    since = int(datetime.now(UTC).timestamp() * 1000) - _KEPT
    codes = connection.execute(sa.select(_head.c.kode_rs).where(_head.c.beds_last >= since)).scalars().all()
    for code in codes:
        known: dict[str, int] = {}
        rounds: dict[int, dict[str, Any]] = {}
        for message in connection.execute(_MESSAGES, {"code": code, "since": since}):
            at = max(message.at, known.get("beds_last", 0))
            if "beds_round" not in known or at - known["beds_round"] > _ROUND:
                known["beds_round"] = at
            known["beds_last"] = at
            own = {"kode_rs": code, "at": known["beds_round"], "changed": False, "confirmed": False, "person": False}
            own = rounds.setdefault(known["beds_round"], own)
            person = message.source == "web"
            said = {
                "changed": bool(message.changed),
                "confirmed": person and message.verb == "confirm",
                "person": person,
            }
            for name, so in said.items():
                if so:
                    own[name], known[f"beds_{name}"] = True, at
        if rounds:
            connection.execute(_round.insert(), list(rounds.values()))
            connection.execute(sa.update(_head).where(_head.c.kode_rs == code).values(known))
