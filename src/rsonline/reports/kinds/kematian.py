"""Death reports (III.A; pasien-covid 6): older than the patient report, with names in snake_case."""

from datetime import date
from typing import Annotated, Any

from rsonline.reports.fields import At, Label, Personal
from rsonline.reports.joi import JoiCode, JoiDay, JoiId, JoiNumber, JoiText, label, shown_number
from rsonline.reports.report import Numbered, Record, Report, Row
from rsonline.reports.verdict import Problem, Words

FIXED_AFTERWARDS = (
    *("nik", "nama", "jenis_kelamin", "tanggal_lahir", "ktp_alamat", "ktp_kelurahan_id", "ktp_kecamatan_id"),
    *("ktp_kab_kota_id", "ktp_provinsi_id", "domisili_alamat", "status_kehamilan"),
)
"""What a PATCH does not take (6.3)."""
KOMORBID = tuple(f"komorbid_{number}_id" for number in (1, 2, 3, 4))


class Kematian(Record, kw_only=True):
    """One death."""

    nik: Annotated[str | None, JoiText(40, nullable=True), Personal(person=True), Label("NIK", "NIK")]
    nama: Annotated[str, JoiText(150), Personal(), Label("Nama", "Name")]
    jenis_kelamin: Annotated[str, JoiText(5), Label("Jenis kelamin", "Sex")]
    tanggal_lahir: Annotated[date, JoiDay(), Label("Tanggal lahir", "Birth date")]
    ktp_alamat: Annotated[str, JoiText(500), Personal(), Label("Alamat KTP", "Address on the id card")]
    ktp_kelurahan_id: Annotated[int, JoiId(of="regions"), Label("Kelurahan KTP", "Village on the id card")]
    ktp_kecamatan_id: Annotated[int, JoiId(of="regions"), Label("Kecamatan KTP", "District on the id card")]
    ktp_kab_kota_id: Annotated[int, JoiId(of="regions"), Label("Kabupaten/kota KTP", "Regency on the id card")]
    ktp_provinsi_id: Annotated[int, JoiId(of="regions"), Label("Provinsi KTP", "Province on the id card")]
    domisili_alamat: Annotated[str, JoiText(500), Personal(), Label("Alamat domisili", "Residence")]
    tanggal_masuk: Annotated[date, JoiDay(), Label("Tanggal masuk", "Admitted")]
    saturasi_oksigen: Annotated[float, JoiNumber(), Label("Saturasi oksigen", "Oxygen saturation")]
    tanggal_kematian: Annotated[date, JoiDay(), Label("Tanggal kematian", "Died")]
    lokasi_kematian_id: Annotated[int, JoiId(of="lokasikematian"), Label("Lokasi kematian", "Place of death")]
    penyebab_kematian_langsung_id: Annotated[
        str, JoiCode(of="penyebabkematianlangsung"), Label("Penyebab langsung", "Direct cause")
    ]
    kasus_kematian_id: Annotated[str, JoiCode(of="kasuskematian"), Label("Kasus kematian", "Case at death")]
    status_komorbid: Annotated[str, JoiText(5), Label("Status komorbid", "Has comorbidities")]
    komorbid_1_id: Annotated[str | None, JoiCode(nullable=True, of="komorbid"), Label("Komorbid 1", "Comorbidity 1")]
    komorbid_2_id: Annotated[str | None, JoiCode(nullable=True, of="komorbid"), Label("Komorbid 2", "Comorbidity 2")]
    komorbid_3_id: Annotated[str | None, JoiCode(nullable=True, of="komorbid"), Label("Komorbid 3", "Comorbidity 3")]
    komorbid_4_id: Annotated[str | None, JoiCode(nullable=True, of="komorbid"), Label("Komorbid 4", "Comorbidity 4")]
    status_kehamilan: Annotated[str, JoiText(5), Label("Status kehamilan", "Pregnant")]


def unlisted_cause(values: Row, at: At) -> Problem | None:
    """The cause must be on the list, whether or not that list is complete (6.2)."""
    cause = values["penyebab_kematian_langsung_id"]
    if cause in at.references["penyebabkematianlangsung"].entries:
        return None
    return Problem(member="penyebab_kematian_langsung_id", code="cause_of_death", detail={"cause": cause})


def odd_number(values: Row) -> Problem | None:
    """A NIK that has not 16 characters; the unidentified have none (6.2)."""
    number = values["nik"]
    return None if number is None or len(number) == 16 else Problem(member="nik", code="nik_length")


def broken_rule(values: Row, at: At) -> Problem | None:
    """The first rule that a death report breaks (6.2)."""
    problem = odd_number(values)
    if problem is not None:
        return problem
    if values["jenis_kelamin"] == "L" and values["status_kehamilan"] != "0":
        return Problem(member="status_kehamilan", code="pregnant_man")
    return None


def settle(values: Row) -> None:
    """Comorbidities are kept only where there are said to be some, in place."""
    if values["status_komorbid"] != "1":
        values |= dict.fromkeys(KOMORBID)


def shown_kematian(row: Row, report: Report[Any], at: At) -> dict[str, Any]:
    """A death as `GET /api/kematian` gives it (6.1)."""
    return {
        "id": row["id"],
        "nik": row["nik"],
        "tanggal_masuk": row["tanggal_masuk"].isoformat(),
        "saturasi_oksigen": shown_number(row["saturasi_oksigen"]),
        "tanggal_kematian": row["tanggal_kematian"].isoformat(),
        "lokasi_kematian": label(at, "lokasikematian", row["lokasi_kematian_id"]),
        "penyebab_kematian_langsung_id": row["penyebab_kematian_langsung_id"],
        "kasus_kematian": label(at, "kasuskematian", row["kasus_kematian_id"]),
        "status_komorbid": "tidak" if row["status_komorbid"] == "0" else "ya",
        **{name.removesuffix("_id"): row[name] for name in KOMORBID},
        "status_kehamilan": "tidak" if row["status_kehamilan"] == "0" else "ya",
    }


KEMATIAN = Report(
    name="kematian",
    title=Words("Kematian", "Deaths"),
    path="/kematian",
    root="data",
    record=Kematian,
    identity=Numbered("id", ("nik", "tanggal_kematian")),
    guide="III.A",
    shown=shown_kematian,
)
