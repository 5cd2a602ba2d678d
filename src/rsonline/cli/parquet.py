"""`rsonline parquet`: de-identified data of a month as Parquet files, for DuckDB, R, Python and other programs."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rsonline import __version__
from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing
from rsonline.cli.line import wrong
from rsonline.cli.month import MonthArgument, days_of

if TYPE_CHECKING:
    from rsonline.insight.deidentified import Dataset, Given
    from rsonline.insight.places import Place
    from rsonline.store.access import Access


@app.command("parquet")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder tujuan.", show_default=False)],
    month: MonthArgument,
    region: Annotated[str, typer.Option(help="Hanya provinsi (34) atau kabupaten/kota (3404).")] = "",
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Tulis data satu bulan tanpa identitas pasien sebagai berkas Parquet. Lihat docs/parquet.md."""
    try:
        from rsonline.sheets import parquet
    except ModuleNotFoundError:
        raise wrong("pyarrow belum terpasang: pip install 'rsonline[parquet]'") from None
    from rsonline.insight import deidentified as plain
    from rsonline.insight.places import Place
    from rsonline.store import wide
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError

    first, last = days_of(month)
    paths = {each.name: _path(each, month) for each in plain.DATASETS}
    about = {"rsonline": __version__, "aturan": str(plain.RULES), "wilayah": region or "-"}
    files = [parquet.File(paths[each.name], each.columns, about) for each in plain.DATASETS]
    held_back: Counter[str] = Counter()
    with failing(KeysError):
        place = standing(data, database, keys=keys)
    with failing(OSError), parquet.writing(folder, files) as made, transaction(place) as access:
        places = {code: Place(*where) for code, where in wide.places(access, region=region).items()}
        for name, given in _given(access, places, first, last):
            made.put(paths[name], given.rows)
            held_back[name] += given.held_back
    for name, path in paths.items():
        small = f", {held_back[name]} ditahan karena kelompoknya kurang dari {plain.FEWEST}" if held_back[name] else ""
        typer.echo(f"{folder / path}: {made.rows[path]} baris{small}")


def _path(of: "Dataset", month: str) -> str:
    return f"{of.name}/{month}.parquet" if of.monthly else f"{of.name}.parquet"


def _given(access: "Access", places: dict[str, "Place"], first: date, last: date) -> Iterator[tuple[str, "Given"]]:
    """Each dataset piece by piece, hospital after hospital; what is grouped by province at the end."""
    from rsonline.insight import deidentified as plain
    from rsonline.store import wide

    now = datetime.now(UTC)
    yield plain.HOSPITALS.name, plain.hospitals(places.values())
    screened, results, treated = [], [], []
    for code, place in places.items():
        rows = wide.month(access, code, first, last)
        for report in plain.DAILY:
            yield report.name, plain.daily(report, rows[report.name])
        for report in plain.NEEDS:
            yield report.name, plain.needs(report, rows[report.name])
        history = wide.bed_history(access, [code], datetime.combine(first, time(), place.zone))
        yield plain.BEDS.name, plain.beds(history, place, last)
        yield plain.VISITS.name, plain.outpatients(rows["antrian"], rows["antrian_task"], places, now)
        screened += rows["shk"]
        results += rows["shk_hasil"]
        treated += rows["pasien_covid"]
    yield plain.SCREENINGS.name, plain.screenings(screened, results, places)
    yield plain.PATIENTS.name, plain.patients(treated, places, first, last)
