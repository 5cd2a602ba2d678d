"""The store on each engine: what is acknowledged is durable, and one change never harms another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from rsonline.intake.patients import Message, admit
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import ANTRIAN, OKSIGEN, PASIEN_COVID, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER
from rsonline.reports.references import shipped
from rsonline.store import audit, hospitals, keys, reads, seal
from rsonline.store.access import Access
from rsonline.store.change import Busy, Change, Decision, Found, Outcome, Stale
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from rsonline.store.journal import note_refusal
from tests.databases import journal, rows
from tests.hospital import password_hash
from tests.patients.api import report
from tests.store.changes import CODE, ORIGIN, oksigen, stored


@pytest_asyncio.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """A store with one hospital that must not break."""
    with transaction(database) as access:
        hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
    broken: list[BaseException] = []
    made = open_store(database, on_broken=broken.append)
    yield made
    await made.close()
    assert broken == []


async def test_what_is_acknowledged_can_be_read_by_another_connection(store: Store, database: Database) -> None:
    outcome = await store.submit(oksigen("2026-01-01", 12.5))
    assert outcome.kind == "saved"
    assert stored(database) == {"2026-01-01": 12.5}


async def test_changes_that_wait_together_are_all_kept_and_all_answered(store: Store, database: Database) -> None:
    outcomes = await asyncio.gather(*[store.submit(oksigen(f"2026-01-{d:02}", d)) for d in range(1, 29)])
    assert [o.kind for o in outcomes] == ["saved"] * 28
    assert stored(database) == {f"2026-01-{d:02}": float(d) for d in range(1, 29)}


async def test_the_last_of_several_writers_of_one_key_wins_and_each_has_its_line(
    store: Store, database: Database
) -> None:
    outcomes = await asyncio.gather(*[store.submit(oksigen("2026-01-01", n)) for n in range(50)])
    assert [o.kind for o in outcomes] == ["saved"] + ["updated"] * 49
    assert stored(database) == {"2026-01-01": 49.0}
    assert len(journal(database, CODE, "oksigen")) == 50


async def test_the_journal_holds_old_and_new_and_counts_without_a_gap(store: Store, database: Database) -> None:
    await store.submit(oksigen("2026-01-01", 1))
    await store.submit(oksigen("2026-01-01", 2))
    first, second = journal(database, CODE, "oksigen")
    assert (first["key"], first["verb"], first["account"]) == ('["2026-01-01"]', "save", ORIGIN.account)
    assert first["old"] is None
    assert '"p_cair":1.0' in second["old"]
    assert '"p_cair":2.0' in second["new"]
    assert second["seq"] == first["seq"] + 1


async def test_a_change_that_fails_does_not_touch_its_neighbours(store: Store, database: Database) -> None:
    def fail(found: Found, now: datetime) -> Decision:
        raise ZeroDivisionError("planned")

    def write_nonsense(found: Found, now: datetime) -> Decision:
        good = oksigen("2026-02-02", 1).decide([[]], now)
        put = good.writes[0]
        put.values["tanggal"] = None
        return good

    changes = [
        oksigen("2026-01-01", 1),
        Change(ORIGIN, OKSIGEN, "save", (), fail),
        oksigen("2026-01-02", 2),
        Change(ORIGIN, OKSIGEN, "save", (), write_nonsense),
        oksigen("2026-01-03", 3),
    ]
    results = await asyncio.gather(*[store.submit(c) for c in changes], return_exceptions=True)
    assert [getattr(r, "kind", type(r).__name__) for r in results[::2]] == ["saved"] * 3
    assert isinstance(results[1], ZeroDivisionError)
    assert isinstance(results[3], Exception)
    assert set(stored(database)) == {"2026-01-01", "2026-01-02", "2026-01-03"}
    lines = journal(database, CODE, "oksigen")
    assert [line["seq"] for line in lines] == list(range(lines[0]["seq"], lines[0]["seq"] + 3))


async def test_a_batch_that_begins_again_gives_every_record_a_number_of_its_own(
    store: Store, database: Database
) -> None:
    def room(name: str) -> Change:
        at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC), shipped())
        sent: dict[str, object] = {"id_tt": "3", "ruang": name, "jumlah_ruang": "1", "jumlah": "4", "terpakai": "1"}
        asked = verbs_of(TEMPAT_TIDUR)["POST"](Call(ORIGIN, TEMPAT_TIDUR, sent, at))
        assert isinstance(asked, Asked)
        return asked.change

    def write_nonsense(found: Found, now: datetime) -> Decision:
        good = oksigen("2026-02-02", 1).decide([[]], now)
        good.writes[0].values["tanggal"] = None
        return good

    batches = [[room(f"{number} {half}") for half in "ab"] for number in range(20)]
    waiting: list[Change] = []
    for pair in batches:
        waiting += [pair[0], Change(ORIGIN, OKSIGEN, "save", (), write_nonsense), pair[1]]
    results = await asyncio.gather(*[store.submit(change) for change in waiting], return_exceptions=True)
    saved = [r for r in results if isinstance(r, Outcome)]
    assert len(saved) == 40
    told = {r.row["ruang"]: r.row["id_t_tt"] for r in saved}
    kept = rows(database, "SELECT ruang, id_t_tt FROM tempat_tidur WHERE kode_rs = :code", code=CODE)
    assert {r["ruang"]: r["id_t_tt"] for r in kept} == told
    assert len(set(told.values())) == 40
    more = await store.submit(room("one more"))
    assert more.row["id_t_tt"] > max(told.values())
    with transaction(database) as access:
        assert not audit.verify(access.connection).faults


async def test_a_number_that_a_task_saw_written_is_not_given_again_when_the_batch_begins_again(
    store: Store, database: Database
) -> None:
    at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC), shipped(), unlisted=True)

    def admitted() -> Change:
        return admit(Message(ORIGIN, at, PASIEN_COVID, report()))

    def write_nonsense(found: Found, now: datetime) -> Decision:
        good = oksigen("2026-02-02", 1).decide([[]], now)
        good.writes[0].values["tanggal"] = None
        return good

    await store.submit(oksigen("2026-01-01", 1))
    first, _, _, second = await asyncio.gather(
        store.submit(admitted()),
        store.perform(lambda access: None),
        store.submit(Change(ORIGIN, OKSIGEN, "save", (), write_nonsense)),
        store.submit(admitted()),
        return_exceptions=True,
    )
    assert isinstance(first, Outcome)
    assert isinstance(second, Outcome)
    told = {first.row[PASIEN_NUMBER], second.row[PASIEN_NUMBER]}
    kept = rows(database, f'SELECT "{PASIEN_NUMBER}" AS number FROM pasien_covid WHERE kode_rs = :code', code=CODE)
    assert len(told) == 2
    assert {r["number"] for r in kept} == told


async def test_a_change_of_credentials_that_has_committed_stops_what_was_verified_before(
    store: Store, database: Database
) -> None:
    await store.submit(oksigen("2026-01-01", 1))
    with transaction(database) as access:
        hospitals.new_password(access, CODE, password_hash(), at_once=True)
    with pytest.raises(Stale):
        await store.submit(oksigen("2026-01-02", 1))
    with pytest.raises(Stale):
        await store.read(ORIGIN, reads.having(CODE, OKSIGEN, {}))
    assert (await store.submit(oksigen("2026-01-02", 1, ORIGIN._replace(version=2)))).kind == "saved"


async def test_a_disabled_hospital_writes_nothing(store: Store, database: Database) -> None:
    with transaction(database) as access:
        hospitals.set_state(access, CODE, aktif=False)
    for version in (1, 2):
        with pytest.raises(Stale):
            await store.submit(oksigen("2026-01-02", 1, ORIGIN._replace(version=version)))
    assert stored(database) == {}


async def test_a_full_queue_is_told_at_once(store: Store, database: Database) -> None:
    small = open_store(database, waiting=3, on_broken=lambda error: None)
    with transaction(database) as blocking:
        # Whoever writes for the hospital has to wait for this transaction.
        hospitals.set_state(blocking, CODE, always_200=True)
        origin = ORIGIN._replace(version=2)
        waiting = [asyncio.create_task(small.submit(oksigen(f"2026-01-0{d}", 1, origin))) for d in (1, 2, 3)]
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await small.submit(oksigen("2026-01-04", 1, origin))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    # The embedded store looks at the credentials when it is its turn, a server when it is asked.
    assert {getattr(r, "kind", type(r)) for r in results} <= {"saved", Stale}
    await small.close()


async def test_closing_writes_what_waits_and_takes_nothing_more(store: Store, database: Database) -> None:
    closing = open_store(database, on_broken=lambda error: None)
    waiting = [asyncio.create_task(closing.submit(oksigen(f"2026-01-0{d}", 1))) for d in range(1, 8)]
    await asyncio.sleep(0)
    await closing.close()
    assert [o.kind for o in await asyncio.gather(*waiting)] == ["saved"] * 7
    with pytest.raises(Busy):
        await closing.submit(oksigen("2026-01-09", 1))
    assert len(stored(database)) == 7


async def test_a_caller_that_goes_away_does_not_undo_its_change(store: Store, database: Database) -> None:
    task = asyncio.create_task(store.submit(oksigen("2026-01-01", 1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.submit(oksigen("2026-01-02", 1))
    assert set(stored(database)) == {"2026-01-01", "2026-01-02"}


async def test_a_task_runs_between_the_changes_and_rolls_back_alone(store: Store, database: Database) -> None:
    def break_off(access: Access) -> None:
        hospitals.note_good(access, CODE, "127.0.0.1", datetime.now(UTC))
        raise ValueError("planned")

    results = await asyncio.gather(
        store.submit(oksigen("2026-01-01", 1)),
        store.perform(break_off),
        store.submit(oksigen("2026-01-02", 1)),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert set(stored(database)) == {"2026-01-01", "2026-01-02"}
    assert await store.read(None, lambda access: hospitals.last_good(access, CODE, "127.0.0.1")) is None


async def test_a_task_and_changes_share_one_chain(store: Store, database: Database) -> None:
    await asyncio.gather(
        *[store.submit(oksigen(f"2026-01-{d:02}", d)) for d in range(1, 20)],
        *[store.perform(lambda access: note_refusal(access, ORIGIN, OKSIGEN, "planned")) for _ in range(5)],
        *[store.submit(oksigen(f"2026-02-{d:02}", d)) for d in range(1, 20)],
    )
    with transaction(database) as access:
        verified = audit.verify(access.connection)
    assert verified.faults == []
    assert verified.lines == 38 + 5 + 1


async def test_receipt_times_never_run_backwards(store: Store, database: Database) -> None:
    times = iter([1_800_000_000.0, 1_700_000_000.0, 1_800_000_001.0, 1_600_000_000.0])
    odd = open_store(database, clock=lambda: next(times), on_broken=lambda error: None)
    for number in range(1, 5):
        await odd.submit(oksigen("2026-01-01", number))
    await odd.close()
    at = [line["at"] for line in sorted(journal(database, CODE, "oksigen"), key=lambda line: line["seq"])]
    assert len(at) == 4
    assert at == sorted(at)


async def test_an_outcome_does_not_carry_another_hospitals_rows(store: Store, database: Database) -> None:
    with transaction(database) as access:
        hospitals.add(access, "9200002", "RS Lain", "WIT", password_hash())
    await store.submit(oksigen("2026-01-01", 1))
    other = ORIGIN._replace(hospital="9200002")
    outcome: Outcome = await store.submit(oksigen("2026-01-01", 2, other))
    assert outcome.kind == "saved"
    mine = await store.read(None, reads.between(CODE, OKSIGEN, "tanggal", date(2026, 1, 1)))
    assert [row["p_cair"] for row in mine] == [1.0]


async def test_two_stores_write_one_key_and_none_of_it_is_lost(store: Store, database: Database) -> None:
    if not database.embedded:
        other = open_store(database, on_broken=lambda error: None)
        writers = [store, other]
        outcomes = await asyncio.gather(
            *[writers[n % 2].submit(oksigen(f"2026-01-{n % 7 + 1:02}", n)) for n in range(200)]
        )
        await other.close()
        assert sorted(o.kind for o in outcomes).count("saved") == 7
    else:
        outcomes = await asyncio.gather(*[store.submit(oksigen(f"2026-01-{n % 7 + 1:02}", n)) for n in range(200)])
    lines = journal(database, CODE, "oksigen")
    assert len(lines) == len(outcomes) == 200
    versions = rows(database, "SELECT version FROM oksigen WHERE kode_rs = :code", code=CODE)
    assert sum(row["version"] for row in versions) == 200
    with transaction(database) as access:
        assert audit.verify(access.connection).faults == []


def test_one_commit_each_gives_the_same_rows(database: Database) -> None:
    async def write() -> None:
        with transaction(database) as access:
            hospitals.add(access, CODE, "RS Tiruan", "WIB", password_hash())
        store = open_store(database, commit_each=True, on_broken=lambda error: None)
        results = await asyncio.gather(*[store.submit(oksigen(f"2026-01-0{d}", d)) for d in range(1, 6)])
        await store.close()
        assert [r.kind for r in results] == ["saved"] * 5

    asyncio.run(write())
    assert len(stored(database)) == 5


async def test_a_new_key_is_taken_up_in_the_middle_of_a_transaction(store: Store, database: Database) -> None:
    """What another process sealed by a key of a minute ago is read by the change that needs it."""
    booking: dict[str, object] = {
        "kodebooking": "B-1",
        "jenispasien": "JKN",
        "kodepoli": "INT",
        "tanggalperiksa": "2026-01-02",
    }
    at = At(CODE, ZoneInfo("Asia/Jakarta"), datetime.now(UTC))
    first = verbs_of(ANTRIAN)["POST"](Call(ORIGIN, ANTRIAN, booking, at))
    assert isinstance(first, Asked)
    with transaction(database) as access:
        seal.add(access.connection, keys.read(database.keys), "seal")
    other = open_store(database, on_broken=lambda error: None)
    assert (await other.submit(first.change)).kind == "saved"
    await other.close()
    change = verbs_of(ANTRIAN)["PUT"](Call(ORIGIN, ANTRIAN, {"kodebooking": "B-1", "norm": "RM-CONTOH-9"}, at))
    assert isinstance(change, Asked)
    outcome = await asyncio.wait_for(store.submit(change.change), 5)
    assert (outcome.kind, outcome.row["norm"]) == ("updated", "RM-CONTOH-9")
