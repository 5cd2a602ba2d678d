"""Files that are meant to hurt: each refused within a second and 150 MB, in a process of its own (SR-28)."""

import io
import json
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from rsonline.reports import OKSIGEN
from rsonline.sheets import archive, columns, reading, stream
from rsonline.sheets.cells import MOST_BYTES, NotASheet

SECONDS, MEGABYTES = 1.0, 150
WORKBOOK = '<workbook xmlns:r="o"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]>"
)
PROGRAM = """
import json, sys, time
from rsonline.sheets import reading, columns
from rsonline.sheets.cells import NotASheet
from rsonline.reports import OKSIGEN
body = sys.stdin.buffer.read()
begun = time.perf_counter()
try:
    found = reading.read(body)
    reading.require_few(columns.headed(found, OKSIGEN).lines)
    said = ""
except NotASheet as refused:
    said = refused.words.id
took = time.perf_counter() - begun
# Its own high water mark: the one of `getrusage` begins with that of the process that started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")).split()[1]
print(json.dumps([said, took, int(peak) / 1024]))
"""


def zipped(parts: dict[str, str | bytes], *, whole: bool = True) -> bytes:
    """A workbook of these parts."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        base = {"xl/workbook.xml": WORKBOOK, "xl/_rels/workbook.xml.rels": RELATIONS} if whole else {}
        for name, content in {**base, **parts}.items():
            made.writestr(name, content)
    return into.getvalue()


def sheet(rows: str) -> str:
    return f"<worksheet><sheetData>{rows}</sheetData></worksheet>"


def bomb() -> bytes:
    return zipped({"xl/worksheets/sheet1.xml": b"0" * (300 * 1024 * 1024)})


def lying_bomb() -> bytes:
    """A member that says it is small."""
    body = bytearray(zipped({"xl/worksheets/sheet1.xml": b"<a>" + b"0" * (60 * 1024 * 1024)}))
    for at in range(len(body) - 4):
        if body[at : at + 4] == b"PK\x01\x02" and b"sheet1" in body[at : at + 80]:
            struct.pack_into("<L", body, at + 24, 1000)
    return bytes(body)


def many_members() -> bytes:
    return zipped({f"xl/{n}.xml": "x" for n in range(20_000)})


def overlapping() -> bytes:
    """One compressed kernel that a thousand entries point to."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/a.xml", b"0" * (40 * 1024 * 1024))
        info = made.infolist()[0]
        for n in range(90):
            other = zipfile.ZipInfo(f"xl/{n}.xml")
            for name in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(other, name, getattr(info, name))
            made.filelist.append(other)
            made.NameToInfo[other.filename] = other
    return into.getvalue()


def noise(count: int) -> bytes:
    return random.Random(5).randbytes(count)


