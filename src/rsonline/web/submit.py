"""Sending what a form asks: once, against what was seen, and with the number of the line that is its receipt."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rsonline.intake.receipts import WRITTEN
from rsonline.intake.verbs import Asked
from rsonline.reports.report import Report, Row
from rsonline.reports.verdict import Problem, ReportWarning, Words
from rsonline.store import history
from rsonline.store.change import Once, Outcome
from rsonline.web.pages import House
from rsonline.web.visit import Visit

CHANGED = Words(
    "Data ini sudah diubah orang lain sejak Anda membukanya. Bandingkan, lalu pilih.",
    "Somebody changed this record since you opened it. Compare, then choose.",
)
SENT_BEFORE = Words(
    "Formulir ini sudah pernah dikirim dengan isi lain. Periksa, lalu kirim lagi.",
    "This form was sent before with other contents. Check it, then send it again.",
)
_NOT_SAID = frozenset({"csrf"})


class _Kept(msgspec.Struct):
    """What is kept of the answer to a form: how it ended, and the request and key of the line that it wrote."""

    kind: str
    request_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended. `seq` is the number of the journal's line about it, None where nothing was written."""

    kind: str
    seq: int | None = None
    row: Row = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    warnings: Sequence[ReportWarning] = ()


def version_in(typed: Mapping[str, str]) -> int:
    """The version of the record that the form was made from; 0 for none."""
    text = typed.get("versi", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


async def send(house: House, visit: Visit, asked: Asked, report: Report[Any], typed: Mapping[str, str]) -> Done:
    """Carry out what a form asks, at most once for its number (`kirim`), however often it arrives."""
    change = asked.change
    number = typed.get("kirim", "")
    if number.isascii() and number.isprintable() and 8 <= len(number) <= 64:
        said = msgspec.json.encode(sorted((n, t) for n, t in typed.items() if n not in _NOT_SAID))
        route = f"web {visit.request.url.path}"
        change = msgspec.structs.replace(
            change, once=Once(route, number, hashlib.sha256(said).digest(), _word(visit, report))
        )
    outcome = await house.store.submit(change)
    if outcome.kind == "repeated":
        kept = msgspec.json.decode(outcome.answer, type=_Kept)
        return Done(kept.kind, await _seq(house, visit, report, kept.key, kept.request_id))
    if outcome.kind not in WRITTEN:
        return Done(outcome.kind, None, outcome.row, outcome.problems, outcome.warnings)
    seq = await _seq(house, visit, report, history.record_key(report, outcome.row), visit.request_id)
    return Done(outcome.kind, seq, outcome.row, (), outcome.warnings)


def _word(visit: Visit, report: Report[Any]) -> Any:
    def word(outcome: Outcome) -> bytes:
        key = history.record_key(report, outcome.row) if outcome.kind in WRITTEN else ""
        return msgspec.json.encode(_Kept(outcome.kind, visit.request_id, key))

    return word


async def line_of(house: House, visit: Visit, report: Report[Any], row: Row) -> int | None:
    """The number of the line that this request wrote about a record."""
    return await _seq(house, visit, report, history.record_key(report, row), visit.request_id)


async def _seq(house: House, visit: Visit, report: Report[Any], key: str, request_id: str) -> int | None:
    code = visit.own.code
    return await house.store.read(None, lambda access: history.written(access, code, report, key, request_id))
