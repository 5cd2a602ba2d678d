"""The patient API in the description of the service: from the same declarations and tables that serve it."""

from collections.abc import Mapping
from typing import Any

from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS
from rsonline.reports.fields import Schema
from rsonline.reports.kinds.kematian import FIXED_AFTERWARDS
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, SYMPTOMS, StatusKeluar
from rsonline.reports.references import Reference
from rsonline.reports.report import Record, Report, members
from rsonline.reports.verdict import Words
from rsonline.service.openapi_schemas import both
from rsonline.service.patient_directories import DIRECTORIES
from rsonline.service.patient_lists import LISTS
from rsonline.service.patient_routes import PREFIX, endpoints

TAG = "III.A Pasien COVID-19"
TAGS = [
    {
        "name": TAG,
        "description": "API pasien di bawah `/api`: masuk dengan `rslogin`, token 10 menit. "
        "*Patient API below `/api`: log in with `rslogin`, tokens live ten minutes.*",
    },
]
SECURITY: Schema = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Dari / from `/api/rslogin`"}
}
_DOING: Mapping[str, Words] = {
    "POST": Words("Lapor", "Report"),
    "GET": Words("Daftar", "List"),
    "GET one": Words("Satu rekaman", "One record"),
    "PATCH": Words("Ganti seluruhnya", "Replace"),
    "DELETE": Words("Tarik kembali", "Withdraw"),
}
EXAMPLES: Mapping[str, dict[str, Any]] = {
    "PasienCovid": {
        "kewarganegaraanId": "ID",
        "nik": "9999000000000001",
        "noPassport": None,
        "asalPasienId": 0,
        "noRM": "00000001",
        "namaLengkapPasien": "Pasien Contoh",
        "namaInisialPasien": "PC",
        "tanggalLahir": "1990-01-31",
        "email": None,
        "noTelp": "080000000000",
        "jenisKelaminId": "L",
        "domisiliKecamatanId": 320710,
        "domisiliKabKotaId": 3207,
        "domisiliProvinsiId": 32,
        "pekerjaanId": "1",
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
        "gejala": dict.fromkeys(SYMPTOMS, 0),
    },
    "Diagnosa": {PASIEN_NUMBER: 123, "diagnosaId": "U07.1", "diagnosaLevelId": 1},
    "Komorbid": {PASIEN_NUMBER: 123, "komorbidId": "E11"},
    "Terapi": {PASIEN_NUMBER: 123, "terapiId": 5, "jumlahTerapi": 3},
    "Vaksinasi": {PASIEN_NUMBER: 123, "dosisVaksinId": 1, "jenisVaksinId": 1},
    "PemeriksaanLab": {
        PASIEN_NUMBER: 123,
        "jenisPemeriksaanLabId": 1,
        "hasilPemeriksaanLabId": 1,
        "tanggalHasilPemeriksaanLab": "2026-02-01",
    },
    "StatusKeluar": {
        PASIEN_NUMBER: 123,
        "tanggalKeluar": "2026-02-10",
        "statusKeluarId": 1,
        "penyebabKematianId": None,
        "penyebabKematianLangsungId": None,
        "statusPasienSaatMeninggalId": None,
        "komorbidCoInsidenId": None,
    },
    "Kematian": {
        "nik": "9999000000000002",
        "nama": "Pasien Contoh",
        "jenis_kelamin": "P",
        "tanggal_lahir": "1950-01-01",
        "ktp_alamat": "Jalan Contoh 1",
        "ktp_kelurahan_id": 3207102001,
        "ktp_kecamatan_id": 320710,
        "ktp_kab_kota_id": 3207,
        "ktp_provinsi_id": 32,
        "domisili_alamat": "Jalan Contoh 1",
        "tanggal_masuk": "2026-01-01",
        "saturasi_oksigen": 87,
        "tanggal_kematian": "2026-01-03",
        "lokasi_kematian_id": 1,
        "penyebab_kematian_langsung_id": "J80",
        "kasus_kematian_id": "B34.2",
        "status_komorbid": "1",
        "komorbid_1_id": "E11",
        "komorbid_2_id": None,
        "komorbid_3_id": None,
        "komorbid_4_id": None,
        "status_kehamilan": "0",
    },
}
"""A body that is taken, for each record; the number of its patient is to be put in."""
_TEXT: Schema = {"type": "string"}
# Leading digits count, anything else is as good as nothing.
_PAGES = [
    {"name": name, "in": "query", "required": False, "schema": {}, "example": usual}
    for name, usual in (("page", 1), ("limit", 1000))
]
# What is no number of a record is a record that is not there.
_ID = {"name": "id", "in": "path", "required": True, "schema": {}, "example": 123}


