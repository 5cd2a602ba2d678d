"""The country in digests, kept current: whoever changed since the last look is counted again, and nobody else.

The journal's heads tell who changed. What a region or the nation has is put together from its parts, so that a number
of the nation costs as much in the tenth year as in the first.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog

from rsonline.insight.catalogue import FIGURES, SECTIONS
from rsonline.insight.digest import NOTHING, Digest, digest, together
from rsonline.insight.places import NATION, Place, Places, Scope, code_at, local_day, zone_at
from rsonline.insight.screening_clock import Action, Decision
from rsonline.insight.section import Figure, Ready, Rows, Section
from rsonline.store import quiet, wide
from rsonline.store.access import Access
from rsonline.store.engines import Store

log = structlog.get_logger("rsonline.insight")
SOON = timedelta(seconds=10)
"""From this age on figures are counted again while the old ones are still shown."""
LATE = timedelta(seconds=60)
"""From this age on whoever asks waits for the new ones."""
_AT_ONCE = 10
_PAUSE = 0.05
_FIRST_LOOK = 3.0
"""How many hospitals are counted at a stretch: other requests come in between."""
Stamp = tuple[int, datetime | None]
Key = tuple[str, str]
"""A figure's key, and the group it is of (a bed type); empty for all."""
Digests = Mapping[Key, Digest]
_KEYS: dict[Key, Key] = {}


class Counted(NamedTuple):
    """A hospital as it was counted: up to which line of its journal, on which days (see `_days`)."""

    place: Place
    seq: int
    days: tuple[date, ...]
    digests: Digests
    until: Mapping[str, datetime]
    """By section: from when on time alone makes it another count."""
    declared: Stamp = (0, None)
    """What was declared for regions when it was counted."""


Wanted = tuple[Place, Counted | None, tuple[Section, ...]]


