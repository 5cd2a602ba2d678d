"""A made-up person for each role of the web application, with a password and, where the role asks for it, a code."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyotp

from rsonline.demo.hospitals import places
from rsonline.login.passwords import generate, hash_password
from rsonline.login.personal import new_secret
from rsonline.store import people
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.database import Database
from rsonline.store.engines import transaction

FIRST: Final = next(p.code for p in places() if p.habit == "steady" and p.zone == "WIB")
PEOPLE: Final = (
    ("petugas", "Sari Peragaan", "petugas", FIRST, None),
    ("admin-rs", "Budi Peragaan", "admin-rs", FIRST, None),
    ("dinkes", "Wayan Peragaan", "dinkes", None, "32"),
    ("kemenkes", "Rina Peragaan", "kemenkes", None, None),
    ("operator", "Tono Peragaan", "operator", None, None),
)
"""User name, name, role, hospital, region."""
_FILE = "pengguna.json"


def add_people(database: Database, data: Path) -> dict[str, dict[str, str]]:
    """Add the people, or find them again; user name → password, and secret of the second factor."""
    keep = data / _FILE
    if keep.exists():
        known: dict[str, dict[str, str]] = json.loads(keep.read_text("utf-8"))
        return known
    made = {name: {"sandi": generate(), "rahasia": new_secret()} for name, *_ in PEOPLE}
    by = Origin(OPERATOR, 0, "cli", source="cli")
    with transaction(database) as access:
        for name, full_name, role, code, region in PEOPLE:
            people.add(access, by, name, full_name, role, code=code, region=region, one_time=generate())
            people.set_password(access, by, name, hash_password(made[name]["sandi"]))
            if role in people.SECOND_FACTOR:
                people.set_totp(access, by, name, made[name]["rahasia"], 0)
    with os.fdopen(os.open(keep, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file)
    return made


def code_now(data: Path, name: str) -> str | None:
    """The code of the second factor that counts now; None for a person that there is not."""
    keep = data / _FILE
    if not keep.exists():
        return None
    made = json.loads(keep.read_text("utf-8")).get(name)
    if made is None:
        return None
    left = 30 - datetime.now(UTC).timestamp() % 30
    if left < 5:
        # A code that ends while it is being typed helps nobody.
        time.sleep(left)
    return str(pyotp.TOTP(made["rahasia"]).now())


def told(base: str, made: dict[str, dict[str, str]]) -> list[str]:
    """What is printed of them."""
    lines = [f"Aplikasi web / web application: {base}/masuk"]
    for name, _, role, _, _ in PEOPLE:
        second = "  + kode / code: rsonline demo --code " + name if role in people.SECOND_FACTOR else ""
        lines.append(f"  {name:<10} {made[name]['sandi']}{second}")
    return lines
