"""A notification in the inbox, as JSON: the same fields as on the user's channel, and what became of it."""

from typing import Any

import msgspec

from domain.instants import format_rfc3339
from storage.inbox import InboxItem

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
ITEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "One notification.",
    "properties": {
        "id": {**_TEXT, "description": "Its id, as it came on the user's channel."},
        "seq": {"type": "integer", "description": "Its place in the inbox; it rises."},
        "type": {**_TEXT, "description": "Its notification type."},
        "title": _TEXT,
        "body": _TEXT,
        "data": {"type": ["object", "null"], "description": "For apps, as the sender gave it."},
        "priority": {"enum": ["high", "normal"]},
        "time": {**_TIME, "description": "When what it tells happened."},
        "about": {**_TEXT_OR_NULL, "description": "What it is about, such as acme/order/A-1001."},
        "interest": {**_TEXT_OR_NULL, "description": "The interest by which the user was told."},
        "match_key": _TEXT_OR_NULL,
        "match_version": {"type": ["integer", "null"]},
        "correction": {"type": "boolean", "description": "It took the place of an earlier version."},
        "read": {"type": "boolean"},
        "read_at": {"type": ["string", "null"], "format": "date-time"},
        "acked_at": {"type": ["string", "null"], "format": "date-time"},
    },
}


def item_json(item: InboxItem) -> dict[str, Any]:
    """As ITEM_SCHEMA says."""
    return {
        "id": item.id,
        "seq": item.seq,
        "type": item.type,
        "title": item.title,
        "body": item.body,
        "data": None if item.data is None else msgspec.Raw(item.data),
        "priority": item.priority,
        "time": format_rfc3339(item.created_at),
        "about": item.about,
        "interest": item.interest,
        "match_key": item.match_key,
        "match_version": item.match_version,
        "correction": item.correction,
        "read": item.read_at is not None,
        "read_at": None if item.read_at is None else format_rfc3339(item.read_at),
        "acked_at": None if item.acked_at is None else format_rfc3339(item.acked_at),
    }
