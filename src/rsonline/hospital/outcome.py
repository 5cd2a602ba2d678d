"""What became of a message: five answers, told apart by what the body says and not by the HTTP status alone.

`Accepted` is only what the service itself confirmed, about this record, in words that can be read. `Later` says that
the message surely did not arrive and may be sent again; `Unknown` that nobody knows, so that it must be read back
first; `LockedOut` that nothing will arrive before a person has done something about the password, the clock or the
address. None of them shows what the service said in its `repr`: that may name a patient.
"""

from dataclasses import dataclass, field
from typing import Literal

from rsonline.reports.verdict import Problem, ReportWarning

What = Literal["saved", "updated", "removed", "stored"]
"""`stored` where the service does not tell a new record from a changed one."""
LONGEST_SAID = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The service confirmed it.

    `number` is what the service calls the record (`id_t_tt`, `id_shk`, `id_hasil`, a patient report's id), None where
    it did not say. `warnings` are those of the check before sending and those of the answer. `receipt` is the text of
    `X-RSOnline-Receipt`, where the service gives one (`rsonline.reports.receipt.verify`). `replayed` tells that the
    answer is that of an earlier try.
    """

    what: What
    number: str | None = None
    warnings: tuple[ReportWarning, ...] = ()
    receipt: str | None = None
    replayed: bool = False
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The record cannot be taken as it is; sending it again changes nothing.

    `code` is `invalid` (see `problems`), `exists` (a POST of what is there: nothing was written), `missing` (a PUT of
    what is not there), `unknown` (no such number), `conflict`, or the service's own. `sent` is False where the check
    on this side stopped it.
    """

    code: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[ReportWarning, ...] = ()
    sent: bool = True
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """It surely did not arrive. `after`: seconds that the service asks to wait, None where it does not say."""

    why: str
    after: float | None = None
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedOut:
    """Nobody from here is let in: `credentials`, `clock` (the time that was sent) or `address` (not registered)."""

    why: str
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows whether it arrived; `why` is what was wrong with the answer (`no_answer`, `not_json`, …)."""

    why: str
    said: str = field(default="", repr=False)


Outcome = Accepted | Refused | Later | LockedOut | Unknown


class Failed(Exception):
    """A read that gave no rows. Its text names the kind of failure and nothing that the service said."""

    def __init__(self, outcome: Outcome) -> None:
        reason = outcome.code if isinstance(outcome, Refused) else getattr(outcome, "why", "")
        super().__init__(f"{type(outcome).__name__}: {reason}")
        self.outcome = outcome


def shown(text: object) -> str:
    """What a service said, safe to be shown: no control or invisible characters, at most 500 characters (SR-57)."""
    one = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * LONGEST_SAID])
    return " ".join(one.split())[:LONGEST_SAID]
