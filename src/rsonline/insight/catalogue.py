"""Every figure that pages, programs and exports show: from which rows, by which function, listed with which columns.

A section says which rows of a hospital it looks at and prepares them once; its figures are tiles of what was prepared.
The same functions make the figure of a hospital, of a region and of the nation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from rsonline.insight import beds, covid, discipline, honest, oxygen, screening, staff, staleness, waiting
from rsonline.insight.digest import How, Rule
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.places import Places, local_day, province_zone
from rsonline.insight.screening_alarm import Receiver
from rsonline.insight.screening_clock import Action, Baby, Clock, Decision, babies, clocks
from rsonline.insight.visits import CLINIC, SEGMENTS, STAY, Span, Visit, minutes, visits
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

Rows = Mapping[str, Sequence[Any]]
"""Rows by the name of their table."""


class Ready(NamedTuple):
    """What a section prepared, for whoever makes its tiles."""

    rows: Any
    places: Places
    now: datetime

    @property
    def today(self) -> date:
        """The day in Jakarta."""
        return local_day(self.now, province_zone(None))


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One number of the product. `key` is its address; `columns` are the members shown of each row behind it.

    `good` says which way is better: up, down, or none that can be told. `minor` ones stand behind the others.
    """

    key: str
    rule: Rule
    tile: Callable[[Ready], Tile[Any]]
    columns: tuple[str, ...]
    title: Words | None = None
    good: str = ""
    minor: bool = False

    @property
    def indicator(self) -> Indicator:
        """What it is a figure of."""
        return self.rule.indicator

    @property
    def called(self) -> Words:
        """What pages call it."""
        return self.title or self.indicator.title


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """Figures that are made of the same rows. `tables` are read; `prepare` turns them into what the tiles need.

    `groups` splits what was prepared (by bed type), and `grouped` are the figures that are made of each group too.
    """

    name: str
    title: Words
    tables: tuple[str, ...]
    figures: tuple[Figure, ...]
    prepare: Callable[[Rows, Places, datetime], Any]
    groups: Callable[[Any], Mapping[str, Any]] | None = None
    grouped: tuple[str, ...] = ()
    daily: bool = False
    """About complete days only: counted once on each local day, and not whenever something arrives."""
    written: tuple[str, ...] = ()
    """The reports whose messages change the section, where `tables` are not theirs."""
    until: Callable[[Any, datetime], datetime | None] | None = None
    """The moment from which what was prepared says something else although nothing arrives."""

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The reports whose messages change the section."""
        return self.written or self.tables


def _figure(
    indicator: Indicator,
    tile: Callable[[Ready], Tile[Any]],
    columns: str,
    how: How = "sum",
    *,
    key: str = "",
    names: tuple[str, str] = ("", ""),
    spread: Callable[[Any], float] | None = None,
    title: Words | None = None,
    good: str = "",
    minor: bool = False,
) -> Figure:
    rule = Rule(indicator=indicator, how=how, names=names, spread=spread)
    return Figure(
        key=key or indicator.name,
        rule=rule,
        tile=tile,
        columns=tuple(columns.split()),
        title=title,
        good=good,
        minor=minor,
    )


def _by(member: str) -> Callable[[list[Row]], Mapping[str, list[Row]]]:
    """Rows by a member."""

    def split(rows: list[Row]) -> Mapping[str, list[Row]]:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[member], []).append(row)
        return groups

    return split


# ---- beds

_ROOM = "kode_rs id_tt ruang jumlah terpakai updated_at"
BEDS = Section(
    name="tempat-tidur",
    title=Words("Tempat tidur", "Beds"),
    tables=("tempat_tidur",),
    prepare=lambda rows, places, now: list(rows["tempat_tidur"]),
    groups=_by("id_tt"),
    grouped=("tempat_tidur_kosong", "hunian_sekarang", "antrian_tempat_tidur"),
    figures=(
        _figure(beds.FREE, lambda r: beds.free_beds(r.rows, r.now), _ROOM, good="up"),
        _figure(beds.OCCUPANCY, lambda r: beds.occupancy(r.rows, r.now), _ROOM, "ratio", names=("terpakai", "jumlah")),
        _figure(beds.OVERFULL, lambda r: beds.overfull(r.rows, r.now), _ROOM, good="down"),
        _figure(beds.QUEUE, lambda r: beds.queue(r.rows, r.now), "kode_rs id_tt ruang antrian updated_at", good="down"),
        _figure(
            beds.COVID,
            lambda r: beds.covid_beds(r.rows, r.now),
            "kode_rs id_tt ruang jumlah terpakai terpakai_suspek terpakai_konfirmasi updated_at",
            good="up",
        ),
        _figure(
            beds.DENGUE,
            lambda r: beds.dengue_beds(r.rows, r.now),
            "kode_rs id_tt ruang jumlah_dbd terpakai_dbd terpakai_dbd_anak updated_at",
        ),
    ),
)

# ---- whether the figures about beds still live


def _standing(state: staleness.State, good: str) -> Figure:
    def tile(ready: Ready) -> Tile[staleness.Standing]:
        return staleness.standing_as(state, ready.rows, ready.now)

    return _figure(staleness.COUNTED[state], tile, _STANDING, good=good)


_STANDING = "kode_rs state tick changed confirmed repeats rhythm heard"
FRESHNESS = Section(
    name="kesegaran",
    title=Words("Tempat tidur: kesegaran data", "Beds: do the figures live"),
    tables=("bed_round",),
    written=("tempat_tidur",),
    prepare=lambda rows, places, now: staleness.standings(rows["bed_round"], places, now),
    until=staleness.until,
    figures=(
        _figure(
            staleness.LIVELY,
            lambda r: staleness.lively(r.rows, r.now),
            _STANDING,
            "ratio",
            names=("centang", "rumah_sakit"),
            good="up",
        ),
        _standing("changed", "up"),
        _standing("confirmed", "up"),
        _standing("unchanged", "down"),
        _standing("copied", "down"),
        _standing("silent", "down"),
    ),
)

# ---- oxygen


class OxygenReady(NamedTuple):
    """The oxygen reports of the window, and how long each hospital's stock lasts."""

    rows: list[Row]
    lasting: list[oxygen.Lasting]
    figures: list[oxygen.Figure]


