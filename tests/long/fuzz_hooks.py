"""Loaded by Schemathesis: which of its findings is none, because the description leaves a value out on purpose."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import schemathesis

from rsonline.reports import REPORTS
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.reports.report import members
from tests.service.values import tolerated

REFERENCES = shipped()
KINDS = {report.path: {m.name: m.kind for m in members(report.record)} for report in REPORTS}


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep a finding, unless it is a body that was taken although it violates the description only in tolerated values.

    The tolerances are those of the property tests, value by value: `tests.service.values.tolerated`; and, in members
    that nobody keeps, numbers beyond 64 bits that are written with an exponent.
    """
    if type(failure).__name__ != "AcceptedNegativeData" or not isinstance(case.body, dict):
        return True
    at = At("", ZoneInfo("Asia/Jakarta"), datetime.now(UTC), REFERENCES)
    kinds = KINDS[case.operation.path]
    odd = {
        name: value
        for name, value in case.body.items()
        if name in kinds and not jsonschema_rs.is_valid(kinds[name].schema(REFERENCES), value, validate_formats=True)
    }
    huge = any(_huge(value) for name, value in case.body.items() if name not in kinds)
    return not (odd or huge) or not all(tolerated(kinds[name], value, at) for name, value in odd.items())


def _huge(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_huge(each) for each in value.values())
    if isinstance(value, list):
        return any(_huge(each) for each in value)
    return isinstance(value, float) and abs(value) >= 2**63
