"""The SDK against the patient API: every kind and verb, lists over pages, tokens that renew themselves."""

import json
from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from rsonline import (
    KEMATIAN,
    PASIEN_COVID,
    PASIEN_DIAGNOSA,
    PASIEN_LAB,
    Accepted,
    Diagnosa,
    Failed,
    Kematian,
    Komorbid,
    Later,
    LockedOut,
    Oksigen,
    PasienCovid,
    Patients,
    PemeriksaanLab,
    Refused,
    StatusKeluar,
    Terapi,
    Unknown,
    Vaksinasi,
)
from rsonline.hospital import patient_wire as wire
from rsonline.hospital.fake_patients import FakePatients
from rsonline.hospital.wire import Answer
from rsonline.reports.kinds.pasien_covid import PARTS, SYMPTOMS
from tests.hospital import PASSWORD, Hospital
from tests.patients.api import account, nik
from tests.sdk.wired import Wired, patients_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = date(2026, 2, 1)


def patient(**changed: Any) -> PasienCovid:
    """A sound report: an inpatient of group 1 in isolation."""
    known: dict[str, Any] = dict.fromkeys(SYMPTOMS, 0) | {
        "kewarganegaraanId": "ID",
        "nik": nik(),
        "noPassport": None,
        "asalPasienId": 0,
        "noRM": "RM-CONTOH-1",
        "namaLengkapPasien": "Pasien Contoh",
        "namaInisialPasien": "PC",
        "tanggalLahir": date(1990, 1, 31),
        "noTelp": "080000000000",
        "jenisKelaminId": "L",
        "domisiliKecamatanId": 320710,
        "domisiliKabKotaId": 3207,
        "domisiliProvinsiId": 32,
        "pekerjaanId": 1,
        "tanggalMasuk": DAY,
        "jenisPasienId": 3,
        "varianCovidId": 1,
        "statusPasienId": 3,
        "statusCoInsidenId": 0,
        "statusRawatId": 29,
        "alatOksigenId": None,
        "penyintasId": 0,
        "tanggalOnsetGejala": date(2026, 1, 30),
        "kelompokGejalaId": 1,
    }
    return PasienCovid(**(known | changed))


def parts(number: int) -> list[Any]:
    """One part of each kind."""
    return [
        Diagnosa(laporanCovid19Versi3Id=number, diagnosaId="U07.1", diagnosaLevelId=1),
        Komorbid(laporanCovid19Versi3Id=number, komorbidId="E11"),
        Terapi(laporanCovid19Versi3Id=number, terapiId=1, jumlahTerapi=2.5),
        Vaksinasi(laporanCovid19Versi3Id=number, dosisVaksinId=1, jenisVaksinId=1),
        PemeriksaanLab(
            laporanCovid19Versi3Id=number,
            jenisPemeriksaanLabId=1,
            hasilPemeriksaanLabId=1,
            tanggalHasilPemeriksaanLab=DAY,
        ),
    ]


def discharge(number: int, **changed: Any) -> StatusKeluar:
    """A patient goes home."""
    known: dict[str, Any] = {
        "laporanCovid19Versi3Id": number,
        "tanggalKeluar": date(2026, 2, 10),
        "statusKeluarId": 1,
        "penyebabKematianId": None,
        "penyebabKematianLangsungId": None,
        "statusPasienSaatMeninggalId": None,
        "komorbidCoInsidenId": None,
    }
    return StatusKeluar(**(known | changed))


def user(hospital: Hospital) -> str:
    """An account of a hospital."""
    return account(hospital.service, hospital.code)


