"""COVID-19 patients: the report, its parts and the discharge (III.A; pasien-covid 2 and 3)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, NamedTuple

from rsonline.reports import regions
from rsonline.reports.fields import At, Label, Own, Personal, Within
from rsonline.reports.joi import JoiCode, JoiDay, JoiId, JoiNumber, JoiText, label, shown_number
from rsonline.reports.report import Numbered, Record, Report, Row, members
from rsonline.reports.verdict import Problem, Words

GEJALA = Words("Gejala", "Symptoms")
ORANG = Words("Identitas", "Identity")
DOMISILI = Words("Domisili dan pekerjaan", "Residence and occupation")
RAWAT = Words("Perawatan", "Care")
PASIEN_NUMBER = "laporanCovid19Versi3Id"
PRIMARY_ICD = ("B34.2", "P96.8", "Z03.8", "U07.1", "U07.2")
DIED = 2
"""The `statusKeluarId` with which a cause of death is kept."""
STILL_IN_CARE = 0
"""The `statusKeluarId` that no discharge has."""


class PasienCovid(Record, kw_only=True):
    """One patient's stay. `dirawat` is the identity number while the patient is in care, nothing afterwards."""

    kewarganegaraanId: Annotated[
        str, JoiCode(of="kewarganegaraan"), Label("Kewarganegaraan", "Nationality", group=ORANG)
    ]
    nik: Annotated[str, JoiText(40), Personal(person=True), Label("NIK", "NIK", group=ORANG)]
    noPassport: Annotated[
        str | None,
        JoiText(40, nullable=True),
        Personal(person=True),
        Label("Nomor paspor", "Passport number", group=ORANG),
    ]
    asalPasienId: Annotated[int, JoiId(of="asalpasien"), Label("Asal pasien", "Traveller category", group=ORANG)]
    noRM: Annotated[
        str, JoiText(50), Personal(sought=True), Label("Nomor rekam medis", "Medical record number", group=ORANG)
    ]
    namaLengkapPasien: Annotated[str, JoiText(150), Personal(), Label("Nama lengkap", "Full name", group=ORANG)]
    namaInisialPasien: Annotated[str, JoiText(30), Personal(), Label("Inisial", "Initials", group=ORANG)]
    tanggalLahir: Annotated[date, JoiDay(), Label("Tanggal lahir", "Birth date", group=ORANG)]
    email: Annotated[str | None, JoiText(150, nullable=True), Personal(), Label("Email", "E-mail", group=ORANG)] = None
    noTelp: Annotated[str, JoiText(40), Personal(), Label("Nomor telepon", "Phone", group=ORANG)]
    jenisKelaminId: Annotated[str, JoiCode(of="jeniskelamin"), Label("Jenis kelamin", "Sex", group=ORANG)]
    domisiliKecamatanId: Annotated[
        int, JoiId(of="regions"), Label("Kecamatan domisili", "District of residence", group=DOMISILI)
    ]
    domisiliKabKotaId: Annotated[
        int, JoiId(of="regions"), Label("Kabupaten/kota domisili", "Regency of residence", group=DOMISILI)
    ]
    domisiliProvinsiId: Annotated[
        int, JoiId(of="regions"), Label("Provinsi domisili", "Province of residence", group=DOMISILI)
    ]
    pekerjaanId: Annotated[int, JoiId(of="pekerjaan"), Label("Pekerjaan", "Occupation", group=DOMISILI)]
    tanggalMasuk: Annotated[date, JoiDay(), Label("Tanggal masuk", "Admitted", group=RAWAT)]
    jenisPasienId: Annotated[int, JoiId(of="jenispasien_covid"), Label("Jenis pasien", "Kind of visit", group=RAWAT)]
    varianCovidId: Annotated[int, JoiId(of="variancovid"), Label("Varian COVID-19", "Variant", group=RAWAT)]
    statusPasienId: Annotated[int, JoiId(of="statuspasien"), Label("Status pasien", "Case status", group=RAWAT)]
    statusCoInsidenId: Annotated[int, JoiId(of="ya_tidak"), Label("Koinsiden", "Coincidental", group=RAWAT)]
    statusRawatId: Annotated[int, JoiId(of="statusrawat"), Label("Status rawat", "Place of care", group=RAWAT)]
    alatOksigenId: Annotated[
        int | None, JoiId(nullable=True, of="alatoksigen"), Label("Alat oksigen", "Oxygen device", group=RAWAT)
    ]
    penyintasId: Annotated[int, JoiId(of="ya_tidak"), Label("Penyintas", "Had COVID-19 before", group=RAWAT)]
    tanggalOnsetGejala: Annotated[date, JoiDay(), Label("Onset gejala", "Onset of symptoms", group=RAWAT)]
    kelompokGejalaId: Annotated[int, JoiId(of="kelompokgejala"), Label("Kelompok gejala", "Symptom group", group=RAWAT)]
    demamId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Demam", "Fever", group=GEJALA)]
    batukId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Batuk", "Cough", group=GEJALA)]
    pilekId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Pilek", "Runny nose", group=GEJALA)]
    sakitTenggorokanId: Annotated[
        int, JoiId(of="ya_tidak"), Within("gejala"), Label("Sakit tenggorokan", "Sore throat", group=GEJALA)
    ]
    sesakNapasId: Annotated[
        int, JoiId(of="ya_tidak"), Within("gejala"), Label("Sesak napas", "Shortness of breath", group=GEJALA)
    ]
    lemasId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Lemas", "Weakness", group=GEJALA)]
    nyeriOtotId: Annotated[
        int, JoiId(of="ya_tidak"), Within("gejala"), Label("Nyeri otot", "Muscle pain", group=GEJALA)
    ]
    mualMuntahId: Annotated[
        int, JoiId(of="ya_tidak"), Within("gejala"), Label("Mual atau muntah", "Nausea or vomiting", group=GEJALA)
    ]
    diareId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Diare", "Diarrhoea", group=GEJALA)]
    anosmiaId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Anosmia", "Loss of smell", group=GEJALA)]
    napasCepatId: Annotated[
        int, JoiId(of="ya_tidak"), Within("gejala"), Label("Napas cepat", "Fast breathing", group=GEJALA)
    ]
    frekNapas30KaliPerMenitId: Annotated[
        int,
        JoiId(of="ya_tidak"),
        Within("gejala"),
        Label("Frekuensi napas 30 kali per menit", "Respiratory rate of 30 a minute", group=GEJALA),
    ]
    distresPernapasanBeratId: Annotated[
        int,
        JoiId(of="ya_tidak"),
        Within("gejala"),
        Label("Distres pernapasan berat", "Severe respiratory distress", group=GEJALA),
    ]
    lainnyaId: Annotated[int, JoiId(of="ya_tidak"), Within("gejala"), Label("Lainnya", "Other", group=GEJALA)]
    kelompokUmurId: Annotated[int | None, JoiId(), Own(), Label("Kelompok umur", "Age group")] = None
    kelompokWargaId: Annotated[int | None, JoiId(), Own(), Label("Kelompok warga negara", "Citizen group")] = None
    severityLevelId: Annotated[int | None, JoiId(), Own(), Label("Tingkat keparahan", "Severity")] = None
    saturasiOksigen: Annotated[str | None, JoiText(10), Own(), Label("Saturasi oksigen", "Oxygen saturation")] = None
    terapiOksigenId: Annotated[int | None, JoiId(), Own(), Label("Terapi oksigen", "Oxygen therapy")] = None
    dirawat: Annotated[
        str | None,
        JoiText(40),
        Own(),
        Personal(person=True),
        Label("Identitas selama dirawat", "Identity while in care"),
    ] = None
    tanggalKeluar: Annotated[date | None, JoiDay(), Own(), Label("Tanggal keluar", "Discharged")] = None
    statusKeluarId: Annotated[int | None, JoiId(), Own(), Label("Status keluar", "Outcome")] = None
    penyebabKematianId: Annotated[int | None, JoiId(), Own(), Label("Penyebab kematian", "Cause of death")] = None
    penyebabKematianLangsungId: Annotated[
        str | None, JoiText(20), Own(), Label("Penyebab kematian langsung", "Direct cause of death")
    ] = None
    statusPasienSaatMeninggalId: Annotated[
        int | None, JoiId(), Own(), Label("Status saat meninggal", "Case status at death")
    ] = None
    komorbidCoInsidenId: Annotated[
        int | None, JoiId(), Own(), Label("Komorbid atau koinsiden", "Comorbid or coincidental")
    ] = None


