"""Outpatient bookings of a day, and the times of one booking's steps.

A booking code is a person's: it stands in no address. A booking is addressed by the blind index that the store keeps.
"""

import re
import secrets
from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import RedirectResponse, Response

from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Call
from rsonline.reports import ANTRIAN, ANTRIAN_TASK
from rsonline.reports.report import Row
from rsonline.reports.verdict import Refused, Words
from rsonline.store import reads
from rsonline.store.drafts import Draft
from rsonline.web import drafts, forms, lines, record_form, render, submit
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.persons import masked, note_seen
from rsonline.web.submit import Done
from rsonline.web.visit import Visit

PATH = "/antrian"
_HANDLE = re.compile(r"[0-9a-f]{32}")


def handle(row: Row) -> str:
    """How a booking is addressed."""
    return bytes(row["kodebooking_index"]).hex()


def day_in(visit: Visit) -> date:
    """The day in the address; raise Wrong for none."""
    try:
        return date.fromisoformat(visit.request.path_params["day"])
    except ValueError:
        raise Wrong(404, "Tanggal ini tidak ada.", "There is no such day.") from None


async def today(house: House, visit: Visit) -> Response:
    """To the bookings of today, or of the day that was asked for."""
    asked = visit.request.query_params.get("tanggal", "")
    try:
        day = date.fromisoformat(asked) if asked else visit.here.today
    except ValueError:
        day = visit.here.today
    return RedirectResponse(f"{PATH}/{day.isoformat()}", 303)


async def of_day(house: House, visit: Visit, day: date) -> list[Row]:
    """The bookings of a day."""
    return await house.store.read(visit.origin, reads.having(visit.own.code, ANTRIAN, {"tanggalperiksa": day}))


async def table(house: House, visit: Visit) -> Response:
    """The bookings of a day; who they are for is masked."""
    day = day_in(visit)
    rows = await of_day(house, visit, day)
    rows.sort(key=lambda r: (r["kodepoli"] or "", r["angkaantrean"] or 0, r["received_at"]))
    return render.page(
        visit,
        "antrian.html",
        day=day,
        rows=[(handle(row), masked(row["kodebooking"]), row) for row in rows],
        saved=lines.just_saved(visit),
    )


async def new(house: House, visit: Visit) -> Response:
    """The form of a new booking."""
    day = day_in(visit)
    draft = await drafts.begun(house, visit, _kept_as(day))
    return _new(visit, day, {"tanggalperiksa": day.isoformat()} if draft is None else draft.typed, draft=draft)


def _kept_as(day: date) -> str:
    """By which name the draft of a new booking is kept."""
    return f"antrian/{day}/baru"


def _new(
    visit: Visit, day: date, typed: dict[str, str], done: Done | None = None, draft: Draft | None = None
) -> Response:
    return record_form.shown(
        visit,
        ANTRIAN,
        title=visit.t("Booking baru", "New booking"),
        action=f"{PATH}/{day}/baru",
        back=f"{PATH}/{day}",
        typed=typed,
        done=done,
        keep_as=_kept_as(day),
        draft=draft,
    )


async def add(house: House, visit: Visit) -> Response:
    """A new booking."""
    day = day_in(visit)
    typed = await lines.typed_in(visit)
    done = await lines.send(house, visit, ANTRIAN, "POST", forms.sent(ANTRIAN, typed, visit.here), typed)
    if done.seq is None:
        return _new(visit, day, typed, done)
    await drafts.sent(house, visit, _kept_as(day))
    return lines.back(f"{PATH}/{day}", done.seq)


async def found(house: House, visit: Visit) -> tuple[date, Row]:
    """The booking in the address; raise Wrong for none."""
    day, wanted = day_in(visit), visit.request.path_params["handle"]
    if _HANDLE.fullmatch(wanted):
        for row in await of_day(house, visit, day):
            if handle(row) == wanted:
                return day, row
    raise Wrong(404, "Booking ini tidak ada.", "There is no such booking.")


async def one(house: House, visit: Visit) -> Response:
    """A booking with its times."""
    day, row = await found(house, visit)
    await note_seen(house, visit, ANTRIAN, [row])
    return await _one(house, visit, day, row)


