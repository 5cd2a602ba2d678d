"""The demonstration: the real service, forty hospitals that do not exist, two weeks of history, live agents."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rsonline import logs
from rsonline.app import create_app, limits_of
from rsonline.demo import people, seed
from rsonline.demo.hospitals import places
from rsonline.service import connections
from rsonline.settings import Settings
from rsonline.store import migrate

HOST = "127.0.0.1"
_MARK = ".rsonline-demo"
_PASSWORDS = "kata-sandi.json"
_TOLD = "riwayat-sampai.json"
_AGENTS = "agen"


def run(data: Path, *, port: int, reset: bool, simulate: bool) -> int:
    """Serve the demonstration until Ctrl-C; the exit code. Only a folder that it made itself is reset or used."""
    signal.signal(signal.SIGTERM, _stop)
    if data.exists() and any(data.iterdir()) and not (data / _MARK).exists():
        print(f"Folder {data} sudah berisi data lain; sebutkan folder lain dengan --data.", file=sys.stderr)
        return 2
    if reset:
        _remove(data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / _MARK).touch()
    logs.configure("warning", "console")
    try:
        listening = _listen(port)
    except OSError as error:
        print(f"Porta {port} tidak dapat dipakai: {error}", file=sys.stderr)
        return 1
    settings = Settings(
        host=HOST, port=listening.getsockname()[1], data=data, connections_per_source=500, reference_page=True
    )
    administration = _listen(settings.port + 1)
    try:
        passwords = _prepare(settings, data)
        persons = people.add_people(settings.place, data)
        _serve(settings, (listening, administration), data / _PASSWORDS, passwords, persons, simulate)
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
        administration.close()
    print("\nPeragaan berhenti.")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _remove(data: Path) -> None:
    """Delete what the demonstration made, and nothing else."""
    if (data / _MARK).exists():
        for path in (
            *data.glob("rsonline.sqlite3*"),
            data / "keys.json",
            data / _PASSWORDS,
            data / _TOLD,
            data / "pengguna.json",
        ):
            path.unlink(missing_ok=True)
        shutil.rmtree(data / _AGENTS, ignore_errors=True)


def _listen(port: int) -> socket.socket:
    """The port that was asked for, or, where the usual one is taken, one of the next twenty."""
    for candidate in range(port, port + 20):
        try:
            return socket.create_server((HOST, candidate), backlog=2048)
        except OSError:
            if candidate == port + 19:
                raise
    raise OSError("no port is free")


def _prepare(settings: Settings, data: Path) -> dict[str, str]:
    """The hospitals' passwords, after the database and its history are there up to now."""
    migrate.upgrade(settings.place)
    keep, told = data / _PASSWORDS, data / _TOLD
    now = datetime.now(UTC)
    if keep.exists():
        passwords: dict[str, str] = json.loads(keep.read_text("utf-8"))
        last = datetime.fromisoformat(json.loads(told.read_text("utf-8"))) if told.exists() else now
    else:
        passwords = seed.add_hospitals(settings.place, keep)
        last = now - timedelta(days=seed.DAYS)
    missed = min((now.date() - last.date()).days, seed.DAYS)
    if missed > 0:
        columns = (TextColumn("Menyiapkan riwayat {task.fields[days]} hari"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None, days=missed)
            first = seed.first_day(now, missed)
            seed.seed(
                settings.place,
                now,
                first,
                missed + 1,
                lambda done, all_: bar.update(task, completed=done, total=all_),
            )
    told.write_text(json.dumps(now.isoformat()), "utf-8")
    return passwords


def _serve(
    settings: Settings,
    listening: tuple[socket.socket, socket.socket],
    keep: Path,
    passwords: dict[str, str],
    persons: dict[str, dict[str, str]],
    simulate: bool,
) -> None:
    application = create_app(settings)
    application.beside = connections.beside(application.admin, listening[1])
    admin_port = listening[1].getsockname()[1]
    server = connections.server(application, host=HOST, port=settings.port, limits=limits_of(settings))
    senders: list[subprocess.Popen[bytes]] = []

    def announce() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.05)
        if server.started:
            print(told(settings.port, admin_port, passwords, persons), flush=True)
            if simulate:
                for module, more in (("agents", [str(keep.parent / _AGENTS)]), ("simulator", [])):
                    words = [sys.executable, "-m", f"rsonline.demo.{module}", HOST, str(settings.port), str(keep)]
                    senders.append(subprocess.Popen([*words, *more]))  # noqa: S603 (our own modules and words)

    telling = threading.Thread(target=announce, daemon=True)
    telling.start()
    try:
        server.run(sockets=[listening[0]])
    finally:
        telling.join(timeout=5)
        for sender in senders:
            sender.terminate()
        for sender in senders:
            with contextlib.suppress(subprocess.TimeoutExpired):
                sender.wait(timeout=5)


