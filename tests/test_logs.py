"""The log's stream: a disk that is full takes no line, and costs nobody an answer."""

import io
import json

import structlog

from rsonline.logs import Lasting


class _Disk(io.StringIO):
    """A stream with or without room."""

    room = True

    def write(self, text: str) -> int:
        """Take a line, or say that there is no room."""
        if not self.room:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_lines_without_room_are_counted_and_told_when_there_is_room_again() -> None:
    disk = _Disk()
    log = structlog.WriteLogger(Lasting(disk))  # type: ignore[arg-type]  # it wants the whole of TextIO, and writes
    log.msg('{"event":"first"}')
    disk.room = False
    for _ in range(3):
        log.msg('{"event":"lost"}')
    disk.room = True
    log.msg('{"event":"last"}')
    lines = [json.loads(line) for line in disk.getvalue().splitlines() if line]
    assert lines == [{"event": "first"}, {"count": 3, "event": "log.lost", "level": "warning"}, {"event": "last"}]
