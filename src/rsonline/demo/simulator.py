"""The hospitals without an agent: old programs that keep sending, each in its dialect, as real clients do.

A process of its own: `python -m rsonline.demo.simulator HOST PORT PASSWORDS`. It ends with the process that began it.
"""

import contextlib
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from rsonline.demo.hospitals import Place, places
from rsonline.store.hospitals import ZONES

_PAUSE = (0.5, 2.0)
Speak = Callable[[float], tuple[dict[str, str], Callable[[dict[str, object]], str]]]


def php(now: float) -> tuple[dict[str, str], Callable[[dict[str, object]], str]]:
    """The PHP sample: all values are text."""
    return {"X-Timestamp": str(int(now)), "Content-type": "application/json"}, _texts


def delphi(now: float) -> tuple[dict[str, str], Callable[[dict[str, object]], str]]:
    """The Delphi sample: the local clock taken for UTC."""
    return {"X-timestamp": str(int(now + 7 * 3600)), "Content-Type": "application/json"}, json.dumps


def vb(now: float) -> tuple[dict[str, str], Callable[[dict[str, object]], str]]:
    """The VB sample: seconds with a decimal comma."""
    return {"X-Timestamp": f"{now:.5f}".replace(".", ","), "Content-Type": "application/json"}, _texts


def foxpro(now: float) -> tuple[dict[str, str], Callable[[dict[str, object]], str]]:
    """The FoxPro sample: no content type, XML asked for, blanks around."""
    return {"X-Timestamp": str(int(now)), "Accept": "application/xml"}, lambda body: f"  {_texts(body)}  "


def careless(now: float) -> tuple[dict[str, str], Callable[[dict[str, object]], str]]:
    """A program that glues its JSON together and leaves a comma at the end."""
    return {"X-Timestamp": str(int(now * 1000))}, lambda body: _texts(body)[:-1] + ",}"


def _texts(body: dict[str, object]) -> str:
    return json.dumps({k: str(v) for k, v in body.items()})


DIALECTS: tuple[Speak, ...] = (php, delphi, vb, foxpro, careless)


def old_program(place: Place) -> bool:
    """Whether a hospital still has a program of its own; the others have an agent (`rsonline.demo.agents`)."""
    return int(place.code) % 4 == 1


class Sender:
    """One made-up hospital's program."""

    def __init__(self, place: Place, password: str, host: str, port: int, random: Random) -> None:
        self.place = place
        self._password = password
        self._host = host
        self._port = port
        self._random = random
        self._speak = DIALECTS[int(place.code) % len(DIALECTS)]
        self._beds: list[dict[str, str | None]] = []
        self._queue = 0

    def step(self) -> None:
        """Send one thing that a hospital would send now."""
        choice = self._random.random()
        local = datetime.now(UTC).astimezone(ZoneInfo(ZONES[self.place.zone]))
        if choice < 0.75 or not self.place.clinics:
            self._bed()
        elif choice < 0.97:
            self._visit(local)
        else:
            # Somebody forgot a quote, as the guide's own sample does.
            self._send(
                "POST", "/Fasyankes", '{\n  "id_tt" : "3",\n  "ruang" : "Irina A atas (Bedah),\n  "jumlah" : "7"\n}'
            )
        if local.hour >= 18 and choice > 0.98:
            today = {"tanggal": local.date().isoformat(), "p_cair": self._random.randrange(20, 200), "k_isi_cair": 900}
            self._say("POST", "/Logistik/oksigen", today)

    def _bed(self) -> None:
        if not self._beds:
            answer = self._send("GET", "/Fasyankes", None)
            self._beds = [b for b in answer.get("fasyankes", ()) if b.get("id_t_tt")]
        if self._beds:
            bed = self._random.choice(self._beds)
            beds = int(bed["jumlah"] or 0)
            used = self._random.randrange(0, beds + 1)
            keep = {k: bed[k] for k in ("id_tt", "ruang", "jumlah_ruang", "jumlah")}
            self._say(
                "PUT", "/Fasyankes", {**keep, "terpakai": used, "prepare": 0, "prepare_plan": 0, "covid": bed["covid"]}
            )

    def _visit(self, local: datetime) -> None:
        self._queue += 1
        code = f"{self.place.code[-3:]}S{local:%y%m%d%H%M%S}{self._queue:03}"
        booking: dict[str, object] = {"kodebooking": code, "jenispasien": "JKN", "kodepoli": "INT"}
        self._say(
            "POST", "/Antrian", {**booking, "tanggalperiksa": local.date().isoformat(), "angkaantrean": self._queue}
        )
        self._say("POST", "/Antrian/task", {"kodebooking": code, "taskid": 3, "waktu": int(time.time())})

    def _say(self, method: str, path: str, body: dict[str, object]) -> None:
        _, form = self._speak(time.time())
        self._send(method, path, form(body))

    def _send(self, method: str, path: str, body: str | None) -> dict[str, list[dict[str, str | None]]]:
        headers, _ = self._speak(time.time())
        headers |= {"X-rs-id": self.place.code, "X-pass": self._password}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            connection.request(method, "/fo/index.php" + path, None if body is None else body.encode(), headers)
            found: dict[str, list[dict[str, str | None]]] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()


def main(host: str, port: int, passwords: Path, *, steps: int | None = None) -> None:
    """Send until the process that began this one is gone, or so many steps."""
    parent = os.getppid()
    random = Random()
    known = json.loads(passwords.read_text("utf-8"))
    senders = [
        Sender(place, known[place.code], host, port, random)
        for place in places()
        if place.habit != "silent" and old_program(place)
    ]
    while os.getppid() == parent and steps != 0:
        # A service that is starting or ending is no reason to stop: real programs go on too.
        with contextlib.suppress(OSError, http.client.HTTPException):
            random.choice(senders).step()
        time.sleep(random.uniform(*_PAUSE))
        steps = None if steps is None else steps - 1


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
