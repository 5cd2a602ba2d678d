"""A service in this process, and hospitals in it, for tests that speak HTTP."""

import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from rsonline.app import Application, create_app
from rsonline.login.passwords import hash_password
from rsonline.settings import Settings
from rsonline.store import hospitals, migrate
from rsonline.store.database import Database
from rsonline.store.engines import transaction

PASSWORD = "made-up-for-tests-4711"
_codes = itertools.count(9_100_001)


@cache
def password_hash() -> str:
    """One hash for all hospitals of the tests: hashing costs more than a test."""
    return hash_password(PASSWORD)


class Hospital(NamedTuple):
    """A hospital of a test and its client."""

    code: str
    service: "Service"

    @property
    def address(self) -> str:
        """Each hospital calls from an address of its own, as in life: failures are counted by address."""
        number = int(self.code)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str | None] | None = None,
        raw: bytes | None = None,
    ) -> httpx.Response:
        """One request with the three headers of the guide; a header of None leaves it out."""
        sent: dict[str, str] = {
            "X-rs-id": self.code,
            "X-Timestamp": str(int(time.time())),
            "X-pass": PASSWORD,
            "X-Forwarded-For": self.address,
        }
        for name, value in (headers or {}).items():
            for known in [k for k in sent if k.lower() == name.lower()]:
                del sent[known]
            if value is not None:
                sent[name] = value
        full = path if path.lower().startswith("/fo") else f"/fo/index.php{path}"
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        return await self.service.client.request(method, full, content=raw, headers=sent)


class Service(NamedTuple):
    """An application on a database of its own."""

    client: httpx.AsyncClient
    database: Database
    settings: Settings
    app: Application | None = None

    def inside(self) -> httpx.AsyncClient:
        """A client of the administrative address."""
        assert self.app is not None
        transport = httpx.ASGITransport(app=self.app.admin)
        return httpx.AsyncClient(transport=transport, base_url="http://rs.test")

    def hospital(self, zone: str = "WIB", **state: Any) -> Hospital:
        """A new hospital that has reported nothing."""
        code = str(next(_codes))
        with transaction(self.database) as access:
            hospitals.add(access, code, f"RS Tiruan {code}", zone, password_hash())
            if state:
                hospitals.set_state(access, code, **state)
        return Hospital(code, self)


@asynccontextmanager
async def service_on(folder: Path, database: Database | None = None, **settings: Any) -> AsyncIterator[Service]:
    """A service in this process on an empty folder, or on a database that is there."""
    if database is not None:
        settings |= {"database": database.url, "keys": database.keys}
    chosen = Settings(data=folder, **{"trusted_proxies": ("127.0.0.1",), **settings})
    migrate.upgrade(chosen.place)
    failures: list[BaseException] = []
    app = create_app(chosen, on_broken=failures.append)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://rs.test") as client:
        yield Service(client, chosen.place, chosen, app)
    await app.close()
    assert failures == []
