"""`rsonline send`, `list`, `delete` for COVID-19 patients: the real service as a process, and faults in memory."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rsonline import KEMATIAN, PASIEN_COVID, PASIEN_TERAPI, Patients
from rsonline.hospital.batch import Outcomes, Row, Told, send
from rsonline.hospital.fake_patients import FakePatients
from rsonline.hospital.outcome import Accepted, Refused, Unknown
from rsonline.hospital.patient_batch import PatientDoor
from rsonline.hospital.patient_rows import DISCHARGE
from rsonline.login.passwords import hash_password
from rsonline.reports.references import shipped
from rsonline.store import accounts
from rsonline.store.engines import transaction
from tests.cli.command import run
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.patients.api import DEATH, nik, report

CODE, USER = "9300002", "petugas@contoh.test"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as a process, with an account of the patient API."""
    made = Service(tmp_path_factory.mktemp("layanan"))
    hospitals_in(made.database, [CODE])
    with transaction(made.database) as access:
        accounts.add(access, USER, hash_password(PASSWORD), code=CODE)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def place(service: Service, tmp_path: Path) -> list[str]:
    """The words that name the configuration: an agent's file with a table for the patient API."""
    for name in ("sandi", "sandi-pasien"):
        (tmp_path / name).write_text(PASSWORD)
    file = tmp_path / "agent.toml"
    file.write_text(
        f"""
        [hospital]
        code = "{CODE}"
        zone = "Asia/Jakarta"
        address = "http://127.0.0.1:{service.port}/fo/index.php"
        password_file = "sandi"
        [patients]
        address = "http://127.0.0.1:{service.port}/api"
        user = "{USER}"
        password_file = "sandi-pasien"
        """
    )
    return ["--config", str(file)]


