"""The agent's loop: read what is due, keep what changed, deliver, and say how it stands.

Reading and delivering take turns in one thread. Nothing here ends the loop but the person who stops it and an account
that may write: a source that is away, a service that is away, a full disk and an alarm that cannot be told are
troubles, which are shown, told, and over when they are over.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rsonline.hospital.alarm import Alarms, Trouble
from rsonline.hospital.collect import Braked, collect
from rsonline.hospital.config import Config, Feed
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.outbox import Outbox, OutboxFull
from rsonline.hospital.source import Source, SourceError, Writable
from rsonline.hospital.words import as_is, duration, many
from rsonline.reports.verdict import Words

IDLE: Final = 1.0
"""Seconds between two rounds while there is nothing to do."""
RETRY: Final = 30.0
"""Seconds after which a feed that could not be read is read again, or sooner where it is due sooner."""
LOOK: Final = 5.0
"""Seconds between two looks at how it stands; an alarm is no later than that."""
TIDY: Final = 3600.0


@dataclass(slots=True)
class Reading:
    """How a feed was read last. Times in seconds since 1970."""

    due: float = 0.0
    read: float | None = None
    rows: int = 0
    rejected: int = 0
    braked: Braked | None = None
    fault: Words | None = None
    since: float | None = None
    """Since when it cannot be read."""


@dataclass(slots=True)
class Agent:
    """Reads the feeds of a configuration into an outbox and delivers it. Used from one thread."""

    config: Config
    outbox: Outbox
    delivery: Delivery
    alarms: Alarms
    show: Callable[["Agent", list[Trouble]], None] = lambda agent, troubles: None
    """Called every few seconds with what is wrong; may raise OSError, which becomes a trouble itself."""
    clock: Callable[[], float] = time.time
    readings: dict[str, Reading] = field(default_factory=dict)
    full_since: float | None = None
    """Since when nothing more can be kept."""
    full: Words | None = None
    """Why nothing more can be kept."""
    blind: str = ""
    """Why the last look could not be written down."""
    begun: float = field(init=False)
    over: bool = False
    """It was ended by a person."""
    _source: Source | None = None
    _looked: float = 0.0
    _tidied: float = 0.0

    def __post_init__(self) -> None:
        self.begun = self.clock()
        for feed in self.config.feeds:
            self.readings.setdefault(feed.name, Reading())

    def run(self, wait: Callable[[float], bool]) -> None:
        """Go on until `wait`, called with seconds, says that it is over. Raises Writable."""
        try:
            while not wait(0.0 if self.step() else IDLE):
                pass
        finally:
            self.close()

    def step(self) -> int:
        """One round: deliver, read what is due, look; how much there was to do. Raises Writable."""
        done = self.deliver() + self._read()
        now = self.clock()
        if now - self._looked >= LOOK:
            self._looked = now
            self.look()
        if now - self._tidied >= TIDY:
            self._tidied = now
            self._kept(self.outbox.purge)
        return done

    def close(self) -> None:
        """Give the connection to the source back, and say for the last time how it stands."""
        self.over = True
        self.look()
        if self._source is not None:
            self._source.close()
            self._source = None

    def look(self) -> None:
        """Show how it stands and tell what is wrong."""
        troubles = self.troubles()
        try:
            self.show(self, troubles)
            self.blind = ""
        except OSError as error:
            self.blind = f"{type(error).__name__}: {error.strerror}"
        self.alarms.tell(troubles)

    def deliver(self) -> int:
        """Send what is due; how many messages were tried."""
        tried = 0

        def deliver() -> None:
            nonlocal tried
            tried = self.delivery.step()

        self._kept(deliver)
        return tried

    def _read(self) -> int:
        """Read one feed that is due: others have their turn after the next delivery."""
        now = self.clock()
        due = [feed for feed in self.config.feeds if self.readings[feed.name].due <= now]
        if not due:
            return 0
        self.read(min(due, key=lambda each: self.readings[each.name].due))
        return 1

    def read(self, feed: Feed) -> None:
        """Read a feed now and keep what changed. Raises Writable."""
        now, reading = self.clock(), self.readings[feed.name]
        reading.due = now + min(feed.every, RETRY)

        def read() -> None:
            found = collect(
                self.config, feed, self._connected(), self.outbox, allow_removals=self.outbox.consented(feed.name)
            )
            reading.due = now + feed.every
            reading.read, reading.fault, reading.since = self.clock(), None, None
            reading.rows, reading.rejected, reading.braked = found.rows, found.rejected, found.braked

        try:
            if self._kept(read):
                self.full_since, self.full = None, None
        except Writable:
            raise
        except SourceError as error:
            reading.fault, reading.since = error.words, reading.since or now

    def _connected(self) -> Source:
        """The source, proven to be read only. Raises SourceError, Writable."""
        if self._source is None:
            source = Source(self.config)
            try:
                source.prove_read_only()
            except SourceError:
                source.close()
                raise
            self._source = source
        return self._source

    def _kept(self, work: Callable[[], object]) -> bool:
        """Do what writes the outbox; where nothing can be written, that is a trouble and not the end."""
        try:
            work()
        except OutboxFull as error:
            self.full_since, self.full = self.full_since or self.clock(), error.words
            return False
        except sqlite3.OperationalError as error:
            # A full disk, or a file that another program holds too long: nothing was written, nothing is lost.
            self.full_since, self.full = self.full_since or self.clock(), as_is(f"{self.outbox.path.name}: {error}")
            return False
        return True

    # ---- what is wrong

    def troubles(self) -> list[Trouble]:
        """What is wrong now, worst first, in words for a person at the hospital."""
        made = [*self._of_the_service(), *self._of_the_outbox()]
        for feed in self.config.feeds:
            made += self._of_a_feed(feed, self.readings[feed.name])
        return sorted(made, key=lambda each: each.level != "critical")

    def _of_the_service(self) -> list[Trouble]:
        state, made = self.delivery.state, list[Trouble]()
        if state.locked_since is not None:
            text = Words(
                "Layanan menolak kata sandi, jam atau alamat rumah sakit ini. Pengiriman berhenti;"
                " jalankan `rsonline doctor`.",
                "The service refuses the password, the clock or the address of this hospital. Nothing is delivered;"
                " run `rsonline doctor`.",
            )
            made.append(Trouble("locked", "critical", text, state.locked_since))
        if state.away_since is not None:
            text = Words("Layanan tidak menjawab dengan benar", "The service does not answer as it should")
            made += self._waiting("away", text, state.away_since)
        if self.blind:
            text = Words(
                f"Keadaan agen tidak dapat ditulis: {self.blind}",
                f"How the agent stands cannot be written: {self.blind}",
            )
            made.append(Trouble("blind", "warning", text, self.clock()))
        return made

    def _of_the_outbox(self) -> list[Trouble]:
        made: list[Trouble] = []
        if self.full_since is not None and self.full is not None:
            text = Words(
                "Antrean tidak dapat menampung lagi; data rumah sakit tidak dibaca sampai ada tempat."
                f" ({self.full.id})",
                f"The outbox can hold no more; the hospital's data is not read until there is room. ({self.full.en})",
            )
            made.append(Trouble("full", "critical", text, self.full_since))
        for counts in self.outbox.counts():
            if counts.oldest is not None:
                left = counts.waiting + counts.sent
                text = Words(
                    f"{left} pesan {counts.report} menunggu dikirim",
                    f"{many(left, 'message')} of {counts.report} waiting to be sent",
                )
                made += self._waiting(f"waiting:{counts.report}", text, counts.oldest)
            if counts.refused:
                text = Words(
                    f"{counts.refused} pesan {counts.report} ditolak layanan. Lihat `rsonline agent refused`.",
                    f"{many(counts.refused, 'message')} of {counts.report} refused by the service."
                    " See `rsonline agent refused`.",
                )
                made.append(Trouble(f"refused:{counts.report}", "warning", text, self.clock()))
        return made

    def _of_a_feed(self, feed: Feed, reading: Reading) -> list[Trouble]:
        made: list[Trouble] = []
        if reading.since is not None and reading.fault is not None:
            text = Words(
                f"Data {feed.name} tidak dapat dibaca: {reading.fault.id}",
                f"The data of {feed.name} cannot be read: {reading.fault.en}",
            )
            made += self._waiting(f"source:{feed.name}", text, reading.since)
        if reading.braked is not None:
            gone, of = reading.braked
            text = Words(
                f"{gone} dari {of} {feed.name} hilang sekaligus dari data rumah sakit;"
                f" tidak dihapus sebelum ada yang memastikan: `rsonline agent allow-removals {feed.name}`.",
                f"{gone} of {of} {feed.name} went missing at once from the hospital's data;"
                f" not removed before somebody confirms it: `rsonline agent allow-removals {feed.name}`.",
            )
            made.append(Trouble(f"braked:{feed.name}", "critical", text, reading.read or self.clock()))
        if reading.rejected:
            text = Words(
                f"{reading.rejected} baris {feed.name} tidak dapat dikirim apa adanya. Lihat `rsonline agent refused`.",
                f"{many(reading.rejected, 'row')} of {feed.name} cannot be sent as is. See `rsonline agent refused`.",
            )
            made.append(Trouble(f"rejected:{feed.name}", "warning", text, self.clock()))
        return made

    def _waiting(self, name: str, text: Words, since: float) -> list[Trouble]:
        """A trouble that is one only when it lasts."""
        settings = self.config.alarm
        lasted = self.clock() - since
        told = Words(f"{text.id}, sejak {duration(lasted, 'id')}.", f"{text.en}, for {duration(lasted, 'en')}.")
        if lasted >= settings.critical_hours * 3600:
            return [Trouble(name, "critical", told, since)]
        if lasted >= settings.warn_minutes * 60:
            return [Trouble(name, "warning", told, since)]
        return []
