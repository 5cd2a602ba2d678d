"""Idempotency-Key: what is sent again is carried out once, and answered as the first time."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline.intake.rules import verbs_of
from rsonline.reports import REPORTS, named
from rsonline.service import once
from rsonline.store import hospitals
from rsonline.store.apply import KEPT_FOR
from rsonline.store.change import Change, Decision, Found, Once, Outcome
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from rsonline.store.postgres import PostgresStore
from rsonline.store.sqlite import SqliteStore
from tests.databases import journal, rows
from tests.hospital import Hospital, Service, password_hash, service_on
from tests.samples import MESSAGES, PARENTS, stored
from tests.store.changes import CODE, oksigen
from tests.store.changes import stored as days_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
WRITTEN = [(report.name, method) for report in REPORTS for method in verbs_of(report) if method != "GET"]
OXYGEN, SHK, QUEUE, TASK, STAFF, BEDS = (
    named(name).path for name in ("oksigen", "shk", "antrian", "antrian_task", "sdm", "tempat_tidur")
)
REPLAYED = "idempotent-replayed"
RECEIPT = "x-rsonline-receipt"


async def send(hospital: Hospital, key: str | None, method: str, path: str, body: object = None) -> httpx.Response:
    """One request with a key."""
    return await hospital.send(method, path, body, headers={"Idempotency-Key": key})


def lines(hospital: Hospital) -> list[dict[str, Any]]:
    """What the journal says of a hospital's reports."""
    lines = journal(hospital.service.database, hospital.code)
    return [line for line in lines if line["object"] not in ("hospital", "credential")]


def code_of(answer: httpx.Response) -> str:
    """The code in the only element of an answer."""
    ((element,),) = answer.json().values()
    return str(element["code"])


def same(one: httpx.Response, two: httpx.Response) -> bool:
    """Whether one answer is the other, sent again."""
    said = [(a.status_code, a.content, a.headers.get(RECEIPT)) for a in (one, two)]
    return said[0] == said[1] and two.headers.get(REPLAYED) == "true"


async def ready(hospital: Hospital, name: str, method: str) -> dict[str, Any]:
    """A message that the method stores, with what must be there before it."""
    if method != "POST":
        return await stored(hospital, name, named(name).path)
    message = dict(MESSAGES[name])
    if name in PARENTS:
        parent = await stored(hospital, PARENTS[name], named(PARENTS[name]).path)
        message |= {k: v for k, v in parent.items() if k in ("id_shk", "kodebooking")}
    return message


@pytest.mark.parametrize(("name", "method"), WRITTEN)
async def test_the_same_key_and_bytes_give_the_same_answer_and_one_line(
    hospital: Hospital, name: str, method: str
) -> None:
    message = await ready(hospital, name, method)
    before = len(lines(hospital))
    first = await send(hospital, "kunci-1", method, named(name).path, message)
    assert first.status_code == 200
    assert first.headers[RECEIPT]
    assert REPLAYED not in first.headers
    for _ in range(3):
        again = await send(hospital, "kunci-1", method, named(name).path, message)
        assert same(first, again)
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert again.headers.get("x-rsonline-warnings") == first.headers.get("x-rsonline-warnings")
    assert len(lines(hospital)) == before + 1
    # Without the key each of them is a message of its own.
    alone = await send(hospital, None, method, named(name).path, message)
    assert REPLAYED not in alone.headers


@pytest.mark.parametrize(("name", "method"), WRITTEN)
async def test_other_bytes_under_a_key_are_refused(hospital: Hospital, name: str, method: str) -> None:
    message = await ready(hospital, name, method)
    path = named(name).path
    first = await send(hospital, "kunci-2", method, path, message)
    before = lines(hospital)
    # The same members, but other bytes; and other members.
    for raw in (json.dumps(message, indent=1).encode(), json.dumps({**message, "lain": 1}).encode()):
        other = await hospital.send(method, path, raw=raw, headers={"Idempotency-Key": "kunci-2"})
        assert (other.status_code, code_of(other)) == (422, "key_reused")
        assert REPLAYED not in other.headers
        assert RECEIPT not in other.headers
    assert lines(hospital) == before
    assert same(first, await send(hospital, "kunci-2", method, path, message))


