"""Insight through its pages: every number with the rows behind it, and nobody sees beyond their region."""

import asyncio
import io
import re
import time
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from rsonline.insight.catalogue import FIGURES
from rsonline.insight.trends import TRENDS
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
FREE = "tempat_tidur_kosong"


def placed(service: Service, regency: str) -> Hospital:
    """A hospital in a regency."""
    made = service.hospital()
    statement = "UPDATE hospital SET kab_kota = :k WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, k=regency, c=made.code)
    return made


async def as_role(service: Service, role: str, **more: str | None) -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{role}-{time.monotonic_ns()}", role, **more))
    return visitor


async def filled(hospital: Hospital) -> None:
    """Something of every sort, with what is left out for a reason."""
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
    yesterday = (today - timedelta(days=1)).isoformat()
    born = today - timedelta(days=30)
    sample = {"tgllahir": born.isoformat(), "nik_ibu": f"9999{int(hospital.code):012}"}
    sample |= {"tgl_ambil_sampel": (born + timedelta(days=2)).isoformat()}
    sample |= {name: (born + timedelta(days=3)).isoformat() for name in ("tgl_kirim_sampel", "tgl_lapor")}
    said: list[tuple[str, dict[str, Any]]] = [
        ("/Fasyankes", MESSAGES["tempat_tidur"]),
        ("/Fasyankes", {**MESSAGES["tempat_tidur"], "ruang": "Penuh", "jumlah": "2", "terpakai": "5"}),
        ("/Fasyankes/sdm", MESSAGES["sdm"]),
        ("/Fasyankes/apd", MESSAGES["apd"]),
        ("/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": yesterday}),
        ("/Pasien/pcr_nakes", {**MESSAGES["pcr_nakes"], "tanggal": yesterday}),
        ("/Pasien/harian_nakes_terinfeksi", {**MESSAGES["nakes_terinfeksi"], "tanggal": yesterday}),
        ("/Pasien/shk", {**MESSAGES["shk"], **sample}),
    ]
    clock = datetime.combine(today - timedelta(days=1), datetime.min.time(), ZoneInfo("Asia/Jakarta"))
    for number, waited in enumerate((20, 90, None)):
        code = f"KUNJUNGAN-{hospital.code}-{number}"
        said.append(("/Antrian", {**MESSAGES["antrian"], "kodebooking": code, "tanggalperiksa": yesterday}))
        for step, minutes in ((3, 0), (4, waited)):
            if minutes is not None:
                at = clock + timedelta(hours=9, minutes=minutes)
                said.append(
                    ("/Antrian/Task", {"kodebooking": code, "taskid": step, "waktu": int(at.timestamp() * 1000)})
                )
    for path, body in said:
        answer = await hospital.send("POST", path, body)
        assert answer.status_code == 200, answer.text


def whole(page: str, id: str) -> int:
    """A number of the page by its id."""
    found = re.search(rf'id="{id}">([\d.]+)<', page)
    assert found is not None, id
    return int(found[1].replace(".", ""))


def listed(page: str) -> tuple[int, int]:
    """How many rows of the list are counted, and how many are not."""
    return page.count('<span class="badge bg-success-lt">ya</span>'), len(re.findall(r"<td>tidak: [A-ZÀ-ž]", page))


@pytest.mark.parametrize("role", ["petugas", "admin-rs", "dinkes", "kemenkes"])
async def test_each_figure_has_as_many_rows_behind_it_as_it_says(service: Service, role: str) -> None:
    hospital = placed(service, "1401")
    await filled(hospital)
    own = {"code": hospital.code} if role in ("petugas", "admin-rs") else {}
    own |= {"region": "14"} if role == "dinkes" else {}
    visitor = await as_role(service, role, **own)
    asked = "" if own else f"?wilayah={hospital.code}"
    some = False
    for key, (_, figure) in FIGURES.items():
        answer = await visitor.get(f"/wawasan/{key}{asked or f'?wilayah={hospital.code}'}")
        assert answer.status_code == 200, key
        page = answer.text
        counted, left_out = listed(page)
        assert counted == whole(page, "dihitung"), key
        assert counted + left_out == whole(page, "semua"), key
        assert figure.indicator.formula.id.split("≥")[0][:12] in page.replace("&#39;", "'").replace("&lt;", "<")
        assert "Ibu Contoh" not in page
        assert "9999" not in page
        some = some or counted > 0
    assert some


