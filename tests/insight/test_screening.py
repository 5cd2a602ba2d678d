"""The safety net of newborn screening: no high TSH without action stays unheard, at each level on its own day.

And: nothing of one province is seen in another, and no two records become one baby without a person's word.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.insight import screening
from rsonline.insight.places import Place, Scope, province_zone
from rsonline.insight.screening_alarm import RECEIVERS, alarms
from rsonline.insight.screening_clock import (
    Action,
    Baby,
    ClockRules,
    Decision,
    Leg,
    babies,
    clock,
    clocks,
    newborn,
    number_of,
)
from rsonline.insight.screening_merging import alike, born_as, plain, proposals
from rsonline.reports import regions
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, WIB, WIT, WITA
from tests.insight.tiles_of_screening import nation, record, result

BORN = date(2026, 3, 1)
KNOWN = date(2026, 3, 10)
EARLY = datetime(2026, 3, 3, tzinfo=UTC)
HOSPITALS = [("3404015", 17), ("7371023", 16), ("9171001", 15)]
"""A hospital of each zone, and the hour (UTC) at which its day begins."""


def one(
    records: Sequence[Row],
    results: Sequence[Row] = (),
    actions: Sequence[Action] = (),
    decisions: Sequence[Decision] = (),
) -> Baby:
    """The only baby of these rows."""
    (baby,) = babies(records, results, actions, decisions, PLACES)
    return baby


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """The moment at which a local day begins where it does so at that hour (UTC) of the day before."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(days=1)


def planted(code: str, heard: datetime | None = None) -> tuple[Row, Row]:
    """A baby whose TSH was high on the 10th, and about whom nothing was done."""
    row = record(7, code, BORN, received_at=EARLY, updated_at=EARLY)
    heard = heard or datetime(2026, 3, 10, 3, tzinfo=UTC)
    return row, result(row, 70, KNOWN, "2", received_at=heard, updated_at=heard)


# ---- the planted high TSH


@pytest.mark.parametrize(("code", "hour"), HOSPITALS)
def test_a_high_tsh_without_action_raises_each_alarm_on_its_local_day(code: str, hour: int) -> None:
    """By the defaults: the hospital on the day of the result, the regency on day 2, the province on day 4."""
    row, high = planted(code, heard=EARLY)
    days = {"hospital": KNOWN, "regency": KNOWN + timedelta(days=2), "province": KNOWN + timedelta(days=4)}
    for level, day in days.items():
        begins = at(day, hour)
        for now, there in ((begins - timedelta(milliseconds=1), False), (begins, True)):
            ticking = clocks([one([row], [high])], PLACES, now)
            found = [a for a in alarms(ticking, PLACES, now) if a.level == level]
            assert [a.kode_rs for a in found] == ([code] if there else []), (level, now)
        (alarm,) = found
        assert (alarm.step, alarm.urgent, alarm.since, alarm.day) == ("panggil", True, day, day)
        place = PLACES[code]
        assert alarm.code == {"hospital": code, "regency": place.regency, "province": place.province}[level]


@pytest.mark.parametrize(("code", "hour"), HOSPITALS)
def test_an_alarm_is_not_older_than_what_the_service_knows(code: str, hour: int) -> None:
    """The result of the 10th was reported on the 15th just after local midnight: all levels hear of it that day."""
    day = date(2026, 3, 15)
    now = at(day, hour, 5)
    row, high = planted(code, heard=now)
    found = alarms(clocks([one([row], [high])], PLACES, now), PLACES, now)
    assert [(a.level, a.since) for a in found] == [(level, day) for level in sorted(RECEIVERS)]


def test_each_level_has_its_own_day() -> None:
    """A hospital that keeps WIB though its province (Makassar) is in WITA: there the day begins an hour earlier."""
    places = {"7371099": Place("7371099", "RS Contoh", WIB, "7371")}
    row, high = planted("7371099", heard=EARLY)
    (baby,) = babies([row], [high], (), (), places)
    due = KNOWN + timedelta(days=2)
    now = at(due, 16, 30)
    found = {a.level: a.day for a in alarms(clocks([baby], places, now), places, now)}
    assert found == {"hospital": due - timedelta(days=1), "regency": due}


