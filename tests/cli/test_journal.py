"""`rsonline journal …` as an operator uses it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rsonline.store import audit
from rsonline.store.change import Origin
from rsonline.store.database import Database, embedded
from rsonline.store.engines import connected, transaction
from tests.cli.command import of, run, with_keys
from tests.databases import journal, rows
from tests.store.several import CODES, FIRST_NIK, filled

DAYS = 2
LINES = len(CODES) * (1 + 3 * DAYS)
"""Of each hospital: its own, and of each day oxygen told twice and a booking."""


@pytest.fixture
def reported(database: Database) -> Database:
    """Three hospitals that have reported."""
    filled(database, DAYS)
    return database


def shown(out: str) -> list[dict[str, Any]]:
    """The lines that a command wrote."""
    return [json.loads(line) for line in out.splitlines()]


def looks(database: Database) -> list[dict[str, Any]]:
    """What the journal says of its own searches."""
    return journal(database, audit.OPERATOR)


def without_trigger(database: Database, *statements: str) -> None:
    """Do what somebody does who owns the database."""
    names = ("journal_no_update", "journal_no_delete") if database.embedded else ("journal_only_grows ON journal",)
    with connected(database) as connection:
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount == 1


def test_a_whole_journal_is_said_to_be_whole(reported: Database) -> None:
    assert run("journal", "verify", *of(reported)).out == f"3 rumah sakit, {LINES} baris, 0 kesalahan.\n"
    one = run("journal", "verify", "--hospital", CODES[0], *of(reported)).out
    assert one == f"1 rumah sakit, {LINES // 3} baris, 0 kesalahan.\n"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE journal SET account = 'x' WHERE seq = 3 AND kode_rs = '9200002'", "9200002 baris 3: its hash"),
        ("DELETE FROM journal WHERE seq = 3 AND kode_rs = '9200002'", "9200002 baris 4: stands behind line 2"),
        ("DELETE FROM journal WHERE seq = 7 AND kode_rs = '9200002'", "9200002 baris 7: the chain does not end"),
        ("DELETE FROM journal_head WHERE kode_rs = '9200002'", "9200002 baris 7: has no head"),
    ],
)
def test_a_line_that_was_tampered_with_is_told_and_ends_with_1(reported: Database, statement: str, says: str) -> None:
    without_trigger(reported, statement)
    said = run("journal", "verify", *of(reported), code=1)
    assert said.err.startswith(says)
    assert " 0 kesalahan" not in said.out
    # The others are whole.
    assert "0 kesalahan" in run("journal", "verify", "--hospital", "9200001", *of(reported)).out
    run("journal", "verify", "--hospital", "9200002", *of(reported), code=1)


def test_heads_kept_elsewhere_find_a_journal_that_was_cut_off_with_its_head(reported: Database, tmp_path: Path) -> None:
    said, kept = run("journal", "heads", *of(reported)).out, tmp_path / "heads.json"
    kept.write_text(said, "utf-8")
    with connected(reported) as connection:
        ends = audit.heads(connection)
    told = json.loads(said)
    assert told["heads"] == {code: [end.seq, end.hash.hex()] for code, end in ends.items()}
    assert abs(datetime.fromisoformat(told["at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert "0 kesalahan" in run("journal", "verify", "--heads", kept, *of(reported)).out

    code, end = CODES[1], ends[CODES[1]]
    (before,) = rows(reported, f"SELECT hash FROM journal WHERE kode_rs = '{code}' AND seq = {end.seq - 1}")
    hexed = bytes(before["hash"]).hex()
    literal = f"x'{hexed}'" if reported.embedded else f"'\\x{hexed}'"
    without_trigger(
        reported,
        f"DELETE FROM journal WHERE kode_rs = '{code}' AND seq = {end.seq}",
        f"UPDATE journal_head SET seq = {end.seq - 1}, hash = {literal} WHERE kode_rs = '{code}'",
    )
    assert "0 kesalahan" in run("journal", "verify", *of(reported)).out
    said_now = run("journal", "verify", "--heads", kept, *of(reported), code=1)
    assert said_now.err == f"{code} baris {end.seq}: the line that was kept elsewhere is not there\n"


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"heads": 1}', '{"heads": {"9200001": [1, "x"]}}', "null"])
def test_a_file_without_heads_is_told(database: Database, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "heads.json"
    if text is not None:
        file.write_text(text, "utf-8")
    assert "bukan berkas ujung jurnal" in run("journal", "verify", "--heads", file, *of(database), code=2).err


def test_a_person_is_searched_by_a_number_that_is_not_on_the_command_line(reported: Database) -> None:
    nik = str(FIRST_NIK)
    said = run("journal", "search", "--nik", "-", *with_keys(reported), told=f"{nik}\n")
    assert said.err == "3 baris.\n"
    lines = shown(said.out)
    assert sorted((x["kode_rs"], x["object"], x["verb"]) for x in lines) == [(code, "antrian", "add") for code in CODES]
    for line in lines:
        assert (line["account"], line["address"], line["request_id"]) == (f"{line['kode_rs']}/1", "10.0.0.1", "r1")
        assert (line["old"], line["new"]["nik"], line["key"]) == (None, f"{nik[:4]}**********{nik[-2:]}", ["…"])
        assert datetime.fromisoformat(line["at"]).utcoffset() == timedelta(0)
        # The index of a person would let others be compared with it.
        assert not {"person1", "person2"} & line.keys()
        assert len(bytes.fromhex(line["hash"])) == 32
    assert nik not in said.out
    opened = shown(run("journal", "search", "--whole", "--nik", "-", *with_keys(reported), told=nik).out)
    assert [line["new"]["nik"] for line in opened[:3]] == [nik] * 3
    # It may stand there too: the same lines, then those about the searches before.
    assert shown(run("journal", "search", "--nik", nik, *with_keys(reported)).out)[:3] == lines


def test_only_what_somebody_wrote_is_masked(reported: Database) -> None:
    # Sixteen digits in a row are not rare in hexadecimal, and are nobody's number there.
    ours, number = f"{'ab' * 4}{FIRST_NIK}{'cd' * 4}", FIRST_NIK + 7
    origin = Origin("9200001", 0, "9200001/7", address="10.0.0.1", request_id=ours, claimed=None, clock="none")
    with transaction(reported) as access:
        audit.note(access, origin, "search", {"as_text": f"NIK {number}", "as_number": number, "many": [str(number)]})
    (line,) = shown(run("journal", "search", "--account", "9200001/7", *with_keys(reported)).out)
    hidden = f"{str(number)[:4]}**********{str(number)[-2:]}"
    assert line["request_id"] == ours
    assert line["new"] == {"as_text": f"NIK {hidden}", "as_number": hidden, "many": [hidden]}
    assert len(bytes.fromhex(line["hash"])) == 32
    (whole,) = shown(run("journal", "search", "--account", "9200001/7", "--whole", *with_keys(reported)).out)
    assert whole["hash"] == line["hash"]
    assert whole["new"]["as_number"] == number


def test_who_searches_is_in_the_journal_himself(reported: Database) -> None:
    nik, other = str(FIRST_NIK), str(FIRST_NIK + 1)
    assert looks(reported) == []
    run("journal", "search", "--nik", "-", "--hospital", CODES[0], *with_keys(reported), told=nik)
    (line,) = looks(reported)
    assert (line["object"], line["verb"], line["source"]) == ("journal", "search", "cli")
    assert line["account"].startswith("cli/")
    # The person is found by the index; the number itself is not written down once more.
    assert json.loads(line["new"]) == {"code": CODES[0], "lines": 1}
    assert line["person1"] is not None
    again = shown(run("journal", "search", "--nik", "-", *with_keys(reported), told=nik).out)
    assert [(found["kode_rs"], found["verb"]) for found in again][-1] == (audit.OPERATOR, "search")
    assert len(again) == 4
    assert len(shown(run("journal", "search", "--nik", "-", *with_keys(reported), told=other).out)) == 3
    run("journal", "search", "--account", f"{CODES[0]}/1", *with_keys(reported))
    assert json.loads(looks(reported)[-1]["new"]) == {"account": f"{CODES[0]}/1", "lines": 3 * DAYS}
    assert looks(reported)[-1]["person1"] is None
    assert "4 rumah sakit" in run("journal", "verify", *of(reported)).out


def test_an_account_is_searched_between_two_times(reported: Database) -> None:
    words = ("journal", "search", "--account", f"{CODES[0]}/1", *with_keys(reported))
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    lines = shown(run(*words).out)
    assert [line["object"] for line in lines].count("oksigen") == 2 * DAYS
    assert {line["account"] for line in lines} == {f"{CODES[0]}/1"}
    assert shown(run(*words, "--until", tomorrow).out) == lines
    assert shown(run(*words, "--since", tomorrow).out) == []
    # Times are UTC, as they are shown.
    middle = lines[3]["at"][:19]
    split = [shown(run(*words, way, middle).out) for way in ("--until", "--since")]
    assert [*split[0], *split[1]] == lines


def test_a_search_needs_something_to_search_for(reported: Database) -> None:
    assert "Sebutkan --nik, --account atau --logins" in run("journal", "search", *with_keys(reported), code=2).err
    for nobody in ("", "0000000000000000"):
        said = run("journal", "search", "--nik", "-", *with_keys(reported), told=f"{nobody}\n")
        assert said == ("", "0 baris.\n")
    assert [(line["verb"], line["person1"]) for line in looks(reported)] == [("search", None)] * 2


def test_an_export_holds_every_line_and_is_one_itself(reported: Database) -> None:
    said = run("journal", "export", *with_keys(reported))
    assert said.err == f"{LINES} baris.\n"
    lines = shown(said.out)
    assert sorted((x["kode_rs"], x["seq"]) for x in lines) == [(c, n + 1) for c in CODES for n in range(LINES // 3)]
    assert {line["new"]["p_cair"] for line in lines if line["object"] == "oksigen"} == {1.0, 2.0, 3.0}
    assert [(x["verb"], json.loads(x["new"])) for x in looks(reported)] == [("export", {"lines": LINES})]
    assert len(shown(run("journal", "export", *with_keys(reported)).out)) == LINES + 1
    assert len(shown(run("journal", "export", "--hospital", CODES[2], *with_keys(reported)).out)) == LINES // 3
    assert "0 kesalahan" in run("journal", "verify", *of(reported)).out


def test_contents_need_the_key_file_and_the_proof_does_not(reported: Database, tmp_path: Path) -> None:
    elsewhere = (*of(reported), "--keys", tmp_path / "none.json")
    for words in (("search", "--account", "x"), ("export",)):
        assert "none.json is missing" in run("journal", *words, *elsewhere, code=1).err
    assert looks(reported) == []
    reported.keys.unlink()
    assert "0 kesalahan" in run("journal", "verify", *of(reported)).out
    assert set(json.loads(run("journal", "heads", *of(reported)).out)["heads"]) == set(CODES)


@pytest.mark.parametrize("words", [("verify",), ("heads",), ("search", "--nik", "-"), ("export",)])
def test_where_no_database_is_none_is_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    database = embedded(tmp_path)
    assert "rsonline migrate" in run("journal", *words, "--data", tmp_path, told="1\n", code=1).err
    assert not database.path.exists()
