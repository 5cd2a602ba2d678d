"""The live log of a hospital's own calls: what its programs sent, what was mended, what was answered; and the way on.

A refused call can be put right and sent again: through the same verb as the API, as a change of the person who does it.
"""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response

from rsonline.intake import patients as patient_verbs
from rsonline.intake.patients import VERBS, Message
from rsonline.intake.rules import verbs_of
from rsonline.intake.verbs import Asked, Call
from rsonline.reports import PASIEN_COVID, PATIENT_REPORTS, REPORTS
from rsonline.reports.lenient import Malformed, parse
from rsonline.reports.report import Report, members
from rsonline.reports.verdict import Problem, Refused, ReportWarning, Words
from rsonline.reports.wording import malformed_text, problem_text
from rsonline.store import calls, hospitals, journal
from rsonline.store.access import Access
from rsonline.store.calls import Whole
from rsonline.store.change import Change
from rsonline.web import diagnosis, listing, masking, render, submit
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

_ROWS = 50
_LONGEST = 256 * 1024
_DISCHARGE = "laporancovid19versi3statuskeluar"
ENDINGS = {
    "exists": Words("Data ini sudah ada, jadi tidak disimpan lagi.", "It is there already; nothing was stored."),
    "missing": Words("Tidak ada data yang dapat diubah: kirim dengan POST.", "There is nothing to change: use POST."),
    "unknown": Words("Nomor atau data induknya tidak ditemukan.", "Its number or parent was not found."),
    "conflict": Words("Perubahan ini membuat dua data menjadi sama.", "The change would make two records the same."),
    "key_reused": submit.SENT_BEFORE,
    "refused": Words("Masih ditolak.", "Still refused."),
}


class Way(NamedTuple):
    """What a call was about: its report, where a person can send it again."""

    report: Report[Any]
    patient_api: bool
    discharge: bool = False


def way_of(name: str) -> Way | None:
    """By the name under which the log has it; None for what is no report."""
    if name.startswith("api/"):
        below = name.removeprefix("api/")
        if below == _DISCHARGE:
            return Way(PASIEN_COVID, True, True)
        found = [r for r in PATIENT_REPORTS if r.path.lower().removeprefix("/") == below]
        return Way(found[0], True) if found else None
    found = [r for r in REPORTS if r.name == name]
    return Way(found[0], False) if found else None


def title_of(name: str) -> Words:
    """What a call was about, in words."""
    way = way_of(name)
    return Words(name, name) if way is None else way.report.title


async def latest(house: House, visit: Visit) -> Response:
    """The newest calls."""
    return await _listed(house, visit, "panggilan.html")


async def fragment(house: House, visit: Visit) -> Response:
    """The same without the page around it, for the script that keeps it new."""
    return await _listed(house, visit, "panggilan_isi.html")


async def _listed(house: House, visit: Visit, template: str) -> Response:
    code = visit.own.code
    wanted = listing.asked(visit, _ROWS, "ditolak", "laporan")
    filters = dict(wanted.kept)
    refused, report = filters["ditolak"] == "1", filters["laporan"] or None
    if report is not None and not report.isprintable():
        report = None

    def look(access: Access) -> tuple[list[calls.Call], list[str], int]:
        found = calls.page(access, code, refused=refused, report=report)
        counted = dict(hospitals.tallies(access, code))
        return found, calls.reports(access, code), counted.get(calls.DROPPED, 0)

    found, names, dropped = await house.store.read(None, look)
    wanted = wanted._replace(path="/integrasi/panggilan", total=len(found), search="")
    return render.page(
        visit,
        template,
        shown=found[wanted.first : wanted.first + wanted.rows],
        listing=wanted,
        names=[(name, title_of(name)) for name in names],
        title_of=title_of,
        refused=refused,
        report=report,
        dropped=dropped,
        fragment=f"/integrasi/panggilan-isi{wanted.to(wanted.page).removeprefix(wanted.path)}",
        most=calls.MOST,
        lives=calls.LIVES.days,
    )


async def one(house: House, visit: Visit) -> Response:
    """One call, what identifies a person masked."""
    found = await _asked(house, visit)
    return _shown(visit, found)


async def _asked(house: House, visit: Visit) -> Whole:
    """The call in the address; raise Wrong for none of this hospital."""
    code, request_id = visit.own.code, visit.request.path_params["id"]
    found = None
    if len(request_id) <= 64 and request_id.isascii() and request_id.isalnum():
        found = await house.store.read(None, lambda access: calls.find(access, code, request_id))
    if found is None:
        raise Wrong(
            404,
            f"Panggilan ini tidak ada, atau lebih lama dari {calls.LIVES.days} hari.",
            f"There is no such call, or it is older than {calls.LIVES.days} days.",
        )
    return found


def _shown(visit: Visit, found: Whole, status: int = 200) -> Response:
    way = way_of(found.call.report)
    report = None if way is None else way.report
    said: dict[str, Any] = {}
    if found.body is not None:
        said = {**found.body.outside, **(masking.members_in(found.body.text) or {})}
    outside = {} if found.body is None else found.body.outside
    return render.page(
        visit,
        "panggilan_satu.html",
        status,
        call=found.call,
        title=title_of(found.call.report),
        body=None if found.body is None else masking.body(report, found.body.text),
        cut=found.body is not None and found.body.cut,
        outside={n: masking.MASK if masking.personal(n) else text for n, text in outside.items()},
        answer=None if found.answer is None else masking.answer(found.answer.text, masking.texts(report, said)),
        repairs=[diagnosis.repair(text) for text in _items(found.call.repairs)],
        warnings=[diagnosis.warning(text) for text in _items(found.call.warnings)],
        clocks=diagnosis.clock([found.call.clock]) if found.call.clock else [],
        again=may_go_again(found),
    )


