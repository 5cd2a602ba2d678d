"""What may be said: the report kinds of the guide, in its order."""

from typing import Any

from rsonline.reports.kinds.antrian import ANTRIAN, ANTRIAN_TASK
from rsonline.reports.kinds.apd import APD
from rsonline.reports.kinds.kematian import KEMATIAN
from rsonline.reports.kinds.nakes_terinfeksi import NAKES_TERINFEKSI
from rsonline.reports.kinds.oksigen import OKSIGEN
from rsonline.reports.kinds.pasien_covid import PARTS, PASIEN_COVID
from rsonline.reports.kinds.pcr_nakes import PCR_NAKES
from rsonline.reports.kinds.sdm import SDM
from rsonline.reports.kinds.shk import SHK, SHK_HASIL
from rsonline.reports.kinds.tempat_tidur import TEMPAT_TIDUR
from rsonline.reports.report import Report

REPORTS: tuple[Report[Any], ...] = (
    TEMPAT_TIDUR,
    SDM,
    APD,
    PCR_NAKES,
    NAKES_TERINFEKSI,
    OKSIGEN,
    SHK,
    SHK_HASIL,
    ANTRIAN,
    ANTRIAN_TASK,
)
"""The kinds of the guide's own service, below `/fo`."""

PATIENT_REPORTS: tuple[Report[Any], ...] = (PASIEN_COVID, *PARTS, KEMATIAN)
"""The kinds of the patient API, below `/api`."""

EVERY_REPORT = (*REPORTS, *PATIENT_REPORTS)


def named(name: str) -> Report[Any]:
    """The report of that name; raise KeyError for none."""
    for report in EVERY_REPORT:
        if report.name == name:
            return report
    raise KeyError(name)


__all__ = [
    "ANTRIAN",
    "ANTRIAN_TASK",
    "APD",
    "EVERY_REPORT",
    "KEMATIAN",
    "NAKES_TERINFEKSI",
    "OKSIGEN",
    "PARTS",
    "PASIEN_COVID",
    "PATIENT_REPORTS",
    "PCR_NAKES",
    "REPORTS",
    "SDM",
    "SHK",
    "SHK_HASIL",
    "TEMPAT_TIDUR",
    "named",
]
