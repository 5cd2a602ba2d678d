"""Days of every hospital, kept current: whoever changed since the last look, or whose evening has come, is counted
again for the days concerned, and nobody else.

The journal tells which records changed. What is kept of a day is never needed to count it again, so a process that is
killed, or that another one outruns, loses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

import structlog

from rsonline.insight import beds, trends
from rsonline.insight.discipline import KINDS
from rsonline.insight.places import Place, Scope, local_day
from rsonline.insight.trends import Counts
from rsonline.store import rollups, wide
from rsonline.store.access import Access
from rsonline.store.engines import Store
from rsonline.store.rollups import DAILY, Body, Counted, Mark

T = TypeVar("T")
log = structlog.get_logger("rsonline.insight")
BACK = timedelta(days=400)
"""How far back days are counted: a year of pictures and a month."""
SOON = timedelta(seconds=10)
"""From this age on whoever asks has it looked after again."""
KEPT = timedelta(seconds=60)
"""For how long what was added up of many hospitals is shown again."""
EVERY = 600.0
"""Seconds between two looks at the whole country, whether or not anybody asks."""
_PATIENCE = 3.0
_MOST = 12
"""How many sums are remembered."""
_AT_ONCE = 10
"""How many hospitals are counted at a stretch: other requests come in between."""
_PATIENTS = "pasien_covid"
_ROOMS = "tempat_tidur"


class State(NamedTuple):
    """How far the days of a scope are counted: of how many hospitals, of how many in all."""

    counted: int
    hospitals: int


class Rollups:
    """Keeps the days. One for the process; several processes do not disturb each other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked: dict[Scope, datetime] = {}
        self._tasks: dict[Scope, asyncio.Task[int]] = {}
        self._remembered: dict[Hashable, tuple[datetime, Any]] = {}
        self._making: dict[Hashable, asyncio.Future[Any]] = {}

    async def fresh(self, scope: Scope, now: datetime) -> None:
        """Have the days of a scope counted; where there are many to count, go on behind after a moment.

        Raises what the store raised.
        """
        looked = self._looked.get(scope)
        if looked is not None and now - looked <= SOON:
            return
        task = self._tasks.get(scope)
        if task is None or task.done():
            task = self._tasks[scope] = asyncio.create_task(self.count(scope, now))
            task.add_done_callback(_note)
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE)
        if task in done:
            task.result()

    async def remembered(
        self, key: Hashable, now: datetime, make: Callable[[], Awaitable[T]], worth: Callable[[T], bool]
    ) -> T:
        """What `make` gives, or gave in the last minute where that was worth remembering: many hospitals are added up
        once for everybody who looks at them. Raises what `make` raises."""
        known = self._remembered.get(key)
        if known is not None and now - known[0] <= KEPT:
            made: T = known[1]
            return made
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._making.pop(key, None))
        # Whoever asked first may go away: the others still wait for the same.
        made = await asyncio.shield(task)
        if worth(made):
            self._remembered.pop(key, None)
            self._remembered[key] = (now, made)
            while len(self._remembered) > _MOST:
                del self._remembered[next(iter(self._remembered))]
        return made

    async def keep(self) -> None:
        """Count the whole country again and again, until cancelled. A database that is away is asked again."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.count(Scope(), datetime.now().astimezone())
            except Exception as error:
                log.warning("rollups.not_counted", error=type(error).__name__)

    async def close(self) -> None:
        """Stop counting."""
        behind = [*self._tasks.values(), *self._making.values()]
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)

    async def state(self, scope: Scope) -> State:
        """How far the days of a scope are counted."""

        def look(access: Access) -> State:
            found = places_of(access, scope)
            return State(len(set(rollups.marks(access, found)) & set(found)), len(found))

        return await self._store.read(None, look)

    async def count(self, scope: Scope, now: datetime) -> int:
        """Count whoever changed in a scope; how many hospitals that were. Raises Busy, and what the database raises."""

        def look(access: Access) -> list[Place]:
            found = places_of(access, scope)
            heads, marks = wide.heads(access, found), rollups.marks(access, found)
            return [p for code, p in found.items() if _wanted(p, heads.get(code, 0), marks.get(code), now)]

        wanted = await self._store.read(None, look)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            found = await self._store.read(None, partial(_count, some=some, now=now))
            if found:
                await self._store.perform(partial(rollups.keep, found=found, now=now))
        self._looked[scope] = now
        return len(wanted)


def _note(task: asyncio.Task[int]) -> None:
    """A count that failed behind is told once; whoever asks next starts another one."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("rollups.not_counted", error=type(error).__name__)


def places_of(access: Access, scope: Scope) -> dict[str, Place]:
    """The hospitals of a scope, by code."""
    region = "" if scope.level in ("nation", "hospital") else scope.code
    only = scope.code if scope.level == "hospital" else None
    return {code: Place(*where) for code, where in wide.places(access, region=region, code=only).items()}


def evening(place: Place, now: datetime) -> date:
    """The last local day of a hospital whose snapshot was taken."""
    day = local_day(now, place.zone)
    taken = datetime.combine(day, beds.RULES.snapshot, place.zone)
    return day if taken <= now else day - timedelta(days=1)


