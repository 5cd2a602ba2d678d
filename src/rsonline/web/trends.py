"""Figures by day for a hospital, a region or the nation: a picture, the days behind it, and the parts side by side."""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from starlette.responses import JSONResponse, Response

from rsonline.insight import rollups, trends
from rsonline.insight.digest import Digest
from rsonline.insight.places import Level, Scope, province_zone
from rsonline.insight.rollups import State
from rsonline.insight.trends import SPANS, TRENDS, Section, Series, Trend
from rsonline.sheets.cells import Cell
from rsonline.sheets.columns import Holds
from rsonline.store import quiet
from rsonline.store import rollups as kept
from rsonline.store.access import Access
from rsonline.web import insight, insight_data, pictures, render
from rsonline.web import insight_names as names
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.sheets import download, form_in, writing_in
from rsonline.web.visit import Visit

PATH = f"{insight.PATH}/tren"
API = f"{insight_data.API}/tren"
_MANY = 50
"""From so many hospitals on, a sum is shown for a minute."""
_BELOW: dict[Level, Level] = {"nation": "province", "province": "regency", "regency": "hospital"}


class Told(NamedTuple):
    """The days of a trend in a scope, of each of its parts, and how many hospitals of it are counted."""

    trend: Trend
    first: date
    last: date
    series: Series
    parts: dict[str, Series]
    state: State


def asked_span(visit: Visit) -> int:
    """How many days are asked for; raise Wrong for a number that is not offered."""
    text = visit.request.query_params.get("hari", str(SPANS[0]))
    if text not in map(str, SPANS):
        raise Wrong(422, "hari: pilih 30, 90 atau 365.", "hari: choose 30, 90 or 365.")
    return int(text)


def found_in(visit: Visit) -> Trend:
    """The trend in the address; raise Wrong for none."""
    found = TRENDS.get(visit.request.path_params["key"])
    if found is None:
        raise Wrong(404, "Tren ini tidak ada.", "There is no such trend.")
    return found


async def told(house: House, visit: Visit, scope: Scope, section: Section, span: int) -> list[Told]:
    """Every trend of a section in a scope, from what is kept of its days."""
    await house.rollups.fresh(scope, visit.now)
    reading = partial(look, scope=scope, section=section, span=span, now=visit.now)
    return await house.rollups.remembered(
        (scope, section, span),
        visit.now,
        lambda: house.store.read(None, reading),
        # A year of a large country would fill the memory of a process; few look at one at the same time.
        lambda found: found[0].state.hospitals > _MANY and span < SPANS[-1],
    )


def look(access: Access, *, scope: Scope, section: Section, span: int, now: datetime) -> list[Told]:
    """Every trend of a section in a scope as it is kept now."""
    places = rollups.places_of(access, scope)
    known = set(kept.marks(access, places))
    zone = province_zone(scope.code[:2] if scope.level in ("province", "regency") else None)
    if scope.level == "hospital" and scope.code in places:
        zone = places[scope.code].zone
    last = trends.last_day(now, zone, section)
    first = last - timedelta(days=span - 1)
    declared = quiet.about(access, places, first) if section == "disiplin" else []
    months = list(kept.months(access, list(places), section, first, last))
    state = State(len(known & set(places)), len(places))
    found = []
    for trend in TRENDS.values():
        if trend.section == section:
            whole, parts = trends.series(
                trend, months, places, first, last, _BELOW.get(scope.level, "hospital"), declared
            )
            found.append(Told(trend, first, last, whole, parts, state))
    return found


async def _one(house: House, visit: Visit) -> tuple[Scope, Told]:
    trend, span = found_in(visit), asked_span(visit)
    scope = await insight.scope_of(house, visit)
    found = await told(house, visit, scope, trend.section, span)
    return scope, next(each for each in found if each.trend is trend)


def read(visit: Visit, trend: Trend, digest: Digest) -> str:
    """A number as it is read."""
    if digest.value is None:
        return visit.t("tidak dapat dihitung", "cannot be told")
    unit = visit.words(trend.indicator.unit)
    return f"{render.number(round(digest.value, 1), visit.language)} {unit}"


def picture_of(visit: Visit, found: Told) -> pictures.Days:
    """The picture of a trend."""
    return pictures.days(
        [
            (render.day(point.day, visit.language), point.digest.value, read(visit, found.trend, point.digest))
            for point in found.series.points
        ],
        100 if found.trend.how == "ratio" else 4,
    )


