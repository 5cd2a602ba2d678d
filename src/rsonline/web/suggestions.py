"""Suggestions while typing: districts of a regency, and diagnoses of ICD-10. Nothing of a person is asked here."""

from starlette.responses import JSONResponse, Response

from rsonline.reports import icd10, regions
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

DISTRICTS, DIAGNOSES = "/saran/kecamatan", "/saran/icd10"
_MOST = 30


async def districts(house: House, visit: Visit) -> Response:
    """The districts whose name or code has what was typed, with their regency."""
    words = visit.request.query_params.get("cari", "")[:60].casefold().split()
    found = []
    for code, name in regions.all_districts().items():
        where = f"{name}, {regions.regency(code[:4])}"
        if words and all(word in where.casefold() or code.startswith(word) for word in words):
            found.append([code, where])
            if len(found) == _MOST:
                break
    return JSONResponse(found)


async def diagnoses(house: House, visit: Visit) -> Response:
    """The codes of ICD-10 that begin with what was typed, or whose text has it."""
    return JSONResponse(icd10.like(visit.request.query_params.get("cari", "")[:60], _MOST))


PAGES = (
    Page(DISTRICTS, ("GET",), "enter", districts, fragment=True),
    Page(DIAGNOSES, ("GET",), "enter", diagnoses, fragment=True),
)
