"""The description of the service and its page."""

from collections.abc import Mapping

from starlette.routing import BaseRoute

from rsonline.reports.references import Reference
from rsonline.settings import Settings


def routes(settings: Settings, references: Mapping[str, Reference]) -> list[BaseRoute]:
    """None yet."""
    return []
