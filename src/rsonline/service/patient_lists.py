"""The patient API's reference lists (pasien-covid 4)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, overload

from rsonline.reports import icd10, regions
from rsonline.reports.references import VILLAGES, Entry, Reference

Item = dict[str, Any]
References = Mapping[str, Reference]


Items = Callable[[References, str], Sequence[Item]]
_PARENTS = {"provinsi_id": 2, "kab_kota_id": 4, "kecamatan_id": 6}


class ListRoute(NamedTuple):
    """A reference list at its path."""

    items: Items
    """Its items in their order; of regions those whose code begins so."""
    filters: Mapping[str, int] = {}
    """What it may be filtered by, and how many digits that has (8.2)."""
    paged: bool = True
    group_b: bool = False


def _plain(of: str, label: str = "nama", *, numbers: bool = True) -> Items:
    def items(references: References, within: str) -> list[Item]:
        entries = references[of].entries.values()
        # What an operator adds to a list of numbers may be no number.
        found = [{"id": int(e.id) if numbers and e.id.isdecimal() else e.id, label: e.nama} for e in entries]
        return sorted(found, key=lambda item: (isinstance(item["id"], str), item["id"])) if numbers else found

    return items


def _icd(of: str, label: str, otherwise: str | None) -> Items:
    """ICD-10 codes: those that ICD-10 describes first."""

    def items(references: References, within: str) -> list[Item]:
        described = [(icd10.text(e.id), e) for e in references[of].entries.values()]
        described.sort(key=lambda pair: (pair[0] is None, pair[1].id))
        return [{"id": e.id, label: text or otherwise or e.nama} for text, e in described]

    return items


def _regions(level: Callable[[regions.Regions], Mapping[str, str]], item: Callable[[str, str], Item]) -> Items:
    @cache
    def all_items() -> tuple[tuple[str, Item], ...]:
        return tuple((code, item(code, name)) for code, name in sorted(level(regions.all_names()).items()))

    return lambda references, within: [shown for code, shown in all_items() if code.startswith(within)]


class _Villages(Sequence[Item]):
    """Villages that are shown when they are looked at: there are 84,000."""

    def __init__(self, entries: Mapping[str, Entry], codes: Sequence[str]) -> None:
        self._entries = entries
        self._codes = codes

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        if isinstance(place, slice):
            return [self._shown(code) for code in self._codes[place]]
        return self._shown(self._codes[place])

    def _shown(self, code: str) -> Item:
        return {"id": code, "nama": self._entries[code].nama, "kecamatan_id": code[:6]}


def _villages(references: References, within: str) -> Sequence[Item]:
    entries = references[VILLAGES].entries
    return _Villages(entries, sorted(code for code in entries if code.startswith(within)))


def _parents(*names: str) -> Mapping[str, int]:
    return {name: _PARENTS[name] for name in names}


LISTS: Mapping[str, ListRoute] = {
    "/kewarganegaraan": ListRoute(_plain("kewarganegaraan", "nicename", numbers=False)),
    **{
        f"/{name}": ListRoute(_plain(name))
        for name in (
            *("asalpasien", "pekerjaan", "statuspasien", "statusrawat", "variancovid", "alatoksigen", "dosisvaksin"),
            *("jenisvaksin", "kelompokgejala", "jenispemeriksaanlab", "komorbidcoinsiden", "terapi", "statuskeluar"),
            *("penyebabkematian", "pelayanan"),
        )
    },
    "/jenispasien": ListRoute(_plain("jenispasien_covid")),
    "/statusvaksinasi": ListRoute(_plain("dosisvaksin")),
    "/komorbid": ListRoute(_icd("komorbid", "nama", "Lainnya")),
    "/penyebabkematianlangsung": ListRoute(_icd("penyebabkematianlangsung", "description", None)),
    "/statuspasiensaatmeninggal": ListRoute(
        _plain("statuspasiensaatmeninggal", "deskripsi"), paged=False, group_b=True
    ),
    "/lokasikematian": ListRoute(_plain("lokasikematian"), paged=False),
    "/provinsi": ListRoute(_regions(lambda of: of.provinces, lambda code, name: {"id": int(code), "nama": name})),
    "/kabkota": ListRoute(
        _regions(lambda of: of.regencies, lambda code, name: {"id": code, "nama": name, "provinsi_id": int(code[:2])}),
        _parents("provinsi_id"),
    ),
    "/kecamatan": ListRoute(
        _regions(lambda of: of.districts, lambda code, name: {"id": code, "nama": name, "kab_kota_id": code[:4]}),
        _parents("provinsi_id", "kab_kota_id"),
    ),
    "/kelurahan": ListRoute(_villages, _parents("provinsi_id", "kab_kota_id", "kecamatan_id")),
}


def items_of(route: ListRoute, references: References, query: Mapping[str, str]) -> Sequence[Item]:
    """The items of a list that a query asks for; none where two filters name no common region."""
    wanted = [(digits, regions.digits(query[name])) for name, digits in route.filters.items() if query.get(name)]
    within = max((code for _, code in wanted), key=len, default="")
    if any(len(code) != digits or not within.startswith(code) for digits, code in wanted):
        return []
    return route.items(references, within)
