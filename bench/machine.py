"""The machine under the measurement: its cores, its load program, its compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHIM = Path(__file__).with_name("slow_sync.c")


def cores() -> tuple[int, int]:
    """The core of the service and that of the load; the same one where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def load_program() -> str:
    """The path of wrk; installs Debian's package where that is possible, else ends the program in words."""
    found = shutil.which("wrk")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("wrk is missing: installing Debian's package", flush=True)
        quiet = {"check": False, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "wrk"], **quiet)  # type: ignore[call-overload]
        found = shutil.which("wrk")
    if found is None:
        sys.exit("The benchmark needs wrk (Debian and Ubuntu: apt install wrk; macOS: brew install wrk).")
    return found


def slow_sync(folder: Path) -> Path | None:
    """A library that makes every sync 1 ms slower when it is preloaded; None where nothing can compile it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "slow_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(SHIM), "-ldl"], check=True)
    return made


def resident(pid: int) -> tuple[float, float]:
    """Resident memory of a process now and at its highest, in MiB."""
    said = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if ":" in line
    )
    return tuple(int(said[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def busy(pid: int) -> float:
    """Seconds of processor time that a process has used, in all its threads, for itself and in the kernel."""
    # The name of the program stands in parentheses and may contain anything; what follows is numbers.
    after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
