"""PCR tests of health workers, by day and profession (guide III.E)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated

from rsonline.reports.fields import Alias, At, Count, Day, Label, Moment
from rsonline.reports.kinds.profesi import NAMES
from rsonline.reports.report import PerDay, Record, Report, Row
from rsonline.reports.verdict import ReportWarning, Words

ROLES = (
    "dokter_umum",
    "dokter_spesialis",
    "dokter_gigi",
    "residen",
    "perawat",
    "bidan",
    "apoteker",
    "radiografer",
    "analis_lab",
    "co_ass",
    "internship",
    "nakes_lainnya",
)


def tenaga(role: str) -> Label:
    """The label of a profession's staff."""
    name = NAMES[role]
    meaning = Words(f"Banyaknya tenaga: {name.id}", f"How many there are: {name.en}")
    return Label(f"{name.id}: tenaga", f"{name.en}: staff", "orang", name, meaning)


def diperiksa(role: str) -> Label:
    """The label of those tested."""
    name = NAMES[role]
    meaning = Words(f"Yang sudah diperiksa PCR: {name.id}", f"Tested by PCR: {name.en}")
    return Label(f"{name.id}: diperiksa", f"{name.en}: tested", "orang", name, meaning)


def positif(role: str) -> Label:
    """The label of the positive results."""
    name = NAMES[role]
    meaning = Words(f"Hasil PCR positif: {name.id}", f"Positive PCR results: {name.en}")
    return Label(f"{name.id}: hasil PCR positif", f"{name.en}: positive", "orang", name, meaning)


REKAP = Words("Rekap", "Totals")


