"""A hospital's own database that changes without pause, an agent that reads it, and what must be at the service.

Bookings and their times, rooms, newborns. What stands in the source at the end is compared with what the service's
database holds, record by record, by another way than the agent's own.
"""

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pymysql

from rsonline import ANTRIAN, SHK, TEMPAT_TIDUR, Client
from tests.agent.sources import MARIADB, Simrs
from tests.databases import rows
from tests.long.process import PASSWORD, Service

CODE = "9300001"
FIRST_DAY = date(2026, 1, 1)
A_DAY = 300
ROOMS = 40
_PROGRAM = "from rsonline.cli import main; main()"
_EPOCH = 1_767_225_600_000

TABLES = (
    "CREATE TABLE kamar (kode VARCHAR(10) PRIMARY KEY, nama VARCHAR(50), terpakai INTEGER)",
    "CREATE TABLE daftar (kode VARCHAR(20) PRIMARY KEY, hari DATE, jenis VARCHAR(10), diubah TIMESTAMP(6) NULL)",
    "CREATE TABLE waktu (kode VARCHAR(20), langkah INTEGER, saat BIGINT, diubah TIMESTAMP(6) NULL,"
    " PRIMARY KEY (kode, langkah))",
    "CREATE TABLE bayi (nik VARCHAR(16) PRIMARY KEY, sampel DATE, alamat VARCHAR(50), diubah TIMESTAMP(6) NULL)",
    "CREATE INDEX daftar_diubah ON daftar (diubah)",
    "CREATE INDEX waktu_diubah ON waktu (diubah)",
    "CREATE INDEX bayi_diubah ON bayi (diubah)",
)
# Times before bookings: a time is often read before the booking to which it belongs.
_FEEDS = """
[[feed]]
name = "kamar"
report = "tempat_tidur"
snapshot = true
every = 10
sql = "SELECT '3' AS id_tt, nama AS ruang, 1 AS jumlah_ruang, 4 AS jumlah, terpakai FROM kamar"
[[feed]]
name = "waktu"
report = "antrian_task"
every = 10
since = "diubah"
overlap = 5
sql = "SELECT kode AS kodebooking, langkah AS taskid, saat AS waktu, diubah FROM waktu WHERE diubah >= :since"
[[feed]]
name = "antrian"
report = "antrian"
every = 10
since = "diubah"
overlap = 5
sql = '''SELECT kode AS kodebooking, hari AS tanggalperiksa, jenis AS jenispasien, 'INT' AS kodepoli, kode AS norm,
 diubah FROM daftar WHERE diubah >= :since'''
[[feed]]
name = "bayi"
report = "shk"
every = 10
since = "diubah"
overlap = 5
sql = '''SELECT nik AS nik_ibu, 'Ibu Contoh' AS nama_ibu, 'By Ny Contoh' AS nama_anak, sampel AS tgllahir,
 'Perempuan' AS gender, alamat, '34' AS provinsi, '3404' AS kabkota, 'DEPOK' AS kecamatan, sampel AS tgl_ambil_sampel,
 sampel AS tgl_kirim_sampel, sampel AS tgl_lapor, diubah FROM bayi WHERE diubah >= :since'''
"""


