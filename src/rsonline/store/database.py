"""Where a database is. Known to everybody, so nothing heavy is loaded here."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit


class Database(NamedTuple):
    """Where a database is: `sqlite:///path` or `postgresql://…`, and the file with its master keys."""

    url: str
    keys: Path
    unsafe: bool = False
    """Take a server whose settings may lose what was acknowledged."""

    @property
    def embedded(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.url.startswith("sqlite:///")

    @property
    def path(self) -> Path:
        """The file of an embedded database. Raises ValueError for one on a server."""
        if not self.embedded:
            raise ValueError("a database on a server has no file")
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def shown(self) -> str:
        """Its name without address and password, for the log."""
        return self.path.name if self.embedded else urlsplit(self.url).path.lstrip("/")


def embedded(folder: Path) -> Database:
    """The embedded database of a folder, with its keys beside it."""
    return Database(f"sqlite:///{folder / 'rsonline.sqlite3'}", folder / "keys.json")
