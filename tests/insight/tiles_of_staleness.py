"""Tiles of staleness over random senders."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from rsonline.insight import staleness
from rsonline.insight.places import Scope
from rsonline.store.bed_rounds import Told
from tests.insight.country import NOW, PLACES, Made, inside
from tests.insight.posts import Post, recount


def said(random: Random) -> list[Told]:
    """Most hospitals: programs that copy, people, and some that fell silent."""
    told = []
    for code in PLACES:
        found = []
        sort = random.choice(("never", "copied", "live", "person", "confirming", "silent"))
        for hour in range(0 if sort == "never" else 72):
            at = NOW - timedelta(hours=71 - hour)
            value = hour if sort == "live" else 7
            if sort == "person" and hour % 17:
                continue
            if sort == "silent" and hour > 30:
                continue
            last = sort == "confirming" and hour == 70
            found.append(
                Post(code, "1", at, "web" if last else "api", "confirm" if last else "replace", {"terpakai": value})
            )
        if (one := recount(found, NOW)) is not None:
            told.append(one)
    return told


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    found = staleness.standings(said(random), PLACES, NOW, scope=scope)
    everyone: list[Any] = staleness.standings((), PLACES, NOW)
    assert [one.kode_rs for one in found] == sorted(one.kode_rs for one in inside(everyone, scope))
    yield Made(staleness.lively(found, NOW), found)
    for state in staleness.COUNTED:
        yield Made(staleness.standing_as(state, found, NOW), found)
