"""`docs/http-api.md`: ingest's HTTP API, from the OpenAPI document that it serves."""

from typing import Any

from devstack.reference.markdown import code, page, table
from ingest.openapi import openapi_document
from ingest.settings import IngestSettings

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete")
_INTRO = """\
Facts from devices and back ends. The same as an OpenAPI 3.1 document is in [openapi.json](openapi.json), and is
served at `/v1/openapi.json`. Bounds shown are the defaults.

Authenticate with `Authorization: Bearer CREDENTIAL`. A device's credential may post pings and statuses of the
assets that it is bound to, a back end's everything of its fleet. Only one for all fleets of a tenant needs
`?fleet=`.

**202 means that Kafka has it**, for each item that is named as accepted. 503 comes with `Retry-After`: send the
same request again, with the same ids if you give any, and nothing is lost or doubled. Errors are problem documents,
one for each kind of fault: [errors.md](errors.md)."""


def http_page() -> str:
    """The page's text."""
    return page("HTTP API", _INTRO, *document_blocks(openapi_document(IngestSettings())))


def document_blocks(document: Json) -> list[str]:
    """An OpenAPI document as Markdown: each operation, then the objects."""
    operations = (
        _operation(method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    )
    schemas: dict[str, Json] = document["components"]["schemas"]
    objects = (_schema(name, schema) for name, schema in schemas.items() if "properties" in schema)
    return [*operations, "## Objects", *objects]


def _operation(method: str, path: str, operation: Json) -> str:
    blocks = [f"## {method.upper()} {path}", f"{operation['summary']}. {operation.get('description', '')}".strip()]
    parameters = operation.get("parameters", [])
    if parameters:
        blocks.append(table(("parameter", "in", "type", "what"), map(_parameter, parameters)))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None:
        blocks.append(f"Body: {_type(body)}.")
    answers = ((status, _answer(answer)) for status, answer in operation["responses"].items())
    blocks.append(table(("status", "means"), answers))
    return "\n\n".join(blocks)


def _parameter(parameter: Json) -> tuple[str, ...]:
    described = parameter.get("description", "")
    return (code(parameter["name"]), parameter["in"], _type(parameter["schema"]), described)


def _answer(answer: Json) -> str:
    """What a status means: the problems by their names, for `errors.md` explains them."""
    lines = answer["description"].split("\n")
    slugs = [line.split("`")[1].removeprefix("/problems/") for line in lines if line.startswith("- `/problems/")]
    return ", ".join(f"[{slug}](errors.md#{slug})" for slug in slugs) or answer["description"]


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", [])
    rows = (
        (code(field), _type(each), "yes" if field in required else "", each.get("description", ""))
        for field, each in schema["properties"].items()
    )
    return f"### {name}\n\n{table(('field', 'type', 'required', 'what'), rows)}"


def _type(schema: Json) -> str:
    """A JSON schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " or ".join(_type(each) for each in schema[choice])
    if "enum" in schema:
        return " or ".join(code(str(value)) for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return words + _bounds(schema)


def _bounds(schema: Json) -> str:
    named = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[name]}" for name, sign in named.items() if name in schema]
    if "maxLength" in schema:
        bounds.append(f"up to {schema['maxLength']} characters")
    if "format" in schema:
        bounds.append(schema["format"])
    return f" ({', '.join(bounds)})" if bounds else ""
