"""Tiles of waiting times over random bookings."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import get_args

from rsonline.insight import visits, waiting
from rsonline.insight.indicator import Tile
from rsonline.insight.places import Scope
from rsonline.insight.visits import Visit
from rsonline.reports import ANTRIAN, ANTRIAN_TASK
from rsonline.reports.report import Row
from tests.insight.country import NOW, PLACES, TODAY, Made, inside, kept, maybe


def booking(random: Random, number: int) -> tuple[Row, list[Row]]:
    """A booking of these days and the times of its steps: in order, missing, turned around, of another day, far off."""
    code = random.choice(list(PLACES))
    day = TODAY - timedelta(days=random.choice((-1, 0, 0, 1, 2, 3)))
    morning = datetime.combine(day, time(random.randrange(3), random.randrange(60)), UTC)
    clinic = random.choice((("INT", "Poli Penyakit Dalam"), ("ANA", None), ("GIG", "Poli Gigi"), ("UMU", "MCU Pagi")))
    row = kept(
        ANTRIAN,
        code,
        min(morning, NOW) - timedelta(days=1),
        kodebooking=f"B{number}",
        jenispasien=random.choice(("JKN", "NON JKN")),
        kodepoli=clinic[0],
        namapoli=clinic[1],
        kodedokter=maybe(random, "1001"),
        pasienbaru=maybe(random, random.randrange(2)),
        jeniskunjungan=maybe(random, "3"),
        tanggalperiksa=day,
        estimasidilayani=maybe(random, morning + timedelta(minutes=random.choice((-90, 0, 30)))),
        deleted_at=NOW if random.random() < 0.05 else None,
    )
    if random.random() < 0.1:
        return row, []
    at = morning + timedelta(days=random.choice((0, 0, 0, 0, 0, 0, -1)))
    tasks = []
    still = random.random() < 0.05
    for step in visits.STEPS:
        if random.random() < 0.85:
            tasks.append(_task(code, row["kodebooking"], step, at))
        at += timedelta(
            minutes=0 if still else random.choice((-4, 0, 3, 7, 20, 70) if random.random() < 0.3 else (5, 12))
        )
        at += timedelta(days=1) if random.random() < 0.03 else timedelta(0)
    if random.random() < 0.05:
        tasks.append(_task(code, row["kodebooking"], "99", at))
    return row, tasks


def _task(code: str, name: str, step: str, at: datetime) -> Row:
    return kept(ANTRIAN_TASK, code, min(at, NOW), kodebooking=name, taskid=step, waktu=at)


def outpatients(random: Random) -> tuple[list[Row], list[Row]]:
    """Bookings of all hospitals, and their times."""
    made = [booking(random, n) for n in range(random.randrange(30))]
    return [row for row, _ in made], [task for _, tasks in made for task in tasks]


def tiles_of(line: waiting.Line) -> list[Tile[Visit]]:
    """Every tile of a line."""
    return [line.within, line.doctor, line.stay, *line.segments.values()]


def tiles(random: Random, scope: Scope) -> Iterator[Made]:
    """Every tile of the module, of one scope."""
    bookings, tasks = outpatients(random)
    found = visits.visits(bookings, tasks, PLACES, NOW, scope=scope)
    assert [v.kodebooking for v in found] == [row["kodebooking"] for row in inside(bookings, scope)]
    for tile in tiles_of(waiting.line("", found, NOW)):
        yield Made(tile, found)
    for by in get_args(visits.By):
        groups = visits.grouped_by(by, found, PLACES)
        assert sorted(map(id, found)) == sorted(id(v) for some in groups.values() for v in some)
        for line in waiting.board(by, found, PLACES, NOW):
            for tile in tiles_of(line):
                yield Made(tile, groups[line.code])
