"""JSON Schemas of values that several shapes have; each stands beside the check of the same name in `field_checks`."""

from typing import Any

from ingest.field_checks import MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTES, MAX_TEXT_BYTES, SAFE_INTEGER_MAX

Schema = dict[str, Any]

ID: Schema = {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"}
ENTITY: Schema = {"type": "string", "pattern": "^(order|asset)/[A-Za-z0-9._~-]{1,128}$"}
TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT_BYTES}
TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2026-01-26T15:57:02Z"]}
VERSION: Schema = {"type": "integer", "minimum": 0, "maximum": SAFE_INTEGER_MAX}
ATTRIBUTES: Schema = {
    "type": "object",
    "maxProperties": MAX_ATTRIBUTES,
    "propertyNames": {"minLength": 1, "maxLength": MAX_ATTRIBUTE_NAME},
    "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": MAX_TEXT_BYTES},
}


def number_schema(low: float, high: float) -> Schema:
    """A number from `low` to `high`."""
    return {"type": "number", "minimum": low, "maximum": high}
