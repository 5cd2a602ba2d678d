"""`rsonline journal …`: is the journal whole, who saw or changed a person, what did an account do."""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rsonline.cli import DatabaseOption, DataOption, KeysOption, app, failing, standing

_INDEX = re.compile("[0-9a-f]{32}")
_OURS = frozenset({"hash", "request_id"})
"""Hexadecimal of the service's own: sixteen digits in a row there are no person's."""
journal_app = typer.Typer(help="Periksa dan cari jurnal.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(journal_app, name="journal")
Code = Annotated[str | None, typer.Option("--hospital", help="Hanya rumah sakit ini.", show_default=False)]
Since = Annotated[datetime | None, typer.Option(help="Sejak saat ini (UTC).", show_default=False)]
Until = Annotated[datetime | None, typer.Option(help="Sebelum saat ini (UTC).", show_default=False)]


@journal_app.command()
def verify(
    hospital: Code = None,
    known: Annotated[
        Path | None, typer.Option("--heads", help="Ujung jurnal yang disimpan di tempat lain.", show_default=False)
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Telusuri setiap rantai dari baris pertama; kode keluar 1 bila ada yang diubah, dihapus atau ditukar."""
    from rsonline.store import audit
    from rsonline.store.engines import connected
    from rsonline.store.journal import Head

    ends = {}
    if known is not None:
        try:
            said = json.loads(known.read_text("utf-8"))
            ends = {code: Head(seq, bytes.fromhex(text)) for code, (seq, text) in said["heads"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            typer.echo(f"{known} bukan berkas ujung jurnal.", err=True)
            raise typer.Exit(2) from None
    with connected(standing(data, database)) as connection:
        found = audit.verify(connection, code=hospital, known=ends)
    for fault in found.faults:
        typer.echo(f"{fault.hospital} baris {fault.seq}: {fault.what}", err=True)
    typer.echo(f"{found.hospitals} rumah sakit, {found.lines} baris, {len(found.faults)} kesalahan.")
    raise typer.Exit(1 if found.faults else 0)


@journal_app.command()
def heads(data: DataOption = None, database: DatabaseOption = None) -> None:
    """Tulis ujung setiap jurnal sebagai JSON; simpan setiap hari di luar mesin ini."""
    from rsonline.store import audit
    from rsonline.store.engines import connected

    with connected(standing(data, database)) as connection:
        ends = audit.heads(connection)
    said = {code: [head.seq, head.hash.hex()] for code, head in ends.items()}
    typer.echo(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "heads": said}))


@journal_app.command()
def search(
    nik: Annotated[
        str | None, typer.Option(help="Cari menurut NIK; - membacanya dari masukan standar.", show_default=False)
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            help="Cari menurut akun: 9100001/1, user/anna; 9100001 berarti semua akun rumah sakit itu, cli operator.",
            show_default=False,
        ),
    ] = None,
    logins: Annotated[bool, typer.Option("--logins", help="Hanya yang masuk, gagal masuk dan keluar.")] = False,
    hospital: Code = None,
    since: Since = None,
    until: Until = None,
    whole: Annotated[bool, typer.Option("--whole", help="Tampilkan NIK utuh; dicatat.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Siapa melihat atau mengubah seseorang, dan apa yang dilihat suatu akun: satu baris JSON per kejadian.

    Yang ditulis di baris perintah terlihat oleh pengguna lain mesin ini: lebih baik --nik -. Pencarian ini dicatat.
    """
    number = _number() if nik == "-" else nik
    if number is None and account is None and not logins:
        typer.echo("Sebutkan --nik, --account atau --logins.", err=True)
        raise typer.Exit(2)
    _write(
        standing(data, database, keys=keys),
        "search",
        {
            "code": hospital,
            "nik": number,
            "account": account,
            "since": _utc(since),
            "until": _utc(until),
            "logins": logins or None,
        },
        whole=whole,
    )


@journal_app.command()
def export(
    hospital: Code = None,
    since: Since = None,
    until: Until = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    keys: KeysOption = None,
) -> None:
    """Tulis jurnal dengan isi yang dibuka, satu baris JSON per kejadian. Ekspor ini sendiri dicatat."""
    _write(
        standing(data, database, keys=keys),
        "export",
        {"code": hospital, "since": _utc(since), "until": _utc(until)},
    )


def _number() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("NIK", hide_input=True))
    return sys.stdin.readline().strip()


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _write(place: Any, verb: str, asked: dict[str, Any], *, whole: bool = True) -> None:
    from rsonline.store import audit
    from rsonline.store.engines import transaction
    from rsonline.store.keys import KeysError

    opened = {"whole": True} if whole and verb == "search" else {}
    said = opened | {
        k: v.isoformat() if isinstance(v, datetime) else v for k, v in asked.items() if v is not None and k != "nik"
    }
    with failing(KeysError), transaction(place) as access:
        count = 0
        for line in _shown(audit.lines(access, **asked)):
            shown = line if whole else {k: v if k in _OURS else _masked(v) for k, v in line.items()}
            sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
            count += 1
        # The operator's own looks stand in a chain of their own.
        audit.note(access, audit.operator(), verb, {**said, "lines": count}, asked.get("nik"))
    typer.echo(f"{count} baris.", err=True)


def _shown(lines: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        shown: dict[str, Any] = {
            **line,
            "at": line["at"].isoformat(timespec="milliseconds"),
            # A blind index would let others be compared with it (SR-44).
            "key": [_INDEX.sub("…", str(part)) for part in json.loads(line["key"])],
            "hash": bytes(line["hash"]).hex(),
            **{name: _content(line[name]) for name in ("old", "new")},
        }
        del shown["person1"], shown["person2"]
        yield shown


def _masked(value: Any) -> Any:
    from rsonline.reports.nik import masked

    if isinstance(value, dict):
        return {masked(name): _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    text = masked(str(value))
    return text if isinstance(value, str) or text != str(value) else value


def _content(text: str | None) -> object:
    if text is None or not text.startswith("{"):
        return text
    return json.loads(text)