FILES: dict[str, Callable[[], bytes]] = {
    "an archive bomb": bomb,
    "a bomb that lies about its size": lying_bomb,
    "twenty thousand members": many_members,
    "members that overlap": overlapping,
    "entities in the sheet": lambda: zipped({"xl/worksheets/sheet1.xml": f"{ENTITIES}<x>&m;</x>"}),
    "entities in the workbook": lambda: zipped({"xl/workbook.xml": f"{ENTITIES}<x>&m;</x>"}),
    "entities in the texts": lambda: zipped(
        {"xl/worksheets/sheet1.xml": sheet(""), "xl/sharedStrings.xml": f"{ENTITIES}<sst><si><t>&m;</t></si></sst>"}
    ),
    "entities in UTF-16": lambda: zipped({"xl/workbook.xml": f"{ENTITIES}<x>&m;</x>".encode("utf-16")}),
    "an external entity": lambda: zipped(
        {"xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'}
    ),
    "an external document type": lambda: zipped(
        {"xl/worksheets/sheet1.xml": '<!DOCTYPE x SYSTEM "https://rs.test/x.dtd"><x/>'}
    ),
    "endless depth": lambda: zipped({"xl/worksheets/sheet1.xml": "<a>" * 8_000_000}),
    "an endless tag": lambda: zipped({"xl/worksheets/sheet1.xml": "<a " + "b='c' " * 6_000_000}),
    "an endless comment": lambda: zipped({"xl/worksheets/sheet1.xml": "<a><!--" + "x" * 40_000_000}),
    "a row of endless cells": lambda: zipped(
        {"xl/worksheets/sheet1.xml": sheet("<row>" + "<c><v>1</v></c>" * 2_000_000 + "</row>")}
    ),
    "too many rows": lambda: zipped({"xl/worksheets/sheet1.xml": sheet("<row><c><v>1</v></c></row>" * 1_500_000)}),
    "a row at the end of the sheet": lambda: zipped(
        {"xl/worksheets/sheet1.xml": sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}
    ),
    "a path in the name": lambda: zipped({"../../etc/passwd": "x", "xl/worksheets/sheet1.xml": sheet("")}),
    "an absolute path in the name": lambda: zipped({"/etc/passwd": "x", "xl/worksheets/sheet1.xml": sheet("")}),
    "a Windows path in the name": lambda: zipped({"..\\x": "x", "xl/worksheets/sheet1.xml": sheet("")}),
    "a sheet outside": lambda: zipped(
        {"xl/_rels/workbook.xml.rels": RELATIONS.replace("worksheets/", "https://rs.test/")}
    ),
    "another archive": lambda: zipped({"META-INF/MANIFEST.MF": "x"}, whole=False),
    "macros": lambda: zipped({"xl/vbaProject.bin": "x", "xl/worksheets/sheet1.xml": sheet("")}),
    "half an archive": lambda: zipped({"xl/worksheets/sheet1.xml": sheet("")})[:200],
    "only the signature": lambda: archive.SIGNATURE + noise(1000),
    "an old spreadsheet": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise(5000),
    "a PDF": lambda: b"%PDF-1.7\n" + noise(5000),
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + noise(5000),
    "a page": lambda: b"<html><table><tr><td>tanggal</td></tr></table></html>",
    "noise": lambda: noise(4 * 1024 * 1024),
    "a program": lambda: b"\x7fELF" + noise(5000),
    "UTF-16": lambda: "tanggal,p_cair\r\n2024-01-01,1\r\n".encode("utf-16"),
    "too large": lambda: b"tanggal\r\n" + b"1" * MOST_BYTES,
    "nothing": lambda: b"",
    "only blanks": lambda: b" \r\n" * 1000,
    "no header": lambda: b"2024-01-01,1\r\n",
    "commas": lambda: b"tanggal\r\n" + b"," * (MOST_BYTES - 100),
    "line ends": lambda: b"tanggal\r\n" + b"\n" * (MOST_BYTES - 100),
    "rows of text": lambda: b"tanggal\r\n" + b"1\n" * (MOST_BYTES // 2 - 100),
    "an open quote": lambda: b'tanggal\r\n"' + b"x" * (MOST_BYTES - 100),
    "quotes": lambda: b"tanggal\r\n" + b'"' * (MOST_BYTES - 100),
}


@pytest.mark.parametrize("what", FILES)
def test_a_hostile_file_is_refused_at_once(what: str) -> None:
    body = FILES[what]()
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=body, capture_output=True, timeout=60, check=True)
    said, took, megabytes = json.loads(done.stdout)
    assert said, what
    assert took <= SECONDS, f"{what}: {took:.2f} s"
    assert megabytes <= MEGABYTES, f"{what}: {megabytes:.0f} MB"


def test_the_largest_file_that_is_taken_stays_in_bounds() -> None:
    """Twenty thousand rows are read; one more is not."""
    for count, taken in ((20_000, True), (20_001, False)):
        writing = stream.XlsxWriting(["day", "whole"])
        body = writing.begin(["tanggal", "p_cair"]) + writing.rows([None, n] for n in range(count)) + writing.end()
        found = columns.headed(reading.read(body), OKSIGEN).lines
        if taken:
            reading.require_few(found)
            assert len(found) == count
        else:
            with pytest.raises(NotASheet):
                reading.require_few(found)


def test_a_hundred_members_are_taken_and_fifty_megabytes() -> None:
    some = {"xl/worksheets/sheet1.xml": sheet('<row r="1"><c r="A1" t="str"><v>tanggal</v></c></row>')}
    parts: dict[str, Any] = {**some, **{f"xl/{n}.bin": b"" for n in range(97)}}
    assert reading.read(zipped(parts)).lines[0].cells == ["tanggal"]
    with pytest.raises(NotASheet):
        reading.read(zipped({**parts, "xl/more.bin": b""}))
    left = archive.MOST_UNPACKED - sum(len(v) for v in (WORKBOOK, RELATIONS, *some.values()))
    assert reading.read(zipped({**some, "xl/a.bin": b"0" * left})).lines
    with pytest.raises(NotASheet):
        reading.read(zipped({**some, "xl/a.bin": b"0" * (left + 1)}))


def test_values_of_a_sheet_are_what_people_see() -> None:
    """Shared texts, rich texts, readings of characters, inline texts, escapes, booleans, errors, formulas, 1904."""
    texts = (
        "<sst><si><t>a</t><rPh><t>no</t></rPh></si><si><r><t>b</t></r><r><t xml:space='preserve'> c</t></r></si></sst>"
    )
    styles = (
        '<s><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts>'
        '<cellXfs><xf/><xf numFmtId="170"/></cellXfs></s>'
    )
    cells = (
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c>'
        '<c r="D2" t="inlineStr"><is><t>x_x0009_y</t></is></c><c r="E2" t="b"><v>1</v></c>'
        '<c r="F2" t="e"><v>#N/A</v></c><c r="G2"><f>1+1</f><v>2</v></c><c r="H2" s="1"><v>1</v></c>'
        '<c r="I2"><v>0.1</v></c><c r="J2"><v>1E3</v></c><c r="K2"/></row>'
    )
    book = WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    parts = {"xl/workbook.xml": book, "xl/sharedStrings.xml": texts, "xl/styles.xml": styles}
    [line] = reading.read(zipped({**parts, "xl/worksheets/sheet1.xml": sheet(cells)})).lines
    shown = [c.isoformat() if isinstance(c, datetime) else c for c in line.cells]
    assert (line.number, shown) == (
        2,
        ["a", "b c", None, "x\ty", True, "#N/A", 2, "1904-01-02T00:00:00", 0.1, 1000],
    )