def test_a_recall_turns_the_alarm_into_the_next_one() -> None:
    row, high = planted("3404015")
    recalled = Action("3404015", 7, "recalled", date(2026, 3, 11), NOW)
    found = clock(one([row], [high], [recalled]), date(2026, 3, 12))
    assert (found.step, found.state, found.opened, found.urgent) == ("konfirmasi", "waiting", recalled.day, True)
    positive = result(row, 71, date(2026, 3, 13), "3")
    found = clock(one([row], [high, positive], [recalled]), date(2026, 3, 13))
    assert (found.step, found.state, found.due) == ("obat", "waiting", date(2026, 3, 14))
    treated = Action("3404015", 7, "treated", date(2026, 3, 14), NOW)
    found = clock(one([row], [high, positive], [recalled, treated]), date(2026, 3, 30))
    assert (found.step, found.state, found.urgent) == (None, "done", False)


def test_two_weeks_of_life_come_before_a_legs_own_time() -> None:
    late = KNOWN + timedelta(days=10)
    row, _ = planted("3404015")
    found = clock(one([row], [result(row, 70, late, "2")]), late)
    assert (found.opened, found.due) == (late, late)


@pytest.mark.parametrize(
    "beside",
    [
        {"code": "1", "day": KNOWN + timedelta(days=1)},
        {"code": "1", "day": KNOWN - timedelta(days=1)},
        {"code": "4", "day": KNOWN - timedelta(days=1)},
        {"code": "1", "day": KNOWN, "layak_sampel": "1"},
    ],
)
def test_a_high_tsh_is_not_argued_away(beside: dict[str, Any]) -> None:
    row, high = planted("3404015")
    other = result(row, 69 if beside["day"] < KNOWN else 71, **beside)
    found = clock(one([row], [high, other]), KNOWN + timedelta(days=9))
    assert (found.step, found.state, found.urgent) == ("panggil", "late", True)


def test_a_rejected_sample_with_a_high_tsh_is_high() -> None:
    row, high = planted("3404015")
    assert clock(one([row], [high | {"layak_sampel": "1"}]), KNOWN).urgent


def test_a_negative_confirmation_settles_it() -> None:
    row, high = planted("3404015")
    negative = result(row, 71, KNOWN + timedelta(days=2), "4")
    assert clock(one([row], [high, negative]), KNOWN + timedelta(days=30)).state == "done"
    again = result(row, 72, KNOWN + timedelta(days=5), "2")
    found = clock(one([row], [high, negative, again]), KNOWN + timedelta(days=6))
    assert (found.step, found.opened) == ("panggil", KNOWN + timedelta(days=5))


def test_what_a_person_closed_opens_again_with_news() -> None:
    row, high = planted("3404015")
    closed = Action("3404015", 7, "closed", KNOWN, datetime(2026, 3, 10, 4, tzinfo=UTC))
    assert clock(one([row], [high], [closed]), KNOWN).state == "closed"
    later = high | {"id_hasil": 71, "received_at": datetime(2026, 3, 12, tzinfo=UTC)}
    assert clock(one([row], [high, later], [closed]), KNOWN + timedelta(days=3)).state == "late"
    found = Action("3404015", 7, "recalled", KNOWN, datetime(2026, 3, 11, tzinfo=UTC))
    lost = closed._replace(kind="lost")
    assert clock(one([row], [high], [lost]), KNOWN).state == "lost"
    assert clock(one([row], [high], [lost, found]), KNOWN).state == "waiting"


