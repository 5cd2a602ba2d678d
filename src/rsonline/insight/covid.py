"""COVID-19 patients: who is in care now, by what, and who came, left and died on which local day.

Rows are those of `pasien_covid`. No name, number or other personal member is looked at. Days are the hospital's own.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from rsonline.insight.counting import count
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.places import NATION, Places, Scope, today_of, within
from rsonline.reports.kinds.pasien_covid import AGES, DIED
from rsonline.reports.references import shipped
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

AT_HOME = 0
"""The `statusRawatId` of who isolates at home."""
DISCARDED = 6
"""The `statusKeluarId` of who turned out not to be a COVID-19 patient."""

GUIDE = Words(
    "Petunjuk teknis RS Online versi 3, III.A dan API pasien; rumus lokal",
    "RS Online guide version 3, III.A, and the patient API; own formula",
)
PEOPLE = Words("orang", "people")
DELETED = Words("Laporan sudah dihapus", "The report was deleted")
HOME = Words("Isolasi mandiri di rumah", "Isolates at home")
IN_CARE = Indicator(
    name="covid_dirawat",
    title=Words("Pasien COVID-19 dirawat", "COVID-19 patients in care"),
    formula=Words(
        "Pasien yang sudah masuk, belum keluar, dan tidak di rumah, pada hari setempat rumah sakit",
        "Patients who were admitted, have not left and are not at home, on the hospital's local day",
    ),
    version=1,
    source=GUIDE,
    unit=PEOPLE,
    reasons={
        "deleted": DELETED,
        "at_home": HOME,
        "not_yet": Words("Masuk sesudah hari itu", "Admitted after that day"),
        "left": Words("Sudah keluar", "Has left"),
    },
)
_LEFT = {
    "deleted": DELETED,
    "at_home": HOME,
    "before_admission": Words("Keluar sebelum masuk", "Left before being admitted"),
}
ADMITTED = Indicator(
    name="covid_masuk",
    title=Words("Pasien COVID-19 masuk", "COVID-19 patients admitted"),
    formula=Words("Pasien dengan tanggalMasuk pada hari itu", "Patients with tanggalMasuk on that day"),
    version=1,
    source=GUIDE,
    unit=PEOPLE,
    reasons=_LEFT,
)
DISCHARGED = Indicator(
    name="covid_keluar",
    title=Words("Pasien COVID-19 keluar hidup", "COVID-19 patients discharged alive"),
    formula=Words(
        "Pasien dengan tanggalKeluar pada hari itu, tidak meninggal dan tidak discarded",
        "Patients with tanggalKeluar on that day, neither dead nor discarded",
    ),
    version=1,
    source=GUIDE,
    unit=PEOPLE,
    reasons={
        **_LEFT,
        "died": Words("Meninggal", "Died"),
        "discarded": Words("Discarded: bukan COVID-19", "Discarded: not COVID-19"),
    },
)
DEATHS = Indicator(
    name="covid_meninggal",
    title=Words("Pasien COVID-19 meninggal", "COVID-19 patients who died"),
    formula=Words(
        "Pasien dengan tanggalKeluar pada hari itu dan statusKeluarId 2",
        "Patients with tanggalKeluar on that day and statusKeluarId 2",
    ),
    version=1,
    source=GUIDE,
    unit=PEOPLE,
    reasons={**_LEFT, "alive": Words("Keluar hidup atau discarded", "Left alive, or discarded")},
)
INDICATORS = (IN_CARE, ADMITTED, DISCHARGED, DEATHS)

By = Literal["severity", "device", "bed", "age"]
MEMBERS: Mapping[By, str] = {
    "severity": "severityLevelId",
    "device": "alatOksigenId",
    "bed": "statusRawatId",
    "age": "kelompokUmurId",
}
SEVERITY: Mapping[int, Words] = {
    4: Words("Tanpa gejala", "No symptoms"),
    1: Words("Ringan", "Mild"),
    2: Words("Sedang", "Moderate"),
    3: Words("Berat", "Severe"),
}
"""By `severityLevelId`, which follows from the symptom group; the names are ours. In order of severity."""
NONE_OR_UNKNOWN = Words("Tanpa, atau tidak diketahui", "None, or not known")


def named(by: By, code: int | None) -> Words:
    """How a group is called."""
    if code is None:
        return NONE_OR_UNKNOWN
    if by == "severity":
        return SEVERITY.get(code, Words(str(code), str(code)))
    if by == "age":
        return _ages(code)
    entry = shipped()["alatoksigen" if by == "device" else "statusrawat"].entries.get(str(code))
    return Words(str(code), str(code)) if entry is None else Words(entry.nama, entry.name)


def _ages(group: int) -> Words:
    if not 1 <= group <= len(AGES):
        oldest = AGES[-1]
        return Words(f"lebih dari {oldest} tahun", f"over {oldest} years")
    youngest = 0 if group == 1 else AGES[group - 2] + 1
    return Words(f"{youngest}–{AGES[group - 1]} tahun", f"{youngest}–{AGES[group - 1]} years")


def _not_here(row: Row) -> str | None:
    if row["deleted_at"] is not None:
        return "deleted"
    return "at_home" if row["statusRawatId"] == AT_HOME else None


def _left_early(row: Row) -> bool:
    return row["tanggalKeluar"] is not None and bool(row["tanggalKeluar"] < row["tanggalMasuk"])


def in_care(
    rows: Iterable[Row], places: Places, now: datetime, *, scope: Scope = NATION, day: date | None = None
) -> Tile[Row]:
    """Who is in care at the end of a local day; without `day`, on each hospital's today."""

    def without(row: Row) -> str | None:
        then = day or today_of(row["kode_rs"], places, now)
        why = _not_here(row)
        if why is None and row["tanggalMasuk"] > then:
            why = "not_yet"
        if why is None and row["tanggalKeluar"] is not None and (row["tanggalKeluar"] <= then or _left_early(row)):
            why = "left"
        return why

    return count(IN_CARE, within(rows, places, scope), without, now)


