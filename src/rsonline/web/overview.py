"""Hospitals as seen from above: who reported what, what is late now; their switches, for whoever manages them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response

from rsonline.insight.staleness import Standing
from rsonline.intake import duty
from rsonline.intake.duty import Duty
from rsonline.login.passwords import generate, hash_password
from rsonline.reports import regions
from rsonline.reports.verdict import Words
from rsonline.store import hospitals, overview, signing
from rsonline.store.access import Access
from rsonline.store.hospitals import ZONES, Hospital, HospitalError
from rsonline.store.overview import KINDS, Seen
from rsonline.web import freshness, integration, listing, render
from rsonline.web.door import Wrong, at
from rsonline.web.login import field
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

_ROWS = 25
_BACK = 2
"""Days before today whose daily reports are looked at."""
CLOCKS = {
    "lenient": Words("longgar: sampai 24 jam", "lenient: up to 24 hours"),
    "strict": Words("ketat: sampai 5 menit", "strict: up to 5 minutes"),
    "off": Words("tidak diperiksa", "not checked"),
}


class Line(NamedTuple):
    """One hospital with what it owes. `late` are the duties that are late now."""

    seen: Seen
    place: str
    duties: list[Duty]
    late: list[Duty]


def _region(visit: Visit) -> str | None:
    """The region that a person is confined to; None for all. Raises Wrong where it should have one and has none."""
    if visit.person.role != "dinkes":
        return None
    if not visit.person.region:
        raise Wrong(403, "Akun Anda belum punya wilayah.", "Your account has no region yet.")
    return visit.person.region


def _since(visit: Visit) -> date:
    """The first day that is looked at, wherever the hospital is: local days differ by one at most."""
    return visit.now.date() - timedelta(days=_BACK + 1)


async def everyone(house: House, visit: Visit) -> Response:
    """A page of hospitals by name."""
    wanted = listing.asked(visit, _ROWS)
    region, since = _region(visit), _since(visit)

    def look(access: Access) -> tuple[list[Seen], int, dict[str, Standing]]:
        seen, of = overview.page(
            access, region=region, search=wanted.search, since=since, first=wanted.first, count=wanted.rows
        )
        return seen, of, freshness.standings(access, [each.hospital.code for each in seen], visit.now)

    found, total, standings = await house.store.read(None, look)
    titles = [(report.name, visit.words(report.title)) for report in KINDS]
    lines = [line(house, visit, seen) for seen in found]
    return render.page(
        visit,
        "rumah_sakit.html",
        lines=[
            (each, _late(visit, each), freshness.shown(visit, standings[code]), _lasts(visit, each, titles))
            for each in lines
            for code in (each.seen.hospital.code,)
        ],
        titles=[title for _, title in titles],
        listing=wanted._replace(total=total),
        region=None if region is None else regions.regency(region) or regions.province(region) or region,
    )


def _late(visit: Visit, of: Line) -> str:
    """The kinds that are late, each once."""
    return ", ".join(dict.fromkeys(visit.words(each.report.title) for each in of.late))


def _lasts(visit: Visit, of: Line, titles: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The title of each kind and the day on which it last came."""
    last = of.seen.last
    return [(title, render.short_day(last[n], visit.zone) if n in last else "–") for n, title in titles]


def line(house: House, visit: Visit, seen: Seen) -> Line:
    """What a hospital owes at this moment on its own clock."""
    here = at(house, seen.hospital, visit.now)
    days = [here.today - timedelta(days=n) for n in range(_BACK + 1)]
    where = seen.hospital.where
    duties = [duty.beds(seen.oldest_room, here, seen.declared, where)]
    duties += [
        duty.daily(report, day, seen.days.get((report.name, day)), here, seen.declared, where)
        for day in days
        for report in duty.DAILY
    ]
    return Line(seen, place_of(seen.hospital), duties, [d for d in duties if d.state == "late"])


def place_of(hospital: Hospital) -> str:
    """Regency and province, as far as they are known."""
    if hospital.regency is None:
        return "–"
    parts = (regions.regency(hospital.regency), regions.province(hospital.regency[:2]))
    return ", ".join(part for part in parts if part) or hospital.regency


async def one(house: House, visit: Visit) -> Response:
    """One hospital: what came, what is owed."""
    seen = await _asked(house, visit)
    code = seen.hospital.code
    found = await house.store.read(None, lambda access: freshness.standings(access, [code], visit.now))
    return render.page(
        visit,
        "rumah_sakit_satu.html",
        line=line(house, visit, seen),
        kinds=KINDS,
        standing=freshness.shown(visit, found[code]),
    )


async def _asked(house: House, visit: Visit) -> Seen:
    """The hospital in the address; raise Wrong for none that this person may see."""
    code, region, since = visit.request.path_params["code"], _region(visit), _since(visit)
    seen = None
    if hospitals.CODE.fullmatch(code):
        seen = await house.store.read(None, lambda access: overview.one(access, code, region=region, since=since))
    if seen is None:
        raise Wrong(404, "Rumah sakit ini tidak ada di wilayah Anda.", "There is no such hospital in your region.")
    return seen


# ---- managing


async def new(house: House, visit: Visit) -> Response:
    """The form of a new hospital."""
    return _new_form(visit, {})


def _new_form(visit: Visit, typed: Mapping[str, str], status: int = 200) -> Response:
    return render.page(visit, "rumah_sakit_baru.html", status, typed=typed, zones=list(ZONES))


