"""A request that is carried out once: its Idempotency-Key, what is kept of its answer, and its receipt (SR-53)."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from rsonline.intake.receipts import WRITTEN, Receipts
from rsonline.reports.receipt import digest_of
from rsonline.reports.verdict import Repair, ReportWarning
from rsonline.service.dialects import Answer
from rsonline.store.change import Change, Once, Outcome
from rsonline.store.columns import from_millis, to_millis
from rsonline.store.engines import Store

_KEY = re.compile(r'"?[!#-~]{1,200}"?')


class Kept(msgspec.Struct):
    """What is kept of an answer; `receipt` is the id and the time (ms) of its receipt, where it has one."""

    status: int
    elements: list[dict[str, object]]
    repairs: list[tuple[str, str]]
    warnings: list[tuple[str, str]]
    receipt: tuple[str, int] | None


class BadKey(Exception):
    """The Idempotency-Key is not one text of 1 to 200 printable characters."""


def given(headers: Mapping[str, Sequence[str]]) -> str | None:
    """The Idempotency-Key of a request, None without one. Raises BadKey."""
    values = headers.get("idempotency-key", ())
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0].strip()):
        raise BadKey
    return values[0].strip().strip('"')


def once(
    route: str,
    key: str,
    said: bytes,
    request_id: str,
    repairs: Sequence[Repair],
    worded: Callable[[Outcome], Answer],
) -> Once:
    """What makes a change happen once: `said` is all that it says, `worded` gives the answer to its outcome."""

    def word(outcome: Outcome) -> bytes:
        answer = worded(outcome)
        return msgspec.json.encode(
            Kept(
                answer.status,
                [dict(element) for element in answer.elements],
                [(r.code, r.where) for r in repairs],
                [(w.code, w.member) for w in answer.warnings],
                (request_id, to_millis(outcome.at)) if outcome.kind in WRITTEN and outcome.at else None,
            )
        )

    return Once(route, key, bytes.fromhex(digest_of(said)), word)


def unfolded(kept: bytes) -> tuple[Answer, tuple[Repair, ...], tuple[str, datetime] | None]:
    """The answer that was given the first time, what was mended then, id and time of its receipt."""
    said = msgspec.json.decode(kept, type=Kept)
    warnings = tuple(ReportWarning(member=member, code=code) for code, member in said.warnings)
    receipt = None if said.receipt is None else (said.receipt[0], from_millis(said.receipt[1]))
    return Answer(said.status, said.elements, warnings), tuple(Repair(*r) for r in said.repairs), receipt


class Request(msgspec.Struct, frozen=True):
    """What of a request makes it the same one again. `route` is its method and report."""

    hospital: str
    request_id: str
    route: str
    headers: Mapping[str, Sequence[str]]
    body: bytes
    repairs: Sequence[Repair] = ()
    outside: Sequence[tuple[str, object]] = ()
    """What it says beside its body, in its address or a header: it may name its record there."""

    @property
    def said(self) -> bytes:
        """Everything that must be the same in the same request."""
        return self.body + b"\n" + msgspec.json.encode(self.outside) if self.outside else self.body


class Carried(msgspec.Struct, frozen=True):
    """The answer to a change, its receipt, and whether it is that of an earlier request.

    `refused` says why it was not carried out: key_running or key_reused.
    """

    answer: Answer | None
    repairs: Sequence[Repair]
    receipt: str | None = None
    replayed: bool = False
    refused: str | None = None
    outcome: Outcome | None = None


class Carrier:
    """Carries out changes, each at most once where it has an Idempotency-Key. One for each door of the process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._receipts = Receipts(store.vault)
        self._running: set[tuple[str, str, str]] = set()
        """Requests with an Idempotency-Key that are being carried out here."""

    async def carry(self, change: Change, request: Request, worded: Callable[[Outcome], Answer]) -> Carried:
        """Carry out a change. Raises BadKey and what the store raises."""
        key = given(request.headers)
        if key is None:
            outcome = await self._store.submit(change)
        else:
            running = (request.hospital, request.route, key)
            if running in self._running:
                return Carried(None, request.repairs, refused="key_running")
            self._running.add(running)
            try:
                wanted = once(request.route, key, request.said, request.request_id, request.repairs, worded)
                outcome = await self._store.submit(msgspec.structs.replace(change, once=wanted))
            finally:
                self._running.discard(running)
        if outcome.kind == "key_reused":
            return Carried(None, request.repairs, refused="key_reused")
        if outcome.kind == "repeated":
            answer, repairs, known = unfolded(outcome.answer)
            receipt = None if known is None else self._receipts.sign(*known, request.hospital, request.body)
            return Carried(answer, repairs, receipt, replayed=True)
        receipt = self._receipts.of(outcome, request.request_id, request.hospital, request.body)
        return Carried(worded(outcome), request.repairs, receipt, outcome=outcome)
