"""What an installation on another system would take from the lock: names, versions and digests, by markers alone."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements-dev.lock"


class Target(NamedTuple):
    """A system: its name, the tags of its wheels, and what markers see there."""

    name: str
    platforms: tuple[str, ...]
    environment: dict[str, str]


def _environment(sys_platform: str, system: str, os_name: str, machine: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": "3.11.9",
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "python_full_version": "3.11.9",
        "python_version": "3.11",
        "sys_platform": sys_platform,
    }


WINDOWS: Final = Target("win_amd64", ("win_amd64",), _environment("win32", "Windows", "nt", "AMD64"))
LINUX: Final = Target(
    "manylinux_x86_64",
    ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    _environment("linux", "Linux", "posix", "x86_64"),
)


def project() -> tuple[list[str], dict[str, list[str]]]:
    """What `pyproject.toml` says that the package needs, and what each extra adds."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return said["dependencies"], said["optional-dependencies"]


def needed(extras: Iterable[str], target: Target) -> dict[str, str]:
    """Every package that an installation with these extras takes there, direct or not: what is asked of it by name.

    What packages ask for themselves is read from those that are installed here, with the other system's markers.
    """
    core, optional = project()
    waiting = [Requirement(text) for text in (*core, *(each for extra in extras for each in optional[extra]))]
    found: dict[str, str] = {}
    asked: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, wanted = canonicalize_name(one.name), frozenset(one.extras)
        if (one.marker is not None and not one.marker.evaluate(target.environment)) or (name, wanted) in asked:
            continue
        asked.add((name, wanted))
        found.setdefault(name, str(one.specifier))
        try:
            more = requires(name) or []
        except PackageNotFoundError:
            # Only the other system needs it: asked for as it is, with whatever it needs.
            continue
        for each in map(Requirement, more):
            told = [{**target.environment, "extra": extra} for extra in (wanted or {""})]
            if each.marker is None or any(each.marker.evaluate(one_of) for one_of in told):
                each.marker = None
                waiting.append(each)
    return found


def locked() -> dict[str, str]:
    """The entries of the lock by name, each with its version and its digests."""
    entries = re.findall(
        r"^([a-z0-9][a-z0-9._-]*)==(\S+)(?: ;[^\n]*?)? \\\n((?:    --hash=\S+(?: \\)?\n)+)", LOCK.read_text(), re.M
    )
    return {canonicalize_name(name): f"{name}=={version} \\\n{digests}" for name, version, digests in entries}


def split(wanted: dict[str, str]) -> tuple[str, list[str]]:
    """A requirements file of what the lock pins, and what it does not pin since this system does not need it."""
    known = locked()
    pinned = "".join(known[name] for name in sorted(wanted) if name in known)
    return pinned, [f"{name}{wanted[name]}" for name in sorted(wanted) if name not in known]
