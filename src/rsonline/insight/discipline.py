"""Reporting discipline: what was expected, what came, what came in time, and who has gone silent.

The rates are those of DHIS2: received ÷ expected, and received in time ÷ expected. Days are each hospital's own. No
public text names hours, so the grace is ours, the same as on the duty list of the hospital.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from rsonline.insight.counting import count, ratio
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.places import Place, Places, local_day
from rsonline.intake.duty import DAILY, GRACE
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words
from rsonline.store.quiet import Quiet, among

KINDS = tuple(report.name for report in DAILY)
PERCENT = Words("%", "%")
REPORTS = Words("laporan", "reports")
DHIS2 = Words(
    "Tingkat pelaporan menurut DHIS2; batas waktu lokal", "Reporting rates as in DHIS2; the deadline is our own"
)
_NOT_ASKED = {
    "not_due": Words("Belum jatuh tempo", "Not due yet"),
    "quiet": Words("Libur atau pemeliharaan yang diumumkan", "A declared holiday or maintenance"),
}
RECEIVED = Indicator(
    name="lapor_diterima",
    title=Words("Laporan diterima", "Reports received"),
    formula=Words(
        "Laporan harian yang diterima ÷ yang diharapkan × 100; satu per jenis dan hari setempat",
        "Daily reports received ÷ expected × 100; one for each kind and local day",
    ),
    version=1,
    source=DHIS2,
    unit=PERCENT,
    reasons=_NOT_ASKED,
)
IN_TIME = Indicator(
    name="lapor_tepat_waktu",
    title=Words("Laporan tepat waktu", "Reports in time"),
    formula=Words(
        "Laporan harian yang pertama diterima sebelum batas ÷ yang diharapkan × 100; batas: 12 jam sesudah hari itu",
        "Daily reports first received before the deadline ÷ expected × 100; deadline: 12 hours after that day",
    ),
    version=1,
    source=DHIS2,
    unit=PERCENT,
    reasons=_NOT_ASKED,
)
MISSING = Indicator(
    name="lapor_belum_ada",
    title=Words("Laporan yang belum ada", "Reports missing"),
    formula=Words(
        "Laporan harian yang diharapkan, lewat batas, dan belum diterima",
        "Daily reports expected, past due, not received",
    ),
    version=1,
    source=DHIS2,
    unit=REPORTS,
    reasons={**_NOT_ASKED, "received": Words("Sudah diterima", "Received")},
)
SILENT = Indicator(
    name="lapor_diam",
    title=Words("Rumah sakit yang diam", "Hospitals that are silent"),
    formula=Words(
        "Rumah sakit tanpa kabar apa pun tentang tempat tidur atau laporan harian selama lebih dari sekian jam, "
        "di luar hari yang diumumkan untuk tempat tidur",
        "Hospitals of which nothing was heard about beds or daily kinds for more than so many hours, outside of days "
        "declared for beds",
    ),
    version=2,
    source=Words("Definisi sendiri", "Own definition"),
    unit=Words("rumah sakit", "hospitals"),
    reasons={
        "heard": Words("Ada kabar dalam batas", "Heard of in time"),
        "quiet": _NOT_ASKED["quiet"],
        "new": Words("Baru terdaftar", "New"),
    },
)
INDICATORS = (RECEIVED, IN_TIME, MISSING, SILENT)


@dataclass(frozen=True, slots=True)
class DisciplineRules:
    """Configuration: how many local days before today are looked at, how long after a day its report is in time, after
    how long without a word a hospital is silent, and what was declared quiet."""

    window: int = 30
    grace: timedelta = GRACE
    silent: timedelta = timedelta(hours=24)
    quiet: tuple[Quiet, ...] = ()


RULES = DisciplineRules()


class Expected(NamedTuple):
    """One report that is expected: of a kind, for a local day, until `by`. `received` is when it first came.

    `heard` is the same, for the age of a figure.
    """

    kode_rs: str
    kind: str
    day: date
    by: datetime
    received: datetime | None
    quiet: bool
    heard: datetime | None

    def state(self, now: datetime) -> str:
        """quiet, in_time, late, missing or not_due."""
        if self.received is not None:
            return "in_time" if self.received <= self.by else "late"
        if self.quiet:
            return "quiet"
        return "missing" if now > self.by else "not_due"


class Heard(NamedTuple):
    """When a hospital was last heard of; None: never. `since` is the local day from which it is expected to report."""

    kode_rs: str
    heard: datetime | None
    since: date | None
    hours: float | None


def expected(
    rows: Mapping[str, Iterable[Row]], places: Places, now: datetime, rules: DisciplineRules = RULES
) -> list[Expected]:
    """Every report that is expected of some hospitals, from the first day of the window to today, by hospital.

    `rows` are those of the daily kinds, by kind. A deleted report was not received. Nothing is expected of a hospital
    before the day on which it was registered, or the first day of the window for which it reported.
    """
    came: dict[tuple[str, str, date], datetime] = {}
    for kind in KINDS:
        for row in rows[kind]:
            if row["deleted_at"] is None:
                came[row["kode_rs"], kind, row["tanggal"]] = row["received_at"]
    found = []
    earliest: dict[str, date] = {}
    for code, _, day in came:
        earliest[code] = min(day, earliest.get(code, day))
    for code, place in sorted(places.items()):
        today = local_day(now, place.zone)
        mine = [each for each in rules.quiet if each.names(place.where)]
        # Who brought older reports along is asked for those from then on.
        begun = None if place.since is None else min(place.since, earliest.get(code, place.since))
        for back in range(rules.window, -1, -1):
            day = today - timedelta(days=back)
            if begun is not None and day < begun:
                continue
            by = datetime.combine(day + timedelta(days=1), time(), place.zone) + rules.grace
            for kind in KINDS:
                quiet = among(mine, place.where, day, kind) is not None
                received = came.get((code, kind, day))
                found.append(Expected(code, kind, day, by, received, quiet, received))
    return found


def _not_asked(one: Expected, now: datetime) -> str | None:
    state = one.state(now)
    return state if state in ("not_due", "quiet") else None


def received(found: Iterable[Expected], now: datetime) -> Tile[Expected]:
    """What came in percent of what was expected. A report that came before it was due counts on both sides."""
    return ratio(
        RECEIVED,
        found,
        lambda one: _not_asked(one, now),
        lambda one: one.received is not None,
        lambda one: 1,
        now,
        ("diterima", "diharapkan"),
    )


def in_time(found: Iterable[Expected], now: datetime) -> Tile[Expected]:
    """What came in time in percent of what was expected."""
    return ratio(
        IN_TIME,
        found,
        lambda one: _not_asked(one, now),
        lambda one: one.state(now) == "in_time",
        lambda one: 1,
        now,
        ("tepat_waktu", "diharapkan"),
    )


def missing(found: Iterable[Expected], now: datetime) -> Tile[Expected]:
    """What is past due and has not come: the digest of what is late, and of nothing else."""

    def without(one: Expected) -> str | None:
        return _not_asked(one, now) or (None if one.received is None else "received")

    return count(MISSING, found, without, now)


def heard(rows: Mapping[str, Iterable[Row]], places: Places, now: datetime) -> list[Heard]:
    """When each hospital was last heard of, those longest silent first. `rows` also has those of `tempat_tidur`."""
    last: dict[str, datetime] = {}
    for name in (*KINDS, "tempat_tidur"):
        for row in rows[name]:
            code = row["kode_rs"]
            if code not in last or row["updated_at"] > last[code]:
                last[code] = row["updated_at"]
    found = []
    for code, place in places.items():
        at = last.get(code)
        hours = None if at is None else round((now - at).total_seconds() / 3600, 1)
        found.append(Heard(code, at, place.since, hours))
    return sorted(found, key=lambda one: (one.hours is not None, -(one.hours or 0), one.kode_rs))


def silent(found: Sequence[Heard], places: Places, now: datetime, rules: DisciplineRules = RULES) -> Tile[Heard]:
    """The hospitals that are silent, also those that never said anything. Declared days are no silence."""

    def without(one: Heard) -> str | None:
        place = places.get(one.kode_rs)
        if one.heard is not None:
            if now - one.heard <= rules.silent:
                return "heard"
            return None if place is None or now > silent_from(place, one.heard, rules) else "quiet"
        if place is None:
            return None
        if one.since is not None and local_day(now, place.zone) - one.since < timedelta(days=2):
            return "new"
        today = local_day(now, place.zone)
        return "quiet" if among(rules.quiet, place.where, today, TEMPAT_TIDUR.name) else None

    return count(SILENT, found, without, now)


def silent_from(place: Place, heard: datetime, rules: DisciplineRules = RULES) -> datetime:
    """The moment after which a hospital is silent if nothing more is heard of it: hours of days for which its beds
    were declared quiet do not count, none of them twice."""
    spans = sorted(
        (
            datetime.combine(each.first, time(), place.zone),
            datetime.combine(each.last + timedelta(days=1), time(), place.zone),
        )
        for each in rules.quiet
        if TEMPAT_TIDUR.name in each.kinds and each.names(place.where)
    )
    left, reached = rules.silent, heard
    for start, end in spans:
        if end <= reached:
            continue
        between = start - reached
        if between >= left:
            break
        left -= max(between, timedelta(0))
        reached = end
    return reached + left


def until(
    asked: Iterable[Expected], found: Iterable[Heard], places: Places, now: datetime, rules: DisciplineRules = RULES
) -> datetime | None:
    """The next moment from which a report is overdue or a hospital silent though nothing arrives; None: never.

    `asked` and `found` are what `expected` and `heard` gave for these places at `now`.
    """
    ends = [one.by for one in asked if one.state(now) == "not_due"]
    ends += [
        silent_from(places[one.kode_rs], one.heard, rules)
        for one in found
        if one.heard is not None and one.kode_rs in places
    ]
    return min((end for end in ends if end >= now), default=None)
