"""`rsonline reference …`: the reference lists, and the operator's own entries."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rsonline.cli import DatabaseOption, DataOption, app, failing, settings_of
from rsonline.store.database import Database

reference_app = typer.Typer(help="Kelola daftar referensi.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(reference_app, name="reference")


@reference_app.command(name="import")
def import_(
    name: Annotated[str, typer.Argument(help="Nama daftar, misalnya terapi.")],
    file: Annotated[
        Path,
        typer.Argument(help="CSV dengan kolom id, nama, dan bila ada name; kelurahan juga code, name.", exists=True),
    ],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Pakai entri dari berkas CSV: yang ber-id sama diganti, yang lain ditambahkan. Layanan yang berjalan ikut."""
    from rsonline.reports.references import read_list, shipped

    with failing(ValueError):
        if name not in shipped():
            raise ValueError(f"{name} bukan salah satu dari {', '.join(shipped())}.")
        text = file.read_text("utf-8")
        count = len(read_list(name, text.splitlines()).entries)
    settings = settings_of(data, database)
    with _noted(settings.place, name, count, hashlib.sha256(text.encode()).hexdigest()):
        folder = settings.data / "references"
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{name}.csv"
        beside.write_text(text, "utf-8")
        # Whole or not at all: the service may be reading.
        beside.replace(folder / f"{name}.csv")
    typer.echo(f"{count} entri {name} dipakai; layanan yang berjalan ikut dalam 10 detik.")


@contextmanager
def _noted(place: Database, name: str, count: int, digest: str) -> Iterator[None]:
    """A line in the journal, kept only where what follows succeeds. Before there is a database, nothing to note in."""
    from rsonline.store import audit, migrate
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError
    from rsonline.store.migrate import MigrationError

    with failing(KeysError, MigrationError):
        if migrate.revision(place) is None:
            yield
            return
        migrate.require(place)
        with transaction(place) as access:
            audit.note_change(access, "reference", [name], "import", {"entries": count, "sha256": digest})
            yield


@reference_app.command(name="list")
def list_(
    name: Annotated[str | None, typer.Argument(help="Nama daftar; tanpa nama: semua daftar.")] = None,
    data: DataOption = None,
) -> None:
    """Tampilkan daftar referensi dengan sumbernya, atau isi satu daftar."""
    from rsonline.reports.references import with_own_rows

    with failing(ValueError):
        lists = with_own_rows(settings_of(data, None).data / "references")
        if name is not None and name not in lists:
            raise ValueError(f"{name} bukan salah satu dari {', '.join(lists)}.")
    if name is None:
        for each in lists.values():
            typer.echo(f"{each.name}\t{len(each.entries)}\t{'lengkap' if each.complete else 'terbuka'}\t{each.source}")
        return
    for entry in lists[name].entries.values():
        typer.echo(f"{entry.id}\t{entry.nama}")
