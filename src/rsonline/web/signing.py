"""The hospital's signing keys (SR-12): made, ended, and whether its programs come in by a signature only."""

from collections.abc import Callable

from starlette.responses import RedirectResponse, Response

from rsonline.login.passwords import generate
from rsonline.reports.verdict import Words
from rsonline.store import hospitals, signing
from rsonline.store.access import Access
from rsonline.store.hospitals import HospitalError
from rsonline.web import render
from rsonline.web.integration import number_in, shown_once
from rsonline.web.login import field
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

ADDRESS = "/integrasi/tanda-tangan"


async def show(house: House, visit: Visit) -> Response:
    """The keys and the switch."""
    return await _shown(house, visit)


async def _shown(house: House, visit: Visit, status: int = 200) -> Response:
    code = visit.own.code

    def look(access: Access) -> dict[str, object]:
        found = hospitals.find(access, code, visit.now)
        return {
            "keys": signing.keys(access, code),
            "used": signing.last_logins(access, code),
            "newest": signing.newest(access, code),
            "only": found is not None and found.signed_only,
        }

    return render.page(visit, "tanda_tangan.html", status, **await house.store.read(None, look))


async def new_key(house: House, visit: Visit) -> Response:
    """A new key, shown here and never again; the one before it counts for another 72 hours."""
    code, by = visit.own.code, visit.on_behalf
    after = number_in(await field(visit, "nomor"))
    at_once = await field(visit, "sekarang") == "1"
    try:
        text = await house.store.perform(
            lambda access: signing.add(access, code, generate(), at_once=at_once, after=after, by=by)
        )
    except HospitalError as error:
        return await _refused(house, visit, error)
    house.keeper.forget(code)
    title = Words("Kunci tanda tangan baru", "New signing key")
    after_that = Words(
        "Taruh di berkas kata sandi program Anda. Kunci ini dipakai untuk menandatangani dan tidak pernah dikirim.",
        "Put it into your program's password file. This key signs and is never sent.",
    )
    return shown_once(visit, title, code, text, after_that, ADDRESS)


async def end(house: House, visit: Visit) -> Response:
    """End one key now."""
    code, by = visit.own.code, visit.on_behalf
    number = number_in(await field(visit, "nomor"))
    return await _done(house, visit, lambda access: signing.end(access, code, number, by=by))


async def require(house: House, visit: Visit) -> Response:
    """Take signed requests only, or an X-pass again."""
    code, by = visit.own.code, visit.on_behalf
    on = await field(visit, "hanya") == "1"
    return await _done(house, visit, lambda access: signing.require(access, code, on, by=by))


async def _done(house: House, visit: Visit, work: Callable[[Access], None]) -> Response:
    try:
        await house.store.perform(work)
    except HospitalError as error:
        return await _refused(house, visit, error)
    house.keeper.forget(visit.own.code)
    return RedirectResponse(ADDRESS, 303)


async def _refused(house: House, visit: Visit, error: Exception) -> Response:
    visit.flash.append(("danger", Words(str(error), str(error))))
    return await _shown(house, visit, 409)


PAGES = (
    Page(ADDRESS, ("GET",), "integration", show, hospital=True),
    Page(f"{ADDRESS}/kunci", ("POST",), "integration", new_key, fresh=True, hospital=True),
    Page(f"{ADDRESS}/akhiri", ("POST",), "integration", end, fresh=True, hospital=True),
    Page(f"{ADDRESS}/hanya", ("POST",), "integration", require, fresh=True, hospital=True),
)
