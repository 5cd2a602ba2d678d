"""The agent's configuration: one TOML file, read once, refused in words.

```toml
[hospital]
code = "3404015"
zone = "Asia/Jakarta"
address = "https://rsonline.example/fo/index.php"
password_file = "sandi"

[source]
url = "mysql+pymysql://rsonline_baca@127.0.0.1/sik"
password_file = "sandi-basis-data"
zone = "Asia/Jakarta"

[[feed]]
name = "tempat-tidur"
report = "tempat_tidur"
every = 300
snapshot = true
sql = "SELECT …"
codes.id_tt = { VIP = "1", "KELAS 1" = "2" }
```
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rsonline.hospital.alarm import AlarmSettings, alarm_of
from rsonline.hospital.relay_settings import RelaySettings, relay_of
from rsonline.hospital.words import InWords, as_is, words_of
from rsonline.reports import REPORTS
from rsonline.reports.report import Report, members
from rsonline.reports.verdict import Words


class ConfigError(InWords):
    """The configuration cannot be used; the text names the place and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One SELECT of the hospital's own, and the report kind that its rows become.

    Its columns are named as the guide names the members. A `snapshot` is the whole of what there is: what is missing
    from it was removed. `since` is a column that only rises (when a row was last changed): the SELECT then holds
    `:since`, and rows of the last `overlap` seconds before it are read again, for what was committed out of order.
    `codes` translates the hospital's own codes, by member; `*` stands for all that are not named.
    """

    name: str
    report: Report[Any]
    sql: str = ""
    file: str = ""
    """A CSV file instead of a SELECT."""
    every: float = 300.0
    snapshot: bool = False
    since: str = ""
    overlap: float = 86_400.0
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file. Paths are beside it; `folder` is where it lies."""

    folder: Path
    code: str
    zone: ZoneInfo
    address: str
    password_file: Path
    ca_file: Path | None
    source_url: str
    source_password_file: Path | None
    source_zone: ZoneInfo
    feeds: tuple[Feed, ...]
    statement_seconds: float = 10.0
    alarm: AlarmSettings = field(default_factory=AlarmSettings)
    relay: RelaySettings | None = None
    most: int = 1_000_000
    """Messages that the outbox holds at most."""
    most_bytes: int = 2 << 30
    least_free: int = 64 << 20
    """Bytes of the disk that stay free."""

    @property
    def outbox(self) -> Path:
        """Where what still has to arrive is kept."""
        return self.folder / "antrean.sqlite3"

    @property
    def key(self) -> Path:
        """The key that seals it."""
        return self.folder / "antrean.key"

    @property
    def health(self) -> Path:
        """How the agent stands, for programs that watch it."""
        return self.folder / "keadaan.json"

    @property
    def metrics(self) -> Path:
        """The same as Prometheus text."""
        return self.folder / "keadaan.prom"

    @property
    def lock(self) -> Path:
        """Held by the one agent that runs here."""
        return self.folder / "agen.kunci"


PRESETS = ("khanza", "mlite")
"""The hospital systems whose SELECTs come with the package."""


def preset(name: str) -> str:
    """The `[[feed]]` tables for a hospital system, as text to be put into a configuration. Raises ConfigError."""
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise ConfigError(Words(f"Preset {name!r} tidak ada: {known}", f"There is no preset {name!r}: {known}"))
    return (files("rsonline.hospital") / "presets" / f"{name}.toml").read_text("utf-8")


def example(name: str) -> str:
    """Statements that make a small database in the shape of a hospital system, for a trial. Raises ConfigError."""
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise ConfigError(Words(f"Contoh {name!r} tidak ada: {known}", f"There is no example {name!r}: {known}"))
    return (files("rsonline.hospital") / "presets" / f"{name}-contoh.sql").read_text("utf-8")


