"""What the numbers mean: indicators with formula, version, inclusions and exclusions. Pure functions over rows."""

from collections.abc import Mapping

from rsonline.insight import beds, covid, discipline, honest, oxygen, screening, staff, staleness, waiting
from rsonline.insight.indicator import Indicator

INDICATORS: Mapping[str, tuple[Indicator, ...]] = {
    "beds": beds.INDICATORS,
    "covid": covid.INDICATORS,
    "discipline": discipline.INDICATORS,
    "honest": honest.INDICATORS,
    "oxygen": oxygen.INDICATORS,
    "screening": screening.INDICATORS,
    "staff": staff.INDICATORS,
    "staleness": staleness.INDICATORS,
    "waiting": waiting.INDICATORS,
}
"""Every indicator of the product, by the module that makes its tiles."""
