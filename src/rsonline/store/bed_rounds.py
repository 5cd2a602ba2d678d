"""Rounds of bed messages: what comes together, what it changed, and who said it. Pure; the writer keeps it current.

A message is put to the newest round or opens the next one, so that whoever wants to know how a hospital's figures
stand need not read and open every message in the journal.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

ROUND = 5 * 60_000
"""Milliseconds: messages within this time of the first belong to one round."""
KEPT = timedelta(days=8)
"""For how long rounds are kept: a week of a program that sends once a day, and a day more."""
COLUMNS = ("beds_round", "beds_last", "beds_changed", "beds_confirmed", "beds_person")
"""Where `Heard` is kept: beside the end of the journal, which every writer reads, locks and moves anyway."""


class Heard(NamedTuple):
    """What is known of a hospital after its last bed message, in UTC milliseconds; None for what never was.

    `round` is when the newest round began, `last` the last message of any sort, `changed` the last that changed a
    value, `confirmed` the last by which a person said that nothing changed, `person` the last that a person typed.
    """

    round: int | None
    last: int | None
    changed: int | None
    confirmed: int | None
    person: int | None


NOTHING = Heard(None, None, None, None, None)


class Round(NamedTuple):
    """Messages that came together, by the first of them. `person`: one of them was typed at the pages."""

    at: datetime
    changed: bool
    confirmed: bool
    person: bool


class Told(NamedTuple):
    """How a hospital was heard of: the moments of `Heard`, and the rounds since its last change, earliest first.

    Rounds are no older than KEPT; the first one is the change itself where it is not older either.
    """

    kode_rs: str
    last: datetime | None
    changed: datetime | None
    confirmed: datetime | None
    rounds: Sequence[Round]


def heard(before: Heard, at: int, *, changed: bool, confirmed: bool, person: bool) -> Heard:
    """What is known after one more message. Clocks of several machines may differ: no message is before the last."""
    if before.last is not None and at < before.last:
        at = before.last
    # Counted from its beginning: a sender that never pauses must not become one endless round.
    opens = before.round is None or at - before.round > ROUND
    return Heard(
        at if opens else before.round,
        at,
        at if changed else before.changed,
        at if confirmed else before.confirmed,
        at if person else before.person,
    )


def newest(code: str, known: Heard) -> tuple[Any, ...]:
    """The newest round as a row of `bed_round`, in the order of its columns."""
    begin = known.round
    assert begin is not None  # noqa: S101 (there is one after the first message)
    flags = [moment is not None and moment >= begin for moment in (known.changed, known.confirmed, known.person)]
    return (code, begin, *flags)


def oldest_kept(row: Sequence[Any]) -> int:
    """Before which moment rounds are dropped when this row is written."""
    begin: int = row[1]
    return begin - KEPT // timedelta(milliseconds=1)
