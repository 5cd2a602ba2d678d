"""Three databases under Patroni with etcd and HAProxy on this machine, from the files in `deploy/ha`.

Needs root (to start each program as the user it is made for) and what `deploy/ha/install` installs.
"""

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rsonline.store import keys
from rsonline.store.database import Database

TEMPLATES = Path(__file__).parents[2] / "deploy" / "ha"
LOOPBACK = "127.0.0.1"
_PATIENCE = 120.0
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def rendered(name: str, values: dict[str, str]) -> str:
    """One of the files in `deploy/ha` with its placeholders filled. Raises KeyError for one without a value."""
    return re.sub(r"@([A-Z0-9_]+)@", lambda found: values[found[1]], (TEMPLATES / name).read_text("utf-8"))


def free_ports(number: int) -> list[str]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [str(each.getsockname()[1]) for each in sockets]


@dataclass
class Program:
    """A program of the cluster, with its output in a file."""

    folder: Path
    command: list[str]
    user: str
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where it writes to."""
        return self.folder / f"{Path(self.command[0]).name}.log"

    def start(self) -> None:
        """Start it."""
        environment = {**_ENVIRONMENT, "HOME": str(self.folder), **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.folder,
                user=self.user,
                group=self.user,
                extra_groups=[],
            )

    def end(self, sign: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        if self.process is not None:
            self.process.send_signal(sign)
            try:
                self.process.wait(_PATIENCE / 2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@dataclass
class Member:
    """One member: Patroni and the PostgreSQL that it keeps."""

    name: str
    values: dict[str, str]
    program: Program

    @property
    def postmaster(self) -> int | None:
        """The process of its PostgreSQL, None where none runs."""
        with suppress(FileNotFoundError, ValueError, IndexError):
            data = Path(self.values["POSTGRES_DATA"])
            pid = int((data / "postmaster.pid").read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").resolve() == data.resolve():
                return pid
        return None

    def kill(self) -> None:
        """End Patroni and every process of PostgreSQL without a warning."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.program.end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop all of them where they are: nothing answers, and no connection is closed, as when a machine dies."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen member go on where it was: it takes itself for the primary."""
        for pid in reversed(self._pids()):
            os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        """Patroni first, so that it does not see what becomes of PostgreSQL."""
        patroni = [] if self.program.process is None else [self.program.process.pid]
        postmaster = self.postmaster
        if postmaster is None:
            return patroni
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [*patroni, postmaster, *map(int, children)]

    def get(self, path: str) -> tuple[int, Any]:
        """What its Patroni answers; 0 where it does not."""
        asking = http.client.HTTPConnection(LOOPBACK, int(self.values["REST_PORT"]), timeout=1)
        try:
            asking.request("GET", path)
            answer = asking.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            asking.close()


class Cluster:
    """etcd, three members and HAProxy, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        folder.chmod(0o755)
        folder.parent.chmod(0o755)
        peer, client, self._listen, *ports = free_ports(9)
        shared = {
            "ADDRESS": LOOPBACK,
            "NETWORK": f"{LOOPBACK}/32",
            "ETCD_PEER_PORT": peer,
            "ETCD_PORT": client,
            "ETCD_HOSTS": f"{LOOPBACK}:{client}",
            "POSTGRES_BIN": str(_newest_server()),
            "WATCHDOG": "off",
            "LISTEN": f"{LOOPBACK}:{self._listen}",
            **{f"{whose}_PASSWORD": secrets.token_urlsafe(24) for whose in ("REST", "REPLICATION", "REWIND")},
        }
        self._owner_password = secrets.token_urlsafe(24)
        etcd = self._made("etcd")
        text = rendered(
            "etcd.env",
            {
                **shared,
                "NAME": "node1",
                "ETCD_DATA": str(etcd / "data"),
                "ETCD_MEMBERS": f"node1=http://{LOOPBACK}:{peer}",
            },
        )
        settings = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
        self._etcd = Program(etcd, ["/usr/bin/etcd"], "postgres", settings)
        self.members = [
            self._member(f"node{n + 1}", {**shared, "POSTGRES_PORT": ports[2 * n], "REST_PORT": ports[2 * n + 1]})
            for n in range(3)
        ]
        servers = {
            f"{name}_{n}": member.values[name]
            for n, member in enumerate(self.members, 1)
            for name in ("NAME", "ADDRESS", "POSTGRES_PORT", "REST_PORT")
        }
        proxy = folder / "haproxy"
        proxy.mkdir()
        (proxy / "haproxy.cfg").write_text(rendered("haproxy.cfg", {**shared, **servers}))
        self._haproxy = Program(proxy, ["/usr/sbin/haproxy", "-db", "-f", str(proxy / "haproxy.cfg")], "root")

    def start(self) -> None:
        """Start everything; return when there are a primary, a synchronous and another standby."""
        self._etcd.start()
        until("etcd", lambda: "ready to serve client requests" in self._etcd.log.read_text(errors="replace"))
        for member in self.members:
            member.program.start()
        self._haproxy.start()
        self.wait_settled()

    def primary(self) -> Member | None:
        """The member that Patroni calls the primary."""
        return next((member for member in self.members if member.get("/primary")[0] == 200), None)

    def settled(self) -> bool:
        """Whether all three members are there, and nothing is behind."""
        primary = self.primary()
        if primary is None:
            return False
        _, said = primary.get("/cluster")
        members = (said or {}).get("members", [])
        roles = sorted(m["role"] for m in members if m["state"] in ("running", "streaming"))
        close = all(isinstance(m.get("lag"), int) and m["lag"] < 1 << 20 for m in members if m["role"] != "leader")
        return close and roles == ["leader", "replica", "sync_standby"]

    def wait_settled(self) -> None:
        """Wait until all three members are there. Raises TimeoutError."""
        until("three members, one of them a synchronous standby", self.settled)

    def database(self) -> Database:
        """A new database with an owner, reached through HAProxy, its master keys in the folder."""
        primary = self.primary()
        if primary is None:
            raise RuntimeError("no primary")
        where = ["--host", primary.values["SOCKETS"], "--port", primary.values["POSTGRES_PORT"], "--quiet"]
        script = (
            f"CREATE ROLE rsonline LOGIN PASSWORD '{self._owner_password}';\nCREATE DATABASE rsonline OWNER rsonline;"
        )
        subprocess.run(
            ["/usr/bin/psql", *where, "--set", "ON_ERROR_STOP=1"],
            input=script.encode(),
            check=True,
            user="postgres",
            group="postgres",
            extra_groups=[],
            env=_ENVIRONMENT,
            cwd="/",
        )
        keys.create(self._folder / "keys.json")
        url = f"postgresql://rsonline:{self._owner_password}@{LOOPBACK}:{self._listen}/rsonline"
        return Database(url, self._folder / "keys.json")

    def stop(self) -> None:
        """End everything that was started."""
        self._haproxy.end(signal.SIGTERM)
        for member in self.members:
            member.kill()
        self._etcd.end(signal.SIGTERM)

    def _made(self, name: str) -> Path:
        made = self._folder / name
        made.mkdir(mode=0o700)
        _give(made)
        return made

    def _member(self, name: str, values: dict[str, str]) -> Member:
        folder = self._made(name)
        values = {
            **values,
            "NAME": name,
            "POSTGRES_DATA": str(folder / "data"),
            "PGPASS": str(folder / "pgpass"),
            "SOCKETS": str(folder),
        }
        settings = folder / "patroni.yml"
        settings.touch(0o600)
        settings.write_text(rendered("patroni.yml", values))
        _give(settings)
        return Member(name, values, Program(folder, ["/usr/bin/patroni", str(settings)], "postgres"))


def until(what: str, true: Callable[[], bool]) -> None:
    """Wait for something. Raises TimeoutError with its name."""
    limit = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > limit:
            raise TimeoutError(f"{what}: not in {_PATIENCE:g} s")
        time.sleep(0.2)


def _newest_server() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _give(path: Path) -> None:
    shutil.chown(path, "postgres", "postgres")
