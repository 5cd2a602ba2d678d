"""The words of the wire: one table, so that a later finding about the real service changes no code.

Clients match them. `disimpan` stands as a word of its own, `sudah ada.` keeps its full stop, a put-miss ends with
`POST`, and no success sentence holds POST, PUT, gagal or error (wire 1.7).
"""

import re
from typing import Any, Final

from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Report, Row, Steps
from rsonline.reports.verdict import Words

NOUNS: Final[dict[str, str]] = {
    "tempat_tidur": "tempat tidur",
    "sdm": "kebutuhan sdm",
    "apd": "kebutuhan apd",
    "pcr_nakes": "PCR nakes",
    "nakes_terinfeksi": "harian nakes terinfeksi",
    "shk": "shk",
    "shk_hasil": "hasil shk",
    "antrian": "antrian",
    "antrian_task": "task",
}
"""What a record is called in a sentence; a kind that is not here goes by its title."""

ENDINGS: Final = {
    "saved": "telah disimpan",
    "updated": "telah diupdate",
    "removed": "telah dihapus",
    "exists": "sudah ada. Gunakan method PUT",
    "missing": "belum ada di database, gunakan method POST",
    "unknown": "tidak ditemukan",
    "conflict": "sudah ada. Data tidak diubah",
}
STATUS: Final = {
    "saved": 200,
    "updated": 200,
    "removed": 200,
    "exists": 200,
    "missing": 200,
    "unknown": 404,
    "conflict": 409,
    "refused": 422,
}
"""HTTP status and the status in the body of each outcome. 200 for a refused duplicate is odd; clients depend on it."""

DOING: Final = {
    "GET": Words("gagal dibaca", "was not read"),
    "POST": Words("gagal disimpan", "was not stored"),
    "PUT": Words("gagal diupdate", "was not changed"),
    "DELETE": Words("gagal dihapus", "was not removed"),
}

NO_DATA: Final = "Data tidak ditemukan"
TIMESTAMP_EXPIRED: Final = "Timestamp expired"

REASONS: Final[dict[str, Words]] = {
    "credentials": Words("X-rs-id atau X-pass salah", "X-rs-id or X-pass is wrong"),
    "header_missing": Words("Header {header} tidak disertakan", "Header {header} is missing"),
    "header_repeated": Words("Header {header} dikirim lebih dari sekali", "Header {header} was sent more than once"),
    "header_malformed": Words("Isi header {header} tidak sah", "Header {header} is malformed"),
    "timestamp_unreadable": Words(
        "X-Timestamp tidak terbaca: kirim detik UTC sejak 1970",
        "X-Timestamp cannot be read: send UTC seconds since 1970",
    ),
    "key_as_password": Words(
        "Ini kunci tanda tangan, bukan kata sandi: jangan pernah dikirim, dan gantilah kunci ini",
        "This is a signing key, not a password: never send it, and replace this key",
    ),
    "signature_required": Words(
        "Rumah sakit ini hanya menerima permintaan bertanda tangan, bukan X-pass",
        "This hospital takes signed requests only, no X-pass",
    ),
    "signature_malformed": Words("Header {header} tidak sah: {id}", "Header {header} is malformed: {en}"),
    "signature": Words(
        "Tanda tangan tidak cocok dengan kunci rumah sakit ini",
        "The signature is not that of a valid key of this hospital",
    ),
    "signature_body": Words(
        "Isi permintaan bukan yang ditandatangani (Content-Digest)",
        "The body is not the one that was signed (Content-Digest)",
    ),
    "signature_expired": Words(
        "Tanda tangan dibuat lebih dari 5 menit dari jam layanan ({now})",
        "The signature was made more than 5 minutes from this service's time ({now})",
    ),
    "nonce_used": Words(
        "Permintaan dengan nonce ini sudah diterima: tanda tangani setiap permintaan dengan nonce baru",
        "A request with this nonce was accepted before: sign each request with a new nonce",
    ),
    "too_many": Words("Terlalu banyak percobaan gagal, coba lagi nanti", "Too many failed attempts, try again later"),
    "tls": Words(
        "Pakai https, bukan http. Kata sandi ini sudah terkirim tanpa enkripsi: mintalah yang baru",
        "Use https, not http. This password was sent without encryption: ask for a new one",
    ),
    "tls_unknown": Words(
        "Proksi layanan tidak mengatakan apakah permintaan ini memakai https (X-Forwarded-Proto)",
        "The service's proxy does not say whether this request came by https (X-Forwarded-Proto)",
    ),
    "busy": Words("Layanan sedang sibuk, coba lagi", "The service is busy, try again"),
    "full": Words("Penyimpanan layanan penuh, data gagal disimpan", "The service has no room left, nothing was stored"),
    "not_found": Words("Alamat tidak dikenal: {path}", "Unknown address: {path}"),
    "method": Words("Metode {method} tidak tersedia di alamat ini", "Method {method} is not offered here"),
    "task_delete": Words(
        "Waktu pelayanan tidak boleh dihapus, hanya dibatalkan dengan mengirim task 99",
        "Recorded times cannot be deleted, only cancelled by sending task 99",
    ),
    "too_large": Words("Isi permintaan gagal dibaca: lebih dari {most} byte", "The body is larger than {most} bytes"),
    "encoding": Words("Content-Encoding tidak didukung", "Content-Encoding is not supported"),
    "internal": Words("Terjadi gangguan di layanan, data gagal diproses", "The service failed, nothing was processed"),
    "query": Words("Isian di belakang alamat gagal dibaca", "The query of the address cannot be read"),
    "key_running": Words(
        "Permintaan dengan Idempotency-Key ini sedang diproses, coba lagi nanti",
        "The request with this Idempotency-Key is still being carried out, try again later",
    ),
    "key_reused": Words(
        "Idempotency-Key ini sudah dipakai untuk isi yang berbeda: pakai kunci baru",
        "This Idempotency-Key was used for another body: use a new key",
    ),
    "host": Words("Nama host tidak dikenal", "Unknown host name"),
}

_STEERING = re.compile(r"PUT|POST|DELETE")


def echo(text: object) -> str:
    """A name from outside inside a sentence. One client repeats a request when it reads POST or PUT in capitals."""
    return _STEERING.sub(lambda m: m[0].capitalize(), str(text))


def noun(report: Report[Any]) -> str:
    """What a record of this kind is called in a sentence."""
    return NOUNS.get(report.name, report.title.id.lower())


def subject(report: Report[Any], row: Row, kind: str) -> str:
    """`Data tempat tidur dengan id_tt 5 di ruangan Mawar`: what a sentence about a record begins with."""
    begin = f"Data {noun(report)}"
    match report.identity:
        case PerDay(day):
            return f"{begin} tanggal {row[day]}"
        case PerItem(item, _):
            return f"{begin} dengan {item} {echo(row[item])}"
        case Named(name, _):
            return f"{begin} dengan {name} {echo(row[name])}"
        case Steps(parent, step):
            return f"{begin} {echo(row[step])} untuk {parent} {echo(row[parent])}"
        case Numbered(number, _, _, _):
            by_room = report.name == "tempat_tidur" and (
                kind in ("saved", "updated", "exists", "missing", "conflict") or row.get(number) is None
            )
            if by_room:
                return f"{begin} dengan id_tt {row.get('id_tt')} di ruangan {echo(row.get('ruang') or '')}".rstrip()
            return f"{begin} dengan {number} {row.get(number)}"


def sentence(report: Report[Any], row: Row, kind: str) -> str:
    """The whole sentence of an outcome that is not a refusal."""
    return f"{subject(report, row, kind)} {ENDINGS[kind]}"
