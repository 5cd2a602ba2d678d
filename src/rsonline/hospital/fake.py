"""A service in memory, for tests of programs that use the SDK: no network, no database, no patience needed.

```python
service = FakeService()
client = Client("https://palsu.test/fo/index.php", "9100001", "rahasia", transport=service)
service.then(503, retry_after=2)          # the next request is answered so
service.then(lost=True, stored=True)      # the next one is carried out, and its answer gets lost
client.send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.5))
service.rows("oksigen")                   # what it has
```

It speaks as the guide's service was seen to (wire 1.2 to 1.7) and checks by the same rules. With `extensions` it also
knows Idempotency-Keys and announces them, as this project's service does. It keeps one hospital's data and accepts any
credentials, unless `password` is given.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from rsonline.hospital.signing import is_key, signed_by
from rsonline.hospital.wire import LISTS
from rsonline.reports import REPORTS, codec
from rsonline.reports.fields import At
from rsonline.reports.references import shipped
from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Report, Row, Steps, key_of, recognised
from rsonline.reports.verdict import Refused

_PATHS = {report.path.lower(): report for report in REPORTS}
_DONE = {"saved": "telah disimpan", "updated": "telah diupdate", "removed": "telah dihapus"}


@dataclass(slots=True)
class Scene:
    """What the next request meets instead of, or after, being carried out."""

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    stored: bool = False


class Scripted(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The transport of a client, waiting or not: it serves, and does what it was told to do to the next requests."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.requests: list[httpx.Request] = []
        """Every request that came, in order. They hold the password and persons: not for a log."""
        self._clock = clock
        self._script: list[Scene] = []

    def then(
        self,
        status: int | None = None,
        body: bytes | str | dict[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        lost: bool = False,
        stored: bool = False,
    ) -> None:
        """Say what the next request meets; several calls make a row of them.

        An answer of its own, or none (`lost`). With `stored` the request is carried out first.
        """
        raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        said = dict(headers or {})
        if retry_after is not None:
            said["Retry-After"] = str(int(retry_after))
        self._script.append(Scene(status, raw, said, lost, stored))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        scripted = self._script.pop(0) if self._script else None
        if scripted is None or scripted.stored:
            response = self._served(request)
        if scripted is not None:
            if scripted.lost:
                raise httpx.ReadError("the answer got lost", request=request)
            if scripted.status is not None:
                response = httpx.Response(scripted.status, content=scripted.body or b"", headers=scripted.headers)
        response.headers.setdefault("Date", format_datetime(datetime.fromtimestamp(self._clock(), UTC), usegmt=True))
        return response

    def _served(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError


def now() -> float:
    """Seconds since 1970."""
    return datetime.now(UTC).timestamp()


class FakeService(Scripted):
    """The transport of a `Client` or an `AsyncClient`; see the module."""

    def __init__(
        self,
        *,
        password: str | None = None,
        extensions: bool = False,
        clock: Callable[[], float] = now,
        window: float = 86_400.0,
    ) -> None:
        super().__init__(clock)
        self._password, self._extensions, self._window = password, extensions, window
        self._kept: dict[str, dict[str, Row]] = {report.name: {} for report in REPORTS}
        self._once: dict[str, tuple[int, bytes]] = {}
        self._next = 1000

    def rows(self, report: str) -> list[Row]:
        """What it has of a kind, as values."""
        return [dict(row) for row in self._kept[report].values()]

    def _served(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.lower()
        if self._extensions and path == "/.well-known/rsonline-receipt-key":
            return httpx.Response(200, json={"alg": "Ed25519", "key": "00000000", "public": "A" * 43 + "="})
        below = path.partition("/fo/index.php")[2]
        name = below.removeprefix("/referensi/")
        if (wrong := self._stranger(request)) is not None:
            root = _PATHS[below].root if below in _PATHS else name
            return _said(401, root, {"status": "401", "message": json.dumps({"response": wrong})})
        if name in LISTS:
            id_of, name_of = ("kode_tt", "nama_tt") if name == "tempat_tidur" else ("id_kebutuhan", "kebutuhan")
            return _said(200, name, *[{id_of: e.id, name_of: e.nama} for e in shipped()[name].entries.values()])
        report = _PATHS.get(below)
        if report is None:
            return _said(404, "error", {"status": "404", "message": "Alamat tidak dikenal"})
        key = request.headers.get("Idempotency-Key") if self._extensions else None
        known = self._once.get(f"{request.method} {below} {key}") if key else None
        if known is not None:
            return httpx.Response(known[0], content=known[1], headers={"Idempotent-Replayed": "true"})
        at = At(
            request.headers.get("X-rs-id", ""), ZoneInfo("Asia/Jakarta"), datetime.fromtimestamp(self._clock(), UTC)
        )
        try:
            response = self._carried(report, request, At(at.hospital, at.zone, at.now, at.references, "RS Palsu", True))
        except Refused as refused:
            errors = [{"field": p.member, "code": p.code} for p in refused.problems]
            words = f"Data gagal diproses: {', '.join(p.member for p in refused.problems)}"
            return _said(422, report.root, {"status": "422", "message": words, "errors": errors})
        if key and request.method != "GET":
            self._once[f"{request.method} {below} {key}"] = (response.status_code, response.content)
        if self._extensions and request.method != "GET" and "telah" in response.text:
            digest = hashlib.sha256(request.content).hexdigest()
            receipt = f"v=1; id={'0' * 32}; rs={at.hospital}; digest=sha-256:{digest}; time=-; key=00000000; sig=-"
            response.headers["X-RSOnline-Receipt"] = receipt
        return response

    def _stranger(self, request: httpx.Request) -> str | None:
        if self._password is not None and is_key(self._password):
            target = request.url.raw_path.decode("ascii")
            right = signed_by(self._password, request.headers, request.method, target, request.content)
            return None if right else "Tanda tangan tidak cocok dengan kunci rumah sakit ini"
        if self._password is not None and request.headers.get("X-pass") != self._password:
            return "X-rs-id atau X-pass salah"
        said = request.headers.get("X-Timestamp", "")
        expired = not said.isdigit() or abs(int(said) - self._clock()) > self._window
        return "Timestamp expired" if expired else None

    def _carried(self, report: Report[Any], request: httpx.Request, at: At) -> httpx.Response:
        sent = json.loads(request.content) if request.content else {}
        identity, kept = report.identity, self._kept[report.name]
        if isinstance(identity, PerDay) and request.headers.get(f"X-{identity.day}"):
            sent.setdefault(identity.day, request.headers[f"X-{identity.day}"])
        if request.method == "GET":
            return self._shown(report, sent, at)
        number = str(sent.get(identity.number) or "") if isinstance(identity, Numbered) else ""
        said = codec.read(report, sent, at, partial=request.method != "POST" or isinstance(identity, PerDay))
        by_number = [k for k, row in kept.items() if number and row.get(identity.number) == number]  # type: ignore[union-attr]  # only the numbered have one
        key = by_number[0] if by_number else number or self._key(report, said.values)
        old = kept.get(key)
        if request.method == "DELETE":
            if kept.pop(key, None) is None:
                return self._outcome(report, key, "tidak ditemukan", 404)
            return self._outcome(report, key, _DONE["removed"])
        upsert = isinstance(identity, PerDay)
        if request.method == "POST" and old is not None and not upsert:
            return self._outcome(report, key, "sudah ada. Gunakan method PUT")
        if request.method == "PUT" and old is None and not upsert:
            return self._outcome(report, key, "belum ada di database, gunakan method POST")
        values = {**(old or {}), **said.values}
        codec.complete(report, values, at)
        values["updated_at"] = at.now
        if old is None and isinstance(identity, Numbered):
            self._next += 1
            values[identity.number] = str(self._next)
            key = self._key(report, values) if identity.unique else str(self._next)
        kept[key] = values
        return self._outcome(report, key, _DONE["saved" if old is None else "updated"])

    def _key(self, report: Report[Any], values: Row) -> str:
        identity = report.identity
        if isinstance(identity, Numbered):
            known = recognised(identity, values)
            return known if identity.unique else ""
        return "\x1f".join(str(values.get(name)) for name in key_of(identity))

    def _outcome(self, report: Report[Any], key: str, ending: str, status: int = 200) -> httpx.Response:
        element = {"status": str(status), "message": f"Data {report.title.id.lower()} {ending}"}
        row = self._kept[report.name].get(key, {})
        if isinstance(report.identity, Numbered) and report.identity.number in row:
            element[report.identity.number] = row[report.identity.number]
        return _said(status, report.root, element)

    def _shown(self, report: Report[Any], sent: Mapping[str, Any], at: At) -> httpx.Response:
        identity, rows = report.identity, list(self._kept[report.name].values())
        filters = {identity.day: sent.get("tanggal")} if isinstance(identity, Named | PerDay) else sent
        rows = [r for r in rows if all(v is None or str(r.get(k)) == str(v) for k, v in filters.items())]
        if isinstance(identity, PerItem):
            known = {row[identity.item] for row in rows}
            blank = {"jumlah_eksisting": None, "jumlah": None, "jumlah_diterima": None, "updated_at": None}
            listed = at.references[identity.of].entries
            rows += [{identity.item: entry, **blank} for entry in listed if entry not in known]
        if not rows and not isinstance(identity, Named | Steps):
            return _said(200, report.root, {"status": "202", "message": "Data tidak ditemukan"})
        return _said(200, report.root, *[report.shown(row, report, at) for row in rows])


def _said(status: int, root: str, *elements: Mapping[str, Any]) -> httpx.Response:
    return httpx.Response(status, json={root: list(elements)})
