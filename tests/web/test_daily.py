"""A day's report through the form: the verdict beside the fields, the receipt, the history, two people at once."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.hospital import Hospital, Service
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


async def officer(service: Service, hospital: Hospital, name: str = "petugas") -> Visitor:
    person = Person(service.database, f"{name}-{hospital.code}", "petugas", code=hospital.code)
    visitor = Visitor(service)
    await visitor.log_in(person)
    return visitor


async def test_what_is_sent_through_the_form_is_what_the_api_reads(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    form = f"/harian/oksigen/{today()}"
    answer = await visitor.post(form, {"p_cair": "120", "k_isi_tabung_besar": "6666.03"})
    assert answer.status_code == 303
    receipt = await visitor.get(answer.headers["location"])
    assert "Berhasil" in receipt.text
    assert "6666.03" in receipt.text
    [row] = (await hospital.send("GET", "/Logistik/oksigen")).json()["Oksigenasi"]
    assert (row["p_cair"], row["k_isi_tabung_besar"], row["p_tabung_kecil"]) == ("120", "6666.03", None)
    again = await visitor.get(form)
    assert 'value="6666.03"' in again.text


async def test_an_error_stands_beside_its_field_and_nothing_is_stored(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    answer = await visitor.post(f"/harian/oksigen/{today()}", {"p_cair": "8,5", "k_isi_cair": "-1"})
    assert answer.status_code == 422
    assert "pakai titik sebagai tanda desimal" in answer.text
    assert 'value="8,5"' in answer.text
    assert "2 isian perlu diperbaiki" in answer.text
    assert (await hospital.send("GET", "/Logistik/oksigen")).json()["Oksigenasi"][0]["status"] == "202"


async def test_a_field_that_is_emptied_is_emptied(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    form = f"/harian/oksigen/{today()}"
    await visitor.post(form, {"p_cair": "120", "k_isi_cair": "7"})
    assert (await visitor.post(form, {"p_cair": "120", "k_isi_cair": ""})).status_code == 303
    [row] = (await hospital.send("GET", "/Logistik/oksigen")).json()["Oksigenasi"]
    assert (row["p_cair"], row["k_isi_cair"]) == ("120", None)


async def test_the_same_form_sent_twice_is_carried_out_once(service: Service, hospital: Hospital) -> None:
    visitor = await officer(service, hospital)
    form = f"/harian/oksigen/{today()}"
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', (await visitor.get(form)).text))
    first = await visitor.send(form, {**hidden, "p_cair": "1"})
    second = await visitor.send(form, {**hidden, "p_cair": "1"})
    assert first.headers["location"] == second.headers["location"]
    other = await visitor.send(form, {**hidden, "p_cair": "2"})
    assert other.status_code == 422
    assert "sudah pernah dikirim" in other.text


async def test_the_second_of_two_people_sees_both_values_and_chooses(service: Service, hospital: Hospital) -> None:
    one, other = await officer(service, hospital, "satu"), await officer(service, hospital, "dua")
    form = f"/harian/oksigen/{today()}"
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', (await other.get(form)).text))
    assert (await one.post(form, {"p_cair": "1"})).status_code == 303
    answer = await other.send(form, {**hidden, "p_cair": "2"})
    assert answer.status_code == 409
    assert "sudah diubah orang lain" in answer.text
    assert 'value="2"' in answer.text
    assert "<strong>1</strong>" in answer.text
    chosen = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
    assert (await other.send(form, {**chosen, "p_cair": "2"})).status_code == 303
    [row] = (await hospital.send("GET", "/Logistik/oksigen")).json()["Oksigenasi"]
    assert row["p_cair"] == "2"
