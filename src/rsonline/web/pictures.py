"""Pictures of figures, as data for the templates: bars, and a map of Indonesia in equal squares.

Every picture stands beside a table of the same numbers. Shades never speak alone: each square has its number.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

SHADES = 5
SQUARE = 52
_GAP = 4
PROVINCES: Mapping[str, tuple[str, int, int]] = {
    "11": ("Aceh", 0, 0),
    "12": ("Sumut", 1, 1),
    "13": ("Sumbar", 1, 2),
    "14": ("Riau", 2, 1),
    "15": ("Jambi", 2, 2),
    "16": ("Sumsel", 3, 3),
    "17": ("Bengkulu", 2, 3),
    "18": ("Lampung", 3, 4),
    "19": ("Babel", 4, 2),
    "21": ("Kepri", 3, 1),
    "31": ("Jakarta", 5, 4),
    "32": ("Jabar", 5, 5),
    "33": ("Jateng", 6, 5),
    "34": ("DIY", 6, 6),
    "35": ("Jatim", 7, 5),
    "36": ("Banten", 4, 5),
    "51": ("Bali", 8, 5),
    "52": ("NTB", 9, 5),
    "53": ("NTT", 10, 5),
    "61": ("Kalbar", 5, 1),
    "62": ("Kalteng", 6, 1),
    "63": ("Kalsel", 6, 2),
    "64": ("Kaltim", 7, 1),
    "65": ("Kaltara", 7, 0),
    "71": ("Sulut", 10, 0),
    "72": ("Sulteng", 9, 1),
    "73": ("Sulsel", 9, 3),
    "74": ("Sultra", 10, 2),
    "75": ("Gorontalo", 9, 0),
    "76": ("Sulbar", 9, 2),
    "81": ("Maluku", 12, 2),
    "82": ("Malut", 12, 1),
    "91": ("Papua", 15, 2),
    "92": ("Pap. Brt", 14, 2),
    "93": ("Pap. Sel", 15, 4),
    "94": ("Pap. Tgh", 14, 3),
    "95": ("Pap. Peg", 15, 3),
    "96": ("Pap. BD", 13, 2),
}
"""Each province's short name, and the column and row of its square."""
WIDTH = (1 + max(x for _, x, _ in PROVINCES.values())) * (SQUARE + _GAP)
HEIGHT = (1 + max(y for _, _, y in PROVINCES.values())) * (SQUARE + _GAP)


class Measured(NamedTuple):
    """One thing with its number: `text` is the number as it is read, `to` the page behind it."""

    code: str
    name: str
    value: float | None
    text: str
    to: str


class Square(NamedTuple):
    """A province on the map. `shade` is from 0 (least) to SHADES − 1; None where there is no number."""

    x: int
    y: int
    short: str
    shade: int | None
    of: Measured | None


class Bar(NamedTuple):
    """A bar: `width` from 0 to 100, None where there is no number."""

    of: Measured
    width: float | None


def bars(found: Sequence[Measured]) -> list[Bar]:
    """Bars on one scale that begins at 0."""
    most = max((abs(each.value) for each in found if each.value is not None), default=0) or 1
    return [Bar(each, None if each.value is None else round(100 * abs(each.value) / most, 2)) for each in found]


def country(found: Sequence[Measured]) -> list[Square]:
    """The map: every province, also those of which there is nothing."""
    known = {each.code: each for each in found}
    limits = _limits([each.value for each in found if each.value is not None and each.code in PROVINCES])
    squares = []
    for code, (short, column, row) in PROVINCES.items():
        of = known.get(code)
        shade = None if of is None or of.value is None else sum(of.value > limit for limit in limits)
        squares.append(Square(column * (SQUARE + _GAP), row * (SQUARE + _GAP), short, shade, of))
    return squares


def _limits(values: list[float]) -> list[float]:
    """What parts the values into as many shades, with as many provinces in each."""
    ordered = sorted(values)
    return [ordered[len(ordered) * n // SHADES] for n in range(1, SHADES)] if ordered else []


LINE = (600, 160)
"""Width and height of a line's picture."""


class Point(NamedTuple):
    """One moment of a line: where it stands, what it is called, its value as it is read."""

    x: float
    y: float
    name: str
    text: str


class Days(NamedTuple):
    """Days of a figure as a picture: its points, the lines between them (broken where a day has no number),
    and the top of its scale."""

    points: list[Point]
    lines: list[str]
    top: float


def days(found: Sequence[tuple[str, float | None, str]], least: float = 1) -> Days:
    """Values by day on a scale that begins at 0 and reaches `least` at any rate; None leaves a gap."""
    width, height = LINE
    top = _round_up(max([value for _, value, _ in found if value is not None], default=0), least)
    step = width / max(len(found) - 1, 1)
    points, lines, broken = [], list[list[str]](), True
    for n, (name, value, text) in enumerate(found):
        if value is None:
            broken = True
            continue
        x, y = round(n * step, 1), round(height * (1 - value / top), 1)
        points.append(Point(x, y, name, text))
        if broken:
            lines.append([])
        lines[-1].append(f"{x},{y}")
        broken = False
    return Days(points, [" ".join(line) for line in lines if len(line) > 1], top)


def _round_up(value: float, least: float) -> float:
    """The next number with one or two digits and noughts behind them, so that the scale can be read."""
    if value <= least:
        return least
    unit = float(f"1e{len(str(int(value))) - 1}")
    return next(n * unit for n in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * unit >= value)
