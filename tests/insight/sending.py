"""A hospital's rooms told to the store at made-up moments, through the verbs that every door uses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rsonline.intake.edits import confirming, restore
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.store.change import Change, Origin, Outcome
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store

ROOM = {"id_tt": "3", "ruang": "Mawar 1", "jumlah_ruang": "1", "jumlah": "9", "terpakai": "2"}


class Sending:
    """A store whose clock stands where it is put. Receipt times never run back: neither may `now`."""

    def __init__(self, database: Database) -> None:
        self.now = datetime.now(UTC)
        self.failures: list[BaseException] = []
        self.store: Store = open_store(database, clock=lambda: self.now.timestamp(), on_broken=self.failures.append)

    def change(
        self,
        code: str,
        method: str,
        said: dict[str, Any],
        source: Literal["api", "web", "file", "cli"] = "api",
        *,
        confirm: bool = False,
    ) -> Change:
        """What a message about a room asks for. Raises Refused."""
        at = At(code, ZoneInfo("Asia/Jakarta"), self.now, shipped())
        call = Call(Origin(code, 1, f"{code}/1", source), TEMPAT_TIDUR, said, at)
        if method == "RESTORE":
            return restore(call, said)
        asked = verbs_of(TEMPAT_TIDUR)[method](call)
        assert isinstance(asked, Asked)
        return (confirming(asked) if confirm else asked).change

    async def send(self, code: str, method: str, said: dict[str, Any], **more: Any) -> Outcome:
        """One message."""
        return await self.store.submit(self.change(code, method, said, **more))

    async def copies(self, code: str, moments: Sequence[datetime], said: dict[str, Any] | None = None) -> None:
        """The same room, added at the first moment and then posted as it is at each of the others."""
        for number, self.now in enumerate(moments):
            await self.send(code, "PUT" if number else "POST", dict(said or ROOM))


@asynccontextmanager
async def sending(database: Database) -> AsyncIterator[Sending]:
    """A store for made-up moments."""
    made = Sending(database)
    yield made
    await made.store.close()
    assert made.failures == []
