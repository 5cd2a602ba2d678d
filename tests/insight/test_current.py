"""The country kept current: whatever was written, what is known of it is what a recount of all rows gives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.insight.current import Current, Key
from rsonline.insight.digest import Digest
from rsonline.insight.places import NATION, Scope
from rsonline.insight.sections.beds import FRESHNESS
from rsonline.store import hospitals
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from tests.databases import rows
from tests.hospital import Hospital, Service, service_on
from tests.insight.sending import sending
from tests.samples import MESSAGES

REGENCIES = ("3404", "3471", "3273", "9171")


def broken(error: BaseException) -> None:
    raise AssertionError(error)


def placed(service: Service, regency: str) -> Hospital:
    """A hospital in a regency."""
    made = service.hospital({"9": "WIT", "7": "WITA"}.get(regency[0], "WIB"))
    rows(
        service.database,
        "UPDATE hospital SET kab_kota = :k WHERE kode_rs = :c RETURNING kode_rs",
        k=regency,
        c=made.code,
    )
    return made


async def something(hospital: Hospital, random: Random) -> None:
    """One message of any sort; some correct or delete what was said before."""
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
    day = (today - timedelta(days=random.randrange(1, 9))).isoformat()
    room = {**MESSAGES["tempat_tidur"], "ruang": f"R{random.randrange(4)}", "id_tt": random.choice(("1", "3"))}
    born = today - timedelta(days=random.randrange(3, 40))
    sample = {
        "tgllahir": born.isoformat(),
        "tgl_ambil_sampel": (born + timedelta(days=2)).isoformat(),
        "tgl_kirim_sampel": (born + timedelta(days=3)).isoformat(),
        "tgl_lapor": (born + timedelta(days=3)).isoformat(),
        "nik_ibu": f"9999{random.randrange(10**11, 10**12)}",
    }
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/Fasyankes", {**room, "jumlah": str(random.randrange(1, 9)), "terpakai": str(random.randrange(9))}),
        ("POST", "/Fasyankes", {**room, "jumlah": "5", "terpakai": "9", "antrian": "2"}),
        ("POST", "/Logistik/oksigen", {**MESSAGES["oksigen"], "tanggal": day, "p_cair": str(random.randrange(50))}),
        ("POST", "/Fasyankes/sdm", {**MESSAGES["sdm"], "jumlah": str(random.randrange(9))}),
        ("POST", "/Fasyankes/apd", {**MESSAGES["apd"], "jumlah_diterima": str(random.randrange(40))}),
        ("POST", "/Pasien/pcr_nakes", {**MESSAGES["pcr_nakes"], "tanggal": day}),
        ("POST", "/Pasien/harian_nakes_terinfeksi", {**MESSAGES["nakes_terinfeksi"], "tanggal": day}),
        ("POST", "/Pasien/shk", {**MESSAGES["shk"], **sample}),
        ("DELETE", "/Logistik/oksigen", {"tanggal": day}),
    ]
    method, path, body = random.choice(said)
    answer = await hospital.send(method, path, body)
    assert answer.status_code in (200, 404), answer.text


async def recounted(store: Store, now: datetime) -> Current:
    """The country counted from nothing."""
    made = Current(store)
    await made.count(NATION, now)
    return made


def plain(digests: Any) -> dict[Key, Digest]:
    return dict(digests)


async def test_what_is_kept_is_what_a_recount_gives(database: Database, tmp_path: Path) -> None:
    random = Random(20260302)
    async with service_on(tmp_path, database) as service:
        found = [placed(service, regency) for regency in REGENCIES for _ in range(2)]
        store = open_store(database, on_broken=broken)
        current = Current(store)
        for turn in range(6):
            touched = random.sample(found, 3)
            for hospital in touched:
                for _ in range(4):
                    await something(hospital, random)
            now = datetime.now(UTC)
            counted = await current.count(NATION, now)
            assert counted <= (len(found) if turn == 0 else len(touched))
            whole = await recounted(store, now)
            scopes = [NATION, *current.children(NATION)]
            scopes += [below for scope in scopes[1:] for below in current.children(scope)]
            scopes += [Scope("hospital", each.code) for each in found]
            for scope in scopes:
                assert plain(current.digests(scope)) == plain(whole.digests(scope)), scope
        assert current.digest(NATION, "tempat_tidur_kosong").value is not None
        assert current.digest(Scope("province", "34"), "tempat_tidur_kosong").included < (
            current.digest(NATION, "tempat_tidur_kosong").included
        )
        assert await current.count(NATION, datetime.now(UTC)) == 0
        await store.close()


async def test_as_time_goes_by_what_is_kept_is_what_a_recount_gives(database: Database, tmp_path: Path) -> None:
    random = Random(20260307)
    async with service_on(tmp_path, database) as service:
        found = [placed(service, regency) for regency in (*REGENCIES, "7371")]
        for hospital in found:
            for _ in range(12):
                await something(hospital, random)
        store = open_store(database, on_broken=broken)
        current = Current(store)
        now = datetime.now(UTC)
        scopes = [NATION, *(Scope("hospital", each.code) for each in found)]
        for _ in range(24):
            # Nobody sends any more: reports fall due at noon, hospitals turn silent, days begin in three zones.
            now += timedelta(minutes=random.randrange(30, 300))
            await current.count(NATION, now)
            whole = await recounted(store, now)
            for scope in scopes:
                assert plain(current.digests(scope)) == plain(whole.digests(scope)), (scope, now)
        assert current.digest(NATION, "lapor_diam").value == len(found)
        await store.close()


async def test_a_hospital_is_silent_from_that_hour_on(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        hospital = placed(service, "3404")
        before = datetime.now(UTC)
        await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
        after = datetime.now(UTC)
        store = open_store(database, on_broken=broken)
        current = Current(store)
        await current.count(NATION, before + timedelta(hours=24))
        assert current.digest(NATION, "lapor_diam").value == 0
        await current.count(NATION, after + timedelta(hours=24, seconds=1))
        assert current.digest(NATION, "lapor_diam").value == 1
        await store.close()


async def test_a_hospital_that_moves_or_closes_is_counted_where_it_is(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        hospital = placed(service, "3404")
        await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
        store = open_store(database, on_broken=broken)
        current = Current(store)
        now = datetime.now(UTC)
        await current.count(NATION, now)
        old, new = Scope("regency", "3404"), Scope("regency", "9171")
        assert current.digest(old, "tempat_tidur_kosong").value == 4
        rows(database, "UPDATE hospital SET kab_kota = '9171' WHERE kode_rs = :c RETURNING kode_rs", c=hospital.code)
        await current.count(NATION, now)
        assert current.digest(old, "tempat_tidur_kosong").value is None
        assert current.digest(new, "tempat_tidur_kosong").value == 4
        with transaction(database) as access:
            hospitals.set_state(access, hospital.code, aktif=False)
        await current.count(NATION, now)
        assert current.digest(NATION, "tempat_tidur_kosong").value is None
        assert current.inside(NATION) == []
        await store.close()


async def test_a_new_day_is_counted_again_without_a_message(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        hospital = placed(service, "3404")
        await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
        store = open_store(database, on_broken=broken)
        current = Current(store)
        now = datetime.now(UTC)
        await current.count(NATION, now)
        assert current.digest(NATION, "tempat_tidur_kosong").value == 4
        # A month and two days later the room is too old to count, and the figure says so.
        assert await current.count(NATION, now + timedelta(days=32)) == 1
        digest = current.digest(NATION, "tempat_tidur_kosong")
        assert (digest.value, digest.included, dict(digest.excluded)) == (None, 0, {"too_old": 1})
        await store.close()


async def test_time_alone_takes_the_tick_away(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        hospital = placed(service, "3404")
        # Noon in Jakarta, so that the day stays the same.
        now = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=1)
        async with sending(database) as at:
            await at.copies(hospital.code, [now - timedelta(hours=24) + timedelta(minutes=5)])
        store = open_store(database, on_broken=broken)
        current = Current(store)
        await current.count(NATION, now)
        assert current.digest(NATION, "data_hidup").value == 100
        assert await current.count(NATION, now + timedelta(minutes=5)) == 0
        assert await current.count(NATION, now + timedelta(minutes=6)) == 1
        assert current.digest(NATION, "data_hidup").value == 0
        assert current.digest(NATION, "data_diam").value == 1
        whole = await recounted(store, now + timedelta(minutes=6))
        for figure in FRESHNESS.figures:
            assert current.digest(NATION, figure.key) == whole.digest(NATION, figure.key)
        # Nothing will change by itself any more.
        assert await current.count(NATION, now + timedelta(minutes=30)) == 0
        await store.close()


class Away:
    """A store whose database comes and goes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.away = False

    async def read(self, origin: Any, look: Any) -> Any:
        if self.away:
            raise ConnectionError("away")
        return await self.store.read(origin, look)


async def test_without_the_database_the_last_figures_stay_with_their_age(database: Database, tmp_path: Path) -> None:
    async with service_on(tmp_path, database) as service:
        hospital = placed(service, "3404")
        await hospital.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
        store = open_store(database, on_broken=broken)
        away = Away(store)
        current = Current(away)  # type: ignore[arg-type]
        away.away = True
        scope, now = Scope("regency", "3404"), datetime.now(UTC)
        with pytest.raises(ConnectionError):
            await current.fresh(scope, now)
        away.away = False
        await current.fresh(scope, now)
        away.away = True
        for later in (timedelta(seconds=20), timedelta(minutes=5)):
            await current.fresh(scope, now + later)
            assert current.per(scope) == now
            assert current.digest(scope, "tempat_tidur_kosong").value == 4
        await current.close()
        await store.close()
