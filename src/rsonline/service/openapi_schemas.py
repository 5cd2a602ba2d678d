"""The schemas of the description: messages, rows, outcomes and failures, from the declarations of the reports."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rsonline.reports.codec import complete, read
from rsonline.reports.fields import (
    At,
    Count,
    CubicMetres,
    Day,
    Kind,
    Milliseconds,
    OneOf,
    Owner,
    Schema,
    ServiceNumber,
    Text,
)
from rsonline.reports.references import Reference, shipped
from rsonline.reports.report import Member, Numbered, PerDay, Report, Row, key_of, members
from rsonline.reports.verdict import Words
from rsonline.service.openapi_texts import ALIASES, EXAMPLES, PERSONAL, RESPONSES
from rsonline.service.routes import LARGEST_BODY

NUMBER = 1001
"""What numbers of the service look like in the examples."""
NUMBER_KIND = ServiceNumber()
FAILURES = ("400", "401", "404", "405", "408", "409", "413", "414", "415", "422", "429", "431", "503", "507")
BY_CONNECTION = ("400", "408", "413", "414", "415", "431", "503")
"""Which of them the connection also gives, before anybody knows what was asked for."""
_TEXTUAL: Schema = {"type": ["string", "null"]}


def both(words: Words) -> str:
    return f"{words.id} / {words.en}"


def message_name(report: Report[Any], method: str) -> str:
    """The schema of the body of a POST or PUT; daily reports have one for both."""
    return report.record.__name__ + ("" if method == "POST" or isinstance(report.identity, PerDay) else "Change")


def example(report: Report[Any], method: str = "POST") -> Row:
    """A made-up message that the service takes."""
    sent = dict(EXAMPLES[report.name]) if report.name in EXAMPLES else plain(report)
    if method == "POST":
        return sent
    if isinstance(report.identity, Numbered):
        sent = {report.identity.number: str(NUMBER), **sent}
    return sent


def plain(report: Report[Any]) -> Row:
    """An example for a kind that has no story of its own: its required members, each with the simplest value."""
    return {m.name: _simplest(m.kind) for m in members(report.record) if m.required}


def _simplest(kind: Kind) -> str:
    if isinstance(kind, OneOf):
        return next(iter(shipped()[kind.of].entries))
    if isinstance(kind, Milliseconds):
        return "1767323045000"
    return {"whole": "1", "decimal": "1.5", "text": "contoh", "day": "2026-01-02", "instant": "2026-01-02 03:04:05"}[
        kind.column
    ]


def example_row(report: Report[Any], references: Mapping[str, Reference]) -> dict[str, str | None]:
    """What a GET shows of the example."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    at = At("9999999", ZoneInfo("Asia/Jakarta"), now, references, "RS Contoh")
    values = read(report, example(report), at).values
    complete(report, values, at)
    if isinstance(report.identity, Numbered):
        values[report.identity.number] = NUMBER
    return report.shown({**values, "updated_at": now}, report, at)


