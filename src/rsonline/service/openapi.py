"""The description of the service in OpenAPI 3.1, made from the same declarations that judge each message (SR-24).

`document` is one loop report × verb. What OpenAPI cannot say (a filter that stands in the query or in a header, and
is read once) stands in `x-one-of`; bodies of GET and DELETE, which the guide has, stand in the descriptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rsonline import __version__
from rsonline.intake.rules import verbs_of
from rsonline.reports import REPORTS, SHK, SHK_HASIL, TEMPAT_TIDUR
from rsonline.reports.codec import complete, read
from rsonline.reports.fields import At, Count, CubicMetres, Day, Kind, Owner, Schema, ServiceNumber, Text
from rsonline.reports.references import Reference
from rsonline.reports.report import Member, Named, Numbered, PerDay, PerItem, Report, Row, Steps, key_of, members
from rsonline.reports.verdict import Words
from rsonline.service.openapi_texts import ALIASES, EXAMPLES, INFO, LISTED, PERSONAL, RESPONSES, VERBS
from rsonline.service.routes import LARGEST_BODY, LISTS, PREFIX

NUMBER = 1001
"""What numbers of the service look like in the examples."""
_NUMBER_KIND = ServiceNumber()
_TEXTUAL: Schema = {"type": ["string", "null"]}


def document(references: Mapping[str, Reference], reports: Sequence[Report[Any]] = REPORTS) -> Schema:
    """The whole description. Raises Refused for an example that the service would not take."""
    components = _components(references, reports)
    paths: dict[str, Schema] = {}
    for path, listed in LISTS.items():
        # The table of routes has paths in lower case; the guide writes this one with a capital.
        paths[path.replace("/referensi/", "/Referensi/")] = {"get": _list_operation(listed.name, listed.columns)}
    for report in reports:
        paths[report.path] = {m.lower(): _operation(report, m, references) for m in verbs_of(report)}
    tags = [{"name": "Referensi", "description": _both(LISTED)}]
    tags += [{"name": _tag(r), "description": f"{_both(r.title)} (Petunjuk Teknis {r.guide})"} for r in reports]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "RS Online versi 3",
            "version": __version__,
            "summary": "Layanan web untuk laporan rumah sakit / Web service for hospital reports",
            "description": f"{INFO.id}\n\n---\n\n{INFO.en}",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"rs_id": [], "pass": []}],
        "tags": tags,
        "paths": paths,
        "components": components,
    }


def example(report: Report[Any], method: str = "POST") -> Row:
    """A made-up message that the service takes."""
    sent = dict(EXAMPLES[report.name])
    if method == "POST":
        return sent
    if isinstance(report.identity, Numbered):
        sent = {report.identity.number: str(NUMBER), **sent}
    return sent


def example_row(report: Report[Any], references: Mapping[str, Reference]) -> dict[str, str | None]:
    """What a GET shows of the example."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    at = At("9999999", ZoneInfo("Asia/Jakarta"), now, references, "RS Contoh")
    values = read(report, example(report), at).values
    complete(report, values, at)
    if isinstance(report.identity, Numbered):
        values[report.identity.number] = NUMBER
    return report.shown({**values, "updated_at": now}, report, at)


# ---- operations


def _operation(report: Report[Any], method: str, references: Mapping[str, Reference]) -> Schema:
    words = VERBS[type(report.identity).__name__, method]
    operation: Schema = {
        "operationId": f"{report.name}_{method.lower()}",
        "tags": [_tag(report)],
        "summary": f"{words[0].id} / {words[0].en}",
        "description": f"Petunjuk Teknis {report.guide}: {report.title.id}. {words[1].id}\n\n"
        f"*{report.title.en}. {words[1].en}*",
        "parameters": [{"$ref": "#/components/parameters/X-Timestamp"}],
    }
    if method in ("GET", "DELETE"):
        parameters, one_of = _filters(report, method, references)
        operation["parameters"] += parameters
        if one_of:
            operation["x-one-of"] = one_of
    else:
        name = f"{report.record.__name__}{'' if method == 'POST' else 'Change'}"
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{name}"},
                    "example": example(report, method),
                }
            },
        }
    operation["responses"] = _responses(report, method, references)
    return operation