def _oxygen(rows: Rows, places: Places, now: datetime) -> OxygenReady:
    found = list(rows["oksigen"])
    return OxygenReady(found, oxygen.all_lasting(found, places, now), oxygen.figures(found, places))


def _used(ready: Ready) -> Tile[Row]:
    last = ready.today - timedelta(days=1)
    return oxygen.use(ready.rows.rows, ready.places, last - timedelta(days=6), last, ready.now)


_LASTING = "kode_rs stock rate left dry day heard"
OXYGEN = Section(
    name="oksigen",
    title=Words("Oksigen", "Oxygen"),
    tables=("oksigen",),
    prepare=_oxygen,
    figures=(
        _figure(oxygen.DRY_SOON, lambda r: oxygen.dry_soon(r.rows.lasting, r.now), _LASTING, good="down"),
        _figure(
            oxygen.DAYS_LEFT,
            lambda r: oxygen.days_left(r.rows.lasting, r.now),
            _LASTING,
            "median",
            spread=lambda one: one.left or 0.0,
            good="up",
        ),
        _figure(oxygen.STOCK, lambda r: oxygen.stock(r.rows.lasting, r.now), _LASTING, good="up"),
        _figure(
            oxygen.USE,
            _used,
            "kode_rs tanggal p_cair p_tabung_kecil p_tabung_sedang p_tabung_besar updated_at",
            title=Words("Pemakaian oksigen, 7 hari terakhir", "Oxygen used in the last 7 days"),
        ),
        _figure(
            oxygen.JUMPS,
            lambda r: oxygen.jumps(r.rows.figures, r.now),
            "kode_rs day member raw usual heard",
            good="down",
        ),
    ),
)

# ---- staff and protective equipment


def _needs(table: str, of: Words) -> tuple[Figure, ...]:
    columns = "kode_rs id_kebutuhan jumlah_eksisting jumlah jumlah_diterima updated_at"

    def called(indicator: Indicator) -> Words:
        return Words(f"{of.id}: {indicator.title.id.lower()}", f"{of.en}: {indicator.title.en.lower()}")

    return (
        _figure(
            staff.GAP,
            lambda r: staff.gap(r.rows, r.now),
            columns,
            key=f"{table}_kurang",
            title=called(staff.GAP),
            good="down",
        ),
        _figure(
            staff.MET,
            lambda r: staff.met(r.rows, r.now),
            columns,
            "ratio",
            key=f"{table}_terpenuhi",
            names=("diterima", "jumlah"),
            title=called(staff.MET),
            good="up",
        ),
        _figure(
            staff.EXISTING,
            lambda r: staff.existing(r.rows, r.now),
            columns,
            key=f"{table}_eksisting",
            title=called(staff.EXISTING),
        ),
    )


