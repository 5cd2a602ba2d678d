"""Values to hold against a description: what it allows, what is almost that, and anything else."""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from rsonline.reports.fields import At, Count, CubicMetres, Day, Fault, Kind, OneOf, Owner, ServiceNumber, Text
from rsonline.reports.references import Reference

# What the parser of bodies lets through as a number (SR-22).
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_REAL = st.floats(allow_nan=False, allow_infinity=False)
_NEAR = st.text("0123456789-:+., TZabc\t\n\u200b\x00é", max_size=24)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | _WHOLE | _REAL | _NEAR | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=2),
    max_leaves=3,
)


def described(schema: Mapping[str, Any], references: Mapping[str, Reference]) -> st.SearchStrategy[Any]:
    """Values that the schema allows, strings of which one character is changed, and anything."""
    allowed = st.one_of([_allowed(each) for each in schema["anyOf"]])
    changed = st.builds(_change, allowed, st.integers(0, 30), st.sampled_from("0159 -+.,:TZx\n\u200b"))
    return allowed | changed | _ANYTHING


def _allowed(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema.get("maximum", 2**63 - 1))
        case "number":
            most = schema.get("maximum", schema.get("exclusiveMaximum"))
            real = st.floats(schema["minimum"], most, exclude_max="maximum" not in schema)
            return real | st.integers(math.ceil(schema["minimum"]), int(most) - 1)
        case "string" if "pattern" in schema:
            # Python's `$` also stands before a last line break; the one of JSON Schema does not.
            least, most = schema.get("minLength", 0), schema.get("maxLength", 80)
            found = st.from_regex(schema["pattern"].removesuffix("$") + r"\Z")
            return found.filter(lambda text: least <= len(text) <= most)
        case "string":
            return st.text(max_size=schema["maxLength"])
        case _:
            return _ANYTHING


def _change(value: Any, place: int, character: str) -> Any:
    if not isinstance(value, str):
        return value
    return value[:place] + character + value[place + place % 2 :]


def tolerated(kind: Kind, value: object, at: At) -> bool:
    """What the reader takes and the description leaves out, or the other way round. There is nothing else.

    Each is harmless, and saying it in a schema would help nobody to read it.
    """
    match kind, value:
        case Text(), float():
            # A decimal number as a text, as long as its digits fit.
            return True
        case Text(), str():
            # Length is measured after normalisation.
            return len(unicodedata.normalize("NFC", value)) != len(value)
        case OneOf(of), str() | int() | float() if not isinstance(value, bool):
            # Padded codes, another letter case, blanks around, spellings that real clients use.
            text = str(value).strip(" \t\r\n")
            return at.references[of].tidied(text) is not None or (isinstance(value, str) and value != text)
        case Day(ahead), str() if ahead is not None:
            # How far ahead a day may lie depends on today.
            try:
                kind.read(value, at, [], "")
            except Fault as fault:
                return fault.code == "date_too_far_ahead"
            return False
        case Count() | CubicMetres(), str():
            # Long paddings.
            return len(value) > 38
        case ServiceNumber(), str():
            # Blanks around, as with all numbers.
            return value != value.strip(" \t\r\n")
        case Owner(), _:
            # The description cannot know who calls.
            return True
    return False