async def test_a_key_is_for_one_record_also_where_the_body_does_not_name_it(hospital: Hospital) -> None:
    """A DELETE may name its record in the address or a header: the bodies are the same, the requests are not."""
    one, two = [await hospital.send("POST", BEDS, {**MESSAGES["tempat_tidur"], "ruang": r}) for r in ("A", "B")]
    numbers = [answer.json()["fasyankes"][0]["id_t_tt"] for answer in (one, two)]
    for key, between in (("kunci-1", "/"), ("kunci-2", "?id_t_tt=")):
        removed, other, again = [
            await send(hospital, key, "DELETE", f"{BEDS}{between}{n}") for n in (*numbers, numbers[0])
        ]
        # The second way finds nothing any more: that too is an answer about this record and no other.
        assert removed.status_code == (200 if key == "kunci-1" else 404)
        assert (other.status_code, code_of(other)) == (422, "key_reused")
        assert same(removed, again)
    for item in ("26", "27"):
        await hospital.send("POST", STAFF, {**MESSAGES["sdm"], "id_kebutuhan": item})
    named_by = {"Idempotency-Key": "kunci-h", "Id_kebutuhan": "26"}
    removed = await hospital.send("DELETE", STAFF, headers=dict(named_by))
    other = await hospital.send("DELETE", STAFF, headers={**named_by, "Id_kebutuhan": "27"})
    assert (removed.status_code, other.status_code, code_of(other)) == (200, 422, "key_reused")
    assert same(removed, await hospital.send("DELETE", STAFF, headers=dict(named_by)))


@pytest.mark.parametrize("key", ["", " ", '"', '""', "dua kata", "a\tb", "a\x7f", "a" * 201, 'a"b'])
async def test_a_malformed_key_is_refused_and_nothing_done(hospital: Hospital, key: str) -> None:
    answer = await send(hospital, key, "POST", OXYGEN, MESSAGES["oksigen"])
    assert (answer.status_code, code_of(answer)) == (400, "header_malformed")
    assert "Idempotency-Key" in answer.text
    assert lines(hospital) == []


async def test_a_key_is_one_text_of_1_to_200_characters_quoted_or_not(hospital: Hospital) -> None:
    for headers in ({"idempotency-key": ["a", "a"]}, {"idempotency-key": ["é"]}):
        with pytest.raises(once.BadKey):
            once.given(headers)
    assert once.given({}) is None
    for key in ("a", "!" * 200, "5f1c-~#[]"):
        first = await send(hospital, key, "POST", SHK, MESSAGES["shk"])
        assert first.status_code == 200
        assert same(first, await send(hospital, f'"{key}"', "POST", SHK, MESSAGES["shk"]))
    assert len(lines(hospital)) == 3


async def test_a_key_belongs_to_one_route_and_one_hospital(hospital: Hospital) -> None:
    other = hospital.service.hospital()
    asked = [
        (who, (method, path, MESSAGES[name]))
        for who in (hospital, other)
        for method, path, name in (("POST", OXYGEN, "oksigen"), ("PUT", OXYGEN, "oksigen"), ("POST", STAFF, "sdm"))
    ]
    answers = [await send(who, "kunci", *words) for who, words in asked]
    assert [a.status_code for a in answers] == [200] * 6
    assert not any(REPLAYED in a.headers for a in answers)
    assert len({a.headers[RECEIPT] for a in answers}) == 6
    assert len(lines(hospital)) == len(lines(other)) == 3
    for (who, words), first in zip(asked, answers, strict=True):
        assert same(first, await send(who, "kunci", *words))


async def test_an_answer_that_stored_nothing_is_repeated_without_a_receipt(hospital: Hospital) -> None:
    known = await stored(hospital, "sdm", STAFF)
    absent = {**MESSAGES["sdm"], "id_kebutuhan": "27"}
    before = lines(hospital)
    for key, (status, ending, asked) in enumerate(
        [
            (200, "sudah ada. Gunakan method PUT", ("POST", STAFF, known)),
            (200, "gunakan method POST", ("PUT", STAFF, absent)),
            (404, "tidak ditemukan", ("DELETE", STAFF, absent)),
        ]
    ):
        first = await send(hospital, f"kunci-{key}", *asked)
        assert (first.status_code, ending in first.text) == (status, True)
        assert RECEIPT not in first.headers
        assert same(first, await send(hospital, f"kunci-{key}", *asked))
    assert lines(hospital) == before


