"""`rsonline agent status`: how the agent stands, once or until it is stopped."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, console_of, opened
from rsonline.cli.line import AsJson, Lang, say

if TYPE_CHECKING:
    from rsonline.hospital.config import Config

_COLOURS = {"ok": "green", "warning": "yellow", "critical": "red", "stopped": "red"}


@agent.command()
def status(
    config: ConfigOption = AGENT_TOML,
    lang: Lang = "id",
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Perbarui terus sampai Ctrl-C.")] = False,
) -> None:
    """Perlihatkan yang menunggu, tertua, terakhir sampai, ditolak. Kode 0: baik, 2: masalah, 1: gawat."""
    from rich.live import Live

    settings = configured(config, lang)
    said = standing_of(settings, lang)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        raise typer.Exit(_code(said))
    console = console_of()
    if not watch:
        console.print(pictured(said, lang))
        raise typer.Exit(_code(said))
    try:
        with Live(pictured(said, lang), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(2)
                live.update(pictured(standing_of(settings, lang), lang), refresh=True)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _code(said: dict[str, Any]) -> int:
    return {"ok": 0, "warning": 2}.get(said["state"], 1)


def standing_of(config: "Config", lang: str) -> dict[str, Any]:
    """How an agent stands: what it wrote last, with what its outbox holds now. `stopped` where it does not run."""
    from rsonline.hospital import sight

    with failing(OSError, ValueError, lang=lang):
        said = sight.told(config.health)
    if said is None:
        return {"hospital": config.code, "state": "stopped", "at": None, "reports": {}, "feeds": {}, "troubles": []}
    with opened(config, lang) as outbox:
        said["reports"] = {counts.report: sight.counted(counts) for counts in outbox.counts()}
        said["waiting"], said["bytes"] = outbox.size()
    if not said["running"] or time.time() - said["at"] > sight.STALE:
        said["state"] = "stopped"
    return said


def pictured(said: dict[str, Any], lang: str) -> Any:
    """The standing as a table for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from rsonline.hospital.sight import STATES, text_in
    from rsonline.hospital.words import duration

    now = time.time()

    def ago(then: float | None) -> str:
        return "-" if then is None else duration(now - then, lang) + say(lang, " lalu", " ago")

    state = (say(lang, *STATES[said["state"]]), _COLOURS[said["state"]])
    hospital = said["hospital"]
    head = Text.assemble(say(lang, f"Agen rumah sakit {hospital}: ", f"Agent of hospital {hospital}: "), state)
    columns: tuple[str, ...] = (
        ("Report", "Waiting", "Under way", "Refused", "Oldest waiting", "Last accepted", "Arrived")
        if lang == "en"
        else ("Laporan", "Menunggu", "Sedang dikirim", "Ditolak", "Tertua menunggu", "Terakhir berhasil", "Sampai")
    )
    reports = Table(*columns)
    for name, counts in said["reports"].items():
        reports.add_row(
            name,
            str(counts["waiting"]),
            str(counts["sent"]),
            str(counts["refused"]),
            "-" if counts["oldest"] is None else duration(now - counts["oldest"], lang),
            ago(counts["confirmed"]),
            str(counts["arrived"]),
        )
    columns = (
        ("Feed", "Report", "Read", "Rows", "Cannot be sent", "Fault")
        if lang == "en"
        else ("Sumber data", "Laporan", "Dibaca", "Baris", "Tidak dapat dikirim", "Kesalahan")
    )
    feeds = Table(*columns)
    for name, feed in said["feeds"].items():
        fault = Text(text_in(feed, "fault", lang))
        feeds.add_row(name, feed["report"], ago(feed["read"]), str(feed["rows"]), str(feed["rejected"]), fault)
    parts: list[Any] = [head, reports, feeds]
    for trouble in said["troubles"]:
        critical = trouble["level"] == "critical"
        mark = (
            (say(lang, "GAWAT ", "CRITICAL "), "red") if critical else (say(lang, "Perhatian ", "Warning "), "yellow")
        )
        parts.append(Text.assemble(mark, text_in(trouble, "text", lang)))
    return Group(*parts)
