"""Access tokens of the patient API: JWT, HS256, 600 seconds (pasien-covid 1.2).

The secret is a data key of the database, so every process has it. `rsonline key rotate-tokens` replaces it: tokens that
the old one signed live out their ten minutes, then it counts no more.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import jwt

from rsonline.store.seal import TOKENS_LIVE

LIFETIME = TOKENS_LIVE

_ALGORITHM = "HS256"
_MOST_REMEMBERED = 8192


class Claims(NamedTuple):
    """What a token says. `version` is that of the hospital, or of a consumer's account."""

    user_name: str | None
    code: str | None
    version: int


class BadToken(Exception):
    """A token that is not ours, was changed, or has ended."""


def issue(keys: Sequence[bytes], claims: Claims, now: int) -> str:
    """A token that begins at `now`, in seconds since 1970."""
    said: dict[str, object] = {"user_name": claims.user_name} if claims.user_name is not None else {}
    said |= {"kode_rs": claims.code, "ver": claims.version, "iat": now, "exp": now + LIFETIME}
    return jwt.encode(said, keys[0], algorithm=_ALGORITHM)


def read(keys: Sequence[bytes], token: str, now: float) -> Claims:
    """What a token says at a moment. Raises BadToken."""
    claims, ends = _verified(tuple(keys), token)
    if ends <= now:
        raise BadToken
    return claims


@lru_cache(_MOST_REMEMBERED)
def _verified(keys: tuple[bytes, ...], token: str) -> tuple[Claims, int]:
    """What a token says, and when it ends. Raises BadToken.

    A client shows the same token with every request of its ten minutes: it is verified once. Other keys are another
    question, and a token that is refused is not remembered.
    """
    for key in keys:
        try:
            said = jwt.decode(token, key, algorithms=[_ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidTokenError:
            raise BadToken from None
        if not isinstance(said.get("exp"), int) or not isinstance(said.get("ver"), int):
            raise BadToken
        return Claims(said.get("user_name"), said.get("kode_rs"), said["ver"]), said["exp"]
    raise BadToken
