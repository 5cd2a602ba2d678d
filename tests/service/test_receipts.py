"""Receipts: every change has one, it says what was received, and nobody can make or alter one."""

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rsonline.intake.receipts import Receipts
from rsonline.intake.rules import verbs_of
from rsonline.reports import REPORTS, named
from rsonline.reports.receipt import NotReceipt, Receipt, digest_of, key_id, signed, unsigned, verify
from rsonline.store.change import Full, Outcome
from rsonline.store.engines import vault_of
from rsonline.store.postgres import PostgresStore
from rsonline.store.seal import Vault
from rsonline.store.sqlite import SqliteStore
from tests.databases import journal, rows
from tests.hospital import Hospital, Service
from tests.samples import FILTERS, MESSAGES, PARENTS, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")
HEADER = "x-rsonline-receipt"
BODY = b'{"tanggal": "2021-07-01", "p_cair": 120}'
OXYGEN, SHK, STAFF, TASK = (named(name).path for name in ("oksigen", "shk", "sdm", "antrian_task"))


@pytest.fixture
def vault(service: Service) -> Vault:
    """The vault of the service."""
    return vault_of(service.database)


async def public_key(service: Service) -> bytes:
    """The key as anybody finds it."""
    document = (await service.client.get("/.well-known/rsonline-receipt-key")).json()
    return base64.b64decode(document["public"], validate=True)


def reason(text: str, public: bytes, **more: Any) -> str | None:
    """Why it is no receipt; None for one that is."""
    try:
        verify(text, public, **more)
    except NotReceipt as error:
        return error.reason
    return None


async def test_the_key_is_public_and_verifies(hospital: Hospital, vault: Vault) -> None:
    answer = await hospital.service.client.get("/.well-known/rsonline-receipt-key")
    document = answer.json()
    assert (answer.status_code, document["alg"]) == (200, "Ed25519")
    public = base64.b64decode(document["public"], validate=True)
    assert (public, document["key"]) == (vault.public_key, key_id(public))
    answer = await hospital.send("POST", OXYGEN, raw=BODY)
    said = verify(answer.headers[HEADER], public, body=BODY, hospital=hospital.code)
    assert f"; key={document['key']}; " in answer.headers[HEADER]
    assert said.hospital == hospital.code


