"""Outpatient waiting times: bookings and the times of their steps (guide V)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from rsonline.reports import nik
from rsonline.reports.fields import Alias, At, Count, Day, Flag, Label, Milliseconds, OneOf, Personal, Text
from rsonline.reports.kinds.tempat_tidur import server_clock
from rsonline.reports.report import Named, Record, Report, Row, Steps, as_sent
from rsonline.reports.verdict import ReportWarning, Words

BOOKING = Words("Booking", "Booking")
PASIEN = Words("Pasien", "Patient")
POLI = Words("Poli", "Clinic")
KUOTA = Words("Kuota", "Quota")
AHEAD_OF_CLOCK = timedelta(minutes=5)


class Antrian(Record, kw_only=True):
    """One booking."""

    kodebooking: Annotated[
        str,
        Text(100),
        Personal(),
        Label(
            "Kode booking",
            "Booking code",
            None,
            BOOKING,
            Words("Kode unik yang dibuat rumah sakit", "Unique code that the hospital makes"),
        ),
    ]
    jenispasien: Annotated[
        str,
        OneOf("jenispasien"),
        Label("Jenis pasien", "Payer", None, PASIEN, Words("JKN atau NON JKN", "JKN or NON JKN")),
    ]
    nik: Annotated[
        str | None,
        Text(20),
        Personal(person=True),
        Label("NIK", "NIK", None, PASIEN, Words("NIK pasien", "NIK of the patient")),
    ] = None
    kodepoli: Annotated[
        str, Text(20), Label("Kode poli", "Clinic code", None, POLI, Words("Kode poli BPJS", "BPJS code of the clinic"))
    ]
    namapoli: Annotated[
        str | None, Text(100), Label("Nama poli", "Clinic", None, POLI, Words("Nama poli", "Name of the clinic"))
    ] = None
    pasienbaru: Annotated[
        int | None, Flag(), Label("Pasien baru", "New patient", None, PASIEN, Words("1 baru, 0 lama", "1 new, 0 known"))
    ] = None
    norm: Annotated[
        str | None,
        Text(50),
        Personal(),
        Label(
            "Nomor rekam medis",
            "Medical record number",
            None,
            PASIEN,
            Words("Nomor rekam medis pasien", "Medical record number of the patient"),
        ),
    ] = None
    tanggalperiksa: Annotated[
        date,
        Day(),
        Label("Tanggal periksa", "Day of the visit", None, BOOKING, Words("Hari pasien diperiksa", "Day of the visit")),
    ]
    kodedokter: Annotated[
        str | None,
        Text(20),
        Label("Kode dokter", "Doctor code", None, POLI, Words("Kode dokter BPJS", "BPJS code of the doctor")),
    ] = None
    namadokter: Annotated[
        str | None,
        Text(150),
        Personal(),
        Label("Nama dokter", "Doctor", None, POLI, Words("Nama dokter", "Name of the doctor")),
    ] = None
    jampraktek: Annotated[
        str | None,
        Text(30),
        Label(
            "Jam praktek",
            "Practice hours",
            None,
            POLI,
            Words("Jam praktek, misalnya 08:00-12:00", "Practice hours, for example 08:00-12:00"),
        ),
    ] = None
    jampraktekawal: Annotated[
        str | None,
        Text(30),
        Label(
            "Awal praktek", "Practice begins", None, POLI, Words("Awal jam praktek", "Beginning of the practice hours")
        ),
    ] = None
    jampraktekakhir: Annotated[
        str | None,
        Text(30),
        Label("Akhir praktek", "Practice ends", None, POLI, Words("Akhir jam praktek", "End of the practice hours")),
    ] = None
    jeniskunjungan: Annotated[
        str | None,
        OneOf("jeniskunjungan"),
        Label(
            "Jenis kunjungan", "Kind of visit", None, BOOKING, Words("Rujukan atau kontrol", "Referral or follow-up")
        ),
    ] = None
    nomorreferensi: Annotated[
        str | None,
        Text(50),
        Personal(),
        Label(
            "Nomor referensi",
            "Referral number",
            None,
            BOOKING,
            Words("Nomor rujukan atau kontrol JKN", "Referral or follow-up number"),
        ),
    ] = None
    nomorantrean: Annotated[
        str | None,
        Text(30),
        Label(
            "Nomor antrean", "Queue number", None, BOOKING, Words("Nomor antrean pasien", "Queue number of the patient")
        ),
    ] = None
    angkaantrean: Annotated[
        int | None,
        Count(),
        Label("Angka antrean", "Queue position", None, BOOKING, Words("Angka antrean", "Position in the queue")),
    ] = None
    estimasidilayani: Annotated[
        datetime | None,
        Milliseconds(),
        Alias("estimasi dilayani"),
        Label(
            "Estimasi dilayani",
            "Estimated service",
            None,
            BOOKING,
            Words(
                "Perkiraan waktu dilayani, milidetik sejak 1970", "Estimated time of service, milliseconds since 1970"
            ),
        ),
    ] = None
    sisakuotajkn: Annotated[
        int | None,
        Count(),
        Label("Sisa kuota JKN", "JKN quota left", None, KUOTA, Words("Sisa kuota JKN", "Quota left for JKN")),
    ] = None
    kuotajkn: Annotated[
        int | None, Count(), Label("Kuota JKN", "JKN quota", None, KUOTA, Words("Kuota JKN", "Quota for JKN"))
    ] = None
    sisakuotanonjkn: Annotated[
        int | None,
        Count(),
        Label(
            "Sisa kuota non JKN", "Other quota left", None, KUOTA, Words("Sisa kuota non JKN", "Quota left for others")
        ),
    ] = None
    kuotanonjkn: Annotated[
        int | None,
        Count(),
        Label("Kuota non JKN", "Other quota", None, KUOTA, Words("Kuota non JKN", "Quota for others")),
    ] = None
    keterangan: Annotated[
        str | None,
        Text(500),
        Label("Keterangan", "Note", None, BOOKING, Words("Informasi untuk pasien", "Information for the patient")),
    ] = None

    @staticmethod
    def settle(values: Row, at: At) -> None:
        """`jampraktek` is `08:00-12:00` or one time; what is stored are its two ends."""
        hours = values["jampraktek"] or ""
        # More than one hyphen is a date, not two times.
        begin, _, end = hours.partition("-") if hours.count("-") == 1 else (hours, "", "")
        values["jampraktekawal"] = begin.strip() or values["jampraktekawal"]
        values["jampraktekakhir"] = end.strip() or values["jampraktekakhir"]
        # Kept beside its ends, an old `jampraktek` could not be told from a new one when a message changes the hours.
        values["jampraktek"] = None

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """A NIK that is none."""
        yield from nik.odd_nik("nik", values["nik"])


class AntrianTask(Record, kw_only=True):
    """The time of one step of a booking."""

    kodebooking: Annotated[
        str,
        Text(100),
        Personal(),
        Label(
            "Kode booking",
            "Booking code",
            meaning=Words("Kode booking yang sudah dikirim", "Code of a booking that was sent"),
        ),
    ]
    taskid: Annotated[
        str,
        OneOf("taskid"),
        Label("Task", "Step", meaning=Words("Titik pelayanan, 1 sampai 7 atau 99", "Point of service, 1 to 7 or 99")),
    ]
    waktu: Annotated[
        datetime,
        Milliseconds(),
        Label(
            "Waktu",
            "Time",
            "ms",
            meaning=Words("Waktu titik pelayanan, milidetik sejak 1970", "Time of the step, milliseconds since 1970"),
        ),
    ]

    @staticmethod
    def odd(values: Row, at: At) -> Iterator[ReportWarning]:
        """A time that has not come yet."""
        if values["waktu"] > at.now + AHEAD_OF_CLOCK:
            yield ReportWarning(member="waktu", code="task_in_future")


def shown_booking(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """The keys of stored bookings (wire 12): the names of clinic and doctor are taken but not given."""
    sent = as_sent(row, report, at)
    return {
        # The hospital's own code is the key; there is no other number to give.
        "antrianid": sent["kodebooking"],
        "koders": at.hospital,
        **{name: sent[name] for name in ("kodebooking", "jenispasien", "nik")},
        "idpoli": sent["kodepoli"],
        **{name: sent[name] for name in ("kodepoli", "pasienbaru", "norm", "tanggalperiksa", "kodedokter")},
        **{name: sent[name] for name in ("jampraktekawal", "jampraktekakhir", "jeniskunjungan", "nomorantrean")},
        **{name: sent[name] for name in ("angkaantrean", "estimasidilayani", "sisakuotajkn", "kuotajkn")},
        **{name: sent[name] for name in ("sisakuotanonjkn", "kuotanonjkn", "nomorreferensi", "keterangan")},
        "tglupdate": server_clock(row["updated_at"]),
    }


def shown_mark(row: Row, report: Report[Any], at: At) -> dict[str, str | None]:
    """A time with the name of its step."""
    sent = as_sent(row, report, at)
    step = at.references["taskid"].entries.get(row["taskid"])
    return {
        "kodebooking": sent["kodebooking"],
        "taskid": sent["taskid"],
        "nama": step.nama if step else None,
        "waktu": sent["waktu"],
    }


ANTRIAN = Report(
    name="antrian",
    title=Words("Booking rawat jalan", "Outpatient bookings"),
    path="/Antrian",
    root="antrian",
    record=Antrian,
    identity=Named("kodebooking", day="tanggalperiksa"),
    guide="V.A",
    shown=shown_booking,
)

ANTRIAN_TASK = Report(
    name="antrian_task",
    title=Words("Waktu pelayanan", "Times of service"),
    path="/Antrian/Task",
    root="task",
    record=AntrianTask,
    identity=Steps("kodebooking", "taskid"),
    guide="V.B",
    shown=shown_mark,
)
