"""Registries for the tests of the hooks: what they know depends on the number that they are asked about."""

import time
from typing import Any

AWAY, SLOW, ODD, UNKNOWN = "9999990000000001", "9999990000000002", "9999990000000003", "9999990000000004"
"""About the first it cannot be reached, the second takes long, the third gets no answer of use, the last is nobody."""
asked: list[tuple[str, str]] = []
"""Which registry was asked about which number."""


def _known(registry: str, number: str, known: Any) -> Any:
    asked.append((registry, number))
    if number == AWAY:
        raise OSError(f"planned, with {number} in its words")
    if number == SLOW:
        time.sleep(1.5)
    return "nothing of use" if number == ODD else None if number == UNKNOWN else known


def laboratory(number: str) -> Any:
    """Another name and birth date, and members that are none of its business."""
    return _known("laboratory", number, {"namaInisialPasien": "LB", "tanggalLahir": "1980-05-06", "noRM": "LAIN"})


def population(number: str) -> Any:
    """The person of the tests' death report under another name."""
    return _known("population", number, {"nama": "Nama Lain", "tanggal_lahir": "1950-01-01", "nik": "x"})


def population_of_men(number: str) -> Any:
    """The same person as a man, with a name of the wrong kind for one number."""
    known = {"jenis_kelamin": "L", "tanggal_lahir": "1950-01-01"}
    return known | ({"nama": 7} if number.endswith("7") else {})


def vaccination(number: str) -> Any:
    """Two doses, one told twice and with a member of its own."""
    first = {"dosisVaksinId": "1", "jenisVaksinId": 1}
    return _known("vaccination", number, [first, {**first, "tanggal": "2021-04-01"}, {**first, "dosisVaksinId": 2}])


def vaccination_without_kind(number: str) -> Any:
    """A dose that lacks what a dose has."""
    return [{"dosisVaksinId": 1}]
