"""`rsonline retention …`: for how long records are kept, and the job that removes them at the end of that time."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, settings_of, standing

retention_app = typer.Typer(
    help="Masa simpan: hapus data yang sudah lewat masanya.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(retention_app, name="retention")
_NOTHING = "Tidak ada masa simpan yang diatur (RSONLINE_RETENTION): tidak ada yang dihapus."


@retention_app.command()
def show() -> None:
    """Tampilkan masa simpan setiap tabel."""
    from rsonline.reports import EVERY_REPORT
    from rsonline.store.keeping import JOURNAL

    rules = settings_of(None, None).kept_days()
    for name in (*[report.name for report in EVERY_REPORT], JOURNAL):
        typer.echo(f"{name}\t{f'{rules[name]} hari' if name in rules else 'selamanya'}")


@retention_app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Hanya tampilkan yang akan dihapus.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Hapus data yang sudah lewat masa simpannya. Setiap penghapusan dicatat di jurnal; tidak dapat dibatalkan.

    Layanan boleh tetap berjalan. Bila terputus, jalankan lagi.
    """
    from rsonline.store import retention
    from rsonline.store.keeping import JOURNAL
    from rsonline.store.keys import KeysError

    rules = settings_of(data, database, keys=keys).kept_days()
    if not rules:
        typer.echo(_NOTHING)
        return
    place = standing(data, database, keys=keys)
    now = datetime.now(UTC)
    with failing(KeysError):
        if dry_run:
            found = retention.due(place, rules, now)
        else:
            found = retention.run(
                place, rules, now, tell=lambda table, count: typer.echo(f"{table}: {count}", err=True)
            )
    for each in found:
        what = "kunci" if each.table == JOURNAL else "catatan"
        held = f", {each.held} menunggu bagiannya" if each.held else ""
        done = "akan dihapus" if dry_run else "dihapus"
        typer.echo(f"{each.table}\t{each.days} hari\t{each.going} {what} {done}{held}")
