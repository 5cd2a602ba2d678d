"""Signing a request instead of sending a password (SR-12), as `docs/signed-requests.md` says.

A key is a text with its number in it, `rsk-2-…`. It stands where a password would stand, in its file, and never leaves
the hospital: HTTP Message Signatures (RFC 9421) by HMAC-SHA-256, the body by Content-Digest (RFC 9530).
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping

from rsonline.hospital.talks import Side
from rsonline.hospital.wire import Request

_KEY = re.compile(r"rsk-([1-9][0-9]{0,8})-[0-9A-Za-z]+")
_MADE = re.compile(r'\("([^)]*)"\);created=([0-9]+);nonce="([^"]*)"')
_LABEL = "rsonline"


def is_key(text: str) -> bool:
    """Whether a text is a signing key and no password."""
    return _KEY.fullmatch(text) is not None


def signed(key: str, side: Side, request: Request, target: str) -> Mapping[str, str]:
    """The headers that sign a request to `target`, the path and query as they go on the wire. Raises ValueError."""
    when, nonce = int(side.now), secrets.token_urlsafe(18)
    return _headers(key, side.hospital, request.method, target, request.body, _more(request), when, nonce)


def signed_by(key: str, headers: Mapping[str, str], method: str, target: str, body: bytes) -> bool:
    """Whether headers are those by which `signed` signs such a request with this key. For a service in tests."""
    found = _MADE.search(headers.get("Signature-Input", ""))
    if found is None:
        return False
    more = {name: headers.get(name, "") for name in found[1].split('" "')[5:]}
    wanted = _headers(key, headers.get("X-rs-id", ""), method, target, body, more, int(found[2]), found[3])
    return all(hmac.compare_digest(headers.get(name, ""), value) for name, value in wanted.items())


def _more(request: Request) -> Mapping[str, str]:
    """What else means something: the key of its one execution, and members that the guide puts into headers."""
    more = {name.lower(): value for name, value in request.headers.items() if name.lower() != "content-type"}
    return more if request.once is None else more | {"idempotency-key": request.once}


def _headers(
    key: str, code: str, method: str, target: str, body: bytes, more: Mapping[str, str], when: int, nonce: str
) -> Mapping[str, str]:
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError("this is no signing key")
    path, _, query = target.partition("?")
    covered = {
        "@method": method,
        "@path": path,
        "@query": f"?{query}",
        "content-digest": f"sha-256=:{_base64(hashlib.sha256(body).digest())}:",
        "x-rs-id": code,
        **more,
    }
    names = " ".join(f'"{name}"' for name in covered)
    said = f'({names});created={when};nonce="{nonce}";keyid="{found[1]}"'
    base = "".join(f'"{name}": {value}\n' for name, value in covered.items()) + f'"@signature-params": {said}'
    return {
        "X-rs-id": code,
        "Content-Digest": covered["content-digest"],
        "Signature-Input": f"{_LABEL}={said}",
        "Signature": f"{_LABEL}=:{_base64(hmac.digest(key.encode(), base.encode('latin-1'), 'sha256'))}:",
    }


def _base64(value: bytes) -> str:
    return b64encode(value).decode()
