"""A signing key in the place of the password: it signs, and never leaves the hospital (SR-12)."""

import time
from datetime import date
from typing import Any

import httpx
import pytest

from rsonline import OKSIGEN, SDM, Accepted, AsyncPatients, Client, LockedOut, Oksigen, Unknown
from rsonline.hospital.fake import FakeService
from rsonline.hospital.signing import is_key
from rsonline.reports import PASIEN_COVID, REPORTS
from rsonline.reports.report import Report, key_of
from rsonline.store import signing
from rsonline.store.engines import transaction
from tests.hospital import Hospital
from tests.sdk.wired import ADDRESS, HOME, RECORDS, Wired, client_of, no_sleep

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def key(hospital: Hospital) -> str:
    """The key of a hospital that lets nobody in without a signature."""
    with transaction(hospital.service.database) as access:
        text = signing.add(access, hospital.code, "0123456789abcdefABCDEFGH")
        signing.require(access, hospital.code, True)
    return text


def shown(request: httpx.Request) -> str:
    """All of a request, as somebody on the way reads it."""
    return f"{request.method} {request.url} {dict(request.headers)} {request.content!r}"


async def test_every_verb_is_signed_and_the_key_stays_at_home(hospital: Hospital, key: str) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired, password=key)
    for name in ("sdm", "apd", "pcr_nakes", "nakes_terinfeksi", "oksigen", "antrian"):
        record: Any = RECORDS[name]
        report: Report[Any] = next(r for r in REPORTS if r.name == name)
        assert isinstance(await client.send(record, once=f"sekali-{name}"), Accepted), name
        key_of_it = getattr(record, key_of(report.identity)[0])
        assert (
            await client.list(report, day=getattr(record, "tanggal", getattr(record, "tanggalperiksa", None))) != []
        ), name
        assert isinstance(await client.remove(report, key_of_it), Accepted), name
    assert (await client.reference("kebutuhan_sdm"))["26"] == "Dokter"
    assert await client.list(OKSIGEN, day=date(2021, 7, 1)) == []
    told = " ".join(map(shown, wired.requests))
    assert "X-pass" not in told.title().replace("X-Pass", "X-pass")
    assert key not in told
    assert key.rpartition("-")[2] not in told
    nonces = [request.headers["Signature-Input"].partition("nonce=")[2] for request in wired.requests]
    assert len(set(nonces)) == len(nonces)


async def test_a_request_that_is_sent_again_is_signed_anew(hospital: Hospital, key: str) -> None:
    wired = Wired(hospital)
    wired.lose = 1
    outcome = await client_of(hospital, wired, password=key).send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.0))
    assert isinstance(outcome, Accepted)
    assert len({request.headers["Signature"] for request in wired.requests}) == len(wired.requests) > 1


@pytest.mark.parametrize("off", [-3600, 3600])
async def test_a_wrong_clock_is_set_by_the_answer(hospital: Hospital, key: str, off: int) -> None:
    client = client_of(hospital, password=key, clock=lambda: time.time() + off)
    assert isinstance(await client.send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.0)), Accepted)


async def test_a_key_that_ended_locks_out(hospital: Hospital, key: str) -> None:
    client = client_of(hospital, password=key)
    with transaction(hospital.service.database) as access:
        signing.add(access, hospital.code, "ABCDEFGHabcdefgh01234567", at_once=True)
    outcome = await client.send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.0))
    assert isinstance(outcome, LockedOut)
    assert outcome.why == "credentials"


async def test_who_hears_that_it_was_sent_twice_does_not_know_what_became_of_it() -> None:
    fake = FakeService()
    fake.then(401, b'{"Oksigenasi":[{"status":"401","message":"{\\"response\\":\\"x\\"}","code":"nonce_used"}]}')
    with Client(ADDRESS, "9100001", "x", transport=fake, retries=0, sleep=lambda seconds: None) as client:
        outcome = client.add(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.0))
    assert isinstance(outcome, Unknown)
    assert outcome.why == "sent_twice"


async def test_the_patient_api_is_entered_by_a_signature(hospital: Hospital, key: str) -> None:
    wired = Wired(hospital)
    async with AsyncPatients(
        f"{HOME}/api", hospital.code, hospital.code, key, by_code=True, transport=wired, sleep=no_sleep
    ) as patients:
        assert await patients.list(PASIEN_COVID) == []
        assert await patients.list(PASIEN_COVID) == []
    assert key.rpartition("-")[2] not in " ".join(map(shown, wired.requests))
    assert ["Signature" in request.headers for request in wired.requests] == [True, False, False]
    with pytest.raises(ValueError, match="by_code"):
        AsyncPatients(f"{HOME}/api", hospital.code, "rs@contoh.test", key)


async def test_the_service_for_tests_knows_signatures() -> None:
    key = "rsk-3-0123456789abcdefABCDEFGH"
    assert is_key(key)
    assert not is_key("rsk-kata-sandi")
    fake = FakeService(password=key)
    for given, right in ((key, True), ("rsk-3-zzzzzzzzzzzzzzzzzzzzzzzz", False), ("kata sandi", False)):
        with Client(ADDRESS, "9100001", given, transport=fake) as client:
            outcome = client.save(SDM, {"id_kebutuhan": "26", "jumlah": "3"}, once="kunci-1")
            assert isinstance(outcome, Accepted if right else LockedOut), (given, outcome)
            if right:
                assert isinstance(client.remove(SDM, "26"), Accepted)
