"""Senders that write without pause and keep a ledger of what they were told, and the reading of all of it."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.long.ledger import Ledger
from tests.long.process import PASSWORD

BOOKINGS, ROOMS, STEPS = 12, 8, ("3", "4", "5", "6", "7", "99")
CLINIC_DAY = "2024-04-02"
FIRST_SAMPLE = date(2022, 1, 1)
_DONE = ("disimpan", "diupdate", "dihapus")


class Key(NamedTuple):
    """One record of one hospital, and the sender that alone writes it."""

    sender: int
    kind: str
    hospital: str
    name: str


class Contradiction(Exception):
    """An answer that cannot be, after what was acknowledged before."""


class NoWord(Exception):
    """An answer that leaves open whether the request was carried out."""


class Connection:
    """One kept-alive connection; what it is asked needs the three headers."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._http.connect()

    def ask(self, hospital: str, method: str, path: str, body: object = None) -> tuple[int, list[dict[str, Any]]]:
        """The status and the elements of the answer. Raises OSError and HTTPException where there is none."""
        headers = {"X-rs-id": hospital, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))}
        self._http.request(method, f"/fo/index.php{path}", json.dumps(body).encode(), headers)
        answer = self._http.getresponse()
        (elements,) = json.loads(answer.read()).values()
        return answer.status, elements

    def close(self) -> None:
        """Close it."""
        self._http.close()


class Sender:
    """Writes records that nobody else writes, of all its hospitals, one request after the other."""

    def __init__(self, number: int, hospitals: list[str], seed: str) -> None:
        self.number = number
        self.ledger: Ledger[Key, str] = Ledger()
        self.contradictions: list[str] = []
        self._hospitals = hospitals
        self._random = random.Random(f"{seed}/{number}")
        self._values = 0
        self._numbers: dict[Key, str] = {}
        self.today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()

    def write(self, port: int, round_: int) -> None:
        """Write until the connection breaks."""
        try:
            connection = Connection(port)
        except ConnectionError:
            # The service was killed before this sender had begun: nothing was asked.
            return
        try:
            while True:
                self._one(connection, round_)
        except (OSError, http.client.HTTPException, NoWord):
            # Whatever was asked last stands in the ledger as open; nothing is built on it in this round.
            return
        except Contradiction as contradiction:
            self.contradictions.append(str(contradiction))
        finally:
            connection.close()

    def _one(self, connection: Connection, round_: int) -> None:
        hospital = self._random.choice(self._hospitals)
        kind = self._random.choices(("antrian", "task", "room", "oksigen", "shk"), (25, 25, 30, 10, 10))[0]
        self._values += 1
        match kind:
            case "antrian":
                self._booking(connection, self._booking_key(hospital))
            case "task":
                self._task(connection, self._booking_key(hospital))
            case "room":
                name = f"Ruang {self.number}-{self._random.randrange(ROOMS)}"
                self._room(connection, Key(self.number, "room", hospital, name))
            case "oksigen":
                # Each sender has a day of its own among the ten that a GET shows.
                day = (self.today - timedelta(days=self.number)).isoformat()
                body = {"tanggal": day, "p_cair": str(self._values)}
                key = Key(self.number, "oksigen", hospital, day)
                self._send(connection, key, "POST", "/Logistik/oksigen", body, str(self._values))
            case _:
                self._baby(connection, hospital, round_)

    def _booking_key(self, hospital: str) -> Key:
        return Key(self.number, "antrian", hospital, f"B-{self.number}-{self._random.randrange(BOOKINGS)}")

    def _booking(self, connection: Connection, key: Key) -> None:
        stored = self.ledger[key] is not None
        if stored and self._random.random() < 0.2:
            self._send(connection, key, "DELETE", "/Antrian", {"kodebooking": key.name}, None)
            return
        value = f"nilai {self._values}"
        body = {"kodebooking": key.name, "keterangan": value}
        if not stored:
            body |= {"jenispasien": "JKN", "kodepoli": "INT", "tanggalperiksa": CLINIC_DAY, "norm": "RM-CONTOH"}
        self._send(connection, key, "PUT" if stored else "POST", "/Antrian", body, value)

    def _task(self, connection: Connection, booking: Key) -> None:
        if self.ledger[booking] is None:
            self._booking(connection, booking)
            return
        step = self._random.choice(STEPS)
        key = Key(self.number, "task", booking.hospital, f"{booking.name}/{step}")
        value = str(1_712_000_000_000 + self._values)
        method = "POST" if self.ledger[key] is None else "PUT"
        body = {"kodebooking": booking.name, "taskid": step, "waktu": value}
        self._send(connection, key, method, "/Antrian/Task", body, value)

    def _room(self, connection: Connection, key: Key) -> None:
        stored = self.ledger[key] is not None
        body = {"id_tt": "3", "ruang": key.name}
        if stored and self._random.random() < 0.2:
            self._send(connection, key, "DELETE", "/Fasyankes", body, None)
            return
        value = str(self._values % 9000)
        body |= {"jumlah_ruang": "1", "jumlah": value, "terpakai": "0"}
        self._send(connection, key, "PUT" if stored else "POST", "/Fasyankes", body, value)

    def _baby(self, connection: Connection, hospital: str, round_: int) -> None:
        if self._numbers and self._random.random() < 0.2:
            key, number = self._numbers.popitem()
            body = {"id_shk": number, "koders": key.hospital}
            self._send(connection, key, "DELETE", "/Pasien/shk", body, None)
            return
        key = Key(self.number, "shk", hospital, f"Bayi {self.number}-{self._values}")
        value = f"Jalan Contoh {self._values}"
        sampled = FIRST_SAMPLE + timedelta(days=round_)
        body = {
            "nik_ibu": "9999000000000011",
            "nama_ibu": "Ibu Contoh",
            "nama_anak": key.name,
            "tgllahir": (sampled - timedelta(days=2)).isoformat(),
            "gender": "Perempuan",
            "alamat": value,
            "provinsi": "34",
            "kabkota": "3404",
            "kecamatan": "DEPOK",
            "tgl_ambil_sampel": sampled.isoformat(),
            "tgl_kirim_sampel": sampled.isoformat(),
            "tgl_lapor": sampled.isoformat(),
        }
        self._numbers[key] = self._send(connection, key, "POST", "/Pasien/shk", body, value)["id_shk"]

    def _send(
        self, connection: Connection, key: Key, method: str, path: str, body: object, value: str | None
    ) -> dict[str, Any]:
        """One request; what it asks for is open until it is acknowledged."""
        before = self.ledger[key]
        self.ledger.leave_open(key, value)
        status, (element,) = connection.ask(key.hospital, method, path, body)
        if status == 503:
            raise NoWord
        if status != 200 or not any(word in element["message"] for word in _DONE):
            raise Contradiction(f"{method} {key} with {before!r} stored: {status} {element}")
        self.ledger.acknowledge(key, value)
        return element


