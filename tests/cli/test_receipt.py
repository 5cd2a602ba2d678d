"""`rsonline receipt …`: anybody can check a receipt, without the service and without its database."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from rsonline.intake.receipts import Receipts
from rsonline.reports.receipt import key_id
from rsonline.store.database import Database
from rsonline.store.engines import vault_of
from tests.cli.command import run, with_keys

BODY = b'{"tanggal": "2021-07-01", "p_cair": 120}'
HOSPITAL, REQUEST = "9200001", "0123456789abcdef" * 2


class Given(NamedTuple):
    """What a hospital has: the receipt, the public key as a file, the body that it sent as a file."""

    text: str
    key: Path
    body: Path


@pytest.fixture
def given(database: Database, tmp_path: Path) -> Given:
    """A receipt and the files to check it by."""
    at = datetime(2026, 11, 23, 8, 15, 30, 123_456, UTC)
    text = Receipts(vault_of(database)).sign(REQUEST, at, HOSPITAL, BODY)
    key, body = tmp_path / "key.json", tmp_path / "body.json"
    key.write_text(run("receipt", "key", *with_keys(database)).out, "utf-8")
    body.write_bytes(BODY)
    # What remains to be checked by is what the hospital has.
    database.keys.unlink()
    return Given(text, key, body)


def test_the_key_is_the_public_one(database: Database) -> None:
    public = vault_of(database).public_key
    said = json.loads(run("receipt", "key", *with_keys(database)).out)
    assert said == {"alg": "Ed25519", "key": key_id(public), "public": base64.b64encode(public).decode()}


@pytest.mark.parametrize("more", [(), ("--body",), ("--hospital",), ("--body", "--hospital")])
def test_a_genuine_receipt_is_said_to_be_one(given: Given, more: tuple[str, ...]) -> None:
    values: dict[str, str | Path] = {"--body": given.body, "--hospital": HOSPITAL}
    words: list[str | Path] = [word for name in more for word in (name, values[name])]
    wanted = f"ASLI: rumah sakit {HOSPITAL}, diterima 2026-11-23 08:15:30 UTC, nomor {REQUEST}.\n"
    assert run("receipt", "verify", given.text, "--key", given.key, *words).out == wanted
    assert run("receipt", "verify", "-", "--key", given.key, *words, told=f"{given.text}\n").out == wanted


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rs=9200001", "rs=9200002", "tanda tangannya tidak cocok"),
        ("08:15", "08:16", "tanda tangannya tidak cocok"),
        ("v=1", "v=2", "bentuknya bukan resi"),
        ("; sig=", "; sig=A", "bentuknya bukan resi"),
        ("; key=", "; key=0000000", "bentuknya bukan resi"),
    ],
)
def test_an_altered_receipt_is_told_and_ends_with_1(given: Given, old: str, new: str, says: str) -> None:
    altered = given.text.replace(old, new)
    assert altered != given.text
    for words, told in (((altered,), ""), (("-",), altered)):
        said = run("receipt", "verify", *words, "--key", given.key, told=told, code=1)
        assert (said.out, said.err) == ("", f"TIDAK ASLI: {says}.\n")


def test_another_body_hospital_or_key_is_told(given: Given, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(BODY + b"\n")
    verify = ("receipt", "verify", given.text, "--key", given.key)
    assert run(*verify, "--body", other, code=1).err == "TIDAK ASLI: bukan untuk isi ini.\n"
    assert run(*verify, "--hospital", "9200002", code=1).err == "TIDAK ASLI: bukan untuk rumah sakit ini.\n"
    key = json.loads(given.key.read_text("utf-8"))
    other.write_text(json.dumps({**key, "public": base64.b64encode(bytes(32)).decode()}), "utf-8")
    said = run("receipt", "verify", given.text, "--key", other, code=1)
    assert said.err == "TIDAK ASLI: ditandatangani kunci lain.\n"


def test_a_body_that_is_not_there_is_told_and_not_taken_for_a_wrong_one(given: Given, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        said = run("receipt", "verify", given.text, "--key", given.key, "--body", path, code=2)
        assert (said.out, said.err) == ("", f"{path} tidak dapat dibaca.\n")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"public": 1}', '{"public": "?"}', "null"])
def test_a_file_that_holds_no_key_is_told(given: Given, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "none"
    if text is not None:
        file.write_text(text, "utf-8")
    said = run("receipt", "verify", given.text, "--key", file, code=2)
    assert (said.out, said.err) == ("", f"{file} bukan berkas kunci publik resi.\n")


def test_without_the_key_file_the_service_has_no_public_key_to_give(database: Database) -> None:
    database.keys.unlink()
    said = run("receipt", "key", *with_keys(database), code=1)
    assert said.out == ""
    assert "is missing" in said.err
