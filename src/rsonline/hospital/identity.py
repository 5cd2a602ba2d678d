"""By what the hospital knows a record, before the service has given it a number."""

from collections.abc import Mapping
from typing import Any

from rsonline.hospital.messages import Key
from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Report, Steps, key_of, members


def natural_key(report: Report[Any], sent: Mapping[str, object]) -> Key:
    """By what the hospital knows a record: texts that stay the same when the rest of it changes."""
    return tuple(" ".join(str(sent.get(name, "")).split()) for name in names_of(report))


def names_of(report: Report[Any]) -> tuple[str, ...]:
    """The members by which the hospital knows a record."""
    identity = report.identity
    match identity:
        case Numbered(_, recognised_by, _, _):
            return recognised_by
        case PerDay() | PerItem() | Named() | Steps():
            return key_of(identity)


def called(report: Report[Any], sent: Mapping[str, object]) -> str:
    """Which record it is, for a person's eyes; of what identifies a person only the end is shown."""
    personal = {m.name for m in members(report.record) if m.personal}
    parts = []
    for name in names_of(report):
        text = " ".join(str(sent.get(name, "")).split())
        parts.append(f"{name}={'…' + text[-3:] if name in personal and text else text}")
    return ", ".join(parts)
