"""De-identified data as Parquet: what was reported is in it, nobody is, and the documented questions can be asked."""

import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from rsonline.insight.deidentified import DATASETS, FEWEST
from tests.cli.command import run, with_keys
from tests.hospital import Hospital
from tests.samples import MESSAGES, TODAY

pytestmark = pytest.mark.asyncio(loop_scope="session")
MONTH = TODAY[:7]
ROOT = Path(__file__).parents[2]
SECRETS = (
    *("Ibu Contoh", "By Ny Contoh", "Jalan Contoh", "9999000000", "RM-CONTOH", "CONTOH-0001", "CONTOH-0002"),
    *("Irina A", "DEPOK", "dr. Contoh"),
)


async def reported(hospital: Hospital, visits: int) -> None:
    """A little of everything, today; so many bookings of one clinic, of which each has its times."""
    for method, path, body in (
        ("POST", "/Fasyankes", MESSAGES["tempat_tidur"]),
        ("POST", "/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": TODAY}),
        ("POST", "/Pasien/shk", {**MESSAGES["shk"], **dict.fromkeys(("tgllahir", "tgl_ambil_sampel"), TODAY)}),
    ):
        answer = await hospital.send(method, path, body)
        assert answer.status_code == 200, answer.text
    for n in range(visits):
        booking = {**MESSAGES["antrian"], "kodebooking": f"CONTOH-{n:04}", "tanggalperiksa": TODAY, "kodepoli": "INT"}
        assert (await hospital.send("POST", "/Antrian", booking)).status_code == 200
        for step, minute in (("3", 0), ("4", 10 + n)):
            at = 1_700_000_000_000 + minute * 60_000
            said = {"kodebooking": f"CONTOH-{n:04}", "taskid": step, "waktu": at}
            assert (await hospital.send("POST", "/Antrian/Task", said)).status_code == 200


def held(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a dataset."""
    path = folder / f"{name}.parquet"
    rows: list[dict[str, Any]] = pq.read_table(
        path if path.exists() else folder / name / f"{MONTH}.parquet"
    ).to_pylist()
    return rows


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file, byte by byte."""
    return {path: path.read_bytes() for path in folder.rglob("*.parquet") if path.is_file()}


async def test_what_was_reported_is_there_and_nobody_is(hospital: Hospital, tmp_path: Path) -> None:
    await reported(hospital, FEWEST)
    run("parquet", tmp_path, MONTH, *with_keys(hospital.service.database))
    own = [row for row in held(tmp_path, "oksigen") if row["kode_rs"] == hospital.code]
    assert [(row["tanggal"].isoformat(), row["p_cair"]) for row in own] == [(TODAY, 120)]
    assert hospital.code in {row["kode_rs"] for row in held(tmp_path, "rumah_sakit")}
    rooms = [row for row in held(tmp_path, "tempat_tidur") if row["kode_rs"] == hospital.code]
    assert [row["dihapus"] for row in rooms] == [False]
    visits = [row for row in held(tmp_path, "kunjungan") if row["kode_rs"] == hospital.code]
    assert sorted(row["menit_4"] for row in visits) == [10, 11, 12, 13, 14]
    assert {row["menit_3"] for row in visits} == {0}
    content = b"".join(contents(tmp_path).values())
    values = str([held(tmp_path, each.name) for each in DATASETS])
    for secret in SECRETS:
        assert secret not in values, secret
        assert secret.encode() not in content, secret


async def test_a_small_clinic_is_held_back_and_counted(hospital: Hospital, tmp_path: Path) -> None:
    await reported(hospital, FEWEST - 1)
    said = run("parquet", tmp_path, MONTH, *with_keys(hospital.service.database)).out
    assert [row for row in held(tmp_path, "kunjungan") if row["kode_rs"] == hospital.code] == []
    told = next(line for line in said.splitlines() if "kunjungan" in line)
    found = re.search(r"(\d+) ditahan", told)
    assert found is not None
    assert int(found[1]) >= FEWEST - 1


async def test_the_questions_of_the_document_can_be_asked_and_every_dataset_is_in_it(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reported(hospital, FEWEST)
    run("parquet", tmp_path, MONTH, *with_keys(hospital.service.database))
    text = (ROOT / "docs" / "parquet.md").read_text()
    monkeypatch.chdir(tmp_path)
    answers = [
        duckdb.sql(question.replace("2026-10-15", "2099-01-01")).fetchall()
        for question in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    ]
    assert len(answers) == 4
    assert all(answers[:3])
    for each in DATASETS:
        assert f"`{each.name}" in text, each.name
    plain = {column.name for each in DATASETS[-4:] for column in each.columns}
    for name in (name for name in plain if not re.fullmatch(r"menit_[2-6]", name)):
        assert name in text or name in {c.name for c in DATASETS[6].columns}, name


async def test_a_month_that_cannot_be_written_leaves_the_old_one(hospital: Hospital, tmp_path: Path) -> None:
    await reported(hospital, 0)
    keys = with_keys(hospital.service.database)
    run("parquet", tmp_path, MONTH, *keys)
    before = contents(tmp_path)
    (tmp_path / "skrining" / f"{MONTH}.parquet").unlink()
    os.mkdir(tmp_path / "skrining" / f".{MONTH}.parquet.part")
    assert run("parquet", tmp_path, MONTH, *keys, code=1).out == ""
    assert contents(tmp_path) == {path: content for path, content in before.items() if path.parent.name != "skrining"}


async def test_a_month_that_is_none_and_a_region_are_told(hospital: Hospital, tmp_path: Path) -> None:
    keys = with_keys(hospital.service.database)
    assert "2026-10" in run("parquet", tmp_path, "2026-13", *keys, code=1).err
    run("parquet", tmp_path, MONTH, "--region", "99", *keys)
    assert held(tmp_path, "rumah_sakit") == []
