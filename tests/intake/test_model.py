"""Random histories of messages end in the state that a simple model says (upsert, partial update, soft deletion)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call, Reading
from rsonline.reports import OKSIGEN, SDM, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.report import Report
from rsonline.store import hospitals
from rsonline.store.change import Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from tests.databases import ENGINES, fresh
from tests.hospital import password_hash

NOW = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
_made = 0


@pytest.fixture(scope="module", params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database on each engine for all histories; each history has a hospital of its own."""
    with fresh(request.param, tmp_path_factory.mktemp("model")) as made:
        yield made


def new_hospital(database: Database) -> str:
    """The code of a hospital that has reported nothing."""
    global _made
    _made += 1
    code = f"93{_made:05}"
    with transaction(database) as access:
        hospitals.add(access, code, "RS Model", "WITA", password_hash())
    return code


class Talker:
    """Sends messages of one hospital straight to the verbs."""

    def __init__(self, store: Store, code: str, *, create_on_put: bool = False) -> None:
        self.store = store
        self.origin = Origin(code, 1)
        self.at = At(code, ZoneInfo("Asia/Makassar"), NOW)
        self.create_on_put = create_on_put

    async def do(self, report: Report[Any], method: str, **sent: object) -> str:
        """The kind of the outcome."""
        asked = verbs_of(report)[method](Call(self.origin, report, sent, self.at, self.create_on_put))
        assert isinstance(asked, Asked)
        return (await self.store.submit(asked.change)).kind

    async def rows(self, report: Report[Any], **sent: object) -> list[dict[str, str | None]]:
        """What a GET shows."""
        reading = verbs_of(report)["GET"](Call(self.origin, report, sent, self.at))
        assert isinstance(reading, Reading)
        return reading.show(await self.store.read(self.origin, reading.look))


counts = st.none() | st.integers(0, 50)
needs = st.lists(
    st.tuples(st.sampled_from(["POST", "PUT", "DELETE"]), st.sampled_from(["26", "27", "28"]), counts, counts),
    max_size=25,
)


