"""The verbs of the patient API: what a message about a COVID-19 patient, one of its parts or a death means.

Written by hand, since they tell a story: a patient is admitted, gets diagnoses and drugs, is discharged. As all verbs
they are functions that see neither HTTP nor SQL. What is refused is refused with one problem, the first.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from rsonline.intake.verbs import live
from rsonline.reports import KEMATIAN, PARTS, PASIEN_COVID, joi
from rsonline.reports.fields import At
from rsonline.reports.kinds import kematian, pasien_covid
from rsonline.reports.kinds.pasien_covid import (
    PASIEN_DIAGNOSA,
    PASIEN_KOMORBID,
    PASIEN_NUMBER,
    PASIEN_VAKSINASI,
    StatusKeluar,
)
from rsonline.reports.report import Numbered, Report, Row, members, recognised
from rsonline.reports.verdict import Problem, Refused, ReportWarning
from rsonline.store import patients
from rsonline.store.access import Access
from rsonline.store.change import Change, Decision, Found, Lookup, Origin, Outcome, Put, Seen
from rsonline.store.patients import Page

CAUSES = ("penyebabKematianId", "penyebabKematianLangsungId")
DISCHARGE = (*CAUSES, "statusPasienSaatMeninggalId", "komorbidCoInsidenId")
KEPT = ("tanggalKeluar", "statusKeluarId", *DISCHARGE)


class Message(msgspec.Struct, frozen=True):
    """One message to the patient API: who says it, about which record, and what was sent."""

    origin: Origin
    at: At
    report: Report[Any]
    body: object = None
    number: int | None = None
    query: Mapping[str, str] | None = None
    first: int = 0
    """How many rows to pass over, and how many to give."""
    count: int = 1000
    doses: tuple[Row, ...] = ()
    """Vaccinations that a registry knows of the person of a new report."""


class Reading(msgspec.Struct, frozen=True):
    """What a GET of many asks for. Rows are shown after they were noted as seen."""

    look: Callable[[Access], Page]
    report: Report[Any]


class Viewing(msgspec.Struct, frozen=True):
    """What a GET of one asks for: found and noted as seen at once, so that many share one commit.

    The outcome is `saved` with the row, or `unknown`.
    """

    change: Change
    report: Report[Any]


Verb = Callable[[Message], Change | Reading | Viewing]


def _read(record: type, message: Message, leave_out: tuple[str, ...] = ()) -> joi.Read:
    body, dropped = message.body, ()
    if message.at.outdated and isinstance(body, dict):
        outdated = pasien_covid.OUTDATED.get(record, frozenset())
        dropped = tuple(name for name in body if name in outdated)
        body = {name: given for name, given in body.items() if name not in outdated}
    said = joi.read(record, body, message.at, leave_out=leave_out)
    if dropped:
        said = said._replace(dropped=dropped)
    # A number that is not whole is that of no patient, as any other that nobody has.
    number = said.values.get(PASIEN_NUMBER, 0)
    return said if number == int(number) else said._replace(values=said.values | {PASIEN_NUMBER: 0})


def _change(
    message: Message,
    verb: str,
    lookups: tuple[Any, ...],
    decide: Callable[[Found, datetime], Decision],
    report: Report[Any] | None = None,
) -> Change:
    return Change(message.origin, report or message.report, verb, lookups, decide)


def _identity(report: Report[Any]) -> Numbered:
    assert isinstance(report.identity, Numbered)  # noqa: S101 (every report of this API is)
    return report.identity


def _by_number(report: Report[Any], number: int | None) -> Lookup:
    return Lookup(report, {_identity(report).number: number})


NOT_THERE = Decision(Outcome("unknown"))


# ---- patients


def _report(message: Message) -> tuple[Row, list[ReportWarning]]:
    """A whole report with everything that follows from it. Raises Refused."""
    said = _read(PASIEN_COVID.record, message)
    # Days first: two rules compare them. The ids come after the rules, which name them in words of their own.
    days = joi.days_of(PASIEN_COVID.record, said, message.at)
    problem = pasien_covid.broken_rule(said.values | days, said.raw, message.at)
    if problem is not None:
        raise Refused([problem])
    values, warnings = joi.settled(PASIEN_COVID.record, said, message.at)
    pasien_covid.derive(values, message.at)
    return values, warnings


def _same_in_care(values: Row) -> Lookup:
    return Lookup(PASIEN_COVID, {"recognised": recognised(_identity(PASIEN_COVID), values)}, whole=False)


def admit(message: Message) -> Change:
    """A new report with the doses that a registry knows, unless somebody with this identity is in care here (2.1)."""
    values, warnings = _report(message)

    def decide(found: Found, now: datetime) -> Decision:
        if live(found[0]) is not None:
            return Decision(Outcome("exists"))
        admitted = Put(PASIEN_COVID, values, None, warnings)
        known = [Put(PASIEN_VAKSINASI, dict(dose), None, parent=admitted) for dose in message.doses]
        return Decision(Outcome("saved", values, warnings), (admitted, *known))

    change = _change(message, "add", (_same_in_care(values),), decide)
    return msgspec.structs.replace(change, parts=(PASIEN_VAKSINASI,) * len(message.doses))


def amend(message: Message) -> Change:
    """The whole report again; who was discharged stays so (2.4)."""
    values, warnings = _report(message)
    identity = values["dirawat"]

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        if any(row[PASIEN_NUMBER] != old[PASIEN_NUMBER] for row in found[1]):
            return Decision(Outcome("exists"))
        kept = {name: old[name] for name in (PASIEN_NUMBER, *KEPT)}
        new = {**values, **kept, "dirawat": identity if old["tanggalKeluar"] is None else None}
        return Decision(Outcome("updated", new, warnings), (Put(PASIEN_COVID, new, old, warnings),))

    return _change(message, "replace", (_by_number(PASIEN_COVID, message.number), _same_in_care(values)), decide)


def withdraw(message: Message) -> Change:
    """Take a wrong report away with its parts; all of it stays in the journal (8.2)."""
    number = message.number

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        writes = [Put(PASIEN_COVID, dict(old), old, deleted=True)]
        writes += [
            Put(r, dict(row), row, deleted=True) for r, rows in zip(PARTS, found[1:], strict=True) for row in rows
        ]
        return Decision(Outcome("removed", old), tuple(writes))

    lookups = (_by_number(PASIEN_COVID, number), *[Lookup(part, {PASIEN_NUMBER: number}) for part in PARTS])
    return _change(message, "remove", lookups, decide)


def discharge(message: Message) -> Change:
    """Set the day and the outcome; the identity may then be admitted again (3.6)."""
    said = _read(StatusKeluar, message)
    values, warnings = joi.settled(StatusKeluar, said, message.at)
    if values["statusKeluarId"] == pasien_covid.STILL_IN_CARE:
        raise Refused([Problem(member="statusKeluarId", code="unknown_reference", detail={"of": "statuskeluar"})])
    if values["tanggalKeluar"] > message.at.today:
        raise Refused([Problem(member="tanggalKeluar", code="discharged_later")])
    if values["statusKeluarId"] != pasien_covid.DIED:
        values |= dict.fromkeys(DISCHARGE)
    else:
        # The ministry would like to know; clients in the field send null (3.6).
        warnings += [ReportWarning(member=m, code="death_unexplained") for m in CAUSES if values[m] is None]

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        if values["tanggalKeluar"] < old["tanggalMasuk"]:
            problem = Problem(member="tanggalKeluar", code="discharged_before")
            return Decision(Outcome("refused", problems=[problem]))
        new = {**old, **values, "dirawat": None}
        return Decision(
            Outcome("updated", {**new, "echo": said.raw[PASIEN_NUMBER]}, warnings),
            (Put(PASIEN_COVID, new, old, warnings),),
        )

    return _change(message, "discharge", (_by_number(PASIEN_COVID, values[PASIEN_NUMBER]),), decide, PASIEN_COVID)


def patients_in_care(message: Message) -> Reading:
    """The patients in care, of one medical record number where it is asked for (2.2)."""
    norm = (message.query or {}).get("noRM")
    code = message.origin.hospital
    return Reading(lambda a: patients.in_care(a, code, norm, message.first, message.count), PASIEN_COVID)


def patient(message: Message) -> Viewing:
    """One patient in care (2.3)."""

    def decide(found: Found, now: datetime) -> Decision:
        row = live(found[0])
        if row is None or row["tanggalKeluar"] is not None:
            return NOT_THERE
        return _shown(PASIEN_COVID, row | {"komorbid": int(bool(found[1]))})

    lookups = (_by_number(PASIEN_COVID, message.number), Lookup(PASIEN_KOMORBID, {PASIEN_NUMBER: message.number}))
    return Viewing(_change(message, "view", lookups, decide), PASIEN_COVID)


def _shown(report: Report[Any], row: Row) -> Decision:
    return Decision(Outcome("saved", row), seen=(Seen(report, row),))


# ---- their parts


def _part(message: Message, leave_out: tuple[str, ...] = ()) -> tuple[Row, list[ReportWarning]]:
    said = _read(message.report.record, message, leave_out)
    # Before anything else, as there: the schema, then this rule (3.1).
    if message.report is PASIEN_DIAGNOSA and said.values["diagnosaLevelId"] == 1:
        code = said.values["diagnosaId"]
        if code not in pasien_covid.PRIMARY_ICD:
            raise Refused([Problem(member="diagnosaId", code="primary_icd", detail={"icd": code})])
    return joi.settled(message.report.record, said, message.at)


def attach(message: Message) -> Change:
    """A new part of a patient, in care or not (3)."""
    values, warnings = _part(message)
    report = message.report

    def decide(found: Found, now: datetime) -> Decision:
        if not found[0]:
            return Decision(Outcome("refused", problems=[Problem(member=PASIEN_NUMBER, code="unknown_parent")]))
        said = list(warnings)
        if found[1]:
            first = members(report.record)[1].name
            said.append(ReportWarning(member=first, code="duplicate_suspected", detail={"number": found[1][0]["id"]}))
        return Decision(Outcome("saved", values, said), (Put(report, values, None, said),))

    parent = Lookup(PASIEN_COVID, {PASIEN_NUMBER: values[PASIEN_NUMBER]}, whole=False)
    same = Lookup(report, {"recognised": recognised(_identity(report), values)})
    return _change(message, "add", (parent, same), decide)


def _its_patient(found: Found) -> Lookup | None:
    """The patient of a part, for the persons of its journal line."""
    return Lookup(PASIEN_COVID, {PASIEN_NUMBER: found[0][0][PASIEN_NUMBER]}, whole=False) if found[0] else None


def amend_part(message: Message) -> Change:
    """All members of a part but its patient, which stays."""
    values, warnings = _part(message, (PASIEN_NUMBER,))
    report = message.report

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        new = {**values, "id": old["id"], PASIEN_NUMBER: old[PASIEN_NUMBER]}
        return Decision(Outcome("updated", new, warnings), (Put(report, new, old, warnings),))

    return _change(message, "replace", (_by_number(report, message.number), _its_patient), decide)


def take_away(message: Message, *others: Any) -> Change:
    """Take a record away; it stays in the journal (6.3, 8.2)."""
    report = message.report

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        return Decision(Outcome("removed", old), (Put(report, dict(old), old, deleted=True),))

    return _change(message, "remove", (_by_number(report, message.number), *others), decide)


def withdraw_part(message: Message) -> Change:
    """Take a part away; it stays in the journal (8.2)."""
    return take_away(message, _its_patient)


def parts(message: Message) -> Reading:
    """The parts of all patients in care, in the order that the guide's service has (3)."""
    report, code = message.report, message.origin.hospital
    norm = (message.query or {}).get("noRM")

    def look(access: Access) -> Page:
        rows = patients.parts(access, code, report, norm)
        rows.sort(key=partial(_place, report, message.at))
        return Page(rows[message.first : message.first + message.count], len(rows))

    return Reading(look, report)


