"""Figures in a real browser: each role checks a number against the list behind it, and keeps the picture."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.samples import MESSAGES
from tests.web.hostile import send
from tests.web.site import CODE, Site

pytestmark = pytest.mark.slow
ROOMS = 7


@pytest.fixture(scope="module")
def with_rooms(site: Site) -> Site:
    """The site, with some rooms of its hospital."""
    for n in range(ROOMS):
        send(site, "/fo/index.php/Fasyankes", {**MESSAGES["tempat_tidur"], "ruang": f"Ruang angka {n}"})
    return site


def listed(page: Page) -> int:
    """How many rows are in the list, over all its pages."""
    counted = 0
    while True:
        counted += page.locator("h2:has-text('Baris di balik angka ini') ~ .card tbody tr").count()
        following = page.get_by_role("link", name="Berikutnya")
        if following.count() == 0:
            return counted
        following.first.click()


@pytest.mark.parametrize("role", ["petugas", "admin-rs", "kemenkes"])
def test_a_number_has_as_many_rows_as_it_says(role: str, with_rooms: Site, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    with_rooms.log_in(page, role)
    where = f"?wilayah={CODE}" if role == "kemenkes" else ""
    page.goto(f"/wawasan{where}")
    page.get_by_role("link", name="Tempat tidur kosong").first.click()
    page.wait_for_url("**/wawasan/tempat_tidur_kosong**")
    said = int(page.locator("#semua").inner_text().replace(".", ""))
    assert said >= ROOMS
    assert int(page.locator("#dihitung").inner_text().replace(".", "")) <= said
    assert listed(page) == said


def test_the_map_is_kept_as_a_picture(with_rooms: Site, visitor: BrowserContext, tmp_path: Path) -> None:
    page = visitor.new_page()
    with_rooms.log_in(page, "kemenkes")
    page.goto("/wawasan/tempat_tidur_kosong")
    button = page.get_by_role("button", name="PNG")
    expect(button).to_be_enabled()
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(tmp_path / "peta.png")
    content = (tmp_path / "peta.png").read_bytes()
    assert waiting.value.suggested_filename == "tempat_tidur_kosong-indonesia.png"
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    assert (width, height) == (1792, 920)
    # A picture of nothing would be smaller.
    assert len(content) > 20_000
