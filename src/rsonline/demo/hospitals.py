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
    *(
        ("WIB", p)
        for p in ("Bandung", "Semarang", "Sleman", "Surabaya", "Medan", "Palembang", "Padang", "Bogor", "Kediri")
    ),
    *(("WIB", p) for p in ("Serang", "Cirebon", "Malang", "Pontianak", "Jambi", "Solo", "Bengkulu", "Tegal", "Depok")),
    *(
        ("WITA", p)
        for p in ("Makassar", "Denpasar", "Manado", "Mataram", "Balikpapan", "Banjarmasin", "Kupang", "Palu")
    ),
    *(("WITA", p) for p in ("Kendari", "Gorontalo", "Samarinda", "Bima")),
    *(
        ("WIT", p)
        for p in ("Ambon", "Jayapura", "Sorong", "Ternate", "Merauke", "Manokwari", "Tual", "Nabire", "Timika", "Biak")
    ),
)
_ODD: dict[int, Habit] = {4: "silent", 9: "copies", 14: "late", 19: "robot", 24: "dry"}


@dataclass(frozen=True, slots=True)
class Place:
    """A made-up hospital: how large it is, whether it reports waiting times, and a habit worth finding."""

    code: str
    name: str
    zone: str
    rooms: int
    clinics: bool
    habit: Habit


def places() -> Iterator[Place]:
    """The forty, always the same."""
    random = Random(SEED)
    for index, (zone, place) in enumerate(_PLACES):
        flower = _FLOWERS[index % len(_FLOWERS)]
        yield Place(
            code=f"99{index + 1:05}",
            name=f"RS Peragaan {flower} {index + 1:02} ({place})",
            zone=zone,
            rooms=random.choice((8, 10, 12, 16, 20, 28, 40)),
            clinics=index % 3 == 0 or _ODD.get(index) == "robot",
            habit=_ODD.get(index, "steady"),
        )
