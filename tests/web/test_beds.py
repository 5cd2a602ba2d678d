"""The table of rooms: saved one by one, confirmed, added, taken away and brought back, by two people at once."""

import re

import pytest

from rsonline.store import audit
from rsonline.store.engines import transaction
from tests.hospital import Hospital, Service
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOM = {"id_tt": "3", "ruang": "Mawar 1", "jumlah_ruang": "1", "jumlah": "4", "terpakai": "2"}


async def officer(service: Service, hospital: Hospital, name: str = "ruang") -> Visitor:
    person = Person(service.database, f"{name}-{hospital.code}", "petugas", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor


async def rooms(hospital: Hospital) -> dict[str, dict[str, str]]:
    """The rooms that the API shows, by name."""
    rows = (await hospital.send("GET", "/Fasyankes")).json()["fasyankes"]
    return {row["ruang"]: row for row in rows if row.get("id_t_tt")}


def hidden(page: str, number: str) -> dict[str, str]:
    """The hidden fields and values of one room's line."""
    body = re.search(rf'<tbody class="baris" id="r{number}">.*?</tbody>', page, re.DOTALL)
    assert body is not None
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body[0]))
    values = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)" form=', body[0]))
    return {**values, **fields}


async def room_of(visitor: Visitor, hospital: Hospital) -> tuple[str, dict[str, str]]:
    number = (await rooms(hospital))["Mawar 1"]["id_t_tt"]
    return number, hidden((await visitor.get("/tempat-tidur")).text, number)


async def test_a_room_is_added_changed_and_seen_by_the_api(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    assert (await visitor.post("/tempat-tidur/baru", ROOM, page="/tempat-tidur")).status_code == 303
    number, said = await room_of(visitor, hospital)
    assert (await visitor.send(f"/tempat-tidur/{number}", {**said, "terpakai": "5"})).status_code == 303
    room = (await rooms(hospital))["Mawar 1"]
    assert (room["terpakai"], room["kosong"], room["jumlah"]) == ("5", "-1", "4")
    page = (await visitor.get("/tempat-tidur")).text
    assert "lebih 1" in page
    double = await visitor.post("/tempat-tidur/baru", ROOM, page="/tempat-tidur")
    assert double.status_code == 409
    assert "sudah ada" in double.text


async def test_a_script_gets_the_line_alone_with_its_receipt_or_its_errors(
    service: Service, hospital: Hospital
) -> None:
    visitor = await officer(service, hospital)
    await hospital.send("POST", "/Fasyankes", ROOM)
    number, said = await room_of(visitor, hospital)
    visitor.client.headers["x-bagian"] = "1"
    wrong = await visitor.send(f"/tempat-tidur/{number}", {**said, "jumlah": "-4"})
    assert wrong.status_code == 422
    assert wrong.text.lstrip().startswith("<tbody")
    assert "tidak boleh kurang dari 0" in wrong.text
    good = await visitor.send(f"/tempat-tidur/{number}", {**said, "terpakai": "9"})
    assert good.status_code == 200
    assert "tersimpan" in good.text
    assert "lebih dari jumlah" in good.text
    assert (await rooms(hospital))["Mawar 1"]["terpakai"] == "9"


async def test_confirming_leaves_the_values_and_renews_the_time(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    await hospital.send("POST", "/Fasyankes", ROOM)
    number, said = await room_of(visitor, hospital)
    assert (await visitor.send(f"/tempat-tidur/{number}", {**said, "tetap": "1"})).status_code == 303
    assert (await rooms(hospital))["Mawar 1"]["terpakai"] == "2"
    with transaction(service.database) as access:
        verbs = [x["verb"] for x in audit.lines(access, code=hospital.code) if x["object"] == "tempat_tidur"]
    assert verbs == ["add", "confirm"]


async def test_the_second_of_two_people_sees_both_values(service: Service, hospital: Hospital) -> None:
    one, other = await officer(service, hospital, "satu"), await officer(service, hospital, "dua")
    await hospital.send("POST", "/Fasyankes", ROOM)
    number, said = await room_of(one, hospital)
    _, theirs = await room_of(other, hospital)
    assert (await one.send(f"/tempat-tidur/{number}", {**said, "terpakai": "3"})).status_code == 303
    late = await other.send(f"/tempat-tidur/{number}", {**theirs, "terpakai": "1"})
    assert late.status_code == 409
    assert "tersimpan: <strong>3</strong>" in late.text
    again = hidden(late.text, number)
    assert again["terpakai"] == "1"
    assert (await other.send(f"/tempat-tidur/{number}", again)).status_code == 303
    assert (await rooms(hospital))["Mawar 1"]["terpakai"] == "1"


async def test_a_room_that_was_taken_away_comes_back(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    await hospital.send("POST", "/Fasyankes", ROOM)
    number, _ = await room_of(visitor, hospital)
    asked = await visitor.get(f"/tempat-tidur/{number}/hapus")
    assert "Mawar 1" in asked.text
    assert (await visitor.post(f"/tempat-tidur/{number}/hapus", {})).status_code == 303
    assert "Mawar 1" not in await rooms(hospital)
    gone = await visitor.get(f"/tempat-tidur/{number}/hapus")
    assert gone.status_code == 404
    back = await visitor.post("/terhapus/tempat_tidur", {}, page="/terhapus")
    assert back.status_code == 303
    assert (await rooms(hospital))["Mawar 1"]["id_t_tt"] == number


async def test_nobody_touches_another_hospitals_room(service: Service, hospital: Hospital) -> None:
    other = service.hospital()
    await other.send("POST", "/Fasyankes", ROOM)
    number = (await rooms(other))["Mawar 1"]["id_t_tt"]
    visitor = await officer(service, hospital)
    assert (await visitor.get(f"/tempat-tidur/{number}/hapus")).status_code == 404
    assert (await visitor.post(f"/tempat-tidur/{number}", {"terpakai": "0"}, page="/beranda")).status_code == 404
    assert (await rooms(other))["Mawar 1"]["terpakai"] == "2"
