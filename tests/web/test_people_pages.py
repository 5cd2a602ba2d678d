"""Managing people: every (role, grant) pair, one-time codes, the last administrator (SR-19)."""

import re
from typing import Any

import pytest

from rsonline.store import people
from rsonline.store.engines import transaction
from rsonline.store.people import GRANTS, ROLES
from tests.databases import journal, rows
from tests.hospital import Hospital, Service
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def as_role(service: Service, role: str, name: str, hospital: Hospital | None = None) -> Visitor:
    """Somebody of a role, logged in."""
    own = hospital.code if hospital is not None and role in ("petugas", "admin-rs") else None
    person = Person(service.database, name, role, code=own, region="34" if role == "dinkes" else None)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor


def stored(service: Service, name: str) -> people.Person | None:
    with transaction(service.database) as access:
        return people.find(access, name)


def asked(role: str, name: str, hospital: Hospital) -> dict[str, str]:
    """What the form says of a new account of that role."""
    said = {"pengguna": name, "nama": "Orang Baru", "peran": role}
    if role in ("petugas", "admin-rs"):
        said["rs"] = hospital.code
    if role == "dinkes":
        said["wilayah"] = "34"
    return said


@pytest.mark.parametrize("giver", ROLES)
async def test_nobody_gives_a_role_that_it_may_not_give(service: Service, giver: str) -> None:
    hospital = service.hospital()
    visitor = await as_role(service, giver, f"pemberi-{giver}-{hospital.code}", hospital)
    csrf = await csrf_of(visitor)
    for role in ROLES:
        name = f"{role}-dari-{giver}-{hospital.code}"
        answer = await visitor.send("/pengguna-baru", {"csrf": csrf, **asked(role, name, hospital)})
        if role in GRANTS[giver]:
            assert answer.status_code == 200, (giver, role)
            found = stored(service, name)
            assert found is not None
            assert (found.role, found.hash) == (role, None)
        else:
            assert answer.status_code in (403, 422), (giver, role)
            assert stored(service, name) is None
    assert (await visitor.get("/pengguna")).status_code == (200 if GRANTS[giver] else 403)


@pytest.mark.parametrize("holder", ROLES)
@pytest.mark.parametrize("giver", ROLES)
async def test_nobody_changes_an_account_whose_role_it_may_not_give(service: Service, giver: str, holder: str) -> None:
    hospital = service.hospital()
    visitor = await as_role(service, giver, f"a-{giver}-{holder}-{hospital.code}", hospital)
    victim = f"b-{giver}-{holder}-{hospital.code}"
    await as_role_without_login(service, holder, victim, hospital)
    # So that the victim is not the last of its kind.
    await as_role_without_login(service, holder, f"c-{giver}-{holder}-{hospital.code}", hospital)
    csrf = await csrf_of(visitor)
    before = stored(service, victim)
    assert before is not None
    for verb in ("kode", "tutup", "buka"):
        now = stored(service, victim)
        assert now is not None
        answer = await visitor.send(f"/pengguna/{victim}/{verb}", {"csrf": csrf, "versi": str(now.version)})
        if holder in GRANTS[giver]:
            assert answer.status_code in (200, 303), (giver, holder, verb)
        else:
            assert answer.status_code in (403, 404), (giver, holder, verb)
            assert stored(service, victim) == before


async def as_role_without_login(service: Service, role: str, name: str, hospital: Hospital) -> None:
    own = hospital.code if role in ("petugas", "admin-rs") else None
    Person(service.database, name, role, code=own, region="34" if role == "dinkes" else None)


async def csrf_of(visitor: Visitor) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await visitor.get("/beranda")).text)
    assert found is not None
    return found[1]


