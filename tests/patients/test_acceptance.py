"""The patient API's acceptance list (pasien-covid 9), line by line."""

import asyncio
import re
from typing import Any

import pytest
import pytest_asyncio

from rsonline.service import tokens
from tests.databases import rows
from tests.hospital import PASSWORD, Hospital
from tests.patients.api import REPORT, Client, client_of, log_in, nik, report, seconds

pytestmark = pytest.mark.asyncio(loop_scope="session")
FORM = re.compile(r"\d{4}-\d\d-\d\d (0[1-9]|1[0-2]):\d\d:\d\d (AM|PM) GMT\+0700")


@pytest_asyncio.fixture(loop_scope="session")
async def client(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    return await client_of(hospital)


def said(answer: Any) -> tuple[int, str]:
    """Status and message, and that the two agree."""
    body = answer.json()
    assert body["status"] is (answer.status_code < 400)
    return answer.status_code, body["message"]


async def test_a_login_gives_a_token_in_the_shape_that_clients_read(hospital: Hospital) -> None:
    answer = await log_in(hospital)
    assert said(answer) == (201, "access token created")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    data = answer.json()["data"]
    assert list(answer.json()) == ["status", "message", "data"]
    assert list(data) == ["access_token", "issued_at", "expired_at", "expires_in"]
    assert FORM.fullmatch(data["issued_at"])
    assert FORM.fullmatch(data["expired_at"])
    assert data["expires_in"] == "10m"
    assert (await Client(hospital, data["access_token"]).send("GET", REPORT)).status_code == 200


async def test_the_older_form_takes_the_hospitals_code_and_x_pass(hospital: Hospital) -> None:
    answer = await log_in(hospital, kode_rs=hospital.code, password=PASSWORD)
    assert said(answer) == (201, "access token created")
    assert await Client(hospital, answer.json()["data"]["access_token"]).admit()


@pytest.mark.parametrize(
    "body",
    [
        {"userName": "NAME", "password": "wrong"},
        {"userName": "NAME"},
        {"userName": "NAME", "password": None},
        {"userName": "NAME", "password": 4711},
        {"userName": "NAME", "password": True},
        {"userName": "NAME", "password": [PASSWORD]},
        {"userName": "NAME", "password": ""},
        {"userName": None, "password": PASSWORD},
        {"userName": 1, "password": PASSWORD},
        {"userName": "nobody@contoh.test", "password": PASSWORD},
        {"userName": None, "kode_rs": "CODE", "password": PASSWORD},
        {"userName": "", "kode_rs": "CODE", "password": PASSWORD},
        {"kode_rs": "CODE", "password": None},
        {"kode_rs": "CODE", "password": "wrong"},
        {"kode_rs": 9100001, "password": PASSWORD},
        {"password": PASSWORD},
    ],
)
async def test_a_login_without_the_right_words_is_401(hospital: Hospital, body: dict[str, Any]) -> None:
    from tests.patients.api import account

    name = account(hospital.service, hospital.code)
    sent = {k: {"NAME": name, "CODE": hospital.code}.get(v, v) if isinstance(v, str) else v for k, v in body.items()}
    assert said(await log_in(hospital, **sent)) == (401, "Unauthorized")


async def test_a_token_ends_after_600_seconds(client: Client) -> None:
    vault_keys = await _token_keys(client)
    claims = tokens.read(vault_keys, client.token or "", seconds())
    assert tokens.read(vault_keys, client.token or "", seconds() + 595) == claims
    with pytest.raises(tokens.BadToken):
        tokens.read(vault_keys, client.token or "", seconds() + 601)
    old = tokens.issue(vault_keys, claims, int(seconds()) - 601)
    assert said(await client._replace(token=old).send("GET", REPORT)) == (403, "Forbidden")


async def _token_keys(client: Client) -> tuple[bytes, ...]:
    from rsonline.store.engines import vault_of

    return vault_of(client.hospital.service.database).token_keys


@pytest.mark.parametrize("token", ["x", "a.b.c", ""])
async def test_a_bad_token_is_forbidden(client: Client, token: str) -> None:
    expected = (403, "Forbidden" if token else "Unauthorized")
    assert said(await client._replace(token=token).send("GET", REPORT)) == expected


async def test_no_token_is_403_and_401_on_the_older_endpoints(client: Client) -> None:
    nobody = client._replace(token=None)
    assert said(await nobody.send("GET", REPORT)) == (403, "Unauthorized")
    assert said(await nobody.send("GET", f"{REPORT}pemeriksaanlab")) == (401, "Unauthorized")
    assert said(await nobody.send("GET", "/api/kematian")) == (401, "Unauthorized")
    assert said(await nobody.send("GET", "/api/statuspasiensaatmeninggal")) == (401, "Unauthorized")
    # A bare token counts as missing.
    bare = await nobody.send("GET", REPORT, headers={"Authorization": client.token or ""})
    assert said(bare) == (403, "Unauthorized")


async def test_a_body_is_told_its_first_problem(client: Client) -> None:
    for body, text in (
        ({}, '"kewarganegaraanId" is required'),
        (report(nik=9999000000000001), '"nik" must be a string'),
        (report(foo=1), '"foo" is not allowed'),
        (report(gejala={}), '"gejala.demamId" is required'),
        ([], '"value" must be of type object'),
        ("x", '"value" must be of type object'),
    ):
        assert said(await client.send("POST", REPORT, body)) == (404, text)
    answer = await client.send("POST", REPORT, report(), headers={"Content-Type": "text/plain"})
    assert said(answer) == (404, '"kewarganegaraanId" is required')


async def test_numeric_strings_are_taken_and_symptoms_forced(client: Client) -> None:
    body = report(kelompokGejalaId="3", alatOksigenId=" 2 ", statusRawatId="029", jenisPasienId="3.0")
    body |= {name: str(body[name]) for name in ("asalPasienId", "domisiliKecamatanId", "pekerjaanId", "varianCovidId")}
    body["gejala"] = dict.fromkeys(body["gejala"], "1")
    answer = await client.send("POST", REPORT, body)
    assert said(answer) == (201, "data inserted successfully")
    number = answer.json()["data"]["id"]
    assert type(number) is int
    (item,) = (await client.send("GET", REPORT)).json()["data"]
    assert item["id"] == number
    symptoms = {name: value["id"] for name, value in item["gejala"].items()}
    assert symptoms == dict.fromkeys(symptoms, 1) | {
        "sesakNapas": 1,
        "napasCepat": 0,
        "frekNapas30KaliPerMenit": 0,
        "distresPernapasanBerat": 0,
    }
    assert item["saturasiOksigen"] == ">= 93"
    assert item["alatOksigen"] == {"id": 2, "nama": "Simple Mask"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"alatOksigenId": 1}, "Hanya null alatOksigenId yang diijinkan untuk kelompokGejalaId 1"),
        (
            {"kelompokGejalaId": 4, "alatOksigenId": 2, "statusRawatId": 28},
            "statusRawatId 28 tidak diijinkan kelompokGejalaId 4",
        ),
        ({"jenisPasienId": 2, "statusRawatId": 28}, "statusRawatId 28 tidak diijinkan untuk jenisPasienId 2"),
        ({"kewarganegaraanId": "SG"}, "noPassport null tidak diijinkan untuk kewarganegaraanId SG"),
        ({"kelompokGejalaId": 5}, "nilai kelompokGejalaId tersebut tidak diijinkan"),
        ({"kelompokGejalaId": 3, "alatOksigenId": None}, "alatOksigenId null tidak diijinkan untuk kelompokGejalaId 3"),
        ({"kelompokGejalaId": "4", "alatOksigenId": "1"}, "alatOksigenId 1 tidak diijinkan untuk kelompokGejalaId 4"),
        ({"tanggalLahir": "2999-01-01"}, "umur tidak diijinkan melebihi tanggal hari ini"),
        ({"tanggalMasuk": "2999-01-01"}, "tanggal masuk tidak diijinkan melebihi tanggal hari ini"),
        ({"tanggalMasuk": "2026-02-30"}, "tanggalMasuk harus tanggal yang ada, YYYY-MM-DD"),
        ({"tanggalMasuk": "0000-00-00"}, "tanggalMasuk harus tanggal yang ada, YYYY-MM-DD"),
        ({"pekerjaanId": 99}, "pekerjaanId tidak ada dalam daftar referensi"),
        ({"domisiliKecamatanId": 999999}, "domisiliKecamatanId tidak ada dalam daftar referensi"),
    ],
)
async def test_a_broken_rule_is_told_letter_for_letter(client: Client, changed: dict[str, Any], message: str) -> None:
    number = await client.admit()
    assert said(await client.send("POST", REPORT, report(**changed))) == (422, message)
    # The same rules for a PATCH (8.2).
    assert said(await client.send("PATCH", f"{REPORT}/{number}", report(**changed))) == (422, message)


