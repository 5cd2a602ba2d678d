"""COVID-19 patients and deaths through the pages, seen again through the patient API."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.hospital import Hospital, Service
from tests.patients.api import DEATH, REPORT, client_of, report
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
PARTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "diagnosa": ({"diagnosaId": "U07.1", "diagnosaLevelId": "1"}, {"diagnosaId": "J18.9", "diagnosaLevelId": "2"}),
    "komorbid": ({"komorbidId": "E11"}, {"komorbidId": "I10"}),
    "terapi": ({"terapiId": "1", "jumlahTerapi": "4"}, {"terapiId": "1", "jumlahTerapi": "6.5"}),
    "vaksinasi": ({"dosisVaksinId": "1", "jenisVaksinId": "1"}, {"dosisVaksinId": "2", "jenisVaksinId": "1"}),
    "pemeriksaanlab": (
        {"jenisPemeriksaanLabId": "1", "hasilPemeriksaanLabId": "1", "tanggalHasilPemeriksaanLab": "2026-02-02"},
        {"jenisPemeriksaanLabId": "1", "hasilPemeriksaanLabId": "0", "tanggalHasilPemeriksaanLab": "2026-02-03"},
    ),
}
LEFT = {"tanggalKeluar": "2026-02-09", "statusKeluarId": "1"}


def typed(**changed: Any) -> dict[str, str]:
    """A form as a person fills it in: what a body holds, flat, blanks for null."""
    body = report(**changed)
    flat = {**{k: v for k, v in body.items() if k != "gejala"}, **body["gejala"]}
    return {name: "" if value is None else str(value) for name, value in flat.items()}


async def officer(service: Service, hospital: Hospital, role: str = "petugas") -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{role}-{hospital.code}", role, code=hospital.code))
    return visitor


async def fill(visitor: Visitor, page: str, action: str, data: Mapping[str, str], **more: str) -> httpx.Response:
    """Send one of the forms of a page."""
    html = (await visitor.get(page)).text
    found = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    assert found is not None, action
    return await visitor.send(action, {**dict(_HIDDEN.findall(found[0])), **data, **more})


async def admitted(visitor: Visitor, **changed: Any) -> tuple[str, dict[str, str]]:
    """Admit somebody; the address of their page, and what was typed."""
    said = typed(**changed)
    answer = await fill(visitor, "/pasien/baru", "/pasien/baru", said)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0], said


async def test_an_admission_goes_round(service: Service, hospital: Hospital) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    page, said = await admitted(visitor, noRM="RM-CONTOH-22", email="")
    number = page.rpartition("/")[2]
    seen = (await client.send("GET", f"{REPORT}/{number}")).json()["data"]
    assert seen["noRM"] == "RM-CONTOH-22"
    assert seen["email"] is None
    assert seen["kelompokGejala"]["id"] == 1
    listed = (await visitor.get("/pasien")).text
    assert page in listed
    for secret in (said["nik"], said["namaLengkapPasien"], said["noRM"]):
        assert secret not in listed
    shown = (await visitor.get(page)).text
    assert f'value="{said["nik"]}"' in shown
    found = await visitor.post("/pasien/cari", {"norm": "RM-CONTOH-22"}, page="/pasien")
    assert found.headers["location"] == page
    assert (await visitor.post("/pasien/cari", {"norm": "RM-LAIN"}, page="/pasien")).status_code == 404
    changed = await fill(visitor, page, page, {**said, "namaLengkapPasien": "Pasien Contoh Dua", "noTelp": "0811"})
    assert changed.status_code == 303
    assert "Pasien Contoh Dua" in (await visitor.get(page)).text
    with transaction(service.database) as access:
        lines = [x for x in audit.lines(access, code=hospital.code) if x["object"] == "pasien_covid"]
    assert {x["source"] for x in lines if x["verb"] in ("add", "replace")} == {"web"}
    assert sum(x["verb"] == "view" for x in lines) >= 2


async def test_what_is_refused_stays_in_the_form_with_the_words_of_the_api(
    service: Service, hospital: Hospital
) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"tanggalLahir": "2090-01-01"}, "tanggalLahir"),
        ({"statusRawatId": 24}, "statusRawatId"),
        ({"alatOksigenId": 2}, "alatOksigenId"),
        ({"noRM": ""}, "noRM"),
        ({"kewarganegaraanId": "MY"}, "noPassport"),
        ({"kelompokGejalaId": 9}, "kelompokGejalaId"),
    ]
    for changed, member in cases:
        said = typed(**changed)
        refused = await client.send("POST", REPORT, report(**changed))
        assert refused.status_code >= 400, changed
        answer = await fill(visitor, "/pasien/baru", "/pasien/baru", said)
        assert answer.status_code == 422, changed
        field = re.search(rf'id="f-{member}-kata">\s*<div class="invalid-feedback', answer.text)
        assert field is not None, member
        assert f'value="{said["namaLengkapPasien"]}"' in answer.text
    # A symptom that was not answered is told beside its own field, inside its group.
    answer = await fill(visitor, "/pasien/baru", "/pasien/baru", typed() | {"demamId": ""})
    assert re.search(r'id="f-demamId-kata">\s*<div class="invalid-feedback', answer.text) is not None
    assert "Tidak ada pasien" in (await visitor.get("/pasien")).text


async def test_nobody_is_admitted_twice_and_a_double_click_does_nothing(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    said = typed()
    hidden = dict(_HIDDEN.findall((await visitor.get("/pasien/baru")).text))
    first = await visitor.send("/pasien/baru", {**hidden, **said})
    again = await visitor.send("/pasien/baru", {**hidden, **said})
    assert (first.status_code, again.status_code) == (303, 303)
    other = await fill(visitor, "/pasien/baru", "/pasien/baru", said)
    assert other.status_code == 409
    assert "masih dirawat di sini" in other.text
    assert "1 dirawat" in (await visitor.get("/pasien")).text


@pytest.mark.parametrize("name", PARTS)
async def test_a_part_is_added_corrected_and_taken_away(service: Service, hospital: Hospital, name: str) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    page, _ = await admitted(visitor)
    said, better = PARTS[name]

    async def told() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await client.send("GET", f"{REPORT}{name}")).json()["data"]
        return rows

    first = next(iter(said))
    wrong = await fill(visitor, page, f"{page}/{name}", said | {first: ""})
    assert wrong.status_code == 422
    assert re.search(rf'id="{name}-baru-{first}-kata">\s*<div class="invalid-feedback', wrong.text) is not None
    assert await told() == []
    assert (await fill(visitor, page, f"{page}/{name}", said)).status_code == 303
    [row] = await told()
    one = f"{page}/{name}/{row['id']}"
    assert (await fill(visitor, page, one, better)).status_code == 303
    [now] = await told()
    assert now["id"] == row["id"]
    assert now != row
    # Two people at once: the second sees that it changed.
    stale = await fill(visitor, page, one, said, versi="1", kirim="lain-lagi-1234")
    assert stale.status_code == 409
    assert (await fill(visitor, page, one, better, hapus="1")).status_code == 303
    assert await told() == []


async def test_a_discharge_and_its_correction(service: Service, hospital: Hospital) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    page, said = await admitted(visitor)
    early = await fill(visitor, page, f"{page}/keluar", LEFT | {"tanggalKeluar": "2026-01-01"})
    assert early.status_code == 422
    assert re.search(r'id="keluar-tanggalKeluar-kata">\s*<div class="invalid-feedback', early.text) is not None
    assert (await fill(visitor, page, f"{page}/keluar", LEFT)).status_code == 303
    assert (await client.send("GET", REPORT)).json()["data"] == []
    assert page not in (await visitor.get("/pasien")).text
    assert page in (await visitor.get("/pasien?semua=1")).text
    shown = (await visitor.get(page)).text
    assert "keluar 9 Februari 2026" in shown
    died = {"tanggalKeluar": "2026-02-10", "statusKeluarId": "2", "penyebabKematianLangsungId": ""}
    assert (await fill(visitor, page, f"{page}/keluar", died)).status_code == 303
    assert "keluar 10 Februari 2026" in (await visitor.get(page)).text
    # The identity is free for another stay.
    assert (await fill(visitor, "/pasien/baru", "/pasien/baru", said)).status_code == 303


async def test_a_wrong_report_goes_with_its_parts(service: Service, hospital: Hospital) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    page, _ = await admitted(visitor)
    await fill(visitor, page, f"{page}/komorbid", PARTS["komorbid"][0])
    assert (await fill(visitor, page, f"{page}/hapus", {})).status_code == 303
    assert (await visitor.get(page)).status_code == 404
    assert (await client.send("GET", f"{REPORT}komorbid")).json()["data"] == []


async def test_patients_of_another_hospital_are_not_there(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    page, _ = await admitted(visitor, noRM="RM-RAHASIA")
    other = await officer(service, service.hospital())
    assert (await other.get(page)).status_code == 404
    for action in ("", "/hapus", "/keluar", "/komorbid", "/komorbid/1"):
        answer = await other.post(f"{page}{action}", {}, page="/pasien/baru")
        assert answer.status_code == 404, action
    assert (await other.post("/pasien/cari", {"norm": "RM-RAHASIA"}, page="/pasien")).status_code == 404
    ministry = Visitor(service)
    await ministry.log_in(Person(service.database, f"k-{hospital.code}", "kemenkes"))
    for path in ("/pasien", page, "/kematian", "/saran/kecamatan?cari=depok"):
        assert (await ministry.get(path)).status_code == 403


async def test_a_death_goes_round(service: Service, hospital: Hospital) -> None:
    visitor, client = await officer(service, hospital), await client_of(hospital)
    said = {name: "" if value is None else str(value) for name, value in DEATH.items()}
    wrong = await fill(visitor, "/kematian/baru", "/kematian/baru", said | {"nik": "99990"})
    assert wrong.status_code == 422
    assert re.search(r'id="f-nik-kata">\s*<div class="invalid-feedback', wrong.text) is not None
    answer = await fill(visitor, "/kematian/baru", "/kematian/baru", said)
    assert answer.status_code == 303, answer.text
    [row] = (await client.send("GET", "/api/kematian")).json()["data"]
    assert row["saturasi_oksigen"] == 88.5
    listed = (await visitor.get("/kematian")).text
    assert "Almarhum" not in listed
    page = f"/kematian/{row['id']}"
    assert page in listed
    assert "Almarhum Contoh" in (await visitor.get(page)).text
    changed = await fill(visitor, page, page, said | {"saturasi_oksigen": "90", "nama": "Orang Lain"})
    assert changed.status_code == 303, changed.text
    [row] = (await client.send("GET", "/api/kematian")).json()["data"]
    assert row["saturasi_oksigen"] == 90
    assert "Almarhum Contoh" in (await visitor.get(page)).text
    assert (await fill(visitor, page, f"{page}/hapus", {})).status_code == 303
    assert (await client.send("GET", "/api/kematian")).json()["data"] == []


async def test_suggestions_help_while_typing(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    found = (await visitor.get("/saran/kecamatan?cari=depok sleman")).json()
    assert ["340407", "Depok, Kab. Sleman"] in found
    assert (await visitor.get("/saran/kecamatan?cari=")).json() == []
    codes = [code for code, _ in (await visitor.get("/saran/icd10?cari=J18")).json()]
    assert codes[0] == "J18"
    assert "J18.9" in codes
    assert any("pneumonia" in text.lower() for _, text in (await visitor.get("/saran/icd10?cari=pneumonia")).json())
