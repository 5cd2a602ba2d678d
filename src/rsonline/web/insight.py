"""What the numbers mean, for a hospital, a region or the nation: every figure with what stands behind it."""

from datetime import datetime
from typing import Any, NamedTuple

from starlette.responses import Response

from rsonline.insight import trends
from rsonline.insight.catalogue import FIGURES, SECTIONS
from rsonline.insight.current import told
from rsonline.insight.digest import Digest
from rsonline.insight.digest import digest as without_rows
from rsonline.insight.discipline import Expected
from rsonline.insight.indicator import Tile
from rsonline.insight.places import NATION, Scope
from rsonline.insight.section import Figure, Ready, Section
from rsonline.store import wide
from rsonline.web import insight_names as names
from rsonline.web import listing, pictures, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

PATH = "/wawasan"
MAP = "hunian_sekarang"
"""The figure that the map of the first page shows."""
BESIDE = (
    "tempat_tidur_kosong",
    "hunian_sekarang",
    "antrian_tempat_tidur",
    "waktu_tunggu_rawat_jalan",
    "data_hidup",
    "lapor_diam",
    "lapor_diterima",
    "oksigen_segera_habis",
    "shk_terlambat",
    "shk_hilang",
    "covid_dirawat",
)
"""The figures of the table of regions or hospitals."""
_ROWS = 50
MOST_HOSPITALS = 10
"""Of so many hospitals at most the rows themselves are listed; above, each hospital's number leads on to its rows."""


class Shown(NamedTuple):
    """One figure of a scope as it is read: `text` is the value, `to` where it explains itself."""

    figure: Figure
    digest: Digest
    text: str
    to: str


def own_scope(visit: Visit) -> Scope:
    """What a person may see; raise Wrong for an account without a region."""
    if visit.hospital is not None:
        return Scope("hospital", visit.hospital.code)
    if visit.person.role != "dinkes":
        return NATION
    region = visit.person.region or ""
    if len(region) not in (2, 4):
        raise Wrong(403, "Akun Anda belum punya wilayah.", "Your account has no region yet.")
    return Scope("province" if len(region) == 2 else "regency", region)


async def scope_of(house: House, visit: Visit) -> Scope:
    """The scope that the address asks for, counted; raise Wrong for one that this person may not see."""
    own = own_scope(visit)
    asked = visit.request.query_params.get("wilayah", "")
    if asked == "":
        scope = own
    elif asked.isascii() and asked.isalnum() and len(asked) <= 16:
        scope = Scope({2: "province", 4: "regency"}.get(len(asked), "hospital"), asked)  # type: ignore[arg-type]
    else:
        raise Wrong(404, "Wilayah ini tidak ada.", "There is no such region.")
    inside = own.level == "nation" or scope == own or (own.level != "hospital" and scope.code.startswith(own.code))
    if not inside and scope.level != "hospital":
        raise Wrong(404, "Wilayah ini bukan wilayah Anda.", "This is not your region.")
    await house.current.fresh(scope, visit.now)
    if scope.level == "hospital":
        place = house.current.place(scope.code)
        if place is None or not own.holds(place):
            raise Wrong(404, "Rumah sakit ini tidak ada di wilayah Anda.", "There is no such hospital in your region.")
    return scope


def shown(visit: Visit, scope: Scope, figure: Figure, digest: Digest, group: str = "") -> Shown:
    """A figure of a scope as it is read."""
    if digest.value is None:
        text = visit.t("tidak dapat dihitung", "cannot be told")
    else:
        text = f"{render.number(round(digest.value, 1), visit.language)} {visit.words(figure.indicator.unit)}"
    return Shown(figure, digest, text, address(figure.key, scope, group))


def address(key: str, scope: Scope, group: str = "") -> str:
    """Where a figure explains itself."""
    asked = "&".join(
        part for part in (f"wilayah={scope.code}" * bool(scope.code), f"grup={group}" * bool(group)) if part
    )
    return f"{PATH}/{key}" + (f"?{asked}" if asked else "")


def crumbs(house: House, visit: Visit, scope: Scope) -> list[tuple[str, str, Scope]]:
    """The way from what a person may see down to a scope: name and code of each step."""
    own = own_scope(visit)
    way = [scope]
    place = house.current.place(scope.code) if scope.level == "hospital" else None
    if place is not None:
        way = [Scope("province", place.province or ""), Scope("regency", place.regency or ""), scope]
    elif scope.level == "regency":
        way = [Scope("province", scope.code[:2]), scope]
    way = [NATION, *way] if scope != NATION else way
    order = ("nation", "province", "regency", "hospital")
    kept = [each for each in way if order.index(each.level) >= order.index(own.level)]
    return [(names.place_name(house.current, each, visit), each.code, each) for each in kept]


def measured(house: House, visit: Visit, scope: Scope, figure: Figure, group: str = "") -> list[pictures.Measured]:
    """A figure of each part of a scope."""
    found = []
    for below in house.current.children(scope):
        digest = house.current.digest(below, figure.key, group)
        one = shown(visit, below, figure, digest, group)
        found.append(
            pictures.Measured(below.code, names.place_name(house.current, below, visit), digest.value, one.text, one.to)
        )
    return found


async def dashboard(house: House, visit: Visit) -> Response:
    """Every figure of a scope, the map, and the parts of the scope side by side."""
    scope = await scope_of(house, visit)
    current = house.current
    sections = [
        (section, [shown(visit, scope, f, current.digest(scope, f.key)) for f in section.figures])
        for section in SECTIONS
    ]
    beside = [FIGURES[key][1] for key in BESIDE]
    parts = [
        (
            names.place_name(current, below, visit),
            below,
            [shown(visit, below, figure, current.digest(below, figure.key)) for figure in beside],
        )
        for below in current.children(scope)
    ]
    figure = FIGURES[MAP][1]
    return render.page(
        visit,
        "wawasan.html",
        sections=sections,
        parts=parts,
        beside=beside,
        squares=pictures.country(measured(house, visit, scope, figure)) if scope == NATION else [],
        figure=figure,
        **common(house, visit, scope),
    )


