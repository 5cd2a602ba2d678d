"""Answers that say less than they seem to: what a server, a proxy or a portal may send instead of the truth."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import httpx

ROOM = {"id_tt": "5", "ruang": "Mawar", "jumlah_ruang": "1", "jumlah": "2", "terpakai": "1"}
SAVED = "Data tempat tidur dengan id_tt 5 di ruangan Mawar telah disimpan"
CHANGED = "Data tempat tidur dengan id_tt 5 di ruangan Mawar telah diupdate"


class Lie(NamedTuple):
    """An answer, and the outcomes that are right."""

    name: str
    status: int
    body: bytes
    right: tuple[str, ...]
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def response(self) -> httpx.Response:
        return httpx.Response(self.status, content=self.body, headers=self.headers)


def said(*elements: object, root: str = "fasyankes") -> bytes:
    """A body in the guide's envelope."""
    return json.dumps({root: list(elements)}).encode()


def element(status: object, message: object = SAVED, **more: object) -> bytes:
    """One outcome element."""
    return said({"status": status, "message": message, **more})


EXPIRED = json.dumps({"response": "Timestamp expired"})
LIES = (
    # Inner errors in an HTTP 200.
    Lie("inner_500_text", 200, element("500", "Internal error"), ("Unknown",)),
    Lie("inner_422_text", 200, element("422", "gagal: jumlah wajib diisi"), ("Refused",)),
    Lie("inner_422_number", 200, element(422, "gagal"), ("Refused",)),
    Lie("inner_404_number", 200, element(404, "tidak ditemukan"), ("Refused",)),
    Lie("inner_503", 200, element("503", "sibuk"), ("Later",)),
    Lie("inner_401", 200, element("401", "X-pass salah"), ("LockedOut",)),
    Lie("expired_inside", 200, element("200", EXPIRED), ("LockedOut",)),
    Lie("expired_at_the_top", 200, json.dumps({"status": "400", "message": EXPIRED}).encode(), ("LockedOut",)),
    Lie(
        "berhasil_with_errors", 200, element("200", "BERHASIL", errors=[{"field": "jumlah", "code": "x"}]), ("Refused",)
    ),
    Lie("berhasil_with_error", 200, element("200", "BERHASIL", error="disk full"), ("Refused",)),
    Lie("status_200_words_fail", 200, element("200", "Data gagal disimpan"), ("Refused",)),
    Lie("status_200_error_word", 200, element("200", "SQL Error near 'x'"), ("Refused",)),
    Lie("status_200_not_stored", 200, element("200", "Data tidak disimpan"), ("Refused",)),
    Lie("duplicate", 200, element("200", "Data … sudah ada. Gunakan method PUT"), ("Refused",)),
    Lie("put_miss", 200, element("200", "belum ada di database, gunakan method POST"), ("Refused",)),
    Lie("no_status", 200, said({"message": SAVED}), ("Unknown",)),
    Lie("no_message", 200, said({"status": "200"}), ("Unknown",)),
    Lie("status_true", 200, element(True), ("Unknown",)),
    Lie("status_words", 200, element("OK"), ("Unknown",)),
    Lie("status_202", 200, element("202"), ("Unknown",)),
    Lie("status_null", 200, element(None), ("Unknown",)),
    # No answer of this service.
    Lie("empty", 200, b"", ("Unknown",)),
    Lie("blank", 200, b" \r\n", ("Unknown",)),
    Lie("html", 200, b"<html><body>Selamat datang di RS Online, data telah disimpan</body></html>", ("Unknown",)),
    Lie("html_502", 502, b"<html>Bad Gateway</html>", ("Unknown",)),
    Lie("html_503", 503, b"<html>Maintenance</html>", ("Later",)),
    Lie("html_404", 404, b"<html>Not Found</html>", ("Unknown",)),
    Lie("html_403", 403, b"<html>Forbidden</html>", ("LockedOut",)),
    Lie("php_warning_first", 200, b"<br />Warning: x\n" + element("200"), ("Unknown",)),
    # A wrong kind.
    Lie("list", 200, json.dumps([{"status": "200", "message": SAVED}]).encode(), ("Unknown",)),
    Lie("text", 200, json.dumps(SAVED).encode(), ("Unknown",)),
    Lie("null", 200, b"null", ("Unknown",)),
    Lie("number", 200, b"200", ("Unknown",)),
    Lie("empty_object", 200, b"{}", ("Unknown",)),
    Lie("empty_list", 200, said(), ("Unknown",)),
    Lie("list_of_texts", 200, json.dumps({"fasyankes": [SAVED]}).encode(), ("Unknown",)),
    Lie("root_is_text", 200, json.dumps({"fasyankes": SAVED}).encode(), ("Unknown",)),
    Lie("root_is_number", 200, json.dumps({"fasyankes": 200}).encode(), ("Unknown",)),
    Lie("another_root", 200, said({"status": "200", "message": SAVED}, root="sdm"), ("Unknown",)),
    Lie("no_root", 200, json.dumps({"status": "200", "message": SAVED}).encode(), ("Unknown",)),
    Lie("message_is_a_list", 200, element("200", [SAVED]), ("Unknown",)),
    Lie("deep", 200, b'{"fasyankes":' * 1 + b"[" * 100_000, ("Unknown",)),
    # Created, but what?
    Lie("created_without_body", 201, b"", ("Unknown",)),
    Lie("created_with_an_empty_object", 201, b"{}", ("Unknown",)),
    Lie("no_content", 204, b"", ("Unknown",)),
    Lie("queued", 202, element("200"), ("Unknown",)),
    # Cut short.
    Lie("truncated", 200, element("200")[:-5], ("Unknown",)),
    Lie("truncated_in_the_middle", 200, element("200")[:30], ("Unknown",)),
    Lie("bad_utf8", 200, element("200").replace(b"Mawar", b"Maw\xff"), ("Unknown",)),
    Lie("too_large", 200, element("200", SAVED, padding="x" * 1_100_000), ("Unknown",)),
    # Somebody else's answer.
    Lie("another_room", 200, element("200", SAVED.replace("Mawar", "Melati")), ("Unknown",)),
    Lie("another_type", 200, element("200", SAVED.replace("id_tt 5", "id_tt 7")), ("Unknown",)),
    Lie("another_number", 200, element("200", SAVED, id_t_tt="../../x"), ("Unknown",)),
    Lie("another_verb", 200, element("200", SAVED.replace("disimpan", "dihapus")), ("Unknown",)),
    Lie(
        "another_receipt",
        200,
        element("200"),
        ("Unknown",),
        {"X-RSOnline-Receipt": f"v=1; id={'0' * 32}; rs=9100001; digest=sha-256:{'0' * 64}; time=x; key=x; sig=x"},
    ),
    Lie("broken_receipt", 200, element("200"), ("Unknown",), {"X-RSOnline-Receipt": "yes"}),
    Lie("rows_of_a_get", 200, said({"id_tt": "5", "ruang": "Mawar", "id_t_tt": "1"}), ("Unknown",)),
    Lie("stored_but", 200, element("200", SAVED + ", namun antrian tidak tersimpan"), ("Unknown",)),
    # Elsewhere.
    Lie(
        "no_such_address", 404, said({"status": "404", "message": "Alamat tidak dikenal"}, root="error"), ("LockedOut",)
    ),
    Lie("no_such_host", 400, element("400", "Nama host tidak dikenal", code="host"), ("LockedOut",)),
    *(
        Lie(f"redirect_{code}", code, element("200"), ("Unknown",), {"Location": "https://lain.test/"})
        for code in (301, 302, 303, 307, 308)
    ),
    # HTTP failures that speak of success.
    Lie("http_500_success", 500, element("200"), ("Unknown",)),
    Lie("http_401_success", 401, element("200"), ("LockedOut",)),
    Lie("http_422_success", 422, element("200"), ("Refused",)),
    Lie("http_429", 429, element("429", "pelan-pelan"), ("Later",), {"Retry-After": "7"}),
    Lie("http_507", 507, element("507", "penuh"), ("Later",)),
)
TRUTHS = (
    Lie("as_text", 200, element("200"), ("Accepted",)),
    Lie("as_number", 200, element(200), ("Accepted",)),
    Lie("as_float", 200, element(200.0), ("Accepted",)),
    Lie("status_201", 201, element("201"), ("Accepted",)),
    Lie("updated", 200, element("200", CHANGED), ("Accepted",)),
    Lie("room_in_capitals", 200, element("200", SAVED.replace("Mawar", "MAWAR")), ("Accepted",)),
    Lie(
        "an_object_as_root", 200, json.dumps({"fasyankes": {"status": "200", "message": SAVED}}).encode(), ("Accepted",)
    ),
    Lie("byte_order_mark", 200, b"\xef\xbb\xbf" + element("200"), ("Accepted",)),
    Lie("bare_words", 200, element("200", "Success"), ("Accepted",)),
    Lie("with_its_number", 200, element("200", SAVED, id_t_tt="1234567"), ("Accepted",)),
    Lie("root_in_capitals", 200, said({"status": "200", "message": SAVED}, root="Fasyankes"), ("Accepted",)),
)
