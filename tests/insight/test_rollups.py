"""Days kept by hospital and month: whatever was written, corrected and deleted, and whenever somebody looked, they are
what a recount of all raw rows gives."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from rsonline.insight import beds, covid, discipline, rollups, staff, trends
from rsonline.insight.digest import Digest
from rsonline.insight.discipline import DisciplineRules
from rsonline.insight.indicator import Tile
from rsonline.insight.places import NATION, Place, Scope, code_at
from rsonline.insight.rollups import Rollups
from rsonline.insight.trends import TRENDS, Trend
from rsonline.intake.verbs import Asked, Call, add, remove, replace, save
from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PASIEN_COVID, PCR_NAKES, TEMPAT_TIDUR
from rsonline.reports.fields import At
from rsonline.reports.report import Row
from rsonline.store import hospitals, journal
from rsonline.store import rollups as kept
from rsonline.store.access import Access
from rsonline.store.change import Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from rsonline.store.quiet import Quiet
from rsonline.store.schema import BED_HISTORY, table_of
from tests.databases import rows
from tests.hospital import password_hash
from tests.samples import MESSAGES

BEGIN = datetime(2026, 2, 24, 1, 0, tzinfo=UTC)
CODES = {"9300001": ("WIB", "3404"), "9300002": ("WIB", "3471"), "9300003": ("WIT", "9171")}
REPORTS = (OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)


def broken(error: BaseException) -> None:
    raise AssertionError(error)


class Country:
    """A few hospitals that say all sorts of things at times of our choosing."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = Random(seed)
        self.now = BEGIN
        self.database = database
        for code, (zone, regency) in CODES.items():
            with transaction(database) as access:
                hospitals.add(access, code, f"RS Tiruan {code}", zone, password_hash())
            statement = "UPDATE hospital SET kab_kota = :k, created_at = :a WHERE kode_rs = :c RETURNING kode_rs"
            registered = BEGIN + timedelta(days=2 if code == "9300002" else -90)
            rows(database, statement, k=regency, c=code, a=int(registered.timestamp() * 1000))
        self.store = open_store(database, clock=lambda: self.now.timestamp(), on_broken=broken)
        self.rooms: dict[str, list[int]] = {code: [] for code in CODES}
        self.patients = 0

    async def submit(self, asked: object) -> Any:
        assert isinstance(asked, Asked), asked
        return await self.store.submit(asked.change)

    async def step(self) -> None:
        """Some hours later somebody says something."""
        random = self.random
        self.now += timedelta(hours=random.choice((1, 2, 5, 9)), minutes=random.randrange(60))
        code = random.choice(list(CODES))
        zone = ZoneInfo(hospitals.ZONES[CODES[code][0]])
        at = At(code, zone, self.now)
        origin = Origin(code, 1, f"{code}/1")
        day = (self.now.astimezone(zone).date() - timedelta(days=random.randrange(5))).isoformat()
        what = random.randrange(6)
        if what < 2 or (what == 2 and not self.rooms[code]):
            room = {"ruang": f"R{random.randrange(3)}", "id_tt": "3", "jumlah": str(random.choice((0, 4, 9)))}
            said = {**MESSAGES["tempat_tidur"], **room, "terpakai": str(random.randrange(9))}
            outcome = await self.submit(add(Call(origin, TEMPAT_TIDUR, said, at)))
            if outcome.kind == "saved":
                self.rooms[code].append(outcome.row["id_t_tt"])
        elif what == 2:
            number = random.choice(self.rooms[code])
            said = {**MESSAGES["tempat_tidur"], "id_t_tt": str(number), "terpakai": str(random.randrange(9))}
            asked = remove if random.random() < 0.3 else replace
            await self.submit(asked(Call(origin, TEMPAT_TIDUR, said, at)))
        elif what == 3:
            await self.patient(origin, date.fromisoformat(day))
        else:
            report = random.choice(REPORTS)
            said = {**MESSAGES[report.name], "tanggal": day}
            if report is NAKES_TERINFEKSI:
                said["perawat"] = str(random.randrange(9))
                if random.random() < 0.3:
                    del said["perawat_dirawat"]
            asked = remove if random.random() < 0.2 else save
            await self.submit(asked(Call(origin, report, said, at)))

    async def patient(self, origin: Origin, day: date) -> None:
        """A patient, or what became of one; of the members only those that days are counted by."""
        random = self.random
        old = random.randrange(self.patients) if self.patients and random.random() < 0.6 else None
        if old is None:
            self.patients += 1
        number = self.patients - 1 if old is None else old
        values: dict[str, Any] = {
            "statusRawatId": random.choice((0, 1, 24)),
            "tanggalMasuk": day,
            "tanggalKeluar": random.choice((None, day, day + timedelta(days=2), day - timedelta(days=1))),
            "statusKeluarId": random.choice((1, 2, 6)),
            "updated_at": self.now,
            "deleted_at": self.now if random.random() < 0.1 else None,
        }
        table = table_of(PASIEN_COVID)

        def work(access: Access) -> None:
            owner = access.connection.execute(
                sa.select(table.c.kode_rs).where(table.c.laporanCovid19Versi3Id == number + 1)
            ).scalar()
            by = origin._replace(hospital=owner or origin.hospital)
            if owner is None:
                key = {"kode_rs": by.hospital, "laporanCovid19Versi3Id": number + 1}
                access.connection.execute(
                    sa.insert(table).values(**key, **values, version=1, received_at=self.now, recognised=str(number))
                )
            else:
                own = (table.c.kode_rs == owner, table.c.laporanCovid19Versi3Id == number + 1)
                access.connection.execute(sa.update(table).where(*own).values(**values))
            journal.append(access, by, "pasien_covid", [number + 1], "change")

        await self.store.perform(work)

    def raw(self) -> dict[str, list[Row]]:
        """Every raw row that there is."""
        found: dict[str, list[Row]] = {}
        with transaction(self.database) as access:
            for name, table in (
                ("bed_history", BED_HISTORY),
                *((report.name, table_of(report)) for report in (*REPORTS, PASIEN_COVID)),
            ):
                found[name] = [dict(row) for row in access.connection.execute(sa.select(table)).mappings()]
        return found


