"""The professions of health workers in both languages; the guide spells two of them in two ways."""

from rsonline.reports.references import shipped
from rsonline.reports.verdict import Words

NAMES: dict[str, Words] = {entry.id: Words(entry.nama, entry.name) for entry in shipped()["profesi"].entries.values()}
NAMES["internship"] = NAMES["intership"]
