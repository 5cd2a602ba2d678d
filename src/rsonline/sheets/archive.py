"""The archive that an XLSX file is: judged before anything of it is unpacked, then read piece by piece (SR-28).

Nothing is believed that the archive says of itself but what the library holds it to: a member never gives more bytes
than it declares. Markup is read with document types, entities and anything external forbidden, at bounded depth and
with bounded tokens, so that neither memory nor time follow from what is written inside.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Final
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from rsonline.sheets.cells import NotASheet

SIGNATURE: Final = b"PK\x03\x04"
MOST_UNPACKED: Final = 50 * 1024 * 1024
MOST_MEMBERS: Final = 100
_DIRECTORY_BYTES = MOST_MEMBERS * 1024
_END = b"PK\x05\x06"
_END_SIZE = 22
_LOCATOR_SIZE = 20
_PIECE = 64 * 1024
_DEEPEST = 32
_SILENT = 1024 * 1024
"""So many bytes of markup without a tag or text are one endless token."""

Start = Callable[[str, list[str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def damaged() -> NotASheet:
    """A file that looks like XLSX and is not whole."""
    return NotASheet(
        "Berkas XLSX ini rusak atau bukan berkas XLSX. Simpan ulang dari aplikasi lembar kerja.",
        "This XLSX file is damaged, or none. Save it again from the spreadsheet program.",
    )


def bomb() -> NotASheet:
    """A file that would be far larger unpacked than it is allowed to be."""
    return NotASheet(
        "Berkas ini berisi terlalu banyak data terkompresi (paling banyak 50 MiB dalam 100 bagian).",
        "This file unpacks to too much (at most 50 MiB in 100 parts).",
    )


def opened(body: bytes) -> ZipFile:
    """The archive, of which nothing is unpacked yet. Raises NotASheet."""
    _judge_directory(body)
    try:
        archive = ZipFile(BytesIO(body))
        found = archive.infolist()
    except (BadZipFile, ValueError, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise damaged() from error
    if len(found) > MOST_MEMBERS or sum(each.file_size for each in found) > MOST_UNPACKED:
        raise bomb()
    names = [each.filename for each in found]
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names):
        raise damaged()
    if any(each.flag_bits & 0x1 for each in found):
        raise NotASheet("Berkas ini dikunci dengan kata sandi.", "This file is locked by a password.")
    if any(each.compress_type not in (0, 8) for each in found):
        raise damaged()
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise NotASheet("Berkas ini berisi makro. Simpan sebagai XLSX biasa.", "This file has macros. Save it as XLSX.")
    return archive


def _judge_directory(body: bytes) -> None:
    """The list of members must be short: the library would make an object of each entry before it is counted."""
    at = body.rfind(_END, max(0, len(body) - _END_SIZE - 0xFFFF))
    if at < 0 or at + _END_SIZE > len(body):
        raise damaged()
    count, size = struct.unpack_from("<HL", body, at + 10)
    if count > MOST_MEMBERS or size > _DIRECTORY_BYTES:
        raise bomb()
    # A file of 5 MiB needs no 64-bit archive, whose own directory would replace the one just judged.
    if body[max(0, at - _LOCATOR_SIZE) : at].startswith(b"PK\x06\x07"):
        raise damaged()


def _leads_out(name: str) -> bool:
    parts = name.split("/")
    return not name or name.startswith("/") or ".." in parts or any(c in name for c in "\\:\0")


def parse(archive: ZipFile, name: str, start: Start, end: End, text: Text) -> None:
    """Read a member as markup. Names come without their namespace, attributes as a flat list. Raises NotASheet."""
    keeper = DefusedXMLParser(target=object(), forbid_dtd=True)
    parser = keeper.parser
    depth = silent = 0

    def begin(tag: str, attributes: list[str]) -> None:
        nonlocal depth, silent
        depth, silent = depth + 1, 0
        if depth > _DEEPEST:
            raise damaged()
        start(tag.rpartition("}")[2], attributes)

    def finish(tag: str) -> None:
        nonlocal depth, silent
        depth, silent = depth - 1, 0
        end(tag.rpartition("}")[2])

    def say(said: str) -> None:
        nonlocal silent
        silent = 0
        text(said)

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, finish, say
    parser.DefaultHandlerExpand = None
    try:
        with archive.open(name) as member:
            while piece := member.read(_PIECE):
                silent += len(piece)
                if silent > _SILENT:
                    raise damaged()
                parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (KeyError, BadZipFile, zlib.error, EOFError, ExpatError, DefusedXmlException, ValueError) as error:
        raise damaged() from error
    except (NotImplementedError, RuntimeError) as error:
        raise damaged() from error
