"""Free beds for everybody, without a login: by region and bed type, of the hospitals that reported lately.

No person stands behind these numbers. The page is small and needs no script; the same as JSON for other programs.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from starlette.responses import JSONResponse, Response

from rsonline.insight.digest import Digest
from rsonline.insight.places import NATION, Place, Scope
from rsonline.reports import regions
from rsonline.web import insight_names as names
from rsonline.web import render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

PATH = "/ketersediaan"
FREE, QUEUE, LIVELY = "tempat_tidur_kosong", "antrian_tempat_tidur", "data_hidup"
_AT_ONCE = 50


class Available(NamedTuple):
    """One hospital: free beds of all its rooms, or of those of one bed type; whether its figures live, last message."""

    place: Place
    free: Digest
    beds: int
    waiting: int
    tick: bool
    heard: datetime | None


class Asked(NamedTuple):
    """What the address asks for: a region, a bed type (empty: all), which page."""

    scope: Scope
    kind: str
    page: int


async def _asked(house: House, visit: Visit) -> Asked:
    """What is asked for, counted; raise Wrong for a region or type that there is not."""
    query = visit.request.query_params
    region, kind, page = query.get("wilayah", ""), query.get("jenis", ""), query.get("hal", "1")
    if region not in ("", *regions.all_provinces()) and regions.regency(region) is None:
        raise Wrong(404, "Wilayah ini tidak ada.", "There is no such region.")
    if kind not in ("", *house.references["tempat_tidur"].entries):
        raise Wrong(404, "Jenis tempat tidur ini tidak ada.", "There is no such bed type.")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    scope = Scope("province" if len(region) == 2 else "regency", region) if region else NATION
    # One count for all readers: nobody outside can make the service count region by region.
    await house.current.fresh(NATION, visit.now)
    return Asked(scope, kind, max(1, number))


def _available(house: House, asked: Asked) -> Iterator[Available]:
    """The hospitals of a region that have such beds, those with most free beds first."""
    current = house.current
    found = []
    for place in current.inside(asked.scope):
        own = Scope("hospital", place.kode_rs)
        free = current.digest(own, FREE, asked.kind)
        if free.value is None:
            continue
        beds = int(dict(free.parts).get("jumlah", 0))
        waiting = int(current.digest(own, QUEUE, asked.kind).value or 0)
        lively = current.digest(own, LIVELY)
        tick = bool(dict(lively.parts).get("centang"))
        found.append(Available(place, free, beds, waiting, tick, lively.oldest))
    yield from sorted(found, key=lambda each: (-(each.free.value or 0), each.place.nama, each.place.kode_rs))


async def page(house: House, visit: Visit) -> Response:
    """The page."""
    asked = await _asked(house, visit)
    found = list(_available(house, asked))
    first = (asked.page - 1) * _AT_ONCE
    current = house.current
    return render.page(
        visit,
        "ketersediaan.html",
        asked=asked,
        name=names.place_name(current, asked.scope, visit),
        found=found[first : first + _AT_ONCE],
        total=len(found),
        pages=max(1, -(-len(found) // _AT_ONCE)),
        free=current.digest(asked.scope, FREE, asked.kind),
        per=current.per(NATION),
        provinces=regions.all_provinces(),
        regencies=regions.regencies_of(asked.scope.code[:2]) if asked.scope.code else {},
        kinds={entry.id: entry.nama for entry in house.references["tempat_tidur"].entries.values()},
        where=_where,
    )


def _where(place: Place) -> str:
    if place.regency is None:
        return "–"
    return regions.regency(place.regency) or place.regency


async def data(house: House, visit: Visit) -> Response:
    """The same as JSON: every hospital of the region, not in pages."""
    asked = await _asked(house, visit)
    per = house.current.per(NATION)
    whole = house.current.digest(asked.scope, FREE, asked.kind)
    body: dict[str, Any] = {
        "wilayah": asked.scope.code,
        "jenis": asked.kind,
        "per": None if per is None else per.isoformat(timespec="seconds"),
        "kosong": whole.value,
        "rumah_sakit": [
            {
                "kode_rs": each.place.kode_rs,
                "nama": each.place.nama,
                "kab_kota": each.place.regency,
                "kosong": int(each.free.value or 0),
                "jumlah": each.beds,
                "antrian": each.waiting,
                "centang": each.tick,
                "kabar_terakhir": None if each.heard is None else each.heard.isoformat(timespec="seconds"),
                "data_tertua": None if each.free.oldest is None else each.free.oldest.isoformat(timespec="seconds"),
            }
            for each in _available(house, asked)
        ],
    }
    return JSONResponse(body, headers={"Access-Control-Allow-Origin": "*"})


PAGES = (
    Page(PATH, ("GET",), "anyone", page),
    Page(f"{PATH}.json", ("GET",), "anyone", data, fragment=True),
)
