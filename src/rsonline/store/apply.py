"""What a decision becomes: the rows, journal lines and counts that either engine then writes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.report import Numbered, Report, Row
from rsonline.store import bed_rounds, journal
from rsonline.store.bed_rounds import Heard
from rsonline.store.change import Change, Decision, Found, Once, Outcome, Put
from rsonline.store.columns import to_millis
from rsonline.store.journal import Head
from rsonline.store.rows import shape_of
from rsonline.store.schema import BED_HISTORY
from rsonline.store.seal import Vault, place

KEPT_FOR = timedelta(days=7)
"""How long the answer to an Idempotency-Key is kept."""

_HISTORY = tuple(c.name for c in BED_HISTORY.columns)[4:-1]
Number = Callable[[Report[Any]], int]


@dataclass(slots=True)
class Work:
    """Everything to be written for one change; `head` and `heard` are the hospital's after it."""

    outcome: Outcome
    head: Head
    heard: Heard
    rows: list[tuple[Report[Any], Row]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    """Rows of `bed_history`, in the order of its columns."""
    rounds: list[tuple[Any, ...]] = field(default_factory=list)
    """Rows of `bed_round` that are new or became something else."""
    tallies: tuple[str, ...] = ()
    answer: tuple[Any, ...] | None = None
    """A row of `idempotency`, in the order of its columns."""


def work(vault: Vault, change: Change, found: Found, now: datetime, head: Head, heard: Heard, number: Number) -> Work:
    """Let the change decide and say what to write. Raises what the decision raises; writes nothing itself."""
    decision = change.decide(found, now)
    origin, code = change.origin, change.origin.hospital
    done = Work(decision.outcome, head, heard, tallies=(*change.tallies, *decision.tallies))
    for put in decision.writes:
        row = _completed(change, put, now, number)
        shape_of(put.report).find_again(put.report, row, vault)
        done.rows.append((put.report, row))
        if put.report is TEMPAT_TIDUR:
            _room(done, change, put, row, to_millis(now))
        old, new = journal.content(put.report, put.old), journal.content(put.report, row)
        key, persons = journal.key_text(put.report, row), _persons(put, row, found)
        for some in _pairs(persons):
            values, done.head = journal.line(
                vault, origin, done.head, now, put.report.name, key, change.verb, some, old, new
            )
            done.lines.append(values)
            # A line has room for two persons; the others (a corrected NIK) get lines of their own.
            old = new = None
    for seen in decision.seen:
        key = journal.key_text(seen.report, seen.row)
        for some in _pairs((seen.row.get("persons") or "").split()):
            values, done.head = journal.line(vault, origin, done.head, now, seen.report.name, key, change.verb, some)
            done.lines.append(values)
    ended = decision.outcome
    done.outcome = Outcome(ended.kind, ended.row, ended.warnings, ended.problems, now)
    if change.once is not None:
        done.answer = _kept(vault, code, change.once, done.outcome, now)
    return done


def repeated(vault: Vault, code: str, once: Once, stored: Sequence[Any] | None, now: datetime) -> Outcome | None:
    """What to say to a request whose key is known: `stored` are its digest, time (ms) and answer. None: it is new."""
    if stored is None or stored[1] <= to_millis(now - KEPT_FOR):
        return None
    if bytes(stored[0]) != once.digest:
        return Outcome("key_reused")
    opened = vault.open(bytes(stored[2]), place("idempotency", "answer", code, [once.route, once.key]))
    return Outcome("repeated", answer=opened.encode())


def _kept(vault: Vault, code: str, once: Once, outcome: Outcome, now: datetime) -> tuple[Any, ...]:
    said = once.word(outcome).decode()
    sealed = vault.seal(said, place("idempotency", "answer", code, [once.route, once.key]))
    return (code, once.route, once.key, once.digest, to_millis(now), sealed)


def _completed(change: Change, put: Put, now: datetime, number: Number) -> Row:
    """The row with what the store itself knows of it; the verb's own values, so that its outcome shows the number."""
    row, old, identity = put.values, put.old, put.report.identity
    row["kode_rs"] = change.origin.hospital
    if put.parent is not None and isinstance(identity, Numbered) and identity.parent is not None:
        row[identity.parent] = put.parent.values[identity.parent]
    if isinstance(identity, Numbered) and row.get(identity.number) is None:
        row[identity.number] = number(put.report)
    row["version"] = 1 if old is None else old["version"] + 1
    # Kept even where the old row was deleted: it says in which month the row lies.
    row["received_at"] = now if old is None else old["received_at"]
    row["updated_at"] = now
    row["deleted_at"] = now if put.deleted else None
    row["claimed_at"] = change.origin.claimed_at
    row["warnings"] = msgspec.json.encode(list(put.warnings)).decode() if put.warnings else None
    return row


def _room(done: Work, change: Change, put: Put, row: Row, at: int) -> None:
    """What a room's message adds beside its row: to its history where it changed, and to the rounds."""
    code, changed = change.origin.hospital, _differs(put.old, row)
    if changed:
        said = [row.get(name) for name in _HISTORY]
        done.history.append((code, row["id_t_tt"], row["version"], at, *said, put.deleted))
    person = change.origin.source == "web"
    before = done.heard
    done.heard = bed_rounds.heard(
        before, at, changed=changed, confirmed=person and change.verb == "confirm", person=person
    )
    newest = bed_rounds.newest(code, done.heard)
    if before.round is None or newest != bed_rounds.newest(code, before):
        done.rounds.append(newest)


def _differs(old: Row | None, row: Row) -> bool:
    names = (*_HISTORY, "deleted_at")
    return old is None or any(old.get(name) != row.get(name) for name in names)


def _persons(put: Put, row: Row, found: Found) -> list[str]:
    """The persons whom a written row is about: its own, those it named before, those of the record it belongs to."""
    texts = [row.get("persons"), (put.old or {}).get("persons")]
    if not row.get("persons"):
        texts += [other.get("persons") for rows in found for other in rows]
        texts += [put.parent.values.get("persons")] if put.parent is not None else []
    return list(dict.fromkeys(person for text in texts if text for person in text.split()))


def _pairs(persons: list[str]) -> Iterator[list[str]]:
    yield persons[:2]
    for first in range(2, len(persons), 2):
        yield persons[first : first + 2]


__all__ = ["Decision", "Number", "Work", "repeated", "work"]
