"""A file from a stranger as rows: told by its content, never by its name (SR-28)."""

from collections.abc import Sequence

from rsonline.sheets import archive, commas
from rsonline.sheets.cells import MOST_BYTES, MOST_ROWS, TOO_LARGE, TOO_MANY_ROWS, Line, NotASheet, Sheet


def read(body: bytes) -> Sheet:
    """The rows of an XLSX or CSV file. Raises NotASheet, in words for whoever sent it."""
    if len(body) > MOST_BYTES:
        raise NotASheet(*TOO_LARGE)
    if not body.strip():
        raise NotASheet("Berkas ini kosong.", "This file is empty.")
    if body.startswith(archive.SIGNATURE):
        # openpyxl is loaded when the first workbook comes.
        from rsonline.sheets import xlsx

        return xlsx.read(body)
    return commas.read(body)


def require_few(lines: Sequence[Line]) -> None:
    """Raise NotASheet for more rows of data than a file may have."""
    if len(lines) > MOST_ROWS:
        raise NotASheet(*TOO_MANY_ROWS)
