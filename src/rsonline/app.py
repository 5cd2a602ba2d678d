"""`create_app`: the only place where the doors and all parts meet."""

import asyncio
import base64
import gc
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rsonline import logs
from rsonline.insight.current import Current
from rsonline.insight.rollups import Rollups
from rsonline.intake.receipts import Receipts
from rsonline.reports import EVERY_REPORT
from rsonline.reports.current_lists import CurrentLists
from rsonline.reports.receipt import key_id
from rsonline.reports.report import check
from rsonline.service import connections, metrics, reference
from rsonline.service.calls import CallLog
from rsonline.service.denied import Denied
from rsonline.service.gate import Gate
from rsonline.service.hooks import Hooks, load
from rsonline.service.patient_door import PatientDoor
from rsonline.service.routes import GuideDoor, header_lists
from rsonline.settings import Settings
from rsonline.store import audit, migrate
from rsonline.store.change import Busy, Full
from rsonline.store.engines import Store, open_store
from rsonline.store.seal import Vault
from rsonline.web import door, insight_data, sheets
from rsonline.web.pages import House
from rsonline.web.site import PAGES

log = structlog.get_logger("rsonline")
EXIT_STORAGE = 74
NEW_KEYS = 60.0
"""Seconds after which the database is asked for new keys."""
NEW_LISTS = 10.0
"""Seconds after which the files of the reference lists are looked at."""


def end_process(error: BaseException) -> None:
    """A storage error leaves open what is durable: stop at once, so that nothing more is acknowledged (SR-52)."""
    log.critical("store.broken", error=str(error))
    os._exit(EXIT_STORAGE)


