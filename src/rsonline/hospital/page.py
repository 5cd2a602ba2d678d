"""The agent's own page, on this machine only: how it stands, and what was refused, to be sent again or given up.

Whoever reads the key file of the folder may look. Other names than loopback's are not served, so that no page of the
internet reaches it through the browser.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from rsonline.hospital.identity import called
from rsonline.hospital.line import LOOPBACK
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.setup import keep_secret
from rsonline.hospital.sight import STATES, text_in
from rsonline.hospital.words import duration, spoken
from rsonline.reports import REPORTS
from rsonline.reports.verdict import Words

KEY_FILE: Final = "halaman.kunci"
LASTS: Final = 12 * 3600.0
"""Seconds for which a browser stays logged in."""
TRIES, WINDOW = 5, 60.0
_MOST = 4096
_COOKIE = "rsonline_agen"
_LANGUAGE = "rsonline_agen_bahasa"
"""A cookie of its own: browsers keep one for all ports of a machine, and the service's `bahasa` may be there."""
_CHOICE_LASTS = 365 * 86_400
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` a browser hides where a form was sent from, and `_here` could not tell.
    "Referrer-Policy": "same-origin",
}
_BY_NAME = {report.name: report for report in REPORTS}
_REFUSED = Words("Ditolak.", "Refused.")
_RELOAD = Words("Ditolak. Muat ulang halaman dan coba lagi.", "Refused. Reload the page and try again.")
_OTHER_MACHINE = Words("Halaman ini hanya untuk mesin ini sendiri.", "This page is for this machine itself only.")
_TOO_MANY = Words("Terlalu banyak percobaan, tunggu satu menit.", "Too many tries, wait a minute.")
_UNUSABLE = Words("nomor, tindakan: tidak dapat dipakai", "nomor, tindakan: cannot be used")


def key_of(folder: Path) -> str:
    """The key of the page, made where there is none. Raises OSError."""
    path = folder / KEY_FILE
    if not path.exists():
        keep_secret(path, secrets.token_urlsafe(18) + "\n")
    return path.read_text("utf-8").strip()


@dataclass(slots=True)
class Page:
    """The page over an outbox. `standing` gives how the agent stands (see `sight.health`)."""

    key: str
    outbox: Outbox
    standing: Callable[[], dict[str, Any]]
    clock: Callable[[], float] = time.time
    lang: str = "id"
    """The language of whoever chose none."""
    _sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By cookie: the token of its forms, and until when."""
    _failed: list[float] = field(default_factory=list)
    _templates: Environment = field(
        default_factory=lambda: Environment(loader=PackageLoader("rsonline.hospital", "pages"), autoescape=True)
    )

    def app(self) -> Starlette:
        """The application that a server serves."""
        return Starlette(
            routes=[
                Route("/", self.shown, methods=["GET"]),
                Route("/gaya.css", _style, methods=["GET"]),
                Route("/masuk", self.enter, methods=["POST"]),
                Route("/pesan", self.decide, methods=["POST"]),
                Route("/keluar", self.leave, methods=["POST"]),
            ]
        )

    async def shown(self, request: Request) -> Response:
        """How it stands, or the question for the key."""
        if not _here(request):
            return self._no(request, 421, _OTHER_MACHINE)
        lang, session = self._language(request), self._session(request)
        answer = self._page(session, lang, wrong=session is None and "salah" in request.query_params)
        if request.query_params.get("lang") == lang:
            answer.set_cookie(_LANGUAGE, lang, _CHOICE_LASTS, httponly=True, samesite="strict")
        return answer

    async def enter(self, request: Request) -> Response:
        """Log in by the key."""
        sent = await _form(request)
        if sent is None or not _here(request):
            return self._no(request, 403, _REFUSED)
        now = self.clock()
        self._failed = [at for at in self._failed if now - at < WINDOW]
        if len(self._failed) >= TRIES:
            return self._no(request, 429, _TOO_MANY)
        if not hmac.compare_digest(sent.get("kunci", "").strip().encode(), self.key.encode()):
            self._failed.append(now)
            return RedirectResponse("/?salah", 303, _HEADERS)
        cookie = secrets.token_urlsafe(24)
        self._sessions = {k: v for k, v in self._sessions.items() if v[1] > now}
        self._sessions[cookie] = (secrets.token_urlsafe(24), now + LASTS)
        answer = RedirectResponse("/", 303, _HEADERS)
        answer.set_cookie(_COOKIE, cookie, max_age=int(LASTS), httponly=True, samesite="strict")
        return answer

    async def decide(self, request: Request) -> Response:
        """Send a refused message again, or give it up."""
        sent = await self._trusted(request)
        if sent is None:
            return self._no(request, 403, _RELOAD)
        number, what = sent.get("nomor", ""), sent.get("tindakan", "")
        if not number.isdigit() or what not in ("kirim", "buang"):
            return self._no(request, 422, _UNUSABLE)
        act = self.outbox.resend if what == "kirim" else self.outbox.discard
        if not act(int(number)):
            text = Words(f"Tidak ada pesan {number} yang ditolak.", f"There is no refused message {number}.")
            return self._no(request, 404, text)
        return RedirectResponse("/", 303, _HEADERS)

    async def leave(self, request: Request) -> Response:
        """Log out."""
        if await self._trusted(request) is None:
            return self._no(request, 403, _REFUSED)
        self._sessions.pop(request.cookies.get(_COOKIE, ""), None)
        return RedirectResponse("/", 303, _HEADERS)

    def _session(self, request: Request) -> str | None:
        """The token of the forms of whoever is logged in."""
        token, until = self._sessions.get(request.cookies.get(_COOKIE, ""), ("", 0.0))
        return token if until > self.clock() else None

    async def _trusted(self, request: Request) -> dict[str, str] | None:
        sent = await _form(request)
        session = self._session(request)
        if sent is None or session is None or not _here(request):
            return None
        return sent if hmac.compare_digest(sent.get("tanda", "").encode(), session.encode()) else None

    def _language(self, request: Request) -> str:
        """What was chosen by the link, now or before; without a choice that of the command that serves the page."""
        for chosen in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE)):
            if chosen in ("id", "en"):
                return chosen
        return self.lang

    def _no(self, request: Request, status: int, words: Words) -> Response:
        return PlainTextResponse(spoken(words, self._language(request)), status, _HEADERS)

    def _page(self, token: str | None, lang: str, *, wrong: bool) -> Response:
        now = self.clock()

        def since(then: float | None) -> str:
            return "-" if then is None else duration(now - then, lang)

        def t(id: str, en: str) -> str:
            return spoken(Words(id, en), lang)

        refused = [] if token is None else self.outbox.set_aside(200)
        body = self._templates.get_template("keadaan.html").render(
            said=None if token is None else self.standing(),
            lang=lang,
            t=t,
            states={name: spoken(words, lang) for name, words in STATES.items()},
            told=lambda said, name: text_in(said, name, lang),
            wrong=wrong,
            token=token,
            key_file=KEY_FILE,
            since=since,
            ago=lambda then: "-" if then is None else since(then) + t(" lalu", " ago"),
            refused=[
                {"id": m.id, "report": m.report, "said": m.said, "called": called(_BY_NAME[m.report], m.body)}
                for m in refused
            ],
            rejected=[] if token is None else self.outbox.rejected()[:200],
        )
        return HTMLResponse(body, 200, _HEADERS)


def _here(request: Request) -> bool:
    """Whether the browser asked for this machine by its own name, and no other page sent it."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    origin = request.headers.get("Origin")
    return host in LOOPBACK and (origin is None or urlsplit(origin).netloc == request.headers.get("Host"))


async def _form(request: Request) -> dict[str, str] | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            return None
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("ascii"), keep_blank_values=True).items()}
    except UnicodeDecodeError:
        return None


async def _style(request: Request) -> Response:
    text = (files("rsonline.hospital") / "pages" / "gaya.css").read_text("utf-8")
    return PlainTextResponse(text, 200, {**_HEADERS, "Cache-Control": "max-age=3600"}, "text/css")
