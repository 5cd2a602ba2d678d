"""Oxygen: what a hospital used and what it has left, by day (guide III.G)."""

from datetime import date, datetime
from typing import Annotated, Final

from rsonline.reports.fields import At, CubicMetres, Day, Label, Moment
from rsonline.reports.report import PerDay, Record, Report, Row
from rsonline.reports.verdict import Words

PEMAKAIAN = Words("Pemakaian", "Use")
KETERSEDIAAN = Words("Ketersediaan", "Stock")

M3_PER_UNIT: Final = {"m3": 1.0, "liter": 0.897, "kg": 0.78, "ton": 788.86, "galon": 3.04}
"""The guide's conversion table (III.G), m³ of gas per unit.

The table does not agree with itself: litre and kilogram fit a gas near 30 °C, the gallon one at 0 °C, and the ton is
1.1 % more than 1,000 kg. "Liter" can only be a litre of liquid. It is what hospitals apply all the same.
"""


def to_cubic_metres(amount: float, unit: str) -> float:
    """m³ by the guide's table; units are the keys of `M3_PER_UNIT`, in any letter case.

    Only a help for whoever fills in a form: the service stores the m³ it is sent and never converts. Raises KeyError
    for another unit and ValueError for a negative amount.
    """
    if amount < 0:
        raise ValueError("an amount is 0 or more")
    return amount * M3_PER_UNIT[unit.casefold().replace("m³", "m3")]


class Oksigen(Record, kw_only=True):
    """One day of one hospital. All volumes are m³ of gas."""

    tanggal: Annotated[
        date,
        Day(ahead=1),
        Label("Tanggal", "Day", meaning=Words("Hari yang dilaporkan", "The day that is reported")),
    ]
    p_cair: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Pemakaian cair",
            "Liquid used",
            "m³",
            PEMAKAIAN,
            Words("Oksigen cair yang dipakai hari itu", "Liquid oxygen used that day"),
        ),
    ] = None
    p_tabung_kecil: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Pemakaian tabung kecil",
            "Small cylinders used",
            "m³",
            PEMAKAIAN,
            Words(
                "Isi tabung kecil yang dipakai (bukan jumlah tabung)",
                "Gas of small cylinders used (not pieces)",
            ),
        ),
    ] = None
    p_tabung_sedang: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Pemakaian tabung sedang",
            "Medium cylinders used",
            "m³",
            PEMAKAIAN,
            Words(
                "Isi tabung sedang yang dipakai (bukan jumlah tabung)",
                "Gas of medium cylinders used (not pieces)",
            ),
        ),
    ] = None
    p_tabung_besar: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Pemakaian tabung besar",
            "Large cylinders used",
            "m³",
            PEMAKAIAN,
            Words(
                "Isi tabung besar yang dipakai (bukan jumlah tabung)",
                "Gas of large cylinders used (not pieces)",
            ),
        ),
    ] = None
    k_isi_cair: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Ketersediaan cair",
            "Liquid in stock",
            "m³",
            KETERSEDIAAN,
            Words("Oksigen cair yang tersedia", "Liquid oxygen in stock"),
        ),
    ] = None
    k_isi_tabung_kecil: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Ketersediaan tabung kecil",
            "Small cylinders in stock",
            "m³",
            KETERSEDIAAN,
            Words("Isi tabung kecil yang tersedia", "Gas in small cylinders in stock"),
        ),
    ] = None
    k_isi_tabung_sedang: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Ketersediaan tabung sedang",
            "Medium cylinders in stock",
            "m³",
            KETERSEDIAAN,
            Words("Isi tabung sedang yang tersedia", "Gas in medium cylinders in stock"),
        ),
    ] = None
    k_isi_tabung_besar: Annotated[
        float | None,
        CubicMetres(),
        Label(
            "Ketersediaan tabung besar",
            "Large cylinders in stock",
            "m³",
            KETERSEDIAAN,
            Words("Isi tabung besar yang tersedia", "Gas in large cylinders in stock"),
        ),
    ] = None
    tgllapor: Annotated[
        datetime | None,
        Moment(),
        Label(
            "Waktu lapor",
            "Reported at",
            meaning=Words("Waktu laporan menurut pengirim", "When the sender reported"),
        ),
    ] = None

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """Without `tgllapor` the report is of now."""
        if values["tgllapor"] is None:
            values["tgllapor"] = at.now


OKSIGEN = Report(
    name="oksigen",
    title=Words("Oksigenasi", "Oxygen"),
    path="/Logistik/oksigen",
    root="Oksigenasi",
    record=Oksigen,
    identity=PerDay("tanggal"),
    guide="III.G",
)
