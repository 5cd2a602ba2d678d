"""`rsonline user …`: how the first administrator comes to be (SR-60)."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from rsonline.store import hospitals, people
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.cli.command import run, with_keys
from tests.databases import journal, rows
from tests.hospital import password_hash

CODE = "9200002"


@pytest.fixture
def one(database: Database) -> Database:
    """A database with one hospital."""
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
    return database


def stored(database: Database, name: str) -> people.Person:
    with transaction(database) as access:
        found = people.find(access, name)
    assert found is not None
    return found


def code_in(said: str) -> str:
    found = re.search(r"^[A-Z2-9]{4}(-[A-Z2-9]{4}){5}$", said, re.MULTILINE)
    assert found is not None, said
    return found[0]


def test_the_first_administrator_is_made_by_a_one_time_code(one: Database) -> None:
    said = run("user", "add", "tono", "--role", "operator", "--name", "Tono", *with_keys(one)).out
    code = code_in(said)
    person = stored(one, "tono")
    assert (person.role, person.hash, person.active) == ("operator", None, True)
    [row] = rows(one, "SELECT code_hash, code_until FROM web_user")
    assert code not in str(row)
    until = datetime.fromtimestamp(row["code_until"] / 1000, UTC)
    assert timedelta(hours=23, minutes=59) < until - datetime.now(UTC) <= timedelta(hours=24)
    assert [(x["verb"], x["source"]) for x in journal(one, "-", "web_user")] == [("add", "cli")]


def test_a_code_works_once_and_for_a_day(one: Database) -> None:
    code = code_in(run("user", "add", "tono", "--role", "operator", "--name", "Tono", *with_keys(one)).out)
    by = people.origin_of(stored(one, "tono"))
    with transaction(one) as access:
        assert not people.redeem(access, by, "tono", "AAAA-AAAA", "hash")
        assert people.redeem(access, by, "tono", f" {code.lower()} ", "hash")
        assert not people.redeem(access, by, "tono", code, "other")
    code = code_in(run("user", "reset", "tono", *with_keys(one)).out)
    assert stored(one, "tono").hash is None
    rows_changed = "UPDATE web_user SET code_until = code_until - 86400001 RETURNING user_name"
    rows(one, rows_changed)
    with transaction(one) as access:
        assert not people.redeem(access, by, "tono", code, "hash")


def test_accounts_are_closed_opened_and_listed(one: Database) -> None:
    run("user", "add", "sari", "--role", "petugas", "--name", "Sari", "--hospital", CODE, *with_keys(one))
    run("user", "add", "wayan", "--role", "dinkes", "--name", "Wayan", "--region", "51", *with_keys(one))
    run("user", "disable", "sari", *with_keys(one))
    assert not stored(one, "sari").active
    listed = run("user", "list", *with_keys(one)).out
    assert f"sari\tpetugas\t{CODE}\tditutup\n" in listed
    assert "wayan\tdinkes\t51\taktif\n" in listed
    run("user", "enable", "sari", *with_keys(one))
    assert stored(one, "sari").active


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("A B", "--role", "operator", "--name", "X"), "tidak sah"),
        (("abc", "--role", "raja", "--name", "X"), "tidak dikenal"),
        (("abc", "--role", "operator", "--name", " "), "1 sampai 100"),
        (("abc", "--role", "petugas", "--name", "X"), "membutuhkan rumah sakit"),
        (("abc", "--role", "kemenkes", "--name", "X", "--hospital", CODE), "membutuhkan rumah sakit"),
        (("abc", "--role", "petugas", "--name", "X", "--hospital", "9299999"), "tidak ditemukan"),
        (("abc", "--role", "dinkes", "--name", "X"), "membutuhkan kode provinsi"),
        (("abc", "--role", "dinkes", "--name", "X", "--region", "00"), "tidak dikenal"),
    ],
)
def test_what_cannot_be_added_is_told(one: Database, words: tuple[str, ...], told: str) -> None:
    assert told in run("user", "add", *words, *with_keys(one), code=1).err
    assert run("user", "list", *with_keys(one)).out == ""


def test_the_last_administrator_stays_and_one_that_is_not_there_is_told(one: Database) -> None:
    run("user", "add", "tono", "--role", "operator", "--name", "Tono", *with_keys(one))
    assert "terakhir" in run("user", "disable", "tono", *with_keys(one), code=1).err
    assert (
        "sudah dipakai"
        in run("user", "add", "tono", "--role", "operator", "--name", "Tono", *with_keys(one), code=1).err
    )
    for verb in ("disable", "enable", "reset"):
        assert "tidak ditemukan" in run("user", verb, "lain", *with_keys(one), code=1).err
