"""What the columns of a figure's rows are called, and how what stands in them is shown."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache

from rsonline.insight.current import Current
from rsonline.insight.honest import SIGNS
from rsonline.insight.places import Scope
from rsonline.insight.screening_clock import Step
from rsonline.insight.section import Section
from rsonline.reports import EVERY_REPORT, regions
from rsonline.reports.report import Row, members
from rsonline.reports.verdict import Words
from rsonline.web import freshness, render
from rsonline.web.visit import Visit

_TITLES: Mapping[str, Words] = {
    "kode_rs": Words("Rumah sakit", "Hospital"),
    "tick": Words("Centang", "Tick"),
    "changed": Words("Berubah terakhir", "Last change"),
    "repeats": Words("Putaran sama", "Rounds alike"),
    "rhythm": Words("Irama (menit)", "Beat (minutes)"),
    "updated_at": Words("Diterima", "Received"),
    "heard": Words("Diterima", "Received"),
    "stock": Words("Persediaan (m³)", "Stock (m³)"),
    "rate": Words("Laju (m³/hari)", "Rate (m³/day)"),
    "left": Words("Hari tersisa", "Days left"),
    "dry": Words("Habis pada", "Dry on"),
    "day": Words("Hari", "Day"),
    "kind": Words("Laporan", "Report"),
    "by": Words("Batas", "Deadline"),
    "received": Words("Pertama diterima", "First received"),
    "poli": Words("Poli", "Clinic"),
    "kinds": Words("Tanda", "Signs"),
    "patients": Words("Pasien", "Patients"),
    "gaps": Words("Jeda", "Gaps"),
    "jenispasien": Words("Jenis pasien", "Kind of patient"),
    "hour": Words("Jam mulai", "Hour"),
    "hours": Words("Jam tanpa kabar", "Hours of silence"),
    "since": Words("Terdaftar", "Registered"),
    "member": Words("Kolom", "Column"),
    "raw": Words("Angka seperti dikirim", "Figure as sent"),
    "usual": Words("Biasanya", "Usually"),
    "role": Words("Profesi", "Profession"),
    "staff": Words("Tenaga", "Staff"),
    "tested": Words("Diperiksa", "Tested"),
    "positive": Words("Positif", "Positive"),
    "id_shk": Words("Nomor SHK", "Screening number"),
    "born": Words("Lahir", "Born"),
    "sampled": Words("Sampel", "Sample"),
    "sent": Words("Dikirim", "Sent"),
    "arrived": Words("Diterima lab", "At the laboratory"),
    "known": Words("Hasil", "Result"),
    "high": Words("TSH tinggi", "High TSH"),
    "recalled": Words("Dipanggil", "Recalled"),
    "confirmed": Words("Konfirmasi", "Confirmed"),
    "treated": Words("Diobati", "Treated"),
    "step": Words("Langkah", "Step"),
    "state": Words("Keadaan", "State"),
    "opened": Words("Sejak", "Since"),
    "due": Words("Paling lambat", "Due"),
    "over": Words("Hari terlambat", "Days late"),
    "urgent": Words("Mendesak", "Urgent"),
    "laporanCovid19Versi3Id": Words("Nomor laporan", "Report number"),
    "kelompokUmurId": Words("Kelompok umur", "Age group"),
    "severityLevelId": Words("Keparahan", "Severity"),
}
STEPS: Mapping[Step, Words] = {
    "sampel": Words("ambil sampel", "take the sample"),
    "kirim": Words("kirim sampel", "send the sample"),
    "terima": Words("tunggu diterima lab", "wait for the laboratory"),
    "hasil": Words("tunggu hasil", "wait for the result"),
    "panggil": Words("panggil keluarga", "call the family back"),
    "konfirmasi": Words("periksa konfirmasi", "confirm by test"),
    "obat": Words("mulai obat", "begin treatment"),
}
STATES: Mapping[str, Words] = {
    "waiting": Words("menunggu", "waiting"),
    "late": Words("terlambat", "late"),
    "lost": Words("hilang", "lost"),
    "done": Words("selesai", "done"),
    "closed": Words("ditutup", "closed"),
    "odd": Words("patut ditanyakan", "worth asking about"),
    "plausible": Words("wajar", "plausible"),
    "too_small": Words("terlalu sedikit", "too few to tell"),
    **{str(state): words for state, words in freshness.STATES.items()},
    "not_over": Words("belum selesai", "not over"),
}
_LISTS = {"id_tt": "tempat_tidur", "id_kebutuhan": "kebutuhan_"}
PARTS: Mapping[str, Words] = {
    "terpakai": Words("terpakai", "occupied"),
    "jumlah": Words("jumlah", "in all"),
    "kelebihan": Words("pasien melebihi tempat tidur", "patients beyond beds"),
    "ruang_penuh_lebih": Words("ruang penuh lebih", "over-full rooms"),
    "suspek": Words("suspek", "suspected"),
    "konfirmasi": Words("konfirmasi", "confirmed"),
    "terpakai_dbd": Words("pasien DBD", "dengue patients"),
    "terpakai_dbd_anak": Words("pasien DBD anak", "children with dengue"),
    "paling_sedikit": Words("paling sedikit", "least"),
    "p90": Words("P90", "P90"),
    "cair": Words("cair", "liquid"),
    "tabung_kecil": Words("tabung kecil", "small cylinders"),
    "tabung_sedang": Words("tabung sedang", "medium cylinders"),
    "tabung_besar": Words("tabung besar", "large cylinders"),
    "diterima": Words("diterima", "received"),
    "lebih": Words("diterima melebihi kebutuhan", "received beyond the need"),
    "positif": Words("positif", "positive"),
    "diperiksa": Words("diperiksa", "tested"),
    "bayi": Words("bayi", "babies"),
    "kelahiran_hidup": Words("kelahiran hidup", "live births"),
    "tepat": Words("tepat waktu", "in time"),
    "terlalu_dini": Words("terlalu dini", "too early"),
    "terlalu_lambat": Words("terlalu lambat", "too late"),
    "ditolak": Words("ditolak", "rejected"),
    "dinilai": Words("dinilai", "judged"),
    "tsh_tinggi": Words("TSH tinggi", "high TSH"),
    "dengan_hasil": Words("dengan hasil", "with a result"),
    "dalam_batas": Words("≤ 60 menit", "≤ 60 minutes"),
    "dihitung": Words("dihitung", "counted"),
    "sejak_task_2": Words("sejak task 2", "since task 2"),
    "sejak_task_3": Words("sejak task 3", "since task 3"),
    "patut_ditanyakan": Words("patut ditanyakan", "worth asking about"),
    "diharapkan": Words("diharapkan", "expected"),
    "tepat_waktu": Words("tepat waktu", "in time"),
    "centang": Words("dengan centang hijau", "with a green tick"),
    "rumah_sakit": Words("rumah sakit yang pernah mengirim", "hospitals that ever sent"),
}
"""The numbers behind a value that are shown beside it."""


@cache
def _labels(tables: tuple[str, ...]) -> Mapping[str, Words]:
    """What the guide's members are called in the reports of some tables."""
    return {
        m.name: Words(m.label.id, m.label.en)
        for report in EVERY_REPORT
        if report.name in tables
        for m in members(report.record)
    }