def _list_operation(name: str, columns: tuple[str, str]) -> Schema:
    row = {"type": "object", "properties": {c: {"type": "string"} for c in columns}, "required": list(columns)}
    return {
        "operationId": f"referensi_{name}_get",
        "tags": ["Referensi"],
        "summary": f"Daftar {name} / List of {name}",
        "description": _both(LISTED),
        "parameters": [{"$ref": "#/components/parameters/X-Timestamp"}],
        "responses": {"200": _answer("Daftar / The list", name, row), **_failures("GET")},
    }


def _filters(report: Report[Any], method: str, references: Mapping[str, Reference]) -> tuple[list[Schema], Schema]:
    """The parameters of a GET or DELETE, and which of them are each other's alternatives."""
    needed = method == "DELETE"
    kinds: dict[str, Kind] = {m.name: m.kind for m in members(report.record)}

    def query(name: str, kind: Kind, *, required: bool = False) -> Schema:
        return _parameter("query", name, kind, references, required=required)

    def one_of(*names: str, required: bool = needed) -> Schema:
        return {"required": required, "of": list(names)}

    match (report, report.identity, method):
        case (_, Numbered(), "GET") if report is TEMPAT_TIDUR:
            return [], {}
        case (_, Numbered(number), "DELETE") if report is TEMPAT_TIDUR:
            found = [query(number, _NUMBER_KIND), query("id_tt", kinds["id_tt"]), query("ruang", kinds["ruang"])]
            return found, one_of(number, "id_tt")
        case (_, Numbered(number), "GET") if report is SHK:
            return [query(number, _NUMBER_KIND), query("tgl_ambil_sampel", kinds["tgl_ambil_sampel"])], {}
        case (_, Numbered(number), "DELETE") if report is SHK:
            return [query(number, _NUMBER_KIND, required=True), query("koders", kinds["koders"])], {}
        case (_, Numbered(number), _) if report is SHK_HASIL:
            return [query("id_shk", kinds["id_shk"]), query(number, _NUMBER_KIND)], one_of(
                number, "id_shk", required=True
            )
        case (_, Numbered(number), _):
            return [query(number, _NUMBER_KIND, required=needed)], {}
        case (_, PerDay(day), _):
            header = _parameter("header", "X-tanggal", kinds[day], references)
            return [header, query(day, kinds[day])], one_of("X-tanggal", day)
        case (_, PerItem(item, _), _):
            header = _parameter("header", item.capitalize(), kinds[item], references)
            return [header, query(item, kinds[item])], one_of(item.capitalize(), item)
        case (_, Named(_, day), "GET"):
            return [query("tanggal", kinds[day])], {}
        case (_, Named(name, _), _):
            return [query(name, kinds[name], required=True)], {}
        case (_, Steps(parent, _), _):
            return [query(parent, kinds[parent], required=True)], {}
    raise TypeError(f"no filters are declared for {report.name} {method}")


def _parameter(
    place: str, name: str, kind: Kind, references: Mapping[str, Reference], *, required: bool = False
) -> Schema:
    # Whatever stands in a query or a header is text.
    forms = [s for s in kind.schema(references, required=required)["anyOf"] if s.get("type") == "string"]
    return {"name": name, "in": place, "required": required, "schema": {"anyOf": forms}}


# ---- answers


def _responses(report: Report[Any], method: str, references: Mapping[str, Reference]) -> dict[str, Schema]:
    name = report.record.__name__
    if method == "GET":
        row: Schema = {"$ref": f"#/components/schemas/{name}Row"}
        if isinstance(report.identity, PerDay | Numbered):
            row = {"anyOf": [row, {"$ref": "#/components/schemas/NoData"}]}
        good = _answer(_both(RESPONSES["rows"]), report.root, row, example_row(report, references))
    else:
        outcome: Schema = {"$ref": "#/components/schemas/Outcome"}
        if isinstance(report.identity, Numbered) and method != "DELETE":
            outcome = {"$ref": f"#/components/schemas/{name}Outcome"}
        good = _answer(_both(RESPONSES[method]), report.root, outcome)
    return {"200": good, **_failures(method, conflict=method == "PUT" and report is TEMPAT_TIDUR)}


def _failures(method: str, *, conflict: bool = False) -> dict[str, Schema]:
    codes = ["400", "401", "404", "405", "413", "415", "422", "429", "503"]
    codes += ["409"] if conflict else []
    codes += ["507"] if method != "GET" else []
    return {code: {"$ref": f"#/components/responses/{code}"} for code in sorted(codes)}


