"""`rsonline agent relay`: listen for an older program of the hospital (SR-56)."""

import asyncio

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened
from rsonline.cli.line import Lang, say


@agent.command()
def relay(config: ConfigOption = AGENT_TOML, lang: Lang = "id") -> None:
    """Dengarkan program lama yang memakai protokol petunjuk teknis; simpan dahulu, agen yang mengantar."""
    from rsonline.hospital.assembly import client_of
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.listening import server
    from rsonline.hospital.relay import Relay
    from rsonline.hospital.source import SourceError, password

    settings = configured(config, lang)
    if settings.relay is None:
        text = say(lang, "relay: tabel [relay] tidak ada di konfigurasi", "relay: the configuration has no [relay]")
        typer.echo(text, err=True)
        raise typer.Exit(2)
    with failing(SourceError, ConfigError, lang=lang), opened(settings, lang) as outbox:
        given = password(settings.relay.password_file)
        if len(given) < 16:
            text = say(lang, "kata sandi relai sedikitnya 16 huruf", "the relay's password needs 16 characters or more")
            typer.echo(f"relay.password_file: {text}", err=True)
            raise typer.Exit(2)
        client = client_of(settings)
        place = settings.relay
        served = server(
            Relay(settings, given, outbox, client).app(), host=place.host, port=place.port, allow=place.allow
        )
        where = f"{place.host}:{place.port}"
        typer.echo(
            say(
                lang,
                f"Relai mendengarkan di {where}. Ctrl-C untuk berhenti.",
                f"The relay listens on {where}. Ctrl-C to stop.",
            )
        )

        async def serve() -> None:
            try:
                await served.serve()
            finally:
                await client.close()

        asyncio.run(serve())
