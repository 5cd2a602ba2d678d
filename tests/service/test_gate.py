"""Who is let in, how a refusal looks, and the switches of a hospital."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from rsonline.login import doorkeeper
from rsonline.service.gate import Gate
from rsonline.settings import Settings
from rsonline.store import hospitals
from rsonline.store.engines import transaction
from tests.hospital import PASSWORD, Service, password_hash, service_on

pytestmark = pytest.mark.asyncio(loop_scope="session")
BEDS = "/Fasyankes"


def headers_of(code: str) -> list[tuple[str, str]]:
    """The three headers as a list, so that a test can repeat or spoil one."""
    return [("X-rs-id", code), ("X-Timestamp", str(int(time.time()))), ("X-pass", PASSWORD)]


SPOILED: list[tuple[str, int, Any]] = [
    ("no code", 401, lambda h: h[1:]),
    ("no timestamp", 401, lambda h: [h[0], h[2]]),
    ("no password", 401, lambda h: h[:2]),
    ("nothing", 401, lambda h: []),
    ("empty code", 401, lambda h: [("X-rs-id", ""), *h[1:]]),
    ("blank password", 401, lambda h: [*h[:2], ("X-pass", "   ")]),
    ("empty timestamp", 401, lambda h: [h[0], ("X-Timestamp", ""), h[2]]),
    ("two codes", 400, lambda h: [*h, h[0]]),
    ("two codes in other letters", 400, lambda h: [*h, ("x-RS-ID", h[0][1])]),
    ("two passwords", 400, lambda h: [*h, ("x-pass", "another")]),
    ("two timestamps", 400, lambda h: [*h, ("x-timestamp", "1")]),
    ("code with a quote", 400, lambda h: [("X-rs-id", "1' or '1'='1"), *h[1:]]),
    ("code too long", 400, lambda h: [("X-rs-id", "1" * 17), *h[1:]]),
    ("code with a dot", 400, lambda h: [("X-rs-id", "91.00001"), *h[1:]]),
    ("code with a slash", 400, lambda h: [("X-rs-id", "../etc"), *h[1:]]),
    ("code in another script", 400, lambda h: [(b"X-rs-id", "٣٤٠٤".encode()), *h[1:]]),
    ("password of 129 bytes", 400, lambda h: [*h[:2], ("X-pass", "p" * 129)]),
    ("password of 4 KiB", 400, lambda h: [*h[:2], ("X-pass", "p" * 4096)]),
    ("code with a tab inside", 400, lambda h: [("X-rs-id", "91\t00"), *h[1:]]),
    ("three codes", 400, lambda h: [*h, h[0], h[0]]),
]


@pytest.mark.parametrize(("what", "status", "spoil"), SPOILED, ids=[s[0] for s in SPOILED])
async def test_malformed_headers_are_refused_before_any_hashing(
    what: str, status: int, spoil: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def must_not(*given: Any) -> None:
        raise AssertionError("a password was verified")

    monkeypatch.setattr(doorkeeper.Doorkeeper, "verify", must_not)
    answer = await service.client.get(f"/fo/index.php{BEDS}", headers=spoil(headers_of(service.hospital().code)))
    assert answer.status_code == status
    element = answer.json()["fasyankes"][0]
    assert element["status"] == str(status)
    assert json.loads(element["message"])["response"]


async def test_unknown_disabled_and_wrong_look_the_same(service: Service) -> None:
    disabled, known = service.hospital(aktif=False), service.hospital()
    unknown = known._replace(code="9999999")
    answers = [
        await unknown.send("GET", BEDS),
        await disabled.send("GET", BEDS),
        await known.send("GET", BEDS, headers={"X-pass": "wrong"}),
    ]
    assert [a.status_code for a in answers] == [401] * 3
    assert len({a.text for a in answers}) == 1
    per_request = ("x-request-id",)
    assert len({tuple((k, v) for k, v in a.headers.items() if k not in per_request) for a in answers}) == 1


async def test_the_old_password_is_dead_once_the_change_has_committed(service: Service) -> None:
    hospital = service.hospital()
    assert (await hospital.send("GET", BEDS)).status_code == 200
    with transaction(service.database) as access:
        hospitals.revoke(access, hospital.code, 1)
    answers = await asyncio.gather(*[hospital.send(m, BEDS, {"id_t_tt": "1"}) for m in ("GET", "PUT", "DELETE") * 5])
    assert {a.status_code for a in answers} == {401}


async def test_two_passwords_are_valid_while_a_hospital_changes_over_and_each_can_end_alone(service: Service) -> None:
    hospital = service.hospital()
    from rsonline.login.passwords import hash_password

    with transaction(service.database) as access:
        hospitals.new_password(access, hospital.code, hash_password("the-new-one"))
    for password in (PASSWORD, "the-new-one"):
        assert (await hospital.send("GET", BEDS, headers={"X-pass": password})).status_code == 200
    with transaction(service.database) as access:
        hospitals.revoke(access, hospital.code, 1)
    assert (await hospital.send("GET", BEDS)).status_code == 401
    assert (await hospital.send("GET", BEDS, headers={"X-pass": "the-new-one"})).status_code == 200


async def test_a_third_password_ends_the_first(service: Service) -> None:
    hospital = service.hospital()
    with transaction(service.database) as access:
        hospitals.new_password(access, hospital.code, password_hash())
        hospitals.new_password(access, hospital.code, password_hash())
        from datetime import UTC, datetime

        found = hospitals.find(access, hospital.code, datetime.now(UTC))
    assert found is not None
    assert [c.number for c in found.credentials] == [2, 3]


async def test_an_expired_timestamp_is_said_in_the_words_that_clients_know(service: Service) -> None:
    answer = await service.hospital().send("GET", BEDS, headers={"X-Timestamp": str(int(time.time()) - 90_000)})
    assert answer.status_code == 401
    assert json.loads(answer.json()["fasyankes"][0]["message"]) == {"response": "Timestamp expired"}


async def test_a_hospital_with_a_fixed_clock_can_be_let_in(service: Service) -> None:
    hospital = service.hospital(clock_mode="off")
    assert (await hospital.send("GET", BEDS, headers={"X-Timestamp": "1500000000"})).status_code == 200


async def test_a_put_that_finds_nothing_adds_where_the_hospital_is_set_so(service: Service) -> None:
    body = {"id_tt": "2", "ruang": "Amarta", "jumlah_ruang": "1", "jumlah": "1", "terpakai": "0"}
    plain, adding = service.hospital(), service.hospital(create_on_put=True)
    missed = await plain.send("PUT", BEDS, body)
    added = await adding.send("PUT", BEDS, body)
    assert missed.json()["fasyankes"][0]["message"].endswith("POST")
    assert "telah disimpan" in added.json()["fasyankes"][0]["message"]
    with transaction(service.database) as access:
        assert ("put_miss", 1) in hospitals.tallies(access, plain.code)
        assert ("created_on_put", 1) in hospitals.tallies(access, adding.code)


async def test_always_200_moves_the_failure_into_the_body_only(service: Service) -> None:
    hospital = service.hospital(always_200=True)
    refused = await hospital.send("POST", BEDS, {"id_tt": "77"})
    assert (refused.status_code, refused.json()["fasyankes"][0]["status"]) == (200, "422")
    broken = await hospital.send("POST", BEDS, raw=b'{"id_tt": ')
    assert (broken.status_code, broken.json()["fasyankes"][0]["status"]) == (200, "400")
    denied = await hospital.send("POST", BEDS, {"id_tt": "77"}, headers={"X-pass": "wrong"})
    assert denied.status_code == 401


async def test_english_is_spoken_where_it_is_asked_for(service: Service) -> None:
    hospital = service.hospital()
    body = {"tanggal": "2021-07-01", "p_cair": "banyak"}
    indonesian = (await hospital.send("POST", "/Logistik/oksigen", body)).json()["Oksigenasi"][0]
    english = (await hospital.send("POST", "/Logistik/oksigen", body, headers={"Accept-Language": "en-GB"})).json()[
        "Oksigenasi"
    ][0]
    assert "gagal" in indonesian["message"]
    assert "was not stored" in english["message"]
    assert indonesian["errors"][0]["code"] == english["errors"][0]["code"] == "not_a_number"
    assert indonesian["errors"][0]["received"] == "banyak"


async def test_personal_values_are_not_repeated_in_a_refusal(service: Service) -> None:
    body = {
        "kodebooking": "B1",
        "jenispasien": "JKN",
        "kodepoli": "INT",
        "tanggalperiksa": "2026-01-01",
        "nik": "9999" * 30,
    }
    answer = await service.hospital().send("POST", "/Antrian", body)
    assert answer.status_code == 422
    assert "99999999" not in answer.text


async def test_a_room_name_cannot_steer_a_client(service: Service) -> None:
    hospital = service.hospital()
    body = {"id_tt": "2", "ruang": "POST OP", "jumlah_ruang": "1", "jumlah": "1", "terpakai": "0"}
    message = (await hospital.send("POST", BEDS, body)).json()["fasyankes"][0]["message"]
    assert "Post OP" in message
    assert "POST" not in message
    rows = (await hospital.send("GET", BEDS)).json()["fasyankes"]
    assert any(row["ruang"] == "POST OP" for row in rows)


async def test_forwarding_headers_count_only_from_a_trusted_proxy(tmp_path: Path) -> None:
    forged = {"x-forwarded-for": ["203.0.113.9, 198.51.100.7"]}
    for trusted, expected in (((), "10.0.0.1"), (("10.0.0.0/8",), "198.51.100.7")):
        gate = Gate(Settings(data=tmp_path, trusted_proxies=trusted), None, {})  # type: ignore[arg-type]  # no store is asked
        assert gate.arrival.address("10.0.0.1", forged) == expected
        assert gate.arrival.address("192.0.2.1", forged) == "192.0.2.1"
        await gate.close()


async def test_only_listed_host_names_are_answered(tmp_path: Path) -> None:
    async with service_on(tmp_path, allowed_hosts=("rs.test",)) as service:
        hospital = service.hospital()
        assert (await hospital.send("GET", BEDS)).status_code == 200
        assert (await hospital.send("GET", BEDS, headers={"Host": "evil.test"})).status_code == 400


async def test_every_answer_has_its_own_request_id(service: Service) -> None:
    hospital = service.hospital()
    ids = {(await hospital.send("GET", path)).headers["x-request-id"] for path in (BEDS, BEDS, "/nowhere", "/Antrian")}
    assert len(ids) == 4


@pytest.mark.parametrize(
    "path",
    [
        "/fo/index.php/fasyankes",
        "/FO/index.php/FASYANKES/",
        "/fo/index.php/Fasyankes%5C",
        "/fo/index.php/Fasyankes%20",
        "/fo/index.php/index.php/Fasyankes",
        "/fo//index.php//Fasyankes",
    ],
)
async def test_path_variants_of_real_clients_are_served(path: str, service: Service) -> None:
    assert (await service.hospital().send("GET", path)).status_code == 200


async def test_an_unknown_path_is_404_in_an_envelope(service: Service) -> None:
    answer = await service.hospital().send("GET", "/Fasyankes/nothing")
    assert answer.status_code == 404
    ((element,),) = answer.json().values()
    assert element["status"] == "404"