def load(path: Path) -> Config:
    """Read a configuration. Raises ConfigError."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            Words(f"{path} tidak dapat dibaca: {error.strerror}", f"{path} cannot be read: {error.strerror}")
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(as_is(f"{path}: {error}")) from None
    _only(said, {"hospital", "source", "feed", "outbox", "alarm", "relay", "patients"}, "")
    if "patients" in said:
        # For `rsonline send` and its like: the agent itself does not speak to the patient API.
        _only(_table(said, "patients"), {"address", "user", "password_file"}, "patients")
    hospital = _table(said, "hospital")
    # Whoever only relays, or gives files, reads no database.
    only_relays = "relay" in said and "feed" not in said and "source" not in said
    only_files = "source" not in said and _only_files(said.get("feed"))
    without = {"url": "sqlite://", "zone": hospital.get("zone", "")}
    source = without if only_relays or only_files else _table(said, "source")
    _only(hospital, {"code", "zone", "address", "password_file", "ca_file"}, "hospital")
    _only(source, {"url", "password_file", "zone", "statement_seconds"}, "source")
    folder = path.resolve().parent
    address = _text(hospital, "address", "hospital").rstrip("/")
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        raise ConfigError(
            Words(
                "hospital.address: harus https:// (http:// hanya untuk mesin ini sendiri)",
                "hospital.address: must be https:// (http:// only for this machine itself)",
            )
        )
    feeds = said.get("feed", [])
    if not isinstance(feeds, list) or not (feeds or only_relays):
        raise ConfigError(Words("feed: sedikitnya satu [[feed]] dibutuhkan", "feed: at least one [[feed]] is needed"))
    made = tuple(_feed(each, number) for number, each in enumerate(feeds, 1))
    try:
        alarm = alarm_of(_table(said, "alarm"), folder) if "alarm" in said else AlarmSettings()
        relay = relay_of(_table(said, "relay"), folder) if "relay" in said else None
    except ValueError as error:
        raise ConfigError(words_of(error)) from None
    names = [each.name for each in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(Words(f"feed.name: {twice!r} dipakai dua kali", f"feed.name: {twice!r} is used twice"))
    return Config(
        folder=folder,
        code=_text(hospital, "code", "hospital"),
        zone=_zone(hospital, "hospital"),
        address=address,
        password_file=folder / _text(hospital, "password_file", "hospital"),
        ca_file=folder / hospital["ca_file"] if "ca_file" in hospital else None,
        source_url=_text(source, "url", "source"),
        source_password_file=folder / source["password_file"] if "password_file" in source else None,
        source_zone=_zone(source, "source"),
        feeds=made,
        statement_seconds=float(source.get("statement_seconds", 10.0)),
        alarm=alarm,
        relay=relay,
        **_outbox(said.get("outbox", {})),
    )


def _only_files(feeds: object) -> bool:
    return isinstance(feeds, list) and bool(feeds) and all(isinstance(f, dict) and f.get("file") for f in feeds)


def _outbox(said: object) -> dict[str, int]:
    """The `[outbox]` table: how much it may hold, in messages and MB, and how many MB of the disk stay free."""
    if not isinstance(said, dict):
        raise ConfigError(Words("[outbox] harus berupa tabel", "[outbox] must be a table"))
    _only(said, {"messages", "mb", "least_free_mb"}, "outbox")
    for name, value in said.items():
        if type(value) is not int or value < (0 if name == "least_free_mb" else 1):
            raise ConfigError(
                Words(f"outbox.{name}: bilangan bulat, tidak negatif", f"outbox.{name}: a whole number, not negative")
            )
    made = {"most": said.get("messages", 1_000_000)}
    made["most_bytes"] = said.get("mb", 2048) << 20
    made["least_free"] = said.get("least_free_mb", 64) << 20
    return made


def _feed(said: object, number: int) -> Feed:
    where = f"feed[{number}]"
    if not isinstance(said, dict):
        raise ConfigError(Words(f"{where}: harus berupa tabel", f"{where}: must be a table"))
    _only(said, {f.name for f in fields(Feed)}, where)
    name = _text(said, "report", where)
    report = next((r for r in REPORTS if r.name == name), None)
    if report is None:
        names = ", ".join(r.name for r in REPORTS)
        raise ConfigError(
            Words(
                f"{where}.report: {name!r} bukan salah satu dari {names}",
                f"{where}.report: {name!r} is none of {names}",
            )
        )
    if bool(said.get("sql")) == bool(said.get("file")):
        raise ConfigError(
            Words(f"{where}: isi tepat satu dari sql dan file", f"{where}: give exactly one of sql and file")
        )
    if said.get("since") and ":since" not in said.get("sql", ""):
        raise ConfigError(
            Words(
                f"{where}.sql: harus memakai :since karena since diisi",
                f"{where}.sql: must use :since because since is given",
            )
        )
    if said.get("snapshot") and said.get("since"):
        raise ConfigError(
            Words(f"{where}: potret (snapshot) tidak dapat memakai since", f"{where}: a snapshot cannot use since")
        )
    codes = said.get("codes", {})
    known = {m.name for m in members(report.record)}
    for member, table in codes.items():
        if member not in known:
            raise ConfigError(
                Words(
                    f"{where}.codes: {member!r} bukan isian {report.name}",
                    f"{where}.codes: {member!r} is no member of {report.name}",
                )
            )
        if not isinstance(table, dict):
            place = f"{where}.codes.{member}"
            raise ConfigError(Words(f"{place}: harus berupa tabel kode", f"{place}: must be a table of codes"))
    every = float(said.get("every", 300.0))
    if every < 10:
        raise ConfigError(Words(f"{where}.every: paling sedikit 10 detik", f"{where}.every: at least 10 seconds"))
    return Feed(
        name=str(said.get("name", name)),
        report=report,
        sql=said.get("sql", ""),
        file=said.get("file", ""),
        every=every,
        snapshot=bool(said.get("snapshot", False)),
        since=said.get("since", ""),
        overlap=float(said.get("overlap", 86_400.0)),
        codes={member: {str(k): str(v) for k, v in table.items()} for member, table in codes.items()},
    )


def _only(said: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in said:
        if name not in known:
            place, names = f"{where}.{name}" if where else name, ", ".join(sorted(known))
            raise ConfigError(
                Words(f"{place}: tidak dikenal; yang ada: {names}", f"{place}: not known; there are: {names}")
            )


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = said.get(name)
    if not isinstance(table, dict):
        raise ConfigError(Words(f"[{name}] tidak ada", f"there is no [{name}]"))
    return table


def _text(said: Mapping[str, Any], name: str, where: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(Words(f"{where}.{name}: wajib diisi", f"{where}.{name}: is required"))
    return value.strip()


def _zone(said: Mapping[str, Any], where: str) -> ZoneInfo:
    name = _text(said, "zone", where)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            Words(
                f"{where}.zone: {name!r} bukan zona waktu, misalnya Asia/Jakarta",
                f"{where}.zone: {name!r} is no time zone, for example Asia/Jakarta",
            )
        ) from None
