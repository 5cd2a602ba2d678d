"""A hospital looks after its own integration: passwords, accounts, clocks, and the log of its programs' calls."""

import asyncio
import html
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rsonline import Accepted, Sdm
from rsonline.login.passwords import hash_password
from rsonline.service import calls as log_of_calls
from rsonline.service.calls import CallLog
from rsonline.store import accounts, calls, hospitals, signing
from rsonline.store.calls import Asked
from rsonline.store.change import Busy
from rsonline.store.engines import open_store, transaction
from rsonline.web import diagnosis, masking
from rsonline.web.call_log import may_go_again
from tests.databases import journal, rows
from tests.hospital import PASSWORD, Hospital, Service, service_on
from tests.patients import api
from tests.samples import MESSAGES
from tests.sdk.wired import client_of
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def admin(service: Service, hospital: Hospital, name: str = "adm") -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{name}-{hospital.code}", "admin-rs", code=hospital.code))
    return visitor


def pre(page: str) -> list[str]:
    """What stands in the boxes of a page."""
    return [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]


async def listed(visitor: Visitor, count: int, query: str = "") -> list[str]:
    """The addresses of the calls in the log, once there are as many; newest first."""
    found: list[str] = []
    for _ in range(60):
        page = (await visitor.get(f"/integrasi/panggilan{query}")).text
        found = re.findall(r'href="(/integrasi/panggilan/[0-9a-f]{32})"', page)
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return found


