"""Reading a hospital's own database: proven read only, changes found, removals braked, faults told before sending."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rsonline.hospital.collect import collect, preview
from rsonline.hospital.config import Config, ConfigError, load
from rsonline.hospital.outbox import Outbox, OutboxFull
from rsonline.hospital.sealed import Sealer
from rsonline.hospital.source import Source, SourceError, Writable, as_sent
from tests.agent.sources import ENGINES, Simrs, simrs

JAKARTA, MAKASSAR = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Makassar")
ROOMS = """
SELECT kelas AS id_tt, nama AS ruang, 1 AS jumlah_ruang, jumlah, terpakai FROM kamar
"""
CODES = '{ VIP = "1", "KELAS 1" = "3" }'


@pytest.fixture(params=ENGINES)
def hospital(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simrs]:
    """A SIMRS with ten rooms."""
    with simrs(request.param, tmp_path) as made:
        made.write(
            "CREATE TABLE kamar (kode VARCHAR(10) PRIMARY KEY, kelas VARCHAR(20), nama VARCHAR(50), jumlah INTEGER,"
            " terpakai INTEGER, diubah TIMESTAMP NULL)",
            *[f"INSERT INTO kamar VALUES ('K{n}', 'VIP', 'Mawar {n}', 4, {n % 4}, NULL)" for n in range(10)],
        )
        yield made


def configured(folder: Path, url: str, feed: str, zone: str = "Asia/Jakarta") -> Config:
    """A configuration with one feed."""
    (folder / "agent.toml").write_text(
        f"""
[hospital]
code = "3404015"
zone = "{zone}"
address = "http://127.0.0.1:1/fo/index.php"
password_file = "sandi"

[source]
url = "{url}"
zone = "Asia/Jakarta"

