"""What consumers read of all hospitals (pasien-covid 7)."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import sqlalchemy as sa

from rsonline.store import hospitals
from rsonline.store.accounts import RIGHTS
from rsonline.store.engines import transaction
from tests.hospital import PASSWORD, Hospital, Service, password_hash
from tests.patients.api import Client, account, client_of, log_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def client(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    return await client_of(hospital)


async def consumer(service: Service, *rights: str) -> Client:
    """A consumer that has logged in."""
    hospital = service.hospital()
    name = account(service, rights=rights)
    answer = await log_in(hospital, "/api/login", userName=name, password=PASSWORD)
    assert answer.status_code == 201, answer.text
    return Client(hospital, answer.json()["data"]["access_token"])


async def test_a_hospital_sees_the_directory_and_no_availability(client: Client) -> None:
    name = f"RS Tiruan {client.hospital.code}"
    found = (await client.send("GET", f"/api/hospital?nama={name[3:].lower()}&other=1")).json()["data"]
    assert [(item["kode"], item["nama"]) for item in found] == [(client.hospital.code, name)]
    assert len(found[0]) == 28
    for right in RIGHTS:
        answer = await client.send("GET", f"/api/{right}?kode_rs=1")
        assert (answer.status_code, answer.json()) == (422, {"status": False, "message": "not allowed"})


async def test_a_consumer_reads_what_it_has_the_right_to(service: Service) -> None:
    reader = await consumer(service, "ketersediaantempattidur", "rumahsakit")
    hospital = service.hospital()
    bed = {"id_tt": "3", "ruang": "Melati", "jumlah_ruang": "1", "jumlah": "10", "terpakai": "4", "antrian": "2"}
    assert (await hospital.send("POST", "/Fasyankes", bed)).status_code == 200
    path = f"/api/ketersediaantempattidur?rsId={hospital.code}"
    (item,) = (await reader.send("GET", path)).json()["data"]
    assert datetime.fromisoformat(item.pop("tglUpdate")).tzinfo is not None
    assert item == {
        "rsId": hospital.code,
        "rsNama": f"RS Tiruan {hospital.code}",
        "tt": "Kelas I",
        "ruang": "Melati",
        "jumlah": 10,
        "terpakai": 4,
        "kosong": 6,
        "antrian": 2,
    }
    today = (datetime.now(UTC) + timedelta(hours=7)).date()
    for day, count in ((today, 1), (today - timedelta(days=1), 0)):
        assert len((await reader.send("GET", f"{path}&tanggalUpdate={day}")).json()["data"]) == count
    bad = await reader.send("GET", f"{path}&tanggalUpdate=kemarin")
    assert bad.status_code == 404
    assert (await reader.send("GET", f"{path}&foo=1")).json()["message"] == '"foo" is not allowed'
    one = (await reader.send("GET", f"/api/rumahsakit/{hospital.code}")).json()["data"]
    assert one["kode"] == hospital.code
    bad = await reader.send("GET", "/api/rumahsakit?aktive=x")
    assert (bad.status_code, bad.json()["message"]) == (400, '"aktive" must be a number')
    found = (await reader.send("GET", f"/api/rumahsakit?nama={hospital.code}")).json()
    assert [item["kode"] for item in found["data"]] == [hospital.code]
    assert (await reader.send("GET", "/api/ketersediaannakes?kode_rs=1")).json()["message"] == "not allowed"


@pytest.mark.parametrize("path", ["ketersediaannakes", "ketersediaanpelayanan"])
async def test_lists_that_nothing_feeds_are_empty(service: Service, path: str) -> None:
    reader = await consumer(service, path)
    hospital = service.hospital()
    assert (
        await hospital.send("POST", "/Fasyankes/sdm", {"id_kebutuhan": "26", "jumlah_eksisting": "4"})
    ).status_code == 200
    assert (await reader.send("GET", f"/api/{path}?kode_rs={hospital.code}")).json() == {
        "status": True,
        "message": "data not found",
        "pagination": {"total_number_of_pages": 0, "current_page": 1},
        "data": [],
    }


async def test_equipment_is_what_a_hospital_says_that_it_has(service: Service) -> None:
    reader = await consumer(service, "ketersediaanalkes")
    hospital, other = service.hospital(), service.hospital()
    for item, count in (("1", "40"), ("2", "0"), ("3", "7")):
        body = {"id_kebutuhan": item, "jumlah_eksisting": count, "jumlah": "99", "jumlah_diterima": "5"}
        assert (await hospital.send("POST", "/Fasyankes/apd", body)).status_code == 200
    # Of this one it only says that it is needed.
    assert (await hospital.send("POST", "/Fasyankes/apd", {"id_kebutuhan": "16", "jumlah": "3"})).status_code == 200
    assert (
        await other.send("POST", "/Fasyankes/apd", {"id_kebutuhan": "1", "jumlah_eksisting": "1"})
    ).status_code == 200
    path = f"/api/ketersediaanalkes?kode_rs={hospital.code}"
    unknown = {"standar": None, "rusak": None, "ruang": None}
    listed = (await reader.send("GET", path)).json()
    assert [list(item) for item in listed["data"]] == [
        ["alkes_code", "nama", "standar", "jumlah", "rusak", "ruang"]
    ] * 3
    assert listed["data"] == [
        {"alkes_code": "2", "nama": "Google Glass", "jumlah": 0, **unknown},
        {"alkes_code": "1", "nama": "Protection Gown", "jumlah": 40, **unknown},
        {"alkes_code": "3", "nama": "Sarung Tangan Panjang", "jumlah": 7, **unknown},
    ]
    second = (await reader.send("GET", f"{path}&limit=2&page=2")).json()
    assert (second["data"], second["pagination"]["previous"]) == (listed["data"][2:], {"page": 1, "limit": 2})
    assert (await hospital.send("DELETE", "/Fasyankes/apd", {"id_kebutuhan": "3"})).status_code == 200
    assert len((await reader.send("GET", path)).json()["data"]) == 2
    with transaction(service.database) as access:
        hospitals.set_state(access, hospital.code, aktif=False)
    assert (await reader.send("GET", path)).json()["data"] == []
    for wrong in (await client_of(other), await consumer(service, "ketersediaannakes")):
        assert (await wrong.send("GET", path)).json() == {"status": False, "message": "not allowed"}


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("ketersediaanalkes", 400, '"kode_rs" is required'),
        ("ketersediaannakes?page=x", 400, '"kode_rs" is required'),
        ("ketersediaanpelayanan?kode_rs=", 400, '"kode_rs" is not allowed to be empty'),
        ("ketersediaanalkes?kode_rs=1&foo=1&page=x", 400, '"page" must be a number'),
        ("ketersediaanalkes?kode_rs=1&foo=1", 400, '"foo" is not allowed'),
        ("ketersediaanalkes?kode_rs=1&limit=9007199254740993", 400, '"limit" must be a safe number'),
        ("rumahsakit?page=", 400, '"page" must be a number'),
        ("rumahsakit?aktive=%D9%A3", 400, '"aktive" must be a number'),
        ("ketersediaantempattidur?provinsiId=Bali", 404, '"provinsiId" must be a number'),
        ("ketersediaantempattidur?rsId=", 404, '"rsId" is not allowed to be empty'),
        ("ketersediaantempattidur?tanggalUpdate=2026-02-30", 404, "tanggalUpdate harus tanggal yang ada, YYYY-MM-DD"),
    ],
)
async def test_a_query_is_told_its_first_problem(service: Service, query: str, status: int, message: str) -> None:
    reader = await consumer(service, *RIGHTS)
    answer = await reader.send("GET", f"/api/{query}")
    assert (answer.status_code, answer.json()) == (status, {"status": False, "message": message})


async def test_a_query_that_may_be_empty_or_spelled_is_taken(service: Service) -> None:
    reader = await consumer(service, *RIGHTS)
    name = f"RS Tiruan {service.hospital().code}"
    empty = f"rumahsakit?provinsiId=&kabKotaId=&pelayanan=&aktive=1.0&nama={name}&page=1e0&limit=%201"
    assert [item["nama"] for item in (await reader.send("GET", f"/api/{empty}")).json()["data"]] == [name]
    # Neither the directory that is open to all nor the detail minds what else is asked.
    for path in (f"hospital?nama={name}&aktive=x&kabKotaId=99&kode=1&pelayanan=1", f"hospital?nama={name}&page=x"):
        assert [item["nama"] for item in (await reader.send("GET", f"/api/{path}")).json()["data"]] == [name]
    one = await reader.send("GET", f"/api/rumahsakit/{name[10:]}?foo=1&kabKotaId=99&pelayanan=")
    assert one.json()["data"]["nama"] == name
    unknown = await reader.send("GET", "/api/rumahsakit/0000000")
    assert (unknown.status_code, unknown.json()["data"], unknown.json()["message"]) == (200, None, "data not found")


async def test_pages_are_as_long_as_each_list_says(service: Service) -> None:
    reader = await consumer(service, *RIGHTS)
    code = service.hospital().code
    with transaction(service.database) as access:
        for place in range(101):
            hospitals.add(access, f"P{code}{place:03}", f"RS Halaman {place:03}", "WIB", password_hash())
    for query, count in (("", 101), ("&limit=101", 100), ("&limit=100", 100), ("&limit=0", 101), ("&limit=-3", 101)):
        listed = (await reader.send("GET", f"/api/rumahsakit?nama=RS%20Halaman{query}")).json()
        assert (len(listed["data"]), "next" in listed["pagination"]) == (count, count < 101), query
    with transaction(service.database) as access:
        access.connection.execute(sa.text("UPDATE hospital SET aktif = false WHERE nama LIKE 'RS Halaman%'"))
    far = (await reader.send("GET", "/api/hospital?page=0000000007&limit=00000000000002")).json()["pagination"]
    assert (far["current_page"], far["previous"]) == (7, {"page": 6, "limit": 2})
    beyond = (await reader.send("GET", "/api/hospital?page=999999999999999")).json()
    assert (beyond["pagination"]["current_page"], beyond["data"]) == (999_999_999_999_999, [])


async def test_hospitals_are_found_by_where_they_lie_not_by_how_their_code_begins(service: Service) -> None:
    reader = await consumer(service, *RIGHTS)
    hospital = service.hospital()
    bed = {"id_tt": "3", "ruang": "Melati", "jumlah_ruang": "1", "jumlah": "10", "terpakai": "4", "antrian": "2"}
    assert (await hospital.send("POST", "/Fasyankes", bed)).status_code == 200
    with transaction(service.database) as access:
        access.connection.execute(
            sa.text("UPDATE hospital SET kab_kota = '5171' WHERE kode_rs = :code"), {"code": hospital.code}
        )
    (item,) = (await reader.send("GET", f"/api/rumahsakit?nama={hospital.code}")).json()["data"]
    assert (item["provinsiId"], item["kabKotaId"]) == ("51", "5171")
    assert item["provinsiNama"].upper() == "BALI"
    for query, there in (
        ("provinsiId=51", True),
        ("kabKotaId=5171", True),
        ("provinsiId=51&kabKotaId=5171", True),
        ("provinsiId=5", False),
        ("provinsiId=91", False),
        ("provinsiId=52&kabKotaId=5171", False),
    ):
        for path, name in (("rumahsakit", "kode"), ("ketersediaantempattidur", "rsId")):
            found = (await reader.send("GET", f"/api/{path}?{query}")).json()["data"]
            assert (hospital.code in {x[name] for x in found}) is there, (path, query)


async def test_a_consumer_owns_no_reports(service: Service) -> None:
    reader = await consumer(service)
    for method, path in (("GET", "laporancovid19versi3"), ("POST", "laporancovid19versi3"), ("GET", "kematian")):
        answer = await reader.send(method, f"/api/{path}", {} if method == "POST" else None)
        assert (answer.status_code, answer.json()["message"]) == (403, "Forbidden")
    assert (await reader.send("GET", "/api/pekerjaan")).status_code == 200
