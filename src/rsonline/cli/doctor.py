"""`rsonline doctor`: why nothing arrives, in plain words, one line for each thing that can be wrong."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

import typer

from rsonline.cli import app
from rsonline.cli.line import (
    Address,
    AsJson,
    CaFile,
    Code,
    ConfigFile,
    Lang,
    PasswordFile,
    Place,
    Zone,
    client_at,
    knows_patients,
    patients_at,
    place_of,
    readable_by_others,
    say,
)

if TYPE_CHECKING:
    from rsonline.hospital.client import Client
    from rsonline.hospital.outcome import Outcome

PATIENCE = 10.0
SOON = 14 * 86_400
"""Seconds before the end of a certificate when it is worth a word."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warn", "fail"]
    text: str


@app.command()
def doctor(
    ctx: typer.Context,
    config: ConfigFile = None,
    address: Address = "",
    code: Code = "",
    password_file: PasswordFile = None,
    ca_file: CaFile = None,
    zone: Zone = "",
    lang: Lang = "id",
    as_json: AsJson = False,
) -> None:
    """Periksa alamat, TLS, jam, kata sandi, berkas, API pasien. Kode 0 baik, 2 ada peringatan, 1 ada yang salah."""
    place = place_of(lang, config, address, code, zone, password_file, ca_file)
    found = list(examined(place, lang))
    if knows_patients(config):
        found.append(_patients(ctx, lang))
    if as_json:
        typer.echo(json.dumps([each._asdict() for each in found], ensure_ascii=False))
    else:
        words = {"ok": "baik ", "warn": "awas ", "fail": "SALAH"} if lang != "en" else {}
        for each in found:
            typer.echo(f"{words.get(each.state, each.state.ljust(5))}  {each.what}: {each.text}")
    states = {each.state for each in found}
    raise typer.Exit(1 if "fail" in states else 2 if "warn" in states else 0)


