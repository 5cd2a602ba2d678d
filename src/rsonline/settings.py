"""The settings: one frozen value, read once from a file and the environment, refused in words."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from rsonline.store import keeping
from rsonline.store.database import Database


class SettingsError(Exception):
    """A setting cannot be used; the text names it and says what is allowed."""


def _is(default: Any, help: str, **more: Any) -> Any:
    """A setting: its default, what it does, its bounds."""
    return field(default=default, metadata={"help": help, **more})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set: by an environment variable `RSONLINE_<NAME>`, or by `<name>` in a TOML file."""

    host: str = _is("127.0.0.1", "Address to listen on.")
    port: int = _is(8080, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    admin_listen: str = _is(
        "", "Address and port (127.0.0.1:8081) of /metrics and /readyz; empty: they are served nowhere."
    )
    data: Path = _is(Path("data"), "Folder of the embedded database, its keys and the operator's reference lists.")  # noqa: RUF009 (it makes a field)
    database: str = _is(
        "", "URL of the database: postgresql://…, or sqlite:///path; empty means SQLite in the data folder."
    )
    keys: Path = _is(Path(), "File with the master keys; empty means keys.json in the data folder.")  # noqa: RUF009
    unsafe_database: bool = _is(
        False, "Take a PostgreSQL server whose settings may lose what was acknowledged (fsync=off and the like)."
    )
    trusted_proxies: tuple[str, ...] = _is(
        (), "Addresses or networks whose X-Forwarded-For counts, separated by commas."
    )
    require_tls: bool = _is(
        False, "Refuse passwords and forms that come without TLS from outside this machine; the proxy says which did."
    )
    allowed_hosts: tuple[str, ...] = _is((), "Host names that are answered, separated by commas; empty answers all.")
    clock_window: int = _is(
        86_400, "Seconds that X-Timestamp may differ from the server's time in lenient mode.", least=60
    )
    clock_check: bool = _is(True, "Refuse requests outside the window; off for clients that send one fixed value.")
    create_on_put: bool = _is(False, "A PUT that finds nothing adds, for every hospital (else per hospital).")
    always_200: bool = _is(False, "HTTP 200 even for refusals, the failure only inside the body (else per hospital).")
    unlisted_references: bool = _is(
        False, "Take ids that an incomplete reference list (staff, PPE) does not know, with a warning."
    )
    outdated_members: bool = _is(
        False, "Pass over members of a patient's report that clients sent until 2022, with a warning."
    )
    reference_page: bool = _is(False, "Serve the interactive description of the service at /docs.")
    laboratory_registry: str = _is("", "Function (module:name) that knows a patient's laboratory record; empty: none.")
    population_registry: str = _is("", "Function (module:name) that knows a person by NIK; empty: none.")
    vaccination_registry: str = _is("", "Function (module:name) that knows a patient's vaccinations; empty: none.")
    registry_seconds: int = _is(5, "Seconds that one of these registries may take to answer.", least=1, most=60)
    retention: tuple[str, ...] = _is(
        (),
        "Days after its last change that a record is kept (pasien_covid=9125), separated by commas; empty: for ever.",
    )
    waiting_writes: int = _is(
        4096, "Changes that may wait for the next commit; beyond it 503.", least=1, most=1_000_000
    )
    readers: int = _is(4, "Connections that read.", least=1, most=64)
    connections_per_source: int = _is(50, "Open connections that one address may have.", least=1)
    log_level: str = _is("info", "debug, info, warning or error.", one_of=("debug", "info", "warning", "error"))
    log_format: str = _is("json", "json, or console for people.", one_of=("json", "console"))

    def __post_init__(self) -> None:
        for each in fields(self):
            value, rule = getattr(self, each.name), each.metadata
            if "least" in rule and value < rule["least"]:
                raise SettingsError(f"{each.name}: {value} is less than {rule['least']}")
            if "most" in rule and value > rule["most"]:
                raise SettingsError(f"{each.name}: {value} is more than {rule['most']}")
            if "one_of" in rule and value not in rule["one_of"]:
                raise SettingsError(f"{each.name}: {value!r} is not one of {', '.join(rule['one_of'])}")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise SettingsError(f"trusted_proxies: {proxy!r} is no address or network") from None
        self.kept_days()
        if self.admin_listen:
            self.admin_place()
        if self.database and not self.database.startswith(("sqlite:///", "postgresql://")):
            raise SettingsError("database: a URL begins with postgresql:// or sqlite:///")

    @property
    def place(self) -> Database:
        """The database with its keys."""
        url = self.database or f"sqlite:///{self.data / 'rsonline.sqlite3'}"
        return Database(url, self.data / "keys.json" if self.keys == Path() else self.keys, self.unsafe_database)

    def kept_days(self) -> dict[str, int]:
        """`retention` as days by table. Raises SettingsError."""
        try:
            return keeping.rules(self.retention) if self.retention else {}
        except ValueError as error:
            raise SettingsError(f"retention: {error}") from None

    def admin_place(self) -> tuple[str, int]:
        """Address and port of `admin_listen`. Raises SettingsError."""
        host, _, port = self.admin_listen.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        try:
            ip_address(host)
        except ValueError:
            raise SettingsError(
                f"admin_listen: {self.admin_listen!r} is no address with a port, such as 127.0.0.1:8081 or [::1]:8081"
            ) from None
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise SettingsError(f"admin_listen: {port!r} is no port from 0 to 65535")
        return host, int(port)

    def told(self) -> dict[str, object]:
        """What differs from the defaults, for the journal; of the database its name only: a URL may hold a password."""
        said: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                said[each.name] = list(value) if isinstance(value, tuple) else value
        return {k: str(v) if isinstance(v, Path) else v for k, v in said.items()} | {"database": self.place.shown}


def load(given: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the file that RSONLINE_CONFIG names, over it the environment, over it what is given.

    Raises SettingsError for an unknown key, a value of the wrong type or one out of its bounds.
    """
    known = {f.name: f for f in fields(Settings)}
    values: dict[str, Any] = {}
    if path := environ.get("RSONLINE_CONFIG"):
        try:
            said = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"RSONLINE_CONFIG: {path} cannot be read: {error}") from None
        for name, value in said.items():
            if name not in known:
                raise SettingsError(f"{path}: {name} is no setting")
            values[name] = _typed(known[name], value)
    for name, each in known.items():
        text = environ.get(f"RSONLINE_{name.upper()}")
        if text is not None:
            values[name] = _typed(each, text)
    values |= {k: v for k, v in (given or {}).items() if v is not None}
    return Settings(**values)


def _typed(each: Any, value: Any) -> Any:
    default = each.default
    name = each.name
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("1", "true", "yes", "on", "ya"):
            return True
        if str(value).lower() in ("0", "false", "no", "off", "tidak", ""):
            return False
        raise SettingsError(f"{name}: {value!r} is neither true nor false")
    if isinstance(default, int):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise SettingsError(f"{name}: {value!r} is no whole number") from None
    if isinstance(default, Path):
        return Path(value)
    if isinstance(default, tuple):
        parts = value if isinstance(value, list) else str(value).split(",")
        return tuple(p.strip() for p in parts if p.strip())
    return str(value)
