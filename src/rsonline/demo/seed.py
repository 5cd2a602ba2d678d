"""Writes the made-up history through the same verbs and the same writer as real messages, at the times it tells of."""

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from rsonline.demo.history import Message, tell
from rsonline.demo.hospitals import Place, places
from rsonline.demo.patients import DISCHARGE
from rsonline.intake.patients import VERBS, discharge
from rsonline.intake.patients import Message as PatientMessage
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.login.passwords import generate, hash_password
from rsonline.reports import ANTRIAN_TASK, PASIEN_COVID, PATIENT_REPORTS
from rsonline.reports.fields import At
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER
from rsonline.store import hospitals
from rsonline.store.change import Broken, Change, Origin
from rsonline.store.database import Database
from rsonline.store.engines import Store, open_store, transaction
from rsonline.store.hospitals import ZONES

DAYS = 14
_AT_ONCE = 500


def add_hospitals(database: Database, keep: Path) -> dict[str, str]:
    """Add the forty hospitals; their passwords, which are also kept in a file of the owner only."""
    passwords = {place.code: generate() for place in places()}
    with ThreadPoolExecutor() as pool:
        hashes = dict(zip(passwords, pool.map(hash_password, passwords.values()), strict=True))
    with os.fdopen(os.open(keep, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(passwords, file)
    with transaction(database) as access:
        for place in places():
            hospitals.add(access, place.code, place.name, place.zone, hashes[place.code], regency=place.regency)
    return passwords


def seed(database: Database, now: datetime, first: date, days: int, progress: Callable[[int, int], None]) -> int:
    """Write everything that was said from `first` on; how many messages. Raises Broken where the store fails."""
    messages = sorted((m for place in places() for m in tell(place, first, days, now)), key=lambda m: m.at)
    asyncio.run(_write(database, messages, progress))
    return len(messages)


def first_day(now: datetime, days: int = DAYS) -> date:
    """The first local day of a history that ends today."""
    return now.date() - timedelta(days=days)


async def _write(database: Database, messages: list[Message], progress: Callable[[int, int], None]) -> None:
    told = messages[0].at.timestamp() if messages else 0.0
    failures: list[BaseException] = []
    # The clock of the receipts is that of the story.
    store = open_store(database, on_broken=failures.append, clock=lambda: told)
    numbers: dict[str, str] = {}
    done = 0
    for _hour, group in groupby(
        messages, key=lambda m: m.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ):
        part = list(group)
        told = part[0].at.timestamp()
        # A booking must be there before its times, a record before its result.
        for wave in (_first(part), _second(part)):
            waiting = list(wave)
            for start in range(0, len(waiting), _AT_ONCE):
                await asyncio.gather(*[_say(store, m, numbers) for m in waiting[start : start + _AT_ONCE]])
        done += len(part)
        progress(done, len(messages))
    await store.close()
    if failures:
        raise Broken("the history was not written")


def _first(part: Iterable[Message]) -> list[Message]:
    return [m for m in part if m.report is not ANTRIAN_TASK and "jenis_pemeriksaan" not in m.sent]


def _second(part: Iterable[Message]) -> list[Message]:
    return [m for m in part if m.report is ANTRIAN_TASK or "jenis_pemeriksaan" in m.sent]


async def _say(store: Store, message: Message, numbers: dict[str, str]) -> None:
    if message.report in PATIENT_REPORTS:
        await _say_of_patient(store, message, numbers)
        return
    place: Place = message.place
    sent = dict(message.sent)
    if message.after and "jenis_pemeriksaan" in sent:
        if message.after not in numbers:
            return
        sent["id_shk"] = numbers[message.after]
    when = message.at.astimezone(UTC)
    origin, at = _from(place, when)
    asked = verbs_of(message.report)[message.method](Call(origin, message.report, sent, at))
    if not isinstance(asked, Asked):
        raise TypeError(f"{message.method} {message.report.name} changes nothing")
    outcome = await store.submit(asked.change)
    if message.after and "id_shk" in outcome.row:
        numbers[message.after] = str(outcome.row["id_shk"])


def _from(place: Place, when: datetime) -> tuple[Origin, At]:
    origin = Origin(place.code, 1, "demo", source="file", claimed_at=None)
    return origin, At(place.code, ZoneInfo(ZONES[place.zone]), when, name=place.name)


async def _say_of_patient(store: Store, message: Message, numbers: dict[str, str]) -> None:
    """One message about a patient; what speaks of one whose admission is not part of this history is left out."""
    origin, at = _from(message.place, message.at.astimezone(UTC))
    admission = message.report is PASIEN_COVID and message.method != DISCHARGE
    sent = dict(message.sent)
    name = str(message.after)
    if not admission:
        if name not in numbers:
            return
        sent[PASIEN_NUMBER] = int(numbers[name])
    verb = discharge if message.method == DISCHARGE else VERBS[message.report, message.method, False]
    change = verb(PatientMessage(origin, at, message.report, sent))
    if not isinstance(change, Change):
        raise TypeError(f"{message.method} {message.report.name} changes nothing")
    outcome = await store.submit(change)
    if admission and outcome.kind == "saved":
        numbers[name] = str(outcome.row[PASIEN_NUMBER])
