"""`rsonline agent reconcile`: the hospital's data beside what the service holds; heals after one confirmation."""

import json
import threading
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened
from rsonline.cli.line import Lang, say

_SHOWN = 50
_WORDS = {
    "missing": ("belum ada di layanan", "not at the service yet"),
    "different": ("isinya berbeda", "content differs"),
    "extra": ("hanya ada di layanan", "at the service only"),
    "double": ("ganda di layanan", "double at the service"),
}


@agent.command()
def reconcile(
    config: ConfigOption = AGENT_TOML,
    days: Annotated[int, typer.Option(help="Sekian hari terakhir, dengan hari ini.", min=1, max=366)] = 30,
    feed: Annotated[str, typer.Option(help="Hanya sumber data ini.", show_default=False)] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Perbaiki tanpa bertanya.")] = False,
    lang: Lang = "id",
    as_json: Annotated[
        bool, typer.Option("--json", help="Satu dokumen JSON; tidak memperbaiki kecuali --yes.")
    ] = False,
) -> None:
    """Bandingkan data rumah sakit dengan isi layanan, daftar yang hilang, ganda dan berbeda, perbaiki bila disetujui.

    Kode 0: sama atau sudah diperbaiki, 2: masih ada beda, 1: gagal.
    """
    from rsonline.hospital.client import Client
    from rsonline.hospital.outbox import OutboxFull
    from rsonline.hospital.outcome import Accepted, Failed
    from rsonline.hospital.reconcile import Window, compare, heal
    from rsonline.hospital.source import Source, SourceError, password
    from rsonline.hospital.words import many

    settings = configured(config, lang)
    today = datetime.now(settings.zone).date()
    window = Window(today - timedelta(days=days - 1), today)
    with failing(SourceError, OutboxFull, Failed, ValueError, OSError, lang=lang), opened(settings, lang) as outbox:
        client = Client(
            settings.address,
            settings.code,
            password(settings.password_file),
            zone=settings.zone.key,
            ca_file=settings.ca_file,
        )
        source = Source(settings)
        with client:
            try:
                source.prove_read_only()
                compared = [
                    compare(settings, each, source, client, outbox, window)
                    for each in settings.feeds
                    if not feed or each.name == feed
                ]
            finally:
                source.close()
            found = [each for one in compared for each in one.differences]
            if not as_json:
                _show(compared, found, window.first, window.last, lang)
            asked = say(lang, f"Perbaiki {len(found)} beda ini?", f"Heal {many(len(found), 'difference')}?")
            healed = bool(found) and (yes or (not as_json and typer.confirm(asked)))
            failed: list[str] = []
            queued = 0
            if healed:
                reports = {each.report.name: each.report for each in settings.feeds}
                queued = heal(
                    found,
                    outbox,
                    client,
                    reports,
                    lambda each, outcome: None if isinstance(outcome, Accepted) else failed.append(each.called),
                )
    left = _delivered(config, lang) if healed and queued else 0
    if as_json:
        said: dict[str, Any] = {
            "from": window.first.isoformat(),
            "to": window.last.isoformat(),
            "feeds": [{**one._asdict(), "differences": [_told(each) for each in one.differences]} for one in compared],
            "healed": healed,
            "not_removed": len(failed),
            "not_delivered": left,
        }
        typer.echo(json.dumps(said, ensure_ascii=False))
    elif healed:
        done = len(found) - len(failed) - left
        typer.echo(say(lang, f"{done} diperbaiki.", f"{done} healed."))
        for each in failed:
            text = say(lang, f"Tidak dapat dihapus di layanan: {each}", f"Cannot be removed at the service: {each}")
            typer.echo(text, err=True)
        if left:
            text = say(
                lang,
                f"{left} masih menunggu di antrean; agen yang berjalan mengantarnya.",
                f"{left} still waiting in the outbox; the agent that runs delivers it.",
            )
            typer.echo(text, err=True)
    raise typer.Exit(0 if not found or (healed and not failed and not left) else 2)


def _told(each: Any) -> dict[str, str | None]:
    return {"what": each.what, "report": each.report, "called": each.called, "number": each.number}


def _show(compared: list[Any], found: list[Any], first: date, last: date, lang: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = (
        ("Feed", "At the hospital", "At the service", "Under way")
        if lang == "en"
        else ("Sumber", "Di rumah sakit", "Di layanan", "Sedang dikirim")
    )
    table = Table(*columns, *(say(lang, *words).capitalize() for words in _WORDS.values()))
    for one in compared:
        many = Counter(each.what for each in one.differences)
        table.add_row(
            one.feed, str(one.source), str(one.service), str(one.on_the_way), *(str(many[what]) for what in _WORDS)
        )
    console.print(f"{first.isoformat()} {say(lang, 'sampai', 'to')} {last.isoformat()}")
    console.print(table)
    for each in found[:_SHOWN]:
        console.print(Text(f"  {each.report}: {each.called}: {say(lang, *_WORDS[each.what])}"))
    if len(found) > _SHOWN:
        more = len(found) - _SHOWN
        console.print(say(lang, f"  … dan {more} lagi (lihat --json)", f"  … and {more} more (see --json)"))


def _delivered(config: Any, lang: str) -> int:
    """Deliver what was put into the outbox, unless an agent runs that does; how much has not arrived."""
    from rsonline.hospital.assembly import Running, agent_of

    settings = configured(config, lang)
    over = threading.Event()
    try:
        with agent_of(settings, show=lambda agent, troubles: None) as running:
            for _ in range(120):
                if not sum(counts.waiting + counts.sent for counts in running.outbox.counts()):
                    break
                if not running.deliver():
                    over.wait(0.5)
            left: int = running.outbox.size()[0]
    except Running:
        with opened(settings, lang) as outbox:
            left = outbox.size()[0]
    return left
