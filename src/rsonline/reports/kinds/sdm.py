"""Staff: what a hospital has, needs and received, by entry of the list (guide III.C)."""

from collections.abc import Iterator
from typing import Annotated

from rsonline.reports.fields import At, Count, Label, OneOf
from rsonline.reports.kinds.kebutuhan import odd_need, shown_need
from rsonline.reports.report import PerItem, Record, Report, Row
from rsonline.reports.verdict import ReportWarning, Words


class Sdm(Record, kw_only=True):
    """One entry of the list."""

    id_kebutuhan: Annotated[
        str,
        OneOf("kebutuhan_sdm"),
        Label("Kebutuhan", "Need", meaning=Words("Kode kebutuhan dari daftar referensi", "Code of the reference list")),
    ]
    jumlah_eksisting: Annotated[
        int | None,
        Count(),
        Label("Jumlah yang ada", "Existing", "orang", meaning=Words("Tenaga yang ada sekarang", "Existing staff")),
    ] = None
    jumlah: Annotated[
        int | None,
        Count(),
        Label("Jumlah kebutuhan", "Needed", "orang", meaning=Words("Tenaga yang masih dibutuhkan", "Needed staff")),
    ] = None
    jumlah_diterima: Annotated[
        int | None,
        Count(),
        Label("Jumlah diterima", "Received", "orang", meaning=Words("Tenaga yang sudah diterima", "Received staff")),
    ] = None

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """As for every need."""
        return odd_need(values, at, "kebutuhan_sdm")


SDM = Report(
    name="sdm",
    title=Words("Kebutuhan SDM", "Staff"),
    path="/Fasyankes/sdm",
    root="sdm",
    record=Sdm,
    identity=PerItem("id_kebutuhan", of="kebutuhan_sdm"),
    guide="III.C",
    shown=shown_need,
)
