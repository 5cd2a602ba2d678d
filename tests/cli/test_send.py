"""`rsonline send`, `list`, `delete`, `doctor` against the real service as a process, and against faults in memory."""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from rsonline import OKSIGEN, SHK, Client
from rsonline.hospital.batch import Guide, Outcomes, Row, send
from rsonline.hospital.fake import FakeService
from rsonline.hospital.outcome import Accepted, Unknown
from tests.cli.command import run
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.samples import MESSAGES
from tests.sdk.wired import ADDRESS

CODE = "9300001"
FIRST = date(2025, 1, 1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as a process."""
    made = Service(tmp_path_factory.mktemp("layanan"))
    hospitals_in(made.database, [CODE])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def place(service: Service, tmp_path: Path) -> list[str]:
    """The words that name the service and the hospital."""
    secret = tmp_path / "sandi"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    address = f"http://127.0.0.1:{service.port}/fo/index.php"
    return ["--address", address, "--code", CODE, "--password-file", str(secret)]


def days(count: int, bad: set[int] = frozenset()) -> list[dict[str, str]]:  # type: ignore[assignment]  # an empty one
    """Oxygen of so many days, some of them with a fault."""
    return [
        {"tanggal": (FIRST + timedelta(days=n)).isoformat(), "p_cair": "-1" if n in bad else f"{n}.5"}
        for n in range(count)
    ]


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_37_bad_rows_of_500_are_named_and_the_corrected_file_sends_only_them(place: list[str], tmp_path: Path) -> None:
    bad = set(range(3, 40))
    data = written(tmp_path / "oksigen.csv", days(500, bad))
    said = json.loads(run("send", "oksigen", data, *place, "--json", code=2).out)
    assert (said["accepted"], said["refused"]) == (463, 37)
    assert {each["row"] for each in said["failed"]} == {n + 2 for n in bad}
    assert all(each["members"] == ["p_cair"] for each in said["failed"])
    written(data, days(500))
    said = json.loads(run("send", "oksigen", data, *place, "--json").out)
    assert (said["accepted"], said["skipped"]) == (500, 463)
    listed = run("list", "oksigen", "--day", "2025-01-04", *place, "--json").out
    assert json.loads(listed)[0]["p_cair"] == "3.5"
    assert run("delete", "oksigen", "2025-01-04", "--yes", *place).out == "Dihapus.\n"
    assert json.loads(run("list", "oksigen", "--day", "2025-01-04", *place, "--json").out) == []


def test_a_dry_run_sends_nothing_and_needs_no_password(tmp_path: Path) -> None:
    data = tmp_path / "oksigen.json"
    data.write_text(json.dumps(days(3, {1})))
    said = run("send", "oksigen", data, "--dry-run", code=2)
    assert "2 / 3 lolos pemeriksaan." in said.out
    assert "tanggal=2025-01-02" in said.err
    assert "p_cair" in said.err
    assert not list(tmp_path.glob("*.hasil.csv"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "{", "a.json"),
        ("a.json", "[1]", "objek"),
        ("a.csv", "lain;lagi\n1;2\n", "nama kolom"),
        ("a.csv", "", "kosong"),
    ],
)
def test_a_file_that_is_none_is_said_so(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert said in run("send", "oksigen", tmp_path / name, "--dry-run", code=1).err


def test_names_that_there_are_not_are_answered_with_those_that_are(tmp_path: Path) -> None:
    assert "tempat_tidur" in run("send", "oksigenn", tmp_path / "x", code=1).err
    assert "--address" in run("list", "oksigen", code=1).err


def test_persons_are_masked_and_never_in_the_outcomes(place: list[str], tmp_path: Path) -> None:
    data = tmp_path / "shk.json"
    data.write_text(json.dumps([MESSAGES["shk"], {**MESSAGES["shk"], "nik_ibu": "9999000000000012", "gender": "?"}]))
    run("send", "shk", data, *place, code=2)
    kept = (tmp_path / "shk.json.hasil.csv").read_text()
    assert "accepted" in kept
    assert "9999" not in kept
    assert "Contoh" not in kept
    shown = run("list", "shk", "--day", MESSAGES["shk"]["tgl_ambil_sampel"], *place).out
    assert "•••" in shown
    assert "Ibu Contoh" not in shown
    whole = run("list", "shk", "--day", MESSAGES["shk"]["tgl_ambil_sampel"], "--show-personal", *place).out
    assert "Ibu Contoh" in whole


def test_doctor_finds_what_is_wrong(place: list[str], tmp_path: Path) -> None:
    said = run("doctor", *place).out
    assert "diterima" in said
    assert "SALAH" not in said
    Path(place[-1]).chmod(0o644)
    assert "chmod 600" in run("doctor", *place, code=2).out
    Path(place[-1]).write_text("lain")
    found = json.loads(run("doctor", *place, "--json", "--lang", "en", code=1).out)
    assert [each["what"] for each in found if each["state"] == "fail"] == ["password"]
    away = ["--address", "http://127.0.0.1:1/fo/index.php", *place[2:]]
    assert "tidak terjangkau" in run("doctor", *away, code=1).out


# ---- faults, in memory


class Box:
    """A file of outcomes and a service that fails when told."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.service = FakeService(**more)
        self.path = folder / "hasil.csv"
        self.client = Client(ADDRESS, CODE, "s", transport=self.service, sleep=lambda _: None, retries=0)

    def run(self, report: Any, rows: list[dict[str, Any]]) -> list[Any]:
        outcomes = Outcomes(self.path, report.name)
        try:
            return list(send(Guide(self.client, report), [Row(n, body) for n, body in enumerate(rows, 1)], outcomes))
        finally:
            outcomes.close()


def babies(count: int) -> list[dict[str, Any]]:
    return [{**MESSAGES["shk"], "nik_ibu": f"99990000000001{n:02}"} for n in range(count)]


@pytest.mark.parametrize("extensions", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_what_nobody_knows_is_settled_by_the_next_run(extensions: bool, stored: bool, tmp_path: Path) -> None:
    box = Box(tmp_path, extensions=extensions)
    rows = babies(10)
    box.client.discover()
    for n in range(10):
        if n in (2, 7):
            box.service.then(lost=True, stored=stored)
        else:
            box.service.then(stored=True)
    # The first request of a run asks about the keys, unless they are known.
    if not extensions:
        box.service._script.insert(0, type(box.service._script[0])(stored=True))
    told = box.run(SHK, rows)
    assert sum(isinstance(each.outcome, Unknown) for each in told) == 2
    again = box.run(SHK, rows)
    assert all(isinstance(each.outcome, Accepted) for each in again)
    assert sum(each.skipped for each in again) == 8
    assert len(box.service.rows("shk")) == 10


def test_a_run_that_is_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    box = Box(tmp_path)
    rows = days(20)
    outcomes = Outcomes(box.path, "oksigen")
    going = send(Guide(box.client, OKSIGEN), [Row(n, body) for n, body in enumerate(rows, 1)], outcomes)
    for _ in range(7):
        next(going)
    going.close()
    outcomes.close()
    with box.path.open("a") as file:
        file.write("8,abcdef,acc")
    told = box.run(OKSIGEN, rows)
    assert sum(each.skipped for each in told) == 7
    assert len([r for r in box.service.requests if r.method == "POST"]) == 20
    assert all(each.skipped for each in box.run(OKSIGEN, rows))
    with pytest.raises(ValueError, match="oksigen"):
        Outcomes(box.path, "sdm")


def test_a_refused_password_ends_the_run(tmp_path: Path) -> None:
    box = Box(tmp_path, password="lain")
    told = box.run(OKSIGEN, days(20))
    assert len(told) == 1
    assert type(told[0].outcome).__name__ == "LockedOut"
