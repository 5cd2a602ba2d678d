"""The client as the way by which the outbox is delivered: outcomes become the replies of `deliver` (see `Sender`)."""

import asyncio
from collections.abc import Sequence
from typing import Any

from rsonline.hospital import talks
from rsonline.hospital.client import AsyncClient
from rsonline.hospital.deliver import Kind, Reply
from rsonline.hospital.line import AsyncLine
from rsonline.hospital.messages import Message
from rsonline.hospital.outcome import Accepted, Failed, Later, LockedOut, Outcome, Refused, Unknown
from rsonline.hospital.talks import Found, Side, Talk
from rsonline.reports import REPORTS
from rsonline.reports.codec import read
from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Report, Steps, key_of
from rsonline.reports.verdict import Refused as Broken

_BY_NAME = {report.name: report for report in REPORTS}


class Sending:
    """Delivers messages over a client, which is its own from then on. Used from one thread; close it.

    Delivery has patience of its own, so that nothing is repeated here. `at_once` messages are under way at the same
    time: they are about different objects, and one line after the other would be waiting for the network.
    """

    def __init__(self, client: AsyncClient, *, at_once: int = 8) -> None:
        self._line: AsyncLine = client._line
        self._side: Side = self._line.side
        self._side.retries = 0
        self._at_once = at_once
        self._asked = False
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """Give the connections back."""
        self._runner.run(self._line.close())
        self._runner.close()

    @property
    def knows_once(self) -> bool:
        """Whether the service carries out the same number only once; it is asked when that is first of interest."""
        if not self._side.once and not self._asked:
            self._asked = True
            self._runner.run(self._line.carry(talks.discovering(self._side)))
        return self._side.once

    def send(self, messages: Sequence[Message]) -> list[Reply | None]:
        """Send each once; what was not begun before one of them went wrong is None."""
        # Whether a second try is needed is known only afterwards: the first must carry its number already.
        _ = self.knows_once
        return self._runner.run(self._all(messages))

    async def _all(self, messages: Sequence[Message]) -> list[Reply | None]:
        replies: list[Reply | None] = [None] * len(messages)
        waiting = iter(enumerate(messages))
        wrong = False

        async def work() -> None:
            nonlocal wrong
            for place, message in waiting:
                replies[place] = answer = await self._one(message)
                wrong = wrong or answer.kind not in ("accepted", "refused")
                if wrong:
                    return

        await asyncio.gather(*(work() for _ in range(min(self._at_once, len(messages)))))
        return replies

    async def _one(self, message: Message) -> Reply:
        report = _BY_NAME[message.report]
        try:
            outcome = await self._line.carry(changing(self._side, report, message))
        except ValueError as error:
            return Reply("refused", str(error))
        return reply(outcome)

    def find(self, message: Message) -> Reply:
        """Read back whether it is there as it says: `accepted`, `later` where it is not, `unknown`, `locked`."""
        report = _BY_NAME[message.report]
        try:
            rows = self._runner.run(self._line.carry(looking(self._side, report, message)))
        except Failed as failed:
            return self._away(failed.outcome)
        except ValueError as error:
            return Reply("unknown", str(error))
        wanted = wanted_of(self._side, report, message)
        if wanted is None:
            return Reply("later", "isi pesan tidak terbaca")
        there = [row for row in rows if row.record is not None and known_again(report, wanted, row, message.number)]
        if message.verb == "remove":
            return Reply("later", "masih ada") if there else Reply("accepted", "sudah tidak ada")
        for row in there:
            if same(report, wanted, row):
                return Reply("accepted", "terbaca kembali", number=row.number)
        return Reply("later", "belum ada")

    @staticmethod
    def _away(outcome: Outcome) -> Reply:
        if isinstance(outcome, LockedOut):
            return Reply("locked", outcome.said or outcome.why)
        # Nobody knows: whether the question failed says nothing about the message.
        return Reply("unknown", said_of(outcome), after=outcome.after if isinstance(outcome, Later) else None)


def changing(side: Side, report: Report[Any], message: Message) -> Talk[Outcome]:
    """The talk that a message asks for."""
    body = dict(message.body)
    identity = report.identity
    if isinstance(identity, Numbered) and identity.parent and message.parent_number is not None:
        body[identity.parent] = message.parent_number
    if message.verb == "remove":
        return talks.removing(
            side, report, body, number=message.number, parent=message.parent_number, once=message.once
        )
    return talks.saving(side, report, body, number=message.number, once=message.once)


def looking(side: Side, report: Report[Any], message: Message) -> Talk[list[Found[Any]]]:
    """The question whose answer holds the record of a message, if it is there."""
    body, at = message.body, side.at
    match report.identity:
        case PerDay(day) | Named(_, day):
            said = wanted_of(side, report, message) or {}
            return talks.finding(side, report, day=said.get(day))
        case Steps(parent, _):
            return talks.finding(side, report, parent=str(body.get(parent, "")))
        case Numbered() if report.name == "shk":
            said = wanted_of(side, report, message) or {}
            return talks.finding(side, report, day=said.get("tgl_ambil_sampel"), number=message.number)
        case Numbered(parent=str(parent)):
            number = message.parent_number or str(body.get(parent, "")) or None
            return talks.finding(side, report, parent=number)
        case Numbered() | PerItem():
            return talks.finding(side, report)
        case _:
            raise ValueError(f"{report.name}: {at.hospital}")


def wanted_of(side: Side, report: Report[Any], message: Message) -> dict[str, Any] | None:
    """The values that a message says, None where they cannot be read."""
    try:
        return dict(read(report, message.body, side.at, partial=True).values)
    except Broken:
        return None


def known_again(report: Report[Any], wanted: dict[str, Any], row: Found[Any], number: str | None) -> bool:
    """Whether a row is the record of a message."""
    identity = report.identity
    if isinstance(identity, Numbered):
        if number is not None:
            return row.number == number
        # The parent was asked for; a message does not always name it.
        names = tuple(n for n in identity.recognised_by if n != identity.parent)
    else:
        names = key_of(identity)
    return all(folded(wanted.get(name)) == folded(getattr(row.record, name)) for name in names)


def same(report: Report[Any], wanted: dict[str, Any], row: Found[Any]) -> bool:
    """Whether a row says all that a message says, as far as a GET gives it back."""
    shown = {name for name, value in row.said.items() if value is not None}
    return all(
        folded(getattr(row.record, name)) == folded(value)
        for name, value in wanted.items()
        if name in shown and name not in report.record.renewed
    )


def folded(value: object) -> object:
    """A value as it is compared: letter case and blanks do not count."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def reply(outcome: Outcome) -> Reply:
    """An outcome in the words of delivery."""
    match outcome:
        case Accepted():
            return Reply("accepted", outcome.said, number=outcome.number, receipt=outcome.receipt)
        case Later():
            return Reply("later", said_of(outcome), after=outcome.after)
    kinds: dict[type[object], Kind] = {Refused: "refused", LockedOut: "locked", Unknown: "unknown"}
    return Reply(kinds[type(outcome)], said_of(outcome))


def said_of(outcome: Outcome) -> str:
    """What is told to a person: the service's words, else ours."""
    why = outcome.code if isinstance(outcome, Refused) else getattr(outcome, "why", "")
    return outcome.said or why
