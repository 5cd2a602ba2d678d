"""The evidence pack: one hospital's month as tables, from rows that identify nobody.

The same rows give the same tables, in the same order, whenever and wherever they are made: nothing here asks a clock or
draws a number. Which rows they were is said by the hospital's last line of the journal.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rsonline.insight import beds, covid, discipline, honest, oxygen, screening, visits, waiting
from rsonline.insight.indicator import Tile
from rsonline.insight.places import Places
from rsonline.insight.screening_clock import babies
from rsonline.intake.duty import GRACE
from rsonline.reports import APD, NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, SDM, SHK, SHK_HASIL, TEMPAT_TIDUR
from rsonline.reports.report import Numbered, Row, members
from rsonline.reports.verdict import Words
from rsonline.sheets.pack import Cell, Table

AFTER = timedelta(days=1)
"""A month is looked at one day after its end, when what was due on its last day was due."""
_REPORTS = {r.name: r for r in (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES, TEMPAT_TIDUR, SDM, APD, SHK, SHK_HASIL)}


def per_of(last: date, zone: ZoneInfo, heard: datetime) -> datetime:
    """The moment for which the figures of a month hold: of one that is not over, when the hospital was last heard."""
    return min(heard, _over(last, zone))


def _over(last: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(last + timedelta(days=1), time(), zone) + AFTER + GRACE


def _rules(rows: Mapping[str, Sequence[Any]], first: date, per: datetime) -> discipline.DisciplineRules:
    """What is expected from the first day on; `quiet` of the rows is what was declared."""
    return discipline.DisciplineRules(window=(per.date() - first).days + 2, quiet=tuple(rows.get("quiet", ())))


def figures(
    rows: Mapping[str, Sequence[Any]], places: Places, first: date, last: date, per: datetime
) -> list[Tile[Any]]:
    """Every figure of a month."""
    expected = [
        each for each in discipline.expected(rows, places, per, _rules(rows, first, per)) if first <= each.day <= last
    ]
    held = beds.snapshots(rows["bed_history"], places, first, last, per)
    found = visits.visits(rows["antrian"], rows["antrian_task"], places, per)
    days = honest.clinic_days(found)
    newborns = babies(rows["shk"], rows["shk_hasil"], (), (), places)
    made: list[Tile[Any]] = [
        discipline.received(expected, per),
        discipline.in_time(expected, per),
        discipline.missing(expected, per),
        beds.bor(held, per),
        oxygen.use([*rows["oksigen"]], places, first, last, per),
        waiting.within_target(found, per),
        *(waiting.lasting(span, found, per) for span in waiting.READINGS),
        honest.odd_days(days, per),
        screening.in_time(newborns, per),
        screening.unfit(newborns, per),
        screening.high(newborns, per),
        *(screening.days_of(span, newborns, per) for span in screening.SPANS),
    ]
    return made


def tables(
    rows: Mapping[str, Sequence[Any]], places: Places, first: date, last: date, per: datetime, lang: str
) -> list[Table]:
    """The whole pack as tables."""
    made = figures(rows, places, first, last, per)

    def say(words: Words) -> str:
        return words.en if lang == "en" else words.id

    summary = Table(
        "ringkasan",
        Words("Ringkasan", "Summary"),
        ("indikator", "judul", "nilai", "satuan", "dihitung", "tidak_dihitung", "versi", "rumus"),
        [
            (
                tile.indicator.name,
                say(tile.indicator.title),
                _number(tile.value),
                say(tile.indicator.unit),
                len(tile.included),
                len(tile.excluded),
                tile.indicator.version,
                say(tile.indicator.formula),
            )
            for tile in made
        ],
    )
    left_out: list[tuple[Cell, ...]] = []
    parts: list[tuple[Cell, ...]] = []
    for tile in made:
        counted: dict[str, int] = {}
        for each in tile.excluded:
            counted[each.reason] = counted.get(each.reason, 0) + 1
        left_out += [
            (tile.indicator.name, reason, say(tile.indicator.reasons[reason]), count)
            for reason, count in sorted(counted.items())
        ]
        parts += [(tile.indicator.name, name, _number(value)) for name, value in sorted(tile.parts.items())]
    return [
        summary,
        Table(
            "tidak_dihitung",
            Words("Yang tidak dihitung", "Left out"),
            ("indikator", "alasan", "arti", "banyak"),
            left_out,
        ),
        Table("bagian", Words("Bagian angka", "Parts of figures"), ("indikator", "bagian", "nilai"), parts),
        *_days(rows, places, first, last, per),
        *_lists(rows),
    ]


def _days(rows: Mapping[str, Sequence[Any]], places: Places, first: date, last: date, per: datetime) -> list[Table]:
    """What is told day by day."""
    expected = discipline.expected(rows, places, per, _rules(rows, first, per))
    punctual = [
        (each.day.isoformat(), each.kind, each.state(per), _moment(each.received))
        for each in sorted(expected, key=lambda e: (e.day, e.kind))
        if first <= each.day <= last
    ]
    held = beds.snapshots(rows["bed_history"], places, first, last, per)
    occupied = [
        (day.isoformat(), _number(tile.value), int(tile.parts["terpakai"]), int(tile.parts["jumlah"]))
        for day, tile in beds.trend(held, per)
    ]
    by_day: dict[date, list[visits.Visit]] = {}
    for visit in visits.visits(rows["antrian"], rows["antrian_task"], places, per):
        by_day.setdefault(visit.day, []).append(visit)
    waited = []
    for day, some in sorted(by_day.items()):
        within, doctor = waiting.within_target(some, per), waiting.lasting(None, some, per)
        waited.append(
            (
                day.isoformat(),
                len(some),
                len(within.included),
                _number(within.value),
                _number(doctor.value),
                _number(doctor.parts.get("p90")),
            )
        )
    patients: list[tuple[Cell, ...]] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        tiles = [of(rows["pasien_covid"], places, day, per) for of in (covid.admitted, covid.discharged, covid.deaths)]
        counts = [int(tile.value or 0) for tile in tiles]
        if any(counts):
            patients.append((day.isoformat(), *counts))
    return [
        Table(
            "disiplin",
            Words("Laporan harian: kapan diterima", "Daily kinds: when received"),
            ("tanggal", "laporan", "keadaan", "diterima"),
            punctual,
        ),
        Table(
            "hunian",
            Words("Hunian tempat tidur per hari", "Occupied beds by day"),
            ("tanggal", "persen", "terpakai", "jumlah"),
            occupied,
        ),
        Table(
            "waktu_tunggu",
            Words("Waktu tunggu per hari (menit)", "Waiting time by day (minutes)"),
            ("tanggal", "kunjungan", "dihitung", "persen_dalam_batas", "median", "p90"),
            waited,
        ),
        Table(
            "covid",
            Words("Pasien COVID-19 per hari", "COVID-19 patients by day"),
            ("tanggal", "masuk", "keluar", "meninggal"),
            patients,
        ),
    ]


def _lists(rows: Mapping[str, Sequence[Row]]) -> list[Table]:
    """The reports themselves, without what identifies a person."""
    titles = {
        "oksigen": Words("Oksigen", "Oxygen"),
        "nakes_terinfeksi": Words("Nakes terinfeksi", "Infected health workers"),
        "pcr_nakes": Words("PCR nakes", "PCR of health workers"),
        "tempat_tidur": Words("Tempat tidur, saat paket dibuat", "Beds, when the pack was made"),
        "sdm": Words("Kebutuhan SDM, saat paket dibuat", "Staff, when the pack was made"),
        "apd": Words("Kebutuhan APD, saat paket dibuat", "Protective equipment, when the pack was made"),
        "shk": Words("Skrining bayi (tanpa identitas)", "Newborn screening (nobody named)"),
        "shk_hasil": Words("Hasil skrining", "Results of screening"),
    }
    made = []
    for name, title in titles.items():
        living = [row for row in rows[name] if row["deleted_at"] is None]
        report = _REPORTS[name]
        declared = {m.name for m in members(report.record)}
        if isinstance(report.identity, Numbered):
            declared.add(report.identity.number)
        columns = tuple(c for c in (living[0] if living else {}) if c in declared)
        columns = tuple(c for c in columns if any(row[c] is not None for row in living))
        head = (*columns, "diterima", "versi")
        body = [
            (*(_cell(row[c]) for c in columns), _moment(row["received_at"]), row["version"])
            for row in sorted(living, key=lambda row: tuple(str(row[c]) for c in columns))
        ]
        made.append(Table(name, title, head, body))
    return made


def _number(value: float | None) -> Cell:
    return None if value is None else int(value) if float(value).is_integer() else round(float(value), 2)


def _moment(value: datetime | None) -> Cell:
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Any) -> Cell:
    match value:
        case None | bool() | int():
            return value
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case float():
            return _number(value)
        case _:
            return str(value)
