"""`python -m bench.pages`: what each page costs, with 3,228 hospitals and a year of their data, beside an empty page.

A year of the daily kinds, forty rooms, staff, protective equipment and screenings of each hospital are written straight
into the tables; one of them has a year of journal lines too. Then the service runs, and every page that a role may open
is asked for, one request after the other. The target: p95 at most ten times that of an empty page of the same
framework: logged in, with menu and headers, and nothing in it. Beside it stands an answer of the bare library.
"""

import argparse
import http.client
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench import machine, measure, places
from rsonline.login.passwords import hash_password
from rsonline.reports import APD, NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, SDM, SHK, TEMPAT_TIDUR
from rsonline.reports.references import shipped
from rsonline.reports.report import Report, members
from rsonline.store import hospitals, migrate, people, sessions
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.columns import to_millis
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from rsonline.store.rows import shape_of
from rsonline.store.sqlite_engine import connect

HOSPITALS = 3228
DAYS = 365
ROOMS = 40
SCREENINGS = 50
TARGET = 10.0
REGENCIES = ("3273", "3404", "3578", "5171", "7371", "8171", "9171", "1271")
_AT_ONCE = 20_000
Values = tuple[Any, ...]


def codes(count: int) -> list[str]:
    """Codes of made-up hospitals in eight regencies."""
    return [f"{REGENCIES[n % len(REGENCIES)]}{n // len(REGENCIES) + 1:03}" for n in range(count)]


def put(database: Database, table: str, names: tuple[str, ...], rows: Iterable[Values]) -> None:
    """Write rows straight into a table."""
    marked = iter(rows)
    if database.embedded:
        file = connect(database.path)
        file.execute("PRAGMA synchronous=OFF")
        marks = ", ".join("?" * len(names))
        while batch := list(itertools.islice(marked, _AT_ONCE)):
            file.execute("BEGIN")
            quoted = ", ".join(f'"{n}"' for n in names)
            file.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", batch)  # noqa: S608 (fixed names)
            file.execute("COMMIT")
        file.close()
        return
    with psycopg.connect(database.url) as server:
        quoted = ", ".join(f'"{n}"' for n in names)
        with server.cursor().copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
            for row in marked:
                copy.write_row(row)


def year(database: Database, found: list[str], now: datetime, days: int) -> None:
    """A year of everything."""
    draw = random.Random(20260302)
    stamp = to_millis(now)

    def shown(day: date) -> object:
        return day.isoformat() if database.embedded else day

    def daily(report: Report[Any]) -> Iterator[Values]:
        width = len(_typed(report))
        for code in found:
            for back in range(days):
                day = now.date() - timedelta(days=back)
                at = stamp - back * 86_400_000
                yield (code, shown(day), *(draw.randrange(50) for _ in range(width)), at, 1, at, at)

    kinds: tuple[Report[Any], ...] = (OKSIGEN, PCR_NAKES, NAKES_TERINFEKSI)
    for kind in kinds:
        names = ("kode_rs", "tanggal", *_typed(kind), "tgllapor", "version", "received_at", "updated_at")
        put(database, kind.name, names, daily(kind))
    room_types = list(shipped()["tempat_tidur"].entries)
    rooms = (
        (
            code,
            n,
            room_types[n % len(room_types)],
            f"Ruang {n}",
            1,
            20,
            draw.randrange(22),
            *(0,) * 9,
            f"{n}",
            1,
            *_at(draw, stamp),
        )
        for code in found
        for n in range(ROOMS)
    )
    put(
        database,
        TEMPAT_TIDUR.name,
        (
            *("kode_rs", "id_t_tt", "id_tt", "ruang", "jumlah_ruang", "jumlah", "terpakai", "terpakai_suspek"),
            *("terpakai_konfirmasi", "antrian", "prepare", "prepare_plan", "covid", "terpakai_dbd"),
            *("terpakai_dbd_anak", "jumlah_dbd", "recognised", "version", "received_at", "updated_at"),
        ),
        rooms,
    )
    both: tuple[Report[Any], ...] = (SDM, APD)
    for report in both:
        of = list(shipped()[f"kebutuhan_{report.name}"].entries)
        names = ("kode_rs", "id_kebutuhan", "jumlah_eksisting", "jumlah", "jumlah_diterima")
        needs = ((code, item, 10, 12, 1, 1, stamp, stamp) for code in found for item in of)
        put(database, report.name, (*names, "version", "received_at", "updated_at"), needs)
    with transaction(database) as access:
        screened = list(screenings(access, found, now))
    columns = shape_of(SHK).columns
    put(database, SHK.name, columns, ((*(shown(v) if isinstance(v, date) else v for v in row),) for row in screened))