async def test_occupancy_is_looked_back_at(service: Service) -> None:
    hospital = placed(service, "1406")
    await filled(hospital)
    statement = "UPDATE bed_history SET at = at - :ms WHERE kode_rs = :c RETURNING kode_rs"
    # Four days and four hours ago: four evenings since then.
    assert rows(service.database, statement, ms=100 * 3_600_000, c=hospital.code)
    visitor = await as_role(service, "petugas", code=hospital.code)
    assert "/wawasan/tren/hunian_harian" in (await visitor.get("/wawasan/hunian_sekarang")).text
    page = (await visitor.get("/wawasan/tren/hunian_harian")).text
    # Eight patients in nine beds, at the end of each day since; in the picture and in the table.
    evenings = page.count('data-teks="88,9 %"')
    assert evenings in (4, 5)
    assert page.count('<td class="text-end text-nowrap">88,9 %</td>') == evenings
    assert "BOR (potret)" in page
    assert "bukan dari hari perawatan" in page
    assert "AvLOS, TOI dan BTO memerlukan data lain" in page
    assert "/wawasan/tren" not in (await visitor.get("/wawasan/tempat_tidur_kosong")).text


async def test_days_of_a_region_are_those_of_its_hospitals(service: Service) -> None:
    inside = [placed(service, "1702"), placed(service, "1702")]
    outside = placed(service, "1902")
    for hospital in (*inside, outside):
        await filled(hospital)
    statement = "UPDATE bed_history SET at = at - :ms WHERE kode_rs = :c RETURNING kode_rs"
    for hospital, days in ((inside[0], 10), (inside[1], 5), (outside, 20)):
        assert rows(service.database, statement, ms=days * 86_400_000, c=hospital.code)
    office = await as_role(service, "dinkes", region="1702")
    for key, trend in TRENDS.items():
        told = (await office.get(f"/api/wawasan/tren/{key}")).json()
        assert told["wilayah"]["kode"] == "1702"
        assert (told["rumah_sakit"], told["sudah_dihitung"]) == (2, 2)
        assert len(told["hari"]) == 30
        parts = {each["kode"]: each for each in told["bagian_wilayah"]}
        assert set(parts) == {each.code for each in inside}
        own = [(await office.get(f"/api/wawasan/tren/{key}?wilayah={each.code}")).json() for each in inside]
        for day, *ones in zip(told["hari"], *(each["hari"] for each in own), strict=True):
            assert {each["tanggal"] for each in ones} == {day["tanggal"]}
            assert day["dihitung"] == sum(each["dihitung"] for each in ones)
            for name in trend.names:
                assert day["bagian"].get(name, 0) == sum(each["bagian"].get(name, 0) for each in ones)
        assert [each.get("seluruhnya", {}).get("nilai") for each in own] == [
            parts[each.code].get("seluruhnya", {}).get("nilai") for each in inside
        ]
    told = (await office.get("/api/wawasan/tren/hunian_harian")).json()
    assert [day["bagian"].get("jumlah") for day in told["hari"][-8:]] == [9, 9, 9, 18, 18, 18, 18, 18]
    assert told["seluruhnya"]["indikator"] == "bor_potret"
    assert told["seluruhnya"]["bagian"] == {"jumlah": 9 * 10 + 9 * 5, "terpakai": 8 * 10 + 8 * 5}
    infected = (await office.get("/api/wawasan/tren/nakes_terinfeksi")).json()
    assert (infected["hari"][-1]["nilai"], infected["hari"][-1]["rumah_sakit"]) == (16, 2)
    assert infected["hari"][-2]["nilai"] is None
    assert (await office.get(f"/wawasan/tren/hunian_harian?wilayah={outside.code}")).status_code == 404
    assert (await office.get("/wawasan/tren/tidak_ada")).status_code == 404
    answer = await office.get("/wawasan/tren/hunian_harian?hari=31")
    assert answer.status_code == 422
    assert "hari: pilih 30, 90 atau 365" in answer.text
    for path in ("/wawasan/tren/hunian_harian?hari=365", "/wawasan/tren?wilayah=1702"):
        assert outside.code not in (await office.get(path)).text


