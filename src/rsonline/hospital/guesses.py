"""Wrong passwords at the relay: counted by source, and never held against whoever came in before (SR-06 to SR-08).

The relay's password is one long secret that is compared in constant time: no line of computations has to be guarded
(SR-05), only the number of guesses.
"""

import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final

TRIES: Final = 10
WINDOW: Final = 300.0
"""So many guesses of one source in so many seconds."""
STRANGERS, DAY = 100, 86_400.0
"""So many guesses a day of all sources together that never came in."""
SAME: Final = 60.0
"""Seconds for which the same wrong password of the same source is the same guess."""
KNOWN: Final = 30 * DAY
"""Seconds for which a source that came in is known."""
_MOST_REMEMBERED = 1000


def source_of(address: str) -> str:
    """What connections and guesses are counted by: an IPv4 address or an IPv6 /64; any other text is itself."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 6:
        ip = ip.ipv4_mapped or ip
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))


@dataclass(slots=True)
class Guesses:
    """The counters of one process. Times are seconds of any clock that does not run backwards."""

    _wrong: dict[str, deque[float]] = field(default_factory=dict)
    _strange: deque[float] = field(default_factory=deque)
    _seen: dict[bytes, float] = field(default_factory=dict)
    """By keyed digest of source and password: until when it is the same guess."""
    _known: dict[str, float] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def right(self, source: str, now: float) -> float:
        """The right password: 0 where it opens, else the seconds for which this source must wait.

        Who came in from here before is never refused because of what others tried here since (SR-07).
        """
        if not self.knows(source, now) and (wait := self.wait(source, now)) > 0:
            return wait
        self._known[source] = now
        return 0.0

    def wrong(self, source: str, password: bytes, now: float) -> float:
        """A wrong password: 0 where it was only counted, else the seconds for which this source must wait."""
        wait = self.wait(source, now)
        if wait > 0:
            return wait
        digest = hmac.digest(self._key, source.encode() + b"\0" + password, hashlib.sha256)
        if self._seen.get(digest, now) > now:
            return 0.0
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen = {each: until for each, until in self._seen.items() if until > now}
            while len(self._seen) >= _MOST_REMEMBERED:
                del self._seen[next(iter(self._seen))]
        self._seen[digest] = now + SAME
        self._wrong.setdefault(source, deque(maxlen=TRIES)).append(now)
        if not self.knows(source, now):
            self._strange.append(now)
        return 0.0

    def wait(self, source: str, now: float) -> float:
        """Seconds until this source may guess again, 0 where it may."""
        waits = [_left(self._wrong.get(source), TRIES, WINDOW, now)]
        if not self.knows(source, now):
            waits.append(_left(self._strange, STRANGERS, DAY, now))
        return max(waits)

    def knows(self, source: str, now: float) -> bool:
        """Whether the right password came from here in the last thirty days."""
        return now - self._known.get(source, -KNOWN) < KNOWN


def _left(times: deque[float] | None, most: int, window: float, now: float) -> float:
    """Seconds until a counter has room."""
    if times is None:
        return 0.0
    while times and now - times[0] >= window:
        times.popleft()
    return 0.0 if len(times) < most else window - (now - times[len(times) - most])
