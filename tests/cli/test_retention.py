"""Records go at the end of their time, by a job that is noted, and by nothing else (SR-51)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from rsonline.reports import ANTRIAN, ANTRIAN_TASK, SHK, SHK_HASIL
from rsonline.settings import Settings, SettingsError, load
from rsonline.store import audit, history, reads, rotation
from rsonline.store.audit import OPERATOR
from rsonline.store.database import Database
from rsonline.store.engines import open_store, transaction
from rsonline.store.seal import KeyGone, place
from tests.cli.command import run, with_keys
from tests.databases import journal, rows
from tests.samples import MESSAGES
from tests.store.several import CODES, asked, filled, origin_of

DAYS = 2
ALL = "antrian=60,antrian_task=60,shk=90,shk_hasil=90,oksigen=30"


@pytest.fixture
def reported(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Hospitals that have reported."""
    monkeypatch.delenv("RSONLINE_RETENTION", raising=False)
    filled(database, DAYS)

    async def more() -> None:
        store = open_store(database, on_broken=lambda error: None)
        for code in CODES:
            by = origin_of(code)
            step = MESSAGES["antrian_task"] | {"kodebooking": "B-0"}
            for report, message in ((ANTRIAN_TASK, step), (SHK, MESSAGES["shk"])):
                outcome = await store.submit(asked(by, report, "POST", **message))
                assert outcome.kind == "saved", outcome
            result = MESSAGES["shk_hasil"] | {"id_shk": str(outcome.row["id_shk"])}
            assert (await store.submit(asked(by, SHK_HASIL, "POST", **result))).kind == "saved"
        await store.close()

    asyncio.run(more())
    return database


def age(database: Database, table: str, days: int, where: str = "1 = 1") -> int:
    """Make records older."""
    back = timedelta(days=days) // timedelta(milliseconds=1)
    statement = f"UPDATE {table} SET updated_at = updated_at - :back WHERE {where} RETURNING kode_rs"
    return len(rows(database, statement, back=back))


def count(database: Database, table: str) -> int:
    return int(rows(database, f"SELECT count(*) AS n FROM {table}")[0]["n"])


def told(database: Database, *words: str) -> dict[str, str]:
    """What the job says of each table."""
    lines = run("retention", "run", *words, *with_keys(database)).out.splitlines()
    return {line.split("\t")[0]: line.split("\t")[2] for line in lines}