@given(history=needs, create_on_put=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_needs_end_in_the_state_of_the_model(database: Database, history: list[Any], create_on_put: bool) -> None:
    async def tell() -> None:
        store = open_store(database, readers=1, on_broken=lambda error: None)
        talker = Talker(store, new_hospital(database), create_on_put=create_on_put)
        model: dict[str, dict[str, int | None]] = {}
        for method, item, have, need in history:
            sent = {} if method == "DELETE" else {"jumlah_eksisting": have, "jumlah": need}
            kind = await talker.do(SDM, method, id_kebutuhan=item, **sent)
            if method == "DELETE":
                assert kind == ("removed" if item in model else "unknown")
                model.pop(item, None)
            elif method == "POST" and item in model:
                assert kind == "exists"
            elif method == "PUT" and item not in model and not create_on_put:
                assert kind == "missing"
            else:
                assert kind == ("updated" if item in model else "saved")
                kept = model.setdefault(item, {"jumlah_eksisting": None, "jumlah": None})
                kept.update({k: v for k, v in sent.items() if v is not None})
        rows = {row["id_kebutuhan"]: row for row in await talker.rows(SDM)}
        for item in ("26", "27", "28"):
            expected = model.get(item, {"jumlah_eksisting": None, "jumlah": None})
            assert {k: None if v is None else str(v) for k, v in expected.items()} == {
                k: rows[item][k] for k in expected
            }
        await store.close()

    asyncio.run(tell())


names = st.sampled_from(["Mawar", "mawar", " MAWAR ", "Melati", "", "Mawar  A", "mawar a"])
steps = st.lists(
    st.tuples(
        st.sampled_from(["POST", "PUT", "PUT by number", "DELETE by number", "DELETE"]),
        st.sampled_from(["3", "4"]),
        names,
        counts,
    ),
    max_size=25,
)


def folded(name: str) -> str:
    """How a hospital's room name is recognised again."""
    return " ".join(name.casefold().split())


@given(history=steps)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rooms_end_in_the_state_of_the_model(database: Database, history: list[Any]) -> None:
    async def tell() -> None:
        store = open_store(database, readers=1, on_broken=lambda error: None)
        talker = Talker(store, new_hospital(database))
        model: dict[tuple[str, str], tuple[str, int]] = {}
        numbers: dict[tuple[str, str], str] = {}
        for method, id_tt, ruang, used in history:
            key = (id_tt, folded(ruang))
            sent: dict[str, object] = {
                "id_tt": id_tt,
                "ruang": ruang,
                "jumlah_ruang": 1,
                "jumlah": 9,
                "terpakai": used or 0,
            }
            if method == "POST":
                kind = await talker.do(TEMPAT_TIDUR, "POST", **sent)
                assert kind == ("exists" if key in model else "saved")
                model.setdefault(key, (ruang, used or 0))
            elif method == "PUT":
                kind = await talker.do(TEMPAT_TIDUR, "PUT", **sent)
                assert kind == ("updated" if key in model else "missing")
                if key in model:
                    model[key] = (ruang, used or 0)
            elif method == "PUT by number" and numbers:
                target = sorted(numbers)[0]
                kind = await talker.do(TEMPAT_TIDUR, "PUT", id_t_tt=numbers[target], **sent)
                if key in model and key != target:
                    assert kind == "conflict"
                else:
                    assert kind == "updated"
                    del model[target]
                    model[key] = (ruang, used or 0)
            elif method == "DELETE by number" and numbers:
                target = sorted(numbers)[0]
                assert await talker.do(TEMPAT_TIDUR, "DELETE", id_t_tt=numbers[target]) == "removed"
                del model[target]
            elif method == "DELETE":
                kind = await talker.do(TEMPAT_TIDUR, "DELETE", id_tt=id_tt, ruang=ruang)
                assert kind == ("removed" if key in model else "unknown")
                model.pop(key, None)
            rows = [row for row in await talker.rows(TEMPAT_TIDUR) if row["id_t_tt"]]
            numbers = {(str(r["id_tt"]), folded(str(r["ruang"]))): str(r["id_t_tt"]) for r in rows}
            assert {
                k: (r["ruang"], int(str(r["terpakai"]))) for r in rows for k in [(r["id_tt"], folded(str(r["ruang"])))]
            } == model
        await store.close()

    asyncio.run(tell())


volumes = st.none() | st.integers(0, 10**6) | st.integers(0, 10**8).map(lambda cents: cents / 100)


@given(history=st.lists(st.tuples(st.integers(1, 12), volumes, volumes), max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_days_end_in_the_state_of_the_model(database: Database, history: list[Any]) -> None:
    async def tell() -> None:
        store = open_store(database, readers=1, on_broken=lambda error: None)
        talker = Talker(store, new_hospital(database))
        model: dict[str, dict[str, float]] = {}
        for back, used, left in history:
            # The 28th of February 2026 is yesterday in WITA; ten days reach back to the 20th.
            day = f"2026-02-{29 - back:02}"
            kind = await talker.do(
                OKSIGEN,
                "POST",
                tanggal=day,
                p_cair=used if used is None else str(used),
                k_isi_cair=left if left is None else str(left),
            )
            assert kind == ("updated" if day in model else "saved")
            kept = model.setdefault(day, {})
            kept.update({k: float(v) for k, v in {"p_cair": used, "k_isi_cair": left}.items() if v is not None})
        rows = await talker.rows(OKSIGEN)
        assert [row["tanggal"] for row in rows] == sorted((d for d in model if d >= "2026-02-20"), reverse=True)
        for row in rows:
            expected = model[str(row["tanggal"])]
            assert {k: float(str(row[k])) for k in ("p_cair", "k_isi_cair") if row[k] is not None} == expected
        await store.close()

    asyncio.run(tell())
