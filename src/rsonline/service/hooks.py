"""Registries outside that the ministry's own service asks (pasien-covid 2.1, 6.2). Off unless a setting names them.

A setting is `module:function`. The function is called in a thread with an identity number; it gives what the registry
knows of that person, as members of the report, or None. What it raises is told as a registry that cannot be asked.
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from rsonline.reports import KEMATIAN, PASIEN_COVID
from rsonline.reports.report import Report
from rsonline.reports.verdict import Problem, Refused

Registry = Callable[[str], Mapping[str, object] | None]
LAB_MEMBERS = (
    *("namaLengkapPasien", "namaInisialPasien", "tanggalLahir", "jenisKelaminId", "domisiliKecamatanId"),
    *("domisiliKabKotaId", "domisiliProvinsiId"),
)
"""What a hit in the laboratory registry replaces in a patient report."""
POPULATION_MEMBERS = (
    *("nama", "jenis_kelamin", "tanggal_lahir", "ktp_alamat", "ktp_kelurahan_id", "ktp_kecamatan_id"),
    *("ktp_kab_kota_id", "ktp_provinsi_id"),
)
"""What the population registry replaces in a death report."""
log = structlog.get_logger("rsonline.service")


def load(name: str) -> Registry | None:
    """The function that a setting names, None for an empty one. Raises ValueError for one that is not there."""
    if not name:
        return None
    module, _, function = name.partition(":")
    try:
        found: Registry = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"registry {name!r} cannot be loaded: {error}") from None
    return found


class Hooks:
    """The registries that are set."""

    def __init__(self, laboratory: Registry | None = None, population: Registry | None = None) -> None:
        self._laboratory = laboratory
        self._population = population

    async def completed(self, report: Report[Any], body: object) -> object:
        """A body with what a registry says of its person. Raises Refused where the registry is away or knows nobody."""
        if not isinstance(body, dict):
            return body
        if report is PASIEN_COVID and self._laboratory is not None:
            number = body.get("nik" if body.get("kewarganegaraanId") == "ID" else "noPassport")
            known = await self._ask(self._laboratory, number)
            return body | {k: v for k, v in (known or {}).items() if k in LAB_MEMBERS}
        if report is KEMATIAN and self._population is not None:
            number = body.get("nik")
            if not isinstance(number, str) or len(number) != 16:
                return body
            known = await self._ask(self._population, number)
            if known is None:
                raise Refused([Problem(member="nik", code="nik_unknown")])
            if known.get("tanggal_lahir") != body.get("tanggal_lahir"):
                raise Refused([Problem(member="tanggal_lahir", code="nik_birth_date")])
            return body | {k: v for k, v in known.items() if k in POPULATION_MEMBERS}
        return body

    async def _ask(self, registry: Registry, number: object) -> Mapping[str, object] | None:
        if not isinstance(number, str) or not number:
            return None
        try:
            return await asyncio.to_thread(registry, number)
        except Exception as error:
            log.warning("registry.away", error=type(error).__name__)
            raise Refused([Problem(member="nik", code="registry_away")]) from None
