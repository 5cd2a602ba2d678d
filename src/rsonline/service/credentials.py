"""What the doorkeeper asks of the store: hospitals, accounts and people with their passwords as stored."""

from contextlib import suppress
from datetime import UTC, datetime

from rsonline.login.attempts import Whose
from rsonline.login.doorkeeper import USER, StoredCredential, StoredHospital
from rsonline.login.logins import NOBODY
from rsonline.store import accounts, hospitals, people
from rsonline.store.accounts import Account
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Full
from rsonline.store.columns import from_millis, to_millis
from rsonline.store.engines import Store
from rsonline.store.hospitals import Hospital

ACCOUNT = "account/"
"""Before the name of an account where the doorkeeper knows hospitals by code: no code has a stroke."""
_MOST_ACCOUNTS = 20_000


class StoredCredentials:
    """What the doorkeeper asks of the store, and the hospitals' switches as of the version that it read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Hospital] = {}
        self.accounts: dict[tuple[str, int], Account] = {}
        """Accounts by name and the version that their tokens carry."""
        self._names: dict[str, str | None] = {}
        """Whose each account is that was ever looked at: None for a consumer's."""

    def facts(self, code: str, version: int) -> Hospital | None:
        """The hospital as it was when this version of it was verified."""
        known = self._known.get(code)
        return known if known is not None and known.version == version else None

    def known(self, code: str) -> Hospital:
        """The hospital as it was last read; raise KeyError for one that never was."""
        return self._known[code]

    def whose(self, key: str) -> Whose:
        """Whose line it is when a login with this key is refused; nobody's where it names nobody."""
        if key.startswith(ACCOUNT):
            name = key.removeprefix(ACCOUNT)
            if name not in self._names:
                return NOBODY
            code = self._names[name]
            return Whose(code or OPERATOR, "account", name, name if code is None else f"{code}/{name}")
        return Whose(key, "credential", "?", f"{key}/?") if key in self._known else NOBODY

    async def hospital(self, code: str) -> StoredHospital | None:
        """The hospital with its valid credentials, or an account of the patient API."""
        if code.startswith(ACCOUNT):
            return await self._account(code)
        if code.startswith(USER):
            return await self._person(code)
        now = datetime.now(UTC)
        found = await self._store.read(None, lambda access: hospitals.find(access, code, now))
        if found is None:
            return None
        self._known[code] = found
        until = [None if c.valid_until is None else c.valid_until.timestamp() for c in found.credentials]
        stored = tuple(StoredCredential(c.number, c.hash, u) for c, u in zip(found.credentials, until, strict=True))
        return StoredHospital(found.code, found.version, found.active, stored)

    async def _account(self, key: str) -> StoredHospital | None:
        found = await self.account(key.removeprefix(ACCOUNT))
        if found is None:
            return None
        until = None if found.valid_until is None else found.valid_until.timestamp()
        stored = StoredCredential(1, found.hash, until)
        return StoredHospital(key, version_of(found), found.active, (stored,))

    async def _person(self, key: str) -> StoredHospital | None:
        found = await self._store.read(None, lambda access: people.find(access, key.removeprefix(USER)))
        if found is None or found.hash is None:
            return None
        return StoredHospital(key, found.version, found.active, (StoredCredential(1, found.hash, None),))

    async def account(self, name: str) -> Account | None:
        """An account as it is now."""
        found = await self._store.read(None, lambda access: accounts.find(access, name))
        if found is not None:
            if len(self.accounts) > _MOST_ACCOUNTS:
                self.accounts.clear()
                self._names.clear()
            self.accounts[found.name, found.token_version] = found
            self._names[found.name] = found.code
        return found

    async def last_good(self, code: str, source: str) -> float | None:
        """When the hospital last logged in from there, in seconds since 1970."""
        found = await self._store.read(None, lambda access: hospitals.last_good(access, code, source))
        return None if found is None else to_millis(found) / 1000

    async def note_good(self, code: str, source: str, at: float) -> None:
        """Remember a good login from there; a full disk keeps nobody out."""
        with suppress(Full):
            await self._store.perform(
                lambda access: hospitals.note_good(access, code, source, from_millis(int(at * 1000)))
            )

    async def rehash(self, code: str, credential: int, hash: str) -> None:
        """Keep a stronger hash of the same password, where there is room for it."""
        with suppress(Full):
            if code.startswith(USER):
                await self._store.perform(lambda access: people.rehash(access, code.removeprefix(USER), hash))
            elif code.startswith(ACCOUNT):
                await self._store.perform(lambda access: accounts.rehash(access, code.removeprefix(ACCOUNT), hash))
            else:
                await self._store.perform(lambda access: hospitals.rehash(access, code, credential, hash))


def version_of(account: Account) -> int:
    """What ends a verification of an account: a change of it or of its hospital. Both only rise."""
    return account.version + (account.hospital_version or 0)
