"""Drafts: kept for one person and form, gone on with, thrown away, dropped when sent; and what a script is answered."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from rsonline.store import drafts
from rsonline.store.engines import transaction
from rsonline.web.drafts import LARGEST, MOST
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.web.people import BASE, Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


OXYGEN = f"oksigen/{today()}"


async def officer(service: Service, hospital: Hospital, name: str = "petugas") -> Visitor:
    person = Person(service.database, f"{name}-{hospital.code}", "petugas", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor


async def session_of(visitor: Visitor) -> dict[str, Any]:
    answer = await visitor.client.get("/sesi", headers={"accept": "application/json"})
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


async def put(visitor: Visitor, form: str, body: object, csrf: str | None = None) -> httpx.Response:
    token = (await session_of(visitor))["csrf"] if csrf is None else csrf
    headers = {"origin": BASE, "x-csrf": token, "accept": "application/json"}
    content = body if isinstance(body, bytes) else None
    return await visitor.client.put(
        f"/konsep/{form}", content=content, json=None if content is not None else body, headers=headers
    )


async def send(visitor: Visitor, data: dict[str, str]) -> httpx.Response:
    headers = {"origin": BASE, "x-csrf": (await session_of(visitor))["csrf"], "accept": "application/json"}
    return await visitor.client.post(f"/harian/{OXYGEN}", data=data, headers=headers)


async def test_the_form_goes_on_with_the_draft_until_it_is_sent(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    kept = await put(visitor, OXYGEN, {"p_cair": "77.5", "versi": "0", "csrf": "x", "kirim": "y"})
    assert kept.status_code == 200
    assert kept.json()["clock"][2] == ":"
    shown = await visitor.get(f"/harian/{OXYGEN}")
    assert 'value="77.5"' in shown.text
    assert "Melanjutkan konsep dari" in shown.text
    assert "konsep</span>" in (await visitor.get("/beranda")).text
    with transaction(service.database) as access:
        draft = drafts.find(access, hospital.code, f"petugas-{hospital.code}", OXYGEN)
    assert draft is not None
    assert draft.typed == {"p_cair": "77.5", "versi": "0"}
    assert (await visitor.post(f"/harian/{OXYGEN}", {"p_cair": "78"})).status_code == 303
    shown = await visitor.get(f"/harian/{OXYGEN}")
    assert 'value="78"' in shown.text
    assert "Melanjutkan konsep dari" not in shown.text


@pytest.mark.parametrize(
    ("form", "page", "typed", "member"),
    [
        ("shk/baru", "/shk/baru", {"nama_ibu": "Ibu Contoh Draf"}, "nama_ibu"),
        (f"antrian/{today()}/baru", f"/antrian/{today()}/baru", {"norm": "RM-CONTOH-77"}, "norm"),
        ("pasien/baru", "/pasien/baru", {"namaLengkapPasien": "Pasien Contoh Draf"}, "namaLengkapPasien"),
        ("kematian/baru", "/kematian/baru", {"nama": "Contoh Draf"}, "nama"),
    ],
)
async def test_a_form_of_persons_goes_on_with_its_draft_which_is_sealed(
    service: Service, hospital: Hospital, form: str, page: str, typed: dict[str, str], member: str
) -> None:
    visitor = await officer(service, hospital)
    assert f'data-konsep="{form}"' in (await visitor.get(page)).text
    assert (await put(visitor, form, typed)).status_code == 200
    shown = (await visitor.get(page)).text
    assert f'value="{typed[member]}"' in shown
    assert "Melanjutkan konsep dari" in shown
    kept = rows(service.database, "SELECT body FROM draft WHERE kode_rs = :c", c=hospital.code)
    assert typed[member] not in str(kept)
    # Another person at the same hospital sees nothing of it.
    other = await officer(service, hospital, "lain")
    assert typed[member] not in (await other.get(page)).text


async def test_what_was_stored_is_no_draft_any_more_and_what_was_refused_still_is(
    service: Service, hospital: Hospital
) -> None:
    visitor = await officer(service, hospital)
    page = f"/antrian/{today()}/baru"
    typed = {"kodebooking": "CONTOH-DRAF-1", "tanggalperiksa": today(), "jenispasien": "JKN", "kodepoli": "INT"}
    await put(visitor, page.removeprefix("/"), typed)
    refused = await visitor.post(page, {**typed, "tanggalperiksa": "kapan-kapan"})
    assert refused.status_code == 422
    assert "Melanjutkan konsep dari" in (await visitor.get(page)).text
    stored = await visitor.post(page, {**typed, "norm": "RM-CONTOH-1"})
    assert stored.status_code == 303, stored.text
    assert "Melanjutkan konsep dari" not in (await visitor.get(page)).text


async def test_a_draft_is_thrown_away_without_a_script(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    await put(visitor, OXYGEN, {"p_cair": "77.5"})
    answer = await visitor.post(f"/konsep/{OXYGEN}", {"lanjut": f"/harian/{OXYGEN}"}, page=f"/harian/{OXYGEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/harian/{OXYGEN}")
    assert "77.5" not in (await visitor.get(f"/harian/{OXYGEN}")).text


async def test_nobody_sees_the_draft_of_another(service: Service, hospital: Hospital) -> None:
    one, other = await officer(service, hospital, "satu"), await officer(service, hospital, "dua")
    await put(one, OXYGEN, {"p_cair": "77.5"})
    assert "77.5" not in (await other.get(f"/harian/{OXYGEN}")).text
    assert (await session_of(one))["owner"] != (await session_of(other))["owner"]


async def test_a_draft_of_a_record_that_changed_meanwhile_shows_both(service: Service, hospital: Hospital) -> None:
    one, other = await officer(service, hospital, "satu"), await officer(service, hospital, "dua")
    await put(one, OXYGEN, {"p_cair": "77.5", "versi": "0"})
    assert (await other.post(f"/harian/{OXYGEN}", {"p_cair": "5"})).status_code == 303
    shown = await one.get(f"/harian/{OXYGEN}")
    assert "sudah diubah orang lain" in shown.text
    assert 'value="77.5"' in shown.text
    assert "<strong>5</strong>" in shown.text


@pytest.mark.parametrize(
    ("form", "body", "status"),
    [
        (OXYGEN, b"{", 400),
        (OXYGEN, b'["a"]', 400),
        (OXYGEN, b'{"a": 1}', 400),
        (OXYGEN, b'{"a": "\xff"}', 400),
        (OXYGEN, b'{"a": "' + b"x" * 6000 + b'"}', 413),
        (OXYGEN, b'{"a": "' + b"x" * LARGEST + b'"}', 413),
        (OXYGEN, {f"n{n}": "" for n in range(701)}, 413),
        ("a" * 121, {}, 404),
        ("a/%20b", {}, 404),
        ("a//b", {}, 404),
    ],
)
async def test_what_cannot_be_a_draft_is_refused(
    form: str, body: object, status: int, service: Service, hospital: Hospital
) -> None:
    answer = await put(await officer(service, hospital), form, body)
    assert answer.status_code == status
    assert answer.json()["status"] is False


async def test_nobody_has_drafts_without_end(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    csrf = (await session_of(visitor))["csrf"]
    for n in range(MOST):
        assert (await put(visitor, f"oksigen/{n}", {"a": "1"}, csrf)).status_code == 200
    assert (await put(visitor, "oksigen/more", {"a": "1"}, csrf)).status_code == 422
    assert (await put(visitor, "oksigen/0", {"a": "2"}, csrf)).status_code == 200


async def test_a_draft_needs_the_session_and_its_token(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    assert (await put(visitor, OXYGEN, {"a": "1"}, "0" * 32)).status_code == 403
    csrf = (await session_of(visitor))["csrf"]
    headers = {"origin": "https://elsewhere.test", "x-csrf": csrf}
    assert (await visitor.client.put(f"/konsep/{OXYGEN}", json={"a": "1"}, headers=headers)).status_code == 403
    assert (await put(Visitor(service), OXYGEN, {"a": "1"}, csrf)).status_code == 401


async def test_a_script_is_told_the_receipt_once_for_all(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    said = {"p_cair": "120", "versi": "0", "kirim": "once-number-1"}
    first, again = await send(visitor, said), await send(visitor, said)
    assert first.status_code == again.status_code == 200
    assert first.json()["status"] is True
    assert first.json()["version"] == 1
    assert first.json()["seq"] == again.json()["seq"]
    assert (await visitor.get(f"/resi/{first.json()['seq']}")).status_code == 200


async def test_a_script_is_told_what_is_wrong_by_field(service: Service, hospital: Hospital) -> None:
    answer = await send(await officer(service, hospital), {"p_cair": "8,5", "versi": "0", "kirim": "once-number-1"})
    assert answer.status_code == 422
    said = answer.json()
    assert said["status"] is False
    assert list(said["problems"]) == ["p_cair"]
    assert "pakai titik sebagai tanda desimal" in said["problems"]["p_cair"][0]


async def test_a_script_is_told_what_is_stored_instead(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    await visitor.post(f"/harian/{OXYGEN}", {"p_cair": "1"})
    said = {"p_cair": "2", "versi": "0", "kirim": "once-number-1"}
    for answer in (await send(visitor, said), await send(visitor, said)):
        assert answer.status_code == 409
        assert answer.json()["version"] == 1
        assert answer.json()["stored"]["p_cair"] == "1"
    chosen = await send(visitor, {**said, "versi": "1", "kirim": "once-number-2"})
    assert chosen.json()["version"] == 2


async def test_a_number_with_other_contents_is_not_carried_out(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    await send(visitor, {"p_cair": "1", "versi": "0", "kirim": "once-number-1"})
    answer = await send(visitor, {"p_cair": "2", "versi": "1", "kirim": "once-number-1"})
    assert answer.status_code == 422
    assert "sudah pernah dikirim" in answer.json()["message"]


async def test_a_logout_leaves_what_was_not_sent(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    answer = await visitor.post("/keluar", {}, page="/beranda")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert (await visitor.client.get("/sesi")).status_code == 303


async def test_what_a_browser_keeps_of_pages_belongs_to_nobody(service: Service) -> None:
    nobody = Visitor(service)
    worker = await nobody.client.get("/sw.js")
    assert (worker.status_code, worker.headers["cache-control"]) == (200, "no-cache")
    assert worker.headers["content-type"].startswith("text/javascript")
    for path in ("/luring", "/luring/oksigen", "/luring/pcr_nakes", "/luring/nakes_terinfeksi"):
        for language, word in (("id", "sambungan"), ("en", "connection")):
            assert f"{path}?bahasa={language}" in worker.text
            one, again = [await nobody.client.get(path, params={"bahasa": language}) for _ in range(2)]
            assert word in one.text
            assert one.text == again.text, "what changes with the time would be kept for ever"
            assert 'name="csrf"' not in one.text
            assert "data-csrf" not in one.text
    assert (await nobody.client.get("/luring/pasien_covid")).status_code == 404


async def test_the_application_can_be_installed(service: Service) -> None:
    nobody = Visitor(service)
    answer = await nobody.client.get("/manifest.webmanifest")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    for icon in answer.json()["icons"]:
        got = await nobody.client.get(icon["src"])
        assert (got.status_code, got.headers["content-type"]) == (200, icon["type"])