async def _one(house: House, visit: Visit, day: date, row: Row, **more: Any) -> Response:
    where = {"kodebooking": row["kodebooking"]}
    marks = await house.store.read(visit.origin, reads.having(visit.own.code, ANTRIAN_TASK, where, ("taskid",)))
    entries = visit.here.references["taskid"].entries.values()
    by_step = {mark["taskid"]: mark for mark in marks}
    action = f"{PATH}/{day}/{handle(row)}"
    return record_form.shown(
        visit,
        ANTRIAN,
        title=f"{visit.t('Booking', 'Booking')} {masked(row['kodebooking'])}",
        action=action,
        back=f"{PATH}/{day}",
        stored=row,
        fixed=("kodebooking",),
        template="antrian_satu.html",
        steps=[(e.id, e.name if visit.language == "en" else e.nama, by_step.get(e.id)) for e in entries],
        now=datetime.now(UTC).astimezone(visit.zone).strftime("%Y-%m-%dT%H:%M:%S"),
        task_once=secrets.token_urlsafe(16),
        local=lambda at: at.astimezone(visit.zone).strftime("%Y-%m-%dT%H:%M:%S"),
        **more,
    )


async def change(house: House, visit: Visit) -> Response:
    """Change a booking."""
    day, row = await found(house, visit)
    typed = {**await lines.typed_in(visit), "kodebooking": row["kodebooking"]}
    done = await lines.send(house, visit, ANTRIAN, "PUT", forms.sent(ANTRIAN, typed, visit.here), typed)
    if done.seq is not None:
        return lines.back(f"{PATH}/{day}", done.seq)
    return await _one(house, visit, day, row, typed=typed, done=done)


async def remove(house: House, visit: Visit) -> Response:
    """Take a booking away; its times are kept."""
    day, row = await found(house, visit)
    typed = await lines.typed_in(visit)
    done = await lines.send(house, visit, ANTRIAN, "DELETE", {"kodebooking": row["kodebooking"]}, typed)
    if done.seq is not None:
        return lines.back(f"{PATH}/{day}", done.seq)
    return await _one(house, visit, day, row, done=done)


async def mark(house: House, visit: Visit) -> Response:
    """Set the time of a step: POST where it has none yet, PUT where it has one."""
    day, row = await found(house, visit)
    typed = await lines.typed_in(visit)
    step = typed.get("taskid", "")[:4]
    there = await house.store.read(
        visit.origin, reads.having(visit.own.code, ANTRIAN_TASK, {"kodebooking": row["kodebooking"], "taskid": step})
    )
    if typed.get("sekarang") == "1":
        typed["waktu"] = visit.now.astimezone(visit.zone).strftime("%Y-%m-%dT%H:%M:%S")
    said = {**forms.sent(ANTRIAN_TASK, typed, visit.here), "kodebooking": row["kodebooking"], "taskid": step}
    verb = verbs_of(ANTRIAN_TASK)["PUT" if there else "POST"]
    try:
        asked = verb(Call(visit.on_behalf, ANTRIAN_TASK, said, visit.here))
    except Refused as refused:
        text = "; ".join(forms.told(problem, visit.language) for problem in refused.problems)
        visit.flash.append(("danger", Words(text, text)))
        return await _one(house, visit, day, row)
    done = await submit.send(house, visit, asked, ANTRIAN_TASK, typed)  # type: ignore[arg-type]  # PUT and POST change
    if done.seq is not None or done.kind in ("saved", "updated", "exists"):
        return RedirectResponse(f"{PATH}/{day}/{handle(row)}", 303)
    visit.flash.append(("danger", lines.ENDED.get(done.kind, Words("Tidak tersimpan.", "Not stored."))))
    return await _one(house, visit, day, row)


PAGES = (
    Page(PATH, ("GET",), "view", today, hospital=True),
    Page(f"{PATH}/{{day}}", ("GET",), "view", table, hospital=True),
    Page(f"{PATH}/{{day}}/baru", ("GET",), "enter", new, hospital=True),
    Page(f"{PATH}/{{day}}/baru", ("POST",), "enter", add, hospital=True),
    Page(f"{PATH}/{{day}}/{{handle}}", ("GET",), "persons", one, hospital=True),
    Page(f"{PATH}/{{day}}/{{handle}}", ("POST",), "enter", change, hospital=True),
    Page(f"{PATH}/{{day}}/{{handle}}/hapus", ("POST",), "correct", remove, hospital=True),
    Page(f"{PATH}/{{day}}/{{handle}}/waktu", ("POST",), "enter", mark, hospital=True),
)
