"""rsonline: RS Online versi 3, the ministry's side and the hospital's side.

What a hospital's program needs is here by name (`from rsonline import Client, Oksigen, OKSIGEN`) and loaded when it is
first used: neither side pays for the other.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rsonline.hospital.client import AsyncClient as AsyncClient
    from rsonline.hospital.client import Client as Client
    from rsonline.hospital.outcome import Accepted as Accepted
    from rsonline.hospital.outcome import Failed as Failed
    from rsonline.hospital.outcome import Later as Later
    from rsonline.hospital.outcome import LockedOut as LockedOut
    from rsonline.hospital.outcome import Outcome as Outcome
    from rsonline.hospital.outcome import Refused as Refused
    from rsonline.hospital.outcome import Unknown as Unknown
    from rsonline.hospital.patients import AsyncPatients as AsyncPatients
    from rsonline.hospital.patients import Patients as Patients
    from rsonline.reports import ANTRIAN as ANTRIAN
    from rsonline.reports import ANTRIAN_TASK as ANTRIAN_TASK
    from rsonline.reports import APD as APD
    from rsonline.reports import KEMATIAN as KEMATIAN
    from rsonline.reports import NAKES_TERINFEKSI as NAKES_TERINFEKSI
    from rsonline.reports import OKSIGEN as OKSIGEN
    from rsonline.reports import PASIEN_COVID as PASIEN_COVID
    from rsonline.reports import PCR_NAKES as PCR_NAKES
    from rsonline.reports import SDM as SDM
    from rsonline.reports import SHK as SHK
    from rsonline.reports import SHK_HASIL as SHK_HASIL
    from rsonline.reports import TEMPAT_TIDUR as TEMPAT_TIDUR
    from rsonline.reports.kinds.antrian import Antrian as Antrian
    from rsonline.reports.kinds.antrian import AntrianTask as AntrianTask
    from rsonline.reports.kinds.apd import Apd as Apd
    from rsonline.reports.kinds.kematian import Kematian as Kematian
    from rsonline.reports.kinds.nakes_terinfeksi import NakesTerinfeksi as NakesTerinfeksi
    from rsonline.reports.kinds.oksigen import Oksigen as Oksigen
    from rsonline.reports.kinds.pasien_covid import PASIEN_DIAGNOSA as PASIEN_DIAGNOSA
    from rsonline.reports.kinds.pasien_covid import PASIEN_KOMORBID as PASIEN_KOMORBID
    from rsonline.reports.kinds.pasien_covid import PASIEN_LAB as PASIEN_LAB
    from rsonline.reports.kinds.pasien_covid import PASIEN_TERAPI as PASIEN_TERAPI
    from rsonline.reports.kinds.pasien_covid import PASIEN_VAKSINASI as PASIEN_VAKSINASI
    from rsonline.reports.kinds.pasien_covid import Diagnosa as Diagnosa
    from rsonline.reports.kinds.pasien_covid import Komorbid as Komorbid
    from rsonline.reports.kinds.pasien_covid import PasienCovid as PasienCovid
    from rsonline.reports.kinds.pasien_covid import PemeriksaanLab as PemeriksaanLab
    from rsonline.reports.kinds.pasien_covid import StatusKeluar as StatusKeluar
    from rsonline.reports.kinds.pasien_covid import Terapi as Terapi
    from rsonline.reports.kinds.pasien_covid import Vaksinasi as Vaksinasi
    from rsonline.reports.kinds.pcr_nakes import PcrNakes as PcrNakes
    from rsonline.reports.kinds.sdm import Sdm as Sdm
    from rsonline.reports.kinds.shk import Shk as Shk
    from rsonline.reports.kinds.shk import ShkHasil as ShkHasil
    from rsonline.reports.kinds.tempat_tidur import TempatTidur as TempatTidur

__version__ = "0.1.0"

_KINDS = "rsonline.reports.kinds."
_WHERE = {
    "rsonline.hospital.client": ("AsyncClient", "Client"),
    "rsonline.hospital.patients": ("AsyncPatients", "Patients"),
    "rsonline.hospital.outcome": ("Accepted", "Failed", "Later", "LockedOut", "Outcome", "Refused", "Unknown"),
    "rsonline.reports": (
        *("ANTRIAN", "ANTRIAN_TASK", "APD", "KEMATIAN", "NAKES_TERINFEKSI", "OKSIGEN", "PASIEN_COVID", "PCR_NAKES"),
        *("SDM", "SHK", "SHK_HASIL", "TEMPAT_TIDUR"),
    ),
    _KINDS + "antrian": ("Antrian", "AntrianTask"),
    _KINDS + "apd": ("Apd",),
    _KINDS + "kematian": ("Kematian",),
    _KINDS + "nakes_terinfeksi": ("NakesTerinfeksi",),
    _KINDS + "oksigen": ("Oksigen",),
    _KINDS + "pasien_covid": (
        *("PASIEN_DIAGNOSA", "PASIEN_KOMORBID", "PASIEN_LAB", "PASIEN_TERAPI", "PASIEN_VAKSINASI"),
        *("Diagnosa", "Komorbid", "PasienCovid", "PemeriksaanLab", "StatusKeluar", "Terapi", "Vaksinasi"),
    ),
    _KINDS + "pcr_nakes": ("PcrNakes",),
    _KINDS + "sdm": ("Sdm",),
    _KINDS + "shk": ("Shk", "ShkHasil"),
    _KINDS + "tempat_tidur": ("TempatTidur",),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'rsonline' has no attribute {name!r}")
    found: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
