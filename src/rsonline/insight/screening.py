"""The safety net of newborn screening (SHK) in numbers: coverage, samples in time and fit, days of each leg, and the
lists of who waits, is late, is lost, and whose alarm is raised.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from rsonline.insight.counting import count, oldest
from rsonline.insight.indicator import Indicator, Tile, median, percentile, share, sort_out
from rsonline.insight.places import NATION, Places, Scope, within
from rsonline.insight.screening_alarm import Receiver, raised
from rsonline.insight.screening_clock import RULES, Baby, Clock, ClockRules
from rsonline.insight.screening_merging import Proposal
from rsonline.reports.verdict import Words

PERCENT = Words("%", "%")
BABIES = Words("bayi", "babies")
DAYS = Words("hari", "days")
PMK = Words(
    "PMK 78/2014 (48–72 jam, TSH ≥ 20 µU/mL); batas lain dan rumus lokal",
    "PMK 78/2014 (48–72 h, TSH ≥ 20 µU/mL); other limits and formula are our own",
)
OWN = Words("Definisi sendiri", "Own definition")
NO_RESULT = Words("Belum ada hasil", "No result yet")
COVERAGE = Indicator(
    name="shk_cakupan",
    title=Words("Cakupan SHK", "Screening coverage"),
    formula=Words(
        "Bayi dengan sampel yang tidak ditolak ÷ kelahiran hidup × 100, dari bulan lahir yang kelahiran hidupnya "
        "diberikan rumah sakit",
        "Babies with a sample that was not rejected ÷ live births × 100, of the months of birth for which the hospital "
        "told its live births",
    ),
    version=2,
    source=OWN,
    unit=PERCENT,
    reasons={
        "no_sample": Words("Belum diambil sampel", "No sample yet"),
        "unfit": Words("Sampel ditolak, belum diulang", "Rejected, not taken again yet"),
        "births_unknown": Words(
            "Kelahiran hidup rumah sakit pada bulan itu tidak diketahui",
            "The hospital's live births in that month are not known",
        ),
    },
)
IN_TIME = Indicator(
    name="shk_sampel_tepat_waktu",
    title=Words("Sampel diambil pada 48–72 jam", "Samples taken at 48–72 h"),
    formula=Words(
        "Bayi yang sampel terbarunya diambil pada hari ke-2 atau ke-3 ÷ semua × 100 (data hanya memuat hari)",
        "Babies whose newest sample was taken on day 2 or 3 of life ÷ all × 100 (the data have days only)",
    ),
    version=1,
    source=PMK,
    unit=PERCENT,
    reasons={
        "no_sample": Words("Belum diambil sampel", "No sample yet"),
        "before_birth": Words("Sampel sebelum lahir", "Sampled before birth"),
        "again": Words("Sampel ulang", "A repeated sample"),
    },
)
UNFIT = Indicator(
    name="shk_tidak_layak",
    title=Words("Sampel tidak layak", "Unfit samples"),
    formula=Words(
        "Sampel terbaru yang ditolak ÷ sampel dengan kelayakan × 100", "Newest samples rejected ÷ samples judged × 100"
    ),
    version=1,
    source=OWN,
    unit=PERCENT,
    reasons={"not_judged": Words("Kelayakan tidak diisi", "Fitness not filled in")},
)
HIGH = Indicator(
    name="shk_tsh_tinggi",
    title=Words("TSH tinggi", "High TSH"),
    formula=Words(
        "Bayi dengan TSH ≥ 20 µU/mL ÷ bayi dengan hasil × 100", "Babies with TSH ≥ 20 µU/mL ÷ with a result × 100"
    ),
    version=1,
    source=PMK,
    unit=PERCENT,
    reasons={"no_result": NO_RESULT, "unfit": Words("Sampel ditolak", "The sample was rejected")},
)

Span = tuple[str, str]
_NAMES: Mapping[str, Words] = {
    "born": Words("lahir", "birth"),
    "sampled": Words("sampel", "sample"),
    "sent": Words("kirim", "dispatch"),
    "arrived": Words("terima", "arrival"),
    "known": Words("hasil", "result"),
    "high_on": Words("TSH tinggi", "high TSH"),
    "recalled": Words("panggil", "recall"),
    "confirmed": Words("konfirmasi", "confirmation"),
    "treated": Words("pengobatan", "treatment"),
}
SPANS: tuple[Span, ...] = (
    ("born", "sampled"),
    ("sampled", "sent"),
    ("sent", "arrived"),
    ("arrived", "known"),
    ("high_on", "recalled"),
    ("recalled", "confirmed"),
    ("confirmed", "treated"),
    ("born", "treated"),
)
"""The legs whose days are measured, as two members of a `Baby`."""


_ALWAYS_IN_ORDER = ("high_on", "recalled")
"""A recall from before the high TSH was another one, and is not counted as its recall."""


def _leg(span: Span) -> Indicator:
    first, last = (_NAMES[name] for name in span)
    reasons = {"not_yet": Words("Belum sampai di situ", "Not that far yet")}
    if span != _ALWAYS_IN_ORDER:
        reasons["out_of_order"] = Words("Tanggal terbalik", "Dates out of order")
    return Indicator(
        name=f"shk_hari_{first.id}_{last.id}".casefold().replace(" ", "_"),
        title=Words(f"Hari dari {first.id} ke {last.id}", f"Days from {first.en} to {last.en}"),
        formula=Words(f"Median ({last.id} − {first.id}) dalam hari", f"Median of ({last.en} − {first.en}) in days"),
        version=1,
        source=OWN,
        unit=DAYS,
        reasons=reasons,
    )


LEGS: Mapping[Span, Indicator] = {span: _leg(span) for span in SPANS}
_OTHERWISE = {
    "waiting": Words("Menunggu, masih dalam batas", "Waiting, still in time"),
    "late": Words("Terlambat", "Late"),
    "lost": Words("Hilang", "Lost"),
    "done": Words("Selesai", "Done"),
    "closed": Words("Ditutup oleh petugas", "Closed by a person"),
}
Listed = Literal["waiting", "late", "lost"]


def _list(state: Listed, name: str, title: Words, formula: Words) -> Indicator:
    return Indicator(
        name=name,
        title=title,
        formula=formula,
        version=1,
        source=OWN,
        unit=BABIES,
        reasons={key: words for key, words in _OTHERWISE.items() if key != state},
    )


LISTS: Mapping[Listed, Indicator] = {
    "waiting": _list(
        "waiting",
        "shk_menunggu",
        Words("SHK menunggu", "Screening: waiting"),
        Words("Bayi yang langkahnya terbuka dan belum lewat batas", "Babies with an open step that is not past due"),
    ),
    "late": _list(
        "late",
        "shk_terlambat",
        Words("SHK terlambat", "Screening: late"),
        Words("Bayi yang langkahnya lewat batas, belum hilang", "Babies with a step past due, not yet lost"),
    ),
    "lost": _list(
        "lost",
        "shk_hilang",
        Words("SHK hilang", "Screening: lost"),
        Words(
            "Bayi yang langkahnya lewat batas lebih dari sekian hari, atau dinyatakan hilang oleh petugas",
            "Babies with a step past due for more than so many days, or that a person declared lost",
        ),
    ),
}
_LEVELS: Mapping[Receiver, Words] = {
    "hospital": Words("rumah sakit", "hospital"),
    "regency": Words("kabupaten/kota", "regency"),
    "province": Words("provinsi", "province"),
}
ALARMS: Mapping[Receiver, Indicator] = {
    level: Indicator(
        name=f"shk_alarm_{words.id}".replace(" ", "_").replace("/", "_"),
        title=Words(f"Alarm SHK di tingkat {words.id}", f"Screening alarms at the {words.en}"),
        formula=Words(
            "Bayi yang langkahnya terbuka selama hari alarm tingkat itu, pada hari setempat tingkat itu",
            "Babies whose step has been open for that level's alarm days, on that level's local day",
        ),
        version=1,
        source=OWN,
        unit=BABIES,
        reasons={
            "not_yet": Words("Alarm belum waktunya", "Not time for an alarm yet"),
            "done": _OTHERWISE["done"],
            "closed": _OTHERWISE["closed"],
        },
    )
    for level, words in _LEVELS.items()
}
MERGES = Indicator(
    name="shk_usul_gabung",
    title=Words("Usul penggabungan rekaman bayi", "Records that may be of one baby"),
    formula=Words("Banyaknya usul yang menunggu keputusan petugas", "Proposals that wait for a person's decision"),
    version=1,
    source=OWN,
    unit=Words("usul", "proposals"),
    reasons={
        "same": Words("Dinyatakan bayi yang sama", "Said to be the same"),
        "other": Words("Dinyatakan lain", "Said to differ"),
    },
)
INDICATORS = (COVERAGE, IN_TIME, UNFIT, HIGH, *LEGS.values(), *LISTS.values(), *ALARMS.values(), MERGES)


COVERED = 3
"""How many complete months coverage is about."""


def born_between(found: Iterable[Baby], first: date, last: date) -> list[Baby]:
    """The babies born on the local days from `first` to `last`."""
    return [baby for baby in found if first <= baby.born <= last]


def covered_months(today: date) -> list[date]:
    """The first days of the last three complete months, the newest first."""
    found, first = list[date](), today.replace(day=1)
    for _ in range(COVERED):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found


def coverage(
    found: Iterable[Baby],
    births: Mapping[tuple[str, date], int],
    places: Places,
    now: datetime,
    *,
    scope: Scope = NATION,
) -> Tile[Baby]:
    """Babies screened in percent of live births, over the hospitals of a scope and the months that these told.

    `births` are live births by hospital and month (its first day), of the months in which the babies were born: the
    guide has no such report. Without any the value is None. More than 100 says that births are missing, or that
    babies are counted twice.
    """

    def without(baby: Baby) -> str | None:
        if (baby.kode_rs, baby.born.replace(day=1)) not in births:
            return "births_unknown"
        if baby.sampled is None:
            return "no_sample"
        return "unfit" if baby.fit is False else None

    included, excluded = sort_out(within(found, places, scope), without)
    live = sum(n for (code, _), n in births.items() if scope.holds(places.get(code)))
    parts = {"bayi": len(included), "kelahiran_hidup": live}
    return Tile(COVERAGE, share(len(included), live), included, excluded, now, oldest(included), parts)


def in_time(found: Iterable[Baby], now: datetime, rules: ClockRules = RULES) -> Tile[Baby]:
    """First samples taken on the right days of life, with the early and the late ones beside."""

    def without(baby: Baby) -> str | None:
        if baby.sampled is None:
            return "no_sample"
        if len(baby.records) > 1:
            return "again"
        return "before_birth" if baby.sampled < baby.born else None

    included, excluded = sort_out(found, without)
    ages = [(baby.sampled - baby.born).days for baby in included if baby.sampled is not None]
    early, late = sum(a < rules.youngest for a in ages), sum(a > rules.oldest for a in ages)
    parts = {"tepat": len(ages) - early - late, "terlalu_dini": early, "terlalu_lambat": late}
    return Tile(IN_TIME, share(parts["tepat"], len(ages)), included, excluded, now, oldest(included), parts)


def unfit(found: Iterable[Baby], now: datetime) -> Tile[Baby]:
    """Rejected samples in percent of those judged."""
    included, excluded = sort_out(found, lambda b: "not_judged" if b.fit is None else None)
    bad = sum(baby.fit is False for baby in included)
    parts = {"ditolak": bad, "dinilai": len(included)}
    return Tile(UNFIT, share(bad, len(included)), included, excluded, now, oldest(included), parts)


def high(found: Iterable[Baby], now: datetime) -> Tile[Baby]:
    """High TSH in percent of babies with a result that counts."""

    def without(baby: Baby) -> str | None:
        if baby.high is None:
            return "no_result"
        return "unfit" if baby.fit is False and not baby.high else None

    included, excluded = sort_out(found, without)
    many = sum(bool(baby.high) for baby in included)
    parts = {"tsh_tinggi": many, "dengan_hasil": len(included)}
    return Tile(HIGH, share(many, len(included)), included, excluded, now, oldest(included), parts)


def days_of(span: Span, found: Iterable[Baby], now: datetime) -> Tile[Baby]:
    """The median days of a leg, with the 90th percentile beside. Raises KeyError for a leg that is not in `SPANS`."""
    first, last = span

    def without(baby: Baby) -> str | None:
        start, end = getattr(baby, first), getattr(baby, last)
        if start is None or end is None:
            return "not_yet"
        return "out_of_order" if end < start else None

    included, excluded = sort_out(found, without)
    days = [float((getattr(baby, last) - getattr(baby, first)).days) for baby in included]
    parts = {name: value for name, value in (("p90", percentile(days, 90)),) if value is not None}
    return Tile(LEGS[span], median(days), included, excluded, now, oldest(included), parts)


def listed(state: Listed, ticking: Iterable[Clock], now: datetime) -> Tile[Clock]:
    """Who waits, is late or is lost, in the order given."""
    return count(LISTS[state], ticking, lambda c: None if c.state == state else c.state, now)


def alarmed(
    level: Receiver, ticking: Iterable[Clock], places: Places, now: datetime, rules: ClockRules = RULES
) -> Tile[Clock]:
    """The babies whose alarm is raised at a level."""

    def without(clock: Clock) -> str | None:
        if clock.state in ("done", "closed"):
            return clock.state
        return None if raised(clock, level, places, now, rules) is not None else "not_yet"

    return count(ALARMS[level], ticking, without, now)


def to_decide(found: Iterable[Proposal], now: datetime) -> Tile[Proposal]:
    """The proposals that no person has decided on."""
    return count(MERGES, found, lambda p: None if p.said is None else "same" if p.said.same else "other", now)
