"""Oxygen: a rate that one odd day does not move, days left on the local day, and who runs dry first."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.insight import oxygen
from rsonline.insight.places import Scope
from rsonline.reports import OKSIGEN
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, inside, kept

M3 = st.floats(0.5, 5000, allow_nan=False)


def day(ago: int, used: float | None = None, stock: float | None = None, code: str = "3404015", **more: object) -> Row:
    """A day's report of liquid oxygen."""
    return kept(
        OKSIGEN,
        code,
        NOW - timedelta(days=ago),
        tanggal=TODAY - timedelta(days=ago),
        p_cair=used,
        k_isi_cair=stock,
        **more,
    )


def lasting(*rows: Row) -> oxygen.Lasting:
    """How long the oxygen of these rows lasts today."""
    return oxygen.lasting("3404015", rows, TODAY)


def test_days_left_by_hand() -> None:
    found = lasting(day(3, 100), day(2, 120), day(1, 80), day(0, 100, 450))
    assert (found.rate, found.stock, found.left) == (100, 450, 4.5)
    assert found.dry == TODAY + timedelta(days=4)
    assert (found.why, found.unit) == (None, "m³")
    assert found.stock_row is not None
    assert found.stock_row["k_isi_cair"] == 450


def test_an_older_stock_has_been_used_since() -> None:
    found = lasting(day(4, 100), day(3, 100), day(2, 100, 450))
    assert (found.left, found.day) == (2.5, TODAY - timedelta(days=2))
    assert lasting(day(5, 100), day(4, 100), day(3, 100, 150)).left == 0


def test_forms_are_added_up_or_looked_at_alone() -> None:
    rows = [day(n, 100, 400, p_tabung_besar=10, k_isi_tabung_besar=200) for n in range(4)]
    assert lasting(*rows).rate == 110
    alone = oxygen.lasting("3404015", rows, TODAY, forms=("tabung_besar",))
    assert (alone.stock, alone.rate, alone.left) == (200, 10, 20)


@given(st.lists(M3, min_size=4, max_size=7), st.data())
def test_a_missing_or_zero_day_counts_as_if_it_were_not_there(used: list[float], data: st.DataObject) -> None:
    rows = [day(n, many) for n, many in enumerate(used)]
    odd = data.draw(st.integers(0, len(used) - 1))
    without = [row for n, row in enumerate(rows) if n != odd]
    missing = lasting(*without, day(0, None, 100, code="3404015"))
    zero = lasting(*without, rows[odd] | {"p_cair": 0.0}, day(0, None, 100))
    blank = lasting(*without, rows[odd] | {"p_cair": None}, day(0, None, 100))
    assert missing.rate == zero.rate == blank.rate
    rest = [many for n, many in enumerate(used) if n != odd]
    assert missing.rate is not None
    assert min(rest) <= missing.rate <= max(rest)


@given(st.lists(st.floats(90, 110), min_size=5, max_size=7), st.integers(0, 6), st.floats(1e3, 1e6))
def test_one_wild_figure_hardly_moves_the_rate(used: list[float], where: int, wild: float) -> None:
    used[where % len(used)] = wild
    found = lasting(*(day(n, many, 1000) for n, many in enumerate(used)))
    assert found.rate is not None
    assert 90 <= found.rate <= 110


@given(st.lists(M3, min_size=3, max_size=7), M3, M3)
def test_more_stock_lasts_longer(used: list[float], one: float, other: float) -> None:
    less, more = sorted((one, other))
    short, long = (lasting(*(day(n, many, stock) for n, many in enumerate(used))).left for stock in (less, more))
    assert short is not None
    assert long is not None
    assert 0 <= short <= long


def test_what_cannot_be_told_is_none_and_says_why() -> None:
    assert lasting().why == "no_report"
    assert lasting(day(0, 100)).why == "no_report"
    assert lasting(day(1, 100), day(0, 100, 500)).why == "too_few_days"
    assert lasting(*(day(n, 0, 500) for n in range(7))).why == "no_use"
    assert lasting(*(day(n, 100, 500) for n in range(8, 12))).why == "no_report"
    for found in (lasting(), lasting(day(0, 100)), lasting(day(0, 0, 500))):
        assert (found.left, found.dry) == (None, None)
    deleted = [day(n, 100, 500, deleted_at=NOW) for n in range(5)]
    assert lasting(*deleted).why == "no_report"


