"""Tiles of reporting discipline over random reports."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from rsonline.insight import discipline
from rsonline.insight.discipline import DisciplineRules
from rsonline.insight.places import Scope
from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, TEMPAT_TIDUR
from rsonline.reports.report import Row
from rsonline.store.quiet import Quiet
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept

RULES = DisciplineRules(
    window=3,
    quiet=(
        Quiet("34", TODAY - timedelta(days=2), TODAY - timedelta(days=2)),
        Quiet("3404", TODAY - timedelta(days=1), TODAY, ("tempat_tidur", "oksigen")),
    ),
)


def reports(random: Random) -> dict[str, list[Row]]:
    """The daily kinds and some rooms: in time, late, deleted, missing; some hospitals say nothing at all."""
    found: dict[str, list[Row]] = {"tempat_tidur": []}
    talking = [code for code in PLACES if random.random() < 0.8]
    for report in (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES):
        found[report.name] = [
            kept(
                report,
                code,
                NOW - timedelta(days=back) + timedelta(hours=random.choice((-1, 20, 40)) if back > 1 else -1),
                tanggal=TODAY - timedelta(days=back),
                deleted_at=NOW if random.random() < 0.1 else None,
            )
            for code in talking
            for back in range(4)
            if random.random() < 0.7
        ]
    for code in talking:
        if random.random() < 0.5:
            at = NOW - timedelta(hours=random.randrange(60))
            found["tempat_tidur"].append(kept(TEMPAT_TIDUR, code, at, id_t_tt=1, id_tt="1", ruang="A"))
    return found


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    rows = reports(random)
    # Those who came yesterday are not silent yet.
    since = {code: TODAY - timedelta(days=random.choice((0, 1, 40))) for code in PLACES}
    everybody = {code: place._replace(since=since[code]) for code, place in PLACES.items()}
    places = {code: place for code, place in everybody.items() if scope.holds(place)}
    own = {name: inside(some, scope) for name, some in rows.items()}
    found = discipline.expected(own, places, NOW, RULES)
    for of in (discipline.received, discipline.in_time, discipline.missing):
        yield Made(of(found, NOW), found)
    told = discipline.heard(own, places, NOW)
    assert len(told) == len(places)
    yield Made(discipline.silent(told, places, NOW, RULES), told)
