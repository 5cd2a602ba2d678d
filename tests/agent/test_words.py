"""What can be wrong at a hospital has words in both languages: refusals of every kind, troubles, alarms."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rsonline.hospital import assembly, sealed
from rsonline.hospital.alarm import Trouble
from rsonline.hospital.collect import Braked
from rsonline.hospital.config import load
from rsonline.hospital.messages import Offer
from rsonline.hospital.words import as_is, duration
from tests.agent.place import CODE, EN, Place, placed, two_rooms
from tests.agent.sources import Simrs, simrs
from tests.agent.test_alarm import Listening
from tests.cli.command import run


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Simrs]:
    """A SIMRS with two rooms."""
    with two_rooms(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window in which no text is broken."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RSONLINE_LANG", raising=False)


def refused(place: Place, command: str, *more: str) -> tuple[str, str]:
    """What a command says that refuses, in Indonesian and in English."""
    words = ("agent", command, *more, *place.where)
    return run(*words, code=1).err, run(*words, *EN, code=1).err


def test_a_configuration_that_cannot_be_used_is_refused_in_both(hospital: Simrs, tmp_path: Path) -> None:
    missing = Place(tmp_path / "tidak-ada.toml")
    for said, text in zip(refused(missing, "status"), ("tidak dapat dibaca", "cannot be read"), strict=True):
        assert f"tidak-ada.toml {text}: " in said
    place = placed(tmp_path, hospital, more='warna = "biru"\n')
    said, english = refused(place, "status")
    assert said.startswith("feed[1].warna: tidak dikenal; yang ada: codes, ")
    assert english.startswith("feed[1].warna: not known; there are: codes, ")
    assert refused(placed(tmp_path, hospital, more='[alarm]\nlang = "fr"\n'), "status") == (
        "alarm.lang: id atau en\n",
        "alarm.lang: id or en\n",
    )
    assert refused(placed(tmp_path, hospital, more='[relay]\nlisten = "8321"\n'), "relay") == (
        "relay.listen: alamat IP dan porta, misalnya 127.0.0.1:8321\n",
        "relay.listen: an IP address and a port, for example 127.0.0.1:8321\n",
    )
    # What a library says is the library's.
    place.file.write_text("[hospital")
    said, english = refused(place, "status")
    assert said == english
    assert "agent.toml: " in said
    no_such = (run("agent", "example", "lain", code=1).err, run("agent", "example", "lain", *EN, code=1).err)
    assert no_such == ("Contoh 'lain' tidak ada: khanza, mlite\n", "There is no example 'lain': khanza, mlite\n")


def test_a_source_that_cannot_be_used_is_refused_in_both(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital)
    place.file.write_text(place.file.read_text().replace("[source]", '[source]\npassword_file="sandi-lain"'))
    said, english = refused(place, "preview")
    assert "sandi-lain tidak dapat dibaca: " in said
    assert "sandi-lain cannot be read: " in english
    with simrs("mariadb", tmp_path) as made:
        made.write("CREATE TABLE kamar (nama VARCHAR(9), jumlah INT, terpakai INT)")
        place = placed(tmp_path, made._replace(reader=made.writer))
        assert refused(place, "preview") == (
            "Akun basis data dapat menulis ke tabel kamar. Pakai akun yang hanya boleh SELECT.\n",
            "The database account can write to table kamar. Use an account that may only SELECT.\n",
        )


def test_an_outbox_that_cannot_be_used_is_refused_in_both(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital)
    place.outbox().close()
    key = load(place.file).key
    key.chmod(0o644)
    assert refused(place, "refused") == (
        f"{key} dapat dibaca pengguna lain: chmod 600\n",
        f"{key} can be read by others: chmod 600 it\n",
    )
    key.unlink()
    sealed.create(key)
    with closing(place.outbox()) as box:
        box.offer([Offer("oksigen", ("2026-01-01",), {"tanggal": "2026-01-01"})])
        box.begin([1])
        box.refused(1, "gagal")
    key.unlink()
    assert refused(place, "refused") == (
        "yang tersimpan tidak terbuka dengan kunci ini\n",
        "what lies there does not open by this key\n",
    )
    with closing(sqlite3.connect(tmp_path / "antrean.sqlite3")) as file:
        file.execute("PRAGMA user_version=99")
    assert refused(place, "resend", "1") == (
        "antrean.sqlite3 berbentuk 99, program ini mengenal 2: pasang yang lebih baru\n",
        "antrean.sqlite3 has form 99, this program knows 2: install a newer one\n",
    )


def test_a_second_agent_and_a_full_outbox_are_told_in_both(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital, more="[outbox]\nmessages = 1\n")
    with assembly.alone(load(place.file).lock):
        assert place.once(code=1)[1].startswith(f"Agen sudah berjalan pada folder {tmp_path}.")
        assert place.once(*EN, code=1)[1].startswith(f"An agent already runs on the folder {tmp_path}.")
    place.once(code=2)
    shown = run("agent", "status", *place.where, *EN, code=1).out
    full = r"CRITICAL The outbox can hold no more; the hospital's data is not read until there is room. \(2 messages, "
    assert re.search(full, shown)
    shown = run("agent", "status", *place.where, code=1).out
    assert "sampai ada tempat. (2 pesan, " in shown


# ---- troubles


def test_an_alarm_speaks_the_language_of_its_table(hospital: Simrs, tmp_path: Path) -> None:
    hospital.write("UPDATE kamar SET jumlah=-1")
    with Listening("hook") as server:
        table = f'[alarm]\nwebhook = "http://127.0.0.1:{server.port}/x"\nlang = "en"\n'
        place = placed(tmp_path, hospital, more=table)
        logged = place.once(code=2)[1]
    assert "2 baris kamar" in logged
    [body] = [json.loads(each) for each in server.told]
    fault = "2 rows of kamar cannot be sent as is. See `rsonline agent refused`."
    assert (body["teks"], body["judul"]) == (fault, f"[rsonline {CODE}] WARNING: {fault}")
    assert (body["tingkat"], body["masalah"]) == ("warning", "rejected:kamar")


def test_everything_that_can_be_wrong_has_words_in_both(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital)
    with assembly.agent_of(load(place.file), show=lambda agent, troubles: None) as agent:
        agent.outbox.clock = lambda: time.time() - 3600
        agent.outbox.offer([Offer("oksigen", (day,), {"tanggal": day}) for day in ("2026-01-01", "2026-01-02")])
        agent.outbox.begin([1])
        agent.outbox.refused(1, "gagal")
        long_ago = time.time() - 100_000
        agent.delivery.state.locked_since = agent.delivery.state.away_since = agent.full_since = long_ago
        agent.full, agent.blind = as_is("database is locked"), "OSError: disk"
        reading = agent.readings["kamar"]
        reading.since, reading.fault, reading.rejected, reading.braked = long_ago, as_is("gone away"), 2, Braked(3, 10)
        found = agent.troubles()
    names = {each.name.partition(":")[0] for each in found}
    assert names == {"locked", "away", "blind", "full", "waiting", "refused", "source", "braked", "rejected"}
    for each in found:
        assert each.text.id != each.text.en
        # Numbers, names and commands are the same in both.
        assert sorted(re.findall(r"`[^`]+`|\d+|kamar|oksigen", each.text.id)) == sorted(
            re.findall(r"`[^`]+`|\d+|kamar|oksigen", each.text.en)
        )
    assert text_of(found, "waiting") == "1 message of oksigen waiting to be sent, for 60 minutes."
    assert text_of(found, "away") == "The service does not answer as it should, for 27 hours."
    assert text_of(found, "source") == "The data of kamar cannot be read: gone away, for 27 hours."


def text_of(found: list[Trouble], name: str) -> str:
    [text] = [each.text.en for each in found if each.name.startswith(name)]
    return text


@pytest.mark.parametrize(
    ("seconds", "said", "english"),
    [
        (-1, "0 detik", "0 seconds"),
        (1, "1 detik", "1 second"),
        (59.9, "59 detik", "59 seconds"),
        (60, "1 menit", "1 minute"),
        (12 * 60, "12 menit", "12 minutes"),
        (2 * 3600, "2 jam", "2 hours"),
        (48 * 3600, "2 hari", "2 days"),
    ],
)
def test_how_long_is_said_in_both(seconds: float, said: str, english: str) -> None:
    assert (duration(seconds, "id"), duration(seconds, "en")) == (said, english)


def test_what_an_earlier_release_wrote_is_still_shown(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital)
    feed = {"report": "tempat_tidur", "read": None, "rows": 0, "rejected": 0, "braked": None, "fault": "tabel hilang"}
    trouble = {"name": "locked", "level": "critical", "text": "Layanan menolak kata sandi.", "since": 1.0}
    said = {"hospital": CODE, "at": time.time(), "running": True, "state": "critical", "reports": {}}
    (tmp_path / "keadaan.json").write_text(json.dumps({**said, "feeds": {"kamar": feed}, "troubles": [trouble]}))
    shown = run("agent", "status", *place.where, *EN, code=1).out
    for text in (f"Agent of hospital {CODE}: critical", "tabel hilang", "CRITICAL Layanan menolak kata sandi."):
        assert text in shown
