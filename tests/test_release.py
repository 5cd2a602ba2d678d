"""What a release needs: a bill of every package, and an audit that fails where it could not look (SR-58)."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = [ROOT / "requirements-server.lock", ROOT / "requirements-dev.lock"]
BAD = {"vulns": [{"id": "CONTOH-1"}]}
Judge = Callable[[list[dict[str, Any]]], tuple[int, bytes]]


def release(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts/release.py", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def found(flawed: tuple[str, ...] = ()) -> Judge:
    """A database that knows the flaw that everybody knows, and these."""

    def judge(queries: list[dict[str, Any]]) -> tuple[int, bytes]:
        names = [(q["package"]["name"], q["version"]) for q in queries]
        assert all(q["package"]["ecosystem"] == "PyPI" for q in queries)
        results = [BAD if one == ("jinja2", "2.4.1") or one[0] in flawed else {} for one in names]
        return 200, json.dumps({"results": results}).encode()

    return judge


@contextmanager
def database(judge: Judge) -> Iterator[str]:
    """An advisory database that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = judge(asked["queries"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_bill_names_every_package_of_the_lock_with_its_hashes() -> None:
    made = release("bom", LOCKS[0])
    assert made.returncode == 0, made.stderr
    assert release("bom", LOCKS[0]).stdout == made.stdout
    said = json.loads(made.stdout)
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.5")
    pinned = [
        line.split()[0] for line in LOCKS[0].read_text("utf-8").splitlines() if "==" in line and line[0] not in " #"
    ]
    assert sorted(f"{c['name']}=={c['version']}" for c in said["components"]) == sorted(pinned)
    assert sum(len(c["properties"]) for c in said["components"]) == LOCKS[0].read_text("utf-8").count("--hash=sha256:")
    needs = {
        each["ref"].partition("@")[0]: [on.partition("@")[0] for on in each["dependsOn"]]
        for each in said["dependencies"]
    }
    assert "pkg:pypi/starlette" in needs["pkg:pypi/rsonline"]
    assert "pkg:pypi/argon2-cffi-bindings" in needs["pkg:pypi/argon2-cffi"]


def test_all_checked_and_clean_passes_and_a_flaw_fails_by_name() -> None:
    with database(found()) as url:
        done = release("audit", *LOCKS, "--database", url)
        assert done.returncode == 0, done.stderr
        assert "packages checked, 0 with known flaws" in done.stdout
    with database(found(("starlette",))) as url:
        done = release("audit", *LOCKS, "--database", url)
        assert done.returncode == 1
        assert done.stderr.startswith("starlette ")
        assert "CONTOH-1" in done.stderr


def one_short(queries: list[dict[str, Any]]) -> tuple[int, bytes]:
    status, body = found()(queries)
    results = json.loads(body)["results"]
    return status, json.dumps({"results": results if len(results) == 1 else results[1:]}).encode()


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (one_short, "answered about"),
        (lambda queries: (200, json.dumps({"results": [{} for _ in queries]}).encode()), "it was not believed"),
        (lambda queries: (200, b"<html>log in</html>"), "is not understood"),
        (lambda queries: (200, b'{"results": [7]}'), "is not understood"),
        (lambda queries: (200, b"[]"), "is not understood"),
        (lambda queries: (503, b""), "could not be checked"),
    ],
)
def test_whoever_was_not_checked_fails_the_release(judge: Judge, why: str) -> None:
    with database(judge) as url:
        done = release("audit", LOCKS[0], "--database", url)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Not checked: ")
    assert why in done.stderr


def test_without_a_network_it_fails_in_words() -> None:
    with database(found()) as url:
        gone = url
    done = release("audit", LOCKS[0], "--database", gone)
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be checked at" in done.stderr
    assert "Traceback" not in done.stderr
    assert release("audit", LOCKS[0], "--database", "file:///dev/null").stderr.endswith("is no https address\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("starlette>=0.1\n", "'starlette>=0.1' is not pinned"),
        ("starlette @ git+https://example.org/starlette\n", "'starlette' is not pinned"),
        ("-e .\n", "'-e' is not pinned"),
        ("starlette==1.0\n", "starlette has no hash"),
        ("# nothing\n", "there is no package in it"),
    ],
)
def test_what_is_not_pinned_by_hash_fails_the_release(text: str, why: str, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(text, "utf-8")
    with database(found()) as url:
        done = release("audit", lock, "--database", url)
    assert done.returncode == 1
    assert why in done.stderr