def _note(task: asyncio.Task[int]) -> None:
    """A count that failed behind is told once; whoever asks next starts another one."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("insight.not_counted", error=type(error).__name__)


class Current:
    """The digests of the hospitals that somebody asked for, and of their regions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hospitals: dict[str, Counted] = {}
        self._regencies: dict[str, list[str]] = {}
        self._regions: dict[Scope, Digests] = {}
        self._per: dict[Scope, datetime] = {}
        self._tasks: dict[Scope, asyncio.Task[int]] = {}
        self._progress: tuple[int, int] | None = None

    def place(self, code: str) -> Place | None:
        """One of them."""
        found = self._hospitals.get(code)
        return None if found is None else found.place

    def inside(self, scope: Scope) -> list[Place]:
        """The hospitals of a scope, by code."""
        if scope.level == "hospital":
            found = self._hospitals.get(scope.code)
            return [] if found is None else [found.place]
        return [
            self._hospitals[code].place
            for regency, codes in sorted(self._regencies.items())
            if scope.level == "nation" or (regency.startswith(scope.code) and scope.code)
            for code in codes
        ]

    def per(self, scope: Scope) -> datetime | None:
        """The time for which the figures of a scope hold; None before its first count."""
        return self._per.get(scope)

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many hospitals of how many are counted, while the country is counted for the first time."""
        return self._progress

    async def fresh(self, scope: Scope, now: datetime) -> None:
        """Have figures of a scope that are not older than LATE; older ones are kept where the database is away.

        The first count of the nation goes on behind: `progress` tells how far it is. Raises what the store raised
        where there are no figures at all.
        """
        per = self._per.get(scope)
        first = per is None
        if per is not None and now - per <= SOON:
            return
        task = self._tasks.get(scope)
        if task is None or task.done():
            task = self._tasks[scope] = asyncio.create_task(self.count(scope, now))
            task.add_done_callback(_note)
        if per is not None and now - per <= LATE:
            return
        if first and scope == NATION:
            # A small country is counted at once; of a large one, what is there by now is shown.
            await asyncio.wait({task}, timeout=_FIRST_LOOK)
            return
        try:
            await asyncio.shield(task)
        except Exception:
            # What is shown says how old it is.
            if first:
                raise

    async def close(self) -> None:
        """Stop counting."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def count(self, scope: Scope, now: datetime) -> int:
        """Count again whoever changed in a scope; how many hospitals that were.

        Raises Busy, and what the database raises.
        """

        def look(access: Access) -> tuple[dict[str, int], dict[str, Place], Stamp]:
            region = "" if scope.level in ("nation", "hospital") else scope.code
            only = scope.code if scope.level == "hospital" else None
            found = wide.places(access, region=region, code=only)
            places = {code: Place(*where) for code, where in found.items()}
            return wide.heads(access, found), places, quiet.stamp(access)

        heads, places, declared = await self._store.read(None, look)
        self._forget({place.kode_rs for place in self.inside(scope)} - set(places))
        wanted = await self._wanted(places, heads, declared, now)
        first = scope == NATION and scope not in self._per
        for start in range(0, len(wanted), _AT_ONCE):
            if first:
                self._progress = (start, len(wanted))
            some = wanted[start : start + _AT_ONCE]
            self._take(
                await self._store.read(None, partial(_count, some=some, heads=heads, now=now, declared=declared))
            )
            # Whoever reports comes first.
            await asyncio.sleep(_PAUSE if first else 0)
        self._progress = None
        self._per[scope] = now
        return len(wanted)

    async def _wanted(self, places: Places, heads: Mapping[str, int], declared: Stamp, now: datetime) -> list[Wanted]:
        """Who has to be counted, with what is known already and the sections that changed."""
        whole: list[Wanted] = []
        moved: list[tuple[Place, Counted]] = []
        for code, place in places.items():
            known = self._hospitals.get(code)
            days = _days(place, now)
            if known is None or known.place != place or known.days[0] != days[0]:
                whole.append((place, known, SECTIONS))
            elif known.days != days:
                # What is counted once on each local day looks at no other calendar.
                whole.append((place, known, tuple(s for s in SECTIONS if not s.daily)))
            elif known.seq != heads.get(code, 0):
                moved.append((place, known))
            elif otherwise := _without_a_message(known, declared, now):
                whole.append((place, known, otherwise))
        if moved:
            tables = await self._store.read(
                None, lambda access: {p.kode_rs: wide.changed(access, p.kode_rs, known.seq) for p, known in moved}
            )
            for place, known in moved:
                objects = tables[place.kode_rs]
                otherwise = _without_a_message(known, declared, now)
                touched = tuple(
                    s for s in SECTIONS if (not s.daily and objects.intersection(s.moved_by)) or s in otherwise
                )
                whole.append((place, known, touched))
        return whole

    def _forget(self, codes: set[str]) -> None:
        for code in codes:
            self._drop_regions(self._hospitals.pop(code).place)
        if codes:
            self._index()

    def _take(self, counted: Sequence[Counted]) -> None:
        new = False
        for each in counted:
            known = self._hospitals.get(each.place.kode_rs)
            if known is not None and (known.days, known.seq) > (each.days, each.seq):
                # Two counts at once: the later one stays.
                continue
            if known is None or known.place != each.place:
                new = True
                if known is not None:
                    self._drop_regions(known.place)
            self._hospitals[each.place.kode_rs] = each
            if known is None or known.digests is not each.digests:
                self._drop_regions(each.place)
        if new:
            self._index()

    def _index(self) -> None:
        regencies: dict[str, list[str]] = {}
        for code, each in sorted(self._hospitals.items()):
            regencies.setdefault(each.place.regency or "", []).append(code)
        self._regencies = regencies

    def _drop_regions(self, place: Place) -> None:
        for scope in (NATION, Scope("province", code_at("province", place)), Scope("regency", place.regency or "")):
            self._regions.pop(scope, None)

    # ---- asking

    def digests(self, scope: Scope) -> Digests:
        """Every digest of a scope; none for one without hospitals."""
        if scope.level == "hospital":
            found = self._hospitals.get(scope.code)
            return {} if found is None else found.digests
        known = self._regions.get(scope)
        if known is None:
            known = self._regions[scope] = _added(list(self._below(scope)))
        return known

    def _below(self, scope: Scope) -> Iterator[Digests]:
        if scope.level == "regency":
            for code in self._regencies.get(scope.code, ()):
                yield self._hospitals[code].digests
        else:
            for below in self.children(scope):
                yield self.digests(below)

    def children(self, scope: Scope) -> list[Scope]:
        """The provinces of the nation, the regencies of a province, the hospitals of a regency; by code.

        Hospitals of which nobody knows where they lie are those of a regency without a code, in such a province.
        """
        if scope.level == "nation":
            return [Scope("province", code) for code in sorted({regency[:2] for regency in self._regencies})]
        if scope.level == "province":
            mine = sorted(r for r in self._regencies if r[:2] == scope.code)
            return [Scope("regency", regency) for regency in mine]
        if scope.level == "regency":
            return [Scope("hospital", code) for code in self._regencies.get(scope.code, ())]
        return []

    def digest(self, scope: Scope, key: str, group: str = "") -> Digest:
        """One figure of a scope; NOTHING where there is none."""
        return self.digests(scope).get((key, group), NOTHING)

    def having(self, scope: Scope, keys: Sequence[str]) -> dict[str, list[tuple[float, Place]]]:
        """The hospitals of a scope that have something of each figure: the value and the place, in no order.

        One walk for all keys: there are thousands of hospitals, and nothing else is served meanwhile.
        """
        found: dict[str, list[tuple[float, Place]]] = {key: [] for key in keys}
        wanted = [(_key(key, ""), some) for key, some in found.items()]
        for place in self.inside(scope):
            digest_of = self._hospitals[place.kode_rs].digests.get
            for key, some in wanted:
                digest = digest_of(key)
                if digest is not None and digest.value:
                    some.append((digest.value, place))
        return found

    def groups(self, scope: Scope, key: str) -> dict[str, Digest]:
        """A figure of a scope by group."""
        return {group: each for (name, group), each in self.digests(scope).items() if name == key and group}


