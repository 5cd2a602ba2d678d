"""Staff and equipment: gaps that surplus does not hide, infections by day, positivity without what cannot be."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from rsonline.insight import staff
from rsonline.insight.places import Scope
from rsonline.reports import APD, NAKES_TERINFEKSI, PCR_NAKES
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, inside, kept

COUNTS = st.integers(0, 1000)


def need(jumlah: int | None, diterima: int | None, code: str = "3404015", item: str = "1", **more: object) -> Row:
    """A need of one hospital."""
    return kept(APD, code, id_kebutuhan=item, jumlah=jumlah, jumlah_diterima=diterima, **more)  # type: ignore[arg-type]


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=20))
def test_a_gap_less_the_surplus_is_need_less_received(some: list[tuple[int, int]]) -> None:
    rows = [need(*one) for one in some]
    tile = staff.gap(rows, NOW)
    assert tile.value is not None
    assert tile.value >= 0
    assert tile.value - tile.parts["lebih"] == tile.parts["jumlah"] - tile.parts["diterima"]
    met = staff.met(rows, NOW).value
    assert met is None or 0 <= met <= 100
    assert (met == 100) == (tile.value == 0 and any(jumlah for jumlah, _ in some))


def test_what_one_has_too_much_fills_nobody_elses_gap() -> None:
    rows = [need(10, 2), need(10, 50)]
    assert staff.gap(rows, NOW).value == 8
    assert staff.met(rows, NOW).value == 60


def test_what_was_not_filled_in_is_no_nought() -> None:
    rows = [need(None, 3), need(5, None), need(0, 0), need(5, 1, deleted_at=NOW)]
    tile = staff.gap(rows, NOW)
    assert (tile.value, tile.included) == (0, [rows[2]])
    assert [each.reason for each in tile.excluded] == ["need_not_told", "received_not_told", "deleted"]
    assert staff.met(rows, NOW).value is None
    assert staff.existing(rows, NOW).value is None
    assert staff.existing([need(1, 1, jumlah_eksisting=150)], NOW).value == 150


def test_gaps_by_region_and_item() -> None:
    rows = [need(10, 2), need(5, 5, "3471011"), need(9, 0, "9171001"), need(100, 0, item="16")]
    lines = staff.needs(rows, PLACES, NOW, "province")
    assert [(line.item, line.code, line.gap.value) for line in lines] == [
        ("1", "34", 8),
        ("1", "91", 9),
        ("16", "34", 100),
    ]
    (line,) = staff.needs(rows, PLACES, NOW, "regency", scope=Scope("regency", "3471"))
    assert (line.code, line.gap.value) == ("3471", 0)


@given(st.lists(st.tuples(st.sampled_from(sorted(PLACES)), COUNTS, COUNTS), max_size=20))
def test_every_level_adds_up_to_the_same(some: list[tuple[str, int, int]]) -> None:
    rows = [need(jumlah, diterima, code) for code, jumlah, diterima in some]
    sums = {
        level: sum(line.gap.value or 0 for line in staff.needs(rows, PLACES, NOW, level))
        for level in ("hospital", "regency", "province", "nation")
    }
    assert len(set(sums.values())) == 1


def sick(ago: int, code: str = "3404015", **figures: int) -> Row:
    """A day's report of infected health workers."""
    return kept(NAKES_TERINFEKSI, code, tanggal=TODAY - timedelta(days=ago), **figures)  # type: ignore[arg-type]


def test_infected_by_profession_and_outcome_over_time() -> None:
    rows = [
        sick(1, perawat=8, perawat_meninggal=1, bidan=2),
        sick(0, perawat=3, perawat_isoman=2),
        sick(0, "9171001", perawat=4),
        sick(0, "3471011"),
    ]
    found = dict(staff.infected_by_day(rows, PLACES, TODAY - timedelta(days=2), TODAY, NOW))
    assert [tiles["terinfeksi"].value for tiles in found.values()] == [None, 10, 7]
    today = found[TODAY]
    assert today["isoman"].value == 2
    assert today["meninggal"].value is None
    assert today["terinfeksi"].parts["perawat"] == 7
    assert [each.reason for each in today["terinfeksi"].excluded] == ["not_told"]
    nurses = staff.infected(rows, PLACES, TODAY - timedelta(days=1), "meninggal", NOW, roles=["perawat"])
    assert (nurses.value, nurses.parts) == (1, {"perawat": 1})


