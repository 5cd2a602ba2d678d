"""Beds: what is free now, how full it is, who waits, and how full it was.

Rows are those of `tempat_tidur` (one room of one bed type) and of `bed_history` (what a room said whenever that
changed). The scope and the bed types say which rows are looked at; of these, none disappears without a reason.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, oldest, ratio, total
from rsonline.insight.indicator import Indicator, Tile, share, sort_out
from rsonline.insight.places import NATION, Places, Scope, grouped, province_zone, within
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words

BEDS = Words("tempat tidur", "beds")
PERCENT = Words("%", "%")
GUIDE = Words("Petunjuk teknis RS Online versi 3, III.B; rumus lokal", "RS Online guide version 3, III.B; own formula")
DELETED = Words("Ruang sudah dihapus", "The room was deleted")
TOO_OLD = Words("Kabar terakhir lebih tua dari batas", "The last message is older than the limit")
NO_BEDS = Words("Jumlah tempat tidur nol", "The room has no beds")

FREE = Indicator(
    name="tempat_tidur_kosong",
    title=Words("Tempat tidur kosong", "Free beds"),
    formula=Words(
        "Jumlah dari max(jumlah − terpakai, 0) tiap ruang; kelebihan pasien tidak mengurangi ruang lain",
        "Sum of max(jumlah − terpakai, 0) of each room; patients too many do not take beds of another room away",
    ),
    version=1,
    source=GUIDE,
    unit=BEDS,
    reasons={"deleted": DELETED, "too_old": TOO_OLD},
)
OVERFULL = Indicator(
    name="ruang_penuh_lebih",
    title=Words("Ruang yang terisi lebih dari tempat tidurnya", "Rooms with more patients than beds"),
    formula=Words("Banyaknya ruang dengan terpakai > jumlah", "Rooms with terpakai > jumlah"),
    version=1,
    source=GUIDE,
    unit=Words("ruang", "rooms"),
    reasons={"deleted": DELETED, "too_old": TOO_OLD, "fits": Words("Cukup tempat tidur", "Enough beds")},
)
OCCUPANCY = Indicator(
    name="hunian_sekarang",
    title=Words("Keterisian sekarang", "Occupancy now"),
    formula=Words("Σ terpakai ÷ Σ jumlah × 100", "Σ terpakai ÷ Σ jumlah × 100"),
    version=1,
    source=GUIDE,
    unit=PERCENT,
    reasons={"deleted": DELETED, "too_old": TOO_OLD, "no_beds": NO_BEDS},
)
COVID = Indicator(
    name="tempat_tidur_covid_kosong",
    title=Words("Tempat tidur covid kosong", "Free covid beds"),
    formula=Words(
        "Seperti tempat tidur kosong, hanya ruang dengan covid = 1", "As free beds, of the rooms with covid = 1"
    ),
    version=1,
    source=GUIDE,
    unit=BEDS,
    reasons={"deleted": DELETED, "too_old": TOO_OLD, "not_covid": Words("Bukan ruang covid", "Not a covid room")},
)
DENGUE = Indicator(
    name="tempat_tidur_dbd",
    title=Words("Tempat tidur demam berdarah", "Dengue beds"),
    formula=Words(
        "Σ jumlah_dbd; di sampingnya pasien (terpakai_dbd) dan pasien anak (terpakai_dbd_anak)",
        "Σ jumlah_dbd; beside it patients (terpakai_dbd) and children (terpakai_dbd_anak)",
    ),
    version=1,
    source=GUIDE,
    unit=BEDS,
    reasons={
        "deleted": DELETED,
        "too_old": TOO_OLD,
        "no_dengue": Words("Tidak ada tempat tidur atau pasien DBD", "Neither beds nor patients of dengue"),
    },
)
QUEUE = Indicator(
    name="antrian_tempat_tidur",
    title=Words("Antrian tempat tidur", "Waiting for a bed"),
    formula=Words("Σ antrian", "Σ antrian"),
    version=1,
    source=GUIDE,
    unit=Words("orang", "people"),
    reasons={"deleted": DELETED, "too_old": TOO_OLD},
)
DAY_OCCUPANCY = Indicator(
    name="hunian_harian",
    title=Words("Keterisian pada akhir hari", "Occupancy at the end of the day"),
    formula=Words(
        "Σ terpakai ÷ Σ jumlah × 100 pada saat potret hari itu, waktu setempat",
        "Σ terpakai ÷ Σ jumlah × 100 at the snapshot of the local day",
    ),
    version=1,
    source=GUIDE,
    unit=PERCENT,
    reasons={"no_beds": NO_BEDS},
)
BOR = Indicator(
    name="bor_potret",
    title=Words("BOR (potret)", "BOR (of snapshots)"),
    formula=Words(
        "Rata-rata potret harian dengan bobot tempat tidur: Σ terpakai ÷ Σ jumlah × 100 dari satu potret per ruang dan "
        "hari. Ini angka potret, bukan dari hari perawatan; AvLOS, TOI dan BTO memerlukan data lain",
        "Mean of daily snapshots weighted by beds: Σ terpakai ÷ Σ jumlah × 100 of one snapshot per room and day. A "
        "figure of snapshots, not of patient days; AvLOS, TOI and BTO need other data",
    ),
    version=1,
    source=GUIDE,
    unit=PERCENT,
    reasons={"no_beds": NO_BEDS},
)
INDICATORS = (FREE, OVERFULL, OCCUPANCY, COVID, DENGUE, QUEUE, DAY_OCCUPANCY, BOR)


@dataclass(frozen=True, slots=True)
class BoardRules:
    """Configuration: how old a room's last message may be to count as now, and when on a local day it is looked at."""

    max_age: timedelta = timedelta(days=30)
    snapshot: time = time(23, 59)


