"""What a process does to the files of a database and what it says to its clients, in one order.

strace (Debian package of the same name) holds each thread at the beginning and at the end of each call until it has
written that down. So a call that is recorded before another one cannot have been caused by it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from tests.long.process import _PROGRAM, Service

MISSING = "strace is not here: install the Debian package strace"
_SENDS = ("write", "writev", "sendto", "sendmsg")
_CHANGES = (
    *("openat", "open", "creat", "close", "ftruncate", "truncate", "fallocate", "pwrite64", "pwritev", "pwritev2"),
    *("fsync", "fdatasync", "sync_file_range", "unlink", "unlinkat", "link", "linkat", "rename", "renameat"),
    *("renameat2", "copy_file_range", "sendfile", "splice"),
)
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)([^=]*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_OPENED = re.compile(r"-?\w+<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_ENDED = re.compile(r"\+\+\+ (?:exited with (\d+)|killed by (SIG\w+)).*")
_UNFINISHED = " <unfinished ...>"
_REQUEST_ID = re.compile(rb"\r\nx-request-id: ([0-9a-f]{32})\r\n", re.IGNORECASE)


class NotModelled(Exception):
    """The process did something to its database of which nobody has said what a power cut makes of it."""


class Call(NamedTuple):
    """One call. `name` is the file's name inside the folder, "." for the folder, "" for a socket."""

    number: int
    thread: int
    kind: Literal["create", "write", "resize", "sync", "remove", "answer"]
    name: str
    offset: int = 0
    """Where it writes, or the new size."""
    data: bytes = b""
    """What it writes, as much of it as the system took; of an answer the request's id."""
    failed: bool = False


class Step(NamedTuple):
    """The beginning or the end of a call, at a time in seconds since 1970."""

    call: Call
    end: bool
    at: float


class Trace(NamedTuple):
    """All steps in their order, and how and when the process ended: its code, negative for a signal."""

    steps: list[Step]
    code: int | None
    ended_at: float


class Traced(Service):
    """`rsonline serve` under strace, its log beside the folder.

    `program` is what the child runs, `inject` are faults as `strace -e inject=` takes them.
    """

    def __init__(self, folder: Path, trace: Path, program: str | None = None, inject: str | None = None) -> None:
        super().__init__(folder)
        self.trace = trace
        self._inject = inject
        self._child = program or _PROGRAM
        self.log = folder.parent / "service.log"

    def start(self) -> float:
        """Start it; the seconds until it is ready. Raises RuntimeError when it does not get there."""
        begun = time.monotonic()
        command = [*recording(self.trace, self._inject), sys.executable, "-c", self._child]
        command += ["serve", "--data", str(self.folder), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment())
        while time.monotonic() < begun + 60:
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended with {self._process.returncode}: {self._last_words()}")
            if self._ready():
                return time.monotonic() - begun
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"the service was not ready: {self._last_words()}")

    def wait(self, seconds: float) -> int | None:
        """Its code once it has ended by itself, None where it does not within these seconds."""
        if self._process is None:
            return None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _end(self, sign: signal.Signals) -> None:
        """Signal the service itself; strace ends with it, when everything is written down."""
        if self._process is not None:
            tracer = self._process.pid
            children = Path(f"/proc/{tracer}/task/{tracer}/children")
            if self._process.poll() is None:
                for child in children.read_text().split():
                    os.kill(int(child), sign)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
            self._process = None

    def _last_words(self) -> str:
        return self.log.read_text("utf-8", errors="replace")[-2000:]


def available() -> bool:
    """Whether strace is here."""
    return shutil.which("strace") is not None


def recording(trace: Path, inject: str | None) -> list[str]:
    """The command in front of the one that is to be recorded."""
    calls = ",".join((*_CHANGES, *_SENDS))
    faults = ["-e", f"inject={inject}"] if inject else []
    how = ["-f", "--seccomp-bpf", "-y", "-ttt", "-xx", "-s", str(1 << 20), "-e", f"trace={calls}", "-e", "signal=none"]
    return ["strace", *how, *faults, "-o", str(trace), "--"]