def test_an_empty_store_is_empty_even_without_a_rate() -> None:
    found = lasting(day(1, 100), day(0, 100, 0))
    assert (found.left, found.dry, found.why) == (0, TODAY, None)


def test_who_runs_dry_first_stands_first() -> None:
    rows = [
        *(day(n, 100, 1000, code="3404015") for n in range(5)),
        *(day(n, 100, 150, code="7371023") for n in range(5)),
        *(day(n, 100, 250, code="9171001") for n in range(5)),
        *(day(n, 0, 250, code="3471011") for n in range(5)),
    ]
    found = oxygen.all_lasting(rows, PLACES, NOW)
    assert [one.kode_rs for one in found][:3] == ["7371023", "9171001", "3404015"]
    soon = oxygen.dry_soon(found, NOW)
    assert [one.kode_rs for one in soon.included] == ["7371023", "9171001"]
    assert oxygen.days_left(found, NOW).value == 2.5
    assert oxygen.days_left(found, NOW).parts == {"paling_sedikit": 1.5}
    assert oxygen.stock(found, NOW).value == 1650


@pytest.mark.parametrize(("code", "left"), [("3404015", 5.0), ("7371023", 5.0), ("9171001", 4.0)])
def test_today_is_the_hospitals_own(code: str, left: float) -> None:
    """At 15:30 UTC it is still the 10th in WIB and WITA, and the 11th in WIT."""
    now = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
    rows = [
        kept(OKSIGEN, code, now, tanggal=date(2026, 3, 10) - timedelta(days=n), p_cair=100.0, k_isi_cair=500.0)
        for n in range(4)
    ]
    (one,) = oxygen.all_lasting(rows, {code: PLACES[code]}, now)
    assert one.left == left


def test_use_by_form_and_day() -> None:
    rows = [day(0, 100, p_tabung_kecil=7.25), day(1, None, 20), day(0, 50, code="9171001"), day(9, 100)]
    tile = oxygen.use(rows, PLACES, TODAY - timedelta(days=6), TODAY, NOW)
    assert tile.value == 157.25
    assert tile.parts == {"cair": 150, "tabung_kecil": 7.25, "tabung_sedang": 0, "tabung_besar": 0}
    assert [each.reason for each in tile.excluded] == ["not_told"]
    daily = oxygen.use_by_day(rows, PLACES, TODAY - timedelta(days=2), TODAY, NOW, scope=Scope("province", "34"))
    assert [then.value for _, then in daily] == [None, None, 107.25]


def test_pieces_among_cubic_metres_are_shown_and_left_as_sent() -> None:
    """A store of 40 large cylinders of 6 m³ that is one day reported as 2 cylinders."""
    rows = [day(n, None, None, k_isi_tabung_besar=240.0) for n in range(1, 7)]
    rows.append(day(0, None, None, k_isi_tabung_besar=2.0))
    tile = oxygen.jumps(oxygen.figures(rows, PLACES), NOW)
    (one,) = tile.included
    assert (one.day, one.member, one.raw, one.usual, one.unit) == (TODAY, "k_isi_tabung_besar", 2.0, 240.0, "m³")
    assert {each.reason for each in tile.excluded} == {"plausible"}


@given(st.lists(st.sampled_from(sorted(PLACES)), max_size=20), st.sampled_from(["34", "73", "91"]))
def test_a_province_sees_its_own_hospitals_only(codes: list[str], province: str) -> None:
    rows = [day(n % 5, 100, 500, code) for n, code in enumerate(codes)]
    scope = Scope("province", province)
    mine = inside(rows, scope)
    for one in oxygen.all_lasting(rows, PLACES, NOW, scope=scope):
        assert PLACES[one.kode_rs].province == province
        assert one.stock_row is None or one.stock_row in mine
    assert all(PLACES[one.kode_rs].province == province for one in oxygen.figures(rows, PLACES, scope=scope))
