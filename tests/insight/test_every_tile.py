"""What holds for every indicator of the product and every tile of it: nothing disappears, nothing leaks.

For each module of the table there is a `tiles_of_<module>.py` here, which makes its tiles from random rows. An
indicator of which no tile is made there, or a reason that never occurs, fails.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rsonline.insight import INDICATORS
from rsonline.insight.indicator import Indicator, Tile, check
from rsonline.insight.places import Scope, kode_rs
from tests.insight.country import PLACES, SCOPES, Made

SEEDS = 40
DOCS = Path(__file__).parents[2] / "docs" / "indikator"
EVERY = [(module, indicator) for module, some in INDICATORS.items() for indicator in some]


def made(module: str) -> Iterator[tuple[Scope, Made]]:
    """Every tile of a module over random rows, with its scope."""
    tiles = import_module(f"tests.insight.tiles_of_{module}").tiles
    for seed in range(SEEDS):
        for scope in SCOPES:
            for each in tiles(Random(seed), scope):
                yield scope, each


def test_names_are_one_of_a_kind() -> None:
    names = Counter(indicator.name for _, indicator in EVERY)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize(("module", "indicator"), EVERY, ids=[i.name for _, i in EVERY])
def test_every_indicator_explains_itself(module: str, indicator: Indicator) -> None:
    assert indicator.version >= 1
    for words in (indicator.title, indicator.formula, indicator.source, indicator.unit, *indicator.reasons.values()):
        assert words.id.strip()
        assert words.en.strip()
    described = "\n".join(path.read_text("utf-8") for path in sorted(DOCS.glob("*.md")))
    assert f"`{indicator.name}`" in described


@pytest.mark.parametrize("module", INDICATORS)
def test_every_tile_accounts_for_every_row(module: str) -> None:
    values: dict[str, set[bool]] = defaultdict(set)
    reasons: dict[str, set[str]] = defaultdict(set)
    for scope, (tile, rows) in made(module):
        name = tile.indicator.name
        assert check(tile.indicator, tile) == []
        shown = [*tile.included, *(each.row for each in tile.excluded)]
        assert tile.of == len(rows), name
        assert sorted(map(id, shown)) == sorted(map(id, rows)), name
        assert all(scope.holds(PLACES[kode_rs(row)]) for row in shown), name
        holds_together(tile)
        values[name].add(tile.value is None)
        reasons[name] |= {each.reason for each in tile.excluded}
    for indicator in INDICATORS[module]:
        assert values[indicator.name] == {True, False}, f"{indicator.name}: never a number, or never none"
        assert reasons[indicator.name] == set(indicator.reasons), indicator.name


def holds_together(tile: Tile[Any]) -> None:
    """A tile's number, its list and its age agree."""
    assert tile.value is None or math.isfinite(tile.value)
    assert all(math.isfinite(part) for part in tile.parts.values())
    if "baris" in tile.parts and tile.value is not None:
        assert tile.value == tile.parts["baris"] == len(tile.included)
    assert tile.per.tzinfo is not None
    # What is missing has no age: nothing of it was ever received.
    if any(row.get("updated_at") if isinstance(row, dict) else row.heard for row in tile.included):
        assert isinstance(tile.oldest, datetime)
        assert tile.oldest <= tile.per
    else:
        assert tile.oldest is None
