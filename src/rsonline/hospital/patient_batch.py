"""Rows of a file to the patient API (see `batch`): over a login, and read back by what its lists show of a record."""

from collections.abc import Set
from typing import Any

from rsonline.hospital import patient_rows
from rsonline.hospital.batch import Row
from rsonline.hospital.outcome import Accepted, Failed, Outcome, Refused, Unknown
from rsonline.hospital.patients import Patients, Shown
from rsonline.reports.report import Report


class PatientDoor:
    """The patient API, over its client."""

    def __init__(self, patients: Patients, report: Report[Any]) -> None:
        self.report = report
        self._patients = patients
        self._listed: list[Shown] | None = None

    def tried(self, row: Row) -> Outcome:
        """See `batch.Door`."""
        said = patient_rows.read(self.report, row.body, self._patients.side.at)
        return said if isinstance(said, Refused) else Accepted(what="stored", warnings=said.warnings)

    def begin(self) -> None:
        """A part may be sent again only where the service shows that it carries out a key once."""
        self._patients.discover()

    def counts_twice(self, row: Row) -> bool:
        """See `batch.Door`. What replaces a record, and a discharge, may be said twice (3.6).

        A report of a patient in care would be refused the second time: what became of it is read back all the same.
        """
        return self.report is not patient_rows.DISCHARGE and patient_rows.number_of(self.report, row.body) is None

    def again(self, row: Row, taken: Set[str]) -> Outcome | None:
        """See `batch.Door`."""
        if not self.counts_twice(row):
            return None
        said = patient_rows.read(self.report, row.body, self._patients.side.at)
        if isinstance(said, Refused):
            return said
        try:
            if self._listed is None:
                # Of the rows that this run sends, each has an outcome of its own.
                self._listed = self._patients.list(self.report)
        except Failed as failed:
            outcome = failed.outcome
            return Unknown(why="not_read_back", said=getattr(outcome, "said", ""))
        at = self._patients.side.at
        found = [n for n in patient_rows.numbers(self.report, said.values, self._listed, at) if n not in taken]
        return Accepted(what="stored", number=found[0]) if found else None

    def save(self, row: Row, once: str) -> Outcome:
        """See `batch.Door`."""
        return self._patients.save(self.report, row.body, once=once)
