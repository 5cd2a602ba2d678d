"""Lines from the SDK to the service of the tests, and records of every kind."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any

import httpx

from rsonline import (
    Antrian,
    AntrianTask,
    Apd,
    AsyncClient,
    AsyncPatients,
    NakesTerinfeksi,
    Oksigen,
    PcrNakes,
    Sdm,
    Shk,
    ShkHasil,
    TempatTidur,
)
from rsonline.hospital.client import GuideRecord
from tests.hospital import PASSWORD, Hospital

HOME = "http://127.0.0.1"
ADDRESS = f"{HOME}/fo/index.php"

RECORDS: dict[str, GuideRecord] = {
    "tempat_tidur": TempatTidur(id_tt="3", ruang="Gagal Ginjal PUT", jumlah_ruang=3, jumlah=7, terpakai=3, covid=0),
    "sdm": Sdm(id_kebutuhan="26", jumlah_eksisting=154, jumlah=3, jumlah_diterima=1),
    "apd": Apd(id_kebutuhan="1", jumlah_eksisting=150, jumlah=30, jumlah_diterima=1),
    "pcr_nakes": PcrNakes(tanggal=date(2021, 7, 21), jumlah_tenaga_perawat=10, sudah_periksa_perawat=4),
    "nakes_terinfeksi": NakesTerinfeksi(tanggal=date(2021, 7, 21), perawat=8, perawat_dirawat=1),
    "oksigen": Oksigen(tanggal=date(2021, 7, 1), p_cair=120.5, k_isi_tabung_sedang=8999.09),
    "shk": Shk(
        nik_ibu="9999000000000011",
        nama_ibu="Ibu Contoh",
        nama_anak="By Ny Contoh",
        tgllahir=date(2022, 11, 25),
        gender="Laki-Laki",
        alamat="Jalan Contoh 1",
        provinsi="34",
        kabkota="3404",
        kecamatan="DEPOK",
        tgl_ambil_sampel=date(2022, 11, 27),
        tgl_kirim_sampel=date(2022, 11, 28),
        tgl_lapor=date(2022, 11, 29),
    ),
    "shk_hasil": ShkHasil(
        id_shk=0,
        jenis_pemeriksaan="1",
        hasil_pemeriksaan="1",
        tgl_periksa=date(2022, 12, 16),
        tgl_hasil=date(2023, 1, 2),
        layak_sampel="2",
    ),
    "antrian": Antrian(
        kodebooking="CONTOH-0001",
        jenispasien="JKN",
        kodepoli="INT",
        tanggalperiksa=date(2026, 1, 5),
        norm="RM-CONTOH-1",
        jampraktekawal="08:00",
        jampraktekakhir="12:00",
    ),
    "antrian_task": AntrianTask(kodebooking="CONTOH-0001", taskid="3", waktu=datetime(2024, 4, 2, 2, 0, tzinfo=UTC)),
}
"""One sound record of each kind; numbers of persons begin with 9999 and belong to nobody."""

NOT_GIVEN = {
    "tempat_tidur": {"jumlah_dbd"},
    "shk": {"koders"},
    "shk_hasil": {"nama_pemeriksaan", "nama_hasil"},
    "antrian": {"namapoli", "namadokter", "jampraktek"},
}
"""What a GET does not give back (wire 3.1, 10 to 12)."""


class Wired(httpx.AsyncBaseTransport):
    """To the service in this process, by the hospital's own address; with the `Date` that a server adds."""

    def __init__(self, hospital: Hospital, now: Callable[[], float] = time.time) -> None:
        self._inner, self._address, self._now = hospital.service.client._transport, hospital.address, now
        self.requests: list[httpx.Request] = []
        self.lose = 0
        """So many answers get lost on their way back."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        request.headers["X-Forwarded-For"] = self._address
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if self.lose:
            self.lose -= 1
            raise httpx.ReadTimeout("lost", request=request)
        response.headers["Date"] = format_datetime(datetime.fromtimestamp(self._now(), UTC), usegmt=True)
        return response


class Bridge(httpx.BaseTransport):
    """The same for a program in another thread."""

    def __init__(self, wired: Wired, loop: asyncio.AbstractEventLoop) -> None:
        self._wired, self._loop = wired, loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = asyncio.run_coroutine_threadsafe(self._wired.handle_async_request(copy), self._loop).result(30)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class BridgeAsync(httpx.AsyncBaseTransport):
    """The same for a program in another thread that has a loop of its own."""

    def __init__(self, wired: Wired, loop: asyncio.AbstractEventLoop) -> None:
        self._wired, self._loop = wired, loop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        asked = asyncio.run_coroutine_threadsafe(self._wired.handle_async_request(copy), self._loop)
        answer = await asyncio.wrap_future(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


async def no_sleep(seconds: float) -> None:
    """Patience that costs nothing."""


def client_of(hospital: Hospital, wired: Wired | None = None, **more: Any) -> AsyncClient:
    """A client of a hospital of the tests."""
    settings: dict[str, Any] = {"sleep": no_sleep, "transport": wired or Wired(hospital), **more}
    password = settings.pop("password", PASSWORD)
    return AsyncClient(ADDRESS, hospital.code, password, **settings)


def patients_of(hospital: Hospital, user: str, wired: Wired | None = None, **more: Any) -> AsyncPatients:
    """A client of the patient API."""
    settings: dict[str, Any] = {"sleep": no_sleep, "transport": wired or Wired(hospital), **more}
    return AsyncPatients(f"{HOME}/api", hospital.code, user, PASSWORD, **settings)
