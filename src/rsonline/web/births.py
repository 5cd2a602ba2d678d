"""Live births of a hospital by month, beside newborn screening: told by whoever enters its reports."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from rsonline.store import births
from rsonline.store.access import Access
from rsonline.web import lines, render
from rsonline.web.pages import House, Page
from rsonline.web.screening import PATH as SCREENING
from rsonline.web.visit import Visit

PATH = f"{SCREENING}-kelahiran"
MONTHS = 13
"""How many complete months back may be told."""


class Line(NamedTuple):
    """One month of the form: what is in its field, what is wrong with it, and what is known beside."""

    month: date
    name: str
    typed: str
    wrong: bool
    screened: int
    fewer: bool
    """Whether more screenings than births are known."""


def months(visit: Visit) -> list[date]:
    """The first days of the complete months that may be told, the newest first."""
    found, first = list[date](), visit.here.today.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found


def field(month: date) -> str:
    """The name of a month's field."""
    return f"b-{month:%Y-%m}"


def number_in(text: str) -> int | None:
    """A number that may be told; None for an empty field. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= births.MOST):
        raise ValueError(text)
    return int(text)


async def form(house: House, visit: Visit) -> Response:
    """The months with what was told."""
    return await _form(house, visit, {}, set())


async def _form(house: House, visit: Visit, typed: Mapping[str, str], wrong: set[date], status: int = 200) -> Response:
    asked, code = months(visit), visit.own.code

    def look(access: Access) -> tuple[dict[date, births.Births], dict[date, int]]:
        told = {each.month: each for each in births.of(access, [code], asked[-1])}
        return told, births.screened(access, code, asked[-1])

    told, screened = await house.store.read(visit.origin, look)
    shown = []
    for month in asked:
        text = typed.get(field(month), str(told[month].births) if month in told else "")
        many = screened.get(month, 0)
        fewer = month in told and told[month].births < many
        shown.append(Line(month, render.month(month, visit.language), text, month in wrong, many, fewer))
    return render.page(visit, "shk_kelahiran.html", status, lines=shown, field=field, most=births.MOST)


async def tell(house: House, visit: Visit) -> Response:
    """Keep every month of the form, or none where one of them is wrong. What stays as it was leaves no line."""
    typed = await lines.typed_in(visit)
    wanted: dict[date, int | None] = {}
    wrong = set()
    for month in months(visit):
        if field(month) in typed:
            try:
                wanted[month] = number_in(typed[field(month)])
            except ValueError:
                wrong.add(month)
    if wrong:
        return await _form(house, visit, typed, wrong, 422)
    by = visit.on_behalf

    def work(access: Access) -> None:
        for month, number in sorted(wanted.items()):
            births.tell(access, by, month, number)

    await house.store.perform(work)
    return RedirectResponse(f"{PATH}?tersimpan=1", 303)


PAGES = (
    Page(PATH, ("GET",), "view", form, hospital=True),
    Page(PATH, ("POST",), "enter", tell, hospital=True),
)
