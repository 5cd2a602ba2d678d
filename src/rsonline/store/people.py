"""People who use the web application: their accounts, one-time codes, second factors, and who may do what to whom.

The functions take an open transaction and hashes, never passwords. Every change of an account raises its version, so
that its sessions end with it (SR-37). Names and second factors are sealed.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rsonline.reports import regions
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.schema_login import hospital, web_user
from rsonline.store.seal import Vault, place

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
CODE_LIVES = timedelta(hours=24)

ROLES: Final[dict[str, frozenset[str]]] = {
    "petugas": frozenset({"view", "enter", "correct", "persons", "export"}),
    "admin-rs": frozenset(
        {"view", "enter", "correct", "persons", "export", "export_persons", "users", "integration", "audit", "announce"}
    ),
    "dinkes": frozenset({"view", "region", "export", "overview", "announce"}),
    "kemenkes": frozenset({"view", "region", "export", "overview", "users", "hospitals", "references", "announce"}),
    "operator": frozenset({"overview", "users", "hospitals", "references", "audit"}),
}
"""What each role may do (SR-17). `persons`: see what identifies a person; `region`: see more than one hospital;
`overview`: see which hospitals there are and what they owe; `announce`: declare times without reports."""

GRANTS: Final[dict[str, frozenset[str]]] = {
    "petugas": frozenset(),
    "admin-rs": frozenset({"petugas", "admin-rs"}),
    "dinkes": frozenset(),
    "kemenkes": frozenset({"petugas", "admin-rs", "dinkes", "kemenkes"}),
    "operator": frozenset(ROLES),
}
"""Which roles each role may give and take away (SR-19)."""

SECOND_FACTOR: Final = frozenset({"admin-rs", "kemenkes", "operator"})
"""The roles that manage users or see more than one hospital's persons: no work without a second factor (SR-39)."""


class PersonError(Exception):
    """An account cannot be added or changed as asked; the text says why."""


class Person(NamedTuple):
    """An account as stored. `hash` is None until its owner chose a password."""

    user_name: str
    name: str
    role: str
    code: str | None
    region: str | None
    hash: str | None
    active: bool
    version: int
    totp: str | None
    totp_step: int
    created_at: datetime

    @property
    def rights(self) -> frozenset[str]:
        """What its role may do."""
        return ROLES[self.role]

    @property
    def needs_second(self) -> bool:
        """Whether it works only with a second factor: its role demands one, or its owner has set one up."""
        return self.totp is not None or self.role in SECOND_FACTOR


def origin_of(person: Person, hospital_version: int = 0, **more: Any) -> Origin:
    """On whose behalf a person of the web application works."""
    return Origin(person.code or OPERATOR, hospital_version, f"user/{person.user_name}", source="web", **more)


def find(access: Access, user_name: str) -> Person | None:
    """One account, whether or not it may log in. The state of its hospital counts as its own."""
    row = access.connection.execute(_query().where(web_user.c.user_name == user_name)).mappings().one_or_none()
    return None if row is None else of_row(row, access.vault)


def every(access: Access, code: str | None = None) -> list[Person]:
    """All accounts by name, or those of one hospital."""
    query = _query().order_by(web_user.c.user_name)
    if code is not None:
        query = query.where(web_user.c.kode_rs == code)
    return [of_row(row, access.vault) for row in access.connection.execute(query).mappings()]


def manageable(by: Person, other: Person) -> bool:
    """Whether one may change the account of another, as it stands."""
    return may_grant(by, other.role, other.code)


def may_grant(by: Person, role: str, code: str | None) -> bool:
    """Whether one may give a role at a hospital: within GRANTS, and whoever has a hospital at that one only."""
    return role in GRANTS[by.role] and (by.code is None or by.code == code)


def require_grant(access: Access, by: Person, role: str, code: str | None) -> None:
    """Raise PersonError unless `by` still is what it was when it was let in, and may give this role there (SR-19)."""
    now = find(access, by.user_name)
    if now is None or not now.active or now.version != by.version or not may_grant(now, role, code):
        raise PersonError(f"Anda tidak berhak memberi atau mengambil peran {role} di sana.")


