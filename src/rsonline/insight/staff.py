"""Staff and protective equipment: need against existing against received; infected health workers; PCR tests.

Rows are those of `sdm` and `apd` (one entry of the list of one hospital), `nakes_terinfeksi` and `pcr_nakes` (one day
of one hospital).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, ratio, total
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.places import NATION, Level, Places, Scope, grouped, today_of, within
from rsonline.reports.kinds import nakes_terinfeksi, pcr_nakes
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

PERCENT = Words("%", "%")
PEOPLE = Words("orang", "people")
PIECES = Words("menurut daftar (orang atau buah)", "as the list says (people or items)")
DELETED = Words("Laporan sudah dihapus", "The report was deleted")
NOT_TOLD = Words("Tidak diisi", "Not filled in")
NEEDS = Words(
    "Petunjuk teknis RS Online versi 3, III.C dan III.D; rumus lokal",
    "RS Online guide version 3, III.C and III.D; own formula",
)
GAP = Indicator(
    name="kebutuhan_kurang",
    title=Words("Kebutuhan yang belum terpenuhi", "Needs not yet met"),
    formula=Words(
        "Σ max(jumlah − jumlah_diterima, 0); yang diterima lebih tidak menutup kekurangan rumah sakit lain",
        "Σ max(jumlah − jumlah_diterima, 0); what one received beyond its need does not fill another's gap",
    ),
    version=1,
    source=NEEDS,
    unit=PIECES,
    reasons={
        "deleted": DELETED,
        "need_not_told": Words("Kebutuhan tidak diisi", "The need was not filled in"),
        "received_not_told": Words("Yang diterima tidak diisi", "What was received was not filled in"),
    },
)
MET = Indicator(
    name="kebutuhan_terpenuhi",
    title=Words("Kebutuhan terpenuhi", "Needs met"),
    formula=Words("Σ min(jumlah_diterima, jumlah) ÷ Σ jumlah × 100", "Σ min(jumlah_diterima, jumlah) ÷ Σ jumlah × 100"),
    version=1,
    source=NEEDS,
    unit=PERCENT,
    reasons={**GAP.reasons, "no_need": Words("Kebutuhan nol", "No need")},
)
EXISTING = Indicator(
    name="kebutuhan_eksisting",
    title=Words("Yang ada sekarang", "Existing"),
    formula=Words("Σ jumlah_eksisting", "Σ jumlah_eksisting"),
    version=1,
    source=NEEDS,
    unit=PIECES,
    reasons={"deleted": DELETED, "not_told": NOT_TOLD},
)
INFECTED = Indicator(
    name="nakes_terinfeksi",
    title=Words("Nakes terinfeksi", "Infected health workers"),
    formula=Words(
        "Σ angka harian satu hasil (terinfeksi, dirawat, isoman, sembuh, meninggal) pada hari setempat",
        "Σ of the daily figure of one outcome (infected, in hospital, at home, recovered, died) on the local day",
    ),
    version=1,
    source=Words("Petunjuk teknis RS Online versi 3, III.F", "RS Online guide version 3, III.F"),
    unit=PEOPLE,
    reasons={"deleted": DELETED, "not_told": NOT_TOLD},
)
PCR = Words("Petunjuk teknis RS Online versi 3, III.E; rumus lokal", "RS Online guide version 3, III.E; own formula")
_IMPOSSIBLE = {
    "positive_more_than_tested": Words("Positif lebih banyak dari yang diperiksa", "More positive than tested"),
    "tested_more_than_staff": Words("Diperiksa lebih banyak dari tenaga", "More tested than staff"),
}
POSITIVITY = Indicator(
    name="pcr_positif",
    title=Words("PCR nakes positif", "Positive PCR tests of health workers"),
    formula=Words(
        "Σ hasil_pcr ÷ Σ sudah_periksa × 100 dari laporan terakhir tiap rumah sakit dalam jangka waktu",
        "Σ hasil_pcr ÷ Σ sudah_periksa × 100 of each hospital's last report in the window",
    ),
    version=1,
    source=PCR,
    unit=PERCENT,
    reasons={**_IMPOSSIBLE, "not_told": NOT_TOLD, "none_tested": Words("Tidak ada yang diperiksa", "Nobody tested")},
)
IMPOSSIBLE = Indicator(
    name="pcr_mustahil",
    title=Words("Angka PCR yang mustahil", "Impossible PCR figures"),
    formula=Words(
        "Banyaknya angka profesi dengan positif > diperiksa, atau diperiksa > tenaga",
        "Figures of a profession with more positive than tested, or more tested than staff",
    ),
    version=1,
    source=PCR,
    unit=Words("angka", "figures"),
    reasons={"possible": Words("Mungkin", "Possible"), "not_told": NOT_TOLD},
)
INDICATORS = (GAP, MET, EXISTING, INFECTED, POSITIVITY, IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class StaffRules:
    """Configuration: from how many local days (with today) a hospital's last PCR report counts."""

    window: int = 30


