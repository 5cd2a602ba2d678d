"""What goes into the outbox and comes out of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

State = Literal["waiting", "sent", "accepted", "verified", "refused", "superseded", "discarded"]
Verb = Literal["save", "remove"]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """One record of the source. `key` is how the hospital knows it; `parent` is the object that must arrive first.

    An `event` (a task time, a screening) is never merged with a later one about the same object; of states (beds,
    stocks) only the newest content is worth sending.
    """

    report: str
    key: Key
    body: Mapping[str, object]
    verb: Verb = "save"
    event: bool = False
    parent: tuple[str, Key] | None = None


class Message(NamedTuple):
    """What is to be sent. `once` is its Idempotency-Key: new with every new content; `number` the service's number."""

    id: int
    report: str
    verb: Verb
    body: dict[str, Any]
    once: str
    tries: int
    state: State
    number: str | None
    parent_number: str | None


class Refused(NamedTuple):
    """A message that was set aside."""

    id: int
    report: str
    verb: Verb
    body: dict[str, Any]
    said: str
    at: float


class Rejected(NamedTuple):
    """A row of the source that was not sent, and what is wrong with it."""

    feed: str
    said: str
    at: float


class Counts(NamedTuple):
    """One report kind: how many are in each state and how many ever arrived.

    `oldest`: since when the oldest waits; `confirmed`: when one was last confirmed. Seconds since 1970.
    """

    report: str
    waiting: int = 0
    sent: int = 0
    refused: int = 0
    oldest: float | None = None
    confirmed: float | None = None
    arrived: int = 0
