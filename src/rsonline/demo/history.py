"""Two weeks of reports that look like life, as messages in the order of their time; the same for the same day."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rsonline.demo.hospitals import SEED, Place
from rsonline.demo.patients import stays
from rsonline.reports import (
    ANTRIAN,
    ANTRIAN_TASK,
    APD,
    NAKES_TERINFEKSI,
    OKSIGEN,
    PCR_NAKES,
    SDM,
    SHK,
    SHK_HASIL,
    TEMPAT_TIDUR,
)
from rsonline.reports.kinds.nakes_terinfeksi import ROLES
from rsonline.reports.report import Report
from rsonline.store.hospitals import ZONES

SILENT_DAYS = 4
_WARDS = ("Mawar", "Melati", "Anggrek", "Dahlia", "Cempaka", "Kenanga", "Teratai", "Flamboyan")
_TYPES = ("5", "5", "5", "4", "4", "3", "3", "2", "1", "12", "14", "7", "38", "39", "36", "52", "28", "24")
_CLINICS = (("INT", "Penyakit Dalam"), ("ANA", "Anak"), ("OBG", "Kebidanan"), ("BED", "Bedah"), ("MAT", "Mata"))
_MOTHERS = ("Ibu Peragaan A", "Ibu Peragaan B", "Ibu Peragaan C", "Ibu Peragaan D", "Ibu Peragaan E")


class Message(NamedTuple):
    """What a hospital says at a moment. `after` names the SHK record or the patient that it belongs to."""

    at: datetime
    place: Place
    report: Report[Any]
    method: str
    sent: dict[str, object]
    after: str | None = None


def tell(place: Place, first: date, days: int, now: datetime) -> list[Message]:
    """Everything that one hospital said from `first` on, up to now, by time."""
    random, patients = Random(f"{SEED}-{place.code}"), Random(f"{SEED}-{place.code}-patients")
    zone = ZoneInfo(ZONES[place.zone])
    said: list[Message] = []
    rooms = _rooms(place, random)
    stock = random.uniform(800, 3000)
    for number in range(days):
        day = first + timedelta(days=number)
        morning = datetime(day.year, day.month, day.day, 7, random.randrange(60), tzinfo=zone)
        if number == 0:
            said += _first_day(place, rooms, morning, random)
        said += _beds(place, rooms, morning, number, random)
        used = random.uniform(40, 140) * (3 if place.habit == "dry" else 1)
        if place.habit != "dry" and stock < 500:
            stock += 2500
        stock = max(stock - used, 0)
        late = timedelta(days=1, hours=5) if place.habit == "late" else timedelta(hours=11)
        said += _daily(place, day, morning + late, used, stock, number, random)
        if place.clinics and day.weekday() < 6:
            said += _visits(place, day, zone, number, random)
        if number % 4 == int(place.code) % 4:
            said += _baby(place, day, morning, number, random)
        told = stays(place, day, morning, patients)
        said += [Message(at, place, report, method, sent, name) for at, report, method, sent, name in told]
    # Who is silent says nothing at all, not even of what was begun before.
    quiet = datetime.combine(first, datetime.min.time(), zone) + timedelta(days=days - SILENT_DAYS)
    until = quiet if place.habit == "silent" else now
    return sorted((m for m in said if m.at <= now and m.at < until), key=lambda m: m.at)


def _rooms(place: Place, random: Random) -> list[dict[str, Any]]:
    rooms = []
    for number in range(place.rooms):
        beds = random.randrange(2, 13)
        name = f"{_WARDS[number % len(_WARDS)]} {number // len(_WARDS) + 1}"
        rooms.append(
            {
                "id_tt": _TYPES[number % len(_TYPES)],
                "ruang": name,
                "jumlah_ruang": random.randrange(1, 5),
                "jumlah": beds,
            }
        )
    return rooms


def _occupied(room: dict[str, Any], number: int, random: Random) -> dict[str, object]:
    """A room's use: fuller in the week, sometimes beyond its beds."""
    rhythm = 0.7 + 0.12 * math.sin(number * 2 * math.pi / 7)
    used = round(room["jumlah"] * min(1.0, max(0.0, random.gauss(rhythm, 0.2))))
    if random.random() < 0.004:
        used = room["jumlah"] + 1
    covid = room["id_tt"] in ("24", "28")
    suspected = used // 3 if covid else 0
    return {
        **room,
        "terpakai": used,
        "terpakai_suspek": suspected,
        "terpakai_konfirmasi": used - suspected if covid else 0,
        "antrian": random.choice((0, 0, 0, 1, 2)) if used >= room["jumlah"] else 0,
        "terpakai_dbd": min(used, random.choice((0, 0, 0, 1, 2))),
    }


