"""`rsonline hospital …`: the hospitals and their API passwords."""

import csv
import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from rsonline.cli import DatabaseOption, DataOption, app, settings_of

T = TypeVar("T")
hospitals_app = typer.Typer(
    help="Kelola rumah sakit dan kata sandi API-nya.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(hospitals_app, name="hospital")
Code = Annotated[str, typer.Argument(help="Kode RS di RS Online.", show_default=False)]
FromInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Baca kata sandi dari masukan standar, bukan membuat yang baru."),
]


def on_hospitals(data: Path | None, database: str | None, work: Callable[[Any], T]) -> T:
    """Run `work` in a transaction on the (made or raised) database; faults end the command in words."""
    from rsonline.store.engines import transaction
    from rsonline.store.hospitals import HospitalError
    from rsonline.store.keys import KeysError
    from rsonline.store.migrate import MigrationError, upgrade

    place = settings_of(data, database).place
    try:
        upgrade(place)
        with transaction(place) as access:
            return work(access)
    except (HospitalError, KeysError, MigrationError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def password_of(from_input: bool) -> tuple[str, str]:
    """A password and its kind: read from the input (an older one) or made."""
    from rsonline.login.passwords import generate

    if not from_input:
        return generate(), "generated"
    text = sys.stdin.readline().rstrip("\r\n")
    if not text or len(text.encode()) > 128 or not text.isprintable() or text != text.strip():
        typer.echo("Kata sandi harus 1 sampai 128 byte, dapat dicetak, tanpa spasi di tepi.", err=True)
        raise typer.Exit(2)
    return text, "imported"


def _tell(code: str, password: str, kind: str) -> None:
    if kind == "generated":
        typer.echo(f"Kata sandi (X-pass) rumah sakit {code}, ditampilkan sekali ini saja:")
        typer.echo(password)


@hospitals_app.command()
def add(
    code: Code,
    name: Annotated[str, typer.Option(help="Nama rumah sakit.", show_default=False)],
    zone: Annotated[str, typer.Option(help="Zona waktu: WIB, WITA atau WIT.", show_default=False)],
    password_stdin: FromInput = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Tambah rumah sakit; tanpa --password-stdin kata sandi dibuat dan ditampilkan sekali."""
    from rsonline.login.passwords import hash_password
    from rsonline.store import hospitals

    password, kind = password_of(password_stdin)
    hashed = hash_password(password)
    on_hospitals(
        data,
        database,
        lambda access: hospitals.add(access, code, name, zone.upper(), hashed, kind=kind),
    )
    typer.echo(f"Rumah sakit {code} ({name}) ditambahkan.")
    _tell(code, password, kind)


@hospitals_app.command("list")
def list_(data: DataOption = None, database: DatabaseOption = None) -> None:
    """Daftar rumah sakit."""
    from rich.console import Console
    from rich.table import Table

    from rsonline.store import hospitals

    table = Table("Kode", "Nama", "Zona", "Aktif", "Kata sandi", "PUT menambah", "Selalu 200")
    for row in on_hospitals(data, database, hospitals.every):
        marks = [f"{row['imported']} lama"] if row["imported"] else []
        marks += [f"{row['exposed']} terlihat tanpa TLS"] if row["exposed"] else []
        passwords = str(row["credentials"]) + (f" ({', '.join(marks)}, perlu diganti)" if marks else "")
        yes = {True: "ya", False: "tidak"}
        table.add_row(
            row["kode_rs"],
            row["nama"],
            row["zona"],
            yes[row["aktif"]],
            passwords,
            yes[row["create_on_put"]],
            yes[row["always_200"]],
        )
    console = Console()
    # A pipe has no width of its own: what is searched with grep must not be cut.
    (console if console.is_terminal else Console(width=200)).print(table)


@hospitals_app.command()
def show(code: Code, data: DataOption = None, database: DatabaseOption = None) -> None:
    """Keadaan satu rumah sakit: kata sandi, setelan, dan yang dihitung 14 hari terakhir."""
    from rsonline.store import accounts, hospitals, signing

    found, passwords, keys, exposed, counted = on_hospitals(
        data,
        database,
        lambda access: (
            hospitals.find(access, code, datetime.now(UTC)),
            hospitals.passwords(access, code),
            signing.keys(access, code),
            [a for a in accounts.every(access, code) if a["exposed_at"] is not None],
            hospitals.tallies(access, code),
        ),
    )
    if found is None:
        typer.echo(f"Rumah sakit {code} tidak ditemukan.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{found.code}  {found.name}  {found.zone}  {'aktif' if found.active else 'nonaktif'}")
    for each in sorted(passwords):
        until = f", berlaku sampai {each.valid_until:%Y-%m-%d %H:%M} UTC" if each.valid_until else ""
        typer.echo(f"kata sandi nomor {each.number}: {each.kind}{until}{_seen(each.exposed_at, each.exposed_from)}")
    for key in sorted(keys):
        until = f", berlaku sampai {key.valid_until:%Y-%m-%d %H:%M} UTC" if key.valid_until else ""
        typer.echo(f"kunci tanda tangan nomor {key.number}{until}")
    for account in exposed:
        typer.echo(f"akun {account['user_name']}{_seen(account['exposed_at'], account['exposed_from'])}")
    typer.echo(f"PUT menambah: {found.create_on_put}; selalu HTTP 200: {found.always_200}; jam: {found.clock_mode}")
    if found.signed_only:
        typer.echo("Hanya permintaan bertanda tangan yang diterima, bukan X-pass.")
    if not counted:
        typer.echo("Tidak ada yang dihitung dalam 14 hari terakhir.")
    for what, count in counted:
        typer.echo(f"{count:>8}  {what}")


def _seen(at: datetime | None, address: str | None) -> str:
    """What is said of a password that went over a line without TLS."""
    if at is None:
        return ""
    return f"; TERLIHAT tanpa TLS sejak {at:%Y-%m-%d %H:%M} UTC dari {address or 'alamat tak dikenal'}, harus diganti"


@hospitals_app.command()
def password(
    code: Code,
    password_stdin: FromInput = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Akhiri kata sandi lama sekarang, bukan 72 jam lagi.")
    ] = False,
    also_md5: Annotated[
        bool, typer.Option("--also-md5", help="Terima juga MD5-nya, bagi klien yang mengirim itu.")
    ] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Ganti kata sandi; yang lama berlaku 72 jam lagi."""
    from rsonline.login.passwords import hash_password
    from rsonline.store import hospitals

    text, kind = password_of(password_stdin)
    hashed = hash_password(text)
    twin = hash_password(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()) if also_md5 else None

    def change(access: Any) -> None:
        hospitals.new_password(access, code, hashed, at_once=at_once, kind=kind)
        if twin is not None:
            hospitals.add_twin(access, code, twin)

    on_hospitals(data, database, change)
    typer.echo(f"Kata sandi rumah sakit {code} diganti.")
    _tell(code, text, kind)


@hospitals_app.command()
def revoke(
    code: Code,
    number: Annotated[int, typer.Argument(help="Nomor kata sandi.", show_default=False)],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Akhiri satu kata sandi sekarang juga."""
    from rsonline.store import hospitals

    on_hospitals(data, database, lambda access: hospitals.revoke(access, code, number))
    typer.echo(f"Kata sandi nomor {number} rumah sakit {code} diakhiri.")


@hospitals_app.command()
def disable(code: Code, data: DataOption = None, database: DatabaseOption = None) -> None:
    """Nonaktifkan rumah sakit; datanya tetap ada."""
    from rsonline.store import hospitals

    on_hospitals(data, database, lambda access: hospitals.set_state(access, code, aktif=False))
    typer.echo(f"Rumah sakit {code} dinonaktifkan.")


@hospitals_app.command()
def enable(code: Code, data: DataOption = None, database: DatabaseOption = None) -> None:
    """Aktifkan kembali rumah sakit."""
    from rsonline.store import hospitals

    on_hospitals(data, database, lambda access: hospitals.set_state(access, code, aktif=True))
    typer.echo(f"Rumah sakit {code} diaktifkan.")


@hospitals_app.command("set")
def set_(
    code: Code,
    create_on_put: Annotated[
        bool | None, typer.Option(help="PUT yang tidak menemukan data menambahkannya.", show_default=False)
    ] = None,
    always_200: Annotated[
        bool | None, typer.Option(help="Selalu HTTP 200, kegagalan hanya di dalam isi.", show_default=False)
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(help="Pemeriksaan X-Timestamp: lenient, strict atau off.", show_default=False),
    ] = None,
    signed_only: Annotated[
        bool | None,
        typer.Option(help="Hanya terima permintaan bertanda tangan, bukan X-pass.", show_default=False),
    ] = None,
    absent_clock_until: Annotated[
        datetime | None,
        typer.Option(help="Terima permintaan tanpa X-Timestamp sampai tanggal ini (UTC).", show_default=False),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Ubah setelan satu rumah sakit."""
    from rsonline.store import hospitals, signing

    if clock not in (None, "lenient", "strict", "off"):
        typer.echo("--clock: lenient, strict atau off.", err=True)
        raise typer.Exit(2)
    until = absent_clock_until.replace(tzinfo=UTC) if absent_clock_until else None
    wanted = {
        "create_on_put": create_on_put,
        "always_200": always_200,
        "clock_mode": clock,
        "absent_clock_until": until,
    }
    given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    if not given and signed_only is None:
        typer.echo("Tidak ada yang diubah: sebutkan salah satu setelan.", err=True)
        raise typer.Exit(2)

    def change(access: Any) -> None:
        if given:
            hospitals.set_state(access, code, **given)
        if signed_only is not None:
            signing.require(access, code, signed_only)

    on_hospitals(data, database, change)
    typer.echo(f"Setelan rumah sakit {code} diubah.")


@hospitals_app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV dengan kolom kode, nama, zona, dan bila ada password.", show_default=False),
    ],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Tambah banyak rumah sakit dari CSV, semua atau tidak; kata sandi yang dibuat ditulis sebagai CSV ke keluaran."""
    from rsonline.login.passwords import generate, hash_password
    from rsonline.store import hospitals

    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not {"kode", "nama", "zona"} <= set(rows[0]):
        typer.echo("Berkas harus berisi kolom kode, nama, zona.", err=True)
        raise typer.Exit(2)
    made: list[tuple[str, str]] = []
    ready = []
    for row in rows:
        given = (row.get("password") or "").strip()
        text = given or generate()
        if not given:
            made.append((row["kode"], text))
        ready.append(
            (
                row["kode"].strip(),
                row["nama"],
                row["zona"].strip().upper(),
                hash_password(text),
                "imported" if given else "generated",
            )
        )

    def add_all(access: Any) -> None:
        for code, name, zone, hashed, kind in ready:
            hospitals.add(access, code, name, zone, hashed, kind=kind)

    on_hospitals(data, database, add_all)
    typer.echo(f"{len(ready)} rumah sakit ditambahkan.", err=True)
    if made:
        writer = csv.writer(sys.stdout)
        writer.writerow(("kode", "password"))
        writer.writerows(made)
