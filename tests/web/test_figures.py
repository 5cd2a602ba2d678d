"""Figures in a real browser: each role checks a number against the list behind it, and keeps the picture."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.databases import rows
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


def test_a_trend_is_read_with_the_keyboard_and_with_the_pointer(with_rooms: Site, visitor: BrowserContext) -> None:
    for code in rows(with_rooms.database, "SELECT DISTINCT kode_rs FROM bed_history"):
        statement = "UPDATE bed_history SET at = at - :ms WHERE kode_rs = :c RETURNING kode_rs"
        rows(with_rooms.database, statement, ms=5 * 86_400_000, c=code["kode_rs"])
        # No message can change the past: whoever looked before has counted it as it was.
        rows(with_rooms.database, "DELETE FROM rollup_mark WHERE kode_rs = :c RETURNING kode_rs", c=code["kode_rs"])
    page = visitor.new_page()
    with_rooms.log_in(page, "petugas")
    for _ in range(15):
        # Days that somebody looked at a few seconds ago are not counted again at once.
        page.goto("/wawasan/tren/hunian_harian")
        if page.locator(".titik").count():
            break
        page.wait_for_timeout(1000)
    field, told = page.locator(".tren-bidang"), page.locator(".tren-ujung")
    days = [cell.strip() for cell in page.locator("h2:has-text('Hari demi hari') ~ .card tbody th").all_inner_texts()]
    assert len(days) in (5, 6)
    field.focus()
    # The newest day first; then back, to the oldest, and to the newest again.
    expect(told).to_contain_text(days[0])
    page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text(days[1])
    page.keyboard.press("Home")
    expect(told).to_contain_text(days[-1])
    expect(told).to_contain_text("%")
    page.keyboard.press("End")
    expect(told).to_contain_text(days[0])
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    box = field.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    expect(told).to_contain_text(days[0])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG").click()
    assert waiting.value.suggested_filename == f"hunian_harian-{CODE}-30.png"
