"""Who saw or changed a person: one line for each record shown, and everything that was done is found again."""

import itertools
import json
from typing import Any

import httpx
import pytest

from rsonline.reports import REPORTS, named
from rsonline.store import audit
from rsonline.store.change import Full
from rsonline.store.engines import connected, transaction
from rsonline.store.postgres import PostgresStore
from rsonline.store.sqlite import SqliteStore
from tests.databases import journal, rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES, TODAY, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHK, RESULT, QUEUE, TASK = (named(name).path for name in ("shk", "shk_hasil", "antrian", "antrian_task"))
_niks = (f"9999{number:012}" for number in itertools.count(4_700_000_001))
NOBODY = "0000000000000000"


def views(hospital: Hospital) -> list[dict[str, Any]]:
    """The lines about what was seen."""
    return [line for line in journal(hospital.service.database, hospital.code) if line["verb"] == "view"]


def about(service: Service, **asked: Any) -> list[tuple[str, str]]:
    """What the journal finds: table and verb, oldest first."""
    with transaction(service.database) as access:
        return [(line["object"], line["verb"]) for line in audit.lines(access, **asked)]


def in_query(path: str) -> str:
    """The path of a list that shows what the tests add."""
    return f"{path}?tanggal={TODAY}" if path == QUEUE else f"{path}?tgl_ambil_sampel=2022-11-27"


async def booked(hospital: Hospital, code: str, nik: str | None) -> None:
    """A booking of a person."""
    answer = await hospital.send("POST", QUEUE, {**MESSAGES["antrian"], "kodebooking": code, "nik": nik})
    assert answer.status_code == 200, answer.text


async def sampled(hospital: Hospital, mother: str, child: str | None = None) -> str:
    """The number of a sample."""
    answer = await hospital.send("POST", SHK, {**MESSAGES["shk"], "nik_ibu": mother, "nik_anak": child})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["shk"][0]["id_shk"])