def _typed(report: Report[Any]) -> tuple[str, ...]:
    return tuple(m.name for m in members(report.record) if m.stored and m.name not in ("tanggal", "tgllapor"))


def _at(draw: random.Random, stamp: int) -> tuple[int, int]:
    at = stamp - draw.randrange(86_400_000)
    return at, at


def screenings(access: Access, found: list[str], now: datetime) -> Iterator[Values]:
    """Screenings; really sealed for the hospital that is looked at, as long as sealed ones for the others."""
    shape = shape_of(SHK)
    for code in found:
        for number in range(SCREENINGS):
            born = now.date() - timedelta(days=number * 7)
            row: dict[str, Any] = {
                "kode_rs": code,
                "id_shk": number + 1,
                "nik_ibu": f"9999{int(code):07}{number:05}",
                "nama_ibu": "Ibu Contoh",
                "nama_anak": f"By Ny Contoh {number}",
                "tgllahir": born,
                "gender": "Laki-Laki",
                "alamat": "Jalan Contoh 1",
                "provinsi": code[:2],
                "kabkota": code[:4],
                "kecamatan": "CONTOH",
                "tgl_ambil_sampel": born + timedelta(days=2),
                "version": 1,
                "received_at": now,
                "updated_at": now,
            }
            if code == found[0]:
                shape.find_again(SHK, row, access.vault)
                yield tuple(shape.values(row, access.vault))
            else:
                row["recognised"] = f"{code}{number}"
                for _, name, _ in shape.sealed:
                    row[name] = bytes(45) if row.get(name) is not None else None
                for column, member in shape.indexed:
                    row[column] = bytes(16) if row.get(member) is not None else None
                for position in shape.instants:
                    name = shape.columns[position]
                    row[name] = None if row.get(name) is None else to_millis(row[name])
                yield tuple(row.get(name) for name in shape.columns)


def staff(database: Database, code: str) -> dict[str, str]:
    """A person for each role, with a session that is whole; role → cookie."""
    by = Origin(OPERATOR, 0, "cli", source="cli")
    found = {}
    with transaction(database) as access:
        for role in people.ROLES:
            name = f"{role}-ukur"
            own = code if role in ("petugas", "admin-rs") else None
            region = "32" if role == "dinkes" else None
            people.add(access, by, name, "Orang Ukur", role, code=own, region=region, one_time="x" * 24)
            person = people.find(access, name)
            assert person is not None
            found[role] = sessions.open(access, person, datetime.now(UTC), second=True)
    return found


def asked(port: int, path: str, cookie: str | None, count: int) -> tuple[list[float], int]:
    """Milliseconds of so many requests one after the other, and the status of the last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Accept": "text/html"} | ({} if cookie is None else {"Cookie": f"__Host-rsonline={cookie}"})
    times, status = [], 0
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - begun) * 1000)
        status = answer.status
    connection.close()
    return times[count // 5 :], status


def counted(port: int, cookie: str, count: int) -> None:
    """Wait until the country was counted for the first time, and say how long that took."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        connection.request("GET", "/api/wawasan", headers={"Cookie": f"__Host-rsonline={cookie}"})
        told = json.loads(connection.getresponse().read())
        if told["lengkap"]:
            break
        time.sleep(1)
    connection.close()
    print(f"  {count:,} hospitals were counted for the first time in {time.perf_counter() - begun:.0f} s", flush=True)


