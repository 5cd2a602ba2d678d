"""Insight for programs: each figure as JSON, as a file of its rows or parts, and its picture."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from starlette.responses import JSONResponse, Response

from rsonline.insight.catalogue import SECTIONS
from rsonline.insight.digest import Digest
from rsonline.insight.indicator import Indicator
from rsonline.insight.places import NATION, Scope
from rsonline.insight.section import Figure, Section
from rsonline.reports.verdict import Words
from rsonline.sheets.cells import Cell
from rsonline.sheets.columns import Holds
from rsonline.web import insight, pictures, render
from rsonline.web import insight_names as names
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.sheets import download, form_in, writing_in
from rsonline.web.visit import Visit

API = "/api/wawasan"


def told(indicator: Indicator, digest: Digest) -> dict[str, Any]:
    """A number of an indicator with what it was made of."""
    return {
        "nilai": digest.value,
        "bagian": dict(digest.parts),
        "dihitung": digest.included,
        "tidak_dihitung": dict(digest.excluded),
        "data_tertua": None if digest.oldest is None else digest.oldest.isoformat(timespec="seconds"),
        "versi": indicator.version,
    }


def _both(words: Words) -> dict[str, str]:
    return {"id": words.id, "en": words.en}


def described(section: Section, figure: Figure) -> dict[str, Any]:
    """What a figure is: formula, version, source, unit, reasons."""
    indicator = figure.indicator
    return {
        "ubin": figure.key,
        "bagian_dari": section.name,
        "indikator": indicator.name,
        "judul": _both(figure.called),
        "rumus": _both(indicator.formula),
        "versi": indicator.version,
        "satuan": _both(indicator.unit),
        "sumber": _both(indicator.source),
        "definisi_sendiri": indicator.local,
        "alasan": {reason: _both(words) for reason, words in indicator.reasons.items()},
    }


def _where(house: House, visit: Visit, scope: Scope) -> dict[str, Any]:
    per = house.current.per(scope)
    return {
        "wilayah": {"tingkat": scope.level, "kode": scope.code, "nama": names.place_name(house.current, scope, visit)},
        "rumah_sakit": len(house.current.inside(scope)),
        "per": None if per is None else per.isoformat(timespec="seconds"),
        "lengkap": per is not None,
    }


async def everything(house: House, visit: Visit) -> Response:
    """Every figure of a scope."""
    scope = await insight.scope_of(house, visit)
    digests = house.current.digests(scope)
    tiles = {
        figure.key: told(figure.indicator, digests[figure.key, ""])
        for section in SECTIONS
        for figure in section.figures
        if (figure.key, "") in digests
    }
    return JSONResponse({**_where(house, visit, scope), "ubin": tiles})


async def one(house: House, visit: Visit) -> Response:
    """One figure with its definition, by part of the scope and by group."""
    section, figure = insight.found_in(visit)
    scope = await insight.scope_of(house, visit)
    current = house.current
    return JSONResponse(
        {
            **described(section, figure),
            **_where(house, visit, scope),
            **told(figure.indicator, current.digest(scope, figure.key)),
            "bagian_wilayah": [
                {
                    "kode": below.code,
                    "nama": names.place_name(current, below, visit),
                    **told(figure.indicator, current.digest(below, figure.key)),
                }
                for below in current.children(scope)
            ],
            "kelompok": {
                group: told(figure.indicator, each) for group, each in current.groups(scope, figure.key).items()
            },
        }
    )


async def picture(house: House, visit: Visit) -> Response:
    """The picture of a figure as SVG: the map of the nation, bars of any other scope."""
    _, figure = insight.found_in(visit)
    scope = await insight.scope_of(house, visit)
    found = insight.measured(house, visit, scope, figure)
    body = render.text(
        visit,
        "gambar.svg",
        title=f"{visit.words(figure.called)} · {names.place_name(house.current, scope, visit)}",
        per=house.current.per(scope),
        squares=pictures.country(found) if scope == NATION else [],
        bars=[] if scope == NATION else pictures.bars(found),
    )
    disposition = {"Content-Disposition": f'attachment; filename="{figure.key}-{scope.code or "indonesia"}.svg"'}
    return Response(body, 200, disposition, media_type="image/svg+xml")


async def rows(house: House, visit: Visit) -> Response:
    """The rows behind a figure of a few hospitals, the parts of a larger scope, as XLSX or CSV."""
    section, figure = insight.found_in(visit)
    form = form_in(visit)
    scope = await insight.scope_of(house, visit)
    current = house.current
    if len(current.inside(scope)) <= insight.MOST_HOSPITALS:
        tile = await insight.rows_of(house, scope, section, figure, visit.now)
        titles = [*figure.columns, visit.t("dihitung", "counted")]
        reasons = figure.indicator.reasons
        lines: list[list[Cell]] = [[*_cells(visit, row, figure.columns), visit.t("ya", "yes")] for row in tile.included]
        lines += [[*_cells(visit, e.row, figure.columns), visit.words(reasons[e.reason])] for e in tile.excluded]
    else:
        titles = ["kode", "nama", "nilai", "dihitung", "tidak_dihitung"]
        lines = []
        for below in current.children(scope):
            digest = current.digest(below, figure.key)
            name = names.place_name(current, below, visit)
            lines.append([below.code, name, digest.value, digest.included, digest.of - digest.included])
    if len(lines) > _MOST:
        raise Wrong(413, "Terlalu banyak baris; pilih wilayah yang lebih kecil.", "Too many rows; choose a part.")
    writing = await writing_in(form, _holds(lines, len(titles)))
    body = writing.begin(titles) + writing.rows(lines) + writing.end()
    return download(body, f"{figure.key}-{scope.code or 'indonesia'}", form)


_MOST = 50_000


def _cells(visit: Visit, row: Any, columns: Sequence[str]) -> list[Cell]:
    return [_cell(visit, row[c] if isinstance(row, dict) else getattr(row, c)) for c in columns]


def _cell(visit: Visit, value: object) -> Cell:
    match value:
        case datetime():
            return value.astimezone(visit.zone).replace(tzinfo=None, microsecond=0)
        case date():
            return datetime.combine(value, time())
        case None | str() | bool() | int() | float():
            return value
    return str(value)


def _holds(lines: Sequence[Sequence[Cell]], width: int) -> list[Holds]:
    """What the columns hold, as told by their first value."""
    found: list[Holds] = []
    for column in range(width):
        first = next((line[column] for line in lines if line[column] is not None), None)
        match first:
            case bool():
                found.append("flag")
            case int():
                found.append("whole")
            case float():
                found.append("decimal")
            case datetime():
                found.append("day" if first.time() == time() else "moment")
            case _:
                found.append("text")
    return found


PAGES = (
    Page(API, ("GET",), "view", everything, fragment=True),
    Page(f"{API}/{{key}}", ("GET",), "view", one, fragment=True),
    Page(f"{insight.PATH}/{{key}}/gambar.svg", ("GET",), "view", picture, fragment=True),
    Page(f"{insight.PATH}/{{key}}/baris.{{form}}", ("GET",), "export", rows, fragment=True),
)
