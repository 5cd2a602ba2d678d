"""What people's own passwords and second factors must be (SR-39)."""

import secrets
from datetime import datetime
from functools import cache

import pyotp

LEAST = 12
LEAST_ALONE = 15
"""Without a second factor."""
MOST = 128
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def fault(password: str, *, alone: bool, names: tuple[str, ...]) -> str | None:
    """Why a password is not taken, as a code: too_short, too_long, common, own_name. None: it is taken.

    `alone` says that no second factor stands beside it; `names` are those of its owner and hospital.
    """
    if len(password) < (LEAST_ALONE if alone else LEAST):
        return "too_short"
    if len(password) > MOST:
        return "too_long"
    folded = password.casefold()
    bare = folded
    for name in names:
        for part in (name.casefold(), *name.casefold().split()):
            if len(part) >= 3:
                bare = bare.replace(part, "")
    # What is left once the names are gone has to be a password of its own.
    if bare != folded and (len(bare) < 8 or bare in _common() or bare.isdigit()):
        return "own_name"
    return "common" if folded in _common() or len(set(folded)) < 5 else None


def one_time_code() -> str:
    """A code for choosing a password: six groups of four that are easy to read out, 120 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(6))


def new_secret() -> str:
    """A secret for an authenticator: 160 random bits."""
    return pyotp.random_base32()


def address(secret: str, user_name: str) -> str:
    """The `otpauth:` address that an authenticator reads from a picture."""
    return pyotp.TOTP(secret, name=user_name, issuer="rsonline").provisioning_uri()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of half a minute that a code belongs to: this one or a neighbour. None for a wrong code.

    Blanks and dashes in the code are left out. Whoever takes it uses the step up, so that it works once.
    """
    digits = "".join(c for c in code if c.isascii() and c.isdigit())
    if len(digits) != 6:
        return None
    totp = pyotp.TOTP(secret)
    here = int(now.timestamp()) // 30
    return next(
        (step for step in (here, here - 1, here + 1) if pyotp.utils.strings_equal(totp.generate_otp(step), digits)),
        None,
    )


@cache
def _common() -> frozenset[str]:
    """Tens of thousands of passwords that everybody tries first, from the `zxcvbn` package."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