RULES = StaffRules()

# ---- needs


def _without_need(row: Row) -> str | None:
    if row["deleted_at"] is not None:
        return "deleted"
    if row["jumlah"] is None:
        return "need_not_told"
    return "received_not_told" if row["jumlah_diterima"] is None else None


def gap_of(row: Row) -> int:
    """What a row still lacks: never less than nothing."""
    return max(int(row["jumlah"]) - int(row["jumlah_diterima"]), 0)


def surplus_of(row: Row) -> int:
    """What a row received beyond its need."""
    return max(int(row["jumlah_diterima"]) - int(row["jumlah"]), 0)


def gap(rows: Iterable[Row], now: datetime) -> Tile[Row]:
    """What is lacking. Always jumlah − diterima = value − lebih. Rows should be of one item: gowns are not goggles."""
    return total(
        GAP,
        rows,
        _without_need,
        gap_of,
        now,
        jumlah=lambda r: r["jumlah"],
        diterima=lambda r: r["jumlah_diterima"],
        lebih=surplus_of,
    )


def met(rows: Iterable[Row], now: datetime) -> Tile[Row]:
    """Which part of the need was received; never more than 100, whoever received too much."""
    return ratio(
        MET,
        rows,
        lambda r: _without_need(r) or (None if r["jumlah"] else "no_need"),
        lambda r: min(r["jumlah_diterima"], r["jumlah"]),
        lambda r: r["jumlah"],
        now,
        ("diterima", "jumlah"),
    )


def existing(rows: Iterable[Row], now: datetime) -> Tile[Row]:
    """What there is."""

    def without(row: Row) -> str | None:
        if row["deleted_at"] is not None:
            return "deleted"
        return "not_told" if row["jumlah_eksisting"] is None else None

    return total(EXISTING, rows, without, lambda r: r["jumlah_eksisting"], now)


class Needs(NamedTuple):
    """The tiles of one item in one place: `item` is its `id_kebutuhan`, `code` of a hospital or region."""

    item: str
    code: str
    gap: Tile[Row]
    met: Tile[Row]
    existing: Tile[Row]


def needs(rows: Iterable[Row], places: Places, now: datetime, level: Level, *, scope: Scope = NATION) -> list[Needs]:
    """Each item at each hospital, regency, province, or in the nation, by item and code. Items are never added up."""
    items: dict[str, list[Row]] = {}
    for row in within(rows, places, scope):
        items.setdefault(row["id_kebutuhan"], []).append(row)
    return [
        Needs(item, code, gap(some, now), met(some, now), existing(some, now))
        for item in sorted(items, key=lambda i: (len(i), i))
        for code, some in grouped(items[item], places, level).items()
    ]


# ---- infected health workers

Outcome = Literal["terinfeksi", "dirawat", "isoman", "sembuh", "meninggal"]
OUTCOMES: tuple[Outcome, ...] = ("terinfeksi", "dirawat", "isoman", "sembuh", "meninggal")


def told(row: Row, role: str, outcome: Outcome) -> int | None:
    """The figure of a profession and an outcome on a row's day."""
    value: int | None = row[role if outcome == "terinfeksi" else f"{role}_{outcome}"]
    return value


def infected(
    rows: Iterable[Row],
    places: Places,
    day: date,
    outcome: Outcome,
    now: datetime,
    *,
    scope: Scope = NATION,
    roles: Iterable[str] = nakes_terinfeksi.ROLES,
) -> Tile[Row]:
    """One outcome on one local day, over some professions; `parts` are the professions.

    Days are not added up here: of those in hospital or at home nobody says whether they are new or still there.
    """
    wanted = tuple(roles)

    def without(row: Row) -> str | None:
        if row["deleted_at"] is not None:
            return "deleted"
        return "not_told" if all(told(row, role, outcome) is None for role in wanted) else None

    found = [row for row in within(rows, places, scope) if row["tanggal"] == day]
    tile = total(INFECTED, found, without, lambda r: sum(told(r, role, outcome) or 0 for role in wanted), now)
    parts = {role: float(sum(told(r, role, outcome) or 0 for r in tile.included)) for role in wanted}
    return Tile(INFECTED, tile.value, tile.included, tile.excluded, now, tile.oldest, parts)


