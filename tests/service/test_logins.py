"""Logins and changes of what opens the door, in the journal (SR-47)."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from rsonline.store import audit
from rsonline.store.audit import OPERATOR
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.cli.command import run, with_keys
from tests.databases import journal
from tests.hospital import PASSWORD, Hospital, Service, service_on
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
OXYGEN = {"tanggal": "2026-11-01", "p_cair": "1"}


def logins(hospital: Hospital, verb: str = "login") -> list[dict[str, Any]]:
    return [x for x in journal(hospital.service.database, hospital.code) if x["verb"] == verb]


async def refused(service: Service, code: str, some: int) -> list[dict[str, Any]]:
    """The lines of refused logins of a chain, as soon as there are so many: they are written beside the requests."""
    end = time.monotonic() + 15
    while True:
        lines = [x for x in journal(service.database, code) if x["verb"] == "login_failed"]
        if len(lines) >= some or time.monotonic() > end:
            return lines
        await asyncio.sleep(0.1)


async def test_a_login_is_the_first_request_from_each_place_and_not_each_request(hospital: Hospital) -> None:
    answers = await asyncio.gather(*[hospital.send("GET", "/Fasyankes") for _ in range(20)])
    assert {a.status_code for a in answers} == {200}
    [line] = logins(hospital)
    assert (line["object"], line["key"], line["account"]) == ("credential", "[1]", f"{hospital.code}/1")
    assert (line["source"], line["address"]) == ("api", hospital.address)
    assert line["request_id"] in {a.headers["x-request-id"] for a in answers}
    for _ in range(5):
        await hospital.send("GET", "/Fasyankes")
    assert len(logins(hospital)) == 1
    await hospital.send("GET", "/Fasyankes", headers={"X-Forwarded-For": "10.250.0.9"})
    assert [x["address"] for x in logins(hospital)] == [hospital.address, "10.250.0.9"]


async def test_a_request_that_matches_what_is_remembered_writes_nothing_more(hospital: Hospital) -> None:
    await hospital.send("POST", "/Logistik/oksigen", OXYGEN)
    before = journal(hospital.service.database, hospital.code)
    await hospital.send("GET", "/Logistik/oksigen", headers={"X-tanggal": "2026-11-01"})
    await hospital.send("GET", "/Referensi/tempat_tidur")
    assert journal(hospital.service.database, hospital.code) == before


async def test_refused_logins_are_lines_of_the_hospital_that_was_tried(service: Service, hospital: Hospital) -> None:
    for number in range(12):
        answer = await hospital.send("GET", "/Fasyankes", headers={"X-pass": f"salah-{number}"})
        assert answer.status_code == (401 if number < 10 else 429)
    [line] = await refused(service, hospital.code, 1)
    assert (line["object"], line["key"], line["account"]) == ("credential", '["?"]', f"{hospital.code}/?")
    assert (line["address"], json.loads(line["new"])) == (hospital.address, {"attempts": 1})
    assert line["request_id"] is not None
    assert "salah" not in str(line)


async def test_what_was_counted_is_written_at_the_end(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path / "data", database) as service:
        hospital = service.hospital()
        for number in range(12):
            await hospital.send("GET", "/Fasyankes", headers={"X-pass": f"salah-{number}"})
        for number in range(3):
            far: dict[str, str | None] = {
                "X-pass": f"salah-{number}",
                "X-Forwarded-For": "10.250.0.10",
                "X-rs-id": f"tiada{number}",
            }
            assert (await hospital.send("GET", "/Fasyankes", headers=far)).status_code == 401
    first, rest = logins(hospital, "login_failed")
    assert json.loads(first["new"]) == {"attempts": 1}
    said = json.loads(rest["new"])
    assert (said["attempts"], said["limited"], said["sources"]) == (11, 2, {hospital.address: 12})
    assert said["since"] <= said["until"]
    assert (rest["address"], rest["request_id"]) == (None, None)
    # A name that nobody has is not written down: it may be a password in the wrong place.
    strangers = [x for x in journal(database, OPERATOR) if x["verb"] == "login_failed"]
    assert [(x["account"], x["key"], json.loads(x["new"])["attempts"]) for x in strangers] == [
        ("-", '["?"]', 1),
        ("-", '["?"]', 2),
    ]
    assert "tiada" not in str(strangers)
    with transaction(database) as access:
        assert audit.verify(access.connection).faults == []


async def test_people_and_accounts_are_told_alike(service: Service, hospital: Hospital) -> None:
    person = Person(service.database, f"masuk-{hospital.code}", "petugas", code=hospital.code)
    visitor = Visitor(service)
    for _ in range(30):
        # The same wrong password again is no new guess, and no new line.
        wrong = {"pengguna": person.user_name, "sandi": "bukan kata sandinya"}
        assert (await visitor.post("/masuk", wrong)).status_code == 401
    await visitor.log_in(person)
    name = f"akun-{hospital.code}"
    run("account", "add", name, "--hospital", hospital.code, "--password-stdin", *with_keys(service.database), told="x")
    body = {"userName": name, "password": "salah-lagi"}
    assert (await service.client.post("/api/rslogin", json=body)).status_code == 401
    lines = await refused(service, hospital.code, 2)
    assert sorted((x["object"], x["account"], x["source"]) for x in lines) == [
        ("account", f"{hospital.code}/{name}", "api"),
        ("web_user", f"user/{person.user_name}", "web"),
    ]
    assert [x["account"] for x in logins(hospital)] == [f"user/{person.user_name}"]


async def test_the_search_knows_logins(service: Service, hospital: Hospital) -> None:
    await hospital.send("GET", "/Fasyankes")
    await hospital.send("GET", "/Fasyankes", headers={"X-pass": "salah"})
    assert len(await refused(service, hospital.code, 1)) == 1

    def found(*words: str) -> list[tuple[str, str]]:
        out = run("journal", "search", *words, *with_keys(service.database)).out
        return [(line["account"], line["verb"]) for line in map(json.loads, out.splitlines())]

    known, unknown = (f"{hospital.code}/1", "login"), (f"{hospital.code}/?", "login_failed")
    assert found("--account", f"{hospital.code}/1") == [known]
    assert found("--account", hospital.code) == [known, unknown]
    assert found("--logins", "--hospital", hospital.code) == [known, unknown]
    made = run("journal", "search", "--account", "cli", "--hospital", hospital.code, *with_keys(service.database)).out
    assert [json.loads(line)["verb"] for line in made.splitlines()] == ["add"]
    assert PASSWORD not in made


async def test_every_change_of_a_key_a_right_and_a_list_leaves_a_line(database: Database, tmp_path: Path) -> None:
    keys = with_keys(database)
    run("key", "rotate-tokens", *keys)
    own = tmp_path / "terapi.csv"
    own.write_text("id,nama\n77,Terapi Contoh\n", "utf-8")
    run("reference", "import", "terapi", own, "--data", tmp_path / "data", "--database", database.url)
    run("key", "rewrap", *keys)
    lines = journal(database, OPERATOR)
    assert [(x["object"], x["verb"]) for x in lines] == [
        ("data_key", "add"),
        ("reference", "import"),
        ("data_key", "rewrap"),
    ]
    assert all(x["account"].startswith("cli/") and x["source"] == "cli" for x in lines)
    assert json.loads(lines[0]["new"]) == {"purpose": "token"}


async def test_settings_leave_a_line_when_they_change(database: Database) -> None:
    for said, written in (({"port": 8080}, True), ({"port": 8080}, False), ({"port": 8080, "readers": 8}, True)):
        with transaction(database) as access:
            assert audit.note_settings(access, "127.0.0.1:8080", dict(said)) is written
    first, second = journal(database, OPERATOR, "setting")
    assert (first["old"], json.loads(second["old"])) == (None, {"port": 8080})
    assert json.loads(second["new"]) == {"port": 8080, "readers": 8}
