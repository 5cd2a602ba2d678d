"""Files through the pages: five hundred rows with planted errors, twice; hostile files; lists that leave the house."""

import asyncio
import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from rsonline.reports import REPORTS
from rsonline.sheets.columns import columns
from tests.databases import journal
from tests.hospital import Hospital, Service
from tests.web.people import BASE, Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(500)]
OXYGEN = ["tanggal", "p_cair", "p_tabung_kecil", "p_tabung_sedang", "p_tabung_besar"]
WRONG = {3 + 13 * n for n in range(37)}
"""The rows of the file in which an error is planted."""


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()


async def somebody(service: Service, hospital: Hospital, role: str = "petugas") -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"lembar-{role}-{hospital.code}", role, code=hospital.code))
    return visitor


async def upload(visitor: Visitor, name: str, body: bytes, file_name: str = "data.bin") -> httpx.Response:
    """Send a file from the page of its kind."""
    page = await visitor.get(f"/lembar/{name}")
    [csrf] = set(re.findall(r'name="csrf" value="([^"]+)"', page.text))
    return await visitor.client.post(
        f"/lembar/{name}",
        data={"csrf": csrf},
        files={"berkas": (file_name, body, "application/octet-stream")},
        headers={"origin": BASE},
    )


async def confirm(visitor: Visitor, at: str) -> httpx.Response:
    answer = await visitor.post(at, {})
    assert answer.status_code == 303, answer.text
    return await visitor.get(answer.headers["location"])


def counts(page: str) -> dict[str, int]:
    """How many rows the page tells of under each heading."""
    found = re.findall(r'tampil=(\w+)">[^<]*<span class="badge[^>]*>([0-9.]+)<', page)
    return {name: int(number.replace(".", "")) for name, number in found}