# What the two directories use that ignore whatever else is asked.
_UNREAD: Mapping[bool, Mapping[str, type]] = {
    True: {"pelayanan": str},
    False: {"nama": str, "page": float, "limit": float},
}


def leave_out(report: Report[Any], method: str) -> tuple[str, ...]:
    """The members that a PATCH of a report does not take."""
    if method != "PATCH" or report is PASIEN_COVID:
        return ()
    return FIXED_AFTERWARDS if report is KEMATIAN else (PASIEN_NUMBER,)


def example(record: type[Record], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A body that is taken."""
    return {name: value for name, value in EXAMPLES[record.__name__].items() if name not in without}


def body(record: type[Record], references: Mapping[str, Reference], without: tuple[str, ...] = ()) -> Schema:
    """The JSON Schema of a body."""
    made = _object()
    for member in members(record):
        if member.own or member.name in without:
            continue
        inside = made
        if member.within is not None:
            inside = made["properties"].setdefault(member.within, _object())
            if member.within not in made["required"]:
                made["required"].append(member.within)
        words = {"title": member.label.id, "description": member.label.en}
        inside["properties"][member.name] = member.kind.schema(references) | words
        if member.required:
            inside["required"].append(member.name)
    return made


def _object() -> Schema:
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def schemas(references: Mapping[str, Reference]) -> dict[str, Schema]:
    """The bodies by name, and the envelopes."""
    found = {
        "PatientMessage": _said(_TEXT, None),
        "PatientToken": _said(
            _TEXT,
            {
                "type": "object",
                "properties": dict.fromkeys(("access_token", "issued_at", "expired_at", "expires_in"), _TEXT),
                "required": ["access_token", "issued_at", "expired_at", "expires_in"],
            },
        ),
        "PatientNumber": _said(_TEXT, {"type": "object", "properties": {"id": {}, "nik": {}}, "required": ["id"]}),
        "PatientRecord": _said(_TEXT, {"type": ["object", "null"]}),
        "PatientList": _said(_TEXT, {"type": "array", "items": {"type": "object"}}),
        "PatientLogin": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"userName": _TEXT, "password": _TEXT},
                    "required": ["userName", "password"],
                },
                {
                    "type": "object",
                    "properties": {"kode_rs": _TEXT, "password": _TEXT},
                    "required": ["kode_rs", "password"],
                },
            ]
        },
    }
    found["PatientList"]["properties"]["pagination"] = {"type": "object"}
    for report in PATIENT_REPORTS:
        for method in ("POST", "PATCH"):
            found[_name(report, method)] = body(report.record, references, leave_out(report, method))
    found["StatusKeluarPost"] = body(StatusKeluar, references)
    return found


def _name(report: Report[Any], method: str) -> str:
    return f"{report.record.__name__}{method.capitalize()}"


def _said(message: Schema, data: Schema | None) -> Schema:
    made: Schema = {
        "type": "object",
        "properties": {"status": {"type": "boolean"}, "message": message},
        "required": ["status", "message"],
    }
    if data is not None:
        made["properties"]["data"] = data
        made["required"].append("data")
    return made


def _ref(name: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _responses(good: Mapping[str, str], *bad: int) -> Schema:
    words = {
        400: "Bukan JSON / Not JSON",
        401: "Kata sandi atau token / Password or token",
        403: "Token / Token",
        404: "Isi ditolak, atau tidak ditemukan / Body refused, or not found",
        409: "Sedang dikerjakan / Still running",
        413: "Terlalu besar / Too large",
        414: "Alamat terlalu panjang / Address too long",
        422: "Aturan dilanggar / A rule is broken",
        429: "Terlalu banyak percobaan / Too many guesses",
        503: "Coba lagi / Try again",
        507: "Penyimpanan penuh / Storage full",
    }
    found: Schema = {code: {"description": "Berhasil / Done", "content": _ref(name)} for code, name in good.items()}
    found |= {str(code): {"description": words[code], "content": _ref("PatientMessage")} for code in (*bad, 414)}
    return found


def paths(references: Mapping[str, Reference]) -> dict[str, Schema]:
    """Every address below `/api`, each with the server that it stands on."""
    found: dict[str, Schema] = {}

    def at(path: str) -> Schema:
        return found.setdefault(path, {"servers": [{"url": PREFIX}]})

    for login, words in (
        ("/rslogin", Words("Masuk sebagai rumah sakit", "Log in as a hospital")),
        ("/login", Words("Masuk sebagai pembaca", "Log in as a consumer")),
    ):
        at(login)["post"] = {
            **_operation(f"patient{login.replace('/', '_')}", words),
            "security": [],
            "requestBody": {"required": True, "content": _ref("PatientLogin")},
            "responses": _responses({"201": "PatientToken"}, 400, 401, 403, 413, 429, 503),
        }
    for path, endpoint in endpoints().items():
        record = StatusKeluar if endpoint.discharge else endpoint.report.record
        title = Words("Status keluar", "Discharge") if endpoint.discharge else endpoint.report.title
        for method, one in endpoint.verbs:
            words = _DOING["GET one" if one and method == "GET" else method]
            name = f"{path[1:]}_{method.lower()}{'_one' if one else ''}"
            made = _operation(name, Words(f"{words.id}: {title.id}", f"{words.en}: {title.en}"))
            made["parameters"] = [_ID] if one else list(_PAGES) if method == "GET" else []
            if method == "GET":
                if not one and endpoint.report is not KEMATIAN:
                    made["parameters"].append({"name": "noRM", "in": "query", "required": False, "schema": _TEXT})
                good = {"200": "PatientRecord" if one else "PatientList"}
                made["responses"] = _responses(good, 401, 403, 503)
            elif method == "DELETE":
                made["responses"] = _responses({"200": "PatientMessage"}, 400, 401, 403, 404, 409, 422, 503, 507)
            else:
                content = _ref("StatusKeluarPost" if endpoint.discharge else _name(endpoint.report, method))
                content["application/json"]["example"] = example(record, leave_out(endpoint.report, method))
                made["requestBody"] = {"required": True, "content": content}
                good = {"201" if method == "POST" else "200": "PatientNumber"}
                made["responses"] = _responses(good, 400, 401, 403, 404, 409, 413, 422, 503, 507)
            if method != "GET":
                made["parameters"].append({"$ref": "#/components/parameters/Idempotency-Key"})
            at(f"{path}/{{id}}" if one else path)[method.lower()] = made
    for path, listed in LISTS.items():
        made = _operation(f"patient_list_{path[1:]}", Words(f"Daftar {path[1:]}", f"List of {path[1:]}"))
        made["parameters"] = list(_PAGES)
        for name in listed.filters:
            made["parameters"].append({"name": name, "in": "query", "required": False, "schema": _TEXT})
        made["responses"] = _responses({"200": "PatientList"}, 401, 403, 503)
        at(path)["get"] = made
    for path, directory in DIRECTORIES.items():
        shown = path.replace("/:id", "/{id}")
        words = Words(f"Bacaan {path[1:]}", f"Read {path[1:]}")
        made = _operation(f"patient_read_{path[1:].replace('/:', '_')}", words)
        made["parameters"] = [_ID | {"schema": _TEXT}] if directory.one else []
        for name, kind in (directory.query or _UNREAD[directory.one]).items():
            if name in ("page", "limit"):
                made["parameters"] += [each for each in _PAGES if each["name"] == name]
                continue
            schema: Schema = {"type": "integer"} if kind is float else {"type": "string", "format": "date"}
            needed = name == directory.required
            shown_as = _TEXT if kind is str else schema
            made["parameters"].append({"name": name, "in": "query", "required": needed, "schema": shown_as})
        good = {"200": "PatientRecord" if directory.one else "PatientList"}
        made["responses"] = _responses(good, 400, 403, 404, 422, 503)
        at(shown)["get"] = made
    return found


def _operation(name: str, words: Words) -> Schema:
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": f"{words.id} / {words.en}",
        "description": both(Words(f"Petunjuk Teknis III.A. {words.id}.", f"{words.en}.")),
        "security": [{"token": []}],
    }
