"""Staff, protective equipment, and the health of staff."""

from datetime import timedelta
from typing import NamedTuple

from rsonline.insight import staff
from rsonline.insight.indicator import Indicator, Tile
from rsonline.insight.section import Figure, Ready, Section, figure
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words


def _needs(table: str, of: Words) -> tuple[Figure, ...]:
    columns = "kode_rs id_kebutuhan jumlah_eksisting jumlah jumlah_diterima updated_at"

    def called(indicator: Indicator) -> Words:
        return Words(f"{of.id}: {indicator.title.id.lower()}", f"{of.en}: {indicator.title.en.lower()}")

    return (
        figure(
            staff.GAP,
            lambda r: staff.gap(r.rows, r.now),
            columns,
            key=f"{table}_kurang",
            title=called(staff.GAP),
            good="down",
        ),
        figure(
            staff.MET,
            lambda r: staff.met(r.rows, r.now),
            columns,
            "ratio",
            key=f"{table}_terpenuhi",
            names=("diterima", "jumlah"),
            title=called(staff.MET),
            good="up",
        ),
        figure(
            staff.EXISTING,
            lambda r: staff.existing(r.rows, r.now),
            columns,
            key=f"{table}_eksisting",
            title=called(staff.EXISTING),
        ),
    )


STAFF = Section(
    name="sdm",
    title=Words("SDM", "Staff"),
    tables=("sdm",),
    prepare=lambda rows, places, now: list(rows["sdm"]),
    figures=_needs("sdm", Words("SDM", "Staff")),
)
EQUIPMENT = Section(
    name="apd",
    title=Words("APD", "Protective equipment"),
    tables=("apd",),
    prepare=lambda rows, places, now: list(rows["apd"]),
    figures=_needs("apd", Words("APD", "Equipment")),
)


class HealthReady(NamedTuple):
    """The daily reports about health workers, and each profession's last tests."""

    infected: list[Row]
    tested: list[staff.Tested]


def _infected(outcome: staff.Outcome, title: Words) -> Figure:
    def tile(ready: Ready) -> Tile[Row]:
        yesterday = ready.today - timedelta(days=1)
        return staff.infected(ready.rows.infected, ready.places, yesterday, outcome, ready.now)

    return figure(
        staff.INFECTED,
        tile,
        "kode_rs tanggal updated_at",
        key=f"nakes_{outcome}",
        title=title,
        good="down",
    )


_TESTED = "kode_rs day role staff tested positive heard"
HEALTH = Section(
    name="nakes",
    title=Words("Tenaga kesehatan", "Health workers"),
    tables=("nakes_terinfeksi", "pcr_nakes"),
    prepare=lambda rows, places, now: HealthReady(
        list(rows["nakes_terinfeksi"]), staff.last_tests(rows["pcr_nakes"], places, now)
    ),
    figures=(
        _infected("terinfeksi", Words("Nakes terinfeksi, kemarin", "Health workers infected, yesterday")),
        _infected("dirawat", Words("Nakes dirawat, kemarin", "Health workers in hospital, yesterday")),
        _infected("meninggal", Words("Nakes meninggal, kemarin", "Health workers who died, yesterday")),
        figure(
            staff.POSITIVITY,
            lambda r: staff.positivity(r.rows.tested, r.now),
            _TESTED,
            "ratio",
            names=("positif", "diperiksa"),
            good="down",
        ),
        figure(staff.IMPOSSIBLE, lambda r: staff.impossible_figures(r.rows.tested, r.now), _TESTED, good="down"),
    ),
)
