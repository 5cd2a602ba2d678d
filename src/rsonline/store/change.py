"""What is asked of the store, as values: what to look up, a pure function of what was found, what it decides.

A verb never touches the database. It says which rows it depends on and hands over a function; the writer finds the
rows, calls the function and writes what it decides, all inside one transaction. So the same verb works for one row
at a time and for a batch, on any engine.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from rsonline.reports.report import Report, Row
from rsonline.reports.verdict import Problem, ReportWarning

Kind = Literal[
    "saved",  # a new record
    "updated",  # an existing one changed
    "removed",
    "exists",  # not written: there is one already
    "missing",  # not written: there is none to change
    "unknown",  # not written: a number or a parent that this hospital does not have
    "conflict",  # not written: the change would make two records the same
    "refused",  # not written: problems that only show beside what is stored
    "repeated",  # not written: the same request was carried out before; `answer` is what was said then
    "changed",  # not written: somebody changed the record since it was looked at; `row` is what it is now
    "key_reused",  # not written: its Idempotency-Key came before, with another body
]


class Origin(NamedTuple):
    """On whose behalf, and from where. `version` is that of the credentials that were verified."""

    hospital: str
    version: int
    account: str = "-"
    """Who, for the journal: `hospital/credential` of the API, a user of the web application, the command line."""
    source: Literal["api", "web", "file", "cli"] = "api"
    address: str | None = None
    request_id: str | None = None
    claimed: str | None = None
    clock: str | None = None
    claimed_at: datetime | None = None
    strict: bool = False
    """Refuse what claims to be older than the newest accepted message about the same record (SR-15)."""


class Lookup(msgspec.Struct, frozen=True):
    """Rows of the hospital that a decision depends on; `where` are columns and the values they must have."""

    report: Report[Any]
    where: Row
    deleted: bool = False
    """Find deleted rows too."""
    whole: bool = True
    """With the personal members; without them for rows that are only looked at, never written back."""


class Put(msgspec.Struct, frozen=True):
    """Write one whole row. `old` is the row it replaces; a number that is absent is given by the writer."""

    report: Report[Any]
    values: Row
    old: Row | None
    warnings: Sequence[ReportWarning] = ()
    deleted: bool = False
    parent: "Put | None" = None
    """The record that it belongs to, where that one is written with it and gets its number only then."""


class Outcome(msgspec.Struct, frozen=True):
    """How a change ended. `row` is the stored row, or the one that stood in the way."""

    kind: Kind
    row: Row = msgspec.field(default_factory=dict)
    warnings: Sequence[ReportWarning] = ()
    problems: Sequence[Problem] = ()
    at: datetime | None = None
    """The time of receipt; the store fills it in."""
    answer: bytes = b""
    """Of a repeated request: what was kept of its answer."""


class Seen(msgspec.Struct, frozen=True):
    """Somebody saw this row."""

    report: Report[Any]
    row: Row


class Decision(msgspec.Struct, frozen=True):
    """The outcome, what to write for it, what to count for the hospital (`put_miss`), and what was seen."""

    outcome: Outcome
    writes: tuple[Put, ...] = ()
    tallies: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()


Found = Sequence[list[Row]]
"""The rows of each lookup, in the order of the lookups."""

LaterLookup = Callable[[Found], Lookup | None]
"""A lookup that depends on what the ones before it found; None finds nothing."""


class Once(msgspec.Struct, frozen=True):
    """A request that is carried out once, however often it arrives (SR-53).

    `route` and `key` name it within its hospital, `digest` is the SHA-256 of its body, `word` gives what is kept of
    its answer, in the transaction that carries it out.
    """

    route: str
    key: str
    digest: bytes
    word: Callable[[Outcome], bytes]


class Change(msgspec.Struct, frozen=True):
    """One message that wants to change something."""

    origin: Origin
    report: Report[Any]
    verb: str
    lookups: tuple[Lookup | LaterLookup, ...]
    decide: Callable[[Found, datetime], Decision]
    tallies: tuple[str, ...] = ()
    once: Once | None = None
    parts: tuple[Report[Any], ...] = ()
    """Numbered reports that it may add beside its own, each as often as it may add one."""


class Stale(Exception):
    """The hospital's credentials changed after they were verified: verify again (SR-03)."""


class Busy(Exception):
    """Too much is waiting; the caller should come back."""


class Full(Exception):
    """The disk is full. Nothing of the change was kept; reads go on."""


class Broken(Exception):
    """The store failed in a way that leaves open what is durable. Nothing more is acknowledged."""
