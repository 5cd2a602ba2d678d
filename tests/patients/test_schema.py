"""Every field of every body against the texts of the contract (0.3): over HTTP one by one, and in all mixtures."""

import copy
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.reports import KEMATIAN, PARTS, PASIEN_COVID, joi
from rsonline.reports.fields import At, Fault
from rsonline.reports.kinds.kematian import FIXED_AFTERWARDS
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, StatusKeluar, years
from rsonline.reports.report import Record, Report
from rsonline.reports.verdict import Refused
from rsonline.service.patient_answers import SCHEMA
from tests.hospital import Hospital
from tests.patients import schemas
from tests.patients.api import REPORT, client_of, report
from tests.patients.schemas import Field, first_problem, good

MISSING = object()
WRONG: tuple[object, ...] = (
    *(MISSING, None, "", " ", "x", "0x1F", "1,5", "1e2", " 29 ", "029", "2.5", "-1", 0, 29, 2.5, -1, True, False),
    *([], {}, [1], {"id": 1}, 2**53, "9007199254740992", 1e300, "1e999", "٣", "1_0", "nan", "Infinity"),
)
AT = At("9100001", ZoneInfo("Asia/Jakarta"), datetime(2026, 11, 23, tzinfo=UTC))


def ending(part: Report[Any]) -> str:
    """What the address of a part adds to that of the report."""
    return part.path.removeprefix(PASIEN_COVID.path)


without_parent = {name: fields[1:] for name, fields in schemas.PARTS.items()}
Case = tuple[str, str, tuple[Field, ...], dict[str, Any], type[Record], tuple[str, ...]]
CASES: list[Case] = [
    ("POST", REPORT, schemas.REPORT, report(), PASIEN_COVID.record, ()),
    ("PATCH", f"{REPORT}/1", schemas.REPORT, report(), PASIEN_COVID.record, ()),
    *[("POST", f"/api{part.path}", schemas.PARTS[ending(part)], {}, part.record, ()) for part in PARTS],
    *[
        ("PATCH", f"/api{part.path}/1", without_parent[ending(part)], {}, part.record, (PASIEN_NUMBER,))
        for part in PARTS
    ],
    ("POST", f"{REPORT}statuskeluar", schemas.PARTS["statuskeluar"], {}, StatusKeluar, ()),
    ("POST", "/api/kematian", schemas.KEMATIAN, {}, KEMATIAN.record, ()),
    ("PATCH", "/api/kematian/1", schemas.KEMATIAN_PATCH, {}, KEMATIAN.record, FIXED_AFTERWARDS),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")


def body_of(case: Case) -> dict[str, Any]:
    """A body that the schema takes."""
    fields = case[2]
    made = copy.deepcopy(case[3]) or good(fields)
    return made | ({PASIEN_NUMBER: 1} if any(f.name == PASIEN_NUMBER for f in fields) else {})


def paths(fields: tuple[Field, ...]) -> list[tuple[str, ...]]:
    """Where a field of a body stands, those inside an object too."""
    return [(f.name,) for f in fields] + [(f.name, g.name) for f in fields for g in f.inside]


def put(body: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Set or take away one field, in place; inside an object only where there still is one."""
    inside: object = body
    for name in path[:-1]:
        inside = inside.get(name) if isinstance(inside, dict) else None
    if not isinstance(inside, dict):
        return
    if value is MISSING:
        inside.pop(path[-1], None)
    else:
        inside[path[-1]] = value


def told(case: Case, body: object) -> str | None:
    """What our reader says."""
    try:
        joi.read(case[4], body, AT, leave_out=case[5])
    except Refused as refused:
        (problem,) = refused.problems
        return SCHEMA[problem.code].format(member=problem.member)
    return None


@pytest.mark.asyncio(loop_scope="session")
@every_case
async def test_every_field_is_told_as_the_contract_says(case: Case, hospital: Hospital) -> None:
    client = await client_of(hospital)
    method, path, fields, *_ = case
    refused = 0
    for where in [*paths(fields), ("foo",), *[(f.name, "foo") for f in fields if f.inside]]:
        for value in (MISSING, None, "", 29, "29", True, [], {}, 2**53):
            body = body_of(case)
            put(body, where, value)
            expected = first_problem(body, fields)
            if expected is None:
                continue
            answer = await client.send(method, path, body)
            assert (answer.status_code, answer.json()) == (404, {"status": False, "message": expected}), (where, value)
            refused += 1
    assert refused > 3 * len(fields)


@every_case
@settings(max_examples=150)
@given(data=st.data())
def test_any_mixture_is_told_its_first_problem(case: Case, data: st.DataObject) -> None:
    body = body_of(case)
    places = [*paths(case[2]), ("foo",), ("Nik",), *[(f.name, "foo") for f in case[2] if f.inside]]
    for _ in range(data.draw(st.integers(0, 4))):
        put(body, data.draw(st.sampled_from(places)), data.draw(st.sampled_from(WRONG)))
    shuffled = dict(data.draw(st.permutations(list(body.items()))))
    assert told(case, shuffled) == first_problem(shuffled, case[2])


@every_case
@given(value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()))
def test_a_body_that_is_no_object_is_told_so(case: Case, value: object) -> None:
    assert told(case, value) == '"value" must be of type object'


@given(st.text(alphabet="0123456789.eE+- x", max_size=12) | st.floats(allow_nan=False).map(repr))
def test_a_number_is_read_from_text_or_refused_and_never_changed(text: str) -> None:
    kind = joi.JoiNumber()
    try:
        value = kind.read(text, AT, [], "x")
    except Fault as fault:
        assert fault.code in ("must_be_number", "must_be_safe")  # noqa: PT017
        return
    assert value is not None
    assert float(text) == value


def test_ages_change_on_the_birthday() -> None:
    assert years(date(2000, 2, 29), date(2026, 2, 28)) == 25
    assert years(date(2000, 2, 29), date(2026, 3, 1)) == 26
    assert years(date(2026, 1, 1), date(2026, 1, 1)) == 0
