"""`rsonline user …`: people of the web application; how the first administrator comes to be (SR-60)."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing
from rsonline.store.database import Database

users_app = typer.Typer(help="Kelola pengguna aplikasi web.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users_app, name="user")
Name = Annotated[str, typer.Argument(help="Nama pengguna.", show_default=False)]


@users_app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="petugas, admin-rs, dinkes, kemenkes atau operator.", show_default=False)],
    full_name: Annotated[str, typer.Option("--name", help="Nama orangnya.", show_default=False)],
    hospital: Annotated[
        str | None, typer.Option(help="Kode RS, untuk petugas dan admin-rs.", show_default=False)
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Kode provinsi atau kabupaten/kota, untuk dinkes.", show_default=False)
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Tambah pengguna; kode sekali pakai untuk memilih kata sandi ditampilkan sekali."""
    from rsonline.login.personal import one_time_code
    from rsonline.store import people

    code = one_time_code()
    _on(
        standing(data, database, keys=keys),
        lambda access: people.add(
            access, _operator(), name, full_name, role, code=hospital, region=region, one_time=code
        ),
    )
    _tell(name, code)


@users_app.command()
def reset(name: Name, data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Hapus kata sandi dan faktor kedua; kode sekali pakai yang baru ditampilkan sekali."""
    from rsonline.login.personal import one_time_code
    from rsonline.store import people

    code = one_time_code()
    _on(standing(data, database, keys=keys), lambda access: people.give_code(access, _operator(), name, code))
    _tell(name, code)


@users_app.command()
def disable(name: Name, data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Tutup akun; sesinya berakhir saat itu juga."""
    from rsonline.store import people

    _on(standing(data, database, keys=keys), lambda access: people.set_active(access, _operator(), name, False))
    typer.echo(f"Akun {name} ditutup.")


@users_app.command()
def enable(name: Name, data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Buka kembali akun."""
    from rsonline.store import people

    _on(standing(data, database, keys=keys), lambda access: people.set_active(access, _operator(), name, True))
    typer.echo(f"Akun {name} dibuka.")


@users_app.command(name="list")
def list_(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Tampilkan semua pengguna."""
    from rsonline.store import people

    for person in _on(standing(data, database, keys=keys), people.every):
        state = "aktif" if person.active else "ditutup"
        second = "faktor kedua" if person.totp else ""
        typer.echo(
            f"{person.user_name}\t{person.role}\t{person.code or person.region or '-'}\t{state}\t{second}".rstrip()
        )


def _operator() -> Any:
    from rsonline.store.audit import operator

    return operator()


def _on(place: Database, work: Callable[[Any], Any]) -> Any:
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError
    from rsonline.store.people import PersonError

    with failing(PersonError, KeysError), transaction(place) as access:
        return work(access)


def _tell(name: str, code: str) -> None:
    typer.echo(f"Kode sekali pakai untuk {name}, ditampilkan sekali ini saja, berlaku 24 jam:")
    typer.echo(code)
    typer.echo("Buka /masuk/kode di aplikasi web untuk memilih kata sandi.")
