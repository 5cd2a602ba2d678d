"""Passwords that came without TLS: marked once, told to whom they concern, refused where TLS is required (SR-11)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from rsonline.service.gate import Gate
from rsonline.settings import Settings
from rsonline.store.database import Database
from tests.cli.command import of, run, with_keys
from tests.databases import journal, rows
from tests.hospital import PASSWORD, Hospital, Service, service_on
from tests.long.process import Service as Process
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
OXYGEN = {"tanggal": "2026-11-01", "p_cair": "1"}
CLEAR: dict[str, str | None] = {"X-Forwarded-Proto": "http"}
TLS: dict[str, str | None] = {"X-Forwarded-Proto": "https"}


@pytest_asyncio.fixture(loop_scope="session")
async def strict(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """A service that requires TLS."""
    async with service_on(tmp_path / "data", database, require_tls=True) as service:
        yield service


def exposed(hospital: Hospital) -> list[dict[str, Any]]:
    return [x for x in journal(hospital.service.database, hospital.code) if x["verb"] == "exposed"]


@pytest.mark.parametrize(
    ("trusted", "peer", "scheme", "headers", "line"),
    [
        ((), "127.0.0.1", "http", {}, "inside"),
        ((), "::1", "http", {}, "inside"),
        ((), "::ffff:127.0.0.1", "http", {}, "inside"),
        ((), "", "http", {}, "inside"),
        ((), "10.0.0.9", "http", {}, "clear"),
        ((), "10.0.0.9", "https", {}, "tls"),
        # Only a trusted proxy is believed.
        ((), "10.0.0.9", "http", {"x-forwarded-proto": ["https"]}, "clear"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {"x-forwarded-proto": ["https"]}, "tls"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {"x-forwarded-proto": ["https, http"]}, "clear"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {"x-forwarded-proto": ["https", "http"]}, "clear"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {"x-forwarded-proto": ["HTTPS "]}, "tls"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {}, "unknown"),
        (("127.0.0.1",), "127.0.0.1", "http", {"x-forwarded-proto": ["http"]}, "clear"),
        (("10.0.0.0/8",), "10.0.0.9", "http", {"x-forwarded-proto": ["gopher"]}, "unknown"),
        (
            ("10.0.0.9",),
            "10.0.0.9",
            "http",
            {"x-forwarded-proto": ["http"], "x-forwarded-for": ["127.0.0.1"]},
            "inside",
        ),
    ],
)
async def test_how_a_request_came_is_said_by_whom_it_is_believed(
    trusted: tuple[str, ...], peer: str, scheme: str, headers: dict[str, list[str]], line: str, tmp_path: Path
) -> None:
    gate = Gate(Settings(data=tmp_path, trusted_proxies=trusted), None, {})  # type: ignore[arg-type]  # no store is asked
    assert gate.arrival.line(scheme, peer, headers) == line
    await gate.close()


async def test_a_password_in_clear_works_and_is_marked_once(hospital: Hospital) -> None:
    for _ in range(3):
        assert (await hospital.send("POST", "/Logistik/oksigen", OXYGEN, headers=CLEAR)).status_code == 200
    assert (await hospital.send("POST", "/Logistik/oksigen", OXYGEN, headers=TLS)).status_code == 200
    [line] = exposed(hospital)
    assert (line["object"], line["key"], line["account"]) == ("credential", "[1]", f"{hospital.code}/1")
    assert line["address"] == hospital.address
    [row] = rows(hospital.service.database, "SELECT * FROM credential WHERE kode_rs = :c", c=hospital.code)
    assert (row["exposed_at"] is not None, row["exposed_from"]) == (True, hospital.address)


async def test_only_the_right_password_marks(hospital: Hospital) -> None:
    # Else anybody could have any hospital's password replaced.
    wrong = {**CLEAR, "X-pass": "salah"}
    assert (await hospital.send("GET", "/Fasyankes", headers=wrong)).status_code == 401
    assert (await hospital.send("GET", "/Fasyankes", headers=TLS)).status_code == 200
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 200
    assert exposed(hospital) == []


async def test_where_tls_is_required_nothing_is_read_and_nothing_written(strict: Service) -> None:
    hospital = strict.hospital()
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"x")
        yield json.dumps(OXYGEN).encode()

    headers = {"X-rs-id": hospital.code, "X-pass": PASSWORD, "X-Timestamp": "1", "X-Forwarded-For": hospital.address}
    headers["X-Forwarded-Proto"] = "http"
    for _ in range(2):
        answer = await strict.client.post("/fo/index.php/Logistik/oksigen", content=body(), headers=headers)
        assert answer.status_code == 403
        assert answer.json()["Oksigenasi"][0]["code"] == "tls"
        assert "location" not in answer.headers
    assert read == []
    assert rows(strict.database, "SELECT * FROM oksigen") == []
    assert [(x["object"], x["verb"]) for x in journal(strict.database, hospital.code)] == [
        ("hospital", "add"),
        ("credential", "exposed"),
    ]
    # The same whether or not the password is right.
    wrong = await hospital.send("POST", "/Logistik/oksigen", OXYGEN, headers={**CLEAR, "X-pass": "salah"})
    assert (wrong.status_code, wrong.content) == (403, answer.content)
    silent = await hospital.send("POST", "/Logistik/oksigen", OXYGEN)
    assert (silent.status_code, silent.json()["Oksigenasi"][0]["code"]) == (403, "tls_unknown")
    assert (await hospital.send("POST", "/Logistik/oksigen", OXYGEN, headers=TLS)).status_code == 200


async def test_accounts_and_people_are_kept_from_it_too(strict: Service) -> None:
    clear, tls = ({"X-Forwarded-Proto": proto} for proto in ("http", "https"))
    body = {"kode_rs": strict.hospital().code, "password": PASSWORD}
    assert (await strict.client.post("/api/rslogin", json=body, headers=clear)).status_code == 403
    assert (await strict.client.get("/api/laporancovid19versi3", headers=clear)).status_code == 403
    assert (await strict.client.post("/api/rslogin", json=body, headers=tls)).status_code == 201
    form = {"pengguna": "anna", "sandi": "kata sandi"}
    assert (await strict.client.post("/masuk", data=form, headers=clear)).status_code == 403
    assert (await strict.client.get("/healthz", headers=clear)).status_code == 200


async def test_the_hospital_and_the_operator_see_it(
    service: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"akun-{hospital.code}"
    told = with_keys(service.database)
    run("account", "add", name, "--hospital", hospital.code, "--password-stdin", *told, told="pakai-ini-saja\n")
    await hospital.send("GET", "/Fasyankes", headers=CLEAR)
    login = {"userName": name, "password": "pakai-ini-saja"}
    for proto in ("http", "http", "https"):
        headers = {"X-Forwarded-Proto": proto}
        assert (await service.client.post("/api/rslogin", json=login, headers=headers)).status_code == 201
    assert [x["object"] for x in exposed(hospital)] == ["credential", "account"]
    database = of(service.database)
    monkeypatch.setenv("RSONLINE_KEYS", str(service.database.keys))
    shown = run("hospital", "show", hospital.code, *database).out
    assert "kata sandi nomor 1: generated; TERLIHAT tanpa TLS sejak 20" in shown
    assert f"akun {name}; TERLIHAT tanpa TLS" in shown
    [line] = [x for x in run("hospital", "list", *database).out.splitlines() if hospital.code in x]
    assert "1 terlihat tanpa TLS, perlu diganti" in line
    person = Person(service.database, f"adm-{hospital.code}", "admin-rs", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    page = (await visitor.get("/integrasi")).text
    assert "terkirim tanpa enkripsi" in page
    assert "X-pass 1: sejak" in page
    assert f"{name}: sejak" in page
    # And what happened at the doors.
    for words in ("masuk dengan X-pass 1", f"akun {name} dibuat", "X-pass 1 terlihat tanpa enkripsi", hospital.address):
        assert words in page
    # Another password was seen by nobody.
    run("hospital", "password", hospital.code, "--at-once", *database)
    run("account", "password", name, *told)
    assert "TERLIHAT" not in run("hospital", "show", hospital.code, *database).out
    assert "terkirim tanpa enkripsi" not in (await visitor.get("/integrasi")).text


async def test_a_service_of_its_own_tells_the_administrative_address_only(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    (tmp_path / "data").mkdir()
    process.start()
    try:
        async with httpx.AsyncClient() as client:
            for port, statuses in ((process.port, (200, 404, 404)), (process.admin_port, (200, 200, 200))):
                base = f"http://127.0.0.1:{port}"
                asked = [await client.get(base + path) for path in ("/healthz", "/readyz", "/metrics")]
                assert tuple(answer.status_code for answer in asked) == statuses
    finally:
        process.stop()
    [line] = journal(process.database, "-", "setting")
    assert json.loads(line["new"])["admin_listen"] == f"127.0.0.1:{process.admin_port}"
