"""The description of the service: sound, complete, and of one mind with what really judges a message."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from rsonline.intake.rules import verbs_of
from rsonline.reports import REPORTS
from rsonline.reports.codec import complete, missing, read
from rsonline.reports.fields import At, Fault, Kind
from rsonline.reports.references import shipped
from rsonline.reports.report import Report, members
from rsonline.service import reference
from rsonline.service.openapi import document
from rsonline.service.openapi_schemas import example
from rsonline.service.routes import LISTS
from rsonline.settings import Settings
from tests.service.values import described, tolerated

REFERENCES = shipped()
DOCUMENT = document(REFERENCES)
SCHEMAS = DOCUMENT["components"]["schemas"]
AT = At("9100001", ZoneInfo("Asia/Jakarta"), datetime(2026, 1, 2, tzinfo=UTC), REFERENCES, "RS Tiruan", True)
KINDS = list(dict.fromkeys(m.kind for r in REPORTS for m in members(r.record)))
every_kind = pytest.mark.parametrize("kind", KINDS, ids=repr)
every_report = pytest.mark.parametrize("report", REPORTS, ids=lambda r: r.name)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator that can follow references into the components."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}}, validate_formats=True)


def accepted(kind: Kind, value: object) -> bool:
    """Whether the reader understands the value."""
    try:
        kind.read(value, AT, [], "member")
    except Fault:
        return False
    return True


def says_something(kind: Kind, value: object) -> bool:
    """Whether the reader finds a value in it that can stand where one is required."""
    try:
        found = None if value is None else kind.read(value, AT, [], "member")
    except Fault:
        return False
    return found is not None and (found != "" or getattr(kind, "blank", False))


@every_kind
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_description_and_reader_agree_on_every_value(kind: Kind, data: st.DataObject) -> None:
    schema = kind.schema(REFERENCES)
    value = data.draw(described(schema, REFERENCES))
    if not tolerated(kind, value, AT):
        assert validator(schema).is_valid(value) is (value is None or accepted(kind, value)), repr(value)


@pytest.mark.parametrize("kind", [k for k in KINDS if type(k).__name__ != "Ignored"], ids=repr)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_a_required_member_may_be_is_what_says_something(kind: Kind, data: st.DataObject) -> None:
    schema = kind.schema(REFERENCES, required=True)
    value = data.draw(described(schema, REFERENCES))
    if not tolerated(kind, value, AT):
        assert validator(schema).is_valid(value) is says_something(kind, value), repr(value)


def test_every_report_and_every_list_is_described_with_every_verb() -> None:
    # The patient API has an address of its own, and tests of its own.
    below = {path: item for path, item in DOCUMENT["paths"].items() if "servers" not in item}
    described_verbs = {(path, method.upper()) for path, item in below.items() for method in item}
    lists = {(path, "GET") for path in DOCUMENT["paths"] if path.lower() in LISTS}
    assert len(lists) == len(LISTS)
    assert described_verbs == lists | {(r.path, m) for r in REPORTS for m in verbs_of(r)}


@every_report
def test_every_member_is_described_in_both_languages(report: Report[Any]) -> None:
    properties = SCHEMAS[report.record.__name__]["properties"]
    assert list(properties) == [m.name for m in members(report.record)]
    for member in members(report.record):
        said = properties[member.name]
        assert member.label.id in said["description"]
        assert member.label.en in said["description"]
        assert said.get("x-unit") == member.label.unit
        assert said.get("x-personal", False) is member.personal


@every_report
def test_every_example_is_what_the_service_takes(report: Report[Any]) -> None:
    sent = example(report)
    assert validator(SCHEMAS[report.record.__name__]).is_valid(sent)
    values = read(report, sent, AT).values
    assert missing(report, values) == []
    # No region has the digits that mark a made-up number of a person.
    assert {w.code for w in complete(report, values, AT)} <= {"nik_region_unknown"}


@every_report
def test_what_a_post_must_have_is_what_the_record_must_have(report: Report[Any]) -> None:
    schema = SCHEMAS[report.record.__name__]
    assert schema["required"] == [m.name for m in members(report.record) if m.required]
    sent = example(report)
    for name in schema["required"]:
        for lacking in ({k: v for k, v in sent.items() if k != name}, {**sent, name: None}):
            assert not validator(schema).is_valid(lacking), name


def test_numbers_of_persons_in_the_examples_belong_to_nobody() -> None:
    for number in re.findall(r"(?<![0-9])[0-9]{16}(?![0-9])", json.dumps(DOCUMENT)):
        assert number.startswith("9999")


def test_references_inside_the_description_lead_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    for place in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found: Any = DOCUMENT
        for part in place.split("/"):
            found = found[part]
        assert found


# ---- the page


def client(page: bool = True) -> httpx.AsyncClient:
    """A client of the description and its page alone."""
    app = Starlette(routes=reference.routes(Settings(reference_page=page), REFERENCES))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rs.test")


async def test_the_description_is_served_and_known_by_its_etag() -> None:
    service = client()
    first = await service.get("/openapi.json")
    assert first.json() == json.loads(json.dumps(DOCUMENT))
    assert first.headers["content-type"] == "application/json"
    again = await service.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert (await service.get("/openapi.json", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_the_page_loads_only_from_this_service_and_holds_no_inline_script_or_style() -> None:
    service = client()
    page = await service.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|style=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page.text)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(place.startswith("/") or place == "data:," for place in loaded)
    for place in loaded:
        if place.startswith("/"):
            assert (await service.get(place)).status_code == 200, place


async def test_without_the_page_the_description_stays() -> None:
    service = client(page=False)
    assert (await service.get("/docs")).status_code == 404
    assert (await service.get("/docs/swagger-ui-bundle.js")).status_code == 404
    assert (await service.get("/openapi.json")).status_code == 200


# ---- the running service


@pytest.mark.slow
def test_the_running_service_does_what_its_description_says() -> None:
    command = [sys.executable, "-m", "tests.long.fuzz", "--max-examples", "2", "--seed", "1", "--forms", "1"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