async def test_an_admin_rules_over_its_own_hospital_only(service: Service) -> None:
    own, other = service.hospital(), service.hospital()
    admin = await as_role(service, "admin-rs", f"adm-{own.code}", own)
    theirs = Person(service.database, f"ptg-{other.code}", "petugas", code=other.code)
    csrf = await csrf_of(admin)
    # A hospital that the form names is not asked for: the account is of the admin's own.
    name = f"titipan-{own.code}"
    answer = await admin.send("/pengguna-baru", {"csrf": csrf, **asked("petugas", name, other)})
    assert answer.status_code == 200
    made = stored(service, name)
    assert made is not None
    assert made.code == own.code
    assert (await admin.get(f"/pengguna/{theirs.user_name}")).status_code == 404
    for verb in ("kode", "tutup", "buka"):
        answer = await admin.send(f"/pengguna/{theirs.user_name}/{verb}", {"csrf": csrf, "versi": "2"})
        assert answer.status_code == 404
    assert theirs.user_name not in (await admin.get("/pengguna")).text
    assert "Tidak ada pengguna" in (await admin.get(f"/pengguna?cari={other.code}")).text


async def test_the_code_is_shown_once_and_opens_the_account(service: Service, hospital: Hospital) -> None:
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    name = f"baru-{hospital.code}"
    answer = await admin.post("/pengguna-baru", {"pengguna": name, "nama": "Ibu Sri", "peran": "petugas"})
    code = one_time(answer.text)
    assert code not in (await admin.get(f"/pengguna/{name}")).text
    assert code not in str(rows(service.database, "SELECT * FROM web_user WHERE user_name = :n", n=name))
    newcomer = Visitor(service)
    words = "gerimis lampu sepeda kuning"
    answer = await newcomer.post("/masuk/kode", {"pengguna": name, "kode": code, "sandi": words, "sandi_lagi": words})
    assert "Kata sandi tersimpan" in answer.text
    assert (await newcomer.post("/masuk", {"pengguna": name, "sandi": words})).status_code == 303
    lines = [line for line in journal(service.database, hospital.code, "web_user") if name in line["key"]]
    assert [(x["verb"], x["account"], x["source"]) for x in lines[:1]] == [("add", f"user/adm-{hospital.code}", "web")]
    assert code not in str(lines)


def one_time(page: str) -> str:
    found = re.search(r'id="kode-sekali">([A-Z0-9-]+)<', page)
    assert found is not None, page
    return found[1]


async def test_a_new_code_ends_password_second_factor_and_sessions(service: Service, hospital: Hospital) -> None:
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    other = await as_role(service, "admin-rs", f"lupa-{hospital.code}", hospital)
    answer = await admin.post(f"/pengguna/lupa-{hospital.code}/kode", {}, page=f"/pengguna/lupa-{hospital.code}")
    assert one_time(answer.text)
    found = stored(service, f"lupa-{hospital.code}")
    assert found is not None
    assert (found.hash, found.totp) == (None, None)
    assert (await other.get("/pengguna")).status_code == 303


async def test_the_same_form_sent_twice_gives_one_code(service: Service, hospital: Hospital) -> None:
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    Person(service.database, f"dua-{hospital.code}", "petugas", code=hospital.code)
    page = await admin.get(f"/pengguna/dua-{hospital.code}")
    hidden = dict(re.findall(r'<input type="hidden" name="(csrf|versi)" value="([^"]*)"', page.text))
    first = await admin.send(f"/pengguna/dua-{hospital.code}/kode", hidden)
    again = await admin.send(f"/pengguna/dua-{hospital.code}/kode", hidden)
    assert one_time(first.text)
    assert again.status_code == 409
    assert "baru saja diubah" in again.text


