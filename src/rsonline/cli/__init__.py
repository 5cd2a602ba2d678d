"""The `rsonline` command. Texts for people are Indonesian; parts that need the server are loaded when they are used."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from rsonline import __version__
from rsonline.settings import Settings, SettingsError, load
from rsonline.store.database import Database

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder basis data tertanam dan kunci (bawaan: ./data).", show_default=False),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", help="URL basis data (bawaan: SQLite di folder data).", show_default=False),
]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", help="Berkas kunci induk (bawaan: keys.json di folder data).", show_default=False),
]


def settings_help() -> str:
    """One line for each setting, for `rsonline serve --help`."""
    lines = [
        "Setelan: variabel lingkungan, atau kunci huruf kecil tanpa RSONLINE_ di berkas TOML (RSONLINE_CONFIG).",
        "",
    ]
    for each in fields(Settings):
        default = each.default if not isinstance(each.default, tuple) else ",".join(each.default)
        lines += [f"RSONLINE_{each.name.upper()} = {default!s}: {each.metadata['help']}", ""]
    return "\n".join(lines)


app = typer.Typer(
    name="rsonline",
    help="RS Online versi 3: layanan web, aplikasi, dan sisi rumah sakit.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def settings_of(data: Path | None, database: str | None, **more: object) -> Settings:
    """The settings with what the command line said; end the command with a clear text where they cannot be used."""
    try:
        return load({"data": data, "database": database, **more})
    except SettingsError as error:
        typer.echo(f"Setelan tidak dapat dipakai: {error}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def failing(*errors: type[Exception], lang: str = "id") -> Iterator[None]:
    """End the command with the text of such an error, in the language asked for where it has both."""
    try:
        yield
    except errors as error:
        from rsonline.hospital.words import spoken, words_of

        typer.echo(spoken(words_of(error), lang), err=True)
        raise typer.Exit(1) from None


def standing(data: Path | None, database: str | None, **more: object) -> Database:
    """The database of the settings; end the command with a clear text where there is none in this release's form."""
    from rsonline.store.migrate import MigrationError, require

    place = settings_of(data, database, **more).place
    with failing(MigrationError):
        require(place)
    return place


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rsonline {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tampilkan versi.")
    ] = False,
) -> None:
    """RS Online versi 3: layanan web, aplikasi, dan sisi rumah sakit."""


@app.command(epilog=settings_help())
def serve(
    host: Annotated[
        str | None, typer.Option(help="Alamat tempat mendengar (bawaan: 127.0.0.1).", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="Porta tempat mendengar (bawaan: 8080).", show_default=False)] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Jalankan layanan. Basis data dibuat atau diperbarui bila perlu."""
    from rsonline.app import run
    from rsonline.store.change import Broken
    from rsonline.store.keys import KeysError
    from rsonline.store.migrate import MigrationError

    settings = settings_of(data, database, host=host, port=port)
    try:
        run(settings)
    except (MigrationError, KeysError, Broken, OSError, ValueError) as error:
        typer.echo(f"Layanan tidak dapat dijalankan: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def migrate(
    service_role: Annotated[
        str | None,
        typer.Option(
            help="Beri peran PostgreSQL ini hak yang dibutuhkan layanan; jurnal hanya ditambah dan dibaca.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Buat basis data, atau perbarui ke bentuk rilis ini."""
    from rsonline.store import audit
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError
    from rsonline.store.migrate import MigrationError, grant, upgrade
    from rsonline.store.schema import HEAD

    place = settings_of(data, database, keys=keys).place
    if service_role is not None and place.embedded:
        typer.echo("--service-role hanya untuk PostgreSQL.", err=True)
        raise typer.Exit(2)
    with failing(MigrationError, KeysError):
        before = upgrade(place)
    if service_role is not None:
        with transaction(place) as access:
            grant(access.connection, service_role)
            audit.note_change(access, "role", [service_role], "grant", {})
    typer.echo(
        f"Basis data sudah pada revisi {HEAD}."
        if before == HEAD
        else f"Basis data diperbarui dari {before or 'kosong'} ke {HEAD}."
    )


@app.command()
def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Hapus data peragaan dan mulai dari awal.")] = False,
    data: Annotated[Path, typer.Option(help="Folder data peragaan.")] = Path(".demo"),
    port: Annotated[int, typer.Option(help="Porta tempat mendengar.")] = 8080,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tanpa simulator yang terus mengirim laporan.")] = False,
    code: Annotated[
        str | None,
        typer.Option(help="Tampilkan kode faktor kedua pengguna peragaan ini, lalu selesai.", show_default=False),
    ] = None,
) -> None:
    """Jalankan layanan dengan rumah sakit, riwayat, pengguna dan pengirim tiruan."""
    if code is not None:
        from rsonline.demo.people import code_now

        typer.echo(code_now(data, code) or f"Tidak ada pengguna peragaan {code} di {data}.", err=False)
        raise typer.Exit(0)
    from rsonline.demo import run

    raise typer.Exit(run(data, port=port, reset=reset, simulate=not quiet))


def main() -> None:
    """The entry point of the `rsonline` command."""
    try:
        app()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rsonline":
            raise
        part = "agent" if sys.argv[1:2] == ["agent"] else "server"
        typer.echo(
            f"Perintah ini membutuhkan bagian {part} ({error.name} tidak terpasang): pip install 'rsonline[{part}]'",
            err=True,
        )
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe went away; that is no fault of ours. Keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


from rsonline.cli import (  # noqa: E402 (they add their commands to `app`)
    account,
    agent,
    agent_page,
    agent_preview,
    agent_reconcile,
    agent_relay,
    agent_setup,
    agent_status,
    ask,
    care,
    doctor,
    evidence,
    hospital,
    journal,
    keys,
    parquet,
    quiet,
    receipt,
    reference,
    retention,
    send,
    show,
    signing,
    user,
)

__all__ = [
    "account",
    "agent",
    "agent_page",
    "agent_preview",
    "agent_reconcile",
    "agent_relay",
    "agent_setup",
    "agent_status",
    "app",
    "ask",
    "care",
    "doctor",
    "evidence",
    "hospital",
    "journal",
    "keys",
    "main",
    "parquet",
    "quiet",
    "receipt",
    "reference",
    "retention",
    "send",
    "show",
    "signing",
    "user",
]
