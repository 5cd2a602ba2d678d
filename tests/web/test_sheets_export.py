"""Lists as files: no formula in either form, local days, persons only for a reason that the administrator sees."""

import csv
import io
import re
import zipfile
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from rsonline.reports import EVERY_REPORT, named
from rsonline.web import sheets_export
from tests.databases import journal
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES, stored
from tests.web.people import BASE, Visitor
from tests.web.test_sheets import confirm, counts, somebody, text, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")
FORMULAS = (
    *("=1+1", "=HYPERLINK(\"https://rs.test\",\"x\")", "=cmd|' /C calc'!A0", "+1+1", "+SUM(1,1)", "-1+1", "-2+3+cmd"),
    *("@SUM(1+1)", "@A1", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)"),
    *("=\"a\"&\"b\"", "=1;2", "+", "="),
)  # fmt: skip
"""Twenty texts that a program may take for a formula (SR-41)."""


async def rows_of(visitor: Visitor, address: str) -> list[list[str]]:
    answer = await visitor.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_twenty_formulas_are_text_in_both_forms(service: Service, hospital: Hospital) -> None:
    assert len(FORMULAS) == 20
    visitor = await somebody(service, hospital)
    for number, formula in enumerate(FORMULAS):
        said = {"kodebooking": f"F-{number}", "jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": "2024-04-02"}
        answer = await hospital.send("POST", "/Antrian", {**said, "keterangan": formula})
        assert answer.status_code == 200, answer.text
    found = await rows_of(visitor, "/lembar/antrian/ekspor.csv")
    place = found[0].index("keterangan")
    assert {row[place] for row in found[1:]} == {f"'{formula}" for formula in FORMULAS}

    answer = await visitor.get("/lembar/antrian/ekspor.xlsx")
    markup = zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in markup
    sheet: Any = load_workbook(io.BytesIO(answer.content)).active
    titles = [c.value for c in sheet[1]]
    cells = [row[titles.index("keterangan")] for row in sheet.iter_rows(min_row=2)]
    assert {c.data_type for c in cells} == {"s"}
    places = [c.coordinate for c in cells]
    assert all(re.search(f'<c r="{p}" s="[0-9]" t="inlineStr">', markup) for p in places)
    # Markup has one kind of line break, and so has what a program shows of it.
    assert {c.value for c in cells} == {f.replace("\r", "\n") for f in FORMULAS}


