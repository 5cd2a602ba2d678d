"""The vault: what it seals opens at one place only, and persons are nowhere in the clear."""

import base64
import os
import random
import re
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from rsonline.reports import EVERY_REPORT, SHK
from rsonline.reports.report import Numbered, Row, members, recognised
from rsonline.store import audit, reads, seal
from rsonline.store.backup import backup
from rsonline.store.change import Change
from rsonline.store.database import Database
from rsonline.store.engines import connected, open_store, transaction
from rsonline.store.keys import Masters
from rsonline.store.schema import journal as journal_table
from rsonline.store.schema import table_of
from rsonline.store.seal import DataKey, Unreadable, Vault, place, token_numbers
from tests.databases import journal, rows
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.samples import MESSAGES
from tests.store.several import CODES, add_hospitals, asked, origin_of

MASTERS = Masters("m", {"m": bytes(range(32))})
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
PLACES = (
    place("shk", "nik_ibu", "9200001", [1]),
    place("shk", "nik_ibu", "9200001", [2]),
    place("shk", "nik_ibu", "9200002", [1]),
    place("shk", "nik_anak", "9200001", [1]),
    place("antrian", "nik_ibu", "9200001", [1]),
    place("antrian", "nik", "9200001", [b"\x01" * 16]),
    place("antrian", "nik", "9200001", [b"\x02" * 16]),
)


def new_keys() -> list[DataKey]:
    """The data keys of a database."""
    purposes = ("seal", "index", "receipt", "token")
    return [seal.wrap(MASTERS, number, purpose, os.urandom(32)) for number, purpose in enumerate(purposes, 1)]


def vault_with(known: list[DataKey]) -> Vault:
    """A vault of no database."""
    return Vault(lambda: MASTERS, lambda: known)


@cache
def one() -> Vault:
    """A vault that the tests here share."""
    return vault_with(new_keys())


# ---- sealed values


@given(text=TEXT, here=st.sampled_from(PLACES))
def test_a_value_opens_at_its_place_only(text: str, here: str) -> None:
    sealed = one().seal(text, here)
    assert one().open(sealed, here) == text
    # The same text never looks the same.
    assert one().seal(text, here) != sealed
    for elsewhere in PLACES:
        if elsewhere != here:
            with pytest.raises(Unreadable):
                one().open(sealed, elsewhere)


