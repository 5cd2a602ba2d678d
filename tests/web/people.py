"""People at the pages, without a browser: they log in through the form and send what the page's form holds."""

import itertools
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pyotp

from rsonline.login.passwords import generate, hash_password
from rsonline.store import people
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.databases import rows
from tests.hospital import Service

BASE = "https://rs.test"
BY = Origin(OPERATOR, 0, "cli", source="cli")
_addresses = itertools.count(1)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Person:
    """Somebody with an account, at a browser of their own."""

    def __init__(self, database: Database, user_name: str, role: str, **more: str | None) -> None:
        self.user_name = user_name
        self.password = generate()
        self.secret = pyotp.random_base32() if role in people.SECOND_FACTOR else None
        self._step = 0
        self._database = database

        def add(access: Access) -> None:
            code, region = more.get("code"), more.get("region")
            people.add(access, BY, user_name, f"Orang {role}", role, code=code, region=region, one_time=generate())
            people.set_password(access, BY, user_name, hash_password(self.password))
            if self.secret is not None:
                people.set_totp(access, BY, user_name, self.secret, 0)

        with transaction(database) as access:
            add(access)

    def code(self) -> str:
        """A code of the second factor that was not used yet."""
        assert self.secret is not None
        now, into = divmod(datetime.now(UTC).timestamp(), 30)
        # The step before this one counts too; but not for long enough where this one is about to end.
        self._step = max(int(now) - (into < 20), self._step + 1)
        while self._step > datetime.now(UTC).timestamp() // 30 + 1:
            time.sleep(0.5)
        return str(pyotp.TOTP(self.secret).generate_otp(self._step))

    def rest(self) -> None:
        """As if minutes had passed since the last code: the next one need not wait for its half minute."""
        statement = "UPDATE web_user SET totp_step = 0 WHERE user_name = :n RETURNING user_name"
        assert rows(self._database, statement, n=self.user_name)
        self._step = 0


class Visitor:
    """A browser that keeps its cookies and follows no redirect by itself. Each comes from an address of its own."""

    def __init__(self, service: Service) -> None:
        number = next(_addresses)
        self.client = httpx.AsyncClient(
            transport=service.client._transport,
            base_url=BASE,
            headers={"x-forwarded-for": f"10.200.{number >> 8 & 255}.{number & 255}"},
        )

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path, headers={"accept": "text/html"})

    async def post(self, path: str, data: Mapping[str, str], *, page: str | None = None) -> httpx.Response:
        """Send a form: the hidden fields of `page` (default: the page at the same address) and what was typed."""
        shown = await self.get(page or path)
        hidden = dict(_HIDDEN.findall(shown.text))
        return await self.send(path, {**hidden, **data})

    async def send(self, path: str, data: Mapping[str, str]) -> httpx.Response:
        """Send exactly these fields from a page of ours."""
        return await self.client.post(path, data=dict(data), headers={"origin": BASE})

    async def log_in(self, person: Person) -> None:
        """Password, and code where the account has a second factor."""
        answer = await self.post("/masuk", {"pengguna": person.user_name, "sandi": person.password})
        assert answer.status_code == 303, answer.text
        if person.secret is not None:
            answer = await self.post("/masuk/faktor-kedua", {"kode": person.code()})
            assert answer.status_code == 303, answer.text
