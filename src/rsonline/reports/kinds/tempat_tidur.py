"""Rooms and beds: what a hospital has, by bed type and room (guide III.B)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from rsonline.reports.fields import At, Count, Flag, Label, OneOf, Text
from rsonline.reports.references import Entry
from rsonline.reports.report import Numbered, Record, Report, Row
from rsonline.reports.verdict import ReportWarning, Words

RUANG = Words("Ruang", "Room")
PEMAKAIAN = Words("Pemakaian", "Use")
PERSIAPAN = Words("Persiapan", "Preparation")
DBD = Words("Demam berdarah", "Dengue")
SERVER_ZONE = ZoneInfo("Asia/Jakarta")
"""`tglupdate` is the clock of the ministry's server, not of the hospital (wire 3.1)."""


class TempatTidur(Record, kw_only=True):
    """One room of one bed type."""

    id_tt: Annotated[
        str,
        OneOf("tempat_tidur"),
        Label(
            "Jenis tempat tidur",
            "Bed type",
            group=RUANG,
            meaning=Words("Kode jenis dari daftar referensi", "Code of the reference list"),
        ),
    ]
    ruang: Annotated[
        str,
        Text(most=100),
        Label(
            "Nama ruang",
            "Room name",
            group=RUANG,
            meaning=Words("Nama ruang; kosong bila tidak bernama", "Name of the room; empty if it has none"),
        ),
    ] = ""
    jumlah_ruang: Annotated[
        int,
        Count(),
        Label("Jumlah ruang", "Rooms", "ruang", RUANG, Words("Banyaknya ruang", "How many rooms")),
    ]
    jumlah: Annotated[
        int,
        Count(),
        Label(
            "Jumlah tempat tidur",
            "Beds",
            "tempat tidur",
            RUANG,
            Words("Semua tempat tidur di ruang ini", "All beds of this room"),
        ),
    ]
    terpakai: Annotated[
        int,
        Count(),
        Label(
            "Terpakai",
            "Occupied",
            "tempat tidur",
            PEMAKAIAN,
            Words(
                "Yang terpakai; untuk covid jumlah suspek dan konfirmasi",
                "Occupied beds; for covid the sum of suspected and confirmed",
            ),
        ),
    ]
    terpakai_suspek: Annotated[
        int,
        Count(),
        Label(
            "Terpakai suspek",
            "Occupied, suspected",
            "tempat tidur",
            PEMAKAIAN,
            Words("Nol untuk non covid", "Zero for beds that are not covid beds"),
        ),
    ] = 0
    terpakai_konfirmasi: Annotated[
        int,
        Count(),
        Label(
            "Terpakai konfirmasi",
            "Occupied, confirmed",
            "tempat tidur",
            PEMAKAIAN,
            Words("Nol untuk non covid", "Zero for beds that are not covid beds"),
        ),
    ] = 0
    antrian: Annotated[
        int,
        Count(),
        Label(
            "Antrian",
            "Queue",
            "orang",
            PEMAKAIAN,
            Words("Pasien yang menunggu tempat tidur", "Patients waiting for a bed"),
        ),
    ] = 0
    prepare: Annotated[
        int,
        Count(),
        Label(
            "Disiapkan",
            "Being prepared",
            "tempat tidur",
            PERSIAPAN,
            Words("Yang sedang disiapkan", "Beds being made ready"),
        ),
    ] = 0
    prepare_plan: Annotated[
        int,
        Count(),
        Label(
            "Rencana disiapkan",
            "Planned",
            "tempat tidur",
            PERSIAPAN,
            Words("Yang direncanakan disiapkan", "Beds planned to be made ready"),
        ),
    ] = 0
    covid: Annotated[
        int | None,
        Flag(),
        Label(
            "Khusus covid",
            "Covid bed",
            group=RUANG,
            meaning=Words(
                "1 covid, 0 bukan; bila kosong mengikuti jenis", "1 covid, 0 not; if absent, by the bed type"
            ),
        ),
    ] = None
    terpakai_dbd: Annotated[
        int,
        Count(),
        Label(
            "Terpakai DBD",
            "Occupied, dengue",
            "tempat tidur",
            DBD,
            Words("Terpakai pasien demam berdarah", "Occupied by dengue patients"),
        ),
    ] = 0
    terpakai_dbd_anak: Annotated[
        int,
        Count(),
        Label(
            "Terpakai DBD anak",
            "Occupied, dengue children",
            "tempat tidur",
            DBD,
            Words("Terpakai pasien anak demam berdarah", "Occupied by children with dengue"),
        ),
    ] = 0
    jumlah_dbd: Annotated[
        int,
        Count(),
        Label(
            "Tempat tidur DBD",
            "Dengue beds",
            "tempat tidur",
            DBD,
            Words("Tempat tidur untuk demam berdarah", "Beds for dengue"),
        ),
    ] = 0

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """`covid` follows the bed type where it was not sent."""
        if values["covid"] is None:
            values["covid"] = int(is_covid_type(values["id_tt"], at))

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """More used than there are, covid sums, dengue beyond the beds."""
        used, beds = values["terpakai"], values["jumlah"]
        split = values["terpakai_suspek"] + values["terpakai_konfirmasi"]
        if used > beds:
            yield ReportWarning(
                member="terpakai", code="terpakai_more_than_jumlah", detail={"terpakai": used, "jumlah": beds}
            )
        if values["covid"] and split != used:
            yield ReportWarning(member="terpakai", code="covid_sum_differs", detail={"terpakai": used, "sum": split})
        if not values["covid"] and split:
            yield ReportWarning(member="terpakai_konfirmasi", code="noncovid_has_covid_patients", detail={"sum": split})
        if bool(values["covid"]) != is_covid_type(values["id_tt"], at):
            yield ReportWarning(member="covid", code="covid_contradicts_type", detail={"id_tt": values["id_tt"]})
        if values["jumlah_dbd"] > beds:
            yield ReportWarning(
                member="jumlah_dbd",
                code="dbd_more_than_beds",
                detail={"jumlah_dbd": values["jumlah_dbd"], "jumlah": beds},
            )
        if max(values["terpakai_dbd"], values["terpakai_dbd_anak"]) > used:
            yield ReportWarning(member="terpakai_dbd", code="dbd_patients_more_than_used", detail={"terpakai": used})


