"""Many records of one file: each is sent once, and what became of it stands on the disk before the next one goes.

The file of outcomes holds row numbers, salted digests and codes, never what a row says: a second run skips what was
accepted and unchanged, reads back what nobody knows, and sends the rest.
"""

import csv
import hashlib
import os
import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from rsonline.hospital import patient_rows
from rsonline.hospital.client import Client
from rsonline.hospital.identity import called, names_of
from rsonline.hospital.messages import Message
from rsonline.hospital.outcome import Accepted, Failed, LockedOut, Outcome, Refused, Unknown
from rsonline.hospital.patient_rows import KINDS as PATIENTS
from rsonline.hospital.sealed import canonical
from rsonline.hospital.sender import known_again, looking, said_of, same, wanted_of
from rsonline.hospital.talks import Side
from rsonline.hospital.wire import checked
from rsonline.reports.report import Numbered, Report, members

_COLUMNS = ("row", "digest", "outcome", "code", "members", "number", "warnings", "receipt", "said")
_BEGUN = "begun"
"""Instead of an outcome, until there is one."""


class Row(NamedTuple):
    """One record of the file, with its number there."""

    number: int
    body: Mapping[str, object]


class Told(NamedTuple):
    """What became of a row. `skipped` where an earlier run had sent it already."""

    row: int
    outcome: Outcome
    skipped: bool = False


class Outcomes:
    """The file of outcomes, open for this run. Raises OSError, and ValueError for a file that is none."""

    def __init__(self, path: Path, report: str) -> None:
        self._known: dict[str, dict[str, str]] = {}
        self._salt = secrets.token_hex(16)
        there = path.exists() and path.stat().st_size > 0
        if there:
            self._read(path, report)
        cut = there and not path.read_bytes().endswith(b"\n")
        self._file: TextIO = path.open("a", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, _COLUMNS)
        if cut:
            # The end of a process cut the last line off: what follows has lines of its own.
            self._file.write("\r\n")
        if not there:
            os.chmod(path, 0o600)
            self._file.write(f"# rsonline {report} {self._salt}\n")
            self._writer.writeheader()

    def _read(self, path: Path, report: str) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            head = file.readline().split()
            if len(head) != 4 or head[:2] != ["#", "rsonline"]:
                raise ValueError(f"{path.name}: not a file of outcomes")
            if head[2] != report:
                raise ValueError(f"{path.name}: outcomes of {head[2]}, not of {report}")
            self._salt = head[3]
            for row in csv.DictReader(file):
                # A line that the end of a process cut off is no outcome.
                if row.get("outcome") and row.get("said") is not None:
                    self._known[row["digest"]] = row

    def digest(self, row: Row) -> str:
        """By what a row is known: its content, salted."""
        return hashlib.sha256(self._salt.encode() + canonical(dict(row.body))).hexdigest()[:32]

    def once(self, row: Row) -> str:
        """The Idempotency-Key of a row: the same in every run with this file."""
        return hashlib.sha256(b"once" + self._salt.encode() + canonical(dict(row.body))).hexdigest()[:43]

    def earlier(self, row: Row) -> str:
        """What an earlier run noted of this content; empty where none did."""
        return self._known.get(self.digest(row), {}).get("outcome", "")

    @property
    def numbers(self) -> Set[str]:
        """The service's numbers of all that arrived."""
        return {row["number"] for row in self._known.values() if row["outcome"] == "accepted" and row["number"]}

    def begin(self, row: Row) -> None:
        """Write down that a row is about to be sent: should this process end now, nobody knows what became of it."""
        self._write({"row": str(row.number), "digest": self.digest(row), "outcome": _BEGUN, "said": ""})

    def note(self, row: Row, outcome: Outcome, report: Report[Any]) -> None:
        """Write down what became of a row; on the disk when this returns."""
        said = {
            "row": str(row.number),
            "digest": self.digest(row),
            "outcome": type(outcome).__name__.lower(),
            "code": getattr(outcome, "code", "") or getattr(outcome, "why", ""),
            "members": " ".join(p.member for p in getattr(outcome, "problems", ())),
            "number": getattr(outcome, "number", None) or "",
            "warnings": " ".join(w.code for w in getattr(outcome, "warnings", ())),
            "receipt": getattr(outcome, "receipt", None) or "",
            # What a service says may name a person.
            "said": "" if personal_key(report) else said_of(outcome),
        }
        self._write(said)

    def _write(self, said: dict[str, str]) -> None:
        self._writer.writerow(said)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._known[said["digest"]] = said

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def personal_key(report: Report[Any]) -> bool:
    """Whether a kind is known by what identifies a person; all kinds of the patient API are about one."""
    if report.name in PATIENTS:
        return True
    personal = {m.name for m in members(report.record) if m.personal}
    return any(name in personal for name in names_of(report))


