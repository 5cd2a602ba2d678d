"""Tiles of the bed board over random rooms."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from rsonline.insight import beds
from rsonline.insight.places import Scope
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe, some_time


def room(random: Random, number: int, code: str) -> Row:
    """A room: over-full, empty, without beds, of covid or dengue now and then."""
    covid = random.random() < 0.3
    return kept(
        TEMPAT_TIDUR,
        code,
        some_time(random, 45),
        id_t_tt=number,
        id_tt=random.choice(("24", "28") if covid else ("1", "3", "5")),
        ruang=f"Ruang {number}",
        jumlah_ruang=1,
        jumlah=random.choice((0, 4, 10, 20)),
        terpakai=random.randrange(24),
        terpakai_suspek=random.randrange(3) if covid else 0,
        covid=int(covid),
        antrian=random.randrange(3),
        jumlah_dbd=random.choice((0, 0, 2)),
        terpakai_dbd=random.choice((0, 0, 3)),
        deleted_at=maybe(random, None) or (NOW if random.random() < 0.1 else None),
    )


def rooms(random: Random) -> list[Row]:
    """Rooms of all hospitals."""
    codes = list(PLACES)
    return [room(random, n, random.choice(codes)) for n in range(random.randrange(12))]


def history(random: Random, found: list[Row]) -> list[Row]:
    """What the rooms said over some days."""
    rows = []
    for one in found:
        for version in range(1, random.randrange(2, 5)):
            said = {name: one[name] for name in ("kode_rs", "id_t_tt", "id_tt", "ruang", "jumlah", "covid")}
            said |= {"version": version, "at": NOW - timedelta(days=9) + timedelta(hours=random.randrange(200))}
            rows.append(said | {"terpakai": random.randrange(24), "deleted": random.random() < 0.1})
    return rows


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    found = rooms(random)
    for by in ("id_tt", "hospital", "regency", "province", "nation"):
        lines = beds.board(found, PLACES, NOW, by, scope=scope)
        shown = [row for line in lines for row in [*line.free.included, *(e.row for e in line.free.excluded)]]
        assert sorted(map(id, shown)) == sorted(map(id, inside(found, scope)))
        for line in lines:
            rows = [*line.free.included, *(each.row for each in line.free.excluded)]
            for tile in line[1:]:
                yield Made(tile, rows)
    first = TODAY - timedelta(days=6)
    taken = beds.snapshots(history(random, found), PLACES, first, TODAY, NOW, scope=scope)
    yield Made(beds.bor(taken, NOW), taken)
    for day, then in beds.trend(taken, NOW):
        yield Made(then, [s for s in taken if s.day == day])
