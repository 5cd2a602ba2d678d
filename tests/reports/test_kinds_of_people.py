"""What the kinds about health workers, newborns and bookings take, find odd and show (guide III.E, III.F, IV, V)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.reports import ANTRIAN, ANTRIAN_TASK, NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, SHK, SHK_HASIL
from rsonline.reports.codec import complete, read
from rsonline.reports.fields import At
from rsonline.reports.nik import odd_nik
from rsonline.reports.report import Report, Row, members
from rsonline.reports.verdict import Refused

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
AT = At("9999001", ZoneInfo("Asia/Jakarta"), NOW, name="RS Contoh")


def odd(report: Report[Any], **sent: object) -> list[tuple[str, str]]:
    """The member and code of each warning about a complete new record."""
    said = read(report, sent, AT)
    return [(w.member, w.code) for w in [*said.warnings, *complete(report, said.values, AT)]]


def complete_values(report: Report[Any], **sent: object) -> Row:
    """The complete values of a new record."""
    values = read(report, sent, AT).values
    complete(report, values, AT)
    return values


# ---- by day and profession (III.E, III.F)


@pytest.mark.parametrize("report", [PCR_NAKES, NAKES_TERINFEKSI, OKSIGEN], ids=lambda r: r.name)
def test_a_day_is_reported_now_unless_it_says_when(report: Report[Any]) -> None:
    assert complete_values(report, tanggal="2026-05-31")["tgllapor"] == NOW
    said = complete_values(report, tanggal="2026-05-31", tgllapor="2026-05-31 07:00:00")
    assert said["tgllapor"] == datetime(2026, 5, 31, tzinfo=UTC)


@pytest.mark.parametrize("report", [PCR_NAKES, NAKES_TERINFEKSI, OKSIGEN], ids=lambda r: r.name)
def test_a_day_may_lie_one_day_ahead_and_no_more(report: Report[Any]) -> None:
    assert read(report, {"tanggal": "2026-06-02"}, AT).values["tanggal"] == date(2026, 6, 2)
    with pytest.raises(Refused, match="tanggal: date_too_far_ahead"):
        read(report, {"tanggal": "2026-06-03"}, AT)


def test_pcr_has_twelve_professions_with_three_counts_and_three_totals() -> None:
    names = [m.name for m in members(PCR_NAKES.record)]
    assert len(names) == 1 + 12 * 3 + 3 + 1
    assert {"hasil_pcr_internship", "hasil_pcr_analis_lab"} <= set(names)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"jumlah_tenaga_bidan": 2, "sudah_periksa_bidan": 3}, [("sudah_periksa_bidan", "examined_more_than_staff")]),
        ({"sudah_periksa_bidan": 3}, []),
        ({"sudah_periksa_bidan": 1, "hasil_pcr_bidan": 2}, [("hasil_pcr_bidan", "positive_more_than_examined")]),
        ({"jumlah_tenaga_bidan": 2, "rekap_jumlah_tenaga": 3}, [("rekap_jumlah_tenaga", "totals_differ")]),
        ({"jumlah_tenaga_bidan": 2, "rekap_jumlah_tenaga": 2}, []),
    ],
)
def test_implausible_tests_are_taken_and_flagged(sent: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert odd(PCR_NAKES, tanggal="2026-05-31", **sent) == expected


@pytest.mark.parametrize(
    ("report", "twin", "ours"),
    [
        (PCR_NAKES, "hasil_pcr_intership", "hasil_pcr_internship"),
        (PCR_NAKES, "jumlah_tenaga_analisis_lab", "jumlah_tenaga_analis_lab"),
        (NAKES_TERINFEKSI, "internship_sembuh", "intership_sembuh"),
        (NAKES_TERINFEKSI, "analisis_lab", "analis_lab"),
    ],
)
def test_the_other_spelling_of_a_profession_is_read_and_the_canonical_one_wins(
    report: Report[Any], twin: str, ours: str
) -> None:
    said = read(report, {"tanggal": "2026-05-31", twin: "4"}, AT)
    assert said.values[ours] == 4
    assert [(r.code, r.where) for r in said.repairs] == [("alias", twin)]
    both = read(report, {"tanggal": "2026-05-31", twin: "4", ours: "5"}, AT)
    assert both.values[ours] == 5
    assert [(w.member, w.code) for w in both.warnings] == [(ours, "alias_differs")]


def test_infections_are_shown_with_ten_twin_spellings_of_the_same_values() -> None:
    sent = {"intership": 1, "intership_meninggal": 2, "intership_dirawat": 3, "intership_isoman": 4}
    row = complete_values(NAKES_TERINFEKSI, tanggal="2026-05-31", analis_lab_sembuh=9, **sent)
    shown = NAKES_TERINFEKSI.shown(row, NAKES_TERINFEKSI, AT)
    assert len(shown) == 1 + 60 + 1 + 10
    assert [shown[f"internship{s}"] for s in ("", "_meninggal", "_dirawat", "_isoman", "_sembuh")] == [
        *("1", "2", "3", "4"),
        None,
    ]
    assert shown["analisis_lab_sembuh"] == "9"


@pytest.mark.parametrize(("infected", "codes"), [(None, []), (2, []), (1, ["deaths_more_than_infected"])])
def test_more_deaths_than_infected_is_only_a_hint(infected: int | None, codes: list[str]) -> None:
    found = odd(NAKES_TERINFEKSI, tanggal="2026-05-31", perawat=infected, perawat_meninggal=2)
    assert [code for _, code in found] == codes


# ---- newborns (IV)

SAMPLE = {
    "nik_ibu": "0000000000000000",
    "nama_ibu": "Ibu Contoh",
    "tgllahir": "2026-05-01",
    "gender": "Perempuan",
    "alamat": "Jalan Contoh 1",
    "provinsi": "34",
    "kabkota": "34.04",
    "kecamatan": "DEPOK",
    "tgl_ambil_sampel": "2026-05-03",
    "tgl_kirim_sampel": "2026-05-04",
    "tgl_lapor": "2026-05-05",
}
RESULT = {"id_shk": 5, "jenis_pemeriksaan": 1, "hasil_pemeriksaan": 1, "tgl_periksa": "2026-05-06"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, []),
        ({"nik_ibu": ""}, []),
        ({"nik_ibu": "000000000000000"}, []),
        ({"nik_ibu": "123"}, [("nik_ibu", "nik_not_16_digits")]),
        ({"nik_ibu": "9999000000000001"}, [("nik_ibu", "nik_region_unknown")]),
        ({"nik_anak": "3404074105260001"}, []),
        ({"nik_anak": "3404070105260001"}, [("nik_anak", "nik_contradicts_birth_date")]),
        ({"nik_anak": "3404070105260001", "gender": "Laki-Laki"}, []),
        ({"tgl_kirim_sampel": "2026-05-02"}, [("tgl_kirim_sampel", "dates_out_of_order")]),
        ({"provinsi": "99"}, [("provinsi", "region_unknown"), ("kabkota", "region_contradicts")]),
        ({"kabkota": "3499"}, [("kabkota", "region_unknown")]),
    ],
)
def test_an_odd_newborn_record_is_taken_and_flagged(sent: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert odd(SHK, **{**SAMPLE, **sent}) == expected


@given(born=st.dates(date(2000, 1, 1), date(2026, 5, 31)), girl=st.booleans(), serial=st.integers(1, 9999))
def test_a_number_made_from_the_birth_date_and_sex_fits_them_and_no_other_sex(
    born: date, girl: bool, serial: int
) -> None:
    text = f"340407{born.day + 40 * girl:02}{born:%m%y}{serial:04}"
    assert list(odd_nik("nik_anak", text, born=born, girl=girl)) == []
    assert [w.code for w in odd_nik("nik_anak", text, born=born, girl=not girl)] == ["nik_contradicts_birth_date"]


@pytest.mark.parametrize("digit", "0123456789")
@pytest.mark.parametrize("length", [0, 1, 15, 16])
def test_one_digit_repeated_only_fills_the_place_of_a_number(digit: str, length: int) -> None:
    assert list(odd_nik("nik_ibu", digit * length)) == []


def test_a_record_for_another_hospital_is_refused_and_one_without_a_code_is_not() -> None:
    with pytest.raises(Refused, match="koders: other_hospital"):
        read(SHK, {**SAMPLE, "koders": "9999002"}, AT)
    assert "koders" not in read(SHK, SAMPLE, AT).values


def test_a_misspelt_sampling_date_is_read() -> None:
    sent = {**SAMPLE, "tgl_ambil_smpel": SAMPLE["tgl_ambil_sampel"]}
    del sent["tgl_ambil_sampel"]
    assert read(SHK, sent, AT).values["tgl_ambil_sampel"] == date(2026, 5, 3)


def test_a_newborn_record_is_shown_with_the_dates_of_its_newest_result() -> None:
    row = {**complete_values(SHK, **SAMPLE), "id_shk": 68768, "tgl_periksa": date(2026, 5, 6)}
    shown = SHK.shown(row, SHK, AT)
    assert " ".join(shown) == (
        "id_shk koders namars nik_ibu nama_ibu nik_anak nama_anak tgllahir dom_alamat tgl_ambil_sampel "
        "tgl_kirim_sampel tgl_terima_sampel tgl_pemeriksaan tgl_hasil nama_fayankes_perujuk tgl_lapor kode_perujuk "
        "gender umur alamat provinsi kabkota kecamatan jenis_fasyankes"
    )
    assert (shown["id_shk"], shown["koders"], shown["namars"]) == ("68768", "9999001", "RS Contoh")
    assert shown["dom_alamat"] == shown["alamat"] == "Jalan Contoh 1"
    assert (shown["tgl_terima_sampel"], shown["tgl_pemeriksaan"], shown["tgl_hasil"]) == (None, "2026-05-06", None)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"tgl_hasil": "2026-05-06"}, []),
        ({"tgl_hasil": "2026-05-05"}, [("tgl_hasil", "dates_out_of_order")]),
        ({"tgl_hasil": "2026-05-07", "tgl_terima": "2026-05-08"}, [("tgl_periksa", "dates_out_of_order")]),
        ({"tgl_hasil": "2026-05-07", "hasil_pemeriksaan": 3}, [("hasil_pemeriksaan", "result_of_another_test")]),
    ],
)
def test_an_odd_result_is_taken_and_flagged(sent: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert odd(SHK_HASIL, **{**RESULT, **sent}) == expected


def test_a_result_is_shown_with_the_names_of_its_codes_whatever_names_were_sent() -> None:
    row = complete_values(SHK_HASIL, **RESULT, tgl_hasil="2026-05-07", nama_hasil="lain", nama_pemeriksaan="lain")
    shown = SHK_HASIL.shown({**row, "id_hasil": 13408}, SHK_HASIL, AT)
    assert " ".join(shown) == (
        "id_hasil id_shk jenis_pemeriksaan nama_pemeriksaan hasil_pemeriksaan nama_hasil tgl_periksa tgl_hasil "
        "layak_sampel id_layak tgl_terima tgllapor"
    )
    assert shown["nama_pemeriksaan"] == "Pemeriksaan TSH"
    assert shown["nama_hasil"] == "TSH Normal (< 20 µU/mL)"
    assert shown["tgllapor"] == "2026-06-01 10:00:00"


# ---- bookings (V)

BOOKING = {"kodebooking": "2026/06/01/000042", "jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": "2026-06-01"}


@pytest.mark.parametrize(
    ("sent", "hours"),
    [
        ({"jampraktek": "08:00-12:00"}, ("08:00", "12:00")),
        ({"jampraktek": "08:00 - 12:00"}, ("08:00", "12:00")),
        ({"jampraktek": "08:00:00"}, ("08:00:00", None)),
        ({"jampraktek": "2026-06-01 08:00"}, ("2026-06-01 08:00", None)),
        (
            {"jampraktekawal": "2026-06-01 08:00", "jampraktekakhir": "2026-06-01 12:00"},
            ("2026-06-01 08:00", "2026-06-01 12:00"),
        ),
        ({}, (None, None)),
    ],
)
def test_practice_hours_come_in_several_forms(sent: dict[str, object], hours: tuple[str | None, str | None]) -> None:
    values = complete_values(ANTRIAN, **BOOKING, **sent)
    assert (values["jampraktekawal"], values["jampraktekakhir"]) == hours


def test_new_practice_hours_replace_the_stored_ones_in_either_form() -> None:
    values = complete_values(ANTRIAN, **BOOKING, jampraktek="08:00-12:00")
    for sent, hours in (
        ({"jampraktek": "13:00-15:00"}, ("13:00", "15:00")),
        ({"jampraktekawal": "14:00"}, ("14:00", "15:00")),
        ({"jampraktek": "09:00-10:00"}, ("09:00", "10:00")),
        ({"keterangan": "contoh"}, ("09:00", "10:00")),
    ):
        values |= read(ANTRIAN, sent, AT, partial=True).values
        complete(ANTRIAN, values, AT)
        assert (values["jampraktekawal"], values["jampraktekakhir"]) == hours


@pytest.mark.parametrize("name", ["estimasidilayani", "estimasi dilayani"])
@pytest.mark.parametrize(("raw", "mended"), [(1780282800000, False), ("1780282800", True)])
def test_the_estimate_is_an_instant_in_both_spellings_and_units(name: str, raw: object, mended: bool) -> None:
    said = read(ANTRIAN, {**BOOKING, name: raw}, AT)
    assert said.values["estimasidilayani"] == NOW
    assert ("seconds_as_milliseconds" in {r.code for r in said.repairs}) is mended
    assert ("alias" in {r.code for r in said.repairs}) is (" " in name)


def test_a_booking_is_shown_without_the_names_of_clinic_and_doctor() -> None:
    row = complete_values(ANTRIAN, **BOOKING, namapoli="Poli Contoh", namadokter="dr. Contoh", kuotajkn=5)
    shown = ANTRIAN.shown({**row, "updated_at": NOW}, ANTRIAN, AT)
    assert " ".join(shown) == (
        "antrianid koders kodebooking jenispasien nik idpoli kodepoli pasienbaru norm tanggalperiksa kodedokter "
        "jampraktekawal jampraktekakhir jeniskunjungan nomorantrean angkaantrean estimasidilayani sisakuotajkn "
        "kuotajkn sisakuotanonjkn kuotanonjkn nomorreferensi keterangan tglupdate"
    )
    assert shown["koders"] == "9999001"
    assert shown["idpoli"] == shown["kodepoli"] == "INT"
    assert shown["tglupdate"] == "2026-06-01 10:00:00"


@pytest.mark.parametrize(("late", "codes"), [(0, []), (5 * 60, []), (5 * 60 + 1, ["task_in_future"])])
def test_a_task_may_be_five_minutes_ahead_of_our_clock(late: int, codes: list[str]) -> None:
    waktu = int((NOW + timedelta(seconds=late)).timestamp()) * 1000
    assert [code for _, code in odd(ANTRIAN_TASK, kodebooking="A/1", taskid=3, waktu=waktu)] == codes


def test_task_9_of_the_closing_note_is_99_and_shown_with_its_name() -> None:
    said = read(ANTRIAN_TASK, {"kodebooking": "A/1", "taskid": 9, "waktu": "1780282800"}, AT)
    assert [r.code for r in said.repairs] == ["task_9_as_99", "seconds_as_milliseconds"]
    assert list(ANTRIAN_TASK.shown(said.values, ANTRIAN_TASK, AT).items()) == [
        ("kodebooking", "A/1"),
        ("taskid", "99"),
        ("nama", "Tidak hadir / batal"),
        ("waktu", "1780282800000"),
    ]