def recounted(
    trend: Trend, raw: dict[str, list[Row]], places: dict[str, Place], days: Sequence[date], now: datetime, quiet: Any
) -> Iterator[Tile[Any]]:
    """The tile of each day, made of raw rows and nothing else."""
    own = {name: [row for row in some if row["kode_rs"] in places] for name, some in raw.items()}
    first, last = days[0], days[-1]
    if trend.section == "tempat-tidur":
        taken = beds.snapshots(own["bed_history"], places, first, last, now)
        for day in days:
            yield beds.bor([s for s in taken if s.day == day], now, beds.DAY_OCCUPANCY)
    elif trend.section == "nakes":
        outcome = trend.key.removeprefix("nakes_")
        for _, tiles in staff.infected_by_day(own["nakes_terinfeksi"], places, first, last, now):
            yield tiles[outcome]  # type: ignore[index]
    elif trend.section == "pasien-covid":
        for _, *made in covid.by_day(own["pasien_covid"], places, first, last, now):
            yield next(tile for tile in made if tile.indicator is trend.indicator)
    else:
        rules = DisciplineRules(window=(now.date() - first).days + 1, quiet=quiet)
        reported = {r.name: [row for row in own[r.name] if first <= row["tanggal"] <= last] for r in REPORTS}
        asked = discipline.expected(reported, places, now, rules)
        of = discipline.received if trend.indicator is discipline.RECEIVED else discipline.in_time
        for day in days:
            yield of([one for one in asked if one.day == day], now)


def same(trend: Trend, digest: Digest, tile: Tile[Any]) -> None:
    """A day that was kept is a day that was recounted."""
    assert digest.value == pytest.approx(tile.value), trend.key
    assert digest.included == len(tile.included)
    excluded: dict[str, int] = {}
    for each in tile.excluded:
        excluded[each.reason] = excluded.get(each.reason, 0) + 1
    assert dict(digest.excluded) == excluded
    if trend.how == "ratio" and digest.of:
        assert dict(digest.parts) == {name: tile.parts[name] for name in trend.names}


async def look(store: Store, scope: Scope, section: str, first: date, last: date) -> Any:
    def reading(access: Access) -> Any:
        places = rollups.places_of(access, scope)
        return places, list(kept.months(access, list(places), section, first, last))

    return await store.read(None, reading)


