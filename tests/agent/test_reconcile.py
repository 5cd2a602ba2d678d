"""What the hospital says beside what the service holds: every planted difference is found and healed, nothing else."""

import copy
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from rsonline import AsyncClient, Client
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms
from rsonline.hospital.config import Config, load
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.fake import FakeService
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.reconcile import Compared, Window, compare, heal
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.sender import Sending
from rsonline.hospital.source import Source
from rsonline.reports import REPORTS
from tests.agent.sources import Simrs, simrs
from tests.sdk.wired import ADDRESS, no_sleep

LAST = date(2026, 1, 30)
DAYS = [LAST - timedelta(days=n) for n in range(30)]
BY_NAME = {report.name: report for report in REPORTS}
FEEDS = '''
[[feed]]
name = "kamar"
report = "tempat_tidur"
snapshot = true
sql = "SELECT '3' AS id_tt, nama AS ruang, 1 AS jumlah_ruang, jumlah, terpakai FROM kamar"
[[feed]]
name = "oksigen"
report = "oksigen"
sql = "SELECT hari AS tanggal, cair AS p_cair FROM oksigen"
[[feed]]
name = "antrian"
report = "antrian"
sql = """SELECT kode AS kodebooking, hari AS tanggalperiksa, jenis AS jenispasien, 'INT' AS kodepoli, 'RM' AS norm
         FROM daftar"""
[[feed]]
name = "waktu"
report = "antrian_task"
sql = "SELECT kode AS kodebooking, 3 AS taskid, waktu FROM daftar"
'''


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Simrs]:
    """Thirty days of a hospital: twenty rooms, oxygen each day, three bookings a day and their times."""
    with simrs("sqlite", tmp_path) as made:
        made.write(
            "CREATE TABLE kamar (nama TEXT, jumlah INTEGER, terpakai INTEGER)",
            "CREATE TABLE oksigen (hari TEXT, cair REAL)",
            "CREATE TABLE daftar (kode TEXT, hari TEXT, jenis TEXT, waktu INTEGER)",
            *[f"INSERT INTO kamar VALUES ('Mawar {n}', 4, {n % 4})" for n in range(20)],
            *[f"INSERT INTO oksigen VALUES ('{day}', {n}.5)" for n, day in enumerate(DAYS)],
            *[
                f"INSERT INTO daftar VALUES ('K{n}-{m}', '{day}', 'JKN', {1767225600000 + n * 86400000 + m * 60000})"
                for n, day in enumerate(DAYS)
                for m in range(3)
            ],
        )
        yield made


class Sides:
    """Both sides, and the way between them."""

    def __init__(self, folder: Path, made: Simrs) -> None:
        (folder / "agent.toml").write_text(
            f'[hospital]\ncode="9100001"\nzone="Asia/Jakarta"\naddress="{ADDRESS}"\npassword_file="s"\n'
            f'[source]\nurl="{made.reader}"\nzone="Asia/Jakarta"\n{FEEDS}'
        )
        self.config: Config = load(folder / "agent.toml")
        self.service = FakeService(extensions=True)
        self.outbox = Outbox(folder / "antrean.sqlite3", Sealer(bytes(32)))
        self.sending = Sending(AsyncClient(ADDRESS, "9100001", "s", transport=self.service, sleep=no_sleep))
        delivery = Delivery(self.outbox, self.sending, draw=random.Random(1))
        self.agent = Agent(config=self.config, outbox=self.outbox, delivery=delivery, alarms=Alarms("9100001", []))
        self.client = Client(ADDRESS, "9100001", "s", transport=self.service, sleep=lambda _: None)
        self.source = Source(self.config)

    def arrive(self) -> None:
        """Read everything and deliver until nothing waits."""
        for feed in self.config.feeds:
            self.agent.read(feed)
        while self.outbox.size()[0]:
            self.agent.deliver()

    def compared(self) -> dict[str, Compared]:
        window = Window(DAYS[-1], LAST)
        return {
            feed.name: compare(self.config, feed, self.source, self.client, self.outbox, window)
            for feed in self.config.feeds
        }

    def close(self) -> None:
        self.agent.close()
        self.sending.close()
        self.source.close()
        self.client.close()
        self.outbox.close()


