"""A new data key for everything that is sealed, while the service runs.

New values take the new key at once; older ones are sealed anew a few hundred at a time. Both keys open meanwhile, so
it may be killed anywhere and goes on where it was. The journal is left out: its lines never change, and the keys that
open them stay with the database.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.reports import EVERY_REPORT
from rsonline.store import audit, keys, seal
from rsonline.store.database import Database
from rsonline.store.engines import connected, engine_of, transaction, vault_of
from rsonline.store.rows import shape_of
from rsonline.store.schema import api_call, data_key, draft, idempotency, table_of
from rsonline.store.schema_login import signing_key, web_user
from rsonline.store.seal import FORM, TAKEN_UP, Vault, place

AT_ONCE = 500
_DEADLOCK = "40P01"


class Sealed(NamedTuple):
    """A table with sealed columns, and the columns that say where a row stands."""

    table: sa.Table
    columns: tuple[str, ...]
    place: tuple[str, ...]


def sealed_tables() -> Iterator[Sealed]:
    """Every table whose values can be sealed anew."""
    for report in EVERY_REPORT:
        shape = shape_of(report)
        if shape.sealed:
            yield Sealed(table_of(report), tuple(name for _, name, _ in shape.sealed), shape.key)
    yield Sealed(idempotency, ("answer",), ("route", "key"))
    yield Sealed(web_user, ("nama", "totp"), ("user_name",))
    yield Sealed(signing_key, ("secret",), ("number",))
    yield Sealed(draft, ("body",), ("user_name", "form"))
    yield Sealed(api_call, ("body", "answer"), ("request_id",))


Tell = Callable[[str, int], None]


def rotate(
    database: Database, *, tell: Tell = lambda table, count: None, taken_up: float = TAKEN_UP
) -> tuple[int, int]:
    """Seal everything by a new key, or finish a rotation that was cut off; the key's number and how many rows changed.

    `tell` hears of each table how many rows were done so far. Ends when the key is at least `taken_up` seconds old:
    what the service still sealed by the old one is sealed anew then. Raises KeysError.
    """
    masters = keys.read(database.keys)
    newest = vault_of(database).newest
    with _looking(database) as connection:
        unfinished = _unfinished(connection, newest, taken_up)
    if not unfinished:
        _add(database, masters, "seal")
    with transaction(database) as access:
        # A transaction opens its vault anew: this one knows the new key.
        vault = access.vault
        age = _age(access.connection)
    begun = time.monotonic()
    done = _everything(database, vault, tell)
    time.sleep(max(0.0, taken_up - age - (time.monotonic() - begun)))
    return vault.newest, done + _everything(database, vault, tell)


def _everything(database: Database, vault: Vault, tell: Tell) -> int:
    """Once through all tables; how many rows were sealed anew."""
    done = 0
    for sealed in sealed_tables():
        while count := _pass(database, vault, sealed, tell):
            # What another process sealed by the old key while this pass went by is found by the next one.
            done += count
    return done


def _age(connection: sa.Connection) -> float:
    """How many seconds ago the key that seals was made."""
    newest = sa.select(data_key.c.created_at).where(data_key.c.purpose == "seal").order_by(data_key.c.number.desc())
    made: datetime = connection.execute(newest.limit(1)).scalar_one()
    return (datetime.now(UTC) - made).total_seconds()


def _unfinished(connection: sa.Connection, newest: int, taken_up: float) -> bool:
    """Whether a rotation was begun and not finished: it waits for a young key, or left something for the next call."""
    count = sa.select(sa.func.count()).where(data_key.c.purpose == "seal")
    if connection.execute(count).scalar_one() > 1 and _age(connection) < taken_up:
        return True
    return seals(connection, newest - 1)


def _old(sealed: Sealed, newest: int) -> sa.ColumnElement[bool]:
    """Whether a row has a value that an older key seals. Not a newer one: two rotations at once would never end."""
    head = FORM + newest.to_bytes(4, "big")
    return sa.or_(*[sa.func.substr(sealed.table.c[name], 1, len(head)) < head for name in sealed.columns])


def seals(connection: sa.Connection, number: int) -> bool:
    """Whether anything but journal lines is sealed by this key or an older one."""
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(s.table).where(_old(s, number + 1)).limit(1)).first()
        for s in sealed_tables()
    )


def _pass(database: Database, vault: Vault, sealed: Sealed, tell: Tell) -> int:
    """Once through a table; how many rows were sealed anew."""
    table = sealed.table
    key = list(table.primary_key)
    last: tuple[Any, ...] | None = None
    done = 0
    while True:
        query = sa.select(*key).where(_old(sealed, vault.newest)).order_by(*key).limit(AT_ONCE)
        if last is not None:
            bound = [sa.bindparam(None, value, c.type) for value, c in zip(last, key, strict=True)]
            query = query.where(sa.tuple_(*key) > sa.tuple_(*bound))
        with _looking(database) as connection:
            found = [tuple(row) for row in connection.execute(query)]
        if not found:
            return done
        last = found[-1]
        done += _some(database, vault, sealed, found)
        tell(table.name, done)


@contextmanager
def _looking(database: Database) -> Iterator[sa.Connection]:
    """A connection that only reads, for as long as it takes: the one writer of an embedded database must not wait."""
    if not database.embedded:
        with connected(database) as connection:
            yield connection
        return
    engine = engine_of(database)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _some(database: Database, vault: Vault, sealed: Sealed, found: Sequence[tuple[Any, ...]]) -> int:
    """Seal the rows with these keys anew, in one transaction; how many still had to be."""
    key = list(sealed.table.primary_key)
    # `kode_rs` may stand outside the key.
    wanted = {c.name: c for c in (*key, sealed.table.c.kode_rs, *[sealed.table.c[name] for name in sealed.columns])}
    query = (
        sa.select(*wanted.values())
        .where(sa.tuple_(*key).in_(found), _old(sealed, vault.newest))
        .order_by(*key)
        .with_for_update()
    )
    while True:
        try:
            with connected(database) as connection:
                rows = connection.execute(query).mappings().all()
                if rows:
                    _seal_anew(connection, vault, sealed, rows)
                return len(rows)
        except sa.exc.DBAPIError as error:
            # The service locks the rows of a batch in the order of its messages: on a server the two may cross.
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise


def _seal_anew(connection: sa.Connection, vault: Vault, sealed: Sealed, rows: Sequence[sa.RowMapping]) -> None:
    table = sealed.table
    key = list(table.primary_key)
    update = (
        sa.update(table)
        .where(*[c == sa.bindparam(f"k_{c.name}", type_=c.type) for c in key])
        .values({name: sa.bindparam(f"v_{name}") for name in sealed.columns})
    )
    changed = []
    for row in rows:
        values: dict[str, Any] = {f"k_{c.name}": row[c.name] for c in key}
        for name in sealed.columns:
            # A person may belong to no hospital, or change to another one: its values stand at its name alone.
            owner = "-" if table is web_user else row["kode_rs"]
            where = place(table.name, name, owner, [row[c] for c in sealed.place])
            values[f"v_{name}"] = None if row[name] is None else vault.seal(vault.open(row[name], where), where)
        changed.append(values)
    connection.execute(update, changed)


def rewrap(database: Database) -> int:
    """A new master key: put into the file, every data key wrapped by it, then the old one taken out; how many keys.

    Killed anywhere it can be begun again: the file has both keys until the database needs only the new one.
    """
    keys.add(database.keys)
    masters = keys.read(database.keys)
    with transaction(database) as access:
        count = seal.rewrap(access.connection, masters)
        audit.note_change(access, "data_key", [], "rewrap", {"master": masters.current, "keys": count})
    keys.keep_current(database.keys)
    return count


def rotate_tokens(database: Database) -> int:
    """A new secret for access tokens; its number. Tokens that were given out stay valid for their ten minutes."""
    return _add(database, keys.read(database.keys), "token")


def _add(database: Database, masters: keys.Masters, purpose: str) -> int:
    """One more key and its line in the journal."""
    with transaction(database) as access:
        number = seal.add(access.connection, masters, purpose)
        audit.note_change(access, "data_key", [number], "add", {"purpose": purpose})
    return number
