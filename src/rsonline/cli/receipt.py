"""`rsonline receipt …`: the key that signs receipts, and whether a receipt is genuine."""

import base64
import binascii
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing

receipt_app = typer.Typer(help="Kunci dan pemeriksaan resi.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(receipt_app, name="receipt")

WHY = {
    "form": "bentuknya bukan resi",
    "key": "ditandatangani kunci lain",
    "signature": "tanda tangannya tidak cocok",
    "digest": "bukan untuk isi ini",
    "hospital": "bukan untuk rumah sakit ini",
}


@receipt_app.command()
def key(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Tulis kunci publik resi (juga ada di /.well-known/rsonline-receipt-key)."""
    from rsonline.reports.receipt import key_id
    from rsonline.store.engines import vault_of
    from rsonline.store.keys import KeysError

    with failing(KeysError):
        public = vault_of(standing(data, database, keys=keys)).public_key
    typer.echo(json.dumps({"alg": "Ed25519", "key": key_id(public), "public": base64.b64encode(public).decode()}))


@receipt_app.command()
def verify(
    receipt: Annotated[str, typer.Argument(help="Isi header X-RSOnline-Receipt, atau - untuk masukan standar.")],
    key: Annotated[Path, typer.Option("--key", help="Berkas kunci publik resi.", show_default=False)],
    body: Annotated[
        Path | None, typer.Option(help="Isi yang dikirim; diperiksa bila disebut.", show_default=False)
    ] = None,
    hospital: Annotated[str | None, typer.Option(help="Kode RS pengirim.", show_default=False)] = None,
) -> None:
    """Periksa resi tanpa jaringan; kode keluar 1 bila tidak asli."""
    from rsonline.reports.receipt import NotReceipt
    from rsonline.reports.receipt import verify as look

    try:
        public = base64.b64decode(json.loads(key.read_text("utf-8"))["public"], validate=True)
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        typer.echo(f"{key} bukan berkas kunci publik resi.", err=True)
        raise typer.Exit(2) from None
    text = sys.stdin.readline() if receipt == "-" else receipt
    try:
        message = None if body is None else body.read_bytes()
    except OSError:
        typer.echo(f"{body} tidak dapat dibaca.", err=True)
        raise typer.Exit(2) from None
    try:
        said = look(text, public, body=message, hospital=hospital)
    except NotReceipt as error:
        typer.echo(f"TIDAK ASLI: {WHY[error.reason]}.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"ASLI: rumah sakit {said.hospital}, diterima {said.time:%Y-%m-%d %H:%M:%S} UTC, nomor {said.id}.")