def _mean(found: Series) -> float | None:
    """The mean of the days that have a number, where days must not be added up."""
    values = [point.digest.value for point in found.points if point.digest.value is not None]
    return sum(values) / len(values) if values else None


def summary(visit: Visit, trend: Trend, found: Series) -> tuple[str, str]:
    """What all days come to, and how that is called."""
    if trend.whole is None:
        mean = _mean(found)
        title = visit.t("Rata-rata per hari", "Mean of the days")
        if mean is None:
            return title, visit.t("tidak dapat dihitung", "cannot be told")
        return title, f"{render.number(round(mean, 1), visit.language)} {visit.words(trend.indicator.unit)}"
    return visit.words(trend.whole.title), read(visit, trend, found.whole)


def address(key: str, scope: Scope, span: int) -> str:
    """Where a trend is shown."""
    asked = [f"wilayah={scope.code}"] * bool(scope.code) + [f"hari={span}"] * (span != SPANS[0])
    return f"{PATH}/{key}" + ("?" + "&".join(asked) if asked else "")


def _parts(house: House, visit: Visit, scope: Scope, found: Told, span: int) -> list[pictures.Bar]:
    if scope.level == "hospital":
        return []
    measured = []
    for code, series in found.parts.items():
        below = Scope(_BELOW[scope.level], code)
        value = _mean(series) if found.trend.whole is None else series.whole.value
        to = address(found.trend.key, below, span)
        name = names.place_name(house.current, below, visit)
        measured.append(pictures.Measured(code, name, value, summary(visit, found.trend, series)[1], to))
    return pictures.bars(measured)


async def overview(house: House, visit: Visit) -> Response:
    """Every trend of a scope, thirty days."""
    scope = await insight.scope_of(house, visit)
    found = [each for section in trends.SECTIONS for each in await told(house, visit, scope, section, SPANS[0])]
    return render.page(
        visit,
        "tren.html",
        found=[(each, picture_of(visit, each), *summary(visit, each.trend, each.series)) for each in found],
        state=found[0].state,
        to=lambda trend: address(trend.key, scope, SPANS[0]),
        base=PATH,
        **{**insight.common(house, visit, scope), "path": PATH},
    )


async def one(house: House, visit: Visit) -> Response:
    """One trend: the picture, what all days come to, the days as a table, the parts of the scope side by side."""
    scope, found = await _one(house, visit)
    span = asked_span(visit)
    title, text = summary(visit, found.trend, found.series)
    told_of = list(found.series.points)
    while told_of and told_of[0].digest.of == 0:
        # A table of days before there was anything would hide the others.
        del told_of[0]
    points = [
        (
            point,
            read(visit, found.trend, point.digest),
            dict(point.digest.parts),
            _left_out(visit, found.trend, point.digest),
        )
        for point in reversed(told_of)
    ]
    return render.page(
        visit,
        "tren_satu.html",
        found=found,
        trend=found.trend,
        picture=picture_of(visit, found),
        summary=(title, text),
        points=points,
        empty=len(found.series.points) - len(points),
        parts_of=[part for part in found.trend.names if part],
        part_words=names.PARTS,
        bars=_parts(house, visit, scope, found, span),
        spans=[(each, address(found.trend.key, scope, each)) for each in SPANS],
        span=span,
        state=found.state,
        asked=f"?hari={span}" + (f"&wilayah={scope.code}" if scope.code else ""),
        base=PATH,
        **{**insight.common(house, visit, scope), "path": f"{PATH}/{found.trend.key}"},
    )


def _left_out(visit: Visit, trend: Trend, digest: Digest) -> str:
    reasons = trend.indicator.reasons
    return "; ".join(
        f"{visit.words(reasons[reason])}: {render.number(n, visit.language)}" for reason, n in digest.excluded
    )


# ---- for programs, and as files


def _described(trend: Trend) -> dict[str, Any]:
    indicator = trend.indicator
    return {
        "tren": trend.key,
        "bagian_dari": trend.section,
        "indikator": indicator.name,
        "judul": {"id": trend.title.id, "en": trend.title.en},
        "rumus": {"id": indicator.formula.id, "en": indicator.formula.en},
        "satuan": {"id": indicator.unit.id, "en": indicator.unit.en},
        "definisi_sendiri": indicator.local,
    }


