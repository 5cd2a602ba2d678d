"""Accounts and tokens of the patient API (SR-01 to SR-08, SR-16, SR-47; pasien-covid 1)."""

import json
from typing import Any

import jwt
import pytest

from rsonline.store import accounts, hospitals
from rsonline.store.engines import transaction, vault_of
from tests.databases import journal
from tests.hospital import PASSWORD, Hospital, Service, password_hash
from tests.patients.api import REPORT, Client, account, client_of, log_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


def change(service: Service, name: str, **values: Any) -> None:
    """Change an account as the command line does."""
    with transaction(service.database) as access:
        accounts.change(access, name, **values)


async def test_an_account_of_a_hospital_is_no_consumers_and_the_other_way_round(hospital: Hospital) -> None:
    own = account(hospital.service, hospital.code)
    reader = account(hospital.service)
    wrong = await log_in(hospital, "/api/login", userName=own, password=PASSWORD)
    assert (wrong.status_code, wrong.json()) == (403, {"status": False, "message": "Unauthorized"})
    wrong = await log_in(hospital, userName=reader, password=PASSWORD)
    assert (wrong.status_code, wrong.json()) == (401, {"status": False, "message": "Unauthorized"})
    assert (await log_in(hospital, "/api/login", userName=reader, password=PASSWORD)).status_code == 201
    assert (await log_in(hospital, "/api/login", userName=reader, password="x")).status_code == 403
    assert (await log_in(hospital, "/api/login", kode_rs=hospital.code, password=PASSWORD)).status_code == 403


async def test_a_changed_account_ends_its_tokens_at_once(hospital: Hospital) -> None:
    name = account(hospital.service, hospital.code)
    for values in ({"aktif": False}, {"aktif": True}, {"hash": password_hash()}):
        change(hospital.service, name, aktif=True)
        answer = await log_in(hospital, userName=name, password=PASSWORD)
        client = Client(hospital, answer.json()["data"]["access_token"])
        assert (await client.send("GET", REPORT)).status_code == 200
        change(hospital.service, name, **values)
        ended = await client.send("GET", REPORT)
        assert (ended.status_code, ended.json()["message"]) == (403, "Forbidden")
    change(hospital.service, name, aktif=False)
    assert (await log_in(hospital, userName=name, password=PASSWORD)).status_code == 401


async def test_a_changed_x_pass_ends_the_hospitals_tokens_at_once(hospital: Hospital) -> None:
    client = await client_of(hospital)
    number = await client.admit()
    with transaction(hospital.service.database) as access:
        hospitals.new_password(access, hospital.code, password_hash(), at_once=True)
    for method, path in (("GET", f"{REPORT}/{number}"), ("DELETE", f"{REPORT}/{number}"), ("GET", "/api/pekerjaan")):
        assert (await client.send(method, path)).status_code == 403


async def test_a_changed_consumer_ends_its_tokens_at_once(hospital: Hospital) -> None:
    name = account(hospital.service, rights=("rumahsakit",))
    answer = await log_in(hospital, "/api/login", userName=name, password=PASSWORD)
    reader = Client(hospital, answer.json()["data"]["access_token"])
    for path in ("/api/pekerjaan", "/api/rumahsakit"):
        assert (await reader.send("GET", path)).status_code == 200
    change(hospital.service, name, rights="")
    for path in ("/api/pekerjaan", "/api/rumahsakit", "/api/hospital"):
        assert (await reader.send("GET", path)).status_code == 403


async def test_an_account_may_be_bound_to_addresses(hospital: Hospital) -> None:
    name = account(hospital.service, hospital.code, addresses=("192.0.2.0/28",))
    answer = await log_in(hospital, userName=name, password=PASSWORD)
    assert (answer.status_code, answer.json()["message"]) == (403, f"{hospital.address} not registered")
    # A consumer is told nothing but that it may not (1.3).
    reader = account(hospital.service, addresses=("192.0.2.0/28",))
    answer = await log_in(hospital, "/api/login", userName=reader, password=PASSWORD)
    assert (answer.status_code, answer.json()["message"]) == (403, "Unauthorized")
    # Who does not know the password is not told that there is a list.
    assert (await log_in(hospital, userName=name, password="x")).status_code == 401
    raw = json.dumps({"userName": name, "password": PASSWORD}).encode()
    headers = {"X-Forwarded-For": "192.0.2.7", "Content-Type": "application/json"}
    inside = await hospital.service.client.post("/api/rslogin", content=raw, headers=headers)
    assert inside.status_code == 201
    client = Client(hospital, inside.json()["data"]["access_token"])
    assert (await client.send("GET", REPORT, headers={"X-Forwarded-For": "192.0.2.7"})).status_code == 200
    # The same policy on the endpoints that skipped it (8.2).
    for path in (REPORT, f"{REPORT}pemeriksaanlab", "/api/kematian", "/api/statuspasiensaatmeninggal"):
        moved = await client.send("GET", path)
        assert (moved.status_code, moved.json()["message"]) == (403, f"{hospital.address} not registered")


async def test_guesses_are_limited(hospital: Hospital) -> None:
    name = account(hospital.service, hospital.code)
    answers = [await log_in(hospital, userName=name, password=f"guess-{n}") for n in range(12)]
    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json()["status"] is False


async def test_tokens_that_others_made_are_refused(hospital: Hospital) -> None:
    client = await client_of(hospital)
    said = jwt.decode(client.token or "", options={"verify_signature": False})
    assert set(said) == {"user_name", "kode_rs", "ver", "iat", "exp"}
    assert said["exp"] - said["iat"] == 600
    keys = vault_of(hospital.service.database).token_keys
    forged = [
        jwt.encode(said, "x" * 32, algorithm="HS256"),
        jwt.encode(said, "", algorithm="none"),
        jwt.encode(said | {"ver": said["ver"] + 1}, keys[0], algorithm="HS256"),
        jwt.encode({k: v for k, v in said.items() if k != "exp"}, keys[0], algorithm="HS256"),
        jwt.encode(said | {"exp": None}, keys[0], algorithm="HS256"),
        jwt.encode(said | {"kode_rs": "9199999"}, keys[0], algorithm="HS256"),
        (client.token or "")[:-2] + "xx",
    ]
    for token in forged:
        assert (await client._replace(token=token).send("GET", REPORT)).status_code == 403


async def test_a_login_leaves_a_line_and_a_failed_one_none(hospital: Hospital) -> None:
    client = await client_of(hospital)
    assert (await client.send("GET", REPORT)).status_code == 200
    await log_in(hospital, kode_rs=hospital.code, password="x")
    lines = [x for x in journal(hospital.service.database, hospital.code, "account") if x["verb"] == "login"]
    assert len(lines) == 1
    assert lines[0]["address"] == hospital.address
    assert lines[0]["account"].startswith(f"{hospital.code}/akun")


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b'{"userName":', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"x" * 102_401, "application/json", 413),
        (b"[" * 50_000, "application/json", 400),
        (b'{"userName": "a", "password": "b"}', "text/plain", 401),
        (b"", "application/json", 401),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_in_the_envelope(
    hospital: Hospital, raw: bytes, kind: str, status: int
) -> None:
    headers = {"X-Forwarded-For": hospital.address, "Content-Type": kind}
    answer = await hospital.service.client.post("/api/rslogin", content=raw, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] is False
    assert answer.json()["message"]