class Diagnosa(Record, kw_only=True):
    """One diagnosis of a patient."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    diagnosaId: Annotated[str, JoiCode(of="icd10"), Label("Diagnosis", "Diagnosis")]
    diagnosaLevelId: Annotated[int, JoiId(), Label("Tingkat diagnosis", "Diagnosis level")]


class Komorbid(Record, kw_only=True):
    """One comorbidity of a patient."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    komorbidId: Annotated[str, JoiCode(of="komorbid"), Label("Komorbid", "Comorbidity")]


class Terapi(Record, kw_only=True):
    """One drug given to a patient."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    terapiId: Annotated[int, JoiId(of="terapi"), Label("Terapi", "Therapy")]
    jumlahTerapi: Annotated[float, JoiNumber(), Label("Jumlah", "Quantity")]


class Vaksinasi(Record, kw_only=True):
    """One dose that a patient had."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    dosisVaksinId: Annotated[int, JoiId(of="dosisvaksin"), Label("Dosis", "Dose")]
    jenisVaksinId: Annotated[int, JoiId(of="jenisvaksin"), Label("Jenis vaksin", "Vaccine")]


class PemeriksaanLab(Record, kw_only=True):
    """One laboratory test of a patient."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    jenisPemeriksaanLabId: Annotated[int, JoiId(of="jenispemeriksaanlab"), Label("Jenis pemeriksaan", "Test")]
    hasilPemeriksaanLabId: Annotated[int, JoiId(of="hasilpemeriksaanlab"), Label("Hasil", "Result")]
    tanggalHasilPemeriksaanLab: Annotated[date, JoiDay(), Label("Tanggal hasil", "Day of the result")]


class StatusKeluar(Record, kw_only=True):
    """A discharge: not a record of its own, it is laid on the patient's (3.6)."""

    laporanCovid19Versi3Id: Annotated[int, JoiId(), Label("Nomor laporan", "Report number")]
    tanggalKeluar: Annotated[date, JoiDay(), Label("Tanggal keluar", "Discharged")]
    statusKeluarId: Annotated[int, JoiId(of="statuskeluar"), Label("Status keluar", "Outcome")]
    penyebabKematianId: Annotated[
        int | None, JoiId(nullable=True, of="penyebabkematian"), Label("Penyebab kematian", "Cause of death")
    ]
    penyebabKematianLangsungId: Annotated[
        str | None,
        JoiCode(nullable=True, of="penyebabkematianlangsung"),
        Label("Penyebab kematian langsung", "Direct cause of death"),
    ]
    statusPasienSaatMeninggalId: Annotated[
        int | None,
        JoiId(nullable=True, of="statuspasiensaatmeninggal"),
        Label("Status saat meninggal", "Case status at death"),
    ]
    komorbidCoInsidenId: Annotated[
        int | None, JoiId(nullable=True, of="komorbidcoinsiden"), Label("Komorbid", "Comorbid or coincidental")
    ]


