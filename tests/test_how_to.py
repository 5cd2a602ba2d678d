"""The documents are held to what they say: the how-to is run as it stands, names and links lead somewhere."""

import importlib.util
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from typer.testing import CliRunner

from rsonline.cli import app
from rsonline.reports import REPORTS
from rsonline.reports.references import shipped
from rsonline.reports.report import Report, check
from rsonline.service import openapi_texts
from rsonline.service.gate import Gate
from rsonline.service.openapi import document
from rsonline.service.routes import GuideDoor
from rsonline.settings import Settings
from rsonline.store import migrate
from rsonline.store.database import Database, embedded
from rsonline.store.engines import connected, engine_of, open_store
from rsonline.store.schema import table_of
from tests.databases import rows
from tests.hospital import Hospital, Service

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "add-a-report.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
DECLARATION, MIGRATION, EXAMPLE = BLOCKS
MESSAGE = {"tanggal": "2026-01-02", "dari_pdam": "120", "dari_sumur": 30.5, "total": "150.5"}


def loaded(source: str, name: str, folder: Path) -> ModuleType:
    """A block of the page as the module that it would be."""
    path = folder / f"{name}.py"
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def air_bersih(tmp_path_factory: pytest.TempPathFactory) -> Report[Any]:
    """The report that the page declares."""
    made: Report[Any] = loaded(DECLARATION, "air_bersih_of_the_page", tmp_path_factory.mktemp("kind")).AIR_BERSIH
    return made


def migrated(folder: Path) -> Database:
    """A database of this release, raised by the migration of the page."""
    database = embedded(folder)
    migrate.upgrade(database)
    step = loaded(MIGRATION, "migration_of_the_page", folder)
    with connected(database) as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
    return database


@pytest_asyncio.fixture
async def hospital(air_bersih: Report[Any], tmp_path: Path) -> AsyncIterator[Hospital]:
    """A hospital of a service that knows one report more."""
    settings = Settings(data=tmp_path, trusted_proxies=("127.0.0.1",))
    database = migrated(tmp_path)
    failures: list[BaseException] = []
    store = open_store(database, on_broken=failures.append)
    gate = Gate(settings, store, shipped())
    door = GuideDoor(store, gate, shipped(), reports=(*REPORTS, air_bersih))
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://rs.test") as client:
        yield Service(client, database, settings).hospital()
    await gate.close()
    await store.close()
    assert failures == []


def test_the_page_has_the_three_blocks_that_are_run_here() -> None:
    assert [block.splitlines()[0].rpartition("/")[2] for block in BLOCKS] == [
        "air_bersih.py",
        "0003_air_bersih.py",
        "openapi_texts.py, EXAMPLES",
    ]


def test_the_declaration_of_the_page_is_sound(air_bersih: Report[Any]) -> None:
    assert check((*REPORTS, air_bersih)) == []


def test_the_migration_of_the_page_makes_the_table_that_is_derived(air_bersih: Report[Any], tmp_path: Path) -> None:
    engine = engine_of(migrated(tmp_path))
    found = {c["name"]: (str(c["type"]), c["nullable"]) for c in sa.inspect(engine).get_columns("air_bersih")}
    key = sa.inspect(engine).get_pk_constraint("air_bersih")["constrained_columns"]
    engine.dispose()
    table = table_of(air_bersih)
    dialect = engine.dialect
    assert found == {c.name: (c.type.compile(dialect=dialect), bool(c.nullable)) for c in table.columns}
    assert key == [c.name for c in table.primary_key] == ["kode_rs", "tanggal"]


async def test_the_report_is_stored_read_changed_and_removed(hospital: Hospital) -> None:
    path = "/Logistik/air_bersih"
    saved = await hospital.send("POST", path, MESSAGE)
    assert saved.status_code == 200, saved.text
    assert saved.json()["AirBersih"][0]["message"] == "Data air bersih tanggal 2026-01-02 telah disimpan"

    changed = await hospital.send("POST", path, {"tanggal": "2026-01-02", "dari_sumur": "31"})
    assert changed.json()["AirBersih"][0]["message"] == "Data air bersih tanggal 2026-01-02 telah diupdate"
    assert changed.headers["x-rsonline-warnings"] == "totals_differ:total"

    shown = await hospital.send("GET", path, headers={"X-tanggal": "2026-01-02"})
    assert shown.json() == {
        "AirBersih": [{"tanggal": "2026-01-02", "dari_pdam": "120", "dari_sumur": "31", "total": "150.5"}]
    }

    removed = await hospital.send("DELETE", path, {"tanggal": "2026-01-02"})
    assert removed.json()["AirBersih"][0]["message"] == "Data air bersih tanggal 2026-01-02 telah dihapus"
    gone = await hospital.send("GET", path, headers={"X-tanggal": "2026-01-02"})
    assert gone.json()["AirBersih"][0]["status"] == "202"

    lines = rows(hospital.service.database, "SELECT verb FROM journal WHERE object = 'air_bersih' ORDER BY seq")
    assert [line["verb"] for line in lines] == ["save", "save", "remove"]


async def test_what_cannot_be_understood_is_refused_in_words(hospital: Hospital) -> None:
    answer = await hospital.send("POST", "/Logistik/air_bersih", {**MESSAGE, "dari_pdam": "seratus"})
    assert answer.status_code == 422
    (element,) = answer.json()["AirBersih"]
    assert element["status"] == "422"
    assert "dari_pdam gagal dibaca sebagai angka" in element["message"]
    nothing = await hospital.send("GET", "/Logistik/air_bersih")
    assert nothing.json()["AirBersih"][0]["status"] == "202"


def test_the_description_contains_the_report(air_bersih: Report[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    scope: dict[str, Any] = {}
    exec(EXAMPLE, scope)  # noqa: S102 (a block of our own page)
    for name, message in scope["EXAMPLE"].items():
        monkeypatch.setitem(openapi_texts.EXAMPLES, name, message)
    described = document(shipped(), reports=(*REPORTS, air_bersih))
    assert set(described["paths"]["/Logistik/air_bersih"]) == {"get", "post", "put", "delete"}
    schema = described["components"]["schemas"]["AirBersih"]
    assert set(schema["properties"]) == {"tanggal", "dari_pdam", "dari_sumur", "total"}


def test_show_tells_what_was_derived(air_bersih: Report[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsonline.reports.REPORTS", (*REPORTS, air_bersih))
    told = CliRunner().invoke(app, ["show", "air_bersih"])
    assert told.exit_code == 0, told.output
    assert "Air bersih / Clean water (panduan III.H)" in told.output
    assert "/fo/index.php/Logistik/air_bersih" in told.output
    assert "telah disimpan" in told.output


def test_nothing_else_of_the_project_knows_the_report() -> None:
    source = ROOT / "src" / "rsonline"
    assert [str(p) for p in source.rglob("*.py") if "air_bersih" in p.read_text("utf-8")] == []


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text("utf-8")))
    written = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in named if f"def {name}(" not in written} == set()
    assert len(named) > 30


def test_every_setting_and_every_hospital_command_is_explained_to_the_operator() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [f.name for f in fields(Settings) if f"`{f.name}`" not in page] == []
    told = CliRunner().invoke(app, ["hospital", "--help"]).output
    commands = re.findall(r"^  ([a-z]+)  ", told, re.MULTILINE)
    assert len(commands) > 5
    assert [c for c in commands if not re.search(rf"`(\w+ CODE`, `)?{c}\b", page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    local = [t for t in targets if "://" not in t]
    assert [t for t in local if not (page.parent / t).exists()] == []
