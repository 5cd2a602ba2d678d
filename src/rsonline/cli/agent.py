"""`rsonline agent …`: run the agent, see how it stands, and decide about what it cannot decide itself."""

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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import app, failing

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


def configured(path: Path) -> "Config":
    """The configuration; end the command with a clear text where it cannot be used."""
    from rsonline.hospital.config import ConfigError, load

    with failing(ConfigError):
        return load(path)


@contextmanager
def opened(config: "Config") -> Iterator["Outbox"]:
    """The outbox of a configuration, closed at the end."""
    from rsonline.hospital.assembly import outbox_of
    from rsonline.hospital.outbox_form import OutboxError
    from rsonline.hospital.sealed import KeyFileError

    with failing(KeyFileError, OutboxError, OSError, sqlite3.OperationalError):
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
) -> None:
    """Jalankan agen sampai dihentikan (Ctrl-C)."""
    from rsonline.cli.agent_progress import first_load
    from rsonline.hospital import sight
    from rsonline.hospital.assembly import Running, agent_of
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.outbox_form import OutboxError
    from rsonline.hospital.sealed import KeyFileError
    from rsonline.hospital.source import SourceError

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    # A line for each request would fill a disk, and its addresses are nobody's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = configured(config)
    over = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        over.set()

    # SIGBREAK is how a console of Windows is told to close.
    for each in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, each):
            signal.signal(getattr(signal, each), stop)
    told = _Told()

    def show(running: "Agent", troubles: "list[Trouble]") -> None:
        told.tell(troubles)
        sight.written(running, troubles)

    with (
        failing(ConfigError, SourceError, KeyFileError, OutboxError, Running, OSError),
        agent_of(settings, show=show) as running,
    ):
        _log.info("agen rumah sakit %s berjalan, %d sumber data", settings.code, len(settings.feeds))
        with first_load(running.outbox) as moved:
            if once:
                raise typer.Exit(_once(running, over, moved))

            def wait(seconds: float) -> bool:
                moved("")
                return over.wait(seconds)

            running.run(wait)
    _log.info("agen berhenti")


class _Told:
    """What was last written to the log of what is wrong: each trouble once, and its end."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def tell(self, troubles: "list[Trouble]") -> None:
        there = {each.name: each for each in troubles}
        for name, each in there.items():
            if self._known.get(name) != each.level:
                _log.log(logging.ERROR if each.level == "critical" else logging.WARNING, "%s", each.text)
        for name in self._known.keys() - there.keys():
            _log.info("pulih: %s", name)
        self._known = {name: each.level for name, each in there.items()}


def _once(running: "Agent", over: threading.Event, moved: "Moved") -> int:
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
    typer.echo(f"Sisa antrean: {left}." if left else "Semua yang dapat dikirim sudah sampai.")
    return 2 if left or faults or running.full_since is not None else 0


@agent.command()
def status(
    config: ConfigOption = AGENT_TOML,
    as_json: Annotated[bool, typer.Option("--json", help="Satu dokumen JSON untuk program.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Perbarui terus sampai Ctrl-C.")] = False,
) -> None:
    """Perlihatkan yang menunggu, tertua, terakhir sampai, ditolak. Kode 0: baik, 2: masalah, 1: gawat."""
    from rich.live import Live

    settings = configured(config)
    if as_json:
        said = standing_of(settings)
        typer.echo(json.dumps(said, ensure_ascii=False))
        raise typer.Exit(_code(said))
    console = console_of()
    said = standing_of(settings)
    if not watch:
        console.print(pictured(said))
        raise typer.Exit(_code(said))
    try:
        with Live(pictured(said), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(2)
                live.update(pictured(standing_of(settings)), refresh=True)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def console_of() -> "Console":
    """The terminal; what goes into a pipe or a file has a width in which nothing is cut."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=200)


def _code(said: dict[str, Any]) -> int:
    return {"ok": 0, "warning": 2}.get(said["state"], 1)


def standing_of(config: "Config") -> dict[str, Any]:
    """How an agent stands: what it wrote last, with what its outbox holds now. `stopped` where it does not run."""
    from rsonline.hospital import sight

    with failing(OSError, ValueError):
        said = sight.told(config.health)
    if said is None:
        return {"hospital": config.code, "state": "stopped", "at": None, "reports": {}, "feeds": {}, "troubles": []}
    with opened(config) as outbox:
        said["reports"] = {counts.report: sight.counted(counts) for counts in outbox.counts()}
        said["waiting"], said["bytes"] = outbox.size()
    if not said["running"] or time.time() - said["at"] > sight.STALE:
        said["state"] = "stopped"
    return said