def _answer(description: str, root: str, item: Schema, shown: Row | None = None) -> Schema:
    schema = {
        "type": "object",
        "properties": {root: {"type": "array", "items": item}},
        "required": [root],
        "additionalProperties": False,
    }
    content: Schema = {"schema": schema}
    if shown is not None:
        content["example"] = {root: [shown]}
    return {"description": description, "headers": _headers(), "content": {"application/json": content}}


def _headers(*more: str) -> Schema:
    names = ("X-Request-ID", "X-RSOnline-Repairs", "X-RSOnline-Warnings", *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


# ---- components


def _components(references: Mapping[str, Reference], reports: Sequence[Report[Any]]) -> Schema:
    schemas: dict[str, Schema] = {}
    for report in reports:
        name = report.record.__name__
        schemas[name] = _message(report, "POST", references, schemas)
        schemas[f"{name}Change"] = _message(report, "PUT", references, schemas)
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
    return {
        "securitySchemes": {
            "rs_id": {"type": "apiKey", "in": "header", "name": "X-rs-id", "description": _both(RESPONSES["rs_id"])},
            "pass": {"type": "apiKey", "in": "header", "name": "X-pass", "description": _both(RESPONSES["pass"])},
        },
        "parameters": {
            "X-Timestamp": {
                "name": "X-Timestamp",
                "in": "header",
                "required": True,
                "description": _both(RESPONSES["timestamp"]),
                "schema": {"type": "string", "pattern": "^[0-9]{10}$"},
            }
        },
        "headers": {
            "X-Request-ID": _header(RESPONSES["request_id"], "^[0-9a-f]{32}$", required=True),
            "X-RSOnline-Repairs": _header(RESPONSES["repairs"], "^[!-~ ]+$"),
            "X-RSOnline-Warnings": _header(RESPONSES["warnings"], "^[!-~ ]+$"),
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
        "description": _both(RESPONSES["failed"]),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {"type": "array", "minItems": 1, "maxItems": 1, "items": element},
    }


def _failed_answers() -> Schema:
    made = {}
    for code in ("400", "401", "404", "405", "409", "413", "415", "422", "429", "503", "507"):
        more = ("Retry-After",) if code in ("429", "503") else ("Allow",) if code == "405" else ()
        text = _both(RESPONSES[code]).replace("{most}", str(LARGEST_BODY))
        made[code] = {
            "description": text,
            "headers": _headers(*more),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failed"}}},
        }
    return made


def _header(words: Words, pattern: str, *, required: bool = False) -> Schema:
    return {"description": _both(words), "required": required, "schema": {"type": "string", "pattern": pattern}}


def _outcome(more: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "description": _both(RESPONSES["outcome"]),
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
    described = {m.name: _both(Words(m.label.id, m.label.en)) for m in members(report.record)}
    return {
        "type": "object",
        "description": _both(Words(f"Satu baris: {report.title.id}", f"One row: {report.title.en}")),
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
            "$ref": _hoisted(_NUMBER_KIND, references, schemas, required=must),
            "description": _both(RESPONSES["number"]),
        }
    for member in members(report.record):
        must = member.name in wanted
        properties[member.name] = {"$ref": _hoisted(member.kind, references, schemas, required=must), **_said(member)}
    schema: Schema = {
        "type": "object",
        "title": report.title.id,
        "description": _both(report.title),
        "properties": properties,
    }
    if method == "PUT" and unique and isinstance(identity, Numbered):
        by_name = identity.recognised_by[0]
        kinds: dict[str, Kind] = {m.name: m.kind for m in members(report.record)} | {identity.number: _NUMBER_KIND}
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
    also = _both(ALIASES).format(names=", ".join(f"`{n}`" for n in member.aliases)) if member.aliases else ""
    said: Schema = {
        "description": f"**{label.id}**{unit}. {meaning.id}.{extra.id}\n\n"
        f"*{label.en}{unit}. {meaning.en}.{extra.en}*"
        + (f"\n\n{also}" if also else "")
        + (f"\n\n{_both(PERSONAL)}" if member.personal else ""),
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


def _tag(report: Report[Any]) -> str:
    return f"{report.guide} {report.title.id}"


def _both(words: Words) -> str:
    return f"{words.id} / {words.en}"
