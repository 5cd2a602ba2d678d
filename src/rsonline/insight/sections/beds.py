"""Beds, and whether the figures about them still live."""

from rsonline.insight import beds, staleness
from rsonline.insight.indicator import Tile
from rsonline.insight.section import Figure, Ready, Section, by, figure
from rsonline.reports.verdict import Words

_ROOM = "kode_rs id_tt ruang jumlah terpakai updated_at"
BEDS = Section(
    name="tempat-tidur",
    title=Words("Tempat tidur", "Beds"),
    tables=("tempat_tidur",),
    prepare=lambda rows, places, now: list(rows["tempat_tidur"]),
    until=lambda r: beds.until(r.rows, r.now),
    groups=by("id_tt"),
    grouped=("tempat_tidur_kosong", "hunian_sekarang", "antrian_tempat_tidur"),
    figures=(
        figure(beds.FREE, lambda r: beds.free_beds(r.rows, r.now), _ROOM, good="up"),
        figure(beds.OCCUPANCY, lambda r: beds.occupancy(r.rows, r.now), _ROOM, "ratio", names=("terpakai", "jumlah")),
        figure(beds.OVERFULL, lambda r: beds.overfull(r.rows, r.now), _ROOM, good="down"),
        figure(beds.QUEUE, lambda r: beds.queue(r.rows, r.now), "kode_rs id_tt ruang antrian updated_at", good="down"),
        figure(
            beds.COVID,
            lambda r: beds.covid_beds(r.rows, r.now),
            "kode_rs id_tt ruang jumlah terpakai terpakai_suspek terpakai_konfirmasi updated_at",
            good="up",
        ),
        figure(
            beds.DENGUE,
            lambda r: beds.dengue_beds(r.rows, r.now),
            "kode_rs id_tt ruang jumlah_dbd terpakai_dbd terpakai_dbd_anak updated_at",
        ),
    ),
)


def _standing(state: staleness.State, good: str) -> Figure:
    def tile(ready: Ready) -> Tile[staleness.Standing]:
        return staleness.standing_as(state, ready.rows, ready.now)

    return figure(staleness.COUNTED[state], tile, _STANDING, good=good)


_STANDING = "kode_rs state tick changed confirmed repeats rhythm heard"
FRESHNESS = Section(
    name="kesegaran",
    title=Words("Tempat tidur: kesegaran data", "Beds: do the figures live"),
    tables=("bed_round",),
    written=("tempat_tidur",),
    prepare=lambda rows, places, now: staleness.standings(rows["bed_round"], places, now),
    until=lambda r: staleness.until(r.rows, r.now),
    figures=(
        figure(
            staleness.LIVELY,
            lambda r: staleness.lively(r.rows, r.now),
            _STANDING,
            "ratio",
            names=("centang", "rumah_sakit"),
            good="up",
        ),
        _standing("changed", "up"),
        _standing("confirmed", "up"),
        _standing("unchanged", "down"),
        _standing("copied", "down"),
        _standing("silent", "down"),
    ),
)