def common(house: House, visit: Visit, scope: Scope) -> dict[str, Any]:
    """What every page of insight shows: where, of how many hospitals, for which time."""
    per = house.current.per(scope)
    return {
        "scope": scope,
        "crumbs": crumbs(house, visit, scope),
        "hospitals": len(house.current.inside(scope)),
        "per": per,
        "behind": per is not None and (visit.now - per).total_seconds() > 120,
        "progress": house.current.progress if scope == NATION else None,
        "path": PATH,
    }


async def one(house: House, visit: Visit) -> Response:
    """One figure: its value, formula and source, what was left out and why, its parts, and the rows behind it."""
    section, figure = found_in(visit)
    scope = await scope_of(house, visit)
    current = house.current
    group = visit.request.query_params.get("grup", "")
    digest, tile, wanted = current.digest(scope, figure.key, group), None, listing.asked(visit, _ROWS)
    if len(current.inside(scope)) <= MOST_HOSPITALS:
        tile = await rows_of(house, scope, section, figure, visit.now, group)
        # The number and the list come from the same rows.
        digest = without_rows(figure.rule, tile)
    found = measured(house, visit, scope, figure, group)
    names_of = _entries(house, section, figure)
    groups = [
        (names_of.get(code, code), code, shown(visit, scope, figure, each, code))
        for code, each in sorted(current.groups(scope, figure.key).items(), key=lambda g: (len(g[0]), g[0]))
    ]
    rows = [] if tile is None else [(row, None) for row in tile.included] + [(e.row, e.reason) for e in tile.excluded]
    wanted = wanted._replace(total=len(rows), kept=(("wilayah", scope.code), ("grup", group)))
    return render.page(
        visit,
        "wawasan_satu.html",
        section=section,
        one=shown(visit, scope, figure, digest, group),
        parts=[(names.PARTS[n], amount) for n, amount in digest.parts if n in names.PARTS],
        excluded=[(visit.words(figure.indicator.reasons[reason]), n) for reason, n in digest.excluded],
        bars=pictures.bars(found),
        squares=pictures.country(found) if scope == NATION else [],
        groups=groups,
        group=group,
        group_name=names_of.get(group, group),
        columns=[names.title(visit, section, column) for column in figure.columns],
        rows=[
            ([_cell(house, visit, section, row, column, names_of) for column in figure.columns], reason)
            for row, reason in rows[wanted.first : wanted.first + wanted.rows]
        ],
        listing=wanted,
        tile=tile,
        trend=trends.OF_FIGURE.get(figure.key),
        calendars=[] if tile is None or section.name != "disiplin" else _calendars(house, visit, tile),
        **common(house, visit, scope),
    )


Calendar = tuple[str, list[tuple[str, list[tuple[str, str]]]]]


def _calendars(house: House, visit: Visit, tile: Tile[Any]) -> list[Calendar]:
    """Each hospital's month: a line for each kind, with the day and the state of each report that was expected."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    rows = [*tile.included, *(each.row for each in tile.excluded)]
    for row in sorted((r for r in rows if isinstance(r, Expected)), key=lambda r: (r.kode_rs, r.kind, r.day)):
        days = found.setdefault(row.kode_rs, {}).setdefault(row.kind, [])
        days.append((render.day(row.day, visit.language), row.state(visit.now)))
    return [
        (
            names.place_name(house.current, Scope("hospital", code), visit),
            [(names.kind_name(visit, kind), days) for kind, days in kinds.items()],
        )
        for code, kinds in found.items()
    ]


def found_in(visit: Visit) -> tuple[Section, Figure]:
    """The figure in the address; raise Wrong for none."""
    found = FIGURES.get(visit.request.path_params["key"])
    if found is None:
        raise Wrong(404, "Angka ini tidak ada.", "There is no such figure.")
    return found


async def rows_of(
    house: House, scope: Scope, section: Section, figure: Figure, now: datetime, group: str = ""
) -> Tile[Any]:
    """The tile of a figure with the rows behind it, as they are now."""
    places = {place.kode_rs: place for place in house.current.inside(scope)}
    found = await house.store.read(None, lambda access: wide.rows(access, section.tables, list(places), now))
    rows: dict[str, list[Any]] = {name: [] for name in section.tables}
    for own in found.values():
        for name, some in own.items():
            rows[name] += some
    prepared = section.prepare(told(rows), places, now)
    if group and section.groups is not None:
        prepared = section.groups(prepared).get(group, [])
    return figure.tile(Ready(prepared, places, now))


def _entries(house: House, section: Section, figure: Figure) -> dict[str, str]:
    """The names of a reference list's entries by id, for the column or groups that hold such ids."""
    for column in figure.columns:
        name = names.listed(column, section.name)
        if name is not None and name in house.references:
            return {entry.id: entry.nama for entry in house.references[name].entries.values()}
    return {}


def _cell(house: House, visit: Visit, section: Section, row: Any, column: str, names_of: dict[str, str]) -> str:
    text = names.cell(visit, house.current, section.name, row, column)
    return names_of.get(text, text) if names.listed(column, section.name) else text


PAGES = (
    Page(PATH, ("GET",), "view", dashboard),
    Page(f"{PATH}/{{key}}", ("GET",), "view", one),
)
