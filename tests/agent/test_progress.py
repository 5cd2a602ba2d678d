"""The bar of the first load counts what arrived, on a terminal, and only the first time."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from rsonline.cli.agent_progress import first_load
from rsonline.hospital.messages import Offer
from rsonline.hospital.outbox import Outbox
from rsonline.hospital.sealed import Sealer


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "antrean.sqlite3", Sealer(bytes(32)))
    made.offer([Offer("oksigen", (f"2026-01-0{n}",), {"tanggal": f"2026-01-0{n}"}) for n in range(1, 5)])
    yield made
    made.close()


def terminal() -> tuple[Console, io.StringIO]:
    said = io.StringIO()
    return Console(file=said, force_terminal=True, width=100, color_system=None), said


def test_the_bar_counts_what_was_confirmed(box: Outbox) -> None:
    console, said = terminal()
    ticks = iter(range(100))
    with first_load(box, console, lambda: float(next(ticks))) as moved:
        moved("oksigen")
        messages = box.due()
        box.begin([m.id for m in messages])
        moved("")
        assert "0/4" in said.getvalue()
        for message in messages[:3]:
            box.accepted(message.id)
        box.refused(messages[3].id, "salah")
        moved("")
    text = said.getvalue()
    assert "Membaca oksigen" in text
    assert "3/3" in text
    assert "1 ditolak" in text


def test_the_bar_speaks_english_where_asked(box: Outbox) -> None:
    console, said = terminal()
    with first_load(box, console, lang="en") as moved:
        moved("oksigen")
    assert "Reading oksigen" in said.getvalue()
    assert "First load" in said.getvalue()


def test_it_is_not_shown_again_and_not_into_a_file(box: Outbox) -> None:
    said = io.StringIO()
    with first_load(box, Console(file=said)) as moved:
        moved("oksigen")
    assert said.getvalue() == ""
    [first, *_] = box.due()
    box.begin([first.id])
    box.accepted(first.id)
    console, shown = terminal()
    with first_load(box, console) as moved:
        moved("oksigen")
    assert shown.getvalue() == ""
