"""The vault: what it seals opens at one place only, and persons are nowhere in the clear."""

import base64
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from rsonline.reports import EVERY_REPORT, SHK
from rsonline.reports.report import members
from rsonline.store import seal
from rsonline.store.access import Access
from rsonline.store.backup import backup
from rsonline.store.database import Database
from rsonline.store.engines import connected, engine_of, open_store, transaction
from rsonline.store.keys import Masters
from rsonline.store.rows import condition
from rsonline.store.schema import journal as journal_table
from rsonline.store.schema import table_of
from rsonline.store.seal import DataKey, Unreadable, Vault, place
from tests.databases import journal, rows
from tests.hospital import service_on
from tests.long.process import PASSWORD, Service, hospitals_in
from tests.samples import MESSAGES

MASTERS = Masters("m", {"m": bytes(range(32))})
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
PLACES = (
    place("shk", "nik_ibu", "9200001", [1]),
    place("shk", "nik_ibu", "9200001", [2]),
    place("shk", "nik_ibu", "9200002", [1]),
    place("shk", "nik_anak", "9200001", [1]),
    place("antrian", "nik_ibu", "9200001", [1]),
    place("antrian", "nik", "9200001", [b"\x01" * 16]),
    place("antrian", "nik", "9200001", [b"\x02" * 16]),
)


def made_keys(*purposes: str) -> list[DataKey]:
    """Data keys of a database, wrapped."""
    return [seal.wrap(MASTERS, number, purpose, os.urandom(32)) for number, purpose in enumerate(purposes, 1)]


@cache
def vault() -> Vault:
    """A vault of no database."""
    made = made_keys("seal", "index", "receipt", "token")
    return Vault(lambda: MASTERS, lambda: made)


# ---- sealed values


@given(text=TEXT, here=st.sampled_from(PLACES))
def test_a_value_opens_at_its_place_only(text: str, here: str) -> None:
    sealed = vault().seal(text, here)
    assert vault().open(sealed, here) == text
    assert vault().seal(text, here) != sealed
    for elsewhere in PLACES:
        if elsewhere != here:
            with pytest.raises(Unreadable):
                vault().open(sealed, elsewhere)


@given(text=TEXT, bit=st.integers(0))
def test_a_flipped_bit_is_told(text: str, bit: int) -> None:
    sealed = bytearray(vault().seal(text, PLACES[0]))
    sealed[bit // 8 % len(sealed)] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        vault().open(bytes(sealed), PLACES[0])


@given(noise=st.binary(max_size=60))
def test_what_was_never_sealed_does_not_open(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        vault().open(noise, PLACES[0])


async def test_a_stored_value_that_is_moved_to_another_row_or_column_does_not_open(database: Database) -> None:
    add_hospitals(database)
    first, second = await told(database, sample(CODES[0]), sample(CODES[0], nama_anak="By Ny Contoh II"))
    assert await seen(database, first) == "Ibu Contoh"
    for moved in (f"(SELECT nama_ibu FROM shk WHERE id_shk = {second['id_shk']})", "alamat"):
        with connected(database) as connection:
            connection.exec_driver_sql(f"UPDATE shk SET nama_ibu = {moved} WHERE id_shk = {first['id_shk']}")
        with pytest.raises(Unreadable):
            await seen(database, first)
    assert await seen(database, second) == "Ibu Contoh"


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


async def seen(database: Database, row: Row) -> object:
    """The mother of a sample, as the store opens it."""
    store = open_store(database, on_broken=lambda error: None)
    try:
        where = {"id_shk": row["id_shk"]}
        return await store.read(None, lambda access: reads.one(access, row["kode_rs"], SHK, where)["nama_ibu"])
    finally:
        await store.close()
