"""Every role at a real browser: what it sees, what it sends, with the keyboard alone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.web.site import Site


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


@pytest.mark.parametrize("role", ["petugas", "admin-rs", "dinkes", "kemenkes", "operator"])
def test_each_role_logs_in_and_out(role: str, site: Site, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    site.log_in(page, role)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/masuk")
    page.goto("/beranda")
    page.wait_for_url("**/masuk?**")


def test_the_oxygen_form_is_filled_and_sent_without_a_mouse(site: Site, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    site.log_in(page, "petugas")
    page.goto(f"/harian/oksigen/{today()}")
    keys = page.keyboard
    # From the top: skip link, then Tab until the first figure.
    for _ in range(40):
        keys.press("Tab")
        if page.evaluate("document.activeElement.name") == "p_cair":
            break
    for figure in ("120", "890", "0", "15.5", "445"):
        keys.type(figure)
        keys.press("Tab")
        while page.evaluate("document.activeElement.type") == "checkbox":
            keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/resi/*")
    expect(page.get_by_text("Berhasil: data sudah tersimpan")).to_be_visible()
