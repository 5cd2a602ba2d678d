"""Screening of newborns for congenital hypothyroidism: the sample and its results (guide IV)."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any

from rsonline.reports import nik
from rsonline.reports.fields import (
    Alias,
    At,
    Count,
    Day,
    Ignored,
    Label,
    Moment,
    OneOf,
    Owner,
    Personal,
    ServiceNumber,
    Text,
)
from rsonline.reports.report import Numbered, Record, Report, Row, as_sent
from rsonline.reports.verdict import ReportWarning, Words

PENGIRIM = Words("Pengirim", "Sender")
IBU = Words("Ibu", "Mother")
ANAK = Words("Anak", "Child")
ALAMAT = Words("Alamat", "Address")
SAMPEL = Words("Sampel", "Sample")
PERUJUK = Words("Perujuk", "Referrer")
PERIKSA = Words("Pemeriksaan", "Test")


def out_of_order(values: Row, names: tuple[str, ...]) -> Iterator[ReportWarning]:
    """A warning for each date that is earlier than one that should come before it."""
    known = [(name, values[name]) for name in names if values[name] is not None]
    for (before, first), (name, second) in pairwise(known):
        if second < first:
            yield ReportWarning(member=name, code="dates_out_of_order", detail={"before": before})


class Shk(Record, kw_only=True):
    """One newborn's sample."""

    koders: Annotated[
        str | None,
        Owner(),
        Label(
            "Kode RS",
            "Hospital code",
            None,
            PENGIRIM,
            Words("Kode RS pengirim, harus sama dengan X-rs-id", "Code of the sender, must equal X-rs-id"),
        ),
    ] = None
    nik_ibu: Annotated[
        str,
        Text(20, blank=True),
        Personal(person=True),
        Label(
            "NIK ibu",
            "NIK of the mother",
            None,
            IBU,
            Words(
                "NIK ibu; nol semua atau kosong bila tidak ada",
                "NIK of the mother; all zeros or empty if there is none",
            ),
        ),
    ]
    nama_ibu: Annotated[
        str,
        Text(150),
        Personal(),
        Label("Nama ibu", "Name of the mother", None, IBU, Words("Nama lengkap ibu", "Full name of the mother")),
    ]
    nik_anak: Annotated[
        str | None,
        Text(20),
        Personal(person=True),
        Label(
            "NIK anak",
            "NIK of the child",
            None,
            ANAK,
            Words("NIK anak bila sudah ada", "NIK of the child, if it has one"),
        ),
    ] = None
    nama_anak: Annotated[
        str | None,
        Text(150),
        Personal(),
        Label(
            "Nama anak",
            "Name of the child",
            None,
            ANAK,
            Words("Nama anak, misalnya By Ny", "Name of the child, for example By Ny"),
        ),
    ] = None
    tgllahir: Annotated[
        date,
        Day(ahead=1),
        Label("Tanggal lahir", "Birth date", None, ANAK, Words("Tanggal lahir anak", "Birth date of the child")),
    ]
    gender: Annotated[
        str,
        OneOf("gender"),
        Label("Jenis kelamin", "Sex", None, ANAK, Words("Laki-Laki atau Perempuan", "Laki-Laki or Perempuan")),
    ]
    umur: Annotated[
        int | None,
        Count(most=200),
        Label(
            "Umur",
            "Age",
            None,
            ANAK,
            Words(
                "Umur seperti dikirim; dihitung dari tanggal untuk analisis",
                "Age as sent; computed from dates for any analysis",
            ),
        ),
    ] = None
    alamat: Annotated[
        str,
        Text(500),
        Personal(),
        Label("Alamat", "Address", None, ALAMAT, Words("Alamat tempat tinggal", "Home address")),
    ]
    provinsi: Annotated[
        str,
        Text(13),
        Label("Provinsi", "Province", None, ALAMAT, Words("Kode provinsi dua angka", "Two-digit province code")),
    ]
    kabkota: Annotated[
        str,
        Text(13),
        Label(
            "Kabupaten/kota",
            "Regency",
            None,
            ALAMAT,
            Words("Kode kabupaten/kota empat angka", "Four-digit regency code"),
        ),
    ]
    kecamatan: Annotated[
        str,
        Text(100),
        Label("Kecamatan", "District", None, ALAMAT, Words("Nama atau kode kecamatan", "Name or code of the district")),
    ]
    tgl_ambil_sampel: Annotated[
        date,
        Day(),
        Alias("tgl_ambil_smpel"),
        Label(
            "Tanggal ambil sampel",
            "Sample taken",
            None,
            SAMPEL,
            Words("Hari sampel darah diambil", "Day the blood sample was taken"),
        ),
    ]
    tgl_kirim_sampel: Annotated[
        date,
        Day(),
        Label(
            "Tanggal kirim sampel",
            "Sample sent",
            None,
            SAMPEL,
            Words("Hari sampel dikirim ke laboratorium", "Day the sample was sent to the laboratory"),
        ),
    ]
    tgl_lapor: Annotated[
        date, Day(), Label("Tanggal lapor", "Reported", None, SAMPEL, Words("Hari laporan dibuat", "Day of the report"))
    ]
    kode_perujuk: Annotated[
        str | None,
        Text(20),
        Label(
            "Kode perujuk",
            "Referrer code",
            None,
            PERUJUK,
            Words("Kode fasyankes yang merujuk", "Code of the referring facility"),
        ),
    ] = None
    nama_fayankes_perujuk: Annotated[
        str | None,
        Text(150),
        Label(
            "Nama fasyankes perujuk",
            "Referrer",
            None,
            PERUJUK,
            Words("Nama fasyankes yang merujuk", "Name of the referring facility"),
        ),
    ] = None
    jenis_fasyankes: Annotated[
        str | None,
        OneOf("jenis_fasyankes"),
        Label(
            "Jenis fasyankes perujuk",
            "Kind of referrer",
            None,
            PERUJUK,
            Words("Jenis fasyankes yang merujuk", "Kind of the referring facility"),
        ),
    ] = None

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """Dates out of order, NIKs that are none or contradict the birth date, region or sex."""
        yield from out_of_order(values, ("tgllahir", "tgl_ambil_sampel", "tgl_kirim_sampel", "tgl_lapor"))
        yield from nik.odd_nik("nik_ibu", values["nik_ibu"])
        yield from nik.odd_nik(
            "nik_anak", values["nik_anak"], born=values["tgllahir"], girl=values["gender"] == "Perempuan"
        )
        yield from nik.odd_region(values)


