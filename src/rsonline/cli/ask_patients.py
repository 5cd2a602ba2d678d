"""What the patient API holds, for `rsonline list`: rows as it gives them, on one level."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from rsonline.cli.line import patients_at, say, wrong

if TYPE_CHECKING:
    from rsonline.reports.report import Report


def list_patients(
    ctx: typer.Context, kind: "Report[Any]", *, number: str, parent: str, personal: bool, lang: str, as_json: bool
) -> None:
    """Print the records of a kind: patients in care, their parts (`parent`: of one report), or deaths."""
    from rsonline.cli.ask import shown
    from rsonline.hospital.outcome import Failed
    from rsonline.hospital.patient_rows import DISCHARGE, PERSONAL
    from rsonline.reports import PARTS
    from rsonline.reports.kinds.pasien_covid import PASIEN_NUMBER

    if kind is DISCHARGE:
        raise wrong(say(lang, "status keluar tidak dapat dibaca kembali", "discharges cannot be read back"))
    if parent and kind not in PARTS:
        raise wrong(say(lang, f"--parent: {kind.name} tidak punya induk", f"--parent: not for {kind.name}"))
    with patients_at(ctx, lang) as client:
        try:
            if number:
                one = client.one(kind, number)
                rows = [] if one is None else [one]
            else:
                rows = client.list(kind)
        except Failed as failed:
            raise wrong(f"{failed}: {getattr(failed.outcome, 'said', '')}") from None
        except ValueError as error:
            raise wrong(str(error)) from None
    if parent:
        rows = [row for row in rows if str(row.get(PASIEN_NUMBER)) == parent]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    level = [{name: _cell(value) for name, value in row.items()} for row in rows]
    shown(
        list(dict.fromkeys(name for row in level for name in row)), level, frozenset() if personal else PERSONAL, lang
    )


def _cell(value: Any) -> Any:
    """What stands inside, without its names where each has a text of its own: `28 Isolasi Tekanan Negatif`."""
    if not isinstance(value, Mapping):
        return value
    if all(isinstance(inside, Mapping) and set(inside) == {"id"} for inside in value.values()):
        # Symptoms: those that are there.
        return ", ".join(name for name, inside in value.items() if inside["id"])
    return " ".join(text for inside in value.values() if (text := str(_cell(inside))) not in ("None", "null", ""))
