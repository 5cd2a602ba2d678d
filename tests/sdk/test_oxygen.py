"""Oxygen: the guide's table as it stands, and how far physics is from it."""

import pytest

from rsonline.hospital.oxygen import KG_PER_UNIT, M3_PER_UNIT, compared, of_cylinders, to_cubic_metres


def test_the_guides_table_is_the_guides() -> None:
    assert M3_PER_UNIT == {"m3": 1.0, "liter": 0.897, "kg": 0.78, "ton": 788.86, "galon": 3.04}
    assert to_cubic_metres(2, "Liter") == pytest.approx(1.794)


@pytest.mark.parametrize(("unit", "at_0"), [("kg", 0.700), ("liter", 0.799), ("galon", 3.025), ("ton", 700.5)])
def test_physics_at_the_freezing_point(unit: str, at_0: float) -> None:
    assert compared(1, unit).at_0 == pytest.approx(at_0, rel=2e-3)
    assert compared(1, unit).at_25 == pytest.approx(at_0 * 298.15 / 273.15, rel=2e-3)


def test_the_table_is_off_by_no_more_than_is_said() -> None:
    for unit in KG_PER_UNIT:
        told = compared(1, unit)
        assert told.at_0 < told.guide * 1.001
        assert told.guide / told.at_0 < 1.13


def test_cylinders_are_volumes_and_not_pieces() -> None:
    assert of_cylinders(1, 40, 150) == pytest.approx(5.92, abs=0.01)
    assert of_cylinders(0, 40, 150) == 0


@pytest.mark.parametrize("amounts", [(-1, 1, 1), (1, -1, 1), (1, 1, -1)])
def test_less_than_nothing_is_refused(amounts: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        of_cylinders(*amounts)
    with pytest.raises(ValueError, match="0 or more"):
        compared(-1, "kg")
    with pytest.raises(KeyError):
        to_cubic_metres(1, "botol")