STAFF = Section(
    name="sdm",
    title=Words("SDM", "Staff"),
    tables=("sdm",),
    prepare=lambda rows, places, now: list(rows["sdm"]),
    figures=_needs("sdm", Words("SDM", "Staff")),
)
EQUIPMENT = Section(
    name="apd",
    title=Words("APD", "Protective equipment"),
    tables=("apd",),
    prepare=lambda rows, places, now: list(rows["apd"]),
    figures=_needs("apd", Words("APD", "Equipment")),
)


class HealthReady(NamedTuple):
    """The daily reports about health workers, and each profession's last tests."""

    infected: list[Row]
    tested: list[staff.Tested]


def _infected(outcome: staff.Outcome, title: Words) -> Figure:
    def tile(ready: Ready) -> Tile[Row]:
        yesterday = ready.today - timedelta(days=1)
        return staff.infected(ready.rows.infected, ready.places, yesterday, outcome, ready.now)

    return _figure(
        staff.INFECTED,
        tile,
        "kode_rs tanggal updated_at",
        key=f"nakes_{outcome}",
        title=title,
        good="down",
    )


_TESTED = "kode_rs day role staff tested positive heard"
HEALTH = Section(
    name="nakes",
    title=Words("Tenaga kesehatan", "Health workers"),
    tables=("nakes_terinfeksi", "pcr_nakes"),
    prepare=lambda rows, places, now: HealthReady(
        list(rows["nakes_terinfeksi"]), staff.last_tests(rows["pcr_nakes"], places, now)
    ),
    figures=(
        _infected("terinfeksi", Words("Nakes terinfeksi, kemarin", "Health workers infected, yesterday")),
        _infected("dirawat", Words("Nakes dirawat, kemarin", "Health workers in hospital, yesterday")),
        _infected("meninggal", Words("Nakes meninggal, kemarin", "Health workers who died, yesterday")),
        _figure(
            staff.POSITIVITY,
            lambda r: staff.positivity(r.rows.tested, r.now),
            _TESTED,
            "ratio",
            names=("positif", "diperiksa"),
            good="down",
        ),
        _figure(staff.IMPOSSIBLE, lambda r: staff.impossible_figures(r.rows.tested, r.now), _TESTED, good="down"),
    ),
)

# ---- newborn screening


class ScreeningReady(NamedTuple):
    """The babies, their clocks, and what they are measured against."""

    babies: list[Baby]
    clocks: list[Clock]
    births: Mapping[tuple[str, date], int]
    """Live births by hospital and month."""


def _screening(rows: Rows, places: Places, now: datetime) -> ScreeningReady:
    actions: Sequence[Action] = rows.get("shk_action", ())
    decisions: Sequence[Decision] = rows.get("shk_merge", ())
    found = babies(rows["shk"], rows["shk_hasil"], actions, decisions, places)
    told = {(each.kode_rs, each.month): each.births for each in rows.get("live_births", ())}
    return ScreeningReady(found, clocks(found, places, now), told)


def _coverage(ready: Ready) -> Tile[Baby]:
    """Coverage over the last complete months of each hospital."""
    months = {code: screening.covered_months(local_day(ready.now, p.zone)) for code, p in ready.places.items()}
    found = [baby for baby in ready.rows.babies if baby.born.replace(day=1) in months.get(baby.kode_rs, ())]
    told = {(code, month): n for (code, month), n in ready.rows.births.items() if month in months.get(code, ())}
    return screening.coverage(found, told, ready.places, ready.now)


_BABY = "kode_rs id_shk born sampled sent arrived known high recalled confirmed treated heard"
_CLOCK = "kode_rs id_shk step state opened due over urgent heard"


def _leg(span: screening.Span) -> Figure:
    first, last = span

    def days(baby: Baby) -> float:
        return float((getattr(baby, last) - getattr(baby, first)).days)

    def tile(ready: Ready) -> Tile[Baby]:
        return screening.days_of(span, ready.rows.babies, ready.now)

    return _figure(screening.LEGS[span], tile, _BABY, "median", spread=days, good="down", minor=True)


def _alarm(level: Receiver) -> Figure:
    def tile(ready: Ready) -> Tile[Clock]:
        return screening.alarmed(level, ready.rows.clocks, ready.places, ready.now)

    return _figure(screening.ALARMS[level], tile, _CLOCK, good="down")


