"""`rsonline send`: the records of a file to the service, each with its outcome."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import app
from rsonline.cli.line import (
    Address,
    AsJson,
    CaFile,
    Code,
    ConfigFile,
    Lang,
    PasswordFile,
    ReportArgument,
    Zone,
    client_at,
    place_of,
    report_named,
    say,
    wrong,
)

if TYPE_CHECKING:
    from rsonline.hospital.batch import Row, Told

_SHOWN = 20
_ZIP = b"PK\x03\x04"


@app.command()
def send(
    report: ReportArgument,
    data: Annotated[Path, typer.Argument(help="Berkas JSON, CSV atau XLSX.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Periksa saja, tidak mengirim.")] = False,
    outcomes: Annotated[
        Path | None, typer.Option("--out", help="Berkas hasil (bawaan: <data>.hasil.csv).", show_default=False)
    ] = None,
    config: ConfigFile = None,
    address: Address = "",
    code: Code = "",
    password_file: PasswordFile = None,
    ca_file: CaFile = None,
    zone: Zone = "",
    lang: Lang = "id",
    as_json: AsJson = False,
) -> None:
    """Kirim isi satu berkas; yang sudah diterima sebelumnya dilewati. Kode 0: semua, 2: sebagian, 1: gagal."""
    from rsonline.hospital import batch
    from rsonline.hospital.client import Client

    kind = report_named(report, lang)
    if dry_run:
        # Nothing is sent, so that no password is needed.
        client = Client(address or "https://tidak.dipakai.invalid", code or "0000000", "x")
    else:
        client = client_at(place_of(lang, config, address, code, zone, password_file, ca_file), lang)
    rows = rows_of(data, kind, client.side.at, lang)
    with client:
        if dry_run:
            told = list(_shown(batch.tried(client, kind, rows), len(rows), lang, quiet=as_json))
        else:
            path = outcomes or data.with_name(data.name + ".hasil.csv")
            try:
                file = batch.Outcomes(path, kind.name)
            except (OSError, ValueError) as error:
                raise wrong(str(error)) from None
            try:
                told = list(_shown(batch.send(client, kind, rows, file), len(rows), lang, quiet=as_json))
            finally:
                file.close()
    _summary(kind, rows, told, lang, as_json=as_json, dry_run=dry_run)


def rows_of(path: Path, report: Any, at: Any, lang: str) -> list["Row"]:
    """The records of a file with their row numbers; ends the command where it cannot be read."""
    from rsonline.hospital.batch import Row
    from rsonline.sheets import columns, commas
    from rsonline.sheets.cells import NotASheet

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise wrong(f"{path}: {error.strerror}") from None
    if path.suffix.casefold() == ".json":
        try:
            said = json.loads(raw.decode("utf-8-sig"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise wrong(f"{path}: {error}") from None
        found = said if isinstance(said, list) else [said]
        if not found or not all(isinstance(each, dict) for each in found):
            raise wrong(say(lang, f"{path}: harus berisi objek atau daftar objek", f"{path}: must hold objects"))
        return [Row(number, each) for number, each in enumerate(found, 1)]
    try:
        header = columns.headed(_workbook(raw, path, lang) if raw.startswith(_ZIP) else commas.read(raw), report)
    except NotASheet as error:
        raise wrong(f"{path}: {say(lang, error.words.id, error.words.en)}") from None
    for note in header.notes:
        typer.echo(say(lang, note.id, note.en), err=True)
    made = []
    for line in header.lines:
        body, lost = columns.sent(report, header.names, line.cells, at)
        for each in lost:
            raise wrong(f"{path}, {say(lang, 'baris', 'row')} {line.number}: {say(lang, each.id, each.en)}")
        made.append(Row(line.number, {name: value for name, value in body.items() if value is not None}))
    return made


def _workbook(raw: bytes, path: Path, lang: str) -> Any:
    """The first sheet of an XLSX file. Raises NotASheet; ends the command where nothing here can read it."""
    try:
        from rsonline.sheets import reading
    except ModuleNotFoundError:
        need = "pip install 'rsonline[agent]'"
        raise wrong(f"{path}: {say(lang, 'XLSX membutuhkan', 'XLSX needs')} {need}") from None
    return reading.read(raw)


def _shown(told: Iterable["Told"], whole: int, lang: str, *, quiet: bool) -> Iterator["Told"]:
    """A bar on a terminal while the rows go."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(say(lang, "Mengirim", "Sending")), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=whole)
        for each in told:
            yield each
            bar.advance(task)


def _summary(report: Any, rows: list["Row"], told: list["Told"], lang: str, *, as_json: bool, dry_run: bool) -> None:
    from rsonline.hospital.batch import label
    from rsonline.hospital.outcome import Accepted
    from rsonline.hospital.sender import said_of

    counted = Counter(type(each.outcome).__name__.lower() for each in told)
    left = len(rows) - len(told)
    failed = [each for each in told if not isinstance(each.outcome, Accepted)]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "report": report.name,
                    "rows": len(rows),
                    "dry_run": dry_run,
                    **{name: counted[name] for name in ("accepted", "refused", "later", "lockedout", "unknown")},
                    "skipped": sum(each.skipped for each in told),
                    "not_tried": left,
                    "failed": [
                        {
                            "row": each.row,
                            "outcome": type(each.outcome).__name__.lower(),
                            "code": getattr(each.outcome, "code", "") or getattr(each.outcome, "why", ""),
                            "members": [p.member for p in getattr(each.outcome, "problems", ())],
                        }
                        for each in failed
                    ],
                }
            )
        )
    else:
        by_number = {row.number: row for row in rows}
        for each in failed[:_SHOWN]:
            named = label(report, by_number[each.row])
            typer.echo(f"{say(lang, 'baris', 'row')} {each.row} ({named}): {said_of(each.outcome)}", err=True)
        if len(failed) > _SHOWN:
            typer.echo(say(lang, f"… dan {len(failed) - _SHOWN} lagi", f"… and {len(failed) - _SHOWN} more"), err=True)
        done = counted["accepted"]
        what = say(lang, "lolos pemeriksaan", "passed the check") if dry_run else say(lang, "diterima", "accepted")
        skipped = sum(each.skipped for each in told)
        more = say(lang, f", {skipped} sudah sebelumnya", f", {skipped} earlier") if skipped else ""
        typer.echo(f"{done} / {len(rows)} {what}{more}.")
    if not failed and not left:
        raise typer.Exit(0)
    raise typer.Exit(2 if counted["accepted"] else 1)
