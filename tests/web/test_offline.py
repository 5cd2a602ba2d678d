"""Drafts and entry without a connection, in a real browser at a real service that is killed and started again."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from rsonline.store import audit, drafts
from rsonline.store.engines import transaction
from rsonline.store.schema_login import web_session
from rsonline.web.site import PAGES
from tests.databases import ENGINES, fresh
from tests.web import browser as chromium
from tests.web import hostile
from tests.web.addresses import ADDRESSES
from tests.web.people import Person
from tests.web.site import CODE, NAME, PASSWORD, Site

pytestmark = pytest.mark.slow
PATIENCE = 30_000


def day(ago: int = 0) -> str:
    local = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date() - timedelta(days=ago)
    return local.isoformat()


@pytest.fixture(scope="module", params=ENGINES)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service of these tests' own: they kill it."""
    folder = tmp_path_factory.mktemp("offline")
    with fresh(request.param, folder) as made:
        site = Site(folder, made)
        site.people["other"] = Person(made, "petugas-lain", "petugas", code=CODE)
        site.start()
        try:
            yield site
        finally:
            site.stop()


@pytest.fixture
def window(browser: Browser, own: Site) -> Iterator[BrowserContext]:
    """A browser of its own, that is online at the end; the service runs at the beginning."""
    opened = chromium.context(browser, own.base)
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


