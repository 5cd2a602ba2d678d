"""Entry without a connection: the service worker, what it keeps, the manifest, and who is logged in.

What the browser keeps of pages belongs to nobody: the shells below are fetched without a cookie, and the same for
everybody. What somebody typed into a daily form (figures, no persons) waits in the browser under `Visit.owner`.
"""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rsonline.intake import duty
from rsonline.reports.fields import At
from rsonline.web import assets, forms, render
from rsonline.web.entry import daily_report
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

LANGUAGES = ("id", "en")
SHELLS = ("/luring", *(f"/luring/{report.name}" for report in duty.DAILY))
_NOT_FOR_PAGES = frozenset({"sw.js", "ikon-192.png", "ikon-512.png", "ikon-penuh-512.png"})


async def start(house: House, visit: Visit) -> Response:
    """What is shown instead of any page while there is no connection: the daily forms, and what waits to be sent."""
    return _start(_in_chosen_language(visit))


async def form(house: House, visit: Visit) -> Response:
    """A daily form without a day, a person or a value: a script gives it the day and what this browser knows."""
    return _form(_in_chosen_language(visit), visit.request.path_params["name"])


def _in_chosen_language(visit: Visit) -> Visit:
    """The worker asks without a cookie, so it says the language in the address."""
    chosen = visit.request.query_params.get("bahasa")
    return replace(visit, language=chosen) if chosen in LANGUAGES else visit


def _start(visit: Visit) -> Response:
    return render.page(visit, "luring.html", reports=duty.DAILY)


def _form(visit: Visit, name: str) -> Response:
    report = daily_report(name)
    at = At("", ZoneInfo("Asia/Jakarta"), visit.now)
    found = forms.fields(report, at, visit.language, {}, leave_out=("tanggal", "tgllapor"))
    groups, grid = forms.grid(forms.grouped(report, found, visit.language))
    return render.page(visit, "luring_formulir.html", report=report, groups=groups, grid=grid, theirs={})


async def session(house: House, visit: Visit) -> Response:
    """Whose session it is, for a script: the token of its forms and the owner of what waits in the browser."""
    own = visit.hospital is not None and visit.may("enter")
    return JSONResponse(
        {"csrf": visit.csrf, "owner": visit.owner if own else None, "hospital": visit.own.code if own else None}
    )


async def worker(house: House, visit: Visit) -> Response:
    """The service worker, with the list of what it keeps. A new list makes browsers install it anew."""
    return Response(_worker(), 200, {"Cache-Control": "no-cache"}, "text/javascript; charset=utf-8")


@cache
def _worker() -> bytes:
    kept = [assets.address(name) for name in sorted(assets.all_assets()) if name not in _NOT_FOR_PAGES]
    pages = [f"{path}?bahasa={language}" for path in SHELLS for language in LANGUAGES]
    version = hashlib.sha256("\n".join(kept).encode())
    for language in LANGUAGES:
        version.update(_start(_nobody("/luring", language)).body)
        for report in duty.DAILY:
            version.update(_form(_nobody(f"/luring/{report.name}", language), report.name).body)
    said = {"version": version.hexdigest()[:12], "files": kept, "pages": pages, "forms": list(SHELLS[1:])}
    own = (files("rsonline.web") / "static" / "sw.js").read_bytes()
    return b"const SHELL = " + json.dumps(said).encode() + b";\n" + own


def _nobody(path: str, language: str) -> Visit:
    """The visit of somebody without a session, as the worker's are."""
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("", 80)}
    return Visit(Request(scope), "", "", datetime(2026, 1, 1, tzinfo=UTC), language)


async def manifest(house: House, visit: Visit) -> Response:
    """What makes the application installable."""
    whole = {"type": "image/png", "purpose": "any"}
    said = {
        "id": "/",
        "name": "rsonline",
        "short_name": "rsonline",
        "description": visit.t("Laporan harian rumah sakit", "A hospital's daily reports"),
        "lang": visit.language,
        "start_url": "/beranda",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#066fd1",
        "icons": [
            {"src": assets.address("ikon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": assets.address("ikon-192.png"), "sizes": "192x192", **whole},
            {"src": assets.address("ikon-512.png"), "sizes": "512x512", **whole},
            {
                "src": assets.address("ikon-penuh-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    return Response(json.dumps(said), 200, {"Cache-Control": "no-cache"}, "application/manifest+json")


PAGES = (
    Page("/luring", ("GET",), "anyone", start),
    Page("/luring/{name}", ("GET",), "anyone", form),
    Page("/sesi", ("GET",), "person", session, fragment=True),
    Page("/sw.js", ("GET",), "anyone", worker, fragment=True),
    Page("/manifest.webmanifest", ("GET",), "anyone", manifest, fragment=True),
)