def _wanted(place: Place, head: int, mark: Mark | None, now: datetime) -> bool:
    return mark is None or mark.seq != head or mark.zone != str(place.zone) or mark.day < evening(place, now)


def _count(access: Access, *, some: Sequence[Place], now: datetime) -> list[Counted]:
    """Count the days that changed of some hospitals, from their raw rows."""
    codes = [place.kode_rs for place in some]
    # The heads come first: what is written after them is counted again by the next look.
    heads, marks = wide.heads(access, codes), rollups.marks(access, codes)
    found = []
    for place in some:
        head, mark = heads.get(place.kode_rs, 0), marks.get(place.kode_rs)
        if _wanted(place, head, mark, now):
            found.append(_one(access, place, head, mark, now))
    return found


class _Touched(NamedTuple):
    """Which days have to be counted again; None: all of them."""

    evenings: date
    """The first of them."""
    days: Mapping[str, set[date] | None]
    patients: bool


def _touched(access: Access, place: Place, mark: Mark | None, now: datetime) -> _Touched:
    since = local_day(now - BACK, place.zone)
    if mark is None or mark.zone != str(place.zone):
        return _Touched(since, dict.fromkeys(DAILY), True)
    first, patients = mark.day + timedelta(days=1), False
    days: dict[str, set[date] | None] = {name: set() for name in DAILY}
    for table, key, at in rollups.moved(access, place.kode_rs, mark, (*DAILY, _ROOMS, _PATIENTS)):
        if table == _ROOMS:
            first = min(first, local_day(at, place.zone))
        elif table == _PATIENTS:
            patients = True
        elif (known := days[table]) is not None and key and (day := date.fromisoformat(key[0])) >= since:
            # Of older days nothing is kept that could be put right.
            known.add(day)
    return _Touched(max(first, since), days, patients)


def _one(access: Access, place: Place, head: int, mark: Mark | None, now: datetime) -> Counted:
    since, last = local_day(now - BACK, place.zone), evening(place, now)
    touched = _touched(access, place, mark, now)
    months = _Months(access, place.kode_rs)
    for first, end in _by_month(touched.evenings, last):
        start = datetime.combine(first, beds.RULES.snapshot, place.zone)
        until = datetime.combine(end, beds.RULES.snapshot, place.zone)
        said = rollups.evenings(access, place.kode_rs, start, until)
        counted = trends.of_beds(said, place, first, end, now)
        months.put("tempat-tidur", {first + timedelta(days=n) for n in range((end - first).days + 1)}, counted)
    health = touched.days["nakes_terinfeksi"]
    if health is None or health:
        rows = rollups.daily(access, DAILY["nakes_terinfeksi"], place.kode_rs, since, health)
        months.put("nakes", health, trends.of_health(rows, place, now))
    reported: set[date] | None = set()
    for name in KINDS:
        some = touched.days[name]
        reported = None if reported is None or some is None else reported | some
    if reported is None or reported:
        rows_of = {name: rollups.daily(access, DAILY[name], place.kode_rs, since, reported) for name in KINDS}
        months.put("disiplin", reported, trends.of_reports(rows_of, place))
    if touched.patients:
        found = trends.of_patients(rollups.patients(access, place.kode_rs, since), place, since, now)
        months.put("pasien-covid", None, found, since)
    return Counted(place.kode_rs, mark, Mark(head, last, str(place.zone), now), months.changed)


def _by_month(first: date, last: date) -> Iterable[tuple[date, date]]:
    """A span of days in pieces of a month each."""
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, following - timedelta(days=1))
        first = following


class _Months:
    """The months of one hospital as they are kept, with what is put over them."""

    def __init__(self, access: Access, code: str) -> None:
        self._access = access
        self._code = code
        self._known: dict[str, tuple[date, dict[date, Body]]] = {}
        self.changed: dict[tuple[str, date], Body] = {}

    def put(
        self, section: str, days: set[date] | None, counted: Mapping[date, Counts], since: date | None = None
    ) -> None:
        """Replace some days by what was counted; `None`: all that are kept, from `since` on."""
        wanted = set(counted) if days is None else days
        if not wanted and days is not None:
            return
        first = min([*wanted, *([] if since is None else [since])], default=None)
        if first is None:
            return
        kept = self._of(section, first)
        if days is None and since is not None:
            wanted |= {
                month.replace(day=n + 1)
                for month, body in kept.items()
                for numbers in body.values()
                for n, number in enumerate(numbers)
                if number and month.replace(day=n + 1) >= since
            }
        for day in wanted:
            month = day.replace(day=1)
            body = kept.setdefault(month, {})
            before = {name: numbers[day.day - 1] for name, numbers in body.items() if numbers[day.day - 1]}
            counts = counted.get(day, {})
            if before == counts:
                continue
            for name in {*before, *counts}:
                body.setdefault(name, [0] * 31)[day.day - 1] = counts.get(name, 0)
            self.changed[section, month] = body

    def _of(self, section: str, first: date) -> dict[date, Body]:
        known = self._known.get(section)
        if known is None or first.replace(day=1) < known[0]:
            found: dict[date, Any] = {m: b for _, m, b in rollups.months(self._access, [self._code], section, first)}
            # What was put over them stays.
            found |= {month: body for (name, month), body in self.changed.items() if name == section}
            known = self._known[section] = (first.replace(day=1), found)
        return known[1]
