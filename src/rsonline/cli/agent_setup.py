"""`rsonline agent setup`: from nothing to a configuration that was seen to work, question by question."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsonline.cli import failing
from rsonline.cli.agent import AGENT_TOML, ConfigOption, agent, configured
from rsonline.cli.agent_preview import previewed
from rsonline.cli.line import Lang, say

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
    lang: Lang = "id",
) -> None:
    """Buat konfigurasi agen: uji sambungan, pilih preset, petakan kode, lihat baris pertama. Tidak ada yang dikirim."""
    from rsonline.hospital.config import PRESETS
    from rsonline.hospital.setup import DRIVERS, PASSWORD_FILE, SOURCE_PASSWORD_FILE, Answers, keep_secret, source_url
    from rsonline.reports import REPORTS

    def ask(id: str, en: str, **how: Any) -> Any:
        return typer.prompt(say(lang, id, en), **how)

    asked = say(lang, f"{config} sudah ada. Ganti?", f"{config} is there already. Replace it?")
    if config.exists() and not yes and not typer.confirm(asked):
        raise typer.Exit(1)
    folder = config.resolve().parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    typer.echo(say(lang, "1. Rumah sakit dan layanan", "1. Hospital and service"))
    code = code or ask("Kode rumah sakit", "Code of the hospital")
    zone = zone or ask(
        "Zona waktu rumah sakit (WIB, WITA, WIT)", "Time zone of the hospital (WIB, WITA, WIT)", default="WIB"
    )
    address = address or ask("Alamat layanan", "Address of the service", default=MINISTRY)
    with failing(OSError, lang=lang):
        wanted = say(lang, "Kata sandi RS Online (X-pass)", "Password of RS Online (X-pass)")
        _secret(folder / PASSWORD_FILE, password_file, wanted, keep_secret)
    typer.echo(say(lang, "2. Basis data SIMRS", "2. Database of the SIMRS"))
    engines = (*DRIVERS, "sqlite")
    engine = engine or ask(
        "Jenis (mysql, postgresql, mssql, sqlite)", "Kind (mysql, postgresql, mssql, sqlite)", default="mysql"
    )
    if engine not in engines:
        there = ", ".join(engines)
        text = say(lang, f"{engine!r} bukan salah satu dari {there}", f"{engine!r} is none of {there}")
        _wrong(f"engine: {text}")
    if engine == "sqlite":
        database = database or ask("Berkas basis data", "File of the database")
        url = source_url(engine, "", 0, str(Path(database).resolve()), "")
    else:
        host = host or ask("Alamat server", "Address of the server", default="127.0.0.1")
        port = port or ask("Porta", "Port", default=DRIVERS[engine][1], type=int)
        database = database or ask("Nama basis data", "Name of the database")
        user = user or ask("Akun yang hanya boleh membaca", "Account that may only read")
        url = source_url(engine, host, port, database, user)
        with failing(OSError, lang=lang):
            wanted = say(lang, f"Kata sandi {user}", f"Password of {user}")
            _secret(folder / SOURCE_PASSWORD_FILE, database_password_file, wanted, keep_secret)
    typer.echo(say(lang, "3. Laporan", "3. Reports"))
    presets = ", ".join(PRESETS)
    preset = preset or ask(f"Preset ({presets}, tidak)", f"Preset ({presets}, none)", default="khanza")
    names = tuple(report or ())
    if preset in ("tidak", "none"):
        preset = ""
        known = {each.name for each in REPORTS}
        while not names or not set(names) <= known:
            there = ", ".join(sorted(known))
            text = ask(f"Laporan, dipisah koma ({there})", f"Reports, with commas between ({there})")
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
    _write(config, answers, lang)
    _tried(config, answers, lang, yes=yes)


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


def _write(config: Path, answers: "Answers", lang: str) -> None:
    from rsonline.hospital.config import ConfigError
    from rsonline.hospital.setup import keep_secret, text_of
    from rsonline.reports import REPORTS

    with failing(ConfigError, OSError, lang=lang):
        keep_secret(config, text_of(answers, REPORTS, lang))


def _tried(config: Path, answers: "Answers", lang: str, *, yes: bool) -> None:
    """See whether it works: connection, rights, tables, codes, first rows."""
    from rich.console import Console

    from rsonline.hospital.setup import unmapped
    from rsonline.hospital.source import Source, SourceError
    from rsonline.hospital.words import many

    console = Console()
    settings = configured(config, lang)
    with failing(SourceError, lang=lang):
        source = Source(settings)
        try:
            tables = source.tables()
            source.prove_read_only()
            console.print(
                say(
                    lang,
                    f"Tersambung: {len(tables)} tabel, akun hanya dapat membaca.",
                    f"Connected: {many(len(tables), 'table')}, the account can only read.",
                )
            )
            if not answers.preset:
                for name, columns in sorted(tables.items())[:200]:
                    console.print(f"  {name}: {', '.join(columns)}", markup=False, highlight=False)
                fill = say(lang, f"Isi SELECT di {config}, lalu", f"Fill in the SELECTs in {config}, then")
                console.print(f"{fill}: rsonline agent preview --config {config}")
                raise typer.Exit(0)
            codes = _mapped(unmapped(settings, source, lang), lang, yes=yes)
        finally:
            source.close()
    if codes:
        _write(config, replace(answers, codes=codes), lang)
        settings = configured(config, lang)
    with failing(SourceError, lang=lang):
        source = Source(settings)
        try:
            wrong = sum(previewed(console, settings, feed, source, 3, lang) for feed in settings.feeds)
        finally:
            source.close()
    written = say(lang, f"Konfigurasi tertulis di {config}.", f"The configuration is written to {config}.")
    faulty = say(
        lang, f" {wrong} baris contoh belum dapat dikirim.", f" {many(wrong, 'sample row')} cannot be sent yet."
    )
    console.print(written + (faulty if wrong else ""))
    following = say(
        lang,
        "Berikutnya: rsonline doctor --config …, lalu rsonline agent run --config …",
        "Next: rsonline doctor --config …, then rsonline agent run --config …",
    )
    console.print(following, markup=False)


def _mapped(found: Any, lang: str, *, yes: bool) -> dict[str, dict[str, dict[str, str]]]:
    """The service's id for each code, as chosen by a person."""
    codes: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for each in found:
        best = each.suggestions[0][0] if each.suggestions else ""
        if not yes:
            code = f"{each.feed}: {each.member} = {each.code!r}"
            unknown = say(lang, "tidak dikenal layanan. Mungkin:", "is not known to the service. Perhaps:")
            typer.echo(f"{code} {unknown}")
            for id_, name in each.suggestions:
                typer.echo(f"  {id_}  {name}")
            asked = say(lang, "Kode layanan (kosong: lewati)", "Code of the service (empty: skip)")
            best = typer.prompt(asked, default=best)
        if best:
            codes[each.feed][each.member][each.code] = best
    return {feed: {member: dict(table) for member, table in tables.items()} for feed, tables in codes.items()}
