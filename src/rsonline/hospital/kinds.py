"""The report kinds of the guide's own service, by name; patients have a service of their own (`patients`)."""

from collections.abc import Mapping
from typing import Any, Final

from rsonline.reports import (
    ANTRIAN,
    ANTRIAN_TASK,
    APD,
    NAKES_TERINFEKSI,
    OKSIGEN,
    PCR_NAKES,
    SDM,
    SHK,
    SHK_HASIL,
    TEMPAT_TIDUR,
)
from rsonline.reports.report import Report

GUIDE: Final[Mapping[str, Report[Any]]] = {
    report.name: report
    for report in (
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
}
