"""`rsonline agent preview` and `example`: what would be sent, and a database to try it on."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured
from rsonline.cli.line import Lang, say

if TYPE_CHECKING:
    from rsonline.hospital.config import Config

_COLUMNS = 8
"""Records with more members are shown upright."""


@agent.command("example")
def example_database(
    name: Annotated[str, typer.Argument(help="khanza atau mlite.")] = "khanza",
    lang: Lang = "id",
) -> None:
    """Cetak SQL basis data contoh berbentuk SIMRS (MariaDB/MySQL), untuk mencoba agen tanpa data nyata."""
    from rsonline.hospital.config import ConfigError, example

    with failing(ConfigError, lang=lang):
        typer.echo(example(name), nl=False)


@agent.command()
def preview(
    config: ConfigOption = AGENT_TOML,
    feed: Annotated[str, typer.Option(help="Hanya sumber data ini.", show_default=False)] = "",
    most: Annotated[int, typer.Option(help="Banyaknya baris per sumber.", min=1, max=1000)] = 5,
    lang: Lang = "id",
) -> None:
    """Uji sambungan ke SIMRS dan perlihatkan baris pertama sebagaimana akan dikirim. Tidak ada yang dikirim."""
    from rich.console import Console

    from rsonline.hospital.source import Source, SourceError
    from rsonline.hospital.words import many

    settings = configured(config, lang)
    console = Console()
    with failing(SourceError, lang=lang):
        source = Source(settings)
        try:
            tables = source.prove_read_only()
            console.print(
                say(
                    lang,
                    f"Akun basis data hanya dapat membaca ({tables} tabel dicoba).",
                    f"The database account can only read ({many(tables, 'table')} tried).",
                )
            )
            wrong = sum(
                previewed(console, settings, each, source, most, lang)
                for each in settings.feeds
                if not feed or each.name == feed
            )
        finally:
            source.close()
    raise typer.Exit(2 if wrong else 0)


def previewed(console: Any, config: "Config", feed: Any, source: Any, most: int, lang: str) -> int:
    """Show the first rows of a feed as they would be sent; how many of them could not be."""
    from rich.table import Table
    from rich.text import Text

    from rsonline.hospital.collect import preview as first
    from rsonline.hospital.words import many
    from rsonline.reports.report import members
    from rsonline.reports.wording import problem_text

    judged = list(first(config, feed, source, most))
    names = list(dict.fromkeys(name for row in judged for name in row.sent))
    personal = {m.name for m in members(feed.report.record) if m.personal}
    rows = say(lang, f"{len(judged)} baris pertama", f"the first {many(len(judged), 'row')}")
    title = f"{feed.name} -> {feed.report.name}: {rows}"
    odd, faulty = say(lang, "peringatan", "warnings"), say(lang, "salah", "wrong")
    faults = [Text("; ".join(say(lang, *problem_text(each, None)) for each in row.found)) for row in judged]
    # A terminal is seen by others, and its window is copied into messages.
    shown = [
        ["•••" if name in personal and row.sent.get(name) else str(row.sent.get(name, "")) for name in names]
        for row in judged
    ]
    if len(names) <= _COLUMNS:
        table = Table(*names, odd, faulty, title=title, title_justify="left")
        for row, cells, fault in zip(judged, shown, faults, strict=True):
            table.add_row(*(Text(cell) for cell in cells), ", ".join(row.warnings), fault)
    else:
        table = Table(
            say(lang, "isian", "member"),
            *(str(n) for n in range(1, len(judged) + 1)),
            title=title,
            title_justify="left",
        )
        for place, name in enumerate(names):
            table.add_row(name, *(Text(cells[place]) for cells in shown))
        table.add_row(odd, *(", ".join(row.warnings) for row in judged))
        table.add_row(faulty, *faults)
    console.print(table)
    return sum(bool(row.problems) for row in judged)
