"""Questions to the journal: is it whole, who saw or changed a person, what did an account do.

Everything is read in the order of the chain or of time, a part at a time: a journal does not fit into memory.
"""

import getpass
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.store import journal as chain
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.columns import to_millis
from rsonline.store.journal import COLUMNS, START, Head
from rsonline.store.schema import journal, journal_head
from rsonline.store.seal import Unreadable, Vault, place

OPERATOR = "-"
"""In whose chain the operator's own looks into the journal stand: no hospital has this code."""
LOGINS = (chain.LOGIN, chain.LOGIN_FAILED, "logout", "second_factor_given", "second_factor_failed", "proved_again")
"""Coming in and going out, as lines call it."""
_AT_ONCE = 5000
_BYTES = ("old", "new", "hash")
Row = dict[str, Any]


class Fault(NamedTuple):
    """Something that cannot be in a journal that only grew."""

    hospital: str
    seq: int
    what: str


class Verified(NamedTuple):
    """What was checked, and what is wrong with it."""

    hospitals: int
    lines: int
    faults: list[Fault]


def heads(connection: sa.Connection, code: str | None = None) -> dict[str, Head]:
    """The end of each hospital's chain, or of one hospital's; to be kept off the machine each day (SR-48)."""
    query = sa.select(journal_head).order_by(journal_head.c.kode_rs)
    if code is not None:
        query = query.where(journal_head.c.kode_rs == code)
    return {row.kode_rs: Head(row.seq, bytes(row.hash)) for row in connection.execute(query)}


def verify(
    connection: sa.Connection, *, code: str | None = None, known: Mapping[str, Head] | None = None, most: int = 100
) -> Verified:
    """Walk every chain from its first line to its head; at most `most` faults are told.

    `known` are heads that were kept elsewhere: each must still be a line of its chain, so that not even the end of a
    journal can be cut off together with its head.
    """
    faults: list[Fault] = []
    ends = heads(connection, code)
    wanted = {hospital: end for hospital, end in (known or {}).items() if code in (None, hospital)}
    at: dict[str, Head] = {}
    count = 0
    for row in _stream(connection, code):
        count += 1
        hospital, seq = row["kode_rs"], row["seq"]
        before = at.get(hospital, START)
        if seq != before.seq + 1:
            faults.append(Fault(hospital, seq, f"stands behind line {before.seq}"))
        said = [row[name] for name in COLUMNS[:-1]]
        if any(isinstance(row[name], str) for name in _BYTES):
            # A hash is taken of JSON, in which bytes are Base64: text that spells them must not pass for them.
            faults.append(Fault(hospital, seq, "its contents are kept as text"))
        if chain.link(before.hash, said) != row["hash"]:
            faults.append(Fault(hospital, seq, "its hash does not follow from it and the line before it"))
        at[hospital] = Head(seq, row["hash"])
        kept = wanted.get(hospital)
        if kept is not None and kept.seq == seq:
            if kept.hash != row["hash"]:
                faults.append(Fault(hospital, seq, "is not the line that was kept elsewhere"))
            del wanted[hospital]
        if len(faults) >= most:
            return Verified(len(at), count, faults)
    for hospital, end in ends.items():
        if at.get(hospital, START) != end:
            faults.append(Fault(hospital, end.seq, "the chain does not end at its head"))
    faults += [Fault(hospital, last.seq, "has no head") for hospital, last in at.items() if hospital not in ends]
    faults += [
        Fault(hospital, end.seq, "the line that was kept elsewhere is not there") for hospital, end in wanted.items()
    ]
    return Verified(len(ends), count, faults[:most])


def _stream(connection: sa.Connection, code: str | None) -> Iterator[Row]:
    """Every line in the order of the chains, with plain values as the hash was taken of them."""
    plain = [sa.type_coerce(c, sa.BigInteger) if c.name == "at" else c for c in journal.columns]
    # The whole key: two lines that claim one number must both be seen, also where a part ends between them.
    order = [plain[COLUMNS.index(name)] for name in ("kode_rs", "seq", "at")]
    last: tuple[Any, ...] | None = None
    while True:
        query = sa.select(*plain).order_by(*order).limit(_AT_ONCE)
        if code is not None:
            query = query.where(journal.c.kode_rs == code)
        if last is not None:
            query = query.where(sa.tuple_(*order) > sa.tuple_(*last))
        rows = connection.execute(query).all()
        for row in rows:
            yield dict(zip(COLUMNS, row, strict=True))
        if len(rows) < _AT_ONCE:
            return
        last = tuple(rows[-1][COLUMNS.index(name)] for name in ("kode_rs", "seq", "at"))


