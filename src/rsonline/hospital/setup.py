"""A first configuration: its text, the hospital's codes that mean nothing to the service yet, and what they may mean.

What is asked stands in `rsonline agent setup`; here are the answers' consequences.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import tomli_w

from rsonline.hospital.config import Config, Feed, preset
from rsonline.hospital.source import Source
from rsonline.reports.fields import OneOf
from rsonline.reports.references import Reference, shipped
from rsonline.reports.report import Report, members

DRIVERS = {
    "mysql": ("mysql+pymysql", 3306),
    "postgresql": ("postgresql+psycopg", 5432),
    "mssql": ("mssql+pymssql", 1433),
}
"""How each engine is spoken to, and its usual port."""
_ROWS = 20_000
"""So many rows are looked at for the hospital's codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a hospital said. Without a `preset` (`config.PRESETS`), `reports` get feeds to be filled in."""

    code: str
    zone: str
    address: str
    source_url: str
    source_zone: str
    preset: str = ""
    reports: tuple[str, ...] = ()
    ca_file: str = ""
    codes: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None
    """By feed, by member: the service's id by the hospital's code."""


class Unmapped(NamedTuple):
    """A code of the hospital that the service does not know, and what it may mean, best first: (id, name)."""

    feed: str
    member: str
    code: str
    suggestions: list[tuple[str, str]]


def source_url(engine: str, host: str, port: int, database: str, user: str) -> str:
    """The address of the hospital's database, without a password. `sqlite` takes a path as `database`."""
    if engine == "sqlite":
        return f"sqlite:///{database}"
    driver, _ = DRIVERS[engine]
    return f"{driver}://{quote(user, safe='')}@{host}:{port}/{quote(database, safe='')}"


def text_of(answers: Answers, reports: Iterable[Report[Any]], lang: str) -> str:
    """The configuration as TOML. Raises ConfigError for a preset that there is not."""
    hospital = {
        "code": answers.code,
        "zone": answers.zone,
        "address": answers.address,
        "password_file": PASSWORD_FILE,
    }
    if answers.ca_file:
        hospital["ca_file"] = answers.ca_file
    source = {"url": answers.source_url, "password_file": SOURCE_PASSWORD_FILE, "zone": answers.source_zone}
    if answers.source_url.startswith("sqlite"):
        del source["password_file"]
    feeds = tomllib.loads(preset(answers.preset))["feed"] if answers.preset else []
    for feed in feeds:
        for member, table in (answers.codes or {}).get(feed["name"], {}).items():
            feed.setdefault("codes", {}).setdefault(member, {}).update(table)
    head = tomli_w.dumps({"hospital": hospital, "source": source})
    body = tomli_w.dumps({"feed": feeds}, multiline_strings=True) if feeds else ""
    wanted = [report for report in reports if report.name in answers.reports]
    return "\n".join(part for part in (head, body, *(template(report, lang) for report in wanted)) if part)


PASSWORD_FILE = "sandi"  # noqa: S105 (the name of a file)
SOURCE_PASSWORD_FILE = "sandi-basis-data"  # noqa: S105 (the name of a file)


def template(report: Report[Any], lang: str) -> str:
    """A feed to be filled in: every member of a kind with its meaning, as the columns of one SELECT."""
    required = ", required" if lang == "en" else ", wajib"
    lines = []
    for member in members(report.record):
        label = member.label
        meaning = (label.en if lang == "en" else label.id) + (f" ({label.unit})" if label.unit else "")
        lines.append(f"       -- {meaning}{required if member.required else ''}\n       NULL AS {member.name}")
    table = "hospital_table" if lang == "en" else "tabel_rumah_sakit"
    sql = "SELECT\n" + ",\n".join(lines) + f"\n  -- FROM {table}\n"
    return f'[[feed]]\nname = "{report.name}"\nreport = "{report.name}"\nevery = 3600\nsql = """\n{sql}"""\n'


def unmapped(config: Config, source: Source, lang: str) -> list[Unmapped]:
    """The codes in the hospital's data that no table translates and no list holds. Raises SourceError."""
    made: list[Unmapped] = []
    references = shipped()
    for feed in config.feeds:
        lists = {m.name: references[m.kind.of] for m in members(feed.report.record) if isinstance(m.kind, OneOf)}
        for member, code in _codes(feed, source, lists):
            made.append(Unmapped(feed.name, member, code, suggestions(lists[member], code, lang)))
    return made


def _codes(feed: Feed, source: Source, lists: Mapping[str, Reference]) -> list[tuple[str, str]]:
    raw = replace(feed, codes={})
    found: dict[tuple[str, str], None] = {}
    for number, row in enumerate(source.rows(raw)):
        if number >= _ROWS:
            break
        for member, reference in lists.items():
            value = row.get(member)
            local = "" if value is None else str(value)
            table = feed.codes.get(member, {})
            if local and local not in table and "*" not in table and reference.tidied(local) is None:
                found[member, local] = None
    return list(found)


def suggestions(reference: Reference, code: str, lang: str, most: int = 5) -> list[tuple[str, str]]:
    """What a code may mean: the entries of a list whose names are nearest to it."""
    folded = code.casefold()

    def nearness(name: str) -> float:
        whole = difflib.SequenceMatcher(None, folded, name.casefold()).ratio()
        words = set(folded.split()) & set(name.casefold().split())
        return whole + len(words)

    ranked = sorted(reference.entries.values(), key=lambda entry: -nearness(entry.nama))
    return [(entry.id, entry.name if lang == "en" else entry.nama) for entry in ranked[:most]]


def keep_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all. Raises OSError."""
    beside = path.with_name(path.name + ".baru")
    beside.unlink(missing_ok=True)
    made = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
