"""The OpenAPI 3.1 document of control_api, made of the routes by which it works."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from control_api.problems import ALL_PROBLEMS, EVERYWHERE, OF_BODIES
from control_api.route import Param, Route
from runtime.http.problem import CONTENT_TYPE, ProblemType

Json = dict[str, Any]

_SCHEMES: Json = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The token of a user."},
    "credential": {"type": "http", "scheme": "bearer", "description": "`fc_...`, of a back end."},
}
_PROBE: Json = {"200": {"description": "As it is", "content": {"application/json": {"schema": {"type": "object"}}}}}
_OPEN = (
    ("/v1/openapi.json", "This document", "getOpenApi"),
    ("/healthz", "Alive", "getHealth"),
    ("/readyz", "Ready for requests", "getReadiness"),
    ("/metrics", "Prometheus metrics", "getMetrics"),
    ("/operators", "A page for operators", "getOperatorsPage"),
)


def openapi_document(routes: Sequence[Route]) -> Json:
    """The document, as JSON data."""
    paths: dict[str, Json] = defaultdict(dict)
    for route in routes:
        paths[_path(route)][route.method.lower()] = _operation(route)
    for path, summary, operation in _OPEN:
        paths[path]["get"] = {"summary": summary, "operationId": operation, "security": [], "responses": _PROBE}
    bodies = {each.body.name: each.body.schema() for each in routes if each.body is not None}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fleetcast control",
            "version": "1",
            "description": "What people and operators read and change of their own.",
        },
        "paths": dict(paths),
        "components": {"securitySchemes": _SCHEMES, "schemas": {**bodies, **_ANSWERS}},
    }


def _path(route: Route) -> str:
    return route.path.replace(":.+}", "}")


def _operation(route: Route) -> Json:
    operation: Json = {
        "summary": route.summary,
        "operationId": route.operation,
        "description": route.doc,
        "security": [{route.door.scheme: []}],
        "parameters": [*_parameters(route.parts, "path"), *_parameters(route.query, "query")],
        "responses": _responses(route),
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.name}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(params: Iterable[Param], place: str) -> list[Json]:
    return [
        {"name": each.name, "in": place, "required": place == "path", "description": each.doc, "schema": each.schema}
        for each in params
    ]


def _responses(route: Route) -> Json:
    responses: Json = {}
    for answer in route.answers:
        content = {} if answer.schema is None else {"content": {"application/json": {"schema": answer.schema}}}
        responses[str(answer.status)] = {"description": answer.doc, **content}
    by_status: dict[int, list[ProblemType]] = defaultdict(list)
    of_body = () if route.body is None else OF_BODIES
    for each in dict.fromkeys((*EVERYWHERE, *route.door.problems, *of_body, *route.problems)):
        by_status[each.status].append(each)
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "\n".join(f"- `{each.uri}` {each.title}: {each.description}" for each in kinds),
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


_ANSWERS: dict[str, Json] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": sorted(each.uri for each in ALL_PROBLEMS)},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        },
    },
    "FieldError": {
        "type": "object",
        "required": ["pointer", "detail", "type"],
        "properties": {
            "pointer": {"type": "string", "description": "RFC 6901, into the body that was sent."},
            "detail": {"type": "string"},
            "type": {"type": "string", "format": "uri-reference"},
        },
    },
}
