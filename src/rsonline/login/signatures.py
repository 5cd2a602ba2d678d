"""Signed requests (SR-12): HTTP Message Signatures (RFC 9421) by HMAC-SHA-256, the body by Content-Digest (RFC 9530).

Pure: what the headers say, and whether a key made the signature. A request must cover its method, path, query, body and
hospital, say when it was made, and carry a nonce; whether that was used before is the store's to say.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import http_sf

from rsonline.reports.verdict import Words

WINDOW = 300
"""Seconds that a request may be old, or ahead of this service's clock."""
REMEMBERED = 300
"""Seconds that a nonce is remembered beyond the last moment at which a request with it could be accepted."""
COVERED = ("@method", "@path", "@query", "content-digest", "x-rs-id")
"""What every signature covers; Idempotency-Key too where there is one."""
ALGORITHM = "hmac-sha256"
_HEADERS = ("signature-input", "signature", "content-digest")
_NONCE = re.compile(r"[!-~]{16,128}")
_KEY = re.compile(r"[1-9][0-9]{0,8}")
_FIELD = re.compile(r"[a-z0-9_-]+")
_LATEST = 1 << 40
_LENGTH = 32
"""Bytes of SHA-256."""
_MOST = 2000
"""Characters of a header; ours have less than 200."""


class Malformed(Exception):
    """A header of a signed request does not say what it must; `header` names it, `needed` says what it lacks."""

    def __init__(self, header: str, needed: Words) -> None:
        super().__init__(f"{header}: {needed.en}")
        self.header = header
        self.needed = needed


class Target(NamedTuple):
    """What was asked for, as it stood on the wire: `path` without its query, `query` without its question mark."""

    method: str
    path: str
    query: str


class Signed(NamedTuple):
    """A request's signature as it was read; `created` in seconds since 1970."""

    key: int
    created: int
    nonce: str
    digest: bytes
    signature: bytes
    base: bytes
    covered: tuple[str, ...]


def presented(headers: Mapping[str, Sequence[str]]) -> bool:
    """Whether a request says that it is signed; a `Signature` of some other meaning beside a password says nothing."""
    return "signature-input" in headers or ("signature" in headers and "x-pass" not in headers)


def read(target: Target, headers: Mapping[str, Sequence[str]]) -> Signed:
    """The one signature of a request. Raises Malformed."""
    fields = {name: _dictionary(headers, name) for name in _HEADERS}
    said = fields["signature-input"]
    if len(said) != 1:
        raise Malformed("Signature-Input", Words("tepat satu tanda tangan", "exactly one signature"))
    ((label, found),) = said.items()
    if not isinstance(found, tuple) or not isinstance(found[0], list):
        raise Malformed("Signature-Input", Words("daftar yang ditandatangani", "a list of what is covered"))
    listed, parameters = found
    covered = _covered(listed, headers)
    created, nonce, key = (parameters.get(name) for name in ("created", "nonce", "keyid"))
    if type(created) is not int or not 0 < created < _LATEST:
        raise Malformed(
            "Signature-Input", Words("created=… dalam detik UTC sejak 1970", "created=… in UTC seconds since 1970")
        )
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise Malformed(
            "Signature-Input", Words('nonce="…" dari 16 sampai 128 huruf', 'nonce="…" of 16 to 128 characters')
        )
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Malformed(
            "Signature-Input", Words('keyid="…" berisi nomor kunci', 'keyid="…" with the number of the key')
        )
    if parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise Malformed("Signature-Input", Words(f'alg="{ALGORITHM}"', f'alg="{ALGORITHM}"'))
    if set(fields["signature"]) != {label}:
        raise Malformed("Signature", Words(f"{label}=:…:", f"{label}=:…:"))
    digest = _bytes(fields["content-digest"].get("sha-256"), "Content-Digest")
    signature = _bytes(fields["signature"][label], "Signature")
    base = _base(target, headers, covered, listed, parameters)
    return Signed(int(key), created, nonce, digest, signature, base, covered)


def verify(signed: Signed, keys: Iterable[tuple[int, str]]) -> bool:
    """Whether one of the keys, by number and text, made the signature."""
    return any(
        hmac.compare_digest(hmac.digest(text.encode(), signed.base, "sha256"), signed.signature)
        for number, text in keys
        if number == signed.key
    )


def require_covered(signed: Signed, headers: Mapping[str, Sequence[str]], names: Iterable[str]) -> None:
    """Raise Malformed where one of these headers is there and somebody on the way may have changed it."""
    if missing := [name for name in names if name in headers and name not in signed.covered]:
        raise Malformed("Signature-Input", _covers(missing))


def of_body(signed: Signed, body: bytes) -> bool:
    """Whether this is the body that was signed."""
    return hmac.compare_digest(hashlib.sha256(body).digest(), signed.digest)


def _dictionary(headers: Mapping[str, Sequence[str]], name: str) -> dict[str, Any]:
    shown = name.title()
    text = ", ".join(headers.get(name, ()))
    if not text:
        raise Malformed(shown, Words("wajib ada di permintaan bertanda tangan", "is needed in a signed request"))
    if len(text) > _MOST:
        raise Malformed(shown, Words("terlalu panjang", "is too long"))
    try:
        found: Any = http_sf.parse(text.encode("latin-1"), tltype="dictionary")
    except ValueError:
        raise Malformed(shown, Words("tidak ditulis seperti di RFC 9651", "is not written as RFC 9651 says")) from None
    return dict(found)


def _bytes(value: object, header: str) -> bytes:
    found = value[0] if isinstance(value, tuple) else value
    if not isinstance(found, bytes) or len(found) != _LENGTH:
        raise Malformed(header, Words(f"{_LENGTH} byte sebagai :base64:", f"{_LENGTH} bytes as :base64:"))
    return found


def _covers(missing: Sequence[str]) -> Words:
    names = ", ".join(missing)
    return Words(f"harus ikut menandatangani {names}", f"must cover {names}")


def _covered(listed: Sequence[object], headers: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names of what is covered, in their order."""
    found = []
    for each in listed:
        name, parameters = each if isinstance(each, tuple) else (each, {})
        if not isinstance(name, str) or parameters or not (name in COVERED or _FIELD.fullmatch(name)):
            raise Malformed(
                "Signature-Input",
                Words(
                    "hanya nama header dan @method, @path, @query, tanpa parameter",
                    "only names of headers and @method, @path, @query, without parameters",
                ),
            )
        if not name.startswith("@") and name not in headers:
            raise Malformed(
                "Signature-Input", Words(f"{name} tidak ada di permintaan ini", f"there is no {name} in this request")
            )
        found.append(name)
    if len(found) != len(set(found)):
        raise Malformed("Signature-Input", Words("setiap nama sekali saja", "each name once"))
    needed = (*COVERED, "idempotency-key") if "idempotency-key" in headers else COVERED
    if missing := [name for name in needed if name not in found]:
        raise Malformed("Signature-Input", _covers(missing))
    return tuple(found)


def _base(
    target: Target,
    headers: Mapping[str, Sequence[str]],
    covered: Sequence[str],
    listed: Sequence[Any],
    parameters: Mapping[str, Any],
) -> bytes:
    """What was signed (RFC 9421, 2.5)."""
    derived = {"@method": target.method, "@path": target.path, "@query": f"?{target.query}"}
    lines = [
        f'"{name}": {derived[name] if name in derived else ", ".join(text.strip() for text in headers[name])}'
        for name in covered
    ]
    lines.append(f'"@signature-params": {http_sf.ser([(list(listed), dict(parameters))])}')
    return "\n".join(lines).encode("latin-1")
