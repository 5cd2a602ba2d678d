"""A visit: one request of a person, with who it is, whose data it is about, and in which language it reads."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from rsonline.reports.fields import At
from rsonline.reports.verdict import Words
from rsonline.store.change import Origin
from rsonline.store.hospitals import Hospital
from rsonline.store.people import Person
from rsonline.store.sessions import Session


@dataclass(slots=True)
class Visit:
    """One request. `session` and `person` are None before the login; `hospital` is the person's own."""

    request: Request
    request_id: str
    address: str
    now: datetime
    language: str
    session: Session | None = None
    hospital: Hospital | None = None
    at: At | None = None
    origin: Origin | None = None
    flash: list[tuple[str, Words]] = field(default_factory=list)
    """What to tell at the top of the page: a tone (success, warning, danger) and the text."""

    @property
    def person(self) -> Person:
        """Whoever is logged in; raise LookupError before the login."""
        if self.session is None:
            raise LookupError("nobody is logged in")
        return self.session.person

    @property
    def own(self) -> Hospital:
        """The person's hospital; raise LookupError for a role without one."""
        if self.hospital is None:
            raise LookupError("a role without a hospital")
        return self.hospital

    @property
    def here(self) -> At:
        """Where and when a message of the person's hospital is read."""
        if self.at is None:
            raise LookupError("a role without a hospital")
        return self.at

    @property
    def on_behalf(self) -> Origin:
        """Whose change it is."""
        if self.origin is None:
            raise LookupError("nobody is logged in")
        return self.origin

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown: the hospital's, or Jakarta's."""
        return self.at.zone if self.at is not None else ZoneInfo("Asia/Jakarta")

    @property
    def csrf(self) -> str:
        """What every form of this session sends along. It follows from the cookie, which no other site can read."""
        return "" if self.session is None else hashlib.sha256(f"form:{self.session.token}".encode()).hexdigest()[:32]

    @property
    def owner(self) -> str:
        """By what a browser knows whose unsent reports it holds: follows from hospital and user, and names neither."""
        return hashlib.sha256(f"owner:{self.own.code}:{self.person.user_name}".encode()).hexdigest()[:24]

    @property
    def wants_json(self) -> bool:
        """Whether a script of ours asks, rather than a person who is to see a page."""
        return self.request.headers.get("accept", "").startswith("application/json")

    def may(self, right: str) -> bool:
        """Whether the person has a right."""
        return self.session is not None and right in self.session.person.rights

    def t(self, id: str, en: str, **parts: Any) -> str:
        """The text in the visitor's language."""
        text = en if self.language == "en" else id
        return text.format(**parts) if parts else text

    def words(self, words: Words) -> str:
        """The same, of a pair."""
        return words.en if self.language == "en" else words.id
