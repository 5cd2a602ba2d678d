"""A month on the command line: `2026-10`."""

import calendar
import re
from datetime import date
from typing import Annotated

import typer

from rsonline.cli.line import wrong

MonthArgument = Annotated[str, typer.Argument(help="Bulan, misalnya 2026-10.", show_default=False)]
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def days_of(text: str) -> tuple[date, date]:
    """The first and the last day of a month; ends the command where it is none."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise wrong(f"{text!r} bukan bulan; tulis misalnya 2026-10")
    first = date(int(found[1]), int(found[2]), 1)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
