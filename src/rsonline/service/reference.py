"""The description of the service at `/openapi.json` and the page that shows it at `/docs`.

The page works without the internet and under a policy that allows no inline script or style (SR-35). Swagger UI
comes from a package that carries the files its makers publish; only our own three small files are in `page/`.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rsonline.reports.references import Reference
from rsonline.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Asked for again each time, and answered with 304 while nothing changed.
    "Cache-Control": "no-cache",
}
_TYPES = {"css": "text/css", "js": "text/javascript", "json": "application/json"}


def routes(
    settings: Settings, references: Mapping[str, Reference], version: Callable[[], int] = lambda: 1
) -> list[BaseRoute]:
    """`/openapi.json`, and `/docs` with what it loads where the settings want the page.

    `version` is that of the lists: the description is made anew when it changes.
    """

    def description() -> bytes:
        from rsonline.service.openapi import document

        return msgspec.json.encode(document(references, unlisted=settings.unlisted_references))

    served: dict[str, Callable[[], bytes]] = {}
    if settings.reference_page:
        own = files("rsonline.service") / "page"
        served["/docs"] = (own / "docs.html").read_bytes
        served |= {f"/docs/{name}": (own / name).read_bytes for name in ("docs.css", "docs.js")}
        served |= {f"/docs/{name}": partial(_theirs, name) for name in ("swagger-ui.css", "swagger-ui-bundle.js")}
    told = _given("/openapi.json", description, version)
    return [told, *[_given(path, make, lambda: 1) for path, make in served.items()]]


def _theirs(name: str) -> bytes:
    """A file of Swagger UI, from the package that carries it."""
    from swagger_ui_bundle import swagger_ui_path

    return bytes((swagger_ui_path / name).read_bytes())


def _given(path: str, make: Callable[[], bytes], version: Callable[[], int]) -> Route:
    """Bytes that stay the same as long as their version does, under their ETag; made when they are first asked for.

    A service that nobody asks for its description starts sooner and is smaller without it.
    """

    @lru_cache(maxsize=1)
    def made(version: int) -> bytes:
        return make()

    media_type = _TYPES[path.rpartition(".")[2]] if "." in path else "text/html"

    async def give(request: Request) -> Response:
        body = made(version())
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = {**_COMMON, "ETag": tag}
        known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
        if tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    return Route(path, give)
