"""Promises about every request that no single example can show."""

import asyncio
import inspect
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rsonline import app
from rsonline.reports import fields, lenient, report
from rsonline.reports.fields import At, Fault, Text
from rsonline.service import clock, dialects, gate, routes, texts
from rsonline.store import hospitals
from rsonline.store.postgres import PostgresStore
from rsonline.store.sqlite import SqliteStore
from tests.databases import journal, rows
from tests.hospital import Service, service_on

pytestmark = pytest.mark.asyncio(loop_scope="session")
BED = {"id_tt": "2", "ruang": "Amarta", "jumlah_ruang": "1", "jumlah": "1", "terpakai": "0"}


def lines(service: Service, code: str) -> list[dict[str, Any]]:
    """The journal of a hospital."""
    return journal(service.database, code)


async def test_the_journal_says_who_what_when_and_from_where(service: Service) -> None:
    hospital = service.hospital()
    claimed = f"{int(time.time()) + 25_200},48217"
    answer = await hospital.send("POST", "/Fasyankes", BED, headers={"X-Timestamp": claimed})
    await hospital.send("PUT", "/Fasyankes", {**BED, "terpakai": "1"})
    await hospital.send("DELETE", "/Fasyankes", {"id_tt": "2", "ruang": "Amarta"})
    added, login, first, second, third = lines(service, hospital.code)
    assert (added["object"], added["source"]) == ("hospital", "cli")
    assert (login["object"], login["verb"]) == ("credential", "login")
    assert (first["object"], first["verb"], first["source"], first["account"]) == (
        "tempat_tidur",
        "add",
        "api",
        f"{hospital.code}/1",
    )
    assert (first["claimed"], first["clock"]) == (claimed, "whole_hour")
    assert first["request_id"] == answer.headers["x-request-id"]
    assert first["address"] == hospital.address
    assert first["old"] is None
    assert '"terpakai":0' in first["new"]
    assert '"terpakai":0' in second["old"]
    assert '"terpakai":1' in second["new"]
    assert third["new"] is None
    assert abs(first["at"].timestamp() - time.time()) < 60
    assert [line["seq"] for line in (added, login, first, second, third)] == [1, 2, 3, 4, 5]


