"""`rsonline agent …`: run the agent, and decide about what it cannot decide itself."""

import json
import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from rsonline.cli import app, failing
from rsonline.cli.line import AsJson, Lang, say, wrong

if TYPE_CHECKING:
    from rich.console import Console

    from rsonline.cli.agent_progress import Moved
    from rsonline.hospital.agent import Agent
    from rsonline.hospital.alarm import Trouble
    from rsonline.hospital.config import Config
    from rsonline.hospital.messages import Refused
    from rsonline.hospital.outbox import Outbox

agent = typer.Typer(no_args_is_help=True, help="Agen: membaca basis data rumah sakit dan mengantar laporan.")
app.add_typer(agent, name="agent")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="Berkas konfigurasi agen.", envvar="RSONLINE_AGENT")]
AGENT_TOML = Path("agent.toml")
_log = logging.getLogger("rsonline.agent")


def configured(path: Path, lang: str) -> "Config":
    """The configuration; end the command with a clear text where it cannot be used."""
    from rsonline.hospital.config import ConfigError, load

    with failing(ConfigError, lang=lang):
        return load(path)


@contextmanager
def opened(config: "Config", lang: str) -> Iterator["Outbox"]:
    """The outbox of a configuration, closed at the end."""
    from rsonline.hospital.assembly import outbox_of
    from rsonline.hospital.outbox_form import OutboxError
    from rsonline.hospital.sealed import KeyFileError

    with failing(KeyFileError, OutboxError, OSError, sqlite3.OperationalError, lang=lang):
        outbox = outbox_of(config)
        try:
            yield outbox
        finally:
            outbox.close()


@agent.command()
def run(
    config: ConfigOption = AGENT_TOML,
    once: Annotated[
        bool, typer.Option("--once", help="Baca semua sekali, antar sampai habis atau macet, lalu selesai.")
    ] = False,
    lang: Lang = "id",
) -> None:
    """Jalankan agen sampai dihentikan (Ctrl-C)."""
    from rsonline.cli.agent_progress import first_load
    from rsonline.hospital import sight
    from rsonline.hospital.assembly import Running, agent_of
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.outbox_form import OutboxError
    from rsonline.hospital.sealed import KeyFileError
    from rsonline.hospital.source import SourceError
    from rsonline.hospital.words import many

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    # A line for each request would fill a disk, and its addresses are nobody's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = configured(config, lang)
    over = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        over.set()

    # SIGBREAK is how a console of Windows is told to close.
    for each in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, each):
            signal.signal(getattr(signal, each), stop)
    told = _Told(lang)

    def show(running: "Agent", troubles: "list[Trouble]") -> None:
        told.tell(troubles)
        sight.written(running, troubles)

    with (
        failing(ConfigError, SourceError, KeyFileError, OutboxError, Running, OSError, lang=lang),
        agent_of(settings, show=show) as running,
    ):
        feeds = len(settings.feeds)
        text = say(
            lang,
            f"agen rumah sakit {settings.code} berjalan, {feeds} sumber data",
            f"the agent of hospital {settings.code} runs, {many(feeds, 'feed')}",
        )
        _log.info("%s", text)
        with first_load(running.outbox, lang=lang) as moved:
            if once:
                raise typer.Exit(_once(running, over, moved, lang))

            def wait(seconds: float) -> bool:
                moved("")
                return over.wait(seconds)

            running.run(wait)
    _log.info("%s", say(lang, "agen berhenti", "the agent has stopped"))


class _Told:
    """What was last written to the log of what is wrong: each trouble once, and its end."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._known: dict[str, str] = {}

    def tell(self, troubles: "list[Trouble]") -> None:
        there = {each.name: each for each in troubles}
        for name, each in there.items():
            if self._known.get(name) != each.level:
                level = logging.ERROR if each.level == "critical" else logging.WARNING
                _log.log(level, "%s", say(self._lang, *each.text))
        for name in self._known.keys() - there.keys():
            _log.info("%s: %s", say(self._lang, "pulih", "over"), name)
        self._known = {name: each.level for name, each in there.items()}


def _once(running: "Agent", over: threading.Event, moved: "Moved", lang: str) -> int:
    """Read every feed once and deliver until nothing is left or nothing moves: 0, 2 where something is left."""
    from rsonline.hospital.sight import written

    try:
        for feed in running.config.feeds:
            moved(feed.name)
            running.read(feed)
        ends = time.monotonic() + 3600
        while running.outbox.size()[0] and time.monotonic() < ends and not over.is_set():
            left = sum(c.waiting + c.sent for c in running.outbox.counts())
            state = running.delivery.state
            if not left or state.locked_since is not None:
                break
            running.deliver()
            moved("")
            if state.away_since is not None and time.time() - state.away_since > 60:
                break
            over.wait(0.0 if state.away_since is None else 0.5)
    finally:
        moved("")
        running.close()
        written(running, running.troubles())
    faults = [r for r in running.readings.values() if r.fault or r.rejected or r.braked]
    left = running.outbox.size()[0]
    short = bool(faults) or running.full_since is not None
    if left:
        typer.echo(say(lang, f"Sisa antrean: {left}.", f"Left in the outbox: {left}."))
    elif short:
        typer.echo(
            say(
                lang,
                "Yang dapat dikirim sudah sampai, tetapi ada yang tidak dapat dibaca atau dikirim:"
                " lihat `rsonline agent status`.",
                "What can be sent has arrived, but not everything could be read or sent: see `rsonline agent status`.",
            )
        )
    else:
        typer.echo(say(lang, "Semua yang dapat dikirim sudah sampai.", "Everything that can be sent has arrived."))
    return 2 if left or short else 0


def console_of() -> "Console":
    """The terminal; what goes into a pipe or a file has a width in which nothing is cut."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=200)


