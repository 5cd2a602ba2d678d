"""A service as a process of its own, and a real browser at it."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.databases import ENGINES, fresh
from tests.web import browser as chromium
from tests.web.site import Site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the run. Without Chromium there is nothing to test by; CI must have it."""
    if chromium.CHROMIUM is None:
        if os.environ.get("RSONLINE_TEST_BROWSER") == "yes":
            raise RuntimeError("Chromium is not here (Debian: apt install chromium)")
        pytest.skip("Chromium is not here (Debian: apt install chromium)")
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running service with a hospital that has reported, and a person for each role."""
    folder = tmp_path_factory.mktemp("site")
    with fresh(request.param, folder) as made:
        running = Site(folder, made)
        try:
            running.start()
            yield running
        finally:
            running.stop()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser window of its own."""
    opened = chromium.context(browser, site.base)
    try:
        yield opened
    finally:
        opened.close()
