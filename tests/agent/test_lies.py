"""The corpus of hostile answers against the agent's delivery: no crash, no loss, nothing twice, no storm (SR-57)."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline import AsyncClient
from rsonline.hospital.deliver import LONGEST, PROBE, Delivery
from rsonline.hospital.fake import FakeService
from rsonline.hospital.identity import natural_key
from rsonline.hospital.messages import Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.sender import Sending
from rsonline.reports import named
from tests.samples import MESSAGES
from tests.sdk.liar import LIES, ROOM, Lie
from tests.sdk.wired import ADDRESS, no_sleep

HOUR = 3600
BODIES = {"tempat_tidur": ROOM, "shk": MESSAGES["shk"]}


class Liar(httpx.AsyncBaseTransport):
    """Says one thing to everything, until it turns honest."""

    def __init__(self, lie: Lie, now: "Clock") -> None:
        self.lie: Lie | None = lie
        self.honest = FakeService(clock=now)
        self.now = now
        self.asked: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.lie is None:
            return await self.honest.handle_async_request(request)
        await request.aread()
        self.asked.append(self.now())
        return self.lie.response


class Clock:
    """A clock that moves when told."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Longest(random.Random):
    """Draws the longest pause there is, so that a pause can be told from none."""

    def uniform(self, a: float, b: float) -> float:
        return b


def storm(times: list[float], least: float) -> str:
    """What is wrong with when it was asked: '' where each pause is 1, 2, 4 … 300 s, and never less than `least`."""
    rounds = sorted(set(times))
    pauses = [later - earlier for earlier, later in pairwise(rounds)]
    if max(times.count(each) for each in rounds) > 4:
        return "more than a question, a read-back and both methods in one round"
    wanted = 1.0
    for pause in pauses:
        if pause < max(wanted, least):
            return f"after {pause:g} s, not {max(wanted, least):g}"
        wanted = min(LONGEST, wanted * 2)
    return ""


@pytest.mark.parametrize("kind", list(BODIES))
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_hostile_server_gets_no_storm_and_takes_nothing_from_us(lie: Lie, kind: str, tmp_path: Path) -> None:
    clock, body = Clock(), BODIES[kind]
    liar = Liar(lie, clock)
    client: Any = AsyncClient(ADDRESS, "9100001", "s", transport=liar, sleep=no_sleep, clock=clock)
    box = Outbox(tmp_path / "antrean.sqlite3", Sealer(bytes(32)), clock=clock)
    sending = Sending(client)
    try:
        box.offer([Offer(kind, natural_key(named(kind), body), body, event=kind == "shk")])
        delivery = Delivery(box, sending, clock=clock, draw=Longest())
        for _ in range(HOUR):
            delivery.step()
            clock.now += 1
        [counts] = box.counts()
        assert counts.arrived == 0
        assert counts.waiting + counts.sent + counts.refused == 1
        assert liar.asked
        least = PROBE if delivery.state.locked_since is not None else float(lie.headers.get("Retry-After", "0"))
        assert storm(liar.asked, least) == ""
        # It turns honest: what was not refused arrives by itself, what was refused after it is sent again by hand.
        liar.lie = None
        if counts.refused:
            [aside] = box.set_aside()
            assert box.resend(aside.id)
        for _ in range(900):
            delivery.step()
            clock.now += 1
        assert box.counts()[0].arrived == 1
        assert len(liar.honest.rows(kind)) == 1
    finally:
        sending.close()
        box.close()


def test_the_corpus_is_as_large_as_the_requirement_asks() -> None:
    assert len({lie.name for lie in LIES}) == len(LIES) >= 30