def lines(
    access: Access,
    *,
    code: str | None = None,
    nik: str | None = None,
    account: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    logins: bool | None = None,
) -> Iterator[Row]:
    """The lines that fit all that is asked for, by time, their contents opened. A NIK is asked for by its index.

    An account without a stroke (`9100001`, `cli`, `user`) stands for all behind it too (`9100001/1`, `9100001/?`).

    A content that does not open is told as such: a search must not end at a damaged line.
    """
    connection, vault = access
    query = sa.select(journal).order_by(journal.c.at, journal.c.kode_rs, journal.c.seq)
    if code is not None:
        query = query.where(journal.c.kode_rs == code)
    if nik is not None:
        person = vault.person(nik)
        if person is None:
            # A placeholder is nobody's number; as a condition it would stand for every line without a person.
            return
        query = query.where(sa.or_(journal.c.person1 == person, journal.c.person2 == person))
    if account is not None:
        # `0` is what follows the stroke: a range, so that the index serves it.
        behind = sa.and_(journal.c.account >= f"{account}/", journal.c.account < f"{account}0")
        whole = journal.c.account == account
        query = query.where(whole if "/" in account else sa.or_(whole, behind))
    if logins:
        query = query.where(journal.c.verb.in_(LOGINS))
    if since is not None:
        query = query.where(journal.c.at >= since)
    if until is not None:
        query = query.where(journal.c.at < until)
    for found in connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings():
        row = dict(found)
        for name in ("old", "new"):
            row[name] = _opened(vault, row, name)
        yield row


def doors(access: Access, code: str, since: datetime, most: int = 20) -> list[Row]:
    """The newest lines about a hospital's passwords, accounts and switches: logins, refused ones, changes."""
    query = (
        sa.select(journal)
        .where(
            journal.c.kode_rs == code,
            journal.c.object.in_(("credential", "signing_key", "account", "hospital")),
            journal.c.at >= since,
        )
        .order_by(journal.c.seq.desc())
        .limit(most)
    )
    return [
        {**row, "new": _opened(access.vault, dict(row), "new")} for row in access.connection.execute(query).mappings()
    ]


def _opened(vault: Vault, row: Row, name: str) -> str | None:
    if row[name] is None:
        return None
    try:
        return vault.open(bytes(row[name]), place("journal", name, row["kode_rs"], [row["seq"]]))
    except Unreadable as error:
        return f"({error})"


def note(access: Access, origin: Origin, verb: str, said: dict[str, object], nik: str | None = None) -> None:
    """A line about a search or an export: who looks into the journal is in the journal."""
    person = access.vault.person(nik)
    chain.append(access, origin, "journal", [], verb, said, [person] if person else [])


def operator() -> Origin:
    """Whoever is at the command line, by the name that the machine knows them by."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A container may run as a number that has no name.
        name = str(os.getuid()) if hasattr(os, "getuid") else "?"
    return Origin(OPERATOR, 0, f"cli/{name}", source="cli")


def note_change(access: Access, name: str, key: list[object], verb: str, said: dict[str, object]) -> None:
    """A line about something that the operator changed beside the hospitals: a key, a right, a list."""
    chain.append(access, operator(), name, key, verb, said)


def note_settings(access: Access, where: str, settings: dict[str, object]) -> bool:
    """A line about the settings with which a service starts there, if they differ from those of its last start."""
    query = (
        sa.select(journal)
        .where(journal.c.kode_rs == OPERATOR, journal.c.object == "setting", journal.c.key == chain.as_key([where]))
        .order_by(journal.c.seq.desc())
        .limit(1)
    )
    last = access.connection.execute(query).mappings().one_or_none()
    before = None if last is None else _opened(access.vault, dict(last), "new")
    known = None if before is None or not before.startswith("{") else msgspec.json.decode(before)
    if known == settings:
        return False
    chain.append(access, operator(), "setting", [where], "change", settings, old=known)
    return True


def purge_answers(connection: sa.Connection, before: datetime) -> int:
    """Forget answers to an Idempotency-Key that are older; how many."""
    done = connection.execute(sa.text("DELETE FROM idempotency WHERE at < :before"), {"before": to_millis(before)})
    return int(done.rowcount)