def _listed(state: screening.Listed) -> Figure:
    def tile(ready: Ready) -> Tile[Clock]:
        return screening.listed(state, ready.rows.clocks, ready.now)

    return _figure(screening.LISTS[state], tile, _CLOCK, good="" if state == "waiting" else "down")


SCREENING = Section(
    name="shk",
    title=Words("Skrining hipotiroid kongenital", "Newborn thyroid screening"),
    tables=("shk", "shk_hasil", "shk_action", "shk_merge", "live_births"),
    prepare=_screening,
    figures=(
        _alarm("hospital"),
        _alarm("regency"),
        _alarm("province"),
        _listed("waiting"),
        _listed("late"),
        _listed("lost"),
        _figure(
            screening.COVERAGE,
            _coverage,
            _BABY,
            "ratio",
            names=("bayi", "kelahiran_hidup"),
            title=Words("Cakupan SHK, 3 bulan terakhir yang lengkap", "Screening coverage, last 3 complete months"),
            good="up",
        ),
        _figure(
            screening.IN_TIME,
            lambda r: screening.in_time(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("tepat", ""),
            good="up",
        ),
        _figure(
            screening.UNFIT,
            lambda r: screening.unfit(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("ditolak", "dinilai"),
            good="down",
        ),
        _figure(
            screening.HIGH,
            lambda r: screening.high(r.rows.babies, r.now),
            _BABY,
            "ratio",
            names=("tsh_tinggi", "dengan_hasil"),
        ),
        *(_leg(span) for span in screening.SPANS),
    ),
)

# ---- patients


def _by_group(ready: Ready) -> Tile[Row]:
    """Who is in care, with how many of each group among the parts (`severity:3`)."""
    tile = covid.in_care(ready.rows, ready.places, ready.now)
    parts = dict(tile.parts)
    for by, member in covid.MEMBERS.items():
        for row in tile.included:
            name = f"{by}:{'' if row[member] is None else row[member]}"
            parts[name] = parts.get(name, 0) + 1
    return Tile(tile.indicator, tile.value, tile.included, tile.excluded, tile.per, tile.oldest, parts)


_PATIENT = (
    "kode_rs laporanCovid19Versi3Id tanggalMasuk severityLevelId alatOksigenId statusRawatId kelompokUmurId updated_at"
)
_LEFT = "kode_rs laporanCovid19Versi3Id tanggalMasuk tanggalKeluar statusKeluarId updated_at"


def _yesterday(of: Callable[..., Tile[Row]]) -> Callable[[Ready], Tile[Row]]:
    return lambda r: of(r.rows, r.places, r.today - timedelta(days=1), r.now)


PATIENTS = Section(
    name="pasien-covid",
    title=Words("Pasien COVID-19", "COVID-19 patients"),
    tables=("pasien_covid",),
    prepare=lambda rows, places, now: list(rows["pasien_covid"]),
    figures=(
        _figure(covid.IN_CARE, _by_group, _PATIENT, good="down"),
        _figure(
            covid.ADMITTED,
            _yesterday(covid.admitted),
            _PATIENT,
            title=Words("Pasien COVID-19 masuk, kemarin", "COVID-19 patients admitted yesterday"),
            good="down",
        ),
        _figure(
            covid.DISCHARGED,
            _yesterday(covid.discharged),
            _LEFT,
            title=Words("Pasien COVID-19 keluar hidup, kemarin", "COVID-19 patients discharged alive yesterday"),
        ),
        _figure(
            covid.DEATHS,
            _yesterday(covid.deaths),
            _LEFT,
            title=Words("Pasien COVID-19 meninggal, kemarin", "COVID-19 patients who died yesterday"),
            good="down",
        ),
    ),
)

# ---- discipline


class DisciplineReady(NamedTuple):
    """What is expected of the hospitals, when each was last heard of, and by which rules."""

    expected: list[discipline.Expected]
    heard: list[discipline.Heard]
    rules: discipline.DisciplineRules


def _discipline(rows: Rows, places: Places, now: datetime) -> DisciplineReady:
    rules = replace(discipline.RULES, quiet=tuple(rows.get("quiet", ())))
    found = discipline.expected(rows, places, now, rules)
    return DisciplineReady(found, discipline.heard(rows, places, now), rules)


_EXPECTED = "kode_rs kind day by received"
DISCIPLINE = Section(
    name="disiplin",
    title=Words("Kedisiplinan pelaporan, 30 hari", "Reporting discipline, 30 days"),
    tables=(*discipline.KINDS, "tempat_tidur", "quiet"),
    prepare=_discipline,
    figures=(
        _figure(
            discipline.SILENT,
            lambda r: discipline.silent(r.rows.heard, r.places, r.now, r.rows.rules),
            "kode_rs heard hours since",
            good="down",
        ),
        _figure(discipline.MISSING, lambda r: discipline.missing(r.rows.expected, r.now), _EXPECTED, good="down"),
        _figure(
            discipline.RECEIVED,
            lambda r: discipline.received(r.rows.expected, r.now),
            _EXPECTED,
            "ratio",
            names=("diterima", "diharapkan"),
            good="up",
        ),
        _figure(
            discipline.IN_TIME,
            lambda r: discipline.in_time(r.rows.expected, r.now),
            _EXPECTED,
            "ratio",
            names=("tepat_waktu", "diharapkan"),
            good="up",
        ),
    ),
)

# ---- waiting times

WAITING_DAYS = 7
"""How many complete local days the figures are about."""


class WaitingReady(NamedTuple):
    """The visits of the last complete days, and what each clinic's day looks like."""

    visits: list[Visit]
    days: list[honest.ClinicDay]


def _waiting(rows: Rows, places: Places, now: datetime) -> WaitingReady:
    found = [
        visit
        for visit in visits(rows["antrian"], rows["antrian_task"], places, now)
        if visit.today - timedelta(days=WAITING_DAYS) <= visit.day < visit.today
    ]
    return WaitingReady(found, honest.clinic_days(found))


_VISIT = "kode_rs day poli jenispasien hour heard"
_CLINIC_DAY = "kode_rs poli day state kinds patients gaps heard"


def _reading(span: Span | None, *, minor: bool = False) -> Figure:
    def tile(ready: Ready) -> Tile[Visit]:
        return waiting.lasting(span, ready.rows.visits, ready.now)

    def spread(visit: Visit) -> float:
        return minutes(visit, span)

    return _figure(waiting.READINGS[span], tile, _VISIT, "median", spread=spread, good="down", minor=minor)


def _sign(kind: honest.Kind) -> Figure:
    def tile(ready: Ready) -> Tile[honest.ClinicDay]:
        return honest.with_sign(kind, ready.rows.days, ready.now)

    return _figure(honest.SIGNS[kind], tile, _CLINIC_DAY, good="down", minor=True)


def _by_clinic(ready: WaitingReady) -> Mapping[str, WaitingReady]:
    groups: dict[str, list[Visit]] = {}
    for visit in ready.visits:
        groups.setdefault(visit.poli, []).append(visit)
    return {poli: WaitingReady(some, []) for poli, some in groups.items()}


WAITING = Section(
    name="waktu-tunggu",
    title=Words("Waktu tunggu rawat jalan, 7 hari sampai kemarin", "Outpatient waiting times, 7 days until yesterday"),
    tables=("antrian", "antrian_task"),
    prepare=_waiting,
    groups=_by_clinic,
    grouped=(waiting.WITHIN.name, waiting.READINGS[None].name),
    daily=True,
    figures=(
        _figure(
            waiting.WITHIN,
            lambda r: waiting.within_target(r.rows.visits, r.now),
            _VISIT,
            "ratio",
            names=("dalam_batas", "dihitung"),
            good="up",
        ),
        _reading(None),
        _reading(CLINIC),
        _reading(STAY),
        _figure(
            honest.ODD,
            lambda r: honest.odd_days(r.rows.days, r.now),
            _CLINIC_DAY,
            "ratio",
            names=("patut_ditanyakan", "dinilai"),
            good="down",
        ),
        *(_reading(span, minor=True) for span in SEGMENTS if span != CLINIC),
        *(_sign(kind) for kind in honest.KINDS),
    ),
)

SECTIONS: tuple[Section, ...] = (
    BEDS,
    FRESHNESS,
    DISCIPLINE,
    WAITING,
    OXYGEN,
    SCREENING,
    PATIENTS,
    HEALTH,
    STAFF,
    EQUIPMENT,
)
FIGURES: Mapping[str, tuple[Section, Figure]] = {
    figure.key: (section, figure) for section in SECTIONS for figure in section.figures
}
"""Every figure by its key."""
