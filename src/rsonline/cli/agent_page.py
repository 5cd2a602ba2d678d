"""`rsonline agent page`: the agent's own page, on this machine only."""

import asyncio
from typing import Annotated

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured, opened, standing_of


@agent.command()
def page(
    config: ConfigOption = AGENT_TOML,
    port: Annotated[int, typer.Option(help="Porta di mesin ini (127.0.0.1).", min=1, max=65535)] = 8322,
) -> None:
    """Buka halaman keadaan agen di mesin ini: yang menunggu, yang ditolak, kirim ulang, buang."""
    import uvicorn

    from rsonline.hospital.page import KEY_FILE, Page, key_of

    settings = configured(config)
    with failing(OSError), opened(settings) as outbox:
        key = key_of(settings.folder)
        served = uvicorn.Config(
            Page(key, outbox, lambda: standing_of(settings)).app(),
            host="127.0.0.1",
            port=port,
            http="h11",
            loop="asyncio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=16,
        )
        typer.echo(f"Halaman: http://127.0.0.1:{port}/  Kuncinya di {settings.folder / KEY_FILE}")
        asyncio.run(uvicorn.Server(served).serve())