@agent.command()
def refused(
    config: ConfigOption = AGENT_TOML,
    lang: Lang = "id",
    as_json: AsJson = False,
) -> None:
    """Daftar pesan yang ditolak layanan dan baris yang tidak dapat dikirim, dengan alasannya."""
    from rich.table import Table
    from rich.text import Text

    with opened(configured(config, lang), lang) as outbox:
        aside, rows = outbox.set_aside(), outbox.rejected()
    if as_json:
        messages = [
            {"id": m.id, "report": m.report, "verb": m.verb, "key": _key(m), "said": m.said, "at": m.at} for m in aside
        ]
        typer.echo(json.dumps({"refused": messages, "rejected": [r._asdict() for r in rows]}, ensure_ascii=False))
        return
    console = console_of()
    if not aside and not rows:
        console.print(say(lang, "Tidak ada yang ditolak.", "Nothing is refused."))
        return
    if aside:
        columns: tuple[str, ...] = (
            ("Number", "Report", "Which", "Since", "The service says")
            if lang == "en"
            else ("Nomor", "Laporan", "Yang mana", "Sejak", "Kata layanan")
        )
        table = Table(*columns, title=say(lang, "Ditolak layanan", "Refused by the service"), title_justify="left")
        for each in aside:
            table.add_row(str(each.id), each.report, Text(_key(each)), _moment(each.at), Text(each.said))
        console.print(table)
        console.print(
            say(
                lang,
                "Kirim ulang: rsonline agent resend NOMOR; buang: rsonline agent discard NOMOR",
                "Send again: rsonline agent resend NUMBER; give up: rsonline agent discard NUMBER",
            )
        )
    if rows:
        columns = ("Feed", "Since", "What is wrong") if lang == "en" else ("Sumber", "Sejak", "Yang salah")
        title = say(lang, "Baris yang tidak dapat dikirim", "Rows that cannot be sent")
        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(row.feed, _moment(row.at), Text(row.said))
        console.print(table)
        console.print(
            say(
                lang,
                "Perbaiki di SIMRS; baris yang sudah benar dikirim sendiri.",
                "Correct them in the SIMRS; a row that is right is sent by itself.",
            )
        )


def _key(message: "Refused") -> str:
    from rsonline.hospital.identity import called
    from rsonline.reports import REPORTS

    report = next(r for r in REPORTS if r.name == message.report)
    return called(report, message.body)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


NumberArgument = Annotated[int, typer.Argument(help="Nomor dari `rsonline agent refused`.", show_default=False)]


@agent.command()
def resend(number: NumberArgument, config: ConfigOption = AGENT_TOML, lang: Lang = "id") -> None:
    """Kirim ulang satu pesan yang ditolak."""
    with opened(configured(config, lang), lang) as outbox:
        done = outbox.resend(number)
    text = say(lang, f"Pesan {number} akan dikirim ulang.", f"Message {number} will be sent again.")
    _said(done, text, number, lang)


@agent.command()
def discard(
    number: NumberArgument,
    config: ConfigOption = AGENT_TOML,
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya.")] = False,
    lang: Lang = "id",
) -> None:
    """Buang satu pesan yang ditolak; isinya dikirim lagi bila data rumah sakit berubah."""
    if not yes and not typer.confirm(say(lang, f"Buang pesan {number}?", f"Give message {number} up?")):
        raise typer.Exit(1)
    with opened(configured(config, lang), lang) as outbox:
        done = outbox.discard(number)
    _said(done, say(lang, f"Pesan {number} dibuang.", f"Message {number} is given up."), number, lang)


def _said(done: bool, text: str, number: int, lang: str) -> None:
    if not done:
        raise wrong(say(lang, f"Tidak ada pesan {number} yang ditolak.", f"There is no refused message {number}."))
    typer.echo(text)


@agent.command("allow-removals")
def allow_removals(
    feed: Annotated[str, typer.Argument(help="Nama sumber data.", show_default=False)],
    config: ConfigOption = AGENT_TOML,
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya.")] = False,
    lang: Lang = "id",
) -> None:
    """Pastikan bahwa yang hilang dari satu sumber data memang harus dihapus di layanan."""
    settings = configured(config, lang)
    if feed not in {each.name for each in settings.feeds if each.snapshot}:
        raise wrong(
            say(
                lang,
                f"{feed!r} bukan sumber data potret (snapshot) pada konfigurasi.",
                f"{feed!r} is no snapshot feed of the configuration.",
            )
        )
    asked = say(
        lang,
        f"Hapus di layanan semua {feed} yang sudah tidak ada di rumah sakit?",
        f"Remove at the service all {feed} that the hospital no longer has?",
    )
    if not yes and not typer.confirm(asked):
        raise typer.Exit(1)
    with opened(settings, lang) as outbox:
        outbox.consent(feed)
    typer.echo(say(lang, "Dicatat; pembacaan berikutnya menghapusnya.", "Noted; the next reading removes them."))