SEEDS = st.integers(0, 2**32)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(0, 40))
def test_no_high_tsh_is_ever_silent(seed: int, days: int) -> None:
    """Whatever else is on record: with a high TSH a baby is confirmed negative, treated, closed, or has an alarm."""
    records, results, actions, _ = nation(Random(seed))
    now = NOW + timedelta(days=days)
    found = babies(records, results, actions, (), PLACES)
    heard = {(a.kode_rs, a.id_shk) for a in alarms(clocks(found, PLACES, now), PLACES, now) if a.level == "hospital"}
    for baby in found:
        own = [t for t in results if number_of(t) == number_of(baby.records[0])]
        if any(t["hasil_pemeriksaan"] == "2" for t in own):
            ended = baby.positive is False or baby.treated is not None or baby.ended == "closed"
            waits = baby.recalled is not None and now.date() - baby.recalled < timedelta(days=2)
            assert ended or waits or named(baby) in heard


def named(baby: Baby) -> tuple[str, int]:
    """What names a baby's newest record."""
    return baby.kode_rs, baby.id_shk


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(0, 30))
def test_what_is_raised_at_the_province_is_raised_below(seed: int, days: int) -> None:
    records, results, actions, _ = nation(Random(seed))
    now = NOW + timedelta(days=days)
    ticking = clocks(babies(records, results, actions, (), PLACES), PLACES, now)
    raised = {level: {named(a.clock.baby) for a in alarms(ticking, PLACES, now, levels=[level])} for level in RECEIVERS}
    assert raised["province"] <= raised["regency"] <= raised["hospital"]


# ---- nothing leaks


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.sampled_from(["34", "73", "91", "51"]))
def test_what_a_province_sees_is_the_same_without_the_others(seed: int, province: str) -> None:
    """The strongest way to say that nothing leaks: taking all other provinces' rows away changes nothing."""
    scope = Scope("province", province)
    records, results, actions, decisions = nation(Random(seed))
    mine = {code for code, place in PLACES.items() if place.province == province}
    our_records = [row for row in records if row["kode_rs"] in mine]
    our_results = [row for row in results if row["kode_rs"] in mine]
    our_actions = [action for action in actions if action.kode_rs in mine]
    our_words = [d for d in decisions if d.first[0] in mine and d.second[0] in mine]
    whole = babies(records, results, actions, decisions, PLACES, scope=scope)
    assert whole == babies(our_records, our_results, our_actions, our_words, PLACES, scope=scope)
    found = proposals(records, results, decisions, PLACES, scope=scope)
    assert found == proposals(our_records, our_results, our_words, PLACES, scope=scope)
    ticking = clocks(whole, PLACES, NOW)
    assert alarms(ticking, PLACES, NOW, scope=scope) == alarms(ticking, PLACES, NOW)


def test_records_put_together_across_provinces_show_no_province_the_other() -> None:
    here = record(1, "3404015", BORN)
    there = record(2, "9171001", BORN, tgl_ambil_sampel=BORN + timedelta(days=20))
    high = result(there, 20, BORN + timedelta(days=25), "2")
    same = Decision(number_of(here), number_of(there), True, NOW)
    (baby,) = babies([here, there], [high], (), [same], PLACES, scope=Scope("province", "34"))
    assert (baby.records, baby.high) == ((here,), None)
    (whole,) = babies([here, there], [high], (), [same], PLACES)
    assert (len(whole.records), whole.kode_rs, whole.high) == (2, "9171001", True)


# ---- the legs, in order


@pytest.mark.parametrize(("day", "state"), [(3, "waiting"), (4, "late"), (17, "late"), (18, "lost"), (300, "lost")])
def test_a_newborn_without_a_sample_waits_then_is_late_then_lost(day: int, state: str) -> None:
    """Sampled by 72 h: the third day of life is the last one in time."""
    found = clock(newborn("3404015", BORN, EARLY), BORN + timedelta(days=day))
    assert (found.step, found.state, found.due) == ("sampel", state, BORN + timedelta(days=3))


