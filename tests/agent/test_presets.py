"""The SELECTs that come with the package, on databases of the shape that hospitals have."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rsonline.hospital.collect import collect
from rsonline.hospital.config import Config, ConfigError, load, preset
from rsonline.hospital.messages import Message
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.source import Source
from tests.agent.khanza import KHANZA, MLITE
from tests.agent.sources import Simrs, simrs

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.fixture(params=["khanza", "mlite"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Simrs]]:
    """A database of the system."""
    with simrs("mariadb", tmp_path) as made:
        made.write(*(KHANZA if request.param == "khanza" else MLITE))
        yield request.param, made


def configured(folder: Path, name: str, made: Simrs) -> Config:
    head = f"""
[hospital]
code = "3404015"
zone = "Asia/Jakarta"
address = "https://rsonline.example/fo/index.php"
password_file = "sandi"
[source]
url = "{made.reader}"
zone = "Asia/Jakarta"
"""
    (folder / "agent.toml").write_text(head + preset(name))
    return load(folder / "agent.toml")


def test_a_preset_gives_beds_bookings_and_times(system: tuple[str, Simrs], tmp_path: Path) -> None:
    name, made = system
    config = configured(tmp_path, name, made)
    source, box = Source(config), Outbox(tmp_path / "antrean.sqlite3", Sealer(bytes(32)))
    source.prove_read_only()
    found = {feed.name: collect(config, feed, source, box) for feed in config.feeds}
    assert all(each.rejected == 0 for each in found.values()), box.rejected()
    assert (found["tempat-tidur"].messages, found["antrian"].messages) == (2, 2)
    beds = {m.body["ruang"]: m.body for m in box.due(100) if m.report == "tempat_tidur"}
    # Six beds each; ISI and DIBOOKING are taken; a closed ward and a bed that is no more do not count.
    assert {k: str(v) for k, v in beds["Mawar"].items()} == {
        "id_tt": "3",
        "ruang": "Mawar",
        "jumlah_ruang": "1",
        "jumlah": "6",
        "terpakai": "3",
        "prepare": "1",
        "prepare_plan": "0",
    }
    assert beds["Melati"]["id_tt"] == "5"
    bookings = {m.body["kodebooking"]: m.body for m in box.due(100) if m.report == "antrian"}
    first = bookings.pop("BK-CONTOH-1")
    assert (first["jenispasien"], first["kodepoli"], first["jeniskunjungan"]) == ("JKN", "INT", "3")
    assert first["tanggalperiksa"] == date.today().isoformat()
    [second] = bookings.values()
    assert (second["jenispasien"], second["kodepoli"], second["pasienbaru"]) == ("NON JKN", "U02", "1")
    assert "nik" not in second
    times = steps(box)
    if name == "khanza":
        assert found["waktu-pelayanan"].messages == 4
        eight = datetime.combine(date.today(), datetime.min.time(), JAKARTA).replace(hour=8)
        minutes = {step: (int(at) - int(eight.timestamp() * 1000)) // 60_000 for step, at in times.items()}
        assert minutes == {"3": 0, "4": 20, "6": 40, "7": 55}
    else:
        assert times == {"3": "1772326800000", "4": "1772328000000"}
    assert all(collect(config, feed, source, box).messages == 0 for feed in config.feeds)
    source.close()


def steps(box: Outbox) -> dict[str, str]:
    """The times, once the bookings have arrived."""
    assert not [m for m in box.due(100) if m.report == "antrian_task"]
    arrive(box, [m for m in box.due(100) if m.report == "antrian"])
    return {m.body["taskid"]: m.body["waktu"] for m in box.due(100) if m.report == "antrian_task"}


def arrive(box: Outbox, messages: list[Message]) -> None:
    box.begin([m.id for m in messages])
    for message in messages:
        box.accepted(message.id)


def test_a_preset_that_there_is_not_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="khanza, mlite"):
        preset("lain")
