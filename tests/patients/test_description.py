"""The patient API in the description of the service: its examples are sent, its answers fit, it holds under fuzzing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER
from rsonline.reports.references import shipped
from rsonline.service.openapi import document
from rsonline.service.patient_directories import DIRECTORIES
from rsonline.service.patient_lists import LISTS
from rsonline.service.patient_routes import endpoints
from tests.hospital import Hospital
from tests.patients.api import client_of, nik

DESCRIPTION = document(shipped())
PATHS: dict[str, Any] = {path: item for path, item in DESCRIPTION["paths"].items() if "servers" in item}


def operations() -> set[tuple[str, str]]:
    """Address and method of each operation."""
    return {(path, method) for path, item in PATHS.items() for method in item if method != "servers"}


def test_every_address_is_described_with_every_method() -> None:
    wanted = {("/rslogin", "post"), ("/login", "post")}
    wanted |= {(path, "get") for path in LISTS} | {(path.replace("/:id", "/{id}"), "get") for path in DIRECTORIES}
    for path, endpoint in endpoints().items():
        wanted |= {(f"{path}/{{id}}" if one else path, method.lower()) for method, one in endpoint.verbs}
    assert operations() == wanted
    assert all(item["servers"] == [{"url": "/api"}] for item in PATHS.values())
    names = [op["operationId"] for item in DESCRIPTION["paths"].values() for k, op in item.items() if k != "servers"]
    assert len(names) == len(set(names))


@pytest.mark.asyncio(loop_scope="session")
async def test_every_example_is_taken_and_its_answer_fits(hospital: Hospital) -> None:
    client = await client_of(hospital)
    number = await client.admit()
    made: dict[str, int] = {}
    sent = 0
    # Deletions and discharges come last: the others need their record.
    for path, method in sorted(operations(), key=lambda o: (o[1] == "delete", "keluar" in o[0], o[1] != "post", o[0])):
        operation = PATHS[path][method]
        if "requestBody" not in operation or path.endswith("login"):
            continue
        content = operation["requestBody"]["content"]["application/json"]
        body = dict(content["example"])
        if PASIEN_NUMBER in body:
            body[PASIEN_NUMBER] = number
        if "nik" in body:
            body["nik"] = nik()
        schema = {**content["schema"], "components": DESCRIPTION["components"]}
        assert jsonschema_rs.is_valid(schema, body, validate_formats=True), path
        one = path.removesuffix("/{id}")
        answer = await client.send(method.upper(), "/api" + path.replace("{id}", str(made.get(one, 0))), body)
        good = "201" if method == "post" else "200"
        assert answer.status_code == int(good), (path, answer.text)
        shape = operation["responses"][good]["content"]["application/json"]["schema"]
        assert jsonschema_rs.is_valid({**shape, "components": DESCRIPTION["components"]}, answer.json())
        if method == "post" and "keluar" not in path:
            made[one] = answer.json()["data"]["id"]
        sent += 1
    assert sent == 15


@pytest.mark.slow
def test_the_running_service_does_what_its_description_says() -> None:
    command = [sys.executable, "-m", "tests.long.fuzz_patients", "--max-examples", "2", "--seed", "1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
