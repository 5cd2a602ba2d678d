"""What must hold for every report kind and every route. What is not visited here does not exist."""

import itertools
import json
from typing import Any

import pytest

from rsonline.intake.rules import EXCEPTIONS, verbs_of
from rsonline.reports import REPORTS
from rsonline.reports.report import Report, check, members
from tests.hospital import Service
from tests.hostile_bodies import HOSTILE
from tests.samples import FILTERS, MESSAGES, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROUTES = [(report, method) for report in REPORTS for method in verbs_of(report)]
LISTS = ("/Referensi/tempat_tidur", "/Referensi/kebutuhan_sdm", "/Referensi/kebutuhan_apd")
every_report = pytest.mark.parametrize("report", REPORTS, ids=lambda r: r.name)
every_route = pytest.mark.parametrize(("report", "method"), ROUTES, ids=[f"{r.name}-{m}" for r, m in ROUTES])


async def test_the_declarations_are_sound() -> None:
    assert check(REPORTS) == []


async def test_a_report_stays_a_small_declaration() -> None:
    assert len(Report.__dataclass_fields__) <= 9


async def test_irregular_verbs_stay_the_exception() -> None:
    assert len(EXCEPTIONS) * 3 <= len(ROUTES)


@every_report
async def test_every_member_says_what_it_is(report: Report[Any]) -> None:
    for member in members(report.record):
        assert member.label.id, member.name
        assert member.label.en, member.name
        assert member.label.meaning, member.name


async def asked_for(hospital: Any, report: Report[Any], message: dict[str, Any]) -> list[dict[str, Any]]:
    """What a GET shows of one stored message."""
    wanted = FILTERS.get(report.name) or {k: v for k, v in message.items() if k.startswith("id_")}
    answer = await hospital.send("GET", report.path, wanted)
    assert answer.status_code == 200, answer.text
    shown: list[dict[str, Any]] = answer.json()[report.root]
    return shown


@every_report
async def test_what_is_stored_can_be_read_and_is_text(report: Report[Any], service: Service) -> None:
    hospital = service.hospital()
    message = await stored(hospital, report.name, report.path)
    shown = await asked_for(hospital, report, message)
    assert any(all(str(row.get(k)) == str(v) for k, v in message.items() if k in row) for row in shown)
    for row in shown:
        assert not {"status", "message"} & set(row)
        assert all(value is None or isinstance(value, str) for value in row.values())


@every_report
async def test_another_hospital_sees_and_changes_nothing_of_it(report: Report[Any], service: Service) -> None:
    a, b = service.hospital(), service.hospital()
    message = await stored(a, report.name, report.path)
    before = await asked_for(a, report, message)
    for method in verbs_of(report):
        answer = await b.send(method, report.path, {**message, **FILTERS.get(report.name, {})})
        assert answer.status_code in (200, 404, 422), answer.text
        if method == "GET":
            (elements,) = answer.json().values()
            for element in elements:
                assert element.get("status") == "202" or all(
                    element.get(k) is None for k in message if k not in ("id_tt", "id_kebutuhan")
                ), element
    assert await asked_for(a, report, message) == before


@every_route
async def test_nobody_gets_in_without_credentials(report: Report[Any], method: str, service: Service) -> None:
    hospital = service.hospital()
    for wrong in ({"X-pass": None}, {"X-rs-id": None}, {"X-pass": "wrong"}, {"X-Timestamp": None}):
        answer = await hospital.send(method, report.path, MESSAGES[report.name], headers=dict(wrong))
        assert answer.status_code == 401, wrong
        element = answer.json()[report.root][0]
        assert element["status"] == "401"
        assert json.loads(element["message"])["response"]


@pytest.mark.parametrize("path", [r.path for r in REPORTS] + list(LISTS))
async def test_a_method_that_is_not_offered_is_405_with_the_ones_that_are(path: str, service: Service) -> None:
    hospital = service.hospital()
    offered = {m for r, m in ROUTES if r.path == path} or {"GET"}
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"):
        if method in offered:
            continue
        answer = await hospital.send(method, path)
        assert answer.status_code == 405, method
        assert set(answer.headers["allow"].split(", ")) == offered


@every_route
async def test_hostile_bodies_are_refused_and_leave_nothing(report: Report[Any], method: str, service: Service) -> None:
    hospital = service.hospital()
    message = await stored(hospital, report.name, report.path)
    before = await asked_for(hospital, report, message)
    for name, body in HOSTILE:
        answer = await hospital.send(method, report.path, raw=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (name, answer.text)
        assert answer.json()[report.root] is not None, name
    assert await asked_for(hospital, report, message) == before


WRITES = [(r, m) for r, m in ROUTES if m in ("POST", "PUT")]


@pytest.mark.parametrize(("report", "method"), WRITES, ids=[f"{r.name}-{m}" for r, m in WRITES])
async def test_members_that_the_guide_does_not_know_are_never_stored(
    report: Report[Any], method: str, service: Service
) -> None:
    hospital = service.hospital()
    message = await stored(hospital, report.name, report.path)
    before = await asked_for(hospital, report, message)
    forged = {"kode_rs": "1", "version": 99, "deleted_at": 1, "received_at": 1, "recognised": "x", "warnings": "[]"}
    answer = await hospital.send(method, report.path, {**message, **forged})
    assert answer.status_code == 200, answer.text
    after = await asked_for(hospital, report, message)
    clock = {"tglupdate", "tgllapor"}
    assert [{k: v for k, v in row.items() if k not in clock} for row in after] == [
        {k: v for k, v in row.items() if k not in clock} for row in before
    ]


@every_report
async def test_two_hospitals_may_use_the_same_keys(report: Report[Any], service: Service) -> None:
    a, b = service.hospital(), service.hospital()
    for hospital in (a, b):
        message = await stored(hospital, report.name, report.path)
        assert len([r for r in await asked_for(hospital, report, message) if r]) >= 1


async def test_paths_are_unique_in_any_case() -> None:
    paths = [r.path.lower() for r in REPORTS]
    assert all(a != b for a, b in itertools.combinations(paths, 2))
