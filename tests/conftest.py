"""Fixtures that many tests share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rsonline import logs
from tests.hospital import Hospital, Service, service_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for the whole run; each test has hospitals of its own."""
    with (tmp_path_factory.mktemp("log") / "service.log").open("w") as stream:
        logs.configure("info", "json", stream)
        async with service_on(tmp_path_factory.mktemp("data")) as running:
            yield running


@pytest.fixture
def hospital(service: Service) -> Hospital:
    """A hospital that has reported nothing."""
    return service.hospital()
