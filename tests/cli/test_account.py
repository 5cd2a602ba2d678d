"""`rsonline account …` and `rsonline reference …`."""

from pathlib import Path

import pytest

from rsonline.login.passwords import matches
from rsonline.reports.references import with_own_rows
from rsonline.store import accounts, hospitals
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.cli.command import run, with_keys
from tests.databases import journal
from tests.hospital import password_hash

CODE = "9200001"


@pytest.fixture
def one(database: Database) -> Database:
    """A database with one hospital."""
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
    return database


def stored(database: Database, name: str) -> accounts.Account:
    """An account as it is kept."""
    with transaction(database) as access:
        found = accounts.find(access, name)
    assert found is not None
    return found


def test_an_account_of_a_hospital_is_made_and_its_password_shown_once(one: Database) -> None:
    said = run("account", "add", "rs@contoh.test", "--hospital", CODE, "--address", "192.0.2.1", *with_keys(one)).out
    password = said.splitlines()[-1]
    found = stored(one, "rs@contoh.test")
    assert (found.code, found.addresses, found.active) == (CODE, ("192.0.2.1",), True)
    assert matches(found.hash, password)
    assert password not in run("account", "list", *with_keys(one)).out
    assert run("account", "list", *with_keys(one)).out == f"rs@contoh.test\t{CODE}\taktif\t192.0.2.1\n"
    lines = journal(one, CODE, "account")
    assert [(x["verb"], x["source"]) for x in lines] == [("add", "cli")]
    assert password not in lines[0]["new"]


def test_a_consumer_has_rights_and_a_last_day(one: Database) -> None:
    words = ("--consumer", "--right", "ketersediaantempattidur", "--until", "2099-12-31", "--password-stdin")
    said = run("account", "add", "pembaca", *words, *with_keys(one), told="rahasia-4711\n").out
    assert "rahasia" not in said
    found = stored(one, "pembaca")
    assert (found.code, found.rights) == (None, ("ketersediaantempattidur",))
    assert found.valid_until is not None
    assert found.valid_until.year == 2100
    assert matches(found.hash, "rahasia-4711")


def test_an_account_is_closed_opened_and_given_another_password(one: Database) -> None:
    run("account", "add", "akun", "--hospital", CODE, *with_keys(one))
    before = stored(one, "akun")
    run("account", "disable", "akun", *with_keys(one))
    assert not stored(one, "akun").active
    assert "ditutup" in run("account", "list", *with_keys(one)).out
    run("account", "enable", "akun", *with_keys(one))
    new = run("account", "password", "akun", *with_keys(one)).out.splitlines()[-1]
    after = stored(one, "akun")
    assert matches(after.hash, new)
    # Each of them ends the tokens that were given out.
    assert after.hospital_version == (before.hospital_version or 0) + 3


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("x",), 2, "Pilih salah satu"),
        (("x", "--hospital", CODE, "--consumer"), 2, "Pilih salah satu"),
        (("x", "--consumer"), 1, "tidak sah"),
        (("akun x", "--consumer"), 1, "tidak sah"),
        (("akun", "--hospital", "9299999"), 1, "tidak ditemukan"),
        (("akun", "--consumer", "--right", "semua"), 1, "tidak dikenal"),
        (("akun", "--consumer", "--address", "rumah"), 1, "bukan alamat"),
        (("akun", "--consumer", "--until", "besok"), 2, "bukan tanggal"),
    ],
)
def test_what_cannot_be_added_is_told(one: Database, words: tuple[str, ...], code: int, told: str) -> None:
    assert told in run("account", "add", *words, *with_keys(one), code=code).err
    assert run("account", "list", *with_keys(one)).out == ""


def test_an_account_that_is_not_there_or_there_already_is_told(one: Database) -> None:
    run("account", "add", "akun", "--consumer", *with_keys(one))
    assert "sudah ada" in run("account", "add", "akun", "--consumer", *with_keys(one), code=1).err
    for verb in ("disable", "enable", "password"):
        assert "tidak ditemukan" in run("account", verb, "lain", *with_keys(one), code=1).err


def test_own_entries_replace_and_extend_a_list(tmp_path: Path) -> None:
    file = tmp_path / "baru.csv"
    file.write_text("# source: kementerian\nid,nama\n1,Remdesivir\n77,Obat baru\n", "utf-8")
    said = run("reference", "import", "terapi", str(file), "--data", str(tmp_path)).out
    assert said.startswith("2 entri terapi")
    lists = with_own_rows(tmp_path / "references")
    assert {lists["terapi"].entries[i].nama for i in ("1", "77")} == {"Remdesivir", "Obat baru"}
    shown = run("reference", "list", "terapi", "--data", str(tmp_path)).out
    assert "77\tObat baru\n" in shown
    assert "terapi\t7\tterbuka" in run("reference", "list", "--data", str(tmp_path)).out


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("obat", "id,nama\n1,x\n", "bukan salah satu"), ("terapi", "id,nama\n1,\n", "row without")],
)
def test_a_file_that_is_no_list_is_told_and_nothing_is_kept(tmp_path: Path, name: str, text: str, told: str) -> None:
    file = tmp_path / "baru.csv"
    file.write_text(text, "utf-8")
    assert told in run("reference", "import", name, str(file), "--data", str(tmp_path), code=1).err
    assert not (tmp_path / "references").exists()