async def test_ten_thousand_receipts_verify(service: Service, vault: Vault) -> None:
    draw, receipts, public = random.Random(53), Receipts(vault), await public_key(service)
    seen = set()
    for number in range(10_000):
        request_id, code = f"{draw.getrandbits(128):032x}", str(9_200_000 + draw.randrange(4000))
        at = datetime.fromtimestamp(draw.randrange(2**31), UTC) + timedelta(microseconds=draw.randrange(10**6))
        body = draw.randbytes(draw.randrange(64))
        text = receipts.of(Outcome("saved", at=at), request_id, code, body)
        assert text is not None
        said = verify(text, public, body=body, hospital=code)
        assert (said.id, said.hospital, said.digest) == (request_id, code, digest_of(body))
        assert said.time == at.replace(microsecond=at.microsecond // 1000 * 1000)
        assert receipts.sign(request_id, at, code, body) == text
        seen.add(text)
        if number % 100 == 0:
            assert reason(text, public, body=body + b" ") == "digest"
            assert reason(text, public, hospital=code + "0") == "hospital"
    assert len(seen) == 10_000


@pytest.mark.parametrize("name", [report.name for report in REPORTS])
async def test_every_change_has_a_receipt_that_says_what_its_journal_line_says(hospital: Hospital, name: str) -> None:
    report, public = named(name), await public_key(hospital.service)
    message = await stored(hospital, name, report.path)
    for method in [m for m in ("PUT", "DELETE") if m in verbs_of(report)]:
        body = json.dumps(message, indent=2).encode()
        answer = await hospital.send(method, report.path, raw=body)
        said = verify(answer.headers[HEADER], public, body=body, hospital=hospital.code)
        assert said.id == answer.headers["x-request-id"]
        line = journal(hospital.service.database, hospital.code)[-1]
        assert (line["object"], line["request_id"], line["at"]) == (name, said.id, said.time)


def altered(text: str) -> Iterator[str]:
    """Every text that differs from it in one character, by one bit or by a likely other one; in one more, one less."""
    for place, character in enumerate(text):
        others = {chr(ord(character) ^ 1 << bit) for bit in range(8)} | set("0a;= \u00e9\n") | {character.swapcase()}
        for other in sorted(others - {character}):
            yield text[:place] + other + text[place + 1 :]
        yield text[:place] + text[place + 1 :]
        yield text[:place] + character + text[place:]


async def test_one_altered_byte_is_found(hospital: Hospital) -> None:
    public = await public_key(hospital.service)
    text = (await hospital.send("POST", OXYGEN, raw=BODY)).headers[HEADER]
    tried = [other for other in altered(text) if other.strip() != text]
    told = [reason(other, public) for other in tried]
    assert len(tried) > 12 * len(text)
    assert None not in told
    assert {"form", "key", "signature"} == set(told)
    for place in range(len(BODY)):
        for bit in range(8):
            body = BODY[:place] + bytes([BODY[place] ^ 1 << bit]) + BODY[place + 1 :]
            assert reason(text, public, body=body) == "digest"
        assert reason(text, public, body=BODY[:place] + BODY[place + 1 :]) == "digest"
    assert reason(text, public, body=BODY + b"\n") == "digest"
    # What was not altered is found to be so; blanks around it come of copying.
    assert reason(f" {text}\n", public, body=BODY, hospital=hospital.code) is None


async def test_what_is_no_receipt_of_this_service_about_this_message_is_told_why(hospital: Hospital) -> None:
    other, public = hospital.service.hospital(), await public_key(hospital.service)
    mine, yours = [(await who.send("POST", OXYGEN, raw=BODY)).headers[HEADER] for who in (hospital, other)]
    assert reason(yours, public, body=BODY, hospital=other.code) is None
    assert reason(yours, public, body=BODY, hospital=hospital.code) == "hospital"
    assert reason(mine, public, body=b"{}", hospital=hospital.code) == "digest"
    stranger = Ed25519PrivateKey.generate()
    strange = stranger.public_key().public_bytes_raw()
    assert reason(mine, strange) == "key"
    said = verify(mine, public)
    for claimed, why in ((key_id(strange), "key"), (key_id(public), "signature")):
        text = unsigned(said, claimed)
        assert reason(signed(text, stranger.sign(text.encode())), public) == why
    # Another's code over the genuine signature, and the signature of another genuine receipt.
    assert reason(mine.replace(hospital.code, other.code), public) == "signature"
    assert reason(mine.partition("sig=")[0] + "sig=" + yours.partition("sig=")[2], public) == "signature"
    for text in ("", "v=1", mine + "; x=1", mine.replace("v=1", "v=2"), mine + "=", mine.upper()):
        assert reason(text, public) == "form"


async def test_a_genuine_signature_under_an_impossible_time_is_no_receipt(vault: Vault) -> None:
    text = unsigned(Receipt("0" * 32, "9200001", "0" * 64, datetime(2026, 2, 1, tzinfo=UTC)), key_id(vault.public_key))
    for time, why in (("2026-02-01", None), ("2026-02-30", "form")):
        said = text.replace("2026-02-01", time)
        assert reason(signed(said, vault.sign(said.encode())), vault.public_key) == why


async def test_what_stores_nothing_has_no_receipt(hospital: Hospital) -> None:
    known = await stored(hospital, "sdm", STAFF)
    absent = {**MESSAGES["sdm"], "id_kebutuhan": "27"}
    wrong: dict[str, str | None] = {"X-pass": "wrong"}
    asked: list[tuple[int, dict[str, Any]]] = [
        (200, {"method": "POST", "path": STAFF, "body": known}),
        (200, {"method": "PUT", "path": STAFF, "body": absent}),
        (404, {"method": "DELETE", "path": STAFF, "body": absent}),
        (404, {"method": "POST", "path": "/nothing", "body": known}),
        (405, {"method": "DELETE", "path": TASK, "body": known}),
        (422, {"method": "POST", "path": TASK, "body": MESSAGES["antrian_task"]}),
        (422, {"method": "POST", "path": STAFF, "body": {**known, "jumlah": -1}}),
        (400, {"method": "POST", "path": STAFF, "raw": b"{"}),
        (400, {"method": "POST", "path": STAFF, "body": absent, "headers": {"Idempotency-Key": "a b"}}),
        (401, {"method": "POST", "path": STAFF, "body": absent, "headers": wrong}),
    ]
    for status, sent in asked:
        answer = await hospital.send(**sent)
        assert (answer.status_code, answer.headers.get(HEADER)) == (status, None), sent


@pytest.mark.parametrize("name", [report.name for report in REPORTS])
async def test_a_read_has_no_receipt_also_where_it_leaves_lines(hospital: Hospital, name: str) -> None:
    report = named(name)
    message = await stored(hospital, name, report.path)
    parent = {"id_shk": message["id_shk"]} if name in PARENTS and "id_shk" in message else {}
    answer = await hospital.send("GET", report.path, {**FILTERS.get(name, {}), **parent})
    assert answer.status_code == 200
    assert HEADER not in answer.headers


async def test_a_receipt_comes_only_when_the_store_says_that_it_is_durable(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, written = asyncio.Event(), asyncio.Event()
    usual = {store: store.submit for store in (SqliteStore, PostgresStore)}

    async def submit(self: Any, change: Any) -> Any:
        outcome = await usual[type(self)](self, change)
        written.set()
        await go.wait()
        return outcome

    def numbers() -> list[str]:
        found = rows(hospital.service.database, "SELECT id_shk FROM shk WHERE kode_rs = :code", code=hospital.code)
        return [str(row["id_shk"]) for row in found]

    for store in usual:
        monkeypatch.setattr(store, "submit", submit)
    sending = asyncio.create_task(hospital.send("POST", SHK, MESSAGES["shk"]))
    await written.wait()
    # What the store has said to be durable any other connection finds; nobody was answered yet.
    kept = numbers()
    assert len(kept) == 1
    await asyncio.sleep(0.05)
    assert not sending.done()
    go.set()
    answer = await sending
    assert [element["id_shk"] for element in answer.json()["shk"]] == kept
    assert HEADER in answer.headers


async def test_a_change_that_the_store_could_not_keep_has_no_receipt(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*given: Any) -> Any:
        raise Full

    with monkeypatch.context() as patched:
        for store in (SqliteStore, PostgresStore):
            patched.setattr(store, "submit", full)
        answer = await hospital.send("POST", SHK, MESSAGES["shk"])
    assert (answer.status_code, answer.headers.get(HEADER)) == (507, None)


async def test_many_at_once_have_receipts_of_their_own(hospital: Hospital) -> None:
    public = await public_key(hospital.service)
    bodies = [json.dumps({"tanggal": f"2021-07-{n + 1:02}", "p_cair": n}).encode() for n in range(28)]

    async def send(body: bytes) -> httpx.Response:
        return await hospital.send("POST", OXYGEN, raw=body)

    answers = await asyncio.gather(*map(send, bodies))
    said = [
        verify(a.headers[HEADER], public, body=b, hospital=hospital.code) for a, b in zip(answers, bodies, strict=True)
    ]
    lines = journal(hospital.service.database, hospital.code, "oksigen")
    assert {(r.id, r.time) for r in said} == {(line["request_id"], line["at"]) for line in lines}
    assert len({r.id for r in said}) == 28
