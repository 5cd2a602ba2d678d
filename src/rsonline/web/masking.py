"""What a program sent and was answered, as it may be shown: members that identify a person are masked (SR-42).

What can be parsed is parsed as the codec does it; of the rest every long number goes, and every text behind a name
that is personal. Members that nobody knows may be a misspelled name of a person: their texts go too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from rsonline.reports import EVERY_REPORT
from rsonline.reports.lenient import Malformed, parse
from rsonline.reports.report import Numbered, Report, members

MASK = "•••"
_DIGITS = re.compile(r"\d(?:[ .]?\d){7,}")
_LEAST = 3
"""A shorter text of a person is not looked for in an answer: it would be found everywhere."""


@cache
def _personal() -> frozenset[str]:
    """Every name under which something personal is sent or shown, in lower case."""
    return frozenset(
        name.lower() for r in EVERY_REPORT for m in members(r.record) if m.personal for name in (m.name, *m.aliases)
    )


@cache
def _known(report: Report[Any] | None) -> frozenset[str]:
    if report is None:
        return frozenset()
    number = {report.identity.number} if isinstance(report.identity, Numbered) else set()
    return frozenset({n for m in members(report.record) for n in (m.name, *m.aliases)} | number)


@cache
def _behind_names() -> re.Pattern[str]:
    names = "|".join(sorted((re.escape(name) for name in _personal()), key=len, reverse=True))
    # A quoted text, or whatever stands until the next mark where the quote is lacking; of a form, until the next field.
    return re.compile(
        rf"""(["'“”]?(?:{names})["'“”]?\s*[:=]\s*)("(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[“”][^“”\n]*[“”]?|[^,&}}\]\n]+)""",
        re.IGNORECASE,
    )


def personal(name: str) -> bool:
    """Whether a member of that name may identify a person, in any report."""
    return name.lower() in _personal()


def body(report: Report[Any] | None, text: str) -> str:
    """What was sent, without what identifies a person."""
    said = members_in(text)
    if said is None:
        return unread(text)
    return _shown(_masked(said, _known(report)))


def members_in(text: str) -> dict[str, Any] | None:
    """The members of a body, as the codec reads it; None for one that cannot be read."""
    try:
        return dict(parse(text.encode("utf-8", "replace"), empty_ok=True).members)
    except Malformed:
        return None


def unread(text: str) -> str:
    """A body that cannot be read, without long numbers and without what stands behind a personal name."""
    return _DIGITS.sub(MASK, _behind_names().sub(lambda found: f'{found[1]}"{MASK}"', text))


def answer(text: str, said: Iterable[str]) -> str:
    """What was answered. `said` are the personal texts that were sent, which a sentence may repeat."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return unread(_without(text, said))
    return _without(_shown(_masked(found, None)), said)


def texts(report: Report[Any] | None, said: Mapping[str, Any]) -> Iterator[str]:
    """The personal texts among what was sent."""
    known = _known(report)
    for name, value in said.items():
        if (personal(name) or name not in known) and isinstance(value, str | int) and len(str(value)) >= _LEAST:
            yield str(value)


def _without(text: str, said: Iterable[str]) -> str:
    for each in sorted(set(said), key=len, reverse=True):
        # As it stands in JSON, whose marks are escaped.
        text = text.replace(json.dumps(each, ensure_ascii=False)[1:-1], MASK)
    return text


def _masked(value: Any, known: frozenset[str] | None, name: str | None = None) -> Any:
    if name is not None and personal(name) and value not in (None, ""):
        return MASK
    if isinstance(value, dict):
        return {key: _masked(each, known, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, known, name) for each in value]
    if isinstance(value, str) and known is not None and name is not None and name not in known:
        return MASK if not value.isdigit() or len(value) >= 8 else value
    if isinstance(value, int) and not isinstance(value, bool) and known is not None and name not in known:
        return MASK if len(str(abs(value))) >= 8 else value
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