def label(report: Report[Any], row: Row) -> str:
    """Which record it is, for a person's eyes."""
    return patient_rows.called(report, row.body) if report.name in PATIENTS else called(report, row.body)


class Door(Protocol):
    """Where the rows of a file go: the guide's service, or that of the patients (`patient_batch`)."""

    report: Report[Any]

    def tried(self, row: Row) -> Outcome:
        """What the check on this side says; nothing is sent."""

    def begin(self) -> None:
        """Before the first row is sent."""

    def again(self, row: Row, taken: Set[str]) -> Outcome | None:
        """What became of a row that nobody knew of; None where it may be sent once more.

        `taken` are the service's numbers of what other rows of this file became.
        """

    def counts_twice(self, row: Row) -> bool:
        """Whether the row, sent twice, would be there twice."""

    def save(self, row: Row, once: str) -> Outcome:
        """Send a row."""


class Guide:
    """The guide's service, over a client."""

    def __init__(self, client: Client, report: Report[Any]) -> None:
        self.report = report
        self._client = client

    def tried(self, row: Row) -> Outcome:
        """See `Door`."""
        partial = self.report.name == "shk_hasil"
        verdict = checked(self.report, row.body, self._client.side.at, partial=partial)
        return verdict if isinstance(verdict, Refused) else Accepted(what="stored", warnings=verdict)

    def begin(self) -> None:
        """Whether a screening may be sent again is known only where the service shows that it knows such keys."""
        self._client.discover()

    def again(self, row: Row, taken: Set[str]) -> Outcome | None:
        """See `Door`."""
        report, client = self.report, self._client
        if not self.counts_twice(row):
            return None
        side: Side = client.side
        message = Message(0, report.name, "save", dict(row.body), "", 0, "sent", None, None)
        try:
            found = client.carry(looking(side, report, message))
        except (Failed, ValueError):
            return Unknown(why="not_read_back")
        wanted = wanted_of(side, report, message) or {}
        for each in found:
            if each.record is not None and known_again(report, wanted, each, None) and same(report, wanted, each):
                return Accepted(what="stored", number=each.number)
        return None

    def counts_twice(self, row: Row) -> bool:
        """See `Door`."""
        identity = self.report.identity
        return isinstance(identity, Numbered) and not identity.unique and not self._client.knows_once

    def save(self, row: Row, once: str) -> Outcome:
        """See `Door`."""
        return self._client.save(self.report, row.body, once=once)


def tried(door: Door, rows: Sequence[Row]) -> Iterator[Told]:
    """What the check on this side says of each row; nothing is sent."""
    for row in rows:
        yield Told(row.number, door.tried(row))


def send(door: Door, rows: Sequence[Row], outcomes: Outcomes) -> Generator[Told, None, None]:
    """Send each row that has not arrived. Ends early where nobody is let in: the rest would fare no better."""
    door.begin()
    for row in rows:
        before = outcomes.earlier(row)
        if before == "accepted":
            yield Told(row.number, Accepted(what="stored"), skipped=True)
            continue
        outcome = door.again(row, outcomes.numbers) if before in ("unknown", _BEGUN) else None
        if outcome is None:
            if door.counts_twice(row):
                outcomes.begin(row)
            outcome = door.save(row, outcomes.once(row))
        outcomes.note(row, outcome, door.report)
        yield Told(row.number, outcome)
        if isinstance(outcome, LockedOut):
            return
