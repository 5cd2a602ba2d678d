"""The bytes of a request body → one JSON object: mending what needs no guessing, strict about the rest.

Well-formed JSON takes the quick way through the standard library. What is not, or looks odd there, is read again by
a scanner that knows line and column, mends what the guide's samples and real clients are known to break (wire 1.6)
and names each thing that it mended.
"""

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import msgspec

DEPTH = 16
MEMBERS = 500
ELEMENTS = 1000
LENGTH = 4096

_TYPOGRAPHIC = "“”„‟″"
_QUOTES = '"' + _TYPOGRAPHIC
_BLANK = re.compile(r"[ \t\r\n]*")
_LINE_BLANK = re.compile(r"[ \t\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"-?[A-Za-z]+")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_.+%-]{0,63}=")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class Repair(msgspec.Struct, frozen=True):
    """One thing that was mended; `where` is a member or a place, never a value."""

    code: str
    where: str


class Malformed(Exception):
    """A body that cannot be read safely. Line and column count characters from 1; no text of it holds a value."""

    def __init__(
        self,
        code: str,
        line: int,
        column: int,
        expected: tuple[str, str],
        found: str,
        member: str | None = None,
        also: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(f"{code} at line {line}, column {column}")
        self.code = code
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
        self.member = member
        self.also = also


class Parsed(msgspec.Struct, frozen=True):
    """The members of the one object, and what was mended."""

    members: dict[str, Any]
    repairs: tuple[Repair, ...]


class _Odd(Exception):
    """The quick way met something that the careful way must look at."""


def parse(raw: bytes, *, empty_ok: bool = False) -> Parsed:
    """Read a body. With `empty_ok` nothing, `[]` and `null` are an empty object. Raises Malformed."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = _place(before, len(before))
        raise Malformed("not_utf8", line, column, ("teks UTF-8", "UTF-8 text"), "byte") from None
    repairs: list[Repair] = []
    if text.startswith("\ufeff"):
        repairs.append(Repair("byte_order_mark", "line 1, column 1"))
        text = text[1:]
    bare = text.strip(" \t\r\n")
    if empty_ok and bare in ("", "[]", "null", "{}"):
        return Parsed({}, tuple(repairs))
    if not bare:
        raise Malformed("empty", 1, 1, ("sebuah objek JSON", "a JSON object"), "end")
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_odd)
        _check(value, 1)
    except (ValueError, RecursionError, _Odd):
        if _FORM.match(bare):
            return _form(bare, repairs)
        value = _Scanner(text, repairs).whole()
    if not isinstance(value, dict):
        raise Malformed("not_an_object", 1, 1, ("sebuah objek JSON { … }", "a JSON object { … }"), _sort(bare[0]))
    return Parsed(value, tuple(repairs))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Odd
    return made


def _odd(constant: str) -> NoReturn:
    raise _Odd


def _check(value: Any, depth: int) -> None:
    """What well-formed JSON may hold and we do not take: the careful way says where it stands."""
    if type(value) is str:
        if len(value) > LENGTH or (not value.isprintable() and _FORBIDDEN.search(value)):
            raise _Odd
    elif type(value) is dict:
        if depth > DEPTH or len(value) > MEMBERS:
            raise _Odd
        for name, each in value.items():
            _check(name, depth)
            _check(each, depth + 1)
    elif type(value) is list:
        if depth > DEPTH or len(value) > ELEMENTS:
            raise _Odd
        for each in value:
            _check(each, depth + 1)
    elif type(value) is int:
        if not -(2**63) <= value < 2**63:
            raise _Odd
    elif type(value) is float and not math.isfinite(value):
        raise _Odd


def _form(text: str, repairs: list[Repair]) -> Parsed:
    """`a=1&b=2`: what a client sends that forgot to make JSON."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=MEMBERS, errors="strict")
    except ValueError:
        expected = ("objek JSON atau isian formulir a=1&b=2", "a JSON object or form fields a=1&b=2")
        raise Malformed("not_json", 1, 1, expected, "text") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        if len(name) > LENGTH or len(value) > LENGTH:
            raise Malformed("string_too_long", 1, 1, _AT_MOST, "text", name[:64])
        if _FORBIDDEN.search(name) or _FORBIDDEN.search(value):
            raise Malformed("control_character", 1, 1, _PRINTABLE, "control character", None)
        if name in found and found[name] != value:
            raise Malformed("conflicting_duplicate", 1, 1, _ONE_VALUE, "text", name[:64])
        if name in found:
            repairs.append(Repair("duplicate_member", name[:64]))
        found[name] = value
    return Parsed(found, (*repairs, Repair("form_fields", "line 1, column 1")))


_AT_MOST = (f"paling banyak {LENGTH} karakter", f"at most {LENGTH} characters")
_PRINTABLE = ("karakter yang dapat dicetak", "a printable character")
_ONE_VALUE = ("satu nilai untuk satu nama", "one value for one name")
_SEPARATOR = ("tanda koma atau penutup", "a comma or the closing bracket")


def _place(text: str, index: int) -> tuple[int, int]:
    line = text.count("\n", 0, index) + 1
    return line, index - text.rfind("\n", 0, index)


def _sort(character: str) -> str:
    """A harmless name for what stands there."""
    if not character:
        return "end"
    if character in _QUOTES:
        return "quote"
    if character.isdigit():
        return "number"
    if character.isalpha():
        return "word"
    return character if character.isascii() and character.isprintable() else "character"


class _Scanner:
    """Reads one text from left to right, once; every way forward is linear."""

    def __init__(self, text: str, repairs: list[Repair]) -> None:
        self.text = text
        self.repairs = repairs
        self.at = 0
        self.member: str | None = None
        self.typographic = False
        self.lines = 0
        self.counted = 0

    def fail(self, code: str, expected: tuple[str, str], *, at: int | None = None, also: int | None = None) -> NoReturn:
        """Raise Malformed for this place."""
        index = self.at if at is None else at
        line, column = _place(self.text, index)
        found = _sort(self.text[index : index + 1])
        second = None if also is None else _place(self.text, also)
        raise Malformed(code, line, column, expected, found, self.member and self.member[:64], second)

    def mend(self, code: str, where: str | None = None) -> None:
        """Name what was mended here, once for each place."""
        if where is None:
            # Count on from the last place: a text with very many things to mend must not be counted again for each.
            self.lines += self.text.count("\n", self.counted, self.at)
            self.counted = self.at
            where = f"line {self.lines + 1}, column {self.at - self.text.rfind(chr(10), 0, self.at)}"
        if len(self.repairs) >= MEMBERS:
            self.fail("not_json", ("JSON yang utuh", "sound JSON"))
        repair = Repair(code, where)
        if repair not in self.repairs[-1:]:
            self.repairs.append(repair)

    def blank(self) -> str:
        """Skip white space; the next character, or nothing at the end."""
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def whole(self) -> Any:
        """The one value of the text."""
        self.blank()
        value = self.value(1)
        if self.blank():
            self.member = None
            self.fail("trailing_data", ("akhir isi permintaan", "the end of the body"))
        return value

    def value(self, depth: int) -> Any:
        """Whatever value stands here."""
        character = self.text[self.at : self.at + 1]
        if character in ("{", "["):
            if depth > DEPTH:
                self.fail("too_deep", (f"paling banyak {DEPTH} tingkat", f"at most {DEPTH} levels"))
            return self.object(depth) if character == "{" else self.array(depth)
        if character and character in _QUOTES:
            return self.string()
        return self.scalar()

    def object(self, depth: int) -> dict[str, Any]:
        """`{ … }`."""
        found: dict[str, Any] = {}
        places: dict[str, int] = {}
        count = 0
        self.at += 1
        while True:
            character = self.blank()
            if character == "}":
                self.at += 1
                return found
            if not character or character not in _QUOTES:
                self.fail("not_json", ("nama anggota dalam tanda kutip", "the name of a member in quotes"))
            place = self.at
            name = self.string(is_name=True)
            outer, self.member = self.member, name
            if self.blank() != ":":
                self.fail("not_json", ("tanda titik dua", "a colon"))
            self.at += 1
            self.blank()
            value = self.value(depth + 1)
            count += 1
            if count > MEMBERS:
                self.fail(
                    "too_many_members", (f"paling banyak {MEMBERS} anggota", f"at most {MEMBERS} members"), at=place
                )
            if name in found:
                if not _same(found[name], value):
                    self.fail("conflicting_duplicate", _ONE_VALUE, at=place, also=places[name])
                if not any(r.code == "duplicate_member" and r.where == name[:64] for r in self.repairs[-MEMBERS:]):
                    self.mend("duplicate_member", name[:64])
            else:
                found[name], places[name] = value, place
            self.separator("}")
            self.member = outer

    def array(self, depth: int) -> list[Any]:
        """`[ … ]`."""
        found: list[Any] = []
        self.at += 1
        while True:
            if self.blank() == "]":
                self.at += 1
                return found
            found.append(self.value(depth + 1))
            if len(found) > ELEMENTS:
                self.fail("too_many_elements", (f"paling banyak {ELEMENTS} unsur", f"at most {ELEMENTS} elements"))
            self.separator("]")

    def separator(self, closing: str) -> None:
        """A comma, or the closing bracket; a comma may be missing at the end of a line or stand before the bracket."""
        end = self.at
        character = self.blank()
        if character == ",":
            comma = self.at
            self.at += 1
            if self.blank() == closing:
                here, self.at = self.at, comma
                self.mend("trailing_comma")
                self.at = here
        elif character == closing:
            return
        elif character and "\n" in self.text[end : self.at] and (character in _QUOTES or closing == "]"):
            self.mend("missing_comma", self.member)
        else:
            self.fail("not_json", _SEPARATOR)

    def string(self, *, is_name: bool = False) -> str:
        """A text in straight or typographic quotes."""
        begin = self.at
        straight = self.text[begin] == '"'
        closers = '"' if straight else _QUOTES
        parts: list[str] = []
        self.at += 1
        if not straight:
            self._typographic(begin)
        while True:
            character = self.text[self.at : self.at + 1]
            if character and character in closers:
                break
            if straight and character and character in _TYPOGRAPHIC and self._closes(is_name):
                self._typographic(self.at)
                break
            if character in ("", "\n", "\r"):
                self.fail("unclosed_string", ('tanda kutip penutup "', 'a closing quote "'), at=begin)
            if character == "\\":
                parts.append(self.escape())
                continue
            if character == "\t":
                self.mend("raw_tab", self.member)
            elif _FORBIDDEN.match(character):
                self.fail("control_character", _PRINTABLE)
            parts.append(character)
            self.at += 1
            if len(parts) > LENGTH:
                self.fail("string_too_long", _AT_MOST, at=begin)
        self.at += 1
        made = "".join(parts)
        if any("\ud800" <= c <= "\udfff" for c in made):
            self.fail("lone_surrogate", ("pasangan surrogate yang lengkap", "a whole surrogate pair"), at=begin)
        if len(made) > LENGTH:
            self.fail("string_too_long", _AT_MOST, at=begin)
        return made

    def _typographic(self, at: int) -> None:
        """Name typographic quotes once for the body, at the first of them."""
        if not self.typographic:
            self.typographic = True
            line, column = _place(self.text, at)
            self.mend("typographic_quotes", f"line {line}, column {column}")

    def _closes(self, is_name: bool) -> bool:
        """Whether a typographic quote inside a straight-quoted text is its end, by what follows on this line."""
        match = _LINE_BLANK.match(self.text, self.at + 1)
        after = self.text[match.end() : match.end() + 1] if match else ""
        return after == ":" if is_name else after in ("", "\n", ",", "}", "]")

    def escape(self) -> str:
        """One escape sequence, a surrogate pair as one character."""
        code = self.text[self.at + 1 : self.at + 2]
        if code in _ESCAPES and code:
            self.at += 2
            return self._allowed(_ESCAPES[code])
        if code != "u":
            self.fail("not_json", ("urutan escape JSON", "a JSON escape sequence"))
        unit = self._unit()
        if 0xD800 <= unit < 0xDC00 and self.text[self.at : self.at + 2] == "\\u":
            low = self._unit()
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
            self.fail("lone_surrogate", ("pasangan surrogate yang lengkap", "a whole surrogate pair"))
        if 0xD800 <= unit < 0xE000:
            self.fail("lone_surrogate", ("pasangan surrogate yang lengkap", "a whole surrogate pair"))
        return self._allowed(chr(unit))

    def _unit(self) -> int:
        digits = self.text[self.at + 2 : self.at + 6]
        if not re.fullmatch("[0-9a-fA-F]{4}", digits):
            self.fail("not_json", ("empat angka heksadesimal", "four hexadecimal digits"))
        self.at += 6
        return int(digits, 16)

    def _allowed(self, character: str) -> str:
        if _FORBIDDEN.match(character):
            self.fail("control_character", _PRINTABLE)
        return character

    def scalar(self) -> Any:
        """A number or one of the words true, false, null."""
        word = _WORD.match(self.text, self.at)
        if word:
            if word[0] in _WORDS:
                self.at = word.end()
                return _WORDS[word[0]]
            if word[0].lstrip("-").lower() in ("nan", "infinity", "inf"):
                self.fail("not_finite", ("bilangan", "a number"))
            self.fail(
                "not_json",
                (
                    "nilai dalam tanda kutip, bilangan, true, false atau null",
                    "a quoted text, a number, true, false or null",
                ),
            )
        number = _NUMBER.match(self.text, self.at)
        if not number:
            self.fail("not_json", ("sebuah nilai", "a value"))
        after = self.text[number.end() : number.end() + 1]
        if after and after not in ",}] \t\r\n":
            self.fail("not_json", ("bilangan JSON", "a JSON number"))
        if any(c in number[0] for c in ".eE"):
            real = float(number[0])
            if not math.isfinite(real):
                self.fail("number_out_of_range", ("bilangan yang lebih kecil", "a smaller number"))
            self.at = number.end()
            return real
        if len(number[0]) > 20 or not -(2**63) <= int(number[0]) < 2**63:
            self.fail("number_out_of_range", ("bilangan bulat 64 bit", "a 64-bit whole number"))
        self.at = number.end()
        return int(number[0])


def _same(one: Any, other: Any) -> bool:
    """Whether two values of one name say the same: `"0"` and `0` do."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return bool(one == other)
    return (type(one) is not bool and type(other) is not bool and str(one) == str(other)) or one is other
