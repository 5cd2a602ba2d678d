"""Requests that are signed instead of carrying a password (SR-12)."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import http_message_signatures as independent
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.login import signatures
from rsonline.login.logins import Logins
from rsonline.login.signatures import Target
from rsonline.service.denied import Denied
from rsonline.service.signed import Signers
from rsonline.store import hospitals, migrate, rotation, signing
from rsonline.store.change import Origin
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from tests.cli.command import of, run
from tests.databases import journal, rows
from tests.hospital import PASSWORD, Hospital, Service, password_hash, service_on
from tests.patients import api

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/fo/index.php/Logistik/oksigen"
OXYGEN = json.dumps({"tanggal": "2026-11-01", "p_cair": "1"}).encode()
COVERED = '("@method" "@path" "@query" "content-digest" "x-rs-id")'
Headers = dict[str, str]


def documented() -> Callable[..., Headers]:
    """The function that the documentation gives to whoever writes a client in Python."""
    text = (Path(__file__).parents[2] / "docs" / "signed-requests.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "signed-requests.md", "exec"), names)  # noqa: S102 (a block of our own page)
    made: Callable[..., Headers] = names["rsonline_headers"]
    return made


sign = documented()


class Signer(NamedTuple):
    """A hospital with a signing key."""

    hospital: Hospital
    key: str

    async def send(
        self,
        method: str = "POST",
        path: str = PATH,
        body: bytes = OXYGEN,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        sent: bytes | None = None,
    ) -> httpx.Response:
        """One signed request; `headers` replace some, `sent` the body after it was signed."""
        said = sign(self.key, self.hospital.code, method, path, query, body)
        said |= {"X-Forwarded-For": self.hospital.address} | dict(headers or {})
        address = f"{path}?{query}" if query else path
        return await self.hospital.service.client.request(
            method, address, content=body if sent is None else sent, headers=said
        )


def code_of(answer: httpx.Response) -> str:
    [[element]] = answer.json().values()
    return str(element.get("code", ""))


def key_for(hospital: Hospital) -> str:
    with transaction(hospital.service.database) as access:
        return signing.add(access, hospital.code, "0123456789abcdefABCDEFGH")


@pytest.fixture
def signer(hospital: Hospital) -> Signer:
    return Signer(hospital, key_for(hospital))


def signed_by_hand(key: str, code: str, said: str, *, body: bytes = OXYGEN, more: str = "", query: str = "") -> Headers:
    """Headers signed over what `said` names, in the order of COVERED, with `more` lines before the last."""
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    base = f'"@method": POST\n"@path": {PATH}\n"@query": ?{query}\n"content-digest": {digest}\n"x-rs-id": {code}\n'
    made = base64.b64encode(hmac.digest(key.encode(), f'{base}{more}"@signature-params": {said}'.encode(), "sha256"))
    return {
        "X-rs-id": code,
        "Content-Digest": digest,
        "Signature-Input": f"sig1={said}",
        "Signature": f"sig1=:{made.decode()}:",
    }


async def test_a_signed_request_is_carried_out_and_says_who_signed(signer: Signer) -> None:
    hospital = signer.hospital
    for _ in range(2):
        assert (await signer.send()).status_code == 200
    database = hospital.service.database
    assert [(x["object"], x["verb"], x["account"]) for x in journal(database, hospital.code)][2:] == [
        ("signing_key", "login", f"{hospital.code}/s1"),
        ("oksigen", "save", f"{hospital.code}/s1"),
        ("oksigen", "save", f"{hospital.code}/s1"),
    ]
    # The password counts as before.
    assert (await hospital.send("GET", "/Logistik/oksigen")).status_code == 200


async def test_what_is_signed_elsewhere_by_the_standard_is_understood(signer: Signer) -> None:
    class Keys(independent.HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id: str) -> bytes:
            return signer.key.encode()

        def resolve_public_key(self, key_id: str) -> bytes:
            return signer.key.encode()

    headers = httpx.Headers({"X-rs-id": signer.hospital.code})
    request = SimpleNamespace(method="POST", url=f"http://rs.test{PATH}", headers=headers)
    made = independent.HTTPMessageSigner(signature_algorithm=independent.algorithms.HMAC_SHA256, key_resolver=Keys())
    covered = ("@method", "x-rs-id", "@path", "content-digest", "@query")
    made.sign(request, key_id="1", covered_component_ids=covered, nonce="0123456789abcdef", body=OXYGEN)
    assert 'alg="hmac-sha256"' in headers["Signature-Input"]
    answer = await signer.hospital.service.client.post(PATH, content=OXYGEN, headers=dict(headers))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("part", ["method", "path", "query", "body", "hospital", "digest", "created", "nonce"])
async def test_nothing_that_was_signed_can_be_changed_on_the_way(signer: Signer, part: str) -> None:
    hospital = signer.hospital
    other = hospital.service.hospital()
    key_for(other)
    said = sign(signer.key, hospital.code, "POST", PATH, "", OXYGEN)
    method, address, body = "POST", PATH, OXYGEN
    match part:
        case "method":
            method = "PUT"
        case "path":
            address = "/fo/index.php/Fasyankes"
        case "query":
            address = f"{PATH}?tanggal=2026-11-02"
        case "body":
            body = OXYGEN.replace(b'"1"', b'"9"')
        case "hospital":
            said["X-rs-id"] = other.code
        case "digest":
            body = OXYGEN.replace(b'"1"', b'"9"')
            said["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        case "created":
            said["Signature-Input"] = re.sub(r"created=\d+", "created=1", said["Signature-Input"])
        case "nonce":
            said["Signature-Input"] = re.sub(r'nonce="\w+"', 'nonce="0123456789abcdef"', said["Signature-Input"])
    answer = await hospital.service.client.request(method, address, content=body, headers=said)
    assert (answer.status_code, code_of(answer)) == ((400, "signature_body") if part == "body" else (401, "signature"))
    assert rows(hospital.service.database, "SELECT * FROM oksigen WHERE kode_rs = :c", c=hospital.code) == []


async def test_a_replay_is_accepted_at_most_once_and_never_outside_the_window(
    database: Database, tmp_path: Path
) -> None:
    now = float(int(time.time()))
    async with service_on(tmp_path / "data", database) as service:
        hospital = service.hospital()
        key = key_for(hospital)
        broken: list[BaseException] = []
        store = open_store(database, on_broken=broken.append)
        clock = [now]
        logins = Logins(store)
        signers = Signers(store, logins, clock=lambda: clock[0])
        said = {k.lower(): [v] for k, v in sign(key, hospital.code, "POST", PATH, "", OXYGEN).items()}
        signed = signatures.read(Target("POST", PATH, ""), said)
        accepted: list[int] = []
        refused: dict[str, list[int]] = {}
        for second in range(-660, 661):
            clock[0] = signed.created + second
            try:
                found = await signers.verified(hospital.code, signed, "10.0.0.1", "0" * 32)
                await signers.spend(Origin(hospital.code, found.version, "x"), signed)
                accepted.append(second)
            except Denied as denied:
                refused.setdefault(denied.reason, []).append(second)
        assert accepted == [-300]
        assert refused["nonce_used"] == list(range(-299, 301))
        assert refused["signature_expired"] == [*range(-660, -300), *range(301, 661)]
        # It is remembered for longer than anybody would accept it, and then forgotten.
        kept = "SELECT * FROM used_nonce WHERE kode_rs = :c"
        assert len(rows(database, kept, c=hospital.code)) == 1
        run("maintain", *of(database), "--keys", str(database.keys))
        assert len(rows(database, kept, c=hospital.code)) == 1
        clock[0] = signed.created + 601
        await signers.spend(Origin(hospital.code, found.version, "x"), signed._replace(nonce="another-nonce-of-it"))
        assert [row["nonce"] for row in rows(database, kept, c=hospital.code)] == ["another-nonce-of-it"]
        await logins.close()
        await store.close()
        assert broken == []


async def test_a_replay_from_elsewhere_is_no_login_but_a_refused_one(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path / "data", database) as service:
        hospital = service.hospital()
        said = sign(key_for(hospital), hospital.code, "POST", PATH, "", OXYGEN)
        for address in ("10.1.0.1", "10.9.0.9"):
            await service.client.post(PATH, content=OXYGEN, headers=said | {"X-Forwarded-For": address})
    logins = [(x["verb"], x["address"]) for x in journal(database, hospital.code, "signing_key")][1:]
    assert logins == [("login", "10.1.0.1"), ("login_failed", "10.9.0.9")]


async def test_a_replay_over_the_wire_is_refused_in_words(signer: Signer) -> None:
    said = sign(signer.key, signer.hospital.code, "POST", PATH, "", OXYGEN)
    client = signer.hospital.service.client
    first = await client.post(PATH, content=OXYGEN, headers=said)
    again = await client.post(PATH, content=OXYGEN, headers=said | {"Accept-Language": "en"})
    assert (first.status_code, again.status_code, code_of(again)) == (200, 401, "nonce_used")
    assert "sign each request with a new nonce" in again.text


async def test_of_equal_requests_at_once_one_is_accepted(signer: Signer) -> None:
    said = sign(signer.key, signer.hospital.code, "POST", PATH, "", OXYGEN)
    client = signer.hospital.service.client
    answers = await asyncio.gather(*(client.post(PATH, content=OXYGEN, headers=said) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]


async def test_a_hospital_that_asked_for_it_is_let_in_by_a_signature_only(signer: Signer) -> None:
    hospital = signer.hospital
    client = hospital.service.client
    login = {"kode_rs": hospital.code, "password": PASSWORD}
    token = (await client.post("/api/rslogin", json=login)).json()["data"]["access_token"]
    with transaction(hospital.service.database) as access:
        signing.require(access, hospital.code, True)
    refused = await hospital.send("POST", "/Logistik/oksigen", json.loads(OXYGEN))
    assert (refused.status_code, code_of(refused)) == (401, "signature_required")
    wrong = await hospital.send("GET", "/Logistik/oksigen", headers={"X-pass": "salah"})
    assert (wrong.status_code, code_of(wrong)) == (401, "credentials")
    answer = await client.post("/api/rslogin", json=login)
    assert (answer.status_code, "sign" in answer.json()["message"]) == (403, True)
    # What the password opened before is closed.
    assert (await client.get(api.REPORT, headers={"Authorization": f"Bearer {token}"})).status_code == 403
    assert (await signer.send()).status_code == 200
    with transaction(hospital.service.database) as access:
        signing.require(access, hospital.code, False)
    assert (await hospital.send("GET", "/Logistik/oksigen")).status_code == 200


async def test_the_patient_api_takes_a_signed_login(signer: Signer) -> None:
    hospital = signer.hospital
    with transaction(hospital.service.database) as access:
        signing.require(access, hospital.code, True)
    said = await signer.send("POST", "/api/rslogin", b"{}", headers={"Content-Type": "application/json"})
    assert said.status_code == 201, said.text
    bearer = {"Authorization": f"Bearer {said.json()['data']['access_token']}"}
    made = await hospital.service.client.post(api.REPORT, json=api.report(), headers=bearer)
    assert made.status_code == 201
    replayed = sign(signer.key, hospital.code, "POST", "/api/rslogin", "", b"{}")
    answers = [(await hospital.service.client.post("/api/rslogin", content=b"{}", headers=replayed)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 401]
    # Without its key nothing of it works any more.
    with transaction(hospital.service.database) as access:
        signing.add(access, hospital.code, "ABCDEFGHabcdefgh01234567", at_once=True)
    assert (await hospital.service.client.get(api.REPORT, headers=bearer)).status_code == 403
    assert (await signer.send("POST", "/api/rslogin", b"{}")).status_code == 401


async def test_a_key_that_ended_signs_nothing_and_a_new_one_at_once(signer: Signer) -> None:
    hospital = signer.hospital
    assert (await signer.send()).status_code == 200
    with transaction(hospital.service.database) as access:
        second = signing.add(access, hospital.code, "ABCDEFGHabcdefgh01234567")
    # Both count during the change-over.
    assert [(await Signer(hospital, key).send()).status_code for key in (second, signer.key)] == [200, 200]
    with transaction(hospital.service.database) as access:
        signing.end(access, hospital.code, 1)
    answers = [await Signer(hospital, key).send() for key in (second, signer.key)]
    assert [answer.status_code for answer in answers] == [200, 401]
    with transaction(hospital.service.database) as access:
        third = signing.add(access, hospital.code, "abcdefghABCDEFGH01234567")
        signing.add(access, hospital.code, "76543210abcdefghABCDEFGH")
        # Two count together, not three.
        assert [key.number for key in signing.keys(access, hospital.code)] == [4, 3]
    # The store was asked in vain a moment ago.
    await asyncio.sleep(1)
    assert (await Signer(hospital, third).send()).status_code == 200
    with transaction(hospital.service.database) as access:
        hospitals.set_state(access, hospital.code, aktif=False)
    assert code_of(await Signer(hospital, third).send()) == "signature"


def malformed() -> Iterator[tuple[str, Callable[[Headers], None], str]]:
    def replaced(header: str, old: str, new: str) -> Callable[[Headers], None]:
        def change(said: Headers) -> None:
            assert old in said[header]
            said[header] = said[header].replace(old, new)

        return change

    def without(header: str) -> Callable[[Headers], None]:
        def change(said: Headers) -> None:
            del said[header]

        return change

    yield "no digest", without("Content-Digest"), "Content-Digest"
    yield "no signature", without("Signature"), "Signature"
    yield "no input", without("Signature-Input"), "Signature-Input"
    yield "two", replaced("Signature-Input", "rsonline=", 'x=("@method");created=1, rsonline='), "tepat satu"
    yield "another label", replaced("Signature", "rsonline=", "lain="), "Signature"
    yield "path left out", replaced("Signature-Input", '"@path" ', ""), "@path"
    yield "digest left out", replaced("Signature-Input", '"content-digest" ', ""), "content-digest"
    yield "hospital left out", replaced("Signature-Input", ' "x-rs-id"', ""), "x-rs-id"
    yield "a parameter", replaced("Signature-Input", '"@path"', '"@path";req'), "parameter"
    yield "twice", replaced("Signature-Input", '"@path"', '"@path" "@path"'), "sekali"
    yield "unknown", replaced("Signature-Input", '"@path"', '"@path" "@authority"'), "@query"
    yield "absent", replaced("Signature-Input", '"@path"', '"@path" "x-lain"'), "x-lain"
    yield "no time", replaced("Signature-Input", "created=", "expires="), "created"
    yield "a text as time", replaced("Signature-Input", "created=", 'created="x";x='), "created"
    yield "short nonce", replaced("Signature-Input", 'nonce="', 'nonce="a";x="'), "nonce"
    yield "key by name", replaced("Signature-Input", 'keyid="1"', 'keyid="satu"'), "keyid"
    yield "another way", replaced("Signature-Input", 'keyid="1"', 'keyid="1";alg="hmac-sha512"'), "alg"
    yield "no structure", replaced("Signature-Input", "(", "(("), "RFC 9651"
    yield "no bytes", replaced("Signature", "=:", '="'), "Signature"
    yield "another digest", replaced("Content-Digest", "sha-256", "sha-512"), "Content-Digest"
    yield "too long", replaced("Signature-Input", 'keyid="1"', f'keyid="1";x="{"x" * 2000}"'), "Signature-Input"


@pytest.mark.parametrize(("change", "named"), [c[1:] for c in malformed()], ids=[c[0] for c in malformed()])
async def test_what_is_not_written_as_it_must_be_is_named(
    signer: Signer, change: Callable[[Headers], None], named: str
) -> None:
    said = sign(signer.key, signer.hospital.code, "POST", PATH, "", OXYGEN)
    change(said)
    answer = await signer.hospital.service.client.post(PATH, content=OXYGEN, headers=said)
    assert (answer.status_code, code_of(answer)) == (400, "signature_malformed")
    assert named in answer.text.replace("\\", "")


async def test_a_signature_of_somebody_elses_kind_beside_a_password_means_nothing(hospital: Hospital) -> None:
    answer = await hospital.send("GET", "/Logistik/oksigen", headers={"Signature": "3f2a"})
    assert answer.status_code == 200


WORDS = st.sampled_from(
    [
        *('sig1=("@method" "@path" "@query" "content-digest" "x-rs-id")', ";created=1764500000", ';keyid="1"'),
        *(';nonce="0123456789abcdef"', ';alg="hmac-sha256"', ";x=1.5", ";x=@1764500000", ';x=%"f%c3%bc"', ";x=?1"),
        *(";x=:AAAA:", ";x=tok/en", ';x="\\""', ", ", "=", "(", ")", '"', ";", "é", "sig2", "1" * 20, ' "x-rs-id"'),
    ]
)


@given(st.lists(WORDS, max_size=10).map("".join), st.lists(WORDS, max_size=4).map("".join))
async def test_whatever_stands_in_the_headers_is_read_or_refused(said: str, signature: str) -> None:
    headers = {
        "x-rs-id": ["9100001"],
        "content-digest": [f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"],
        "signature-input": [said],
        "signature": [signature or f"sig1=:{base64.b64encode(bytes(32)).decode()}:"],
    }
    try:
        signed = signatures.read(Target("GET", "/é", ""), headers)
    except signatures.Malformed:
        return
    assert not signatures.verify(signed, [(1, "rsk-1-x")])


async def test_what_means_something_must_be_signed_too(signer: Signer) -> None:
    hospital = signer.hospital
    once = await signer.send(headers={"Idempotency-Key": "sekali-saja-1"})
    assert (once.status_code, "idempotency-key" in once.text) == (400, True)
    day = await signer.send(body=b'{"p_cair": "1"}', headers={"X-tanggal": "2026-11-02"})
    assert (day.status_code, "x-tanggal" in day.text) == (400, True)
    covered = COVERED.replace('"x-rs-id"', '"x-rs-id" "x-tanggal"')
    said = f'{covered};created={int(time.time())};nonce="0123456789abcdef";keyid="1"'
    body, more = b'{"p_cair": "1"}', '"x-tanggal": 2026-11-02\n'
    headers = signed_by_hand(signer.key, hospital.code, said, body=body, more=more) | {"X-tanggal": "2026-11-02"}
    answer = await hospital.service.client.post(PATH, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    moved = headers | {"X-tanggal": "2026-11-03"}
    assert code_of(await hospital.service.client.post(PATH, content=body, headers=moved)) == "signature"


async def test_a_key_sent_as_a_password_is_named_and_does_not_let_in(signer: Signer) -> None:
    answer = await signer.hospital.send("GET", "/Logistik/oksigen", headers={"X-pass": signer.key})
    assert (answer.status_code, code_of(answer)) == (401, "key_as_password")
    assert signer.key not in answer.text


async def test_wrong_signatures_are_noted_and_keep_nobody_out(service: Service, signer: Signer) -> None:
    hospital = signer.hospital
    stranger = Signer(hospital, "rsk-1-zzzzzzzzzzzzzzzzzzzzzzzz")
    for _ in range(120):
        assert code_of(await stranger.send()) == "signature"
    nobody = Signer(Hospital("0000001", service), signer.key)
    assert code_of(await nobody.send()) == "signature"
    assert (await signer.send()).status_code == 200
    assert (await hospital.send("GET", "/Logistik/oksigen")).status_code == 200


async def test_made_up_signatures_cost_the_store_little(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path / "data", database) as service:
        hospital = service.hospital()
        key = key_for(hospital)
        broken: list[BaseException] = []
        store = open_store(database, on_broken=broken.append)
        read, asked = store.read, []

        async def counting(origin: Origin | None, look: Callable[[Any], Any]) -> Any:
            asked.append(look)
            return await read(origin, look)

        store.read = counting  # type: ignore[method-assign]  # counted, then as before
        clock = [float(int(time.time()))]
        logins = Logins(store)
        signers = Signers(store, logins, clock=lambda: clock[0])

        async def come(code: str, key: str) -> str:
            said = {k.lower(): [v] for k, v in sign(key, code, "POST", PATH, "", OXYGEN).items()}
            try:
                await signers.verified(code, signatures.read(Target("POST", PATH, ""), said), "10.0.0.1", "0" * 32)
            except Denied as denied:
                return denied.reason
            return "in"

        wrong = "rsk-1-zzzzzzzzzzzzzzzzzzzzzzzz"
        assert {await come(hospital.code, wrong) for _ in range(50)} == {"signature"}
        assert await come(hospital.code, key) == "in"
        assert {await come("0000001", key) for _ in range(50)} == {"signature"}
        assert len(asked) == 2
        # A key that was made a moment ago is known at once, or a second later where somebody guesses.
        with transaction(database) as access:
            second = signing.add(access, hospital.code, "ABCDEFGHabcdefgh01234567")
        clock[0] += 1
        assert [await come(hospital.code, k) for k in (second, key)] == ["in", "in"]
        assert len(asked) == 3
        made_up = [await come(f"{n:07}", key) for n in range(2, 600)]
        assert made_up.count("busy") == 598 - 499
        assert await come(hospital.code, key) == "in"
        clock[0] += 1
        assert await come("0009999", key) == "signature"
        await logins.close()
        await store.close()
        assert broken == []


async def test_where_tls_is_required_a_signature_in_clear_is_refused(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path / "data", database, require_tls=True) as service:
        signer = Signer(hospital := service.hospital(), key_for(hospital))
        clear = await signer.send(headers={"X-Forwarded-Proto": "http"})
        assert (clear.status_code, code_of(clear)) == (403, "tls")
        assert (await signer.send(headers={"X-Forwarded-Proto": "https"})).status_code == 200


async def test_a_key_is_sealed_and_survives_a_rotation(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path / "data", database) as service:
        signer = Signer(hospital := service.hospital(), key_for(hospital))
        assert (await signer.send()).status_code == 200
        [before] = rows(database, "SELECT * FROM signing_key")
        told = str([before, *rows(database, "SELECT * FROM journal")]).encode() + bytes(before["secret"])
        assert b"0123456789abcdef" not in told
        rotation.rotate(database, taken_up=0)
        [after] = rows(database, "SELECT * FROM signing_key")
        assert after["secret"] != before["secret"]
        assert (await signer.send()).status_code == 200
        with transaction(database) as access:
            [key] = signing.keys(access, hospital.code)
        assert (key.text, repr(key)) == (signer.key, "SigningKey(1)")


async def test_the_operator_makes_ends_and_requires_keys(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.upgrade(database)
    monkeypatch.setenv("RSONLINE_KEYS", str(database.keys))
    with transaction(database) as access:
        hospitals.add(access, "9100001", "RS Tiruan", "WIB", password_hash())
    told = of(database)
    assert "belum punya kunci" in run("hospital", "set", "9100001", "--signed-only", *told, code=1).err
    made = run("hospital", "signing-key", "9100001", *told).out
    [key] = re.findall(r"rsk-1-[0-9A-Za-z]{24}", made)
    run("hospital", "set", "9100001", "--signed-only", *told)
    shown = run("hospital", "show", "9100001", *told).out
    assert "kunci tanda tangan nomor 1" in shown
    assert "Hanya permintaan bertanda tangan" in shown
    assert key not in shown
    assert "kunci terakhir" in run("hospital", "revoke-signing-key", "9100001", "1", *told, code=1).err
    # A second key does not make the last one that lasts dispensable: the older one is on its way out.
    run("hospital", "signing-key", "9100001", *told)
    assert "kunci terakhir" in run("hospital", "revoke-signing-key", "9100001", "2", *told, code=1).err
    run("hospital", "set", "9100001", "--no-signed-only", *told)
    run("hospital", "revoke-signing-key", "9100001", "2", *told)
    assert "belum punya kunci" in run("hospital", "set", "9100001", "--signed-only", *told, code=1).err
    run("hospital", "signing-key", "9100001", "--at-once", *told)
    assert "tidak punya kunci" in run("hospital", "revoke-signing-key", "9100001", "1", *told, code=1).err
    run("hospital", "revoke-signing-key", "9100001", "3", *told)
    verbs = [(x["object"], x["verb"]) for x in journal(database, "9100001")][1:]
    assert verbs == [
        ("signing_key", "add"),
        ("hospital", "change"),
        ("signing_key", "add"),
        ("hospital", "change"),
        ("signing_key", "revoke"),
        ("signing_key", "add"),
        ("signing_key", "revoke"),
    ]
