"""A real browser for the tests of the pages: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
WIDE = (1366, 768)
NARROW = (390, 844)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield started
        finally:
            started.close()


def context(of: Browser, base: str, size: tuple[int, int] = WIDE) -> BrowserContext:
    """A visitor of their own: no cookie, no storage."""
    return of.new_context(
        base_url=base, viewport={"width": size[0], "height": size[1]}, locale="id-ID", timezone_id="Asia/Jakarta"
    )


def log_in(page: Page, user_name: str, password: str, code: str | None = None) -> None:
    """Through the form, as a person does."""
    page.goto("/masuk")
    page.get_by_label("Nama pengguna").fill(user_name)
    page.get_by_label("Kata sandi").fill(password)
    page.get_by_role("button", name="Masuk").click()
    if code is not None:
        page.get_by_label("Kode").fill(code)
        page.get_by_role("button", name="Lanjutkan").click()
    page.wait_for_url("**/beranda")
