"""Registries outside: what they complete, and that nothing is kept where one fails (pasien-covid 2.1, 6.2)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from rsonline.service.hooks import load
from rsonline.store.database import Database
from tests.databases import journal, rows
from tests.hospital import service_on
from tests.patients import registries
from tests.patients.api import REPORT, Client, client_of, nik, report
from tests.patients.registries import AWAY, ODD, SLOW, UNKNOWN
from tests.patients.schemas import KEMATIAN, good

DEATHS = "/api/kematian"
AWAY_TEXT = "layanan registri tidak dapat dihubungi, coba lagi"
ODD_TEXT = "jawaban layanan registri tidak dapat dipakai, hubungi pengelola layanan"
Asking = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def asking(database: Database, tmp_path: Path) -> Asking:
    """A hospital of a service that asks the named registries, on each engine."""
    registries.asked.clear()

    @asynccontextmanager
    async def made(**settings: str) -> AsyncIterator[Client]:
        named = {f"{kind}_registry": f"tests.patients.registries:{name}" for kind, name in settings.items()}
        async with service_on(tmp_path, database, registry_seconds=1, **named) as service:
            yield await client_of(service.hospital())

    return made


def said(answer: Any) -> tuple[int, str]:
    """Status and message."""
    return answer.status_code, answer.json()["message"]


async def test_known_doses_become_parts_of_a_new_report_in_one_commit(asking: Asking, database: Database) -> None:
    async with asking(vaccination="vaccination") as client:
        person = nik()
        number = await client.admit(nik=person, noRM="RM-5")
        doses = (await client.send("GET", f"{REPORT}vaksinasi")).json()["data"]
        assert [d["laporanCovid19Versi3Id"] for d in doses] == [number, number]
        assert [(d["dosisVaksin"]["id"], d["jenisVaksin"]["id"], d["noRM"]) for d in doses] == [
            (1, 1, "RM-5"),
            (2, 1, "RM-5"),
        ]
        assert registries.asked == [("vaccination", person)]
        added = [x for x in journal(database, client.hospital.code) if x["verb"] == "add" and "pasien" in x["object"]]
        assert [x["object"] for x in added] == ["pasien_covid", "pasien_vaksinasi", "pasien_vaksinasi"]
        # The doses are lines about this person, written at the same moment.
        assert len({(x["person1"], x["at"]) for x in added}) == 1
        assert added[0]["person1"]
        # They are parts like any other.
        body = {"dosisVaksinId": 3, "jenisVaksinId": 1}
        assert (await client.send("PATCH", f"{REPORT}vaksinasi/{doses[0]['id']}", body)).status_code == 200
        again = await client.send("POST", REPORT, report(nik=person))
        assert said(again) == (422, "Pasien dengan NIK tersebut masih dalam perawatan")
        assert len((await client.send("GET", f"{REPORT}vaksinasi")).json()["data"]) == 2
        # Many more than numbers are taken from a sequence at once.
        for _ in range(20):
            await client.admit()
        doses = (await client.send("GET", f"{REPORT}vaksinasi")).json()["data"]
        assert len({d["id"] for d in doses}) == len(doses) == 42


async def test_whoever_is_not_known_is_reported_without_doses(asking: Asking) -> None:
    async with asking(vaccination="vaccination") as client:
        assert await client.admit(nik=UNKNOWN)
        assert (await client.send("GET", f"{REPORT}vaksinasi")).json()["data"] == []
        await client.admit(kewarganegaraanId="SG", noPassport="X-CONTOH", nik="-")
        assert registries.asked[-1] == ("vaccination", "X-CONTOH")
        # Only a new report asks.
        before = len(registries.asked)
        number = await client.admit()
        await client.send("PATCH", f"{REPORT}/{number}", report())
        await client.send("POST", f"{REPORT}vaksinasi", {"laporanCovid19Versi3Id": number})
        assert len(registries.asked) == before + 1


@pytest.mark.parametrize(("person", "text"), [(AWAY, AWAY_TEXT), (SLOW, AWAY_TEXT), (ODD, ODD_TEXT)])
@pytest.mark.parametrize("registry", ["vaccination", "laboratory"])
async def test_a_registry_that_fails_is_told_and_nothing_is_kept(
    asking: Asking, database: Database, registry: str, person: str, text: str
) -> None:
    async with asking(**{registry: registry}) as client:
        with capture_logs() as logged:
            assert said(await client.send("POST", REPORT, report(nik=person))) == (422, text)
        assert any(line["event"].startswith("registry.") for line in logged)
        assert person not in str(logged)
        assert rows(database, "SELECT * FROM pasien_covid") == rows(database, "SELECT * FROM pasien_vaksinasi") == []
        assert [x for x in journal(database, client.hospital.code) if "pasien" in x["object"]] == []
        # The others are not held up.
        assert await client.admit()


async def test_a_dose_that_lacks_its_kind_is_no_answer(asking: Asking) -> None:
    async with asking(vaccination="vaccination_without_kind") as client:
        assert said(await client.send("POST", REPORT, report())) == (422, ODD_TEXT)


async def test_the_laboratory_replaces_the_person_and_nothing_else(asking: Asking) -> None:
    async with asking(laboratory="laboratory", vaccination="vaccination") as client:
        number = await client.admit(noRM="RM-6")
        shown = (await client.send("GET", f"{REPORT}/{number}")).json()["data"]
        assert (shown["namaInisialPasien"], shown["tanggalLahir"], shown["noRM"]) == ("LB", "1980-05-06", "RM-6")
        assert [name for name, _ in registries.asked] == ["laboratory", "vaccination"]


async def test_nobody_is_asked_about_what_the_schema_refuses(asking: Asking) -> None:
    async with asking(laboratory="laboratory", vaccination="vaccination", population="population") as client:
        refused = await client.send("POST", REPORT, report(foo=1))
        assert said(refused) == (404, '"foo" is not allowed')
        for body, expected in (
            ({}, (404, '"nik" is required')),
            (
                good(KEMATIAN, nik=AWAY, penyebab_kematian_langsung_id="X99"),
                (401, "kode X99 tidak diperbolehkan untuk penyebab kematian covid-19"),
            ),
            (good(KEMATIAN, nik="123"), (422, "nik harus 16 digit")),
        ):
            assert said(await client.send("POST", DEATHS, body)) == expected
        assert (await client.send("POST", DEATHS, good(KEMATIAN, nik=None))).status_code == 201
        # A foreigner without a passport has no number to ask about.
        refused = await client.send("POST", REPORT, report(kewarganegaraanId="SG"))
        assert said(refused) == (422, "noPassport null tidak diijinkan untuk kewarganegaraanId SG")
        assert registries.asked == []


async def test_a_death_is_held_against_the_population(asking: Asking, database: Database) -> None:
    async with asking(population="population") as client:
        for changed, expected in (
            ({"nik": UNKNOWN}, (422, "NIK Tidak Ditemukan")),
            ({"nik": nik(), "tanggal_lahir": "1950-01-02"}, (422, "NIK tidak sesuai dengan tanggal lahir")),
            ({"nik": AWAY}, (422, AWAY_TEXT)),
            ({"nik": ODD}, (422, ODD_TEXT)),
        ):
            assert said(await client.send("POST", DEATHS, good(KEMATIAN, **changed))) == expected
        assert rows(database, "SELECT * FROM kematian") == []
        person = nik()
        made = await client.send("POST", DEATHS, good(KEMATIAN, nik=person))
        assert made.json()["data"]["nik"] == person
        (line,) = [x for x in journal(database, client.hospital.code, "kematian") if x["verb"] == "add"]
        assert "Nama Lain" in line["new"]


async def test_the_rules_read_what_the_population_says(asking: Asking) -> None:
    async with asking(population="population_of_men") as client:
        body = good(KEMATIAN, nik="9999990000000016", jenis_kelamin="P", status_kehamilan="1")
        refused = await client.send("POST", DEATHS, body)
        assert said(refused) == (422, "Jenis Kelamin tidak sesuai dengan status kehamilan")
        # A name that is a number is not the hospital's mistake.
        refused = await client.send("POST", DEATHS, good(KEMATIAN, nik="9999990000000017"))
        assert said(refused) == (422, ODD_TEXT)


@pytest.mark.parametrize("name", ["nowhere:x", "tests.patients.registries:nobody", "tests.patients.registries"])
def test_a_registry_that_is_not_there_is_told_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(name)
    assert load("") is None
