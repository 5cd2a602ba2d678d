"""Templates: escaped by default, with the few things that every page needs (SR-35)."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_month_names
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from rsonline.web import assets
from rsonline.web.visit import Visit


@cache
def environment() -> Environment:
    """The one environment of the process."""
    made = Environment(
        loader=PackageLoader("rsonline.web"),
        autoescape=select_autoescape(default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = assets.address
    return made


def page(visit: Visit, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page."""
    return HTMLResponse(text(visit, template, **values), status)


def text(visit: Visit, template: str, **values: Any) -> str:
    """What a template gives."""
    return environment().get_template(template).render(**_common(visit), **values)


def _common(visit: Visit) -> dict[str, Any]:
    return {
        "visit": visit,
        "t": visit.t,
        "words": visit.words,
        "may": visit.may,
        "calendar": lambda value: day(value, visit.language),
        "moment": lambda value: moment(value, visit),
        "number": lambda value: number(value, visit.language),
    }


def day(value: date, language: str) -> str:
    """`23 November 2026`."""
    return f"{value.day} {_months(language)[value.month]} {value.year}"


def month(value: date, language: str) -> str:
    """`November 2026`."""
    return f"{_months(language)[value.month]} {value.year}"


def moment(value: datetime, visit: Visit) -> str:
    """`23 November 2026 14:05 WIB` on the hospital's wall clock."""
    zone = visit.hospital.zone if visit.hospital is not None else "WIB"
    return f"{_minute(value, visit.zone, visit.language)} {zone}"


@lru_cache(maxsize=16384)
def _minute(value: datetime, zone: ZoneInfo, language: str) -> str:
    local = value.astimezone(zone)
    return f"{day(local, language)} {local:%H:%M}"


@lru_cache(maxsize=65536)
def short_day(value: datetime, zone: ZoneInfo) -> str:
    """`23-11-26`, where there is room for no more."""
    return f"{value.astimezone(zone):%d-%m-%y}"


@cache
def _months(language: str) -> Mapping[int, str]:
    """A page has a hundred dates: the library is asked once for its names of the months, not for each date."""
    return dict(get_month_names("wide", locale=language))


@lru_cache(maxsize=4096)
def number(value: float | None, language: str) -> str:
    """`1.234,5` for Indonesian readers, `1,234.5` for English ones; `–` for nothing."""
    return "–" if value is None else format_decimal(value, "#,##0.###", locale=language)