def test_dispatch_arrival_and_result_open_one_after_another() -> None:
    row = record(7, "3404015", BORN)
    sampled, sent = row["tgl_ambil_sampel"], row["tgl_kirim_sampel"]
    found = clock(one([row | {"tgl_kirim_sampel": None}]), sampled)
    assert (found.step, found.opened) == ("kirim", sampled)
    found = clock(one([row]), sent)
    assert (found.step, found.opened, found.due) == ("terima", sent, sent + timedelta(days=7))
    arrived = Action("3404015", 7, "arrived", sent + timedelta(days=2), NOW)
    found = clock(one([row], (), [arrived]), sent)
    assert (found.step, found.opened) == ("hasil", arrived.day)
    found = clock(one([row], [result(row, 70, KNOWN)]), KNOWN + timedelta(days=90))
    assert (found.state, found.step) == ("done", None)


def test_a_rejected_sample_has_to_be_taken_again() -> None:
    row = record(7, "3404015", BORN)
    rejected = result(row, 70, KNOWN, layak_sampel="1")
    found = clock(one([row], [rejected]), KNOWN + timedelta(days=2))
    assert (found.step, found.state, found.urgent) == ("panggil", "late", False)
    called = Action("3404015", 7, "recalled", KNOWN + timedelta(days=1), NOW)
    found = clock(one([row], [rejected], [called]), KNOWN + timedelta(days=2))
    assert (found.step, found.opened) == ("sampel", called.day)
    again = record(
        8, "3404015", BORN, tgl_ambil_sampel=KNOWN + timedelta(days=2), tgl_kirim_sampel=KNOWN + timedelta(days=3)
    )
    same = Decision(number_of(row), number_of(again), True, NOW)
    found = clock(one([row, again], [rejected], (), [same]), KNOWN + timedelta(days=3))
    assert (found.step, found.baby.id_shk) == ("terima", 8)


def test_a_second_sample_after_a_high_tsh_was_a_recall() -> None:
    row, high = planted("3404015")
    again = record(8, "3404015", BORN, tgl_ambil_sampel=KNOWN, tgl_kirim_sampel=KNOWN)
    same = Decision(number_of(row), number_of(again), True, NOW)
    found = clock(one([row, again], [high, result(again, 80, KNOWN + timedelta(days=2))], (), [same]), KNOWN)
    assert (found.step, found.opened, found.urgent) == ("konfirmasi", KNOWN, True)


def test_limits_are_configuration() -> None:
    legs = {**ClockRules().legs, "terima": Leg(2, 3, 4, 5)}
    row = record(7, "3404015", BORN)
    day = row["tgl_kirim_sampel"] + timedelta(days=3)
    assert clock(one([row]), day).state == "waiting"
    assert clock(one([row]), day, ClockRules(legs=legs)).state == "late"
    assert clock(one([row]), day, ClockRules(legs=legs, lost=0)).state == "lost"


@pytest.mark.parametrize(("code", "hour"), HOSPITALS)
def test_late_begins_at_local_midnight(code: str, hour: int) -> None:
    baby = newborn(code, BORN, EARLY)
    begins = at(BORN + timedelta(days=4), hour)
    states = [clocks([baby], PLACES, now)[0].state for now in (begins - timedelta(milliseconds=1), begins)]
    assert states == ["waiting", "late"]


def test_the_urgent_come_first() -> None:
    row, high = planted("3404015")
    old = record(8, "3404015", BORN - timedelta(days=40))
    found = clocks(babies([old, row], [high], (), (), PLACES), PLACES, NOW)
    assert [c.baby.id_shk for c in found] == [7, 8]
    assert found[1].over > found[0].over


# ---- tiles


def test_coverage_needs_births() -> None:
    found = babies([record(n, "3404015", BORN) for n in range(8)], (), (), (), PLACES)
    month = BORN.replace(day=1)
    told = {("3404015", month): 10, ("3471011", month): 10}
    assert screening.coverage(found, told, PLACES, NOW).value == 40
    assert screening.coverage(found, {("3404015", month): 10}, PLACES, NOW).value == 80
    # Of another month than that in which they were born nothing is told.
    earlier = (month - timedelta(days=1)).replace(day=1)
    tile = screening.coverage(found, {("3404015", month): 10, ("3404015", earlier): 6}, PLACES, NOW)
    assert (tile.value, tile.parts) == (50, {"bayi": 8, "kelahiran_hidup": 16})
    tile = screening.coverage(found, {}, PLACES, NOW)
    assert (tile.value, {each.reason for each in tile.excluded}) == (None, {"births_unknown"})


