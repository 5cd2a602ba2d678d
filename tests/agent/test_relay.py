"""The relay: old programs are answered when their data is on the disk, and it arrives; nothing else is promised."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from rsonline import AsyncClient
from rsonline.hospital.config import load
from rsonline.hospital.fake import FakeService
from rsonline.hospital.guesses import TRIES, WINDOW
from rsonline.hospital.listening import STANDARD
from rsonline.hospital.messages import Message
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.relay import Relay
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.sender import changing
from rsonline.reports import REPORTS
from tests.samples import FILTERS, MESSAGES
from tests.sdk.wired import ADDRESS, no_sleep

CODE, PASSWORD = "9100001", "relai-tiruan-4711-0"
CONFIG = f"""
[hospital]
code = "{CODE}"
zone = "Asia/Jakarta"
address = "{ADDRESS}"
password_file = "sandi"
[relay]
listen = "127.0.0.1:8321"
password_file = "sandi-relai"
"""


class Place:
    """A relay, the service behind it, and an old program before it."""

    def __init__(self, folder: Path, **box: Any) -> None:
        (folder / "agent.toml").write_text(CONFIG)
        self.now = datetime.now(UTC).timestamp()
        self.service = FakeService(password="kata-sandi-rumah-sakit")
        self.outbox = Outbox(folder / "antrean.sqlite3", Sealer(bytes(32)), **box)
        self.client = AsyncClient(ADDRESS, CODE, "kata-sandi-rumah-sakit", transport=self.service, sleep=no_sleep)
        config = load(folder / "agent.toml")
        relay = Relay(config, PASSWORD, self.outbox, self.client, lambda: self.now)
        self.relay = relay.app()

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        password: str = PASSWORD,
        address: str = "127.0.0.1",
        raw: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.relay, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://relai") as old:
            # Its clock is a year wrong, as old programs' are.
            said = {"X-rs-id": CODE, "X-pass": password, "X-Timestamp": "1700000000", **headers}
            content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
            return await old.request(method, f"/fo/index.php{path}", content=content, headers=said)

    async def arrive(self) -> None:
        """Deliver what is due, as the agent would."""
        while due := self.outbox.due():
            for message in due:
                await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        report = next(r for r in REPORTS if r.name == message.report)
        self.outbox.begin([message.id])
        outcome = await self.client.carry(changing(self.client._side, report, message))
        assert type(outcome).__name__ == "Accepted", outcome
        self.outbox.accepted(message.id, number=getattr(outcome, "number", None))


PATHS = {report.name: report.path for report in REPORTS}
ROOTS = {report.name: report.root for report in REPORTS}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    yield made
    await made.client.close()
    made.outbox.close()


@pytest.mark.parametrize("name", [n for n in MESSAGES if n not in ("shk_hasil", "antrian_task")])
async def test_each_kind_is_kept_answered_and_arrives(name: str, place: Place) -> None:
    answer = await place.send("POST", PATHS[name], MESSAGES[name])
    assert answer.status_code == 200, answer.text
    [element] = answer.json()[ROOTS[name]]
    assert element["status"] == "200"
    assert "telah disimpan" in element["message"]
    assert place.outbox.size()[0] == 1
    assert place.service.requests == []
    await place.arrive()
    assert len(place.service.rows(name)) == 1
    shown = await place.send("GET", PATHS[name], FILTERS.get(name))
    assert shown.status_code == 200, shown.text


async def test_a_time_waits_for_its_booking_and_no_other(place: Place) -> None:
    assert (await place.send("POST", PATHS["antrian_task"], MESSAGES["antrian_task"])).status_code == 200
    assert len(place.outbox.due()) == 1
    await place.arrive()
    booking = {**MESSAGES["antrian"], "kodebooking": "CONTOH-0002"}
    await place.send("POST", PATHS["antrian"], booking)
    await place.send("POST", PATHS["antrian_task"], {**MESSAGES["antrian_task"], "kodebooking": "CONTOH-0002"})
    assert [m.report for m in place.outbox.due()] == ["antrian"]
    await place.arrive()
    assert len(place.service.rows("antrian_task")) == 2


async def test_rooms_are_changed_and_removed_by_the_services_number(place: Place) -> None:
    await place.send("POST", PATHS["tempat_tidur"], MESSAGES["tempat_tidur"])
    await place.arrive()
    [room] = place.service.rows("tempat_tidur")
    number = room["id_t_tt"]
    full = {**MESSAGES["tempat_tidur"], "id_t_tt": number, "terpakai": "6"}
    assert (await place.send("PUT", PATHS["tempat_tidur"], full)).headers["X-RSOnline-Relay"] == "queued"
    await place.arrive()
    assert place.service.rows("tempat_tidur")[0]["terpakai"] == 6
    # Some members only: the service itself is asked.
    part = await place.send("PUT", PATHS["tempat_tidur"], {"id_t_tt": number, "terpakai": "2"})
    assert "X-RSOnline-Relay" not in part.headers
    assert place.service.rows("tempat_tidur")[0]["terpakai"] == 2
    assert (await place.send("DELETE", PATHS["tempat_tidur"], {"id_t_tt": number})).status_code == 200
    await place.arrive()
    assert place.service.rows("tempat_tidur") == []


async def test_what_cannot_be_sent_is_refused_with_the_member(place: Place) -> None:
    wrong = await place.send("POST", PATHS["oksigen"], {"tanggal": "2026-02-31", "p_cair": "-1"})
    assert wrong.status_code == 422
    [element] = wrong.json()[ROOTS["oksigen"]]
    assert {error["field"] for error in element["errors"]} == {"tanggal", "p_cair"}
    broken = await place.send("POST", PATHS["tempat_tidur"], raw=b'{"id_tt": "3", "ruang": }')
    assert broken.status_code == 400
    assert (await place.send("DELETE", PATHS["antrian_task"], MESSAGES["antrian_task"])).status_code == 405
    assert (await place.send("GET", "/Lain")).status_code == 404
    assert place.outbox.size()[0] == 0


async def test_what_only_the_service_knows_is_not_promised_while_it_is_away(place: Place) -> None:
    for _ in range(8):
        place.service.then(lost=True)
    away = await place.send("GET", PATHS["tempat_tidur"])
    assert (away.status_code, away.headers["Retry-After"]) == (503, "60")
    assert (await place.send("PUT", PATHS["tempat_tidur"], {"id_t_tt": "9", "terpakai": "2"})).status_code == 503
    # What can be kept is kept all the same.
    assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])).status_code == 200


async def test_strangers_stay_outside(place: Place) -> None:
    assert (await place.send("GET", PATHS["sdm"], address="10.0.0.9")).status_code == 403
    for n in range(TRIES):
        wrong = await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"], password=f"tebak{n}")
        assert wrong.status_code == 401
    denied = await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])
    assert (denied.status_code, denied.headers["Retry-After"]) == (429, str(int(WINDOW)))
    # Another address is not held up by that.
    assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"], address="::1")).status_code == 200
    place.now += WINDOW
    assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])).status_code == 200
    # The hospital's own password opens nothing here, and the relay's is never sent on.
    other = await place.send("GET", PATHS["sdm"], password="kata-sandi-rumah-sakit")
    assert other.status_code == 401
    assert all(PASSWORD not in str(request.headers) for request in place.service.requests)


async def test_who_came_in_before_is_never_kept_out_by_guesses_from_the_same_machine(place: Place) -> None:
    assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])).status_code == 200
    seen = set()
    for n in range(300):
        seen.add((await place.send("GET", PATHS["sdm"], password=f"tebak{n}")).status_code)
        if n % 50 == 0:
            assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])).status_code == 200
    assert seen == {401, 429}


async def test_an_old_program_with_a_wrong_password_is_told_so_and_not_shut_out(place: Place) -> None:
    for _ in range(50):
        assert (await place.send("GET", PATHS["sdm"], password="sandi lama")).status_code == 401
        place.now += 1
    assert (await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])).status_code == 200


async def test_heads_beyond_the_limits_are_refused(place: Place) -> None:
    many: dict[str, Any] = {f"X-{n}": "1" for n in range(64)}
    packed: dict[str, Any] = {"Content-Encoding": "gzip"}
    assert (await place.send("GET", PATHS["sdm"], **many)).status_code == 431
    assert (await place.send("GET", f"/{'u' * 4096}")).status_code == 414
    assert (await place.send("POST", PATHS["sdm"], {}, **packed)).status_code == 415
    assert place.service.requests == []


async def test_a_service_that_does_not_answer_is_not_waited_for_without_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleeps(*_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(place.client, "carry", sleeps)
    monkeypatch.setattr("rsonline.hospital.relay.PATIENCE", 0.05)
    assert (await place.send("GET", PATHS["sdm"])).status_code == 503


async def test_too_large_a_body_and_a_full_outbox_are_said_so(place: Place, tmp_path: Path) -> None:
    large = await place.send("POST", PATHS["oksigen"], raw=b" " * (STANDARD.body_bytes + 1))
    assert large.status_code == 413
    place.outbox.most = 0
    full = await place.send("POST", PATHS["oksigen"], MESSAGES["oksigen"])
    assert (full.status_code, full.headers["Retry-After"]) == (503, "300")
    assert place.outbox.size()[0] == 0
