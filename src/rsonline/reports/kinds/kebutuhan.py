"""What staff and protective equipment have in common: a need by entry of a reference list (guide III.C, III.D)."""

from collections.abc import Iterator
from typing import Any

from rsonline.reports.fields import At
from rsonline.reports.kinds.tempat_tidur import server_clock
from rsonline.reports.report import PerItem, Report, Row
from rsonline.reports.verdict import ReportWarning


def odd_need(values: Row, at: At, of: str) -> Iterator[ReportWarning]:
    """More received than needed, or an id that the (incomplete) list does not show."""
    needed, received = values["jumlah"], values["jumlah_diterima"]
    if needed is not None and received is not None and received > needed:
        detail: dict[str, str | int | float] = {"jumlah": needed, "jumlah_diterima": received}
        yield ReportWarning(member="jumlah_diterima", code="received_more_than_needed", detail=detail)
    if values["id_kebutuhan"] not in at.references[of].entries:
        yield ReportWarning(
            member="id_kebutuhan", code="unlisted_reference", detail={"id_kebutuhan": values["id_kebutuhan"]}
        )


def shown_need(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """A row of the list; the four last keys are null where nothing was reported (wire 5)."""
    identity = report.identity
    of = identity.of if isinstance(identity, PerItem) else ""
    entry = at.references[of].entries.get(row["id_kebutuhan"])

    def text(name: str) -> str | None:
        value = row.get(name)
        return None if value is None else str(value)

    return {
        "id_kebutuhan": row["id_kebutuhan"],
        "kebutuhan": entry.nama if entry else None,
        "jumlah_eksisting": text("jumlah_eksisting"),
        "jumlah": text("jumlah"),
        "jumlah_diterima": text("jumlah_diterima"),
        "tglupdate": server_clock(row["updated_at"]),
    }
