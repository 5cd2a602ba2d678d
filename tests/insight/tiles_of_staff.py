"""Tiles of staff, equipment, infected health workers and PCR tests over random reports."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from rsonline.insight import staff
from rsonline.insight.places import Scope
from rsonline.reports import APD, NAKES_TERINFEKSI, PCR_NAKES
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe, some_day, some_time


def needs(random: Random) -> list[Row]:
    """Needs of all hospitals, some of them not told."""
    return [
        kept(
            APD,
            code,
            some_time(random),
            id_kebutuhan=item,
            jumlah=maybe(random, random.choice((0, 10, 30))),
            jumlah_diterima=maybe(random, random.randrange(40)),
            jumlah_eksisting=maybe(random, random.randrange(200)),
            deleted_at=NOW if random.random() < 0.1 else None,
        )
        for code in PLACES
        for item in ("1", "2", "16")
        if random.random() < 0.7
    ]


def infections(random: Random) -> list[Row]:
    """Three days of all hospitals."""
    return [
        kept(
            NAKES_TERINFEKSI,
            code,
            some_time(random, 3),
            tanggal=TODAY - timedelta(days=ago),
            deleted_at=NOW if random.random() < 0.1 else None,
            **{
                f"{role}{end}": maybe(random, random.randrange(3), 0.5) for role in ("perawat", "bidan") for end in ENDS
            },
        )
        for code in PLACES
        for ago in range(3)
        if random.random() < 0.7
    ]


ENDS = ("", "_dirawat", "_isoman", "_sembuh", "_meninggal")


def tests(random: Random) -> list[Row]:
    """Reports of PCR tests, impossible ones among them."""
    rows = []
    for code in PLACES:
        for _ in range(random.randrange(3)):
            values = {
                f"{part}_{role}": maybe(random, random.randrange(12))
                for part in ("jumlah_tenaga", "sudah_periksa", "hasil_pcr")
                for role in ("perawat", "bidan", "dokter_umum")
            }
            rows.append(kept(PCR_NAKES, code, some_time(random, 20), tanggal=some_day(random, 40), **values))
    return rows


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    found = needs(random)
    for level in ("hospital", "regency", "province", "nation"):
        lines = staff.needs(found, PLACES, NOW, level, scope=scope)
        shown = [row for line in lines for row in (*line.gap.included, *(e.row for e in line.gap.excluded))]
        assert sorted(map(id, shown)) == sorted(map(id, inside(found, scope)))
        for line in lines:
            rows = [*line.gap.included, *(each.row for each in line.gap.excluded)]
            for tile in (line.gap, line.met, line.existing):
                yield Made(tile, rows)
    daily = infections(random)
    for day, outcomes in staff.infected_by_day(daily, PLACES, TODAY - timedelta(days=2), TODAY, NOW, scope=scope):
        for made in outcomes.values():
            yield Made(made, [row for row in inside(daily, scope) if row["tanggal"] == day])
    sent = tests(random)
    last = staff.last_tests(sent, PLACES, NOW, scope=scope)
    assert {one.kode_rs for one in last} <= {row["kode_rs"] for row in inside(sent, scope)}
    yield Made(staff.positivity(last, NOW), last)
    yield Made(staff.impossible_figures(last, NOW), last)