async def add(house: House, visit: Visit) -> Response:
    """A new hospital; its first password is shown here and never again."""
    form = await visit.request.form(max_files=1, max_fields=50)
    typed = {name: text.strip() for name, text in form.items() if isinstance(text, str)}
    code, name, zone = typed.get("kode", ""), typed.get("nama", ""), typed.get("zona", "")
    regency = regions.digits(typed.get("kab_kota", "")) or None
    by, password = visit.on_behalf, generate()
    hashed = await house.keeper.compute(hash_password, password)
    try:
        if not name.isprintable() or len(name) > 200:
            raise HospitalError("Nama harus 1 sampai 200 karakter yang dapat dicetak.")
        if regency is not None and not regions.regency(regency):
            raise HospitalError(f"Kabupaten/kota {regency!r} tidak dikenal.")
        await house.store.perform(
            lambda access: hospitals.add(access, code, name, zone, hashed, regency=regency, by=by)
        )
    except HospitalError as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return _new_form(visit, typed, 422)
    return _password(visit, code, name, password, Words("Berikan kepada admin rumah sakit.", "Give it to its admin."))


def _password(visit: Visit, code: str, name: str, password: str, after: Words) -> Response:
    title = Words("Kata sandi API (X-pass)", "API password (X-pass)")
    return integration.shown_once(visit, title, f"{name} ({code})", password, after, f"/rumah-sakit/{code}/setelan")


async def switches(house: House, visit: Visit) -> Response:
    """The switches of one hospital."""
    return await _switches(house, visit)


async def _switches(house: House, visit: Visit, status: int = 200) -> Response:
    seen = await _asked(house, visit)
    code = seen.hospital.code

    def look(access: Access) -> dict[str, Any]:
        return {
            "passwords": hospitals.passwords(access, code),
            "newest": hospitals.newest_password(access, code),
            "keys": signing.keys(access, code),
        }

    found = await house.store.read(None, look)
    return render.page(
        visit,
        "rumah_sakit_setelan.html",
        status,
        hospital=seen.hospital,
        clocks=CLOCKS,
        kinds=integration.KINDS,
        **found,
    )


async def change(house: House, visit: Visit) -> Response:
    """Set the switches as the form has them; what stays as it was leaves no line."""
    seen = await _asked(house, visit)
    now, by, code = seen.hospital, visit.on_behalf, seen.hospital.code
    mode = await field(visit, "clock_mode")
    if mode not in CLOCKS:
        raise Wrong(422, "Pilih salah satu cara memeriksa jam.", "Choose one way of checking the clock.")
    until = _day_in(await field(visit, "absent_clock_until"))
    wanted: dict[str, Any] = {
        "aktif": await field(visit, "aktif") == "1",
        "create_on_put": await field(visit, "create_on_put") == "1",
        "always_200": await field(visit, "always_200") == "1",
        "clock_mode": mode,
        "absent_clock_until": until,
    }
    old = {
        "aktif": now.active,
        "create_on_put": now.create_on_put,
        "always_200": now.always_200,
        "clock_mode": now.clock_mode,
        "absent_clock_until": now.absent_clock_until,
    }
    given = {name: value for name, value in wanted.items() if value != old[name]}
    only = await field(visit, "signed_only") == "1"

    def work(access: Access) -> None:
        if given:
            hospitals.set_state(access, code, by=by, **given)
        if only != now.signed_only:
            signing.require(access, code, only, by=by)

    if given or only != now.signed_only:
        try:
            await house.store.perform(work)
        except HospitalError as error:
            visit.flash.append(("danger", Words(str(error), str(error))))
            return await _switches(house, visit, 409)
        house.keeper.forget(code)
    return RedirectResponse(f"/rumah-sakit/{code}/setelan", 303)


def _day_in(text: str) -> datetime | None:
    """The beginning of a day (UTC) that a form holds; None for an empty field. Raises Wrong."""
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), datetime.min.time(), UTC)
    except ValueError:
        raise Wrong(422, "Tanggal ini tidak ada.", "There is no such day.") from None


async def password(house: House, visit: Visit) -> Response:
    """A new first password for a hospital; the one before it counts for another 72 hours."""
    seen = await _asked(house, visit)
    code, by = seen.hospital.code, visit.on_behalf
    newest = integration.number_in(await field(visit, "nomor"))
    made = generate()
    hashed = await house.keeper.compute(hash_password, made)

    def work(access: Access) -> None:
        hospitals.require_newest(access, code, newest)
        hospitals.new_password(access, code, hashed, by=by)

    try:
        await house.store.perform(work)
    except HospitalError as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return await _switches(house, visit, 409)
    house.keeper.forget(code)
    after = Words("Kata sandi sebelumnya berlaku 72 jam lagi.", "The one before it counts for another 72 hours.")
    return _password(visit, code, seen.hospital.name, made, after)


PAGES = (
    Page("/rumah-sakit", ("GET",), "overview", everyone),
    Page("/rumah-sakit-baru", ("GET",), "hospitals", new, fresh=True),
    Page("/rumah-sakit-baru", ("POST",), "hospitals", add, fresh=True),
    Page("/rumah-sakit/{code}", ("GET",), "overview", one),
    Page("/rumah-sakit/{code}/setelan", ("GET",), "hospitals", switches, fresh=True),
    Page("/rumah-sakit/{code}/setelan", ("POST",), "hospitals", change, fresh=True),
    Page("/rumah-sakit/{code}/sandi", ("POST",), "hospitals", password, fresh=True),
)
