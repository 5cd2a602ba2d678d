"""The agent's own page: for whoever holds the key, on this machine, no other page's forms, in both languages."""

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline.hospital.messages import Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.page import Page, key_of
from rsonline.hospital.sealed import Sealer

STANDING: dict[str, Any] = {
    "hospital": "9100001",
    "state": "warning",
    "reports": {
        "antrian": {"waiting": 3, "sent": 1, "refused": 1, "oldest": 1.0, "confirmed": None, "arrived": 7},
    },
    "feeds": {"kamar": {"report": "tempat_tidur", "read": None, "rows": 0, "rejected": 0, "fault": "<b>rusak</b>"}},
    "troubles": [{"name": "x", "level": "critical", "text": "Layanan <i>menolak</i>", "since": 1.0}],
}


class Site:
    """The page and a browser before it."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000.0
        self.key = key_of(folder)
        self.outbox = Outbox(folder / "antrean.sqlite3", Sealer(bytes(32)), clock=lambda: self.now)
        self.page = Page(self.key, self.outbox, lambda: STANDING, lambda: self.now)
        self.browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.page.app()), base_url="http://127.0.0.1:8322", follow_redirects=False
        )

    async def enter(self) -> None:
        assert (await self.browser.post("/masuk", data={"kunci": self.key})).status_code == 303

    async def token(self) -> str:
        found = re.search(r'name="tanda" value="([^"]+)"', (await self.browser.get("/")).text)
        assert found is not None
        return found[1]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    made.outbox.offer([Offer("antrian", ("K-RAHASIA-77",), {"kodebooking": "K-RAHASIA-77"}, event=True)])
    made.outbox.begin([1])
    made.outbox.refused(1, "<script>alert(1)</script> gagal")
    yield made
    await made.browser.aclose()
    made.outbox.close()


async def test_nothing_is_shown_without_the_key(site: Site, tmp_path: Path) -> None:
    assert (tmp_path / "halaman.kunci").stat().st_mode & 0o077 == 0
    assert "antrian" not in (await site.browser.get("/")).text
    for _ in range(5):
        assert (await site.browser.post("/masuk", data={"kunci": "tebak"})).headers["Location"] == "/?salah"
    assert (await site.browser.post("/masuk", data={"kunci": site.key})).status_code == 429
    site.now += 61
    await site.enter()
    shown = (await site.browser.get("/")).text
    assert "ada masalah" in shown
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "<b>rusak" not in shown
    assert "<i>menolak" not in shown
    assert "K-RAHASIA" not in shown
    site.now += 13 * 3600
    assert "antrian" not in (await site.browser.get("/")).text


async def test_a_refused_message_is_sent_again_or_given_up(site: Site) -> None:
    await site.enter()
    token = await site.token()
    sent = {"tanda": token, "nomor": "1", "tindakan": "kirim"}
    assert (await site.browser.post("/pesan", data=sent)).status_code == 303
    assert [m.id for m in site.outbox.due()] == [1]
    assert (await site.browser.post("/pesan", data=sent)).status_code == 404
    site.outbox.begin([1])
    site.outbox.refused(1, "lagi")
    assert (await site.browser.post("/pesan", data={**sent, "tindakan": "buang"})).status_code == 303
    assert site.outbox.size() == (0, 0)
    assert (await site.browser.post("/pesan", data={**sent, "nomor": "x"})).status_code == 422


async def test_other_pages_and_other_names_reach_nothing(site: Site) -> None:
    await site.enter()
    sent = {"tanda": await site.token(), "nomor": "1", "tindakan": "buang"}
    assert (await site.browser.post("/pesan", data={**sent, "tanda": "x"})).status_code == 403
    foreign = {"Origin": "https://jahat.example"}
    assert (await site.browser.post("/pesan", data=sent, headers=foreign)).status_code == 403
    assert (await site.browser.get("/", headers={"Host": "jahat.example:8322"})).status_code == 421
    assert site.outbox.size()[0] == 1
    assert (await site.browser.post("/keluar", data=sent)).status_code == 303
    assert "antrian" not in (await site.browser.get("/")).text


# ---- languages


def language(page: httpx.Response) -> str:
    found = re.search(r'<html lang="(..)">', page.text)
    assert found is not None
    return found[1]


async def test_the_page_is_english_for_who_chooses_it_and_stays_so(site: Site) -> None:
    shown = await site.browser.get("/")
    assert language(shown) == "id"
    assert '<a href="/?lang=en" lang="en" hreflang="en">English</a>' in shown.text
    chosen = await site.browser.get("/?lang=en")
    assert "httponly" in chosen.headers["Set-Cookie"].lower()
    await site.enter()
    page = await site.browser.get("/")
    assert (language(page), page.headers["Content-Security-Policy"]) == ("en", shown.headers["Content-Security-Policy"])
    for text in ("something is wrong", "Oldest waiting", "Send again", "Log out", "11 days"):
        assert text in page.text
    assert '<a href="/?lang=id" lang="id" hreflang="id">Bahasa Indonesia</a>' in page.text
    assert "<style" not in page.text
    sent = {"tanda": await site.token(), "nomor": "99", "tindakan": "buang"}
    assert (await site.browser.post("/pesan", data=sent)).text == "There is no refused message 99."
    assert (await site.browser.post("/pesan", data={**sent, "tanda": "x"})).text.startswith("Refused. Reload")
    # Nothing else can be chosen, and it can be taken back.
    other = await site.browser.get("/?lang=fr")
    assert (language(other), "Set-Cookie" in other.headers) == ("en", False)
    assert language(await site.browser.get("/?lang=id")) == "id"
    assert language(await site.browser.get("/")) == "id"


async def test_a_page_that_was_started_in_english_is_so_until_somebody_chooses(site: Site) -> None:
    site.page.lang = "en"
    assert language(await site.browser.get("/")) == "en"
    await site.browser.get("/?lang=id")
    assert language(await site.browser.get("/")) == "id"


async def test_what_is_wrong_is_shown_in_english_where_it_was_written_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.enter()
    await site.browser.get("/?lang=en")
    # As an earlier release wrote it.
    assert "Layanan &lt;i&gt;menolak" in (await site.browser.get("/")).text
    trouble = {**STANDING["troubles"][0], "text_en": "The service <i>refuses</i>"}
    feed = {**STANDING["feeds"]["kamar"], "fault_en": "<b>broken</b>"}
    monkeypatch.setitem(STANDING, "troubles", [trouble])
    monkeypatch.setitem(STANDING, "feeds", {"kamar": feed})
    page = (await site.browser.get("/")).text
    assert "The service &lt;i&gt;refuses" in page
    assert "&lt;b&gt;broken" in page
    assert "menolak" not in page
    assert "rusak" not in page


async def test_every_text_of_the_page_has_both_languages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    template = (files("rsonline.hospital") / "pages" / "keadaan.html").read_text("utf-8")
    pairs = re.findall(r't\("([^"]+)", "([^"]+)"\)', template)
    assert len(pairs) == template.count("t(")
    # What a template says outside of them is nobody's language.
    outside = re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", template)
    assert not re.findall(r"[a-z]{3,}", outside.lower()), outside
    site.outbox.offer([], feed="kamar", rejected=[(("a",), "jumlah wajib diisi")])
    shown = {"id": "", "en": ""}
    for lang in shown:
        shown[lang] += (await site.browser.get(f"/?lang={lang}")).text
        shown[lang] += (await site.browser.get("/?salah")).text
    await site.enter()
    for lang in shown:
        shown[lang] += (await site.browser.get(f"/?lang={lang}")).text
    site.outbox.discard(1)
    monkeypatch.setitem(STANDING, "reports", {})
    for lang in shown:
        shown[lang] += (await site.browser.get(f"/?lang={lang}")).text
    for id, en in pairs:
        assert id in shown["id"], id
        assert en in shown["en"], en
        assert f">{id}<" not in shown["en"], id
