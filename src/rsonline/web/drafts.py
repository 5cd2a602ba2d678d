"""Drafts: what a script keeps of a form while somebody types, and how it is thrown away again.

A draft is sealed on the server, for the person and the form; the page of the form goes on with it.
"""

import re

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from rsonline.store import drafts
from rsonline.store.access import Access
from rsonline.store.drafts import Draft
from rsonline.web.door import Wrong
from rsonline.web.login import field, onward
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

MOST = 200
"""As many forms may one person have begun at the same time."""
LARGEST = 128 * 1024
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){0,5}")
_LONGEST_NAME = 120
_FIELDS = 700
_LONGEST = 5000
NOT_KEPT = frozenset({"csrf", "kirim"})
"""What belongs to one showing of a form, not to what was typed. `versi` stays: it says what was seen while typing."""


async def keep(house: House, visit: Visit) -> Response:
    """Keep what was typed: a JSON object of texts. Answers when it is kept, with the time on the hospital's clock."""
    form, typed = form_of(visit), _typed(await _body(visit))

    def write(access: Access) -> bool:
        begun = drafts.forms(access, visit.own.code, visit.person.user_name)
        if form not in begun and len(begun) >= MOST:
            return False
        drafts.keep(access, visit.own.code, visit.person.user_name, form, typed, visit.now)
        return True

    if not await house.store.perform(write):
        raise Wrong(
            422,
            f"Konsep Anda sudah {MOST}. Kirim atau buang yang lama dahulu.",
            f"You have {MOST} drafts. Send or throw away the older ones first.",
        )
    return JSONResponse({"status": True, "clock": visit.now.astimezone(visit.zone).strftime("%H:%M")})


async def throw_away(house: House, visit: Visit) -> Response:
    """Forget a draft, and go on to an address of ours."""
    form, next_page = form_of(visit), onward(await field(visit, "lanjut"))
    await sent(house, visit, form)
    return RedirectResponse(next_page, 303)


async def begun(house: House, visit: Visit, form: str) -> Draft | None:
    """What this person typed into a form and has not sent yet."""
    code, user_name = visit.own.code, visit.person.user_name
    return await house.store.read(visit.origin, lambda access: drafts.find(access, code, user_name, form))


async def sent(house: House, visit: Visit, form: str) -> None:
    """What was typed into a form is stored now: its draft is forgotten."""
    code, user_name = visit.own.code, visit.person.user_name
    await house.store.perform(lambda access: drafts.drop(access, code, user_name, form))


def form_of(visit: Visit) -> str:
    """The form that the address names; raise Wrong for what cannot be one."""
    name = str(visit.request.path_params["form"])
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise Wrong(404, "Formulir ini tidak ada.", "There is no such form.")
    return name


async def _body(visit: Visit) -> bytes:
    """What was sent, read no further than it may be long; raise Wrong for more."""
    body = bytearray()
    try:
        async for piece in visit.request.stream():
            body += piece
            if len(body) > LARGEST:
                raise Wrong(413, "Isian terlalu panjang untuk konsep.", "Too long for a draft.")
    except ClientDisconnect:
        raise Wrong(400, "Konsep tidak lengkap.", "The draft is not complete.") from None
    return bytes(body)


def _typed(body: bytes) -> dict[str, str]:
    try:
        said = msgspec.json.decode(body, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Wrong(400, "Konsep tidak dapat dibaca.", "The draft cannot be read.") from None
    if len(said) > _FIELDS or any(len(name) > 100 or len(text) > _LONGEST for name, text in said.items()):
        raise Wrong(413, "Isian terlalu panjang untuk konsep.", "Too long for a draft.")
    return {name: text for name, text in said.items() if name not in NOT_KEPT}


PAGES = (
    Page("/konsep/{form:path}", ("PUT",), "enter", keep, most=LARGEST, hospital=True),
    Page("/konsep/{form:path}", ("POST",), "enter", throw_away, hospital=True),
)
