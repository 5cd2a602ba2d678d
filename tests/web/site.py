"""A running service with a hospital and a person for each role, for tests with a real browser."""

from pathlib import Path

from playwright.sync_api import Page

from rsonline.login.passwords import hash_password
from rsonline.store import hospitals
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.long.process import Service
from tests.web import browser
from tests.web.people import Person

CODE = "3404015"
NAME = "RS Tiruan Sleman"
PASSWORD = "made-up-for-pages-4711"


class Site:
    """`rsonline serve` on a database, with one hospital and its people."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self.service = Service(folder, database)
        with transaction(database) as access:
            hospitals.add(access, CODE, NAME, "WIB", hash_password(PASSWORD))
        self.people = {
            role: Person(database, f"{role}-tiruan", role, code=CODE if role in ("petugas", "admin-rs") else None)
            for role in ("petugas", "admin-rs", "kemenkes", "operator")
        }
        self.people["dinkes"] = Person(database, "dinkes-tiruan", "dinkes", region="34")

    @property
    def base(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.service.port}"

    def start(self) -> None:
        """Start it; return when it answers."""
        self.service.start()

    def stop(self) -> None:
        """End it at once."""
        self.service.kill()

    def log_in(self, page: Page, role: str) -> None:
        """As a person does, with the second factor where the role asks for one."""
        person = self.people[role]
        browser.log_in(page, person.user_name, person.password, person.code() if person.secret else None)