OUTDATED: Mapping[type[Record], frozenset[str]] = {
    PasienCovid: frozenset(("statusVaksinasiId", "severityLevelId", "statusKomorbidId", "saturasiOksigen")),
    StatusKeluar: frozenset(("kasusKematianId",)),
}
"""Members that clients sent until 2022 and that are unknown since (8.1, 8.3)."""


# ---- what a report must be beside its schema (2.1, steps 1 to 7)


class Group(NamedTuple):
    """What a symptom group allows, forces and means."""

    devices: frozenset[int]
    """The oxygen devices; none at all: only null."""
    beds: frozenset[int]
    forced: Mapping[str, int]
    severity: int
    saturation: str


SYMPTOMS = tuple(m.name for m in members(PasienCovid) if m.within == "gejala")
_MILD_BEDS = frozenset({0, 28, 29, 32, 33})
_BREATHING = ("sesakNapasId", "napasCepatId", "frekNapas30KaliPerMenitId", "distresPernapasanBeratId")


def _breathing(*values: int) -> dict[str, int]:
    return dict(zip(_BREATHING, values, strict=True))


GROUPS: Mapping[int, Group] = {
    1: Group(frozenset(), _MILD_BEDS, dict.fromkeys(SYMPTOMS, 0), 4, ">= 95"),
    2: Group(frozenset(), _MILD_BEDS, _breathing(0, 1, 0, 0), 1, ">= 95"),
    3: Group(frozenset({1, 2}), frozenset({28, 29, 32, 33}), _breathing(1, 0, 0, 0), 2, ">= 93"),
    4: Group(frozenset({2, 3, 4, 5}), frozenset({24, 25, 26, 27, 30, 31}), _breathing(1, 0, 1, 1), 3, "< 93"),
}
BEDS_OF_VISIT: Mapping[int, frozenset[int]] = {
    1: frozenset({0}),
    2: frozenset({32}),
    3: frozenset({24, 25, 26, 27, 28, 29, 30, 31, 33}),
}
AGES = (10, 20, 30, 40, 50, 60, 70, 80, 100)
"""The oldest age in whole years of each age group; who is older makes a last one (8.2)."""