async def test_one_person_is_in_care_once_in_a_hospital(client: Client, service: Any) -> None:
    person = nik()
    number = await client.admit(nik=person)
    again = await client.send("POST", REPORT, report(nik=person))
    assert said(again) == (422, "Pasien dengan NIK tersebut masih dalam perawatan")
    other = await client_of(service.hospital())
    assert await other.admit(nik=person)
    leave = {
        "laporanCovid19Versi3Id": str(number),
        "tanggalKeluar": "2026-02-10",
        "statusKeluarId": 1,
        "penyebabKematianId": None,
        "penyebabKematianLangsungId": None,
        "statusPasienSaatMeninggalId": None,
        "komorbidCoInsidenId": None,
    }
    left = await client.send("POST", f"{REPORT}statuskeluar", leave)
    assert said(left) == (201, "data inserted successfully")
    assert left.json()["data"] == {"id": str(number)}
    assert said(await client.send("GET", f"{REPORT}/{number}")) == (200, "data not found")
    assert await client.admit(nik=person) > number


async def test_another_hospitals_report_is_not_there(client: Client, service: Any) -> None:
    number = await client.admit()
    other = await client_of(service.hospital())
    detail = await other.send("GET", f"{REPORT}/{number}")
    assert (said(detail), detail.json()["data"]) == ((200, "data not found"), None)
    assert said(await other.send("PATCH", f"{REPORT}/{number}", report())) == (404, "data not found")
    part = {"laporanCovid19Versi3Id": number, "diagnosaId": "U07.1", "diagnosaLevelId": 1}
    refused = await other.send("POST", f"{REPORT}diagnosa", part)
    assert refused.status_code == 422
    assert refused.json()["message"]
    leave = dict.fromkeys(
        ("penyebabKematianId", "penyebabKematianLangsungId", "statusPasienSaatMeninggalId", "komorbidCoInsidenId")
    )
    leave |= {"laporanCovid19Versi3Id": number, "tanggalKeluar": "2026-02-10", "statusKeluarId": 1}
    assert said(await other.send("POST", f"{REPORT}statuskeluar", leave)) == (404, "data not found")
    assert said(await other.send("DELETE", f"{REPORT}/{number}")) == (404, "data not found")
    assert said(await client.send("GET", f"{REPORT}/{number}")) == (200, "data found")