async def test_naming_another_hospital_leaves_a_line_and_selects_nothing(service: Service) -> None:
    hospital, other = service.hospital(), service.hospital()
    answer = await hospital.send("DELETE", "/Pasien/shk", {"id_shk": 1, "koders": other.code})
    assert answer.status_code == 422
    assert lines(service, hospital.code)[-1]["verb"] == "refused"
    assert "other_hospital" in lines(service, hospital.code)[-1]["new"]
    assert other.code not in str(lines(service, hospital.code)[-1]["new"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_failure_inside_says_nothing_of_the_inside(
    method: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*given: Any) -> None:
        raise RuntimeError("SELECT secret FROM /var/lib/rsonline")

    hospital = service.hospital()
    await hospital.send("GET", "/Fasyankes")
    for store in (SqliteStore, PostgresStore):
        monkeypatch.setattr(store, "submit", fail)
        monkeypatch.setattr(store, "read", fail)
    answer = await hospital.send(method, "/Fasyankes", BED)
    assert answer.status_code == 500
    assert answer.json()["fasyankes"][0]["code"] == "internal"
    assert answer.headers["x-request-id"]
    for inside in ("SELECT", "secret", "RuntimeError", "Traceback", "/var", "rsonline"):
        assert inside not in answer.text


async def test_an_older_claim_is_flagged_and_in_strict_mode_refused(service: Service) -> None:
    now = int(time.time())
    lenient_hospital, strict = service.hospital(), service.hospital(clock_mode="strict")
    for hospital in (lenient_hospital, strict):
        await hospital.send("POST", "/Fasyankes", BED, headers={"X-Timestamp": str(now)})
    older = {"X-Timestamp": str(now - 60)}
    flagged = await lenient_hospital.send("PUT", "/Fasyankes", {**BED, "terpakai": "1"}, headers=dict(older))
    assert "older_timestamp" in flagged.headers["x-rsonline-warnings"]
    assert "telah diupdate" in flagged.text
    refused = await strict.send("PUT", "/Fasyankes", {**BED, "terpakai": "1"}, headers=dict(older))
    assert (refused.status_code, refused.json()["fasyankes"][0]["code"]) == (422, "older_timestamp")
    same = await strict.send("PUT", "/Fasyankes", {**BED, "terpakai": "1"}, headers={"X-Timestamp": str(now)})
    assert "telah diupdate" in same.text


async def test_clock_classes_and_repairs_are_counted_for_the_hospital(service: Service) -> None:
    hospital = service.hospital()
    off: dict[str, str | None] = {"X-Timestamp": str(int(time.time()) - 36_000)}
    await hospital.send(
        "POST", "/Fasyankes", raw=b'{"id_tt":"02","ruang":"A","jumlah_ruang":1,"jumlah":1,"terpakai":0,}', headers=off
    )
    found = rows(service.database, "SELECT what, count FROM tally WHERE kode_rs = :code", code=hospital.code)
    counted = {row["what"]: row["count"] for row in found}
    assert counted["clock:off"] == 1
    assert counted["repair:leading_zeros"] == 1
    assert counted["repair:trailing_comma"] == 1


async def test_an_address_without_a_declared_permission_does_not_start() -> None:
    async def give(request: object) -> PlainTextResponse:
        return PlainTextResponse("")

    assert app.undeclared([Route("/healthz", give)]) == []
    assert app.undeclared([Route("/healthz", give), Route("/secret", give)]) == ["/secret"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/nowhere"])
async def test_public_addresses_have_a_request_id_and_no_guessing(path: str, service: Service) -> None:
    answer = await service.client.get(path)
    # What is counted, and how the inside fares, is told at the administrative address only (SR-60).
    assert answer.status_code == (404 if path in ("/nowhere", "/readyz", "/metrics") else 200)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_new_service_shows_no_page_to_try_requests(service: Service) -> None:
    for path in ("/docs", "/docs/docs.js", "/docs/swagger-ui-bundle.js"):
        assert (await service.client.get(path)).status_code == 404
    assert "docs" not in (await service.client.get("/")).json()


async def test_where_it_is_asked_for_the_page_is_told_and_there(tmp_path: Path) -> None:
    async with service_on(tmp_path, reference_page=True) as service:
        told = (await service.client.get("/")).json()["docs"]
        assert (await service.client.get(told)).status_code == 200


async def test_what_is_counted_can_be_scraped(service: Service) -> None:
    hospital = service.hospital()
    await hospital.send("PUT", "/Fasyankes", BED)
    async with service.inside() as inside:
        scraped = (await inside.get("/metrics")).text
        assert (await inside.get("/readyz")).text == "ready\n"
        assert (await inside.get("/fo/index.php/Fasyankes")).status_code == 404
    assert 'rsonline_put_misses_total{report="tempat_tidur"}' in scraped
    assert 'rsonline_requests_total{method="PUT",report="tempat_tidur",status="200"}' in scraped
    assert hospital.code not in scraped


AT = At("9100000", ZoneInfo("Asia/Jakarta"), datetime(2026, 1, 1, tzinfo=UTC))
NAMES = [
    ("Mawar", True),
    ("Ruang 'Melati' \"A\"", True),
    ("Café", True),
    ("Ānanda", True),
    ("病室", True),
    ("غرفة", True),
    ("🏥 IGD", True),
    ("a\tb", True),
    ("a\nb", True),
    ("a\u00a0b", True),
    ("a\u202eb", False),
    ("a\u202db", False),
    ("\u2066a", False),
    ("a\u200bb", False),
    ("a\u200db", False),
    ("\ufeffa", False),
    ("a\u2060b", False),
    ("a\x00b", False),
    ("a\x1bb", False),
    ("a\x85b", False),
    ("a\u061cb", False),
]


@pytest.mark.parametrize(("name", "taken"), NAMES, ids=[ascii(n) for n, _ in NAMES])
async def test_names_are_kept_as_received_unless_they_hide_something(name: str, taken: bool) -> None:
    if taken:
        assert Text().read(name, AT, [], "ruang") == name
    else:
        with pytest.raises(Fault, match="forbidden_character"):
            Text().read(name, AT, [], "ruang")


async def test_names_are_kept_in_one_normal_form() -> None:
    assert Text().read("Cafe\u0301", AT, [], "ruang") == "Café"


MODULES: list[ModuleType] = [fields, lenient, report, clock, dialects, gate, routes, texts, hospitals]
PATTERNS = [
    (module.__name__, name, value)
    for module in MODULES
    for name, value in inspect.getmembers(module)
    if isinstance(value, re.Pattern)
]
ADVERSARIES = [
    "a" * 10_000,
    "0" * 10_000 + "x",
    "/" * 10_000,
    "/index.php" * 1000 + "x",
    " \t" * 5000 + "x",
    "1." * 5000,
    "“" * 10_000,
]


@pytest.mark.parametrize(("module", "name", "pattern"), PATTERNS, ids=[f"{m}.{n}" for m, n, _ in PATTERNS])
async def test_no_pattern_takes_more_than_linear_time(module: str, name: str, pattern: re.Pattern[str]) -> None:
    def cost(text: str) -> float:
        begun = time.perf_counter()
        for _ in range(5):
            pattern.fullmatch(text)
            pattern.search(text)
        return time.perf_counter() - begun

    for text in ADVERSARIES:
        # The least of several: a busy machine can only make it longer.
        short, long = (min(cost(part) for _ in range(4)) for part in (text[:2500], text))
        # Four times the text: quadratic would be sixteen times the cost. A floor keeps the machine's noise out.
        assert long < max(short * 12, 0.02)


async def test_a_store_that_broke_ends_the_process() -> None:
    code = "from rsonline.app import end_process; end_process(RuntimeError('disk')); print('still here')"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=-1, stderr=-1)
    printed, _ = await process.communicate()
    assert process.returncode == app.EXIT_STORAGE
    assert b"still here" not in printed