async def test_a_refusal_beside_what_is_stored_is_repeated(hospital: Hospital) -> None:
    first = await send(hospital, "kunci-1", "POST", TASK, MESSAGES["antrian_task"])
    assert (first.status_code, code_of(first)) == (422, "unknown_booking")
    assert same(first, await send(hospital, "kunci-1", "POST", TASK, MESSAGES["antrian_task"]))
    await hospital.send("POST", QUEUE, MESSAGES["antrian"])
    # The booking is there now. The old request still is the one that was refused; a new one is carried out.
    assert same(first, await send(hospital, "kunci-1", "POST", TASK, MESSAGES["antrian_task"]))
    assert (await send(hospital, "kunci-2", "POST", TASK, MESSAGES["antrian_task"])).status_code == 200


async def test_a_body_that_is_refused_at_sight_leaves_its_key_free(hospital: Hospital) -> None:
    for body in (b'{"tanggal": ', b'{"tanggal": "2021-07-01", "p_cair": -1}'):
        for _ in range(2):
            refused = await hospital.send("POST", OXYGEN, raw=body, headers={"Idempotency-Key": "kunci"})
            assert refused.status_code in (400, 422)
            assert REPLAYED not in refused.headers
    corrected = await send(hospital, "kunci", "POST", OXYGEN, MESSAGES["oksigen"])
    assert corrected.status_code == 200
    assert REPLAYED not in corrected.headers


async def test_an_answer_is_kept_with_its_repairs_and_warnings_and_the_status_is_the_hospitals(
    service: Service,
) -> None:
    hospital = service.hospital(always_200=True)
    first = await send(hospital, "kunci-1", "POST", TASK, MESSAGES["antrian_task"])
    assert (first.status_code, first.json()[named("antrian_task").root][0]["status"]) == (200, "422")
    assert same(first, await send(hospital, "kunci-1", "POST", TASK, MESSAGES["antrian_task"]))
    raw = b'{"id_kebutuhan":"26","jumlah_eksisting":1,"jumlah":1,"jumlah_diterima":2,}'
    one, two = [await hospital.send("POST", STAFF, raw=raw, headers={"Idempotency-Key": "kunci-2"}) for _ in range(2)]
    assert same(one, two)
    for name, text in (("x-rsonline-repairs", "trailing_comma"), ("x-rsonline-warnings", "jumlah_diterima")):
        assert text in one.headers[name]
        assert one.headers[name] == two.headers[name]


