"""Patients and the dead are nowhere in the clear: database, journal, backup, log (SR-43, SR-50)."""

import random
import string
from pathlib import Path
from typing import Any

import httpx

from rsonline.store.database import Database
from tests.databases import journal
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.patients.api import REPORT, report
from tests.patients.schemas import KEMATIAN, good
from tests.store.test_seal import HOSPITAL, found_in, kept_by


def live(client: httpx.Client, draw: random.Random, count: int) -> list[str]:
    """Admit, change, discharge and bury; every text that is a person's own."""
    texts: list[str] = []

    def of(letters: str, many: int, before: str = "") -> str:
        texts.append(before + "".join(draw.choices(letters, k=many)))
        return texts[-1]

    def send(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = client.request(method, path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    login = send("POST", "/api/rslogin", {"kode_rs": HOSPITAL, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {login['data']['access_token']}"
    for number in range(count):
        said = {
            "nik": of(string.digits, 12, "9999"),
            "noRM": of(string.digits, 8, "RM"),
            "namaLengkapPasien": of(string.ascii_lowercase, 9, "Pasien "),
            "namaInisialPasien": of(string.ascii_lowercase, 9, "P"),
            "email": of(string.ascii_lowercase, 9) + "@contoh.test",
            "noTelp": of(string.digits, 11, "08"),
            "noPassport": of(string.ascii_uppercase, 9),
        }
        made = send("POST", REPORT, report(**said))["data"]["id"]
        part = {"laporanCovid19Versi3Id": made, "diagnosaId": "U07.1", "diagnosaLevelId": 1}
        send("POST", f"{REPORT}diagnosa", part)
        if number % 3 == 0:
            send("PATCH", f"{REPORT}/{made}", report(**said | {"noRM": of(string.digits, 8, "RM")}))
        if number % 3 == 1:
            send("DELETE", f"{REPORT}/{made}")
        dead = {"nik": said["nik"], "nama": said["namaLengkapPasien"]}
        dead |= {name: "Jalan " + of(string.ascii_lowercase, 9) for name in ("ktp_alamat", "domisili_alamat")}
        send("POST", "/api/kematian", good(KEMATIAN, **dead))
        # Refused, with a number where none belongs: not even the log may have it.
        assert client.post(REPORT, json=report(**said | {"tanggalLahir": said["nik"]})).status_code == 422
    assert texts[0] not in send("GET", f"{REPORT}?noRM={texts[1]}").get("message", "")
    return texts


def test_fifty_patients_are_nowhere_in_the_clear(database: Database, tmp_path: Path) -> None:
    hospitals_in(database, [HOSPITAL])
    service = Service(database.keys.parent, database)
    try:
        service.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
            texts = live(client, random.Random(), 50)
    finally:
        # Killed, so that nothing is tidied up.
        service.kill()
    assert len(set(texts)) > 50 * 9
    seen = set()
    for where, content, _ in kept_by(database, tmp_path):
        assert found_in(content, texts) == set(), where
        assert content
        seen.add(where)
    assert seen >= {"log", "journal", "backup"}
    # They are there all the same, for whoever has the keys.
    said = "\n".join(f"{line['old']} {line['new']}" for line in journal(database, HOSPITAL))
    assert all(text in said for text in texts)