async def test_formulas_in_an_uploaded_file_come_back_as_text(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    head = ["id_tt", "ruang", "jumlah_ruang", "jumlah", "terpakai"]
    body = text([head, *[["x", formula, "1", "4", "2"] for formula in FORMULAS]])
    at = (await upload(visitor, "tempat_tidur", body)).headers["location"]
    assert counts((await visitor.get(at)).text) == {"wrong": 20}
    found = await rows_of(visitor, f"{at}/berkas.csv")
    assert [row[1] for row in found[1:]] == [f"'{formula}" for formula in FORMULAS]
    book = zipfile.ZipFile(io.BytesIO((await visitor.get(f"{at}/berkas.xlsx")).content))
    assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


async def test_what_was_exported_can_be_sent_back_and_changes_nothing(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    for name in ("tempat_tidur", "sdm", "apd", "pcr_nakes", "nakes_terinfeksi", "oksigen"):
        await stored(hospital, name, named(name).path)
        for form in ("xlsx", "csv"):
            answer = await visitor.get(f"/lembar/{name}/ekspor.{form}")
            assert answer.headers["x-baris"] == "1"
            at = (await upload(visitor, name, answer.content)).headers["location"]
            assert counts((await visitor.get(at)).text) == {"same": 1}, (name, form)


async def test_days_are_local_and_numbers_are_numbers(service: Service) -> None:
    hospital = service.hospital("WIT")
    visitor = await somebody(service, hospital)
    await hospital.send("POST", "/Antrian", {**MESSAGES["antrian"], "tanggalperiksa": "2024-04-02"})
    # 2024-04-02 01:00:00.500 on the hospital's wall clock, the day before in Jakarta and UTC.
    mark = {"kodebooking": "CONTOH-0001", "taskid": 3, "waktu": 1_711_987_200_500}
    assert (await hospital.send("POST", "/Antrian/Task", mark)).status_code == 200
    for span, count in (("", 1), ("?dari=2024-04-02&sampai=2024-04-02", 1), ("?sampai=2024-04-01", 0)):
        found = await rows_of(visitor, f"/lembar/antrian_task/ekspor.csv{span}")
        assert len(found) == count + 1
    found = await rows_of(visitor, "/lembar/antrian_task/ekspor.csv")
    assert dict(zip(*found[:2], strict=True))["waktu"] == "2024-04-02 01:00:00.500"
    await hospital.send("POST", "/Logistik/oksigen", {"tanggal": "2024-04-02", "p_cair": "8999.09"})
    answer = await visitor.get("/lembar/oksigen/ekspor.xlsx?dari=2024-04-02&sampai=2024-04-02")
    sheet: Any = load_workbook(io.BytesIO(answer.content)).active
    row = {head.value: cell.value for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (row["tanggal"], row["p_cair"]) == (datetime(2024, 4, 2), 8999.09)
    assert (await visitor.get("/lembar/oksigen/ekspor.xlsx?dari=kemarin")).status_code == 422


async def test_persons_leave_only_for_a_reason_that_the_administrator_sees(
    service: Service, hospital: Hospital
) -> None:
    await stored(hospital, "shk", "/Pasien/shk")
    officer, admin = await somebody(service, hospital), await somebody(service, hospital, "admin-rs")
    for visitor in (officer, admin):
        for form in ("csv", "xlsx"):
            answer = await visitor.get(f"/lembar/shk/ekspor.{form}")
            parts = answer.content
            if form == "xlsx":
                parts = zipfile.ZipFile(io.BytesIO(parts)).read("xl/worksheets/sheet1.xml")
            assert b"DEPOK" in parts
            for secret in (b"9999000000000011", b"Contoh", b"nik_ibu"):
                assert secret not in parts
    assert (await officer.get("/lembar/shk/ekspor-pribadi")).status_code == 403
    asked = "/lembar/shk/ekspor-pribadi"
    assert (await admin.post(asked, {"alasan": "ingin", "bentuk": "csv"})).status_code == 422
    assert (await officer.send(asked, {"alasan": "ingin tahu saja", "bentuk": "csv"})).status_code == 403
    answer = await admin.post(asked, {"alasan": "Rujukan ke dinas kesehatan", "bentuk": "csv"})
    assert "9999000000000011" in answer.text
    lines = journal(service.database, hospital.code)
    [seen] = [line for line in lines if line["object"] == "shk" and line["verb"] == "export"]
    assert seen["person1"] is not None
    assert [line["account"] for line in lines if line["object"] == "export"][-1].startswith("user/lembar-admin-rs")
    page = (await admin.get("/lembar")).text
    assert "Rujukan ke dinas kesehatan" in page
    assert "Rujukan ke dinas kesehatan" not in (await officer.get("/lembar")).text


async def test_a_long_list_comes_in_parts_and_a_too_long_one_is_refused(
    service: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await somebody(service, hospital)
    days = [date(2019, 1, 1) + timedelta(days=n) for n in range(2100)]
    body = text([["tanggal", "p_cair"], *[[day, n] for n, day in enumerate(days)]])
    at = (await upload(visitor, "oksigen", body)).headers["location"]
    assert counts((await confirm(visitor, at)).text) == {"stored": 2100}
    found = await rows_of(visitor, "/lembar/oksigen/ekspor.csv")
    assert [row[0] for row in found[1:]] == [day.isoformat() for day in days]
    monkeypatch.setattr(sheets_export, "MOST_ROWS", 1000)
    refused = await visitor.get("/lembar/oksigen/ekspor.csv")
    assert refused.status_code == 422
    assert "Persempit tanggalnya" in refused.text


@pytest.mark.parametrize("report", EVERY_REPORT, ids=lambda r: r.name)
async def test_every_list_can_be_taken_away(service: Service, hospital: Hospital, report: Any) -> None:
    visitor = await somebody(service, hospital)
    assert (await visitor.get(f"/lembar/{report.name}")).status_code == 200
    for form in ("xlsx", "csv"):
        answer = await visitor.get(f"/lembar/{report.name}/ekspor.{form}?dari=2024-01-01")
        assert answer.status_code == 200
        assert answer.headers["x-baris"] == "0"
    head = answer.content.decode("utf-8-sig").splitlines()[0].split(",")
    assert not {"nik", "nama", "noRM", "kodebooking", "nik_ibu", "dirawat", "alamat"} & set(head)


async def test_a_list_needs_a_login(service: Service) -> None:
    stranger = Visitor(service)
    assert (await stranger.get("/lembar/shk/ekspor.csv")).status_code == 303
    assert (await stranger.client.post("/lembar/shk", headers={"origin": BASE})).status_code == 401
