"""Bodies that nobody should send, for every route: none may crash the service or leave half a record."""

import gzip
import json


def _nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


def _sample(**members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode("utf-8", "surrogatepass")


_KEYS = (
    *("id_tt", "id_kebutuhan", "tanggal", "id_shk", "id_hasil", "kodebooking"),
    *("taskid", "waktu", "jumlah", "nik_ibu", "p_cair", "tanggalperiksa"),
)


def _everywhere(value: object) -> bytes:
    """One value in every member that some report has."""
    return json.dumps(dict.fromkeys(_KEYS, value)).encode()


HOSTILE: tuple[tuple[str, bytes], ...] = (
    ("one blank", b" "),
    ("NUL", b"\x00"),
    ("BOM only", b"\xef\xbb\xbf"),
    ("BOM twice", b'\xef\xbb\xbf\xef\xbb\xbf{"id_tt":"x"}'),
    ("null", b"null"),
    ("true", b"true"),
    ("number", b"42"),
    ("text", b'"id_tt"'),
    ("list of one object", b'[{"id_tt":"99"}]'),
    ("list of nothing", b"[[]]"),
    ("truncated object", b'{"id_tt":"3","jumlah":'),
    ("truncated text", b'{"id_tt":"3'),
    ("truncated escape", b'{"id_tt":"\\u00'),
    ("only a brace", b"{"),
    ("closing brace", b"}"),
    ("two objects", b'{"id_tt":"99"}{"id_tt":"99"}'),
    ("trailing words", b'{"id_tt":"99"} drop table'),
    ("comment", b'{"id_tt":"99" /* hello */}'),
    ("single quotes", b"{'id_tt':'3'}"),
    ("names without quotes", b"{id_tt:3}"),
    ("number with a zero before", b'{"jumlah":007}'),
    ("hexadecimal", b'{"jumlah":0x1F}'),
    ("NaN", b'{"jumlah":NaN}'),
    ("Infinity", b'{"p_cair":Infinity}'),
    ("minus Infinity", b'{"p_cair":-Infinity}'),
    ("number that overflows", b'{"p_cair":1e999,"tanggal":"2026-01-01"}'),
    ("tiny number", b'{"p_cair":1e-400,"tanggal":"not a day"}'),
    ("minus zero everywhere", _everywhere(-0.0)),
    ("integer of 64 bits and one", b'{"jumlah":9223372036854775808}'),
    ("integer of 5000 digits", b'{"jumlah":' + b"9" * 5000 + b"}"),
    ("text of 5000 digits", b'{"jumlah":"' + b"9" * 4000 + b'"}'),
    ("exponent in a text", b'{"jumlah":"1e5","id_tt":"1e0"}'),
    ("lone surrogate escaped", b'{"ruang":"\\ud800","id_tt":"x"}'),
    ("surrogates reversed", b'{"ruang":"\\udc00\\ud800","id_tt":"x"}'),
    ("NUL escaped", b'{"ruang":"a\\u0000b","id_tt":"x"}'),
    ("NUL raw", b'{"ruang":"a\x00b","id_tt":"x"}'),
    ("bell raw", b'{"ruang":"a\x07b","id_tt":"x"}'),
    ("line break in a text", b'{"ruang":"a\nb","id_tt":"x"}'),
    ("bad UTF-8", b'{"ruang":"\xff\xfe","id_tt":"3"}'),
    ("overlong UTF-8", b'{"ruang":"\xc0\xaf","id_tt":"3"}'),
    ("surrogate in UTF-8", b'{"ruang":"\xed\xa0\x80","id_tt":"3"}'),
    ("UTF-16", '{"id_tt":"3"}'.encode("utf-16")),
    ("UTF-16 without mark", '{"id_tt":"3"}'.encode("utf-16-le")),
    ("UTF-32", '{"id_tt":"3"}'.encode("utf-32")),
    ("Latin-1", '{"ruang":"é","id_tt":"3"}'.encode("latin-1")),
    ("conflicting duplicate", b'{"id_tt":"1","id_tt":"2","tanggal":"2026-01-01","tanggal":"2026-01-02"}'),
    ("duplicate of another type", b'{"id_tt":"1","id_tt":["1"],"tanggal":1,"tanggal":null}'),
    ("objects where values belong", _everywhere({"$gt": ""})),
    ("lists where values belong", _everywhere(["1"])),
    ("nested lists where values belong", _everywhere([[["1"]]])),
    ("true where values belong", _everywhere(True)),
    ("false where values belong", _everywhere(False)),
    ("null where values belong", _everywhere(None)),
    ("empty where values belong", _everywhere("")),
    ("blanks where values belong", _everywhere("   ")),
    ("negative everywhere", _everywhere(-1)),
    ("half everywhere", _everywhere(0.5)),
    ("largest integer everywhere", _everywhere(2**63 - 1)),
    ("SQL everywhere", _everywhere("1' OR '1'='1'; DROP TABLE hospital; --")),
    ("SQL comment everywhere", _everywhere("x'/**/UNION/**/SELECT/**/1--")),
    ("template everywhere", _everywhere("{{7*7}}${7*7}<%=7*7%>")),
    ("script everywhere", _everywhere("<script>alert(1)</script>")),
    ("path everywhere", _everywhere("../../etc/passwd")),
    ("shell everywhere", _everywhere("$(id); `id` | id")),
    ("format everywhere", _everywhere("%s%n%x{0}{member}")),
    ("header everywhere", _everywhere("x\r\nX-Injected: 1")),
    ("right-to-left override", _everywhere("\u202eabc")),
    ("zero width", _everywhere("\u200b")),
    ("emoji everywhere", _everywhere("🏥")),
    ("Arabic digits everywhere", _everywhere("٣")),
    ("full-width digits everywhere", _everywhere("３")),
    ("superscript everywhere", _everywhere("²")),
    ("dates that are none", _everywhere("2026-02-30")),
    ("year 0", _everywhere("0000-00-00")),
    ("year 9999", _everywhere("9999-12-31T23:59:59+00:00")),
    ("prototype names", b'{"__proto__":{"a":1},"constructor":1,"__class__":"x","id_tt":"99"}'),
    ("columns of the store", b'{"kode_rs":"1","version":-1,"deleted_at":1,"id_tt":"99"}'),
    ("empty name", b'{"":"","id_tt":"99"}'),
    ("long name", b'{"' + b"a" * 5000 + b'":1,"id_tt":"99"}'),
    ("long text", b'{"ruang":"' + b"a" * 4097 + b'","id_tt":"3"}'),
    ("text at the limit", b'{"ruang":"' + b"a" * 4096 + b'","id_tt":"99"}'),
    ("501 members", json.dumps({f"m{n}": n for n in range(501)}).encode()),
    ("1001 elements", json.dumps({"a": list(range(1001))}).encode()),
    ("depth 17 of objects", b'{"a":' * 17 + b"1" + b"}" * 17),
    ("depth 100,000 of lists", _nested(100_000, "[", "]")),
    ("256 KiB of brackets", b"[" * (256 * 1024)),
    ("256 KiB of braces", b'{"a":' * 40_000),
    ("256 KiB of blanks", b" " * (256 * 1024)),
    ("200 KiB of quotes", ("{" + "“" * 66_000).encode()),
    ("200 KiB of backslashes", b'{"a":"' + b"\\" * 200_000),
    ("200 KiB of commas", b"[" + b"," * 200_000),
    ("many trailing commas", b'{"a":[' + b"[1,]," * 900 + b"1]}"),
    ("gzip", gzip.compress(b'{"id_tt":"3"}')),
    ("XML", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
    ("form that is none", b"id_tt&&&==;;%%"),
    ("form with a bad escape", b"id_tt=%ff%fe&x=1"),
    ("form with two values", b"id_tt=1&id_tt=2&tanggal=1&tanggal=2"),
    ("form of 600 fields", b"&".join(b"f%d=1" % n for n in range(600))),
    ("multipart", b'--x\r\nContent-Disposition: form-data; name="id_tt"\r\n\r\n3\r\n--x--'),
    ("JSON inside a text", json.dumps(json.dumps({"id_tt": "3"})).encode()),
    ("surrogate pair name", _sample(**{"\U0001f3e5": 1, "id_tt": "99"})),
)