def page(access: Access, by: Person, search: str, first: int, count: int) -> tuple[list[Person], int]:
    """The accounts that one may change, by name, and how many there are on all pages.

    `search` is a part of the user name, or a whole hospital code.
    """
    where: list[sa.ColumnElement[bool]] = [web_user.c.role.in_(sorted(GRANTS[by.role]))]
    if by.code is not None:
        where.append(web_user.c.kode_rs == by.code)
    if search:
        where.append(
            sa.or_(web_user.c.user_name.icontains(search, autoescape=True), web_user.c.kode_rs == search.strip())
        )
    total = access.connection.execute(sa.select(sa.func.count()).select_from(web_user).where(*where)).scalar_one()
    query = _query().where(*where).order_by(web_user.c.user_name).offset(first).limit(count)
    return [of_row(row, access.vault) for row in access.connection.execute(query).mappings()], total


def require_version(access: Access, user_name: str, version: int) -> Person:
    """The account while it still is as it was shown: what was sent twice does nothing twice. Raises PersonError."""
    found = find(access, user_name)
    if found is None:
        raise PersonError(f"Pengguna {user_name} tidak ditemukan.")
    if found.version != version:
        raise PersonError("Akun ini baru saja diubah. Periksa keadaannya yang sekarang.")
    return found


def add(
    access: Access,
    by: Origin,
    user_name: str,
    name: str,
    role: str,
    *,
    code: str | None = None,
    region: str | None = None,
    one_time: str,
) -> None:
    """A new account, whose owner chooses a password by a one-time code. Raises PersonError."""
    if not NAME.fullmatch(user_name):
        raise PersonError(f"Nama pengguna {user_name!r} tidak sah: 3 sampai 64 huruf kecil, angka, titik, - _ @.")
    if role not in ROLES:
        raise PersonError(f"Peran {role!r} tidak dikenal: {', '.join(ROLES)}.")
    if not name.strip() or len(name) > 100:
        raise PersonError("Nama harus 1 sampai 100 karakter.")
    if (code is not None) != (role in ("petugas", "admin-rs")):
        raise PersonError("Peran petugas dan admin-rs membutuhkan rumah sakit; peran lain tidak.")
    if (region is not None) != (role == "dinkes"):
        raise PersonError("Peran dinkes membutuhkan kode provinsi atau kabupaten/kota; peran lain tidak.")
    if region is not None and not (regions.province(region) or regions.regency(region)):
        raise PersonError(f"Wilayah {region!r} tidak dikenal.")
    if code is not None and not _known_hospital(access, code):
        raise PersonError(f"Rumah sakit {code} tidak ditemukan.")
    if find(access, user_name) is not None:
        raise PersonError(f"Nama pengguna {user_name} sudah dipakai.")
    now = datetime.now(UTC)
    access.connection.execute(
        sa.insert(web_user).values(
            user_name=user_name,
            nama=access.vault.seal(name.strip(), _place("nama", user_name)),
            role=role,
            kode_rs=code,
            region=region,
            aktif=True,
            version=1,
            totp_step=0,
            code_hash=_code_hash(one_time),
            code_until=now + CODE_LIVES,
            created_at=now,
        )
    )
    _write_line(access, by, code, user_name, "add", {"role": role, "region": region})


def give_code(access: Access, by: Origin, user_name: str, one_time: str) -> None:
    """A new one-time code; the password and the second factor end with it. Raises PersonError."""
    _change(
        access,
        by,
        user_name,
        {
            "hash": None,
            "totp": None,
            "code_hash": _code_hash(one_time),
            "code_until": datetime.now(UTC) + CODE_LIVES,
        },
        "reset",
        {},
    )


def redeem(access: Access, by: Origin, user_name: str, one_time: str, hash: str) -> bool:
    """Set the first password by a one-time code, which ends with it; False where the code is not right or too old."""
    row = access.connection.execute(
        sa.select(web_user.c.code_hash, web_user.c.code_until, web_user.c.aktif).where(
            web_user.c.user_name == user_name
        )
    ).one_or_none()
    given = _code_hash(one_time)
    if row is None or not row.aktif or row.code_hash is None or row.code_until < datetime.now(UTC):
        return False
    if not hmac.compare_digest(row.code_hash, given):
        return False
    _change(access, by, user_name, {"hash": hash, "code_hash": None, "code_until": None}, "password", {})
    return True


def set_password(access: Access, by: Origin, user_name: str, hash: str) -> None:
    """Another password. Raises PersonError."""
    _change(access, by, user_name, {"hash": hash}, "password", {})


