"""Delivery against a service that fails in every way, in simulated time: all arrives, once, without a storm."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from rsonline.hospital.deliver import LONGEST, PROBE, SPREAD, Delivery, Reply
from rsonline.hospital.messages import Message, Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """A service that can lose answers, be away, refuse and lock out."""

    def __init__(self, clock: Clock, *, once: bool, seed: int = 1) -> None:
        self.clock, self.knows_once = clock, once
        self.draw = random.Random(seed)
        self.taken: list[tuple[str, object]] = []
        self.known: dict[str, int] = {}
        self.away = self.locked = False
        self.loss = 0.0
        self.asked: list[float] = []

    def send(self, messages: Sequence[Message]) -> list[Reply | None]:
        replies: list[Reply | None] = [None] * len(messages)
        for place, message in enumerate(messages):
            replies[place] = reply = self.one(message)
            if reply.kind not in ("accepted", "refused"):
                break
        return replies

    def one(self, message: Message) -> Reply:
        self.asked.append(self.clock.now)
        if self.away:
            return Reply("later", "tidak ada jawaban")
        if self.locked:
            return Reply("locked", "kata sandi ditolak")
        if message.body.get("jumlah") == -1:
            return Reply("refused", "jumlah gagal: tidak boleh kurang dari 0")
        lost = self.draw.random() < self.loss
        if lost and self.draw.random() < 0.5:
            return Reply("unknown", "sambungan putus")
        if not (self.knows_once and message.once in self.known):
            self.known[message.once] = len(self.taken)
            self.taken.append((str(message.body["ruang"]), message.body["jumlah"]))
        return Reply("unknown", "sambungan putus") if lost else Reply("accepted", number="7", receipt="r")

    def find(self, message: Message) -> Reply:
        if self.away:
            return Reply("unknown", "tidak ada jawaban")
        there = (str(message.body["ruang"]), message.body["jumlah"]) in self.taken
        return Reply("accepted", number="7") if there else Reply("later")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(tmp_path: Path, clock: Clock) -> Outbox:
    return Outbox(tmp_path / "antrean.sqlite3", Sealer(bytes(32)), clock=clock)


def task(name: str, value: int) -> Offer:
    return Offer("antrian_task", (name, str(value)), {"ruang": name, "jumlah": value}, event=True)


def run(delivery: Delivery, clock: Clock, seconds: int) -> None:
    for _ in range(seconds):
        delivery.step()
        clock.now += 1


@pytest.mark.parametrize("once", [True, False])
def test_with_a_fifth_of_the_answers_lost_everything_arrives_once(once: bool, box: Outbox, clock: Clock) -> None:
    service = Service(clock, once=once)
    service.loss = 0.2
    box.offer([task(f"k{n}", n) for n in range(500)])
    run(Delivery(box, service, clock, random.Random(2)), clock, 3000)
    assert box.size() == (0, 0)
    assert sorted(service.taken) == sorted((f"k{n}", n) for n in range(500))


def test_an_outage_is_waited_for_and_ends_by_itself(box: Outbox, clock: Clock) -> None:
    service = Service(clock, once=True)
    service.away = True
    delivery = Delivery(box, service, clock, random.Random(3))
    box.offer([task(f"k{n}", n) for n in range(50)])
    run(delivery, clock, 7200)
    assert box.size()[0] == 50
    assert delivery.state.away_since is not None
    # In two hours some dozens of tries, one message each, never further apart than five minutes.
    assert 24 <= len(service.asked) <= 120
    assert max(b - a for a, b in zip(service.asked, service.asked[1:], strict=False)) <= LONGEST + 1
    service.away = False
    run(delivery, clock, 400)
    assert box.size() == (0, 0)
    assert delivery.state.away_since is None


def test_a_refused_password_stops_everything_and_is_tried_every_five_minutes(box: Outbox, clock: Clock) -> None:
    service = Service(clock, once=True)
    service.locked = True
    delivery = Delivery(box, service, clock)
    box.offer([task(f"k{n}", n) for n in range(50)])
    run(delivery, clock, 60)
    assert (len(service.asked), delivery.state.said) == (1, "kata sandi ditolak")
    assert delivery.state.locked_since is not None
    run(delivery, clock, 1800)
    assert len(service.asked) == 1 + 1860 // int(PROBE)
    service.locked = False
    run(delivery, clock, 310)
    assert box.size() == (0, 0)


def test_a_poison_record_is_set_aside_at_once_and_holds_up_nobody(box: Outbox, clock: Clock) -> None:
    service = Service(clock, once=True)
    box.offer([task("a", 1), task("salah", -1), task("b", 2)])
    run(Delivery(box, service, clock), clock, 3)
    assert sorted(service.taken) == [("a", 1), ("b", 2)]
    [aside] = box.set_aside()
    assert "tidak boleh kurang dari 0" in aside.said


def test_after_an_outage_senders_do_not_begin_in_the_same_second(tmp_path: Path, clock: Clock) -> None:
    begun = []
    for number in range(300):
        box = Outbox(tmp_path / f"{number}.sqlite3", Sealer(bytes(32)), clock=clock)
        box.offer([task("a", 1)])
        box.close()
    clock.now += 3600
    start = clock.now
    for number in range(300):
        clock.now = start
        box = Outbox(tmp_path / f"{number}.sqlite3", Sealer(bytes(32)), clock=clock)
        service = Service(clock, once=True)
        delivery = Delivery(box, service, clock, random.Random(number))
        while not service.asked:
            delivery.step()
            clock.now += 1
        begun.append(service.asked[0] - start)
        box.close()
    assert max(begun) <= SPREAD + 1
    busiest = max(sum(1 for b in begun if int(b) == second) for second in range(int(SPREAD) + 2))
    assert busiest < 300 / SPREAD * 4


def test_the_service_is_asked_again_no_sooner_than_it_wants(box: Outbox, clock: Clock) -> None:
    class Asking(Service):
        def one(self, message: Message) -> Reply:
            self.asked.append(self.clock.now)
            return Reply("later", "sibuk", after=30) if len(self.asked) < 3 else Reply("accepted")

    service = Asking(clock, once=True)
    box.offer([task("a", 1)])
    run(Delivery(box, service, clock, random.Random(1)), clock, 100)
    assert [b - a >= 30 for a, b in zip(service.asked, service.asked[1:], strict=False)] == [True, True]


def test_a_record_that_always_fails_holds_up_nobody_for_long(box: Outbox, clock: Clock) -> None:
    class Broken(Service):
        def one(self, message: Message) -> Reply:
            if message.body["ruang"] == "buruk":
                self.asked.append(self.clock.now)
                return Reply("later", "kesalahan di server")
            return super().one(message)

    service = Broken(clock, once=True)
    delivery = Delivery(box, service, clock, random.Random(1))
    box.offer([task("buruk", 1)])
    run(delivery, clock, 3600)
    begun = clock.now
    box.offer([task("baru", 2)])
    while not service.taken:
        delivery.step()
        clock.now += 1
    assert clock.now - begun <= 3
    # And it is not asked about more often than everything else would be.
    assert len(service.asked) < 60
