"""`rsonline hospital signing-key …`: keys by which a hospital's program signs its requests (SR-12)."""

from typing import Annotated

import typer

from rsonline.cli import DatabaseOption, DataOption
from rsonline.cli.hospital import Code, hospitals_app, on_hospitals


@hospitals_app.command("signing-key")
def signing_key(
    code: Code,
    at_once: Annotated[bool, typer.Option("--at-once", help="Akhiri kunci lama sekarang, bukan 72 jam lagi.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Buat kunci tanda tangan, ditampilkan sekali; yang lama berlaku 72 jam lagi."""
    from rsonline.login.passwords import generate
    from rsonline.store import signing

    text = on_hospitals(data, database, lambda access: signing.add(access, code, generate(), at_once=at_once))
    typer.echo(f"Kunci tanda tangan rumah sakit {code}, ditampilkan sekali ini saja:")
    typer.echo(text)
    typer.echo(
        "Taruh di berkas kata sandi program (SDK dan agen menandatangani sendiri), jangan dikirim sebagai X-pass.\n"
        f"Setelah dicoba: rsonline hospital set {code} --signed-only"
    )


@hospitals_app.command("revoke-signing-key")
def revoke_signing_key(
    code: Code,
    number: Annotated[int, typer.Argument(help="Nomor kunci.", show_default=False)],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Akhiri satu kunci tanda tangan sekarang juga."""
    from rsonline.store import signing

    on_hospitals(data, database, lambda access: signing.end(access, code, number))
    typer.echo(f"Kunci tanda tangan nomor {number} rumah sakit {code} diakhiri.")