async def test_what_is_sent_while_the_first_still_runs_is_told_so(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, entered = asyncio.Event(), asyncio.Event()

    def slowly(usual: Callable[..., Any]) -> Callable[..., Any]:
        async def submit(*given: Any) -> Any:
            if not entered.is_set():
                entered.set()
                await go.wait()
            return await usual(*given)

        return submit

    for store in (SqliteStore, PostgresStore):
        monkeypatch.setattr(store, "submit", slowly(store.submit))
    running = asyncio.create_task(send(hospital, "kunci", "POST", SHK, MESSAGES["shk"]))
    await entered.wait()
    for body in (MESSAGES["shk"], {**MESSAGES["shk"], "alamat": "Jalan Lain"}):
        early = await send(hospital, "kunci", "POST", SHK, body)
        assert (early.status_code, code_of(early)) == (409, "key_running")
        assert RECEIPT not in early.headers
    go.set()
    first = await running
    assert first.status_code == 200
    assert same(first, await send(hospital, "kunci", "POST", SHK, MESSAGES["shk"]))
    assert len(lines(hospital)) == 1


async def test_the_same_request_many_times_at_once_is_carried_out_once(hospital: Hospital, tmp_path: Path) -> None:
    """Also where a second process of the service takes some of them."""
    async with service_on(tmp_path, hospital.service.database) as second:
        doors = (hospital, Hospital(hospital.code, second))
        for n in range(10):
            asked = [send(doors[i % 2], f"kunci-{n}", "POST", SHK, MESSAGES["shk"]) for i in range(8)]
            answers = await asyncio.gather(*asked)
            early = [a for a in answers if a.status_code == 409]
            carried = [a for a in answers if a.status_code == 200]
            assert {code_of(a) for a in early} <= {"key_running"}
            assert len(early) + len(carried) == 8
            assert len({(a.content, a.headers[RECEIPT]) for a in carried}) == 1
            assert sum(REPLAYED not in a.headers for a in carried) == 1
            assert len(lines(hospital)) == n + 1


async def test_an_answer_is_forgotten_after_seven_days(hospital: Hospital) -> None:
    def age(by: timedelta) -> None:
        with transaction(hospital.service.database) as access:
            access.connection.exec_driver_sql(
                f"UPDATE idempotency SET at = at - {int(by.total_seconds() * 1000)} WHERE kode_rs = '{hospital.code}'"
            )

    assert timedelta(days=7) == KEPT_FOR
    first = await send(hospital, "kunci", "POST", SHK, MESSAGES["shk"])
    age(KEPT_FOR - timedelta(minutes=5))
    assert same(first, await send(hospital, "kunci", "POST", SHK, MESSAGES["shk"]))
    age(timedelta(minutes=5))
    anew = await send(hospital, "kunci", "POST", SHK, MESSAGES["shk"])
    assert REPLAYED not in anew.headers
    assert anew.json()["shk"][0]["id_shk"] != first.json()["shk"][0]["id_shk"]
    assert len(lines(hospital)) == 2
    # And that one is kept in its turn.
    assert same(anew, await send(hospital, "kunci", "POST", SHK, MESSAGES["shk"]))


async def test_what_is_kept_of_an_answer_is_sealed(hospital: Hospital) -> None:
    await send(hospital, "kunci", "POST", QUEUE, MESSAGES["antrian"])
    (kept,) = rows(hospital.service.database, "SELECT * FROM idempotency WHERE kode_rs = :code", code=hospital.code)
    assert (kept["route"], kept["key"]) == ("POST antrian", "kunci")
    for text in ("CONTOH-0001", "telah disimpan"):
        assert text.encode() not in bytes(kept["answer"])


async def test_a_change_that_is_not_kept_leaves_its_key_free(database: Database) -> None:
    """The answer is in the transaction of the change: neither is there without the other."""
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
    good = oksigen("2026-01-01", 1)

    def nonsense(found: Found, now: Any) -> Decision:
        decision = oksigen("2026-01-02", 2).decide([[]], now)
        decision.writes[0].values["tanggal"] = None
        return decision

    def fail(*given: Any) -> Any:
        raise ZeroDivisionError("planned")

    def keyed(change: Change, word: Callable[[Outcome], bytes] = lambda outcome: outcome.kind.encode()) -> Change:
        once = Once("POST oksigen", "kunci", b"\1" * 32, word)
        return Change(change.origin, change.report, change.verb, change.lookups, change.decide, once=once)

    bad = Change(good.origin, good.report, "save", (), nonsense)
    store = open_store(database, on_broken=lambda error: None)
    try:
        for change in (keyed(bad), keyed(Change(good.origin, good.report, "save", (), fail)), keyed(good, fail)):
            # In one commit with a neighbour that nothing is wrong with.
            neighbour = store.submit(oksigen("2026-01-03", 3))
            failed, done = await asyncio.gather(store.submit(change), neighbour, return_exceptions=True)
            assert isinstance(failed, Exception)
            assert isinstance(done, Outcome)
            assert rows(database, "SELECT key FROM idempotency") == []
            assert days_of(database) == {"2026-01-03": 3.0}
        # Also where both are in one commit: the second finds what the first keeps.
        both = await asyncio.gather(store.submit(keyed(good)), store.submit(keyed(good)))
        assert [outcome.kind for outcome in both] == ["saved", "repeated"]
        repeated = await store.submit(keyed(bad))
        assert (repeated.kind, repeated.answer) == ("repeated", b"saved")
    finally:
        await store.close()
    assert days_of(database) == {"2026-01-01": 1.0, "2026-01-03": 3.0}
    assert [row["key"] for row in rows(database, "SELECT key FROM idempotency")] == ["kunci"]
