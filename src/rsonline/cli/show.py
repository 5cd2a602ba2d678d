"""`rsonline show <report>`: everything that is derived from one declaration."""

import inspect
from typing import Annotated

import typer

from rsonline.cli import app


@app.command()
def show(
    report: Annotated[str, typer.Argument(help="Nama laporan, misalnya oksigen.", show_default=False)] = "",
) -> None:
    """Perlihatkan satu jenis laporan: alamat, fungsi, kolom, formulir, pesan. Tanpa nama: daftarnya."""
    from rich.console import Console
    from rich.table import Table

    from rsonline.intake.rules import EXCEPTIONS, verbs_of
    from rsonline.reports import REPORTS
    from rsonline.reports.references import shipped
    from rsonline.reports.report import members
    from rsonline.service import texts
    from rsonline.service.routes import PREFIX
    from rsonline.store.schema import table_of

    console = Console()
    # A pipe has no width of its own: what is searched with grep must not be cut.
    if not console.is_terminal:
        console = Console(width=200)
    found = next((r for r in REPORTS if r.name == report), None)
    if found is None:
        if report:
            typer.echo(f"Laporan {report} tidak dikenal. Yang ada:", err=True)
        for each in REPORTS:
            console.print(f"{each.name:18} {each.guide:6} {each.title.id}")
        raise typer.Exit(1 if report else 0)
    console.print(f"{found.title.id} / {found.title.en} (panduan {found.guide}), identitas {found.identity}")

    routes = Table("Metode", "Alamat", "Fungsi", "Berkas", title="Alamat", title_justify="left")
    for method, verb in verbs_of(found).items():
        code = inspect.getsourcefile(verb) or ""
        place = f"{code.rpartition('/rsonline/')[2]}:{inspect.getsourcelines(verb)[1]}"
        mark = " (pengecualian)" if (found, method) in EXCEPTIONS else ""
        routes.add_row(method, PREFIX + found.path, verb.__name__ + mark, place)
    console.print(routes)

    fields = Table(title="Anggota", title_justify="left")
    fields.add_column("Anggota", no_wrap=True)
    for heading in ("Wajib", "Label", "Satuan", "Jenis", "Arti"):
        fields.add_column(heading)
    for member in members(found.record):
        label = member.label
        fields.add_row(
            member.name + "".join(f"\n= {a}" for a in member.aliases),
            "ya" if member.required else "",
            f"{label.id} / {label.en}",
            label.unit or "",
            repr(member.kind) + (" Personal" if member.personal else ""),
            label.meaning.id if label.meaning else "",
        )
    console.print(fields)

    table = table_of(found)
    columns = Table("Kolom", "Tipe", "Kunci", title=f"Tabel {table.name}", title_justify="left")
    for column in table.columns:
        columns.add_row(column.name, str(column.type), "ya" if column.primary_key else "")
    console.print(columns)

    references = shipped()
    lists = sorted({m.kind.of for m in members(found.record) if hasattr(m.kind, "of")})
    for name in lists:
        reference = references[name]
        whole = "lengkap" if reference.complete else "belum lengkap"
        console.print(f"Daftar {name}: {len(reference.entries)} baris, versi {reference.version}, {whole}")
    console.print("Pesan:")
    sample = {"kode_rs": "…"} | {c.name: f"{{{c.name}}}" for c in table.columns}
    for kind in texts.ENDINGS:
        console.print(
            f"  {kind:8} {texts.STATUS[kind]}  {texts.sentence(found, sample, kind)}",
            markup=False,
            highlight=False,
        )
