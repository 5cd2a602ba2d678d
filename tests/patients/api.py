"""A client of the patient API, and bodies that it takes."""

import json
import time
from typing import Any, NamedTuple

import httpx

from rsonline.store import accounts
from rsonline.store.engines import transaction
from tests.hospital import PASSWORD, Hospital, Service, password_hash

REPORT = "/api/laporancovid19versi3"
SYMPTOMS = (
    *("demam", "batuk", "pilek", "sakitTenggorokan", "sesakNapas", "lemas", "nyeriOtot", "mualMuntah", "diare"),
    *("anosmia", "napasCepat", "frekNapas30KaliPerMenit", "distresPernapasanBerat", "lainnya"),
)
DEATH: dict[str, Any] = {
    "nik": "9999000000000777",
    "nama": "Almarhum Contoh",
    "jenis_kelamin": "L",
    "tanggal_lahir": "1950-02-03",
    "ktp_alamat": "Jalan Contoh 3",
    "ktp_kelurahan_id": 3207102001,
    "ktp_kecamatan_id": 320710,
    "ktp_kab_kota_id": 3207,
    "ktp_provinsi_id": 32,
    "domisili_alamat": "Jalan Contoh 3",
    "tanggal_masuk": "2026-02-01",
    "saturasi_oksigen": 88.5,
    "tanggal_kematian": "2026-02-08",
    "lokasi_kematian_id": 1,
    "penyebab_kematian_langsung_id": "J80",
    "kasus_kematian_id": "B34.2",
    **{f"komorbid_{n}_id": None for n in (1, 2, 3, 4)},
    "status_komorbid": "0",
    "status_kehamilan": "0",
}
"""A death that is taken."""
_numbers = iter(range(1, 10**9))


def nik() -> str:
    """A made-up NIK that nobody had before in this run."""
    return f"9999{next(_numbers):012}"


def report(**changed: Any) -> dict[str, Any]:
    """A body that is taken: an inpatient of group 1 in isolation."""
    body: dict[str, Any] = {
        "kewarganegaraanId": "ID",
        "nik": nik(),
        "noPassport": None,
        "asalPasienId": 0,
        "noRM": "RM-CONTOH-1",
        "namaLengkapPasien": "Pasien Contoh",
        "namaInisialPasien": "PC",
        "tanggalLahir": "1990-01-31",
        "email": None,
        "noTelp": "080000000000",
        "jenisKelaminId": "L",
        "domisiliKecamatanId": 320710,
        "domisiliKabKotaId": 3207,
        "domisiliProvinsiId": 32,
        "pekerjaanId": 1,
        "tanggalMasuk": "2026-02-01",
        "jenisPasienId": 3,
        "varianCovidId": 1,
        "statusPasienId": 3,
        "statusCoInsidenId": 0,
        "statusRawatId": 29,
        "alatOksigenId": None,
        "penyintasId": 0,
        "tanggalOnsetGejala": "2026-01-30",
        "kelompokGejalaId": 1,
        "gejala": {f"{name}Id": 0 for name in SYMPTOMS},
    }
    return body | changed


class Client(NamedTuple):
    """A hospital that holds a token."""

    hospital: Hospital
    token: str | None

    async def send(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request; a body goes as JSON."""
        sent = {"X-Forwarded-For": self.hospital.address, **(headers or {})}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        return await self.hospital.service.client.request(method, path, content=content, headers=sent)

    async def admit(self, **changed: Any) -> int:
        """Report a patient; the report's number."""
        answer = await self.send("POST", REPORT, report(**changed))
        assert answer.status_code == 201, answer.text
        return int(answer.json()["data"]["id"])


def account(service: Service, code: str | None = None, **more: Any) -> str:
    """A new account with the password of all tests; its name."""
    name = f"akun{next(_numbers)}@contoh.test"
    with transaction(service.database) as access:
        accounts.add(access, name, password_hash(), code=code, **more)
    return name


async def log_in(hospital: Hospital, route: str = "/api/rslogin", **body: object) -> httpx.Response:
    """One login; without a body that of a new account of the hospital."""
    if not body:
        body = {"userName": account(hospital.service, hospital.code), "password": PASSWORD}
    headers = {"X-Forwarded-For": hospital.address, "Content-Type": "application/json"}
    return await hospital.service.client.post(route, content=json.dumps(body).encode(), headers=headers)


async def client_of(hospital: Hospital) -> Client:
    """A hospital that has logged in."""
    answer = await log_in(hospital)
    assert answer.status_code == 201, answer.text
    return Client(hospital, answer.json()["data"]["access_token"])


def seconds() -> float:
    """Now."""
    return time.time()