def curl_lines(port: int, code: str, password: str, room: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Six lines to paste into bash, each with what it shows."""
    base = f"http://{HOST}:{port}/fo/index.php"
    head = f"-H 'X-rs-id: {code}' -H 'X-pass: {password}' -H \"X-Timestamp: $(date +%s)\""
    # The day is the hospital's, whatever zone the reader is in.
    oxygen = (
        '{"tanggal":"\'$(TZ=Asia/Jakarta date +%F)\'",'
        '"p_cair":"120","p_tabung_kecil":"890","k_isi_cair":"445","k_isi_tabung_besar":"6666.03"}'
    )
    broken = '{\n  "id_tt" : "3",\n  "ruang" : "Irina A atas (Bedah),\n  "jumlah_ruang" : "3"\n}'
    login = json.dumps({"kode_rs": code, "password": password})
    id_tt, ruang = room
    bed = json.dumps(
        {"id_tt": id_tt, "ruang": ruang, "jumlah_ruang": "1", "jumlah": "4", "terpakai": "2"}
        | {"prepare": "0", "prepare_plan": "0", "covid": "0"}
    )
    return (
        ("daftar jenis tempat tidur / bed types", f"curl -s {head} {base}/Referensi/tempat_tidur"),
        ("tempat tidur rumah sakit ini / its beds", f"curl -s {head} {base}/Fasyankes"),
        ("lapor oksigen hari ini / report today's oxygen", f"curl -s {head} {base}/Logistik/oksigen -d '{oxygen}'"),
        ("contoh panduan yang rusak / the guide's broken sample", f"curl -s {head} {base}/Fasyankes -d '{broken}'"),
        (
            "ubah satu ruang seperti contoh panduan / update a room",
            f"curl -s -X PUT {head} {base}/Fasyankes -d '{bed}'",
        ),
        (
            "pasien COVID-19: ambil token, lalu baca / COVID-19 patients: get a token, then read",
            f'curl -s http://{HOST}:{port}/api/laporancovid19versi3?limit=2 -H "Authorization: Bearer $('
            f"curl -s http://{HOST}:{port}/api/rslogin -H 'Content-Type: application/json' "
            f"-d '{login}' | sed 's/.*access_token\":\"//;s/\".*//')\"",
        ),
    )


def told(port: int, admin_port: int, passwords: dict[str, str], persons: dict[str, dict[str, str]]) -> str:
    """What is printed when the service answers."""
    place = next(p for p in places() if p.habit == "steady" and p.zone == "WIB")
    base, admin = f"http://{HOST}:{port}", f"http://{HOST}:{admin_port}"
    lines = [
        "",
        f"rsonline (peragaan / demonstration): {len(passwords)} rumah sakit tiruan, {seed.DAYS} hari riwayat.",
        f"  layanan / service    {base}/fo/index.php",
        f"  API pasien / patient API  {base}/api",
        f"  uraian / reference   {base}/docs   {base}/openapi.json",
        f"  keadaan / health     {base}/healthz   {admin}/readyz   {admin}/metrics",
        "",
        *people.told(base, persons),
        "",
        f"Rumah sakit / hospital: {place.name}",
        f"  X-rs-id: {place.code}",
        f"  X-pass:  {passwords[place.code]}",
        "",
        "Coba / try:",
    ]
    for number, (what, line) in enumerate(curl_lines(port, place.code, passwords[place.code], ("5", "Mawar 1")), 1):
        lines += [f"# {number}. {what}", line, ""]
    return "\n".join([*lines, "Ctrl-C untuk berhenti / to stop."])