class ShkHasil(Record, kw_only=True):
    """One laboratory result of a sample."""

    id_shk: Annotated[
        int,
        ServiceNumber(),
        Label(
            "Nomor SHK",
            "SHK number",
            None,
            PERIKSA,
            Words("Nomor rekaman SHK dari layanan", "Number of the SHK record"),
        ),
    ]
    jenis_pemeriksaan: Annotated[
        str,
        OneOf("jenis_pemeriksaan"),
        Label("Jenis pemeriksaan", "Test", None, PERIKSA, Words("1 TSH, 2 tes konfirmasi", "1 TSH, 2 confirmation")),
    ]
    nama_pemeriksaan: Annotated[
        str | None,
        Ignored(),
        Label(
            "Nama pemeriksaan",
            "Name of the test",
            None,
            PERIKSA,
            Words("Mengikuti jenis pemeriksaan, tidak disimpan", "Follows from the test, not kept"),
        ),
    ] = None
    hasil_pemeriksaan: Annotated[
        str,
        OneOf("hasil_pemeriksaan"),
        Label("Hasil pemeriksaan", "Result", None, PERIKSA, Words("Kode hasil", "Code of the result")),
    ]
    nama_hasil: Annotated[
        str | None,
        Ignored(),
        Label(
            "Nama hasil",
            "Name of the result",
            None,
            PERIKSA,
            Words("Mengikuti hasil pemeriksaan, tidak disimpan", "Follows from the result, not kept"),
        ),
    ] = None
    tgl_periksa: Annotated[
        date,
        Day(),
        Label("Tanggal periksa", "Tested", None, PERIKSA, Words("Hari sampel diperiksa", "Day of the test")),
    ]
    tgl_hasil: Annotated[
        date,
        Day(),
        Label(
            "Tanggal hasil", "Result known", None, PERIKSA, Words("Hari hasil diketahui", "Day the result was known")
        ),
    ]
    layak_sampel: Annotated[
        str | None,
        OneOf("layak_sampel"),
        Label(
            "Kelayakan sampel", "Fitness of the sample", None, SAMPEL, Words("1 ditolak, 2 layak", "1 rejected, 2 fit")
        ),
    ] = None
    id_layak: Annotated[
        str | None,
        Text(10),
        Label(
            "Kode kelayakan",
            "Fitness code",
            None,
            SAMPEL,
            Words("Kode kelayakan seperti dikirim", "Fitness code as sent"),
        ),
    ] = None
    tgl_terima: Annotated[
        date | None,
        Day(),
        Label(
            "Tanggal terima",
            "Received",
            None,
            SAMPEL,
            Words("Hari sampel diterima laboratorium", "Day the laboratory received the sample"),
        ),
    ] = None
    tgllapor: Annotated[
        datetime | None,
        Moment(),
        Label(
            "Waktu lapor",
            "Reported at",
            None,
            PERIKSA,
            Words("Waktu laporan menurut pengirim", "When the sender reported"),
        ),
    ] = None

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """Without `tgllapor` the report is of now."""
        if values["tgllapor"] is None:
            values["tgllapor"] = at.now

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """Dates out of order, a result that belongs to the other test."""
        yield from out_of_order(values, ("tgl_terima", "tgl_periksa", "tgl_hasil"))
        result = at.references["hasil_pemeriksaan"].entries.get(values["hasil_pemeriksaan"])
        if result and result.more.get("pemeriksaan", values["jenis_pemeriksaan"]) != values["jenis_pemeriksaan"]:
            yield ReportWarning(member="hasil_pemeriksaan", code="result_of_another_test")


