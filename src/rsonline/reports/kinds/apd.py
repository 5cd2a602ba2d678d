"""Medical and protective equipment: what a hospital has, needs and received, by entry of the list (guide III.D)."""

from collections.abc import Iterator
from typing import Annotated

from rsonline.reports.fields import At, Count, Label, OneOf
from rsonline.reports.kinds.kebutuhan import odd_need, shown_need
from rsonline.reports.report import PerItem, Record, Report, Row
from rsonline.reports.verdict import ReportWarning, Words


class Apd(Record, kw_only=True):
    """One entry of the list."""

    id_kebutuhan: Annotated[
        str,
        OneOf("kebutuhan_apd"),
        Label("Kebutuhan", "Need", meaning=Words("Kode kebutuhan dari daftar referensi", "Code of the reference list")),
    ]
    jumlah_eksisting: Annotated[
        int | None,
        Count(),
        Label("Jumlah yang ada", "Existing", "buah", meaning=Words("Barang yang ada sekarang", "Existing items")),
    ] = None
    jumlah: Annotated[
        int | None,
        Count(),
        Label("Jumlah kebutuhan", "Needed", "buah", meaning=Words("Barang yang masih dibutuhkan", "Needed items")),
    ] = None
    jumlah_diterima: Annotated[
        int | None,
        Count(),
        Label("Jumlah diterima", "Received", "buah", meaning=Words("Barang yang sudah diterima", "Received items")),
    ] = None

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """As for every need."""
        return odd_need(values, at, "kebutuhan_apd")


APD = Report(
    name="apd",
    title=Words("Alkes dan APD", "Medical and protective equipment"),
    path="/Fasyankes/apd",
    root="apd",
    record=Apd,
    identity=PerItem("id_kebutuhan", of="kebutuhan_apd"),
    guide="III.D",
    shown=shown_need,
)
