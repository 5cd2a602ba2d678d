"""How the bed figures of hospitals stand, in words: green tick, or why not, since when, and at which beat."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rsonline.insight import staleness
from rsonline.insight.staleness import Standing, State
from rsonline.reports.verdict import Words
from rsonline.store import wide
from rsonline.store.access import Access
from rsonline.web import render
from rsonline.web.visit import Visit

STATES: Mapping[State, Words] = {
    "changed": Words("berubah", "changed"),
    "confirmed": Words("dikonfirmasi orang", "confirmed by a person"),
    "unchanged": Words("tetap, tanpa konfirmasi", "unchanged, not confirmed"),
    "copied": Words("disalin program", "copied by a program"),
    "silent": Words("tidak ada kabar", "silent"),
    "never": Words("belum pernah mengirim", "never sent anything"),
}
"""What a standing is called."""
_COLOURS: Mapping[State, str] = {
    "changed": "success",
    "confirmed": "success",
    "unchanged": "warning",
    "copied": "warning",
    "silent": "danger",
    "never": "secondary",
}


class Shown(NamedTuple):
    """A standing as it is read: what it is called, and since when."""

    standing: Standing
    called: str
    since: str
    colour: str


def standings(access: Access, codes: Sequence[str], now: datetime) -> dict[str, Standing]:
    """How some hospitals stand, by code."""
    known = {told.kode_rs: told for told in wide.bed_rounds(access, codes, now)} if codes else {}
    return {code: staleness.standing(code, known.get(code), now) for code in codes}


def shown(visit: Visit, one: Standing) -> Shown:
    """A standing for a list."""
    return Shown(one, visit.words(STATES[one.state]), _since(visit, one), _COLOURS[one.state])


def _since(visit: Visit, one: Standing) -> str:
    since = visit.t("sejak {at}", "since {at}", at=_at(visit, one.heard if one.state == "silent" else one.changed))
    match one.state:
        case "never":
            return ""
        case "changed":
            return _at(visit, one.changed)
        case "confirmed":
            return _at(visit, one.confirmed)
        case "copied":
            return f"{since}, {beat(visit, one.rhythm)}"
    return since


def _at(visit: Visit, moment: datetime | None) -> str:
    return "–" if moment is None else render.moment(moment, visit)


def beat(visit: Visit, minutes: int | None) -> str:
    """`tiap 2 jam`; empty where there is no rhythm."""
    if minutes is None:
        return ""
    if minutes % 1440 == 0:
        return visit.t("pada jam yang sama tiap hari", "at the same hours every day")
    if minutes % 60 == 0:
        return visit.t("tiap {n} jam", "every {n} h", n=minutes // 60)
    return visit.t("tiap {n} menit", "every {n} min", n=minutes)


def advice(visit: Visit, one: Standing) -> tuple[str, str]:
    """What the hospital's own people are told: the state in a sentence, and what brings the tick back."""
    at = _at(visit, one.changed)
    ask = visit.t(
        "Periksa ruang-ruangnya: tekan Tetap bila memang tidak berubah, atau perbaiki angkanya, untuk mendapat"
        " centang hijau selama 24 jam.",
        "Look at the rooms: press Unchanged where nothing did change, or correct the figures, for a green tick"
        " that lasts 24 hours.",
    )
    match one.state:
        case "never":
            return "", ""
        case "changed":
            return visit.t("Data hidup: berubah {at}", "The figures live: changed {at}", at=at), ""
        case "confirmed":
            confirmed = _at(visit, one.confirmed)
            told = visit.t(
                "Data hidup: tetap sejak {since}, dikonfirmasi orang {at}",
                "The figures live: unchanged since {since}, confirmed by a person {at}",
                since=at,
                at=confirmed,
            )
            return told, ""
        case "copied":
            told = visit.t(
                "Disalin program sejak {at}: nilai yang sama dikirim {n} kali, {beat}.",
                "Copied by a program since {at}: the same values were sent {n} times, {beat}.",
                at=at,
                n=one.repeats,
                beat=beat(visit, one.rhythm),
            )
            return told, ask
        case "silent":
            heard = _at(visit, one.heard)
            return visit.t("Tidak ada kabar sejak {at}.", "No message since {at}.", at=heard), ask
    told = visit.t(
        "Tidak berubah sejak {at}, dan belum dikonfirmasi orang.",
        "Unchanged since {at}, and confirmed by nobody.",
        at=at,
    )
    return told, ask