async def test_days_go_out_as_files_and_as_a_picture(service: Service) -> None:
    hospital = placed(service, "1703")
    await filled(hospital)
    rows(
        service.database,
        "UPDATE bed_history SET at = at - :ms WHERE kode_rs = :c RETURNING kode_rs",
        ms=3 * 86_400_000,
        c=hospital.code,
    )
    office = await as_role(service, "dinkes", region="1703")
    answer = await office.get("/wawasan/tren/hunian_harian/hari.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][:6] == ("kode", "nama", "tanggal", "nilai", "terpakai", "jumlah")
    assert len(lines) == 1 + 30 + 30
    assert [line[4:6] for line in lines[28:31]] == [(8, 9)] * 3
    text = (await office.get("/wawasan/tren/hunian_harian/hari.csv?hari=90")).text
    assert len(text.splitlines()) == 181
    for language, number in (("id", "88,9 %"), ("en", "88.9 %")):
        office.client.cookies.set("bahasa", language)
        answer = await office.get("/wawasan/tren/hunian_harian/gambar.svg")
        assert answer.headers["content-type"] == "image/svg+xml"
        ElementTree.fromstring(answer.text)  # noqa: S314 (our own)
        assert answer.text.count(f"{number}</title>") in (3, 4)


async def test_waiting_times_are_of_days_that_are_over(service: Service) -> None:
    hospital = placed(service, "6110")
    await filled(hospital)
    visitor = await as_role(service, "dinkes", region="6110")
    told = (await visitor.get("/api/wawasan/waktu_tunggu_rawat_jalan")).json()
    # Of three visits one has no doctor; of the others one waited 20 minutes, one 90.
    assert (told["nilai"], told["dihitung"], told["tidak_dihitung"]) == (50, 2, {"no_end": 1})
    assert told["kelompok"]["INT"]["nilai"] == 50
    median = (await visitor.get("/api/wawasan/tunggu_poli")).json()
    assert (median["nilai"], median["bagian"]) == (55, {"paling_sedikit": 20, "p90": 83})
    page = (await visitor.get("/wawasan/waktu_tunggu_rawat_jalan")).text
    assert whole(page, "dihitung") == 2
    assert "KUNJUNGAN" not in page


async def test_nobody_sees_beyond_their_region(service: Service) -> None:
    inside, outside = placed(service, "1402"), placed(service, "1502")
    for hospital in (inside, outside):
        await filled(hospital)
    province, regency = await as_role(service, "dinkes", region="14"), await as_role(service, "dinkes", region="1402")
    officer = await as_role(service, "petugas", code=inside.code)
    for visitor in (province, regency, officer):
        for beyond in (outside.code, "15", "1502"):
            for path in ("/wawasan", f"/wawasan/{FREE}", f"/api/wawasan/{FREE}", f"/wawasan/{FREE}/baris.csv"):
                answer = await visitor.get(f"{path}?wilayah={beyond}")
                assert answer.status_code == 404, (path, beyond)
                assert outside.code not in answer.text.replace(f"wilayah={beyond}", "")
        page = (await visitor.get("/wawasan")).text
        assert outside.code not in page
        assert "Indonesia" not in page
    assert (await regency.get("/wawasan?wilayah=14")).status_code == 404
    assert (await province.get("/wawasan?wilayah=1402")).status_code == 200
    assert (await officer.get(f"/wawasan?wilayah={inside.code}")).status_code == 200
    operator = await as_role(service, "operator")
    assert (await operator.get("/wawasan")).status_code == 403
    assert (await Visitor(service).get("/wawasan")).status_code == 303


async def test_programs_get_the_same_numbers(service: Service) -> None:
    hospital = placed(service, "1403")
    await filled(hospital)
    visitor = await as_role(service, "dinkes", region="1403")
    answer = (await visitor.get(f"/api/wawasan/{FREE}")).json()
    # Seven beds, three taken; and a room with more patients than beds, which takes none of them away.
    assert (answer["nilai"], answer["dihitung"], answer["versi"]) == (4, 2, 1)
    assert answer["bagian"]["kelebihan"] == 3
    assert answer["wilayah"] == {"tingkat": "regency", "kode": "1403", "nama": answer["wilayah"]["nama"]}
    assert answer["rumus"]["id"]
    assert [part["kode"] for part in answer["bagian_wilayah"]] == [hospital.code]
    assert sum(part["nilai"] for part in answer["bagian_wilayah"]) == 4
    assert answer["kelompok"] == {"3": {**answer["kelompok"]["3"], "nilai": 4, "dihitung": 2}}
    every = (await visitor.get("/api/wawasan")).json()["ubin"]
    assert set(every) == set(FIGURES)
    assert every[FREE]["nilai"] == 4
    assert (await visitor.get("/api/wawasan/tidak-ada")).status_code == 404
    # The patient API answers for everything else below /api.
    assert (await Visitor(service).get("/api/wawasan-lain")).headers["content-type"].startswith("application/json")


async def test_a_figure_goes_out_as_a_file_and_as_a_picture(service: Service) -> None:
    hospital = placed(service, "1404")
    await filled(hospital)
    visitor = await as_role(service, "kemenkes")
    answer = await visitor.get(f"/wawasan/{FREE}/baris.xlsx?wilayah={hospital.code}")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0] == ("kode_rs", "id_tt", "ruang", "jumlah", "terpakai", "updated_at", "dihitung")
    assert sorted(line[2:5] for line in lines[1:]) == [("Irina A atas", 7, 3), ("Penuh", 2, 5)]
    text = (await visitor.get(f"/wawasan/{FREE}/baris.csv?wilayah={hospital.code}")).text
    assert len(text.splitlines()) == 3
    for where, told in (("?wilayah=1404", f"RS Tiruan {hospital.code}"), ("", "Riau")):
        answer = await visitor.get(f"/wawasan/{FREE}/gambar.svg{where}")
        assert answer.headers["content-type"] == "image/svg+xml"
        ElementTree.fromstring(answer.text)  # noqa: S314 (our own)
        assert told in answer.text


