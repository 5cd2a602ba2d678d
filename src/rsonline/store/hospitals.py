"""Hospitals and their API credentials.

Every change raises the hospital's version, so that no verified password outlives it.
The functions take an open transaction and hashes, never passwords.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from rsonline.reports import regions
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.audit import operator
from rsonline.store.change import Origin
from rsonline.store.schema import tally
from rsonline.store.schema_login import credential, hospital, known_source

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
CHANGE_OVER = timedelta(hours=72)
CODE = re.compile(r"[0-9A-Za-z]{1,16}")
ClockMode = Literal["lenient", "strict", "off"]


class HospitalError(Exception):
    """A hospital cannot be added or changed as asked; the text says why."""


class Credential(NamedTuple):
    """One password of a hospital, as stored."""

    number: int
    hash: str
    kind: str
    valid_until: datetime | None


class Hospital(NamedTuple):
    """A hospital and the credentials that are valid at the time of asking."""

    code: str
    name: str
    zone: str
    active: bool
    version: int
    create_on_put: bool
    always_200: bool
    clock_mode: ClockMode
    absent_clock_until: datetime | None
    credentials: tuple[Credential, ...]
    regency: str | None = None
    """Code of its regency; the first two digits are its province."""
    signed_only: bool = False
    """Whether its programs come in by a signature only (`signing`)."""

    @property
    def where(self) -> tuple[str, ...]:
        """The codes under which something is declared for it: the nation, its province, its regency, its own."""
        return ("", self.code) if self.regency is None else ("", self.regency[:2], self.regency, self.code)


def names(access: Access, codes: Collection[str]) -> dict[str, str]:
    """The names of some hospitals by code."""
    query = sa.select(hospital.c.kode_rs, hospital.c.nama).where(hospital.c.kode_rs.in_(sorted(codes)))
    return {row.kode_rs: row.nama for row in access.connection.execute(query)}


def find(access: Access, code: str, now: datetime) -> Hospital | None:
    """One hospital with its valid credentials."""
    row = access.connection.execute(sa.select(hospital).where(hospital.c.kode_rs == code)).mappings().one_or_none()
    if row is None:
        return None
    valid = access.connection.execute(
        sa.select(credential).where(
            credential.c.kode_rs == code,
            credential.c.revoked_at.is_(None),
            sa.or_(credential.c.valid_until.is_(None), credential.c.valid_until > now),
        )
    ).mappings()
    found = tuple(Credential(c["number"], c["hash"], c["kind"], c["valid_until"]) for c in valid)
    return of_row(row, "", found)


def of_row(row: sa.RowMapping, before: str, credentials: tuple[Credential, ...] = ()) -> Hospital:
    """A hospital from its row, whose columns are named with something `before` them."""
    return Hospital(
        row[f"{before}kode_rs"],
        row[f"{before}nama"],
        row[f"{before}zona"],
        row[f"{before}aktif"],
        row[f"{before}version"],
        row[f"{before}create_on_put"],
        row[f"{before}always_200"],
        row[f"{before}clock_mode"],
        row[f"{before}absent_clock_until"],
        credentials,
        row[f"{before}kab_kota"],
        row[f"{before}signed_only"],
    )


def every(access: Access) -> list[dict[str, Any]]:
    """All hospitals by code, each with how many passwords count, were brought along, and were seen without TLS."""
    now = datetime.now(UTC)
    valid = sa.and_(
        credential.c.kode_rs == hospital.c.kode_rs,
        credential.c.revoked_at.is_(None),
        sa.or_(credential.c.valid_until.is_(None), credential.c.valid_until > now),
    )
    query = sa.select(
        hospital,
        sa.select(sa.func.count()).where(valid).scalar_subquery().label("credentials"),
        sa.select(sa.func.count()).where(valid, credential.c.kind == "imported").scalar_subquery().label("imported"),
        sa.select(sa.func.count())
        .where(valid, credential.c.exposed_at.is_not(None))
        .scalar_subquery()
        .label("exposed"),
    ).order_by(hospital.c.kode_rs)
    return [dict(row) for row in access.connection.execute(query).mappings()]


def add(
    access: Access,
    code: str,
    name: str,
    zone: str,
    hash: str,
    *,
    kind: str = "generated",
    regency: str | None = None,
    by: Origin | None = None,
) -> None:
    """A new hospital with its first password. Raises HospitalError for a bad code or zone, or one that exists.

    Without `regency` its place is told by its code, as the ministry gives codes out. `by` is who does it, here and
    below; without it, the operator's command line.
    """
    if not CODE.fullmatch(code):
        raise HospitalError(f"Kode {code!r} tidak sah: 1 sampai 16 angka atau huruf.")
    if zone not in ZONES:
        raise HospitalError(f"Zona {zone!r} tidak dikenal: WIB, WITA atau WIT.")
    if not name.strip():
        raise HospitalError("Nama rumah sakit kosong.")
    now = datetime.now(UTC)
    if access.connection.execute(sa.select(hospital.c.kode_rs).where(hospital.c.kode_rs == code)).one_or_none():
        raise HospitalError(f"Rumah sakit {code} sudah ada.")
    values = {
        "kode_rs": code,
        "nama": name.strip(),
        "zona": zone,
        "kab_kota": regency or (code[:4] if regions.regency(code[:4]) else None),
        "aktif": True,
        "version": 1,
        "create_on_put": False,
        "always_200": False,
        "clock_mode": "lenient",
        "created_at": now,
    }
    access.connection.execute(sa.insert(hospital).values(values))
    _add_credential(access, code, hash, kind, now)
    _write_line(access, by, code, "hospital", [], "add", {k: v for k, v in values.items() if k != "created_at"})


def new_password(
    access: Access, code: str, hash: str, *, at_once: bool = False, kind: str = "generated", by: Origin | None = None
) -> int:
    """Give a hospital a new password; the others stay valid for 72 hours, or end now with `at_once`.

    Returns the number of the new credential. Raises HospitalError for an unknown hospital.
    """
    now = datetime.now(UTC)
    raise_version(access, code)
    valid = [credential.c.kode_rs == code, credential.c.revoked_at.is_(None)]
    if at_once:
        access.connection.execute(sa.update(credential).where(*valid).values(revoked_at=now))
    else:
        end = now + CHANGE_OVER
        # Two may be valid together, not three: what was already on its way out ends now (SR-09).
        access.connection.execute(
            sa.update(credential).where(*valid, credential.c.valid_until.is_not(None)).values(revoked_at=now)
        )
        access.connection.execute(
            sa.update(credential).where(*valid, credential.c.valid_until.is_(None)).values(valid_until=end)
        )
    number = _add_credential(access, code, hash, kind, now)
    _write_line(access, by, code, "credential", [number], "add", {"kind": kind, "at_once": at_once})
    return number


def add_twin(access: Access, code: str, hash: str) -> int:
    """Accept one more spelling of the newest password (its MD5, for a client that sends that)."""
    raise_version(access, code)
    number = _add_credential(access, code, hash, "md5", datetime.now(UTC))
    _write_line(access, None, code, "credential", [number], "add", {"kind": "md5"})
    return number


def revoke(access: Access, code: str, number: int, *, by: Origin | None = None) -> None:
    """End one credential now. Raises HospitalError where there is no such valid one."""
    raise_version(access, code)
    ended = access.connection.execute(
        sa.update(credential)
        .where(credential.c.kode_rs == code, credential.c.number == number, credential.c.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
    if ended.rowcount == 0:
        raise HospitalError(f"Rumah sakit {code} tidak punya kata sandi nomor {number}.")
    _write_line(access, by, code, "credential", [number], "revoke", {})


def set_state(access: Access, code: str, *, by: Origin | None = None, **values: Any) -> None:
    """Change switches: `aktif`, `create_on_put`, `always_200`, `clock_mode`, `absent_clock_until`, `signed_only`."""
    raise_version(access, code)
    access.connection.execute(sa.update(hospital).where(hospital.c.kode_rs == code).values(values))
    _write_line(
        access,
        by,
        code,
        "hospital",
        [],
        "change",
        {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()},
    )


def raise_version(access: Access, code: str) -> None:
    """Make every remembered verification of this hospital void. Raises HospitalError for an unknown hospital."""
    raised = access.connection.execute(
        sa.update(hospital).where(hospital.c.kode_rs == code).values(version=hospital.c.version + 1)
    )
    if raised.rowcount == 0:
        raise HospitalError(f"Rumah sakit {code} tidak ditemukan.")


def rehash(access: Access, code: str, number: int, hash: str) -> None:
    """Replace the hash of a password by one with stronger parameters; what it opens stays the same."""
    access.connection.execute(
        sa.update(credential).where(credential.c.kode_rs == code, credential.c.number == number).values(hash=hash)
    )


def last_good(access: Access, code: str, source: str) -> datetime | None:
    """When this hospital last logged in from this source."""
    return access.connection.execute(
        sa.select(known_source.c.last_good).where(known_source.c.kode_rs == code, known_source.c.source == source)
    ).scalar_one_or_none()


def note_good(access: Access, code: str, source: str, at: datetime) -> None:
    """Remember that this hospital logged in from this source."""
    where = (known_source.c.kode_rs == code, known_source.c.source == source)
    if access.connection.execute(sa.update(known_source).where(*where).values(last_good=at)).rowcount == 0:
        access.connection.execute(sa.insert(known_source).values(kode_rs=code, source=source, last_good=at))


def expose(access: Access, origin: Origin, number: int) -> bool:
    """Mark a password that was seen on a connection without TLS, once; whether it was not marked before (SR-11)."""
    marked = access.connection.execute(
        sa.update(credential)
        .where(
            credential.c.kode_rs == origin.hospital, credential.c.number == number, credential.c.exposed_at.is_(None)
        )
        .values(exposed_at=datetime.now(UTC), exposed_from=origin.address)
    )
    if marked.rowcount:
        journal.append(access, origin, "credential", [number], "exposed", {})
    return bool(marked.rowcount)


class Password(NamedTuple):
    """What may be shown of a password that counts now."""

    number: int
    kind: str
    created_at: datetime
    valid_until: datetime | None
    exposed_at: datetime | None
    """When it was first seen on a connection without TLS: it is to be replaced (SR-11)."""
    exposed_from: str | None


def passwords(access: Access, code: str) -> list[Password]:
    """The passwords of a hospital that count now, newest first."""
    query = (
        sa.select(credential)
        .where(
            credential.c.kode_rs == code,
            credential.c.revoked_at.is_(None),
            sa.or_(credential.c.valid_until.is_(None), credential.c.valid_until > datetime.now(UTC)),
        )
        .order_by(credential.c.number.desc())
    )
    return [
        Password(r.number, r.kind, r.created_at, r.valid_until, r.exposed_at, r.exposed_from)
        for r in access.connection.execute(query)
    ]


def newest_password(access: Access, code: str) -> int:
    """The number of the password that was made last, whether or not it counts; 0 for none."""
    query = sa.select(sa.func.max(credential.c.number)).where(credential.c.kode_rs == code)
    return access.connection.execute(query).scalar_one() or 0


def require_newest(access: Access, code: str, number: int) -> None:
    """Raise HospitalError unless the newest password still is this one: what was sent twice makes no second one."""
    # Locked first, so that of two who ask at the same time the second sees what the first made.
    access.connection.execute(sa.select(hospital.c.version).where(hospital.c.kode_rs == code).with_for_update()).all()
    if newest_password(access, code) != number:
        raise HospitalError("Kata sandi baru saja dibuat. Periksa daftarnya sebelum membuat yang lain.")


def tallies(access: Access, code: str, days: int = 14) -> list[tuple[str, int]]:
    """What was counted for a hospital in the last days (put-misses, repairs, clock classes), most first."""
    since = (datetime.now(UTC) - timedelta(days=days)).date()
    query = (
        sa.select(tally.c.what, sa.func.sum(tally.c.count).label("n"))
        .where(tally.c.kode_rs == code, tally.c.day >= since)
        .group_by(tally.c.what)
        .order_by(sa.desc("n"), tally.c.what)
    )
    return [(row.what, int(row.n)) for row in access.connection.execute(query)]


def _add_credential(access: Access, code: str, hash: str, kind: str, now: datetime) -> int:
    last = access.connection.execute(
        sa.select(sa.func.max(credential.c.number)).where(credential.c.kode_rs == code)
    ).scalar_one()
    number = (last or 0) + 1
    access.connection.execute(
        sa.insert(credential).values(kode_rs=code, number=number, hash=hash, kind=kind, created_at=now)
    )
    return number


def _write_line(
    access: Access, by: Origin | None, code: str, name: str, key: list[Any], verb: str, new: dict[str, Any]
) -> None:
    """The line stands in the chain of the hospital, whoever makes the change."""
    journal.append(access, (by or operator())._replace(hospital=code), name, key, verb, new)