def _first_day(place: Place, rooms: list[dict[str, Any]], at: datetime, random: Random) -> Iterator[Message]:
    at -= timedelta(hours=1)
    for room in rooms:
        yield Message(at, place, TEMPAT_TIDUR, "POST", _occupied(room, 0, random))
    for report, ids in ((SDM, ("26", "27", "28")), (APD, ("1", "2", "3", "16"))):
        for each in ids:
            have = random.randrange(5, 200)
            need = random.randrange(0, 40)
            sent: dict[str, object] = {"id_kebutuhan": each, "jumlah_eksisting": have, "jumlah": need}
            yield Message(at, place, report, "POST", {**sent, "jumlah_diterima": random.randrange(0, need + 1)})


def _beds(place: Place, rooms: list[dict[str, Any]], at: datetime, number: int, random: Random) -> Iterator[Message]:
    if place.habit == "copies":
        # A program keeps the minute, and the nights.
        at = at.replace(minute=0)
    for hours in (0, 6, 12, 18) if place.habit == "copies" else (0, 6, 12):
        when = at + timedelta(hours=hours)
        for room in rooms:
            if place.habit == "copies" or random.random() < 0.5:
                # Who copies sends the same numbers again and again.
                same = Random(f"{place.code}-{room['ruang']}")
                yield Message(
                    when,
                    place,
                    TEMPAT_TIDUR,
                    "PUT",
                    _occupied(room, 0, same) if place.habit == "copies" else _occupied(room, number, random),
                )