def examined(place: Place, lang: str) -> Iterator[Finding]:
    """Everything that can be looked at, from near to far; ends where nothing further can be told."""
    yield from _files(place, lang)
    parts = urlsplit(place.address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    what = say(lang, "alamat", "address")
    try:
        socket.getaddrinfo(host, port)
        begun = time.monotonic()
        with socket.create_connection((host, port), timeout=PATIENCE):
            took = time.monotonic() - begun
    except socket.gaierror as error:
        text = say(lang, "nama tidak dikenal (DNS)", "the name is not known (DNS)")
        yield Finding(what, "fail", f"{host}: {text}: {error.strerror}")
        return
    except OSError as error:
        text = say(
            lang, "tidak terjangkau; periksa jaringan dan tembok api", "out of reach; look at network and firewall"
        )
        yield Finding(what, "fail", f"{host}:{port} {text}: {error.strerror or type(error).__name__}")
        return
    yield Finding(
        what,
        "ok",
        say(
            lang, f"{host}:{port} menjawab dalam {took * 1000:.0f} ms", f"{host}:{port} answers in {took * 1000:.0f} ms"
        ),
    )
    if parts.scheme == "https":
        finding = _tls(host, port, place, lang)
        yield finding
        if finding.state == "fail":
            return
    if place.password_file is not None and not place.password_file.exists():
        return
    with client_at(place, lang, retries=1) as client:
        yield from _service(client, lang)


def _patients(ctx: typer.Context, lang: str) -> Finding:
    """Whether its account is let in; a list is asked for, since reading a patient would leave a line about a person."""
    from rsonline.hospital.outcome import Failed

    what = say(lang, "API pasien", "patient API")
    try:
        with patients_at(ctx, lang, by_options=False) as patients:
            count = len(patients.reference("pekerjaan"))
    except typer.Exit:
        # What cannot be used was named; the other findings are not to be lost with it.
        return Finding(what, "fail", say(lang, "setelannya tidak dapat dipakai", "its settings cannot be used"))
    except Failed as failed:
        return Finding(what, "fail", _why(failed.outcome, lang))
    return Finding(what, "ok", say(lang, f"diterima; {count} pekerjaan dibaca", f"accepted; {count} occupations read"))


def _why(outcome: "Outcome", lang: str) -> str:
    """What to do about an outcome, and what the service said."""
    advice = {
        "credentials": say(lang, "kode atau kata sandi salah", "code or password is wrong"),
        "token": say(lang, "akun tidak diterima", "the account is not let in"),
        "clock": say(lang, "jam yang dikirim ditolak", "the time that was sent is refused"),
        "address": say(lang, "alamat IP rumah sakit belum terdaftar", "the hospital's IP address is not registered"),
        "not_reached": say(lang, "tidak terjangkau", "out of reach"),
    }
    wrong = say(lang, "layanan tidak menjawab dengan benar", "the service does not answer as it should")
    why = str(getattr(outcome, "why", ""))
    return f"{advice.get(why, wrong)}: {getattr(outcome, 'said', '') or why}"


def _files(place: Place, lang: str) -> Iterator[Finding]:
    what = say(lang, "berkas kata sandi", "password file")
    if place.password_file is None:
        return
    if not place.password_file.exists():
        yield Finding(what, "fail", f"{place.password_file}: {say(lang, 'tidak ada', 'is not there')}")
    elif readable_by_others(place.password_file):
        text = say(lang, "dapat dibaca pengguna lain: chmod 600", "can be read by others: chmod 600")
        yield Finding(what, "warn", f"{place.password_file} {text}")
    else:
        yield Finding(what, "ok", say(lang, "hanya dibaca pemiliknya", "read by its owner only"))


def _tls(host: str, port: int, place: Place, lang: str) -> Finding:
    from rsonline.hospital.line import trust

    try:
        context = trust(place.ca_file)
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
            version = secured.version()
    except ssl.SSLCertVerificationError as error:
        advice = say(
            lang,
            "sertifikat tidak sah dan pemeriksaan tidak dapat dimatikan. Bila rumah sakit memakai otoritas sendiri,"
            " tambahkan berkasnya dengan --ca-file; bila jam mesin ini salah, betulkan",
            "the certificate does not hold, and the check cannot be turned off. Add an authority of your own with"
            " --ca-file; set the clock of this machine where it is wrong",
        )
        return Finding("TLS", "fail", f"{error.verify_message}: {advice}")
    except (OSError, ssl.SSLError) as error:
        return Finding("TLS", "fail", f"{type(error).__name__}: {error}"[:300])
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    day = datetime.fromtimestamp(ends, UTC).date().isoformat()
    text = say(lang, f"{version}, sertifikat berlaku sampai {day}", f"{version}, the certificate ends on {day}")
    return Finding("TLS", "warn" if ends - time.time() < SOON else "ok", text)


def _service(client: "Client", lang: str) -> Iterator[Finding]:
    from rsonline.hospital.outcome import Failed, LockedOut

    keys = client.discover()
    login = say(lang, "kata sandi", "password")
    try:
        count = len(client.reference("tempat_tidur"))
        yield Finding(
            login, "ok", say(lang, f"diterima; {count} jenis tempat tidur dibaca", f"accepted; {count} bed types read")
        )
    except Failed as failed:
        outcome = failed.outcome
        where = login if isinstance(outcome, LockedOut) else say(lang, "layanan", "service")
        yield Finding(where, "fail", _why(outcome, lang))
    skew = client.side.skew
    clock = say(lang, "jam", "clock")
    if abs(skew) < 60:
        yield Finding(clock, "ok", say(lang, f"selisih {skew:+.0f} detik", f"{skew:+.0f} seconds apart"))
    else:
        text = say(
            lang,
            f"jam mesin ini selisih {skew:+.0f} detik dari layanan; agen menyesuaikan diri, program lain mungkin tidak:"
            " pasang NTP",
            f"this machine's clock is {skew:+.0f} seconds from the service's; the agent adjusts, other programs may"
            " not: use NTP",
        )
        yield Finding(clock, "warn", text)
    text = (
        say(lang, "dikenal: mengirim ulang tidak menggandakan", "known: sending again doubles nothing")
        if keys
        else say(
            lang,
            "tidak dikenal: yang tidak pasti dibaca kembali dahulu",
            "not known: what is uncertain is read back first",
        )
    )
    yield Finding("Idempotency-Key", "ok", text)
