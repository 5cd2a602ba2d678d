"""The patient API's reference lists, and what consumers read of all hospitals (pasien-covid 4 and 7)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from rsonline.reports import icd10, regions
from rsonline.reports.references import Reference

Item = dict[str, Any]
References = Mapping[str, Reference]


class ListRoute(NamedTuple):
    """A reference list at its path."""

    items: Callable[[References], Sequence[Item]]
    filter: str | None = None
    """The member of an item by which it may be filtered (8.2)."""
    paged: bool = True
    group_b: bool = False


def _plain(of: str, label: str = "nama", *, numbers: bool = True) -> Callable[[References], Sequence[Item]]:
    def items(references: References) -> list[Item]:
        entries = references[of].entries.values()
        found = [{"id": int(e.id) if numbers else e.id, label: e.nama} for e in entries]
        return sorted(found, key=lambda item: item["id"]) if numbers else found

    return items


def _icd(of: str, label: str, otherwise: str | None) -> Callable[[References], Sequence[Item]]:
    """ICD-10 codes: those that ICD-10 describes first."""

    def items(references: References) -> list[Item]:
        described = [(icd10.text(e.id), e) for e in references[of].entries.values()]
        described.sort(key=lambda pair: (pair[0] is None, pair[1].id))
        return [{"id": e.id, label: text or otherwise or e.nama} for text, e in described]

    return items


@cache
def _regions(level: str) -> tuple[Item, ...]:
    names = regions.all_names()
    if level == "provinsi":
        return tuple({"id": int(code), "nama": name} for code, name in sorted(names.provinces.items()))
    if level == "kabkota":
        return tuple({"id": c, "nama": name, "provinsi_id": int(c[:2])} for c, name in sorted(names.regencies.items()))
    return tuple({"id": c, "nama": name, "kab_kota_id": c[:4]} for c, name in sorted(names.districts.items()))


def _villages(references: References) -> list[Item]:
    return [{"id": e.id, "nama": e.nama, "kecamatan_id": e.id[:6]} for e in references["kelurahan"].entries.values()]


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
    "/provinsi": ListRoute(lambda references: _regions("provinsi")),
    "/kabkota": ListRoute(lambda references: _regions("kabkota"), filter="provinsi_id"),
    "/kecamatan": ListRoute(lambda references: _regions("kecamatan"), filter="kab_kota_id"),
    "/kelurahan": ListRoute(_villages, filter="kecamatan_id"),
}
