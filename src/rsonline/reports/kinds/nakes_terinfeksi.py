"""Infected health workers, by day and profession (guide III.F).

The original of the guide writes `intership` and `analis_lab`; its text copy writes `internship` and `analisis_lab`.
Both are read, and a GET gives both (wire 8).
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from rsonline.reports.fields import Alias, At, Count, Day, Label, Moment
from rsonline.reports.kinds.profesi import NAMES
from rsonline.reports.report import PerDay, Record, Report, Row, as_sent
from rsonline.reports.verdict import ReportWarning, Words

ROLES = (
    "co_ass",
    "residen",
    "intership",
    "dokter_spesialis",
    "dokter_umum",
    "dokter_gigi",
    "perawat",
    "bidan",
    "apoteker",
    "radiografer",
    "analis_lab",
    "nakes_lainnya",
)
TWINS = {"intership": "internship", "analis_lab": "analisis_lab"}


def terinfeksi(role: str) -> Label:
    """The label of a profession: infected."""
    name = NAMES[role]
    meaning = Words(f"Yang terinfeksi hari itu: {name.id}", f"Infected that day: {name.en}")
    return Label(f"{name.id}: terinfeksi", f"{name.en}: infected", "orang", name, meaning)


def meninggal(role: str) -> Label:
    """The label of a profession: died."""
    name = NAMES[role]
    meaning = Words(f"Yang meninggal: {name.id}", f"Died: {name.en}")
    return Label(f"{name.id}: meninggal", f"{name.en}: died", "orang", name, meaning)


def dirawat(role: str) -> Label:
    """The label of a profession: in hospital."""
    name = NAMES[role]
    meaning = Words(f"Yang dirawat: {name.id}", f"In hospital: {name.en}")
    return Label(f"{name.id}: dirawat", f"{name.en}: in hospital", "orang", name, meaning)


def isoman(role: str) -> Label:
    """The label of a profession: isolated at home."""
    name = NAMES[role]
    meaning = Words(f"Yang isolasi mandiri: {name.id}", f"Isolated at home: {name.en}")
    return Label(f"{name.id}: isolasi mandiri", f"{name.en}: isolated at home", "orang", name, meaning)


def sembuh(role: str) -> Label:
    """The label of a profession: recovered."""
    name = NAMES[role]
    meaning = Words(f"Yang sembuh: {name.id}", f"Recovered: {name.en}")
    return Label(f"{name.id}: sembuh", f"{name.en}: recovered", "orang", name, meaning)


class NakesTerinfeksi(Record, kw_only=True):
    """One day of one hospital: twelve professions, five counts each."""

    tanggal: Annotated[
        date, Day(ahead=1), Label("Tanggal", "Day", meaning=Words("Hari yang dilaporkan", "The day that is reported"))
    ]
    co_ass: Annotated[int | None, Count(), terinfeksi("co_ass")] = None
    residen: Annotated[int | None, Count(), terinfeksi("residen")] = None
    intership: Annotated[int | None, Count(), terinfeksi("intership"), Alias("internship")] = None
    dokter_spesialis: Annotated[int | None, Count(), terinfeksi("dokter_spesialis")] = None
    dokter_umum: Annotated[int | None, Count(), terinfeksi("dokter_umum")] = None
    dokter_gigi: Annotated[int | None, Count(), terinfeksi("dokter_gigi")] = None
    perawat: Annotated[int | None, Count(), terinfeksi("perawat")] = None
    bidan: Annotated[int | None, Count(), terinfeksi("bidan")] = None
    apoteker: Annotated[int | None, Count(), terinfeksi("apoteker")] = None
    radiografer: Annotated[int | None, Count(), terinfeksi("radiografer")] = None
    analis_lab: Annotated[int | None, Count(), terinfeksi("analis_lab"), Alias("analisis_lab")] = None
    nakes_lainnya: Annotated[int | None, Count(), terinfeksi("nakes_lainnya")] = None
    co_ass_meninggal: Annotated[int | None, Count(), meninggal("co_ass")] = None
    residen_meninggal: Annotated[int | None, Count(), meninggal("residen")] = None
    intership_meninggal: Annotated[int | None, Count(), meninggal("intership"), Alias("internship_meninggal")] = None
    dokter_spesialis_meninggal: Annotated[int | None, Count(), meninggal("dokter_spesialis")] = None
    dokter_umum_meninggal: Annotated[int | None, Count(), meninggal("dokter_umum")] = None
    dokter_gigi_meninggal: Annotated[int | None, Count(), meninggal("dokter_gigi")] = None
    perawat_meninggal: Annotated[int | None, Count(), meninggal("perawat")] = None
    bidan_meninggal: Annotated[int | None, Count(), meninggal("bidan")] = None
    apoteker_meninggal: Annotated[int | None, Count(), meninggal("apoteker")] = None
    radiografer_meninggal: Annotated[int | None, Count(), meninggal("radiografer")] = None
    analis_lab_meninggal: Annotated[int | None, Count(), meninggal("analis_lab"), Alias("analisis_lab_meninggal")] = (
        None
    )
    nakes_lainnya_meninggal: Annotated[int | None, Count(), meninggal("nakes_lainnya")] = None
    co_ass_dirawat: Annotated[int | None, Count(), dirawat("co_ass")] = None
    co_ass_isoman: Annotated[int | None, Count(), isoman("co_ass")] = None
    co_ass_sembuh: Annotated[int | None, Count(), sembuh("co_ass")] = None
    residen_dirawat: Annotated[int | None, Count(), dirawat("residen")] = None
    residen_isoman: Annotated[int | None, Count(), isoman("residen")] = None
    residen_sembuh: Annotated[int | None, Count(), sembuh("residen")] = None
    intership_dirawat: Annotated[int | None, Count(), dirawat("intership"), Alias("internship_dirawat")] = None
    intership_isoman: Annotated[int | None, Count(), isoman("intership"), Alias("internship_isoman")] = None
    intership_sembuh: Annotated[int | None, Count(), sembuh("intership"), Alias("internship_sembuh")] = None
    dokter_spesialis_dirawat: Annotated[int | None, Count(), dirawat("dokter_spesialis")] = None
    dokter_spesialis_isoman: Annotated[int | None, Count(), isoman("dokter_spesialis")] = None
    dokter_spesialis_sembuh: Annotated[int | None, Count(), sembuh("dokter_spesialis")] = None
    dokter_umum_dirawat: Annotated[int | None, Count(), dirawat("dokter_umum")] = None
    dokter_umum_isoman: Annotated[int | None, Count(), isoman("dokter_umum")] = None
    dokter_umum_sembuh: Annotated[int | None, Count(), sembuh("dokter_umum")] = None
    dokter_gigi_dirawat: Annotated[int | None, Count(), dirawat("dokter_gigi")] = None
    dokter_gigi_isoman: Annotated[int | None, Count(), isoman("dokter_gigi")] = None
    dokter_gigi_sembuh: Annotated[int | None, Count(), sembuh("dokter_gigi")] = None
    bidan_dirawat: Annotated[int | None, Count(), dirawat("bidan")] = None
    bidan_isoman: Annotated[int | None, Count(), isoman("bidan")] = None
    bidan_sembuh: Annotated[int | None, Count(), sembuh("bidan")] = None
    apoteker_dirawat: Annotated[int | None, Count(), dirawat("apoteker")] = None
    apoteker_isoman: Annotated[int | None, Count(), isoman("apoteker")] = None
    apoteker_sembuh: Annotated[int | None, Count(), sembuh("apoteker")] = None
    radiografer_dirawat: Annotated[int | None, Count(), dirawat("radiografer")] = None
    radiografer_isoman: Annotated[int | None, Count(), isoman("radiografer")] = None
    radiografer_sembuh: Annotated[int | None, Count(), sembuh("radiografer")] = None
    analis_lab_dirawat: Annotated[int | None, Count(), dirawat("analis_lab"), Alias("analisis_lab_dirawat")] = None
    analis_lab_isoman: Annotated[int | None, Count(), isoman("analis_lab"), Alias("analisis_lab_isoman")] = None
    analis_lab_sembuh: Annotated[int | None, Count(), sembuh("analis_lab"), Alias("analisis_lab_sembuh")] = None
    nakes_lainnya_dirawat: Annotated[int | None, Count(), dirawat("nakes_lainnya")] = None
    nakes_lainnya_isoman: Annotated[int | None, Count(), isoman("nakes_lainnya")] = None
    nakes_lainnya_sembuh: Annotated[int | None, Count(), sembuh("nakes_lainnya")] = None
    perawat_dirawat: Annotated[int | None, Count(), dirawat("perawat")] = None
    perawat_isoman: Annotated[int | None, Count(), isoman("perawat")] = None
    perawat_sembuh: Annotated[int | None, Count(), sembuh("perawat")] = None
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
        """More deaths than infected on the day: it may be right, since who dies may have been infected before."""
        for role in ROLES:
            infected, died = values[role], values[f"{role}_meninggal"]
            if infected is not None and (died or 0) > infected:
                yield ReportWarning(member=f"{role}_meninggal", code="deaths_more_than_infected")


def shown_with_twins(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """The members, and beside them the other spelling of two professions: clients of both kinds index by name."""
    shown = as_sent(row, report, at)
    for ours, twin in TWINS.items():
        for suffix in ("", "_meninggal", "_dirawat", "_isoman", "_sembuh"):
            shown[twin + suffix] = shown[ours + suffix]
    return shown


NAKES_TERINFEKSI = Report(
    name="nakes_terinfeksi",
    title=Words("Harian nakes terinfeksi", "Infected health workers by day"),
    path="/Pasien/harian_nakes_terinfeksi",
    root="HarianNakesTerinfeksi",
    record=NakesTerinfeksi,
    identity=PerDay("tanggal"),
    guide="III.F",
    shown=shown_with_twins,
)
