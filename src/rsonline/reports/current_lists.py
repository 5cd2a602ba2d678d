"""The reference lists as an operator's files say now: a running service takes up what is imported beside it."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

from rsonline.reports.references import Reference, with_own_rows

_State = tuple[tuple[str, int, int, int], ...]


class CurrentLists(Mapping[str, Reference]):
    """The shipped lists with the operator's own rows, as of the last `refresh`.

    Whoever holds it sees a change at once: there is no query and no look at the disk for it in a request.
    """

    def __init__(self, folder: Path) -> None:
        """Read the folder. Raises ValueError for a file in it that is no list."""
        self._folder = folder
        self._reading = Lock()
        self._seen = _state(folder)
        self._lists = with_own_rows(folder)
        self.version = 1
        """Rises with every change."""
        self.fault: str | None = None
        """Why the files cannot be read as they are now; what was read before still counts."""

    def refresh(self) -> bool:
        """Read the files again where one of them changed since; tell whether they did. From any thread."""
        with self._reading:
            seen = _state(self._folder)
            if seen == self._seen:
                return False
            # Noted before they are read: what changes meanwhile is seen the next time.
            self._seen = seen
            try:
                self._lists = with_own_rows(self._folder)
            except (ValueError, OSError, csv.Error) as error:
                self.fault = str(error)
            else:
                self.fault = None
                self.version += 1
            return True

    def __getitem__(self, name: str) -> Reference:
        return self._lists[name]

    def __contains__(self, name: object) -> bool:
        return name in self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)


def _state(folder: Path) -> _State:
    """Which files there are, and when each was written."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        try:
            told = path.stat()
        except FileNotFoundError:
            # It was replaced or taken away just now.
            continue
        found.append((path.name, told.st_mtime_ns, told.st_size, told.st_ino))
    return tuple(found)
