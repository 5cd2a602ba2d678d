"""Bytes of a body: what is sound is read as it is, what is mended is named, what would need a guess is refused."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.reports.lenient import DEPTH, ELEMENTS, LENGTH, MEMBERS, Malformed, Parsed, parse
from tests.hostile_bodies import HOSTILE

texts = st.text(
    st.characters(
        blacklist_categories=["Cs"], blacklist_characters=[chr(c) for c in range(32) if chr(c) not in "\t\n\r"]
    ),
    max_size=20,
)
# Typographic quotes inside a text would end it where it is delimited by them.
plain = st.text(st.characters(min_codepoint=32, max_codepoint=126, blacklist_characters='"\\'), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
objects = st.dictionaries(texts, values, max_size=8)
flat = st.dictionaries(plain.filter(bool), plain | st.integers(0, 10**6), min_size=1, max_size=6)


def codes(raw: bytes) -> list[str]:
    """The repairs of a body that can be read."""
    return [repair.code for repair in parse(raw).repairs]


def outcome(raw: bytes) -> Parsed | Malformed:
    """What becomes of a body; any other exception is a failure of the test."""
    try:
        return parse(raw)
    except Malformed as malformed:
        return malformed


def fault(raw: bytes) -> Malformed:
    """The fault of a body that cannot be read."""
    with pytest.raises(Malformed) as caught:
        parse(raw)
    return caught.value


@given(objects, st.sampled_from([None, 2, "\t"]), st.booleans(), st.sampled_from([(",", ":"), (" , ", " : ")]))
@settings(max_examples=300, deadline=None)
def test_sound_json_is_read_as_it_is(
    value: dict[str, Any], indent: Any, ascii_only: bool, separators: tuple[str, str]
) -> None:
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators).encode()
    parsed = parse(raw)
    assert parsed.members == value
    assert parsed.repairs == ()


@given(flat)
@settings(max_examples=200, deadline=None)
def test_what_is_mended_reads_the_same_and_is_named(value: dict[str, Any]) -> None:
    sound = json.dumps(value, indent=1)
    for code, broken in (
        ("byte_order_mark", "\ufeff" + sound),
        ("trailing_comma", sound[:-2] + ",\n}"),
        ("typographic_quotes", _typographic(sound)),
    ):
        assert parse(broken.encode()).members == value
        assert codes(broken.encode()) == [code]
    if len(value) > 1:
        without = sound.replace('",\n', '"\n', 1) if '",\n' in sound else sound.replace(",\n", "\n", 1)
        assert parse(without.encode()).members == value
        assert codes(without.encode()) == ["missing_comma"]


def _typographic(sound: str) -> str:
    opened, out = False, []
    for character in sound:
        if character == '"':
            opened = not opened
            character = "“" if opened else "”"
        out.append(character)
    return "".join(out)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    found = outcome(raw)
    if isinstance(found, Malformed):
        assert found.line >= 1
        assert found.column >= 1
    else:
        assert isinstance(found.members, dict)


@given(
    st.lists(
        st.sampled_from(['"', "“", "”", "{", "}", "[", "]", ",", ":", "\n", " ", "a", "1", "-", "\\", "null"]),
        max_size=40,
    )
)
@settings(max_examples=500, deadline=None)
def test_any_heap_of_punctuation_is_read_or_refused(parts: list[str]) -> None:
    raw = ("{" + "".join(parts)).encode()
    found = outcome(raw)
    assert isinstance(found, Parsed) or found.code


def test_a_quote_that_is_not_closed_is_named_with_its_member_and_place() -> None:
    raw = b'{\n  "id_tt" : "3",\n  "ruang" : "Irina A atas (Bedah),\n  "jumlah_ruang" : "3"\n}'
    found = fault(raw)
    assert (found.code, found.line, found.column, found.member) == ("unclosed_string", 3, 13, "ruang")
    assert "Irina" not in str(found) + found.found + "".join(found.expected)


def test_duplicates_that_agree_are_one_and_those_that_differ_are_refused_with_both_places() -> None:
    assert parse(b'{"a":"0","a":"0","b":1}').members == {"a": "0", "b": 1}
    assert codes(b'{"a":"0","a":0}') == ["duplicate_member"]
    found = fault(b'{"a":"3",\n"b":1,\n"a":"5"}')
    assert (found.code, found.member, (found.line, found.column), found.also) == (
        "conflicting_duplicate",
        "a",
        (3, 1),
        (1, 2),
    )


def test_form_fields_are_read_where_no_json_is() -> None:
    parsed = parse(b"id_tt=3&ruang=Mawar+A%20B&kosong=")
    assert parsed.members == {"id_tt": "3", "ruang": "Mawar A B", "kosong": ""}
    assert [r.code for r in parsed.repairs] == ["form_fields"]


@pytest.mark.parametrize("raw", [b"", b"  \r\n", b"[]", b"null", b"\xef\xbb\xbf"])
def test_nothing_is_no_filter_where_that_is_allowed(raw: bytes) -> None:
    assert parse(raw, empty_ok=True).members == {}
    with pytest.raises(Malformed):
        parse(raw)


LIMITS = [
    ("too_deep", lambda n: b'{"a":' * n + b"1" + b"}" * n, DEPTH),
    ("too_many_members", lambda n: json.dumps({f"m{i}": i for i in range(n)}).encode(), MEMBERS),
    ("too_many_elements", lambda n: json.dumps({"a": list(range(n))}).encode(), ELEMENTS),
    ("string_too_long", lambda n: json.dumps({"a": "x" * n}).encode(), LENGTH),
    ("string_too_long", lambda n: json.dumps({"x" * n: 1}).encode(), LENGTH),
]


@pytest.mark.parametrize(("code", "make", "limit"), LIMITS, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(LIMITS)])
def test_the_limit_is_read_and_one_more_is_refused(code: str, make: Any, limit: int) -> None:
    parse(make(limit))
    assert fault(make(limit + 1)).code == code


REFUSED = [
    (b"{'a':1}", "not_json"),
    (b"{a:1}", "not_json"),
    (b'{"a":03}', "not_json"),
    (b'{"a":1 "b":2}', "not_json"),
    (b'{"a":1}{"b":2}', "trailing_data"),
    (b'{"a":1} // x', "trailing_data"),
    (b'{"a":NaN}', "not_finite"),
    (b'{"a":-Infinity}', "not_finite"),
    (b'{"a":1e999}', "number_out_of_range"),
    (b'{"a":9223372036854775808}', "number_out_of_range"),
    (b'{"a":"\\u0000"}', "control_character"),
    (b'{"a":"\x07"}', "control_character"),
    (b'{"a":"\\ud800"}', "lone_surrogate"),
    (b'{"a":"\\udc00\\ud800"}', "lone_surrogate"),
    (b'{"a":"\xff"}', "not_utf8"),
    (b'{"a":"x', "unclosed_string"),
    (b'"a"', "not_an_object"),
    (b'[{"a":1}]', "not_an_object"),
    (b"\x1f\x8b\x08", "not_utf8"),
]


@pytest.mark.parametrize(("raw", "code"), REFUSED, ids=[repr(r[:24]) for r, _ in REFUSED])
def test_what_would_need_a_guess_is_refused_with_its_code(raw: bytes, code: str) -> None:
    assert fault(raw).code == code


@pytest.mark.parametrize(("name", "raw"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_no_hostile_body_costs_more_than_its_length(name: str, raw: bytes) -> None:
    begun = time.perf_counter()
    outcome(raw)
    # The largest are 256 KiB: a quadratic reader would need minutes. No more is said of the time.
    assert time.perf_counter() - begun < 20


def test_whole_surrogate_pairs_are_one_character() -> None:
    assert parse(b'{"a":"\\ud83c\\udfe5",}').members == {"a": "🏥"}
