"""The description of the service in OpenAPI 3.1, made from the same declarations that judge each message (SR-24).

`document` is one loop report × verb. What OpenAPI cannot say (a filter that stands in the query or in a header, and
is read once) stands in `x-one-of`; bodies of GET and DELETE, which the guide has, stand in the descriptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rsonline import __version__
from rsonline.intake.rules import verbs_of
from rsonline.reports import REPORTS, SHK, SHK_HASIL, TEMPAT_TIDUR
from rsonline.reports.fields import Kind, Schema
from rsonline.reports.references import Reference
from rsonline.reports.report import Named, Numbered, PerDay, PerItem, Report, Row, Steps, members
from rsonline.service import openapi_patient
from rsonline.service.openapi_schemas import (
    FAILURES,
    NUMBER_KIND,
    both,
    components,
    example,
    example_row,
    headers,
    message_name,
)
from rsonline.service.openapi_texts import INFO, LISTED, RESPONSES, VERBS
from rsonline.service.routes import LISTS, PREFIX


def document(
    references: Mapping[str, Reference], reports: Sequence[Report[Any]] = REPORTS, *, unlisted: bool = False
) -> Schema:
    """The whole description. Raises Refused for an example that the service would not take.

    `unlisted` says whether ids are taken that an incomplete list does not show (`Settings.unlisted_references`).
    """
    # The patient API takes ids that an incomplete list does not have (its own lists are not public).
    of_patients, listed_now = openapi_patient.paths(references), openapi_patient.schemas(references)
    if not unlisted:
        references = {name: replace(each, complete=True) for name, each in references.items()}
    paths: dict[str, Schema] = {}
    for path, listed in LISTS.items():
        # The table of routes has paths in lower case; the guide writes this one with a capital.
        paths[path.replace("/referensi/", "/Referensi/")] = {"get": _list_operation(listed.name, listed.columns)}
    for report in reports:
        paths[report.path] = {m.lower(): _operation(report, m, references) for m in verbs_of(report)}
    paths |= of_patients
    tags = [{"name": "Referensi", "description": both(LISTED)}]
    tags += [{"name": _tag(r), "description": f"{both(r.title)} (Petunjuk Teknis {r.guide})"} for r in reports]
    tags += openapi_patient.TAGS
    parts = components(references, reports)
    parts["schemas"] |= listed_now
    parts["securitySchemes"] |= openapi_patient.SECURITY
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
        "components": parts,
    }


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
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{message_name(report, method)}"},
                    "example": example(report, method),
                }
            },
        }
    if method != "GET":
        operation["parameters"].append({"$ref": "#/components/parameters/Idempotency-Key"})
    operation["responses"] = _responses(report, method, references)
    return operation


def _list_operation(name: str, columns: tuple[str, str]) -> Schema:
    row = {"type": "object", "properties": {c: {"type": "string"} for c in columns}, "required": list(columns)}
    return {
        "operationId": f"referensi_{name}_get",
        "tags": ["Referensi"],
        "summary": f"Daftar {name} / List of {name}",
        "description": both(LISTED),
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
            found = [query(number, NUMBER_KIND), query("id_tt", kinds["id_tt"]), query("ruang", kinds["ruang"])]
            return found, one_of(number, "id_tt")
        case (_, Numbered(number), "GET") if report is SHK:
            return [query(number, NUMBER_KIND), query("tgl_ambil_sampel", kinds["tgl_ambil_sampel"])], {}
        case (_, Numbered(number), "DELETE") if report is SHK:
            return [query(number, NUMBER_KIND, required=True), query("koders", kinds["koders"])], {}
        case (_, Numbered(number), _) if report is SHK_HASIL:
            return [query("id_shk", kinds["id_shk"]), query(number, NUMBER_KIND)], one_of(
                number, "id_shk", required=True
            )
        case (_, Numbered(number), _):
            return [query(number, NUMBER_KIND, required=needed)], {}
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
    if place == "header":
        # Clients of scripting languages send these where they have nothing to ask for (wire 7).
        forms.append({"type": "string", "enum": ["null", "undefined"]})
    return {"name": name, "in": place, "required": required, "schema": {"anyOf": forms}}


# ---- answers


def _responses(report: Report[Any], method: str, references: Mapping[str, Reference]) -> dict[str, Schema]:
    name = report.record.__name__
    if method == "GET":
        row: Schema = {"$ref": f"#/components/schemas/{name}Row"}
        if isinstance(report.identity, PerDay | Numbered):
            row = {"anyOf": [row, {"$ref": "#/components/schemas/NoData"}]}
        good = _answer(both(RESPONSES["rows"]), report.root, row, example_row(report, references))
    else:
        outcome: Schema = {"$ref": "#/components/schemas/Outcome"}
        if isinstance(report.identity, Numbered) and method != "DELETE":
            outcome = {"$ref": f"#/components/schemas/{name}Outcome"}
        good = _answer(both(RESPONSES[method]), report.root, outcome)
        good["headers"] = headers("X-RSOnline-Receipt", "Idempotent-Replayed")
    return {"200": good, **_failures(method)}


def _failures(method: str) -> dict[str, Schema]:
    # What reads never conflicts, and needs no room.
    never = {"409": method == "GET", "507": method == "GET"}
    return {code: {"$ref": f"#/components/responses/{code}"} for code in FAILURES if not never.get(code)}


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
    return {"description": description, "headers": headers(), "content": {"application/json": content}}


def _tag(report: Report[Any]) -> str:
    return f"{report.guide} {report.title.id}"
