"""`rsonline agent setup`: from nothing to a configuration that was seen to work, question by question."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured
from rsonline.cli.agent_preview import previewed

if TYPE_CHECKING:
    from rsonline.hospital.setup import Answers

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
MINISTRY = "https://sirs.kemkes.go.id/fo/index.php"


def _option(text: str) -> Any:
    return typer.Option(help=text, show_default=False)


@agent.command()
def setup(
    config: ConfigOption = AGENT_TOML,
    code: Annotated[str, _option("Kode rumah sakit.")] = "",
    zone: Annotated[str, _option("WIB, WITA atau WIT.")] = "",
    address: Annotated[str, _option(f"Alamat layanan, misalnya {MINISTRY}.")] = "",
    password_file: Annotated[Path | None, _option("Berkas kata sandi (X-pass); tanpa ini ditanyakan.")] = None,
    ca_file: Annotated[Path | None, _option("Sertifikat otoritas tambahan.")] = None,
    engine: Annotated[str, _option("mysql (juga MariaDB), postgresql, mssql atau sqlite.")] = "",
    host: Annotated[str, _option("Alamat server basis data SIMRS.")] = "",
    port: Annotated[int, _option("Porta server basis data.")] = 0,
    database: Annotated[str, _option("Nama basis data (sqlite: berkasnya).")] = "",
    user: Annotated[str, _option("Akun basis data yang hanya boleh membaca.")] = "",
    database_password_file: Annotated[Path | None, _option("Berkas kata sandi basis data.")] = None,
    database_zone: Annotated[str, _option("Zona waktu basis data (bawaan: zona rumah sakit).")] = "",
    preset: Annotated[str, _option("khanza atau mlite; 'tidak' untuk SELECT sendiri.")] = "",
    report: Annotated[list[str] | None, _option("Tanpa preset: laporan yang SELECT-nya akan diisi sendiri.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Pakai usulan kode terbaik tanpa bertanya.")] = False,
) -> None:
    """Buat konfigurasi agen: uji sambungan, pilih preset, petakan kode, lihat baris pertama. Tidak ada yang dikirim."""
    from rsonline.hospital.config import PRESETS
    from rsonline.hospital.setup import DRIVERS, PASSWORD_FILE, SOURCE_PASSWORD_FILE, Answers, keep_secret, source_url
    from rsonline.reports import REPORTS

    if config.exists() and not yes and not typer.confirm(f"{config} sudah ada. Ganti?"):
        raise typer.Exit(1)
    folder = config.resolve().parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    typer.echo("1. Rumah sakit dan layanan")
    code = code or typer.prompt("Kode rumah sakit")
    zone = zone or typer.prompt("Zona waktu rumah sakit (WIB, WITA, WIT)", default="WIB")
    address = address or typer.prompt("Alamat layanan", default=MINISTRY)
    with failing(OSError):
        _secret(folder / PASSWORD_FILE, password_file, "Kata sandi RS Online (X-pass)", keep_secret)
    typer.echo("2. Basis data SIMRS")
    engine = engine or typer.prompt("Jenis (mysql, postgresql, mssql, sqlite)", default="mysql")
    if engine not in DRIVERS and engine != "sqlite":
        _wrong(f"engine: {engine!r} bukan salah satu dari {', '.join([*DRIVERS, 'sqlite'])}")
    if engine == "sqlite":
        database = database or typer.prompt("Berkas basis data")
        url = source_url(engine, "", 0, str(Path(database).resolve()), "")
    else:
        host = host or typer.prompt("Alamat server", default="127.0.0.1")
        port = port or typer.prompt("Porta", default=DRIVERS[engine][1], type=int)
        database = database or typer.prompt("Nama basis data")
        user = user or typer.prompt("Akun yang hanya boleh membaca")
        url = source_url(engine, host, port, database, user)
        with failing(OSError):
            wanted = f"Kata sandi {user}"
            _secret(folder / SOURCE_PASSWORD_FILE, database_password_file, wanted, keep_secret)
    typer.echo("3. Laporan")
    preset = preset or typer.prompt(f"Preset ({', '.join(PRESETS)}, tidak)", default="khanza")
    names = tuple(report or ())
    if preset == "tidak":
        preset = ""
        known = {each.name for each in REPORTS}
        while not names or not set(names) <= known:
            text = typer.prompt(f"Laporan, dipisah koma ({', '.join(sorted(known))})")
            names = tuple(part.strip() for part in text.split(",") if part.strip())
    answers = Answers(
        code=code,
        zone=ZONES.get(zone.upper(), zone),
        address=address,
        source_url=url,
        source_zone=database_zone or ZONES.get(zone.upper(), zone),
        preset=preset,
        reports=names,
        ca_file="" if ca_file is None else str(ca_file.resolve()),
    )
    _write(config, answers)
    _tried(config, answers, yes=yes)


def _wrong(text: str) -> None:
    typer.echo(text, err=True)
    raise typer.Exit(2)


def _secret(path: Path, given: Path | None, asked: str, keep: Any) -> None:
    """Put a password beside the configuration: from a file, or typed; one that is there stays."""
    if given is not None:
        if given.resolve() != path.resolve():
            keep(path, given.read_text("utf-8").strip() + "\n")
        return
    if path.exists():
        return
    keep(path, typer.prompt(asked, hide_input=True) + "\n")


def _write(config: Path, answers: "Answers") -> None:
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.setup import keep_secret, text_of
    from rsonline.reports import REPORTS

    with failing(ConfigError, OSError):
        keep_secret(config, text_of(answers, REPORTS))


def _tried(config: Path, answers: "Answers", *, yes: bool) -> None:
    """See whether it works: connection, rights, tables, codes, first rows."""
    from rich.console import Console

    from rsonline.hospital.setup import unmapped
    from rsonline.hospital.source import Source, SourceError

    console = Console()
    settings = configured(config)
    with failing(SourceError):
        source = Source(settings)
        try:
            tables = source.tables()
            source.prove_read_only()
            console.print(f"Tersambung: {len(tables)} tabel, akun hanya dapat membaca.")
            if not answers.preset:
                for name, columns in sorted(tables.items())[:200]:
                    console.print(f"  {name}: {', '.join(columns)}", markup=False, highlight=False)
                console.print(f"Isi SELECT di {config}, lalu: rsonline agent preview --config {config}")
                raise typer.Exit(0)
            codes = _mapped(unmapped(settings, source), yes=yes)
        finally:
            source.close()
    if codes:
        _write(config, replace(answers, codes=codes))
        settings = configured(config)
    with failing(SourceError):
        source = Source(settings)
        try:
            wrong = sum(previewed(console, settings, feed, source, 3) for feed in settings.feeds)
        finally:
            source.close()
    console.print(
        f"Konfigurasi tertulis di {config}." + (f" {wrong} baris contoh belum dapat dikirim." if wrong else "")
    )
    console.print("Berikutnya: rsonline doctor --config …, lalu rsonline agent run --config …", markup=False)


def _mapped(found: Any, *, yes: bool) -> dict[str, dict[str, dict[str, str]]]:
    """The service's id for each code, as chosen by a person."""
    codes: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for each in found:
        best = each.suggestions[0][0] if each.suggestions else ""
        if not yes:
            typer.echo(f"{each.feed}: {each.member} = {each.code!r} tidak dikenal layanan. Mungkin:")
            for id_, name in each.suggestions:
                typer.echo(f"  {id_}  {name}")
            best = typer.prompt("Kode layanan (kosong: lewati)", default=best)
        if best:
            codes[each.feed][each.member][each.code] = best
    return {feed: {member: dict(table) for member, table in tables.items()} for feed, tables in codes.items()}