def _daily(
    place: Place, day: date, at: datetime, used: float, stock: float, number: int, random: Random
) -> Iterator[Message]:
    oxygen = {"p_cair": used * 0.7, "p_tabung_kecil": used * 0.05, "p_tabung_besar": used * 0.25}
    left = {"k_isi_cair": stock * 0.8, "k_isi_tabung_kecil": stock * 0.05, "k_isi_tabung_besar": stock * 0.15}
    volumes = {k: f"{v:.2f}" for k, v in (oxygen | left).items()}
    yield Message(at, place, OKSIGEN, "POST", {"tanggal": day.isoformat(), **volumes})
    infected: dict[str, object] = {"tanggal": day.isoformat()}
    tested: dict[str, object] = {"tanggal": day.isoformat()}
    totals = {"rekap_jumlah_tenaga": 0, "rekap_jumlah_sudah_diperiksa": 0, "rekap_jumlah_hasil_pcr": 0}
    for role in ROLES:
        staff = 20 + place.rooms * (4 if role == "perawat" else 1)
        new = random.choice((0, 0, 0, 0, 1, 2))
        infected |= {
            role: new,
            f"{role}_meninggal": 0,
            f"{role}_dirawat": new // 2,
            f"{role}_isoman": new - new // 2,
            f"{role}_sembuh": 0,
        }
        written = "internship" if role == "intership" else role
        examined = random.randrange(0, staff // 4 + 1)
        positive = min(examined, new)
        tested |= {
            f"jumlah_tenaga_{written}": staff,
            f"sudah_periksa_{written}": examined,
            f"hasil_pcr_{written}": positive,
        }
        for name, value in zip(totals, (staff, examined, positive), strict=True):
            totals[name] += value
    yield Message(at + timedelta(minutes=3), place, NAKES_TERINFEKSI, "POST", infected)
    yield Message(at + timedelta(minutes=5), place, PCR_NAKES, "POST", tested | totals)


def _visits(place: Place, day: date, zone: ZoneInfo, number: int, random: Random) -> Iterator[Message]:
    """Bookings with the times of their steps: rush hour in the morning, waits that are long for a few."""
    for queue in range(1, 16):
        poli, name = random.choice(_CLINICS)
        arrived = datetime(day.year, day.month, day.day, 7, 30, tzinfo=zone) + timedelta(
            minutes=random.expovariate(1 / 90)
        )
        code = f"{place.code[-3:]}{day:%y%m%d}{queue:03}"
        booking: dict[str, object] = {
            "kodebooking": code,
            "jenispasien": random.choice(("JKN", "JKN", "JKN", "NON JKN")),
            "nik": f"9999{int(place.code) % 100:02}{day:%m%d}{queue:06}",
            "kodepoli": poli,
            "namapoli": name,
            "pasienbaru": random.choice((0, 0, 0, 1)),
            "norm": f"RM{queue:05}",
            "tanggalperiksa": day.isoformat(),
            "kodedokter": 9000 + queue % 4,
            "namadokter": f"dr. Peragaan {queue % 4 + 1}",
            "jampraktek": "08:00-12:00",
            "jeniskunjungan": random.choice((1, 3, 3, 4)),
            "nomorantrean": f"{poli}-{queue}",
            "angkaantrean": queue,
        }
        yield Message(arrived - timedelta(hours=1), place, ANTRIAN, "POST", booking)
        when = arrived
        if random.random() < 0.05:
            yield Message(
                when, place, ANTRIAN_TASK, "POST", {"kodebooking": code, "taskid": 99, "waktu": _millis(when)}
            )
            continue
        for task in range(1 if random.random() < 0.5 else 3, 8):
            yield Message(
                when, place, ANTRIAN_TASK, "POST", {"kodebooking": code, "taskid": task, "waktu": _millis(when)}
            )
            # Times made by a program are all alike.
            gap = 10.0 if place.habit == "robot" else random.lognormvariate(2.3, 0.7)
            when += timedelta(minutes=min(gap, 180))


def _baby(place: Place, day: date, at: datetime, number: int, random: Random) -> Iterator[Message]:
    mother = random.choice(_MOTHERS)
    born = day - timedelta(days=random.choice((2, 3)))
    girl = random.random() < 0.5
    key = f"{place.code}-{number}"
    sent: dict[str, object] = {
        "koders": place.code,
        "nik_ibu": "0" * 16 if random.random() < 0.2 else f"9999{int(place.code) % 100:02}010190{number:04}",
        "nama_ibu": mother,
        "nik_anak": "",
        "nama_anak": f"By Ny {mother.removeprefix('Ibu ')}",
        "tgllahir": born.isoformat(),
        "gender": "Perempuan" if girl else "Laki-Laki",
        "umur": 0,
        "alamat": f"Jalan Peragaan {number + 1}",
        "provinsi": "34",
        "kabkota": "3404",
        "kecamatan": "DEPOK",
        "tgl_ambil_sampel": day.isoformat(),
        "tgl_kirim_sampel": (day + timedelta(days=1)).isoformat(),
        "tgl_lapor": (day + timedelta(days=1)).isoformat(),
        "kode_perujuk": "",
        "nama_fayankes_perujuk": "",
        "jenis_fasyankes": "2",
    }
    told = at + timedelta(days=1)
    yield Message(told, place, SHK, "POST", sent, after=key)
    high = place.code in ("9900003", "9900021")
    if random.random() < 0.7 or high:
        unfit = random.random() < 0.06
        result: dict[str, object] = {
            "jenis_pemeriksaan": "1",
            "hasil_pemeriksaan": "2" if high else "1",
            "tgl_terima": (day + timedelta(days=3)).isoformat(),
            "tgl_periksa": (day + timedelta(days=4)).isoformat(),
            "tgl_hasil": (day + timedelta(days=5)).isoformat(),
            "layak_sampel": "1" if unfit else "2",
            "id_layak": "1" if unfit else "2",
        }
        yield Message(told + timedelta(days=4), place, SHK_HASIL, "POST", result, after=key)


def _millis(when: datetime) -> int:
    return int(when.astimezone(UTC).timestamp() * 1000)
