"""What must not change unnoticed: each golden file and the function that gives its text."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from rsonline.insight import INDICATORS
from rsonline.reports.references import shipped
from rsonline.service.openapi import document
from rsonline.service.routes import LISTS, PREFIX, endpoints
from rsonline.store.schema import for_postgresql, metadata

FOLDER = Path(__file__).parent


def openapi() -> str:
    """The description of the service, but for its version."""
    described = document(shipped())
    described["info"]["version"] = "-"
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def routes() -> str:
    """Method, path and the function that answers."""
    lines = [f"GET {PREFIX}{path} list:{each.name}" for path, each in LISTS.items()]
    for endpoint in endpoints().values():
        lines += [f"{m} {PREFIX}{endpoint.report.path} {v.__name__}" for m, v in endpoint.verbs.items()]
    return "".join(f"{line}\n" for line in lines)


def ddl(dialect: Dialect) -> str:
    """The statements that make the whole database."""
    statements = []
    for table in for_postgresql(metadata).sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [str(CreateIndex(index).compile(dialect=dialect)).strip() for index in indexes]
    return "".join(f"{tidy(statement)};\n\n" for statement in statements)


def tidy(statement: str) -> str:
    """Without blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in statement.replace("\t", "  ").splitlines())


PAGES = {
    "beds": "tempat-tidur",
    "covid": "pasien-covid",
    "discipline": "disiplin-pelaporan",
    "honest": "waktu-tunggu",
    "oxygen": "oksigen",
    "screening": "shk",
    "staff": "tenaga-dan-apd",
    "staleness": "tempat-tidur",
    "waiting": "waktu-tunggu",
}
"""Where each module's indicators are explained."""


def indicators() -> str:
    """Every indicator with its formula, source and reasons for leaving rows out, as the declarations have them."""
    lines = [
        "# Semua indikator",
        "",
        "Dibuat dari deklarasi di `src/rsonline/insight/` (`python -m tests.golden --write`). Penjelasan dan apa yang",
        "tidak dapat dikatakan data ada di halaman tiap bagian. *Lokal*: tidak ada definisi resmi yang diumumkan.",
    ]
    for module, some in INDICATORS.items():
        page = PAGES[module]
        lines += ["", f"## [{page}](indikator/{page}.md) · `insight/{module}.py`", ""]
        lines += ["| Indikator | Rumus | Satuan | Sumber | Tidak dihitung |", "|---|---|---|---|---|"]
        for each in some:
            reasons = "; ".join(words.id for words in each.reasons.values()) or "–"
            source = f"{each.source.id}{' (lokal)' if each.local else ''}"
            name = f"`{each.name}` v{each.version}<br>{each.title.id}"
            cells = (name, each.formula.id, each.unit.id, source, reasons)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


TEXTS: Mapping[str, Callable[[], str]] = {
    "openapi.json": openapi,
    "../../docs/indikator.md": indicators,
    "routes.txt": routes,
    "sqlite.sql": lambda: ddl(sqlite.dialect()),
    "postgresql.sql": lambda: ddl(postgresql.dialect()),  # type: ignore[no-untyped-call]
}
