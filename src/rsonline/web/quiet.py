"""Declared times without reports: holidays and maintenance, listed, added and taken back by whoever may."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response

from rsonline.insight.places import local_day, province_zone
from rsonline.reports import regions
from rsonline.store import hospitals, people, quiet
from rsonline.store.access import Access
from rsonline.store.quiet import Quiet, QuietError
from rsonline.web import render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

PATH = "/pengumuman"
_BACK = timedelta(days=62)
_MOST = 100


class Shown(NamedTuple):
    """One declaration as it is listed: for whom, by whom, and whether this person may take it back."""

    of: Quiet
    place: str
    over: bool
    mine: bool


def own_code(visit: Visit) -> str:
    """The widest place for which a person may declare; raise Wrong for none."""
    found = quiet.of_person(visit.person)
    if found is None:
        raise Wrong(403, "Akun Anda belum punya wilayah.", "Your account has no region yet.")
    return found


def today_at(visit: Visit, code: str) -> date:
    """The day at a place: of an own hospital its local day, else that of its province or of Jakarta."""
    if visit.hospital is not None:
        return visit.here.today
    return local_day(visit.now, province_zone(code[:2] or None))


def place_of(visit: Visit, code: str, names: Mapping[str, str]) -> str:
    """What a place is called."""
    if code == "":
        return visit.t("Seluruh Indonesia", "All of Indonesia")
    return regions.regency(code) or regions.province(code) or names.get(code) or code


def choices(visit: Visit) -> Sequence[tuple[str, str]]:
    """The places that a person may choose among: the nation and provinces, a province and its regencies, or one."""
    own = own_code(visit)
    if visit.hospital is not None:
        return [(own, visit.own.name)]
    found = [(own, place_of(visit, own, {}))]
    if own == "":
        for code, name in regions.all_provinces().items():
            found.append((code, name))
            found += [(regency, f"– {called}") for regency, called in regions.regencies_of(code).items()]
    elif len(own) == 2:
        found += [(code, f"– {name}") for code, name in regions.regencies_of(own).items()]
    return found


async def everything(house: House, visit: Visit) -> Response:
    """What is declared, and the form of a new one."""
    return await _shown(house, visit, {})


async def _shown(
    house: House, visit: Visit, typed: Mapping[str, Any], wrong: QuietError | None = None, status: int = 200
) -> Response:
    own = own_code(visit)
    today = today_at(visit, own)
    since = today - _BACK

    def look(access: Access) -> tuple[list[Quiet], list[Quiet], dict[str, str], int]:
        of_regions = quiet.of_regions(access, since)
        if visit.hospital is not None:
            here = visit.own.where
            return (
                [each for each in of_regions if each.names(here)],
                quiet.of_hospitals(access, [own], since),
                {own: visit.own.name},
                0,
            )
        of_hospitals, many = quiet.within(access, own, since, _MOST)
        names = hospitals.names(access, {each.code for each in of_hospitals})
        return [each for each in of_regions if _concerns(each.code, own)], of_hospitals, names, many

    of_regions, of_hospitals, names, many = await house.store.read(
        visit.origin if visit.hospital is not None else None, look
    )
    listed = [
        Shown(
            each,
            place_of(visit, each.code, names),
            each.last < today,
            each.last >= today and quiet.may_declare(visit.person, each.code),
        )
        for each in sorted([*of_regions, *of_hospitals], key=lambda e: (e.first, e.code, e.number), reverse=True)
    ]
    return render.page(
        visit,
        "pengumuman.html",
        status,
        listed=listed,
        more=max(many - _MOST, 0),
        typed=typed,
        wrong=wrong,
        choices=choices(visit),
        kinds=quiet.KINDS,
        sorts=quiet.SORTS,
        today=today,
        most=quiet.LONGEST["hospital" if visit.hospital is not None else "region"],
    )


def _concerns(code: str, own: str) -> bool:
    """Whether a region's declaration is about a region, or about what it lies in."""
    return code.startswith(own) or own.startswith(code)


def _wanted(typed: Mapping[str, Any], own: str, hospital: bool) -> Quiet:
    """The declaration that a form asks for. Raises QuietError."""
    days = {}
    for field in ("mulai", "sampai"):
        try:
            days[field] = date.fromisoformat(typed[field])
        except ValueError:
            raise QuietError(field, "Pilih tanggal.", "Choose a day.") from None
    return Quiet(
        own if hospital else typed["wilayah"],
        days["mulai"],
        days["sampai"],
        tuple(kind for kind in quiet.KINDS if kind in typed["jenis"])
        if set(typed["jenis"]) <= set(quiet.KINDS)
        else ("?",),
        "maintenance" if hospital else typed["sifat"],
        typed["alasan"],
    )


async def add(house: House, visit: Visit) -> Response:
    """Declare. What this person may do is held against the account as it is in that moment."""
    form = await visit.request.form(max_files=1, max_fields=50)
    typed: dict[str, Any] = {
        name: str(form.get(name, "")).strip() for name in ("wilayah", "sifat", "mulai", "sampai", "alasan")
    }
    typed["jenis"] = [str(each) for each in form.getlist("jenis")]
    own, by, me = own_code(visit), visit.on_behalf, visit.person

    def work(access: Access) -> None:
        now = people.find(access, me.user_name)
        wanted = _wanted(typed, own, visit.hospital is not None)
        if now is None or not now.active or now.version != me.version or not quiet.may_declare(now, wanted.code):
            raise QuietError("wilayah", "Wilayah ini bukan wilayah Anda.", "This is not your region.")
        quiet.add(access, by, wanted, today=today_at(visit, wanted.code))

    try:
        await house.store.perform(work)
    except QuietError as error:
        return await _shown(house, visit, typed, error, 422)
    return RedirectResponse(PATH, 303)


async def remove(house: House, visit: Visit) -> Response:
    """Take a declaration back. Sent twice it does nothing twice."""
    form = await visit.request.form(max_files=1, max_fields=10)
    code, text = str(form.get("wilayah", "")), str(form.get("nomor", ""))
    me, by = visit.person, visit.on_behalf
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0

    def work(access: Access) -> None:
        now = people.find(access, me.user_name)
        if now is None or not now.active or now.version != me.version or not quiet.may_declare(now, code):
            raise Wrong(403, "Pengumuman ini bukan milik Anda.", "This declaration is not yours.")
        quiet.remove(access, by, code, number, today=today_at(visit, code))

    try:
        await house.store.perform(work)
    except QuietError as error:
        return await _shown(house, visit, {}, error, 409)
    return RedirectResponse(PATH, 303)


PAGES = (
    Page(PATH, ("GET",), "announce", everything),
    Page(PATH, ("POST",), "announce", add),
    Page(f"{PATH}/tarik", ("POST",), "announce", remove),
)