@given(text=TEXT, bit=st.integers(0))
def test_a_flipped_bit_is_told(text: str, bit: int) -> None:
    sealed = bytearray(one().seal(text, PLACES[0]))
    sealed[bit // 8 % len(sealed)] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        one().open(bytes(sealed), PLACES[0])


@given(noise=st.binary(max_size=60))
def test_what_was_never_sealed_does_not_open(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        one().open(noise, PLACES[0])


async def test_a_stored_value_that_is_moved_to_another_row_or_column_does_not_open(database: Database) -> None:
    add_hospitals(database)
    first, second = await told(database, sample(CODES[0]), sample(CODES[0], nama_anak="By Ny Contoh II"))
    assert await mother_of(database, first) == "Ibu Contoh"
    for moved in (f"(SELECT nama_ibu FROM shk WHERE id_shk = {second['id_shk']})", "alamat"):
        with connected(database) as connection:
            connection.exec_driver_sql(f"UPDATE shk SET nama_ibu = {moved} WHERE id_shk = {first['id_shk']}")
        with pytest.raises(Unreadable):
            await mother_of(database, first)
    assert await mother_of(database, second) == "Ibu Contoh"


def test_every_personal_member_is_kept_sealed() -> None:
    personal = [(report, m.name) for report in EVERY_REPORT for m in members(report.record) if m.personal]
    assert len(personal) > 15
    assert [str(table_of(report).c[name].comment) for report, name in personal] == ["sealed"] * len(personal)


def test_a_key_that_is_taken_up_while_others_seal_spoils_nothing() -> None:
    known = new_keys()
    vault = vault_with(known)
    sealed: list[bytes] = []
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            sealed.append(vault.seal("Ibu Contoh", PLACES[0]))

    threads = [threading.Thread(target=work) for _ in range(2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for number in range(len(known) + 1, 300):
            known.append(seal.wrap(MASTERS, number, "seal", os.urandom(32)))
            vault.refresh()
            before = len(sealed)
            while len(sealed) == before:
                time.sleep(0)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert len({seal.key_number(value) for value in sealed}) > 100
    assert {vault.open(value, PLACES[0]) for value in sealed} == {"Ibu Contoh"}


# ---- blind indexes


@given(text=TEXT, other=TEXT)
def test_an_index_needs_its_key_and_its_column(text: str, other: str) -> None:
    found = one().index("norm", text)
    assert len(found) == 16
    assert found == one().index("norm", text)
    assert (found == one().index("norm", other)) == (text == other)
    assert found != one().index("kodebooking", text)
    assert found != stranger().index("norm", text)
    assert found != sha256(text.encode()).digest()[:16]


@cache
def stranger() -> Vault:
    """The vault of another database under the same master key."""
    return vault_with(new_keys())


def test_an_index_is_the_same_as_long_as_the_database_has_its_key() -> None:
    known = new_keys()
    before = vault_with(known).index("norm", "RM-CONTOH")
    known.append(seal.wrap(MASTERS, 5, "seal", os.urandom(32)))
    assert vault_with(known).index("norm", "RM-CONTOH") == before


@pytest.mark.parametrize("nobody", ["0000000000000000", "9999999999999999", "0", "", "-"])
async def test_placeholders_share_nothing(database: Database, nobody: str) -> None:
    add_hospitals(database)
    # The same in everything but the mother, who has no number: these may be two persons.
    first, second = await told(database, sample(CODES[0], nik_ibu=nobody), sample(CODES[0], nik_ibu=nobody))
    kept = rows(database, "SELECT id_shk, recognised, persons FROM shk ORDER BY id_shk")
    assert [(r["recognised"], r["persons"]) for r in kept] == [(None, None)] * 2
    assert [(line["person1"], line["person2"]) for line in journal(database, CODES[0], "shk")] == [(None, None)] * 2
    assert await same_as(database, first) == []
    with transaction(database) as access:
        assert list(audit.lines(access, nik=nobody)) == []
    # The control: somebody with a number is found again, here and in the journal.
    known = await told(database, sample(CODES[0]), sample(CODES[0]))
    numbers = [row["id_shk"] for row in known]
    assert [row["id_shk"] for row in await same_as(database, known[0])] == numbers
    assert not {first["id_shk"], second["id_shk"]} & set(numbers)
    with transaction(database) as access:
        assert len(list(audit.lines(access, nik="9999000000000011"))) == 2


def sample(code: str, **said: object) -> Change:
    """The change that adds a sample."""
    return asked(origin_of(code), SHK, "POST", **{**MESSAGES["shk"], **said})


async def told(database: Database, *changes: Change) -> list[Row]:
    """The rows of changes, one after the other; each must be new."""
    store = open_store(database, on_broken=lambda error: None)
    outcomes = [await store.submit(change) for change in changes]
    await store.close()
    assert [outcome.kind for outcome in outcomes] == ["saved"] * len(changes)
    return [outcome.row for outcome in outcomes]


async def read(database: Database, look: reads.Look) -> list[Row]:
    """What the store reads."""
    store = open_store(database, on_broken=lambda error: None)
    try:
        return await store.read(None, look)
    finally:
        await store.close()


async def mother_of(database: Database, row: Row) -> object:
    """The name of the mother of a sample."""
    (found,) = await read(database, reads.having(row["kode_rs"], SHK, {"id_shk": row["id_shk"]}))
    return found["nama_ibu"]


async def same_as(database: Database, row: Row) -> list[Row]:
    """The samples by which the hospital would know this one again."""
    assert isinstance(SHK.identity, Numbered)
    where = {"recognised": recognised(SHK.identity, row)}
    return await read(database, reads.having(row["kode_rs"], SHK, where))


# ---- nowhere in the clear

HOSPITAL = "9250001"
ROOM = "Ruang Penanda Tujuh"
"""Says nothing of a person: whoever searches must find it."""


class Person:
    """A made-up mother with her child and her booking; `texts` are hers alone, and in everything that she tells."""

    def __init__(self, draw: random.Random) -> None:
        self.texts: list[str] = []

        def of(letters: str, count: int, before: str = "") -> str:
            self.texts.append(before + "".join(draw.choices(letters, k=count)))
            return self.texts[-1]

        def name() -> str:
            return of(string.ascii_lowercase, 9, draw.choice(string.ascii_uppercase))

        self.sample = {
            "nik_ibu": of(string.digits, 12, "9999"),
            "nama_ibu": f"Ibu {name()}",
            "nik_anak": of(string.digits, 12, "9999"),
            "nama_anak": f"By Ny {name()}",
            "alamat": f"Jalan {name()} 7",
        }
        self.booking = {
            "kodebooking": of(string.digits, 8, "BK"),
            "nik": self.sample["nik_ibu"],
            "norm": of(string.digits, 8, "RM"),
            "namadokter": f"Dokter {name()}",
            "nomorreferensi": of(string.digits, 8, "RUJ"),
        }
        self.moved = {"alamat": f"Gang {name()} 9"}


def live(client: httpx.Client, persons: list[Person]) -> None:
    """Report all of them, correct some, delete some, look at all."""

    def send(method: str, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        answer = client.request(
            method, f"/fo/index.php{path}", json=body, headers={"Idempotency-Key": key} if key else {}
        )
        element: dict[str, Any] = next(iter(answer.json().values()))[0]
        assert answer.status_code == 200, element
        assert "message" not in element or re.search("disimpan|diupdate|dihapus", element["message"]), element
        return element

    send("POST", "/Fasyankes", {**MESSAGES["tempat_tidur"], "ruang": ROOM})
    for number, person in enumerate(persons):
        said = {**MESSAGES["shk"], **person.sample}
        sample = send("POST", "/Pasien/shk", said, key=f"sample-{number}")["id_shk"]
        send("POST", "/Antrian", {**MESSAGES["antrian"], **person.booking}, key=f"booking-{number}")
        code = {"kodebooking": person.booking["kodebooking"]}
        send("POST", "/Antrian/Task", {**code, "taskid": 3, "waktu": 1_712_023_200_000})
        if number % 3 == 0:
            send("PUT", "/Pasien/shk", {**said, **person.moved, "id_shk": sample})
            send("PUT", "/Antrian", {**code, "norm": person.booking["norm"], "keterangan": "datang"})
        if number % 3 == 1:
            send("DELETE", "/Pasien/shk", {"id_shk": sample, "koders": HOSPITAL})
            send("DELETE", "/Antrian", code)
        # Refused, with a number where none belongs: not even the log may have it.
        answer = client.post("/fo/index.php/Pasien/shk", json={**said, "tgllahir": person.sample["nik_ibu"]})
        assert answer.status_code == 422
    send("GET", "/Pasien/shk", {"tgl_ambil_sampel": MESSAGES["shk"]["tgl_ambil_sampel"]})
    assert persons[0].booking["norm"] in client.request("GET", "/fo/index.php/Antrian", json={}).text


def spellings(text: str) -> list[bytes]:
    """A text as it may be written somewhere: plain, in hexadecimal, in Base64 wherever it begins, two bytes each."""
    plain = text.encode()
    # Four characters are three bytes; the first and the last four may hold something of the neighbours.
    inner = [base64.b64encode(bytes(before) + plain)[4 if before else 0 : -4] for before in range(3)]
    return [plain, plain.hex().encode(), plain.hex().upper().encode(), *inner, text.encode("utf-16-le")]


def found_in(content: bytes, texts: Iterable[str]) -> set[str]:
    """What of the texts is somewhere in the bytes, in any spelling. Each place is looked at once for all of them."""
    wanted = {spelling: text for text in texts for spelling in spellings(text)}
    least = min(map(len, wanted))
    starts: dict[bytes, list[bytes]] = {}
    for spelling in wanted:
        starts.setdefault(spelling[:least], []).append(spelling)
    return {
        wanted[spelling]
        for at in range(len(content) - least + 1)
        for spelling in starts.get(content[at : at + least], ())
        if content.startswith(spelling, at)
    }


def kept_by(database: Database, folder: Path) -> Iterator[tuple[str, bytes, str]]:
    """Every place where a service that was killed and a backup keep something, and what must be found there."""
    if database.embedded:
        # Before anybody opens it: that would write the log into the file.
        parts = [database.path.with_name(database.path.name + ending) for ending in ("", "-wal")]
        yield "file and its log", b"".join(part.read_bytes() for part in parts), ROOM
    yield "log", (database.keys.parent / "service.log").read_bytes(), HOSPITAL
    with connected(database) as connection:
        lines = connection.execute(sa.select(journal_table)).all()
    yield (
        "journal",
        b"\n".join(v if isinstance(v, bytes) else str(v).encode() for x in lines for v in x),
        "tempat_tidur",
    )
    backup(database, folder / "backup")
    if database.embedded:
        yield "backup", (folder / "backup" / "database.sqlite3").read_bytes(), ROOM
        return
    yield "backup", printed("pg_restore", "--file=-", str(folder / "backup" / "database.pgdump")), ROOM
    yield "dump", printed("pg_dump", database.url), ROOM
    yield "data files", files_of(database), ROOM


def printed(*command: str) -> bytes:
    """What a program prints."""
    done: bytes = subprocess.run(command, check=True, capture_output=True).stdout
    return done


def files_of(database: Database) -> bytes:
    """The files of all tables and indexes of a database on a server, as they lie on its disk."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        paths = connection.execute("SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid >= 16384").fetchall()
        read = "SELECT pg_read_binary_file(%s)"
        return b"".join(connection.execute(read, path).fetchall()[0][0] for path in paths if path[0] is not None)


def test_fifty_persons_are_nowhere_in_the_clear(database: Database, tmp_path: Path) -> None:
    draw = random.Random()
    persons = [Person(draw) for _ in range(50)]
    hospitals_in(database, [HOSPITAL])
    headers = {"X-rs-id": HOSPITAL, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))}
    service = Service(database.keys.parent, database)
    try:
        service.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", headers=headers) as client:
            live(client, persons)
    finally:
        # Killed, so that nothing is tidied up.
        service.kill()
    texts = [text for person in persons for text in person.texts]
    assert len(set(texts)) == 50 * 10
    seen = set()
    for where, content, control in kept_by(database, tmp_path):
        assert found_in(content, [control]) == {control}, where
        assert found_in(content, texts) == set(), where
        seen.add(where)
    assert seen >= {"log", "journal", "backup"}
    # They are there all the same, for whoever has the keys.
    said = "\n".join(f"{line['old']} {line['new']}" for line in journal(database, HOSPITAL))
    assert all(text in said for text in texts if text not in unmoved(persons))


def unmoved(persons: list[Person]) -> set[str]:
    """What was never told: the new address of those who stayed."""
    return {person.texts[-1] for number, person in enumerate(persons) if number % 3}


@given(text=st.text(string.ascii_letters + string.digits, min_size=10), before=st.binary(max_size=9))
def test_the_search_finds_a_text_however_it_is_written(text: str, before: bytes) -> None:
    inside = before + text.encode() + b" and more"
    for content in (inside, inside.hex().encode(), base64.b64encode(inside), before + text.encode("utf-16-le")):
        assert found_in(content, [text, "Somebody Else"]) == {text}


def test_a_token_secret_is_taken_up_and_retired_in_time() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    def at(*ages: float) -> list[int]:
        made = [DataKey(n, "token", b"", "m", now - timedelta(seconds=age)) for n, age in enumerate(ages, 1)]
        return token_numbers([*made, DataKey(9, "seal", b"", "m", now)], now)

    assert at(0) == [1]
    # A new one verifies at once, so that no process refuses what another signs.
    assert at(5000, 0) == [1, 2]
    assert at(5000, 89) == [1, 2]
    assert at(5000, 90) == [2, 1]
    # What the old one signed last, by a process that heard of the new one a minute late, must live out its time.
    assert at(5000, 749) == [2, 1]
    assert at(5000, 750) == [2]
    # Replaced twice, as after a leak.
    assert at(5000, 1000, 10) == [2, 3]
    assert at(5000, 20, 10) == [1, 3, 2]