def enter(own: Site, window: BrowserContext, who: str = "petugas") -> Page:
    """Log in; return when the browser can do without the service."""
    page = window.new_page()
    own.log_in(page, who)
    soon(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    return page


def state(page: Page, words: str) -> None:
    """Wait until the form says so of itself."""
    expect(page.locator("form.entri [data-keadaan]")).to_contain_text(words, timeout=PATIENCE)


def end_sessions(own: Site) -> None:
    """As if half an hour had passed."""
    with transaction(own.database) as access:
        access.connection.execute(sa.delete(web_session))


def sent(own: Site, form: str) -> list[dict[str, Any]]:
    """The lines of the journal about the report of a day."""
    report, _, of = form.partition("/")
    with transaction(own.database) as access:
        lines = list(audit.lines(access, code=CODE))
    return [line for line in lines if line["object"] == report and of in str(line["key"])]


def draft(own: Site, form: str, user: str = "petugas-tiruan") -> dict[str, str]:
    with transaction(own.database) as access:
        found = drafts.find(access, CODE, user, form)
    return {} if found is None else found.typed


def soon(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.2)


# ---- drafts


def test_a_draft_survives_a_killed_tab(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(1)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    page.locator("[name=p_cair]").fill("41.5")
    state(page, "konsep tersimpan")
    assert draft(own, form)["p_cair"] == "41.5"
    crash(page)
    again = window.new_page()
    again.goto(f"/harian/{form}")
    expect(again.locator("[name=p_cair]")).to_have_value("41.5")
    again.get_by_role("button", name="Buang konsep").click()
    expect(again.locator("[name=p_cair]")).to_have_value("")
    assert draft(own, form) == {}


def crash(page: Page) -> None:
    """End the tab without any of the events that a closed one has."""
    with page.expect_event("crash"), pytest.raises(Error):
        page.goto("chrome://crash", timeout=5000)
    page.close()


def test_a_draft_survives_a_restarted_server(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(2)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    own.stop()
    try:
        page.locator("[name=p_cair]").fill("17")
        state(page, "belum tersimpan: tidak ada sambungan")
    finally:
        own.start()
    state(page, "konsep tersimpan")
    assert draft(own, form)["p_cair"] == "17"


def test_a_draft_outlives_the_session(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(3)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    end_sessions(own)
    page.locator("[name=p_cair]").fill("23")
    state(page, "sesi berakhir: masuk kembali, isian tetap ada")
    with window.expect_page() as opened:
        page.get_by_role("link", name="Masuk kembali").click()
    second = opened.value
    own.log_in(second, "petugas")
    second.close()
    state(page, "konsep tersimpan")
    assert draft(own, form)["p_cair"] == "23"
    page.get_by_role("button", name="Kirim laporan").click()
    page.wait_for_url("**/resi/*")


def test_a_draft_is_not_kept_for_somebody_else(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(4)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    end_sessions(own)
    own.log_in(window.new_page(), "other")
    page.locator("[name=p_cair]").fill("23")
    state(page, "sekarang orang lain yang masuk")
    assert draft(own, form, "petugas-lain") == {}
    assert draft(own, form) == {}


@pytest.fixture
def other(browser: Browser, own: Site) -> Iterator[Page]:
    """A page with a form of no daily kind, as the ones about persons are."""
    field = '<label for="x">Nama</label><input id="x" name="nama">'
    made = (
        f'<form method="post" action="/tujuan" class="entri" data-konsep="shk/1">{field}'
        '<button>Simpan</button> <span data-keadaan role="status"></span></form></main>'
    )

    def answer(route: Route) -> None:
        got = route.fetch()
        route.fulfill(response=got, body=got.text().replace("</main>", made))

    # What a service worker asks for cannot be replaced.
    window = browser.new_context(base_url=own.base, locale="id-ID", service_workers="block")
    window.set_default_timeout(PATIENCE)
    page = window.new_page()
    own.log_in(page, "petugas")
    window.route("**/beranda", answer)
    window.route("**/tujuan", lambda route: route.fulfill(body=f"sampai {route.request.post_data}"))
    page.goto("/beranda")
    yield page
    window.close()


def test_a_form_about_persons_is_kept_on_the_server_only(own: Site, other: Page) -> None:
    page, window = other, other.context
    page.get_by_label("Nama").fill("Bayi Rahasia")
    state(page, "konsep tersimpan")
    assert draft(own, "shk/1")["nama"] == "Bayi Rahasia"
    page.get_by_label("Nama").fill("Bayi Rahasia Dua")
    window.set_offline(True)
    page.get_by_role("button", name="Simpan").click()
    state(page, "belum tersimpan: tidak ada sambungan")
    assert "Rahasia" not in json.dumps(page.evaluate(DUMP))
    expect(page.get_by_label("Nama")).to_have_value("Bayi Rahasia Dua")
    window.set_offline(False)
    state(page, "konsep tersimpan")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url("**/tujuan")
    expect(page.locator("body")).to_contain_text("Bayi+Rahasia+Dua")
    assert draft(own, "shk/1")["nama"] == "Bayi Rahasia Dua"


def test_what_is_typed_last_is_kept_before_it_is_sent(own: Site, other: Page) -> None:
    page = other
    end_sessions(own)
    page.get_by_label("Nama").fill("Bayi Tiga")
    page.get_by_role("button", name="Simpan").click()
    state(page, "sesi berakhir: masuk kembali, isian tetap ada")
    expect(page.get_by_label("Nama")).to_have_value("Bayi Tiga")


# ---- entry without a connection


def test_what_is_sent_offline_arrives_once_when_the_connection_is_back(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day()}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    window.set_offline(True)
    page.locator("[name=p_cair]").fill("120")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim")
    assert sent(own, form) == []
    window.set_offline(False)
    state(page, "Diterima: resi")
    [line] = sent(own, form)
    expect(page.locator("[data-keadaan] a")).to_have_text(f"resi {CODE}-{line['seq']}")
    assert read(own, day())["p_cair"] == "120"
    page.goto("/beranda")
    waiting = page.locator("[data-antrean-isi] li")
    expect(waiting).to_contain_text("diterima")
    expect(waiting).to_contain_text(f"resi {CODE}-{line['seq']}")


def test_the_form_of_today_opens_and_is_sent_without_a_service(own: Site, window: BrowserContext) -> None:
    form = f"nakes_terinfeksi/{day()}"
    page = enter(own, window)
    own.stop()
    try:
        page.goto("/beranda")
        expect(page.get_by_role("heading", level=1)).to_have_text("Mengisi tanpa sambungan")
        page.get_by_role("link", name=re.compile("Nakes|terinfeksi", re.I)).first.click()
        page.wait_for_url(f"**/harian/{form}")
        first = page.locator("[data-kisi] input[type=number]").first
        first.fill("3")
        expect(page.locator("[data-jumlah-semua]")).to_have_text("3")
        page.get_by_role("button", name="Kirim laporan").click()
        state(page, "menunggu kirim")
        page.reload()
        expect(first).to_have_value("3")
        state(page, "menunggu kirim")
        page.goto("/beranda")
        expect(page.locator("[data-antrean-isi] li")).to_contain_text("menunggu kirim")
    finally:
        own.start()
    expect(page.locator("[data-antrean-isi] li").first).to_contain_text("diterima", timeout=60_000)
    assert len(sent(own, form)) == 1


def test_an_answer_that_was_lost_does_not_make_a_second_report(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(5)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route(f"**/harian/{form}", lose)
    page.locator("[name=p_cair]").fill("9")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "Diterima: resi")
    [line] = sent(own, form)
    assert json.loads(lost[0])["seq"] == line["seq"]
    expect(page.locator("[data-keadaan] a")).to_have_text(f"resi {CODE}-{line['seq']}")


def test_two_tabs_do_not_send_twice(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(6)}"
    page, other = enter(own, window), window.new_page()
    posts: list[str] = []
    window.on("request", lambda r: posts.append(r.url) if r.method == "POST" and "/harian/" in r.url else None)
    page.goto(f"/harian/{form}")
    other.goto("/beranda")
    window.set_offline(True)
    page.locator("[name=p_cair]").fill("6")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim")
    expect(other.locator("[data-antrean-isi] li")).to_contain_text("menunggu kirim")
    window.set_offline(False)
    state(page, "Diterima: resi")
    expect(other.locator("[data-antrean-isi] li")).to_contain_text("diterima")
    assert len(posts) == 1
    assert len(sent(own, form)) == 1


def test_what_waits_survives_the_end_of_the_session(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(7)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    end_sessions(own)
    page.locator("[name=p_cair]").fill("7")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim: sesi berakhir")
    page.goto("/beranda")
    page.wait_for_url("**/masuk?**")
    expect(page.locator("[data-antrean-masuk]")).to_contain_text("1 laporan di peramban ini menunggu kirim")
    own.log_in(page, "other")
    expect(page.locator("[data-antrean-kata]")).to_contain_text("1 laporan milik pengguna lain")
    assert sent(own, form) == []
    page.get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/masuk")
    own.log_in(page, "petugas")
    expect(page.locator("[data-antrean-isi] li")).to_contain_text("diterima")
    [line] = sent(own, form)
    assert line["account"] == "user/petugas-tiruan"


def test_a_refused_report_stays_with_its_reason_until_it_is_corrected(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(8)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    window.set_offline(True)
    page.locator("[name=p_cair]").evaluate("(field) => field.removeAttribute('pattern')")
    page.locator("[name=p_cair]").fill("8,5")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim")
    window.set_offline(False)
    expect(page.locator("#f-p_cair-kata")).to_contain_text("pakai titik sebagai tanda desimal")
    page.goto("/beranda")
    entry = page.locator("[data-antrean-isi] li")
    expect(entry).to_contain_text("ditolak")
    expect(entry).to_contain_text("pakai titik sebagai tanda desimal")
    entry.get_by_role("link", name="Perbaiki").click()
    expect(page.locator("[name=p_cair]")).to_have_value("8,5")
    expect(page.locator("#f-p_cair-kata")).to_contain_text("pakai titik sebagai tanda desimal")
    page.locator("[name=p_cair]").fill("8.5")
    page.get_by_role("button", name="Kirim laporan").click()
    page.wait_for_url("**/resi/*")
    assert len(sent(own, form)) == 1
    page.goto("/beranda")
    expect(page.locator("[data-antrean]")).to_be_hidden()


def test_a_report_that_somebody_else_sent_meanwhile_asks_the_person(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(9)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    window.set_offline(True)
    page.locator("[name=p_cair]").fill("2")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim")
    tell(own, day(9), "1")
    window.set_offline(False)
    expect(page.locator("#f-p_cair-kata")).to_contain_text("Sekarang tersimpan: 1")
    assert read(own, day(9))["p_cair"] == "1"
    page.goto("/beranda")
    page.get_by_role("link", name="Bandingkan dan pilih").click()
    expect(page.locator("[name=p_cair]")).to_have_value("2")
    expect(page.locator("#f-p_cair-kata")).to_contain_text("Sekarang tersimpan: 1")
    page.get_by_role("button", name="Kirim laporan").click()
    page.wait_for_url("**/resi/*")
    assert read(own, day(9))["p_cair"] == "2"


def test_whoever_takes_what_is_stored_loses_nothing_of_it(own: Site, window: BrowserContext) -> None:
    form = f"oksigen/{day(10)}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    tell(own, day(10), "1")
    page.locator("[name=p_cair]").fill("2")
    page.get_by_role("button", name="Kirim laporan").click()
    page.get_by_role("button", name="Pakai yang tersimpan").click()
    expect(page.locator("[name=p_cair]")).to_have_value("1")
    expect(page.get_by_role("button", name="Pakai yang tersimpan")).to_have_count(0)
    assert read(own, day(10))["p_cair"] == "1"


def test_a_logout_says_first_what_was_not_sent(own: Site, window: BrowserContext) -> None:
    form = f"pcr_nakes/{day()}"
    page = enter(own, window)
    page.goto(f"/harian/{form}")
    page.route("**/harian/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("form.entri input[type=number]").first.fill("4")
    page.get_by_role("button", name="Kirim laporan").click()
    state(page, "menunggu kirim")
    page.get_by_role("button", name="Keluar").click()
    asked = page.get_by_role("dialog", name="Belum semua terkirim")
    expect(asked).to_contain_text("1 laporan belum diterima server")
    asked.get_by_role("button", name="Batal").click()
    expect(asked).to_have_count(0)
    page.get_by_role("button", name="Keluar").click()
    page.get_by_role("button", name="Tetap keluar").click()
    page.wait_for_url("**/masuk")
    expect(page.locator("[data-antrean-masuk]")).to_contain_text("1 laporan")
    page.unroute("**/harian/**")
    own.log_in(page, "petugas")
    expect(page.locator("[data-antrean-isi] li")).to_contain_text("diterima")
    assert len(sent(own, form)) == 1


DUMP = """async () => {
  const found = {local: {...localStorage}, session: {...sessionStorage}, stores: {}, caches: {}};
  for (const {name} of await indexedDB.databases()) {
    const db = await new Promise((go) => { const r = indexedDB.open(name); r.onsuccess = () => go(r.result); });
    for (const store of db.objectStoreNames) {
      found.stores[`${name}/${store}`] = await new Promise((go) => {
        const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => go(r.result);
      });
    }
    db.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.caches[request.url] = await (await cache.match(request)).text();
  }
  return found;
}"""


def test_no_browser_keeps_a_person(own: Site, window: BrowserContext) -> None:
    hostile.fill(own)
    page = enter(own, window)
    for declared in PAGES:
        if "GET" in declared.methods and not declared.fragment and declared.path in ADDRESSES:
            for address in ADDRESSES[declared.path]:
                page.goto(address if isinstance(address, str) else address(own, "petugas"))
    page.goto(f"/harian/oksigen/{day()}")
    page.locator("[name=p_cair]").fill("5")
    own.stop()
    try:
        page.get_by_role("button", name="Kirim laporan").click()
        state(page, "menunggu kirim")
        kept = page.evaluate(DUMP)
        tokens = [cookie["value"] for cookie in window.cookies()] + [page.evaluate("document.body.dataset.csrf")]
    finally:
        own.start()
    assert kept["local"] == kept["session"] == {}
    assert kept["stores"].keys() == {f"rsonline/{name}" for name in ("who", "seen", "drafts", "queue")}
    assert len(kept["stores"]["rsonline/queue"]) == 1
    assert any("/luring/oksigen" in address for address in kept["caches"])
    whole = json.dumps(kept)
    person = own.people["petugas"]
    for text in (person.user_name, person.password, "Orang petugas", NAME, "99990000", *hostile.PAYLOADS, *tokens):
        assert text, "an empty text would be found nowhere"
        if text not in ("id", "en"):
            assert json.dumps(text)[1:-1] not in whole, text


def read(own: Site, of: str) -> dict[str, Any]:
    """What the API says of the oxygen of a day."""
    request = urllib.request.Request(  # noqa: S310 (our own service)
        f"{own.base}/fo/index.php/Logistik/oksigen?tanggal={of}",
        headers={"X-rs-id": CODE, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        rows: list[dict[str, Any]] = json.load(answer)["Oksigenasi"]
    return next(row for row in rows if row["tanggal"] == of)


def tell(own: Site, of: str, used: str) -> None:
    """Send the oxygen of a day through the API."""
    hostile.send(own, "/fo/index.php/Logistik/oksigen", {"tanggal": of, "p_cair": used})
