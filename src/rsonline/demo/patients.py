"""Made-up COVID-19 patients of one hospital: admitted, tested, treated, most of them discharged."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from rsonline.demo.hospitals import Place
from rsonline.reports import PASIEN_COVID
from rsonline.reports.kinds.pasien_covid import (
    PASIEN_DIAGNOSA,
    PASIEN_KOMORBID,
    PASIEN_LAB,
    PASIEN_TERAPI,
    PASIEN_VAKSINASI,
    SYMPTOMS,
)
from rsonline.reports.report import Report

DISCHARGE = "DISCHARGE"
"""The method of a message that lets a patient go."""
Said = tuple[datetime, Report[Any], str, dict[str, object], str]
_CARE = ((1, 29, None), (2, 28, None), (3, 29, 1), (3, 28, 2), (4, 25, 3), (4, 24, 4))
"""Symptom group, place of care and oxygen device that go together."""


def stays(place: Place, day: date, morning: datetime, random: Random) -> Iterator[Said]:
    """The stays that begin on a day: when, report, method, body, and the name by which the stay is known."""
    for number in range(random.choice((0, 0, 1, 1, 2))):
        name = f"{place.code}-{day}-{number}"
        at = morning + timedelta(hours=2 + number, minutes=random.randrange(60))
        yield at, PASIEN_COVID, "POST", _body(place, day, number, random), name
        primary: dict[str, object] = {"diagnosaId": "U07.1", "diagnosaLevelId": 1}
        yield at + timedelta(hours=1), PASIEN_DIAGNOSA, "POST", primary, name
        lab: dict[str, object] = {"jenisPemeriksaanLabId": 1, "hasilPemeriksaanLabId": 1}
        yield at + timedelta(hours=1), PASIEN_LAB, "POST", {**lab, "tanggalHasilPemeriksaanLab": day.isoformat()}, name
        dose: dict[str, object] = {"dosisVaksinId": random.randrange(4), "jenisVaksinId": 1}
        yield at + timedelta(hours=1), PASIEN_VAKSINASI, "POST", dose, name
        if random.random() < 0.4:
            yield at + timedelta(hours=1), PASIEN_KOMORBID, "POST", {"komorbidId": random.choice(("E11", "I10"))}, name
        if random.random() < 0.6:
            drug: dict[str, object] = {"terapiId": random.randrange(1, 7), "jumlahTerapi": random.randrange(1, 10)}
            yield at + timedelta(hours=3), PASIEN_TERAPI, "POST", drug, name
        if random.random() < 0.7:
            left = day + timedelta(days=random.randrange(3, 10))
            yield at + timedelta(days=(left - day).days), PASIEN_COVID, DISCHARGE, _leaving(left, random), name


def _body(place: Place, day: date, number: int, random: Random) -> dict[str, object]:
    group, bed, device = random.choice(_CARE)
    serial = f"{int(place.code) % 10_000:04}{day:%m%d}{number}"
    return {
        "kewarganegaraanId": "ID",
        # 9999 is no region: nobody has such a number.
        "nik": f"9999{serial:0>12}",
        "noPassport": None,
        "asalPasienId": 0,
        "noRM": f"RM-{serial}",
        "namaLengkapPasien": f"Pasien Peragaan {random.choice('ABCDE')}",
        "namaInisialPasien": "PP",
        "tanggalLahir": f"{random.randrange(1940, 2020)}-0{random.randrange(1, 10)}-15",
        "email": None,
        "noTelp": "-",
        "jenisKelaminId": random.choice("LP"),
        "domisiliKecamatanId": 340407,
        "domisiliKabKotaId": 3404,
        "domisiliProvinsiId": 34,
        "pekerjaanId": 1,
        "tanggalMasuk": day.isoformat(),
        "jenisPasienId": 3,
        "varianCovidId": 0,
        "statusPasienId": 3,
        "statusCoInsidenId": 0,
        "statusRawatId": bed,
        "alatOksigenId": device,
        "penyintasId": random.choice((0, 0, 1)),
        "tanggalOnsetGejala": (day - timedelta(days=random.randrange(1, 6))).isoformat(),
        "kelompokGejalaId": group,
        "gejala": {name: random.randrange(2) for name in SYMPTOMS},
    }


def _leaving(left: date, random: Random) -> dict[str, object]:
    died = random.random() < 0.05
    return {
        "tanggalKeluar": left.isoformat(),
        "statusKeluarId": 2 if died else random.choice((1, 1, 1, 3)),
        "penyebabKematianId": 1 if died else None,
        "penyebabKematianLangsungId": "J80" if died else None,
        "statusPasienSaatMeninggalId": 3 if died else None,
        "komorbidCoInsidenId": None,
    }