def infected_by_day(
    rows: Iterable[Row], places: Places, first: date, last: date, now: datetime, *, scope: Scope = NATION
) -> list[tuple[date, Mapping[Outcome, Tile[Row]]]]:
    """Every outcome on each local day, earliest first; a day without a row has None."""
    days: dict[date, list[Row]] = {first + timedelta(days=n): [] for n in range((last - first).days + 1)}
    for row in within(rows, places, scope):
        if row["tanggal"] in days:
            days[row["tanggal"]].append(row)
    return [(day, {o: infected(some, places, day, o, now) for o in OUTCOMES}) for day, some in days.items()]


# ---- PCR


class Tested(NamedTuple):
    """One profession in one report: how many there are, were tested, were positive."""

    kode_rs: str
    day: date
    role: str
    staff: int | None
    tested: int | None
    positive: int | None
    heard: datetime


def last_tests(
    rows: Iterable[Row],
    places: Places,
    now: datetime,
    *,
    scope: Scope = NATION,
    rules: StaffRules = RULES,
    roles: Iterable[str] = pcr_nakes.ROLES,
) -> list[Tested]:
    """The professions of each hospital's last report in the window, by hospital.

    Only the last one: the guide's "sudah diperiksa" reads like a running total, and adding up days would count the
    same tests again.
    """
    last: dict[str, Row] = {}
    for row in within(rows, places, scope):
        today = today_of(row["kode_rs"], places, now)
        if row["deleted_at"] is None and today - timedelta(days=rules.window) < row["tanggal"] <= today:
            known = last.get(row["kode_rs"])
            if known is None or known["tanggal"] < row["tanggal"]:
                last[row["kode_rs"]] = row
    wanted = tuple(roles)
    return [
        Tested(
            code,
            row["tanggal"],
            role,
            row[f"jumlah_tenaga_{role}"],
            row[f"sudah_periksa_{role}"],
            row[f"hasil_pcr_{role}"],
            row["updated_at"],
        )
        for code, row in sorted(last.items())
        for role in wanted
    ]


def impossible(one: Tested) -> str | None:
    """What cannot be about a figure; None where nothing is, or where what it hangs on was not filled in."""
    if one.tested is None:
        return None
    if (one.positive or 0) > one.tested:
        return "positive_more_than_tested"
    return "tested_more_than_staff" if one.staff is not None and one.tested > one.staff else None


def positivity(found: Iterable[Tested], now: datetime) -> Tile[Tested]:
    """Positive tests in percent of tests; impossible figures are left out and shown."""

    def without(one: Tested) -> str | None:
        odd = impossible(one)
        if odd is not None:
            return odd
        if one.tested is None or one.positive is None:
            return "not_told"
        return None if one.tested else "none_tested"

    return ratio(
        POSITIVITY,
        found,
        without,
        lambda one: one.positive or 0,
        lambda one: one.tested or 0,
        now,
        ("positif", "diperiksa"),
    )


def impossible_figures(found: Iterable[Tested], now: datetime) -> Tile[Tested]:
    """The figures that cannot be."""

    def without(one: Tested) -> str | None:
        if impossible(one) is not None:
            return None
        return "not_told" if one.tested is None else "possible"

    return count(IMPOSSIBLE, found, without, now)


class Contradiction(NamedTuple):
    """A total that is not the sum of its professions."""

    kode_rs: str
    day: date
    member: str
    total: int
    sum: int


def contradictions(rows: Iterable[Row], places: Places, *, scope: Scope = NATION) -> list[Contradiction]:
    """Totals of PCR reports that differ from the sum of their professions."""
    sums = (
        ("rekap_jumlah_tenaga", "jumlah_tenaga"),
        ("rekap_jumlah_sudah_diperiksa", "sudah_periksa"),
        ("rekap_jumlah_hasil_pcr", "hasil_pcr"),
    )
    found = []
    for row in within(rows, places, scope):
        for member, part in sums:
            added = sum(row[f"{part}_{role}"] or 0 for role in pcr_nakes.ROLES)
            if row["deleted_at"] is None and row[member] is not None and row[member] != added:
                found.append(Contradiction(row["kode_rs"], row["tanggal"], member, row[member], added))
    return found