class Application:
    """The whole service as one ASGI application, with its store to be closed at the end."""

    def __init__(
        self,
        guide: ASGIApp,
        patients: ASGIApp,
        people: ASGIApp,
        admin: ASGIApp,
        gate: Gate,
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self._gate = gate
        self.admin = admin
        """What answers at the administrative address: metrics, and whether the service is ready (SR-60)."""
        self._guide = guide
        self._patients = patients
        self._people = people
        self.close = close
        self.beside: AbstractAsyncContextManager[None] = nullcontext()
        """What is served as long as the application is, at another address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is below `/fo` goes to the guide's door, below `/api` to the patient API."""
        if scope["type"] == "http" and scope["path"][:3].lower() == "/fo":
            await self._guide(scope, receive, send)
        elif _of_patients(scope):
            await self._patients(scope, receive, send)
        else:
            people = IN_CLEAR if self._refused(scope) else self._people
            await people(scope, receive, with_headers(send))

    def _refused(self, scope: Scope) -> bool:
        """Whether a form comes in clear that must not: it holds a password or a person. Looking is always allowed."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return False
        headers = header_lists(scope)
        try:
            self._gate.arrival.require_line(
                self._gate.arrival.line(scope.get("scheme", "http"), (scope.get("client") or ("", 0))[0], headers)
            )
        except Denied:
            return True
        return False


def _of_patients(scope: Scope) -> bool:
    """Whether an address is one of the patient API. What insight tells programs is below `/api` too."""
    if scope["type"] != "http":
        return False
    path = scope["path"]
    return path[:5].lower() in ("/api/", "/api") and not f"{path}/".startswith(f"{insight_data.API}/")


IN_CLEAR: ASGIApp = PlainTextResponse("Buka halaman ini dengan https, bukan http.\n", 403)
RECEIPT_KEY = "/.well-known/rsonline-receipt-key"
PUBLIC = frozenset(
    {
        *("/", "/healthz", "/openapi.json", "/docs", RECEIPT_KEY),
        *("/docs/docs.css", "/docs/docs.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"),
    }
)
"""Addresses that ask for no credentials and show nothing of any hospital. Everything below `/fo` asks for them."""

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def with_headers(send: Send) -> Send:
    """Every answer has a request id and the headers that keep a browser from guessing."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            named = {name.lower() for name, _ in given}
            own = [header for header in _HEADERS if header[0] not in named]
            message["headers"] = [*given, *own, (b"x-request-id", logs.new_request_id().encode())]
        await send(message)

    return sending


def undeclared(routes: Sequence[BaseRoute]) -> list[str]:
    """The addresses that nobody has declared public: the application does not start with one (SR-17)."""
    declared = PUBLIC | {page.path for page in PAGES} | {door.FILES}
    return [path for route in routes if (path := getattr(route, "path", "?")) not in declared]


def create_app(
    settings: Settings, *, on_broken: Callable[[BaseException], None] = end_process, commit_each: bool = False
) -> Application:
    """The whole application over an existing, migrated database.

    `commit_each` writes each change in a commit of its own (for measuring what group commit is worth). Raises
    RuntimeError for a faulty declaration.
    """
    faults = check(EVERY_REPORT)
    if faults:
        raise RuntimeError("; ".join(faults))
    references = CurrentLists(settings.data / "references")
    store = open_store(
        settings.place,
        waiting=settings.waiting_writes,
        readers=settings.readers,
        commit_each=commit_each,
        on_broken=on_broken,
    )
    gate = Gate(settings, store, references)
    calls = CallLog(store)
    guide = GuideDoor(store, gate, references, calls)
    rollups = Rollups(store)
    house = House(
        settings, store, gate.doorkeeper, gate.logins, references, Receipts(store.vault), Current(store), rollups
    )
    hooks = Hooks(
        load(settings.laboratory_registry),
        load(settings.population_registry),
        load(settings.vaccination_registry),
        seconds=settings.registry_seconds,
    )
    patients = PatientDoor(store, gate, references, hooks, calls)

    async def close() -> None:
        """Write what waits, then close. Called by the lifespan, or by whoever runs the application without one."""
        hooks.close()
        await house.current.close()
        await rollups.close()
        await calls.close()
        await gate.close()
        await store.close()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        log.info("service.started", database=settings.place.shown, reports=len(EVERY_REPORT))
        await note_settings(store, settings)
        kept = [
            asyncio.create_task(keep_keys_new(store.vault)),
            asyncio.create_task(keep_lists_new(references)),
            asyncio.create_task(rollups.keep()),
        ]
        async with application.beside:
            yield
        for task in kept:
            task.cancel()
        await close()
        log.info("service.stopped")

    routes: list[BaseRoute] = [
        Route("/", partial(_welcome, settings.reference_page)),
        Route("/healthz", _healthy),
        Route(RECEIPT_KEY, partial(_receipt_key, store)),
        *reference.routes(settings, references, lambda: references.version),
        *door.routes(house, PAGES, lambda request: _address(gate, request)),
    ]
    if unknown := undeclared(routes):
        raise RuntimeError(f"no permission is declared for {', '.join(unknown)}")
    inside = [
        Route("/healthz", _healthy),
        Route("/readyz", partial(_ready, store, settings)),
        Route("/metrics", partial(_metrics, store)),
    ]
    people = Starlette(routes=routes, lifespan=lifespan)
    application = Application(guide, patients, people, Starlette(routes=inside), gate, close)
    return application


async def note_settings(store: Store, settings: Settings) -> None:
    """A line in the journal where the settings differ from those of the last start at this address (SR-47).

    A database that is away or full at that moment keeps no service from starting.
    """
    where, said = f"{settings.host}:{settings.port}", settings.told()
    try:
        await store.perform(lambda access: audit.note_settings(access, where, said))
    except (Busy, Full) as error:
        log.warning("settings.not_noted", error=type(error).__name__)


async def keep_keys_new(vault: Vault) -> None:
    """Take up a data key that another process made, within a minute (SR-45). A database that is away is asked again."""
    while True:
        await asyncio.sleep(NEW_KEYS)
        try:
            await asyncio.to_thread(vault.refresh)
        except Exception as error:
            log.warning("keys.not_read", error=type(error).__name__)


async def keep_lists_new(references: CurrentLists) -> None:
    """Take up what was imported into the reference lists, whoever did it; a faulty file is told and changes nothing."""
    while True:
        await asyncio.sleep(NEW_LISTS)
        if await asyncio.to_thread(references.refresh):
            if references.fault is None:
                log.info("references.read")
            else:
                log.error("references.not_read", error=references.fault)


def _address(gate: Gate, request: Request) -> str:
    """Where a person's request comes from."""
    headers = {"x-forwarded-for": request.headers.getlist("x-forwarded-for")}
    return gate.arrival.address(request.client.host if request.client else "", headers)


async def _welcome(page: bool, request: Request) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/beranda", 303)
    told = {"service": "rsonline", "guide": "/fo/index.php", "openapi": "/openapi.json"}
    return JSONResponse(told | ({"docs": "/docs"} if page else {}))


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _ready(store: Store, settings: Settings, request: Request) -> Response:
    try:
        if store.waiting >= settings.waiting_writes:
            raise Busy
        await store.read(None, lambda access: access.connection.exec_driver_sql("SELECT 1").scalar_one())
    except Busy:
        return PlainTextResponse("busy\n", 503, {"Retry-After": "2"})
    return PlainTextResponse("ready\n")


async def _metrics(store: Store, request: Request) -> Response:
    metrics.waiting.set(store.waiting)
    return Response(metrics.text(), media_type="text/plain; version=0.0.4")


async def _receipt_key(store: Store, request: Request) -> Response:
    """The public key that verifies receipts."""
    public = store.vault.public_key
    return JSONResponse({"alg": "Ed25519", "key": key_id(public), "public": base64.b64encode(public).decode()})


def limits_of(settings: Settings) -> connections.Limits:
    """What a connection may do: one address takes files, which are larger than any message (SR-21, SR-28)."""
    usual = connections.Limits.body_bytes
    return connections.Limits(
        connections_per_source=settings.connections_per_source,
        exempt=frozenset(settings.trusted_proxies),
        body_limit=lambda path: sheets.body_limit(path, usual),
    )


def run(settings: Settings) -> None:
    """Migrate the database and serve until a signal. Raises MigrationError, and OSError for an address in use."""
    listening = listen(settings.host, settings.port)
    administration = listen(*settings.admin_place()) if settings.admin_listen else None
    logs.configure(settings.log_level, settings.log_format)
    migrate.upgrade(settings.place)
    limits = limits_of(settings)
    application = create_app(settings)
    # What is there now stays: collecting must not walk through it again and again while requests come and go.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    host, port = listening.getsockname()[:2]
    log.info("service.listening", host=host, port=port)
    if administration is not None:
        application.beside = connections.beside(application.admin, administration)
        host_, port_ = administration.getsockname()[:2]
        log.info("service.administration", host=host_, port=port_)
    connections.server(application, host=host, port=port, limits=limits).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError for an address in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)
