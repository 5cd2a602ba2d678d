"""Coming in and going out: password, second factor, the first password by a one-time code, a fresh proof (SR-37…39)."""

from typing import Any
from urllib.parse import quote, urlsplit

import segno
from starlette.responses import RedirectResponse, Response

from rsonline.login import personal
from rsonline.login.attempts import Whose
from rsonline.login.doorkeeper import USER, Answer, Busy, TooMany, Verified
from rsonline.login.logins import NOBODY
from rsonline.login.passwords import hash_password
from rsonline.reports.verdict import Words
from rsonline.store import people, sessions
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.people import Person
from rsonline.web import render
from rsonline.web.door import COOKIE, LANGUAGE, Wrong, source
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

WRONG = Words(
    "Nama pengguna atau kata sandi salah. Periksa huruf besar dan kecil.",
    "User name or password is wrong. Check upper and lower case.",
)
RULES = {
    "too_short": Words("Kata sandi terlalu pendek: sedikitnya {least} karakter.", "Too short: at least {least}."),
    "too_long": Words("Kata sandi terlalu panjang: paling banyak 128 karakter.", "Too long: at most 128 characters."),
    "common": Words(
        "Kata sandi ini terlalu mudah ditebak. Coba beberapa kata yang tidak berhubungan.",
        "This password is too easy to guess. Try some unrelated words.",
    ),
    "own_name": Words(
        "Kata sandi ini dibuat dari nama Anda atau rumah sakit.",
        "This password is made from your or the hospital's name.",
    ),
    "differs": Words("Kedua isian kata sandi tidak sama.", "The two passwords differ."),
}


async def field(visit: Visit, name: str) -> str:
    """One field of the posted form."""
    value = (await visit.request.form(max_files=1, max_fields=2000)).get(name, "")
    return value if isinstance(value, str) else ""


async def welcome(house: House, visit: Visit) -> Response:
    """The form; whoever is logged in goes on at once."""
    if visit.session is not None and (visit.session.second or not visit.person.needs_second):
        return RedirectResponse("/beranda", 303)
    return render.page(visit, "masuk.html", user_name="", onward=onward(visit.request.query_params.get("lanjut")))


async def log_in(house: House, visit: Visit) -> Response:
    """Name and password."""
    user_name, password = (await field(visit, "pengguna")).strip().lower(), await field(visit, "sandi")
    person = await _verified(house, visit, user_name, password)
    next_page = onward(await field(visit, "lanjut"))
    if person is None:
        visit.flash.append(("danger", WRONG))
        return render.page(visit, "masuk.html", 401, user_name=user_name[:64], onward=next_page)
    by = _by(visit, person)

    def begin(access: Access) -> str:
        people.note(access, by, person.user_name, "login")
        return sessions.open(access, person, visit.now, second=False)

    token = await house.store.perform(begin)
    where = f"/masuk/faktor-kedua?lanjut={quote(next_page)}" if person.needs_second else next_page
    return _with_cookie(RedirectResponse(where, 303), token)


async def _verified(house: House, visit: Visit, user_name: str, password: str) -> Person | None:
    """Whoever has that name and password, None for nobody. Raises Wrong where guessing has to wait."""
    if not people.NAME.fullmatch(user_name) or not password or len(password.encode()) > 512:
        return None
    answer: Answer = await house.keeper.verify(USER + user_name, password, source(visit))
    if isinstance(answer, Busy):
        raise _waiting(503, answer.retry_after)
    person = await house.store.read(None, lambda access: people.find(access, user_name))
    if isinstance(answer, Verified) and person is not None and person.active and person.version == answer.version:
        return person
    if isinstance(answer, Verified):
        house.keeper.forget(USER + user_name)
    _note_refused(house, visit, user_name, person, limited=isinstance(answer, TooMany))
    if isinstance(answer, TooMany):
        raise _waiting(429, answer.retry_after)
    return None


def _waiting(status: int, seconds: int) -> Wrong:
    return Wrong(
        status,
        f"Terlalu banyak percobaan masuk. Coba lagi dalam {seconds} detik.",
        f"Too many attempts. Try again in {seconds} seconds.",
        seconds,
    )


def _note_refused(house: House, visit: Visit, user_name: str, person: Person | None, *, limited: bool) -> None:
    """Have a refused login noted; of a name that nobody has, not the name."""
    whose = NOBODY._replace(kind="web_user")
    if person is not None:
        whose = Whose(person.code or OPERATOR, "web_user", user_name, f"user/{user_name}")
    house.logins.refused(whose, "web", source(visit), visit.address, visit.request_id, limited=limited)