def everything(port: int, hospitals: list[str], bookings: list[Key], rounds: int, today: date) -> dict[Key, str]:
    """All records of these hospitals as the service gives them."""
    connection = Connection(port)
    try:
        found: dict[Key, str] = {}
        for hospital in hospitals:
            found |= dict(_records(connection, hospital, rounds, today))
        for booking in bookings:
            for row in _asked(connection, booking.hospital, "/Antrian/Task", {"kodebooking": booking.name}):
                key = Key(booking.sender, "task", booking.hospital, f"{booking.name}/{row['taskid']}")
                found[key] = row["waktu"]
        return found
    finally:
        connection.close()


def _records(connection: Connection, hospital: str, rounds: int, today: date) -> Iterator[tuple[Key, str]]:
    for row in _asked(connection, hospital, "/Antrian", {"tanggal": CLINIC_DAY}):
        yield Key(_sender(row["kodebooking"]), "antrian", hospital, row["kodebooking"]), row["keterangan"]
    for row in _asked(connection, hospital, "/Fasyankes", {}):
        if row["ruang"] is not None:
            yield Key(_sender(row["ruang"]), "room", hospital, row["ruang"]), row["jumlah"]
    for row in _asked(connection, hospital, "/Logistik/oksigen", {}):
        sender = (today - date.fromisoformat(row["tanggal"])).days
        yield Key(sender, "oksigen", hospital, row["tanggal"]), str(int(float(row["p_cair"])))
    for round_ in range(rounds):
        day = (FIRST_SAMPLE + timedelta(days=round_)).isoformat()
        for row in _asked(connection, hospital, "/Pasien/shk", {"tgl_ambil_sampel": day}):
            yield Key(_sender(row["nama_anak"]), "shk", hospital, row["nama_anak"]), row["dom_alamat"]


def _asked(connection: Connection, hospital: str, path: str, body: object) -> list[dict[str, Any]]:
    """The rows of a GET; the one element that says that there is nothing is none."""
    status, elements = connection.ask(hospital, "GET", path, body)
    if status != 200:
        raise RuntimeError(f"GET {path}: {status} {elements}")
    return [element for element in elements if element.get("status") != "202"]


def _sender(name: str) -> int:
    """The sender whose number stands in a name such as `Ruang 3-17`."""
    return int(name.replace("B-", "B ").split(" ")[1].split("-")[0])