def pictured(said: dict[str, Any]) -> Any:
    """The standing as a table for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from rsonline.hospital.agent import duration

    now = time.time()

    def ago(then: float | None) -> str:
        return "-" if then is None else f"{duration(now - then)} lalu"

    words = {
        "ok": ("baik", "green"),
        "warning": ("ada masalah", "yellow"),
        "critical": ("gawat", "red"),
        "stopped": ("tidak berjalan", "red"),
    }
    text, colour = words[said["state"]]
    head = Text.assemble(f"Agen rumah sakit {said['hospital']}: ", (text, colour))
    reports = Table(
        "Laporan", "Menunggu", "Sedang dikirim", "Ditolak", "Tertua menunggu", "Terakhir berhasil", "Sampai"
    )
    for name, counts in said["reports"].items():
        reports.add_row(
            name,
            str(counts["waiting"]),
            str(counts["sent"]),
            str(counts["refused"]),
            "-" if counts["oldest"] is None else duration(now - counts["oldest"]),
            ago(counts["confirmed"]),
            str(counts["arrived"]),
        )
    feeds = Table("Sumber data", "Laporan", "Dibaca", "Baris", "Tidak dapat dikirim", "Kesalahan")
    for name, feed in said["feeds"].items():
        feeds.add_row(
            name, feed["report"], ago(feed["read"]), str(feed["rows"]), str(feed["rejected"]), Text(feed["fault"])
        )
    parts: list[Any] = [head, reports, feeds]
    for trouble in said["troubles"]:
        mark = ("GAWAT ", "red") if trouble["level"] == "critical" else ("Perhatian ", "yellow")
        parts.append(Text.assemble(mark, trouble["text"]))
    return Group(*parts)


@agent.command()
def refused(
    config: ConfigOption = AGENT_TOML,
    as_json: Annotated[bool, typer.Option("--json", help="Satu dokumen JSON untuk program.")] = False,
) -> None:
    """Daftar pesan yang ditolak layanan dan baris yang tidak dapat dikirim, dengan alasannya."""
    from rich.table import Table
    from rich.text import Text

    with opened(configured(config)) as outbox:
        aside, rows = outbox.set_aside(), outbox.rejected()
    if as_json:
        messages = [
            {"id": m.id, "report": m.report, "verb": m.verb, "key": _key(m), "said": m.said, "at": m.at} for m in aside
        ]
        typer.echo(json.dumps({"refused": messages, "rejected": [r._asdict() for r in rows]}, ensure_ascii=False))
        return
    console = console_of()
    if not aside and not rows:
        console.print("Tidak ada yang ditolak.")
        return
    if aside:
        columns = ("Nomor", "Laporan", "Yang mana", "Sejak", "Kata layanan")
        table = Table(*columns, title="Ditolak layanan", title_justify="left")
        for each in aside:
            table.add_row(str(each.id), each.report, Text(_key(each)), _moment(each.at), Text(each.said))
        console.print(table)
        console.print("Kirim ulang: rsonline agent resend NOMOR; buang: rsonline agent discard NOMOR")
    if rows:
        table = Table("Sumber", "Sejak", "Yang salah", title="Baris yang tidak dapat dikirim", title_justify="left")
        for row in rows:
            table.add_row(row.feed, _moment(row.at), Text(row.said))
        console.print(table)
        console.print("Perbaiki di SIMRS; baris yang sudah benar dikirim sendiri.")


def _key(message: "Refused") -> str:
    from rsonline.hospital.identity import called
    from rsonline.reports import REPORTS

    report = next(r for r in REPORTS if r.name == message.report)
    return called(report, message.body)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


NumberArgument = Annotated[int, typer.Argument(help="Nomor dari `rsonline agent refused`.", show_default=False)]


@agent.command()
def resend(number: NumberArgument, config: ConfigOption = AGENT_TOML) -> None:
    """Kirim ulang satu pesan yang ditolak."""
    with opened(configured(config)) as outbox:
        done = outbox.resend(number)
    _said(done, f"Pesan {number} akan dikirim ulang.", number)


@agent.command()
def discard(
    number: NumberArgument,
    config: ConfigOption = AGENT_TOML,
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya.")] = False,
) -> None:
    """Buang satu pesan yang ditolak; isinya dikirim lagi bila data rumah sakit berubah."""
    if not yes and not typer.confirm(f"Buang pesan {number}?"):
        raise typer.Exit(1)
    with opened(configured(config)) as outbox:
        done = outbox.discard(number)
    _said(done, f"Pesan {number} dibuang.", number)


def _said(done: bool, text: str, number: int) -> None:
    if not done:
        typer.echo(f"Tidak ada pesan {number} yang ditolak.", err=True)
        raise typer.Exit(1)
    typer.echo(text)


@agent.command("allow-removals")
def allow_removals(
    feed: Annotated[str, typer.Argument(help="Nama sumber data.", show_default=False)],
    config: ConfigOption = AGENT_TOML,
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya.")] = False,
) -> None:
    """Pastikan bahwa yang hilang dari satu sumber data memang harus dihapus di layanan."""
    settings = configured(config)
    if feed not in {each.name for each in settings.feeds if each.snapshot}:
        typer.echo(f"{feed!r} bukan sumber data potret (snapshot) pada konfigurasi.", err=True)
        raise typer.Exit(1)
    if not yes and not typer.confirm(f"Hapus di layanan semua {feed} yang sudah tidak ada di rumah sakit?"):
        raise typer.Exit(1)
    with opened(settings) as outbox:
        outbox.consent(feed)
    typer.echo("Dicatat; pembacaan berikutnya menghapusnya.")