def is_covid_type(id_tt: str, at: At) -> bool:
    """Whether the reference list marks the bed type as one for covid."""
    entry = at.references["tempat_tidur"].entries.get(id_tt)
    return entry is not None and entry.more.get("covid") == "1"


def server_clock(instant: datetime | None) -> str | None:
    """`YYYY-MM-DD HH:MM:SS` on the ministry's clock."""
    return None if instant is None else instant.astimezone(SERVER_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def shown_room(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """A row in the order of keys that the service was seen to use; `jumlah_dbd` is taken but never given."""
    entry = at.references["tempat_tidur"].entries.get(row["id_tt"])
    counted = {k: None if row[k] is None else str(row[k]) for k in _COUNTS}
    return {
        "id_tt": row["id_tt"],
        "tt": entry.nama if entry else None,
        "ruang": row["ruang"],
        "kode_siranap": entry.more.get("kode_siranap") if entry else None,
        "jumlah_ruang": counted["jumlah_ruang"],
        "jumlah": counted["jumlah"],
        "terpakai_suspek": counted["terpakai_suspek"],
        "terpakai_konfirmasi": counted["terpakai_konfirmasi"],
        "antrian": counted["antrian"],
        "prepare": counted["prepare"],
        "prepare_plan": counted["prepare_plan"],
        # Not clipped at 0: an over-full room is what somebody must see.
        "kosong": str(row["jumlah"] - row["terpakai"]),
        "terpakai_dbd": counted["terpakai_dbd"],
        "terpakai_dbd_anak": counted["terpakai_dbd_anak"],
        "terpakai": counted["terpakai"],
        "covid": counted["covid"],
        "id_t_tt": str(row["id_t_tt"]),
        "tglupdate": server_clock(row["updated_at"]),
    }


_COUNTS = (
    "jumlah_ruang",
    "jumlah",
    "terpakai_suspek",
    "terpakai_konfirmasi",
    "antrian",
    "prepare",
    "prepare_plan",
    "terpakai_dbd",
    "terpakai_dbd_anak",
    "terpakai",
    "covid",
)


def null_room(entry: Entry) -> dict[str, str | None]:
    """The one row of a bed type that the hospital never reported."""
    keys = (
        *("id_tt", "tt", "ruang", "kode_siranap", "jumlah_ruang", "jumlah", "terpakai_suspek", "terpakai_konfirmasi"),
        *("antrian", "prepare", "prepare_plan", "kosong", "terpakai_dbd", "terpakai_dbd_anak", "terpakai", "covid"),
        *("id_t_tt", "tglupdate"),
    )
    blank: dict[str, str | None] = dict.fromkeys(keys)
    known = {
        "id_tt": entry.id,
        "tt": entry.nama,
        "kode_siranap": entry.more.get("kode_siranap"),
        "covid": entry.more.get("covid", "0"),
    }
    return blank | known


TEMPAT_TIDUR = Report(
    name="tempat_tidur",
    title=Words("Ruangan dan tempat tidur", "Rooms and beds"),
    path="/Fasyankes",
    root="fasyankes",
    record=TempatTidur,
    identity=Numbered("id_t_tt", ("id_tt", "ruang"), unique=True),
    guide="III.B",
    shown=shown_room,
)
