"""COVID-19 patients: in care by severity, and who came and went."""

from collections.abc import Callable
from datetime import timedelta

from rsonline.insight import covid
from rsonline.insight.indicator import Tile
from rsonline.insight.section import Ready, Section, figure
from rsonline.reports.report import Row
from rsonline.reports.verdict import Words


def _by_group(ready: Ready) -> Tile[Row]:
    """Who is in care, with how many of each group among the parts (`severity:3`)."""
    tile = covid.in_care(ready.rows, ready.places, ready.now)
    parts = dict(tile.parts)
    for by, member in covid.MEMBERS.items():
        for row in tile.included:
            name = f"{by}:{'' if row[member] is None else row[member]}"
            parts[name] = parts.get(name, 0) + 1
    return Tile(tile.indicator, tile.value, tile.included, tile.excluded, tile.per, tile.oldest, parts)


_PATIENT = (
    "kode_rs laporanCovid19Versi3Id tanggalMasuk severityLevelId alatOksigenId statusRawatId kelompokUmurId updated_at"
)
_LEFT = "kode_rs laporanCovid19Versi3Id tanggalMasuk tanggalKeluar statusKeluarId updated_at"


def _yesterday(of: Callable[..., Tile[Row]]) -> Callable[[Ready], Tile[Row]]:
    return lambda r: of(r.rows, r.places, r.today - timedelta(days=1), r.now)


PATIENTS = Section(
    name="pasien-covid",
    title=Words("Pasien COVID-19", "COVID-19 patients"),
    tables=("pasien_covid",),
    prepare=lambda rows, places, now: list(rows["pasien_covid"]),
    figures=(
        figure(covid.IN_CARE, _by_group, _PATIENT, good="down"),
        figure(
            covid.ADMITTED,
            _yesterday(covid.admitted),
            _PATIENT,
            title=Words("Pasien COVID-19 masuk, kemarin", "COVID-19 patients admitted yesterday"),
            good="down",
        ),
        figure(
            covid.DISCHARGED,
            _yesterday(covid.discharged),
            _LEFT,
            title=Words("Pasien COVID-19 keluar hidup, kemarin", "COVID-19 patients discharged alive yesterday"),
        ),
        figure(
            covid.DEATHS,
            _yesterday(covid.deaths),
            _LEFT,
            title=Words("Pasien COVID-19 meninggal, kemarin", "COVID-19 patients who died yesterday"),
            good="down",
        ),
    ),
)
