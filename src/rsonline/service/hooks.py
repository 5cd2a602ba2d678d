"""Registries outside that the ministry's own service asks (pasien-covid 2.1, 6.2). Off unless a setting names them.

A setting is `module:function`. The function is called in a thread with an identity number; it gives what the registry
knows of that person, or None. What it raises, and an answer that does not come in time, is told as a registry that
cannot be asked; an answer that is no answer as one that cannot be used. Nobody is asked about a body that the schema
refuses, and nothing is kept before every registry has answered.
"""

import asyncio
import importlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import structlog

from rsonline.reports import KEMATIAN, PASIEN_COVID, joi
from rsonline.reports.fields import At
from rsonline.reports.kinds import kematian
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, Vaksinasi
from rsonline.reports.report import Report, Row
from rsonline.reports.verdict import Problem, Refused

Registry = Callable[[str], Any]
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
DOSE_MEMBERS = ("dosisVaksinId", "jenisVaksinId")
"""What the vaccination registry says of one dose."""
MOST_DOSES = 20
_AT_ONCE = 8
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


class Completed(NamedTuple):
    """A body with what the registries say of its person, and the doses that it is known to have had."""

    body: object
    doses: tuple[Row, ...] = ()


class Hooks:
    """The registries that are set. `seconds` is how long one may take to answer."""

    def __init__(
        self,
        laboratory: Registry | None = None,
        population: Registry | None = None,
        vaccination: Registry | None = None,
        *,
        seconds: float = 5.0,
    ) -> None:
        self._laboratory = laboratory
        self._population = population
        self._vaccination = vaccination
        self._seconds = seconds
        # Threads of their own: a registry that hangs holds up nothing else of the process.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "registry")

    def close(self) -> None:
        """Ask no more; answers that are still on their way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def completed(self, report: Report[Any], body: object, at: At) -> Completed:
        """What the registries make of a new report. Raises Refused: by the schema, or by a registry."""
        if report is PASIEN_COVID and (self._laboratory or self._vaccination):
            return await self._patient(report, body, at)
        if report is KEMATIAN and self._population:
            return Completed(await self._death(self._population, report, body, at))
        return Completed(body)

    async def _patient(self, report: Report[Any], body: object, at: At) -> Completed:
        said = joi.read(report.record, body, at).values
        number = said["nik" if said["kewarganegaraanId"] == "ID" else "noPassport"]
        if number is None or not isinstance(body, dict):
            return Completed(body)
        doses: tuple[Row, ...] = ()
        if self._laboratory is not None:
            known = await self._person(self._laboratory, number)
            body = _laid_on(report, body, known or {}, LAB_MEMBERS, at)
        if self._vaccination is not None:
            doses = _doses(await self._ask(self._vaccination, number), at)
        return Completed(body, doses)

    async def _death(self, registry: Registry, report: Report[Any], body: object, at: At) -> object:
        said = joi.read(report.record, body, at).values
        for problem in (kematian.unlisted_cause(said, at), kematian.odd_number(said)):
            if problem is not None:
                raise Refused([problem])
        # The unidentified are not looked for.
        if said["nik"] is None or not isinstance(body, dict):
            return body
        known = await self._person(registry, said["nik"])
        if known is None:
            raise Refused([Problem(member="nik", code="nik_unknown")])
        if known.get("tanggal_lahir") != said["tanggal_lahir"]:
            raise Refused([Problem(member="tanggal_lahir", code="nik_birth_date")])
        return _laid_on(report, body, known, POPULATION_MEMBERS, at)

    async def _person(self, registry: Registry, number: str) -> Mapping[str, object] | None:
        known = await self._ask(registry, number)
        if known is None or isinstance(known, Mapping):
            return known
        raise _unusable()

    async def _ask(self, registry: Registry, number: str) -> Any:
        asking = asyncio.get_running_loop().run_in_executor(self._threads, registry, number)
        try:
            return await asyncio.wait_for(asking, self._seconds)
        except Exception as error:
            log.warning("registry.away", error=type(error).__name__)
            raise Refused([Problem(member="nik", code="registry_away")]) from None


def _laid_on(
    report: Report[Any], body: dict[str, object], known: Mapping[str, object], members: Iterable[str], at: At
) -> dict[str, object]:
    """The body with what is known. Raises Refused where that is not of the schema: the hospital sent nothing wrong."""
    made = body | {name: known[name] for name in members if name in known}
    try:
        joi.read(report.record, made, at)
    except Refused:
        raise _unusable() from None
    return made


def _doses(known: object, at: At) -> tuple[Row, ...]:
    """Doses as parts of a patient's report, each once."""
    if known is None:
        return ()
    if not isinstance(known, list | tuple) or len(known) > MOST_DOSES:
        raise _unusable()
    found: list[Row] = []
    for dose in known:
        if not isinstance(dose, Mapping):
            raise _unusable()
        told = {name: dose[name] for name in DOSE_MEMBERS if name in dose}
        try:
            row, _ = joi.settled(Vaksinasi, joi.read(Vaksinasi, told, at, leave_out=(PASIEN_NUMBER,)), at)
        except Refused:
            raise _unusable() from None
        if row not in found:
            found.append(row)
    return tuple(found)


def _unusable() -> Refused:
    log.warning("registry.unusable")
    return Refused([Problem(member="nik", code="registry_unusable")])