def in_care_by(
    by: By, rows: Iterable[Row], places: Places, now: datetime, *, scope: Scope = NATION, day: date | None = None
) -> list[tuple[int | None, Tile[Row]]]:
    """Who is in care, by severity, oxygen device, bed type or age group; None is for those without one.

    Each row of the scope is in exactly one tile, so the values add up to those of `in_care`. A device and a severity
    are those of the last report about the patient, not a history.
    """
    groups: dict[int | None, list[Row]] = {}
    for row in within(rows, places, scope):
        groups.setdefault(row[MEMBERS[by]], []).append(row)
    ranks = list(SEVERITY) if by == "severity" else []

    def place(code: int | None) -> tuple[bool, int]:
        return code is None, ranks.index(code) if code in ranks else code or 0

    return [(code, in_care(groups[code], places, now, day=day)) for code in sorted(groups, key=place)]


def admitted(rows: Iterable[Row], places: Places, day: date, now: datetime, *, scope: Scope = NATION) -> Tile[Row]:
    """Who was admitted on a local day."""
    return count(ADMITTED, [r for r in within(rows, places, scope) if r["tanggalMasuk"] == day], _not_left, now)


def discharged(rows: Iterable[Row], places: Places, day: date, now: datetime, *, scope: Scope = NATION) -> Tile[Row]:
    """Who left alive on a local day."""

    def without(row: Row) -> str | None:
        ended = {DIED: "died", DISCARDED: "discarded"}.get(row["statusKeluarId"])
        return _not_left(row) or ended

    return count(DISCHARGED, _leaving(rows, places, day, scope), without, now)


def deaths(rows: Iterable[Row], places: Places, day: date, now: datetime, *, scope: Scope = NATION) -> Tile[Row]:
    """Who died on a local day."""

    def without(row: Row) -> str | None:
        return _not_left(row) or (None if row["statusKeluarId"] == DIED else "alive")

    return count(DEATHS, _leaving(rows, places, day, scope), without, now)


def _leaving(rows: Iterable[Row], places: Places, day: date, scope: Scope) -> list[Row]:
    return [r for r in within(rows, places, scope) if r["tanggalKeluar"] == day]


def _not_left(row: Row) -> str | None:
    return _not_here(row) or ("before_admission" if _left_early(row) else None)


def by_day(
    rows: Iterable[Row], places: Places, first: date, last: date, now: datetime, *, scope: Scope = NATION
) -> list[tuple[date, Tile[Row], Tile[Row], Tile[Row]]]:
    """Admissions, discharges and deaths of each local day, earliest first; a day without a row has None."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    came: dict[date, list[Row]] = {day: [] for day in days}
    left: dict[date, list[Row]] = {day: [] for day in days}
    for row in within(rows, places, scope):
        if row["tanggalMasuk"] in came:
            came[row["tanggalMasuk"]].append(row)
        if row["tanggalKeluar"] in left:
            left[row["tanggalKeluar"]].append(row)
    return [
        (
            day,
            admitted(came[day], places, day, now),
            discharged(left[day], places, day, now),
            deaths(left[day], places, day, now),
        )
        for day in days
    ]
