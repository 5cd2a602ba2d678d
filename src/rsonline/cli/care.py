"""`rsonline backup`, `restore`, `maintain`: what an operator does with a database now and then."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, settings_of, standing


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder kosong untuk cadangan.", show_default=False)],
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Salin basis data sementara layanan berjalan, dengan manifes yang ditandatangani. Berkas kunci tidak ikut."""
    from rsonline.store.backup import BackupError
    from rsonline.store.backup import backup as work
    from rsonline.store.keys import KeysError

    with failing(BackupError, KeysError):
        said = work(settings_of(data, database, keys=keys).place, folder)
    typer.echo(f"Cadangan di {folder}: {said['size']} byte, revisi {said['revision']}, {said['made_at']}.")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder cadangan.", show_default=False)],
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Kembalikan cadangan ke tempat yang masih kosong, setelah digest, keutuhan dan rantai jurnalnya diperiksa."""
    from rsonline.store.backup import BackupError
    from rsonline.store.backup import restore as work
    from rsonline.store.keys import KeysError

    with failing(BackupError, KeysError):
        said = work(folder, settings_of(data, database, keys=keys).place)
    lines = sum(seq for seq, _ in said["heads"].values())
    typer.echo(f"Dikembalikan: keadaan {said['made_at']}, {len(said['heads'])} rumah sakit, {lines} baris jurnal.")


@app.command()
def maintain(
    detach_before: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="Lepaskan partisi jurnal dan lainnya sebelum bulan ini.", show_default=False
        ),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Pekerjaan berkala: partisi bulan berikutnya (PostgreSQL), jawaban Idempotency-Key yang lewat 7 hari."""
    from rsonline.store import audit, partitions, signing
    from rsonline.store.apply import KEPT_FOR
    from rsonline.store.engines import connected, transaction
    from rsonline.store.keys import KeysError
    from rsonline.store.schema import MONTHLY

    first = None
    if detach_before is not None:
        try:
            first = partitions.month_of(datetime.strptime(detach_before, "%Y-%m").replace(tzinfo=UTC))
        except ValueError:
            typer.echo("--detach-before: tulis seperti 2026-01.", err=True)
            raise typer.Exit(2) from None
    now = datetime.now(UTC)
    place = standing(data, database, keys=keys)
    with connected(place) as connection:
        made = partitions.provide(connection, now)
        gone = audit.purge_answers(connection, now - KEPT_FOR - timedelta(hours=1))
        signing.purge(connection, now - timedelta(hours=1))
    with connected(place) as connection:
        # For itself: it takes its time, and whoever attaches a partition keeps all others waiting until the commit.
        partitions.count_anew(connection)
    detached: list[str] = []
    if first is not None and not place.embedded:
        # What is taken off is noted, and a line is sealed: only this needs the keys.
        with failing(KeysError), transaction(place) as access:
            detached = [name for t in MONTHLY for name in partitions.detach_before(access.connection, t, first)]
            if detached:
                audit.note_change(access, "partition", [str(first)], "detach", {"tables": detached})
    typer.echo(f"{len(made)} partisi dibuat, {len(detached)} dilepas, {gone} jawaban lama dihapus.")
    for name in (*made, *detached):
        typer.echo(f"  {name}")