def pcr(code: str = "3404015", ago: int = 0, **figures: int) -> Row:
    """A PCR report."""
    return kept(PCR_NAKES, code, tanggal=TODAY - timedelta(days=ago), **figures)  # type: ignore[arg-type]


def test_positivity_takes_the_last_report_only() -> None:
    """The figures read like running totals: 4 of 40 on Monday and 5 of 50 on Tuesday are 5 of 50."""
    rows = [
        pcr(ago=1, sudah_periksa_perawat=40, hasil_pcr_perawat=4),
        pcr(ago=0, sudah_periksa_perawat=50, hasil_pcr_perawat=5),
        pcr("9171001", ago=40, sudah_periksa_perawat=50, hasil_pcr_perawat=50),
    ]
    found = staff.last_tests(rows, PLACES, NOW)
    tile = staff.positivity(found, NOW)
    assert (tile.value, tile.parts) == (10, {"positif": 5, "diperiksa": 50})
    assert len(found) == 12
    assert {each.reason for each in tile.excluded} == {"not_told"}


def test_what_cannot_be_is_flagged_and_left_out() -> None:
    row = pcr(
        jumlah_tenaga_perawat=10,
        sudah_periksa_perawat=4,
        hasil_pcr_perawat=5,
        jumlah_tenaga_bidan=3,
        sudah_periksa_bidan=4,
        hasil_pcr_bidan=1,
        jumlah_tenaga_residen=5,
        sudah_periksa_residen=4,
        hasil_pcr_residen=1,
        sudah_periksa_apoteker=0,
        hasil_pcr_apoteker=0,
        hasil_pcr_co_ass=2,
    )
    found = staff.last_tests([row], PLACES, NOW, roles=("perawat", "bidan", "residen", "apoteker", "co_ass"))
    tile = staff.positivity(found, NOW)
    assert (tile.value, [one.role for one in tile.included]) == (25, ["residen"])
    assert {each.row.role: each.reason for each in tile.excluded} == {
        "perawat": "positive_more_than_tested",
        "bidan": "tested_more_than_staff",
        "apoteker": "none_tested",
        "co_ass": "not_told",
    }
    odd = staff.impossible_figures(found, NOW)
    assert [one.role for one in odd.included] == ["perawat", "bidan"]


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), min_size=1, max_size=7))
def test_positivity_is_a_share(some: list[tuple[int, int, int]]) -> None:
    rows = [
        pcr(code, jumlah_tenaga_perawat=s, sudah_periksa_perawat=t, hasil_pcr_perawat=p)
        for code, (s, t, p) in zip(PLACES, some, strict=False)
    ]
    tile = staff.positivity(staff.last_tests(rows, PLACES, NOW), NOW)
    assert tile.value is None or 0 <= tile.value <= 100


def test_totals_that_are_not_the_sum() -> None:
    row = pcr(hasil_pcr_perawat=5, rekap_jumlah_hasil_pcr=7, rekap_jumlah_tenaga=0)
    (one,) = staff.contradictions([row], PLACES)
    assert (one.member, one.total, one.sum) == ("rekap_jumlah_hasil_pcr", 7, 5)
    assert staff.contradictions([row], PLACES, scope=Scope("province", "91")) == []


@given(st.lists(st.sampled_from(sorted(PLACES)), max_size=20), st.sampled_from(["34", "73", "91"]))
def test_a_province_sees_its_own_rows_only(codes: list[str], province: str) -> None:
    scope = Scope("province", province)
    needs = [need(5, 1, code) for code in codes]
    assert sum(line.gap.of for line in staff.needs(needs, PLACES, NOW, "hospital", scope=scope)) == len(
        inside(needs, scope)
    )
    daily = [sick(0, code, perawat=1) for code in codes]
    assert staff.infected(daily, PLACES, TODAY, "terinfeksi", NOW, scope=scope).included == inside(daily, scope)
    reports = [pcr(code, sudah_periksa_perawat=2, hasil_pcr_perawat=1) for code in codes]
    assert {one.kode_rs for one in staff.last_tests(reports, PLACES, NOW, scope=scope)} == {
        row["kode_rs"] for row in inside(reports, scope)
    }
