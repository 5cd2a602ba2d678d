"""`rsonline agent relay`: listen for an older program of the hospital (SR-56)."""

import asyncio

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened

AT_ONCE = 64
"""Requests at the same time; beyond it the answer is 503."""


@agent.command()
def relay(config: ConfigOption = AGENT_TOML) -> None:
    """Dengarkan program lama yang memakai protokol petunjuk teknis; simpan dahulu, agen yang mengantar."""
    import uvicorn

    from rsonline.hospital.assembly import client_of
    from rsonline.hospital.config import ConfigError
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
        served = uvicorn.Config(
            Relay(settings, given, outbox, client).app(),
            host=settings.relay.host,
            port=settings.relay.port,
            http="h11",
            loop="asyncio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=32 * 1024,
        )
        typer.echo(f"Relai mendengarkan di {settings.relay.host}:{settings.relay.port}. Ctrl-C untuk berhenti.")

        async def serve() -> None:
            try:
                await uvicorn.Server(served).serve()
            finally:
                await client.close()

        asyncio.run(serve())
