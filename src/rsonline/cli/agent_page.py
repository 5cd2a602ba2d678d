"""`rsonline agent page`: the agent's own page, on this machine only."""

import asyncio
from typing import Annotated

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened
from rsonline.cli.agent_status import standing_of
from rsonline.cli.line import Lang, say


@agent.command()
def page(
    config: ConfigOption = AGENT_TOML,
    port: Annotated[int, typer.Option(help="Porta di mesin ini (127.0.0.1).", min=1, max=65535)] = 8322,
    lang: Lang = "id",
) -> None:
    """Buka halaman keadaan agen di mesin ini: yang menunggu, yang ditolak, kirim ulang, buang."""
    from rsonline.hospital.listening import Limits, server
    from rsonline.hospital.page import KEY_FILE, Page, key_of

    settings = configured(config, lang)
    with failing(OSError, lang=lang), opened(settings, lang) as outbox:
        key = key_of(settings.folder)
        app = Page(key, outbox, lambda: standing_of(settings, lang), lang=lang).app()
        served = server(app, host="127.0.0.1", port=port, allow=("127.0.0.1",), limits=Limits(connections=32))
        address, file = f"http://127.0.0.1:{port}/", settings.folder / KEY_FILE
        typer.echo(say(lang, f"Halaman: {address}  Kuncinya di {file}", f"Page: {address}  Its key is in {file}"))
        asyncio.run(served.serve())
