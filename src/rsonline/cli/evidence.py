"""`rsonline evidence`: one hospital's month as PDF, XLSX, CSV and digests."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rsonline import __version__
from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing
from rsonline.cli.line import say, wrong
from rsonline.cli.month import MonthArgument, days_of

if TYPE_CHECKING:
    from rsonline.store.database import Database

_TRIES = 20


@app.command()
def evidence(
    code: Annotated[str, typer.Argument(help="Kode rumah sakit.", show_default=False)],
    month: MonthArgument,
    out: Annotated[
        Path | None, typer.Option(help="Folder tujuan (bawaan: <kode>-<bulan>).", show_default=False)
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Bahasa: id atau en.")] = "id",
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Buat paket bukti satu bulan: PDF, XLSX, CSV, SHA256SUMS. Data yang sama memberi berkas yang sama di mana pun."""
    from rsonline.sheets import pack
    from rsonline.store.keys import KeysError

    first, last = days_of(month)
    with failing(KeysError):
        made = packed(standing(data, database, keys=keys), code, first, last, lang)
    folder = out or Path(f"{code}-{month}")
    with failing(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in made.items():
            (folder / name).write_bytes(content)
    typer.echo(f"{folder}: {len(made)} berkas, SHA-256 {pack.summed(made)}")


def packed(place: "Database", code: str, first: date, last: date, lang: str) -> dict[str, bytes]:
    """The files of a month by name; ends the command where there is no such hospital or it never rests."""
    from rsonline.insight import evidence as month
    from rsonline.insight.places import Place
    from rsonline.sheets import pack
    from rsonline.store import quiet, wide
    from rsonline.store.engines import transaction

    with transaction(place) as access:
        where = wide.places(access, code=code).get(code)
        if where is None:
            raise wrong(f"Rumah sakit {code} tidak ada atau tidak aktif.")
        begins = datetime.combine(first, time(), where.zone)
        for _ in range(_TRIES):
            head = wide.head(access, code)
            rows = wide.month(access, code, first, last)
            rows["bed_history"] = wide.bed_history(access, [code], begins)
            rows["quiet"] = [each for each in quiet.about(access, [code], first) if each.names(Place(*where).where)]
            if wide.head(access, code) == head:
                break
        else:
            raise wrong(f"Rumah sakit {code} terus mengirim; coba lagi nanti.")
    if head is None:
        raise wrong(f"Rumah sakit {code} belum pernah mengirim apa pun.")
    per = month.per_of(last, where.zone, head.at)
    title = say(lang, f"Paket bukti {code} {first:%Y-%m}", f"Evidence pack {code} {first:%Y-%m}")
    about = [
        (say(lang, "Rumah sakit", "Hospital"), f"{code} {where.nama}"),
        (say(lang, "Bulan", "Month"), f"{first.isoformat()} - {last.isoformat()} ({where.zone.key})"),
        (say(lang, "Angka berlaku untuk", "Figures hold for"), per.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        (
            say(lang, "Jurnal rumah sakit", "The hospital's journal"),
            say(lang, f"sampai baris {head.seq}, SHA-256 {head.hash}", f"to line {head.seq}, SHA-256 {head.hash}"),
        ),
        ("rsonline", __version__),
        (
            say(lang, "Isi", "Contents"),
            say(
                lang,
                "Laporan sebagaimana tersimpan pada baris jurnal di atas, dengan semua koreksi sampai saat itu; tanpa"
                " identitas pasien. Dibuat ulang dari baris yang sama, setiap berkas sama sampai ke bita terakhir.",
                "Reports as stored at the line of the journal above, with all corrections until then; nobody is named."
                " Made again from the same line, every file is the same to its last byte.",
            ),
        ),
    ]
    tables = month.tables(rows, {code: Place(*where)}, first, last, per, lang)
    return pack.files(tables, about, title, lang)
