"""From where a request came, and whether anybody could read it on the way (SR-11, SR-30)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from rsonline.service.denied import Denied
from rsonline.settings import Settings

Line = Literal["tls", "clear", "inside", "unknown"]
"""How a request came: encrypted, in clear from outside, without leaving this machine, or nobody says."""


class Arrival:
    """What the settings say of proxies, hosts and TLS, applied to requests."""

    def __init__(self, settings: Settings) -> None:
        self._require_tls = settings.require_tls
        self._proxies = tuple(ip_network(p) for p in settings.trusted_proxies)
        self._hosts = frozenset(h.lower() for h in settings.allowed_hosts)

    def address(self, peer: str, headers: Mapping[str, Sequence[str]]) -> str:
        """The caller's address: the peer's, unless the peer is a trusted proxy that names another (SR-30)."""
        if self._proxies and within(peer, self._proxies):
            chain = [
                part.strip() for text in headers.get("x-forwarded-for", ()) for part in text.split(",") if part.strip()
            ]
            for hop in reversed(chain):
                if not within(hop, self._proxies):
                    return hop if _readable(hop) else peer
        return peer

    def line(self, scheme: str, peer: str, headers: Mapping[str, Sequence[str]]) -> Line:
        """How a request came (SR-11). What a header says of it counts only from a trusted proxy."""
        if scheme == "https":
            return "tls"
        if not within(peer, self._proxies):
            return "inside" if _loopback(peer) else "clear"
        said = headers.get("x-forwarded-proto", ())
        proto = said[-1].rpartition(",")[2].strip().lower() if said else ""
        if proto == "http":
            # A proxy beside this service that does not say for whom it asks stands for anybody.
            named = headers.get("x-forwarded-for")
            return "inside" if named and _loopback(self.address(peer, headers)) else "clear"
        return "tls" if proto == "https" else "unknown"

    def require_line(self, line: Line) -> None:
        """Raise Denied for a request that would have to be encrypted and is not."""
        if self._require_tls and line in ("clear", "unknown"):
            raise Denied(403, "tls" if line == "clear" else "tls_unknown")

    def host_allowed(self, headers: Mapping[str, Sequence[str]]) -> bool:
        """Whether the Host header names this service."""
        if not self._hosts:
            return True
        host = (headers.get("host") or [""])[0].lower()
        return host in self._hosts or host.rpartition(":")[0] in self._hosts


def _readable(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _loopback(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        # A socket of this machine has no address.
        return not text
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@lru_cache(maxsize=4096)
def within(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