def set_active(access: Access, by: Origin, user_name: str, active: bool) -> None:
    """Close or open an account. Raises PersonError; the last administrator stays (SR-19)."""
    if not active:
        _not_the_last(access, user_name)
    _change(access, by, user_name, {"aktif": active}, "change", {"aktif": active})


def set_totp(access: Access, by: Origin, user_name: str, secret: str, step: int) -> None:
    """Another second factor, whose code of `step` was just used. Raises PersonError."""
    sealed = access.vault.seal(secret, _place("totp", user_name))
    _change(access, by, user_name, {"totp": sealed, "totp_step": step}, "second_factor", {})


def use_step(access: Access, user_name: str, step: int) -> bool:
    """Use up a step of the second factor; False where it, or a later one, was used before (SR-39)."""
    done = access.connection.execute(
        sa.update(web_user).where(web_user.c.user_name == user_name, web_user.c.totp_step < step).values(totp_step=step)
    )
    return done.rowcount == 1


def rehash(access: Access, user_name: str, hash: str) -> None:
    """Replace the hash of a password by one with stronger parameters; what it opens stays the same."""
    access.connection.execute(sa.update(web_user).where(web_user.c.user_name == user_name).values(hash=hash))


def note(access: Access, by: Origin, user_name: str, verb: str, said: dict[str, object] | None = None) -> None:
    """A line about something that a person did: a login, a failed one, an export (SR-47)."""
    journal.append(access, by, "web_user", [user_name], verb, said)


def _query() -> sa.Select[Any]:
    return sa.select(web_user, hospital.c.aktif.label("hospital_active")).join_from(
        web_user, hospital, web_user.c.kode_rs == hospital.c.kode_rs, isouter=True
    )


def of_row(row: sa.RowMapping, vault: Vault) -> Person:
    """An account from its row, which also says whether its hospital is active (`hospital_active`)."""
    name = row["user_name"]
    return Person(
        name,
        vault.open(row["nama"], _place("nama", name)),
        row["role"],
        row["kode_rs"],
        row["region"],
        row["hash"],
        row["aktif"] and row["hospital_active"] is not False,
        row["version"],
        None if row["totp"] is None else vault.open(row["totp"], _place("totp", name)),
        row["totp_step"],
        row["created_at"],
    )


def _change(
    access: Access, by: Origin, user_name: str, values: dict[str, Any], verb: str, said: dict[str, object]
) -> None:
    found = find(access, user_name)
    if found is None:
        raise PersonError(f"Pengguna {user_name} tidak ditemukan.")
    access.connection.execute(
        sa.update(web_user).where(web_user.c.user_name == user_name).values(version=web_user.c.version + 1, **values)
    )
    _write_line(access, by, found.code, user_name, verb, said)


def _not_the_last(access: Access, user_name: str) -> None:
    found = find(access, user_name)
    if found is None or found.role not in ("admin-rs", "operator"):
        return
    # Locked, so that of two who close each other at the same time the second sees what the first did.
    alike = sa.select(web_user.c.user_name).where(web_user.c.role == found.role).order_by(web_user.c.user_name)
    if found.code is not None:
        alike = alike.where(web_user.c.kode_rs == found.code)
    access.connection.execute(alike.with_for_update()).all()
    # Nobody can log in to an account whose owner has chosen no password yet.
    others = [p for p in every(access, found.code) if p.role == found.role and p.user_name != user_name]
    if not any(p.active and p.hash is not None for p in others):
        raise PersonError(f"{user_name} adalah {found.role} terakhir: tambah yang lain lebih dulu.")


def _known_hospital(access: Access, code: str) -> bool:
    return (
        access.connection.execute(sa.select(hospital.c.kode_rs).where(hospital.c.kode_rs == code)).first() is not None
    )


def _place(column: str, user_name: str) -> str:
    return place("web_user", column, "-", [user_name])


def _code_hash(one_time: str) -> str:
    """A code has more than a hundred random bits: a plain hash tells nothing of it."""
    return hashlib.sha256("".join(one_time.split()).upper().encode()).hexdigest()


def _write_line(
    access: Access, by: Origin, code: str | None, user_name: str, verb: str, said: dict[str, object]
) -> None:
    """The line stands in the chain of the person's hospital, whoever makes the change."""
    journal.append(access, by._replace(hospital=code or OPERATOR), "web_user", [user_name], verb, said)
