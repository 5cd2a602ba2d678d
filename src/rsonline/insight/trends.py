"""Figures by local day: how a day of one hospital becomes counts, and how counts become the days of a region.

The counts of a day are those of the tiles of that day (`beds.trend`, `staff.infected`, `covid.by_day`), so that days
put together are what a recount of all rows gives. Only days that are over are told: a day of which a part has not
come yet would look like a fall.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import add
from typing import Any, Literal, NamedTuple

from rsonline.insight import beds, covid, discipline, staff
from rsonline.insight.digest import NOTHING, Digest
from rsonline.insight.discipline import KINDS
from rsonline.insight.indicator import Indicator, Tile, share
from rsonline.insight.places import Level, Place, Places, code_at, local_day
from rsonline.intake.duty import GRACE
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words
from rsonline.store.quiet import Quiet, among

Counts = dict[str, int]
"""What was counted of one day, by name: `<trend>/n` rows counted, `/h` hospitals, `/v` the sum, `/x/<reason>` rows
left out, `/p/<part>` the numbers behind a ratio."""
Body = Mapping[str, Sequence[int]]
How = Literal["ratio", "count", "sum"]
Section = Literal["tempat-tidur", "nakes", "pasien-covid", "disiplin"]
SPANS = (30, 90, 365)
"""How many days a picture may have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trend:
    """One figure by day. `names` are the part and the whole of a ratio; `whole` is the indicator of all days together,
    None where days must not be added up. `figure` is the number of today that it looks back at."""

    key: str
    section: Section
    indicator: Indicator
    how: How
    title: Words
    figure: str
    names: tuple[str, str] = ("", "")
    whole: Indicator | None = None


def _infected(outcome: staff.Outcome, id: str, en: str, figure: str) -> Trend:
    return Trend(
        key=f"nakes_{outcome}",
        section="nakes",
        indicator=staff.INFECTED,
        how="sum",
        title=Words(id, en),
        figure=figure,
    )


def _patients(indicator: Indicator) -> Trend:
    return Trend(
        key=indicator.name,
        section="pasien-covid",
        indicator=indicator,
        how="count",
        title=Words(f"{indicator.title.id} per hari", f"{indicator.title.en} by day"),
        figure=indicator.name,
        whole=indicator,
    )


def _rate(indicator: Indicator, part: str) -> Trend:
    return Trend(
        key=indicator.name,
        section="disiplin",
        indicator=indicator,
        how="ratio",
        title=Words(f"{indicator.title.id} per hari", f"{indicator.title.en} by day"),
        figure=indicator.name,
        names=(part, "diharapkan"),
        whole=indicator,
    )


TRENDS: Mapping[str, Trend] = {
    each.key: each
    for each in (
        Trend(
            key=beds.DAY_OCCUPANCY.name,
            section="tempat-tidur",
            indicator=beds.DAY_OCCUPANCY,
            how="ratio",
            title=beds.DAY_OCCUPANCY.title,
            figure=beds.OCCUPANCY.name,
            names=("terpakai", "jumlah"),
            whole=beds.BOR,
        ),
        _rate(discipline.RECEIVED, "diterima"),
        _rate(discipline.IN_TIME, "tepat_waktu"),
        _patients(covid.ADMITTED),
        _patients(covid.DISCHARGED),
        _patients(covid.DEATHS),
        _infected("terinfeksi", "Nakes terinfeksi per hari", "Health workers infected, by day", "nakes_terinfeksi"),
        _infected("dirawat", "Nakes dirawat per hari", "Health workers in hospital, by day", "nakes_dirawat"),
        _infected("isoman", "Nakes isolasi mandiri per hari", "Health workers isolating, by day", "nakes_terinfeksi"),
        _infected("sembuh", "Nakes sembuh per hari", "Health workers recovered, by day", "nakes_terinfeksi"),
        _infected("meninggal", "Nakes meninggal per hari", "Health workers who died, by day", "nakes_meninggal"),
    )
}
"""Every trend by its key."""
OF_FIGURE: Mapping[str, Trend] = {each.figure: each for each in reversed(list(TRENDS.values()))}
"""The trend of a figure of today."""
SECTIONS: tuple[Section, ...] = ("tempat-tidur", "disiplin", "pasien-covid", "nakes")

# ---- a day of one hospital


