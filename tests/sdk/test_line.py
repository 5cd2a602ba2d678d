"""The line: certificates, sizes, patience. What is not to be trusted gets no byte; what asks to wait is waited for."""

import asyncio
import inspect
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline import OKSIGEN, SDM, Accepted, AsyncClient, Client, Failed, Later, LockedOut, Oksigen, Patients, Unknown
from rsonline.hospital import line
from rsonline.hospital.fake import FakeService
from tests.sdk.certificates import Authority, authority, certificate, serving
from tests.sdk.wired import RECORDS

ADDRESS = "https://palsu.test/fo/index.php"
OXYGEN = Oksigen(tanggal=date(2026, 1, 2), p_cair=1.5)


@pytest.fixture(scope="module")
def own() -> Authority:
    """An authority of the hospital's own."""
    return authority()


def test_an_added_authority_is_trusted(own: Authority, tmp_path: Path) -> None:
    ca_file = own.write(tmp_path / "ca.pem")
    with serving(certificate(tmp_path, own)) as told, Client(told.address, "9100001", "s", ca_file=ca_file) as client:
        outcome = client.send(OXYGEN)
    assert isinstance(outcome, Accepted), outcome
    assert b"X-pass: s" in told.heard


BAD: dict[str, dict[str, Any]] = {
    "self_signed": {"by": False},
    "expired": {"days": (-30, -1)},
    "not_yet_valid": {"days": (10, 30)},
    "wrong_name": {"name": "rsonline.example"},
    "old_protocol": {"old": True},
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_certificate_gets_no_byte(own: Authority, tmp_path: Path, bad: str) -> None:
    how = dict(BAD[bad])
    old, by = how.pop("old", False), own if how.pop("by", True) else None
    ca_file = own.write(tmp_path / "ca.pem")
    with serving(certificate(tmp_path, by, **how), old=old) as told:
        with Client(told.address, "9100001", "s", ca_file=ca_file, retries=1, sleep=lambda _: None) as client:
            outcome = client.send(OXYGEN)
            with pytest.raises(Failed):
                client.list(OKSIGEN)

        async def meanwhile() -> object:
            async with AsyncClient(told.address, "9100001", "s", ca_file=ca_file, retries=0) as other:
                return await other.send(OXYGEN)

        another = asyncio.run(meanwhile())
        with Patients(told.address, "9100001", "u", "s", ca_file=ca_file, retries=0) as patients, pytest.raises(Failed):
            patients.reference("pekerjaan")
    assert isinstance(outcome, Later), outcome
    assert isinstance(another, Later)
    assert outcome.why == "not_reached"
    assert told.heard == b""


def test_an_unknown_authority_gets_no_byte(own: Authority, tmp_path: Path) -> None:
    with serving(certificate(tmp_path, own)) as told, Client(told.address, "9100001", "s", retries=0) as client:
        assert isinstance(client.send(OXYGEN), Later)
    assert told.heard == b""


def test_nothing_turns_the_check_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Client, AsyncClient, Patients):
        names = inspect.signature(kind).parameters
        assert not {"verify", "insecure", "ssl", "ssl_context"} & set(names)
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    context = line.trust(None)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "address",
    [
        "http://rsonline.example/fo",
        "http://127.0.0.1.evil.example/fo",
        "http://localhost@evil.example/fo",
        "https://user:pass@rsonline.example/fo",
        "https:///fo",
        "ftp://rsonline.example",
        "https://rsonline.example/fo?x=1",
        "rsonline.example",
    ],
)
def test_an_address_that_would_show_the_password_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(address, "9100001", "s")


@pytest.mark.parametrize("password", ["", " s", "s\r\nX-rs-id: 1", "s\x00", "sandi—panjang"])
def test_a_password_that_no_header_carries_is_refused_without_showing_it(password: str) -> None:
    with pytest.raises(ValueError, match="password") as refused:
        Client(ADDRESS, "9100001", password)
    assert "sandi" not in str(refused.value)


class Sleeper:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def waiting_client(service: FakeService, clock: Sleeper, **more: Any) -> Client:
    """A client on a fake clock that always draws the longest wait."""
    settings: dict[str, Any] = {"clock": clock, "sleep": clock.sleep, "draw": lambda low, high: high, **more}
    return Client(ADDRESS, "9100001", "s", transport=service, **settings)


def test_waits_grow_and_end() -> None:
    clock = Sleeper()
    service = FakeService(clock=clock)
    for _ in range(5):
        service.then(503)
    outcome = waiting_client(service, clock, retries=4).send(OXYGEN)
    assert isinstance(outcome, Later)
    assert clock.slept == [1, 2, 4, 8]
    assert len(service.requests) == 5


def test_waits_are_drawn_anew_from_nothing_up() -> None:
    clock = Sleeper()
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.25

    service = FakeService(clock=clock)
    for _ in range(8):
        service.then(503)
    assert isinstance(waiting_client(service, clock, retries=8, draw=draw).send(OXYGEN), Accepted)
    assert asked == [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 32), (0, 60), (0, 60)]


