"""The OpenAPI 3.1 document of ingest, made of the tables by which it works: shapes, problems, bounds."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from access.problems import ASSET_NOT_BOUND, BAD_FLEET, FLEET_REQUIRED, WRONG_CREDENTIAL_KIND
from domain.quality import QualityFlag
from ingest.notification_intake import notification_shape
from ingest.ping_intake import PING
from ingest.problems import (
    ALL_PROBLEMS,
    BAD_ATTRIBUTES,
    BATCH_TOO_LONG,
    EMPTY_BATCH,
    NOTIFICATION_PROBLEMS,
    UNKNOWN_KIND,
)
from ingest.reference_intake import SHAPES
from ingest.schemas import ID
from ingest.settings import IngestSettings
from ingest.status_intake import STATUS_CHANGE
from runtime.http.problem import CONTENT_TYPE, METHOD_NOT_ALLOWED, NOT_FOUND, ProblemType
from runtime.http.shape import Shape

Json = dict[str, Any]

_FLEET: Json = {
    "name": "fleet",
    "in": "query",
    "description": "The fleet. Needed with a credential for all fleets of a tenant only.",
    "schema": ID,
}
_TRACEPARENT: Json = {
    "name": "traceparent",
    "in": "header",
    "description": "W3C Trace Context; goes on with the records.",
    "schema": {"type": "string"},
}
_KIND: Json = {"name": "kind", "in": "path", "required": True, "schema": {"type": "string", "enum": [*SHAPES]}}
_ID: Json = {"name": "id", "in": "path", "required": True, "description": "Its id within fleet and kind.", "schema": ID}
_DEVICE_ONLY = frozenset({ASSET_NOT_BOUND})
_BACKEND_ONLY = frozenset({WRONG_CREDENTIAL_KIND, UNKNOWN_KIND})
_LIST_ONLY = frozenset({EMPTY_BATCH, BATCH_TOO_LONG})
_NOT_HERE = frozenset({NOT_FOUND, METHOD_NOT_ALLOWED})
_NOTIFICATIONS_ONLY = frozenset(NOTIFICATION_PROBLEMS)
_NOT_OF_NOTIFICATIONS = _DEVICE_ONLY | {FLEET_REQUIRED, BAD_FLEET, UNKNOWN_KIND, BAD_ATTRIBUTES}


def openapi_document(settings: IngestSettings) -> Json:
    """The document, as JSON data."""
    notification = notification_shape(settings)
    shapes = (PING, STATUS_CHANGE, notification, *SHAPES.values())
    posts = _problems_but(_BACKEND_ONLY | _NOTIFICATIONS_ONLY)
    notices = _problems_but(_NOT_OF_NOTIFICATIONS)
    entries = _problems_but(_DEVICE_ONLY | _LIST_ONLY | _NOTIFICATIONS_ONLY)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fleetcast ingest",
            "version": "1",
            "description": "Facts from devices and back ends. 202 means that Kafka has every item named as accepted.",
        },
        "security": [{"credential": []}],
        "paths": {
            "/v1/pings": {"post": _post("Post one ping or a list", "postPings", PING, settings, posts)},
            "/v1/status-changes": {
                "post": _post("Post one status change or a list", "postStatusChanges", STATUS_CHANGE, settings, posts)
            },
            "/v1/notifications": {
                "post": {
                    **_post("Send one notification or a list", "postNotifications", notification, settings, notices),
                    "parameters": [_TRACEPARENT],
                }
            },
            "/v1/reference/{kind}/{id}": {"parameters": [_KIND, _ID, _FLEET, _TRACEPARENT], **_reference(entries)},
            "/v1/openapi.json": {
                "get": _open("This document", "getOpenApi", {"200": _json("OpenAPI 3.1", {"type": "object"})})
            },
            "/healthz": {"get": _open("Alive", "getHealth", {"200": _json("The process turns", {"type": "object"})})},
            "/readyz": {
                "get": _open(
                    "Ready for requests",
                    "getReadiness",
                    {
                        "200": _json("Ready", {"type": "object"}),
                        "503": _json("Not ready; conditions say why", {"type": "object"}),
                    },
                )
            },
            "/metrics": {
                "get": _open(
                    "Prometheus metrics",
                    "getMetrics",
                    {"200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}},
                )
            },
        },
        "components": {
            "securitySchemes": {
                "credential": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`fc_...`, of a device or a back end.",
                }
            },
            "schemas": {**{each.name: each.schema() for each in shapes}, **_ANSWERS},
        },
    }


def _problems_but(without: frozenset[ProblemType]) -> list[ProblemType]:
    return [each for each in ALL_PROBLEMS if each not in without | _NOT_HERE]


def _open(summary: str, operation: str, responses: Json) -> Json:
    return {"summary": summary, "operationId": operation, "security": [], "responses": responses}


def _post(
    summary: str, operation: str, shape: Shape, settings: IngestSettings, problems: Sequence[ProblemType]
) -> Json:
    item = _ref(shape.name)
    many = {"type": "array", "items": item, "minItems": 1, "maxItems": settings.batch_items}
    return {
        "summary": summary,
        "operationId": operation,
        "description": f"Up to {settings.batch_items} items, {settings.body_bytes} bytes as sent "
        f"(`Content-Encoding: gzip` is taken) and {settings.inflated_bytes} bytes inflated.",
        "parameters": [_FLEET, _TRACEPARENT],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": [item, many]}}}},
        "responses": _responses(problems),
    }


def _reference(problems: Sequence[ProblemType]) -> Json:
    bodies = [_ref(each.name) for each in SHAPES.values()]
    return {
        "put": {
            "summary": "Keep an entry of reference data",
            "operationId": "putReference",
            "description": "The last one put for a kind, fleet and id counts.",
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": bodies}}}},
            "responses": _responses(problems),
        },
        "delete": {
            "summary": "Delete an entry of reference data",
            "operationId": "deleteReference",
            "responses": _responses(problems),
        },
    }


def _responses(problems: Sequence[ProblemType]) -> Json:
    by_status: dict[int, list[ProblemType]] = defaultdict(list)
    for each in problems:
        by_status[each.status].append(each)
    responses: Json = {"202": _json("Taken, wholly or in part: see each result.", _ref("Results"))}
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "\n".join(f"- `{each.uri}` {each.title}: {each.description}" for each in kinds),
            "content": {CONTENT_TYPE: {"schema": _ref("Problem")}},
            **_headers(status),
        }
    return responses


def _headers(status: int) -> Json:
    names = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    return {"headers": {names[status]: {"schema": {"type": "string"}}}} if status in names else {}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_COUNTS: Json = {
    "accepted": {"type": "integer", "description": "Items that Kafka has."},
    "refused": {"type": "integer", "description": "All other items."},
    "results": {"type": "array", "items": _ref("Result"), "description": "One for each item, in their order."},
}
_ANSWERS: dict[str, Json] = {
    "Results": {"type": "object", "required": ["accepted", "refused", "results"], "properties": _COUNTS},
    "Result": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {
                "enum": ["accepted", "refused", "unavailable"],
                "description": "refused: the same item will be refused again. unavailable: send it again.",
            },
            "id": {"type": "string", "description": "The event's id, of an accepted item."},
            "flags": {
                "type": "array",
                "items": {"enum": [each for each in QualityFlag if each is not QualityFlag.UNKNOWN]},
                "description": "Faults of an accepted fix; all but late keep it from the screens.",
            },
            "problem": _ref("Problem"),
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457. If the request was a list, the counts and results are there too.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": sorted(each.uri for each in ALL_PROBLEMS)},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": _ref("FieldError")},
            **_COUNTS,
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
