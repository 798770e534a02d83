"""Timelines and statistics as JSON."""

from typing import Any

import msgspec

from domain.instants import format_rfc3339
from storage.timeline import DeliveryCount, Timeline, TimelineStep

_TEXT = {"type": ["string", "null"]}
STEP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "step": {"type": "string", "description": "accepted, classified, stored, sent, acked, queued, attempted, ..."},
        "at": {"type": "string", "format": "date-time"},
        **{name: _TEXT for name in TimelineStep.__struct_fields__ if name not in ("step", "at", "attempt")},
        "attempt": {"type": "integer"},
    },
}
TIMELINE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("user", "notification", "type", "push_state")},
        "replaced_by": _TEXT,
        "steps": {"type": "array", "items": STEP_SCHEMA, "description": "In the order of their time."},
        "complete": {"type": "boolean", "description": "False: there are more steps than are shown."},
    },
}
COUNT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("platform", "model", "provider", "step", "outcome"), _TEXT),
        "count": {"type": "integer"},
    },
}


def timeline_json(timeline: Timeline) -> dict[str, Any]:
    """As TIMELINE_SCHEMA says."""
    return {
        "user": timeline.user,
        "notification": timeline.notification,
        "type": timeline.type,
        "push_state": timeline.push_state,
        "replaced_by": timeline.replaced_by,
        "steps": [_step(each) for each in timeline.steps],
        "complete": timeline.complete,
    }


def count_json(count: DeliveryCount) -> dict[str, Any]:
    """As COUNT_SCHEMA says."""
    return msgspec.structs.asdict(count)


def _step(step: TimelineStep) -> dict[str, Any]:
    return {**msgspec.structs.asdict(step), "at": format_rfc3339(step.at)}