def _items(text: str) -> Sequence[str]:
    return [part for part in text.split(", ") if part]


def may_go_again(found: Whole) -> bool:
    """Whether a person can put it right and send it again: refused for what it said, and kept whole."""
    call, way = found.call, way_of(found.call.report)
    if way is None or call.method == "GET" or found.body is None or found.body.cut:
        return False
    # The patient API says 401 of some rules too.
    other = {403, 405, 413, 415, 429} | (set() if way.patient_api else {401})
    return 400 <= call.status < 500 and call.status not in other


async def correct(house: House, visit: Visit) -> Response:
    """The body in full, to be put right. It may name persons: a line says who saw it, before it is shown."""
    found = await _asked(house, visit)
    if not may_go_again(found) or found.body is None:
        raise Wrong(404, "Panggilan ini tidak dapat dikirim ulang.", "This call cannot be sent again.")
    way = way_of(found.call.report)
    report = None if way is None else way.report
    text, by = found.body.text, visit.on_behalf
    persons = _persons(house, report, {**found.body.outside, **(masking.members_in(text) or {})})

    def note(access: Access) -> None:
        journal.append(access, by, "api_call", [found.call.request_id], "view", {"body": True}, persons)

    await house.store.perform(note)
    return _form(visit, found, text)


def _persons(house: House, report: Report[Any] | None, said: dict[str, Any]) -> list[str]:
    """The indexes of the persons whom a body names by number, for the journal."""
    if report is None:
        return []
    named = [said.get(name) for m in members(report.record) if m.person for name in (m.name, *m.aliases)]
    found = [house.store.vault.person(str(value)) for value in named if isinstance(value, str | int)]
    return list(dict.fromkeys(index for index in found if index is not None))[:2]


def _form(
    visit: Visit,
    found: Whole,
    text: str,
    status: int = 200,
    *,
    told: Sequence[str] = (),
    problems: Sequence[Problem] = (),
    warnings: Sequence[ReportWarning] = (),
) -> Response:
    worded = [visit.words(problem_text(each, None)) for each in problems]
    odd = [visit.words(diagnosis.warning(f"{each.code}:{each.member}")) for each in warnings]
    return render.page(
        visit,
        "panggilan_ulang.html",
        status,
        call=found.call,
        title=title_of(found.call.report),
        text=text,
        told=[*told, *worded],
        odd=odd,
        once=secrets.token_urlsafe(16),
    )


async def again(house: House, visit: Visit) -> Response:
    """Send what was put right: the verdict, or the receipt."""
    found = await _asked(house, visit)
    way = way_of(found.call.report)
    if way is None or not may_go_again(found):
        raise Wrong(404, "Panggilan ini tidak dapat dikirim ulang.", "This call cannot be sent again.")
    form = await visit.request.form(max_files=1, max_fields=20)
    typed = {name: text for name, text in form.items() if isinstance(text, str)}
    text = typed.get("isi", "")
    if len(text) > _LONGEST:
        raise Wrong(413, "Isi terlalu panjang.", "The body is too long.")
    outside = found.body.outside if found.body is not None else {}
    try:
        asked = _ask(house, visit, way, found.call.method, text, outside)
    except Malformed as fault:
        return _form(visit, found, text, 422, told=[visit.words(malformed_text(fault))])
    except Refused as refused:
        return _form(visit, found, text, 422, problems=refused.problems)
    done = await submit.send(house, visit, asked, way.report, typed)
    if done.seq is not None:
        return RedirectResponse(f"/resi/{done.seq}", 303)
    told = [] if done.problems else [visit.words(ENDINGS.get(done.kind, ENDINGS["refused"]))]
    return _form(visit, found, text, 422, told=told, problems=done.problems, warnings=done.warnings)


def _ask(house: House, visit: Visit, way: Way, method: str, text: str, outside: dict[str, str]) -> Asked:
    """What the body asks for, as the API would take it. Raises Malformed, Refused."""
    said = parse(text.encode(), empty_ok=method == "DELETE").members
    if not way.patient_api:
        create = visit.own.create_on_put or house.settings.create_on_put
        asked = verbs_of(way.report)[method](Call(visit.on_behalf, way.report, {**outside, **said}, visit.here, create))
        assert isinstance(asked, Asked)  # noqa: S101 (what only reads cannot be sent again)
        return asked
    segment = outside.get("segment")
    number = None if segment is None else int(segment) if segment.isdigit() and len(segment) <= 18 else 0
    message = Message(visit.on_behalf, visit.here, way.report, said, number)
    verb = patient_verbs.discharge if way.discharge else VERBS[way.report, method, segment is not None]
    change = verb(message)
    assert isinstance(change, Change)  # noqa: S101 (what only reads cannot be sent again)
    return Asked(change)


PAGES = (
    Page("/integrasi/panggilan", ("GET",), "integration", latest, hospital=True),
    Page("/integrasi/panggilan-isi", ("GET",), "integration", fragment, hospital=True, fragment=True),
    Page("/integrasi/panggilan/{id}", ("GET",), "integration", one, hospital=True),
    Page("/integrasi/panggilan/{id}/perbaiki", ("POST",), "integration", correct, hospital=True),
    Page("/integrasi/panggilan/{id}/kirim", ("POST",), "integration", again, hospital=True),
)