def broken_rule(values: Row, raw: Row, at: At) -> Problem | None:
    """The first rule that a report breaks, of steps 1 to 7. `values` as kept, `raw` as sent, for the message."""
    group = GROUPS.get(values["kelompokGejalaId"])
    beds = BEDS_OF_VISIT.get(values["jenisPasienId"])
    device, bed = values["alatOksigenId"], values["statusRawatId"]
    said = {name: shown(raw[name]) for name in ("alatOksigenId", "statusRawatId", "kelompokGejalaId", "jenisPasienId")}

    if values["tanggalLahir"] > at.today:
        return Problem(member="tanggalLahir", code="born_later")
    if values["tanggalMasuk"] > at.today:
        return Problem(member="tanggalMasuk", code="admitted_later")
    if group is None:
        return Problem(member="kelompokGejalaId", code="no_group")
    if not group.devices and device is not None:
        return Problem(member="alatOksigenId", code="no_device", detail={"group": said["kelompokGejalaId"]})
    if group.devices and device not in group.devices:
        return Problem(
            member="alatOksigenId",
            code="device_of_group",
            detail={"device": said["alatOksigenId"], "group": said["kelompokGejalaId"]},
        )
    if bed not in group.beds:
        return Problem(
            member="statusRawatId",
            code="bed_of_group",
            detail={"bed": said["statusRawatId"], "group": said["kelompokGejalaId"]},
        )
    if beds is not None and bed not in beds:
        return Problem(
            member="statusRawatId",
            code="bed_of_visit",
            detail={"bed": said["statusRawatId"], "visit": said["jenisPasienId"]},
        )
    if values["kewarganegaraanId"] != "ID" and values["noPassport"] is None:
        return Problem(member="noPassport", code="passport_needed", detail={"country": values["kewarganegaraanId"]})
    return None


