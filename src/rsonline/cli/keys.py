"""`rsonline key …`: the master key file and the keys of a database."""

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, settings_of, standing

keys_app = typer.Typer(help="Kelola kunci penyegel data pribadi.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys_app, name="key")


@keys_app.command()
def create(data: DataOption = None, keys: KeysOption = None) -> None:
    """Buat berkas kunci baru. Simpan salinannya di tempat lain: tanpanya data pribadi tidak dapat dibuka."""
    from rsonline.store.keys import KeysError
    from rsonline.store.keys import create as make

    place = settings_of(data, None, keys=keys).place
    with failing(KeysError):
        make(place.keys)
    typer.echo(f"Berkas kunci dibuat: {place.keys}")
    typer.echo("Simpan salinannya terpisah dari basis data dan cadangannya.")


@keys_app.command()
def rotate(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Segel ulang semua data pribadi dengan kunci baru, sementara layanan berjalan. Boleh diulang bila terputus.

    Berjalan sedikitnya satu setengah menit: sampai saat itu layanan mungkin masih menyegel dengan kunci lama.
    """
    from rsonline.store.keys import KeysError
    from rsonline.store.rotation import rotate as work

    place = standing(data, database, keys=keys)
    with failing(KeysError):
        number, rows = work(place, tell=lambda table, count: typer.echo(f"{table}: {count}", err=True))
    typer.echo(f"Kunci nomor {number} dipakai; {rows} baris disegel ulang.")


@keys_app.command(name="rotate-tokens")
def rotate_tokens(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Ganti rahasia token API pasien. Dipakai semua proses dalam tiga menit; yang lama lalu berakhir."""
    from rsonline.store.keys import KeysError
    from rsonline.store.rotation import rotate_tokens as work

    place = standing(data, database, keys=keys)
    with failing(KeysError):
        number = work(place)
    typer.echo(f"Rahasia token baru bernomor {number}.")


@keys_app.command()
def rewrap(data: DataOption = None, database: DatabaseOption = None, keys: KeysOption = None) -> None:
    """Ganti kunci induk di berkas kunci, lalu bungkus ulang kunci basis data dengannya."""
    from rsonline.store.keys import KeysError
    from rsonline.store.rotation import rewrap as work

    place = standing(data, database, keys=keys)
    with failing(KeysError):
        count = work(place)
    typer.echo(f"{count} kunci dibungkus ulang. Salin berkas kunci yang baru ke tempat penyimpanannya: {place.keys}")
