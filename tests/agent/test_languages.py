"""Every command of the agent speaks English where asked, and Indonesian else: answers, questions, tables, the log."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer

from rsonline.cli import app
from rsonline.hospital.config import load
from rsonline.hospital.messages import Offer
from tests.agent.khanza import KHANZA
from tests.agent.place import AWAY, CODE, EN, placed, two_rooms
from tests.agent.sources import READER_PASSWORD, Simrs, simrs
from tests.cli.command import run
from tests.long.process import Service, hospitals_in


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as a process."""
    made = Service(tmp_path_factory.mktemp("layanan"))
    hospitals_in(made.database, [CODE])
    made.start()
    yield made
    made.stop()


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


def at(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}/fo/index.php"


def free() -> int:
    """A port at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_every_command_of_the_agent_takes_a_language() -> None:
    # Typer says only that it is a command; both are groups.
    found = typer.main.get_command(app).commands["agent"].commands  # type: ignore[attr-defined]
    assert len(found) >= 12
    for name, command in found.items():
        [option] = [each for each in command.params if each.name == "lang"]
        assert (option.opts, option.envvar, option.default) == (["--lang"], "RSONLINE_LANG", "id"), name


def test_what_the_agent_does_is_said_in_english(hospital: Simrs, service: Service, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital, at(service))
    said, logged = place.once(*EN, code=0)
    assert said == "Everything that can be sent has arrived.\n"
    assert f"the agent of hospital {CODE} runs, 1 feed\n" in logged
    hospital.write("UPDATE kamar SET jumlah=-1 WHERE nama='Mawar 1'")
    fault = "1 row of kamar cannot be sent as is. See `rsonline agent refused`."
    assert fault in place.once(*EN, code=2)[1]
    said, logged = place.once(code=2)
    # Whoever reads only the last line must not think that all is well.
    assert said.startswith("Yang dapat dikirim sudah sampai, tetapi ada yang tidak dapat dibaca atau dikirim")
    assert "1 baris kamar tidak dapat dikirim apa adanya." in logged
    # Whatever the language of the one that ran, the next one speaks its own.
    shown = run("agent", "status", *place.where, *EN, code=1).out
    for text in (f"Agent of hospital {CODE}: not running", "Oldest waiting", "Last accepted", f"Warning {fault}"):
        assert text in shown
    assert re.search(r"\d+ seconds? ago", shown)
    shown = run("agent", "status", *place.where, code=1).out
    for text in (f"Agen rumah sakit {CODE}: tidak berjalan", "Tertua menunggu", "detik lalu", "Perhatian 1 baris"):
        assert text in shown
    shown = run("agent", "refused", *place.where, *EN).out
    # What the outbox keeps has one language (docs/agent.md).
    for text in ("Rows that cannot be sent", "What is wrong", "Correct them in the SIMRS", "jumlah gagal"):
        assert text in shown
    # What is only looked at has both.
    shown = run("agent", "preview", *place.where, *EN, code=2).out
    for text in (
        "The database account can only read (0 tables tried).",
        "the first 2 rows",
        "jumlah must be 0 or more",
    ):
        assert text in shown
    assert "jumlah gagal: tidak boleh kurang dari 0" in run("agent", "preview", *place.where, code=2).out


def test_both_sides_are_compared_and_healed_in_english(hospital: Simrs, service: Service, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital, at(service))
    hospital.write("UPDATE kamar SET nama = 'Dahlia' || substr(nama, 6)")
    place.once(code=0)
    hospital.write("UPDATE kamar SET terpakai = 3")
    said = run("agent", "reconcile", *place.where, *EN, told="n\n", code=2).out
    for text in ("At the hospital", "Content differs", "Dahlia 1: content differs", "Heal", "differences?"):
        assert text in said
    full = placed(tmp_path, hospital, at(service), "[outbox]\nmessages = 1\n")
    assert re.match(r"\d+ messages, \d+ bytes\n", run("agent", "reconcile", *full.where, *EN, "--yes", code=1).err)
    place = placed(tmp_path, hospital, at(service))
    place.once(code=0)
    hospital.write("UPDATE kamar SET terpakai = 0")
    assert " healed.\n" in run("agent", "reconcile", *place.where, *EN, "--yes").out
    hospital.write("UPDATE kamar SET terpakai = 1")
    assert " diperbaiki.\n" in run("agent", "reconcile", *place.where, "--yes").out


def test_what_people_decide_is_asked_and_answered_in_english(
    hospital: Simrs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = placed(tmp_path, hospital)
    monkeypatch.setenv("RSONLINE_LANG", "en")
    assert run("agent", "refused", *place.where).out == "Nothing is refused.\n"
    with closing(place.outbox()) as box:
        for day in ("2026-01-01", "2026-01-02"):
            box.offer([Offer("oksigen", (day,), {"tanggal": day})])
        box.begin([1, 2])
        box.refused(1, "gagal")
        box.refused(2, "gagal")
    shown = run("agent", "refused", *place.where).out
    for text in ("Refused by the service", "The service says", "Send again: rsonline agent resend NUMBER"):
        assert text in shown
    assert run("agent", "resend", "1", *place.where).out == "Message 1 will be sent again.\n"
    assert run("agent", "resend", "1", *place.where, code=1).err == "There is no refused message 1.\n"
    said = run("agent", "discard", "2", *place.where, told="y\n").out
    assert "Give message 2 up?" in said
    assert "Message 2 is given up." in said
    said = run("agent", "allow-removals", "kamar", *place.where, told="y\n").out
    assert "Remove at the service all kamar that the hospital no longer has?" in said
    assert "Noted; the next reading removes them." in said
    assert "is no snapshot feed" in run("agent", "allow-removals", "lain", *place.where, code=1).err
    # Who says it on the command line is heard first.
    assert "bukan sumber data" in run("agent", "allow-removals", "lain", *place.where, "--lang", "id", code=1).err


def test_the_two_doors_of_the_agent_begin_in_english(hospital: Simrs, tmp_path: Path) -> None:
    place = placed(tmp_path, hospital)
    assert run("agent", "relay", *place.where, *EN, code=2).err == "relay: the configuration has no [relay]\n"
    secret = tmp_path / "sandi-relai"
    secret.write_text("pendek")
    port, other = free(), free()
    table = f'[relay]\nlisten = "127.0.0.1:{port}"\npassword_file = "sandi-relai"\n'
    place = placed(tmp_path, hospital, more=table)
    assert "needs 16 characters or more" in run("agent", "relay", *place.where, *EN, code=2).err
    secret.write_text("relai-tiruan-4711-0")
    assert place.begun("relay", *EN) == f"The relay listens on 127.0.0.1:{port}. Ctrl-C to stop.\n"
    said = place.begun("page", "--port", str(other), *EN)
    assert said == f"Page: http://127.0.0.1:{other}/  Its key is in {tmp_path / 'halaman.kunci'}\n"


# ---- the first configuration


def test_setting_up_without_a_preset_asks_in_english(hospital: Simrs, tmp_path: Path) -> None:
    file = tmp_path / "baru" / "agent.toml"
    answers = ("9100001", "WIB", AWAY, "rahasia", "sqlite", hospital.owner, "none", "lain", "oksigen")
    said = run("agent", "setup", "--config", file, *EN, told="\n".join(answers) + "\n").out
    for text in (
        "1. Hospital and service",
        "Code of the hospital: ",
        "Time zone of the hospital (WIB, WITA, WIT) [WIB]: ",
        "Password of RS Online (X-pass): ",
        "Kind (mysql, postgresql, mssql, sqlite) [mysql]: ",
        "File of the database: ",
        "Preset (khanza, mlite, none) [khanza]: ",
        "Reports, with commas between (",
        "Connected: 1 table, the account can only read.",
        "Fill in the SELECTs in",
    ):
        assert text in said
    written = file.read_text()
    assert "-- Liquid used (m³)\n" in written
    assert "-- Day, required\n" in written
    shown = run("agent", "preview", "--config", file, *EN, code=2).out
    assert "tanggal is required and was not sent" in shown
    said = run("agent", "setup", "--config", file, *EN, told="n\n", code=1).out
    assert "is there already. Replace it?" in said
    wrong = run(
        "agent", "setup", "--config", file, "--yes", "--code", "1", "--zone", "WIB", *EN, told="x\noracle\n", code=2
    )
    assert wrong.err == "engine: 'oracle' is none of mysql, postgresql, mssql, sqlite\n"


def test_setting_up_asks_in_english_what_a_code_means(tmp_path: Path) -> None:
    with simrs("mariadb", tmp_path) as made:
        made.write(*KHANZA)
        made.write(
            "ALTER TABLE kamar MODIFY kelas VARCHAR(20)", "UPDATE kamar SET kelas='Isolasi A' WHERE kd_bangsal='B2'"
        )
        url = sa.make_url(made.reader)
        (tmp_path / "rahasia").write_text(READER_PASSWORD)
        words = ["--code", CODE, "--zone", "WIB", "--address", AWAY, "--password-file", str(tmp_path / "rahasia")]
        words += ["--engine", "mysql", "--host", str(url.host), "--port", "3306", "--database", str(url.database)]
        words += ["--user", str(url.username), "--database-password-file", str(tmp_path / "rahasia")]
        file = tmp_path / "agen" / "agent.toml"
        said = run("agent", "setup", "--config", file, *words, "--preset", "khanza", *EN, told="12\n").out
    for text in (
        "tempat-tidur: id_tt = 'Isolasi A' is not known to the service. Perhaps:",
        "  12  Isolation\n",
        "Code of the service (empty: skip) [",
        "The configuration is written to",
        "antrian -> antrian: the first 2 rows",
        "member",
        "Next: rsonline doctor --config …, then rsonline agent run --config …",
    ):
        assert text in said
    assert load(file).feeds[0].codes["id_tt"]["Isolasi A"] == "12"
