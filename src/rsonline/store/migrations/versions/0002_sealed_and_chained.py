"""Personal members sealed, the journal chained and append-only, tables by month, and the history of beds.

What a database of 0001 holds is taken along: its persons are sealed, its journal is chained from its first line on.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import context, op

from rsonline.store import seal
from rsonline.store.seal import Vault, place

revision = "0002"
down_revision = "0001"

Row = dict[str, Any]
_SYSTEM = ("version", "received_at", "updated_at", "deleted_at", "claimed_at", "warnings")
_AT_ONCE = 1000


def upgrade() -> None:
    """Make what is new, then take every table that changes along."""
    connection = op.get_bind()
    masters = context.config.attributes["masters"]
    server = connection.dialect.name == "postgresql"
    op.create_table(
        "data_key",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    seal.provide(connection, masters)
    vault = Vault(lambda: masters, lambda: seal.stored(connection))
    op.create_table(
        "journal_head",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("route", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
    )
    op.create_index("idempotency_at", "idempotency", ["at"])
    _bed_history()
    _antrian(vault)
    _antrian_task(vault)
    _shk(vault)
    _journal(connection, vault)
    if server:
        _only_on_a_server(connection)
    _only_growing(server)


def _by_month(name: str, column: str, *columns: sa.Column[Any]) -> None:
    """A table that a server keeps by month; what has no month yet goes to its default partition."""
    op.create_table(name, *columns, postgresql_partition_by=f"RANGE ({column})")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TABLE {name}_default PARTITION OF {name} DEFAULT")


def _system(*, key: bool = False) -> list[sa.Column[Any]]:
    return [
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False, primary_key=key, autoincrement=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.Column("warnings", sa.Text()),
    ]


def _bed_history() -> None:
    counts = (
        *("jumlah_ruang", "jumlah", "terpakai", "terpakai_suspek", "terpakai_konfirmasi", "antrian", "prepare"),
        *("prepare_plan", "covid", "terpakai_dbd", "terpakai_dbd_anak", "jumlah_dbd"),
    )
    _by_month(
        "bed_history",
        "at",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id_t_tt", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id_tt", sa.Text()),
        sa.Column("ruang", sa.Text()),
        *[sa.Column(name, sa.BigInteger()) for name in counts],
        sa.Column("deleted", sa.Boolean(), nullable=False),
    )


def _antrian(vault: Vault) -> None:
    old = _set_aside("antrian", "antrian_day")
    new = op.create_table(
        "antrian",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("kodebooking_index", sa.LargeBinary(), primary_key=True),
        sa.Column("kodebooking", sa.LargeBinary()),
        sa.Column("jenispasien", sa.Text()),
        sa.Column("nik", sa.LargeBinary()),
        sa.Column("kodepoli", sa.Text()),
        sa.Column("namapoli", sa.Text()),
        sa.Column("pasienbaru", sa.BigInteger()),
        sa.Column("norm", sa.LargeBinary()),
        sa.Column("tanggalperiksa", sa.Date()),
        sa.Column("kodedokter", sa.Text()),
        sa.Column("namadokter", sa.LargeBinary()),
        sa.Column("jampraktek", sa.Text()),
        sa.Column("jampraktekawal", sa.Text()),
        sa.Column("jampraktekakhir", sa.Text()),
        sa.Column("jeniskunjungan", sa.Text()),
        sa.Column("nomorreferensi", sa.LargeBinary()),
        sa.Column("nomorantrean", sa.Text()),
        sa.Column("angkaantrean", sa.BigInteger()),
        sa.Column("estimasidilayani", sa.BigInteger()),
        sa.Column("sisakuotajkn", sa.BigInteger()),
        sa.Column("kuotajkn", sa.BigInteger()),
        sa.Column("sisakuotanonjkn", sa.BigInteger()),
        sa.Column("kuotanonjkn", sa.BigInteger()),
        sa.Column("keterangan", sa.Text()),
        sa.Column("persons", sa.Text()),
        *_system(),
    )

    def change(row: Row) -> Row:
        row["kodebooking_index"] = index = vault.index("kodebooking", row["kodebooking"])
        row["persons"] = vault.person(row["nik"])
        names = ("kodebooking", "nik", "norm", "namadokter", "nomorreferensi")
        return _sealed(vault, "antrian", row, [index], names)

    _take_along(old, new, change)
    op.create_index("antrian_day", "antrian", ["kode_rs", "tanggalperiksa"], unique=False)


def _antrian_task(vault: Vault) -> None:
    old = _set_aside("antrian_task")
    _by_month(
        "antrian_task",
        "received_at",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("kodebooking_index", sa.LargeBinary(), primary_key=True),
        sa.Column("kodebooking", sa.LargeBinary()),
        sa.Column("taskid", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("waktu", sa.BigInteger()),
        *_system(key=True),
    )

    def change(row: Row) -> Row:
        row["kodebooking_index"] = index = vault.index("kodebooking", row["kodebooking"])
        return _sealed(vault, "antrian_task", row, [index, row["taskid"]], ("kodebooking",))

    _take_along(old, _there("antrian_task"), change)


def _shk(vault: Vault) -> None:
    old = _set_aside("shk", "shk_recognised")
    new = op.create_table(
        "shk",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id_shk", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("koders", sa.Text()),
        sa.Column("nik_ibu", sa.LargeBinary()),
        sa.Column("nama_ibu", sa.LargeBinary()),
        sa.Column("nik_anak", sa.LargeBinary()),
        sa.Column("nama_anak", sa.LargeBinary()),
        sa.Column("tgllahir", sa.Date()),
        sa.Column("gender", sa.Text()),
        sa.Column("umur", sa.BigInteger()),
        sa.Column("alamat", sa.LargeBinary()),
        sa.Column("provinsi", sa.Text()),
        sa.Column("kabkota", sa.Text()),
        sa.Column("kecamatan", sa.Text()),
        sa.Column("tgl_ambil_sampel", sa.Date()),
        sa.Column("tgl_kirim_sampel", sa.Date()),
        sa.Column("tgl_lapor", sa.Date()),
        sa.Column("kode_perujuk", sa.Text()),
        sa.Column("nama_fayankes_perujuk", sa.Text()),
        sa.Column("jenis_fasyankes", sa.Text()),
        sa.Column("recognised", sa.Text()),
        sa.Column("persons", sa.Text()),
        *_system(),
    )

    def change(row: Row) -> Row:
        persons = [vault.person(row["nik_ibu"]), vault.person(row["nik_anak"])]
        row["persons"] = " ".join(filter(None, persons)) or None
        row["recognised"] = vault.index("shk.recognised", row["recognised"]).hex() if persons[0] else None
        return _sealed(vault, "shk", row, [row["id_shk"]], ("nik_ibu", "nama_ibu", "nik_anak", "nama_anak", "alamat"))

    _take_along(old, new, change)
    alive = sa.text("deleted_at IS NULL")
    op.create_index(
        "shk_recognised", "shk", ["kode_rs", "recognised"], unique=False, sqlite_where=alive, postgresql_where=alive
    )


def _journal(connection: sa.Connection, vault: Vault) -> None:
    old = _set_aside("journal")
    _by_month(
        "journal",
        "at",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.Column("claimed", sa.Text()),
        sa.Column("clock", sa.Text()),
        sa.Column("person1", sa.Text()),
        sa.Column("person2", sa.Text()),
        sa.Column("old", sa.LargeBinary()),
        sa.Column("new", sa.LargeBinary()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    new = _there("journal")
    heads = {
        code: (0, bytes(32)) for (code,) in connection.execute(sa.text("SELECT kode_rs FROM hospital ORDER BY kode_rs"))
    }

    def change(row: Row) -> Row:
        code, seq = row["kode_rs"], row["seq"]
        _, before = heads.get(code, (0, bytes(32)))
        account = row.pop("credential")
        row["account"] = "-" if account is None else f"{code}/{account}"
        persons = _persons(vault, row)
        row["person1"], row["person2"] = (*persons, None, None)[:2]
        row["key"] = _key(vault, row)
        for name in ("old", "new"):
            if row[name] is not None:
                row[name] = vault.seal(row[name], place("journal", name, code, [seq]))
        said = [row[c.name] for c in new.columns if c.name != "hash"]
        row["hash"] = hashlib.sha256(before + msgspec.json.encode(said)).digest()
        heads[code] = (seq, row["hash"])
        return row

    _take_along(old, new, change, order=("kode_rs", "seq"))
    head = _there("journal_head")
    for code, (seq, digest) in heads.items():
        connection.execute(sa.insert(head).values(kode_rs=code, seq=seq, hash=digest))
    for person in ("person1", "person2"):
        known = sa.text(f"{person} IS NOT NULL")
        op.create_index(f"journal_{person}", "journal", [person], sqlite_where=known, postgresql_where=known)
    op.create_index("journal_account", "journal", ["account", "at"])


def _persons(vault: Vault, row: Row) -> list[str]:
    names = {"shk": ("nik_ibu", "nik_anak"), "antrian": ("nik",)}.get(row["object"], ())
    said = [json.loads(text) for text in (row["new"], row["old"]) if text]
    found = [vault.person(each.get(name)) for each in said for name in names]
    return list(dict.fromkeys(filter(None, found)))


def _key(vault: Vault, row: Row) -> str:
    key = json.loads(row["key"])
    if row["object"] in ("antrian", "antrian_task") and key:
        key[0] = vault.index("kodebooking", key[0]).hex()
    return msgspec.json.encode(key).decode()


def _only_on_a_server(connection: sa.Connection) -> None:
    """Partial indexes, and sequences instead of a row that every writer would wait for."""
    alive = sa.text("deleted_at IS NULL")
    for table, unique in (("tempat_tidur", True), ("shk_hasil", False)):
        op.drop_index(f"{table}_recognised", table)
        op.create_index(f"{table}_recognised", table, ["kode_rs", "recognised"], unique=unique, postgresql_where=alive)
    last = dict(tuple(row) for row in connection.execute(sa.text("SELECT object, last FROM numbers")))
    for table in ("tempat_tidur", "shk", "shk_hasil"):
        op.execute(f"CREATE SEQUENCE number_{table} START WITH {last.get(table, 0) + 1}")


def _only_growing(server: bool) -> None:
    """Nobody changes or removes a line of the journal."""
    if server:
        op.execute(
            "CREATE FUNCTION journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the journal only grows'; END $$"
        )
        op.execute(
            "CREATE TRIGGER journal_only_grows BEFORE UPDATE OR DELETE ON journal"
            " FOR EACH ROW EXECUTE FUNCTION journal_only_grows()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal"
            " BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"
        )


def _there(name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())


def _set_aside(name: str, *indexes: str) -> sa.Table:
    for index in indexes:
        op.drop_index(index, name)
    op.rename_table(name, f"{name}_before")
    return _there(f"{name}_before")


def _take_along(old: sa.Table, new: sa.Table, change: Callable[[Row], Row], order: tuple[str, ...] = ()) -> None:
    """Copy every row through `change`, a thousand at a time, then drop the old table."""
    connection = op.get_bind()
    for rows in _by_thousands(connection, old, order):
        connection.execute(sa.insert(new), [change(row) for row in rows])
    op.drop_table(old.name)


def _by_thousands(connection: sa.Connection, old: sa.Table, order: tuple[str, ...]) -> Iterator[list[Row]]:
    key = [old.c[name] for name in (order or [c.name for c in old.primary_key])]
    last: tuple[Any, ...] | None = None
    while True:
        query = sa.select(old).order_by(*key).limit(_AT_ONCE)
        if last is not None:
            query = query.where(
                sa.tuple_(*key) > sa.tuple_(*[sa.bindparam(None, v, c.type) for v, c in zip(last, key, strict=True)])
            )
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        last = tuple(rows[-1][c.name] for c in key)
        yield rows


def _sealed(vault: Vault, table: str, row: Row, key: list[Any], names: tuple[str, ...]) -> Row:
    for name in names:
        if row[name] is not None:
            row[name] = vault.seal(row[name], place(table, name, row["kode_rs"], key))
    return row
