"""Hospitals and their API credentials.

Every change raises the hospital's version, so that no verified password outlives it.
The functions take an open transaction and hashes, never passwords.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.schema import credential, hospital, known_source, tally

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
    return Hospital(
        row["kode_rs"],
        row["nama"],
        row["zona"],
        row["aktif"],
        row["version"],
        row["create_on_put"],
        row["always_200"],
        row["clock_mode"],
        row["absent_clock_until"],
        found,
    )


def every(access: Access) -> list[dict[str, Any]]:
    """All hospitals by code, each with the number of its valid credentials and how many of them were imported."""
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
    ).order_by(hospital.c.kode_rs)
    return [dict(row) for row in access.connection.execute(query).mappings()]


def add(access: Access, code: str, name: str, zone: str, hash: str, *, kind: str = "generated") -> None:
    """A new hospital with its first password. Raises HospitalError for a bad code or zone, or one that exists."""
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
        "aktif": True,
        "version": 1,
        "create_on_put": False,
        "always_200": False,
        "clock_mode": "lenient",
        "created_at": now,
    }
    access.connection.execute(sa.insert(hospital).values(values))
    _add_credential(access, code, hash, kind, now)
    _write_line(access, code, "hospital", [], "add", {k: v for k, v in values.items() if k != "created_at"})


def new_password(access: Access, code: str, hash: str, *, at_once: bool = False, kind: str = "generated") -> int:
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
    _write_line(access, code, "credential", [number], "add", {"kind": kind, "at_once": at_once})
    return number


def add_twin(access: Access, code: str, hash: str) -> int:
    """Accept one more spelling of the newest password (its MD5, for a client that sends that)."""
    raise_version(access, code)
    number = _add_credential(access, code, hash, "md5", datetime.now(UTC))
    _write_line(access, code, "credential", [number], "add", {"kind": "md5"})
    return number


def revoke(access: Access, code: str, number: int) -> None:
    """End one credential now. Raises HospitalError where there is no such valid one."""
    raise_version(access, code)
    ended = access.connection.execute(
        sa.update(credential)
        .where(credential.c.kode_rs == code, credential.c.number == number, credential.c.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
    if ended.rowcount == 0:
        raise HospitalError(f"Rumah sakit {code} tidak punya kata sandi nomor {number}.")
    _write_line(access, code, "credential", [number], "revoke", {})


def set_state(access: Access, code: str, **values: Any) -> None:
    """Change switches of a hospital: `aktif`, `create_on_put`, `always_200`, `clock_mode`, `absent_clock_until`."""
    raise_version(access, code)
    access.connection.execute(sa.update(hospital).where(hospital.c.kode_rs == code).values(values))
    _write_line(
        access,
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


def _write_line(access: Access, code: str, name: str, key: list[Any], verb: str, new: dict[str, Any]) -> None:
    journal.append(access, Origin(code, 0, "cli", source="cli"), name, key, verb, new)
