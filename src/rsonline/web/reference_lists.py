"""The reference lists: what they hold, where it comes from, and the operator's own rows.

Own rows live as CSV in the data folder, as the command line keeps them. Every process of the service
takes them up within ten seconds, the one that shows these pages at once.
"""

import asyncio
import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import RedirectResponse, Response

from rsonline.reports.references import Reference, read_list
from rsonline.reports.verdict import Words
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.web import listing, render
from rsonline.web.door import Wrong
from rsonline.web.pages import House, Page
from rsonline.web.visit import Visit

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
_LONGEST = 200
_ROWS = 100


class RowError(Exception):
    """A row cannot be added as asked; the text says why."""


def add_row(folder: Path, name: str, id: str, nama: str, english: str) -> None:
    """Put a row into the operator's own file of a list: another of the same id is replaced. Raises RowError."""
    if not _ID.fullmatch(id):
        raise RowError("Id harus 1 sampai 20 huruf, angka, titik, - atau _.")
    for text in (nama, english):
        if not text.isprintable() or len(text) > _LONGEST:
            raise RowError(f"Nama harus paling panjang {_LONGEST} karakter yang dapat dicetak.")
    if not nama:
        raise RowError("Nama wajib diisi.")
    path = folder / f"{name}.csv"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    said = [line for line in lines if line.startswith("#")]
    reader = csv.DictReader([line for line in lines if not line.startswith("#")])
    rows = [row for row in reader if row.get("id") != id]
    columns = list(dict.fromkeys([*(reader.fieldnames or ()), "id", "nama", "name"]))
    kept = io.StringIO()
    for line in said:
        kept.write(line + "\n")
    writer = csv.DictWriter(kept, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, {"id": id, "nama": nama, "name": english}])
    text = kept.getvalue()
    # What the service could not read must not get there.
    read_list(name, text.splitlines())
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{name}.csv"
    beside.write_text(text, "utf-8")
    beside.replace(path)


def _folder(house: House) -> Path:
    return house.settings.data / "references"


async def everything(house: House, visit: Visit) -> Response:
    """All lists with their sources."""
    await asyncio.to_thread(house.references.refresh)
    return render.page(visit, "daftar.html", lists=list(house.references.values()), fault=house.references.fault)


async def one(house: House, visit: Visit) -> Response:
    """The entries of one list."""
    await asyncio.to_thread(house.references.refresh)
    return _shown(house, visit, {})


def _asked(house: House, visit: Visit) -> Reference:
    found = house.references.get(visit.request.path_params["name"])
    if found is None:
        raise Wrong(404, "Daftar ini tidak ada.", "There is no such list.")
    return found


def _shown(house: House, visit: Visit, typed: Mapping[str, str], status: int = 200) -> Response:
    reference = _asked(house, visit)
    wanted = listing.asked(visit, _ROWS)
    folded = wanted.search.casefold()
    entries = [
        e
        for e in reference.entries.values()
        if not folded or folded == e.id.casefold() or folded in e.nama.casefold() or folded in e.name.casefold()
    ]
    return render.page(
        visit,
        "daftar_satu.html",
        status,
        reference=reference,
        entries=entries[wanted.first : wanted.first + wanted.rows],
        listing=wanted._replace(total=len(entries)),
        fault=house.references.fault,
        typed=typed,
        fresh=visit.session is not None and visit.session.fresh(visit.now),
    )


async def add(house: House, visit: Visit) -> Response:
    """A new row of the operator's own."""
    reference = _asked(house, visit)
    form = await visit.request.form(max_files=1, max_fields=20)
    typed = {name: text.strip() for name, text in form.items() if isinstance(text, str)}
    id, nama, english = typed.get("id", ""), typed.get("nama", ""), typed.get("name", "")
    by, folder = visit.on_behalf, _folder(house)

    def work(access: Access) -> None:
        # The line first: its lock keeps two from writing the file at once, and a file that fails takes it back.
        said: dict[str, object] = {"nama": nama, "name": english}
        journal.append(access, by, "reference", [reference.name, id], "add", said)
        add_row(folder, reference.name, id, nama, english)

    try:
        await house.store.perform(work)
    except RowError as error:
        visit.flash.append(("danger", Words(str(error), str(error))))
        return _shown(house, visit, typed, 422)
    await asyncio.to_thread(house.references.refresh)
    return RedirectResponse(f"/daftar/{reference.name}", 303)


PAGES = (
    Page("/daftar", ("GET",), "references", everything),
    Page("/daftar/{name}", ("GET",), "references", one),
    Page("/daftar/{name}", ("POST",), "references", add, fresh=True),
)
