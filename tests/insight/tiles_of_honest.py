"""Tiles of honest times over random clinic days."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from random import Random

from rsonline.insight import honest, visits
from rsonline.insight.places import Scope
from rsonline.insight.visits import Visit
from tests.insight import clinic_days
from tests.insight.country import NOW, PLACES, TODAY, Made, inside
from tests.insight.tiles_of_waiting import outpatients

DAYS = (clinic_days.honest, *clinic_days.ROBOTS.values())


@cache
def _days(seed: int) -> list[honest.ClinicDay]:
    """Clinic days of all hospitals: honest ones, robots', small ones, and some of today."""
    random = Random(seed)
    found: list[Visit] = visits.visits(*outpatients(random), PLACES, NOW)
    for code in PLACES:
        for poli in ("ANA", "JAN"):
            if random.random() < 0.4:
                today = TODAY - timedelta(days=random.choice((2, 1, 0, 0)))
                made = random.choice(DAYS)(random, random.choice((6, 25, 40)))
                found += [v._replace(kode_rs=code, poli=poli, day=today - timedelta(days=1), today=TODAY) for v in made]
    found = [v._replace(heard=min(v.heard, NOW)) for v in found]
    days = honest.clinic_days(found)
    assert {(v.kode_rs, v.poli, v.day) for v in found} == {(d.kode_rs, d.poli, d.day) for d in days}
    return days


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    here = inside(_days(random.randrange(10**6)), scope)
    yield Made(honest.odd_days(here, NOW), here)
    for kind in honest.KINDS:
        yield Made(honest.with_sign(kind, here, NOW), here)
