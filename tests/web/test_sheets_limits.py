"""How much a connection takes: files below one address, messages everywhere else (SR-21, SR-28)."""

import httpx
import pytest

from rsonline.sheets.cells import MOST_BYTES
from rsonline.web.sheets import FORM_BYTES, body_limit
from tests.web.site import Site

USUAL = 256 * 1024


@pytest.mark.parametrize("path", ["/lembar/oksigen", "/lembar/"])
def test_files_are_larger_than_messages(path: str) -> None:
    assert body_limit(path.encode(), USUAL) == FORM_BYTES > MOST_BYTES


@pytest.mark.parametrize("path", ["/", "/lembar", "/LEMBAR/x", "/fo/index.php/lembar/x", "/%6Cembar/x", "/masuk"])
def test_everything_else_takes_messages(path: str) -> None:
    assert body_limit(path.encode(), USUAL) == USUAL


def test_a_running_service_takes_five_megabytes_at_one_address_only(site: Site) -> None:
    def status(path: str, size: int) -> int:
        return httpx.post(f"{site.base}{path}", content=b"x" * size, timeout=30).status_code

    # Whoever is not logged in is told so: the size was allowed.
    assert status("/lembar/oksigen", MOST_BYTES) == 401
    assert status("/lembar/oksigen", FORM_BYTES + 1) == 413
    assert status("/harian/oksigen/2024-01-01", MOST_BYTES) == 413
    assert status("/fo/index.php/Logistik/oksigen", USUAL + 1) == 413