def workbook(rows: list[list[Any]], head: list[str] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if head is not None:
        sheet.append(head)
    for row in rows:
        sheet.append(row)
    into = io.BytesIO()
    book.save(into)
    return into.getvalue()


def text(rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    into = io.StringIO()
    csv.writer(into, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return into.getvalue().encode(encoding)


def oxygen() -> list[list[Any]]:
    """Five hundred days of oxygen, all of them sound."""
    return [[day, 100 + n, "890", 15.5, None] for n, day in enumerate(DAYS)]


def spoiled(rows: list[list[Any]]) -> list[list[Any]]:
    """The same with an error in 37 rows: one in each, of five kinds."""
    faults: list[tuple[int, Any]] = [(1, "8,5"), (1, -1), (2, "banyak"), (0, "31/12/2024"), (4, "1e3")]
    out = [list(row) for row in rows]
    for n, number in enumerate(sorted(WRONG)):
        place, value = faults[n % len(faults)]
        out[number - 2][place] = value
    return out


async def test_a_file_with_37_errors_among_500_rows(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    body = workbook(spoiled(oxygen()), OXYGEN)
    answer = await upload(visitor, "oksigen", body)
    assert answer.status_code == 303, answer.text
    at = answer.headers["location"]
    page = await visitor.get(at)
    assert counts(page.text) == {"wrong": 37, "new": 463}
    assert "Belum ada yang tersimpan" in page.text
    assert journal(service.database, hospital.code, "oksigen") == []

    back = await visitor.get(f"{at}/berkas.xlsx")
    sheet = load_workbook(io.BytesIO(back.content))["Data"]
    comments: dict[Any, Any] = {c.row: c for row in sheet.iter_rows() for c in row if c.comment is not None}
    assert set(comments) == WRONG
    assert sum(1 for row in sheet.iter_rows() for c in row if c.comment is not None) == 37
    assert all(c.fill.fgColor.rgb == "FFF8C9C9" for c in comments.values())
    assert "titik sebagai tanda desimal" in comments[3].comment.text
    assert sheet.max_row == 501

    # Twice at once, and once more: what is carried out is carried out once.
    page, _ = await asyncio.gather(confirm(visitor, at), confirm(visitor, at))
    assert counts(page.text) == {"wrong": 37, "stored": 463}
    assert "463 baris tersimpan" in page.text
    await confirm(visitor, at)
    lines = journal(service.database, hospital.code, "oksigen")
    assert len(lines) == 463
    assert {line["source"] for line in lines} == {"file"}

    again = await upload(visitor, "oksigen", workbook(oxygen(), OXYGEN))
    at = again.headers["location"]
    assert counts((await visitor.get(at)).text) == {"new": 37, "same": 463}
    assert counts((await confirm(visitor, at)).text) == {"stored": 37, "same": 463}
    lines = journal(service.database, hospital.code, "oksigen")
    assert len(lines) == 500
    assert len({line["key"] for line in lines}) == 500
    [row] = (await hospital.send("GET", "/Logistik/oksigen", {"tanggal": "2024-01-02"})).json()["Oksigenasi"]
    assert (row["p_cair"], row["p_tabung_kecil"], row["p_tabung_sedang"]) == ("101", "890", "15.5")


async def test_the_corrected_file_itself_can_be_sent_back(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    rows = spoiled(oxygen())[:40]
    at = (await upload(visitor, "oksigen", workbook(rows, OXYGEN))).headers["location"]
    await confirm(visitor, at)
    book = load_workbook(io.BytesIO((await visitor.get(f"{at}/berkas.xlsx")).content))
    sheet = book["Data"]
    for number, row in enumerate(sheet.iter_rows(min_row=2)):
        for place, cell in enumerate(row):
            if cell.comment is not None:
                sheet.cell(number + 2, place + 1, oxygen()[number][place])
    into = io.BytesIO()
    book.save(into)
    at = (await upload(visitor, "oksigen", into.getvalue())).headers["location"]
    assert counts((await confirm(visitor, at)).text) == {"stored": 3, "same": 37}


async def test_two_uploads_of_one_file_are_confirmed_and_nothing_is_there_twice(
    service: Service, hospital: Hospital
) -> None:
    """Also where the service would take the same record twice: a mother without a NIK is not recognised."""
    visitor = await somebody(service, hospital)
    head = ["nik_ibu", "nama_ibu", "nama_anak", "tgllahir", "gender", "alamat", "provinsi", "kabkota", "kecamatan"]
    head += ["tgl_ambil_sampel", "tgl_kirim_sampel", "tgl_lapor"]
    days = ["2022-11-25", "2022-11-27", "2022-11-28", "2022-11-29"]
    rest = ["Laki-Laki", "Jalan Contoh 1", "34", "3404", "DEPOK", *days[1:]]
    rows = [["0000000000000000", "Ibu Contoh", f"By Ny Contoh {n}", days[0], *rest] for n in range(3)] + [
        ["9999000000000011", "Ibu Contoh", "By Ny Contoh", days[0], *rest]
    ]
    body = text([head, *rows], ";")
    one = (await upload(visitor, "shk", body)).headers["location"]
    two = (await upload(visitor, "shk", body)).headers["location"]
    assert counts((await confirm(visitor, one)).text) == {"stored": 4}
    # The second says of each row that it is stored, and by which receipt: the first one's.
    assert counts((await confirm(visitor, two)).text) == {"stored": 4}
    three = (await upload(visitor, "shk", body)).headers["location"]
    assert counts((await visitor.get(three)).text) == {"same": 4}
    written = [line for line in journal(service.database, hospital.code, "shk") if line["verb"] == "add"]
    assert len(written) == 4
    assert "9999000000000011" not in (await visitor.get(one)).text


async def test_a_deleted_record_comes_back_by_the_same_file(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    body = text([["id_tt", "ruang", "jumlah_ruang", "jumlah", "terpakai"], ["3", "Mawar", "1", "4", "2"]])
    at = (await upload(visitor, "tempat_tidur", body)).headers["location"]
    assert counts((await confirm(visitor, at)).text) == {"stored": 1}
    rooms = (await hospital.send("GET", "/Fasyankes")).json()["fasyankes"]
    number = next(room["id_t_tt"] for room in rooms if room["ruang"] == "Mawar")
    await hospital.send("DELETE", "/Fasyankes", {"id_t_tt": number})
    at = (await upload(visitor, "tempat_tidur", body)).headers["location"]
    assert counts((await confirm(visitor, at)).text) == {"stored": 1}
    rooms = (await hospital.send("GET", "/Fasyankes")).json()["fasyankes"]
    assert [room["jumlah"] for room in rooms if room["ruang"] == "Mawar"] == ["4"]


async def test_a_changed_row_shows_what_it_changes_and_somebody_else_is_not_overwritten(
    service: Service, hospital: Hospital
) -> None:
    visitor = await somebody(service, hospital)
    head = ["tanggal", "p_cair"]
    at = (await upload(visitor, "oksigen", text([head, ["2024-01-01", "1"]]))).headers["location"]
    await confirm(visitor, at)
    at = (await upload(visitor, "oksigen", text([head, ["2024-01-01", "2"]]))).headers["location"]
    page = await visitor.get(at)
    assert counts(page.text) == {"change": 1}
    assert "<del>1</del> → <ins>2</ins>" in page.text
    await hospital.send("POST", "/Logistik/oksigen", {"tanggal": "2024-01-01", "p_cair": "7"})
    page = await confirm(visitor, at)
    assert counts(page.text) == {"unsent": 1}
    assert "Diubah orang lain" in page.text
    [row] = (await hospital.send("GET", "/Logistik/oksigen", {"tanggal": "2024-01-01"})).json()["Oksigenasi"]
    assert row["p_cair"] == "7"


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("semicolons and a byte order mark", lambda rows: b"\xef\xbb\xbf" + text(rows, ";")),
        ("tabs", lambda rows: text(rows, "\t")),
        ("Windows-1252", lambda rows: text(rows, ";", "windows-1252")),
        ("sep=", lambda rows: b"sep=;\r\n" + text(rows, ";")),
    ],
)
async def test_csv_as_programs_write_it(
    service: Service, hospital: Hospital, what: str, make: Callable[[list[list[str]]], bytes]
) -> None:
    visitor = await somebody(service, hospital)
    head = ["ID_TT", "Nama ruang", "jumlah_ruang", "jumlah", "terpakai", "catatan"]
    body = make([head, ["03", "Melati é", "1", "4", "2", "x"], [], ["5", "Anggrek", "1", "4", "2", ""]])
    at = (await upload(visitor, "tempat_tidur", body)).headers["location"]
    page = await visitor.get(at)
    assert counts(page.text) == {"new": 2}
    assert "tidak dikenal dan diabaikan: catatan" in page.text
    assert ("Windows-1252" in page.text) == (what == "Windows-1252")
    assert "Melati é" in page.text


async def test_leading_zeros_dates_and_long_numbers(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    head = ["kodebooking", "jenispasien", "nik", "kodepoli", "tanggalperiksa", "estimasidilayani"]
    rows = [
        ["00012", "JKN", "9999000000000011", "001", datetime(2024, 4, 2), datetime(2024, 4, 2, 9, 0)],
        ["00013", "JKN", 9999000000000011, "001", "2024-04-02", "2024-04-02 09:00"],
    ]
    at = (await upload(visitor, "antrian", workbook(rows, head))).headers["location"]
    page = await visitor.get(at)
    assert counts(page.text) == {"wrong": 1, "new": 1}
    assert "sudah dibulatkan" in page.text
    await confirm(visitor, at)
    [row] = (await hospital.send("GET", "/Antrian", {"tanggal": "2024-04-02"})).json()["antrian"]
    assert (row["kodebooking"], row["nik"], row["kodepoli"]) == ("00012", "9999000000000011", "001")
    assert row["estimasidilayani"] == str(int(datetime(2024, 4, 2, 2, 0, tzinfo=UTC).timestamp() * 1000))


async def test_rows_about_one_record_are_told(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    body = text([["tanggal", "p_cair"], ["2024-01-01", "1"], ["2024-01-01", "2"]])
    at = (await upload(visitor, "oksigen", body)).headers["location"]
    page = await visitor.get(at)
    assert counts(page.text) == {"wrong": 1, "new": 1}
    assert "data yang sama dengan baris 2" in page.text
    back = (await visitor.get(f"{at}/berkas.csv")).content.decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(back)))
    assert [row[-1] for row in found] == ["kesalahan", "", "Baris ini tentang data yang sama dengan baris 2"]
    assert counts((await visitor.get((await upload(visitor, "oksigen", back.encode())).headers["location"])).text)


@pytest.mark.parametrize("report", REPORTS, ids=lambda r: r.name)
async def test_a_template_is_a_file_that_can_be_sent_back(service: Service, hospital: Hospital, report: Any) -> None:
    visitor = await somebody(service, hospital)
    names = [c.name for c in columns(report)]
    for form in ("xlsx", "csv"):
        answer = await visitor.get(f"/lembar/{report.name}/templat.{form}")
        assert answer.status_code == 200
        empty = await upload(visitor, report.name, answer.content)
        assert empty.status_code == 422
        assert "tidak berisi baris data" in empty.text
    book = load_workbook(io.BytesIO((await visitor.get(f"/lembar/{report.name}/templat.xlsx")).content))
    sheet = book["Data"]
    assert [c.value for c in sheet[1]] == names
    rules = sheet.data_validations.dataValidation
    bounded = [c for c in columns(report) if c.kind is not None and (c.holds != "code" or c.of)]
    assert len(rules) == len(bounded)
    assert [sheet.column_dimensions[get_column_letter(n)].number_format for n in range(1, len(names) + 1)] == [
        {"text": "@", "code": "@", "day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss"}.get(c.holds, "General")
        for c in columns(report)
    ]


async def test_only_whoever_uploaded_sees_the_upload(service: Service, hospital: Hospital) -> None:
    visitor = await somebody(service, hospital)
    at = (await upload(visitor, "oksigen", text([["tanggal"], ["2024-01-01"]]))).headers["location"]
    other = await somebody(service, hospital, "admin-rs")
    assert (await other.get(at)).status_code == 404
    assert (await other.get(f"{at}/berkas.csv")).status_code == 404
