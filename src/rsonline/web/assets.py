"""The files that pages load: our own, and Tabler's stylesheet from the package that carries it (SR-35).

Every address holds a digest of its contents, so that a browser may keep the file for ever. Pictures that the
stylesheet carries inside itself as `data:` addresses are served as files of their own: the content policy allows
pictures from this service only.
"""

import re
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_INSIDE = re.compile(r"""url\((["'])data:image/svg\+xml(?:;charset=[A-Za-z0-9-]+)?,(.*?)\1\)""")
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}


class Asset(NamedTuple):
    """One file: its type, its contents, and the digest that its address holds."""

    media_type: str
    body: bytes
    digest: str


@cache
def all_assets() -> dict[str, Asset]:
    """Every file by its name."""
    own = files("rsonline.web") / "static"
    found = {path.name: _asset(path.name, path.read_bytes()) for path in own.iterdir() if path.is_file()}
    stylesheet = (files("starlette_admin") / "static/css/vendor/tabler.min.css").read_text("utf-8")
    pictures: dict[str, Asset] = {}

    def outside(match: re.Match[str]) -> str:
        body = unquote_to_bytes(match[2].replace("\\", ""))
        name = f"tabler-{sha256(body).hexdigest()[:8]}.svg"
        pictures[name] = _asset(name, body)
        return f'url("{address(name, pictures[name])}")'

    stylesheet = _INSIDE.sub(outside, stylesheet)
    return {**found, **pictures, "tabler.css": _asset("tabler.css", stylesheet.encode())}


def address(name: str, asset: Asset | None = None) -> str:
    """Where a file is served. Raises KeyError for one that is not there."""
    return f"/statis/{(asset or all_assets()[name]).digest}/{name}"


def _asset(name: str, body: bytes) -> Asset:
    return Asset(_TYPES[name.rpartition(".")[2]], body, sha256(body).hexdigest()[:12])
