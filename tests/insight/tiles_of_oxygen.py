"""Tiles of oxygen over random reports."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from rsonline.insight import oxygen
from rsonline.insight.places import Scope
from rsonline.reports import OKSIGEN
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe


def reports(random: Random) -> list[Row]:
    """Ten days of most hospitals: blanks, zeros, missing days and jumps among them."""
    rows = []
    for code in PLACES:
        if random.random() < 0.2:
            continue
        usual = random.choice((0.0, 0.0, 20.0, 300.0))
        for ago in range(10):
            if random.random() < 0.3:
                continue
            rows.append(
                kept(
                    OKSIGEN,
                    code,
                    NOW - timedelta(days=ago),
                    tanggal=TODAY - timedelta(days=ago),
                    p_cair=maybe(random, usual * random.choice((0.0, 0.8, 1.0, 1.2, 50.0))),
                    p_tabung_kecil=maybe(random, 0.0, 0.8),
                    k_isi_cair=maybe(random, random.choice((0.0, 50.0, 4000.0)), 0.5),
                    deleted_at=NOW if random.random() < 0.1 else None,
                )
            )
    return rows


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    found = reports(random)
    here = inside(found, scope)
    first = TODAY - timedelta(days=6)
    week = [row for row in here if row["tanggal"] >= first]
    yield Made(oxygen.use(found, PLACES, first, TODAY, NOW, scope=scope), week)
    for day, tile in oxygen.use_by_day(found, PLACES, first, TODAY, NOW, scope=scope, forms=("cair",)):
        yield Made(tile, [row for row in week if row["tanggal"] == day])
    lasting = oxygen.all_lasting(found, PLACES, NOW, scope=scope)
    assert [one.kode_rs for one in sorted(lasting, key=lambda one: one.kode_rs)] == sorted(
        code for code, place in PLACES.items() if scope.holds(place)
    )
    assert all(one.stock_row is None or one.stock_row in here for one in lasting)
    for made in (oxygen.stock(lasting, NOW), oxygen.days_left(lasting, NOW), oxygen.dry_soon(lasting, NOW)):
        yield Made(made, lasting)
    figures = oxygen.figures(found, PLACES, scope=scope)
    assert len(figures) == sum(
        row[name] is not None
        for row in here
        for name in row
        if name.startswith(("p_", "k_isi_")) and row["deleted_at"] is None
    )
    yield Made(oxygen.jumps(figures, NOW), figures)
