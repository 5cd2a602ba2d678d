"""Sessions, second factor, one-time codes, guesses; and which role may open which page (SR-17, SR-36 to SR-39)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest

from rsonline.app import create_app
from rsonline.login.passwords import generate
from rsonline.store import hospitals, people
from rsonline.store.engines import transaction
from rsonline.store.people import ROLES
from rsonline.web.door import COOKIE
from rsonline.web.pages import Page
from rsonline.web.site import PAGES
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.web.people import BASE, BY, Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
WORDS = "gerimis lampu sepeda kuning"


async def officer(service: Service, hospital: Hospital, name: str = "ptg") -> tuple[Visitor, Person]:
    person = Person(service.database, f"{name}-{hospital.code}", "petugas", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor, person


async def admin(service: Service, hospital: Hospital, name: str = "adm") -> tuple[Visitor, Person]:
    person = Person(service.database, f"{name}-{hospital.code}", "admin-rs", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor, person


def csrf_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def move(service: Service, person: Person, **back: timedelta) -> None:
    """Make a session older than it is."""
    for column, by in back.items():
        statement = f"UPDATE web_session SET {column} = {column} - :by WHERE user_name = :n RETURNING user_name"
        assert rows(service.database, statement, by=by // timedelta(milliseconds=1), n=person.user_name)


def alive(answer: httpx.Response) -> bool:
    """Whether a page was shown to somebody who is logged in."""
    return answer.status_code == 200


# ---- the cookie (SR-37)


async def test_the_cookie_is_for_this_host_and_for_no_script(service: Service, hospital: Hospital) -> None:
    person = Person(service.database, f"kue-{hospital.code}", "admin-rs", code=hospital.code)
    visitor = Visitor(service)
    answers = [await visitor.post("/masuk", {"pengguna": person.user_name, "sandi": person.password})]
    answers.append(await visitor.post("/masuk/faktor-kedua", {"kode": person.code()}))
    tokens = set()
    for answer in answers:
        [text] = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
        value, *flags = text.split("; ")
        assert {f.lower() for f in flags} == {"path=/", "secure", "httponly", "samesite=lax"}
        token = value.partition("=")[2]
        assert len(token) >= 43
        tokens.add(token)
        assert token not in str(rows(service.database, "SELECT * FROM web_session"))
    # New with each proof; the one before counts no more.
    assert len(tokens) == 2
    assert COOKIE.startswith("__Host-")
    old = Visitor(service)
    old.client.cookies.set(COOKIE, answers[0].cookies[COOKIE], domain="rs.test")
    assert not alive(await old.get("/beranda"))


async def test_a_cookie_opens_no_machine_door_and_no_other_site_is_let_in(service: Service, hospital: Hospital) -> None:
    visitor, _ = await officer(service, hospital)
    for path in ("/fo/index.php/Logistik/oksigen", "/api/laporancovid19versi3"):
        answer = await visitor.get(path)
        assert answer.status_code in (401, 403)
    answer = await visitor.client.get("/beranda", headers={"origin": "https://jahat.example"})
    assert "access-control-allow-origin" not in answer.headers


# ---- forms of others (SR-36)

CHANGING = tuple(page for page in PAGES if "POST" in page.methods)
OTHERS: tuple[dict[str, str], ...] = (
    {"origin": "https://jahat.example"},
    {"origin": "null"},
    {"origin": "https://rs.test.jahat.example"},
    {"origin": "https://rs.test:444"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {},
)


def path_of(page: Page) -> str:
    """An address of a page, with something in place of what varies."""
    return re.sub(r"\{[^}]*\}", "1", page.path)


async def test_no_form_of_another_site_changes_anything(service: Service, hospital: Hospital) -> None:
    visitor, _ = await admin(service, hospital)
    csrf = csrf_in(await visitor.get("/akun"))
    before = counts(service, hospital)
    sent = {"csrf": csrf, "pengguna": "jahat", "sandi": WORDS, "sandi_lagi": WORDS, "peran": "petugas", "nomor": "1"}
    for page in CHANGING:
        allowed = page.right in ("anyone", "session", "person") or page.right in ROLES["admin-rs"]
        for headers in OTHERS:
            answer = await visitor.client.post(path_of(page), data=sent, headers=headers)
            assert answer.status_code == 403, (page.path, headers)
        if allowed:
            for token in ("", "0" * 32, csrf[:-1], csrf.upper() + "x"):
                answer = await visitor.send(path_of(page), {**sent, "csrf": token})
                assert answer.status_code == 403, (page.path, token)
            without = await visitor.send(path_of(page), {k: v for k, v in sent.items() if k != "csrf"})
            assert without.status_code == 403, page.path
        assert counts(service, hospital) == before, page.path
        assert alive(await visitor.get("/akun")), page.path


def counts(service: Service, hospital: Hospital) -> Any:
    """Everything that a form could have changed of a hospital."""
    tables = ("journal", "credential", "web_user", "account", "oksigen", "draft", "idempotency")
    found = {
        t: rows(service.database, f"SELECT count(*) AS n FROM {t} WHERE kode_rs = :c", c=hospital.code) for t in tables
    }
    return found, rows(service.database, "SELECT version, aktif FROM hospital WHERE kode_rs = :c", c=hospital.code)


async def test_the_token_of_another_session_is_not_taken(service: Service, hospital: Hospital) -> None:
    one, _ = await officer(service, hospital, "satu")
    other, _ = await officer(service, hospital, "dua")
    theirs = csrf_in(await other.get("/akun"))
    assert (await one.send("/akun/sandi", {"csrf": theirs, "sandi": WORDS, "sandi_lagi": WORDS})).status_code == 403


# ---- the end of a session (SR-37, SR-38)


async def test_logging_out_ends_the_session_for_good(service: Service, hospital: Hospital) -> None:
    visitor, _ = await officer(service, hospital)
    copied = Visitor(service)
    copied.client.cookies = httpx.Cookies(visitor.client.cookies)
    assert alive(await copied.get("/beranda"))
    answer = await visitor.post("/keluar", {}, page="/beranda")
    assert answer.status_code == 303
    assert answer.headers["clear-site-data"] == '"cache"'
    assert not alive(await copied.get("/beranda"))
    refused = await copied.send("/akun/sandi", {"csrf": "x", "sandi": WORDS, "sandi_lagi": WORDS})
    assert refused.status_code == 401


@pytest.mark.parametrize("event", ["password", "disabling", "reset", "hospital", "logout"])
async def test_each_event_ends_sessions_on_every_process_at_once(
    service: Service, hospital: Hospital, event: str
) -> None:
    visitor, person = await officer(service, hospital)
    second = create_app(service.settings)
    other = Visitor(service)
    other.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=second), base_url=BASE)
    other.client.cookies = httpx.Cookies(visitor.client.cookies)
    try:
        assert alive(await other.get("/beranda"))
        if event == "password":
            answer = await visitor.post("/akun/sandi", {"sandi": WORDS, "sandi_lagi": WORDS}, page="/akun")
            assert answer.status_code == 303
            # Whoever changed it goes on, under a new cookie.
            assert alive(await visitor.get("/beranda"))
        elif event == "logout":
            await visitor.post("/keluar", {}, page="/beranda")
        elif event == "hospital":
            with transaction(service.database) as access:
                hospitals.set_state(access, hospital.code, aktif=False)
        else:
            with transaction(service.database) as access:
                if event == "disabling":
                    people.set_active(access, BY, person.user_name, False)
                else:
                    people.give_code(access, BY, person.user_name, generate())
        assert not alive(await other.get("/beranda"))
    finally:
        await other.client.aclose()
        await second.close()


async def test_a_session_ends_after_half_an_hour_of_nothing(service: Service, hospital: Hospital) -> None:
    visitor, person = await officer(service, hospital)
    move(service, person, seen_at=timedelta(minutes=29))
    assert alive(await visitor.get("/beranda"))
    # That it was used counts: another 29 minutes are none too many.
    move(service, person, seen_at=timedelta(minutes=29))
    assert alive(await visitor.get("/beranda"))
    move(service, person, seen_at=timedelta(minutes=30, seconds=1))
    answer = await visitor.get("/beranda")
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk?lanjut=/beranda")


async def test_a_session_ends_after_half_a_day_whatever_is_done(service: Service, hospital: Hospital) -> None:
    visitor, person = await officer(service, hospital)
    move(service, person, started_at=timedelta(hours=11, minutes=59))
    assert alive(await visitor.get("/beranda"))
    move(service, person, started_at=timedelta(minutes=2))
    assert not alive(await visitor.get("/beranda"))


@pytest.mark.parametrize("role", ["admin-rs", "kemenkes"])
async def test_a_proof_counts_for_ten_minutes(service: Service, hospital: Hospital, role: str) -> None:
    own = hospital.code if role == "admin-rs" else None
    person = Person(service.database, f"segar-{role}-{hospital.code}", role, code=own)
    visitor = Visitor(service)
    await visitor.log_in(person)
    csrf = csrf_in(await visitor.get("/akun"))
    assert alive(await visitor.get("/pengguna-baru"))
    move(service, person, fresh_at=timedelta(minutes=10, seconds=1))
    before = counts(service, hospital)
    seen = 0
    for page in PAGES:
        if not page.fresh or (page.right != "person" and page.right not in ROLES[role]):
            continue
        method, said = page.methods[0], {"csrf": csrf, "nomor": "1", "sandi": WORDS, "sandi_lagi": WORDS}
        answer = await (visitor.get(path_of(page)) if method == "GET" else visitor.send(path_of(page), said))
        assert answer.status_code == 303, page.path
        assert answer.headers["location"].startswith("/masuk/ulang"), page.path
        seen += 1
    assert seen >= 6
    assert counts(service, hospital) == before
    assert alive(await visitor.get("/beranda"))


async def test_a_fresh_proof_needs_password_and_code_together(service: Service, hospital: Hospital) -> None:
    visitor, person = await admin(service, hospital)
    move(service, person, fresh_at=timedelta(minutes=11))
    for said in ({"sandi": person.password}, {"sandi": "salah", "kode": person.code()}, {"kode": person.code()}):
        assert (await visitor.post("/masuk/ulang", {"sandi": "", **said})).status_code == 401
    assert (await visitor.get("/pengguna-baru")).status_code == 303
    person.rest()
    answer = await visitor.post("/masuk/ulang", {"sandi": person.password, "kode": person.code()})
    assert answer.status_code == 303
    assert (await visitor.get("/pengguna-baru")).status_code == 200


# ---- the second factor (SR-39)


async def test_a_code_of_the_second_factor_works_once(service: Service, hospital: Hospital) -> None:
    person = Person(service.database, f"kode-{hospital.code}", "admin-rs", code=hospital.code)
    assert person.secret is not None
    first, second = Visitor(service), Visitor(service)
    for visitor in (first, second):
        answer = await visitor.post("/masuk", {"pengguna": person.user_name, "sandi": person.password})
        assert answer.status_code == 303
    code = person.code()
    # One normalisation for all: blanks and dashes do not matter.
    spelled = f" {code[:3]} {code[3:]} "
    assert (await first.post("/masuk/faktor-kedua", {"kode": spelled})).status_code == 303
    for replay in (code, spelled, f"{code[:3]}-{code[3:]}"):
        answer = await second.post("/masuk/faktor-kedua", {"kode": replay})
        assert answer.status_code == 401
        assert "sudah dipakai" in answer.text
    # Nor does the one before it.
    step = int(datetime.now(UTC).timestamp()) // 30 - 2
    older = str(pyotp.TOTP(person.secret).generate_otp(step))
    assert (await second.post("/masuk/faktor-kedua", {"kode": older})).status_code == 401
    assert (await second.get("/pengguna")).headers["location"].startswith("/masuk/faktor-kedua")
    assert (await second.post("/masuk/faktor-kedua", {"kode": person.code()})).status_code == 303
    assert alive(await second.get("/pengguna"))


async def test_guesses_at_the_second_factor_have_a_limit(service: Service, hospital: Hospital) -> None:
    person = Person(service.database, f"tebak-{hospital.code}", "admin-rs", code=hospital.code)
    visitor = Visitor(service)
    await visitor.post("/masuk", {"pengguna": person.user_name, "sandi": person.password})
    answers = [await visitor.post("/masuk/faktor-kedua", {"kode": f"{n:06}"}) for n in range(12)]
    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    # Not even the right one, while there is to wait.
    assert (await visitor.post("/masuk/faktor-kedua", {"kode": person.code()})).status_code == 429


# ---- passwords (SR-39)


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("pendek", False),
        ("empat belas ka", False),
        ("lima belas kata", True),
        ("x" * 15, False),
        ("123456789987654321", False),
        ("1QAZ2WSX3edc4rfv", False),
        ("kata sandi dengan spasi 🔑 dan huruf ß", True),
        ("a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g", True),
        ("abcde" * 26, False),
    ],
)
async def test_the_table_of_passwords(service: Service, hospital: Hospital, password: str, taken: bool) -> None:
    visitor, person = await officer(service, hospital)
    answer = await visitor.post("/akun/sandi", {"sandi": password, "sandi_lagi": password}, page="/akun")
    assert answer.status_code == (303 if taken else 400), password
    works = await Visitor(service).post("/masuk", {"pengguna": person.user_name, "sandi": password})
    assert works.status_code == (303 if taken else 401)


async def test_a_password_made_of_a_name_is_not_taken(service: Service, hospital: Hospital) -> None:
    visitor, _ = await officer(service, hospital)
    for password in (f"{hospital.code}{hospital.code}1", f"RS Tiruan {hospital.code}", f"ptg-{hospital.code}-2026"):
        answer = await visitor.post("/akun/sandi", {"sandi": password, "sandi_lagi": password}, page="/akun")
        assert answer.status_code == 400, password
        assert "nama" in answer.text


async def test_with_a_second_factor_twelve_are_enough(service: Service, hospital: Hospital) -> None:
    visitor, _ = await admin(service, hospital)
    answer = await visitor.post("/akun/sandi", {"sandi": "dua belas ka", "sandi_lagi": "dua belas ka"}, page="/akun")
    assert answer.status_code == 303


async def test_guesses_at_a_password_have_a_limit_that_locks_nobody_else_out(
    service: Service, hospital: Hospital
) -> None:
    visitor, person = await officer(service, hospital)
    guesser = Visitor(service)
    answers = [
        await guesser.post("/masuk", {"pengguna": person.user_name, "sandi": f"tebakan nomor {n}"}) for n in range(12)
    ]
    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert "retry-after" in answers[-1].headers
    await visitor.post("/keluar", {}, page="/beranda")
    await visitor.log_in(person)


async def test_an_unknown_name_and_a_wrong_password_look_the_same(service: Service, hospital: Hospital) -> None:
    _, person = await officer(service, hospital)
    one = await Visitor(service).post("/masuk", {"pengguna": person.user_name, "sandi": "salah"})
    two = await Visitor(service).post("/masuk", {"pengguna": f"tak-ada-{hospital.code}", "sandi": "salah"})
    assert (one.status_code, two.status_code) == (401, 401)
    strip = re.compile(r'value="[^"]*"|\d\d:\d\d')
    assert strip.sub("", one.text) == strip.sub("", two.text)


async def test_a_one_time_code_ends_after_a_day_and_guesses_at_it_have_a_limit(
    service: Service, hospital: Hospital
) -> None:
    person = Person(service.database, f"sekali-{hospital.code}", "petugas", code=hospital.code)
    said = {"pengguna": person.user_name, "sandi": WORDS, "sandi_lagi": WORDS}
    with transaction(service.database) as access:
        people.give_code(access, BY, person.user_name, "ABCD-EFGH")
    sooner = "UPDATE web_user SET code_until = code_until - :by WHERE user_name = :n RETURNING user_name"
    rows(service.database, sooner, by=86_400_000, n=person.user_name)
    answer = await Visitor(service).post("/masuk/kode", {**said, "kode": "ABCD-EFGH"})
    assert (answer.status_code, "lewat 24 jam" in answer.text) == (400, True)
    rows(service.database, sooner, by=-60_000, n=person.user_name)
    answer = await Visitor(service).post("/masuk/kode", {**said, "kode": "abcd-efgh"})
    assert "Kata sandi tersimpan" in answer.text
    guesser = Visitor(service)
    answers = [await guesser.post("/masuk/kode", {**said, "kode": f"AAAA-{n:04}"}) for n in range(12)]
    assert [a.status_code for a in answers] == [400] * 10 + [429] * 2


# ---- which role may open which page (SR-17)


@pytest.mark.parametrize("role", ROLES)
async def test_each_page_opens_for_those_who_have_its_right(service: Service, role: str) -> None:
    hospital = service.hospital()
    own = hospital.code if role in ("petugas", "admin-rs") else None
    person = Person(
        service.database, f"m-{role}-{hospital.code}", role, code=own, region="34" if role == "dinkes" else None
    )
    visitor = Visitor(service)
    await visitor.log_in(person)
    for page in PAGES:
        allowed = page.right in ("anyone", "session", "person") or page.right in ROLES[role]
        allowed = allowed and (not page.hospital or own is not None)
        for method in page.methods:
            if method == "GET":
                answer = await visitor.get(path_of(page))
            elif page.path == "/keluar":
                continue
            else:
                # With a token that is wrong: a form that may be sent says so, one that may not says the other thing.
                answer = await visitor.send(path_of(page), {"csrf": "salah"})
            text = answer.text
            if not allowed:
                assert answer.status_code == 403, (role, method, page.path)
                assert "tidak berhak" in text or "untuk petugas rumah sakit" in text, (role, method, page.path)
            elif method == "GET":
                # 404 where the address names something that is not there.
                missing = 404 if "{" in page.path else 200
                assert answer.status_code in (200, 303, missing), (role, page.path)
            else:
                assert "tidak berasal dari halaman ini" in text, (role, page.path)


async def test_without_a_session_there_is_only_the_login(service: Service) -> None:
    visitor = Visitor(service)
    for page in PAGES:
        for method in page.methods:
            answer = await (visitor.get(path_of(page)) if method == "GET" else visitor.send(path_of(page), {}))
            if page.right == "anyone":
                assert answer.status_code < 500, page.path
            elif method == "GET":
                assert (answer.status_code, answer.headers["location"][:6]) == (303, "/masuk"), page.path
            else:
                assert answer.status_code == 401, page.path
