"""Hold the running service against its own description with Schemathesis: `python -m tests.long.fuzz`.

All checks of Schemathesis are on. What OpenAPI cannot say is said here, each with its reason: the description is
narrowed to this hospital (`narrowed`), a refusal that depends on what is stored is allowed at the places where that
is so (`REFUSES_BY_STATE`), and values that are read although the description leaves them out are not sent
(`fuzz_hooks`).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsonline.reports.lenient import ELEMENTS, LENGTH, MEMBERS
from rsonline.reports.references import shipped
from rsonline.service.openapi import document
from rsonline.service.routes import PREFIX
from rsonline.store.database import embedded
from tests.long.process import PASSWORD, Service, hospitals_in

CODE = "9100001"
# Whether the booking or the sample that a message belongs to exists is no matter of its form.
REFUSES_BY_STATE = ("antrian_task_post", "antrian_task_put", "shk_hasil_post")
ACCEPTS = ("2xx", "401", "403", "404", "409", "422")
_SOUND = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"
_UNKNOWN = {
    "anyOf": [
        {"type": ["null", "boolean"]},
        {"type": "string", "maxLength": LENGTH, "pattern": _SOUND},
        {"type": "number", "minimum": -(2**63), "maximum": 2**63 - 1},
        {"type": "array", "maxItems": ELEMENTS, "items": {"$ref": "#/components/schemas/Unknown"}},
        {
            "type": "object",
            "maxProperties": MEMBERS,
            "propertyNames": {"pattern": _SOUND},
            "additionalProperties": {"$ref": "#/components/schemas/Unknown"},
        },
    ]
}
_NEARER = (
    ("(19|[2-9][0-9])[0-9]{2}-", "(19[0-9]{2}|20[01][0-9]|202[0-5])-"),
    ("((19|[2-9][0-9])(0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)", "(19(0[48]|[2468][048])|2000)"),
)
# What is too large is refused before it is read (SR-21).
REFUSES = ("400", "401", "404", "405", "409", "413", "414", "415", "422", "429", "431")
_PROGRAM = "from schemathesis.cli import schemathesis; schemathesis()"
# One thread: Hypothesis reads the source of what it draws from, and CPython 3.11 counts the depth of all threads
# that parse in one place (python/cpython#106905), so that two workers now and then end with a SystemError. The one
# process is also the faster of the two.
WORKERS = ("--workers", "1")


def narrowed(description: dict[str, Any], code: str, form: int) -> dict[str, Any]:
    """The description for one hospital and one day, exact where the whole one can only be said in words.

    `koders` is the hospital's own code; days end with last year, since some may not lie ahead of today; members that
    the guide does not know keep to what any JSON text must (SR-22); of alternative filters (`x-one-of`) only one
    stands there, `form` says which, and is required where one of them is.
    """
    text = json.dumps(description)
    for far, near in _NEARER:
        assert far in text
        text = text.replace(far, near)
    made: dict[str, Any] = json.loads(text)
    # The patient API stands below another address and has a run of its own.
    made["paths"] = {path: item for path, item in made["paths"].items() if "servers" not in item}
    schemas = made["components"]["schemas"]
    schemas["Owner"] = {"anyOf": [{"enum": [code, int(code)]}, {"type": "null"}]}
    schemas["Unknown"] = schemas["Ignored"] = _UNKNOWN
    for operation in _operations(made):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            message = schemas[body["schema"]["$ref"].rpartition("/")[2]]
            message["propertyNames"] = {"pattern": _SOUND}
            message["additionalProperties"] = {"$ref": "#/components/schemas/Unknown"}
        # Whether a key was used before is no matter of form.
        operation["parameters"] = [p for p in operation["parameters"] if not p.get("$ref", "").endswith("-Key")]
        for parameter in operation["parameters"]:
            if parameter.get("name") == "koders":
                parameter["schema"] = {"enum": [code]}
        if "x-one-of" in operation:
            operation["parameters"] = _chosen(operation["parameters"], operation["x-one-of"], form)
    return made


def _chosen(parameters: list[dict[str, Any]], alternatives: dict[str, Any], form: int) -> list[dict[str, Any]]:
    """The parameters without the alternatives that were not chosen."""
    kept = alternatives["of"][form % len(alternatives["of"])]
    found = [p for p in parameters if p.get("name") == kept or p.get("name") not in alternatives["of"]]
    for parameter in found:
        if parameter.get("name") == kept and alternatives["required"]:
            forms = [f for f in parameter["schema"]["anyOf"] if not _says_nothing(f)]
            parameter |= {"required": True, "schema": {"anyOf": forms}}
    return found


def _says_nothing(form: dict[str, Any]) -> bool:
    nothing = ("^[ \\t\\r\\n]*$", "^[ \\t\\r\\n]*0000-00-00", "^0*$")
    return form.get("pattern") in nothing or form.get("maxLength") == 0 or "undefined" in form.get("enum", ())


def _operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in description["paths"].values():
        yield from item.values()


def configuration() -> str:
    """The configuration of Schemathesis, as TOML."""
    lines = [
        f'headers = {{ X-rs-id = "{CODE}", X-pass = "{PASSWORD}" }}',
        f'parameters = {{ X-Timestamp = "{int(time.time())}" }}',
    ]
    lines += ["[checks.negative_data_rejection]", f"expected-statuses = {json.dumps(REFUSES)}"]
    for operation in REFUSES_BY_STATE:
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        lines += ["[operations.checks.positive_data_acceptance]", f"expected-statuses = {json.dumps(ACCEPTS)}"]
    return "\n".join(lines) + "\n"


def run(form: int, max_examples: int, seed: int | None) -> int:
    """One run against a service of its own; the exit code of Schemathesis."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hospitals_in(embedded(folder), [CODE])
        service = Service(folder)
        (folder / "openapi.json").write_text(json.dumps(narrowed(document(shipped()), CODE, form)), "utf-8")
        (folder / "schemathesis.toml").write_text(configuration(), "utf-8")
        service.start()
        try:
            command = [sys.executable, "-c", _PROGRAM, "--config-file", str(folder / "schemathesis.toml"), "run"]
            command += [str(folder / "openapi.json"), "--url", f"http://127.0.0.1:{service.port}{PREFIX}"]
            command += [
                "--checks",
                "all",
                "--max-examples",
                str(max_examples),
                "--continue-on-failure",
                *WORKERS,
            ]
            command += [] if seed is None else ["--seed", str(seed)]
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.long.fuzz_hooks"}
            return subprocess.run(command, check=False, env=environment).returncode
        finally:
            service.stop()


def main() -> int:
    """Both forms of the filters, one run each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-examples", type=int, default=50, help="cases of each operation and phase")
    parser.add_argument("--seed", type=int, help="repeat a run")
    parser.add_argument("--forms", type=int, default=2, choices=(1, 2), help="1: only the guide's form of filters")
    asked = parser.parse_args()
    return max(run(form, asked.max_examples, asked.seed) for form in range(asked.forms))


if __name__ == "__main__":
    sys.exit(main())
