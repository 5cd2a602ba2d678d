"""Hold the patient API against its description with Schemathesis: `python -m tests.long.fuzz_patients`.

All checks are on but those that the contract answers otherwise (`OTHERWISE`). Whether a rule is
broken or a record exists is no matter of form, so a message of the right form may be refused for what it says.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rsonline.reports.references import shipped
from rsonline.service.openapi import document
from rsonline.service.patient_routes import PREFIX
from rsonline.store.database import embedded
from tests.long.fuzz import _PROGRAM, CODE, WORKERS
from tests.long.process import PASSWORD, Service, hospitals_in

ACCEPTS = ("2xx", "401", "403", "404", "409", "422")
OTHERWISE = (
    "unsupported_method",  # 404 `page not found`, not 405
    "missing_required_header",  # 403 without a token, not 401
    "use_after_free",  # what is not there is 200 with null
    "ensure_resource_availability",  # a body that is refused is 404 too
)
REFUSES = ("400", "401", "403", "404", "409", "413", "414", "415", "422", "431")


def narrowed(description: dict[str, Any]) -> dict[str, Any]:
    """Only the addresses of the patient API, without the logins: the run has its token."""
    made: dict[str, Any] = json.loads(json.dumps(description))
    kept = {path: item for path, item in made["paths"].items() if "servers" in item and not path.endswith("login")}
    for item in kept.values():
        del item["servers"]
        for operation in item.values():
            # Whether a key was used before is no matter of form.
            operation["parameters"] = [p for p in operation["parameters"] if "$ref" not in p]
    return made | {"paths": kept, "servers": [{"url": PREFIX}]}


def token(port: int) -> str:
    """An access token of the hospital."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"kode_rs": CODE, "password": PASSWORD})
    connection.request("POST", f"{PREFIX}/rslogin", body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["data"]["access_token"])


def configuration(bearer: str) -> str:
    """The configuration of Schemathesis, as TOML."""
    return "\n".join(
        (
            f'headers = {{ Authorization = "Bearer {bearer}" }}',
            "[checks.negative_data_rejection]",
            f"expected-statuses = {json.dumps(REFUSES)}",
            "[checks.positive_data_acceptance]",
            f"expected-statuses = {json.dumps(ACCEPTS)}",
            "",
        )
    )


def main() -> int:
    """One run; the exit code of Schemathesis."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-examples", type=int, default=50, help="cases of each operation and phase")
    parser.add_argument("--seed", type=int, help="repeat a run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hospitals_in(embedded(folder), [CODE])
        service = Service(folder)
        (folder / "openapi.json").write_text(json.dumps(narrowed(document(shipped()))), "utf-8")
        service.start()
        try:
            (folder / "schemathesis.toml").write_text(configuration(token(service.port)), "utf-8")
            command = [sys.executable, "-c", _PROGRAM, "--config-file", str(folder / "schemathesis.toml"), "run"]
            command += [str(folder / "openapi.json"), "--url", f"http://127.0.0.1:{service.port}{PREFIX}"]
            command += [
                "--checks",
                "all",
                "--exclude-checks",
                ",".join(OTHERWISE),
                "--max-examples",
                str(asked.max_examples),
                "--continue-on-failure",
            ]
            command += [*WORKERS] + ([] if asked.seed is None else ["--seed", str(asked.seed)])
            return subprocess.run(command, check=False).returncode
        finally:
            service.stop()


if __name__ == "__main__":
    sys.exit(main())
