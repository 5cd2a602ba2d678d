"""The pages about the SDK are run as they stand, against the services in memory."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline import AsyncClient, AsyncPatients, Client, Patients
from rsonline.hospital.fake import FakeService
from rsonline.hospital.fake_patients import FakePatients

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "sdk.md", DOCS / "panduan" / "sdk.md"]


class Both(httpx.BaseTransport):
    """Both services behind their addresses."""

    def __init__(self) -> None:
        self._guide, self._patients = FakeService(), FakePatients()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        door = self._patients if request.url.path.startswith("/api") else self._guide
        return door.handle_request(request)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, both = httpx.Client, Both()

    def without_network(*, transport: httpx.BaseTransport | None, **settings: Any) -> httpx.Client:
        return real(transport=transport or both, **settings)

    monkeypatch.setattr(httpx, "Client", without_network)
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    scope: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), scope)  # noqa: S102 (a block of our own page)


def test_every_public_method_stands_on_the_page() -> None:
    page = PAGES[0].read_text("utf-8")
    for kind in (Client, Patients):
        for name in vars(kind):
            if not name.startswith("_") and name not in ("close", "knows_once"):
                assert f"`{name}" in page, name
    assert {n for n in vars(Client) if n[0] != "_"} == {n for n in vars(AsyncClient) if n[0] != "_"}
    assert {n for n in vars(Patients) if n[0] != "_"} == {n for n in vars(AsyncPatients) if n[0] != "_"}