def _of_tile(key: str, how: How, tile: Tile[Any]) -> Counts:
    found: Counts = {f"{key}/n": len(tile.included), f"{key}/h": int(bool(tile.included))}
    for each in tile.excluded:
        found[f"{key}/x/{each.reason}"] = found.get(f"{key}/x/{each.reason}", 0) + 1
    if how == "sum":
        found[f"{key}/v"] = int(tile.value or 0)
    if how == "ratio":
        found |= {f"{key}/p/{name}": int(tile.parts[name]) for name in TRENDS[key].names}
    return {name: number for name, number in found.items() if number}


def of_beds(history: Iterable[Row], place: Place, first: date, last: date, now: datetime) -> dict[date, Counts]:
    """The evenings of a hospital; days without a snapshot are absent."""
    taken = beds.snapshots(history, {place.kode_rs: place}, first, last, now)
    return {day: _of_tile(beds.DAY_OCCUPANCY.name, "ratio", tile) for day, tile in beds.trend(taken, now)}


def of_health(rows: Iterable[Row], place: Place, now: datetime) -> dict[date, Counts]:
    """Every outcome on each day for which a hospital reported on its health workers."""
    days: dict[date, list[Row]] = {}
    for row in rows:
        days.setdefault(row["tanggal"], []).append(row)
    return {
        day: {
            name: number
            for outcome in staff.OUTCOMES
            for name, number in _of_tile(
                f"nakes_{outcome}", "sum", staff.infected(some, {place.kode_rs: place}, day, outcome, now)
            ).items()
        }
        for day, some in days.items()
    }


def of_patients(rows: Sequence[Row], place: Place, first: date, now: datetime) -> dict[date, Counts]:
    """Admissions, discharges and deaths of each day from `first` on."""
    days = sorted({row[name] for row in rows for name in ("tanggalMasuk", "tanggalKeluar")} - {None})
    found = {}
    kept = [day for day in days if day >= first]
    came: dict[date, list[Row]] = {}
    for row in rows:
        for day in {row["tanggalMasuk"], row["tanggalKeluar"]}:
            came.setdefault(day, []).append(row)
    for day in kept:
        [(_, *tiles)] = covid.by_day(came[day], {place.kode_rs: place}, day, day, now)
        found[day] = {
            name: number for tile in tiles for name, number in _of_tile(tile.indicator.name, "count", tile).items()
        }
    return found


def of_reports(rows: Mapping[str, Iterable[Row]], place: Place) -> dict[date, Counts]:
    """Which daily reports of a hospital there are, and which of them came in time."""
    found: dict[date, Counts] = {}
    for kind in KINDS:
        for row in rows[kind]:
            if row["deleted_at"] is None:
                day = row["tanggal"]
                by = datetime.combine(day + timedelta(days=1), time(), place.zone) + GRACE
                counts = found.setdefault(day, {})
                counts[f"{kind}/d"] = 1
                if row["received_at"] <= by:
                    counts[f"{kind}/t"] = 1
    return found


# ---- days of a region


class Point(NamedTuple):
    """One day: its figure, and how many hospitals stand behind it."""

    day: date
    digest: Digest
    hospitals: int


class Series(NamedTuple):
    """The days of a place, earliest first, and all of them together (NOTHING where days are not added up)."""

    points: list[Point]
    whole: Digest


def last_day(now: datetime, zone: Any, section: Section) -> date:
    """The last local day that is over; of reports, the last one whose deadline has passed."""
    return local_day(now - GRACE if section == "disiplin" else now, zone) - timedelta(days=1)


class _Sum:
    """The months of some hospitals added up."""

    def __init__(self) -> None:
        self.months: dict[date, dict[str, list[int]]] = {}

    def take(self, month: date, body: Body) -> None:
        mine = self.months.setdefault(month, {})
        for name, numbers in body.items():
            known = mine.get(name)
            mine[name] = list(numbers) if known is None else list(map(add, known, numbers))

    def put(self, day: date, name: str, number: int) -> None:
        mine = self.months.setdefault(day.replace(day=1), {})
        mine.setdefault(name, [0] * 31)[day.day - 1] += number

    def counts(self, day: date) -> Counts:
        mine = self.months.get(day.replace(day=1), {})
        return {name: numbers[day.day - 1] for name, numbers in mine.items() if numbers[day.day - 1]}


Months = Iterable[tuple[str, date, Body]]