async def test_a_patient_is_admitted_changed_and_discharged(hospital: Hospital) -> None:
    patients = patients_of(hospital, user(hospital))
    record = patient()
    admitted = await patients.send(record)
    assert isinstance(admitted, Accepted), admitted
    number = admitted.number or ""
    (shown,) = await patients.list(PASIEN_COVID)
    assert str(shown["id"]) == number
    one = await patients.one(PASIEN_COVID, number)
    assert one is not None
    assert one["statusRawat"]["id"] == 29
    again = await patients.send(patient())
    assert isinstance(again, Accepted)
    twice = await patients.send(record)
    assert isinstance(twice, Refused)
    assert twice.code == "exists"
    moved = await patients.send(msgspec.structs.replace(record, statusRawatId=28), number=number)
    assert isinstance(moved, Accepted)
    assert (moved.what, moved.number) == ("updated", number)
    for part, kind in zip(parts(int(number)), PARTS, strict=True):
        made = await patients.send(part)
        assert isinstance(made, Accepted), (part, made)
        assert len(await patients.list(kind)) == 1
        assert isinstance(await patients.send(part, number=made.number), Accepted)
        assert isinstance(await patients.remove(kind, made.number or ""), Accepted)
    assert isinstance(await patients.send(discharge(int(number))), Accepted)
    assert await patients.one(PASIEN_COVID, number) is None
    unknown = await patients.send(discharge(999_999_999))
    assert isinstance(unknown, Refused)
    assert unknown.code == "missing"


async def test_a_death_is_reported_corrected_and_removed(hospital: Hospital) -> None:
    patients = patients_of(hospital, user(hospital))
    death = Kematian(
        nik=nik(),
        nama="Pasien Contoh",
        jenis_kelamin="L",
        tanggal_lahir=date(1950, 1, 1),
        ktp_alamat="Jalan Contoh 1",
        ktp_kelurahan_id=3207102001,
        ktp_kecamatan_id=320710,
        ktp_kab_kota_id=3207,
        ktp_provinsi_id=32,
        domisili_alamat="Jalan Contoh 1",
        tanggal_masuk=DAY,
        saturasi_oksigen=80.0,
        tanggal_kematian=date(2026, 2, 3),
        lokasi_kematian_id=1,
        penyebab_kematian_langsung_id="J96.0",
        kasus_kematian_id="1",
        status_komorbid="0",
        komorbid_1_id=None,
        komorbid_2_id=None,
        komorbid_3_id=None,
        komorbid_4_id=None,
        status_kehamilan="0",
    )
    causes = await patients.reference("penyebabkematianlangsung")
    cases = {"kasus_kematian_id": "1", "penyebab_kematian_langsung_id": str(causes[0]["id"])}
    death = msgspec.structs.replace(death, **cases)
    made = await patients.send(death)
    assert isinstance(made, Accepted), made
    assert isinstance(await patients.send(death, number=made.number), Accepted)
    assert len(await patients.list(KEMATIAN)) == 1
    assert isinstance(await patients.remove(KEMATIAN, made.number or ""), Accepted)
    assert await patients.list(KEMATIAN) == []


async def test_reference_lists_come_whole(hospital: Hospital) -> None:
    patients = patients_of(hospital, user(hospital))
    assert len(await patients.reference("kecamatan")) > 7000
    assert {"id", "nama"} <= (await patients.reference("lokasikematian"))[0].keys()
    with pytest.raises(Failed, match="not_offered"):
        await patients.reference("severitylevel")
    with pytest.raises(ValueError, match="name of a list"):
        await patients.reference("../x")


async def test_errors_stop_before_sending(hospital: Hospital) -> None:
    wired = Wired(hospital)
    patients = patients_of(hospital, user(hospital), wired)
    wrong = {
        "bed_of_group": patient(kelompokGejalaId=4, alatOksigenId=2, statusRawatId=28),
        "passport_needed": patient(kewarganegaraanId="MY"),
        "must_be_number": patient(asalPasienId="dua puluh"),
        "primary_icd": Diagnosa(laporanCovid19Versi3Id=1, diagnosaId="J18", diagnosaLevelId=1),
    }
    for code, record in wrong.items():
        outcome = await patients.send(record)  # type: ignore[arg-type]  # of several kinds
        assert isinstance(outcome, Refused)
        assert not outcome.sent
        assert [p.code for p in outcome.problems] == [code]
    assert wired.requests == []


