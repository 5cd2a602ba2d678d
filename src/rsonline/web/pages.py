"""What a page is: its address, who may open it, what it does. No page is served without a declared right (SR-17)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.responses import Response

from rsonline.insight.current import Current
from rsonline.insight.rollups import Rollups
from rsonline.intake.receipts import Receipts
from rsonline.login.doorkeeper import Doorkeeper
from rsonline.login.logins import Logins
from rsonline.reports.current_lists import CurrentLists
from rsonline.settings import Settings
from rsonline.store.engines import Store

if TYPE_CHECKING:
    from rsonline.web.visit import Visit

Right = Literal[
    "anyone",  # also before the login
    "session",  # whoever gave name and password, whatever is still lacking
    "person",  # whoever is logged in whole
    "view",
    "enter",
    "correct",
    "persons",
    "export",
    "export_persons",
    "region",
    "overview",
    "users",
    "integration",
    "audit",
    "hospitals",
    "references",
    "announce",
]


@dataclass(frozen=True, slots=True)
class House:
    """What pages work with. One for the process."""

    settings: Settings
    store: Store
    keeper: Doorkeeper
    logins: Logins
    references: CurrentLists
    receipts: Receipts
    current: Current
    rollups: Rollups


Handler = Callable[[House, "Visit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address. `fresh` asks for a proof of identity of the last ten minutes (SR-38).

    `most` is how many bytes a body may have; `hospital` says that only a person of a hospital has business there.
    """

    path: str
    methods: tuple[str, ...]
    right: Right
    handler: Handler
    fresh: bool = False
    most: int = 256 * 1024
    hospital: bool = False
    fragment: bool = False
    """Not a page by itself: a file, a part of a page, or data for a script."""
