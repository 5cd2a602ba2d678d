"""What is said about a record: problems refuse it, warnings flag it, repairs name what was mended on the way in."""

from typing import NamedTuple

import msgspec

from rsonline.reports.lenient import Repair

__all__ = ["Problem", "Refused", "Repair", "ReportWarning", "Words"]

Detail = dict[str, str | int | float]


class Words(NamedTuple):
    """One text in the two languages of the product."""

    id: str
    en: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a record cannot be stored or understood.

    `member` is spelled as the guide spells it, `code` is stable (the texts are in `wording.py`), `received` is
    what was sent, cut short, and None where the member is personal.
    """

    member: str
    code: str
    received: str | None = None
    detail: Detail = {}


class ReportWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Why a record looks odd. It is stored all the same: the guide's own samples break plausible rules."""

    member: str
    code: str
    detail: Detail = {}


class Refused(Exception):
    """A record that cannot be taken, with all its problems in the order in which the guide lists the members."""

    def __init__(self, problems: list[Problem], repairs: tuple[Repair, ...] = ()) -> None:
        super().__init__(", ".join(f"{p.member}: {p.code}" for p in problems))
        self.problems = problems
        self.repairs = repairs
