"""Tiles of newborn screening over random babies."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, Literal

from rsonline.insight import screening
from rsonline.insight.places import Scope
from rsonline.insight.screening_alarm import RECEIVERS, alarms
from rsonline.insight.screening_clock import Action, Decision, babies, clocks, newborn, number_of
from rsonline.insight.screening_merging import Proposal, proposals
from rsonline.reports import SHK, SHK_HASIL
from rsonline.reports.report import Row
from rsonline.store.births import Births
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe, some_day, some_time

MOTHERS = ("Siti Aminah", "Sitti Aminah", "Dewi Lestari", "Maria Yuliana", "Nur Hidayah")
Word = Literal["recalled", "treated", "arrived", "lost", "closed"]
WORDS: tuple[tuple[Word, ...], ...] = (
    (),
    (),
    ("recalled",),
    ("recalled", "treated"),
    ("lost",),
    ("closed",),
    ("arrived",),
)


def record(number: int, code: str, born: date, **values: Any) -> Row:
    """A record of a newborn whose sample was taken on the third day and sent on the next."""
    return kept(
        SHK,
        code,
        **{
            "id_shk": number,
            "nik_ibu": "0" * 16,
            "nik_anak": "0" * 16,
            "nama_ibu": "Siti Aminah",
            "nama_anak": "By Ny Siti Aminah",
            "tgllahir": born,
            "gender": "Perempuan",
            "tgl_ambil_sampel": born + timedelta(days=2),
            "tgl_kirim_sampel": born + timedelta(days=3),
            "tgl_lapor": born + timedelta(days=3),
            **values,
        },
    )


def result(of: Row, number: int, day: date, code: str = "1", **values: Any) -> Row:
    """A result of a record, by default a normal TSH of a fit sample."""
    return kept(
        SHK_HASIL,
        of["kode_rs"],
        **{
            "id_hasil": number,
            "id_shk": of["id_shk"],
            "jenis_pemeriksaan": "1" if code in ("1", "2") else "2",
            "hasil_pemeriksaan": code,
            "tgl_periksa": day,
            "tgl_hasil": day,
            "layak_sampel": "2",
            "tgl_terima": day - timedelta(days=1),
            **values,
        },
    )


def nation(random: Random) -> tuple[list[Row], list[Row], list[Action], list[Decision]]:
    """Records, results, actions and decisions of all hospitals."""
    codes = list(PLACES)
    records: list[Row] = []
    results: list[Row] = []
    actions: list[Action] = []
    decisions: list[Decision] = []
    for number in range(random.randrange(14)):
        born = some_day(random, 45)
        # The intake takes no day that is still to come.
        sampled = min(born + timedelta(days=random.choice((-1, 1, 2, 2, 3, 6))), TODAY)
        one = record(
            number,
            random.choice(codes),
            born,
            nama_ibu=random.choice(MOTHERS),
            tgl_ambil_sampel=sampled,
            tgl_kirim_sampel=maybe(random, sampled + timedelta(days=random.randrange(-1, 4)), 0.1),
            received_at=some_time(random, 20),
            deleted_at=NOW if random.random() < 0.05 else None,
        )
        records.append(one)
        for kind in random.choice(((), ("1",), ("2",), ("2",), ("2", "3"), ("2", "4"))):
            day = min(sampled + timedelta(days=random.randrange(4, 12)), TODAY)
            fit = random.choice(("1", "2", "2", None))
            heard, came = some_time(random, 9), day - timedelta(days=random.randrange(-1, 4))
            told = result(one, len(results), day, kind, layak_sampel=fit, received_at=heard, tgl_terima=came)
            results.append(told)
        words = random.choice(WORDS)
        actions += [Action(one["kode_rs"], number, word, some_day(random, 12), NOW) for word in words]
        if len(records) > 1 and random.random() < 0.4:
            other = random.choice(records[:-1])
            decisions.append(Decision(number_of(other), number_of(one), random.random() < 0.5, NOW))
    return records, results, actions, decisions


def live_births(random: Random) -> list[Births]:
    """What some hospitals told of some months."""
    months = [TODAY.replace(day=1), *screening.covered_months(TODAY)]
    return [
        Births(code, month, random.choice((0, 5, 9)), NOW)
        for code in PLACES
        for month in months
        if random.random() < 0.7
    ]


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    records, results, actions, decisions = nation(random)
    found = babies(records, results, actions, decisions, PLACES, scope=scope)
    shown = [number_of(row) for baby in found for row in baby.records]
    assert sorted(shown) == sorted(number_of(r) for r in inside(records, scope) if r["deleted_at"] is None)
    unborn = [newborn(code, some_day(random, 9), NOW) for code in PLACES]
    found += inside(unborn, scope)
    births = {
        (each.kode_rs, each.month): each.births for each in live_births(random) if scope.holds(PLACES[each.kode_rs])
    }
    everyone = babies(records, results, actions, (), PLACES)
    yield Made(screening.coverage(everyone, births, PLACES, NOW, scope=scope), inside(everyone, scope))
    for tile in (
        screening.coverage(found, births, PLACES, NOW, scope=scope),
        screening.in_time(found, NOW),
        screening.unfit(found, NOW),
        screening.high(found, NOW),
        *(screening.days_of(span, found, NOW) for span in screening.SPANS),
    ):
        yield Made(tile, found)
    ticking = clocks(found, PLACES, NOW)
    for state in screening.LISTS:
        yield Made(screening.listed(state, ticking, NOW), ticking)
    raised = alarms(clocks(everyone, PLACES, NOW), PLACES, NOW, scope=scope)
    assert all(scope.holds(PLACES[alarm.kode_rs]) for alarm in raised)
    for level in RECEIVERS:
        yield Made(screening.alarmed(level, ticking, PLACES, NOW), ticking)
    for pair in proposals(records, results, (), PLACES):
        if random.random() < 0.5:
            decisions.append(Decision(number_of(pair.first), number_of(pair.second), random.random() < 0.5, NOW))
    pairs: list[Proposal] = proposals(records, results, decisions, PLACES, scope=scope)
    assert all(row in inside(records, scope) for pair in pairs for row in (pair.first, pair.second))
    yield Made(screening.to_decide(pairs, NOW), pairs)
