"""Ten thousand requests, lost, repeated, changed and at once: everything ends where a small model ends."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx
import pytest

from rsonline.reports import ANTRIAN_TASK, SDM, SHK
from rsonline.store import audit
from rsonline.store.engines import connected
from tests.databases import journal, rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")
REQUESTS = 10_000
HOSPITALS = 10
ITEMS = ("26", "27", "28")
ENDINGS = {
    "telah disimpan": "saved",
    "telah diupdate": "updated",
    "telah dihapus": "removed",
    "sudah ada. Gunakan method PUT": "exists",
    "gunakan method POST": "missing",
    "tidak ditemukan": "unknown",
}
WRITTEN = ("saved", "updated", "removed")


class Request(NamedTuple):
    """What is sent."""

    method: str
    path: str
    body: bytes
    key: str | None

    @property
    def sound(self) -> bool:
        """Whether it can be read at all."""
        return self.body.endswith(b"}")


class Answer(NamedTuple):
    """What of an answer is the same when it is repeated."""

    status: int
    content: bytes
    receipt: str | None


@dataclass
class Model:
    """What must be there in the end, of one hospital."""

    staff: dict[str, int] = field(default_factory=dict)
    samples: int = 0
    lines: int = 0
    kept: dict[tuple[str, str, str], tuple[bytes, Answer]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)

    def carried_out(self, request: Request) -> str:
        """How a request ends that is carried out now."""
        said = json.loads(request.body)
        if request.path == ANTRIAN_TASK.path:
            return "unknown_booking"
        if request.path == SHK.path:
            self.samples += 1
            ended = "saved"
        else:
            item, there = said["id_kebutuhan"], said["id_kebutuhan"] in self.staff
            ended = {"POST": "exists" if there else "saved", "PUT": "updated", "DELETE": "removed"}[request.method]
            if not there and request.method != "POST":
                ended = {"PUT": "missing", "DELETE": "unknown"}[request.method]
            if ended in ("saved", "updated"):
                self.staff[item] = said["jumlah"]
            elif ended == "removed":
                del self.staff[item]
        self.lines += ended in WRITTEN
        return ended

    def check(self, group: list[Request], answers: list[httpx.Response]) -> None:
        """Hold requests that were sent at once, all under one key or under none, against what they may be told."""
        carried: list[tuple[Request, Answer, str]] = []
        rest: list[tuple[Request, Answer, str]] = []
        for request, answer in zip(group, answers, strict=True):
            said, told = told_by(answer)
            replayed = answer.headers.get("idempotent-replayed") == "true"
            if not request.sound:
                assert (told, said.receipt, replayed) == ("unreadable", None, False)
            elif told == "key_running":
                assert request.key is not None
                assert len(group) > 1
            elif replayed or told == "key_reused":
                rest.append((request, said, "replayed" if replayed else told))
            else:
                carried.append((request, said, told))
                assert (said.receipt is not None) == (told in WRITTEN)
                told = "carried out"
            self.sent["replayed" if replayed else told] += 1
        key = group[0].key
        if key is None:
            assert rest == []
            # Which of them came first nobody knows; together they end as they would one after the other.
            assert Counter(told for _, _, told in carried) == Counter(self.carried_out(r) for r, _, _ in carried)
            return
        known = self.kept.get((group[0].method, group[0].path, key))
        if known is None and (carried or rest):
            ((request, answer_kept, told),) = carried
            assert told == self.carried_out(request)
            known = self.kept[request.method, request.path, key] = (request.body, answer_kept)
        else:
            assert carried == []
        for request, again, told in rest:
            assert known is not None
            assert told == ("replayed" if request.body == known[0] else "key_reused")
            assert told == "key_reused" or again == known[1]
        # Somebody is served: not everybody is told that somebody else is.
        assert known is not None or not any(request.sound for request in group)


def told_by(answer: httpx.Response) -> tuple[Answer, str]:
    """The answer, and how it says that the request ended."""
    ((element,),) = answer.json().values()
    ended = next((kind for ending, kind in ENDINGS.items() if element["message"].endswith(ending)), None)
    code = "unreadable" if answer.status_code == 400 else element.get("code")
    return Answer(answer.status_code, answer.content, answer.headers.get("x-rsonline-receipt")), str(ended or code)


def drawn(draw: random.Random, key: str | None, like: Request | None = None) -> Request:
    """A request; for the same route as another where one is named."""
    method, path = (
        (like.method, like.path)
        if like
        else draw.choice(
            [(m, SDM.path) for m in ("POST", "PUT", "DELETE")]
            + [("POST", SHK.path)] * 3
            + [("POST", ANTRIAN_TASK.path)]
        )
    )
    if path == SDM.path:
        said = {**MESSAGES["sdm"], "id_kebutuhan": draw.choice(ITEMS), "jumlah": draw.randrange(3)}
    elif path == SHK.path:
        said = {**MESSAGES["shk"], "alamat": f"Jalan Contoh {draw.randrange(3)}"}
    else:
        said = {**MESSAGES["antrian_task"], "taskid": draw.randrange(1, 4)}
    return Request(method, path, json.dumps(said).encode() + b"]" * (draw.random() < 0.03), key)


async def reported(hospital: Hospital, draw: random.Random, count: int) -> Model:
    """What one hospital sends, held against its model."""
    model, recent, sent = Model(), [drawn(draw, "kunci-0")], 0

    async def send(request: Request) -> httpx.Response:
        return await hospital.send(
            request.method, request.path, raw=request.body, headers={"Idempotency-Key": request.key}
        )

    while sent < count:
        old, chance = draw.choice(recent[-40:]), draw.random()
        if chance < 0.5:
            request = old
        elif chance < 0.6:
            request = drawn(draw, old.key, old)
        else:
            request = drawn(draw, None if draw.random() < 0.2 else f"kunci-{sent}")
            recent.append(request)
        group = [request] * draw.choices((1, 2, 3), (8, 1, 1))[0]
        if request.key is not None and draw.random() < 0.1:
            group.append(drawn(draw, request.key, request))
            draw.shuffle(group)
        group = group[: count - sent]
        model.check(group, await asyncio.gather(*map(send, group)))
        sent += len(group)
    return model


@pytest.mark.slow
async def test_ten_thousand_requests_end_where_the_model_ends(service: Service) -> None:
    hospitals = [service.hospital() for _ in range(HOSPITALS)]
    models = await asyncio.gather(
        *[reported(each, random.Random(n), REQUESTS // HOSPITALS) for n, each in enumerate(hospitals)]
    )
    happened = sum((model.sent for model in models), Counter[str]())
    assert happened.total() == REQUESTS
    # Each way of being answered was met often enough to mean something.
    assert min(happened[told] for told in ("carried out", "replayed", "key_reused", "key_running", "unreadable")) > 100
    for hospital, model in zip(hospitals, models, strict=True):
        code, database = hospital.code, service.database
        staff = rows(database, "SELECT * FROM sdm WHERE kode_rs = :code AND deleted_at IS NULL", code=code)
        assert {row["id_kebutuhan"]: row["jumlah"] for row in staff} == model.staff
        samples = rows(database, "SELECT count(*) AS many FROM shk WHERE kode_rs = :code", code=code)
        assert samples == [{"many": model.samples}]
        lines = [line for line in journal(database, code) if line["object"] not in ("hospital", "credential")]
        assert len(lines) == model.lines
        kept = rows(database, "SELECT route, key FROM idempotency WHERE kode_rs = :code", code=code)
        assert len(kept) == len(model.kept)
        with connected(database) as connection:
            assert audit.verify(connection, code=code).faults == []