def flat(body: dict[str, Any]) -> dict[str, Any]:
    """A body as a spreadsheet holds it: one column for each member."""
    return {name: value for name, value in {**body, **body.get("gejala", {})}.items() if name != "gejala"}


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def workbook(path: Path, rows: list[dict[str, Any]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)
    return path


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """JSON nested as the API takes it, CSV and XLSX flat."""
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
        return path
    return (table if path.suffix == ".csv" else workbook)(path, [flat(row) for row in rows])


def outcomes_of(path: Path) -> list[dict[str, str]]:
    with Path(f"{path}.hasil.csv").open(encoding="utf-8", newline="") as file:
        file.readline()
        return [row for row in csv.DictReader(file) if row["outcome"] != "begun"]


@pytest.mark.parametrize("suffix", ["json", "csv", "xlsx"])
def test_patients_of_a_file_are_admitted_once_and_the_bad_ones_named(
    suffix: str, place: list[str], tmp_path: Path
) -> None:
    sound, wrong = [report(noRM=f"RM-{suffix}-{n}") for n in range(3)], report(statusRawatId=24)
    data = written(tmp_path / f"pasien.{suffix}", [*sound, wrong])
    said = json.loads(run("send", "pasien_covid", data, *place, "--json", code=2).out)
    assert (said["accepted"], said["refused"]) == (3, 1)
    assert said["failed"][0]["members"] == ["statusRawatId"]
    data = written(data, [*sound, {**wrong, "statusRawatId": 29}])
    said = json.loads(run("send", "pasien_covid", data, *place, "--json").out)
    assert (said["accepted"], said["skipped"]) == (4, 3)
    kept = Path(f"{data}.hasil.csv").read_text()
    assert not any(text in kept for text in (sound[0]["nik"], "Pasien Contoh", "RM-"))
    numbers = {row["number"] for row in outcomes_of(data) if row["outcome"] == "accepted"}
    listed = json.loads(run("list", "pasien_covid", *place, "--json").out)
    assert len(numbers) == 4
    assert numbers <= {str(row["id"]) for row in listed}


def test_parts_a_change_and_a_discharge_of_a_file(place: list[str], tmp_path: Path) -> None:
    body = report(noRM="RM-BAGIAN")
    data = written(tmp_path / "pasien.json", [body])
    run("send", "pasien_covid", data, *place)
    [number] = [row["number"] for row in outcomes_of(data)]
    part = {"laporanCovid19Versi3Id": number}
    parts = {
        "pasien_diagnosa": {**part, "diagnosaId": "U07.1", "diagnosaLevelId": "1"},
        "pasien_komorbid": {**part, "komorbidId": "E11"},
        "pasien_terapi": {**part, "terapiId": "1", "jumlahTerapi": "2.5"},
        "pasien_vaksinasi": {**part, "dosisVaksinId": "1", "jenisVaksinId": "1"},
        "pasien_pemeriksaanlab": {
            **part,
            "jenisPemeriksaanLabId": "1",
            "hasilPemeriksaanLabId": "1",
            "tanggalHasilPemeriksaanLab": "2026-02-02",
        },
    }
    for name, row in parts.items():
        file = table(tmp_path / f"{name}.csv", [row])
        assert "1 / 1 diterima." in run("send", name, file, *place).out
        [found] = json.loads(run("list", name, "--parent", number, *place, "--json").out)
        # With the service's number in its column a record is replaced, not added.
        changed = table(tmp_path / f"{name}-2.csv", [{"id": found["id"], **row}])
        run("send", name, changed, *place)
        assert len(json.loads(run("list", name, "--parent", number, *place, "--json").out)) == 1
        assert run("delete", name, str(found["id"]), "--yes", *place).out == "Dihapus.\n"
    moved = table(tmp_path / "pindah.csv", [{**part, **flat(body), "statusRawatId": "28"}])
    run("send", "pasien_covid", moved, *place)
    shown = run("list", "pasien_covid", "--number", number, *place).out
    assert "28 Isolasi Tekanan Negatif" in shown
    assert "•••" in shown
    assert "RM-BAGIAN" not in shown
    assert "RM-BAGIAN" in run("list", "pasien_covid", "--number", number, "--show-personal", *place).out
    gone = table(tmp_path / "pulang.csv", [{**part, "tanggalKeluar": "2026-02-09", "statusKeluarId": "1"}])
    run("send", "pasien_statuskeluar", gone, *place)
    assert json.loads(run("list", "pasien_covid", "--number", number, *place, "--json").out) == []
    assert "tidak dapat dibaca" in run("list", "pasien_statuskeluar", *place, code=1).err
    assert "cannot be removed" in run("delete", "pasien_statuskeluar", "1", "--yes", *place, "--lang", "en", code=1).err


def test_a_death_of_a_workbook_with_cells_that_are_numbers_and_days(place: list[str], tmp_path: Path) -> None:
    body = {**DEATH, "nik": nik(), "tanggal_kematian": date(2026, 2, 8), "status_komorbid": 0, "status_kehamilan": 0}
    data = workbook(tmp_path / "kematian.xlsx", [body])
    run("send", "kematian", data, *place)
    [row] = json.loads(run("list", "kematian", *place, "--json").out)
    assert (row["nik"], row["tanggal_kematian"], row["status_komorbid"]) == (body["nik"], "2026-02-08", "tidak")
    run("delete", "kematian", str(row["id"]), "--yes", *place)
    assert json.loads(run("list", "kematian", *place, "--json").out) == []


def test_the_lists_of_the_patient_api_are_asked_by_name(place: list[str]) -> None:
    assert "2\tDokter" in run("reference", "ask", "pekerjaan", *place).out
    assert json.loads(run("reference", "ask", "kewarganegaraan", *place, "--json").out)["ID"] == "Indonesia"
    assert "28\t" in run("reference", "ask", "tempat_tidur", *place).out
    assert "not_offered" in run("reference", "ask", "obat", *place, code=1).err


def test_without_an_account_it_is_the_code_and_its_password(
    service: Service, place: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(tmp_path / "pasien.json", [report(noRM="RM-KODE")])
    monkeypatch.setenv("RSONLINE_PATIENTS_ADDRESS", f"http://127.0.0.1:{service.port}/api")
    monkeypatch.setenv("RSONLINE_HOSPITAL_ADDRESS", "http://127.0.0.1:1/fo/index.php")
    monkeypatch.setenv("RSONLINE_HOSPITAL_CODE", CODE)
    monkeypatch.setenv("RSONLINE_HOSPITAL_PASSWORD_FILE", str(tmp_path / "sandi"))
    run("send", "pasien_covid", data)
    monkeypatch.setenv("RSONLINE_PATIENTS_USER", USER)
    monkeypatch.setenv("RSONLINE_PATIENTS_PASSWORD_FILE", str(tmp_path / "salah"))
    (tmp_path / "salah").write_text("bukan kata sandinya")
    Path(f"{data}.hasil.csv").unlink()
    said = json.loads(run("send", "pasien_covid", data, "--json", code=1).out)
    assert said["lockedout"] == 1


def test_a_dry_run_needs_no_login_and_speaks_both_languages(tmp_path: Path) -> None:
    rows = [report(), report(kelompokGejalaId=4, alatOksigenId=2), {**report(), "warna": "biru"}]
    data = written(tmp_path / "pasien.json", rows)
    said = run("send", "pasien_covid", data, "--dry-run", code=2)
    assert "1 / 3 lolos pemeriksaan." in said.out
    assert "bukan untuk kelompok gejala 4" in said.err
    assert "warna" in said.err
    assert "Pasien Contoh" not in said.err
    assert rows[1]["nik"] not in said.err
    said = run("send", "pasien_covid", data, "--dry-run", "--lang", "en", code=2)
    assert "is not for symptom group 4" in said.err
    assert not list(tmp_path.glob("*.hasil.csv"))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert "--address" in run("list", "kematian", code=1).err
    assert "pasien_terapi" in run("list", "pasien", code=1).err
    assert "--day" in run("list", "kematian", "--day", "2026-01-01", code=1).err


@pytest.mark.parametrize(("begun", "word"), [("pas", "pasien_covid"), ("kem", "kematian"), ("oks", "oksigen")])
def test_the_shell_completes_the_names_of_kinds(begun: str, word: str) -> None:
    asked = {"COMP_WORDS": f"rsonline send {begun}", "COMP_CWORD": "2", "_RSONLINE_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", "import sys; sys.argv = ['rsonline']; from rsonline.cli import main; main()"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, timeout=60)
    assert word in done.stdout.split()


# ---- faults, in memory


class Box:
    """A file of outcomes and a patient API that fails when told. It knows no Idempotency-Keys, like the ministry's."""

    def __init__(self, folder: Path) -> None:
        self.service = FakePatients(password="s")
        self.path = folder / "hasil.csv"
        self.patients = Patients(
            "https://palsu.test/api", CODE, USER, "s", transport=self.service, sleep=lambda _: None, retries=0
        )

    def run(self, kind: Any, rows: list[dict[str, Any]]) -> list[Told]:
        outcomes = Outcomes(self.path, kind.name)
        try:
            door = PatientDoor(self.patients, kind)
            return list(send(door, [Row(n, body) for n, body in enumerate(rows, 1)], outcomes))
        finally:
            outcomes.close()

    def admitted(self) -> int:
        outcome = self.patients.save(PASIEN_COVID, report())
        assert isinstance(outcome, Accepted)
        return int(outcome.number or 0)


def lose(box: Box, at: int, *, stored: bool, before: int = 2) -> None:
    """Lose the answer of the n-th row; the first requests of a run are the question about keys and the login."""
    for _ in range(before + at):
        box.service.then(stored=True)
    box.service.then(lost=True, stored=stored)


@pytest.mark.parametrize("stored", [False, True])
def test_a_patient_whose_answer_was_lost_is_read_back_before_it_is_sent_again(stored: bool, tmp_path: Path) -> None:
    box = Box(tmp_path)
    rows = [report(noRM=f"RM-{n}") for n in range(4)]
    lose(box, 2, stored=stored)
    told = box.run(PASIEN_COVID, rows)
    assert [isinstance(each.outcome, Unknown) for each in told] == [False, False, True, False]
    again = box.run(PASIEN_COVID, rows)
    assert all(isinstance(each.outcome, Accepted) for each in again), again
    assert [each.skipped for each in again] == [True, True, False, True]
    kept = {str(row["id"]): row["noRM"] for row in box.service.rows("pasien_covid")}
    assert len(kept) == 4
    assert kept[getattr(again[2].outcome, "number", "")] == "RM-2"


@pytest.mark.parametrize("stored", [False, True])
def test_drugs_and_unnamed_dead_are_neither_lost_nor_doubled(stored: bool, tmp_path: Path) -> None:
    box = Box(tmp_path)
    number = box.admitted()
    drugs = [{"laporanCovid19Versi3Id": number, "terapiId": 1, "jumlahTerapi": n + 0.5} for n in range(3)]
    # Nobody knows who they were; the lists show the same of each.
    dead = [{**DEATH, "nik": None, "nama": f"Tak dikenal {n}"} for n in range(3)]
    for kind, rows in ((PASIEN_TERAPI, drugs), (KEMATIAN, dead)):
        lose(box, 1, stored=stored, before=1)
        outcomes = Outcomes(box.path, kind.name)
        door = PatientDoor(box.patients, kind)
        sent = [Row(n, body) for n, body in enumerate(rows, 1)]
        told = list(send(door, sent, outcomes))
        assert isinstance(told[1].outcome, Unknown)
        again = list(send(PatientDoor(box.patients, kind), sent, outcomes))
        outcomes.close()
        box.path.unlink()
        assert all(isinstance(each.outcome, Accepted) for each in again), again
        assert len(box.service.rows(kind.name)) == 3


def test_a_row_that_was_under_way_when_the_process_ended_is_read_back(tmp_path: Path) -> None:
    box = Box(tmp_path)
    rows = [report(noRM=f"RM-{n}") for n in range(2)]
    outcomes = Outcomes(box.path, PASIEN_COVID.name)
    first = Row(1, rows[0])
    outcomes.begin(first)
    box.patients.save(PASIEN_COVID, first.body)
    outcomes.close()
    told = box.run(PASIEN_COVID, rows)
    assert all(isinstance(each.outcome, Accepted) for each in told)
    assert len(box.service.rows("pasien_covid")) == 2


def test_a_discharge_is_said_again_and_one_of_nobody_is_refused(tmp_path: Path) -> None:
    box = Box(tmp_path)
    row = {"laporanCovid19Versi3Id": box.admitted(), "tanggalKeluar": "2026-02-09", "statusKeluarId": 1}
    lose(box, 0, stored=True, before=1)
    assert isinstance(box.run(DISCHARGE, [row])[0].outcome, Unknown)
    assert isinstance(box.run(DISCHARGE, [row])[0].outcome, Accepted)
    [told] = box.run(DISCHARGE, [{**row, "laporanCovid19Versi3Id": 99}])
    assert isinstance(told.outcome, Refused)
    assert told.outcome.code == "missing"


def test_a_token_that_ends_in_the_middle_is_renewed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    rows = [report() for _ in range(4)]
    outcomes = Outcomes(box.path, PASIEN_COVID.name)
    going = send(PatientDoor(box.patients, PASIEN_COVID), [Row(n, body) for n, body in enumerate(rows, 1)], outcomes)
    told = [next(going), next(going)]
    box.service.forget()
    told += list(going)
    outcomes.close()
    assert all(isinstance(each.outcome, Accepted) for each in told)
    assert len(box.service.rows("pasien_covid")) == 4
    assert sum(request.url.path.endswith("/rslogin") for request in box.service.requests) == 2


def test_doctor_looks_at_the_account_too(place: list[str], tmp_path: Path) -> None:
    for name in ("sandi", "sandi-pasien"):
        (tmp_path / name).chmod(0o600)
    found = json.loads(run("doctor", *place, "--json", "--lang", "en").out)
    assert [(each["state"], each["text"]) for each in found if each["what"] == "patient API"] == [
        ("ok", f"accepted; {len(shipped()['pekerjaan'].entries)} occupations read")
    ]
    (tmp_path / "sandi-pasien").write_text("lain")
    wrong = json.loads(run("doctor", *place, "--json", "--lang", "en", code=1).out)
    assert [each["what"] for each in wrong if each["state"] == "fail"] == ["patient API"]
    assert "code or password is wrong" in str(wrong)
    # What cannot be used at all takes none of the other findings away.
    (tmp_path / "sandi-pasien").unlink()
    without = run("doctor", *place, code=1)
    assert "diterima" in without.out
    assert "API pasien: setelannya tidak dapat dipakai" in without.out
    assert "sandi-pasien" in without.err
    (tmp_path / "sandi").rename(tmp_path / "lain")
    assert "tidak ada" in run("doctor", *place, code=1).out
    (tmp_path / "lain").rename(tmp_path / "sandi")
    # An option means the guide's service.
    away = run("doctor", *place, "--address", "http://127.0.0.1:1/fo/index.php", code=1).out
    assert "tidak terjangkau" in away
    assert "API pasien" in away
