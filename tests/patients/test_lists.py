"""Reference lists (pasien-covid 4)."""

from typing import Any

import pytest
import pytest_asyncio

from rsonline.service.patient_lists import LISTS
from tests.hospital import Hospital
from tests.patients.api import Client, client_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def client(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    return await client_of(hospital)


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_given_with_its_envelope(client: Client, path: str) -> None:
    answer = await client.send("GET", f"/api{path}")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["message"]) == (True, "data found")
    assert body["data"]
    assert ("pagination" in body) is (path not in ("/statuspasiensaatmeninggal", "/lokasikematian"))
    assert len(body["data"]) <= 1000
    keys = {
        "/kewarganegaraan": ["id", "nicename"],
        "/penyebabkematianlangsung": ["id", "description"],
        "/statuspasiensaatmeninggal": ["id", "deskripsi"],
        "/kabkota": ["id", "nama", "provinsi_id"],
        "/kecamatan": ["id", "nama", "kab_kota_id"],
        "/kelurahan": ["id", "nama", "kecamatan_id"],
    }.get(path, ["id", "nama"])
    assert all(list(item) == keys for item in body["data"])
    regions = ("/kabkota", "/kecamatan", "/kelurahan")
    text = path in ("/kewarganegaraan", "/komorbid", "/penyebabkematianlangsung", *regions)
    assert {type(item["id"]) for item in body["data"]} == {str if text else int}


async def test_lists_hold_what_clients_send(client: Client) -> None:
    async def ids(path: str) -> list[Any]:
        return [item["id"] for item in (await client.send("GET", f"/api/{path}")).json()["data"]]

    assert await ids("statusrawat") == [0, *range(24, 34)]
    assert await ids("statuskeluar") == [1, 2, 3, 4, 5, 6]
    assert await ids("jenispasien") == [1, 2, 3]
    assert await ids("alatoksigen") == [1, 2, 3, 4, 5]
    assert {"ID", "SG"} <= set(await ids("kewarganegaraan"))
    assert await ids("dosisvaksin") == await ids("statusvaksinasi")
    assert await ids("kabkota?provinsi_id=34") == ["3401", "3402", "3403", "3404", "3471"]
    assert all(code.startswith("3404") for code in await ids("kecamatan?kab_kota_id=3404"))
    pages = (await client.send("GET", "/api/kecamatan?page=2")).json()["pagination"]
    assert pages["total_number_of_pages"] > 6
    assert (pages["next"]["page"], pages["previous"]["page"]) == (3, 1)


async def test_villages_are_given_by_page_and_found_by_what_they_lie_in(client: Client) -> None:
    first = (await client.send("GET", "/api/kelurahan?limit=7")).json()
    last = first["pagination"]["total_number_of_pages"]
    assert last > 83_000 / 7
    ids = [item["id"] for item in first["data"]]
    assert ids == sorted(ids)
    assert len((await client.send("GET", f"/api/kelurahan?limit=7&page={last}")).json()["data"]) in range(1, 8)
    both = "kab_kota_id=3207&kecamatan_id=32.07.10"
    found: dict[str, list[Any]] = {}
    for query in ("kecamatan_id=320710", "kab_kota_id=3207", "provinsi_id=32", both):
        found[query] = (await client.send("GET", f"/api/kelurahan?{query}")).json()["data"]
    assert found["kecamatan_id=320710"] == found[both]
    assert {item["kecamatan_id"] for item in found[both]} == {"320710"}
    assert found[both][0]["id"] == "3207102001"
    assert all(item["id"].startswith("3207") for item in found["kab_kota_id=3207"])
    assert len(found["provinsi_id=32"]) == 1000
    districts = (await client.send("GET", "/api/kecamatan?provinsi_id=32")).json()["data"]
    assert {item["id"][:2] for item in districts} == {"32"}


@pytest.mark.parametrize(
    "query",
    [
        "kelurahan?kecamatan_id=3207",
        "kelurahan?provinsi_id=31&kecamatan_id=320710",
        "kabkota?provinsi_id=3",
        "kecamatan?kab_kota_id=x",
    ],
)
async def test_regions_that_do_not_fit_hold_nothing(client: Client, query: str) -> None:
    assert (await client.send("GET", f"/api/{query}")).json() == {
        "status": True,
        "message": "data not found",
        "pagination": {"total_number_of_pages": 0, "current_page": 1},
        "data": [],
    }
