"""Sessions of people: kept by the hash of their cookie, ended by idling, age, logout and any change of the account."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from rsonline.store import hospitals, people
from rsonline.store.access import Access
from rsonline.store.hospitals import Hospital
from rsonline.store.people import Person
from rsonline.store.schema_login import hospital, web_user
from rsonline.store.schema_login import web_session as kept

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FRESH = timedelta(minutes=10)
"""For how long a proof of identity counts for what asks for a fresh one (SR-38)."""
_NOTED_EACH = timedelta(minutes=1)
_WHOSE = (
    sa.select(
        kept,
        *[c for c in web_user.columns if c.name != "user_name"],
        hospital.c.aktif.label("hospital_active"),
        *[c.label(f"h_{c.name}") for c in hospital.columns],
    )
    .join_from(kept, web_user, kept.c.user_name == web_user.c.user_name)
    .join(hospital, hospital.c.kode_rs == web_user.c.kode_rs, isouter=True)
    .where(kept.c.token_hash == sa.bindparam("token_hash"))
)


class Session(NamedTuple):
    """A session that is still good, whose it is, and that person's hospital (without its credentials).

    `second` says whether the second factor was given.
    """

    token: str
    person: Person
    fresh_at: datetime
    second: bool
    seen_at: datetime
    hospital: Hospital | None

    def fresh(self, now: datetime) -> bool:
        """Whether its owner proved who it is a short time ago."""
        return now - self.fresh_at < FRESH


def open(access: Access, person: Person, now: datetime, *, second: bool) -> str:
    """A new session; its token, 256 random bits that only the cookie holds."""
    token = secrets.token_urlsafe(32)
    access.connection.execute(
        sa.insert(kept).values(
            token_hash=_hash(token),
            user_name=person.user_name,
            user_version=person.version,
            started_at=now,
            seen_at=now,
            fresh_at=now,
            second=second,
        )
    )
    return token


def find(access: Access, token: str, now: datetime) -> Session | None:
    """The session of a cookie; None where there is none, or where it has ended in any way."""
    # One question for everything: it is asked for each page.
    row = access.connection.execute(_WHOSE, {"token_hash": _hash(token)}).mappings().one_or_none()
    if row is None or not (timedelta(0) <= now - row["seen_at"] < IDLE) or now - row["started_at"] >= LONGEST:
        return None
    person = people.of_row(row, access.vault)
    if not person.active or person.version != row["user_version"]:
        return None
    own = None if person.code is None else hospitals.of_row(row, "h_")
    return Session(token, person, row["fresh_at"], row["second"], row["seen_at"], own)


def needs_note(session: Session, now: datetime) -> bool:
    """Whether that it was used should be kept: not each time, since every write costs a commit."""
    return now - session.seen_at >= _NOTED_EACH


def note_use(access: Access, session: Session, now: datetime) -> None:
    """Keep that it was used now."""
    access.connection.execute(sa.update(kept).where(kept.c.token_hash == _hash(session.token)).values(seen_at=now))


def refresh(access: Access, session: Session, now: datetime, *, second: bool) -> None:
    """Keep that its owner proved again who it is."""
    access.connection.execute(
        sa.update(kept).where(kept.c.token_hash == _hash(session.token)).values(fresh_at=now, second=second)
    )


def end(access: Access, token: str) -> None:
    """End one session."""
    access.connection.execute(sa.delete(kept).where(kept.c.token_hash == _hash(token)))


def purge(access: Access, now: datetime) -> int:
    """Forget the sessions that are over; how many."""
    done = access.connection.execute(
        sa.delete(kept).where(sa.or_(kept.c.seen_at < now - IDLE, kept.c.started_at < now - LONGEST))
    )
    return int(done.rowcount)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
