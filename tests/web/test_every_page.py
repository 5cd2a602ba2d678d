"""Every page as each role, in a real browser: no script of others runs, nothing is inaccessible, nothing overflows."""

from importlib.resources import files
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from rsonline.store.people import ROLES
from rsonline.web.pages import Page as Declared
from rsonline.web.site import PAGES
from tests.web import browser as chromium
from tests.web import hostile
from tests.web.addresses import ADDRESSES
from tests.web.site import Site

pytestmark = pytest.mark.slow
READ = tuple(page for page in PAGES if "GET" in page.methods)
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """The site, with hostile texts wherever a text may stand."""
    hostile.fill(site)
    return site


@pytest.fixture(scope="module")
def roles(browser: Browser, filled: Site) -> dict[str, dict[tuple[int, int], BrowserContext]]:
    """A window of each size for each role, logged in once."""
    found: dict[str, dict[tuple[int, int], BrowserContext]] = {}
    for role in ROLES:
        wide = chromium.context(browser, filled.base)
        filled.log_in(wide.new_page(), role)
        narrow = chromium.context(browser, filled.base, chromium.NARROW)
        narrow.add_cookies(wide.cookies())  # type: ignore[arg-type]
        found[role] = {chromium.WIDE: wide, chromium.NARROW: narrow}
    return found


def addresses(page: Declared, site: Site, role: str) -> list[str]:
    """Where a page is to be seen."""
    return [each if isinstance(each, str) else each(site, role) for each in ADDRESSES[page.path]]


def allowed(page: Declared, role: str) -> bool:
    """Whether a role may open a page."""
    if page.hospital and role not in ("petugas", "admin-rs"):
        return False
    return page.right in ("anyone", "session", "person") or page.right in ROLES[role]


def test_every_page_has_an_address_to_be_visited_at() -> None:
    own = {page.path for page in READ if not page.fragment}
    assert own == set(ADDRESSES)


@pytest.mark.parametrize("role", ROLES)
def test_no_text_becomes_a_script_and_no_page_complains(
    role: str, filled: Site, roles: dict[str, dict[tuple[int, int], BrowserContext]]
) -> None:
    visited = 0
    for size, window in roles[role].items():
        page = window.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)  # noqa: B023
        page.on("pageerror", lambda error: said.append(str(error)))  # noqa: B023
        page.on("dialog", lambda dialog: said.append(dialog.message))  # noqa: B023
        for declared in READ:
            if declared.fragment or not allowed(declared, role):
                continue
            for address in addresses(declared, filled, role):
                answer = page.goto(address)
                assert answer is not None
                assert answer.status == 200, f"{role} {address}: {answer.status}"
                assert page.evaluate("window.dibobol") is None, f"{role} {address}"
                assert said == [], f"{role} {address}: {said}"
                expect(page.get_by_role("heading", level=1).first).to_be_visible()
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= size[0], f"{role} {address} is {width} wide at {size[0]}"
                visited += 1
        page.close()
    assert visited >= 6


@pytest.mark.parametrize("role", ROLES)
def test_axe_finds_nothing_serious(
    role: str, filled: Site, roles: dict[str, dict[tuple[int, int], BrowserContext]]
) -> None:
    page = roles[role][chromium.WIDE].new_page()
    found: list[str] = []
    for declared in READ:
        if declared.fragment or not allowed(declared, role):
            continue
        for address in addresses(declared, filled, role):
            page.goto(address)
            found += [f"{address}: {text}" for text in serious(page)]
    page.close()
    assert found == []


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page that is shown."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]


def test_pages_are_kept_by_nobody_and_load_nothing_from_elsewhere(
    filled: Site, roles: dict[str, dict[tuple[int, int], BrowserContext]]
) -> None:
    role = "admin-rs"
    cookies = {c["name"]: c["value"] for c in roles[role][chromium.WIDE].cookies()}
    with httpx.Client(
        base_url=filled.base, headers={"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    ) as asking:
        for declared in READ:
            if not allowed(declared, role) or declared.fragment:
                continue
            for address in addresses(declared, filled, role):
                answer = asking.get(address)
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "data:" not in policy
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "same-origin"
                assert "max-age=31536000" in answer.headers["strict-transport-security"]
                assert "http://" not in answer.text.replace("http://www.w3.org", "")
                assert "https://" not in answer.text
