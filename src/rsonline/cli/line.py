"""Where the service is and who speaks: the options that `send`, `list`, `delete` and `doctor` share."""

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from rsonline.hospital.client import Client
    from rsonline.hospital.outcome import Outcome
    from rsonline.hospital.patients import Patients
    from rsonline.reports.report import Report

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
_ENV, _ENV_PATIENTS = "RSONLINE_HOSPITAL_", "RSONLINE_PATIENTS_"


def _names(incomplete: str) -> list[str]:
    from rsonline.hospital.kinds import GUIDE
    from rsonline.hospital.patient_rows import KINDS

    return [name for name in (*GUIDE, *KINDS) if name.startswith(incomplete)]


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
User = Annotated[
    str,
    typer.Option(
        help="Akun API pasien; tanpa ini masuk dengan kode rumah sakit dan X-pass.",
        envvar=_ENV_PATIENTS + "USER",
        show_default=False,
    ),
]
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
    said = _tables(config).get("hospital", {})
    if config is not None:
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


def _tables(config: Path | None) -> dict[str, Any]:
    """The tables of an agent's file, none without one; ends the command where it cannot be read."""
    if config is None:
        return {}
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise wrong(f"{config}: {error}") from None


def knows_patients(config: Path | None) -> bool:
    """Whether a file or the environment says where the patient API is."""
    return "patients" in _tables(config) or bool(os.environ.get(f"{_ENV_PATIENTS}ADDRESS"))


def patients_at(ctx: typer.Context, lang: str, *, by_options: bool = True) -> "Patients":
    """The client of the patient API for the options of a command; ends the command where something is missing.

    That API has an address and an account of its own: the environment's and the file's for the guide's service do not
    count for it, but for the hospital's code, zone and authority; nor do the options of a command that means the
    guide's service by them (`by_options`). Without an account it is the hospital's code and its X-pass.
    """
    from rsonline.hospital.patients import Patients

    options, config = ctx.params, ctx.params.get("config")
    tables = _tables(config)
    hospital, said = tables.get("hospital", {}), tables.get("patients", {})

    def told(name: str, own: Any) -> Any:
        """On the command line, in the environment, in the file's table."""
        source = ctx.get_parameter_source(name)
        if by_options and source is not None and source.name == "COMMANDLINE":
            return options[name]
        return os.environ.get(_ENV_PATIENTS + name.upper()) or own

    def file(table: dict[str, Any], name: str) -> Path | None:
        return config.resolve().parent / str(table[name]) if config is not None and name in table else None

    address, user = told("address", str(said.get("address", ""))), told("user", str(said.get("user", "")))
    password_file = told("password_file", file(said, "password_file"))
    if password_file is None and not user:
        password_file = options["password_file"] or file(hospital, "password_file")
    code = options["code"] or str(hospital.get("code", ""))
    for name, value in (("--address", address), ("--code", code)):
        if not value:
            where = "--config agent.toml ([patients], [hospital])"
            raise wrong(say(lang, f"{name} wajib diisi, atau {where}", f"{name} is required, or {where}"))
    zone = options["zone"] or str(hospital.get("zone", "WIB"))
    place = Place(
        address,
        code,
        ZONES.get(zone.upper(), zone),
        None if password_file is None else Path(password_file),
        options["ca_file"] or file(hospital, "ca_file"),
    )
    password = password_of(place, lang)
    try:
        return Patients(
            place.address,
            place.code,
            user or place.code,
            password,
            by_code=not user,
            zone=place.zone,
            ca_file=place.ca_file,
        )
    except (ValueError, OSError, LookupError) as error:
        raise wrong(str(error)) from None


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
    """A report kind of either service; ends the command for another name."""
    from rsonline.hospital.kinds import GUIDE
    from rsonline.hospital.patient_rows import KINDS

    found = GUIDE.get(name) or KINDS.get(name)
    if found is None:
        names = ", ".join((*GUIDE, *KINDS))
        raise wrong(say(lang, f"Laporan {name!r} tidak ada: {names}", f"No report {name!r}: {names}"))
    return found


def of_patients(report: "Report[Any]") -> bool:
    """Whether a kind belongs to the patient API, which has an address and a login of its own."""
    from rsonline.hospital.patient_rows import KINDS

    return report.name in KINDS


def told(outcome: "Outcome", lang: str) -> str:
    """What is said of an outcome: problems found on this side in the language asked for, else the service's words."""
    from rsonline.hospital.outcome import Refused
    from rsonline.hospital.sender import said_of
    from rsonline.reports.wording import problem_text

    if not isinstance(outcome, Refused) or outcome.sent or not outcome.problems:
        return said_of(outcome)
    try:
        texts = [problem_text(problem, None) for problem in outcome.problems[:5]]
    except KeyError:
        return outcome.said
    return "; ".join(say(lang, text.id, text.en) for text in texts)


def readable_by_others(path: Path) -> bool:
    """Whether others on this machine may read a file; unknown on systems without file modes."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
