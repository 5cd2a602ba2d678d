"""The safety net through the pages: a high TSH is heard of until somebody acts; a person puts records together."""

import re
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


def today() -> Any:
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


def placed(service: Service, regency: str) -> Hospital:
    made = service.hospital()
    statement = "UPDATE hospital SET kab_kota = :k WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, k=regency, c=made.code)
    return made


async def as_role(service: Service, role: str, **more: str | None) -> Visitor:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{role}-{time.monotonic_ns()}", role, **more))
    return visitor


async def sample(hospital: Hospital, days_ago: int, **more: str) -> int:
    """A newborn's sample; its number."""
    born = today() - timedelta(days=days_ago)
    said = {
        **MESSAGES["shk"],
        "tgllahir": born.isoformat(),
        "tgl_ambil_sampel": (born + timedelta(days=2)).isoformat(),
        "tgl_kirim_sampel": (born + timedelta(days=3)).isoformat(),
        "tgl_lapor": (born + timedelta(days=3)).isoformat(),
        **more,
    }
    answer = await hospital.send("POST", "/Pasien/shk", said)
    assert answer.status_code == 200, answer.text
    return int(next(iter(answer.json().values()))[0]["id_shk"])


async def high(hospital: Hospital, number: int, days_ago: int) -> None:
    """A high TSH of a sample."""
    day = (today() - timedelta(days=days_ago)).isoformat()
    said = {"id_shk": number, "jenis_pemeriksaan": "1", "hasil_pemeriksaan": "2", "layak_sampel": "2"}
    answer = await hospital.send("POST", "/Pasien/hasilShk", {**said, "tgl_periksa": day, "tgl_hasil": day})
    assert answer.status_code == 200, answer.text


async def alarms(visitor: Visitor, code: str) -> dict[str, float]:
    """The alarms at each level, counted anew."""
    told = (await visitor.get(f"/wawasan/shk_alarm_rumah_sakit?wilayah={code}")).status_code
    assert told == 200
    found = {}
    for level in ("rumah_sakit", "kabupaten_kota", "provinsi"):
        page = (await visitor.get(f"/wawasan/shk_alarm_{level}?wilayah={code}")).text
        counted = re.search(r'id="dihitung">(\d+)<', page)
        assert counted is not None
        found[level] = float(counted[1])
    return found


async def test_a_high_tsh_is_heard_of_at_each_level_until_somebody_acts(service: Service) -> None:
    hospital = placed(service, "6301")
    number = await sample(hospital, 20)
    await high(hospital, number, 0)
    officer = await as_role(service, "petugas", code=hospital.code)
    province = await as_role(service, "dinkes", region="63")
    elsewhere = await as_role(service, "dinkes", region="64")
    # On the very day it is the hospital's business; the other levels hear of it when nothing was done for days.
    assert await alarms(officer, hospital.code) == {"rumah_sakit": 1, "kabupaten_kota": 0, "provinsi": 0}
    statement = (
        "UPDATE shk_hasil SET tgl_hasil = :d, received_at = received_at - :ms WHERE id_shk = :n RETURNING id_shk"
    )
    earlier = today() - timedelta(days=5)
    day = earlier.isoformat() if service.database.embedded else earlier
    assert rows(service.database, statement, d=day, ms=5 * 86_400_000, n=number)
    assert await alarms(province, hospital.code) == {"rumah_sakit": 1, "kabupaten_kota": 1, "provinsi": 1}
    assert (await elsewhere.get(f"/wawasan/shk_alarm_provinsi?wilayah={hospital.code}")).status_code == 404
    page = f"/shk/{number}"
    done = {"tindakan": "recalled", "hari": today().isoformat()}
    for _ in range(2):
        assert (await officer.post(f"{page}/tindakan", done, page=page)).status_code == 303
    # Reached today: the confirmation has its own days now.
    assert (await alarms(province, hospital.code))["provinsi"] == 0
    assert (await officer.get(page)).text.count("Keluarga dihubungi untuk datang lagi <span") == 1
    treated = {"tindakan": "treated", "hari": today().isoformat()}
    assert (await officer.post(f"{page}/tindakan", treated, page=page)).status_code == 303
    assert await alarms(officer, hospital.code) == {"rumah_sakit": 0, "kabupaten_kota": 0, "provinsi": 0}
    with transaction(service.database) as access:
        lines = [x for x in audit.lines(access, code=hospital.code) if x["object"] == "shk_action"]
    assert [x["verb"] for x in lines] == ["add", "add"]


async def test_what_was_done_needs_a_day_that_is_over_and_a_child_of_ones_own(service: Service) -> None:
    hospital = placed(service, "6302")
    number = await sample(hospital, 9)
    officer = await as_role(service, "petugas", code=hospital.code)
    page, tomorrow = f"/shk/{number}", (today() + timedelta(days=1)).isoformat()
    for said in ({"tindakan": "recalled", "hari": tomorrow}, {"tindakan": "x", "hari": today().isoformat()}):
        assert (await officer.post(f"{page}/tindakan", said, page=page)).status_code == 422
    other = await as_role(service, "petugas", code=placed(service, "6302").code)
    said = {"tindakan": "recalled", "hari": today().isoformat()}
    assert (await other.post(f"{page}/tindakan", said, page="/shk/baru")).status_code == 404
    assert "Belum ada tindakan" in (await officer.get(page)).text


async def test_two_records_of_one_child_are_put_together_by_a_person(service: Service) -> None:
    hospital = placed(service, "6303")
    same = {"nik_ibu": "0" * 16, "nama_ibu": "Siti Contoh Aminah", "nama_anak": "By Ny Siti"}
    first = await sample(hospital, 12, **same)
    second = await sample(hospital, 12, **same | {"nama_ibu": "Sitti Contoh Aminah"})
    third = await sample(hospital, 12, **same | {"nama_ibu": "Maria Contoh Yuliana", "nama_anak": "By Ny Maria"})
    officer = await as_role(service, "petugas", code=hospital.code)
    shown = (await officer.get("/shk-gabungan")).text
    assert f'value="{first}-{second}"' in shown
    assert f'-{third}"' not in shown
    answer = await officer.post("/shk-gabungan", {"pasangan": f"{first}-{second}", "sama": "1"})
    assert answer.status_code == 303
    assert "Tidak ada yang perlu diputuskan" in (await officer.get("/shk-gabungan")).text
    page = (await officer.get("/wawasan/shk_sampel_tepat_waktu")).text
    whole = re.search(r'id="semua">(\d+)<', page)
    assert whole is not None
    assert whole[1] == "2"
    # Whoever was wrong says so.
    assert (await officer.post("/shk-gabungan", {"pasangan": f"{second}-{first}", "sama": "0"})).status_code == 303
    page = (await officer.get("/wawasan/shk_sampel_tepat_waktu")).text
    whole = re.search(r'id="semua">(\d+)<', page)
    assert whole is not None
    assert whole[1] == "3"
    for wrong in ("", "1", f"{first}-{first}", "a-b"):
        assert (await officer.post("/shk-gabungan", {"pasangan": wrong, "sama": "1"})).status_code == 422
    other = await as_role(service, "petugas", code=placed(service, "6303").code)
    assert (await other.post("/shk-gabungan", {"pasangan": f"{first}-{second}", "sama": "1"})).status_code == 404
