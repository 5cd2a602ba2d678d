"""Forty hospitals that do not exist: no real hospital, no real person."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

SEED = 20260302
Habit = Literal["steady", "silent", "copies", "late", "robot", "dry"]

_FLOWERS = (
    *("Melati", "Kenanga", "Cempaka", "Mawar", "Anggrek", "Dahlia", "Flamboyan", "Teratai", "Seruni", "Kamboja"),
    *(
        "Bougenvil",
        "Sakura Jaya",
        "Tulip",
        "Wijayakusuma",
        "Kemuning",
        "Asoka",
        "Lavender",
        "Soka",
        "Alamanda",
        "Nusa Indah",
    ),
)
_PLACES = (
    ("WIB", "Bandung", "3273"),
    ("WIB", "Semarang", "3374"),
    ("WIB", "Sleman", "3404"),
    ("WIB", "Surabaya", "3578"),
    ("WIB", "Medan", "1271"),
    ("WIB", "Palembang", "1671"),
    ("WIB", "Padang", "1371"),
    ("WIB", "Bogor", "3271"),
    ("WIB", "Kediri", "3571"),
    ("WIB", "Serang", "3673"),
    ("WIB", "Cirebon", "3274"),
    ("WIB", "Malang", "3573"),
    ("WIB", "Pontianak", "6171"),
    ("WIB", "Jambi", "1571"),
    ("WIB", "Solo", "3372"),
    ("WIB", "Bengkulu", "1771"),
    ("WIB", "Tegal", "3376"),
    ("WIB", "Depok", "3276"),
    ("WITA", "Makassar", "7371"),
    ("WITA", "Denpasar", "5171"),
    ("WITA", "Manado", "7171"),
    ("WITA", "Mataram", "5271"),
    ("WITA", "Balikpapan", "6471"),
    ("WITA", "Banjarmasin", "6371"),
    ("WITA", "Kupang", "5371"),
    ("WITA", "Palu", "7271"),
    ("WITA", "Kendari", "7471"),
    ("WITA", "Gorontalo", "7571"),
    ("WITA", "Samarinda", "6472"),
    ("WITA", "Bima", "5272"),
    ("WIT", "Ambon", "8171"),
    ("WIT", "Jayapura", "9171"),
    ("WIT", "Sorong", "9671"),
    ("WIT", "Ternate", "8271"),
    ("WIT", "Merauke", "9301"),
    ("WIT", "Manokwari", "9202"),
    ("WIT", "Tual", "8172"),
    ("WIT", "Nabire", "9401"),
    ("WIT", "Timika", "9404"),
    ("WIT", "Biak", "9106"),
)
_ODD: dict[int, Habit] = {4: "silent", 9: "copies", 14: "late", 19: "robot", 24: "dry"}


@dataclass(frozen=True, slots=True)
class Place:
    """A made-up hospital: how large it is, whether it reports waiting times, and a habit worth finding."""

    code: str
    name: str
    zone: str
    regency: str
    rooms: int
    clinics: bool
    habit: Habit


def places() -> Iterator[Place]:
    """The forty, always the same."""
    random = Random(SEED)
    for index, (zone, place, regency) in enumerate(_PLACES):
        flower = _FLOWERS[index % len(_FLOWERS)]
        yield Place(
            code=f"99{index + 1:05}",
            name=f"RS Peragaan {flower} {index + 1:02} ({place})",
            zone=zone,
            regency=regency,
            rooms=random.choice((8, 10, 12, 16, 20, 28, 40)),
            clinics=index % 3 == 0 or _ODD.get(index) == "robot",
            habit=_ODD.get(index, "steady"),
        )