RULES = BoardRules()


def _gone(room: Row, now: datetime, rules: BoardRules) -> str | None:
    if room["deleted_at"] is not None:
        return "deleted"
    return "too_old" if now - room["updated_at"] > rules.max_age else None


def until(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> datetime | None:
    """The next moment at which one of some rooms is too old to count, though nobody says anything; None: never."""
    counts = [room["updated_at"] + rules.max_age for room in rooms if _gone(room, now, rules) is None]
    return min(counts, default=None)


def free_in(room: Row) -> int:
    """The free beds of a room: never fewer than none."""
    return max(int(room["jumlah"]) - int(room["terpakai"]), 0)


def beyond(room: Row) -> int:
    """How many patients a room has beyond its beds."""
    return max(int(room["terpakai"]) - int(room["jumlah"]), 0)


def chosen(rooms: Iterable[Row], places: Places, scope: Scope, bed_types: Collection[str] | None = None) -> list[Row]:
    """The rooms in a scope, of some bed types or of all."""
    return [r for r in within(rooms, places, scope) if bed_types is None or r["id_tt"] in bed_types]


def free_beds(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """Free beds. Always jumlah − terpakai = value − kelebihan, so that nothing is netted away."""
    return total(
        FREE,
        rooms,
        lambda room: _gone(room, now, rules),
        free_in,
        now,
        jumlah=lambda r: r["jumlah"],
        terpakai=lambda r: r["terpakai"],
        kelebihan=beyond,
        ruang_penuh_lebih=lambda r: beyond(r) > 0,
    )


def overfull(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """The rooms with more patients than beds."""
    return count(OVERFULL, rooms, lambda room: _gone(room, now, rules) or (None if beyond(room) else "fits"), now)


def occupancy(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """Occupied beds in percent of beds; more than 100 where rooms are over-full."""
    return ratio(
        OCCUPANCY,
        rooms,
        lambda room: _gone(room, now, rules) or (None if room["jumlah"] else "no_beds"),
        lambda r: r["terpakai"],
        lambda r: r["jumlah"],
        now,
        ("terpakai", "jumlah"),
    )


def covid_beds(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """Free beds of the covid rooms, with suspected and confirmed patients beside."""
    return total(
        COVID,
        rooms,
        lambda room: _gone(room, now, rules) or (None if room["covid"] else "not_covid"),
        free_in,
        now,
        jumlah=lambda r: r["jumlah"],
        terpakai=lambda r: r["terpakai"],
        kelebihan=beyond,
        suspek=lambda r: r["terpakai_suspek"],
        konfirmasi=lambda r: r["terpakai_konfirmasi"],
    )


def dengue_beds(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """Beds for dengue, with the patients beside."""

    def without(room: Row) -> str | None:
        some = room["jumlah_dbd"] or room["terpakai_dbd"] or room["terpakai_dbd_anak"]
        return _gone(room, now, rules) or (None if some else "no_dengue")

    return total(
        DENGUE,
        rooms,
        without,
        lambda r: r["jumlah_dbd"],
        now,
        terpakai_dbd=lambda r: r["terpakai_dbd"],
        terpakai_dbd_anak=lambda r: r["terpakai_dbd_anak"],
        kelebihan=lambda r: max(r["terpakai_dbd"] - r["jumlah_dbd"], 0),
    )


def queue(rooms: Iterable[Row], now: datetime, rules: BoardRules = RULES) -> Tile[Row]:
    """How many people wait for a bed."""
    return total(QUEUE, rooms, lambda room: _gone(room, now, rules), lambda r: r["antrian"], now)


class Line(NamedTuple):
    """One line of the board: the code of its hospital, region or bed type, and its tiles."""

    code: str
    free: Tile[Row]
    overfull: Tile[Row]
    occupancy: Tile[Row]
    covid: Tile[Row]
    dengue: Tile[Row]
    queue: Tile[Row]


By = Literal["id_tt", "hospital", "regency", "province", "nation"]


def board(
    rooms: Iterable[Row],
    places: Places,
    now: datetime,
    by: By,
    *,
    scope: Scope = NATION,
    bed_types: Collection[str] | None = None,
    rules: BoardRules = RULES,
) -> list[Line]:
    """A line for each bed type, hospital, regency or province of a scope, by code, or one for all of it (`nation`).

    Every room of the scope is in exactly one line.
    """
    found = chosen(rooms, places, scope, bed_types)
    groups: dict[str, list[Row]] = {}
    if by == "id_tt":
        for room in sorted(found, key=lambda r: int(r["id_tt"])):
            groups.setdefault(room["id_tt"], []).append(room)
    elif by == "nation":
        groups[""] = found
    else:
        groups = grouped(found, places, by)
    return [
        Line(
            code,
            *(tile(some, now, rules) for tile in (free_beds, overfull, occupancy, covid_beds, dengue_beds, queue)),
        )
        for code, some in groups.items()
    ]


# ---- looking back


GONE = timedelta(days=366)
"""A room that said nothing new for so long has gone, whatever it last said."""


class Snapshot(NamedTuple):
    """What a room had last said at the snapshot of a local day. `heard` is when it said so."""

    kode_rs: str
    id_t_tt: int
    id_tt: str
    ruang: str
    day: date
    jumlah: int
    terpakai: int
    heard: datetime


def snapshots(
    history: Iterable[Row],
    places: Places,
    first: date,
    last: date,
    now: datetime,
    *,
    scope: Scope = NATION,
    bed_types: Collection[str] | None = None,
    rules: BoardRules = RULES,
) -> list[Snapshot]:
    """One snapshot per room and local day from `first` to `last`: what it had last said at the hour of `rules`.

    `history` has rows of `bed_history`, with those before `first` that still held then. A room gives none before its
    first message, while it is deleted, after `GONE`, and for an hour that is still to come.
    """
    rooms: dict[tuple[str, int], list[Row]] = {}
    for row in within(history, places, scope):
        rooms.setdefault((row["kode_rs"], row["id_t_tt"]), []).append(row)
    found = []
    for (code, number), said in sorted(rooms.items()):
        said.sort(key=lambda r: (r["at"], r["version"]))
        times = [r["at"] for r in said]
        place = places.get(code)
        zone = province_zone(None) if place is None else place.zone
        for day in _days(first, last):
            instant = datetime.combine(day, rules.snapshot, zone)
            at = bisect_right(times, instant) - 1
            if instant > now or at < 0 or said[at]["deleted"] or instant - said[at]["at"] > GONE:
                continue
            row = said[at]
            if bed_types is None or row["id_tt"] in bed_types:
                found.append(
                    Snapshot(code, number, row["id_tt"], row["ruang"], day, row["jumlah"], row["terpakai"], row["at"])
                )
    return found


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def bor(taken: Sequence[Snapshot], now: datetime, indicator: Indicator = BOR) -> Tile[Snapshot]:
    """The mean occupancy of snapshots, weighted by beds; None without one."""
    included, excluded = sort_out(taken, lambda s: None if s.jumlah else "no_beds")
    used, beds = sum(s.terpakai for s in included), sum(s.jumlah for s in included)
    parts = {"terpakai": used, "jumlah": beds, "hari": len({s.day for s in included})}
    return Tile(indicator, share(used, beds), included, excluded, now, oldest(included), parts)


def trend(taken: Iterable[Snapshot], now: datetime) -> list[tuple[date, Tile[Snapshot]]]:
    """Occupancy by local day, earliest first. A day without a snapshot is absent, not 0."""
    days: dict[date, list[Snapshot]] = {}
    for each in taken:
        days.setdefault(each.day, []).append(each)
    return [(day, bor(some, now, DAY_OCCUPANCY)) for day, some in sorted(days.items())]