@pytest.mark.parametrize("closer", ["admin-rs", "kemenkes", "operator"])
async def test_the_last_administrator_of_a_hospital_stays(service: Service, closer: str) -> None:
    hospital = service.hospital()
    last = f"satu-{hospital.code}"
    if closer == "admin-rs":
        visitor = await as_role(service, "admin-rs", last, hospital)
    else:
        visitor = await as_role(service, closer, f"{closer}-{hospital.code}")
        Person(service.database, last, "admin-rs", code=hospital.code)
    # An account that nobody has opened yet is no administrator.
    with transaction(service.database) as access:
        by = people.origin_of(people.every(access, hospital.code)[0])
        people.add(access, by, f"kosong-{hospital.code}", "Kosong", "admin-rs", code=hospital.code, one_time="X")
    answer = await visitor.post(f"/pengguna/{last}/tutup", {}, page=f"/pengguna/{last}")
    assert answer.status_code == 409
    assert "terakhir" in answer.text
    Person(service.database, f"dua-{hospital.code}", "admin-rs", code=hospital.code)
    answer = await visitor.post(f"/pengguna/{last}/tutup", {}, page=f"/pengguna/{last}")
    assert answer.status_code == 303
    found = stored(service, last)
    assert found is not None
    assert not found.active


async def test_a_closed_account_is_opened_again(service: Service, hospital: Hospital) -> None:
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    other = await as_role(service, "petugas", f"ptg-{hospital.code}", hospital)
    page = f"/pengguna/ptg-{hospital.code}"
    assert (await admin.post(f"{page}/tutup", {}, page=page)).status_code == 303
    assert (await other.get("/beranda")).status_code == 303
    assert "ditutup" in (await admin.get("/pengguna")).text
    assert (await admin.post(f"{page}/buka", {}, page=page)).status_code == 303
    found = stored(service, f"ptg-{hospital.code}")
    assert found is not None
    assert found.active


async def test_whoever_lost_the_right_meanwhile_grants_nothing(service: Service, hospital: Hospital) -> None:
    giver = Person(service.database, f"adm-{hospital.code}", "admin-rs", code=hospital.code)
    with transaction(service.database) as access:
        as_seen = people.find(access, giver.user_name)
        assert as_seen is not None
        people.require_grant(access, as_seen, "petugas", hospital.code)
        people.set_password(access, people.origin_of(as_seen), giver.user_name, "x")
        with pytest.raises(people.PersonError, match="tidak berhak"):
            people.require_grant(access, as_seen, "petugas", hospital.code)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"pengguna": "A B"}, "tidak sah"),
        ({"nama": " "}, "1 sampai 100"),
        ({"peran": ""}, "Pilih salah satu peran"),
        ({"peran": "raja"}, "Pilih salah satu peran"),
        ({"nama": "Orang\x07"}, "tidak dapat dicetak"),
    ],
)
async def test_what_cannot_be_added_is_told_and_what_was_typed_stays(
    service: Service, hospital: Hospital, said: dict[str, str], told: str
) -> None:
    number = next(iter(said.values()))
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    typed: dict[str, Any] = {"pengguna": f"x-{hospital.code}", "nama": "Nama", "peran": "petugas", **said}
    answer = await admin.post("/pengguna-baru", typed)
    assert (answer.status_code, told in answer.text) == (422, True), number
    assert f'value="{typed["pengguna"]}"' in answer.text
    assert stored(service, f"x-{hospital.code}") is None


async def test_the_list_has_pages_and_is_searched(service: Service, hospital: Hospital) -> None:
    admin = await as_role(service, "admin-rs", f"adm-{hospital.code}", hospital)
    with transaction(service.database) as access:
        by = people.origin_of(people.every(access, hospital.code)[0])
        for number in range(60):
            name = f"urut-{number:02}-{hospital.code}"
            people.add(access, by, name, "Urut", "petugas", code=hospital.code, one_time=str(number))
    first = (await admin.get("/pengguna")).text
    assert "Halaman 1 dari 2" in first
    assert f"urut-59-{hospital.code}" not in first
    assert f"urut-59-{hospital.code}" in (await admin.get("/pengguna?hal=2")).text
    found = (await admin.get("/pengguna?cari=URUT-59")).text
    assert f"urut-59-{hospital.code}" in found
    assert f"urut-58-{hospital.code}" not in found
    for odd in ("%25", "_", "'", '"><script>', "%00", "\u202e"):
        assert (await admin.get(f"/pengguna?cari={odd}&hal=99999999999")).status_code == 200
