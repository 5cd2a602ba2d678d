"""What X-Timestamp may look like, and what is thought of it."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.service.clock import Claimed, ClockClass, instant, judge

NOW = datetime(2024, 4, 1, 12, 0, 0, tzinfo=UTC).timestamp()

ACCEPTED: list[tuple[str, float]] = [
    ("1711972800", 1_711_972_800.0),
    ("1711990923", 1_711_990_923.0),
    ("0000000000", 0.0),
    ("01711972800", NOW),
    ("99999999999", 99_999_999_999.0),
    (" 1711972800", NOW),
    ("1711972800 ", NOW),
    ("\t1711972800\t ", NOW),
    (" " * 60 + "1711972800" + " " * 60, NOW),
    ("1711990923.12345", 1_711_990_923.12345),
    ("1711990923,12345", 1_711_990_923.12345),
    ("1711972800.0", NOW),
    ("1711972800,5", NOW + 0.5),
    ("1711972800.123456789", NOW + 0.123456789),
    ("1711972800.0000000000000000000000000000", NOW),
    ("1711972800000", NOW),
    ("1711972800123", NOW + 0.123),
    (" 1711972800123 ", NOW + 0.123),
    ("2024-04-01T12:00:00Z", NOW),
    ("2024-04-01 12:00:00Z", NOW),
    ("2024-04-01T12:00:00.5Z", NOW + 0.5),
    ("2024-04-01T12:00:00,250Z", NOW + 0.25),
    ("2024-04-01T12:00:00.123456789012Z", NOW + 0.123456789012),
    ("2024-04-01T19:00:00+07:00", NOW),
    ("2024-04-01T19:00:00+0700", NOW),
    ("2024-04-01 20:00:00+08:00", NOW),
    ("2024-04-01T21:00:00+0900", NOW),
    ("2024-04-01T21:00:00.000+09:00", NOW),
    ("2024-04-01T05:00:00-07:00", NOW),
    ("2024-04-01T12:00:00+00:00", NOW),
    ("2024-04-01T12:00:00-00:00", NOW),
    ("2024-04-01T17:30:00+05:30", NOW),
    ("2024-04-02T02:00:00+14:00", NOW),
    ("2024-02-29T00:00:00Z", 1_709_164_800.0),
    ("1970-01-01T00:00:00Z", 0.0),
]

REFUSED: list[str] = [
    "",
    " ",
    "\t",
    "0",
    "123456789",
    "171197280012",
    "17119728001234",
    "-1711972800",
    "+1711972800",
    "1711972800.",
    ".1711972800",
    "1711972800.1.2",
    "1711972800;5",
    "1711972800123.5",
    "1,711,972,800",
    "1711 972 800",
    "1.7119728e9",
    "0x660a9d00",
    "1711972800s",
    "1711972800\n",
    "\u00a01711972800",
    "١٧١١٩٧٢٨٠٠",
    "\uff11\uff17\uff11\uff11\uff19\uff17\uff12\uff18\uff10\uff10",
    "nan",
    "inf",
    "now",
    "null",
    "{timestamp}",
    "2024-04-01",
    "2024-04-01T12:00:00",
    "2024-04-01T12:00Z",
    "2024-04-01T12:00:00z",
    "2024-04-01t12:00:00Z",
    "2024-04-01  12:00:00Z",
    "2024-04-01T12:00:00 +07:00",
    "2024-04-01T12:00:00+7",
    "2024-04-01T12:00:00+07",
    "2024-04-01T12:00:00+15:00",
    "2024-04-01T12:00:00+07:60",
    "2024-04-01T12:00:00.Z",
    "2024-02-30T12:00:00Z",
    "2023-02-29T12:00:00Z",
    "2024-13-01T12:00:00Z",
    "2024-04-01T24:00:00Z",
    "2024-04-01T12:60:00Z",
    "2024-04-01T12:00:60Z",
    "0000-01-01T00:00:00Z",
    "24-04-01T12:00:00Z",
    "01/04/2024 12:00:00",
    "Mon, 01 Apr 2024 12:00:00 GMT",
    "1711972800.00000000000000000000000000000",
    "1711972800.000000000000000000000000000000",
]


@pytest.mark.parametrize(("text", "seconds"), ACCEPTED)
def test_a_known_form_is_read(text: str, seconds: float) -> None:
    assert instant(text) == pytest.approx(seconds, abs=1e-6, rel=0)


@pytest.mark.parametrize("text", REFUSED)
def test_any_other_form_is_unreadable(text: str) -> None:
    assert instant(text) is None


def test_both_tables_are_as_long_as_was_asked_for() -> None:
    assert len({text for text, _ in ACCEPTED}) >= 30
    assert len(set(REFUSED)) >= 30


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_iso_with_any_zone_names_the_same_instant_as_its_seconds(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert instant(zoned.isoformat()) == pytest.approx(zoned.timestamp(), abs=1e-5, rel=0)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_fails(text: str) -> None:
    found = judge(text, NOW)
    assert len(found.text) <= 40
    assert (found.instant is None) == (found.skew is None)
    assert (found.instant is None) == (found.clock in (ClockClass.ABSENT, ClockClass.UNREADABLE))


@pytest.mark.parametrize(
    "text",
    [
        "1" * 10_240,
        " " * 10_240,
        "\t" * 10_240 + "x",
        "1711972800." + "0" * 10_240,
        "2024-04-01T12:00:00." + "9" * 10_240 + "Z",
        ("2024-04-01 " * 1_000)[:10_240],
        "1,1." * 2_560,
        "x" + " " * 10_239,
    ],
)
def test_ten_kilobytes_of_spite_cost_no_time(text: str) -> None:
    fastest = min(_seconds(text) for _ in range(5))
    assert fastest < 0.01
    assert instant(text) is None


def _seconds(text: str) -> float:
    began = time.perf_counter()
    judge(text, NOW)
    return time.perf_counter() - began


Mode = Literal["lenient", "strict", "off"]
MINUTES = 60
HOUR = 3_600


def expected(skew: int) -> ClockClass:
    """The class of a skew of whole seconds, by listing and not by calculating."""
    if skew in range(-300, 301):
        return ClockClass.EXACT
    for first, last in ((24_900, 25_500), (28_500, 29_100), (32_100, 32_700)):
        if skew in range(first, last + 1):
            return ClockClass.WHOLE_HOUR
    return ClockClass.OFF


EDGES = [0, 300, 301, 24_899, 24_900, 25_200, 25_500, 25_501, 28_499, 28_500, 28_800, 29_100, 29_101]
EDGES += [32_099, 32_100, 32_400, 32_700, 32_701, 86_399, 86_400, 86_401]
SKEWS = sorted({s for e in EDGES for s in (e, -e)} | set(range(-100_000, 100_001, 1_199)))


def test_the_decision_table_has_two_hundred_skews() -> None:
    assert len(SKEWS) >= 200
    assert {expected(s) for s in SKEWS} == {ClockClass.EXACT, ClockClass.WHOLE_HOUR, ClockClass.OFF}


@pytest.mark.parametrize("skew", SKEWS)
def test_a_skew_is_classified_alike_and_refused_by_mode(skew: int) -> None:
    text = str(int(NOW) + skew)
    for mode, refused in (
        ("lenient", skew not in range(-86_400, 86_401)),
        ("strict", skew not in range(-300, 301)),
        ("off", False),
    ):
        assert judge(text, NOW, mode=mode) == Claimed(text, NOW + skew, expected(skew), float(skew), refused)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, "", " \t "])
@pytest.mark.parametrize(
    ("mode", "allowed", "refused"),
    [
        ("lenient", False, True),
        ("lenient", True, False),
        ("strict", False, True),
        ("strict", True, True),
        ("off", False, True),
        ("off", True, False),
    ],
)
def test_an_absent_time_passes_only_where_the_operator_allows_it(
    text: str | None, mode: Mode, allowed: bool, refused: bool
) -> None:
    found = judge(text, NOW, mode=mode, absent_allowed=allowed)
    assert found == Claimed("", None, ClockClass.ABSENT, None, refused)


@pytest.mark.parametrize(
    ("mode", "allowed", "refused"),
    [
        ("lenient", False, True),
        ("lenient", True, False),
        ("strict", False, True),
        ("strict", True, True),
        ("off", False, False),
        ("off", True, False),
    ],
)
def test_an_unreadable_time_passes_where_allowed_or_where_values_are_not_checked(
    mode: Mode, allowed: bool, refused: bool
) -> None:
    found = judge("yesterday", NOW, mode=mode, absent_allowed=allowed)
    assert found == Claimed("yesterday", None, ClockClass.UNREADABLE, None, refused)


def test_a_narrow_window_refuses_also_a_whole_hour() -> None:
    text = str(int(NOW) + 7 * HOUR)
    assert not judge(text, NOW).refused
    found = judge(text, NOW, window=10.0 * MINUTES)
    assert (found.clock, found.refused) == (ClockClass.WHOLE_HOUR, True)


def test_the_text_is_kept_as_received_but_for_its_length() -> None:
    assert judge(" 1711972800 ", NOW).text == " 1711972800 "
    assert judge("9" * 500, NOW).text == "9" * 40
