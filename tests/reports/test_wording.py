"""Every code that is raised has words, and the words are ones that clients bear."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rsonline
from rsonline.reports.lenient import Malformed, Repair, parse
from rsonline.reports.references import shipped
from rsonline.reports.verdict import Problem, ReportWarning, Words
from rsonline.reports.wording import (
    PROBLEMS,
    REPAIRS,
    WARNINGS,
    malformed_text,
    problem_text,
    repair_text,
    warning_text,
)

SOURCE = Path(rsonline.__file__).parent
TABLES = {"Fault": PROBLEMS, "Problem": PROBLEMS, "ReportWarning": WARNINGS, "Repair": REPAIRS, "mend": REPAIRS}
GIVEN = {"Fault": {"member"}, "Problem": {"member"}, "ReportWarning": {"member"}, "Repair": {"where"}}


class Raised(NamedTuple):
    """One place in the source that says a code; `details` is None where it is not written out there."""

    place: str
    what: str
    code: str
    details: frozenset[str] | None


def constants(node: ast.expr | None) -> Iterator[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(str() as text):
            yield text
        case ast.IfExp(_, body, orelse):
            yield from constants(body)
            yield from constants(orelse)


def details_of(what: str, call: ast.Call) -> frozenset[str] | None:
    """The names that the words may use beside those that are always there."""
    named = {k.arg: k.value for k in call.keywords if k.arg}
    if what == "Fault":
        return frozenset(named)
    match named.get("detail"):
        case None:
            return frozenset()
        case ast.Dict(keys):
            return frozenset(k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str))
    return None


def raised() -> Iterator[Raised]:
    """Every code that is written out in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":
                # A code chosen first and raised in the next line.
                for text in constants(node.value):
                    yield Raised(f"{path.relative_to(SOURCE)}:{node.lineno}", "Problem", text, frozenset())
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            what = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if what not in TABLES:
                continue
            code = next((k.value for k in node.keywords if k.arg == "code"), None) or next(iter(node.args), None)
            for text in constants(code):
                yield Raised(f"{path.relative_to(SOURCE)}:{node.lineno}", what, text, details_of(what, node))


RAISED = list(raised())
LISTED = {
    reference.repair_of(spelled)
    for reference in shipped().values()
    for entry in reference.entries.values()
    for spelled in (f"0{entry.id}", entry.id.swapcase(), *entry.more.get("alias", "").split("|"))
    if spelled
}


def test_the_codes_are_found_in_the_source() -> None:
    found = {(r.what, r.code) for r in RAISED}
    assert {("Fault", "decimal_comma"), ("Problem", "required"), ("ReportWarning", "totals_differ")} <= found
    assert {("Repair", "alias"), ("mend", "trailing_comma")} <= found


@pytest.mark.parametrize("said", RAISED, ids=lambda r: f"{r.place}-{r.code}")
def test_every_code_that_is_raised_has_words_that_its_details_fill(said: Raised) -> None:
    words = TABLES[said.what][said.code]
    if said.details is not None:
        for text in words:
            used = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert used <= GIVEN.get(said.what, {"where"}) | said.details


def test_every_repair_of_a_listed_spelling_has_words() -> None:
    assert set(REPAIRS) >= LISTED


def test_no_words_are_kept_for_a_code_that_nothing_raises() -> None:
    for table in (PROBLEMS, WARNINGS, REPAIRS):
        assert set(table) - {r.code for r in RAISED if TABLES[r.what] is table} - LISTED == set()


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_refusal_holds_a_word_that_clients_look_for(code: str) -> None:
    assert re.search("gagal|tidak ditemukan", PROBLEMS[code].id)


@pytest.mark.parametrize("words", [*PROBLEMS.values(), *WARNINGS.values(), *REPAIRS.values()], ids=lambda w: w.en[:30])
def test_no_words_name_a_method_in_capitals_or_lack_a_language(words: Words) -> None:
    for text in words:
        assert text.strip() == text != ""
        assert not re.search("POST|PUT", text)
    assert words.id != words.en


def test_words_name_the_member_and_the_details() -> None:
    too_large = problem_text(Problem(member="jumlah", code="too_large", detail={"most": 9}), None)
    assert too_large == Words("jumlah gagal: paling besar 9", "jumlah must be at most 9")
    odd = ReportWarning(member="terpakai", code="terpakai_more_than_jumlah", detail={"terpakai": 9, "jumlah": 7})
    assert "9" in warning_text(odd, None).id
    assert "7" in warning_text(odd, None).id
    assert "line 3, column 7" in repair_text(Repair("missing_comma", "line 3, column 7")).en


def test_a_body_that_cannot_be_read_is_told_by_line_column_and_member() -> None:
    with pytest.raises(Malformed) as caught:
        parse(b'{\n  "id_tt" : "3",\n  "ruang" : "Irina A atas (Bedah),\n  "jumlah_ruang" : "3"\n}')
    words = malformed_text(caught.value)
    assert "gagal" in words.id
    assert "baris 3, kolom 13, anggota ruang" in words.id
    assert "line 3, column 13, member ruang" in words.en
    assert "Irina" not in words.id + words.en


def test_a_conflicting_duplicate_is_told_with_both_places() -> None:
    with pytest.raises(Malformed) as caught:
        parse(b'{"jumlah": 3,\n"jumlah": 5}')
    words = malformed_text(caught.value)
    assert "line 2" in words.en
    assert "line 1" in words.en


@given(raw=st.binary(max_size=40) | st.text(' {}[]",:a1\\\n', max_size=40).map(str.encode))
def test_whatever_cannot_be_read_can_be_told(raw: bytes) -> None:
    told = None
    try:
        parse(raw)
    except Malformed as fault:
        told = (f"line {fault.line}, column {fault.column}", malformed_text(fault))
    if told is not None:
        place, words = told
        assert "gagal" in words.id
        assert place in words.en
