"""Oxygen: what is used, what is left, for how many days it lasts, and who runs dry first.

Rows are those of `oksigen`. All is m³ of gas as the hospital sent it: nothing is converted or mended. A blank is not
a zero; a zero of use among days with use is taken for a day that nobody filled in.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, oldest, total
from rsonline.insight.indicator import Indicator, Tile, median, sort_out
from rsonline.insight.places import NATION, Places, Scope, today_of, within
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

Form = Literal["cair", "tabung_kecil", "tabung_sedang", "tabung_besar"]
FORMS: tuple[Form, ...] = ("cair", "tabung_kecil", "tabung_sedang", "tabung_besar")
UNIT = "m³"

GUIDE = Words("Petunjuk teknis RS Online versi 3, III.G; rumus lokal", "RS Online guide version 3, III.G; own formula")
M3 = Words("m³", "m³")
DELETED = Words("Laporan sudah dihapus", "The report was deleted")
NOT_TOLD = Words("Tidak diisi", "Not filled in")
USE = Indicator(
    name="oksigen_pemakaian",
    title=Words("Pemakaian oksigen", "Oxygen used"),
    formula=Words("Σ p_… menurut bentuk, m³ seperti dikirim", "Σ p_… by form, m³ as sent"),
    version=1,
    source=GUIDE,
    unit=M3,
    reasons={"deleted": DELETED, "not_told": NOT_TOLD},
)
STOCK = Indicator(
    name="oksigen_persediaan",
    title=Words("Persediaan oksigen", "Oxygen in stock"),
    formula=Words(
        "Σ k_isi_… dari laporan terakhir tiap rumah sakit, m³ seperti dikirim",
        "Σ k_isi_… of each hospital's last report, m³ as sent",
    ),
    version=1,
    source=GUIDE,
    unit=M3,
    reasons={"no_report": Words("Tidak ada laporan persediaan dalam jangka waktu", "No stock reported in the window")},
)
_DAYS_REASONS = {
    "no_report": Words("Tidak ada laporan persediaan dalam jangka waktu", "No stock reported in the window"),
    "too_few_days": Words("Terlalu sedikit hari dengan pemakaian", "Too few days with use"),
    "no_use": Words("Tidak memakai oksigen dalam jangka waktu", "No oxygen used in the window"),
}
DAYS_LEFT = Indicator(
    name="oksigen_hari_tersisa",
    title=Words("Oksigen cukup untuk (median)", "Oxygen lasts (median)"),
    formula=Words(
        "Median antar rumah sakit dari: persediaan ÷ laju, dikurangi hari sejak laporan, tidak kurang dari 0. Laju: "
        "median pemakaian harian pada hari dengan pemakaian > 0 dalam jangka waktu",
        "Median over the hospitals of: stock ÷ rate, less the days since that report, not below 0. Rate: median of the "
        "daily use on days with use > 0 in the window",
    ),
    version=1,
    source=GUIDE,
    unit=Words("hari", "days"),
    reasons=_DAYS_REASONS,
)
DRY_SOON = Indicator(
    name="oksigen_segera_habis",
    title=Words("Rumah sakit yang oksigennya segera habis", "Hospitals that soon run dry"),
    formula=Words(
        "Banyaknya rumah sakit dengan hari tersisa kurang dari batas, yang habis lebih dulu di atas",
        "Hospitals with fewer days left than the limit, first to run dry first",
    ),
    version=1,
    source=GUIDE,
    unit=Words("rumah sakit", "hospitals"),
    reasons={**_DAYS_REASONS, "enough": Words("Cukup lebih lama dari batas", "Lasts longer than the limit")},
)
JUMPS = Indicator(
    name="oksigen_lonjakan",
    title=Words("Angka oksigen yang melonjak", "Oxygen figures that jump"),
    formula=Words(
        "Angka yang lebih dari sekian kali, atau kurang dari sepersekian, median angka lain rumah sakit dan kolom yang "
        "sama: mungkin jumlah tabung, bukan m³",
        "Figures more than so many times, or less than that part of, the median of the hospital's other figures of the "
        "same column: perhaps pieces, not m³",
    ),
    version=1,
    source=GUIDE,
    unit=Words("angka", "figures"),
    reasons={
        "plausible": Words("Wajar", "Plausible"),
        "too_few": Words("Terlalu sedikit angka pembanding", "Too few figures to compare with"),
        "zero": Words("Nol", "Zero"),
    },
)
INDICATORS = (USE, STOCK, DAYS_LEFT, DRY_SOON, JUMPS)


@dataclass(frozen=True, slots=True)
class OxygenRules:
    """Configuration: the window of local days (with today), the days with use that a rate needs, when it is soon,
    and by how many times a figure jumps and beside how many others."""

    window: int = 7
    least_days: int = 3
    soon: float = 3.0
    jump: float = 10.0
    compare: int = 5


RULES = OxygenRules()


def amount(row: Row, kind: Literal["p", "k_isi"], forms: Iterable[Form] = FORMS) -> float | None:
    """The use (`p`) or stock (`k_isi`) of a row in m³ over some forms; None where none of them was filled in."""
    told = [row[f"{kind}_{form}"] for form in forms if row[f"{kind}_{form}"] is not None]
    return float(sum(told)) if told else None


def use(
    rows: Iterable[Row],
    places: Places,
    first: date,
    last: date,
    now: datetime,
    *,
    scope: Scope = NATION,
    forms: Iterable[Form] = FORMS,
) -> Tile[Row]:
    """What was used on the local days from `first` to `last`."""
    wanted = tuple(forms)

    def without(row: Row) -> str | None:
        if row["deleted_at"] is not None:
            return "deleted"
        return "not_told" if amount(row, "p", wanted) is None else None

    found = [row for row in within(rows, places, scope) if first <= row["tanggal"] <= last]
    return total(USE, found, without, lambda r: amount(r, "p", wanted) or 0.0, now, **_by_form("p", wanted))


def use_by_day(
    rows: Iterable[Row],
    places: Places,
    first: date,
    last: date,
    now: datetime,
    *,
    scope: Scope = NATION,
    forms: Iterable[Form] = FORMS,
) -> list[tuple[date, Tile[Row]]]:
    """The same for each local day, earliest first. A day without a row has None."""
    wanted = tuple(forms)
    found = within(rows, places, scope)
    days: dict[date, list[Row]] = {first + timedelta(days=n): [] for n in range((last - first).days + 1)}
    for row in found:
        if row["tanggal"] in days:
            days[row["tanggal"]].append(row)
    return [(day, use(some, places, day, day, now, forms=wanted)) for day, some in days.items()]


def _by_form(kind: Literal["p", "k_isi"], forms: tuple[Form, ...]) -> dict[str, Callable[[Row], float]]:
    def of(form: Form) -> Callable[[Row], float]:
        return lambda row: row[f"{kind}_{form}"] or 0.0

    return {form: of(form) for form in forms}


class Lasting(NamedTuple):
    """How long one hospital's oxygen lasts.

    `stock` and `rate` are m³ and m³ per day, as `unit` says; `stock_row` is the row with the raw values. `left` are
    days from the hospital's local today, `dry` the local day on which it runs out; both None where `why` says why.
    `days` are the local days that made the rate.
    """

    kode_rs: str
    stock: float | None
    rate: float | None
    left: float | None
    dry: date | None
    day: date | None
    days: tuple[date, ...]
    why: str | None
    heard: datetime | None
    stock_row: Row | None
    unit: str = UNIT


def lasting(
    code: str, rows: Iterable[Row], today: date, rules: OxygenRules = RULES, forms: Iterable[Form] = FORMS
) -> Lasting:
    """How long one hospital's oxygen lasts, from its rows of the window that ends today.

    The rate is a median over days with use, so that neither a missing day, nor a zero, nor one wild figure moves it
    far; it may be a little high for who uses oxygen only now and then: this alarm errs to the safe side.
    """
    wanted = tuple(forms)
    first = today - timedelta(days=rules.window - 1)
    window = sorted(
        (r for r in rows if r["deleted_at"] is None and first <= r["tanggal"] <= today), key=lambda r: r["tanggal"]
    )
    used = {r["tanggal"]: told for r in window if (told := amount(r, "p", wanted)) is not None}
    days = tuple(day for day, told in used.items() if told > 0)
    rate = median([used[day] for day in days]) if len(days) >= rules.least_days else None
    last = next((r for r in reversed(window) if amount(r, "k_isi", wanted) is not None), None)
    if last is None:
        return Lasting(code, None, rate, None, None, None, days, "no_report", oldest(window), None)
    stock, day = amount(last, "k_isi", wanted) or 0.0, last["tanggal"]
    if rate is None:
        # Stock that is gone is gone, whatever was used.
        why = None if stock == 0 and days else "no_use" if used and not days else "too_few_days"
        empty = why is None
        return Lasting(
            code, stock, None, 0.0 if empty else None, day if empty else None, day, days, why, oldest([last]), last
        )
    lasts = stock / rate
    left = max(lasts - (today - day).days, 0.0)
    return Lasting(
        code, stock, rate, left, day + timedelta(days=int(min(lasts, 36500))), day, days, None, oldest([last]), last
    )


def all_lasting(
    rows: Iterable[Row],
    places: Places,
    now: datetime,
    *,
    scope: Scope = NATION,
    rules: OxygenRules = RULES,
    forms: Iterable[Form] = FORMS,
) -> list[Lasting]:
    """Every hospital of a scope: first to run dry first, those that cannot be told last."""
    wanted = tuple(forms)
    sent: dict[str, list[Row]] = {code: [] for code, place in places.items() if scope.holds(place)}
    for row in within(rows, places, scope):
        sent.setdefault(row["kode_rs"], []).append(row)
    found = [lasting(code, some, today_of(code, places, now), rules, wanted) for code, some in sent.items()]
    return sorted(found, key=lambda one: (one.left is None, one.left or 0.0, one.kode_rs))


def stock(found: Iterable[Lasting], now: datetime) -> Tile[Lasting]:
    """What all hospitals together have left."""
    return total(
        STOCK, found, lambda one: "no_report" if one.stock is None else None, lambda one: one.stock or 0.0, now
    )


def days_left(found: Iterable[Lasting], now: datetime) -> Tile[Lasting]:
    """The middle hospital's days, with the least of all beside."""
    included, excluded = sort_out(found, lambda one: one.why)
    days = [one.left for one in included if one.left is not None]
    parts = {"paling_sedikit": min(days)} if days else {}
    return Tile(DAYS_LEFT, median(days), included, excluded, now, oldest(included), parts)


