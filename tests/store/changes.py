"""Changes for tests of the store: oxygen of one hospital."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from rsonline.intake.verbs import Asked, Call, save
from rsonline.reports import OKSIGEN
from rsonline.reports.fields import At
from rsonline.store.change import Change, Origin
from rsonline.store.database import Database
from tests.databases import rows

CODE = "9200001"
ORIGIN = Origin(CODE, 1, f"{CODE}/1", request_id="r1", claimed="1", clock="exact")


def oksigen(day: str, litres: float, origin: Origin = ORIGIN) -> Change:
    """A change that saves one day."""
    at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC))
    asked = save(Call(origin, OKSIGEN, {"tanggal": day, "p_cair": litres}, at))
    assert isinstance(asked, Asked)
    return asked.change


def stored(database: Database, code: str = CODE) -> dict[str, float]:
    """What the database holds, read by a connection of its own."""
    found = rows(database, "SELECT tanggal, p_cair FROM oksigen WHERE kode_rs = :code", code=code)
    return {r["tanggal"].isoformat() if isinstance(r["tanggal"], date) else r["tanggal"]: r["p_cair"] for r in found}