@pytest.mark.parametrize("seed", range(4))
async def test_days_that_were_kept_are_those_of_a_recount(database: Database, seed: int) -> None:
    country = Country(database, seed)
    running = Rollups(country.store)
    quiet = (
        Quiet("34", date(2026, 3, 1), date(2026, 3, 2), ("oksigen",)),
        Quiet("", date(2026, 3, 2), date(2026, 3, 2)),
    )
    told = 0
    for turn in range(60):
        await country.step()
        if country.random.random() < 0.4:
            await running.count(country.random.choice((NATION, Scope("province", "34"))), country.now)
        if turn % 20 != 19:
            continue
        await running.count(NATION, country.now)
        assert await running.count(NATION, country.now) == 0
        raw = country.raw()
        for scope in (NATION, Scope("province", "34"), Scope("regency", "3404"), Scope("hospital", "9300003")):
            for trend in TRENDS.values():
                last = trends.last_day(country.now, ZoneInfo("Asia/Jakarta"), trend.section)
                first = last - timedelta(days=12)
                places, months = await look(country.store, scope, trend.section, first, last)
                whole, parts = trends.series(trend, months, places, first, last, "regency", quiet)
                days = [point.day for point in whole.points]
                assert days[0] == first
                assert days[-1] == last
                for point, tile in zip(
                    whole.points, recounted(trend, raw, places, days, country.now, quiet), strict=True
                ):
                    same(trend, point.digest, tile)
                    told += point.digest.value is not None
                for code, part in parts.items():
                    some = {c: p for c, p in places.items() if code_at("regency", p) == code}
                    for point, tile in zip(
                        part.points, recounted(trend, raw, some, days, country.now, quiet), strict=True
                    ):
                        same(trend, point.digest, tile)
    assert told > 100
    await country.store.close()


async def test_a_message_that_is_committed_late_is_counted_into_its_evening(database: Database) -> None:
    country = Country(database, 0)
    running = Rollups(country.store)
    code, place = "9300001", Scope("hospital", "9300001")

    async def said(store: Store, terpakai: str, at: datetime, verb: Any, **more: str) -> Any:
        call = Call(
            Origin(code, 1, f"{code}/1"),
            TEMPAT_TIDUR,
            {**MESSAGES["tempat_tidur"], "terpakai": terpakai, **more},
            At(code, ZoneInfo("Asia/Jakarta"), at),
        )
        asked = verb(call)
        assert isinstance(asked, Asked)
        return await store.submit(asked.change)

    # The evening of 24 February in Jakarta is at 16:59 UTC. Another process, whose clock is a little behind, commits
    # after the first one has counted that evening.
    outcome = await said(country.store, "3", country.now, add)
    late = datetime(2026, 2, 24, 16, 58, tzinfo=UTC)
    country.now = datetime(2026, 2, 24, 17, 30, tzinfo=UTC)
    await running.count(NATION, country.now)
    other = open_store(database, clock=lambda: late.timestamp(), on_broken=broken)
    await said(other, "7", late, replace, id_t_tt=str(outcome.row["id_t_tt"]))
    await running.count(NATION, country.now)
    day = date(2026, 2, 24)
    places, months = await look(country.store, place, "tempat-tidur", day, day)
    whole, _ = trends.series(TRENDS["hunian_harian"], months, places, day, day, "hospital")
    assert whole.whole.value == 100
    await other.close()
    await country.store.close()


async def test_what_is_read_does_not_grow_with_age(database: Database) -> None:
    """Rooms that changed a thousand times long ago cost an evening nothing: only newer rows are looked at."""
    country = Country(database, 1)
    code = "9300001"
    call = Call(
        Origin(code, 1, f"{code}/1"),
        TEMPAT_TIDUR,
        MESSAGES["tempat_tidur"],
        At(code, ZoneInfo("Asia/Jakarta"), country.now),
    )
    asked = add(call)
    assert isinstance(asked, Asked)
    number = (await country.store.submit(asked.change)).row["id_t_tt"]
    with transaction(database) as access:
        [said] = access.connection.execute(sa.select(BED_HISTORY)).mappings()
        access.connection.execute(
            sa.insert(BED_HISTORY),
            [
                {**said, "version": n, "at": country.now + timedelta(minutes=n), "terpakai": n % 7}
                for n in range(2, 1500)
            ],
        )
        after = country.now + timedelta(minutes=1490)
        found = kept.evenings(access, code, after, after + timedelta(days=1))
    assert {row["id_t_tt"] for row in found} == {number}
    assert len(found) == 10
    await country.store.close()


async def test_a_sum_of_many_hospitals_is_made_once_a_minute(database: Database) -> None:
    country = Country(database, 2)
    running = Rollups(country.store)
    made: list[int] = []

    async def make() -> int:
        made.append(len(made))
        await asyncio.sleep(0.01)
        return made[-1]

    def many(found: int) -> bool:
        return True

    asked = [running.remembered("nation", country.now, make, many) for _ in range(3)]
    assert await asyncio.gather(*asked) == [0, 0, 0]
    assert await running.remembered("nation", country.now + timedelta(seconds=59), make, many) == 0
    assert await running.remembered("nation", country.now + timedelta(seconds=61), make, many) == 1
    # What is small is never old.
    assert [await running.remembered("one", country.now, make, lambda found: False) for _ in range(2)] == [2, 3]
    await running.close()
    await country.store.close()
