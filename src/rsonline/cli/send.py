"""`rsonline send`: the records of a file to the service, each with its outcome."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
    User,
    Zone,
    client_at,
    of_patients,
    patients_at,
    place_of,
    report_named,
    say,
    told,
    wrong,
)

if TYPE_CHECKING:
    from rsonline.hospital.batch import Door, Row, Told
    from rsonline.reports.fields import At
    from rsonline.reports.report import Report

_SHOWN = 20
_ZIP = b"PK\x03\x04"


@app.command()
def send(
    ctx: typer.Context,
    report: ReportArgument,
    data: Annotated[Path, typer.Argument(help="Berkas JSON, CSV atau XLSX.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Periksa saja, tidak mengirim.")] = False,
    outcomes: Annotated[
        Path | None, typer.Option("--out", help="Berkas hasil (bawaan: <data>.hasil.csv).", show_default=False)
    ] = None,
    config: ConfigFile = None,
    address: Address = "",
    code: Code = "",
    user: User = "",
    password_file: PasswordFile = None,
    ca_file: CaFile = None,
    zone: Zone = "",
    lang: Lang = "id",
    as_json: AsJson = False,
) -> None:
    """Kirim isi satu berkas; yang sudah diterima sebelumnya dilewati. Kode 0: semua, 2: sebagian, 1: gagal."""
    from rsonline.hospital import batch

    kind = report_named(report, lang)
    with _door(ctx, kind, lang, dry_run=dry_run) as (door, at):
        rows = rows_of(data, kind, at, lang)
        if dry_run:
            became = list(_shown(batch.tried(door, rows), len(rows), lang, quiet=as_json))
        else:
            path = outcomes or data.with_name(data.name + ".hasil.csv")
            try:
                file = batch.Outcomes(path, kind.name)
            except (OSError, ValueError) as error:
                raise wrong(str(error)) from None
            try:
                became = list(_shown(batch.send(door, rows, file), len(rows), lang, quiet=as_json))
            finally:
                file.close()
    _summary(kind, rows, became, lang, as_json=as_json, dry_run=dry_run)


@contextmanager
def _door(ctx: typer.Context, kind: "Report[Any]", lang: str, *, dry_run: bool) -> "Iterator[tuple[Door, At]]":
    """Where the rows of a kind go, and where and when they are read. A dry run needs no login."""
    from rsonline.hospital.batch import Guide
    from rsonline.hospital.client import Client
    from rsonline.hospital.patient_batch import PatientDoor
    from rsonline.hospital.patients import Patients

    said = ctx.params
    nowhere, code = "https://tidak.dipakai.invalid", said["code"] or "0000000"
    if of_patients(kind):
        with Patients(nowhere, code, "x", "x") if dry_run else patients_at(ctx, lang) as patients:
            yield PatientDoor(patients, kind), patients.side.at
        return
    names = ("config", "address", "code", "zone", "password_file", "ca_file")
    with (
        Client(nowhere, code, "x")
        if dry_run
        else client_at(place_of(lang, *(said[name] for name in names)), lang) as client
    ):
        yield Guide(client, kind), client.side.at


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


def _summary(report: Any, rows: list["Row"], became: list["Told"], lang: str, *, as_json: bool, dry_run: bool) -> None:
    from rsonline.hospital.batch import label
    from rsonline.hospital.outcome import Accepted

    counted = Counter(type(each.outcome).__name__.lower() for each in became)
    left = len(rows) - len(became)
    failed = [each for each in became if not isinstance(each.outcome, Accepted)]
    odd = [each for each in became if isinstance(each.outcome, Accepted) and each.outcome.warnings]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "report": report.name,
                    "rows": len(rows),
                    "dry_run": dry_run,
                    **{name: counted[name] for name in ("accepted", "refused", "later", "lockedout", "unknown")},
                    "skipped": sum(each.skipped for each in became),
                    "not_tried": left,
                    "warned": [{"row": each.row, "warnings": _named(each.outcome)} for each in odd],
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
            typer.echo(f"{say(lang, 'baris', 'row')} {each.row} ({named}): {told(each.outcome, lang)}", err=True)
        if len(failed) > _SHOWN:
            typer.echo(say(lang, f"… dan {len(failed) - _SHOWN} lagi", f"… and {len(failed) - _SHOWN} more"), err=True)
        for each in odd[:_SHOWN] if dry_run else ():
            texts = "; ".join(_odd(warning, lang) for warning in getattr(each.outcome, "warnings", ()))
            typer.echo(
                f"{say(lang, 'baris', 'row')} {each.row}: {say(lang, 'perhatian', 'warning')}: {texts}", err=True
            )
        done = counted["accepted"]
        what = say(lang, "lolos pemeriksaan", "passed the check") if dry_run else say(lang, "diterima", "accepted")
        skipped = sum(each.skipped for each in became)
        more = say(lang, f", {skipped} sudah sebelumnya", f", {skipped} earlier") if skipped else ""
        typer.echo(f"{done} / {len(rows)} {what}{more}.")
    if not failed and not left:
        raise typer.Exit(0)
    raise typer.Exit(2 if counted["accepted"] else 1)


def _odd(warning: Any, lang: str) -> str:
    from rsonline.reports.wording import warning_text

    text = warning_text(warning, None)
    return say(lang, text.id, text.en)


def _named(outcome: Any) -> list[dict[str, str]]:
    return [{"member": warning.member, "code": warning.code} for warning in outcome.warnings]