def headers(*more: str) -> Schema:
    names = ("X-Request-ID", "X-RSOnline-Repairs", "X-RSOnline-Warnings", *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def components(references: Mapping[str, Reference], reports: Sequence[Report[Any]]) -> Schema:
    schemas: dict[str, Schema] = {}
    for report in reports:
        name = report.record.__name__
        for method in ("POST", "PUT"):
            schemas[message_name(report, method)] = _message(report, method, references, schemas)
        schemas[f"{name}Row"] = _row(report, references)
        if isinstance(report.identity, Numbered):
            schemas[f"{name}Outcome"] = _outcome({report.identity.number: {"type": "string", "pattern": "^[0-9]+$"}})
    said = {"field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}}
    schemas["Warning"] = {
        "type": "object",
        "description": "Yang janggal; data tetap disimpan. / What is odd; it is stored all the same.",
        "properties": {**said, "detail": {"type": "object"}},
        "required": ["field", "code", "message"],
        "additionalProperties": False,
    }
    schemas["Problem"] = {
        "type": "object",
        "description": "Yang salah pada satu isian atau satu tempat di isi permintaan. / "
        "What is wrong with one member, or at one place of the body.",
        "properties": {
            **said,
            "field": {"type": ["string", "null"]},
            "received": {"type": "string"},
            "detail": {"type": "object"},
            **{name: {"type": "integer", "minimum": 1} for name in ("line", "column")},
            "expected": {"type": "string"},
            "also": {"type": "object"},
        },
        "required": ["code"],
        "additionalProperties": False,
    }
    schemas["Outcome"] = _outcome({})
    schemas["NoData"] = {
        "type": "object",
        "description": "Tidak ada data. / There are no data.",
        "properties": {"status": {"const": "202"}, "message": {"type": "string"}},
        "required": ["status", "message"],
        "additionalProperties": False,
    }
    schemas["Failed"] = _failed()
    schemas["Refused"] = {
        "type": "object",
        "description": both(RESPONSES["refused"]),
        "properties": {"status": {"const": False}, "code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["status", "code", "message"],
        "additionalProperties": False,
    }
    return {
        "securitySchemes": {
            "rs_id": {"type": "apiKey", "in": "header", "name": "X-rs-id", "description": both(RESPONSES["rs_id"])},
            "pass": {"type": "apiKey", "in": "header", "name": "X-pass", "description": both(RESPONSES["pass"])},
        },
        "parameters": {
            "X-Timestamp": {
                "name": "X-Timestamp",
                "in": "header",
                "required": True,
                "description": both(RESPONSES["timestamp"]),
                "schema": {"type": "string", "pattern": "^[0-9]{10}$"},
            },
            "Idempotency-Key": {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": both(RESPONSES["idempotency"]),
                "schema": {"type": "string", "pattern": "^[!#-~]{1,200}$"},
            },
        },
        "headers": {
            "X-Request-ID": _header(RESPONSES["request_id"], "^[0-9a-f]{32}$", required=True),
            "X-RSOnline-Repairs": _header(RESPONSES["repairs"], "^[!-~ ]+$"),
            "X-RSOnline-Warnings": _header(RESPONSES["warnings"], "^[!-~ ]+$"),
            "X-RSOnline-Receipt": _header(RESPONSES["receipt"], "^v=1; id=[0-9a-f]{32}; rs=[0-9A-Za-z]{1,16}; .*$"),
            "Idempotent-Replayed": _header(RESPONSES["replayed"], "^true$"),
            "Retry-After": _header(RESPONSES["retry"], "^[0-9]+$", required=True),
            "Allow": _header(RESPONSES["allow"], "^[A-Z]+(, [A-Z]+)*$", required=True),
        },
        "responses": _failed_answers(),
        "schemas": schemas,
    }


def _failed() -> Schema:
    element = {
        "type": "object",
        "properties": {
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$"},
            "message": {"type": "string"},
            "code": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
        },
        "required": ["status", "message", "code"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "description": both(RESPONSES["failed"]),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {"type": "array", "minItems": 1, "maxItems": 1, "items": element},
    }


def _failed_answers() -> Schema:
    made = {}
    for code in FAILURES:
        more = ("Retry-After",) if code in ("429", "503") else ("Allow",) if code == "405" else ()
        who = {"Failed": code not in ("408", "414", "431"), "Refused": code in BY_CONNECTION}
        forms = [{"$ref": f"#/components/schemas/{name}"} for name, is_one in who.items() if is_one]
        made[code] = {
            "description": both(RESPONSES[code]).replace("{most}", str(LARGEST_BODY)),
            "headers": headers(*more),
            "content": {"application/json": {"schema": forms[0] if len(forms) == 1 else {"anyOf": forms}}},
        }
    return made


def _header(words: Words, pattern: str, *, required: bool = False) -> Schema:
    return {"description": both(words), "required": required, "schema": {"type": "string", "pattern": pattern}}


def _outcome(more: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "description": both(RESPONSES["outcome"]),
        "properties": {
            "status": {"const": "200"},
            "message": {"type": "string"},
            **more,
            "warnings": {"type": "array", "items": {"$ref": "#/components/schemas/Warning"}},
        },
        "required": ["status", "message"],
        "additionalProperties": False,
    }


def _row(report: Report[Any], references: Mapping[str, Reference]) -> Schema:
    shown = example_row(report, references)
    described = {m.name: both(Words(m.label.id, m.label.en)) for m in members(report.record)}
    return {
        "type": "object",
        "description": both(Words(f"Satu baris: {report.title.id}", f"One row: {report.title.en}")),
        "properties": {k: {**_TEXTUAL, **({"description": described[k]} if k in described else {})} for k in shown},
        "required": list(shown),
        "additionalProperties": False,
    }


def _message(
    report: Report[Any], method: str, references: Mapping[str, Reference], schemas: dict[str, Schema]
) -> Schema:
    """The body of a POST or PUT: what must be there depends on the identity, what it may be on the kinds."""
    identity = report.identity
    number = identity.number if isinstance(identity, Numbered) else None
    keys = [number] if number else list(key_of(identity))
    wanted = [m.name for m in members(report.record) if m.required] if method == "POST" else keys
    unique = isinstance(identity, Numbered) and identity.unique
    properties: dict[str, Schema] = {}
    if number and method == "PUT":
        must = not unique
        properties[number] = {
            "$ref": _hoisted(NUMBER_KIND, references, schemas, required=must),
            "description": both(RESPONSES["number"]),
        }
    for member in members(report.record):
        must = member.name in wanted
        properties[member.name] = {"$ref": _hoisted(member.kind, references, schemas, required=must), **_said(member)}
    schema: Schema = {
        "type": "object",
        "title": report.title.id,
        "description": both(report.title),
        "properties": properties,
    }
    if method == "PUT" and unique and isinstance(identity, Numbered):
        by_name = identity.recognised_by[0]
        kinds: dict[str, Kind] = {m.name: m.kind for m in members(report.record)} | {identity.number: NUMBER_KIND}
        schema["anyOf"] = [
            {"required": [n], "properties": {n: {"$ref": _hoisted(kinds[n], references, schemas, required=True)}}}
            for n in (identity.number, by_name)
        ]
    else:
        schema["required"] = wanted
    return schema


def _hoisted(kind: Kind, references: Mapping[str, Reference], schemas: dict[str, Schema], *, required: bool) -> str:
    """The place of a kind's schema among the components: sixty counts need not say sixty times what a count is."""
    more = ""
    for field in fields(kind):  # type: ignore[arg-type]
        value = getattr(kind, field.name)
        if field.default is MISSING or value != field.default:
            more += f"_{field.name if value is True else value}"
    name = f"{type(kind).__name__}{more}{'Required' if required else ''}"
    schemas[name] = kind.schema(references, required=required)
    return f"#/components/schemas/{name}"


def _said(member: Member) -> Schema:
    """What the label of a member says, for people and, in `x-`, for programs."""
    label, kind = member.label, member.kind
    meaning = label.meaning or Words("", "")
    unit = f" ({label.unit})" if label.unit else ""
    extra = Words("", "")
    if isinstance(kind, Count | CubicMetres):
        extra = Words(f" Paling banyak {kind.most:g}.", f" At most {kind.most:g}.")
    elif isinstance(kind, Day) and kind.ahead is not None:
        extra = Words(f" Paling jauh {kind.ahead} hari ke depan.", f" At most {kind.ahead} day ahead.")
    elif isinstance(kind, Text):
        extra = Words(f" Paling panjang {kind.most} karakter.", f" At most {kind.most} characters.")
    elif isinstance(kind, Owner):
        extra = Words(" Selain itu ditolak.", " Anything else is refused.")
    also = both(ALIASES).format(names=", ".join(f"`{n}`" for n in member.aliases)) if member.aliases else ""
    said: Schema = {
        "description": f"**{label.id}**{unit}. {meaning.id}.{extra.id}\n\n"
        f"*{label.en}{unit}. {meaning.en}.{extra.en}*"
        + (f"\n\n{also}" if also else "")
        + (f"\n\n{both(PERSONAL)}" if member.personal else ""),
        "x-label": {"id": label.id, "en": label.en},
    }
    if label.unit:
        said["x-unit"] = label.unit
    if label.group:
        said["x-group"] = {"id": label.group.id, "en": label.group.en}
    if member.aliases:
        said["x-aliases"] = list(member.aliases)
    if member.personal:
        said["x-personal"] = True
    return said
