"""Fixtures that many tests share."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rsonline import logs
from tests.hospital import PASSWORD, Hospital, Service, service_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for the whole run; each test has hospitals of its own. Its log holds nobody's secrets (SR-50)."""
    path = tmp_path_factory.mktemp("log") / "service.log"
    with path.open("w") as stream:
        logs.configure("info", "json", stream)
        async with service_on(tmp_path_factory.mktemp("data")) as running:
            yield running
    logged = path.read_text("utf-8")
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


@pytest.fixture
def hospital(service: Service) -> Hospital:
    """A hospital that has reported nothing."""
    return service.hospital()
