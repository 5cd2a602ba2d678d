"""Tiles of COVID-19 patients over random stays."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from rsonline.insight import covid
from rsonline.insight.places import Scope
from rsonline.reports import PASIEN_COVID
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe, some_day, some_time


def patient(random: Random, number: int) -> Row:
    """A stay: at home, ended, not yet begun, with dates out of order now and then."""
    came = some_day(random, 8) + timedelta(days=random.choice((0, 0, 0, 2)))
    left = maybe(random, came + timedelta(days=random.randrange(-1, 6)), 0.4)
    return kept(
        PASIEN_COVID,
        random.choice(list(PLACES)),
        some_time(random, 8),
        laporanCovid19Versi3Id=number,
        tanggalMasuk=came,
        tanggalKeluar=left,
        statusKeluarId=None if left is None else random.choice((1, 1, 2, 3, 6)),
        statusRawatId=random.choice((0, 24, 28, 28)),
        severityLevelId=random.choice((1, 2, 3, 4, None)),
        alatOksigenId=random.choice((None, 1, 4)),
        kelompokUmurId=random.choice((1, 4, 10)),
        deleted_at=NOW if random.random() < 0.1 else None,
    )


def patients(random: Random) -> list[Row]:
    """Stays in all hospitals."""
    return [patient(random, n) for n in range(random.randrange(25))]


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    found = patients(random)
    here = inside(found, scope)
    yield Made(covid.in_care(found, PLACES, NOW, scope=scope), here)
    for by, member in covid.MEMBERS.items():
        for code, tile in covid.in_care_by(by, found, PLACES, NOW, scope=scope):
            yield Made(tile, [row for row in here if row[member] == code])
    first = TODAY - timedelta(days=9)
    for day, came, left, died in covid.by_day(found, PLACES, first, TODAY, NOW, scope=scope):
        yield Made(came, [row for row in here if row["tanggalMasuk"] == day])
        leaving = [row for row in here if row["tanggalKeluar"] == day]
        yield Made(left, leaving)
        yield Made(died, leaving)
        yield Made(covid.discharged(found, PLACES, day, NOW, scope=scope), leaving)
        yield Made(covid.deaths(found, PLACES, day, NOW, scope=scope), leaving)
