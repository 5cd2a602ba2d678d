"""What is at an address of the patient API: a report with its verbs, a reference list, a directory, or a login."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rsonline.intake import patients as verbs
from rsonline.intake.patients import VERBS, Verb
from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS
from rsonline.reports.kinds.pasien_covid import PASIEN_LAB, PASIEN_NUMBER
from rsonline.reports.report import Report
from rsonline.service import patient_answers as answers
from rsonline.service.patient_answers import Answer
from rsonline.service.patient_directories import DIRECTORIES, Directory
from rsonline.service.patient_lists import LISTS, ListRoute
from rsonline.store.change import Outcome

PREFIX = "/api"
LOGINS = ("/rslogin", "/login")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A report at an address: its verbs by method, and what its answers are worded by."""

    report: Report[Any]
    verbs: Mapping[tuple[str, bool], Verb]
    worded: Callable[[Outcome, str | None], Answer]
    group_b: bool = False
    discharge: bool = False


def _worded(report: Report[Any]) -> Callable[[Outcome, str | None], Answer]:
    if report is KEMATIAN:
        return lambda outcome, segment: answers.died(outcome)
    number = PASIEN_NUMBER if report is PASIEN_COVID else "id"
    return lambda outcome, segment: answers.outcome(outcome, number, segment)


@cache
def endpoints() -> Mapping[str, Endpoint]:
    """Every report of this API by its path; the discharge is a message about the patient's report."""
    found = {
        report.path: Endpoint(
            report,
            {(method, one): verb for (of, method, one), verb in VERBS.items() if of is report},
            _worded(report),
            group_b=report in (PASIEN_LAB, KEMATIAN),
        )
        for report in PATIENT_REPORTS
    }
    leave = {("POST", False): verbs.discharge}
    found["/laporancovid19versi3statuskeluar"] = Endpoint(
        PASIEN_COVID, leave, lambda outcome, segment: answers.discharged(outcome), discharge=True
    )
    return found


Route = Endpoint | ListRoute | Directory | str


def route_of(path: str) -> tuple[Route | None, str, str | None]:
    """What is at an address, its name, and what stands behind it.

    Addresses are read in any letter case, with one stroke at their end or none.
    """
    below = path.lower()[len(PREFIX) :].removesuffix("/")
    if below in LOGINS:
        return below, below[1:], None
    found: Route | None = endpoints().get(below) or LISTS.get(below) or DIRECTORIES.get(below)
    if found is not None:
        return found, below[1:], None
    above, _, last = below.rpartition("/")
    found = endpoints().get(above) or DIRECTORIES.get(f"{above}/:id")
    if found is None or not last:
        return None, "-", None
    # The number is echoed as it was sent.
    return found, above[1:], path.removesuffix("/").rpartition("/")[2]


def offers(route: Route, method: str, segment: str | None) -> bool:
    """Whether an address takes a method."""
    if isinstance(route, str):
        return method == "POST"
    if isinstance(route, Endpoint):
        return (method, segment is not None) in route.verbs
    return method == "GET"


def number_of(segment: str | None) -> int | None:
    """The number in an address; 0, which no record has, for what is no number."""
    if segment is None:
        return None
    return int(segment) if segment.isascii() and segment.isdigit() and len(segment) <= 18 else 0
