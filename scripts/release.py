"""What a release needs to know of its dependencies (SR-58): `release.py bom LOCK` and `release.py audit LOCK…`.

`bom` writes a CycloneDX bill of materials made from a lock. `audit` asks an advisory database about every package of
the locks. It succeeds only when each package was checked and none has a known flaw: a database that cannot be reached,
says less than it was asked, or does not know a flaw that everybody knows, makes it fail. Nothing but the standard
library is used, so that what is checked does not do the checking.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tomllib
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

DATABASE = "https://api.osv.dev/v1/querybatch"
KNOWN_BAD = ("jinja2", "2.4.1")
"""Every advisory database knows several flaws of this one; one that does not is no judge of the others."""
_AT_ONCE = 500
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"\s+#\s+(?:via\s+)?([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s+\(([^)]*)\))?\s*$")


class CheckFailed(Exception):
    """A release cannot be made with these dependencies; the text says why."""


class Package(NamedTuple):
    """A pinned package: `via` are the packages that need it, the project itself among them."""

    name: str
    version: str
    hashes: tuple[str, ...]
    via: tuple[str, ...]


def packages(lock: Path) -> list[Package]:
    """The packages of a lock by name. Raises CheckFailed for a line that pins no version or carries no hash."""
    found: list[Package] = []
    for block in _blocks(lock.read_text("utf-8")):
        head = block[0]
        pinned = _PINNED.match(head)
        if pinned is None:
            raise CheckFailed(f"{lock.name}: {head.split()[0]!r} is not pinned as name==version: it cannot be checked")
        hashes = tuple(digest for line in block for digest in _HASH.findall(line))
        if not hashes:
            raise CheckFailed(f"{lock.name}: {pinned[1]} has no hash: nobody can tell what is installed")
        via = tuple(match[1].lower() for line in block if (match := _VIA.match(line)))
        found.append(Package(pinned[1].lower().replace("_", "-"), pinned[2], hashes, via))
    if not found:
        raise CheckFailed(f"{lock.name}: there is no package in it")
    return sorted(found)


def _blocks(text: str) -> list[list[str]]:
    """Each requirement with the lines that continue or explain it."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if blocks:
                blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def bom(lock: Path, project: Path) -> dict[str, Any]:
    """The bill of materials in CycloneDX 1.5: the same lock gives the same bytes."""
    said = tomllib.loads(project.read_text("utf-8"))["project"]
    name, version = str(said["name"]), str(said.get("version") or _version(project))
    root = f"pkg:pypi/{name}@{version}"
    known = packages(lock)
    refs = {each.name: f"pkg:pypi/{each.name}@{each.version}" for each in known} | {name: root}
    needs: dict[str, list[str]] = {ref: [] for ref in refs.values()}
    for each in known:
        for other in each.via:
            if other in refs:
                needs[refs[other]].append(refs[each.name])
    digest = hashlib.sha256(lock.read_bytes() + version.encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": root, "name": name, "version": version}},
        "components": [
            {
                "type": "library",
                "bom-ref": refs[each.name],
                "name": each.name,
                "version": each.version,
                "purl": refs[each.name],
                # One for each file of that version: which one is installed depends on the machine.
                "properties": [{"name": "lock:sha256", "value": digest} for digest in each.hashes],
            }
            for each in known
        ],
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in sorted(needs.items())],
    }


def _version(project: Path) -> str:
    """The version that the package says of itself."""
    found = re.search(
        r'^__version__(?:: \w+)? = "([^"]+)"', (project.parent / "src/rsonline/__init__.py").read_text("utf-8"), re.M
    )
    if found is None:
        raise CheckFailed("the package does not say its version")
    return found[1]


def audit(asked: Sequence[Package], database: str, seconds: float) -> list[str]:
    """The known flaws as `name version: id, id`. Raises CheckFailed where any package could not be checked."""
    wanted = sorted({(each.name, each.version) for each in asked})
    [canary] = _flaws([KNOWN_BAD], database, seconds)
    if not canary:
        raise CheckFailed(f"{database} knows no flaw of {' '.join(KNOWN_BAD)}, which has several: it was not believed")
    found = []
    for first in range(0, len(wanted), _AT_ONCE):
        some = wanted[first : first + _AT_ONCE]
        for (name, version), flaws in zip(some, _flaws(some, database, seconds), strict=True):
            if flaws:
                found.append(f"{name} {version}: {', '.join(flaws)}")
    return found


def _flaws(some: Sequence[tuple[str, str]], database: str, seconds: float) -> list[list[str]]:
    """The ids of the flaws of each."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in some]
    if not database.startswith(("https://", "http://127.0.0.1:")):
        raise CheckFailed(f"{database} is no https address")
    request = urllib.request.Request(  # noqa: S310 (the scheme was looked at)
        database, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            results = json.load(answer)["results"]
        said = [[str(flaw["id"]) for flaw in result.get("vulns", [])] for result in results]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # `HTTPError` and `URLError` are OSErrors.
        reason = error if isinstance(error, OSError) else f"its answer is not understood ({type(error).__name__})"
        raise CheckFailed(f"{len(some)} packages could not be checked at {database}: {reason}") from None
    if len(said) != len(some):
        raise CheckFailed(f"{database} was asked about {len(some)} packages and answered about {len(said)}")
    return said


def main(words: Sequence[str]) -> int:
    """Run one of the commands; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("bom", help="write a bill of materials")
    making.add_argument("lock", type=Path)
    making.add_argument("--project", type=Path, default=Path("pyproject.toml"))
    auditing = commands.add_parser("audit", help="ask an advisory database about every package")
    auditing.add_argument("locks", type=Path, nargs="+")
    auditing.add_argument("--database", default=os.environ.get("ADVISORY_DATABASE", DATABASE))
    auditing.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args(words)
    try:
        if asked.command == "bom":
            sys.stdout.write(json.dumps(bom(asked.lock, asked.project), indent=1, ensure_ascii=False) + "\n")
            return 0
        known = [each for lock in asked.locks for each in packages(lock)]
        flaws = audit(known, asked.database, asked.seconds)
    except CheckFailed as failed:
        sys.stderr.write(f"Not checked: {failed}\n")
        return 1
    for flaw in flaws:
        sys.stderr.write(f"{flaw}\n")
    sys.stdout.write(f"{len({each[:2] for each in known})} packages checked, {len(flaws)} with known flaws.\n")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