def title(visit: Visit, section: Section, column: str) -> str:
    """The heading of a column."""
    return visit.words(_TITLES.get(column) or _labels(section.tables).get(column) or Words(column, column))


def cell(visit: Visit, current: Current, section: str, row: Row | tuple[object, ...], column: str) -> str:
    """What stands in a column of a row."""
    value: object = row[column] if isinstance(row, dict) else getattr(row, column)
    match value:
        case None:
            return "–"
        case bool():
            return visit.t("ya", "yes") if value else visit.t("tidak", "no")
        case datetime():
            return render.moment(value, visit)
        case tuple():
            return ", ".join(visit.words(SIGNS[kind].title) if kind in SIGNS else str(kind) for kind in value) or "–"
        case date():
            return render.day(value, visit.language)
        case int() | float() if column not in ("id_shk", "laporanCovid19Versi3Id"):
            return render.number(value, visit.language)
    return _word(visit, current, section, column, str(value))


def _word(visit: Visit, current: Current, section: str, column: str, text: str) -> str:
    if column == "kode_rs":
        place = current.place(text)
        return text if place is None else f"{place.nama} ({text})"
    if column == "kind":
        return kind_name(visit, text)
    if column == "step" and text in STEPS:
        return visit.words(STEPS[text])  # type: ignore[index]
    if column == "state":
        return visit.words(STATES.get(text, Words(text, text)))
    return text


def kind_name(visit: Visit, name: str) -> str:
    """What a kind of report is called."""
    return next((visit.words(report.title) for report in EVERY_REPORT if report.name == name), name)


def listed(column: str, section: str) -> str | None:
    """The reference list in which the ids of a column stand."""
    name = _LISTS.get(column)
    return None if name is None else name + section if name.endswith("_") else name


def place_name(current: Current, scope: Scope, visit: Visit) -> str:
    """What a scope is called."""
    match scope.level:
        case "nation":
            return "Indonesia"
        case "hospital":
            place = current.place(scope.code)
            return scope.code if place is None else place.nama
        case "province":
            found = regions.province(scope.code)
        case _:
            found = regions.regency(scope.code)
    return found or visit.t("Wilayah tidak diketahui", "Region not known")