def series(
    trend: Trend,
    months: Months,
    places: Places,
    first: date,
    last: date,
    by: Level,
    quiet: Sequence[Quiet] = (),
) -> tuple[Series, dict[str, Series]]:
    """The days of some hospitals together, and of each of their parts at a level (`by`), by code.

    `months` are those of the trend's section that `first` to `last` lie in; those of other hospitals are passed over.
    """
    sums: dict[str, _Sum] = {code_at(by, place): _Sum() for place in places.values()}
    if trend.section == "disiplin":
        _reports(trend, months, places, first, last, by, quiet, sums)
    else:
        own = f"{trend.key}/"
        for code, month, body in months:
            if code in places:
                some = {name: numbers for name, numbers in body.items() if name.startswith(own)}
                sums[code_at(by, places[code])].take(month, some)
    everybody = _Sum()
    for part in sums.values():
        for month, numbers in part.months.items():
            everybody.take(month, numbers)
    return _series(trend, everybody, first, last), {
        code: _series(trend, sums[code], first, last) for code in sorted(sums)
    }


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _series(trend: Trend, found: _Sum, first: date, last: date) -> Series:
    points = []
    everything: Counts = {}
    for day in _days(first, last):
        counts = found.counts(day)
        for name, number in counts.items():
            everything[name] = everything.get(name, 0) + number
        points.append(Point(day, _digest(trend, counts), counts.get(f"{trend.key}/h", 0)))
    return Series(points, NOTHING if trend.whole is None else _digest(trend, everything))


def _digest(trend: Trend, counts: Counts) -> Digest:
    """What the counts of a day say; days of one hospital are told like those of a tile."""
    own = f"{trend.key}/"
    included = counts.get(f"{own}n", 0)
    excluded = tuple(sorted((name[len(own) + 2 :], n) for name, n in counts.items() if name.startswith(f"{own}x/")))
    parts: tuple[tuple[str, float], ...] = ()
    value: float | None
    if trend.how == "ratio":
        part, whole = (counts.get(f"{own}p/{name}", 0) for name in trend.names)
        value = share(part, whole)
        parts = tuple(sorted(zip(trend.names, (part, whole), strict=True))) if included or excluded else ()
    elif trend.how == "sum":
        value = float(counts.get(f"{own}v", 0)) if included else None
    else:
        value = float(included) if included or excluded else None
    return Digest(value, included, excluded, parts, (), None)


# ---- reports: what was expected follows from the places and from what was declared, and is not kept


def _reports(
    trend: Trend,
    months: Months,
    places: Places,
    first: date,
    last: date,
    by: Level,
    quiet: Sequence[Quiet],
    sums: dict[str, _Sum],
) -> None:
    came: dict[str, dict[date, Body]] = {}
    for code, month, body in months:
        if code in places:
            came.setdefault(code, {})[month] = body
    days = _days(first, last)
    asked: dict[str, int] = {}
    none: Sequence[int] = [0] * 31
    key, part = trend.key, trend.names[0]
    letter = "d" if part == "diterima" else "t"
    for code, place in places.items():
        group = code_at(by, place)
        own, mine = sums[group], came.get(code, {})
        for month, body in mine.items():
            for kind in KINDS:
                if f"{kind}/{letter}" in body:
                    own.take(month, {f"{key}/p/{part}": body[f"{kind}/{letter}"]})

        def told(kind: str, day: date, mine: Mapping[date, Body] = mine) -> bool:
            return bool(mine.get(day.replace(day=1), {}).get(f"{kind}/d", none)[day.day - 1])

        begun = first
        if place.since is not None and place.since > first:
            # Who brought older reports along is asked for those from then on.
            begun = next((day for day in days if any(told(kind, day) for kind in KINDS)), place.since)
            begun = min(begun, place.since)
            for day in days[: (begun - first).days]:
                own.put(day, f"{key}/n", -len(KINDS))
                own.put(day, f"{key}/h", -1)
        asked[group] = asked.get(group, 0) + 1
        for one in quiet:
            if one.names(place.where):
                for day in _days(max(one.first, begun), min(one.last, last)):
                    for kind in sorted(set(one.kinds) & set(KINDS)):
                        # What was said twice to be quiet is quiet once.
                        if not told(kind, day) and among(quiet, place.where, day, kind) is one:
                            own.put(day, f"{key}/n", -1)
                            own.put(day, f"{key}/x/quiet", 1)
    for group, many in asked.items():
        for day in days:
            sums[group].put(day, f"{key}/n", many * len(KINDS))
            sums[group].put(day, f"{key}/h", many)
            whole = sums[group].counts(day).get(f"{key}/n", 0)
            sums[group].put(day, f"{key}/p/diharapkan", whole)
