"""The patient API in memory, for tests of programs that use `Patients`: see `fake` for what can be scripted.

It checks by the same rules, hands out tokens of ten minutes that end when `forget` is called, and gives rows as the API
does. Who has left is not shown any more.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from rsonline.hospital import patient_wire as wire
from rsonline.hospital.fake import Scripted, now
from rsonline.reports import KEMATIAN, PASIEN_COVID, PATIENT_REPORTS, joi
from rsonline.reports.fields import At
from rsonline.reports.kinds import kematian, pasien_covid
from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER, StatusKeluar
from rsonline.reports.references import shipped
from rsonline.reports.report import Record, Report, Row
from rsonline.reports.verdict import Refused

_PATHS: dict[str, Report[Any]] = {report.path: report for report in PATIENT_REPORTS}
_PLACE = re.compile(r"(/[a-z0-9]+)(?:/([0-9]{1,18}))?")


class FakePatients(Scripted):
    """The transport of a `Patients` or an `AsyncPatients`."""

    def __init__(self, *, password: str | None = None, clock: Callable[[], float] = now) -> None:
        super().__init__(clock)
        self._password, self._token, self._next = password, 0, 0
        self._kept: dict[str, dict[str, Row]] = {report.name: {} for report in PATIENT_REPORTS}

    def rows(self, report: str) -> list[Row]:
        """What it has of a kind, as values."""
        return [dict(row) for row in self._kept[report].values()]

    def forget(self) -> None:
        """End every token."""
        self._token += 1

    def _served(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.lower().partition("/api")[2]
        sent = json.loads(request.content) if request.content else {}
        if path == wire.LOGIN:
            return self._let_in(sent)
        given = request.headers.get("Authorization")
        if given != f"Bearer palsu.{self._token}":
            return _said(403, "Unauthorized" if given is None else "Forbidden")
        place = _PLACE.fullmatch(path)
        list_name = path.removeprefix("/")
        if path == wire.DISCHARGE and request.method == "POST":
            return self._attempt(lambda: self._discharged(sent))
        if place is None or place[1] not in _PATHS:
            listed = shipped().get(list_name) if request.method == "GET" else None
            if listed is None:
                return _said(404, "page not found")
            return _found([{"id": entry.id, "nama": entry.nama} for entry in listed.entries.values()])
        report, number = _PATHS[place[1]], place[2]
        return self._attempt(lambda: self._carried(report, number, request.method, sent))

    def _let_in(self, sent: dict[str, Any]) -> httpx.Response:
        if self._password is not None and sent.get("password") != self._password:
            return _said(401, "Unauthorized")
        token = {"access_token": f"palsu.{self._token}", "issued_at": "", "expired_at": "", "expires_in": "10m"}
        return _said(201, "access token created", token)

    def _attempt(self, carry: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            return carry()
        except Refused as refused:
            problem = refused.problems[0]
            return _said(
                404 if problem.code in ("required", "not_allowed") else 422, f'"{problem.member}" {problem.code}'
            )

    @property
    def _at(self) -> At:
        return At("", ZoneInfo("Asia/Jakarta"), datetime.fromtimestamp(self._clock(), UTC))

    def _carried(self, report: Report[Any], number: str | None, method: str, sent: dict[str, Any]) -> httpx.Response:
        kept = self._kept[report.name]
        if method == "GET" and number is None:
            return _found([self._shown(report, row) for row in kept.values() if not row.get("tanggalKeluar")])
        if method == "POST" and number is None:
            values = self._settled(report, sent, again=False)
            if report is PASIEN_COVID and any(row["dirawat"] == values["dirawat"] for row in kept.values()):
                return _said(422, f"Pasien dengan NIK tersebut {wire.IN_CARE}")
            self._next += 1
            values |= {"id": self._next, "received_at": self._at.now}
            if report is PASIEN_COVID:
                values[PASIEN_NUMBER] = self._next
            elif PASIEN_NUMBER in values and str(values[PASIEN_NUMBER]) not in self._kept[PASIEN_COVID.name]:
                return _said(422, f"{PASIEN_NUMBER} tidak ditemukan")
            kept[str(self._next)] = values
            return _said(201, "data inserted successfully", {"id": self._next})
        row = kept.get(number or "")
        if method == "GET":
            gone = row is None or row.get("tanggalKeluar")
            return _said(
                200, "data not found" if gone else "data found", None if gone else self._shown(report, row or {})
            )
        if row is None:
            return _said(404, "data not found")
        if method == "DELETE":
            del kept[number or ""]
            return _said(200, "data deleted successfully")
        row |= self._settled(report, sent, again=True)
        return _said(200, "data updated successfully", {"id": number})

    def _settled(self, report: Report[Any], sent: dict[str, Any], *, again: bool) -> Row:
        at = self._at
        verdict = wire.checked(report.record, sent, at, again=again)
        if not isinstance(verdict, tuple):
            raise Refused(list(verdict.problems))
        left_out = wire.fixed(report.record) if again else ()
        values, _ = joi.settled(report.record, joi.read(report.record, sent, at, leave_out=left_out), at)
        if report is PASIEN_COVID:
            pasien_covid.derive(values, at)
        elif report is KEMATIAN:
            kematian.settle(values)
        return values

    def _discharged(self, sent: dict[str, Any]) -> httpx.Response:
        record: type[Record] = StatusKeluar
        values, _ = joi.settled(record, joi.read(record, sent, self._at), self._at)
        row = self._kept[PASIEN_COVID.name].get(str(values[PASIEN_NUMBER]))
        if row is None:
            return _said(201, "data inserted successfully", "no row matched")
        row |= {"tanggalKeluar": values["tanggalKeluar"], "statusKeluarId": values["statusKeluarId"], "dirawat": None}
        return _said(201, "data inserted successfully", {"id": sent[PASIEN_NUMBER]})

    def _shown(self, report: Report[Any], row: Row) -> dict[str, Any]:
        parent = self._kept[PASIEN_COVID.name].get(str(row.get(PASIEN_NUMBER)), {})
        whole = {"komorbid": 0, "noRM": parent.get("noRM"), **row}
        return report.shown(whole, report, msgspec.structs.replace(self._at, name="RS Palsu"))


def _said(status: int, message: str, data: object = ...) -> httpx.Response:
    body = {"status": status < 400, "message": message} | ({} if data is ... else {"data": data})
    return httpx.Response(status, json=body)


def _found(rows: list[dict[str, Any]]) -> httpx.Response:
    body = {"status": True, "message": "data found" if rows else "data not found", "data": rows}
    return httpx.Response(200, json=body)
