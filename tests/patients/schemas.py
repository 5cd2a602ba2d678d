"""The bodies of the patient API as its contract tabulates them: field, type, required, null allowed, in order.

Written down beside the declarations, not derived from them: what is compared must not come from its like.
"""

from typing import NamedTuple

from tests.patients.api import SYMPTOMS


class Field(NamedTuple):
    """One row of a table; `kind` is s(tring), n(umber) or o(bject)."""

    name: str
    kind: str
    nullable: bool = False
    required: bool = True
    inside: "tuple[Field, ...]" = ()


def of(text: str) -> tuple[Field, ...]:
    """Fields from `name:kind`, with `?` where null is allowed and `*` where the key may be missing."""
    found = []
    for word in text.split():
        name, _, mark = word.partition(":")
        found.append(Field(name, mark[0], "?" in mark, "*" not in mark))
    return tuple(found)


GEJALA = Field("gejala", "o", inside=tuple(Field(f"{name}Id", "n") for name in SYMPTOMS))
REPORT = (
    *of(
        "kewarganegaraanId:s nik:s noPassport:s? asalPasienId:n noRM:s namaLengkapPasien:s namaInisialPasien:s"
        " tanggalLahir:s email:s?* noTelp:s jenisKelaminId:s domisiliKecamatanId:n domisiliKabKotaId:n"
        " domisiliProvinsiId:n pekerjaanId:n tanggalMasuk:s jenisPasienId:n varianCovidId:n statusPasienId:n"
        " statusCoInsidenId:n statusRawatId:n alatOksigenId:n? penyintasId:n tanggalOnsetGejala:s kelompokGejalaId:n"
    ),
    GEJALA,
)
PARENT = "laporanCovid19Versi3Id:n "
PARTS = {
    "diagnosa": of(PARENT + "diagnosaId:s diagnosaLevelId:n"),
    "komorbid": of(PARENT + "komorbidId:s"),
    "terapi": of(PARENT + "terapiId:n jumlahTerapi:n"),
    "vaksinasi": of(PARENT + "dosisVaksinId:n jenisVaksinId:n"),
    "pemeriksaanlab": of(PARENT + "jenisPemeriksaanLabId:n hasilPemeriksaanLabId:n tanggalHasilPemeriksaanLab:s"),
    "statuskeluar": of(
        PARENT + "tanggalKeluar:s statusKeluarId:n penyebabKematianId:n? penyebabKematianLangsungId:s?"
        " statusPasienSaatMeninggalId:n? komorbidCoInsidenId:n?"
    ),
}
_DEATH = (
    "tanggal_masuk:s saturasi_oksigen:n tanggal_kematian:s lokasi_kematian_id:n penyebab_kematian_langsung_id:s"
    " kasus_kematian_id:s status_komorbid:s komorbid_1_id:s? komorbid_2_id:s? komorbid_3_id:s? komorbid_4_id:s?"
)
KEMATIAN = of(
    "nik:s? nama:s jenis_kelamin:s tanggal_lahir:s ktp_alamat:s ktp_kelurahan_id:n ktp_kecamatan_id:n"
    f" ktp_kab_kota_id:n ktp_provinsi_id:n domisili_alamat:s {_DEATH} status_kehamilan:s"
)
KEMATIAN_PATCH = of(_DEATH)

GOOD: dict[str, object] = {
    "diagnosaId": "U07.1",
    "diagnosaLevelId": 1,
    "komorbidId": "E11",
    "terapiId": 5,
    "jumlahTerapi": "2.5",
    "dosisVaksinId": 1,
    "jenisVaksinId": 1,
    "jenisPemeriksaanLabId": 1,
    "hasilPemeriksaanLabId": "1",
    "tanggalHasilPemeriksaanLab": "2026-02-01",
    "tanggalKeluar": "2026-02-10",
    "statusKeluarId": 2,
    "penyebabKematianId": 1,
    "penyebabKematianLangsungId": "J80",
    "statusPasienSaatMeninggalId": 3,
    "komorbidCoInsidenId": None,
    "nik": None,
    "nama": "Pasien Contoh",
    "jenis_kelamin": "P",
    "tanggal_lahir": "1950-01-01",
    "ktp_alamat": "Jalan Contoh 1",
    "ktp_kelurahan_id": 3207102001,
    "ktp_kecamatan_id": "320710",
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
}
"""A value that is taken for each field of the parts and of a death."""


def good(fields: tuple[Field, ...], **more: object) -> dict[str, object]:
    """A body that is taken."""
    return {field.name: GOOD[field.name] for field in fields if field.name in GOOD} | more


def first_problem(body: object, fields: tuple[Field, ...], path: str = "") -> str | None:
    """What Joi says of a body, by the table of the contract's section 0.3; None for one that it takes."""
    if not isinstance(body, dict):
        return '"value" must be of type object'
    for field in fields:
        name = path + field.name
        if field.name not in body:
            if field.required:
                return f'"{name}" is required'
            continue
        value = body[field.name]
        if value is None and field.nullable:
            continue
        if field.kind == "o":
            if not isinstance(value, dict):
                return f'"{name}" must be of type object'
            inner = first_problem(value, field.inside, f"{name}.")
            if inner is not None:
                return inner
        elif field.kind == "s":
            if not isinstance(value, str):
                return f'"{name}" must be a string'
            if not value:
                return f'"{name}" is not allowed to be empty'
        elif (said := _number_problem(value)) is not None:
            return f'"{name}" {said}'
    known = {field.name for field in fields}
    return next((f'"{path}{name}" is not allowed' for name in body if name not in known), None)


def _number_problem(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "must be a number"
    if isinstance(value, str):
        text = value.strip()
        # What JavaScript's numbers look like: no hexadecimal, no underscores, no words.
        if not text or not text.isascii() or set(text) - set("0123456789.eE+-"):
            return "must be a number"
        try:
            value = float(text)
        except ValueError:
            return "must be a number"
    return None if abs(value) <= 2**53 - 1 else "must be a safe number"
