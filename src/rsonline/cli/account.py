"""`rsonline account …`: accounts of the patient API."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing
from rsonline.cli.hospital import FromInput, password_of
from rsonline.store.database import Database

account_app = typer.Typer(help="Kelola akun API pasien.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(account_app, name="account")

Name = Annotated[str, typer.Argument(help="Nama akun (userName), biasanya alamat surel.")]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--address", help="Hanya dari alamat atau jaringan ini; boleh berulang.", show_default=False),
]


@account_app.command()
def add(
    name: Name,
    hospital: Annotated[
        str | None, typer.Option("--hospital", help="Kode rumah sakit pemilik akun.", show_default=False)
    ] = None,
    consumer: Annotated[bool, typer.Option("--consumer", help="Akun pembaca, tanpa rumah sakit.")] = False,
    right: Annotated[
        list[str] | None,
        typer.Option("--right", help="Hak baca akun pembaca, misalnya ketersediaantempattidur.", show_default=False),
    ] = None,
    address: Addresses = None,
    until: Annotated[str | None, typer.Option(help="Hari terakhir berlaku, yyyy-mm-dd.", show_default=False)] = None,
    password_stdin: FromInput = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Tambah akun. Kata sandinya ditampilkan sekali, kecuali dibaca dari masukan."""
    from rsonline.login.passwords import hash_password
    from rsonline.store import accounts
    from rsonline.store.accounts import AccountError
    from rsonline.store.engines import transaction
    from rsonline.store.hospitals import HospitalError
    from rsonline.store.keys import KeysError

    if (hospital is None) is not consumer:
        typer.echo("Pilih salah satu: --hospital KODE atau --consumer.", err=True)
        raise typer.Exit(2)
    end = None
    if until is not None:
        try:
            end = datetime.combine(date.fromisoformat(until), datetime.min.time(), UTC) + timedelta(days=1)
        except ValueError:
            typer.echo(f"{until!r} bukan tanggal yyyy-mm-dd.", err=True)
            raise typer.Exit(2) from None
    text, kind = password_of(password_stdin)
    place = standing(data, database, keys=keys)
    with failing(AccountError, HospitalError, KeysError), transaction(place) as access:
        accounts.add(
            access,
            name,
            hash_password(text),
            code=hospital,
            addresses=tuple(address or ()),
            rights=tuple(right or ()),
            valid_until=end,
        )
    typer.echo(f"Akun {name} ditambahkan.")
    _tell(name, text, kind)


@account_app.command()
def password(
    name: Name,
    password_stdin: FromInput = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Ganti kata sandi akun. Token yang sudah diberikan tidak berlaku lagi."""
    from rsonline.login.passwords import hash_password

    text, kind = password_of(password_stdin)
    _change(name, standing(data, database, keys=keys), hash=hash_password(text))
    typer.echo(f"Kata sandi akun {name} diganti.")
    _tell(name, text, kind)


@account_app.command()
def disable(name: Name, data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Tutup akun. Token yang sudah diberikan tidak berlaku lagi."""
    _change(name, standing(data, database, keys=keys), aktif=False)
    typer.echo(f"Akun {name} ditutup.")


@account_app.command()
def enable(name: Name, data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Buka kembali akun."""
    _change(name, standing(data, database, keys=keys), aktif=True)
    typer.echo(f"Akun {name} dibuka.")


@account_app.command(name="list")
def list_(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Tampilkan semua akun."""
    from rsonline.store import accounts
    from rsonline.store.engines import transaction

    with transaction(standing(data, database, keys=keys)) as access:
        for row in accounts.every(access):
            state = "aktif" if row["aktif"] else "ditutup"
            more = " ".join(filter(None, (row["rights"], row["addresses"])))
            typer.echo(f"{row['user_name']}\t{row['kode_rs'] or 'pembaca'}\t{state}\t{more}".rstrip())


def _change(name: str, place: Database, **values: Any) -> None:
    from rsonline.store import accounts
    from rsonline.store.accounts import AccountError
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError

    with failing(AccountError, KeysError), transaction(place) as access:
        accounts.change(access, name, **values)


def _tell(name: str, text: str, kind: str) -> None:
    if kind == "generated":
        typer.echo(f"Kata sandi akun {name}, ditampilkan sekali ini saja:")
        typer.echo(text)
