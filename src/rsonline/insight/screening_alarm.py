"""Who has to hear of an overdue newborn: its hospital, then its regency, then its province, each on its own day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from rsonline.insight.places import NATION, Places, Scope, code_at, local_day, within, zone_at
from rsonline.insight.screening_clock import RULES, Clock, ClockRules, Step

Receiver = Literal["hospital", "regency", "province"]
RECEIVERS: tuple[Receiver, ...] = ("hospital", "regency", "province")


class Alarm(NamedTuple):
    """Something that somebody must do something about.

    `level` and `code` say who is told. `since` is the first local day there on which it is raised, `day` that level's
    local today. `id_shk` is the baby's newest record.
    """

    level: Receiver
    code: str
    kode_rs: str
    id_shk: int
    step: Step
    urgent: bool
    due: date
    since: date
    day: date
    heard: datetime
    clock: Clock


def since(clock: Clock, level: Receiver, places: Places, rules: ClockRules = RULES) -> date | None:
    """The first local day of a level on which a clock's alarm is raised there; None where nothing is open.

    Never before the day on which the service learnt of it.
    """
    place = places.get(clock.kode_rs)
    if clock.step is None or clock.opened is None or place is None or not code_at(level, place):
        return None
    leg = rules.legs[clock.step]
    after = {"hospital": leg.hospital, "regency": leg.regency, "province": leg.province}[level]
    return max(clock.opened + timedelta(days=after), local_day(clock.baby.learnt, zone_at(level, place)))


def raised(clock: Clock, level: Receiver, places: Places, now: datetime, rules: ClockRules = RULES) -> Alarm | None:
    """A clock's alarm at a level, if it is raised there now."""
    first = since(clock, level, places, rules)
    if first is None or clock.step is None or clock.due is None:
        return None
    place = places[clock.kode_rs]
    today = local_day(now, zone_at(level, place))
    if today < first:
        return None
    return Alarm(
        level,
        code_at(level, place),
        clock.kode_rs,
        clock.baby.id_shk,
        clock.step,
        clock.urgent,
        clock.due,
        first,
        today,
        clock.heard,
        clock,
    )


def alarms(
    ticking: Iterable[Clock],
    places: Places,
    now: datetime,
    *,
    scope: Scope = NATION,
    rules: ClockRules = RULES,
    levels: Iterable[Receiver] = RECEIVERS,
) -> list[Alarm]:
    """The alarms of a scope that are raised now at some levels: the urgent first, then the oldest."""
    wanted = tuple(levels)
    found = [
        alarm
        for clock in within(ticking, places, scope)
        for level in wanted
        if (alarm := raised(clock, level, places, now, rules)) is not None
    ]
    return sorted(found, key=lambda a: (not a.urgent, a.since, a.level, a.code, a.kode_rs, a.id_shk))