def dry_soon(found: Iterable[Lasting], now: datetime, rules: OxygenRules = RULES) -> Tile[Lasting]:
    """The hospitals with fewer days left than the limit, in the order given: who runs dry first comes first."""

    def without(one: Lasting) -> str | None:
        return one.why or ("enough" if one.left is None or one.left >= rules.soon else None)

    return count(DRY_SOON, found, without, now)


# ---- figures that may be pieces instead of m³


class Figure(NamedTuple):
    """One figure of one row as sent, and the median of the hospital's other figures of that column."""

    kode_rs: str
    day: date
    member: str
    raw: float
    usual: float | None
    heard: datetime
    unit: str = UNIT


def figures(rows: Iterable[Row], places: Places, *, scope: Scope = NATION, rules: OxygenRules = RULES) -> list[Figure]:
    """Every figure that was filled in, beside what is usual for it: by hospital, column and day.

    What is usual is the median over the other days' figures above 0; None with fewer than `rules.compare` of them.
    """
    columns: dict[tuple[str, str], list[Row]] = {}
    for row in within(rows, places, scope):
        for member in (f"{kind}_{form}" for kind in ("p", "k_isi") for form in FORMS):
            if row["deleted_at"] is None and row[member] is not None:
                columns.setdefault((row["kode_rs"], member), []).append(row)
    found = []
    for (code, member), some in sorted(columns.items()):
        some.sort(key=lambda r: r["tanggal"])
        above = sorted(r[member] for r in some if r[member] > 0)
        for row in some:
            usual = _middle_without(above, row[member], rules.compare)
            found.append(Figure(code, row["tanggal"], member, row[member], usual, row["updated_at"]))
    return found


def _middle_without(ordered: list[float], one: float, least: int) -> float | None:
    """The median of ordered values without one of them, if it is there; None with fewer than `least` others."""
    at = bisect_left(ordered, one)
    there = at < len(ordered) and ordered[at] == one
    others = len(ordered) - there
    if others < max(least, 1):
        return None
    skip = at if there else len(ordered)
    below, above = (n + (n >= skip) for n in ((others - 1) // 2, others // 2))
    return (ordered[below] + ordered[above]) / 2


def jumps(found: Iterable[Figure], now: datetime, rules: OxygenRules = RULES) -> Tile[Figure]:
    """The figures that differ from what is usual by more than `rules.jump` times."""

    def without(one: Figure) -> str | None:
        if one.raw == 0:
            return "zero"
        if one.usual is None:
            return "too_few"
        return None if not 1 / rules.jump <= one.raw / one.usual <= rules.jump else "plausible"

    return count(JUMPS, found, without, now)
