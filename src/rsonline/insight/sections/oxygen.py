"""Oxygen: what was used, what is left, and for how long."""

from datetime import datetime, timedelta
from typing import NamedTuple

from rsonline.insight import oxygen
from rsonline.insight.indicator import Tile
from rsonline.insight.places import Places
from rsonline.insight.section import Ready, Rows, Section, figure
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words


class OxygenReady(NamedTuple):
    """The oxygen reports of the window, and how long each hospital's stock lasts."""

    rows: list[Row]
    lasting: list[oxygen.Lasting]
    figures: list[oxygen.Figure]


def _oxygen(rows: Rows, places: Places, now: datetime) -> OxygenReady:
    found = list(rows["oksigen"])
    return OxygenReady(found, oxygen.all_lasting(found, places, now), oxygen.figures(found, places))


def _used(ready: Ready) -> Tile[Row]:
    last = ready.today - timedelta(days=1)
    return oxygen.use(ready.rows.rows, ready.places, last - timedelta(days=6), last, ready.now)


_LASTING = "kode_rs stock rate left dry day heard"
OXYGEN = Section(
    name="oksigen",
    title=Words("Oksigen", "Oxygen"),
    tables=("oksigen",),
    prepare=_oxygen,
    figures=(
        figure(oxygen.DRY_SOON, lambda r: oxygen.dry_soon(r.rows.lasting, r.now), _LASTING, good="down"),
        figure(
            oxygen.DAYS_LEFT,
            lambda r: oxygen.days_left(r.rows.lasting, r.now),
            _LASTING,
            "median",
            spread=lambda one: one.left or 0.0,
            good="up",
        ),
        figure(oxygen.STOCK, lambda r: oxygen.stock(r.rows.lasting, r.now), _LASTING, good="up"),
        figure(
            oxygen.USE,
            _used,
            "kode_rs tanggal p_cair p_tabung_kecil p_tabung_sedang p_tabung_besar updated_at",
            title=Words("Pemakaian oksigen, 7 hari terakhir", "Oxygen used in the last 7 days"),
        ),
        figure(
            oxygen.JUMPS,
            lambda r: oxygen.jumps(r.rows.figures, r.now),
            "kode_rs day member raw usual heard",
            good="down",
        ),
    ),
)
