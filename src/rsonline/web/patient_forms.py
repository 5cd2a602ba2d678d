"""What the forms about patients need beyond their declarations: choices of lists that no package holds as one."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from rsonline.intake.edits import expecting
from rsonline.intake.patients import Message, Verb
from rsonline.intake.verbs import Asked
from rsonline.reports import regions
from rsonline.reports.kinds.pasien_covid import PRIMARY_ICD
from rsonline.reports.report import Report
from rsonline.reports.verdict import Refused, Words
from rsonline.store.change import Change
from rsonline.web import submit, suggestions
from rsonline.web.forms import Field, Option
from rsonline.web.pages import House
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

FIXED: Mapping[str, Sequence[tuple[str, Words]]] = {
    "diagnosaLevelId": (("1", Words("primer", "primary")), ("2", Words("sekunder", "secondary"))),
    "jenis_kelamin": (("L", Words("Laki-laki", "Male")), ("P", Words("Perempuan", "Female"))),
    "status_komorbid": (("0", Words("tidak", "no")), ("1", Words("ya", "yes"))),
    "status_kehamilan": (("0", Words("tidak", "no")), ("1", Words("ya", "yes"))),
}
"""What members may be whose declaration names no list."""
_PROVINCES = frozenset({"domisiliProvinsiId", "ktp_provinsi_id"})
_REGENCIES = frozenset({"domisiliKabKotaId", "ktp_kab_kota_id"})
_DISTRICTS = frozenset({"domisiliKecamatanId", "ktp_kecamatan_id"})


@cache
def _provinces() -> tuple[Option, ...]:
    return tuple(Option(code, name) for code, name in regions.all_provinces().items())


@cache
def _regencies() -> tuple[Option, ...]:
    """Every regency with its province, whose names repeat those of others."""
    return tuple(
        Option(code, f"{name} ({regions.province(code[:2])})") for code, name in regions.all_regencies().items()
    )


def dressed(visit: Visit) -> Callable[[Field], None]:
    """Give a field its choices, or the address of its suggestions."""

    def dress(field: Field) -> None:
        if field.name in FIXED:
            field.input = "choice"
            field.options = [Option(id, visit.words(words)) for id, words in FIXED[field.name]]
        elif field.name in _PROVINCES:
            field.input, field.options = "choice", _provinces()
        elif field.name in _REGENCIES:
            field.input, field.options = "choice", _regencies()
        elif field.name in _DISTRICTS:
            field.input, field.suggest = "text", suggestions.DISTRICTS
            field.meaning = visit.t("Kode enam angka; ketik nama untuk mencari", "Six digits; type a name to search")
        elif field.name == "diagnosaId":
            field.input, field.suggest = "text", suggestions.DIAGNOSES
            codes = ", ".join(PRIMARY_ICD)
            field.meaning = visit.t("ICD-10; primer hanya {codes}", "ICD-10; primary only {codes}", codes=codes)

    return dress


async def send(
    house: House,
    visit: Visit,
    verb: Verb,
    report: Report[Any],
    body: object,
    typed: Mapping[str, str],
    *,
    number: int | None = None,
    seen: bool = False,
) -> Done:
    """Send a form by a verb of the patient API; `seen`: only while the record is as the form showed it."""
    try:
        change = verb(Message(visit.on_behalf, visit.here, report, body, number))
    except Refused as refused:
        return Done("refused", problems=refused.problems)
    assert isinstance(change, Change)  # noqa: S101 (a verb that changes)
    asked = Asked(change)
    if seen:
        asked = expecting(asked, submit.version_in(typed))
    return await submit.send(house, visit, asked, change.report, typed)
