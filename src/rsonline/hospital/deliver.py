"""Delivery: what is due goes out, and each answer decides what becomes of its message.

Never gives up on the network, on 5xx and on 429; sets aside at once what is refused for what it says; stops altogether
where the password is refused, and asks again every five minutes. Where nobody knows whether a message arrived, it is
sent again under the same number if the service knows such numbers, and read back first if it does not.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from rsonline.hospital.messages import Message
from rsonline.hospital.outbox import Outbox

FIRST, LONGEST = 1.0, 300.0
"""Seconds before the second try, and at most between two tries."""
PROBE = 300.0
"""Seconds between two tries while the password is refused."""
SPREAD = 60.0
"""After an outage the senders of the country begin within so many seconds, each at a time of its own."""
AT_ONCE = 300
"""Messages of a round: two commits of the outbox stand around it, whatever its size."""

Kind = Literal["accepted", "refused", "later", "locked", "unknown"]


class Reply(NamedTuple):
    """What became of a message. `number` is the service's number, `after` when it wants to be asked again.

    `later` says that it surely did not arrive; `unknown` that nobody knows.
    """

    kind: Kind
    said: str = ""
    number: str | None = None
    receipt: str | None = None
    after: float | None = None


class Sender(Protocol):
    """The way to the service."""

    @property
    def knows_once(self) -> bool:
        """Whether the service carries out the same number only once."""

    def send(self, messages: Sequence[Message]) -> list[Reply | None]:
        """Send each once, and say what became of it; None for what was not begun because another one went wrong.

        Never raises for what the network or the service does.
        """

    def find(self, message: Message) -> Reply:
        """Read back whether it is there: `accepted`, `later` where it is surely not, `unknown` where nobody knows."""


@dataclass(slots=True)
class State:
    """How delivery stands: what a status page shows and an alarm looks at. Times in seconds since 1970."""

    locked_since: float | None = None
    away_since: float | None = None
    said: str = ""
    last_accepted: float | None = None
    sent: int = 0


@dataclass(slots=True)
class Delivery:
    """Delivers one outbox. Used from one thread."""

    outbox: Outbox
    sender: Sender
    clock: Callable[[], float] = time.time
    draw: random.Random = field(default_factory=random.SystemRandom)
    state: State = field(default_factory=State)
    _begin: float | None = None
    _again: float = 0.0
    _misses: int = 0
    """Rounds in which nothing but failures came back, one after the other."""
    _missing: set[int] = field(default_factory=set)
    """The messages that failed in those rounds."""
    _failed: dict[int, int] = field(default_factory=dict)
    """How often each message failed that has not arrived."""

    def step(self) -> int:
        """Send what is due now; how many messages were tried. Call it again and again, at most once a second."""
        now = self.clock()
        if self._begin is None:
            # Whoever starts with old messages starts after an outage, together with everybody else.
            waited = max((now - c.oldest for c in self.outbox.counts() if c.oldest is not None), default=0.0)
            self._begin = now + (self.draw.uniform(0, SPREAD) if waited > SPREAD else 0.0)
        if now < max(self._begin, self._again):
            return 0
        # While nobody answers, one message finds out whether somebody does again.
        due = self.outbox.due(1 if self._misses or self.state.locked_since is not None else AT_ONCE)
        if not due:
            return 0
        wanted = self._read_back(due)
        if wanted is None:
            return 1
        # Whoever dies between here and the answer finds these messages as sent, and nobody sends them blindly again.
        self.outbox.begin([message.id for message in wanted])
        replies = self.sender.send(wanted)
        self.state.sent += sum(reply is not None for reply in replies)
        self._settle(list(zip(wanted, replies, strict=True)))
        return len(due)

    def _read_back(self, due: list[Message]) -> list[Message] | None:
        """What of it has to be sent; None where that cannot be found out now."""
        wanted: list[Message] = []
        for message in due:
            if message.state == "sent" and not self.sender.knows_once:
                found = self.sender.find(message)
                if found.kind == "accepted":
                    self.outbox.verified(message.id, number=found.number)
                    self._answered(message, accepted=True)
                    continue
                if found.kind != "later":
                    self._settle([(message, found)])
                    return None
            wanted.append(message)
        return wanted

    def _settle(self, told: list[tuple[Message, Reply | None]]) -> None:
        """Write down what became of a round, in one piece, then decide when the next one begins."""
        now = self.clock()
        wrong: list[tuple[Message, Reply]] = []
        with self.outbox.together():
            for message, reply in told:
                unsure = message.state == "sent"
                match reply:
                    case None:
                        self.outbox.later(message.id, now, unsent=not unsure)
                    case Reply("accepted"):
                        self.outbox.accepted(message.id, number=reply.number, receipt=reply.receipt)
                    case Reply("refused"):
                        self.outbox.refused(message.id, reply.said)
                    case _:
                        wrong.append((message, reply))
                        failed = self._failed[message.id] = self._failed.get(message.id, 0) + 1
                        again = now + (0.0 if reply.kind == "locked" else self._pause(failed))
                        self.outbox.later(message.id, again, unsent=not unsure and reply.kind != "unknown")
        # Only what is on the disk may be shown as arrived.
        for message, reply in told:
            if reply is not None and reply.kind in ("accepted", "refused"):
                self._answered(message, accepted=reply.kind == "accepted")
        if wrong:
            self._went_wrong(wrong)

    def _answered(self, message: Message, *, accepted: bool) -> None:
        """Somebody answered: nothing holds up the others."""
        self._failed.pop(message.id, None)
        self._misses = 0
        self._missing.clear()
        self._again = 0.0
        self.state.away_since = self.state.locked_since = None
        self.state.said = ""
        if accepted:
            self.state.last_accepted = self.clock()

    def _went_wrong(self, wrong: list[tuple[Message, Reply]]) -> None:
        now = self.clock()
        locked = next((reply for _, reply in wrong if reply.kind == "locked"), None)
        self.state.said = (locked or wrong[0][1]).said
        if locked is not None:
            self.state.locked_since = self.state.locked_since or now
            self._again = now + PROBE
            return
        self._misses += 1
        self._missing.update(message.id for message, _ in wrong)
        self.state.away_since = self.state.away_since or now
        # One message that always fails is no outage: what is new does not wait for it.
        misses = self._misses if len(self._missing) > 1 else 1
        self._again = now + max(self._pause(misses), *(reply.after or 0.0 for _, reply in wrong))

    def _pause(self, misses: int) -> float:
        """Full jitter: anything up to 1 s doubled with each miss, at most 300."""
        return self.draw.uniform(0, min(LONGEST, FIRST * 2 ** min(misses - 1, 20)))
