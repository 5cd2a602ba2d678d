"""The `[relay]` table: where older programs of the hospital are listened to, and by which password of its own.

```toml
[relay]
listen = "127.0.0.1:8321"
password_file = "sandi-relai"
allow = ["127.0.0.1", "192.168.1.20"]
```
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsonline.hospital.words import Unusable
from rsonline.reports.verdict import Words

_KNOWN = ("listen", "password_file", "allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """Where the relay listens, the file of the password that its clients send as X-pass, and who may call."""

    host: str
    port: int
    password_file: Path
    allow: tuple[str, ...] = ("127.0.0.1", "::1")


def relay_of(said: Mapping[str, Any], folder: Path) -> RelaySettings:
    """The table as settings. Raises Unusable."""
    for name in said:
        if name not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise Unusable(
                Words(f"relay.{name}: tidak dikenal; yang ada: {known}", f"relay.{name}: not known; there are: {known}")
            )
    host, _, port = str(said.get("listen", "")).rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        number = int(port)
        if not 1 <= number <= 65535:
            raise ValueError(port)
    except ValueError:
        raise Unusable(
            Words(
                "relay.listen: alamat IP dan porta, misalnya 127.0.0.1:8321",
                "relay.listen: an IP address and a port, for example 127.0.0.1:8321",
            )
        ) from None
    if not said.get("password_file"):
        raise Unusable(Words("relay.password_file: wajib diisi", "relay.password_file: is required"))
    allow = said.get("allow", ["127.0.0.1", "::1"])
    try:
        addresses = tuple(str(ipaddress.ip_address(each)) for each in allow)
    except ValueError:
        raise Unusable(Words("relay.allow: daftar alamat IP", "relay.allow: a list of IP addresses")) from None
    return RelaySettings(
        host=host.strip("[]"), port=number, password_file=folder / str(said["password_file"]), allow=addresses
    )