@pytest.fixture
def sides(hospital: Simrs, tmp_path: Path) -> Iterator[Sides]:
    """Both sides, in agreement."""
    made = Sides(tmp_path, hospital)
    made.arrive()
    yield made
    made.close()


def test_sides_that_agree_have_no_difference(sides: Sides) -> None:
    found = sides.compared()
    assert {name: (one.source, one.service) for name, one in found.items()} == {
        "kamar": (20, 20),
        "oksigen": (30, 30),
        "antrian": (90, 90),
        "waktu": (90, 90),
    }
    assert not [each for one in found.values() for each in one.differences]


def test_a_hundred_planted_differences_are_found_and_healed_and_nothing_else_is_touched(sides: Sides) -> None:
    kept, draw = sides.service._kept, random.Random(7)
    before = copy.deepcopy(kept)
    planted: Counter[tuple[str, str]] = Counter()
    for report, missing, different, member, value in (
        ("tempat_tidur", 4, 5, "terpakai", 3_000),
        ("oksigen", 8, 12, "p_cair", 999.25),
        ("antrian", 10, 20, "jenispasien", "NON JKN"),
    ):
        chosen = draw.sample(sorted(kept[report]), missing + different)
        for key in chosen[:missing]:
            del kept[report][key]
        for key in chosen[missing:]:
            kept[report][key][member] = value
        planted[report, "missing"], planted[report, "different"] = missing, different
    # Times of bookings that the service still has, else they could not be asked for.
    times = draw.sample(sorted(kept["antrian_task"]), 25)
    for key in times:
        del kept["antrian_task"][key]
    planted["antrian_task", "missing"] = 25
    for n in range(10):
        kept["tempat_tidur"][f"lebih {n}"] = {
            **before["tempat_tidur"][sorted(before["tempat_tidur"])[0]],
            "ruang": f"Lama {n}",
            "id_t_tt": f"50{n}",
        }
    planted["tempat_tidur", "extra"] = 10
    alive = [key for key, row in kept["tempat_tidur"].items() if row == before["tempat_tidur"].get(key)][:6]
    for n, key in enumerate(alive):
        kept["tempat_tidur"][f"ganda {n}"] = {**kept["tempat_tidur"][key], "id_t_tt": f"60{n}"}
    planted["tempat_tidur", "double"] = 6
    assert planted.total() == 100
    found = [each for one in sides.compared().values() for each in one.differences]
    assert Counter((each.report, each.what) for each in found) == planted
    asked = len(sides.service.requests)
    failed: list[str] = []
    heal(found, sides.outbox, sides.client, BY_NAME, lambda each, outcome: failed.append(str(outcome)))
    while sides.outbox.size()[0]:
        sides.agent.deliver()
    assert all(said.startswith("Accepted") for said in failed), failed
    changes = [request for request in sides.service.requests[asked:] if request.method != "GET"]
    # A booking that is gone is put first and added when the service says so.
    assert len(changes) <= 130
    for report, rows in before.items():
        numbers = {"id_t_tt", "updated_at", "tgllapor"}
        assert sorted(
            str({k: v for k, v in row.items() if k not in numbers}) for row in kept[report].values()
        ) == sorted(str({k: v for k, v in row.items() if k not in numbers}) for row in rows.values()), report
    assert not [each for one in sides.compared().values() for each in one.differences]


def test_what_is_on_its_way_is_no_difference(sides: Sides, hospital: Simrs) -> None:
    hospital.write("UPDATE kamar SET terpakai=1 WHERE nama='Mawar 0'")
    sides.agent.read(sides.config.feeds[0])
    one = sides.compared()["kamar"]
    assert (one.on_the_way, one.differences) == (1, [])
