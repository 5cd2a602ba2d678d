"""`rsonline quiet …`: holidays and declared maintenance, for whoever operates the service."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from rsonline.cli import DatabaseOption, DataOption, app, settings_of

T = TypeVar("T")
quiet_app = typer.Typer(
    help="Kelola hari libur dan pemeliharaan yang diumumkan.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(quiet_app, name="quiet")
PlaceOption = Annotated[
    str, typer.Option("--place", help="Kode provinsi, kabupaten/kota atau rumah sakit; kosong: seluruh Indonesia.")
]


def _on(data: Path | None, database: str | None, work: Callable[[Any], T]) -> T:
    """Run `work` in a transaction on the database; faults end the command in words."""
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError
    from rsonline.store.migrate import MigrationError, upgrade
    from rsonline.store.quiet import QuietError

    place = settings_of(data, database).place
    try:
        upgrade(place)
        with transaction(place) as access:
            return work(access)
    except (QuietError, KeysError, MigrationError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        typer.echo(f"{name}: {text!r} bukan tanggal; tulis seperti 2026-12-25.", err=True)
        raise typer.Exit(2) from None


def _today(access: Any, code: str) -> date:
    """The local day at a place."""
    from rsonline.insight.places import local_day, province_zone
    from rsonline.store import wide

    where = wide.places(access, code=code).get(code) if code else None
    now = datetime.now(UTC)
    return local_day(now, province_zone(code[:2] or None) if where is None else where.zone)


@quiet_app.command()
def add(
    first: Annotated[str, typer.Option("--from", help="Hari pertama, setempat.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Alasan, terbaca oleh semua.", show_default=False)],
    last: Annotated[str | None, typer.Option("--to", help="Hari terakhir (bawaan: sama dengan yang pertama).")] = None,
    place: PlaceOption = "",
    kind: Annotated[list[str] | None, typer.Option(help="Nama laporan; boleh beberapa kali. Bawaan: semua.")] = None,
    maintenance: Annotated[bool, typer.Option("--maintenance", help="Pemeliharaan, bukan libur.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Umumkan hari libur atau pemeliharaan: laporan yang tidak datang pada hari itu tidak dihitung terlambat."""
    from rsonline.store import quiet
    from rsonline.store.audit import OPERATOR
    from rsonline.store.change import Origin

    wanted = quiet.Quiet(
        place,
        _day("--from", first),
        _day("--to", last or first),
        tuple(dict.fromkeys(kind)) if kind else tuple(quiet.KINDS),
        "maintenance" if maintenance else "holiday",
        reason.strip(),
    )
    by = Origin(OPERATOR, 0, "cli", source="cli")
    number = _on(data, database, lambda access: quiet.add(access, by, wanted, today=_today(access, place)))
    typer.echo(f"Pengumuman {number} tersimpan.")


@quiet_app.command(name="list")
def list_(
    since: Annotated[str | None, typer.Option(help="Yang belum lewat pada hari ini (bawaan: hari ini).")] = None,
    place: Annotated[
        str | None, typer.Option("--place", help="Hanya kode ini: wilayah atau rumah sakit.", show_default=False)
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Tampilkan yang diumumkan: kode, nomor, hari pertama dan terakhir, sifat, laporan, alasan."""
    from rsonline.store import quiet

    def work(access: Any) -> list[quiet.Quiet]:
        day = _today(access, "") if since is None else _day("--since", since)
        found = quiet.of_regions(access, day) + quiet.within(access, "", day, None)[0]
        return [each for each in found if place is None or each.code == place]

    for each in _on(data, database, work):
        words = (each.code or "-", str(each.number), each.first.isoformat(), each.last.isoformat())
        typer.echo("\t".join((*words, each.sort, " ".join(each.kinds), each.reason)))


@quiet_app.command()
def remove(
    number: Annotated[int, typer.Argument(help="Nomor dari `rsonline quiet list`.", show_default=False)],
    place: PlaceOption = "",
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Tarik pengumuman yang belum lewat."""
    from rsonline.store import quiet
    from rsonline.store.audit import OPERATOR
    from rsonline.store.change import Origin

    by = Origin(OPERATOR, 0, "cli", source="cli")
    _on(data, database, lambda access: quiet.remove(access, by, place, number, today=_today(access, place)))
    typer.echo(f"Pengumuman {number} ditarik.")
