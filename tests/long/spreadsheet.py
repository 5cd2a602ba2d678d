"""The exports opened in a spreadsheet program: no cell may become a formula (SR-41). Needs LibreOffice's Calc.

Twenty texts that a program may take for a formula are reported, exported in both forms and opened by the program, which
then says by itself which cells it takes for formulas. A file of ours with one real formula shows that it would say so.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rsonline import logs
from tests.databases import fresh
from tests.hospital import service_on
from tests.web.test_sheets import somebody
from tests.web.test_sheets_export import FORMULAS

_CELL = re.compile("<table:table-cell")
_FORMULA = re.compile(r'table:formula="([^"]*)"')


async def exported(folder: Path) -> list[Path]:
    """Both forms of a list that holds the texts."""
    files = []
    with fresh("sqlite", folder / "data") as database:
        async with service_on(folder / "data", database) as service:
            hospital = service.hospital()
            for number, formula in enumerate(FORMULAS):
                said = {"kodebooking": f"F-{number}", "jenispasien": "JKN", "kodepoli": "INT"}
                day = {"tanggalperiksa": "2024-04-02", "keterangan": formula}
                answer = await hospital.send("POST", "/Antrian", said | day)
                assert answer.status_code == 200, answer.text
            visitor = await somebody(service, hospital)
            for form in ("csv", "xlsx"):
                file = folder / f"ekspor-{form}.{form}"
                file.write_bytes((await visitor.get(f"/lembar/antrian/ekspor.{form}")).content)
                files.append(file)
    return files


def opened(program: str, file: Path) -> str:
    """What the program says of a file that it opened, as flat XML."""
    profile = f"-env:UserInstallation=file://{file.parent}/profile"
    command = [program, profile, "--headless", "--convert-to", "fods", "--outdir", str(file.parent / "out"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    made = file.parent / "out" / f"{file.stem}.fods"
    if not made.exists():
        raise SystemExit(f"{file.name} was not opened: {done.stdout} {done.stderr}")
    return made.read_text("utf-8")


def main() -> int:
    """Open both; 1 where a cell became a formula."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        sys.stderr.write(
            "LibreOffice is not installed (Debian: apt install --no-install-recommends libreoffice-calc)\n"
        )
        return 1
    logs.configure("warning", "console")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        control = folder / "rumus.csv"
        control.write_text("a,b\n=1+1,x\n", "utf-8")
        if _FORMULA.findall(opened(program, control)) != ["of:=1+1"]:
            sys.stderr.write("The program does not take =1+1 for a formula: it proves nothing.\n")
            return 1
        bad = 0
        for file in asyncio.run(exported(folder)):
            said = opened(program, file)
            formulas = _FORMULA.findall(said)
            bad += len(formulas)
            sys.stdout.write(f"{file.name}: {len(_CELL.findall(said))} cells, {len(formulas)} formulas {formulas}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
