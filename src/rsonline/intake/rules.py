"""What is irregular: the exceptions to the usual verbs, in one table."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rsonline.intake.verbs import (
    USUAL,
    Asked,
    Call,
    Reading,
    Shown,
    Verb,
    add,
    asked,
    live,
    number_in,
    remove,
    replace,
    taken_away,
)
from rsonline.reports import ANTRIAN_TASK, SHK, SHK_HASIL, TEMPAT_TIDUR
from rsonline.reports.codec import read
from rsonline.reports.kinds.tempat_tidur import null_room
from rsonline.reports.report import Report, Row, recognised
from rsonline.reports.verdict import Problem, Refused, ReportWarning
from rsonline.store import reads
from rsonline.store.access import Access
from rsonline.store.change import Decision, Found, Lookup, Outcome, Put

SHK_DAYS_BACK = 30


def rooms(call: Call) -> Reading:
    """All rooms by bed type and number, and one blank row for each type that has none (wire 3.1)."""

    def show(rows: list[Row]) -> list[Shown]:
        shown: list[Shown] = []
        of_type: dict[str, list[Row]] = {}
        for row in rows:
            of_type.setdefault(row["id_tt"], []).append(row)
        entries = call.at.references["tempat_tidur"].entries
        for id_tt in sorted({*entries, *of_type}, key=int):
            if id_tt in of_type:
                shown += [call.report.shown(row, call.report, call.at) for row in of_type[id_tt]]
            else:
                shown.append(null_room(entries[id_tt]))
        return shown

    return Reading(reads.having(call.origin.hospital, TEMPAT_TIDUR, {}, ("id_t_tt",)), show)


def add_room(call: Call) -> Asked:
    """As usual; warns when the name already stands under another bed type, since one client updates by name alone."""
    usual = add(call)
    ruang = usual.values.get("ruang", "")

    def decide(found: Found, now: datetime) -> Decision:
        decision = usual.change.decide(found[:-1], now)
        outcome = decision.outcome
        if outcome.kind != "saved" or not ruang or all(row["id_tt"] == outcome.row["id_tt"] for row in found[-1]):
            return decision
        return _with_warning(decision, ReportWarning(member="ruang", code="name_under_several_types"))

    return also(usual, Lookup(TEMPAT_TIDUR, {"ruang": ruang}, whole=False), decide)


def remove_room(call: Call) -> Asked:
    """By number; else by type and name; else by type alone when it has exactly one room (wire 3.4)."""
    said = read(call.report, call.sent, call.at, partial=True)
    number = number_in(call, said.repairs)
    values = said.values
    if number is not None:
        where: Row = {"id_t_tt": number}
    elif "id_tt" not in values:
        raise Refused([Problem(member="id_t_tt", code="required")], tuple(said.repairs))
    elif "ruang" in values:
        identity: Any = TEMPAT_TIDUR.identity
        where = {"recognised": recognised(identity, values)}
    else:
        where = {"id_tt": values["id_tt"]}

    def decide(found: Found, now: datetime) -> Decision:
        if not found[0]:
            return Decision(Outcome("unknown", {"id_t_tt": number, **values}))
        if len(found[0]) > 1:
            problem = Problem(member="id_tt", code="several_rooms", detail={"rooms": len(found[0])})
            return Decision(Outcome("refused", problems=[problem]))
        return taken_away(TEMPAT_TIDUR, found[0][0], [])

    return asked(call, "remove", [Lookup(TEMPAT_TIDUR, where)], decide, said)


def find_shk(call: Call) -> Reading:
    """By `id_shk`, `tgl_ambil_sampel` or both; else what was reported in the last 30 days. With the newest result."""
    said = read(
        SHK,
        {k: call.sent.get(k) for k in ("tgl_ambil_sampel", "tgl_ambil_smpel") if k in call.sent},
        call.at,
        partial=True,
    )
    number = number_in(call, said.repairs)
    where = dict(said.values)
    if number is not None:
        where["id_shk"] = number
    code = call.origin.hospital
    look = (
        reads.having(code, SHK, where, ("id_shk",))
        if where
        else reads.between(code, SHK, "tgl_lapor", call.at.today - timedelta(days=SHK_DAYS_BACK - 1))
    )

    def look_with_results(access: Access) -> list[Row]:
        rows = look(access)
        for row in rows:
            results = reads.having(code, SHK_HASIL, {"id_shk": row["id_shk"]}, ("id_hasil",))(access)
            newest = results[-1] if results else {}
            row |= {name: newest.get(name) for name in ("tgl_terima", "tgl_periksa", "tgl_hasil")}
        return rows

    return Reading(look_with_results, lambda rows: [SHK.shown(row, SHK, call.at) for row in rows], said.repairs)


def remove_result(call: Call) -> Asked:
    """Without `id_hasil` it is a client's misdirected deletion of the record itself (wire 11)."""
    if number_in(call, []) is not None:
        return remove(call)
    return remove(Call(call.origin, SHK, call.sent, call.at, call.create_on_put))