async def test_free_beds_are_for_everybody_and_name_nobody(service: Service) -> None:
    hospital, other = placed(service, "1405"), placed(service, "1505")
    for each in (hospital, other):
        await filled(each)
    anybody = Visitor(service)
    for address in ("/ketersediaan?wilayah=14", "/ketersediaan?wilayah=1405", "/ketersediaan?wilayah=1405&jenis=3"):
        page = ""
        for _ in range(60):
            # Figures are at most a minute old: the test asks again instead of waiting for that.
            page = (await anybody.get(address)).text
            if hospital.code in page:
                break
            await asyncio.sleep(0.5)
        assert f"RS Tiruan {hospital.code}" in page
        assert other.code not in page
        assert "Ibu Contoh" not in page
    answer = await anybody.get("/ketersediaan.json?wilayah=1405&jenis=3")
    assert answer.headers["access-control-allow-origin"] == "*"
    [one] = [each for each in answer.json()["rumah_sakit"] if each["kode_rs"] == hospital.code]
    assert (one["kosong"], one["jumlah"], one["antrian"]) == (4, 9, 0)
    assert (await anybody.get("/ketersediaan?wilayah=1405&jenis=4")).text.count("RS Tiruan") == 0
    for wrong in ("wilayah=99", "wilayah=<script>", "jenis=999", "jenis=%00"):
        assert (await anybody.get(f"/ketersediaan?{wrong}")).status_code == 404
