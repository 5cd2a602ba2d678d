"""The outbox is delivered through the SDK: outcomes become replies, and what nobody knows is read back."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline import AsyncClient
from rsonline.hospital import sealed
from rsonline.hospital.deliver import Delivery, Reply, Sender
from rsonline.hospital.fake import FakeService
from rsonline.hospital.messages import Message, Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sender import Sending
from tests.hospital import PASSWORD, Hospital
from tests.samples import MESSAGES
from tests.sdk.wired import ADDRESS, BridgeAsync, Wired, no_sleep

_open: list[Sending] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No test leaves a connection behind."""
    yield
    while _open:
        _open.pop().close()


def sender_of(transport: httpx.AsyncBaseTransport, code: str = "9100001", password: str = "s") -> Sending:
    """The adapter over a client."""
    _open.append(Sending(AsyncClient(ADDRESS, code, password, transport=transport, sleep=no_sleep)))
    return _open[-1]


def sent(adapter: Sending, one: Message) -> Reply:
    """What became of one message."""
    [reply] = adapter.send([one])
    assert reply is not None
    return reply


def message(report: str, body: dict[str, Any], **more: Any) -> Message:
    """A message of the outbox."""
    settings: dict[str, Any] = {"verb": "save", "once": "k1", "tries": 0, "state": "waiting", "number": None}
    return Message(1, report, body=body, **{**settings, "parent_number": None, **more})


OXYGEN = MESSAGES["oksigen"]
SHK = MESSAGES["shk"]


def test_it_is_a_sender() -> None:
    adapter: Sender = sender_of(FakeService())
    assert not adapter.knows_once
    assert sender_of(FakeService(extensions=True)).knows_once


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({}, "accepted"),
        ({"status": 503, "retry_after": 9}, "later"),
        ({"status": 401, "body": "{}"}, "locked"),
        ({"status": 200, "body": "<html>"}, "unknown"),
        ({"status": 422, "body": {"Oksigenasi": [{"status": "422", "message": "gagal"}]}}, "refused"),
        ({"lost": True}, "unknown"),
        ({"status": 302, "body": ""}, "unknown"),
    ],
)
def test_each_outcome_has_its_reply(script: dict[str, Any], kind: str) -> None:
    service = FakeService()
    adapter = sender_of(service)
    assert not adapter.knows_once
    if script:
        service.then(**script)
    reply = sent(adapter, message("oksigen", OXYGEN))
    assert reply.kind == kind
    assert reply.after == (9 if kind == "later" else None)
    # Nothing is repeated here: the question about the numbers, and one try.
    assert len(service.requests) == 2


def test_what_no_service_could_be_asked_is_refused() -> None:
    reply = sent(sender_of(FakeService()), message("shk", {}, verb="remove"))
    assert reply.kind == "refused"


@pytest.mark.parametrize("name", [n for n in MESSAGES if n not in ("shk_hasil", "antrian_task")])
def test_find_tells_whether_it_is_there(name: str) -> None:
    adapter = sender_of(FakeService())
    body = {k: v for k, v in MESSAGES[name].items() if v is not None}
    asked = message(name, body)
    assert adapter.find(asked).kind == "later"
    first = sent(adapter, asked)
    assert first.kind == "accepted", first
    found = adapter.find(asked)
    assert found.kind == "accepted", found
    assert found.number == first.number
    changed = {**body, "jumlah": "1", "p_cair": "1", "perawat": "1", "jumlah_tenaga_perawat": "1", "alamat": "X"}
    if name != "antrian":
        different = {k: changed[k] for k in body}
        assert adapter.find(message(name, different)).kind == "later"
    removal = message(name, body, verb="remove", number=first.number)
    assert adapter.find(removal).kind == "later"
    assert sent(adapter, removal).kind == "accepted"
    assert adapter.find(removal).kind == "accepted"


def test_parts_are_found_by_their_parent() -> None:
    adapter = sender_of(FakeService())
    parent = sent(adapter, message("shk", SHK))
    result = message("shk_hasil", MESSAGES["shk_hasil"], parent_number=parent.number)
    assert adapter.find(result).kind == "later"
    assert sent(adapter, result).kind == "accepted"
    assert adapter.find(result).kind == "accepted"
    sent(adapter, message("antrian", MESSAGES["antrian"]))
    task = message("antrian_task", MESSAGES["antrian_task"])
    assert adapter.find(task).kind == "later"
    assert sent(adapter, task).kind == "accepted"
    assert adapter.find(task).kind == "accepted"


def test_a_question_that_fails_says_nothing() -> None:
    service = FakeService()
    adapter = sender_of(service)
    service.then(503)
    assert adapter.find(message("oksigen", OXYGEN)).kind == "unknown"
    service.then(200, "<html>")
    assert adapter.find(message("oksigen", OXYGEN)).kind == "unknown"
    service.then(401, "")
    assert adapter.find(message("oksigen", OXYGEN)).kind in ("locked", "unknown")


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An empty outbox."""
    key = tmp_path / "key"
    sealed.create(key)
    return Outbox(tmp_path / "out.sqlite3", sealed.read(key))


OFFERS = [
    Offer("oksigen", ("2021-07-01",), OXYGEN),
    Offer("tempat_tidur", ("3", "Irina A atas"), MESSAGES["tempat_tidur"]),
    Offer("shk", ("9999000000000011",), SHK, event=True),
    Offer("shk_hasil", ("x",), MESSAGES["shk_hasil"], event=True, parent=("shk", ("9999000000000011",))),
]


@pytest.mark.parametrize("extensions", [False, True])
def test_whatever_gets_lost_everything_arrives_once(outbox: Outbox, extensions: bool) -> None:
    service = FakeService(extensions=extensions)
    adapter = sender_of(service)
    assert adapter.knows_once is extensions
    outbox.offer(OFFERS)
    now = [1_767_225_600.0]
    delivery = Delivery(outbox, adapter, clock=lambda: now[0])
    for round_ in range(60):
        if round_ < 20:
            service.then(lost=True, stored=round_ % 2 == 0)
        now[0] += 400
        delivery.step()
    assert {name: len(service.rows(name)) for name in ("oksigen", "tempat_tidur", "shk", "shk_hasil")} == {
        "oksigen": 1,
        "tempat_tidur": 1,
        "shk": 1,
        "shk_hasil": 1,
    }
    assert all(c.waiting == c.sent == c.refused == 0 for c in outbox.counts())


@pytest.mark.asyncio(loop_scope="session")
async def test_the_outbox_reaches_the_service(hospital: Hospital, tmp_path: Path) -> None:
    wired = Wired(hospital)
    loop = asyncio.get_running_loop()
    key = tmp_path / "key"
    sealed.create(key)

    def deliver() -> Any:
        with_ = Outbox(tmp_path / "out.sqlite3", sealed.read(key))
        with_.offer(OFFERS)
        delivery = Delivery(with_, sender_of(BridgeAsync(wired, loop), hospital.code, PASSWORD))
        step: Callable[[], int] = delivery.step
        tried = [step() for _ in range(3)]
        counts = with_.counts()
        with_.close()
        return tried, counts, delivery.state

    tried, counts, state = await asyncio.to_thread(deliver)
    assert sum(tried) == 4, state
    assert all(c.waiting == c.sent == c.refused == 0 for c in counts), (counts, state)
    answer = await hospital.send("GET", "/Pasien/shk", {"tgl_ambil_sampel": date(2022, 11, 27).isoformat()})
    assert len(answer.json()["shk"]) == 1
