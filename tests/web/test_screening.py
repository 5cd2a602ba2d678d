"""Newborn screening through the pages: a sample, its result, corrections; persons masked and views journaled."""

import re

import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
SAMPLE = {k: str(v) for k, v in MESSAGES["shk"].items()}
RESULT = {k: str(v) for k, v in MESSAGES["shk_hasil"].items()}


async def test_a_sample_and_its_result_go_round(service: Service, hospital: Hospital) -> None:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"shk-{hospital.code}", "petugas", code=hospital.code))
    wrong = await visitor.post("/shk/baru", {**SAMPLE, "tgllahir": "kemarin"})
    assert wrong.status_code == 422
    assert "gagal dibaca sebagai tanggal" in wrong.text
    assert (await visitor.post("/shk/baru", SAMPLE)).status_code == 303
    listed = (await visitor.get("/shk")).text
    assert SAMPLE["nik_ibu"] not in listed
    assert "Ibu Contoh" not in listed
    assert SAMPLE["nik_ibu"][-4:] in listed
    assert "menunggu hasil" in listed
    [number] = re.findall(r'href="/shk/([0-9]+)"', listed)
    one = f"/shk/{number}"
    assert f'value="{SAMPLE["nik_ibu"]}"' in (await visitor.get(one)).text
    bad = await visitor.post(f"{one}/hasil", {**RESULT, "tgl_hasil": "2023-13-01"}, page=one)
    assert bad.status_code == 422
    assert (await visitor.post(f"{one}/hasil", RESULT, page=one)).status_code == 303
    rows = next(iter((await hospital.send("GET", f"/Pasien/hasilShk?id_shk={number}")).json().values()))
    assert [row["tgl_hasil"] for row in rows] == ["2023-01-02"]
    assert "menunggu hasil" not in (await visitor.get("/shk")).text
    changed = await visitor.post(one, {**SAMPLE, "alamat": "Jalan Contoh 2"})
    assert changed.status_code == 303
    with transaction(service.database) as access:
        lines = list(audit.lines(access, code=hospital.code))
    assert [x["verb"] for x in lines if x["object"] == "shk"] == ["add", "view", "view", "view", "view", "replace"]
    assert (await visitor.post(f"{one}/hapus", {}, page=one)).status_code == 303
    assert (await visitor.get(one)).status_code == 404
    back = await visitor.get("/terhapus")
    assert "Ibu Contoh" not in back.text


async def test_samples_of_another_hospital_are_not_there(service: Service, hospital: Hospital) -> None:
    other = service.hospital()
    number = next(iter((await other.send("POST", "/Pasien/shk", SAMPLE)).json().values()))[0]["id_shk"]
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"shk-{hospital.code}", "petugas", code=hospital.code))
    assert (await visitor.get(f"/shk/{number}")).status_code == 404
    assert (await visitor.post(f"/shk/{number}/hapus", {}, page="/shk/baru")).status_code == 404