async def test_a_token_renews_itself(hospital: Hospital) -> None:
    ticks = [0.0]
    wired = Wired(hospital)
    patients = patients_of(hospital, user(hospital), wired, ticks=lambda: ticks[0])

    def logins() -> int:
        return sum(r.url.path == "/api/rslogin" for r in wired.requests)

    await patients.list(PASIEN_COVID)
    await patients.list(PASIEN_LAB)
    assert logins() == 1
    ticks[0] = 481.0
    await patients.list(PASIEN_COVID)
    assert logins() == 2
    # One that the service does not take any more is replaced, and the request is sent again.
    assert patients._desk.login.token is not None
    patients._desk.login.token = patients._desk.login.token._replace(text="sudah.tidak.berlaku")
    assert isinstance(await patients.send(patient()), Accepted)
    assert logins() == 3
    patients._desk.login.token = patients._desk.login.token._replace(text="sudah.tidak.berlaku")
    assert len(await patients.list(PASIEN_COVID)) == 1
    assert logins() == 4


async def test_the_older_login_works_too(hospital: Hospital) -> None:
    patients = patients_of(hospital, hospital.code, by_code=True)
    assert isinstance(await patients.send(patient()), Accepted)


async def test_a_wrong_password_locks_out_after_one_login(hospital: Hospital) -> None:
    wired = Wired(hospital)
    patients = patients_of(hospital, "tidak.ada@contoh.test", wired)
    assert isinstance(await patients.send(patient()), LockedOut)
    assert len(wired.requests) <= 2
    with pytest.raises(Failed, match="LockedOut"):
        await patients.list(PASIEN_COVID)
    assert PASSWORD not in repr((patients, patients._desk))


async def test_a_lost_answer_is_not_repeated_where_it_would_count_twice(hospital: Hospital) -> None:
    wired = Wired(hospital)
    patients = patients_of(hospital, user(hospital), wired)
    admitted = await patients.send(patient())
    assert isinstance(admitted, Accepted)
    # It gave a receipt, so it knows such numbers.
    wired.lose = 1
    part = Diagnosa(laporanCovid19Versi3Id=int(admitted.number or 0), diagnosaId="U07.1", diagnosaLevelId=1)
    outcome = await patients.send(part)
    assert isinstance(outcome, Accepted)
    assert outcome.replayed
    assert len(await patients.list(PASIEN_DIAGNOSA)) == 1


async def test_nobody_is_named_in_an_address_or_a_repr(hospital: Hospital) -> None:
    wired = Wired(hospital)
    patients = patients_of(hospital, user(hospital), wired)
    record = patient()
    outcome = await patients.send(record)
    shown = repr((record, outcome, wire.written(record), patients._desk.login))
    addresses = " ".join(str(r.url) for r in wired.requests)
    for secret in (record.nik, "RM-CONTOH", "Pasien Contoh", PASSWORD):
        assert secret not in addresses
        assert secret not in shown


async def test_records_of_the_other_service_are_not_taken(hospital: Hospital) -> None:
    patients = patients_of(hospital, user(hospital))
    with pytest.raises(TypeError, match="Oksigen"):
        await patients.send(Oksigen(tanggal=DAY))  # type: ignore[arg-type]  # that is the point