async def test_a_primary_diagnosis_is_one_of_five(client: Client) -> None:
    number = await client.admit()
    body = {"laporanCovid19Versi3Id": number, "diagnosaId": "J18", "diagnosaLevelId": 1}
    refused = await client.send("POST", f"{REPORT}diagnosa", body)
    assert said(refused) == (401, "J18 tidak diijinkan untuk diagnosaLevelId 1")
    made = await client.send("POST", f"{REPORT}diagnosa", body | {"diagnosaId": "U07.1"})
    assert said(made) == (201, "data inserted successfully")
    (item,) = (await client.send("GET", f"{REPORT}diagnosa")).json()["data"]
    assert item == {
        "id": made.json()["data"]["id"],
        "laporanCovid19Versi3Id": number,
        "noRM": "RM-CONTOH-1",
        "diagnosa": {"diagnosaLevelId": 1, "diagnosaLevelNama": "primary"},
        "icd": "U07.1",
        "icdDeskription": "COVID-19, virus identified",
    }


async def test_an_empty_list_has_no_pagination_and_three_rows_have_two_pages(client: Client) -> None:
    assert (await client.send("GET", REPORT)).json() == {"status": True, "message": "data not found", "data": []}
    numbers = [await client.admit() for _ in range(3)]
    first = (await client.send("GET", f"{REPORT}?page=1&limit=2")).json()
    assert list(first) == ["status", "message", "pagination", "data"]
    assert first["pagination"] == {"total_number_of_pages": 2, "current_page": 1, "next": {"page": 2, "limit": 2}}
    second = (await client.send("GET", f"{REPORT}?page=2&limit=2abc")).json()
    assert second["pagination"] == {
        "total_number_of_pages": 2,
        "current_page": 2,
        "previous": {"page": 1, "limit": 2},
    }
    assert [item["id"] for item in first["data"] + second["data"]] == numbers
    ninth = (await client.send("GET", f"{REPORT}?page=9&limit=2")).json()
    assert (ninth["message"], ninth["data"]) == ("data not found", [])
    assert (ninth["pagination"]["current_page"], ninth["pagination"]["previous"]["page"]) == (9, 8)
    negative = (await client.send("GET", f"{REPORT}?page=-1&limit=-5")).json()
    assert len(negative["data"]) == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/severitylevel"),
        ("GET", "/api/obat"),
        ("GET", f"{REPORT}//"),
        ("GET", "/api/kematian/1"),
        ("POST", "/api/ketersediaannakes"),
        ("POST", "/api/tasjil"),
        ("GET", "/api/consipaddress"),
        ("GET", "/api/kasuskematian"),
        ("POST", f"{REPORT}obat"),
        ("PUT", f"{REPORT}/1"),
        ("DELETE", REPORT),
        ("GET", f"{REPORT}statuskeluar"),
        ("PATCH", f"{REPORT}statuskeluar/1"),
        ("GET", "/api"),
        ("GET", "/api/"),
    ],
)
async def test_what_is_not_offered_is_not_found(client: Client, method: str, path: str) -> None:
    answer = await client.send(method, path, {} if method in ("POST", "PATCH", "PUT") else None)
    assert (answer.status_code, answer.json()) == (404, {"status": False, "message": "page not found"})


async def test_addresses_are_the_same_in_any_letter_case_and_with_a_stroke(client: Client) -> None:
    number = await client.admit()
    answer = await client.send("GET", f"/API/LaporanCovid19Versi3/{number}/")
    assert answer.json()["data"]["id"] == number


async def test_any_page_may_ask(client: Client) -> None:
    before = await client.send("OPTIONS", REPORT)
    assert (before.status_code, before.content) == (204, b"")
    for answer in (before, await client.send("GET", REPORT)):
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_eight_at_once_admit_one_person_once(client: Client) -> None:
    person = nik()
    answers = await asyncio.gather(*[client.send("POST", REPORT, report(nik=person)) for _ in range(8)])
    assert sorted(a.status_code for a in answers) == [201] + [422] * 7
    found = rows(
        client.hospital.service.database,
        "SELECT count(*) AS n FROM pasien_covid WHERE kode_rs = :code",
        code=client.hospital.code,
    )
    assert found == [{"n": 1}]