def _together(trend: Trend, series: Series) -> dict[str, Any]:
    if trend.whole is None:
        return {"rata_rata_harian": _mean(series)}
    return {"seluruhnya": {"indikator": trend.whole.name, **insight_data.told(trend.whole, series.whole)}}


async def everything_told(house: House, visit: Visit) -> Response:
    """Which trends there are, for programs."""
    scope = await insight.scope_of(house, visit)
    return JSONResponse(
        {"wilayah": scope.code, "hari": list(SPANS), "tren": [_described(trend) for trend in TRENDS.values()]}
    )


async def one_told(house: House, visit: Visit) -> Response:
    """One trend for programs: its days, all of them together, and the parts of the scope."""
    scope, found = await _one(house, visit)
    trend = found.trend
    return JSONResponse(
        {
            **_described(trend),
            "wilayah": {
                "tingkat": scope.level,
                "kode": scope.code,
                "nama": names.place_name(house.current, scope, visit),
            },
            "dari": found.first.isoformat(),
            "sampai": found.last.isoformat(),
            "rumah_sakit": found.state.hospitals,
            "sudah_dihitung": found.state.counted,
            **_together(trend, found.series),
            "hari": [
                {
                    "tanggal": point.day.isoformat(),
                    "rumah_sakit": point.hospitals,
                    **insight_data.told(trend.indicator, point.digest),
                }
                for point in found.series.points
            ],
            "bagian_wilayah": [
                {
                    "kode": code,
                    "nama": names.place_name(house.current, Scope(_BELOW[scope.level], code), visit),
                    **_together(trend, series),
                }
                for code, series in found.parts.items()
                if scope.level != "hospital"
            ],
        }
    )


async def picture(house: House, visit: Visit) -> Response:
    """The picture of a trend as SVG."""
    scope, found = await _one(house, visit)
    title, text = summary(visit, found.trend, found.series)
    body = render.text(
        visit,
        "gambar_tren.svg",
        title=f"{visit.words(found.trend.title)} · {names.place_name(house.current, scope, visit)}",
        below=f"{title}: {text}",
        picture=picture_of(visit, found),
        unit=visit.words(found.trend.indicator.unit),
        first=found.first,
        last=found.last,
    )
    name = f"{found.trend.key}-{scope.code or 'indonesia'}-{asked_span(visit)}.svg"
    return Response(body, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type="image/svg+xml")


async def file(house: House, visit: Visit) -> Response:
    """The days of a trend as XLSX or CSV: of the scope, then of each of its parts."""
    form = form_in(visit)
    scope, found = await _one(house, visit)
    own = [name for name in found.trend.names if name]
    titles = ["kode", "nama", "tanggal", "nilai", *own, "dihitung", "tidak_dihitung", "rumah_sakit"]
    lines: list[list[Cell]] = []
    wanted = [(scope, found.series)]
    if scope.level != "hospital":
        wanted += [(Scope(_BELOW[scope.level], code), series) for code, series in found.parts.items()]
    for place, series in wanted:
        name = names.place_name(house.current, place, visit)
        for point in series.points:
            parts = dict(point.digest.parts)
            digest = point.digest
            lines.append(
                [
                    *(place.code, name, datetime.combine(point.day, time()), digest.value),
                    *(parts.get(each) for each in own),
                    *(digest.included, digest.of - digest.included, point.hospitals),
                ]
            )
    holds: list[Holds] = ["text", "text", "day", "decimal", *(["whole"] * (len(own) + 3))]  # type: ignore[list-item]
    writing = await writing_in(form, holds)
    body = writing.begin(titles) + writing.rows(lines) + writing.end()
    return download(body, f"{found.trend.key}-{scope.code or 'indonesia'}-{asked_span(visit)}", form)


PAGES = (
    Page(PATH, ("GET",), "view", overview),
    Page(f"{PATH}/{{key}}", ("GET",), "view", one),
    Page(API, ("GET",), "view", everything_told, fragment=True),
    Page(f"{API}/{{key}}", ("GET",), "view", one_told, fragment=True),
    Page(f"{PATH}/{{key}}/gambar.svg", ("GET",), "view", picture, fragment=True),
    Page(f"{PATH}/{{key}}/hari.{{form}}", ("GET",), "export", file, fragment=True),
)