def _place(report: Report[Any], at: At, row: Row) -> tuple[Any, ...]:
    if report is PASIEN_DIAGNOSA:
        return (row["diagnosaLevelId"], row["id"])
    if report is pasien_covid.PASIEN_TERAPI:
        return (joi.label(at, "terapi", row["terapiId"]) or "", row["id"])
    if report is pasien_covid.PASIEN_LAB:
        return (row["jenisPemeriksaanLabId"], row["id"])
    return (row["id"],)


def part(message: Message) -> Viewing:
    """One part, whether or not its patient is in care."""
    report = message.report

    def whole_patient(found: Found) -> Lookup | None:
        return Lookup(PASIEN_COVID, {PASIEN_NUMBER: found[0][0][PASIEN_NUMBER]}) if found[0] else None

    def decide(found: Found, now: datetime) -> Decision:
        if not found[0] or not found[1]:
            return NOT_THERE
        of_patient = {name: found[1][0][name] for name in ("noRM", "persons")}
        return _shown(report, found[0][0] | of_patient)

    return Viewing(_change(message, "view", (_by_number(report, message.number), whole_patient), decide), report)


# ---- deaths


def report_death(message: Message) -> Change:
    """A death (6.2)."""
    said = _read(KEMATIAN.record, message)
    for problem in (kematian.unlisted_cause(said.values, message.at), kematian.broken_rule(said.values, message.at)):
        if problem is not None:
            raise Refused([problem])
    values, warnings = joi.settled(KEMATIAN.record, said, message.at)
    kematian.settle(values)

    def decide(found: Found, now: datetime) -> Decision:
        return Decision(Outcome("saved", values, warnings), (Put(KEMATIAN, values, None, warnings),))

    return _change(message, "add", (), decide)


