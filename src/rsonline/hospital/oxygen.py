"""Oxygen in the unit of the guide: m³ of gas (III.G). A help for whoever fills in a report; nothing converts by itself.

The guide gives a table (`M3_PER_UNIT`), and hospitals apply it; it does not agree with itself by up to 12 %
(wire 16.7). For whoever wants to see how far it is off, `compared` puts physics beside it: liquid oxygen at its boiling
point weighs 1.141 kg/L; a kilogram is 0.700 m³ of gas at 0 °C and 0.764 m³ at 25 °C, both at 101,325 Pa (ideal gas,
M = 31.998 g/mol, R = 8.314462618 J/(mol·K), CODATA 2018).
"""

from typing import Final, NamedTuple

from rsonline.reports.kinds.oksigen import M3_PER_UNIT, to_cubic_metres

LIQUID_KG_PER_LITRE: Final = 1.141
KG_PER_UNIT: Final = {
    "liter": LIQUID_KG_PER_LITRE,
    "kg": 1.0,
    "ton": 1000.0,
    "galon": LIQUID_KG_PER_LITRE * 3.785411784,
}
"""A gallon is that of the United States; a litre and a gallon are of liquid."""
_R, _MOLAR, _PASCAL = 8.314462618, 0.031998, 101_325.0


class Compared(NamedTuple):
    """m³ of gas: by the guide's table, and by physics at 0 °C and at 25 °C."""

    guide: float
    at_0: float
    at_25: float


def compared(amount: float, unit: str) -> Compared:
    """An amount of liquid by the guide and by physics; units are the keys of `KG_PER_UNIT`.

    Raises KeyError for another unit and ValueError for a negative amount.
    """
    by_guide = to_cubic_metres(amount, unit)
    kilograms = amount * KG_PER_UNIT[unit.casefold()]
    return Compared(by_guide, *(kilograms / _MOLAR * _R * kelvin / _PASCAL for kelvin in (273.15, 298.15)))


def of_cylinders(pieces: int, litres: float, bar: float) -> float:
    """m³ of gas in cylinders of so many litres of water at so many bar above the air's: what `p_tabung_…` asks for.

    By Boyle's law at 1.01325 bar; a cylinder of 40 L at 150 bar holds 5.9 m³, which is sold as 6 m³. The members are
    volumes, not pieces. Raises ValueError for a negative number.
    """
    if pieces < 0 or litres < 0 or bar < 0:
        raise ValueError("an amount is 0 or more")
    return pieces * litres * bar / 1.01325 / 1000


__all__ = [
    "KG_PER_UNIT",
    "LIQUID_KG_PER_LITRE",
    "M3_PER_UNIT",
    "Compared",
    "compared",
    "of_cylinders",
    "to_cubic_metres",
]
