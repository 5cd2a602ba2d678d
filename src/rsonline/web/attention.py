"""What needs somebody now, and where: the first page of whoever looks after more than one hospital."""

import heapq
from collections.abc import Mapping
from typing import Any, NamedTuple

from rsonline.insight.catalogue import FIGURES
from rsonline.insight.places import Level, Place, Scope
from rsonline.insight.screening import ALARMS
from rsonline.insight.screening_alarm import Receiver
from rsonline.web import insight, render
from rsonline.web.insight import Shown
from rsonline.web.pages import House
from rsonline.web.visit import Visit

_ALARM_AT: Mapping[Level, Receiver] = {"nation": "province", "province": "province", "regency": "regency"}
"""Whose alarm about a newborn an office is shown; the ministry sees what reached the provinces."""
MOST = 6
"""So many hospitals of one matter are named."""


class Matter(NamedTuple):
    """One figure of which none would be best, with the hospitals that have most of it.

    `where` is the name, the number and the address of the rows of each; `more` is how many are not named.
    """

    shown: Shown
    where: list[tuple[str, str, str]]
    more: int


def keys_of(level: Level) -> tuple[str, ...]:
    """The figures that an office of a level is asked about."""
    alarm = ALARMS[_ALARM_AT[level]].name
    return ("lapor_diam", "lapor_belum_ada", "oksigen_segera_habis", alarm, "shk_terlambat", "shk_hilang")


async def attention(house: House, visit: Visit) -> dict[str, Any]:
    """What the page shows: the matters of the person's own region, with how old the figures are.

    Nothing for who may not see several hospitals or has no region yet: that page has the links alone. Raises what the
    store raised.
    """
    if not (visit.may("view") and visit.may("region")) or (visit.person.role == "dinkes" and not visit.person.region):
        return {}
    scope = insight.own_scope(visit)
    await house.current.fresh(scope, visit.now)
    keys = keys_of(scope.level)
    found = house.current.having(scope, keys)
    matters = [_matter(house, visit, scope, key, found[key]) for key in keys]
    return {"matters": matters} | insight.common(house, visit, scope)


def _matter(house: House, visit: Visit, scope: Scope, key: str, found: list[tuple[float, Place]]) -> Matter:
    worst = heapq.nsmallest(MOST, found, key=lambda each: (-each[0], each[1].nama))
    where = [
        (
            place.nama,
            render.number(round(value), visit.language),
            insight.address(key, Scope("hospital", place.kode_rs)),
        )
        for value, place in worst
    ]
    shown = insight.shown(visit, scope, FIGURES[key][1], house.current.digest(scope, key))
    return Matter(shown, where, len(found) - len(where))