def _days(place: Place, now: datetime) -> tuple[date, ...]:
    """The day at a hospital, at its province's office and in Jakarta: some figures mean the one, some the other."""
    return tuple(local_day(now, zone_at(level, place)) for level in ("hospital", "province", "nation"))


def _without_a_message(known: Counted, declared: Stamp, now: datetime) -> tuple[Section, ...]:
    """The sections that say something else though its hospital wrote nothing: by time, by a declaration."""
    over = {name for name, until in known.until.items() if now > until}
    new = known.declared != declared
    return tuple(s for s in SECTIONS if s.name in over or (new and "quiet" in s.tables))


def _added(parts: Sequence[Digests]) -> Digests:
    keys = dict.fromkeys(key for part in parts for key in part)
    return {
        key: together(FIGURES[key[0]][1].rule, [part[key] for part in parts if key in part]) for key in sorted(keys)
    }


def _count(
    access: Access,
    *,
    some: Sequence[Wanted],
    heads: Mapping[str, int],
    now: datetime,
    declared: Stamp,
) -> list[Counted]:
    """Count some hospitals from their rows."""
    rows: dict[str, dict[str, list[Any]]] = {place.kode_rs: {} for place, _, _ in some}
    for section in SECTIONS:
        codes = [place.kode_rs for place, _, sections in some if section in sections]
        for code, found in wide.rows(access, section.tables, codes, now).items():
            rows[code].update(found)
    counted = []
    for place, known, sections in some:
        digests: Digests = {} if known is None else known.digests
        until = {} if known is None else dict(known.until)
        if sections:
            kept = {key: each for key, each in digests.items() if FIGURES[key[0]][0] not in sections}
            own, places = told(rows[place.kode_rs]), {place.kode_rs: place}
            ready = [(s, Ready(s.prepare(own, places, now), places, now)) for s in sections]
            digests = kept | {key: each for s, one in ready for key, each in counted_section(s, one)}
            for section, one in ready:
                until.pop(section.name, None)
                if section.until is not None and (moment := section.until(one)) is not None:
                    until[section.name] = moment
        seq = heads.get(place.kode_rs, 0)
        counted.append(Counted(place, seq, _days(place, now), digests, until, declared))
    return counted


def told(rows: Mapping[str, list[Any]]) -> Rows:
    """Rows as the store gives them, with what people recorded about newborns as the clocks take it."""
    return {
        **rows,
        "shk_action": [Action(*each) for each in rows.get("shk_action", ())],
        "shk_merge": [
            Decision((each.kode_rs, each.first), (each.kode_rs, each.second), each.same, each.at)
            for each in rows.get("shk_merge", ())
        ],
    }


def counted_section(section: Section, ready: Ready) -> Iterator[tuple[Key, Digest]]:
    """The digests of one section of one hospital."""
    for figure in section.figures:
        yield _key(figure.key), _digest(figure, ready)
    if section.groups is not None:
        for group, some in section.groups(ready.rows).items():
            for key in section.grouped:
                yield _key(key, group), _digest(FIGURES[key][1], ready._replace(rows=some))


def _digest(figure: Figure, ready: Ready) -> Digest:
    return digest(figure.rule, figure.tile(ready))


def _key(key: str, group: str = "") -> Key:
    """The one tuple of its kind: there are a hundred for each hospital."""
    made = (key, group)
    return _KEYS.setdefault(made, made)
