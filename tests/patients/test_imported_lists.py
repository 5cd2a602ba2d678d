"""An import into a reference list reaches every running process, without a restart and within its time."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from rsonline import app
from rsonline.reports.current_lists import CurrentLists
from rsonline.store.database import Database
from tests.cli.command import run
from tests.hospital import service_on
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.patients.api import REPORT, client_of

CODE = "9100001"


def imported(folder: Path, name: str, text: str) -> str:
    """What the command says to an import into the lists of a data folder."""
    file = folder / "baru.txt"
    file.write_text(text, "utf-8")
    return run("reference", "import", name, file, "--data", folder).out


def drugs(port: int) -> dict[str, str]:
    """The drugs that a process knows."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api") as asking:
        let_in = asking.post("/rslogin", json={"kode_rs": CODE, "password": PASSWORD}).json()
        answer = asking.get("/terapi", headers={"Authorization": f"Bearer {let_in['data']['access_token']}"})
    return {str(item["id"]): item["nama"] for item in answer.json()["data"]}


async def anew(lists: CurrentLists, version: int) -> bool:
    """Whether the lists reach a version within two seconds or, where a file is faulty, give it up."""
    for _ in range(100):
        if lists.version >= version or lists.fault:
            break
        await asyncio.sleep(0.02)
    return lists.version >= version


@pytest.mark.slow
def test_every_running_process_takes_up_an_import_within_its_time(database: Database, tmp_path: Path) -> None:
    hospitals_in(database, [CODE])
    # The embedded database belongs to one process.
    processes = [Service(tmp_path, database) for _ in range(1 if database.url.startswith("sqlite") else 2)]
    with ExitStack() as stack:
        for each in processes:
            each.start()
            stack.callback(each.stop)
        assert all("77" not in drugs(each.port) for each in processes)
        assert "dalam 10 detik" in imported(tmp_path, "terapi", "id,nama\n77,Obat baru\n")
        time.sleep(app.NEW_LISTS + 2)
        assert [drugs(each.port)["77"] for each in processes] == ["Obat baru"] * len(processes)


@pytest.mark.asyncio(loop_scope="function")
async def test_what_is_imported_is_shown_taken_and_described(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "NEW_LISTS", 0.02)
    made: list[CurrentLists] = []

    def kept(folder: Path) -> CurrentLists:
        made.append(CurrentLists(folder))
        return made[-1]

    monkeypatch.setattr(app, "CurrentLists", kept)
    async with service_on(tmp_path, database) as service:
        client = await client_of(service.hospital())
        keeping = asyncio.create_task(app.keep_lists_new(made[0]))
        number = await client.admit()
        body = {"laporanCovid19Versi3Id": number, "terapiId": 100_000, "jumlahTerapi": 1}
        assert (await client.send("POST", f"{REPORT}terapi", body)).status_code == 422
        before = (await service.client.get("/openapi.json")).headers["etag"]
        imported(tmp_path, "terapi", "id,nama\n100000,Obat baru\n")
        assert await anew(made[0], 2)
        imported(tmp_path, "statusrawat", "id,nama\n99,Ruang baru\n")
        assert await anew(made[0], 3)
        imported(tmp_path, "kelurahan", "code,district_code,name\n32.07.10.2999,32.07.10,Desa Contoh\n")
        assert await anew(made[0], 4)
        assert (await client.send("POST", f"{REPORT}terapi", body)).status_code == 201
        (shown,) = (await client.send("GET", f"{REPORT}terapi")).json()["data"]
        assert shown["terapi"] == {"terapiId": 100_000, "terapiNama": "Obat baru"}
        villages = (await client.send("GET", "/api/kelurahan?kecamatan_id=320710")).json()["data"]
        assert villages[-1] == {"id": "3207102999", "nama": "Desa Contoh", "kecamatan_id": "320710"}
        assert (await service.client.get("/openapi.json")).headers["etag"] != before
        # A file that cannot be read leaves everything as it is.
        (tmp_path / "references" / "terapi.csv").write_text("id,nama\n1,\n", "utf-8")
        assert not await anew(made[0], 5)
        assert made[0].fault
        assert (await client.send("GET", f"{REPORT}terapi")).json()["data"] == [shown]
        keeping.cancel()