def read(trace: Path, folder: Path) -> Trace:
    """The steps on the files of the folder's database and its answers. Raises NotModelled.

    The shared-memory index (-shm) is left out: SQLite makes it anew after a power cut.
    """
    steps: list[Step] = []
    begun: dict[int, tuple[int, str, float]] = {}
    code, ended_at, first, number = None, 0.0, 0, 0
    for thread, at, text in _lines(trace):
        first = first or thread
        if ended := _ENDED.match(text):
            if thread == first:
                code = int(ended[1]) if ended[1] else -int(signal.Signals[ended[2]])
                ended_at = at
            continue
        resumed = _RESUMED.match(text)
        if resumed and thread in begun:
            where, beginning, _ = begun.pop(thread)
            call = _call(steps[where].call.number, thread, beginning + resumed[1], folder)
            if call is None:
                raise NotModelled(f"half a call: {beginning[:80]}")
            steps[where] = steps[where]._replace(call=call)
            steps.append(Step(call, True, at))
            continue
        unfinished = text.endswith(_UNFINISHED)
        whole = text.removesuffix(_UNFINISHED) + ") = ?" if unfinished else text
        call = _call(number, thread, whole, folder)
        if call is None:
            continue
        number += 1
        steps.append(Step(call, False, at))
        if unfinished:
            begun[thread] = (len(steps) - 1, text.removesuffix(_UNFINISHED), at)
        else:
            steps.append(Step(call, True, at))
    return Trace(steps, code, ended_at)


def _lines(trace: Path) -> Iterator[tuple[int, float, str]]:
    with trace.open(encoding="ascii") as file:
        for line in file:
            found = _LINE.match(line.rstrip("\n"))
            if found is None:
                raise NotModelled(f"a line that is no call: {line[:80]!r}")
            yield int(found[1]), float(found[2]), found[3]


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _call(number: int, thread: int, text: str, folder: Path) -> Call | None:
    """What a line says; None for one that is neither about the database nor an answer."""
    kind = text.partition("(")[0]
    found = _CALL.fullmatch(text)
    if found is None:
        if kind in (*_CHANGES, *_SENDS):
            raise NotModelled(f"cannot be read: {text[:80]}")
        return None
    kind, arguments, result, _ = found.groups()
    failed = result.startswith("-")
    opened = _OPENED.match(arguments)
    if kind in _SENDS and opened is not None and _bytes(opened[1]).startswith(b"socket:["):
        said = _REQUEST_ID.search(b"".join(_bytes(part[1]) for part in _QUOTED.finditer(arguments)))
        return None if said is None else Call(number, thread, "answer", "", data=said[1], failed=failed)
    if kind in ("openat", "open", "creat", "unlink", "unlinkat"):
        return _named(number, thread, kind, arguments, failed, folder)
    if opened is None:
        if _hex(str(folder / "rsonline.sqlite3")) in arguments:
            raise NotModelled(f"{kind} on the database by name")
        return None
    name = _name(_bytes(opened[1]), folder)
    if name is None or kind == "close" or opened[2]:
        # What is written to a file without a name is gone after a power cut.
        return None
    return _on_opened(number, thread, kind, name, arguments, result)


def _on_opened(number: int, thread: int, kind: str, name: str, arguments: str, result: str) -> Call:
    failed = result.startswith("-")
    if kind in ("fsync", "fdatasync"):
        return Call(number, thread, "sync", name, failed=failed)
    last = arguments.rpartition(", ")[2]
    if kind == "ftruncate":
        return Call(number, thread, "resize", name, offset=int(last, 0), failed=failed)
    if kind == "pwrite64":
        quoted = _QUOTED.search(arguments)
        if quoted is None or quoted[2]:
            raise NotModelled(f"a write to {name} that was not recorded whole")
        data = _bytes(quoted[1])
        asked = int(arguments.rsplit(", ", 2)[1])
        if len(data) != asked:
            raise NotModelled(f"a write to {name} of {asked} bytes of which {len(data)} were recorded")
        taken = len(data) if result == "?" or failed else int(result)
        return Call(number, thread, "write", name, int(last), data[:taken], failed)
    raise NotModelled(f"{kind} on {name}")


def _named(number: int, thread: int, kind: str, arguments: str, failed: bool, folder: Path) -> Call | None:
    quoted = _QUOTED.search(arguments)
    name = None if quoted is None else _name(_bytes(quoted[1]), folder)
    if name is None or name == ".":
        return None
    if kind in ("unlink", "unlinkat"):
        return Call(number, thread, "remove", name, failed=failed)
    if "O_TRUNC" in arguments or kind == "creat":
        raise NotModelled(f"{name} is opened and emptied in one call")
    # Whether it makes the file is known to whoever knows which files there are.
    return Call(number, thread, "create", name, failed=failed) if "O_CREAT" in arguments else None


def _name(path: bytes, folder: Path) -> str | None:
    """The name inside the folder of a file that counts."""
    text = os.fsdecode(path)
    if text == str(folder):
        return "."
    above, _, name = text.rpartition("/")
    counts = above == str(folder) and name.startswith("rsonline.sqlite3") and not name.endswith("-shm")
    return name if counts else None
