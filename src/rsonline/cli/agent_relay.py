"""`rsonline agent relay`: listen for an older program of the hospital (SR-56)."""

import asyncio

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened


@agent.command()
def relay(config: ConfigOption = AGENT_TOML) -> None:
    """Dengarkan program lama yang memakai protokol petunjuk teknis; simpan dahulu, agen yang mengantar."""
    from rsonline.hospital.assembly import client_of
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.listening import server
    from rsonline.hospital.relay import Relay
    from rsonline.hospital.source import SourceError, password

    settings = configured(config)
    if settings.relay is None:
        typer.echo("relay: tabel [relay] tidak ada di konfigurasi", err=True)
        raise typer.Exit(2)
    with failing(SourceError, ConfigError), opened(settings) as outbox:
        given = password(settings.relay.password_file)
        if len(given) < 16:
            typer.echo("relay.password_file: kata sandi relai sedikitnya 16 huruf", err=True)
            raise typer.Exit(2)
        client = client_of(settings)
        place = settings.relay
        served = server(
            Relay(settings, given, outbox, client).app(), host=place.host, port=place.port, allow=place.allow
        )
        typer.echo(f"Relai mendengarkan di {settings.relay.host}:{settings.relay.port}. Ctrl-C untuk berhenti.")

        async def serve() -> None:
            try:
                await served.serve()
            finally:
                await client.close()

        asyncio.run(serve())
