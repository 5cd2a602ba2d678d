"""A PostgreSQL server of a test's own, that may be stopped, killed and started with any settings."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_PATIENCE = 60.0


def programs() -> Path:
    """The folder of the newest server programs. Raises RuntimeError where none are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL's server programs are not installed (Debian: apt install postgresql)")
    return found[-1].parent


class Server:
    """One cluster in a folder of its own; every start may have other settings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "cluster"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # The server refuses to run as root.
            owner = pwd.getpwnam("postgres")
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid}
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        made = ["-D", str(self._data), "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8"]
        subprocess.run([str(programs() / "initdb"), *made], check=True, capture_output=True, **self._as)

    @property
    def url(self) -> str:
        """Its own database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self, **settings: str) -> None:
        """Start it; return when it answers. Raises RuntimeError when it does not."""
        said = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", **settings}
        words = [word for name, value in said.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "server.log").open("ab") as log:
            command = [str(programs() / "postgres"), "-D", str(self._data), *words]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self._folder / "server.log").read_text("utf-8")[-2000:])

    def stop(self) -> None:
        """Stop it as an operator does, without waiting for its clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End all of it at once, as a machine that goes away: its children share nothing that would survive."""
        self._end(signal.SIGQUIT)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(_PATIENCE)
            self._process = None


@contextmanager
def own_server() -> Iterator[Server]:
    """A server that does not run yet; ended and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="rsonline-server-"))
    server = Server(folder)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)
