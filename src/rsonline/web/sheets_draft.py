"""An uploaded file on the server: its rows with their verdicts, sealed as a draft, until they are sent or forgotten."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from rsonline.reports.report import Report
from rsonline.reports.verdict import Words
from rsonline.sheets.cells import Cell, Line, Sheet, packed, unpacked
from rsonline.sheets.columns import Header, Said
from rsonline.store import drafts
from rsonline.store.access import Access
from rsonline.web.visit import Visit

KEPT_FOR = timedelta(days=1)
_CONTENT = "isi"
_PREFIX = "lembar/"


class Change(msgspec.Struct, array_like=True):
    """One member that a row changes, as text."""

    member: str
    old: str
    new: str


class Checked(msgspec.Struct):
    """A row with its verdict. `result` is how its sending ended, empty until then; `key` finds its journal line."""

    number: int
    kind: str
    what: str = ""
    method: str = "POST"
    version: int = 0
    once: str = ""
    errors: list[Said] = []
    warnings: list[Said] = []
    changes: list[Change] = []
    result: str = ""
    key: str = ""
    request_id: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it is to be sent."""
        return self.kind in ("new", "change")

    @property
    def shown_as(self) -> str:
        """Under which heading people find it: `new`, `change`, `same`, `wrong`, `stored`, `unsent`."""
        if self.result in ("saved", "updated"):
            return "stored"
        if self.result and self.result != "exists":
            return "unsent"
        if self.kind == "same" or self.result == "exists":
            return "same"
        return self.kind if self.accepted else "wrong"


class Upload(msgspec.Struct):
    """A file, read and judged. `head` and `data` are its rows as (number, cells)."""

    form: str
    delimiter: str
    names: list[str]
    head: list[tuple[int, list[Any]]]
    data: list[tuple[int, list[Any]]]
    notes: list[Words]
    rows: list[Checked]

    @property
    def counts(self) -> Counter[str]:
        """How many rows there are under each heading."""
        return Counter(row.shown_as for row in self.rows)

    @property
    def waiting(self) -> list[Checked]:
        """The accepted rows that were not sent yet."""
        return [row for row in self.rows if row.accepted and not row.result]

    def cells(self, number: int) -> list[Cell]:
        """The cells of a row of data."""
        return unpacked(next(cells for n, cells in self.data if n == number))

    def lines(self) -> list[tuple[int, list[Cell]]]:
        """All rows of the file, the header first."""
        return [(number, unpacked(cells)) for number, cells in (*self.head, *self.data)]


def upload_of(sheet: Sheet, header: Header, rows: list[Checked]) -> Upload:
    """What is kept of a file."""
    return Upload(
        sheet.form, sheet.delimiter, header.names, _pack(header.head), _pack(header.lines), header.notes, rows
    )


def _pack(lines: Sequence[Line]) -> list[tuple[int, list[Any]]]:
    return [(line.number, packed(line.cells)) for line in lines]


def new_token() -> str:
    """By what an upload is found again, by its owner only."""
    return secrets.token_urlsafe(16)


def keep(access: Access, visit: Visit, report: Report[Any], token: str, upload: Upload) -> None:
    """Keep an upload, and forget those of the same person that were left lying for a day."""
    code, user = visit.own.code, visit.person.user_name
    for form, at in drafts.forms(access, code, user).items():
        if form.startswith(_PREFIX) and visit.now - at > KEPT_FOR:
            drafts.drop(access, code, user, form)
    typed = {_CONTENT: msgspec.json.encode(upload).decode()}
    drafts.keep(access, code, user, _form(report, token), typed, visit.now)


def find(access: Access, visit: Visit, report: Report[Any], token: str) -> Upload | None:
    """An upload of this person; None where there is none, or not any more."""
    draft = drafts.find(access, visit.own.code, visit.person.user_name, _form(report, token))
    return None if draft is None else msgspec.json.decode(draft.typed[_CONTENT], type=Upload)


def _form(report: Report[Any], token: str) -> str:
    return f"{_PREFIX}{report.name}/{token[:64]}"
