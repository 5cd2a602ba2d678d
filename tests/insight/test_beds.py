"""The bed board: nothing is netted away, every room is counted once, and looking back goes by local days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.insight import beds
from rsonline.insight.places import Scope
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, inside, kept

COUNTS = st.integers(0, 500)


def room(number: int, jumlah: int, terpakai: int, code: str = "3404015", **values: object) -> Row:
    """A room of class III."""
    return kept(
        TEMPAT_TIDUR,
        code,
        id_t_tt=number,
        id_tt=str(values.pop("id_tt", "5")),
        ruang=f"Ruang {number}",
        jumlah_ruang=1,
        jumlah=jumlah,
        terpakai=terpakai,
        covid=0,
        **values,  # type: ignore[arg-type]
    )


def said(number: int, version: int, at: datetime, jumlah: int, terpakai: int, code: str = "3404015") -> Row:
    """A row of `bed_history`."""
    row = room(number, jumlah, terpakai, code)
    return row | {"version": version, "at": at, "deleted": False}


@given(st.lists(st.tuples(COUNTS, COUNTS), max_size=30))
def test_free_beds_less_what_is_too_much_are_beds_less_patients(counts: list[tuple[int, int]]) -> None:
    rooms = [room(n, *some) for n, some in enumerate(counts)]
    tile = beds.free_beds(rooms, NOW)
    if not rooms:
        assert tile.value is None
        return
    assert tile.value is not None
    assert tile.value >= 0
    assert tile.value - tile.parts["kelebihan"] == tile.parts["jumlah"] - tile.parts["terpakai"]
    assert tile.parts["ruang_penuh_lebih"] == len(beds.overfull(rooms, NOW).included)


def test_a_room_that_is_too_full_takes_no_bed_of_another() -> None:
    rooms = [room(1, 4, 9), room(2, 10, 7)]
    free = beds.free_beds(rooms, NOW)
    assert free.value == 3
    assert free.parts["kelebihan"] == 5
    assert beds.overfull(rooms, NOW).included == [rooms[0]]
    assert beds.occupancy(rooms, NOW).value == pytest.approx(100 * 16 / 14)


@given(
    st.lists(st.tuples(COUNTS, COUNTS, st.sampled_from(sorted(PLACES)), st.sampled_from(("1", "5", "24"))), max_size=25)
)
def test_every_way_of_grouping_adds_up_to_the_same(some: list[tuple[int, int, str, str]]) -> None:
    rooms = [room(n, j, t, code, id_tt=kind) for n, (j, t, code, kind) in enumerate(some)]
    whole = beds.board(rooms, PLACES, NOW, "nation")[0]
    for by in ("id_tt", "hospital", "regency", "province"):
        lines = beds.board(rooms, PLACES, NOW, by)
        assert sum(line.free.value or 0 for line in lines) == (whole.free.value or 0)
        assert sum(len(line.overfull.included) for line in lines) == len(whole.overfull.included)
        assert sum(line.queue.value or 0 for line in lines) == (whole.queue.value or 0)
        assert sum(line.free.of for line in lines) == len(rooms)


@given(st.lists(st.sampled_from(sorted(PLACES)), max_size=20), st.sampled_from(["34", "73", "91"]))
def test_a_province_sees_its_own_rooms_only(codes: list[str], province: str) -> None:
    rooms = [room(n, 5, 1, code) for n, code in enumerate(codes)]
    scope = Scope("province", province)
    line = beds.board(rooms, PLACES, NOW, "nation", scope=scope)[0]
    assert line.free.included == inside(rooms, scope)


def test_nothing_is_none_and_full_is_nought() -> None:
    assert beds.free_beds([], NOW).value is None
    assert beds.occupancy([], NOW).value is None
    assert beds.free_beds([room(1, 4, 4)], NOW).value == 0
    gone = room(1, 4, 1, deleted_at=NOW)
    old = room(2, 4, 1, updated_at=NOW - timedelta(days=31))
    tile = beds.free_beds([gone, old], NOW)
    assert tile.value is None
    assert [each.reason for each in tile.excluded] == ["deleted", "too_old"]


def test_the_board_of_one_bed_type_is_made_of_its_rooms() -> None:
    rooms = [room(1, 4, 1), room(2, 6, 1, id_tt="24")]
    (line,) = beds.board(rooms, PLACES, NOW, "hospital", bed_types={"24"})
    assert (line.code, line.free.value) == ("3404015", 5)
    assert [line.code for line in beds.board(rooms, PLACES, NOW, "id_tt")] == ["5", "24"]


def test_covid_and_dengue_beds() -> None:
    covid = room(1, 6, 4, id_tt="28", terpakai_suspek=1, terpakai_konfirmasi=3) | {"covid": 1}
    dengue = room(2, 10, 9, jumlah_dbd=4, terpakai_dbd=6, terpakai_dbd_anak=2)
    tile = beds.covid_beds([covid, dengue], NOW)
    assert (tile.value, tile.parts["konfirmasi"], tile.included) == (2, 3, [covid])
    tile = beds.dengue_beds([covid, dengue], NOW)
    assert (tile.value, tile.included) == (4, [dengue])
    assert tile.parts == {"terpakai_dbd": 6, "terpakai_dbd_anak": 2, "kelebihan": 2}


# ---- looking back

DAY = date(2026, 3, 10)


def test_bor_by_hand() -> None:
    """Two rooms, three days: 10 beds with 8, 6, 6 used, and from the second day 5 beds with 5, 7 used."""
    history = [
        said(1, 1, datetime(2026, 3, 10, 1, tzinfo=UTC), 10, 8),
        said(1, 2, datetime(2026, 3, 11, 1, tzinfo=UTC), 10, 6),
        said(2, 1, datetime(2026, 3, 11, 1, tzinfo=UTC), 5, 5),
        said(2, 2, datetime(2026, 3, 12, 1, tzinfo=UTC), 5, 7),
    ]
    taken = beds.snapshots(history, PLACES, DAY, DAY + timedelta(days=2), NOW)
    tile = beds.bor(taken, NOW)
    assert len(taken) == 5
    assert tile.parts == {"terpakai": 8 + 6 + 6 + 5 + 7, "jumlah": 40, "hari": 3}
    assert tile.value == 80
    assert [round(then.value or 0, 2) for _, then in beds.trend(taken, NOW)] == [80, 73.33, 86.67]


@pytest.mark.parametrize(("code", "hour"), [("3404015", 17), ("7371023", 16), ("9171001", 15)])
def test_a_snapshot_is_taken_at_the_end_of_the_local_day(code: str, hour: int) -> None:
    """What is said from local midnight on belongs to the next day: 17:00, 16:00 and 15:00 UTC."""
    midnight = datetime(2026, 3, 10, hour, tzinfo=UTC)
    history = [
        said(1, 1, midnight - timedelta(days=1), 10, 1, code),
        said(1, 2, midnight - timedelta(minutes=1), 10, 2, code),
        said(1, 3, midnight, 10, 3, code),
    ]
    taken = beds.snapshots(history, PLACES, DAY, DAY + timedelta(days=1), NOW)
    assert [(s.day, s.terpakai) for s in taken] == [(DAY, 2), (DAY + timedelta(days=1), 3)]


def test_what_is_still_to_come_or_deleted_is_no_snapshot() -> None:
    history = [
        said(1, 1, datetime(2026, 3, 10, tzinfo=UTC), 10, 5),
        said(1, 2, datetime(2026, 3, 12, tzinfo=UTC), 10, 5) | {"deleted": True},
    ]
    now = datetime(2026, 3, 11, 10, tzinfo=UTC)
    assert [s.day for s in beds.snapshots(history, PLACES, DAY, date(2026, 3, 14), now)] == [DAY]
    assert [s.day.day for s in beds.snapshots(history, PLACES, DAY, date(2026, 3, 14), NOW)] == [10, 11]
    assert beds.bor([], NOW).value is None
    assert beds.trend([], NOW) == []


@given(st.lists(st.tuples(st.integers(0, 30 * 24), COUNTS, COUNTS), max_size=20))
def test_an_identical_message_changes_no_snapshot(changes: list[tuple[int, int, int]]) -> None:
    """The history has changes only: one that was repeated in between would tell the same."""
    start = datetime(2026, 2, 1, tzinfo=UTC)
    history = [
        said(1, version, start + timedelta(hours=hours), jumlah, terpakai)
        for version, (hours, jumlah, terpakai) in enumerate(sorted(changes))
    ]
    again = [row | {"at": row["at"] + timedelta(minutes=1)} for row in history]
    first, last = date(2026, 2, 1), date(2026, 3, 3)
    taken, repeated = (beds.snapshots(some, PLACES, first, last, NOW) for some in (history, [*again, *history]))
    # A day that ends within that minute may tell of it only on the next one.
    told = [(s.day, s.jumlah, s.terpakai) for s in taken if s.heard.minute == 0]
    assert told == [(s.day, s.jumlah, s.terpakai) for s in repeated if s.day in {s.day for s in taken}]
    assert all(s.heard <= NOW for s in taken)