def test_samples_in_time_by_days_of_life() -> None:
    rows = [
        record(n, "3404015", BORN, tgl_ambil_sampel=BORN + timedelta(days=age))
        for n, age in enumerate((-1, 0, 1, 2, 3, 4))
    ]
    tile = screening.in_time(babies(rows, (), (), (), PLACES), NOW)
    assert (tile.value, tile.parts) == (40, {"tepat": 2, "terlalu_dini": 2, "terlalu_lambat": 1})
    assert [each.reason for each in tile.excluded] == ["before_birth"]


def test_days_of_each_leg_by_hand() -> None:
    rows = [record(n, "3404015", BORN, tgl_kirim_sampel=BORN + timedelta(days=2 + n)) for n in range(5)]
    results = [
        result(row, n, BORN + timedelta(days=12), tgl_terima=BORN + timedelta(days=10)) for n, row in enumerate(rows)
    ]
    found = babies(rows, results, (), (), PLACES)
    assert screening.days_of(("sampled", "sent"), found, NOW).value == 2
    assert screening.days_of(("sampled", "sent"), found, NOW).parts["p90"] == pytest.approx(3.6)
    assert screening.days_of(("sent", "arrived"), found, NOW).value == 6
    assert screening.days_of(("arrived", "known"), found, NOW).value == 2
    assert screening.days_of(("born", "treated"), found, NOW).value is None


def test_unfit_and_high_shares() -> None:
    rows = [record(n, "3404015", BORN) for n in range(4)]
    results = [
        result(rows[0], 1, KNOWN, "2"),
        result(rows[1], 2, KNOWN),
        result(rows[2], 3, KNOWN, layak_sampel="1"),
    ]
    found = babies(rows, results, (), (), PLACES)
    assert screening.unfit(found, NOW).value == pytest.approx(100 / 3)
    assert screening.high(found, NOW).value == 50


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_every_baby_is_on_exactly_one_list(seed: int) -> None:
    records, results, actions, decisions = nation(Random(seed))
    ticking = clocks(babies(records, results, actions, decisions, PLACES), PLACES, NOW)
    lists = {state: screening.listed(state, ticking, NOW).included for state in screening.LISTS}
    ended = [c for c in ticking if c.state in ("done", "closed")]
    assert sum(len(some) for some in lists.values()) + len(ended) == len(ticking)


# ---- putting records together


def pairs(*rows: Row, results: Sequence[Row] = (), decisions: Sequence[Decision] = ()) -> list[tuple[int, int]]:
    """The proposals of some records, by their numbers."""
    found = proposals(rows, results, decisions, PLACES)
    return [(p.first["id_shk"], p.second["id_shk"]) for p in found]


def later(number: int, **values: Any) -> Row:
    """A second record of a baby born on the same day, sampled two weeks later."""
    sampled = BORN + timedelta(days=16)
    return record(number, "3404015", BORN, **{"tgl_ambil_sampel": sampled, "tgl_kirim_sampel": sampled, **values})


def test_a_second_sample_is_proposed_with_its_evidence() -> None:
    first = record(1, "3404015", BORN, nama_ibu="Ny. Siti Aminah")
    second = later(2, nama_ibu="AMINAH, SITTI", nama_anak="By. Ny. Aminah Siti")
    rejected = result(first, 10, KNOWN, layak_sampel="1")
    (proposal,) = proposals([second, first], [rejected], (), PLACES)
    assert (proposal.first, proposal.second, proposal.said) == (first, second, None)
    told = proposal.evidence
    assert (told.alike, told.same_mother, told.births, told.samples) == (1, None, 0, 14)
    assert (told.rejected, told.same_hospital, told.same_name, told.score) == (True, True, True, 1)