SAID: list[tuple[int, object, str]] = [
    (201, {"status": True, "message": "data inserted successfully", "data": {"id": 7}}, "Accepted"),
    (201, {"status": True, "message": "data inserted successfully", "data": {"id": "7"}}, "Accepted"),
    (201, {"status": True, "message": "data inserted successfully"}, "Unknown"),
    (201, {"status": True, "message": "data inserted successfully", "data": {}}, "Unknown"),
    (201, {"status": True, "message": "data inserted successfully", "data": {"id": None}}, "Unknown"),
    (201, {"status": True, "message": "data inserted successfully", "data": {"id": True}}, "Unknown"),
    (201, {"status": True, "message": "data inserted successfully", "data": "no row matched"}, "Refused"),
    (200, {"status": False, "message": '"nik" is required'}, "Refused"),
    (201, {"status": False, "message": "data inserted successfully", "data": {"id": 7}}, "Refused"),
    (201, {"status": "true", "message": "data inserted successfully", "data": {"id": 7}}, "Unknown"),
    (200, {"status": True, "message": "data found", "data": {"id": 7}}, "Unknown"),
    (404, {"status": False, "message": "page not found"}, "Refused"),
    (422, {"status": False}, "Refused"),
    (422, {"status": False, "message": {"sql": "select"}}, "Refused"),
    (401, {"status": False, "message": "J18 tidak diijinkan untuk diagnosaLevelId 1"}, "Refused"),
    (401, {"status": False, "message": "Unauthorized"}, "LockedOut"),
    (403, {"status": False, "message": "Forbidden"}, "LockedOut"),
    (403, {"status": False, "message": "203.0.113.9 not registered"}, "LockedOut"),
    (429, {"status": False, "message": "too many"}, "Later"),
    (503, {"status": False, "message": "busy"}, "Later"),
    (500, {"status": False, "message": "internal error"}, "Unknown"),
    (201, [], "Unknown"),
    (201, None, "Unknown"),
]


@pytest.mark.parametrize(("status", "said", "kind"), SAID)
async def test_the_answers_of_this_api_are_told_apart(status: int, said: object, kind: str) -> None:
    outcome = wire.judged(wire.written(patient()), Answer(status, {}, json.dumps(said).encode()), "9100001")
    assert type(outcome).__name__ == kind, outcome


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"status":true,"mess', b'{"status":true}' * 2])
async def test_no_answer_is_no_success(body: bytes) -> None:
    outcome = wire.judged(wire.written(patient()), Answer(201, {}, body), "9100001")
    assert isinstance(outcome, Unknown)


async def test_an_answer_about_another_report_is_not_ours() -> None:
    said = {"status": True, "message": "data updated successfully", "data": {"id": "8"}}
    request = wire.written(patient(), number="7")
    assert isinstance(wire.judged(request, Answer(200, {}, json.dumps(said).encode()), "9100001"), Unknown)


class NoLogin(httpx.BaseTransport):
    """A service whose login answers nothing that can be understood."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/rslogin"
        return httpx.Response(200, text="<html>")


async def test_without_a_token_nothing_is_sent() -> None:
    patients = Patients("https://palsu.test/api", "9100001", "u", "s", transport=NoLogin(), sleep=lambda _: None)
    assert isinstance(patients.send(patient()), Later)


async def test_the_fake_plays_the_same_piece() -> None:
    service = FakePatients(password="s")
    patients = Patients("https://palsu.test/api", "9100001", "u", "s", transport=service, sleep=lambda _: None)
    record = patient()
    admitted = patients.send(record)
    assert isinstance(admitted, Accepted), admitted
    number = admitted.number or ""
    assert getattr(patients.send(record), "code", None) == "exists"
    service.forget()
    for part, kind in zip(parts(int(number)), PARTS, strict=True):
        made = patients.send(part)
        assert isinstance(made, Accepted), (part, made)
        assert [row["id"] for row in patients.list(kind)] == [int(made.number or 0)]
        assert isinstance(patients.send(part, number=made.number), Accepted)
        assert isinstance(patients.remove(kind, made.number or ""), Accepted)
    one = patients.one(PASIEN_COVID, number)
    assert one is not None
    assert one["noRM"] == "RM-CONTOH-1"
    assert isinstance(patients.send(msgspec.structs.replace(record, statusRawatId=28), number=number), Accepted)
    assert isinstance(patients.send(discharge(int(number))), Accepted)
    assert patients.list(PASIEN_COVID) == []
    assert getattr(patients.send(discharge(99)), "code", None) == "missing"
    assert len(patients.reference("pekerjaan")) > 3
    with pytest.raises(Failed, match="not_offered"):
        patients.reference("obat")
    wrong = Patients("https://palsu.test/api", "9100001", "u", "x", transport=service, sleep=lambda _: None)
    assert isinstance(wrong.send(record), LockedOut)
