"""The hospital's own integration: passwords of its programs, accounts of the patient API, clocks, what was counted."""

from collections.abc import Callable
from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from rsonline.login.passwords import generate, hash_password
from rsonline.reports.verdict import Words
from rsonline.store import accounts, audit, calls, hospitals
from rsonline.store.access import Access
from rsonline.store.accounts import AccountError
from rsonline.store.hospitals import HospitalError
from rsonline.web import diagnosis, happenings, render
from rsonline.web.door import Wrong
from rsonline.web.login import field
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

KINDS = {
    "generated": Words("dibuat layanan ini", "made by this service"),
    "imported": Words("lama, dibawa dari sistem sebelumnya", "older, brought from the system before"),
    "md5": Words("MD5 dari kata sandi lain", "MD5 of another password"),
}
_DAYS = 14
_GONE = Words("Akun ini tidak ada di rumah sakit Anda.", "Your hospital has no such account.")


async def show(house: House, visit: Visit) -> Response:
    """Everything about the hospital's programs on one page."""
    return await _shown(house, visit)


async def _shown(house: House, visit: Visit, status: int = 200, name: str = "") -> Response:
    code = visit.own.code

    def look(access: Access) -> dict[str, object]:
        counted = hospitals.tallies(access, code, _DAYS)
        clocks = diagnosis.clock(calls.clocks(access, code)) or diagnosis.of_tallies(counted)
        passwords, known = hospitals.passwords(access, code), accounts.every(access, code)
        exposed = [(f"X-pass {p.number}", p.exposed_at, p.exposed_from) for p in reversed(passwords)]
        exposed += [(a["user_name"], a["exposed_at"], a["exposed_from"]) for a in known if a["aktif"]]
        return {
            "passwords": passwords,
            "newest": hospitals.newest_password(access, code),
            "accounts": known,
            "happenings": [happenings.told(x) for x in audit.doors(access, code, visit.now - timedelta(days=30))],
            "exposed": [each for each in exposed if each[1] is not None],
            "counted": [(diagnosis.counted(what), count) for what, count in counted],
            "clocks": clocks,
        }

    found = await house.store.read(None, look)
    return render.page(visit, "integrasi.html", status, kinds=KINDS, days=_DAYS, name=name, **found)


def number_in(text: str) -> int:
    """A whole number that a form holds; 0 for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


async def new_password(house: House, visit: Visit) -> Response:
    """A new X-pass, shown here and never again; the one before it counts for another 72 hours."""
    code, by = visit.own.code, visit.on_behalf
    newest = number_in(await field(visit, "nomor"))
    at_once = await field(visit, "sekarang") == "1"
    password = generate()
    hashed = await house.keeper.compute(hash_password, password)

    def work(access: Access) -> int:
        hospitals.require_newest(access, code, newest)
        return hospitals.new_password(access, code, hashed, at_once=at_once, by=by)

    try:
        await house.store.perform(work)
    except HospitalError as error:
        return await _refused(house, visit, error)
    house.keeper.forget(code)
    title = Words("Kata sandi API (X-pass) baru", "New API password (X-pass)")
    after = Words(
        "Kata sandi lama sudah berakhir. Pasang yang ini di program Anda sekarang juga."
        if at_once
        else "Kata sandi lama masih berlaku 72 jam. Pasang yang ini di program Anda sebelum itu.",
        "The old password has ended. Put this one into your program now."
        if at_once
        else "The old password counts for another 72 hours. Put this one into your program before that.",
    )
    return shown_once(visit, title, code, password, after, "/integrasi")


def shown_once(visit: Visit, title: Words, whose: str, password: str, after: Words, back: str) -> Response:
    """The page of a password that is shown once."""
    return render.page(visit, "sandi_sekali.html", title=title, whose=whose, password=password, after=after, back=back)


async def _refused(house: House, visit: Visit, error: Exception) -> Response:
    visit.flash.append(("danger", Words(str(error), str(error))))
    return await _shown(house, visit, 409)


async def revoke(house: House, visit: Visit) -> Response:
    """End one password now."""
    code, by = visit.own.code, visit.on_behalf
    number = number_in(await field(visit, "nomor"))
    try:
        await house.store.perform(lambda access: hospitals.revoke(access, code, number, by=by))
    except HospitalError as error:
        return await _refused(house, visit, error)
    house.keeper.forget(code)
    return RedirectResponse("/integrasi", 303)


async def add_account(house: House, visit: Visit) -> Response:
    """A new account of the patient API for this hospital; its password is shown here and never again."""
    code, by = visit.own.code, visit.on_behalf
    name = (await field(visit, "nama")).strip()
    addresses = tuple((await field(visit, "alamat")).replace(",", " ").split())
    password = generate()
    hashed = await house.keeper.compute(hash_password, password)
    try:
        await house.store.perform(
            lambda access: accounts.add(access, name, hashed, code=code, addresses=addresses, by=by)
        )
    except (AccountError, HospitalError) as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return await _shown(house, visit, 422, name[:100])
    house.keeper.forget(code)
    title = Words("Kata sandi akun API pasien", "Password of the patient API account")
    after = Words(
        "Dipakai di POST /api/rslogin sebagai password, dengan userName di atas.",
        "Used at POST /api/rslogin as password, with the userName above.",
    )
    return shown_once(visit, title, name, password, after, "/integrasi")


async def close_account(house: House, visit: Visit) -> Response:
    """Close an account of this hospital; its tokens end with it."""
    return await _switch(
        house, visit, lambda access, name: accounts.change(access, name, by=visit.on_behalf, aktif=False)
    )


async def open_account(house: House, visit: Visit) -> Response:
    """Open it again."""
    return await _switch(
        house, visit, lambda access, name: accounts.change(access, name, by=visit.on_behalf, aktif=True)
    )


async def _switch(house: House, visit: Visit, work: Callable[[Access, str], None]) -> Response:
    code, name = visit.own.code, await field(visit, "akun")

    def own_only(access: Access) -> bool:
        found = accounts.find(access, name) if accounts.NAME.fullmatch(name) else None
        if found is None or found.code != code:
            return False
        work(access, name)
        return True

    if not await house.store.perform(own_only):
        raise Wrong(404, *_GONE)
    house.keeper.forget(code)
    return RedirectResponse("/integrasi", 303)


PAGES = (
    Page("/integrasi", ("GET",), "integration", show, hospital=True),
    Page("/integrasi/sandi", ("POST",), "integration", new_password, fresh=True, hospital=True),
    Page("/integrasi/sandi/akhiri", ("POST",), "integration", revoke, fresh=True, hospital=True),
    Page("/integrasi/akun", ("POST",), "integration", add_account, fresh=True, hospital=True),
    Page("/integrasi/akun/tutup", ("POST",), "integration", close_account, fresh=True, hospital=True),
    Page("/integrasi/akun/buka", ("POST",), "integration", open_account, fresh=True, hospital=True),
)