async def hidden_of(visitor: Visitor, page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', (await visitor.get(page)).text))


# ---- passwords


async def test_a_new_password_is_shown_once_and_both_count_for_three_days(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    hidden = await hidden_of(visitor, "/integrasi")
    answer = await visitor.send("/integrasi/sandi", {"csrf": hidden["csrf"], "nomor": "1"})
    found = re.search(r'id="sandi-sekali">([^<]+)<', answer.text)
    assert found is not None
    new = found[1]
    assert len(new) >= 22
    for password in (PASSWORD, new):
        headers: dict[str, str | None] = {"X-pass": password}
        assert (await hospital.send("GET", "/Logistik/oksigen", headers=headers)).status_code == 200
    with transaction(service.database) as access:
        newest, older = hospitals.passwords(access, hospital.code)
    assert older.valid_until is not None
    assert timedelta(hours=71, minutes=59) < older.valid_until - datetime.now(UTC) <= timedelta(hours=72)
    assert newest.valid_until is None
    # Neither a second click nor "back" makes another one.
    again = await visitor.send("/integrasi/sandi", {"csrf": hidden["csrf"], "nomor": "1"})
    assert again.status_code == 409
    assert "sandi-sekali" not in again.text
    assert new not in (await visitor.get("/integrasi")).text
    lines = [x for x in journal(service.database, hospital.code, "credential") if x["source"] == "web"]
    assert [(x["verb"], x["account"], x["source"]) for x in lines] == [("add", f"user/adm-{hospital.code}", "web")]
    assert new not in str(lines)


async def test_a_password_is_ended_alone_and_one_that_leaked_at_once(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    csrf = (await hidden_of(visitor, "/integrasi"))["csrf"]
    answer = await visitor.send("/integrasi/sandi", {"csrf": csrf, "nomor": "1", "sekarang": "1"})
    new = re.findall(r'id="sandi-sekali">([^<]+)<', answer.text)[0]
    assert (await hospital.send("GET", "/Logistik/oksigen")).status_code == 401
    good: dict[str, str | None] = {"X-pass": new}
    assert (await hospital.send("GET", "/Logistik/oksigen", headers=good)).status_code == 200
    answer = await visitor.send("/integrasi/sandi/akhiri", {"csrf": csrf, "nomor": "2"})
    assert answer.status_code == 303
    assert (await hospital.send("GET", "/Logistik/oksigen", headers=good)).status_code == 401
    assert "Tidak ada kata sandi yang berlaku" in (await visitor.get("/integrasi")).text
    assert (await visitor.send("/integrasi/sandi/akhiri", {"csrf": csrf, "nomor": "2"})).status_code == 409


async def test_a_password_that_was_brought_along_is_marked(service: Service, hospital: Hospital) -> None:
    with transaction(service.database) as access:
        hospitals.new_password(access, hospital.code, hash_password("lama"), at_once=True, kind="imported")
    page = (await (await admin(service, hospital)).get("/integrasi")).text
    assert "dibawa dari sistem sebelumnya" in page
    assert "perlu diganti" in page


# ---- accounts of the patient API


async def test_an_account_of_the_patient_api_is_added_closed_and_opened(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    csrf = (await hidden_of(visitor, "/integrasi"))["csrf"]
    name = f"simrs@{hospital.code}"
    answer = await visitor.send("/integrasi/akun", {"csrf": csrf, "nama": name, "alamat": ""})
    password = re.findall(r'id="sandi-sekali">([^<]+)<', answer.text)[0]

    async def log_in() -> int:
        said = {"userName": name, "password": password}
        headers = {"X-Forwarded-For": hospital.address}
        return (await service.client.post("/api/rslogin", json=said, headers=headers)).status_code

    assert await log_in() == 201
    assert (await visitor.send("/integrasi/akun", {"csrf": csrf, "nama": name})).status_code == 422
    assert (await visitor.send("/integrasi/akun/tutup", {"csrf": csrf, "akun": name})).status_code == 303
    assert await log_in() == 401
    assert (await visitor.send("/integrasi/akun/buka", {"csrf": csrf, "akun": name})).status_code == 303
    assert name in (await visitor.get("/integrasi")).text
    lines = journal(service.database, hospital.code, "account")
    # A refused login is written within a second: it may be there already.
    assert {x["account"] for x in lines if "login" not in x["verb"]} == {f"user/adm-{hospital.code}"}


async def test_another_hospitals_account_is_neither_seen_nor_closed(service: Service) -> None:
    own, other = service.hospital(), service.hospital()
    name = f"milik@{other.code}"
    with transaction(service.database) as access:
        accounts.add(access, name, hash_password("x"), code=other.code)
        accounts.add(access, f"pembaca@{other.code}", hash_password("x"), rights=("rumahsakit",))
    visitor = await admin(service, own)
    csrf = (await hidden_of(visitor, "/integrasi"))["csrf"]
    assert name not in (await visitor.get("/integrasi")).text
    for theirs in (name, f"pembaca@{other.code}", "tidak-ada", "x\x00y"):
        assert (await visitor.send("/integrasi/akun/tutup", {"csrf": csrf, "akun": theirs})).status_code == 404
    with transaction(service.database) as access:
        found = accounts.find(access, name)
    assert found is not None
    assert found.active


# ---- clocks and counts


async def test_the_clock_is_told_in_plain_words(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    for ahead, count in ((7 * 3600, 3), (-22 * 60, 2), (0, 1)):
        for _ in range(count):
            headers: dict[str, str | None] = {"X-Timestamp": str(int(time.time()) + ahead)}
            await hospital.send("POST", "/Logistik/oksigen", MESSAGES["oksigen"], headers=headers)
    await listed(visitor, 6)
    page = (await visitor.get("/integrasi")).text
    assert "Program Anda mengirim jam lokal sebagai UTC: 7 jam lebih maju." in page
    assert "Jam komputer pengirim 22 menit tertinggal." in page
    assert "Jam program Anda cocok." in page
    assert "DateTimeOffset.UtcNow" in page
    assert "X-Timestamp berselisih tepat beberapa jam" in page


async def test_whose_clock_is_refused_is_told_too(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    headers: dict[str, str | None] = {"X-Timestamp": str(int(time.time()) - 3 * 86_400)}
    answer = await hospital.send("POST", "/Logistik/oksigen", MESSAGES["oksigen"], headers=headers)
    assert answer.status_code == 401
    [address] = await listed(visitor, 1, "?ditolak=1")
    page = (await visitor.get(address)).text
    assert "Jam komputer pengirim 3 hari tertinggal." in page
    # A wrong password may be anybody's: it stands in nobody's log.
    await hospital.send("GET", "/Logistik/oksigen", headers={"X-pass": "salah"})
    await asyncio.sleep(1.3)
    assert len(await listed(visitor, 1)) == 1


@pytest.mark.parametrize(
    ("clocks", "said"),
    [
        ([], []),
        (["exact", "exact"], ["Jam program Anda cocok."]),
        (["whole_hour:28805"], ["8 jam lebih maju"]),
        (["whole_hour"], ["7, 8 atau 9 jam"]),
        (["off:840"], ["14 menit lebih maju"]),
        (["off:-9000"], ["2 jam 30 menit tertinggal"]),
        (["off"], ["tidak cocok"]),
        (["absent"], ["tidak mengirim X-Timestamp"]),
        (["unreadable"], ["tidak terbaca"]),
    ],
)
async def test_every_class_of_a_clock_has_words(clocks: list[str], said: list[str]) -> None:
    found = diagnosis.clock(clocks)
    assert len(found) == len(said)
    for each, text in zip(found, said, strict=True):
        assert text in each.what.id
        assert each.good == (each.how is None)


async def test_everything_that_is_counted_has_words() -> None:
    for what in ("put_miss", "created_on_put", "task_repeated_with_other_time", "clock:off", calls.DROPPED):
        assert diagnosis.counted(what).id != what
    assert "Diperbaiki" in diagnosis.counted("repair:alias").id
    assert "{" not in diagnosis.counted("repair:alias").id
    assert diagnosis.counted("lain").id == "lain"


# ---- the log of calls


async def test_a_call_shows_some_seconds_after_its_answer(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    sent = b'\xef\xbb\xbf{"tanggal": "2026-01-02", "p_cair": "12", "P_aneh": "rahasia",}'
    answer = await hospital.send("POST", "/Logistik/oksigen", raw=sent)
    [address] = await listed(visitor, 1)
    assert answer.headers["x-request-id"] in address
    page = (await visitor.get(address)).text
    body, said = pre(page)
    assert '"p_cair": "12"' in body
    assert "rahasia" not in body
    assert answer.json()["Oksigenasi"][0]["message"] in said
    assert answer.headers["x-request-id"] in page
    assert "Diperbaiki saat diterima" in page
    assert hospital.address in page
    part = await visitor.get("/integrasi/panggilan-isi")
    assert address in part.text
    assert "<html" not in part.text


async def test_persons_are_masked_and_sealed(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    shk = MESSAGES["shk"]
    await hospital.send("POST", "/Pasien/shk", {**shk, "nama_ibuu": "Ibu Salah Ketik"})
    broken = b'{"nik_ibu": 9999000000000011, "nama_ibu" : "Ibu Contoh", "alamat": "Jalan Contoh 1" "provinsi": "34"'
    await hospital.send("POST", "/Pasien/shk", raw=broken)
    await hospital.send(
        "POST", "/Pasien/shk", raw=b"nik_ibu=9999000000000011&nama_ibu=Ibu+Contoh&alamat=Jalan+Contoh+1"
    )
    await hospital.send("GET", "/Pasien/shk")
    await hospital.send("POST", "/Antrian", MESSAGES["antrian"])
    await hospital.send("GET", "/Antrian/task?kodebooking=CONTOH-0001")
    client = await api.client_of(hospital)
    await client.send("POST", api.REPORT, api.report())
    await client.send("GET", api.REPORT)
    addresses = await listed(visitor, 9)
    assert len(addresses) == 9
    secrets: tuple[str, ...] = ("999900000000", "Ibu Contoh", "Ibu Salah", "Ny Contoh", "Jalan Contoh")
    secrets += ("Ibu+Contoh", "Jalan+Contoh", "CONTOH-0001", "RM-CONTOH", "Pasien Contoh", PASSWORD, "eyJ")
    for address in addresses:
        page = (await visitor.get(address)).text
        for secret in secrets:
            assert secret not in page, (secret, page)
    kept = str(rows(service.database, "SELECT * FROM api_call WHERE kode_rs = :c", c=hospital.code))
    assert not [secret for secret in secrets if secret in kept.replace("\\x", "")]
    # To look at the log is not to see a person: no line says so.
    assert not [x for x in journal(service.database, hospital.code) if x["object"] == "api_call"]


async def test_the_list_is_filtered_and_belongs_to_one_hospital(service: Service) -> None:
    own, other = service.hospital(), service.hospital()
    for hospital in (own, other):
        await hospital.send("POST", "/Logistik/oksigen", MESSAGES["oksigen"])
        await hospital.send("POST", "/Logistik/oksigen", {"tanggal": "bukan"})
        await hospital.send("GET", "/Fasyankes")
    visitor = await admin(service, own)
    assert len(await listed(visitor, 3)) == 3
    assert len(await listed(visitor, 1, "?ditolak=1")) == 1
    assert len(await listed(visitor, 2, "?laporan=oksigen")) == 2
    assert len(await listed(visitor, 1, "?laporan=oksigen&ditolak=1")) == 1
    assert (await visitor.get("/integrasi/panggilan?laporan=%00&hal=0&ditolak=x")).status_code == 200
    [theirs, *_] = await listed(await admin(service, other), 3)
    for path in (theirs, "/integrasi/panggilan/1", "/integrasi/panggilan/" + "f" * 32):
        assert (await visitor.get(path)).status_code == 404
        csrf = (await hidden_of(visitor, "/integrasi"))["csrf"]
        assert (await visitor.send(path + "/perbaiki", {"csrf": csrf})).status_code == 404
        assert (await visitor.send(path + "/kirim", {"csrf": csrf, "isi": "{}"})).status_code == 404


# ---- put right and sent again


async def correcting(visitor: Visitor, address: str) -> dict[str, str]:
    """The hidden fields of the form that puts a call right, and its body."""
    csrf = (await hidden_of(visitor, address))["csrf"]
    page = (await visitor.send(address + "/perbaiki", {"csrf": csrf})).text
    fields = dict(re.findall(r'<input type="hidden" name="(csrf|kirim)" value="([^"]*)"', page))
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert text is not None, page
    return {**fields, "isi": html.unescape(text[1])}


async def test_a_refused_call_is_put_right_and_sent_once(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    await hospital.send("POST", "/Logistik/oksigen", {"tanggal": "2026-01-02", "p_cair": "8,5"})
    [address] = await listed(visitor, 1)
    form = await correcting(visitor, address)
    still = await visitor.send(address + "/kirim", form)
    assert still.status_code == 422
    assert "pakai titik sebagai tanda desimal" in still.text
    broken = await visitor.send(address + "/kirim", {**form, "isi": '{"tanggal": '})
    assert "baris 1, kolom" in broken.text
    right = {**form, "isi": form["isi"].replace("8,5", "8.5")}
    first = await visitor.send(address + "/kirim", right)
    assert first.status_code == 303
    assert "Berhasil" in (await visitor.get(first.headers["location"])).text
    assert (await visitor.send(address + "/kirim", right)).headers["location"] == first.headers["location"]
    [row] = (await hospital.send("GET", "/Logistik/oksigen", headers={"X-tanggal": "2026-01-02"})).json()["Oksigenasi"]
    assert row["p_cair"] == "8.5"
    lines = journal(service.database, hospital.code)
    assert [(x["object"], x["verb"], x["source"]) for x in lines if x["object"] in ("oksigen", "api_call")] == [
        ("api_call", "view", "web"),
        ("oksigen", "save", "web"),
    ]


async def test_who_saw_a_whole_body_is_noted_with_its_person(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    await hospital.send("POST", "/Pasien/shk", {**MESSAGES["shk"], "tgllahir": "kemarin"})
    [address] = await listed(visitor, 1)
    form = await correcting(visitor, address)
    assert "Ibu Contoh" in form["isi"]
    [line] = [x for x in journal(service.database, hospital.code) if x["object"] == "api_call"]
    assert (line["verb"], line["account"]) == ("view", f"user/adm-{hospital.code}")
    assert line["person1"] is not None
    answer = await visitor.send(address + "/kirim", {**form, "isi": form["isi"].replace("kemarin", "2022-11-25")})
    assert answer.status_code == 303
    assert len((await hospital.send("GET", "/Pasien/shk?id_shk=1")).json()) == 1


async def test_a_put_with_its_number_in_the_address_finds_its_record_again(
    service: Service, hospital: Hospital
) -> None:
    visitor = await admin(service, hospital)
    added = (await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])).json()
    number = next(iter(added.values()))[0]["id_t_tt"]
    await hospital.send("PUT", f"/Fasyankes/{number}", {"jumlah": "banyak"})
    [address] = await listed(visitor, 1, "?ditolak=1")
    assert f'<dd class="col-sm-9">{number}</dd>' in (await visitor.get(address)).text
    form = await correcting(visitor, address)
    answer = await visitor.send(address + "/kirim", {**form, "isi": '{"jumlah": "9"}'})
    assert answer.status_code == 303
    room = [r for r in (await hospital.send("GET", "/Fasyankes")).json()["fasyankes"] if r["id_t_tt"] == number]
    assert room[0]["jumlah"] == "9"


async def test_a_message_of_the_patient_api_is_put_right(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    client = await api.client_of(hospital)
    refused = await client.send("POST", api.REPORT, api.report(tanggalMasuk="2099-01-01"))
    assert refused.status_code == 422
    [address] = await listed(visitor, 1, "?ditolak=1")
    form = await correcting(visitor, address)
    still = await visitor.send(address + "/kirim", form)
    assert (still.status_code, 'role="alert"' in still.text) == (422, True)
    answer = await visitor.send(address + "/kirim", {**form, "isi": form["isi"].replace("2099-01-01", "2026-02-01")})
    assert answer.status_code == 303
    assert len((await client.send("GET", api.REPORT)).json()["data"]) == 1


@pytest.mark.parametrize(
    ("method", "report", "status", "body", "again"),
    [
        ("POST", "oksigen", 422, "{}", True),
        ("POST", "oksigen", 200, "{}", False),
        ("GET", "oksigen", 422, "{}", False),
        ("POST", "oksigen", 401, "{}", False),
        ("POST", "oksigen", 503, "{}", False),
        ("POST", "oksigen", 422, None, False),
        ("POST", "referensi/tempat_tidur", 405, "{}", False),
        ("POST", "api/laporancovid19versi3", 401, "{}", True),
        ("POST", "api/rslogin", 401, "{}", False),
    ],
)
async def test_what_can_be_sent_again(method: str, report: str, status: int, body: str | None, again: bool) -> None:
    call = calls.Call("x", datetime.now(UTC), method, report, status, 1.0, None, None, "", "")
    assert may_go_again(calls.Whole(call, None if body is None else calls.Body(body), None)) == again


# ---- that it costs nothing, and keeps little


def asked(code: str, number: int, at: datetime | None = None) -> Asked:
    when = at or datetime.now(UTC) + timedelta(milliseconds=number)
    return Asked(code, f"{code}{number:08}", when, "POST", "oksigen", 200, 1.0, None, "exact", "", "", b"{}", b"{}")


async def test_a_full_queue_drops_the_oldest_and_says_so(service: Service, hospital: Hospital, tmp_path: Path) -> None:
    store = open_store(service.database, on_broken=lambda error: None)
    before = log_of_calls.dropped._value.get()
    log = CallLog(store, most=10, each=0.05)
    try:
        for number in range(25):
            log.note(asked(hospital.code, number))
        await asyncio.sleep(0.6)
        with transaction(service.database) as access:
            kept = calls.page(access, hospital.code)
        assert [c.request_id[-2:] for c in kept] == [f"{n:02}" for n in range(24, 14, -1)]
        assert log_of_calls.dropped._value.get() - before == 15
        page = (await (await admin(service, hospital)).get("/integrasi/panggilan")).text
        assert "15 panggilan tidak sempat dicatat" in page
    finally:
        await log.close()
        await store.close()


async def test_of_a_loud_hospital_only_what_is_kept_anyway_is_written_and_nothing_counts_as_lost(
    service: Service, hospital: Hospital
) -> None:
    store = open_store(service.database, on_broken=lambda error: None)
    before = log_of_calls.dropped._value.get()
    log = CallLog(store, each=0.05)
    other = service.hospital()
    try:
        log.note(asked(other.code, 1))
        for number in range(calls.MOST + 100):
            log.note(asked(hospital.code, number))
    finally:
        await log.close()
        await store.close()
    with transaction(service.database) as access:
        kept = calls.page(access, hospital.code)
        (quiet,) = calls.page(access, other.code)
    lines = rows(service.database, "SELECT count(*) AS lines FROM api_call WHERE kode_rs = :code", code=hospital.code)
    assert lines == [{"lines": calls.MOST}]
    assert (kept[0].request_id[-3:], kept[-1].request_id[-3:]) == (f"{calls.MOST + 99:03}", "100")
    assert quiet.request_id == f"{other.code}{1:08}"
    assert log_of_calls.dropped._value.get() == before


class Elsewhere:
    """A store that takes nothing."""

    def __init__(self, store: Any, error: Exception) -> None:
        self.vault = store.vault
        self.error = error
        self.real = store

    async def perform(self, task: Any) -> Any:
        raise self.error

    async def read(self, origin: Any, look: Any) -> Any:
        return await self.real.read(origin, look)


@pytest.mark.parametrize("error", [Busy(), RuntimeError("rusak")])
async def test_what_cannot_be_written_down_is_counted_and_costs_no_answer(
    service: Service, hospital: Hospital, error: Exception
) -> None:
    store = open_store(service.database, on_broken=lambda error: None)
    broken: Any = Elsewhere(store, error)
    log = CallLog(broken, each=0.05)
    try:
        log.note(asked(hospital.code, 1))
        await asyncio.sleep(0.3)
        log._store = store
        log.note(asked(hospital.code, 2))
        await asyncio.sleep(0.5)
        with transaction(service.database) as access:
            assert len(calls.page(access, hospital.code)) == 1
            assert dict(hospitals.tallies(access, hospital.code))[calls.DROPPED] >= 1
    finally:
        await log.close()
        await store.close()


async def test_reports_go_on_where_the_log_never_gets_anything_written(tmp_path: Path) -> None:
    async with service_on(tmp_path) as running:
        hospital = running.hospital()
        guide = running.client._transport.app._guide  # type: ignore[attr-defined]  # the application of this process
        guide._calls._store = Elsewhere(guide._store, RuntimeError("rusak"))
        for number in range(1200):
            answer = await hospital.send("POST", "/Logistik/oksigen", {"tanggal": "2026-01-02", "p_cair": str(number)})
            assert answer.status_code == 200
        assert len(guide._calls._waiting) <= log_of_calls.MOST


async def test_what_waits_is_written_when_the_service_ends(tmp_path: Path) -> None:
    async with service_on(tmp_path) as running:
        hospital = running.hospital()
        await hospital.send("POST", "/Logistik/oksigen", MESSAGES["oksigen"])
    with transaction(running.database) as access:
        assert len(calls.page(access, hospital.code)) == 1


async def test_the_newest_of_a_week_are_kept(service: Service) -> None:
    many, old = service.hospital(), service.hospital()
    now = datetime.now(UTC)
    store = open_store(service.database, on_broken=lambda error: None)
    try:
        for code, times in (
            (many.code, [now - timedelta(seconds=n) for n in range(600)]),
            (old.code, [now - timedelta(days=7, seconds=1), now - timedelta(days=6, hours=23), now]),
        ):
            found = calls.sealed(store.vault, [asked(code, n, at) for n, at in enumerate(times)])
            await store.perform(partial(calls.keep, rows=found, dropped={}))
        log = CallLog(store)
        log._touched = {many.code, old.code}
        log._trimmed = log._swept = now - timedelta(hours=2)
        await log._tidy(now)
        count = "SELECT count(*) AS n FROM api_call WHERE kode_rs = :c"
        assert rows(service.database, count, c=many.code) == [{"n": 500}]
        assert rows(service.database, count, c=old.code) == [{"n": 2}]
    finally:
        await store.close()


async def test_long_bodies_are_cut_and_say_so(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    body = {"tanggal": "bukan", "aneh": "x" * 4000, **{f"a{n}": "y" * 1000 for n in range(60)}}
    await hospital.send("POST", "/Logistik/oksigen", body)
    [address] = await listed(visitor, 1)
    page = (await visitor.get(address)).text
    assert "lebih panjang daripada yang disimpan" in page
    assert "Perbaiki dan kirim ulang" not in page


# ---- masking


@pytest.mark.parametrize(
    "text",
    [
        '{"nik_ibu": "9999000000000011", "nama_ibu": "Ibu Contoh"}',
        '{"nik_ibu": 9999000000000011, "nama_ibu": "Ibu Contoh",}',
        "{'nik_ibu': '9999000000000011', 'nama_ibu': 'Ibu Contoh'",
        '{"NIK_IBU" : "9999 0000 0000 0011", "Nama_Ibu":"Ibu Contoh"',
        "{“nik_ibu”: “9999000000000011”, “nama_ibu”: “Ibu Contoh”",
        "nik_ibu=9999000000000011&nama_ibu=Ibu%20Contoh Ibu Contoh",
        '{"nama_ibu": "Ibu \\"Contoh\\" Ibu Contoh", "x"',
        '[{"nama_ibu": "Ibu Contoh"}]',
        '{"data": {"nama_ibu": "Ibu Contoh", "nik_ibu": ["9999000000000011"]}}',
        '{"nama ibu": "Ibu Contoh", "nomor": "9999000000000011", "angka": 9999000000000011}',
        '{"nama_ibu: "Ibu Contoh, "nik_ibu": "9999000000000011"',
    ],
)
async def test_no_spelling_of_a_body_shows_a_person(text: str) -> None:
    from rsonline.reports import SHK

    shown = masking.body(SHK, text)
    assert "Contoh" not in shown
    assert "0000" not in shown
    assert masking.MASK in shown


# ---- signed requests


async def test_a_hospital_makes_a_key_tries_it_and_closes_the_other_door(service: Service, hospital: Hospital) -> None:
    visitor = await admin(service, hospital)
    page = "/integrasi/tanda-tangan"
    assert "/integrasi/tanda-tangan" in (await visitor.get("/integrasi")).text
    hidden = await hidden_of(visitor, page)
    refused = await visitor.send(f"{page}/hanya", {"csrf": hidden["csrf"], "hanya": "1"})
    assert (refused.status_code, "belum punya kunci" in refused.text) == (409, True)
    made = await visitor.send(f"{page}/kunci", {"csrf": hidden["csrf"], "nomor": "0"})
    [key] = re.findall(r"rsk-1-[0-9A-Za-z]{24}", made.text)
    # Sent twice it makes no second one.
    assert (await visitor.send(f"{page}/kunci", {"csrf": hidden["csrf"], "nomor": "0"})).status_code == 409
    shown = (await visitor.get(page)).text
    assert key not in shown
    assert "X-pass masih diterima" in shown
    assert "coba dulu, supaya program Anda" in shown
    assert isinstance(await client_of(hospital, password=key).send(Sdm(id_kebutuhan="26")), Accepted)
    shown = (await visitor.get(page)).text
    assert "belum pernah" not in shown
    assert "coba dulu, supaya program Anda" not in shown
    with transaction(service.database) as access:
        assert [k.text for k in signing.keys(access, hospital.code)] == [key]
    assert (await visitor.send(f"{page}/hanya", {"csrf": hidden["csrf"], "hanya": "1"})).status_code == 303
    assert "hanya bertanda tangan" in (await visitor.get(page)).text
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 401
    last = await visitor.send(f"{page}/akhiri", {"csrf": hidden["csrf"], "nomor": "1"})
    assert (last.status_code, "kunci terakhir" in last.text) == (409, True)
    assert (await visitor.send(f"{page}/hanya", {"csrf": hidden["csrf"], "hanya": "0"})).status_code == 303
    assert (await hospital.send("GET", "/Fasyankes")).status_code == 200
    assert (await visitor.send(f"{page}/akhiri", {"csrf": hidden["csrf"], "nomor": "1"})).status_code == 303
    assert "Belum ada kunci" in (await visitor.get(page)).text
    told = (await visitor.get("/integrasi")).text
    assert "kunci tanda tangan 1 dibuat" in told
    assert "kunci tanda tangan 1 diakhiri" in told
    assert key not in told


async def test_another_hospitals_people_and_officers_make_no_keys(service: Service, hospital: Hospital) -> None:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"ptg-{hospital.code}", "petugas", code=hospital.code))
    assert (await visitor.get("/integrasi/tanda-tangan")).status_code == 403
    answer = await visitor.send("/integrasi/tanda-tangan/kunci", {"nomor": "0"})
    assert answer.status_code in (403, 400)
    with transaction(service.database) as access:
        assert signing.keys(access, hospital.code) == ()
