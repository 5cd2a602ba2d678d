"""The loop: reading and delivering take turns, troubles are told and end nothing, all arrives once."""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rsonline import AsyncClient
from rsonline.hospital import assembly, sight
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms, Trouble
from rsonline.hospital.config import Config
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.fake import FakeService
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.sender import Sending
from rsonline.hospital.source import Writable
from rsonline.reports.verdict import Words
from tests.agent.sources import Simrs, simrs
from tests.agent.test_collect import configured, rooms
from tests.sdk.wired import ADDRESS, no_sleep

MINUTE, HOUR, DAY = 60, 3600, 86_400


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


class Post:
    """Takes what an alarm tells, unless it is away."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.away = False

    def __call__(self, subject: str, body: dict[str, Any]) -> None:
        if self.away:
            raise OSError("no route")
        self.told.append((str(body["tingkat"]), str(body["masalah"])))


class Bench:
    """An agent over a source, a service in memory, simulated time."""

    def __init__(
        self,
        config: Config,
        service: FakeService,
        clock: Clock,
        folder: Path,
        client: AsyncClient | None = None,
        **box: Any,
    ) -> None:
        self.service, self.clock, self.post = service, clock, Post()
        self.config = replace(config, folder=folder)
        self.sending = Sending(
            client or AsyncClient(ADDRESS, config.code, "s", transport=service, sleep=no_sleep, clock=clock)
        )
        self.outbox = Outbox(folder / "antrean.sqlite3", Sealer(bytes(32)), clock=clock, **box)
        self.agent = Agent(
            config=self.config,
            outbox=self.outbox,
            delivery=Delivery(self.outbox, self.sending, clock, random.Random(1)),
            alarms=Alarms(config.code, [self.post], clock),
            show=sight.written,
            clock=clock,
        )

    def run(self, seconds: int, step: int = 1) -> None:
        for _ in range(0, seconds, step):
            self.agent.step()
            self.clock.now += step

    def close(self) -> None:
        self.agent.close()
        self.sending.close()
        self.outbox.close()


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Simrs]:
    """A SIMRS with ten rooms."""
    with simrs("sqlite", tmp_path) as made:
        made.write(
            "CREATE TABLE kamar (kode VARCHAR(10) PRIMARY KEY, kelas VARCHAR(20), nama VARCHAR(50), jumlah INTEGER,"
            " terpakai INTEGER)",
            *[f"INSERT INTO kamar VALUES ('K{n}', 'VIP', 'Mawar {n}', 4, {n % 4})" for n in range(10)],
        )
        yield made


Made = Callable[..., Bench]


@pytest.fixture
def bench(hospital: Simrs, tmp_path: Path) -> Iterator[Made]:
    """Makes an agent over the rooms."""
    made: list[Bench] = []

    def make(**box: Any) -> Bench:
        clock = Clock()
        config = rooms(tmp_path, hospital.reader)
        made.append(Bench(config, FakeService(extensions=True, clock=clock), clock, tmp_path, **box))
        return made[-1]

    yield make
    for each in made:
        each.close()


def stored(service: FakeService) -> dict[str, int]:
    return {str(row["ruang"]): int(row["terpakai"]) for row in service.rows("tempat_tidur")}


def test_what_the_source_says_is_what_the_service_has(bench: Made, hospital: Simrs) -> None:
    one = bench()
    one.run(20)
    assert stored(one.service) == {f"Mawar {n}": n % 4 for n in range(10)}
    asked = len(one.service.requests)
    one.run(301)
    assert len(one.service.requests) == asked
    hospital.write(
        "UPDATE kamar SET terpakai=4 WHERE kode='K1'",
        "DELETE FROM kamar WHERE kode='K2'",
        "INSERT INTO kamar VALUES ('K10', 'VIP', 'Mawar 10', 4, 0)",
    )
    one.run(301)
    assert stored(one.service) == {f"Mawar {n}": 4 if n == 1 else n % 4 if n < 10 else 0 for n in range(11) if n != 2}
    said = sight.told(one.config.health)
    assert said is not None
    assert (said["state"], said["waiting"], said["troubles"]) == ("ok", 0, [])
    assert said["reports"]["tempat_tidur"]["arrived"] == 13
    assert said["feeds"]["tempat_tidur"]["rows"] == 10
    text = one.config.metrics.read_text()
    assert 'rsonline_agent_accepted_total{report="tempat_tidur"} 13\n' in text
    assert "rsonline_agent_service_up 1\n" in text


def test_an_outage_is_told_after_15_minutes_after_a_day_each_day_and_when_it_is_over(bench: Made) -> None:
    one = bench()
    lost = [True]
    served = one.service._served
    one.service._served = lambda request: served(request) if not lost[0] else _away()  # type: ignore[method-assign]
    one.run(14 * MINUTE)
    assert one.post.told == []
    one.run(3 * MINUTE)
    assert sorted(one.post.told) == [("warning", "away"), ("warning", "waiting:tempat_tidur")]
    one.run(DAY - 10 * MINUTE, 7)
    assert len(one.post.told) == 4
    assert set(one.post.told[2:]) == {("critical", "away"), ("critical", "waiting:tempat_tidur")}
    one.run(DAY, 7)
    assert len(one.post.told) == 6
    lost[0] = False
    one.run(6 * MINUTE)
    assert sorted(one.post.told[6:]) == [("pulih", "None"), ("pulih", "None")]
    assert len(stored(one.service)) == 10


def _away() -> Any:
    import httpx

    return httpx.Response(503, content=b"")


def test_a_refused_password_is_told_within_a_minute(hospital: Simrs, tmp_path: Path) -> None:
    clock = Clock()
    one = Bench(rooms(tmp_path, hospital.reader), FakeService(password="lain", clock=clock), clock, tmp_path)
    one.run(60)
    assert one.post.told[0] == ("critical", "locked")
    said = sight.told(one.config.health)
    assert said is not None
    assert said["state"] == "critical"
    one.close()


def test_an_alarm_that_cannot_be_told_is_told_later_and_shown(bench: Made, hospital: Simrs) -> None:
    one = bench()
    one.post.away = True
    hospital.write("UPDATE kamar SET jumlah=-1 WHERE kode='K3'")
    one.run(30)
    assert one.agent.alarms.failed == "OSError"
    one.post.away = False
    one.run(90)
    assert one.post.told == [("warning", "rejected:tempat-tidur")] or one.post.told == [
        ("warning", "rejected:tempat_tidur")
    ]
    [row] = one.outbox.rejected()
    assert "ruang=Mawar 3" in row.said
    hospital.write("UPDATE kamar SET jumlah=4 WHERE kode='K3'")
    one.run(400)
    assert one.post.told[-1][0] == "pulih"
    assert len(stored(one.service)) == 10


def test_removing_much_waits_for_a_person(bench: Made, hospital: Simrs) -> None:
    one = bench()
    one.run(20)
    hospital.write("DELETE FROM kamar WHERE kode IN ('K1', 'K2', 'K3')")
    one.run(310)
    assert len(stored(one.service)) == 10
    assert one.post.told[-1] == ("critical", "braked:tempat_tidur")
    one.outbox.consent("tempat_tidur")
    one.run(310)
    assert len(stored(one.service)) == 7
    # The consent was for that once.
    hospital.write("DELETE FROM kamar WHERE kode IN ('K4', 'K5', 'K6')")
    one.run(610)
    assert len(stored(one.service)) == 7


def test_a_full_outbox_stops_the_reading_and_goes_on_by_itself(bench: Made, hospital: Simrs) -> None:
    one = bench(most=12)
    answer = one.service._served
    one.service._served = lambda request: _away()  # type: ignore[method-assign]
    one.run(20)
    hospital.write(*[f"INSERT INTO kamar VALUES ('L{n}', 'VIP', 'Melati {n}', 4, 0)" for n in range(10)])
    one.run(310)
    assert ("critical", "full") in one.post.told
    assert one.outbox.size()[0] == 10
    one.service._served = answer  # type: ignore[method-assign]
    one.run(1200)
    assert len(stored(one.service)) == 20
    assert one.agent.full_since is None


def test_a_disk_without_room_is_seen_before_it_is_full(bench: Made, tmp_path: Path) -> None:
    one = bench(least_free=1 << 60)
    one.run(20)
    assert [t.name for t in one.agent.troubles()] == ["full"]
    assert one.outbox.size() == (0, 0)
    one.outbox.least_free = 0
    one.run(40)
    assert len(stored(one.service)) == 10


def test_a_file_that_cannot_be_written_ends_nothing(bench: Made, tmp_path: Path) -> None:
    one = bench()
    one.outbox._connection.execute("PRAGMA busy_timeout=0")
    other = sqlite3.connect(one.outbox.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    one.run(20)
    assert one.agent.full is not None
    assert "locked" in one.agent.full.id
    other.execute("ROLLBACK")
    other.close()
    one.run(60)
    assert len(stored(one.service)) == 10
    assert one.agent.troubles() == []


def test_a_source_that_is_away_is_told_and_read_when_it_is_back(bench: Made, hospital: Simrs) -> None:
    one = bench()
    hospital.write("ALTER TABLE kamar RENAME TO kamar_lama")
    one.run(20 * MINUTE)
    assert one.post.told == [("warning", "source:tempat_tidur")]
    hospital.write("ALTER TABLE kamar_lama RENAME TO kamar")
    one.run(60)
    assert one.post.told[-1][0] == "pulih"
    assert len(stored(one.service)) == 10


def test_an_account_that_may_write_ends_the_agent(tmp_path: Path) -> None:
    clock = Clock()
    with simrs("mariadb", tmp_path) as made:
        made.write("CREATE TABLE kamar (kelas VARCHAR(9), nama VARCHAR(9), jumlah INT, terpakai INT)")
        one = Bench(rooms(tmp_path, made.writer), FakeService(clock=clock), clock, tmp_path)
        with pytest.raises(Writable, match="SELECT"):
            one.run(3)
        assert one.service.requests == []
        one.close()


def test_two_agents_do_not_run_on_one_folder(tmp_path: Path) -> None:
    with (
        assembly.alone(tmp_path / "agen.kunci"),
        pytest.raises(assembly.Running, match="sudah berjalan"),
        assembly.alone(tmp_path / "agen.kunci"),
    ):
        pass
    with assembly.alone(tmp_path / "agen.kunci"):
        pass


def test_a_corrected_password_is_taken_up_without_a_restart(hospital: Simrs, tmp_path: Path) -> None:
    clock, service = Clock(), FakeService(password="benar")
    config = rooms(tmp_path, hospital.reader)
    config.password_file.write_text("salah\n")
    given = assembly.PasswordFile(config.password_file)
    client = AsyncClient(ADDRESS, config.code, given, transport=service, sleep=no_sleep)
    one = Bench(config, service, clock, tmp_path, client=client)
    one.run(60)
    assert one.agent.delivery.state.locked_since is not None
    config.password_file.write_text("benar\n")
    os.utime(config.password_file, ns=(1, 1))
    one.run(320)
    assert one.agent.delivery.state.locked_since is None
    assert len(stored(service)) == 10
    # A file that is away for a moment, or half written, changes nothing.
    config.password_file.write_text("")
    assert given() == "benar"
    config.password_file.unlink()
    assert given() == "benar"
    one.close()


def test_what_became_worse_is_told_once_more() -> None:
    clock, post = Clock(), Post()
    alarms = Alarms("9100001", [post], clock)
    text = Words("Layanan tidak menjawab", "The service does not answer")
    trouble = Trouble("away", "warning", text, clock.now)
    assert [alarms.tell([trouble]), alarms.tell([trouble])] == [1, 0]
    assert alarms.tell([trouble._replace(level="critical")]) == 1
    clock.now += DAY
    assert alarms.tell([trouble._replace(level="critical")]) == 1
    assert [alarms.tell([]), alarms.tell([])] == [1, 0]
    assert [level for level, _ in post.told] == ["warning", "critical", "critical", "pulih"]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ('[alarm]\nwebhook = "http://jauh.example/x"', "alarm.webhook"),
        ('[alarm]\nemail_to = ["a@b.example"]', "alarm.email_to"),
        ("[alarm]\nwarn_minutes = 0", "alarm.warn_minutes"),
        ("[alarm]\nwarn_minutes = [1]", "alarm.warn_minutes"),
        ('[alarm]\ncritical_hours = "sehari"', "alarm.critical_hours"),
        ("[alarm]\ncritical_hours = nan", "alarm.critical_hours"),
        ("[alarm]\nlain = 1", "alarm.lain"),
        ('[alarm]\nlang = "fr"', "alarm.lang"),
        ('[relay]\nlisten = "8321"', "relay.listen"),
        ('[relay]\nlisten = "127.0.0.1:8321"', "relay.password_file"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, table: str, named: str) -> None:
    from rsonline.hospital.config import ConfigError

    with pytest.raises(ConfigError, match=named):
        configured(tmp_path, "sqlite:///x", f'report="sdm"\nsql="SELECT 1"\n{table}')