def shown(raw: object) -> str:
    """A value in a message as it was sent: null prints as `null`, a number without `.0`."""
    if raw is None:
        return "null"
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)


def derive(values: Row, at: At) -> None:
    """Work out, in place, what follows from the report; symptoms are overridden by their group (2.1)."""
    group = GROUPS[values["kelompokGejalaId"]]
    values |= group.forced
    age = years(values["tanggalLahir"], at.today)
    indonesian = values["kewarganegaraanId"] == "ID"
    values |= {
        "kelompokUmurId": next((n for n, oldest in enumerate(AGES, 1) if age <= oldest), len(AGES) + 1),
        "kelompokWargaId": 1 if indonesian else 2,
        "severityLevelId": group.severity,
        "saturasiOksigen": group.saturation,
        "terapiOksigenId": 0 if values["alatOksigenId"] is None else 1,
        "dirawat": values["nik"] if indonesian else values["noPassport"],
    }


def years(born: date, today: date) -> int:
    """Whole years between two days."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


# ---- how rows are shown


def shown_pasien(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A report as `GET /api/laporancovid19versi3` gives it (2.2)."""

    def of(list_name: str, member: str) -> dict[str, Any]:
        return {"id": row[member], "nama": label(at, list_name, row[member])}

    def yes(member: str) -> dict[str, Any]:
        return {"id": row[member], "nama": {0: "tidak", 1: "ya"}.get(row[member], "null")}

    district = str(row["domisiliKecamatanId"])
    known = regions.district(district)
    return {
        "id": row[PASIEN_NUMBER],
        "noRM": row["noRM"],
        "namaInisialPasien": row["namaInisialPasien"],
        "tanggalLahir": row["tanggalLahir"].isoformat(),
        "jenisKelamin": {
            "id": row["jenisKelaminId"],
            "nama": {"L": "Laki-Laki", "P": "Perempuan"}.get(row["jenisKelaminId"], "Lainnya"),
        },
        "email": row["email"],
        "domisiliAlamat": {
            "kecamatan": {"id": row["domisiliKecamatanId"], "nama": known},
            "kabKota": {"id": int(district[:4]) if known else None, "nama": regions.regency(district[:4])},
            "provinsi": {"id": int(district[:2]) if known else None, "nama": regions.province(district[:2])},
        },
        "noTelp": row["noTelp"],
        "tanggalMasuk": row["tanggalMasuk"].isoformat(),
        "pekerjaan": of("pekerjaan", "pekerjaanId"),
        "jenisPasien": of("jenispasien_covid", "jenisPasienId"),
        "varianCovid": of("variancovid", "varianCovidId"),
        "statusPasien": of("statuspasien", "statusPasienId"),
        "statusKomorbid": {"id": row["komorbid"], "nama": ("tidak", "ya")[row["komorbid"]]},
        "statusCoInsiden": yes("statusCoInsidenId"),
        "statusRawat": of("statusrawat", "statusRawatId"),
        "alatOksigen": of("alatoksigen", "alatOksigenId"),
        "saturasiOksigen": row["saturasiOksigen"],
        "terapiOksigen": yes("terapiOksigenId"),
        "penyintas": yes("penyintasId"),
        "tanggalLapor": row["received_at"].astimezone(at.zone).strftime("%Y-%m-%d %H:%M:%S"),
        "kelompokGejala": of("kelompokgejala", "kelompokGejalaId"),
        "gejala": {name.removesuffix("Id"): {"id": row[name]} for name in SYMPTOMS},
    }


def _part(row: Row) -> dict[str, Any]:
    """How every part begins."""
    return {"id": row["id"], PASIEN_NUMBER: row[PASIEN_NUMBER], "noRM": row["noRM"]}


