"""The evidence pack: a month as files that are the same wherever they are made, and name nobody."""

import asyncio
import csv
import hashlib
import io
import os
import subprocess
import sys
from calendar import monthrange
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from rsonline.cli.evidence import packed
from tests.cli.command import run, with_keys
from tests.databases import journal
from tests.hospital import Hospital
from tests.samples import MESSAGES, TODAY

pytestmark = pytest.mark.asyncio(loop_scope="session")
MONTH = TODAY[:7]
SECRETS = ("Ibu Contoh", "By Ny Contoh", "Jalan Contoh", "9999000000000011", "RM-CONTOH-1", "CONTOH-0001")


async def reported(hospital: Hospital) -> None:
    """A little of everything, today."""
    day = TODAY
    for method, path, body in (
        ("POST", "/Fasyankes", MESSAGES["tempat_tidur"]),
        ("POST", "/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": day}),
        ("POST", "/Pasien/shk", {**MESSAGES["shk"], **dict.fromkeys(("tgllahir", "tgl_ambil_sampel"), day)}),
        ("POST", "/Antrian", MESSAGES["antrian"]),
        ("POST", "/Antrian/Task", MESSAGES["antrian_task"]),
    ):
        answer = await hospital.send(method, path, body)
        assert answer.status_code == 200, answer.text


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text("utf-8-sig"))))


async def test_a_month_is_there_with_its_figures_and_names_nobody(hospital: Hospital, tmp_path: Path) -> None:
    await reported(hospital)
    said = run("evidence", hospital.code, MONTH, "--out", tmp_path / "a", *with_keys(hospital.service.database)).out
    sums = (tmp_path / "a" / "SHA256SUMS").read_bytes()
    assert hashlib.sha256(sums).hexdigest() in said
    for line in sums.decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "a" / name).read_bytes()).hexdigest() == digest
    summary = {row["indikator"]: row for row in table(tmp_path / "a", "ringkasan")}
    assert float(summary["oksigen_pemakaian"]["nilai"]) == float(MESSAGES["oksigen"]["p_cair"])
    assert summary["lapor_diterima"]["dihitung"] != "0"
    assert [row["p_cair"] for row in table(tmp_path / "a", "oksigen")] == ["120"]
    assert [row["ruang"] for row in table(tmp_path / "a", "tempat_tidur")] == ["Irina A atas"]
    assert len(table(tmp_path / "a", "shk")) == 1
    left_out = {
        (row["indikator"], row["alasan"]): int(row["banyak"]) for row in table(tmp_path / "a", "tidak_dihitung")
    }
    assert left_out["tunggu_poli", "no_end"] == 1 if ("tunggu_poli", "no_end") in left_out else left_out
    # Included and left out together are all that was looked at.
    for name, row in summary.items():
        gone = sum(count for (of_, _), count in left_out.items() if of_ == name)
        assert gone == int(row["tidak_dihitung"]), name
    for path in (tmp_path / "a").iterdir():
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        for secret in SECRETS:
            assert secret.encode() not in content, (path.name, secret)
    lines = journal(hospital.service.database, hospital.code)
    assert (tmp_path / "a" / "laporan.pdf").read_bytes()[:4] == b"%PDF"
    assert str(lines[-1]["seq"]).encode() in (tmp_path / "a" / "laporan.xlsx").read_bytes()


async def test_two_machines_give_the_same_files(hospital: Hospital, tmp_path: Path) -> None:
    await reported(hospital)
    # As two machines differ: zone, language, the order of sets.
    one = await asyncio.to_thread(
        elsewhere, hospital, tmp_path / "1", TZ="America/New_York", LC_ALL="C", PYTHONHASHSEED="1"
    )
    other = await asyncio.to_thread(elsewhere, hospital, tmp_path / "2", TZ="Asia/Tokyo", PYTHONHASHSEED="2")
    assert one == other
    # What changed shows.
    await hospital.send("POST", "/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": TODAY, "p_cair": "7"})
    later = files(hospital)
    assert later["SHA256SUMS"] != one["SHA256SUMS"]
    assert later["sdm.csv"] == one["sdm.csv"]


def elsewhere(hospital: Hospital, folder: Path, **more: str) -> dict[str, bytes]:
    """The files that a process of its own makes."""
    words = ["evidence", hospital.code, MONTH, "--out", str(folder), *with_keys(hospital.service.database)]
    program = [sys.executable, "-c", "from rsonline.cli import main; main()", *map(str, words)]
    subprocess.run(program, check=True, timeout=120, env={**os.environ, **more})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def files(hospital: Hospital) -> dict[str, bytes]:

    first = date.fromisoformat(f"{MONTH}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return packed(hospital.service.database, hospital.code, first, last, "id")


async def test_words_that_name_nothing_are_said_so(hospital: Hospital, tmp_path: Path) -> None:
    place = with_keys(hospital.service.database)
    assert "bukan bulan" in run("evidence", hospital.code, "2026-13", *place, code=1).err
    assert "tidak ada" in run("evidence", "0000000", MONTH, *place, code=1).err
    # Who has reported nothing has an empty month, not an error.
    run("evidence", hospital.code, MONTH, "--out", tmp_path / "kosong", *place)
    assert table(tmp_path / "kosong", "oksigen") == []
