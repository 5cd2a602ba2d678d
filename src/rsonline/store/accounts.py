"""Accounts of the patient API: of a hospital, or of a consumer that only reads what it was given the right to.

Every change of a hospital's account raises the hospital's version too, so that its access tokens end with it (SR-03).
The functions take an open transaction and hashes, never passwords.
"""

import re
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, NamedTuple

import sqlalchemy as sa

from rsonline.store import hospitals, journal
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR, operator
from rsonline.store.change import Origin
from rsonline.store.schema_login import account, hospital

NAME = re.compile(r"[!-~]{3,100}")
RIGHTS = ("rumahsakit", "ketersediaantempattidur", "ketersediaannakes", "ketersediaanalkes", "ketersediaanpelayanan")
"""What a consumer may be allowed to read: the last part of the address."""


class AccountError(Exception):
    """An account cannot be added or changed as asked; the text says why."""


class Account(NamedTuple):
    """An account as stored. `hospital_version` is that of its hospital, None for a consumer's."""

    name: str
    code: str | None
    hash: str
    active: bool
    version: int
    addresses: tuple[str, ...]
    rights: tuple[str, ...]
    valid_until: datetime | None
    hospital_version: int | None

    @property
    def token_version(self) -> int:
        """The version that an access token carries: of the hospital, or of the consumer's account itself."""
        return self.version if self.hospital_version is None else self.hospital_version


def find(access: Access, name: str) -> Account | None:
    """One account, whether or not it may log in."""
    query = (
        sa.select(account, hospital.c.version.label("hospital_version"), hospital.c.aktif.label("hospital_active"))
        .join_from(account, hospital, account.c.kode_rs == hospital.c.kode_rs, isouter=True)
        .where(account.c.user_name == name)
    )
    row = access.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return Account(
        row["user_name"],
        row["kode_rs"],
        row["hash"],
        row["aktif"] and row["hospital_active"] is not False,
        row["version"],
        tuple(row["addresses"].split()),
        tuple(row["rights"].split()),
        row["valid_until"],
        row["hospital_version"],
    )


def every(access: Access, code: str | None = None) -> list[dict[str, Any]]:
    """All accounts by name, or those of one hospital, without their hashes."""
    columns = [c for c in account.columns if c.name != "hash"]
    query = sa.select(*columns).order_by(account.c.user_name)
    if code is not None:
        query = query.where(account.c.kode_rs == code)
    return [dict(row) for row in access.connection.execute(query).mappings()]


def add(
    access: Access,
    name: str,
    hash: str,
    *,
    code: str | None = None,
    addresses: tuple[str, ...] = (),
    rights: tuple[str, ...] = (),
    valid_until: datetime | None = None,
    by: Origin | None = None,
) -> None:
    """A new account: of the hospital `code`, or a consumer's. Raises AccountError, HospitalError.

    `by` is who does it, here and below; without it, the operator's command line.
    """
    if not NAME.fullmatch(name):
        raise AccountError(f"Nama akun {name!r} tidak sah: 3 sampai 100 huruf, angka atau tanda tanpa spasi.")
    if wrong := [right for right in rights if right not in RIGHTS]:
        raise AccountError(f"Hak {wrong[0]!r} tidak dikenal: {', '.join(RIGHTS)}.")
    for address in addresses:
        try:
            ip_network(address)
        except ValueError:
            raise AccountError(f"{address!r} bukan alamat atau jaringan IP.") from None
    if find(access, name) is not None:
        raise AccountError(f"Akun {name} sudah ada.")
    if code is not None:
        hospitals.raise_version(access, code)
    values = {
        "kode_rs": code,
        "aktif": True,
        "version": 1,
        "addresses": " ".join(addresses),
        "rights": " ".join(rights),
    }
    access.connection.execute(
        sa.insert(account).values(
            user_name=name, hash=hash, valid_until=valid_until, created_at=datetime.now(UTC), **values
        )
    )
    _write_line(access, by, code, name, "add", values)


def change(access: Access, name: str, *, by: Origin | None = None, **values: Any) -> None:
    """Change `hash`, `aktif`, `addresses`, `rights` or `valid_until`. Raises AccountError for an unknown account."""
    found = find(access, name)
    if found is None:
        raise AccountError(f"Akun {name} tidak ditemukan.")
    if found.code is not None:
        hospitals.raise_version(access, found.code)
    access.connection.execute(
        sa.update(account).where(account.c.user_name == name).values(version=account.c.version + 1, **values)
    )
    if "hash" in values:
        # Another password: what was seen of the one before says nothing of it.
        access.connection.execute(
            sa.update(account).where(account.c.user_name == name).values(exposed_at=None, exposed_from=None)
        )
    said = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items() if k != "hash"}
    _write_line(access, by, found.code, name, "change", said | ({"password": "new"} if "hash" in values else {}))


def rehash(access: Access, name: str, hash: str) -> None:
    """Replace the hash of a password by one with stronger parameters; what it opens stays the same."""
    access.connection.execute(sa.update(account).where(account.c.user_name == name).values(hash=hash))


def expose(access: Access, origin: Origin, name: str) -> bool:
    """Mark an account whose password was seen on a connection without TLS, once; whether it was not marked before."""
    marked = access.connection.execute(
        sa.update(account)
        .where(account.c.user_name == name, account.c.exposed_at.is_(None))
        .values(exposed_at=datetime.now(UTC), exposed_from=origin.address)
    )
    if marked.rowcount:
        journal.append(access, origin, "account", [name], "exposed", {})
    return bool(marked.rowcount)


def note_login(access: Access, origin: Origin, name: str) -> None:
    """A line about a login (SR-47)."""
    journal.append(access, origin, "account", [name], "login")


def _write_line(
    access: Access, by: Origin | None, code: str | None, name: str, verb: str, said: dict[str, Any]
) -> None:
    who = operator() if by is None else by
    journal.append(access, who._replace(hospital=code or OPERATOR), "account", [name], verb, said)
