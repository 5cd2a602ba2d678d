"""Who may use the application: accounts listed, added, closed, opened, given a new one-time code (SR-19).

Each change is held against what its maker may grant at that moment, inside the transaction that makes it.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.responses import RedirectResponse, Response

from rsonline.login.personal import one_time_code
from rsonline.reports import regions
from rsonline.reports.verdict import Words
from rsonline.store import people
from rsonline.store.access import Access
from rsonline.store.people import GRANTS, Person, PersonError
from rsonline.web import listing, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

T = TypeVar("T")
ROLE_WORDS: Mapping[str, Words] = {
    "petugas": Words("Petugas rumah sakit: mengisi laporan", "Hospital officer: enters reports"),
    "admin-rs": Words("Admin rumah sakit: petugas, pengguna dan integrasi", "Hospital admin: users and integration"),
    "dinkes": Words("Dinas kesehatan: melihat wilayahnya", "Health office: reads its region"),
    "kemenkes": Words("Kemenkes: melihat semua, mengelola rumah sakit", "Ministry: reads all, manages hospitals"),
    "operator": Words("Operator layanan", "Operator of the service"),
}
_ROWS = 50


async def everybody(house: House, visit: Visit) -> Response:
    """The accounts that one may change."""
    wanted = listing.asked(visit, _ROWS)
    me = visit.person
    found, total = await house.store.read(
        None, lambda access: people.page(access, me, wanted.search, wanted.first, wanted.rows)
    )
    return render.page(
        visit, "pengguna.html", found=found, listing=wanted._replace(total=total), roles=ROLE_WORDS, place=place_of
    )


def place_of(person: Person) -> str:
    """Where an account belongs, in words."""
    if person.code is not None:
        return person.code
    if person.region is not None:
        return regions.regency(person.region) or regions.province(person.region) or person.region
    return "–"


async def new(house: House, visit: Visit) -> Response:
    """The form of a new account."""
    return _form(visit, {})


def _form(visit: Visit, typed: Mapping[str, str], status: int = 200) -> Response:
    return render.page(
        visit,
        "pengguna_baru.html",
        status,
        typed=typed,
        roles=[(role, words) for role, words in ROLE_WORDS.items() if role in GRANTS[visit.person.role]],
        provinces=regions.all_provinces() if "dinkes" in GRANTS[visit.person.role] else {},
    )


async def add(house: House, visit: Visit) -> Response:
    """A new account; its one-time code is shown here and never again."""
    form = await visit.request.form(max_files=1, max_fields=50)
    typed = {name: text.strip() for name, text in form.items() if isinstance(text, str)}
    user_name, role = typed.get("pengguna", "").lower(), typed.get("peran", "")
    me, by, one_time = visit.person, visit.on_behalf, one_time_code()
    # Whoever works for a hospital gives its roles; which hospital is no question then.
    code = (me.code or typed.get("rs") or None) if role in ("petugas", "admin-rs") else None
    region = (regions.digits(typed.get("wilayah", "")) or None) if role == "dinkes" else None

    def work(access: Access) -> Person:
        people.require_grant(access, me, role, code)
        people.add(access, by, user_name, typed.get("nama", ""), role, code=code, region=region, one_time=one_time)
        return people.require_version(access, user_name, 1)

    try:
        if not all(text.isprintable() for text in typed.values()):
            raise PersonError("Isian berisi karakter yang tidak dapat dicetak.")
        if role not in people.ROLES:
            raise PersonError("Pilih salah satu peran.")
        person = await house.store.perform(work)
    except PersonError as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return _form(visit, typed, 422)
    return _code_shown(visit, person, one_time)


def _code_shown(visit: Visit, person: Person, one_time: str) -> Response:
    return render.page(visit, "kode_sekali.html", person=person, one_time=one_time, role=ROLE_WORDS[person.role])


async def one(house: House, visit: Visit) -> Response:
    """One account, with what can be done to it."""
    person = await _asked(house, visit)
    return _shown(visit, person)


def _shown(visit: Visit, person: Person, status: int = 200) -> Response:
    return render.page(visit, "pengguna_satu.html", status, person=person, role=ROLE_WORDS[person.role], place=place_of)


async def _asked(house: House, visit: Visit) -> Person:
    """The account in the address; raise Wrong for one that is not there or not to be changed by this person."""
    user_name = visit.request.path_params["name"]
    found = None
    if people.NAME.fullmatch(user_name):
        found = await house.store.read(None, lambda access: people.find(access, user_name))
    if found is None or not people.manageable(visit.person, found):
        raise Wrong(404, "Pengguna ini tidak ada di antara yang Anda kelola.", "There is no such user among yours.")
    return found


async def _change(house: House, visit: Visit, work: Callable[[Access, Person], T]) -> T | Response:
    """Do something to the account in the address as it was shown; the page again where that cannot be."""
    person = await _asked(house, visit)
    me = visit.person
    form = await visit.request.form(max_files=1, max_fields=20)
    text = str(form.get("versi", ""))
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0

    def whole(access: Access) -> T:
        now = people.require_version(access, person.user_name, version)
        people.require_grant(access, me, now.role, now.code)
        return work(access, now)

    try:
        return await house.store.perform(whole)
    except PersonError as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return _shown(visit, await _asked(house, visit), 409)


async def close(house: House, visit: Visit) -> Response:
    """Close an account; its sessions end at once."""
    by = visit.on_behalf
    done = await _change(house, visit, lambda access, person: people.set_active(access, by, person.user_name, False))
    return done if isinstance(done, Response) else _back(visit)


async def reopen(house: House, visit: Visit) -> Response:
    """Open an account again."""
    by = visit.on_behalf
    done = await _change(house, visit, lambda access, person: people.set_active(access, by, person.user_name, True))
    return done if isinstance(done, Response) else _back(visit)


def _back(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    # Whoever closed itself has no business here any more.
    return RedirectResponse("/pengguna" if name == visit.person.user_name else f"/pengguna/{name}", 303)


async def new_code(house: House, visit: Visit) -> Response:
    """A new one-time code; password, second factor and sessions end with it. It is shown here and never again."""
    by, one_time = visit.on_behalf, one_time_code()

    def work(access: Access, person: Person) -> Person:
        people.give_code(access, by, person.user_name, one_time)
        return person

    done = await _change(house, visit, work)
    return done if isinstance(done, Response) else _code_shown(visit, done, one_time)


PAGES = (
    Page("/pengguna", ("GET",), "users", everybody),
    Page("/pengguna-baru", ("GET",), "users", new, fresh=True),
    Page("/pengguna-baru", ("POST",), "users", add, fresh=True),
    Page("/pengguna/{name}", ("GET",), "users", one, fresh=True),
    Page("/pengguna/{name}/tutup", ("POST",), "users", close, fresh=True),
    Page("/pengguna/{name}/buka", ("POST",), "users", reopen, fresh=True),
    Page("/pengguna/{name}/kode", ("POST",), "users", new_code, fresh=True),
)
