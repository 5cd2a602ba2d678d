"""Hospitals with an agent: each has a database of its own, in which beds and patients change, and a real agent on it.

A process of its own: `python -m rsonline.demo.agents HOST PORT PASSWORDS FOLDER`. It ends with the process that began
it. One process carries all agents, one after the other; in life each hospital has one.
"""

import json
import os
import signal
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from rsonline.demo.hospitals import Place, places
from rsonline.demo.simulator import old_program
from rsonline.hospital import sealed, sight
from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Alarms
from rsonline.hospital.client import AsyncClient, Client
from rsonline.hospital.config import Config, Feed
from rsonline.hospital.deliver import Delivery
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.outcome import Failed
from rsonline.hospital.sender import Sending
from rsonline.reports import ANTRIAN, ANTRIAN_TASK, OKSIGEN, TEMPAT_TIDUR
from rsonline.store.hospitals import ZONES

_PAUSE = (0.1, 0.4)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS kamar (id_tt TEXT, nama TEXT, ruang INTEGER, tempat INTEGER, terisi INTEGER, covid TEXT);
CREATE TABLE IF NOT EXISTS daftar (kode TEXT PRIMARY KEY, hari TEXT, jenis TEXT, poli TEXT, nomor INTEGER);
CREATE TABLE IF NOT EXISTS waktu (kode TEXT, langkah INTEGER, saat INTEGER, PRIMARY KEY (kode, langkah));
CREATE TABLE IF NOT EXISTS oksigen (hari TEXT PRIMARY KEY, cair REAL);
"""
FEEDS: Final = (
    Feed(
        name="kamar",
        report=TEMPAT_TIDUR,
        snapshot=True,
        every=10,
        sql="SELECT id_tt, nama AS ruang, ruang AS jumlah_ruang, tempat AS jumlah, terisi AS terpakai, 0 AS prepare,"
        " 0 AS prepare_plan, covid FROM kamar",
    ),
    Feed(
        name="pendaftaran",
        report=ANTRIAN,
        every=10,
        sql="SELECT kode AS kodebooking, hari AS tanggalperiksa, jenis AS jenispasien, poli AS kodepoli,"
        " nomor AS angkaantrean FROM daftar ORDER BY rowid DESC LIMIT 200",
    ),
    Feed(
        name="waktu",
        report=ANTRIAN_TASK,
        every=10,
        sql="SELECT kode AS kodebooking, langkah AS taskid, saat AS waktu FROM waktu ORDER BY rowid DESC LIMIT 500",
    ),
    Feed(
        name="oksigen",
        report=OKSIGEN,
        every=60,
        sql="SELECT hari AS tanggal, cair AS p_cair, 900 AS k_isi_cair FROM oksigen ORDER BY hari DESC LIMIT 3",
    ),
)


class Hospital:
    """One made-up hospital: its database and its agent."""

    def __init__(self, place: Place, password: str, address: str, folder: Path, random: Random) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._place, self._random, self._address, self._password = place, random, address, password
        self._simrs = sqlite3.connect(folder / "simrs.sqlite3", isolation_level=None)
        self._simrs.executescript(_SCHEMA)
        sealed.create(folder / "antrean.key")
        self._outbox = Outbox(folder / "antrean.sqlite3", sealed.read(folder / "antrean.key"))
        zone = ZoneInfo(ZONES[place.zone])
        config = Config(
            folder=folder,
            code=place.code,
            zone=zone,
            address=address,
            password_file=folder / "sandi",
            ca_file=None,
            source_url=f"sqlite:///{folder / 'simrs.sqlite3'}",
            source_password_file=None,
            source_zone=zone,
            feeds=FEEDS,
        )
        self._sending = Sending(AsyncClient(address, place.code, password, zone=zone.key), at_once=2)
        self.agent = Agent(
            config=config,
            outbox=self._outbox,
            delivery=Delivery(self._outbox, self._sending),
            alarms=Alarms(place.code, []),
            show=sight.written,
        )

    def furnish(self) -> bool:
        """Take over the rooms that the service knows; whether there are any now."""
        if self._simrs.execute("SELECT 1 FROM kamar").fetchone():
            return True
        with Client(self._address, self._place.code, self._password, retries=0) as client:
            try:
                found = client.list(TEMPAT_TIDUR)
            except Failed:
                # The service is starting or ending; the next round asks again.
                return False
        self._simrs.executemany(
            "INSERT INTO kamar VALUES (?, ?, ?, ?, ?, ?)",
            [(r.id_tt, r.ruang, r.jumlah_ruang, r.jumlah, r.terpakai, r.covid) for r in found],
        )
        return bool(found)

    def live(self) -> None:
        """Let one thing happen in the hospital."""
        now = datetime.now(UTC)
        local = now.astimezone(ZoneInfo(ZONES[self._place.zone]))
        draw, today = self._random, local.date().isoformat()
        if draw.random() < 0.6 or not self._place.clinics:
            room = draw.choice(self._simrs.execute("SELECT rowid, tempat FROM kamar").fetchall())
            self._simrs.execute(
                "UPDATE kamar SET terisi = MAX(0, MIN(tempat, terisi + ?)) WHERE rowid = ?",
                (draw.choice((-1, 1)), room[0]),
            )
        else:
            waiting = self._simrs.execute(
                "SELECT d.kode, COALESCE(MAX(w.langkah), 2) FROM daftar d LEFT JOIN waktu w ON w.kode = d.kode"
                " WHERE d.hari = ? GROUP BY d.kode HAVING COALESCE(MAX(w.langkah), 2) < 7 LIMIT 5",
                (today,),
            ).fetchall()
            if waiting and draw.random() < 0.7:
                code, step = draw.choice(waiting)
                self._simrs.execute("INSERT INTO waktu VALUES (?, ?, ?)", (code, step + 1, int(now.timestamp() * 1000)))
            else:
                number = self._simrs.execute("SELECT COUNT(*) FROM daftar WHERE hari = ?", (today,)).fetchone()[0] + 1
                code = f"{self._place.code[-3:]}S{local:%y%m%d}{number:04}"
                kind, clinic = draw.choice(("JKN", "JKN", "NON JKN")), draw.choice(("INT", "ANA", "OBG", "BED", "MAT"))
                self._simrs.execute(
                    "INSERT OR IGNORE INTO daftar VALUES (?, ?, ?, ?, ?)", (code, today, kind, clinic, number)
                )
        if local.hour >= 18:
            self._simrs.execute("INSERT OR IGNORE INTO oksigen VALUES (?, ?)", (today, draw.randrange(20, 200)))

    def close(self) -> None:
        """End the agent and close both files."""
        self.agent.close()
        self._sending.close()
        self._outbox.close()
        self._simrs.close()


def main(host: str, port: int, passwords: Path, folder: Path, *, rounds: int | None = None) -> None:
    """Live until the process that began this one is gone, or so many rounds."""
    parent = os.getppid()
    random = Random()
    known = json.loads(passwords.read_text("utf-8"))
    address = f"http://{host}:{port}/fo/index.php"
    hospitals = [
        Hospital(place, known[place.code], address, folder / place.code, random)
        for place in places()
        if place.habit != "silent" and not old_program(place)
    ]
    try:
        while os.getppid() == parent and rounds != 0:
            chosen = random.choice(hospitals)
            if chosen.furnish():
                chosen.live()
                chosen.agent.step()
            time.sleep(random.uniform(*_PAUSE))
            rounds = None if rounds is None else rounds - 1
    finally:
        for each in hospitals:
            each.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop(number: int, frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