def amend_death(message: Message) -> Change:
    """What a death was like; who died stays (6.3). The cause is not held against the list again."""
    said = _read(KEMATIAN.record, message, kematian.FIXED_AFTERWARDS)
    values, warnings = joi.settled(KEMATIAN.record, said, message.at)

    def decide(found: Found, now: datetime) -> Decision:
        old = live(found[0])
        if old is None:
            return NOT_THERE
        new = {**old, **values}
        return Decision(Outcome("updated", new, warnings), (Put(KEMATIAN, new, old, warnings),))

    return _change(message, "replace", (_by_number(KEMATIAN, message.number),), decide)


def deaths(message: Message) -> Reading:
    """The hospital's death reports (6.1)."""
    code = message.origin.hospital
    return Reading(lambda a: patients.page_of(a, code, KEMATIAN, message.first, message.count), KEMATIAN)


# ---- which verb is whose

VERBS: Mapping[tuple[Report[Any], str, bool], Verb] = {
    (PASIEN_COVID, "POST", False): admit,
    (PASIEN_COVID, "GET", False): patients_in_care,
    (PASIEN_COVID, "GET", True): patient,
    (PASIEN_COVID, "PATCH", True): amend,
    (PASIEN_COVID, "DELETE", True): withdraw,
    **{(report, "POST", False): attach for report in PARTS},
    **{(report, "GET", False): parts for report in PARTS},
    **{(report, "GET", True): part for report in PARTS},
    **{(report, "PATCH", True): amend_part for report in PARTS},
    **{(report, "DELETE", True): withdraw_part for report in PARTS},
    (KEMATIAN, "POST", False): report_death,
    (KEMATIAN, "GET", False): deaths,
    (KEMATIAN, "PATCH", True): amend_death,
    (KEMATIAN, "DELETE", True): take_away,
}
"""The verb of each report, method, and whether a record's number stands in the address."""


def seen(message: Message, report: Report[Any], rows: list[Row]) -> Change | None:
    """A line for each patient that is about to be shown (SR-47)."""
    if not rows:
        return None
    lines = tuple(Seen(report, row) for row in rows)
    return Change(message.origin, report, "view", (), lambda found, now: Decision(Outcome("saved"), seen=lines))