async def seen(hospital: Hospital, path: str, body: object = None) -> httpx.Response:
    """An answer that shows something."""
    answer = await hospital.send("GET", path, body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("path", [SHK, QUEUE])
async def test_viewing_n_persons_leaves_n_lines(hospital: Hospital, path: str) -> None:
    service, count = hospital.service, 12
    persons = [next(_niks) for _ in range(count)]
    for number, nik in enumerate(persons):
        await (sampled(hospital, nik) if path == SHK else booked(hospital, f"LIHAT-{number}", nik))
    assert views(hospital) == []
    for time in (1, 2):
        answer = await seen(hospital, in_query(path))
        ((*elements,),) = answer.json().values()
        lines = views(hospital)[-count:]
        assert len(elements) == count
        assert len(views(hospital)) == time * count
        # Each record once, each by this request.
        assert len({line["key"] for line in lines}) == len({line["person1"] for line in lines}) == count
        assert {line["request_id"] for line in lines} == {answer.headers["x-request-id"]}
        assert {(line["account"], line["address"]) for line in lines} == {(f"{hospital.code}/1", hospital.address)}
        # What was seen is said by the record's key; the line repeats nothing of it.
        assert {(line["old"], line["new"]) for line in lines} == {(None, None)}
    for nik in persons:
        assert about(service, nik=nik) == [(lines[0]["object"], verb) for verb in ("add", "view", "view")]
    with connected(service.database) as connection:
        assert audit.verify(connection, code=hospital.code).faults == []


async def test_one_record_shown_is_one_line(hospital: Hospital) -> None:
    mother, child = next(_niks), next(_niks)
    number = await sampled(hospital, mother, child)
    await sampled(hospital, next(_niks))
    await seen(hospital, f"{SHK}?id_shk={number}")
    (line,) = views(hospital)
    assert json.loads(line["key"]) == [int(number)]
    # A line names two persons: mother and child are found by it alike.
    for nik in (mother, child):
        assert about(hospital.service, nik=nik) == [("shk", "add"), ("shk", "view")]


async def test_the_same_person_in_several_records_and_nobody_in_one(hospital: Hospital) -> None:
    nik = next(_niks)
    for number, who in enumerate((nik, nik, None, NOBODY)):
        await booked(hospital, f"LIHAT-{number}", who)
    await seen(hospital, in_query(QUEUE))
    assert len(views(hospital)) == 4
    assert [line["person1"] is None for line in views(hospital)].count(True) == 2
    assert about(hospital.service, nik=nik) == [("antrian", "add")] * 2 + [("antrian", "view")] * 2


async def test_what_shows_nobody_leaves_no_line(hospital: Hospital) -> None:
    for path in (SHK, QUEUE):
        await seen(hospital, in_query(path))
        await seen(hospital, path)
    assert views(hospital) == []
    for report in REPORTS:
        if report.name not in ("shk", "shk_hasil", "antrian", "antrian_task"):
            await stored(hospital, report.name, report.path)
            await seen(hospital, report.path)
    assert views(hospital) == []
    other = hospital.service.hospital()
    await sampled(other, next(_niks))
    # Another hospital's records are not shown, and are not noted as if they were.
    await seen(hospital, in_query(SHK))
    assert views(hospital) == views(other) == []


@pytest.mark.parametrize("path", [SHK, QUEUE])
async def test_what_cannot_be_noted_is_not_shown(
    hospital: Hospital, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nik = next(_niks)
    await (sampled(hospital, nik) if path == SHK else booked(hospital, "LIHAT-1", nik))

    async def full(*given: Any) -> Any:
        raise Full

    with monkeypatch.context() as patched:
        for store in (SqliteStore, PostgresStore):
            patched.setattr(store, "submit", full)
        answer = await hospital.send("GET", in_query(path))
    assert answer.status_code == 507
    for text in (nik, "Ibu Contoh", "LIHAT-1", "RM-CONTOH"):
        assert text not in answer.text
    assert nik in (await seen(hospital, in_query(path))).text


async def test_a_person_is_found_in_everything_that_was_done(service: Service) -> None:
    hospital, other = service.hospital(), service.hospital()
    wrong, right, child, stranger = (next(_niks) for _ in range(4))
    number = await sampled(hospital, wrong, child)
    sample = {**MESSAGES["shk"], "nik_ibu": wrong, "nik_anak": child, "id_shk": number}
    one = f"{SHK}?id_shk={number}"
    await sampled(other, stranger)
    await seen(hospital, one)
    for path, body in ((SHK, {**sample, "alamat": "Jalan Contoh 2"}), (SHK, {**sample, "nik_ibu": right})):
        assert (await hospital.send("PUT", path, body)).status_code == 200
    await seen(hospital, one)
    result = {**MESSAGES["shk_hasil"], "id_shk": number}
    assert (await hospital.send("POST", RESULT, result)).status_code == 200
    # Result and sample go together.
    assert (await hospital.send("DELETE", SHK, {"id_shk": number})).status_code == 200

    before = [("shk", "add"), ("shk", "view"), ("shk", "replace")]
    correction = [("shk", "replace")]
    after = [("shk", "view"), ("shk_hasil", "add"), ("shk", "remove"), ("shk_hasil", "remove")]
    assert about(service, nik=wrong) == before + correction
    assert about(service, nik=right) == correction + after
    # Mother, her number before, and child: one line has room for two, so the correction is two lines.
    assert about(service, nik=child) == before + correction + after
    assert about(service, nik=f" {right} ") == correction + after
    assert about(service, nik=stranger) == [("shk", "add")]
    assert about(service, nik=next(_niks)) == []

    mine = about(service, account=f"{hospital.code}/1")
    login = [("credential", "login")]
    assert list(dict.fromkeys(mine)) == list(dict.fromkeys(login + before + after))
    assert len(mine) == len(login + before + correction + after) + 1
    assert about(service, account=f"{other.code}/1") == [*login, ("shk", "add")]
    assert about(service, account=f"{other.code}/1", nik=right) == []
    assert about(service, code=other.code, nik=stranger) == [("shk", "add")]
    assert about(service, code=hospital.code, nik=stranger) == []

    # The line with room for the old number alone leads to the one that tells what it was.
    with transaction(service.database) as access:
        *_, end = audit.lines(access, nik=wrong)
        begin, *_ = audit.lines(access, nik=right)
    assert [end[name] for name in ("key", "request_id", "at")] == [begin[name] for name in ("key", "request_id", "at")]
    assert [json.loads(begin[name])["nik_ibu"] for name in ("old", "new")] == [wrong, right]
    # As they are kept, the numbers are nowhere in the clear.
    raw = rows(service.database, "SELECT * FROM journal WHERE kode_rs = :code", code=hospital.code)
    assert len(raw) > 8
    for nik in (wrong, right, child):
        assert not any(nik.encode() in bytes(v) for row in raw for v in row.values() if isinstance(v, bytes))
        assert not any(nik in v for row in raw for v in row.values() if isinstance(v, str))


async def test_a_person_is_found_in_the_times_of_a_booking(hospital: Hospital) -> None:
    """A time names no person: its booking does."""
    nik = next(_niks)
    await booked(hospital, "LIHAT-1", nik)
    await booked(hospital, "LIHAT-2", next(_niks))
    for method, waktu in (("POST", 1_712_023_200_000), ("PUT", 1_712_023_260_000)):
        time = {"kodebooking": "LIHAT-1", "taskid": 3, "waktu": waktu}
        assert (await hospital.send(method, TASK, time)).status_code == 200
    await seen(hospital, in_query(QUEUE))
    assert (await hospital.send("DELETE", QUEUE, {"kodebooking": "LIHAT-1"})).status_code == 200
    assert about(hospital.service, nik=nik) == [
        ("antrian", "add"),
        ("antrian_task", "add"),
        ("antrian_task", "replace"),
        ("antrian", "view"),
        ("antrian", "remove"),
    ]
