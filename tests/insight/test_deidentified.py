"""What is given of persons: no days, no small groups, and rows that do not tell in which order they came."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.insight import deidentified
from rsonline.insight.deidentified import DATASETS, FEWEST, PATIENTS, SCREENINGS, VISITS
from rsonline.insight.places import Place
from rsonline.reports import KEMATIAN
from rsonline.reports.report import members

JAKARTA = ZoneInfo("Asia/Jakarta")
PLACES = {code: Place(code, f"RS {code}", JAKARTA, f"{code[:4]}") for code in ("3404001", "3404002", "3273001")}
NOW = datetime(2026, 11, 1, tzinfo=UTC)
BORN = date(2026, 10, 4)


def sample(number: int, code: str = "3404001", **other: Any) -> dict[str, Any]:
    """A screening without anything personal."""
    return {
        "kode_rs": code,
        "id_shk": number,
        "tgllahir": BORN,
        "gender": "Perempuan",
        "tgl_ambil_sampel": BORN + timedelta(days=2),
        "tgl_kirim_sampel": None,
        "received_at": NOW,
        "updated_at": NOW,
        "deleted_at": None,
        **other,
    }


def patient(number: int, **other: Any) -> dict[str, Any]:
    """An admission without anything personal."""
    return {
        "kode_rs": "3404001",
        "tanggalMasuk": date(2026, 10, 1 + number % 9),
        "tanggalKeluar": date(2026, 10, 15),
        "kelompokUmurId": 3,
        "jenisKelaminId": "P",
        "severityLevelId": 2,
        "statusRawatId": 24,
        "alatOksigenId": None,
        "statusKeluarId": 1,
        "deleted_at": None,
        **other,
    }


@pytest.mark.parametrize("fewer", [0, 1])
def test_a_group_of_newborns_is_given_from_five_on(fewer: int) -> None:
    rows = [sample(n, ("3404001", "3404002")[n % 2]) for n in range(FEWEST - fewer)]
    given = deidentified.screenings([*rows, sample(9, "3273001")], [], PLACES)
    assert given.held_back == (FEWEST - 1 if fewer else 0) + 1
    assert [row[:4] for row in given.rows] == ([] if fewer else [("34", "2026-10", "Perempuan", 2)] * FEWEST)


def test_a_patient_has_a_province_and_lengths_of_time_only() -> None:
    rows = [patient(n) for n in range(FEWEST)]
    outside = [patient(0, tanggalMasuk=date(2026, 9, 30)), patient(0, deleted_at=NOW), patient(0, jenisKelaminId="L")]
    given = deidentified.patients([*rows, *outside], PLACES, date(2026, 10, 1), date(2026, 10, 31))
    assert given.held_back == 1
    assert [row[:4] for row in given.rows] == [("34", "2026-10", 3, "P")] * FEWEST
    assert sorted(row[-1] for row in given.rows) == [10, 11, 12, 13, 14]
    forwards = deidentified.patients(rows, PLACES, date(2026, 10, 1), date(2026, 10, 31))
    assert deidentified.patients(rows[::-1], PLACES, date(2026, 10, 1), date(2026, 10, 31)) == forwards


def test_nothing_personal_and_no_free_text_is_a_column() -> None:
    personal = {m.name for m in members(KEMATIAN.record) if m.personal}
    personal |= {"nik_ibu", "nama_ibu", "nik_anak", "nama_anak", "alamat", "kodebooking", "norm", "ruang", "keterangan"}
    for each in DATASETS:
        names = {column.name for column in each.columns}
        assert names.isdisjoint(personal - ({"nama"} if each.name == "rumah_sakit" else set())), each.name
    for each in (VISITS, SCREENINGS, PATIENTS):
        assert {column.kind for column in each.columns}.isdisjoint({"day", "moment"}), each.name
    for each in (SCREENINGS, PATIENTS):
        assert "kode_rs" not in {column.name for column in each.columns}, each.name
