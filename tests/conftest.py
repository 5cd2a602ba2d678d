"""Fixtures that many tests share."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from rsonline import logs
from rsonline.store.database import Database
from tests.databases import ENGINES, fresh
from tests.hospital import PASSWORD, Hospital, Service, service_on

# No test asserts a time: a machine that does other work is no fault of ours.
hypothesis.settings.register_profile(
    "untimed", hypothesis.settings.default, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own for one test, on each engine."""
    with fresh(request.param, tmp_path / "data") as made:
        yield made


@pytest.fixture(scope="session")
def log_of_the_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What all services of the run log goes to one file, and nobody's secrets are in it (SR-50)."""
    path = tmp_path_factory.mktemp("log") / "service.log"
    with path.open("w") as stream:
        logs.configure("info", "json", stream)
        yield
    # A random request id and a time may hold any five digits.
    logged = re.sub('"(request_id|timestamp)":"[^"]+"', "", path.read_text("utf-8"))
    for secret in (
        PASSWORD,
        "Ibu Contoh",
        "By Ny",
        "Jalan Contoh",
        "RM-CONTOH",
        "CONTOH-0001",
        "9999000000000",
        "99990",
    ):
        assert secret not in logged, secret
    assert not re.search(r"\b9999[0-9]{11,12}\b", logged)
    assert all(line.startswith("{") for line in logged.splitlines())


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=ENGINES)
async def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, log_of_the_services: None
) -> AsyncIterator[Service]:
    """One service for the whole run on each engine; each test has hospitals of its own."""
    folder = tmp_path_factory.mktemp("data")
    with fresh(request.param, folder) as made:
        async with service_on(folder, made) as running:
            yield running


@pytest.fixture
def hospital(service: Service) -> Hospital:
    """A hospital that has reported nothing."""
    return service.hospital()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser come last: the loop that drives it runs until the end, and no other runs beside it."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
