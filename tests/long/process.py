"""The real service as a process that can be killed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from rsonline.login.passwords import hash_password
from rsonline.store import hospitals, migrate
from rsonline.store.database import Database, embedded
from rsonline.store.engines import transaction

PASSWORD = "made-up-for-crashes-4711"
_PATIENCE = 60.0
_PROGRAM = "from rsonline.cli import main; main()"


class Service:
    """`rsonline serve` on a folder, or on a database on a server, always at the same port."""

    def __init__(self, folder: Path, database: Database | None = None) -> None:
        self.folder = folder
        self.database = database or embedded(folder)
        with socket.socket() as found, socket.socket() as other:
            found.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.admin_port = int(found.getsockname()[1]), int(other.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; the seconds until it says that it is ready. Raises RuntimeError when it does not."""
        begun = time.monotonic()
        command = [sys.executable, "-c", _PROGRAM, "serve", "--data", str(self.folder), "--port", str(self.port)]
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment())
        while time.monotonic() < begun + _PATIENCE:
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended with {self._process.returncode}: {self._last_words()}")
            if self._ready():
                return time.monotonic() - begun
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"the service was not ready in {_PATIENCE:g} s: {self._last_words()}")

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(_PATIENCE)
            self._process = None

    def _ready(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            asking.request("GET", "/readyz")
            return asking.getresponse().status == 200
        except ConnectionError:
            return False
        finally:
            asking.close()

    def environment(self) -> dict[str, str]:
        """Where the database is, and no other settings of ours that whoever runs the test may have."""
        others = {k: v for k, v in os.environ.items() if not k.startswith("RSONLINE_")}
        own = {
            "RSONLINE_DATABASE": self.database.url,
            "RSONLINE_KEYS": str(self.database.keys),
            "RSONLINE_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
        }
        return {**others, **own}

    def _last_words(self) -> str:
        return (self.folder / "service.log").read_text("utf-8", errors="replace")[-2000:]


def hospitals_in(database: Database, codes: list[str]) -> None:
    """Bring the database to this release, with these hospitals, all with the one password."""
    migrate.upgrade(database)
    hashed = hash_password(PASSWORD)
    with transaction(database) as access:
        for code in codes:
            hospitals.add(access, code, f"RS Tiruan {code}", "WIB", hashed)
