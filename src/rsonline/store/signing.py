"""Keys by which a hospital's program signs its requests, and the nonces that it has used (SR-12).

A key is a text that is given to the program and used as it is: `rsk-2-…`, with its number in it. The service must know
it to verify a signature, so it is sealed instead of hashed. Every change raises the hospital's version.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.audit import operator
from rsonline.store.change import Origin
from rsonline.store.columns import to_millis
from rsonline.store.hospitals import CHANGE_OVER, HospitalError, raise_version, set_state
from rsonline.store.reads import require_current
from rsonline.store.schema import journal as kept
from rsonline.store.schema_login import hospital, signing_key, used_nonce
from rsonline.store.seal import place

PREFIX = "rsk-"
"""What every key begins with, so that one which is sent as a password is recognised."""


class SigningKey(NamedTuple):
    """One key that counts now."""

    number: int
    text: str
    created_at: datetime
    valid_until: datetime | None

    def __repr__(self) -> str:
        return f"SigningKey({self.number})"


def keys(access: Access, code: str, now: datetime | None = None) -> tuple[SigningKey, ...]:
    """The keys of a hospital that count, newest first."""
    query = sa.select(signing_key).where(*_valid(code, now or datetime.now(UTC))).order_by(signing_key.c.number.desc())
    return tuple(
        SigningKey(
            row["number"],
            access.vault.open(row["secret"], _place(code, row["number"])),
            row["created_at"],
            row["valid_until"],
        )
        for row in access.connection.execute(query).mappings()
    )


def newest(access: Access, code: str) -> int:
    """The number of the key that was made last, whether or not it counts; 0 for none."""
    query = sa.select(sa.func.max(signing_key.c.number)).where(signing_key.c.kode_rs == code)
    return access.connection.execute(query).scalar_one() or 0


def add(
    access: Access,
    code: str,
    secret: str,
    *,
    at_once: bool = False,
    after: int | None = None,
    by: Origin | None = None,
) -> str:
    """A new key made of a random `secret`; the one before counts for another 72 hours, or ends now with `at_once`.

    Returns the key's text. Raises HospitalError for an unknown hospital, and where the newest key is not number
    `after`: what was sent twice makes no second one.
    """
    now = datetime.now(UTC)
    # Locks the hospital: of two at the same time the second sees what the first made.
    raise_version(access, code)
    last = newest(access, code)
    if after not in (None, last):
        raise HospitalError("Kunci baru saja dibuat. Periksa daftarnya sebelum membuat yang lain.")
    known = (signing_key.c.kode_rs == code, signing_key.c.revoked_at.is_(None))
    # As with passwords: two count together, not three (SR-09).
    ending = known if at_once else (*known, signing_key.c.valid_until.is_not(None))
    access.connection.execute(sa.update(signing_key).where(*ending).values(revoked_at=now))
    access.connection.execute(sa.update(signing_key).where(*known).values(valid_until=now + CHANGE_OVER))
    number = last + 1
    text = f"{PREFIX}{number}-{secret}"
    sealed = access.vault.seal(text, _place(code, number))
    access.connection.execute(sa.insert(signing_key).values(kode_rs=code, number=number, secret=sealed, created_at=now))
    _write_line(access, by, code, number, "add", {"at_once": at_once})
    return text


def end(access: Access, code: str, number: int, *, by: Origin | None = None) -> None:
    """End one key now. Raises HospitalError where there is none, or where nothing would be left to come in with."""
    raise_version(access, code)
    valid = keys(access, code)
    if number not in [key.number for key in valid]:
        raise HospitalError(f"Rumah sakit {code} tidak punya kunci tanda tangan nomor {number}.")
    if _signed_only(access, code) and not _lasting(key for key in valid if key.number != number):
        raise HospitalError(
            "Ini kunci terakhir yang tidak berakhir, dan hanya permintaan bertanda tangan yang diterima:"
            " buat kunci baru, atau terima X-pass lagi, sebelum mengakhirinya."
        )
    access.connection.execute(
        sa.update(signing_key)
        .where(signing_key.c.kode_rs == code, signing_key.c.number == number)
        .values(revoked_at=datetime.now(UTC))
    )
    _write_line(access, by, code, number, "revoke", {})


def require(access: Access, code: str, on: bool, *, by: Origin | None = None) -> None:
    """Let a hospital's programs in by a signature only, or by an X-pass again.

    Raises HospitalError without a key that lasts: one that is on its way out would lock them out when it ends.
    """
    if on and not _lasting(keys(access, code)):
        raise HospitalError(
            f"Rumah sakit {code} belum punya kunci tanda tangan yang tidak berakhir: buat dan coba dulu."
        )
    set_state(access, code, by=by, signed_only=on)


def last_logins(access: Access, code: str) -> dict[int, datetime]:
    """When each key last came in, by its number, to about ten minutes; absent for one that never did."""
    lines = sa.select(kept.c.key, sa.func.max(kept.c.at).label("at")).where(
        kept.c.kode_rs == code, kept.c.object == "signing_key", kept.c.verb == journal.LOGIN
    )
    found = access.connection.execute(lines.group_by(kept.c.key)).all()
    return {int(msgspec.json.decode(row.key)[0]): row.at for row in found}


def use(access: Access, origin: Origin, nonce: str, until: datetime, now: datetime) -> bool:
    """Note that a request with this nonce was accepted; False where one was before. Raises Stale."""
    require_current(access.connection, origin)
    code = origin.hospital
    access.connection.execute(sa.delete(used_nonce).where(used_nonce.c.kode_rs == code, used_nonce.c.until < now))
    same = (used_nonce.c.kode_rs == code, used_nonce.c.nonce == nonce)
    if access.connection.execute(sa.select(used_nonce.c.until).where(*same)).one_or_none() is not None:
        return False
    access.connection.execute(sa.insert(used_nonce).values(kode_rs=code, nonce=nonce, until=until))
    return True


def purge(connection: sa.Connection, before: datetime) -> int:
    """Forget the nonces of requests that nobody would accept any more; how many."""
    done = connection.execute(sa.text("DELETE FROM used_nonce WHERE until < :before"), {"before": to_millis(before)})
    return int(done.rowcount)


def _valid(code: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        signing_key.c.kode_rs == code,
        signing_key.c.revoked_at.is_(None),
        sa.or_(signing_key.c.valid_until.is_(None), signing_key.c.valid_until > now),
    )


def _lasting(some: Iterable[SigningKey]) -> bool:
    return any(key.valid_until is None for key in some)


def _signed_only(access: Access, code: str) -> bool:
    query = sa.select(hospital.c.signed_only).where(hospital.c.kode_rs == code)
    return bool(access.connection.execute(query).scalar_one())


def _place(code: str, number: int) -> str:
    return place("signing_key", "secret", code, [number])


def _write_line(access: Access, by: Origin | None, code: str, number: int, verb: str, said: dict[str, object]) -> None:
    who = (by or operator())._replace(hospital=code)
    journal.append(access, who, "signing_key", [number], verb, said)