@pytest.mark.parametrize(("said", "slept"), [("7", 7), ("0", 1), ("soon", 1), ("-5", 1), ("9" * 30, 1)])
def test_retry_after_is_kept_to(said: str, slept: float) -> None:
    clock = Sleeper()
    service = FakeService(clock=clock)
    service.then(429, headers={"Retry-After": said})
    assert isinstance(waiting_client(service, clock).send(OXYGEN), Accepted)
    assert clock.slept == [slept]


def test_retry_after_may_be_a_date() -> None:
    clock = Sleeper()
    service = FakeService(clock=clock)
    until = format_datetime(datetime.fromtimestamp(clock.now + 30, UTC), usegmt=True)
    service.then(503, headers={"Retry-After": until})
    assert isinstance(waiting_client(service, clock).send(OXYGEN), Accepted)
    assert clock.slept == [30]


def test_a_wait_that_is_too_long_is_told_instead() -> None:
    clock = Sleeper()
    service = FakeService(clock=clock)
    service.then(503, retry_after=600)
    outcome = waiting_client(service, clock).send(OXYGEN)
    assert isinstance(outcome, Later)
    assert outcome.after == 600
    assert clock.slept == []


def test_what_may_have_arrived_once_is_never_said_not_to_have() -> None:
    clock = Sleeper()
    service = FakeService(clock=clock)
    service.then(lost=True, stored=True)
    for _ in range(3):
        service.then(503)
    assert isinstance(waiting_client(service, clock).send(OXYGEN), Unknown)
    assert service.rows("oksigen")


def test_with_numbers_that_are_known_a_screening_is_stored_once() -> None:
    clock = Sleeper()
    service = FakeService(clock=clock, extensions=True)
    client = waiting_client(service, clock)
    assert client.discover()
    service.then(lost=True, stored=True)
    outcome = client.send(RECORDS["shk"])
    assert isinstance(outcome, Accepted)
    assert outcome.replayed
    assert len(service.rows("shk")) == 1


def test_a_service_that_announces_nothing_is_sent_nothing_of_ours() -> None:
    service = FakeService(clock=Sleeper())
    client = waiting_client(service, Sleeper())
    assert not client.discover()
    assert "X-pass" not in service.requests[0].headers
    assert "X-rs-id" not in service.requests[0].headers
    for record in RECORDS.values():
        client.send(record)
    assert not any("Idempotency-Key" in r.headers for r in service.requests)
    assert not client.knows_once


@pytest.mark.parametrize("off", [-365 * 86_400, 365 * 86_400])
def test_a_wrong_clock_is_set_once_and_only_once(off: float) -> None:
    clock, theirs = Sleeper(), Sleeper()
    theirs.now += off
    service = FakeService(clock=theirs)
    client = waiting_client(service, clock)
    assert isinstance(client.send(Oksigen(tanggal=date(2024, 1, 2), p_cair=1.5)), Accepted)
    assert [r.method for r in service.requests] == ["POST", "POST"]
    assert isinstance(client.list(SDM), list)
    assert len(service.requests) == 3
    # A service that finds every time wrong is not asked for ever.
    stubborn = FakeService(clock=theirs, window=-1)
    outcome = waiting_client(stubborn, clock).send(Oksigen(tanggal=date(2024, 1, 2)))
    assert isinstance(outcome, LockedOut)
    assert outcome.why == "clock"
    assert len(stubborn.requests) == 2


class Endless(httpx.BaseTransport):
    """An answer that does not end."""

    given = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        def parts() -> Iterator[bytes]:
            while True:
                Endless.given += 65536
                yield b" " * 65536

        return httpx.Response(200, stream=_Stream(parts()))


class _Stream(httpx.SyncByteStream):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


def test_an_endless_answer_is_cut() -> None:
    client = Client(ADDRESS, "9100001", "s", transport=Endless(), retries=0)
    outcome = client.send(OXYGEN)
    assert isinstance(outcome, Unknown)
    assert outcome.why == "too_large"
    assert Endless.given < 2_000_000


def test_no_redirect_is_followed_and_no_cookie_kept() -> None:
    service = FakeService()
    service.then(302, "", headers={"Location": "https://lain.test/", "Set-Cookie": "a=b"})
    client = Client(ADDRESS, "9100001", "s", transport=service, sleep=lambda _: None)
    client.send(OXYGEN)
    assert {r.url.host for r in service.requests} == {"palsu.test"}
    assert not any("cookie" in r.headers for r in service.requests)


def test_what_a_service_says_is_shown_harmless() -> None:
    service = FakeService()
    service.then(200, {"Oksigenasi": [{"status": "422", "message": "gagal\r\n\x1b[31m\u202e" + "x" * 5000}]})
    outcome = Client(ADDRESS, "9100001", "s", transport=service).send(OXYGEN)
    said = getattr(outcome, "said", "")
    assert said.isprintable()
    assert len(said) <= 500
    assert "xxx" not in repr(outcome)


def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = FakeService()
    client = Client(ADDRESS, "9100001", "sandi-rahasia-4711", transport=service)
    client.send(RECORDS["antrian"])
    client.send(RECORDS["shk"])
    for secret in ("sandi-rahasia", "9999000000000011", "Ibu Contoh", "CONTOH-0001"):
        assert secret not in caplog.text