async def log_out(house: House, visit: Visit) -> Response:
    """End the session."""
    session = visit.session
    if session is not None:

        def end(access: Access) -> None:
            sessions.end(access, session.token)
            people.note(access, visit.on_behalf, session.person.user_name, "logout")

        await house.store.perform(end)
    response = RedirectResponse("/masuk", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    # Pages that the browser keeps go. Its storage stays: reports that wait to be sent are in it, and no persons.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


# ---- the second factor


async def second_factor(house: House, visit: Visit) -> Response:
    """Ask for a code, or set the second factor up where there is none yet."""
    next_page = onward(visit.request.query_params.get("lanjut"))
    if visit.person.totp is not None:
        return render.page(visit, "faktor_kedua.html", onward=next_page, secret=None, picture=None)
    return _setting_up(visit, next_page, personal.new_secret())


def _setting_up(visit: Visit, next_page: str, secret: str, status: int = 200) -> Response:
    picture = segno.make(personal.address(secret, visit.person.user_name), error="m")
    return render.page(
        visit, "faktor_kedua.html", status, onward=next_page, secret=secret, picture=_squares(picture.matrix)
    )


def _squares(matrix: Any) -> tuple[int, list[tuple[int, int]]]:
    """The size of a picture and its dark squares: drawn in the page, so that the secret has no address."""
    return len(matrix), [(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark]


async def give_code(house: House, visit: Visit) -> Response:
    """A code of the second factor: opens the session whole, under a new cookie."""
    session, person = visit.session, visit.person
    assert session is not None  # noqa: S101 (the page asks for one)
    next_page = onward(await field(visit, "lanjut"))
    secret = person.totp or (await field(visit, "rahasia")).strip()
    step = None
    if len(secret) == 32 and secret.isascii() and secret.isalnum():
        step = personal.step_of(secret, await field(visit, "kode"), visit.now)
    limit = house.keeper.guess(f"{USER}{person.user_name}/totp", source(visit), right=step is not None)
    if limit:
        raise Wrong(429, f"Terlalu banyak kode salah. Coba lagi dalam {limit} detik.", "Too many wrong codes.", limit)

    def go_on(access: Access) -> str | None:
        if step is None:
            people.note(access, visit.on_behalf, person.user_name, "second_factor_failed")
            return None
        now_known = people.find(access, person.user_name)
        assert now_known is not None  # noqa: S101 (its session was found a moment ago)
        if now_known.totp is None:
            people.set_totp(access, visit.on_behalf, person.user_name, secret, step)
        elif now_known.totp != secret or not people.use_step(access, person.user_name, step):
            return None
        people.note(access, visit.on_behalf, person.user_name, "second_factor_given")
        changed = people.find(access, person.user_name)
        assert changed is not None  # noqa: S101
        sessions.end(access, session.token)
        return sessions.open(access, changed, visit.now, second=True)

    token = await house.store.perform(go_on)
    if token is not None:
        return _with_cookie(RedirectResponse(next_page, 303), token)
    visit.flash.append(("danger", Words("Kode salah atau sudah dipakai.", "The code is wrong or was used already.")))
    if person.totp is None:
        return _setting_up(visit, next_page, secret if len(secret) == 32 else personal.new_secret(), 401)
    return render.page(visit, "faktor_kedua.html", 401, onward=next_page, secret=None, picture=None)


# ---- passwords


async def first_password(house: House, visit: Visit) -> Response:
    """The form for whoever has a one-time code."""
    return render.page(visit, "sandi_pertama.html", user_name=visit.request.query_params.get("pengguna", "")[:64])


async def redeem(house: House, visit: Visit) -> Response:
    """Choose the first password by a one-time code."""
    user_name = (await field(visit, "pengguna")).strip().lower()
    code, password = await field(visit, "kode"), await field(visit, "sandi")
    person = None
    if people.NAME.fullmatch(user_name):
        person = await house.store.read(None, lambda access: people.find(access, user_name))
    limit = house.keeper.guess(f"{USER}{user_name}/code", source(visit), right=False)
    if limit:
        raise Wrong(429, f"Terlalu banyak percobaan. Coba lagi dalam {limit} detik.", "Too many attempts.", limit)
    # Which rules hold for the account is told to nobody who has not its code: the stricter ones hold for a stranger.
    fault = _fault(person, password, await field(visit, "sandi_lagi"), visit)
    if fault is None:
        hashed = await house.keeper.compute(hash_password, password)
        by = Origin(OPERATOR, 0, f"user/{user_name}", source="web", address=visit.address, request_id=visit.request_id)
        done = person is not None and await house.store.perform(
            lambda access: people.redeem(access, by, user_name, code, hashed)
        )
        if not done:
            _note_refused(house, visit, user_name, person, limited=False)
        if done:
            visit.flash.append(("success", Words("Kata sandi tersimpan. Silakan masuk.", "Stored. Please log in.")))
            return render.page(visit, "masuk.html", user_name=user_name, onward="/beranda")
        fault = Words("Nama pengguna atau kode tidak cocok, atau kode sudah lewat 24 jam.", "Wrong or too old code.")
    visit.flash.append(("danger", fault))
    return render.page(visit, "sandi_pertama.html", 400, user_name=user_name[:64])


def _fault(person: Person | None, password: str, again: str, visit: Visit) -> Words | None:
    if password != again:
        return RULES["differs"]
    alone = person is None or not person.needs_second
    names = () if person is None else (person.user_name, person.name, person.code or "")
    if visit.hospital is not None:
        names = (*names, visit.hospital.name)
    code = personal.fault(password, alone=alone, names=names)
    if code is None:
        return None
    least = personal.LEAST_ALONE if alone else personal.LEAST
    return Words(RULES[code].id.format(least=least), RULES[code].en.format(least=least))


async def again(house: House, visit: Visit) -> Response:
    """The form of a fresh proof."""
    return render.page(visit, "masuk_ulang.html", onward=onward(visit.request.query_params.get("lanjut")))


async def prove_again(house: House, visit: Visit) -> Response:
    """Password, and a code where the account has a second factor: the session is fresh for ten minutes."""
    session, person = visit.session, visit.person
    assert session is not None  # noqa: S101 (the page asks for one)
    next_page = onward(await field(visit, "lanjut"))
    verified = await _verified(house, visit, person.user_name, await field(visit, "sandi"))
    step = None if person.totp is None else personal.step_of(person.totp, await field(visit, "kode"), visit.now)
    if person.totp is not None:
        limit = house.keeper.guess(f"{USER}{person.user_name}/totp", source(visit), right=step is not None)
        if limit:
            raise Wrong(429, f"Coba lagi dalam {limit} detik.", f"Try again in {limit} seconds.", limit)

    def renew(access: Access) -> bool:
        if person.totp is not None and (step is None or not people.use_step(access, person.user_name, step)):
            return False
        sessions.refresh(access, session, visit.now, second=session.second or person.totp is not None)
        people.note(access, visit.on_behalf, person.user_name, "proved_again")
        return True

    if verified is not None:
        if await house.store.perform(renew):
            return RedirectResponse(next_page, 303)
        _note_refused(house, visit, person.user_name, person, limited=False)
    visit.flash.append(("danger", Words("Kata sandi atau kode salah.", "Password or code is wrong.")))
    return render.page(visit, "masuk_ulang.html", 401, onward=next_page)


async def my_account(house: House, visit: Visit) -> Response:
    """What a person can change about its own account."""
    return render.page(visit, "akun_saya.html")


async def change_password(house: House, visit: Visit) -> Response:
    """Another password; every session ends with the old one, this one goes on under a new cookie."""
    session, person = visit.session, visit.person
    assert session is not None  # noqa: S101 (the page asks for one)
    password = await field(visit, "sandi")
    fault = _fault(person, password, await field(visit, "sandi_lagi"), visit)
    if fault is not None:
        visit.flash.append(("danger", fault))
        return render.page(visit, "akun_saya.html", 400)
    hashed = await house.keeper.compute(hash_password, password)

    def change(access: Access) -> str:
        people.set_password(access, visit.on_behalf, person.user_name, hashed)
        changed = people.find(access, person.user_name)
        assert changed is not None  # noqa: S101 (it was just changed)
        sessions.end(access, session.token)
        return sessions.open(access, changed, visit.now, second=session.second)

    return _with_cookie(RedirectResponse("/akun?sandi=baru", 303), await house.store.perform(change))


async def choose_language(house: House, visit: Visit) -> Response:
    """Keep the language in a cookie."""
    chosen = await field(visit, "bahasa")
    response = RedirectResponse(onward(await field(visit, "lanjut")), 303)
    response.set_cookie(LANGUAGE, "en" if chosen == "en" else "id", 365 * 86_400, secure=True, samesite="lax")
    return response


def onward(text: str | None) -> str:
    """Where to go on: an address of ours, whatever was asked for."""
    parts = urlsplit(text or "")
    own = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not parts.path.startswith("//")
    return parts.path if own and "\\" not in parts.path and parts.path.isprintable() else "/beranda"


def _by(visit: Visit, person: Person) -> Origin:
    return people.origin_of(person, address=visit.address, request_id=visit.request_id)


def _with_cookie(response: Response, token: str) -> Response:
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")
    return response


PAGES = (
    Page("/masuk", ("GET",), "anyone", welcome),
    Page("/masuk", ("POST",), "anyone", log_in),
    Page("/masuk/kode", ("GET",), "anyone", first_password),
    Page("/masuk/kode", ("POST",), "anyone", redeem),
    Page("/masuk/faktor-kedua", ("GET",), "session", second_factor),
    Page("/masuk/faktor-kedua", ("POST",), "session", give_code),
    Page("/masuk/ulang", ("GET",), "person", again),
    Page("/masuk/ulang", ("POST",), "person", prove_again),
    Page("/keluar", ("POST",), "anyone", log_out),
    Page("/akun", ("GET",), "person", my_account),
    Page("/akun/sandi", ("POST",), "person", change_password, fresh=True),
    Page("/bahasa", ("POST",), "anyone", choose_language),
)