[[feed]]
{feed}
"""
    )
    return load(folder / "agent.toml")


def rooms(folder: Path, url: str) -> Config:
    return configured(
        folder, url, f'report = "tempat_tidur"\nsnapshot = true\ncodes.id_tt = {CODES}\nsql = """{ROOMS}"""'
    )


def box_in(folder: Path, most: int = 1000) -> Outbox:
    return Outbox(folder / "antrean.sqlite3", Sealer(bytes(range(32))), most=most)


def bodies(box: Outbox) -> dict[str, dict[str, object]]:
    return {m.body["ruang"]: m.body for m in box.due(1000)}


def test_an_account_that_may_write_is_refused_and_one_that_only_reads_is_not(hospital: Simrs, tmp_path: Path) -> None:
    reading = Source(rooms(tmp_path, hospital.reader))
    reading.prove_read_only()
    reading.close()
    if hospital.engine == "sqlite":
        config = configured(tmp_path, hospital.reader, 'report="sdm"\nsql="DELETE FROM kamar"')
        with pytest.raises(SourceError, match="readonly"):
            list(Source(config).rows(config.feeds[0]))
        return
    writing = Source(rooms(tmp_path, hospital.writer))
    with pytest.raises(Writable, match="kamar"):
        writing.prove_read_only()
    writing.close()


def test_what_changes_in_the_source_is_what_is_sent(hospital: Simrs, tmp_path: Path) -> None:
    config = rooms(tmp_path, hospital.reader)
    source, box = Source(config), box_in(tmp_path)
    feed = config.feeds[0]
    first = collect(config, feed, source, box)
    assert (first.rows, first.messages, first.rejected, first.removed) == (10, 10, 0, 0)
    assert bodies(box)["Mawar 3"] == {
        "id_tt": "1",
        "ruang": "Mawar 3",
        "jumlah_ruang": 1,
        "jumlah": 4,
        "terpakai": 3,
    }
    assert collect(config, feed, source, box).messages == 0
    hospital.write("UPDATE kamar SET terpakai = 4 WHERE kode = 'K3'", "DELETE FROM kamar WHERE kode = 'K0'")
    changed = collect(config, feed, source, box)
    assert (changed.rows, changed.messages, changed.removed) == (9, 2, 1)
    for message in box.due(1000):
        box.begin([message.id])
        box.accepted(message.id)
    assert len(box.known("tempat_tidur")) == 9
    source.close()


def test_a_snapshot_that_lost_too_much_waits_for_a_person(hospital: Simrs, tmp_path: Path) -> None:
    config = rooms(tmp_path, hospital.reader)
    source, box = Source(config), box_in(tmp_path)
    collect(config, config.feeds[0], source, box)
    hospital.write("DELETE FROM kamar WHERE kode IN ('K1', 'K2', 'K3')")
    braked = collect(config, config.feeds[0], source, box)
    assert braked.braked == (3, 10)
    assert len(box.known("tempat_tidur")) == 10
    allowed = collect(config, config.feeds[0], source, box, allow_removals=True)
    assert (allowed.braked, allowed.removed) == (None, 3)
    assert len(box.known("tempat_tidur")) == 7
    source.close()


def test_a_row_that_cannot_be_sent_is_told_and_holds_up_nobody(hospital: Simrs, tmp_path: Path) -> None:
    config = rooms(tmp_path, hospital.reader)
    source, box = Source(config), box_in(tmp_path)
    hospital.write(
        "UPDATE kamar SET kelas = 'TIDAK ADA' WHERE kode = 'K1'", "UPDATE kamar SET jumlah = -1 WHERE kode = 'K2'"
    )
    shown = {j.sent["ruang"]: j.problems for j in preview(config, config.feeds[0], source)}
    assert shown["Mawar 1"] == "id_tt tidak ditemukan dalam daftar referensi tempat_tidur"
    found = collect(config, config.feeds[0], source, box)
    assert (found.messages, found.rejected) == (8, 2)
    assert sorted(r.said for r in box.rejected()) == [
        "id_tt=1, ruang=Mawar 2: jumlah gagal: tidak boleh kurang dari 0",
        "id_tt=TIDAK ADA, ruang=Mawar 1: id_tt tidak ditemukan dalam daftar referensi tempat_tidur",
    ]
    hospital.write("UPDATE kamar SET kelas = 'VIP' WHERE kode = 'K1'")
    assert collect(config, config.feeds[0], source, box).messages == 1
    assert len(box.rejected()) == 1
    source.close()


def test_a_full_outbox_stops_the_reading_and_nothing_is_skipped(hospital: Simrs, tmp_path: Path) -> None:
    config = rooms(tmp_path, hospital.reader)
    source, box = Source(config), box_in(tmp_path, most=5)
    with pytest.raises(OutboxFull):
        collect(config, config.feeds[0], source, box)
    assert box.size() == (0, 0)
    roomy = box_in(tmp_path, most=50)
    assert collect(config, config.feeds[0], source, roomy).messages == 10
    source.close()


def test_a_water_mark_reads_what_came_late(hospital: Simrs, tmp_path: Path) -> None:
    stamp = "CAST(diubah AS CHAR)" if hospital.engine == "mariadb" else "diubah"
    sql = f"""SELECT kelas AS id_tt, nama AS ruang, 1 AS jumlah_ruang, jumlah, terpakai, {stamp} AS terakhir
        FROM kamar WHERE diubah >= :since"""
    config = configured(
        tmp_path,
        hospital.reader,
        f'report="tempat_tidur"\nsince="terakhir"\noverlap=3600\ncodes.id_tt={CODES}\nsql="""{sql}"""',
    )
    source, box = Source(config), box_in(tmp_path)
    hospital.write("UPDATE kamar SET diubah = '2026-03-01 10:00:00' WHERE kode = 'K1'")
    assert collect(config, config.feeds[0], source, box).messages == 1
    # Committed later, stamped earlier: inside the overlap it is found.
    hospital.write("UPDATE kamar SET diubah = '2026-03-01 09:30:00' WHERE kode = 'K2'")
    second = collect(config, config.feeds[0], source, box)
    assert (second.rows, second.messages) == (2, 1)
    hospital.write("UPDATE kamar SET diubah = '2026-03-02 10:00:00' WHERE kode = 'K3'")
    assert collect(config, config.feeds[0], source, box).messages == 1
    assert collect(config, config.feeds[0], source, box).rows == 1
    source.close()


@pytest.mark.parametrize("engine", ["mariadb", "postgresql"])
def test_a_statement_that_takes_too_long_is_ended(engine: str, tmp_path: Path) -> None:
    slow = {"mariadb": "SELECT SLEEP(30) AS tanggal", "postgresql": "SELECT pg_sleep(30) AS tanggal"}
    with simrs(engine, tmp_path) as made:
        config = configured(tmp_path, made.reader, f'report="oksigen"\nsql="{slow[engine]}"')
        config = Config(**{**{f: getattr(config, f) for f in config.__slots__}, "statement_seconds": 1.0})
        source = Source(config)
        begun = datetime.now()
        try:
            rows = list(source.rows(config.feeds[0]))
        except SourceError:
            rows = []
        # MariaDB ends a sleep early and says 1 instead of failing.
        assert all(row["tanggal"] == 1 for row in rows)
        assert (datetime.now() - begun).total_seconds() < 10
        source.close()


def test_a_folder_of_csv_is_a_source_too(tmp_path: Path) -> None:
    (tmp_path / "oksigen.csv").write_text("tanggal;p_cair;k_isi_cair\n2026-03-01;120;445.5\n2026-03-02;8,5;1\n")
    config = configured(tmp_path, "sqlite:///tidak-dipakai.sqlite3", 'report="oksigen"\nfile="oksigen.csv"')
    source, box = Source(config), box_in(tmp_path)
    found = collect(config, config.feeds[0], source, box)
    assert (found.rows, found.messages, found.rejected) == (2, 1, 1)
    assert "titik sebagai tanda desimal" in box.rejected()[0].said


def test_times_come_out_on_the_hospitals_wall_clock() -> None:
    noon = datetime(2026, 3, 1, 12, 0)
    assert as_sent(noon, JAKARTA, MAKASSAR) == "2026-03-01 13:00:00"
    assert as_sent(noon, JAKARTA, MAKASSAR, millis=True) == "1772341200000"
    assert as_sent(Decimal("120.500"), JAKARTA, JAKARTA) == "120.5"
    assert as_sent(Decimal("100"), JAKARTA, JAKARTA) == "100"
    assert as_sent(b"Mawar", JAKARTA, JAKARTA) == "Mawar"


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ('report="tidak"\nsql="SELECT 1"', "feed.1..report: 'tidak'"),
        ('report="oksigen"', "tepat satu dari sql dan file"),
        ('report="oksigen"\nsql="SELECT 1"\nsince="diubah"', "harus memakai :since"),
        ('report="oksigen"\nsql="SELECT 1"\nwarna="biru"', "warna: tidak dikenal"),
        ('report="oksigen"\nsql="SELECT 1"\nevery=1', "paling sedikit 10 detik"),
        ('report="oksigen"\nsql="SELECT 1"\ncodes.warna={a="1"}', "'warna' bukan isian oksigen"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_in_words(feed: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        configured(tmp_path, "sqlite:///x", feed)


def test_only_a_verified_way_leaves_the_machine(tmp_path: Path) -> None:
    text = (
        '[hospital]\ncode="1"\nzone="Asia/Jakarta"\naddress="http://sirs.example/fo"\npassword_file="s"\n'
        '[source]\nurl="sqlite:///x"\nzone="Asia/Jakarta"\n[[feed]]\nreport="oksigen"\nsql="SELECT 1"\n'
    )
    (tmp_path / "agent.toml").write_text(text)
    with pytest.raises(ConfigError, match="https://"):
        load(tmp_path / "agent.toml")