def shown_diagnosa(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A diagnosis (3.1); `icdDeskription` is spelled so on the wire."""
    level = row["diagnosaLevelId"]
    return _part(row) | {
        "diagnosa": {
            "diagnosaLevelId": level,
            "diagnosaLevelNama": {1: "primary", 2: "secondary"}.get(level, "unknown"),
        },
        "icd": row["diagnosaId"],
        "icdDeskription": label(at, "icd10", row["diagnosaId"]),
    }


def shown_komorbid(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A comorbidity (3.2)."""
    return _part(row) | {"icd": row["komorbidId"], "icd10Description": label(at, "icd10", row["komorbidId"])}


def shown_terapi(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A drug (3.3): read as `jumlah`, written as `jumlahTerapi`."""
    return _part(row) | {
        "terapi": {"terapiId": row["terapiId"], "terapiNama": label(at, "terapi", row["terapiId"])},
        "jumlah": shown_number(row["jumlahTerapi"]),
    }


def shown_vaksinasi(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A dose (3.4): capital N in `dosisVaksin.Nama` only."""
    return _part(row) | {
        "dosisVaksin": {"id": row["dosisVaksinId"], "Nama": label(at, "dosisvaksin", row["dosisVaksinId"])},
        "jenisVaksin": {"id": row["jenisVaksinId"], "nama": label(at, "jenisvaksin", row["jenisVaksinId"])},
    }


def shown_lab(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A test (3.5), its day as a day (8.2)."""
    test, result = row["jenisPemeriksaanLabId"], row["hasilPemeriksaanLabId"]
    return _part(row) | {
        "jenisPemeriksaanLab": {
            "jenisPemeriksaanLabId": test,
            "jenisPemeriksaanLabNama": label(at, "jenispemeriksaanlab", test),
        },
        "hasilPemeriksaanLab": {
            "hasilPemeriksaanLabId": result,
            "hasilPemeriksaanLabNama": label(at, "hasilpemeriksaanlab", result),
        },
        "tanggalHasilPemeriksaanLab": row["tanggalHasilPemeriksaanLab"].isoformat(),
    }


PASIEN_COVID = Report(
    name="pasien_covid",
    title=Words("Pasien COVID-19", "COVID-19 patients"),
    path="/laporancovid19versi3",
    root="data",
    record=PasienCovid,
    identity=Numbered(PASIEN_NUMBER, ("dirawat",), unique=True),
    guide="III.A",
    shown=shown_pasien,
)


def _parts_report(name: str, title: Words, record: type[Record], known_by: str, show: Any) -> Report[Any]:
    return Report(
        name=f"pasien_{name}",
        title=title,
        path=f"/laporancovid19versi3{name}",
        root="data",
        record=record,
        identity=Numbered("id", (PASIEN_NUMBER, known_by), parent=PASIEN_NUMBER),
        guide="III.A",
        shown=show,
    )


PASIEN_DIAGNOSA = _parts_report(
    "diagnosa", Words("Diagnosis pasien", "Diagnoses"), Diagnosa, "diagnosaId", shown_diagnosa
)
PASIEN_KOMORBID = _parts_report(
    "komorbid", Words("Komorbid pasien", "Comorbidities"), Komorbid, "komorbidId", shown_komorbid
)
PASIEN_TERAPI = _parts_report("terapi", Words("Terapi pasien", "Drugs"), Terapi, "terapiId", shown_terapi)
PASIEN_VAKSINASI = _parts_report(
    "vaksinasi", Words("Vaksinasi pasien", "Vaccinations"), Vaksinasi, "dosisVaksinId", shown_vaksinasi
)
PASIEN_LAB = _parts_report(
    "pemeriksaanlab",
    Words("Pemeriksaan laboratorium pasien", "Laboratory tests"),
    PemeriksaanLab,
    "jenisPemeriksaanLabId",
    shown_lab,
)
PARTS = (PASIEN_DIAGNOSA, PASIEN_KOMORBID, PASIEN_TERAPI, PASIEN_VAKSINASI, PASIEN_LAB)
