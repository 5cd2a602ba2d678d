"""An agent put together from its configuration: outbox, key, client, alarms; and the lock that keeps it alone."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rsonline.hospital import sealed, sight
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms, Trouble, ways_of
from rsonline.hospital.client import AsyncClient
from rsonline.hospital.config import Config, ConfigError
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.line import secret_of
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sender import Sending
from rsonline.hospital.source import SourceError, password
from rsonline.hospital.words import InWords, as_is
from rsonline.reports.verdict import Words


class Running(InWords):
    """Another agent runs on this folder."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the lock of a folder; the system gives it back when the process ends, however it ends. Raises Running."""
    # A database of nothing: its lock works alike on every system.
    with closing(sqlite3.connect(lock, isolation_level=None, timeout=0)) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise Running(
                Words(
                    f"Agen sudah berjalan pada folder {lock.parent}.",
                    f"An agent already runs on the folder {lock.parent}.",
                )
            ) from None
        yield


class PasswordFile:
    """The password of a file, read anew when the file changes: whoever corrects it need not restart anything.

    While the file cannot be read, or holds nothing, the last one goes on. Raises SourceError where there never was one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = password(path)
        self._at = path.stat().st_mtime_ns

    def __call__(self) -> str:
        """The password now."""
        try:
            at = self._path.stat().st_mtime_ns
            if at != self._at:
                self._known, self._at = secret_of(password(self._path)), at
        except (OSError, SourceError, ValueError):
            # Somebody is writing it; the next request looks again.
            return self._known
        return self._known


def outbox_of(config: Config) -> Outbox:
    """The outbox of a configuration, made where there is none. Raises KeyFileError, OutboxError, OSError."""
    sealed.create(config.key)
    return Outbox(
        config.outbox,
        sealed.read(config.key),
        most=config.most,
        most_bytes=config.most_bytes,
        least_free=config.least_free,
    )


def client_of(config: Config) -> AsyncClient:
    """The client of a configuration. Raises ConfigError."""
    try:
        return AsyncClient(
            config.address,
            config.code,
            PasswordFile(config.password_file),
            zone=config.zone.key,
            ca_file=config.ca_file,
        )
    except (ValueError, OSError) as error:
        raise ConfigError(as_is(f"hospital: {error}")) from None


@contextmanager
def agent_of(config: Config, *, show: Callable[[Agent, list[Trouble]], None] = sight.written) -> Iterator[Agent]:
    """The agent of a configuration, alone on its folder.

    Raises ConfigError, SourceError (the password's file), KeyFileError, OutboxError, OSError, Running.
    """
    with alone(config.lock):
        outbox = outbox_of(config)
        try:
            sending = Sending(client_of(config))
            try:
                yield Agent(
                    config=config,
                    outbox=outbox,
                    delivery=Delivery(outbox, sending),
                    alarms=Alarms(config.code, ways_of(config.alarm), lang=config.alarm.lang),
                    show=show,
                )
            finally:
                sending.close()
        finally:
            outbox.close()