def test_a_proposal_puts_nothing_together() -> None:
    rows = [record(1, "3404015", BORN), later(2)]
    assert pairs(*rows) == [(1, 2)]
    assert len(babies(rows, (), (), (), PLACES)) == 2


def test_a_persons_word_does_and_the_last_one_counts() -> None:
    rows = [record(1, "3404015", BORN), later(2)]
    yes = Decision(number_of(rows[1]), number_of(rows[0]), True, NOW)
    no = yes._replace(same=False, at=NOW + timedelta(hours=1))
    assert [len(b.records) for b in babies(rows, (), (), [yes], PLACES)] == [2]
    assert len(babies(rows, (), (), [no, yes], PLACES)) == 2
    (proposal,) = proposals(rows, (), [yes, no], PLACES)
    assert proposal.said == no
    assert screening.to_decide([proposal], NOW).value == 0


def test_two_who_differ_are_not_joined_by_a_third() -> None:
    rows = [record(1, "3404015", BORN), later(2), later(3)]
    a, b, c = map(number_of, rows)
    said = [Decision(a, c, False, NOW), Decision(a, b, True, NOW), Decision(b, c, True, NOW)]
    found = babies(rows, (), (), said, PLACES)
    assert sorted(len(baby.records) for baby in found) == [1, 2]


@pytest.mark.parametrize(
    "values",
    [
        {"gender": "Laki-Laki"},
        {"nama_anak": "By Ny Siti Aminah 2"},
        {"nama_ibu": "Dewi Lestari"},
        {"nik_ibu": "9999000000000012"},
        {"tgllahir": BORN + timedelta(days=2)},
        {"tgl_ambil_sampel": BORN + timedelta(days=90)},
        {"nik_anak": "9999000000000099"},
        {"deleted_at": NOW},
    ],
)
def test_who_is_not_proposed(values: dict[str, Any]) -> None:
    """Another sex, the other twin, another mother, born or sampled too far apart, two numbers of their own."""
    first = record(
        1, "3404015", BORN, nama_anak="By Ny Siti Aminah 1", nik_ibu="9999000000000011", nik_anak="9999000000000098"
    )
    second = later(2, **{"nama_anak": "By Ny Siti Aminah 1", "nik_ibu": "0" * 16, **values})
    assert pairs(first, second) == []


def test_the_same_mother_by_number_is_enough() -> None:
    nik = "9999000000000011"
    assert pairs(record(1, "3404015", BORN, nik_ibu=nik), later(2, nik_ibu=nik, nama_ibu="S. Aminah")) == [(1, 2)]


def test_a_mothers_number_in_the_childs_place_is_none_of_its_own() -> None:
    nik = "9999000000000011"
    rows = [
        record(1, "3404015", BORN, nik_ibu=nik, nik_anak=nik),
        later(2, nik_ibu=nik, nik_anak=nik),
    ]
    assert pairs(*rows) == [(1, 2)]


NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), max_size=30)


@given(NAMES, NAMES)
def test_likeness_is_a_likeness(one_name: str, other: str) -> None:
    assert 0 <= alike(one_name, other) <= 1
    assert alike(one_name, other) == alike(other, one_name)
    assert alike(one_name, one_name) == (1 if plain(one_name) else 0)


def test_names_as_they_are_written() -> None:
    assert plain("By. Ny. SOEHARTI Dwi") == plain("dwi suharti")
    assert plain(None) == plain("By Ny") == ""
    assert alike("Siti Nurhaliza", "Siti Nurhalisa") > 0.9 > alike("Siti Nurhaliza", "Dewi Lestari")
    assert [born_as(name) for name in ("By Ny Siti 1", "By Ny Siti II", "By Ny Siti", None)] == [1, 2, None, None]


# ---- zones


def test_every_province_has_its_zone() -> None:
    zones: dict[ZoneInfo, int] = {}
    for code in regions.all_provinces():
        zones[province_zone(code)] = zones.get(province_zone(code), 0) + 1
    assert zones == {WIB: 18, WITA: 12, WIT: 8}