def removals(database: Database) -> list[dict[str, Any]]:
    return [line for code in CODES for line in journal(database, code) if line["verb"] == "retention"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("oksigen", "not written as table=days"),
        ("oksigen=", "no number of days from 30 to 36500"),
        ("oksigen=29", "no number of days"),
        ("oksigen=36501", "no number of days"),
        ("oksigen=1e3", "no number of days"),
        ("oksigen=٣٠٠", "no number of days"),
        ("hospital=60", "is none of tempat_tidur"),
        ("oksigen=60,oksigen=90", "there twice"),
        ("antrian=60", "antrian_task belongs to it and needs a rule of at most 60 days"),
        ("antrian=60,antrian_task=61", "at most 60 days"),
        ("pasien_covid=9000", "belongs to it"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_in_words(text: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"^retention: .*{wrong}"):
        load(environ={"RSONLINE_RETENTION": text})


def test_rules_are_read_and_nothing_is_set_by_default() -> None:
    assert Settings().kept_days() == {}
    assert load(environ={"RSONLINE_RETENTION": "antrian=60, antrian_task = 30"}).kept_days() == {
        "antrian": 60,
        "antrian_task": 30,
    }
    out = run("retention", "show").out.splitlines()
    assert all(line.endswith("\tselamanya") for line in out)
    assert out[-1].startswith("journal")


def test_without_a_rule_nothing_goes_however_old(reported: Database) -> None:
    for table in ("antrian", "antrian_task", "shk", "shk_hasil"):
        age(reported, table, 30_000)
    before = {table: count(reported, table) for table in ("antrian", "antrian_task", "shk", "shk_hasil")}
    assert "tidak ada yang dihapus" in run("retention", "run", *with_keys(reported)).out
    run("maintain", *with_keys(reported))
    assert {table: count(reported, table) for table in before} == before
    assert removals(reported) == []


def test_what_is_old_goes_with_a_line_and_the_rest_stays(reported: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSONLINE_RETENTION", ALL)
    first = f"kode_rs = '{CODES[0]}'"
    old = {table: age(reported, table, 61, first) for table in ("antrian", "antrian_task", "shk", "shk_hasil")}
    assert all(old.values())
    before = {table: count(reported, table) for table in old}
    lines = len(journal(reported, CODES[0]))
    [nik] = {json.loads(x["new"])["nik"] for x in journal(reported, CODES[0], "antrian")[:1]}

    dry = told(reported, "--dry-run")
    assert dry["antrian_task"] == f"{old['antrian_task']} catatan akan dihapus"
    assert dry["antrian"] == f"{old['antrian']} catatan akan dihapus"
    assert dry["shk"] == "0 catatan akan dihapus"
    assert len(journal(reported, CODES[0])) == lines
    assert journal(reported, OPERATOR) == []

    done = told(reported)
    assert done["antrian"] == f"{old['antrian']} catatan dihapus"
    assert {table: count(reported, table) for table in old} == {
        "antrian": before["antrian"] - old["antrian"],
        "antrian_task": before["antrian_task"] - old["antrian_task"],
        "shk": before["shk"],
        "shk_hasil": before["shk_hasil"],
    }
    gone = removals(reported)
    assert {x["kode_rs"] for x in gone} == {CODES[0]}
    assert sorted(x["object"] for x in gone) == ["antrian"] * old["antrian"] + ["antrian_task"] * old["antrian_task"]
    assert all(x["account"].startswith("cli/") and json.loads(x["new"])["days"] == 60 for x in gone)
    # Each record's own line, once; the keys are those of the lines that wrote it.
    written = {(x["object"], x["key"]) for x in journal(reported, CODES[0]) if x["verb"] != "retention"}
    assert {(x["object"], x["key"]) for x in gone} <= written
    assert len({(x["object"], x["key"]) for x in gone}) == len(gone)
    # Whoever asks about the person is told that its record went.
    found = run("journal", "search", "--nik", "-", *with_keys(reported), told=nik).out.splitlines()
    assert "retention" in [json.loads(line)["verb"] for line in found]
    assert [(x["object"], x["verb"]) for x in journal(reported, OPERATOR)][:2] == [
        ("retention", "begin"),
        ("retention", "end"),
    ]
    with transaction(reported) as access:
        assert audit.verify(access.connection).faults == []
        assert reads.having(CODES[0], ANTRIAN, {})(access) == []
        assert reads.having(CODES[1], ANTRIAN, {})(access) != []
        assert reads.having(CODES[0], SHK, {})(access) != []
    # Once more: nothing is left to go.
    assert set(told(reported).values()) == {"0 catatan dihapus"}


def test_a_record_stays_as_long_as_something_belongs_to_it(reported: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSONLINE_RETENTION", ALL)
    assert age(reported, "antrian", 61) > 0
    assert count(reported, "antrian_task") > 0
    # Bookings to which no step belongs go; the others wait for their steps.
    column = "kodebooking_index"
    bare = rows(
        reported,
        f"SELECT count(*) AS n FROM antrian a WHERE NOT EXISTS (SELECT 1 FROM antrian_task t"
        f" WHERE t.kode_rs = a.kode_rs AND t.{column} = a.{column})",
    )[0]["n"]
    total = count(reported, "antrian")
    assert bare < total
    assert told(reported, "--dry-run")["antrian"].startswith(f"{bare} catatan akan dihapus, {total - bare} menunggu")
    told(reported)
    assert count(reported, "antrian") == total - bare


def test_what_lines_hold_ends_with_its_key(reported: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSONLINE_RETENTION", "journal=3650")
    before = journal(reported, CODES[0])
    rotation.rotate(reported, taken_up=0.0)
    # The new key is too young: what the old one sealed may still be asked for.
    assert told(reported) == {"journal": "0 kunci dihapus"}
    back = timedelta(days=3651) // timedelta(milliseconds=1)
    rows(
        reported,
        "UPDATE data_key SET created_at = created_at - :back WHERE purpose = 'seal' RETURNING number",
        back=back,
    )
    assert told(reported, "--dry-run") == {"journal": "1 kunci akan dihapus"}
    assert told(reported) == {"journal": "1 kunci dihapus"}
    after = journal(reported, CODES[0])
    query = "SELECT new FROM journal WHERE kode_rs = :c AND seq = 1"
    sealed = bytes(rows(reported, query, c=CODES[0])[0]["new"])
    assert [x["hash"] for x in after] == [x["hash"] for x in before]
    assert {x["new"] for x in after if x["new"]} == {"(there is no key 1)"}
    with transaction(reported) as access:
        assert audit.verify(access.connection).faults == []
        # The records themselves were sealed anew, and open.
        assert all(row["nik"].startswith("9999") for row in reads.having(CODES[0], ANTRIAN, {})(access))
        [line] = [x for x in after if x["object"] == "antrian"][:1]
        version = history.line(access, CODES[0], line["seq"])
        assert version is not None
        assert (version.old, version.new) == (None, None)
        with pytest.raises(KeyGone):
            access.vault.open(sealed, place("journal", "new", CODES[0], [1]))
    assert [x["verb"] for x in journal(reported, OPERATOR, "data_key")][-1] == "destroy"
