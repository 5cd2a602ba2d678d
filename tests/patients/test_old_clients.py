"""Clients of an earlier age: members that the patient API had until 2022 (pasien-covid 8.1, 8.3)."""

from pathlib import Path
from typing import Any

import pytest

from tests.hospital import service_on
from tests.patients.api import REPORT, client_of, report

OLD = {"statusVaksinasiId": 1, "severityLevelId": "2", "statusKomorbidId": 0, "saturasiOksigen": ">95%"}
LEAVE: dict[str, Any] = {
    "tanggalKeluar": "2026-02-10",
    "statusKeluarId": 2,
    "kasusKematianId": 1,
    "penyebabKematianId": None,
    "penyebabKematianLangsungId": "J80",
    "statusPasienSaatMeninggalId": None,
    "komorbidCoInsidenId": None,
}


@pytest.mark.asyncio(loop_scope="function")
async def test_an_operator_may_have_members_of_an_earlier_age_passed_over(tmp_path: Path) -> None:
    async with service_on(tmp_path, outdated_members=True) as service:
        client = await client_of(service.hospital())
        made = await client.send("POST", REPORT, report(**OLD))
        assert made.status_code == 201
        assert made.headers["x-rsonline-warnings"].split(", ")[:4] == [f"outdated_member:{name}" for name in OLD]
        number = made.json()["data"]["id"]
        # What is worked out from the report counts, not what an old client believes.
        assert (await client.send("GET", f"{REPORT}/{number}")).json()["data"]["saturasiOksigen"] != ">95%"
        assert (await client.send("PATCH", f"{REPORT}/{number}", report(**OLD))).status_code == 200
        left = await client.send("POST", f"{REPORT}statuskeluar", {**LEAVE, "laporanCovid19Versi3Id": number})
        assert left.status_code == 201
        assert "outdated_member:kasusKematianId" in left.headers["x-rsonline-warnings"]
        # Nothing else that is unknown slips through.
        other = await client.send("POST", REPORT, report(**OLD, severityLevelID=1))
        assert (other.status_code, other.json()["message"]) == (404, '"severityLevelID" is not allowed')
        inside = report()
        inside["gejala"]["severityLevelId"] = 1
        assert (await client.send("POST", REPORT, inside)).status_code == 404


@pytest.mark.asyncio(loop_scope="function")
async def test_by_default_they_are_refused_as_there(tmp_path: Path) -> None:
    async with service_on(tmp_path) as service:
        client = await client_of(service.hospital())
        for name, value in OLD.items():
            answer = await client.send("POST", REPORT, report(**{name: value}))
            assert (answer.status_code, answer.json()["message"]) == (404, f'"{name}" is not allowed')


@pytest.mark.asyncio(loop_scope="function")
async def test_a_death_without_its_causes_is_taken_and_told(tmp_path: Path) -> None:
    async with service_on(tmp_path) as service:
        client = await client_of(service.hospital())
        leave = {name: value for name, value in LEAVE.items() if name != "kasusKematianId"}

        async def warned(**more: object) -> str:
            number = await client.admit()
            body = {**leave, "laporanCovid19Versi3Id": number, **more}
            answer = await client.send("POST", f"{REPORT}statuskeluar", body)
            assert answer.status_code == 201
            return str(answer.headers.get("x-rsonline-warnings", ""))

        assert await warned() == "death_unexplained:penyebabKematianId"
        both = await warned(penyebabKematianLangsungId=None)
        assert both.count("death_unexplained") == 2
        assert "death_unexplained" not in await warned(statusKeluarId=1)
