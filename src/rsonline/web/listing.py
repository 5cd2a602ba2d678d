"""Lists in pages: what was searched for, which page is shown, how the others are reached."""

from typing import NamedTuple
from urllib.parse import urlencode

from rsonline.web.visit import Visit

LONGEST_SEARCH = 80


class Listing(NamedTuple):
    """One page of a list: `page` counts from 1, `rows` stand on each; `kept` are the filters that links carry on."""

    path: str
    page: int
    rows: int
    total: int
    search: str
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> int:
        """How many rows stand before it."""
        return (self.page - 1) * self.rows

    @property
    def pages(self) -> int:
        """How many pages there are; one at least."""
        return max(1, -(-self.total // self.rows))

    def to(self, page: int) -> str:
        """The address of another page."""
        asked = [(name, text) for name, text in (*self.kept, ("cari", self.search)) if text]
        return f"{self.path}?{urlencode([*asked, ('hal', str(page))])}"


def asked(visit: Visit, count: int, *kept: str) -> Listing:
    """Which page the address asks for; `kept` are the names of further filters in it."""
    query = visit.request.query_params
    text = query.get("hal", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    search = " ".join(query.get("cari", "").split())[:LONGEST_SEARCH]
    # A NUL is no text to either database.
    search = search if search.isprintable() else ""
    filters = tuple((name, query.get(name, "")[:LONGEST_SEARCH]) for name in kept)
    return Listing(visit.request.url.path, max(1, number), count, 0, search, filters)
