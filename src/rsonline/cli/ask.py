"""`rsonline list`, `delete`, `reference ask`: what the service holds, from the hospital's side."""

import json
from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Annotated, Any

import typer

from rsonline.cli import app
from rsonline.cli.ask_patients import list_patients
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
from rsonline.cli.reference import reference_app

_COLUMNS = 10


@app.command("list")
def list_(
    ctx: typer.Context,
    report: ReportArgument,
    day: Annotated[str, typer.Option(help="Hari (YYYY-MM-DD).", show_default=False)] = "",
    number: Annotated[str, typer.Option(help="Nomor dari layanan.", show_default=False)] = "",
    parent: Annotated[str, typer.Option(help="Induk: kode booking, atau id SHK.", show_default=False)] = "",
    show_personal: Annotated[bool, typer.Option("--show-personal", help="Jangan samarkan data pribadi.")] = False,
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
    """Perlihatkan isi layanan untuk satu laporan. --json memberi semuanya, juga data pribadi."""
    from rsonline.hospital.outcome import Failed
    from rsonline.reports.report import members

    kind = report_named(report, lang)
    if of_patients(kind):
        if day:
            raise wrong(say(lang, f"--day: {report} tidak dapat disaring menurut hari", f"--day: not for {report}"))
        list_patients(ctx, kind, number=number, parent=parent, personal=show_personal, lang=lang, as_json=as_json)
        return
    try:
        wanted = date.fromisoformat(day) if day else None
    except ValueError:
        raise wrong(say(lang, f"--day {day!r}: tulis YYYY-MM-DD", f"--day {day!r}: write YYYY-MM-DD")) from None
    with client_at(place_of(lang, config, address, code, zone, password_file, ca_file), lang) as client:
        try:
            found = client.rows(kind, day=wanted, number=number or None, parent=parent or None)
        except Failed as failed:
            raise wrong(f"{failed}: {getattr(failed.outcome, 'said', '')}") from None
        except ValueError as error:
            raise wrong(str(error)) from None
    if as_json:
        typer.echo(json.dumps([{"number": row.number, **row.said} for row in found], ensure_ascii=False))
        return
    personal = {m.name for m in members(kind.record) if m.personal} if not show_personal else set()
    shown(list(dict.fromkeys(name for row in found for name in row.said)), [row.said for row in found], personal, lang)


def shown(names: list[str], rows: Sequence[Mapping[str, Any]], personal: Set[str], lang: str) -> None:
    """Rows for a person's eyes; what identifies somebody is masked."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=240)
    lines = [
        ["" if (v := row.get(n)) is None else "•••" if n in personal and v else str(v) for n in names] for row in rows
    ]
    if len(names) <= _COLUMNS:
        table = Table(*names)
        for line in lines:
            table.add_row(*(Text(cell) for cell in line))
        console.print(table)
    else:
        # Too wide for any window: one record below the other.
        for line in lines:
            for name, cell in zip(names, line, strict=True):
                console.print(Text(f"{name:24} {cell}"))
            console.print()
    console.print(say(lang, f"{len(lines)} baris", f"{len(lines)} rows"))


@app.command()
def delete(
    ctx: typer.Context,
    report: ReportArgument,
    key: Annotated[
        str, typer.Argument(help="Hari, kebutuhan, kode booking, atau nomor dari layanan.", show_default=False)
    ],
    parent: Annotated[str, typer.Option(help="Id SHK dari sebuah hasil.", show_default=False)] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya.")] = False,
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
    """Hapus satu catatan di layanan; dari API pasien layanan kementerian hanya kematian."""
    from rsonline.hospital.outcome import Accepted
    from rsonline.hospital.patient_rows import DISCHARGE

    kind = report_named(report, lang)
    if not yes and not typer.confirm(say(lang, f"Hapus {report} {key}?", f"Remove {report} {key}?"), err=True):
        raise typer.Exit(1)
    try:
        if of_patients(kind):
            if kind is DISCHARGE:
                raise wrong(say(lang, "status keluar tidak dapat dihapus", "a discharge cannot be removed"))
            with patients_at(ctx, lang) as patients:
                outcome = patients.remove(kind, key)
        else:
            with client_at(place_of(lang, config, address, code, zone, password_file, ca_file), lang) as client:
                outcome = client.remove(kind, key, parent=parent or None)
    except ValueError as error:
        raise wrong(str(error)) from None
    done = isinstance(outcome, Accepted)
    if as_json:
        typer.echo(json.dumps({"removed": done, "outcome": type(outcome).__name__.lower()}))
    elif done:
        typer.echo(say(lang, "Dihapus.", "Removed."))
    else:
        typer.echo(told(outcome, lang), err=True)
    raise typer.Exit(0 if done else 1)


@reference_app.command(name="ask")
def ask(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(help="tempat_tidur, kebutuhan_sdm, kebutuhan_apd; atau daftar API pasien, misalnya pekerjaan."),
    ],
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
    """Tanyakan satu daftar referensi kepada layanan."""
    from rsonline.hospital.outcome import Failed
    from rsonline.hospital.wire import LISTS

    found: dict[str, Any]
    try:
        if name in LISTS:
            with client_at(place_of(lang, config, address, code, zone, password_file, ca_file), lang) as client:
                found = dict(client.reference(name))
        else:
            with patients_at(ctx, lang) as patients:
                # Countries are named in a member of their own (5.1).
                rows = patients.reference(name)
                found = {str(row.get("id")): row.get("nama") or row.get("nicename") for row in rows}
    except (Failed, ValueError) as error:
        raise wrong(str(error)) from None
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for id_, text in found.items():
        typer.echo(f"{id_}\t{text}")