def shown_shk(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """A record with the dates of its newest result; `dom_alamat` is how answers call `alamat` (wire 10)."""
    sent = as_sent(row, report, at)
    results = {
        name: None if row.get(name) is None else row[name].isoformat()
        for name in ("tgl_terima", "tgl_periksa", "tgl_hasil")
    }
    return {
        "id_shk": str(row["id_shk"]),
        "koders": at.hospital,
        "namars": at.name,
        **{name: sent[name] for name in ("nik_ibu", "nama_ibu", "nik_anak", "nama_anak", "tgllahir")},
        "dom_alamat": sent["alamat"],
        **{name: sent[name] for name in ("tgl_ambil_sampel", "tgl_kirim_sampel")},
        "tgl_terima_sampel": results["tgl_terima"],
        "tgl_pemeriksaan": results["tgl_periksa"],
        "tgl_hasil": results["tgl_hasil"],
        **{name: sent[name] for name in ("nama_fayankes_perujuk", "tgl_lapor", "kode_perujuk", "gender", "umur")},
        **{name: sent[name] for name in ("alamat", "provinsi", "kabkota", "kecamatan", "jenis_fasyankes")},
    }


def shown_result(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """A result with the names that follow from its codes."""
    sent = as_sent(row, report, at)
    test = at.references["jenis_pemeriksaan"].entries.get(row["jenis_pemeriksaan"])
    result = at.references["hasil_pemeriksaan"].entries.get(row["hasil_pemeriksaan"])
    return {
        "id_hasil": str(row["id_hasil"]),
        "id_shk": sent["id_shk"],
        "jenis_pemeriksaan": sent["jenis_pemeriksaan"],
        "nama_pemeriksaan": test.nama if test else None,
        "hasil_pemeriksaan": sent["hasil_pemeriksaan"],
        "nama_hasil": result.nama if result else None,
        **{
            name: sent[name]
            for name in ("tgl_periksa", "tgl_hasil", "layak_sampel", "id_layak", "tgl_terima", "tgllapor")
        },
    }


SHK = Report(
    name="shk",
    title=Words("Skrining hipotiroid kongenital", "Congenital hypothyroid screening"),
    path="/Pasien/shk",
    root="shk",
    record=Shk,
    identity=Numbered("id_shk", ("nik_ibu", "nama_anak", "tgllahir", "tgl_ambil_sampel")),
    guide="IV",
    shown=shown_shk,
)

SHK_HASIL = Report(
    name="shk_hasil",
    title=Words("Hasil laboratorium SHK", "Results of the screening"),
    path="/Pasien/hasilShk",
    root="shk",
    record=ShkHasil,
    identity=Numbered("id_hasil", ("id_shk", "jenis_pemeriksaan", "tgl_periksa"), parent="id_shk"),
    guide="IV",
    shown=shown_result,
)
