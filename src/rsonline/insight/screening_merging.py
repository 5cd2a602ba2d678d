"""Records that may be of the same newborn: proposed with the evidence, never put together without a person's word.

A newborn has no NIK and is called after its mother ("By Ny …"). A second sample makes a second record.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from rsonline.insight.places import NATION, Places, Scope, within
from rsonline.insight.screening_clock import HIGH, UNFIT, Decision, Number, number_of
from rsonline.reports.nik import placeholder
from rsonline.reports.report import Row

_TITLES = re.compile(r"\b(by|bayi|ny|nyonya|nn|an|anak|tn|ibu|hj|dari)\b\.?")
_OLD_SPELLING = (("oe", "u"), ("dj", "j"), ("tj", "c"), ("sj", "sy"), ("ph", "f"), ("dh", "d"), ("th", "t"))
_ORDER = {"1": 1, "2": 2, "3": 3, "i": 1, "ii": 2, "iii": 3, "a": 1, "b": 2, "c": 3}


@dataclass(frozen=True, slots=True)
class MergeRules:
    """Configuration.

    alike     how alike (0 to 1) two mothers' names must be, without the same NIK of the mother
    births    by how many days the birth dates may differ
    apart     by how many days the samples may lie apart
    """

    alike: float = 0.85
    births: int = 1
    apart: int = 60


RULES = MergeRules()


class Evidence(NamedTuple):
    """What speaks for two records being of one baby, and what against it.

    `alike` compares the mothers' names (1: equal after titles and old spelling), `same_mother` their NIK (None where
    one has none), `births` and `samples` are days between the two; `rejected`: the earlier sample was unfit, so that a
    second one is to be expected; `high`: its TSH was high, likewise; `same_name` compares the children's names.
    """

    alike: float
    same_mother: bool | None
    births: int
    samples: int
    same_name: bool
    same_hospital: bool
    rejected: bool
    high: bool
    score: float


class Proposal(NamedTuple):
    """Two records, the earlier sample first, for a person to decide on. `said` is what a person decided, if anybody."""

    first: Row
    second: Row
    evidence: Evidence
    said: Decision | None

    @property
    def kode_rs(self) -> str:
        """The hospital of the newer record."""
        code: str = self.second["kode_rs"]
        return code

    @property
    def heard(self) -> datetime:
        """When the older of the two was last received."""
        time: datetime = min(self.first["updated_at"], self.second["updated_at"])
        return time


def plain(name: str | None) -> str:
    """A name without titles, punctuation and old spelling; its parts in the alphabet's order."""
    text = _TITLES.sub(" ", (name or "").casefold())
    text = re.sub(r"[^a-z ]", " ", text)
    for old, new in _OLD_SPELLING:
        text = text.replace(old, new)
    text = re.sub(r"(.)\1", r"\1", text)
    return " ".join(sorted(text.split()))


def alike(one: str | None, other: str | None, least: float = 0.0) -> float:
    """How alike two names are, from 0 to 1; 0 where one is missing. The order of the two makes no difference.

    0 also where a quick look shows that it is less than `least`.
    """
    return _alike(plain(one), plain(other), least)


def _alike(one: str, other: str, least: float) -> float:
    if not one or not other:
        return 0.0
    first, second = sorted((one, other))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    return matcher.ratio()


def born_as(name: str | None) -> int | None:
    """Which of twins or triplets a name says that a child is (`By Ny Siti 2`, `… II`, `… B`); None: it says nothing."""
    last = re.sub(r"[^a-z0-9 ]", " ", (name or "").casefold()).split()[-1:]
    return _ORDER.get(last[0]) if last else None


def has_nik(row: Row) -> bool:
    """Whether the child has a number of its own."""
    nik = row["nik_anak"]
    return bool(nik) and not placeholder(nik) and nik != row["nik_ibu"]


class _Known(NamedTuple):
    """A record with what is compared again and again."""

    row: Row
    mother: str
    nik_ibu: str | None
    order: int | None
    own: bool


def _known(row: Row) -> _Known:
    nik = row["nik_ibu"]
    return _Known(
        row,
        plain(row["nama_ibu"]),
        None if not nik or placeholder(nik) else nik,
        born_as(row["nama_anak"]),
        has_nik(row),
    )


def _evidence(one: _Known, other: _Known, names: float, rejected: bool, high: bool) -> Evidence:
    first, second = one.row, other.row
    same_mother = one.nik_ibu == other.nik_ibu if one.nik_ibu and other.nik_ibu else None
    births = abs((first["tgllahir"] - second["tgllahir"]).days)
    # A second sample that was called for explains itself; a birth date that differs has to be explained.
    score = min((1.0 if same_mother else names) + (0.05 if rejected or high else 0.0), 1.0) - 0.1 * births
    return Evidence(
        round(names, 3),
        same_mother,
        births,
        abs((first["tgl_ambil_sampel"] - second["tgl_ambil_sampel"]).days),
        plain(first["nama_anak"]) == plain(second["nama_anak"]) != "",
        first["kode_rs"] == second["kode_rs"],
        rejected,
        high,
        round(max(score, 0.0), 3),
    )


def proposals(
    records: Iterable[Row],
    results: Iterable[Row],
    decisions: Iterable[Decision],
    places: Places,
    *,
    scope: Scope = NATION,
    rules: MergeRules = RULES,
) -> list[Proposal]:
    """Pairs of records of a scope that may be of one baby, the likeliest first; those decided on say so.

    At least one of the two has no NIK of the child. Never proposed: different sexes, twins that their names tell
    apart, two children with different NIKs, mothers with different NIKs.
    """
    living = sorted(
        (_known(r) for r in within(records, places, scope) if r["deleted_at"] is None),
        key=lambda one: (one.row["tgllahir"], number_of(one.row)),
    )
    unfit = {number_of(t) for t in results if t["deleted_at"] is None and t["layak_sampel"] == UNFIT}
    high = {number_of(t) for t in results if t["deleted_at"] is None and t["hasil_pemeriksaan"] == HIGH}
    said: dict[frozenset[Number], Decision] = {}
    for decision in sorted(decisions, key=lambda d: d.at):
        said[frozenset((decision.first, decision.second))] = decision
    found = []
    for i, one in enumerate(living):
        for other in islice(living, i + 1, None):
            if (other.row["tgllahir"] - one.row["tgllahir"]).days > rules.births:
                break
            if not _possible(one, other, rules):
                continue
            same = one.nik_ibu is not None and one.nik_ibu == other.nik_ibu
            names = _alike(one.mother, other.mother, 0.0 if same else rules.alike)
            if not same and names < rules.alike:
                continue
            first, second = sorted((one, other), key=lambda k: (k.row["tgl_ambil_sampel"], number_of(k.row)))
            number, last = number_of(first.row), number_of(second.row)
            speaks = _evidence(first, second, names, number in unfit, number in high)
            found.append(Proposal(first.row, second.row, speaks, said.get(frozenset((number, last)))))
    return sorted(found, key=lambda p: (-p.evidence.score, number_of(p.first), number_of(p.second)))


def _possible(one: _Known, other: _Known, rules: MergeRules) -> bool:
    if one.row["gender"] != other.row["gender"] or (one.own and other.own):
        return False
    if one.order is not None and other.order is not None and one.order != other.order:
        return False
    if one.nik_ibu and other.nik_ibu and one.nik_ibu != other.nik_ibu:
        return False
    apart: int = (one.row["tgl_ambil_sampel"] - other.row["tgl_ambil_sampel"]).days
    return abs(apart) <= rules.apart