def mark(call: Call) -> Asked:
    """A task time, compared with the others of its booking; a repeated one keeps the first time and says so."""
    return _with_other_times(add(call))


def mark_again(call: Call) -> Asked:
    """A corrected task time, compared with the other times of its booking."""
    return _with_other_times(replace(call))


def _with_other_times(usual: Asked) -> Asked:
    said = usual.values

    def decide(found: Found, now: datetime) -> Decision:
        decision = usual.change.decide(found[:-1], now)
        outcome = decision.outcome
        if outcome.kind == "exists" and outcome.row["waktu"] != said["waktu"]:
            warning = ReportWarning(member="waktu", code="first_time_kept")
            return Decision(Outcome("exists", outcome.row, (warning,)), tallies=("task_repeated_with_other_time",))
        if outcome.kind in ("saved", "updated") and _out_of_order(outcome.row, found[-1]):
            return _with_warning(decision, ReportWarning(member="waktu", code="task_out_of_order"))
        return decision

    return also(usual, Lookup(ANTRIAN_TASK, {"kodebooking": said["kodebooking"]}, whole=False), decide)


def also(usual: Asked, lookup: Lookup, decide: Callable[[Found, datetime], Decision]) -> Asked:
    """The usual change with one more lookup, whose rows come last, and another decision."""
    lookups = (*usual.change.lookups, lookup)
    return msgspec.structs.replace(usual, change=msgspec.structs.replace(usual.change, lookups=lookups, decide=decide))


def _out_of_order(row: Row, marks: list[Row]) -> bool:
    """Whether a time is before that of an earlier step or after that of a later one; 99 has no place in the order."""
    step = int(row["taskid"])
    if step == 99:
        return False
    for other in marks:
        its = int(other["taskid"])
        if its != 99 and (
            (its < step and other["waktu"] > row["waktu"]) or (its > step and other["waktu"] < row["waktu"])
        ):
            return True
    return False


def _with_warning(decision: Decision, warning: ReportWarning) -> Decision:
    outcome = decision.outcome
    warnings = [*outcome.warnings, warning]
    first = decision.writes[0]
    writes = (Put(first.report, first.values, first.old, warnings), *decision.writes[1:])
    return Decision(Outcome(outcome.kind, outcome.row, warnings, outcome.problems), writes, decision.tallies)


EXCEPTIONS: Mapping[tuple[Report[Any], str], Verb] = {
    (TEMPAT_TIDUR, "GET"): rooms,
    (TEMPAT_TIDUR, "POST"): add_room,
    (TEMPAT_TIDUR, "DELETE"): remove_room,
    (SHK, "GET"): find_shk,
    (SHK_HASIL, "DELETE"): remove_result,
    (ANTRIAN_TASK, "POST"): mark,
    (ANTRIAN_TASK, "PUT"): mark_again,
}


def verbs_of(report: Report[Any]) -> dict[str, Verb]:
    """The verb of each method that a report has: the usual one of its identity, or its exception."""
    usual = USUAL[type(report.identity)]
    return {method: EXCEPTIONS.get((report, method), verb) for method, verb in usual.items()}


__all__ = ["EXCEPTIONS", "live", "verbs_of"]