class PcrNakes(Record, kw_only=True):
    """One day of one hospital: twelve professions, three counts each, and their totals."""

    tanggal: Annotated[
        date, Day(ahead=1), Label("Tanggal", "Day", meaning=Words("Hari yang dilaporkan", "The day that is reported"))
    ]
    jumlah_tenaga_dokter_umum: Annotated[int | None, Count(), tenaga("dokter_umum")] = None
    sudah_periksa_dokter_umum: Annotated[int | None, Count(), diperiksa("dokter_umum")] = None
    hasil_pcr_dokter_umum: Annotated[int | None, Count(), positif("dokter_umum")] = None
    jumlah_tenaga_dokter_spesialis: Annotated[int | None, Count(), tenaga("dokter_spesialis")] = None
    sudah_periksa_dokter_spesialis: Annotated[int | None, Count(), diperiksa("dokter_spesialis")] = None
    hasil_pcr_dokter_spesialis: Annotated[int | None, Count(), positif("dokter_spesialis")] = None
    jumlah_tenaga_dokter_gigi: Annotated[int | None, Count(), tenaga("dokter_gigi")] = None
    sudah_periksa_dokter_gigi: Annotated[int | None, Count(), diperiksa("dokter_gigi")] = None
    hasil_pcr_dokter_gigi: Annotated[int | None, Count(), positif("dokter_gigi")] = None
    jumlah_tenaga_residen: Annotated[int | None, Count(), tenaga("residen")] = None
    sudah_periksa_residen: Annotated[int | None, Count(), diperiksa("residen")] = None
    hasil_pcr_residen: Annotated[int | None, Count(), positif("residen")] = None
    jumlah_tenaga_perawat: Annotated[int | None, Count(), tenaga("perawat")] = None
    sudah_periksa_perawat: Annotated[int | None, Count(), diperiksa("perawat")] = None
    hasil_pcr_perawat: Annotated[int | None, Count(), positif("perawat")] = None
    jumlah_tenaga_bidan: Annotated[int | None, Count(), tenaga("bidan")] = None
    sudah_periksa_bidan: Annotated[int | None, Count(), diperiksa("bidan")] = None
    hasil_pcr_bidan: Annotated[int | None, Count(), positif("bidan")] = None
    jumlah_tenaga_apoteker: Annotated[int | None, Count(), tenaga("apoteker")] = None
    sudah_periksa_apoteker: Annotated[int | None, Count(), diperiksa("apoteker")] = None
    hasil_pcr_apoteker: Annotated[int | None, Count(), positif("apoteker")] = None
    jumlah_tenaga_radiografer: Annotated[int | None, Count(), tenaga("radiografer")] = None
    sudah_periksa_radiografer: Annotated[int | None, Count(), diperiksa("radiografer")] = None
    hasil_pcr_radiografer: Annotated[int | None, Count(), positif("radiografer")] = None
    jumlah_tenaga_analis_lab: Annotated[
        int | None, Count(), tenaga("analis_lab"), Alias("jumlah_tenaga_analisis_lab")
    ] = None
    sudah_periksa_analis_lab: Annotated[
        int | None, Count(), diperiksa("analis_lab"), Alias("sudah_periksa_analisis_lab")
    ] = None
    hasil_pcr_analis_lab: Annotated[int | None, Count(), positif("analis_lab"), Alias("hasil_pcr_analisis_lab")] = None
    jumlah_tenaga_co_ass: Annotated[int | None, Count(), tenaga("co_ass")] = None
    sudah_periksa_co_ass: Annotated[int | None, Count(), diperiksa("co_ass")] = None
    hasil_pcr_co_ass: Annotated[int | None, Count(), positif("co_ass")] = None
    jumlah_tenaga_internship: Annotated[int | None, Count(), tenaga("internship"), Alias("jumlah_tenaga_intership")] = (
        None
    )
    sudah_periksa_internship: Annotated[
        int | None, Count(), diperiksa("internship"), Alias("sudah_periksa_intership")
    ] = None
    hasil_pcr_internship: Annotated[int | None, Count(), positif("internship"), Alias("hasil_pcr_intership")] = None
    jumlah_tenaga_nakes_lainnya: Annotated[int | None, Count(), tenaga("nakes_lainnya")] = None
    sudah_periksa_nakes_lainnya: Annotated[int | None, Count(), diperiksa("nakes_lainnya")] = None
    hasil_pcr_nakes_lainnya: Annotated[int | None, Count(), positif("nakes_lainnya")] = None
    rekap_jumlah_tenaga: Annotated[
        int | None,
        Count(),
        Label("Jumlah tenaga", "All staff", "orang", REKAP, Words("Jumlah semua tenaga", "Sum of all staff")),
    ] = None
    rekap_jumlah_sudah_diperiksa: Annotated[
        int | None,
        Count(),
        Label(
            "Jumlah diperiksa", "All tested", "orang", REKAP, Words("Jumlah semua yang diperiksa", "Sum of all tested")
        ),
    ] = None
    rekap_jumlah_hasil_pcr: Annotated[
        int | None,
        Count(),
        Label(
            "Jumlah positif", "All positive", "orang", REKAP, Words("Jumlah semua hasil positif", "Sum of all positive")
        ),
    ] = None
    tgllapor: Annotated[
        datetime | None,
        Moment(),
        Label(
            "Waktu lapor", "Reported at", meaning=Words("Waktu laporan menurut pengirim", "When the sender reported")
        ),
    ] = None

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """Without `tgllapor` the report is of now."""
        if values["tgllapor"] is None:
            values["tgllapor"] = at.now

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """More tested than there are, more positive than tested, totals that differ from their parts."""
        for role in ROLES:
            staff, tested, positive = (values[f"{p}_{role}"] for p in ("jumlah_tenaga", "sudah_periksa", "hasil_pcr"))
            if staff is not None and (tested or 0) > staff:
                yield ReportWarning(member=f"sudah_periksa_{role}", code="examined_more_than_staff")
            if (positive or 0) > (tested or 0):
                yield ReportWarning(member=f"hasil_pcr_{role}", code="positive_more_than_examined")
        for total, part in (
            ("rekap_jumlah_tenaga", "jumlah_tenaga"),
            ("rekap_jumlah_sudah_diperiksa", "sudah_periksa"),
            ("rekap_jumlah_hasil_pcr", "hasil_pcr"),
        ):
            parts = sum(values[f"{part}_{role}"] or 0 for role in ROLES)
            if values[total] is not None and values[total] != parts:
                yield ReportWarning(member=total, code="totals_differ", detail={"total": values[total], "sum": parts})


PCR_NAKES = Report(
    name="pcr_nakes",
    title=Words("Pemeriksaan PCR nakes", "PCR tests of health workers"),
    path="/Pasien/pcr_nakes",
    root="PCRNakes",
    record=PcrNakes,
    identity=PerDay("tanggal"),
    guide="III.E",
)
