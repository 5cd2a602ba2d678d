"""The statements of a batch on PostgreSQL: each takes one array for each column, however many rows there are."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from rsonline.reports.report import Report
from rsonline.store.bed_rounds import COLUMNS
from rsonline.store.columns import Instant
from rsonline.store.schema import idempotency, journal, kept_key, parent_of_steps, table_of

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _type(column: sa.Column[Any]) -> str:
    kind = sa.BigInteger() if isinstance(column.type, Instant) else column.type
    return str(kind.compile(dialect=_DIALECT))


def _arrays(columns: list[sa.Column[Any]]) -> str:
    return ", ".join(f"${number}::{_type(column)}[]" for number, column in enumerate(columns, 1))


@cache
def heads() -> str:
    """State and journal head of the hospitals in $1, their heads locked until the commit, in one order."""
    beds = ", ".join(f"j.{name}" for name in COLUMNS)
    return (
        f"SELECT h.kode_rs, h.version, h.aktif, j.seq, j.hash, {beds}"  # noqa: S608 (fixed text)
        " FROM journal_head j JOIN hospital h USING (kode_rs)"
        " WHERE j.kode_rs = ANY($1::text[]) ORDER BY j.kode_rs FOR UPDATE OF j"
    )


@cache
def find(report: Report[Any], columns: tuple[str, ...], deleted: bool) -> str:
    """The place in the arrays (1, 2, …) and all columns of the rows that have these values there."""
    table = table_of(report)
    wanted = [table.c.kode_rs, *(table.c[name] for name in columns)]
    names = ", ".join(f"w{number}" for number in range(len(wanted)))
    same = " AND ".join(f't."{column.name}" = w.w{number}' for number, column in enumerate(wanted))
    alive = "" if deleted else " AND t.deleted_at IS NULL"
    parent = parent_of_steps(report)
    since = ""
    if parent is not None and columns[:1] == kept_key(report)[:1]:
        # The record that marks belong to, so that only the months since its receipt are looked through.
        its = f'p.kode_rs = w.w0 AND p."{columns[0]}" = w.w1'
        since, alive = _each("p", "p.received_at", parent, its), f"{alive} AND t.received_at >= p.received_at"
    every = ", ".join(f't."{column.name}"' for column in table.columns)
    # All names are those of our own declarations; what somebody sent comes as a parameter.
    asked = f"SELECT w.place, {every} FROM unnest({_arrays(wanted)}) WITH ORDINALITY AS w({names}, place)"  # noqa: S608
    return asked + since + _each("t", every, table, same + alive)


def _each(alias: str, columns: str, table: sa.Table, where: str) -> str:
    """A join that looks into the table once for each row before it.

    OFFSET keeps it so: a plan that was made while a table was empty otherwise reads the whole of it for each batch,
    for as long as nobody has counted its rows again.
    """
    # Names of our own declarations again.
    return f' CROSS JOIN LATERAL (SELECT {columns} FROM "{table.name}" {alias} WHERE {where} OFFSET 0) {alias}'  # noqa: S608


@cache
def write(table: sa.Table) -> str:
    """Insert many rows; a row of the same key is replaced, counts are added, and the journal only grows."""
    columns = list(table.columns)
    key = [c.name for c in table.primary_key]
    rest = [c.name for c in columns if c.name not in key]
    names = ", ".join(f'"{c.name}"' for c in columns)
    insert = f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({_arrays(columns)})'  # noqa: S608
    if table is journal:
        return insert
    sums = {"count"} if table.name == "tally" else set()
    changed = ", ".join(
        f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' if name in sums else f'"{name}" = excluded."{name}"'
        for name in rest
    )
    conflict = ", ".join(f'"{name}"' for name in key)
    return f"{insert} ON CONFLICT ({conflict}) DO UPDATE SET {changed}"


@cache
def answered() -> str:
    """What is kept of the requests with these hospitals, routes and keys."""
    columns = "i.kode_rs, i.route, i.key, i.digest, i.at, i.answer"
    same = "i.kode_rs = w.a AND i.route = w.b AND i.key = w.c"
    asked = f"SELECT {columns} FROM unnest($1::text[], $2::text[], $3::text[]) AS w(a, b, c)"  # noqa: S608 (fixed text)
    return asked + _each("i", columns, idempotency, same)


@cache
def numbers() -> str:
    """The next $2 numbers of the sequence that $1 names."""
    return "SELECT nextval($1::text::regclass) FROM generate_series(1, $2)"


@cache
def move_heads() -> str:
    """The new ends of the journals of the hospitals in $1, and what is known of their beds."""
    changed = ", ".join(f"{name} = u.{name}" for name in ("seq", "hash", *COLUMNS))
    beds = ", ".join(f"${number}::bigint[]" for number in range(4, 4 + len(COLUMNS)))
    return (
        f"UPDATE journal_head h SET {changed} FROM unnest($1::text[], $2::bigint[], $3::bytea[], {beds})"  # noqa: S608
        f" AS u(kode_rs, seq, hash, {', '.join(COLUMNS)}) WHERE h.kode_rs = u.kode_rs"
    )


@cache
def drop_rounds() -> str:
    """Drop the rounds of the hospitals in $1 that are older than the moments in $2."""
    return (
        "DELETE FROM bed_round b USING unnest($1::text[], $2::bigint[]) AS u(kode_rs, oldest)"
        " WHERE b.kode_rs = u.kode_rs AND b.at < u.oldest"
    )
