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

from rsonline.reports.references import shipped
from rsonline.service.openapi import document
from rsonline.service.routes import PREFIX
from tests.long.process import PASSWORD, Service, hospitals_in

CODE = "9100001"
# Whether the booking or the sample that a message belongs to exists is no matter of its form.
REFUSES_BY_STATE = {
    "antrian_task_post": "an unknown booking",
    "shk_hasil_post": "an unknown sample",
}
_PROGRAM = "from schemathesis.cli import schemathesis; schemathesis()"


def narrowed(description: dict[str, Any], code: str, form: int) -> dict[str, Any]:
    """The description for one hospital: `koders` is its own code, and of alternative filters only one stands there.

    `form` chooses which of the alternatives (`x-one-of`); where one of them must be there, it is required.
    """
    made: dict[str, Any] = json.loads(json.dumps(description))
    made["components"]["schemas"]["Owner"] = {"anyOf": [{"enum": [code, int(code)]}, {"type": "null"}]}
    for operation in _operations(made):
        for parameter in operation["parameters"]:
            if parameter.get("name") == "koders":
                parameter["schema"] = {"enum": [code]}
        alternatives = operation.get("x-one-of")
        if alternatives is None:
            continue
        kept = alternatives["of"][form % len(alternatives["of"])]
        others = set(alternatives["of"]) - {kept}
        operation["parameters"] = [p for p in operation["parameters"] if p.get("name") not in others]
        for parameter in operation["parameters"]:
            if parameter.get("name") == kept and alternatives["required"]:
                parameter |= {"required": True, "schema": {"anyOf": _of_a_value(parameter["schema"]["anyOf"])}}
    return made


def _of_a_value(forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The forms without those that mean "nothing sent"."""
    nothing = ("^[ \\t\\r\\n]*$", "^[ \\t\\r\\n]*0000-00-00", "^0*$")
    return [f for f in forms if f.get("pattern") not in nothing and f.get("maxLength") != 0]


def _operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in description["paths"].values():
        yield from item.values()


def configuration() -> str:
    """The configuration of Schemathesis, as TOML."""
    lines = [
        'headers = { "X-rs-id" = "%s", "X-pass" = "%s" }' % (CODE, PASSWORD),  # noqa: UP031 (braces are TOML's)
        f'parameters = {{ "X-Timestamp" = "{int(time.time())}" }}',
        "[generation]",
        # Where a record has no number yet, none can be found; 404 is no news then.
        "[warnings]",
        "enabled = false",
    ]
    return "\n".join(lines) + "\n"


def run(form: int, max_examples: int, seed: int | None) -> int:
    """One run against a service of its own; the exit code of Schemathesis."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hospitals_in(folder, [CODE])
        service = Service(folder)
        (folder / "openapi.json").write_text(json.dumps(narrowed(document(shipped()), CODE, form)), "utf-8")
        (folder / "schemathesis.toml").write_text(configuration(), "utf-8")
        service.start()
        try:
            command = [sys.executable, "-c", _PROGRAM, "--config-file", str(folder / "schemathesis.toml"), "run"]
            command += [str(folder / "openapi.json"), "--url", f"http://127.0.0.1:{service.port}{PREFIX}"]
            command += ["--checks", "all", "--max-examples", str(max_examples), "--continue-on-failure"]
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
