"""The journal on each engine: whatever is done to a copy of it is found."""

import base64
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from rsonline.store import audit
from rsonline.store.audit import Fault
from rsonline.store.database import Database
from rsonline.store.engines import connected
from rsonline.store.journal import COLUMNS, START, Head, link
from rsonline.store.schema import journal as table
from tests.databases import ENGINES, fresh
from tests.store.several import CODES, filled

LINES = sa.Table("journal", sa.MetaData(), *[sa.Column(c.name, c.type) for c in table.columns])


@pytest.fixture(scope="module", params=ENGINES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Journals of three hospitals without what keeps them from being changed. Whoever changes them, undoes it."""
    with fresh(request.param, tmp_path_factory.mktemp("written")) as made:
        filled(made, 7)
        with connected(made) as connection:
            if made.embedded:
                connection.exec_driver_sql("DROP TRIGGER journal_no_update")
                connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
            else:
                connection.exec_driver_sql("DROP TRIGGER journal_only_grows ON journal")
        yield made


def with_everything_undone(connection: sa.Connection, act: Callable[[], Any]) -> Any:
    """What an act gives; what it changed is taken back. An act that the database refuses gives None."""
    connection.exec_driver_sql("SAVEPOINT tried")
    try:
        return act()
    except sa.exc.IntegrityError:
        return None
    finally:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT tried")


def at(line: dict[str, Any]) -> sa.ColumnElement[bool]:
    """Where a line stands."""
    return sa.and_(LINES.c.kode_rs == line["kode_rs"], LINES.c.seq == line["seq"])


def other_value(draw: random.Random, line: dict[str, Any], column: str) -> Any:
    """A value that the column may have and does not have."""
    old, nullable = line[column], table.c[column].nullable
    ways: list[Any] = []
    if column == "at":
        return old + timedelta(milliseconds=draw.choice((-1, 1, 1000, 86_400_000)))
    if isinstance(old, int):
        return old + draw.choice((-1, 1, 100, 10_000))
    if isinstance(old, str):
        place = draw.randrange(len(old))
        ways = [old + "x", old[:place] + chr(ord(old[place]) ^ 1) + old[place + 1 :], old[:place] + old[place + 1 :]]
        if column == "kode_rs":
            ways += list(CODES)
    elif isinstance(old, bytes):
        place = draw.randrange(len(old))
        flipped = old[:place] + bytes([old[place] ^ 1 << draw.randrange(8)]) + old[place + 1 :]
        ways = [flipped, old[:place], old + b"\0", draw.randbytes(len(old))]
    else:
        ways = [draw.randbytes(40)] if column in ("old", "new") else ["x", ""]
    if nullable and old is not None:
        ways.append(None)
    return draw.choice([way for way in ways if way != old])


def edit(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Change one column of one line."""
    line, column = draw.choice(lines), draw.choice(COLUMNS)
    value = other_value(draw, line, column)
    connection.execute(sa.update(LINES).where(at(line)).values({column: value}))
    return f"edit {line['kode_rs']}/{line['seq']} {column}: {line[column]!r} -> {value!r}"


def removal(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Take one line out; one time in four a last one."""
    last = [line for line in lines if not any(at_same(line, later) for later in lines)]
    line = draw.choice(last if draw.random() < 0.25 else lines)
    connection.execute(sa.delete(LINES).where(at(line)))
    return f"removal {line['kode_rs']}/{line['seq']}"


def at_same(line: dict[str, Any], later: dict[str, Any]) -> bool:
    """Whether the second stands behind the first."""
    return bool(line["kode_rs"] == later["kode_rs"] and later["seq"] > line["seq"])


def swap(draw: random.Random, connection: sa.Connection, lines: list[dict[str, Any]]) -> str:
    """Let two lines change places: what they say, their numbers, or their hospitals."""
    what = draw.choice(("contents", "contents without hash", "seq", "hospital"))
    one, two = draw.sample(lines, 2)
    if what == "seq":
        two = draw.choice([x for x in lines if x["kode_rs"] == one["kode_rs"] and x is not one])
    if what == "hospital":
        two = draw.choice([x for x in lines if x["kode_rs"] != one["kode_rs"]])
    taken = {
        "contents": [c for c in COLUMNS if c not in ("kode_rs", "seq")],
        "contents without hash": [c for c in COLUMNS if c not in ("kode_rs", "seq", "hash")],
        "seq": ["seq"],
        "hospital": ["kode_rs"],
    }[what]
    connection.execute(sa.delete(LINES).where(sa.or_(at(one), at(two))))
    for line, other in ((one, two), (two, one)):
        connection.execute(sa.insert(LINES).values({**line, **{c: other[c] for c in taken}}))
    return f"swap of {what} {one['kode_rs']}/{one['seq']} {two['kode_rs']}/{two['seq']}"


def every_line(connection: sa.Connection) -> list[dict[str, Any]]:
    """All lines as they are kept."""
    found = connection.execute(sa.select(LINES).order_by(LINES.c.kode_rs, LINES.c.seq)).mappings()
    return [{k: bytes(v) if isinstance(v, memoryview) else v for k, v in line.items()} for line in found]


def test_every_edit_removal_and_swap_is_found(written: Database) -> None:
    draw = random.Random(4711)
    found, told, missed = 0, 0, []
    with connected(written) as connection:
        lines = every_line(connection)
        assert audit.verify(connection) == (len(CODES), len(lines), [])

        def tamper() -> tuple[str, list[Fault]]:
            act = draw.choices((edit, removal, swap), (6, 2, 2))[0]
            said = act(draw, connection, lines)
            return said, audit.verify(connection).faults

        while told < 1000:
            result = with_everything_undone(connection, tamper)
            if result is None:
                # The key of a line that is there already: the database itself refused it.
                continue
            told += 1
            said, faults = result
            found += bool(faults)
            missed += [] if faults else [said]
        assert missed == []
        assert found == 1000
        # Nothing of it stayed, and a verification that always complains would complain here.
        assert audit.verify(connection).faults == []


def test_an_end_that_is_cut_off_with_its_head_is_found_by_heads_kept_elsewhere(written: Database) -> None:
    with connected(written) as connection:
        kept = audit.heads(connection)
        lines = {code: [x for x in every_line(connection) if x["kode_rs"] == code] for code in CODES}
        assert audit.verify(connection, known=kept).faults == []
        for code in CODES:
            for cut in (1, 2, len(lines[code]) - 1, len(lines[code])):

                def act(code: str = code, cut: int = cut) -> tuple[list[Fault], list[Fault]]:
                    rest = lines[code][:-cut]
                    connection.execute(sa.delete(LINES).where(LINES.c.kode_rs == code, LINES.c.seq > len(rest)))
                    move_head(connection, code, Head(rest[-1]["seq"], rest[-1]["hash"]) if rest else None)
                    return audit.verify(connection).faults, audit.verify(connection, known=kept).faults

                alone, beside_known = with_everything_undone(connection, act)
                # The control: by itself the shorter chain is whole.
                assert alone == []
                (fault,) = beside_known
                assert fault == (code, kept[code].seq, "the line that was kept elsewhere is not there")


def move_head(connection: sa.Connection, code: str, head: Head | None) -> None:
    """Say that a hospital's chain ends there."""
    where = {"code": code}
    if head is None:
        connection.execute(sa.text("DELETE FROM journal_head WHERE kode_rs = :code"), where)
        return
    said = sa.text("UPDATE journal_head SET seq = :seq, hash = :hash WHERE kode_rs = :code")
    connection.execute(said, {**where, "seq": head.seq, "hash": head.hash})


def test_a_chain_that_is_made_anew_behind_an_edit_is_found_by_heads_kept_elsewhere(written: Database) -> None:
    code = CODES[1]
    with connected(written) as connection:
        kept = audit.heads(connection)

        def forge() -> tuple[list[Fault], list[Fault]]:
            lines = [x for x in every_line(connection) if x["kode_rs"] == code]
            lines[3]["account"] = "somebody/else"
            head = START
            for line in lines:
                millis = int(line["at"].timestamp() * 1000 + 0.5)
                said = [millis if c == "at" else line[c] for c in COLUMNS[:-1]]
                head = Head(line["seq"], link(head.hash, said))
                connection.execute(sa.update(LINES).where(at(line)).values(hash=head.hash, account=line["account"]))
            move_head(connection, code, head)
            return audit.verify(connection).faults, audit.verify(connection, known=kept).faults

        alone, beside_known = with_everything_undone(connection, forge)
        assert alone == []
        assert [(f.hospital, f.seq) for f in beside_known] == [(code, kept[code].seq)]


def test_an_inserted_line_is_found_wherever_it_stands(written: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are read a part at a time: one that repeats the number of a part's last line must not be stepped over."""
    monkeypatch.setattr(audit, "_AT_ONCE", 4)
    with connected(written) as connection:
        lines = every_line(connection)
        assert audit.verify(connection).lines == len(lines)
        missed = []
        for line in lines:

            def insert(line: dict[str, Any] = line) -> list[Fault]:
                later = line["at"] + timedelta(milliseconds=1)
                connection.execute(sa.insert(LINES).values({**line, "at": later, "account": "somebody/else"}))
                return audit.verify(connection).faults

            if not with_everything_undone(connection, insert):
                missed.append((line["kode_rs"], line["seq"]))
    assert missed == []


def test_contents_turned_into_text_are_found(written: Database) -> None:
    """The hash is taken of what JSON makes of a line, which shows bytes as Base64: the same text must not pass."""
    if not written.embedded:
        # A server keeps nothing but bytes in a column of bytes.
        assert isinstance(table.c.new.type, sa.LargeBinary)
        return
    with connected(written) as connection:
        line = next(line for line in every_line(connection) if line["new"])

        def act() -> int:
            text = base64.b64encode(line["new"]).decode()
            connection.exec_driver_sql(
                "UPDATE journal SET new = ? WHERE kode_rs = ? AND seq = ?", (text, line["kode_rs"], line["seq"])
            )
            return len(audit.verify(connection).faults)

        assert with_everything_undone(connection, act) > 0


def test_one_hospital_is_verified_beside_the_heads_of_all(written: Database) -> None:
    with connected(written) as connection:
        found = audit.verify(connection, code=CODES[0], known=audit.heads(connection))
    assert found.hospitals == 1
    assert found.faults == []


def test_no_more_faults_are_told_than_asked_for(written: Database) -> None:
    with connected(written) as connection:

        def act() -> int:
            connection.execute(sa.update(LINES).values(account="somebody/else"))
            return len(audit.verify(connection, most=7).faults)

        assert with_everything_undone(connection, act) == 7
