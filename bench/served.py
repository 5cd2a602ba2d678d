"""One service to be measured, in a process of its own: `python -m bench.served VARIANT FOLDER PORT CORE [URL]`.

`full` is the service as it is; `each` gives every change a commit of its own; `nothing` answers without a database;
`no_vault` seals nothing, `no_chain` links no lines, `bare` neither; `empty` is a Starlette application with one address
under the same server.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Any

VARIANTS = ("full", "each", "nothing", "no_vault", "no_chain", "bare", "empty")


def main() -> None:
    """Serve until a signal."""
    variant, folder, port, core, *url = sys.argv[1:]
    if variant not in VARIANTS:
        sys.exit(f"{variant} is none of {', '.join(VARIANTS)}")
    os.sched_setaffinity(0, {int(core)})
    if variant == "empty":
        _serve_empty(int(port))
    else:
        _serve(variant, Path(folder), int(port), *url)


def _serve_empty(port: int) -> None:
    import uvicorn
    from jinja2 import Environment
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, PlainTextResponse
    from starlette.routing import Route

    template = Environment(autoescape=True).from_string("<!doctype html><title>{{ title }}</title><p>{{ title }}</p>")

    async def ready(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ready\n")

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(template.render(title="Kosong"))

    app = Starlette(routes=[Route("/healthz", ready), Route("/halaman", page)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _serve(variant: str, folder: Path, port: int, url: str = "") -> None:
    import rsonline.app
    from rsonline import logs
    from rsonline.service import connections
    from rsonline.settings import Settings

    settings = Settings(data=folder, port=port, database=url, connections_per_source=1000)
    logs.configure(settings.log_level, settings.log_format)
    if variant == "nothing":
        from bench.nothing import without_database

        # create_app has no place for another store: nothing but a measurement wants one.
        usual = vars(rsonline.app)["open_store"]
        vars(rsonline.app)["open_store"] = lambda *given, **named: without_database(usual(*given, **named))
    if variant in ("no_vault", "bare"):
        _without_vault()
    if variant in ("no_chain", "bare"):
        from rsonline.store import journal

        vars(journal)["link"] = lambda before, said: before
    _with_empty_page()
    app = rsonline.app.create_app(settings, commit_each=variant == "each")
    # As `rsonline serve` does.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    limits = connections.Limits(connections_per_source=settings.connections_per_source, exempt=frozenset())
    connections.server(app, host=settings.host, port=settings.port, limits=limits).run()


def _with_empty_page() -> None:
    """One more page, with everything that each page has (session, menu, headers) and nothing in it."""
    import rsonline.app
    from rsonline.web import render
    from rsonline.web.pages import Page

    async def empty(house: object, visit: Any) -> Any:
        return render.page(visit, "dasar.html")

    vars(rsonline.app)["PAGES"] = (*vars(rsonline.app)["PAGES"], Page("/kosong", ("GET",), "person", empty))


def _without_vault() -> None:
    """Values are kept as they are. Their indexes stay: without them nothing of the stock would be found."""
    from rsonline.store.seal import Vault

    setattr(Vault, "seal", lambda self, text, place: text.encode())  # noqa: B010 (a method is replaced on purpose)
    setattr(Vault, "open", lambda self, sealed, place: bytes(sealed).decode())  # noqa: B010
    setattr(Vault, "person", lambda self, number: None)  # noqa: B010


if __name__ == "__main__":
    main()
