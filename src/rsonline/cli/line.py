"""Where the service is and who speaks: the options that `send`, `list`, `delete` and `doctor` share."""

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from rsonline.hospital.client import Client
    from rsonline.reports.report import Report

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
_ENV = "RSONLINE_HOSPITAL_"


def _names(incomplete: str) -> list[str]:
    from rsonline.hospital.kinds import GUIDE

    return [name for name in GUIDE if name.startswith(incomplete)]


ReportArgument = Annotated[
    str, typer.Argument(help="Nama laporan, misalnya oksigen.", autocompletion=_names, show_default=False)
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="Pakai tabel [hospital] dari berkas agen ini.", show_default=False)
]
Address = Annotated[str, typer.Option(help="Alamat layanan.", envvar=_ENV + "ADDRESS", show_default=False)]
Code = Annotated[str, typer.Option(help="Kode rumah sakit.", envvar=_ENV + "CODE", show_default=False)]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="Berkas kata sandi; tanpa ini ditanyakan.", envvar=_ENV + "PASSWORD_FILE", show_default=False),
]
CaFile = Annotated[
    Path | None,
    typer.Option(help="Sertifikat otoritas tambahan.", envvar=_ENV + "CA_FILE", show_default=False),
]
Zone = Annotated[str, typer.Option(help="WIB, WITA atau WIT.", envvar=_ENV + "ZONE")]
Lang = Annotated[str, typer.Option("--lang", help="Bahasa: id atau en.", envvar="RSONLINE_LANG")]
AsJson = Annotated[bool, typer.Option("--json", help="Satu dokumen JSON untuk program.")]


class Place(NamedTuple):
    """What names the service and the hospital. `password_file` is None where the password is asked for."""

    address: str
    code: str
    zone: str
    password_file: Path | None
    ca_file: Path | None


def say(lang: str, id: str, en: str) -> str:
    """A text in the language that was asked for."""
    return en if lang == "en" else id


def wrong(text: str) -> typer.Exit:
    """Say what is wrong with the command line; to be raised."""
    typer.echo(text, err=True)
    return typer.Exit(1)


def place_of(
    lang: str,
    config: Path | None,
    address: str,
    code: str,
    zone: str,
    password_file: Path | None,
    ca_file: Path | None,
) -> Place:
    """Options over the file of an agent; ends the command where something is missing."""
    said: dict[str, Any] = {}
    if config is not None:
        try:
            said = tomllib.loads(config.read_text("utf-8")).get("hospital", {})
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise wrong(f"{config}: {error}") from None
        folder = config.resolve().parent
        password_file = password_file or (folder / said["password_file"] if "password_file" in said else None)
        ca_file = ca_file or (folder / said["ca_file"] if "ca_file" in said else None)
    address, code = address or str(said.get("address", "")), code or str(said.get("code", ""))
    zone = zone or str(said.get("zone", "WIB"))
    for name, value in (("--address", address), ("--code", code)):
        if not value:
            raise wrong(
                say(
                    lang, f"{name} wajib diisi, atau --config agent.toml", f"{name} is required, or --config agent.toml"
                )
            )
    return Place(address, code, ZONES.get(zone.upper(), zone), password_file, ca_file)


def password_of(place: Place, lang: str) -> str:
    """The password, from its file or typed; ends the command where there is none."""
    if place.password_file is None:
        return str(typer.prompt(say(lang, "Kata sandi (X-pass)", "Password (X-pass)"), hide_input=True, err=True))
    try:
        return place.password_file.read_text("utf-8").strip()
    except OSError as error:
        raise wrong(f"{place.password_file}: {error.strerror}") from None


def client_at(place: Place, lang: str, *, retries: int = 3) -> "Client":
    """The client for a place; ends the command where something of it cannot be used."""
    from rsonline.hospital.client import Client

    password = password_of(place, lang)
    try:
        return Client(place.address, place.code, password, zone=place.zone, ca_file=place.ca_file, retries=retries)
    except (ValueError, OSError, LookupError) as error:
        raise wrong(str(error)) from None


def report_named(name: str, lang: str) -> "Report[Any]":
    """A report kind of the guide's service; ends the command for another name."""
    from rsonline.hospital.kinds import GUIDE

    found = GUIDE.get(name)
    if found is None:
        raise wrong(
            say(lang, f"Laporan {name!r} tidak ada: {', '.join(GUIDE)}", f"No report {name!r}: {', '.join(GUIDE)}")
        )
    return found


def readable_by_others(path: Path) -> bool:
    """Whether others on this machine may read a file; unknown on systems without file modes."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