def pages(today: str) -> Iterator[tuple[str, str]]:
    """Role and address of each page that shows data of the year."""
    day = f"/harian/nakes_terinfeksi/{today}"
    for path in (
        *("/beranda", "/harian/oksigen", f"/harian/oksigen/{today}", f"/harian/pcr_nakes/{today}", day),
        *("/terhapus", "/tempat-tidur", "/kebutuhan/sdm", "/kebutuhan/apd", "/shk", "/pasien", f"/antrian/{today}"),
    ):
        yield "petugas", path
    for path in ("/pengguna", "/integrasi", "/integrasi/panggilan"):
        yield "admin-rs", path
    for role in ("dinkes", "kemenkes"):
        yield role, "/beranda"
        yield role, "/rumah-sakit"
    for role in ("petugas", "dinkes", "kemenkes"):
        for path in ("/wawasan", "/wawasan/tempat_tidur_kosong", "/wawasan/shk_terlambat"):
            yield role, path
    yield "kemenkes", "/ketersediaan?wilayah=34"


def p95(times: list[float]) -> float:
    """The value that 95 of 100 requests keep below."""
    return sorted(times)[int(len(times) * 0.95)]


def main() -> int:
    """Measure and print; 1 where a page failed."""
    wanted = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    wanted.add_argument("--short", action="store_true", help="40 hospitals and 30 days: shows that it runs")
    wanted.add_argument("--requests", type=int, default=200)
    wanted.add_argument("--engine", choices=("sqlite", "postgresql"), help="only this one (default: what is there)")
    said = wanted.parse_args()
    count, days = (40, 30) if said.short else (HOSPITALS, DAYS)
    engines = [said.engine] if said.engine else ["sqlite", *(["postgresql"] if places.answers() else [])]
    failed = False
    for engine in engines:
        with (
            tempfile.TemporaryDirectory(prefix="rsonline-pages-") as name,
            places.empty(engine, Path(name) / "data") as database,
        ):
            failed |= measured(database, Path(name), engine, count, days, said.requests)
    return int(failed)


def measured(database: Database, folder: Path, engine: str, count: int, days: int, requests: int) -> bool:
    """One engine; whether a page failed."""
    migrate.upgrade(database)
    found, now = codes(count), datetime.now(UTC)
    hashed = hash_password("made-up-for-measuring-4711")
    with transaction(database) as access:
        for code in found:
            hospitals.add(access, code, f"RS Ukur {code}", "WIB", hashed)
    year(database, found, now, days)
    if not database.embedded:
        with psycopg.connect(database.url, autocommit=True) as server:
            server.execute("VACUUM ANALYZE")
    cookies = staff(database, found[0])
    core, _ = machine.cores()
    command = [sys.executable, "-m", "bench.served"]
    port, empty_port = measure.free_port(), measure.free_port()
    url = [] if database.embedded else [database.url]
    failed = False
    with (
        measure.running([*command, "empty", str(folder), str(empty_port), str(core)], empty_port, folder / "empty.log"),
        measure.running([*command, "full", str(folder / "data"), str(port), str(core), *url], port, folder / "log"),
    ):
        bare = p95(asked(empty_port, "/halaman", None, requests)[0])
        empty = p95(asked(port, "/kosong", cookies["petugas"], requests)[0])
        print(
            f"\n== {engine}: {count:,} hospitals, {days} days; an empty page: p95 {empty:.2f} ms"
            f" (an answer of the bare library: {bare:.2f} ms)",
            flush=True,
        )
        counted(port, cookies["kemenkes"], count)
        for role, path in pages(now.date().isoformat()):
            times, status = asked(port, path, cookies[role], requests)
            if status == 404:
                continue
            failed |= status != 200
            ratio = p95(times) / empty
            verdict = "met   " if ratio <= TARGET else "MISSED"
            beside = f"{ratio:5.1f} x ({p95(times) / bare:.0f} x)"
            print(
                f"  {verdict} {role:<9} {path:<36} p50 {statistics.median(times):7.2f}"
                f"  p95 {p95(times):7.2f} ms  {beside}{'' if status == 200 else f'  STATUS {status}'}",
                flush=True,
            )
    return failed


if __name__ == "__main__":
    sys.exit(main())
