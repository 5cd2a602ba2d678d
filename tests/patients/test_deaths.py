"""Death reports (pasien-covid 6)."""

from typing import Any

import pytest
import pytest_asyncio

from tests.hospital import Hospital, Service
from tests.patients.api import Client, client_of, nik
from tests.patients.schemas import KEMATIAN, KEMATIAN_PATCH, good

pytestmark = pytest.mark.asyncio(loop_scope="session")
DEATHS = "/api/kematian"


@pytest_asyncio.fixture(loop_scope="session")
async def client(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    return await client_of(hospital)


async def test_a_death_is_reported_listed_changed_and_withdrawn(client: Client, service: Service) -> None:
    person = nik()
    assert (await client.send("GET", DEATHS)).json() == {"status": True, "message": "data not found", "data": []}
    made = await client.send("POST", DEATHS, good(KEMATIAN, nik=person))
    number = made.json()["data"]["id"]
    assert (made.status_code, made.json()["data"]) == (201, {"id": number, "nik": person})
    (item,) = (await client.send("GET", DEATHS)).json()["data"]
    assert item == {
        "id": number,
        "nik": person,
        "tanggal_masuk": "2026-01-01",
        "saturasi_oksigen": 87,
        "tanggal_kematian": "2026-01-03",
        "lokasi_kematian": "Rumah sakit (entri lokal)",
        "penyebab_kematian_langsung_id": "J80",
        "kasus_kematian": "Konfirmasi",
        "status_komorbid": "ya",
        "komorbid_1": "E11",
        "komorbid_2": None,
        "komorbid_3": None,
        "komorbid_4": None,
        "status_kehamilan": "tidak",
    }
    changed = await client.send("PATCH", f"{DEATHS}/{number}", good(KEMATIAN_PATCH, saturasi_oksigen="80.5"))
    assert changed.json() == {"status": True, "message": "data updated successfully", "data": {"id": number}}
    assert (await client.send("GET", DEATHS)).json()["data"][0]["saturasi_oksigen"] == 80.5
    stranger = await client_of(service.hospital())
    for method in ("PATCH", "DELETE"):
        body = good(KEMATIAN_PATCH) if method == "PATCH" else None
        answer = await stranger.send(method, f"{DEATHS}/{number}", body)
        assert (answer.status_code, answer.json()["message"]) == (404, "data not found")
    gone = await client.send("DELETE", f"{DEATHS}/{number}")
    assert (gone.status_code, gone.json()) == (200, {"status": True, "message": "data deleted successfully"})
    assert (await client.send("DELETE", f"{DEATHS}/{number}")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        (
            {"penyebab_kematian_langsung_id": "X99"},
            401,
            "kode X99 tidak diperbolehkan untuk penyebab kematian covid-19",
        ),
        ({"nik": "123"}, 422, "nik harus 16 digit"),
        (
            {"jenis_kelamin": "L", "status_kehamilan": "1"},
            422,
            "Jenis Kelamin tidak sesuai dengan status kehamilan",
        ),
        (
            {"jenis_kelamin": "L", "status_kehamilan": "9"},
            422,
            "Jenis Kelamin tidak sesuai dengan status kehamilan",
        ),
        ({"ktp_kelurahan_id": 9999999999}, 422, "ktp_kelurahan_id tidak ada dalam daftar referensi"),
        ({"tanggal_kematian": "kemarin"}, 422, "tanggal_kematian harus tanggal yang ada, YYYY-MM-DD"),
    ],
)
async def test_a_broken_rule_is_told(client: Client, changed: dict[str, Any], status: int, message: str) -> None:
    answer = await client.send("POST", DEATHS, good(KEMATIAN, **changed))
    assert (answer.status_code, answer.json()) == (status, {"status": False, "message": message})


@pytest.mark.parametrize("village", [3207109999, 9602012001])
async def test_a_village_is_listed_or_lies_in_a_regency_that_is(client: Client, village: int) -> None:
    made = await client.send("POST", DEATHS, good(KEMATIAN, nik=nik(), ktp_kelurahan_id=village))
    assert made.status_code == 201, made.text


async def test_the_unidentified_are_reported_and_comorbidities_kept_only_where_there_are_some(client: Client) -> None:
    made = await client.send("POST", DEATHS, good(KEMATIAN, nik=None, status_komorbid="0", komorbid_1_id="E11"))
    assert made.json()["data"]["nik"] is None
    (item,) = (await client.send("GET", DEATHS)).json()["data"]
    assert (item["status_komorbid"], item["komorbid_1"]) == ("tidak", None)