class World:
    """The source and its changes."""

    def __init__(self, simrs: Simrs, seed: str) -> None:
        self.simrs = simrs
        self.draw = random.Random(seed)
        self.bookings: dict[str, tuple[date, str]] = {}
        self.times: dict[tuple[str, int], int] = {}
        self.babies: dict[str, tuple[date, str]] = {}
        self.rooms = {f"K{n}": n % 4 for n in range(ROOMS)}
        self.changes = 0
        simrs.write(*TABLES, *[f"INSERT INTO kamar VALUES ('{k}', 'Ruang {k}', {v})" for k, v in self.rooms.items()])

    def change(self, count: int) -> None:
        """Carry out so many changes, fifty to a transaction."""
        wanted = [self._one() for _ in range(count)]
        self.changes += count
        connection = (
            pymysql.connect(host=MARIADB, user="root", database=self.simrs.owner)
            if self.simrs.engine == "mariadb"
            else psycopg.connect(self.simrs.owner)
        )
        with connection, connection.cursor() as cursor:
            for number, (statement, values) in enumerate(wanted, 1):
                cursor.execute(statement, values)
                if number % 50 == 0:
                    connection.commit()
            connection.commit()

    def _one(self) -> tuple[str, tuple[object, ...]]:
        kind = self.draw.random()
        if kind < 0.4 or not self.bookings:
            code = f"B{len(self.bookings):06}"
            self.bookings[code] = (FIRST_DAY + timedelta(days=len(self.bookings) // A_DAY), "JKN")
            return "INSERT INTO daftar VALUES (%s, %s, %s, NOW(6))".replace("NOW(6)", self._now), (
                code,
                *self.bookings[code],
            )
        if kind < 0.75:
            code = f"B{self.draw.randrange(len(self.bookings)):06}"
            step = next((n for n in (1, 2, 3, 4, 5, 6, 7) if (code, n) not in self.times), 0)
            if step:
                self.times[code, step] = _EPOCH + len(self.times) * 1000
                return f"INSERT INTO waktu VALUES (%s, %s, %s, {self._now})", (code, step, self.times[code, step])
        if kind < 0.85:
            code = f"B{self.draw.randrange(len(self.bookings)):06}"
            day, said = self.bookings[code]
            self.bookings[code] = (day, "JKN" if said != "JKN" else "NON JKN")
            return f"UPDATE daftar SET jenis=%s, diubah={self._now} WHERE kode=%s", (self.bookings[code][1], code)
        if kind < 0.9:
            nik = f"9999{len(self.babies):012}"
            self.babies[nik] = (FIRST_DAY + timedelta(days=len(self.babies) // A_DAY), f"Jalan {len(self.babies)}")
            return f"INSERT INTO bayi VALUES (%s, %s, %s, {self._now})", (nik, *self.babies[nik])
        room = self.draw.choice(sorted(self.rooms))
        self.rooms[room] = self.draw.randrange(5)
        return "UPDATE kamar SET terpakai=%s WHERE kode=%s", (self.rooms[room], room)

    @property
    def _now(self) -> str:
        return "NOW(6)" if self.simrs.engine == "mariadb" else "clock_timestamp()"


def configured(folder: Path, address: str, simrs: Simrs) -> Path:
    """The agent's configuration in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sandi").write_text(PASSWORD)
    (folder / "sandi").chmod(0o600)
    path = folder / "agent.toml"
    path.write_text(
        f'[hospital]\ncode = "{CODE}"\nzone = "Asia/Jakarta"\naddress = "{address}"\npassword_file = "sandi"\n'
        f'[source]\nurl = "{simrs.reader}"\nzone = "Asia/Jakarta"\n{_FEEDS}'
    )
    return path


class Running:
    """`rsonline agent run` as a process that can be killed."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-c", _PROGRAM, "agent", "run", "--config", str(self._config)]
        with (self._config.parent / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it without a warning. Raises RuntimeError where it had ended by itself."""
        assert self._process is not None
        if self._process.poll() is not None:
            said = (self._config.parent / "agent.log").read_text()[-2000:]
            raise RuntimeError(f"the agent ended with {self._process.returncode}: {said}")
        self._process.kill()
        self._process.wait(60)

    def stop(self) -> None:
        """End it as an operator does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)


def differences(world: World, service: Service) -> list[str]:
    """What is lost, doubled or different at the service; empty when both sets are the same."""
    said: list[str] = []
    times = rows(
        service.database,
        "SELECT taskid, waktu FROM antrian_task WHERE kode_rs=:code AND deleted_at IS NULL",
        code=CODE,
    )
    said += _compared(
        "waktu",
        Counter((str(step), at) for (_, step), at in world.times.items()),
        Counter((row["taskid"], row["waktu"]) for row in times),
    )
    counted = {
        name: rows(
            service.database, f"SELECT COUNT(*) AS n FROM {name} WHERE kode_rs=:c AND deleted_at IS NULL", c=CODE
        )
        for name in ("antrian", "shk", "tempat_tidur")
    }
    for name, expected in (("antrian", world.bookings), ("shk", world.babies), ("tempat_tidur", world.rooms)):
        if counted[name][0]["n"] != len(expected):
            said.append(f"{name}: {counted[name][0]['n']} rows, {len(expected)} in the source")
    address = f"http://127.0.0.1:{service.port}/fo/index.php"
    with Client(address, CODE, PASSWORD) as client:
        days = sorted({day for day, _ in world.bookings.values()})
        held = [(r.kodebooking, r.tanggalperiksa, r.jenispasien) for d in days for r in client.list(ANTRIAN, day=d)]
        said += _compared("antrian", Counter((c, d, j) for c, (d, j) in world.bookings.items()), Counter(held))
        days = sorted({day for day, _ in world.babies.values()})
        born = [(r.nik_ibu, r.tgl_ambil_sampel, r.alamat) for d in days for r in client.list(SHK, day=d)]
        said += _compared("shk", Counter((n, d, a) for n, (d, a) in world.babies.items()), Counter(born))
        beds = [(r.ruang, r.terpakai) for r in client.list(TEMPAT_TIDUR)]
        said += _compared("kamar", Counter((f"Ruang {k}", v) for k, v in world.rooms.items()), Counter(beds))
    return said


def _compared(name: str, wanted: Counter[object], held: Counter[object]) -> list[str]:
    lost, more = wanted - held, held - wanted
    said = [f"{name}: lost {lost.total()}, for example {next(iter(lost))}"] if lost else []
    return [*said, f"{name}: {more.total()} too many, for example {next(iter(more))}"] if more else said


def settled(world: World, service: Service, seconds: float) -> list[str]:
    """Wait until both sides are the same, or for so long; what differs then."""
    ends = time.monotonic() + seconds
    while (said := differences(world, service)) and time.monotonic() < ends:
        time.sleep(5)
    return said


def moment() -> str:
    """Now, for a log line."""
    return datetime.now().strftime("%H:%M:%S")
