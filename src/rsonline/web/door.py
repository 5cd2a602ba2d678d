"""The loop page → route, and the one endpoint that serves them all: who is there, what may they do, what went wrong.

State changes only by POST with the session's token and a matching Origin (SR-36). Nothing a page shows may be kept by
anybody between (SR-40).
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hmac import compare_digest
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from rsonline.login.doorkeeper import source_of
from rsonline.logs import new_request_id
from rsonline.reports.fields import At
from rsonline.store import people, sessions
from rsonline.store.change import Busy, Full, Stale
from rsonline.store.hospitals import ZONES, Hospital
from rsonline.web import assets, render
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

log = structlog.get_logger("rsonline.web")
COOKIE = "__Host-rsonline"
LANGUAGE = "bahasa"
FILES = "/statis/{digest}/{name}"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Of forms sent by a page that hides where it is, a browser says no Origin; and that is what we ask for.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}
AddressOf = Callable[[Request], str]


class Wrong(Exception):
    """A request that a page refuses: the status, and what to tell the person."""

    def __init__(self, status: int, id: str, en: str, retry_after: int | None = None) -> None:
        super().__init__(id)
        self.status = status
        self.id = id
        self.en = en
        self.retry_after = retry_after


def routes(house: House, pages: Sequence[Page], address_of: AddressOf) -> list[BaseRoute]:
    """A route for each page, and the files. Raises RuntimeError where two pages share an address."""
    made: list[BaseRoute] = [Route(FILES, _asset, methods=["GET"])]
    seen: set[tuple[str, str]] = set()
    for page in pages:
        for method in page.methods:
            if (page.path, method) in seen:
                raise RuntimeError(f"two pages answer {method} {page.path}")
            seen.add((page.path, method))
        made.append(Route(page.path, _endpoint(house, page, address_of), methods=list(page.methods)))
    return made


async def _asset(request: Request) -> Response:
    """A file, which its address makes unchangeable."""
    found = assets.all_assets().get(request.path_params["name"])
    if found is None or found.digest != request.path_params["digest"]:
        return Response("tidak ditemukan\n", 404, media_type="text/plain")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(found.body, 200, headers, found.media_type)


def _endpoint(house: House, page: Page, address_of: AddressOf) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        begun = time.perf_counter()
        chosen = request.cookies.get(LANGUAGE)
        visit = Visit(
            request,
            new_request_id(),
            address_of(request),
            datetime.now(UTC),
            chosen if chosen in ("id", "en") else "id",
        )
        try:
            response = await _serve(house, page, visit)
        except Exception as error:
            response = _failure(error, visit, page)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = visit.request_id
        log.info(
            "page",
            request_id=visit.request_id,
            hospital=visit.hospital.code if visit.hospital else None,
            address=visit.address,
            page=page.path,
            method=request.method,
            status=response.status_code,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )
        return response

    return serve


async def _serve(house: House, page: Page, visit: Visit) -> Response:
    request = visit.request
    token = request.cookies.get(COOKIE)
    if token is not None and len(token) < 200:
        await _recognise(house, visit, token)
    refused = _refused(page, visit)
    if refused is not None:
        return refused
    if request.method != "GET":
        await _require_own_form(page, visit)
    return await page.handler(house, visit)


async def _recognise(house: House, visit: Visit, token: str) -> None:
    """Find whose cookie it is, with the hospital as it is now."""

    known = await house.store.read(None, lambda access: sessions.find(access, token, visit.now))
    if known is None:
        return
    visit.session, visit.hospital = known, known.hospital
    person, own = known.person, known.hospital
    visit.origin = people.origin_of(
        person, 0 if own is None else own.version, address=visit.address, request_id=visit.request_id
    )
    if own is not None:
        visit.at = at(house, own, visit.now)
    if sessions.needs_note(known, visit.now):
        await house.store.perform(lambda access: sessions.note_use(access, known, visit.now))


def at(house: House, hospital: Hospital, now: datetime) -> At:
    """Where and when a message of a hospital is read."""
    whole = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return At(
        hospital.code,
        _zone(hospital.zone),
        whole,
        house.references,
        hospital.name,
        house.settings.unlisted_references,
    )


def _refused(page: Page, visit: Visit) -> Response | None:
    """Why the page is not shown, as what is shown instead."""
    if page.right == "anyone":
        return None
    session = visit.session
    if session is None:
        if visit.request.method == "GET":
            return RedirectResponse(f"/masuk?lanjut={quote(_here(visit))}", 303)
        raise Wrong(
            401,
            "Sesi Anda sudah berakhir. Konsep Anda tersimpan; masuk kembali untuk melanjutkan.",
            "Your session has ended. Your draft is kept; log in to go on.",
        )
    if page.right == "session":
        return None
    if session.person.needs_second and not session.second:
        return RedirectResponse(f"/masuk/faktor-kedua?lanjut={quote(_here(visit))}", 303)
    if page.right != "person" and page.right not in session.person.rights:
        raise Wrong(403, "Akun Anda tidak berhak membuka halaman ini.", "Your account may not open this page.")
    if page.hospital and visit.hospital is None:
        raise Wrong(403, "Halaman ini untuk petugas rumah sakit.", "This page is for people of a hospital.")
    if page.fresh and not session.fresh(visit.now):
        return RedirectResponse(f"/masuk/ulang?lanjut={quote(_here(visit))}", 303)
    return None


def _here(visit: Visit) -> str:
    """The page that was asked for, to come back to; of a form, the page that shows it."""
    return visit.request.url.path if visit.request.method == "GET" else "/beranda"


async def _require_own_form(page: Page, visit: Visit) -> None:
    """Raise Wrong unless the form comes from a page of ours, in this session."""
    request = visit.request
    origin = request.headers.get("origin")
    if origin is None:
        same = request.headers.get("sec-fetch-site") in ("same-origin", "none")
    else:
        same = urlsplit(origin).netloc == request.headers.get("host")
    given = request.headers.get("x-csrf")
    if given is None and visit.session is not None and same:
        form = await request.form(max_files=1, max_fields=2000)
        given = str(form.get("csrf", ""))
    if not same or (visit.session is not None and not compare_digest(str(given), visit.csrf)):
        raise Wrong(
            403,
            "Formulir ini tidak berasal dari halaman ini atau sudah terlalu lama. Muat ulang lalu kirim kembali.",
            "This form does not come from this page, or is too old. Reload it and send it again.",
        )


def _failure(error: Exception, visit: Visit, page: Page) -> Response:
    """An exception as a page; what nobody expected says nothing of its inside (SR-33)."""
    match error:
        case Wrong():
            wrong = error
        case Stale():
            wrong = Wrong(503, "Data akun rumah sakit baru saja berubah. Coba lagi.", "Please try again.", 1)
        case Busy():
            wrong = Wrong(
                503,
                "Layanan sedang sibuk; belum ada yang tersimpan. Coba lagi sebentar.",
                "The service is busy; nothing was stored. Try again in a moment.",
                2,
            )
        case Full():
            wrong = Wrong(
                507,
                "Penyimpanan penuh; belum ada yang tersimpan. Operator sudah diberi tahu.",
                "The disk is full; nothing was stored. The operator knows.",
            )
        case _:
            error.add_note(f"{page.path} {visit.request.method}")
            log.exception("page.failed", request_id=visit.request_id, page=page.path)
            wrong = Wrong(500, "Ada kesalahan di layanan ini.", "Something is wrong in this service.")
    if visit.wants_json:
        response: Response = Response(
            render.text(visit, "galat.json", text=visit.t(wrong.id, wrong.en)), wrong.status, None, "application/json"
        )
    else:
        response = render.page(visit, "galat.html", wrong.status, wrong=wrong)
    if wrong.retry_after is not None:
        response.headers["Retry-After"] = str(wrong.retry_after)
    return response


def source(visit: Visit) -> str:
    """What counts as one source of guesses."""
    return source_of(visit.address)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(ZONES[name])
